"""Parts of the time of the first fit in a new process, with and without a cache.

    python benchmarks/startup.py

Each row is a part of the time from the start of Python to the first prediction. The model
has one LSTM layer of 32 units, and trains for one epoch on 2,000 windows of 24 steps. The
parts are timed in a child process: first with an empty disk cache of compiled programs,
then with the programs of the first run. The last row is the same fit again, in the same
process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from statistics import median


@contextmanager
def timed(parts, name):
    start = time.perf_counter()
    yield
    parts[name] = parts.get(name, 0.0) + time.perf_counter() - start


def child():
    """Time the parts in this process, and print them."""
    parts = {}
    with timed(parts, "import NumPy, pandas, scikit-learn"):
        import numpy as np
        import pandas as pd  # noqa: F401
        import sklearn.model_selection  # noqa: F401
    with timed(parts, "import Keras and JAX"):
        from skforecast_lstm import LSTMRegressor
    import jax

    from skforecast_lstm.training import programs

    def program(self, function, arguments, options):
        name = "training" if function.__name__ == "run" else "prediction"
        with timed(parts, f"trace the program for {name}"), programs.quick_lstm():
            lowered = jax.jit(function).lower(*arguments)
        with timed(parts, f"compile or load the program for {name}"):
            self._run = lowered.compile(compiler_options=options)

    programs.Program.__init__ = program
    series = np.sin(np.arange(2024) / 7).astype("float32")
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], 24)[..., None]
    targets = series[24:]
    estimator = LSTMRegressor(32, epochs=1, batch_size=32, random_state=0)
    with timed(parts, "start JAX's client"):
        jax.devices()
    build = LSTMRegressor._build

    def timed_build(self, seed):
        with timed(parts, "build the Keras model"):
            return build(self, seed)

    LSTMRegressor._build = timed_build
    start = time.perf_counter()
    before = sum(parts.values())
    estimator.fit(windows, targets).predict(windows)
    whole = time.perf_counter() - start
    parts["all else, training included"] = whole - (sum(parts.values()) - before)
    again = {}
    with timed(again, "the same fit again"):
        estimator.fit(windows, targets).predict(windows)
    print(json.dumps({**parts, "together": sum(parts.values()), **again}))


def parts_with(folder):
    environment = {
        **{name: value for name, value in os.environ.items() if "JAX" not in name},
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    command = [sys.executable, __file__, "--child"]
    result = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child()
        return
    empty, warm = [], []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            empty.append(parts_with(folder))
            warm.append(parts_with(folder))
    print(f"{'seconds, medians':48}{'empty cache':>12}{'warm cache':>12}")
    for name in empty[0]:
        figures = [median(one[name] for one in rounds) for rounds in (empty, warm)]
        print(f"{name:48}{figures[0]:12.2f}{figures[1]:12.2f}")


if __name__ == "__main__":
    main()
