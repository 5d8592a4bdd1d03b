"""Cost of windows of a long series, compared with a copy of every window.

Prints the seconds and the memory of ``LookbackWindower.fit_transform``, and the part of a
memory-mapped series that it reads. Every line is measured in a separate process. It needs
Linux, because it reads the memory of a process from /proc.

    python benchmarks/windows.py --rows 10_000_000 --lookback 24
"""

import argparse
import re
import tempfile
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import LookbackWindower

MB = 1e6


def windower_fit_transform(series, lookback):
    return LookbackWindower(lookback).fit_transform(series)


def windower_fit(series, lookback):
    return LookbackWindower(lookback).fit(series)


def every_window_copied(series, lookback):
    return sliding_window_view(series, lookback, axis=0).copy()


def in_fresh_process(function, *arguments):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def bytes_of(name, text):
    """Return the first value of this name in a file of /proc, in bytes."""
    return 1024 * int(re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[1])


def make_series(n_rows):
    return np.random.default_rng(0).standard_normal((n_rows, 1), dtype=np.float32)


def cost(work, n_rows, lookback, repeats):
    """Return the seconds of the first and a usual call, and bytes beyond the series.

    The bytes are the peak of the memory allocated by NumPy and Python, and the peak
    growth of the process.
    """
    series = make_series(n_rows)
    work(series[: 2 * lookback], lookback)
    # Reset the peak memory from the time of the imports.
    Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status")
    before = bytes_of("VmRSS", status.read_text())
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work(series, lookback)
        taken.append(time.perf_counter() - start)
    resident = bytes_of("VmHWM", status.read_text()) - before

    tracemalloc.start()
    work(series, lookback)
    _, allocated = tracemalloc.get_traced_memory()
    return np.array([taken[0], np.median(taken), allocated / MB, resident / MB])


def mapped_bytes(work, path, lookback):
    """Return the bytes of a mapped file in memory after the work."""
    series = np.load(path, mmap_mode="r")
    result = series if work is None else work(series, lookback)
    mapping = Path("/proc/self/smaps").read_text().split(str(path))[1]
    del result
    return bytes_of("Rss", mapping)


def compare_with_copies(n_rows, lookback):
    print(
        f"{'':32}{'first s':>10}{'median s':>10}{'allocated MB':>15}{'resident MB':>15}"
    )
    windower = in_fresh_process(cost, windower_fit_transform, n_rows, lookback, 9)
    copied = in_fresh_process(cost, every_window_copied, n_rows, lookback, 2)
    row = "{:32}{:10.4f}{:10.4f}{:15.1f}{:15.1f}".format
    print(row("LookbackWindower.fit_transform", *windower))
    print(row("every window copied", *copied))
    ratio = "{:32}{:9.4f}x{:9.4f}x{:14.3f}x{:14.3f}x".format
    print(ratio("ratio", *(windower / copied)))
    print("bars at 10,000,000 rows: under 0.1 s and under 100 MB beyond the series")


def read_from_a_mapped_file(n_rows, lookback):
    print(f"{'memory-mapped series':32}{'in memory MB':>15}{'of the file':>15}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        np.save(path, make_series(n_rows))
        size = path.stat().st_size
        for name, work in (
            ("opened", None),
            ("LookbackWindower.fit", windower_fit),
            ("LookbackWindower.fit_transform", windower_fit_transform),
        ):
            read = in_fresh_process(mapped_bytes, work, path, lookback)
            print(f"{name:32}{read / MB:15.1f}{read / size:15.0%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--lookback", type=int, default=24)
    arguments = parser.parse_args()
    size = arguments.rows * np.dtype(np.float32).itemsize / MB
    print(
        f"{arguments.rows:,} rows of float32 ({size:.1f} MB), "
        f"lookback {arguments.lookback}\n"
    )
    compare_with_copies(arguments.rows, arguments.lookback)
    print()
    read_from_a_mapped_file(arguments.rows, arguments.lookback)


if __name__ == "__main__":
    main()
