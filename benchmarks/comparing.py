"""Time and memory of `compare` over those of the forecasters alone, for many series.

Each forecaster runs on the last window of 1, 100 and as many series as asked: first in a
plain loop over the series (``fit``, ``predict`` and ``predict_interval`` of its sktime
class, nothing else), then by `compare`. All numbers of a table are from one run. Other
processes disturb the CPU times (of this process and its workers) less than the others:

    python benchmarks/comparing.py --series 5000 --workers 2 --backends loky dask ray
"""

import argparse
import os
import tempfile
import threading
import time
import warnings

import numpy as np
import pandas as pd
import psutil
from threadpoolctl import threadpool_limits

from skforecast_lstm import compare

# Cheap ones, so that everything else shows.
FORECASTERS = ("naive", "seasonal naive", "Holt-Winters", "Theta", "Ridge", "AutoETS")
HORIZON = 12
COVERAGE = (0.8, 0.95)


def make_panel(n_series, n_rows=100):
    """Return monthly series with trend, season and noise."""
    rng = np.random.default_rng(0)
    time_steps = np.arange(n_rows)
    season = np.sin(2 * np.pi * time_steps / 12 + rng.uniform(0, 6, (n_series, 1)))
    trend = rng.normal(0, 0.02, (n_series, 1)) * time_steps
    values = 20 + trend + 2 * season + rng.normal(0, 1, (n_series, n_rows))
    months = pd.period_range("2016-01", periods=n_rows, freq="M")
    names = [f"series {number:05}" for number in range(n_series)]
    index = pd.MultiIndex.from_product([names, months], names=["series", "time"])
    return pd.DataFrame({"value": values.ravel()}, index=index)


class Meter:
    """Wall time, CPU time and peak memory of this process and its children."""

    def __enter__(self):
        self._process, self._cpu, self.peak = psutil.Process(), {}, 0
        self._before = self._look()
        self._started, self.peak = time.perf_counter(), 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.wall = time.perf_counter() - self._started
        self._look()
        self.cpu = sum(self._cpu.values()) - self._before

    def _watch(self):
        while not self._done.wait(0.2):
            self._look()

    def _look(self):
        memory = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                times = process.cpu_times()
                memory += process.memory_info().rss
            except psutil.Error:  # It has just ended.
                continue
            self._cpu[process.pid] = times.user + times.system
        self.peak = max(self.peak, memory / 2**20)
        return sum(self._cpu.values())


def run_alone(forecaster, y):
    """Fit and forecast each series in a plain loop."""
    intervals = forecaster.get_tag("capability:pred_int")
    fh = np.arange(1, HORIZON + 1)
    groups = [y] if is_global(forecaster) else [one for _, one in y.groupby(level=0)]
    # Recorded and not shown: sktime puts a filter of its own before this one.
    with warnings.catch_warnings(record=True), threadpool_limits(1):
        warnings.simplefilter("ignore")
        for group in groups:
            if not is_global(forecaster):
                group = group.droplevel(0)
            times = group.index.get_level_values(-1)
            fitted = forecaster.clone().fit(group[times < times[-HORIZON]], fh=fh)
            fitted.predict()
            if intervals:
                fitted.predict_interval(coverage=list(COVERAGE))


def is_global(forecaster):
    """Return True if the forecaster takes all series in one fit."""
    return "pd-multiindex" in forecaster.get_tag("y_inner_mtype")


def run_compare(name, y, **options):
    return compare(
        y,
        horizon=HORIZON,
        n_windows=1,
        coverage=COVERAGE,
        forecasters=[name],
        progress=False,
        **options,
    )


def measure(name, y, workers, backends):
    """Yield the contender and the meter of each run."""
    forecaster = run_compare(name, y[y.index.get_level_values(0) == y.index[0][0]])
    forecaster = forecaster.tasks[0][1][name]
    with Meter() as meter:
        run_alone(forecaster, y)
    yield "alone", meter
    with Meter() as meter:
        run_compare(name, y)
    yield "compare", meter
    with tempfile.TemporaryDirectory() as folder, Meter() as meter:
        run_compare(name, y, results=folder)
    yield "compare, stored", meter
    for backend in backends:
        for n_jobs in range(1, workers + 1):
            if n_jobs == 1 and backend in ("loky", "threading"):
                continue
            with Meter() as meter:
                run_compare(name, y, n_jobs=n_jobs, backend=backend)
            yield f"{backend}, {n_jobs}", meter


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--forecasters", nargs="+", default=FORECASTERS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--backends", nargs="*", default=["loky"])
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores. Times are those of one cell (a series, a window).")
    heading = f"{'':>16}{'series':>8}  {'':16}{'wall, ms':>10}{'CPU, ms':>10}"
    print(f"{heading}{'CPU / alone':>13}{'peak, MiB':>11}")
    for n_series in sorted({1, min(100, options.series), options.series}):
        y = make_panel(n_series)
        for name in options.forecasters:
            for contender, meter in measure(name, y, options.workers, options.backends):
                if contender == "alone":
                    alone_cpu = meter.cpu
                wall, cpu = (1000 * of / n_series for of in (meter.wall, meter.cpu))
                ratio = f"{meter.cpu / max(alone_cpu, 1e-9):.3f}"
                row = f"{name:>16}{n_series:>8}  {contender:16}{wall:10.2f}{cpu:10.2f}"
                print(f"{row}{ratio:>13}{meter.peak:11.0f}", flush=True)


if __name__ == "__main__":
    main()
