"""Memory after many fits, and memory of a fit on a long memory-mapped series.

``fits`` fits networks of many sizes one after the other in one process. It prints the
memory of the process after one fit of each size and at the end, and the seconds of early
and late fits. The first fit of each size compiles its program.

``stream`` writes a series of float32 to a file and trains for one epoch on a
memory-mapped view of its windows. It prints the memory of the process before training
and its maximum. The memory before training includes a fit on few rows, which loads all
modules. Resident pages of the mapped file count, but the system can drop them at any
time. If the system can separate them, the memory without them is printed too.

    python benchmarks/memory.py fits --fits 200 --networks 20
    python benchmarks/memory.py stream --rows 100_000_000
"""

import argparse
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import LSTMRegressor

MB = 1e6
STATUS = Path("/proc/self/status")
ROWS_OF_A_PIECE = 2**22
ROWS_OF_A_SMALL_FIT = 1_000
SECONDS_BETWEEN_SAMPLES = 0.02


def resident_bytes():
    """Return the resident memory of the process, in total and without file pages.

    Without /proc, the second is NaN. Without psutil as well, the first is the maximum so
    far.
    """
    if STATUS.exists():
        status = STATUS.read_text()
        return np.array(
            [
                1024 * int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1])
                for name in ("VmRSS", "RssAnon")
            ]
        )
    try:
        import psutil
    except ImportError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        held = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    else:
        held = psutil.Process().memory_info().rss
    return np.array([held, np.nan])


class MostResident:
    """Maximum of the resident memory while a block runs."""

    def __enter__(self):
        self.bytes = resident_bytes()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _sample(self):
        while not self._ended.wait(SECONDS_BETWEEN_SAMPLES):
            self.bytes = np.maximum(self.bytes, resident_bytes())


def many_fits(arguments):
    series = np.random.default_rng(0).standard_normal(
        arguments.rows + arguments.lookback, dtype=np.float32
    )
    windows = sliding_window_view(series[:-1], arguments.lookback)
    targets = series[arguments.lookback :]
    taken, resident = [], []
    for number in range(arguments.fits):
        units = 1 + number % arguments.networks
        estimator = LSTMRegressor(units, epochs=arguments.epochs, random_state=0)
        start = time.perf_counter()
        estimator.fit(windows, targets)
        taken.append(time.perf_counter() - start)
        resident.append(resident_bytes()[0] / MB)

    n = arguments.networks
    print(
        f"{arguments.fits} fits of {n} networks, {arguments.rows:,} windows of "
        f"{arguments.lookback} steps, {arguments.epochs} epochs\n"
    )
    print(f"{'':34}{'early':>10}{'at the end':>12}{'ratio':>9}")
    compared = (
        (f"resident MB after fit {n}", resident[n - 1], resident[-1]),
        (f"median s, fits {n // 2 + 1} to {n // 2 + n}", taken[n // 2 :][:n], taken[-n:]),
        (f"median s, fits {n + 1} to {2 * n}", taken[n:][:n], taken[-n:]),
    )
    for name, early, late in compared:
        early, late = np.median(early), np.median(late)
        print(f"{name:34}{early:10.4g}{late:12.4g}{late / early:8.2f}x")
    print(f"at the end: after the last fit, and the last {n} fits")


def write_series(path, n_rows):
    """Write a random series to a file in pieces."""
    generator = np.random.default_rng(0)
    series = open_memmap(path, mode="w+", dtype=np.float32, shape=(n_rows,))
    for start in range(0, n_rows, ROWS_OF_A_PIECE):
        generator.standard_normal(
            out=series[start : start + ROWS_OF_A_PIECE], dtype=np.float32
        )
    series.flush()


def stream(arguments):
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "series.npy"
        write_series(path, arguments.rows)
        size = path.stat().st_size
        series = np.load(path, mmap_mode="r")
        windows = sliding_window_view(series[:-1], arguments.lookback)
        targets = series[arguments.lookback :]
        estimator = LSTMRegressor(
            units=1,
            batch_size=arguments.batch_size,
            epochs=arguments.epochs,
            shuffle=True,
            random_state=0,
        )
        imported = resident_bytes()
        estimator.fit(windows[:ROWS_OF_A_SMALL_FIT], targets[:ROWS_OF_A_SMALL_FIT])
        before = resident_bytes()
        with MostResident() as most:
            start = time.perf_counter()
            estimator.fit(windows, targets)
            seconds = time.perf_counter() - start

    print(
        f"{arguments.rows:,} rows of float32 ({size / MB:.1f} MB), lookback "
        f"{arguments.lookback}, batches of {arguments.batch_size:,}, "
        f"epochs: {arguments.epochs}\n"
    )
    print(f"{'':32}{'resident MB':>15}{'of no file MB':>15}")
    row = "{:32}{:15.1f}{:15.1f}".format
    print(row("after the imports", *imported / MB))
    print(row(f"after a fit of {ROWS_OF_A_SMALL_FIT:,} rows", *before / MB))
    print(row("at most in the fit", *most.bytes / MB))
    print(row("grown by", *(most.bytes - before) / MB))
    ratio = "{:32}{:14.2f}x{:14.2f}x".format
    print(ratio("grown by / file", *(most.bytes - before) / size))
    print(f"{'seconds of the fit':32}{seconds:15.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(required=True)

    fits = parts.add_parser("fits", help="many fits in one process")
    fits.set_defaults(run=many_fits)
    fits.add_argument("--fits", type=int, default=200)
    fits.add_argument("--networks", type=int, default=20, help="sizes, from one unit on")
    fits.add_argument("--rows", type=int, default=500)
    fits.add_argument("--lookback", type=int, default=12)
    fits.add_argument("--epochs", type=int, default=2)

    streamed = parts.add_parser("stream", help="a memory-mapped series")
    streamed.set_defaults(run=stream)
    streamed.add_argument("--rows", type=int, default=100_000_000)
    streamed.add_argument("--lookback", type=int, default=3)
    streamed.add_argument("--batch-size", type=int, default=65_536)
    streamed.add_argument("--epochs", type=int, default=1)
    streamed.add_argument("--folder", help="where the file is for the while")

    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
