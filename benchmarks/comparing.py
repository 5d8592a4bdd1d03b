"""Time and memory of `compare` over those of the forecasters alone, for many series.

Each forecaster runs on the last window of each series: first in a plain loop over the
series (``fit``, ``predict`` and ``predict_interval`` of its sktime class, nothing else),
then by `compare`. Each contender has a process of its own. It runs each forecaster on two
series first, so that imports and the start of workers do not count. Memory is that of the
process and its workers: its peak, and how much this is more than before. Other processes
disturb the CPU times less than the others. For more than 1,000 series
only the quickest forecaster runs, and the plain loop only on the first 1,000:

    python benchmarks/comparing.py --series 1 100 5000 --backends loky dask ray
"""

import argparse
import concurrent.futures
import contextlib
import functools
import importlib.metadata
import importlib.util
import multiprocessing
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

# Cheap ones, so that everything else shows. The last needs the package statsforecast.
FORECASTERS = (
    "naive",
    "seasonal naive",
    "Holt-Winters",
    "Theta",
    "Ridge",
    "DynamicOptimizedTheta (statsforecast)",
)
QUICKEST = "DynamicOptimizedTheta (statsforecast)"
MANY_SERIES = 1000
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
        self._memory_before, self.peak = self.peak, 0
        self._started = time.perf_counter()
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
        self.more = self.peak - self._memory_before

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


def run_compare(name, y, n_windows=1, **options):
    return compare(
        y,
        horizon=HORIZON,
        n_windows=n_windows,
        coverage=COVERAGE,
        forecasters=[name],
        progress=False,
        **options,
    )


def measure(contender, n_jobs, cells):
    """Return the numbers of each forecaster and number of series."""
    found = {}
    with contextlib.ExitStack() as stack:
        options = {}
        if contender in ("loky", "dask", "ray"):
            start_workers(contender, n_jobs, stack)
            options = {"n_jobs": n_jobs, "backend": contender}
        for name, n_series in cells:
            y, few = make_panel(n_series), make_panel(2)
            if contender == "compare, stored":
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                options = {"results": folder}
            # As many cells as let each worker take some.
            (_, by_name), *_ = run_compare(name, few, n_windows=4, **options).tasks
            if contender == "alone":
                y = make_panel(min(n_series, MANY_SERIES))
                run = functools.partial(run_alone, by_name[name], y)
            else:
                run = functools.partial(run_compare, name, y, **options)
            with Meter() as meter:
                run()
            n_measured = len(y.index.levels[0])
            found[name, n_series] = {
                "wall": 1000 * meter.wall / n_measured,
                "cpu": 1000 * meter.cpu / n_measured,
                "peak": meter.peak,
                "more": meter.more,
            }
    return found


def start_workers(backend, n_jobs, stack):
    """Start a cluster, so that its start is not measured."""
    if backend == "dask":
        from dask.distributed import Client

        options = {"threads_per_worker": 1, "dashboard_address": None}
        stack.enter_context(Client(n_workers=n_jobs, **options))
    elif backend == "loky":
        from joblib.externals.loky import get_reusable_executor

        # A process waits at its end for the workers of joblib, which wait for it.
        stack.callback(lambda: get_reusable_executor().shutdown())
    elif backend == "ray":
        import ray

        ray.init(num_cpus=n_jobs, include_dashboard=False, log_to_driver=False)
        stack.callback(ray.shutdown)


def in_a_fresh_process(function, *arguments):
    """Return what a function returns in a process of its own."""
    processes = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, processes) as pool:
        return pool.submit(function, *arguments).result()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--series", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--forecasters", nargs="+", default=FORECASTERS)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--backends", nargs="*", default=["loky"])
    options = parser.parse_args(arguments)
    contenders = [("alone", 1), ("compare", 1), ("compare, stored", 1)]
    for backend in options.backends:
        package = {"loky": "joblib"}.get(backend, backend)
        if not importlib.util.find_spec(package):
            print(f"{package} is not installed, so {backend} is skipped.")
            continue
        print(f"{package} {importlib.metadata.version(package)}")
        contenders += [(backend, n_jobs) for n_jobs in options.workers]
    print(f"{os.cpu_count()} cores. Times are those of one cell (a series, a window).")
    heading = f"{'':>38}{'series':>7}  {'':16}{'wall, ms':>10}{'CPU, ms':>10}"
    print(f"{heading}{'CPU / alone':>13}{'peak, MiB':>11}{'more, MiB':>11}")
    cells = [
        (name, n_series)
        for n_series in options.series
        for name in options.forecasters
        if n_series <= MANY_SERIES or name == QUICKEST
    ]
    alone = {}
    for contender, n_jobs in contenders:
        found = in_a_fresh_process(measure, contender, n_jobs, cells)
        alone = alone or found
        if contender in options.backends:
            contender = f"{contender}, {n_jobs}"
        for (name, n_series), numbers in found.items():
            row = f"{name:>38}{n_series:>7}  {contender:16}"
            times = f"{numbers['wall']:10.2f}{numbers['cpu']:10.2f}"
            ratio = numbers["cpu"] / max(alone[name, n_series]["cpu"], 1e-9)
            memory = f"{numbers['peak']:11.0f}{numbers['more']:11.0f}"
            print(f"{row}{times}{ratio:13.3f}{memory}", flush=True)


if __name__ == "__main__":
    main()
