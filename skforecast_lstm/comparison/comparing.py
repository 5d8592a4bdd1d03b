"""Rolling-origin comparison of forecasters: the same windows and metrics for all."""

import contextlib
import time
from importlib.metadata import version
from importlib.util import find_spec

import joblib
import pandas as pd

from skforecast_lstm._checks import check_integer
from skforecast_lstm.comparison.cells import Cell, metric_names, quiet, run
from skforecast_lstm.comparison.datasets import read_datasets
from skforecast_lstm.comparison.lineup import line_up, quietly_made
from skforecast_lstm.comparison.result import Comparison
from skforecast_lstm.comparison.store import ResultsFile

__all__ = ["compare"]

_BACKENDS = ("loky", "threading", "dask")
_PACKAGES = (
    "skforecast-lstm",
    "sktime",
    "scikit-learn",
    "statsmodels",
    "pmdarima",
    "keras",
)


def compare(
    y,
    *,
    X=None,
    horizon,
    season_length=None,
    forecasters=None,
    n_windows=None,
    step=None,
    coverage=(0.8, 0.95),
    n_jobs=1,
    backend="loky",
    results=None,
    progress=True,
    random_state=0,
):
    """Compare forecasters on the same windows, by rolling origin.

    The data are cut at several times. At each, every forecaster is fitted to what came
    before, forecasts the next `horizon` steps, and is scored by what came then.
    Fitting, splitting and scoring are sktime's.

    Parameters
    ----------
    y : Series, DataFrame or dict
        A series; a frame with one row a time and one column a series; a panel, whose
        MultiIndex names the series before the time; or a dict of these by name. The
        series of one frame are forecast together by forecasters that can, and one by
        one by the others. Each has rows of its own in the results.
    X : DataFrame or dict, default=None
        Features, with the rows of `y`, known also for the steps to forecast. For a dict
        `y` a dict by the same names.
    horizon : int
        Number of steps to forecast.
    season_length : int or dict, default=None
        Rows in a season, for scaled errors and for seasonal forecasters; for a dict `y`
        also a dict. By default by the frequency of the times (12 for months, 4 for
        quarters, 52 for weeks, 7 for days, 24 for hours), if at least two seasons come
        before the first cutoff, else 1.
    forecasters : list or dict, default=None
        Names, sktime forecasters, or scikit-learn regressors, which learn from the last
        rows, one copy for each step ahead. A dict gives each a name to show. Names are
        "naive", "seasonal naive", "Holt-Winters", "AutoETS", "AutoARIMA", "Theta",
        "LSTM", which are the default and together "default", and those of
        scikit-learn's regressors, such as "Ridge" or "HistGradientBoosting".
    n_windows : int, default=None
        Number of cutoffs; the last window ends with the last row. By default as many as
        fit into the last third of the rows.
    step : int, default=None
        Rows from one cutoff to the next; `horizon` by default, so that no window
        overlaps another.
    coverage : tuple of float, default=(0.8, 0.95)
        Nominal coverages of prediction intervals, for forecasters that have them.
    n_jobs : int, default=1
        Number of workers; -1 for one a core. One runs in this process. The scores are
        the same with any number; seconds are longer where workers share cores.
    backend : {"loky", "threading", "dask"}, default="loky"
        What the workers are. "dask" uses the client that is open, else it opens one of
        `n_jobs` processes.
    results : path, default=None
        A file, or a folder for one (a name without a suffix is a folder), to which the
        result of each cell (a forecaster on a dataset at a cutoff) is written as it
        comes. Cells that are there already, of the same data, parameters and versions,
        are not run again, so an interrupted comparison goes on where it was; those that
        failed are tried again.
    progress : bool, default=True
        Show how far it is and the time left, on a terminal or in a notebook.
    random_state : int, default=0
        Seed for forecasters given by name.

    Returns
    -------
    comparison : Comparison
        The scores and forecasts, their ranking, pictures and report.

    See Also
    --------
    Comparison : What can be done with the result.

    Notes
    -----
    A forecaster that raises is reported with the reason, and the others go on. Their
    warnings are not shown. Matrix products run on one thread, which is quicker for
    matrices of this size, and makes results independent of the number of workers.

    Holt-Winters has a damped trend, and a multiplicative season where all values are
    over 0, else an additive one. AutoETS and AutoARIMA leave out seasons of more than 24
    steps, for which they take too long. Holt-Winters and regressors have no intervals.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skforecast_lstm import compare
    >>> forecasters = ["naive", "seasonal naive", "Ridge"]
    >>> comparison = compare(load_airline(), horizon=12, forecasters=forecasters)
    >>> comparison.ranking()["MASE"].round(1)
    forecaster
    Ridge             0.6
    seasonal naive    1.3
    naive             2.4
    Name: MASE, dtype: float64
    """
    started = time.perf_counter()
    coverage = _check_run(coverage, n_jobs, backend)
    datasets = read_datasets(
        y,
        X,
        horizon=horizon,
        season_length=season_length,
        n_windows=n_windows,
        step=step,
    )
    line_ups = line_up(forecasters, datasets, random_state=random_state)
    cells = [
        Cell(dataset, name, forecaster, window, coverage)
        for dataset, by_name in zip(datasets, line_ups, strict=True)
        for window in range(len(dataset.windows))
        for name, forecaster in by_name.items()
    ]
    store = ResultsFile(results)
    with quietly_made():
        keys = [cell.key() if store.path else None for cell in cells]
        settings = _settings(datasets, line_ups, coverage)
    kept = store.read()
    done = {
        number: kept[key]
        for number, key in enumerate(keys)
        if key in kept and kept[key]["error"] is None
    }
    n_reused = len(done)
    awaited = {number: cell for number, cell in enumerate(cells) if number not in done}
    try:
        with store, _progress(len(cells), n_reused, shown=progress) as advance:
            for number, result in _run_all(awaited, n_jobs, backend):
                store.write(keys[number], cells[number], result)
                done[number] = result
                advance()
    except KeyboardInterrupt:
        kept_where = (
            f"They are kept in {store.path}: the same call goes on from there."
            if store.path
            else "They are lost; with results='a folder' they would be kept."
        )
        raise KeyboardInterrupt(
            f"Stopped after {len(done)} of {len(cells)} cells. {kept_where}"
        ) from None
    outcomes = [done[number] for number in range(len(cells))]
    settings |= {
        "seconds": time.perf_counter() - started,
        "cells": len(cells),
        "cells_run_before": n_reused,
    }
    return _comparison(datasets, cells, outcomes, settings)


