"""Rolling-origin comparison of forecasters: the same windows and metrics for all."""

import time
from functools import partial

from skforecast_lstm._checks import check_integer
from skforecast_lstm.comparison.datasets import read_datasets
from skforecast_lstm.comparison.ensembles import ENSEMBLES, ensemble_rows
from skforecast_lstm.comparison.groups import run_group
from skforecast_lstm.comparison.limits import check_time_limit, run_within
from skforecast_lstm.comparison.lineup import ignore_default_warnings, line_up
from skforecast_lstm.comparison.plan import Plan
from skforecast_lstm.comparison.progress import Progress
from skforecast_lstm.comparison.refits import check_refit
from skforecast_lstm.comparison.result import Comparison
from skforecast_lstm.comparison.settings import describe
from skforecast_lstm.comparison.store import ResultsFile
from skforecast_lstm.comparison.tables import (
    failure_table,
    forecast_table,
    history_table,
    result_table,
)
from skforecast_lstm.comparison.workers import BACKENDS, n_workers, run_all

__all__ = ["compare"]


def compare(
    y,
    *,
    X=None,
    horizon,
    season_length=None,
    forecasters=None,
    n_windows=None,
    step=None,
    refit="auto",
    time_limit=None,
    ensembles=False,
    coverage=(0.8, 0.95),
    n_jobs=1,
    backend="loky",
    results=None,
    progress=True,
    random_state=0,
):
    """Compare forecasters on the same windows, by rolling origin.

    The data are cut at several times. At each cutoff, every forecaster is fitted on the
    rows before it, forecasts the next `horizon` steps, and is scored against the actual
    values. The forecasters are those of sktime, and the scores equal those of its
    metrics.

    Parameters
    ----------
    y : Series, DataFrame or dict
        A series; a frame with one row per time and one column per series; a panel with
        a MultiIndex of series and time; or a dict of these by name. Forecasters that
        can forecast several series together do so for the series of one frame. The
        others forecast them one by one. Each series has separate rows in the results.
    X : DataFrame or dict, default=None
        Features with the rows of `y`. They must also be known for the steps to
        forecast. If `y` is a dict, `X` is a dict with the same names.
    horizon : int
        Number of steps to forecast.
    season_length : int or dict, default=None
        Number of rows in a season, for scaled errors and for seasonal forecasters. If
        `y` is a dict, it may be a dict too. If None, it follows from the frequency of
        the times (12 for months, 4 for quarters, 52 for weeks, 7 for days, 24 for
        hours) if at least two seasons come before the first cutoff. Otherwise it is 1.
    forecasters : list or dict, default=None
        Names, sktime forecasters or scikit-learn regressors. A regressor learns from
        the last rows, with one copy for each step ahead. A dict gives each forecaster a
        name to show. The default forecasters are "naive", "seasonal naive",
        "Holt-Winters", "AutoETS", "AutoARIMA", "Theta" and "LSTM". With more than 500
        values, "adjusted AutoARIMA" takes the place of "AutoARIMA", because it is
        quicker. Then, with the package statsforecast, "AutoETS (statsforecast)" and
        "adjusted AutoARIMA (statsforecast)" take the places of two. The name "default"
        stands for all of them. There are also "AutoARIMA (statsforecast)" and
        "DynamicOptimizedTheta (statsforecast)". Other names are those of scikit-learn's
        regressors, such as "Ridge" or "HistGradientBoosting".
    n_windows : int, default=None
        Number of cutoffs. The last window ends with the last row. If None, there are as
        many as fit into the last third of the rows. If `step` is None too, there are at
        most 20, or 10 of more than 5 series, and fewer of more than 20 series: 200 of
        all together, but at least 2 of each. They are as far apart as fit.
    step : int, default=None
        Number of rows from one cutoff to the next. If None, it is `horizon`, so windows
        do not overlap, or a multiple of it if there are fewer windows than fit.
    refit : "auto", bool or int, default="auto"
        Windows at which a forecaster is fitted. True means each window, False only the
        first, and a number k every k windows. At the other windows, the forecaster
        takes the new rows without training, and forecasts from them. "auto" fits at
        every so many windows that there are at most 20 fits, and at most 500,000 values
        in all fits together. Only the LSTM, "naive", "seasonal naive",
        and regressors without `X` can take new rows. The others are fitted at each
        window in any case. `settings` of the result has the number of fits.
    time_limit : float, default=None
        Most seconds of each forecaster in this comparison: the sum over its cells, so
        that workers do not change it. One that takes longer, or that would by the pace
        of its first two fits, is left out in all windows, and `summary` says so.
        AutoARIMA is replaced by a cheaper search, as a row with a name of its own.
    ensembles : bool, default=False
        If True, add three rows that combine the forecasts of all others: their mean,
        their median, and a mean with weights from the errors in earlier windows. No
        forecaster is fitted again for them.
    coverage : tuple of float, default=(0.8, 0.95)
        Nominal coverages of prediction intervals, for forecasters that have them.
    n_jobs : int, default=1
        Number of workers; -1 means one per core. One worker runs in this process. The
        scores do not depend on this number. Times in seconds are longer if workers
        share cores.
    backend : {"loky", "threading", "dask", "ray"}, default="loky"
        Kind of the workers. "dask" uses the open client, or opens one with `n_jobs`
        processes. "ray" uses the cluster that this process has joined or that
        `RAY_ADDRESS` names, or starts one with `n_jobs` processes.
    results : path, default=None
        File for the results, or folder for this file. A name without a suffix is a
        folder. The result of each cell (a forecaster on a dataset, or a batch of its
        series, at a cutoff) is written as soon as it is ready. A later call with the
        same data, parameters and versions reads these cells instead of running them
        again. So an interrupted comparison goes on where it stopped. Failed cells are
        run again.
    progress : bool, default=True
        If True, show the progress and the time left: a bar on a terminal or in a
        notebook, elsewhere a line at most every 30 seconds. After two fits
        of each forecaster, show an estimate of its time if more than 10 seconds are left.
    random_state : int, default=0
        Seed for forecasters given by name.

    Returns
    -------
    comparison : Comparison
        Scores and forecasts, with a ranking, pictures and a report.

    See Also
    --------
    Comparison : Result of the comparison.

    Notes
    -----
    If a forecaster raises an error, the result has the reason, and the others go on.
    Warnings of forecasters are not shown. Matrix products run on one thread. This is
    faster for matrices of this size, and makes results independent of the number of
    workers.

    Holt-Winters has a damped trend. Its season is multiplicative if all values are
    greater than 0, else additive. sktime's AutoETS and AutoARIMA ignore seasons of more
    than 24 steps, which would take too long. An adjusted AutoARIMA removes the season
    before the search, and puts it back into the forecast. Holt-Winters and
    the forecasters of statsforecast learn from the last 1,000 rows, or ten seasons.
    Holt-Winters and regressors have no intervals.

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
    check_refit(refit)
    check_time_limit(time_limit)
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
    if ensembles and (taken := [name for name in ENSEMBLES if name in line_ups[0]]):
        raise ValueError(
            f"A forecaster is called {taken[0]!r}, like a row of ensembles=True. Give "
            "it another name."
        )
    store = ResultsFile(results)
    plan = Plan(datasets, line_ups, refit, coverage, time_limit=time_limit, store=store)
    workers = n_workers(n_jobs, backend)
    shown = Progress(plan, workers, shown=progress)
    run = partial(run_within, run_group)
    try:
        with store, shown:
            # One that stands in may come when no others are left.
            while plan:
                for numbers, outcomes in run_all(run, plan, n_jobs, backend):
                    if sentence := plan.take(numbers, outcomes):
                        shown.say(sentence)
                    shown.advance()
    except KeyboardInterrupt:
        kept_where = (
            f"They are kept in {store.path}: the same call goes on from there."
            if store.path
            else "They are lost; with results='a folder' they would be kept."
        )
        raise KeyboardInterrupt(
            f"Stopped after {len(plan.outcomes)} of {len(plan.cells)} cells. {kept_where}"
        ) from None
    if not plan.cells:
        raise ValueError(
            f"No forecaster is left. {' '.join(plan.stopped.values())} Raise time_limit, "
            f"which is {time_limit:g} s."
        )
    cells = list(plan.cells.values())
    outcomes = [plan.outcomes[number] for number in plan.cells]
    line_ups, fits = plan.line_ups, plan.fits
    with ignore_default_warnings():
        if ensembles:
            added = ensemble_rows(datasets, line_ups, plan.by_window(), coverage)
            line_ups = [
                line_up | new
                for line_up, new in zip(line_ups, added.ensembles, strict=True)
            ]
            fits = [windows | dict.fromkeys(ENSEMBLES, ()) for windows in fits]
            cells, outcomes = cells + added.cells, outcomes + added.outcomes
        settings = describe(datasets, line_ups, fits, coverage)
    settings |= {
        "seconds": time.perf_counter() - started,
        "cells": len(plan.cells),
        "cells_run_before": plan.n_kept,
        "stopped": plan.stopped,
    }
    return Comparison(
        results=result_table(cells, outcomes),
        forecasts=forecast_table(cells, outcomes),
        failures=failure_table(cells, outcomes),
        history=history_table(datasets),
        settings=settings,
        tasks=tuple(zip(datasets, line_ups, strict=True)),
    )


def _check_run(coverage, n_jobs, backend):
    """Check the arguments, and return the nominal coverages as a tuple."""
    check_integer("n_jobs", n_jobs, -1)
    if n_jobs == 0:
        raise ValueError("n_jobs must be at least 1, or -1 for one per core, got 0.")
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {BACKENDS}, got {backend!r}.")
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
