"""Load test of the example service, and of its answers when it is killed.

    python benchmarks/service.py --requests 100000

It trains the model of `examples/service`, starts the service, and sends requests from
several connections of one process, which shares the cores with the service. Every answer
is compared with the one that the pipeline gives. One request in ten is wrong, and must be
refused. In the second part, the service is killed and started again ten times under load;
a request that gets no answer is sent again.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

SERVICE = Path(__file__).parents[1] / "examples" / "service"


def prepare(folder):
    """Export the model; return bodies of requests with the right answers."""
    sys.path.insert(0, str(SERVICE))
    import make_model

    from skforecast_lstm.persistence import export_onnx

    pipe, table = make_model.fitted_pipeline(epochs=2), make_model.made_up_load()
    export_onnx(pipe, folder / "load.onnx")
    values, expected = table.to_numpy(), pipe.predict(table)
    ends = np.arange(100, 300)
    bodies = [json.dumps({"rows": values[end - 48 : end].tolist()}) for end in ends]
    return bodies, expected[ends]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Service:
    """Process of the service."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.start()

    def start(self):
        """Start the process; return the seconds until it answers."""
        begin = time.perf_counter()
        command = [sys.executable, "-m", "uvicorn", "--factory", "app:make_app"]
        command += ["--port", str(self.port), "--no-access-log", "--log-level", "error"]
        environment = {**os.environ, "MODEL": str(self.folder / "load.onnx")}
        self.process = subprocess.Popen(command, cwd=SERVICE, env=environment)
        while True:
            try:
                if get(self.port, "/health") == 200:
                    break
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError("The service ended at its start.") from None
                time.sleep(0.01)
        return time.perf_counter() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()

    def memory(self):
        """Return the resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


@contextmanager
def running(folder):
    service = Service(folder)
    try:
        yield service
    finally:
        service.kill()


class Client(threading.Thread):
    """One connection that sends requests, and checks every answer."""

    def __init__(self, port, requests, expected, n_requests, seed):
        super().__init__()
        self.port, self.requests, self.expected = port, requests, expected
        self.n_requests, self.seed = n_requests, seed
        self.seconds, self.n_wrong, self.n_again = [], 0, 0
        self.is_stopped = False

    def run(self):
        generator = np.random.default_rng(self.seed)
        places = generator.integers(0, len(self.requests), self.n_requests)
        is_bad = generator.random(self.n_requests) < 0.1
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            for place, bad in zip(places, is_bad, strict=True):
                if self.is_stopped:
                    return
                body = '{"rows": [[1, "no"]]}' if bad else self.requests[place]
                start = time.perf_counter()
                while True:
                    try:
                        status, answer = self.ask(connection, body)
                        break
                    except (OSError, http.client.HTTPException):
                        # Closed, it connects again at the next request.
                        connection.close()
                        self.n_again += 1
                        time.sleep(0.02)
                        start = time.perf_counter()
                self.seconds.append(time.perf_counter() - start)
                self.n_wrong += not self.is_right(status, answer, place, bad)

    def ask(self, connection, body):
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/forecast", body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    def is_right(self, status, answer, place, bad):
        if bad:
            return status == 422
        return status == 200 and np.isclose(
            answer["prediction"], self.expected[place], rtol=1e-6
        )


def load(service, requests, expected, n_requests, n_clients):
    """Start clients that send requests; return them and the time of the start."""
    share = n_requests // n_clients
    clients = [
        Client(service.port, requests, expected, share, seed) for seed in range(n_clients)
    ]
    start = time.perf_counter()
    for client in clients:
        client.start()
    return clients, start


def kill_under_load(service, requests, expected, n_clients, n_kills):
    """Kill and restart the service under load; return the clients and start-up times."""
    # More requests than are sent until the last restart.
    clients, _ = load(service, requests, expected, 1_000_000, n_clients)
    starts = []
    for _ in range(n_kills):
        time.sleep(0.2)
        service.kill()
        starts.append(service.start())
    time.sleep(0.2)
    for client in clients:
        client.is_stopped = True
    for client in clients:
        client.join()
    return clients, starts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=4)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests, expected = prepare(folder)
        with running(folder) as service:
            memory = []
            for part in range(10):
                clients, start = load(
                    service, requests, expected, chosen.requests // 10, chosen.clients
                )
                for client in clients:
                    client.join()
                whole = time.perf_counter() - start
                seconds = np.concatenate([client.seconds for client in clients])
                wrong = sum(client.n_wrong for client in clients)
                memory.append(service.memory())
                print(
                    f"part {part}: {len(seconds) / whole:.0f} requests per second, "
                    f"median {np.median(seconds) * 1e3:.2f} ms, "
                    f"p99 {np.quantile(seconds, 0.99) * 1e3:.2f} ms, "
                    f"{wrong} wrong answers, {memory[-1]:.1f} MiB",
                    flush=True,
                )
            clients, starts = kill_under_load(
                service, requests, expected, chosen.clients, 10
            )
            print(
                f"killed 10 times: {sum(len(one.seconds) for one in clients)} requests, "
                f"{sum(one.n_again for one in clients)} sent again, "
                f"{sum(one.n_wrong for one in clients)} wrong answers, "
                f"{np.median(starts):.2f} s from start to the first answer"
            )


if __name__ == "__main__":
    main()