def _check_run(coverage, n_jobs, backend):
    """Nominal coverages as a tuple, once what is to be done makes sense."""
    check_integer("n_jobs", n_jobs, -1)
    if n_jobs == 0:
        raise ValueError("n_jobs must be at least 1, or -1 for one a core, got 0.")
    if backend not in _BACKENDS:
        raise ValueError(f"backend must be one of {_BACKENDS}, got {backend!r}.")
    levels = (coverage,) if isinstance(coverage, float) else tuple(coverage or ())
    for level in levels:
        if not (isinstance(level, float) and 0 < level < 1):
            raise ValueError(
                f"coverage must be fractions over 0 and under 1, got {level!r}; for 95 % "
                "give 0.95."
            )
    if len(set(levels)) < len(levels):
        raise ValueError(f"coverage has a level more than once: {levels}.")
    return levels


def _run_all(cells, n_jobs, backend):
    """Number and result of each cell, in the order in which they are finished."""
    # Around all cells, as cells in threads undo each other's.
    if n_jobs == 1 and backend != "dask":
        with quiet():
            for number, cell in cells.items():
                yield number, run(**cell.job())
        return
    with (
        quiet(),
        _workers(backend, n_jobs),
        joblib.parallel_config(backend, n_jobs=n_jobs),
    ):
        parallel = joblib.Parallel(return_as="generator_unordered")
        finished = parallel(
            joblib.delayed(_run_numbered)(number, **cell.job())
            for number, cell in cells.items()
        )
        try:
            yield from finished
        finally:
            finished.close()


def _run_numbered(number, **job):
    return number, run(**job)


@contextlib.contextmanager
def _workers(backend, n_jobs):
    """A dask client, if that is what is to work and none is open."""
    if backend != "dask":
        yield
        return
    from dask.distributed import Client, get_client

    try:
        get_client()
    except ValueError:
        n_workers = joblib.effective_n_jobs(n_jobs)
        with Client(n_workers=n_workers, threads_per_worker=1, dashboard_address=None):
            yield
    else:
        yield


@contextlib.contextmanager
def _progress(total, completed, *, shown):
    """A function to call after each cell, and a bar on the terminal if it is shown."""
    if shown and find_spec("rich"):
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        if console.is_terminal or console.is_jupyter:
            columns = (
                TextColumn("Comparing"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left:"),
                TimeRemainingColumn(),
            )
            with Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task("", total=total, completed=completed)
                yield lambda: bar.advance(task)
            return
    yield lambda: None


def _settings(datasets, line_ups, coverage):
    """What was compared and how, for the report."""
    return {
        "horizon": datasets[0].horizon,
        "coverage": list(coverage),
        "datasets": {
            dataset.name: {
                "rows": len(dataset.times),
                "season_length": dataset.season_length,
                "windows": len(dataset.windows),
                "step": int(dataset.windows[1] - dataset.windows[0])
                if len(dataset.windows) > 1
                else dataset.horizon,
                "first_cutoff": str(dataset.times[dataset.windows[0] - 1]),
                "forecasters": {name: repr(made) for name, made in by_name.items()},
            }
            for dataset, by_name in zip(datasets, line_ups, strict=True)
        },
        "lstm": [name for name, made in line_ups[0].items() if _is_lstm(made)],
        "versions": _versions(),
    }


def _is_lstm(forecaster):
    return any(base.__name__ == "LSTMForecaster" for base in type(forecaster).__mro__)


def _versions():
    found = {}
    for package in _PACKAGES:
        with contextlib.suppress(ModuleNotFoundError):
            found[package] = version(package)
    return found


def _comparison(datasets, cells, outcomes, settings):
    """Put the outcomes of all cells into tables."""
    scores, forecasts, failures = [], [], []
    of_points = [name for name in metric_names(()) if "seconds" not in name]
    series_of = {dataset.name: list(dataset.series()) for dataset in datasets}
    for cell, outcome in zip(cells, outcomes, strict=True):
        times, n_train = cell.dataset.times, cell.n_train
        where = {"forecaster": cell.name, "window": cell.window + 1}
        where["cutoff"] = times[n_train - 1]
        if outcome["error"] is not None:
            reason = outcome["error"]
            failures.append({"dataset": cell.dataset.name, **where, "reason": reason})
            outcome_scores = [
                (series, metric, float("nan"))
                for series in series_of[cell.dataset.name]
                for metric in of_points
            ]
        else:
            reason, outcome_scores = None, outcome["scores"]
        scores += [
            {
                "dataset": series,
                **where,
                "metric": metric,
                "value": value,
                "reason": reason,
            }
            for series, metric, value in outcome_scores
        ]
        steps = range(1, cell.dataset.horizon + 1)
        for of_series in outcome["forecasts"]:
            columns = dict(of_series)
            place = {"dataset": columns.pop("series"), **where}
            forecasts.append(
                pd.DataFrame(
                    {
                        **place,
                        "time": times[n_train : n_train + cell.dataset.horizon],
                        "step": steps,
                        **columns,
                    }
                )
            )
    history = [
        pd.DataFrame(
            {
                "dataset": name,
                "time": dataset.longest[-len(values) :],
                "actual": values.to_numpy(),
            }
        )
        for dataset in datasets
        for name, values in dataset.series().items()
    ]
    columns = ["dataset", "forecaster", "window", "cutoff", "reason"]
    return Comparison(
        results=pd.DataFrame(scores),
        forecasts=pd.concat(forecasts, ignore_index=True)
        if forecasts
        else pd.DataFrame(),
        failures=pd.DataFrame(failures, columns=columns),
        history=pd.concat(history, ignore_index=True),
        settings=settings,
    )
