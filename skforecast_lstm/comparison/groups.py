"""Windows that share a fit: the first has it, and the others add the new rows."""

import time
from typing import NamedTuple

import numpy as np

from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm.comparison.cells import Cell, align_to, bound_of, quiet
from skforecast_lstm.comparison.datasets import every_series
from skforecast_lstm.comparison.outcomes import failure, outcome

__all__ = ["Group", "run_group", "scored"]


class Group(NamedTuple):
    """Cells that share a fit, in the order of their windows."""

    cells: list[Cell]

    def job(self):
        """Return the arguments of `run_group`."""
        last = self.cells[-1]
        until = last.n_train + last.dataset.horizon
        return {**last.job(), "n_after": [until - cell.n_train for cell in self.cells]}


def run_group(prefix, y, X, forecaster, horizon, season_length, coverage, n_after):
    """Fit at the first of several windows, and forecast and score all of them.

    Parameters
    ----------
    prefix : tuple of str
        First parts of the names of the series.
    y, X : DataFrame
        Rows up to the end of the last window. `X` may be None.
    forecaster : sktime forecaster
        Forecaster to clone. For several windows, one that takes new rows without a fit.
    horizon, season_length : int
        Number of steps to forecast, and of rows in a season for the scaled errors.
    coverage : tuple of float
        Nominal coverages, for forecasters that have intervals.
    n_after : list of int
        Number of times of `y` after the cutoff of each window, in falling order.

    Returns
    -------
    results : list of dict
        Result of each window, as `outcome` or `failure` returns it.
    """
    results = []
    with quiet():
        try:
            levels = coverage if forecaster.get_tag("capability:pred_int") else ()
            times = _Times(y, X)
            fitted = forecaster.clone()
            started = time.perf_counter()
            y_train, X_train = times.between(0, n_after[0])
            fitted.fit(y_train, X=X_train, fh=np.arange(1, horizon + 1))
            fit_seconds = time.perf_counter() - started
            found = _at_once(fitted, y, X, n_after, horizon, levels, fit_seconds)
            if found is None:
                found = _one_by_one(fitted, times, n_after, horizon, levels, fit_seconds)
            series = every_series(y, prefix)
            for forecast, n in zip(found, n_after, strict=True):
                results.append(scored(series, forecast, n, horizon, season_length))
        # A forecaster may raise any error, and the others must go on. Without this
        # window, the later ones would lack rows.
        except Exception as error:  # noqa: BLE001
            results += [failure(error)] * (len(n_after) - len(results))
    return results


class _Times:
    """Frames to cut by the number of times after a row."""

    def __init__(self, y, X):
        self._y, self._X = y, X
        self._numbers = y.index.get_level_values(-1)
        self._labels = self._numbers.unique().sort_values()

    def between(self, first, n_after):
        """Return the rows from a time on, without the last times.

        The first time is given by the number of times from it to the end, 0 for all.
        """
        n_times = len(self._labels)
        chosen = self._labels[n_times - first if first else 0 : n_times - n_after]
        rows = (self._numbers >= chosen[0]) & (self._numbers <= chosen[-1])
        return self._y[rows], None if self._X is None else self._X[rows]


def _at_once(fitted, y, X, n_after, horizon, levels, fit_seconds):
    """Return the forecasts from all cutoffs by one call, or None if it can't be."""
    # A subclass may forecast in its own way.
    if len(n_after) == 1 or type(fitted).__name__ != "LSTMForecaster":
        return None
    from skforecast_lstm.forecasting._origins import forecast_origins

    started = time.perf_counter()
    X = X if fitted.get_tag("capability:exogenous") else None
    origins = forecast_origins(fitted, y, X, np.array(n_after), horizon)
    if origins is None:
        return None

    def by_origin(values):
        """Return one row for each origin: series, then columns, then steps."""
        return values.swapaxes(2, 3).reshape(len(n_after), -1)

    forecast = by_origin(origins.middle())
    bounds = {
        level: tuple(
            by_origin(origins.quantile(alpha))
            for alpha in ((1 - level) / 2, (1 + level) / 2)
        )
        for level in levels
    }
    seconds = (time.perf_counter() - started) / len(n_after)
    return [
        (
            forecast[place],
            {level: (low[place], high[place]) for level, (low, high) in bounds.items()},
            {"fit_seconds": 0 if place else fit_seconds, "predict_seconds": seconds},
        )
        for place in range(len(n_after))
    ]


def _one_by_one(fitted, times, n_after, horizon, levels, fit_seconds):
    """Yield the forecasts from each cutoff, with the new rows before it."""
    fh = np.arange(1, horizon + 1)
    for place, n in enumerate(n_after):
        started = time.perf_counter()
        if place:
            y, X = times.between(n_after[place - 1], n)
            fitted.update(y, X=X, update_params=False)
            fit_seconds = time.perf_counter() - started
        started = time.perf_counter()
        actual, X = times.between(n, n - horizon)
        point = align_to(fitted.predict(fh=fh, X=X), actual.index, actual.columns)
        forecast, bounds = every_series(point).values[:, 0], {}
        if levels:
            intervals = fitted.predict_interval(fh=fh, X=X, coverage=list(levels))
            bounds = _bounds(intervals, point, levels)
        seconds = time.perf_counter() - started
        yield (
            forecast, bounds, {"fit_seconds": fit_seconds, "predict_seconds": seconds}
        )  # fmt: skip


def _bounds(intervals, like, levels):
    """Return the lower and upper bounds of each level, in the order of the forecasts."""

    def bound(level, side):
        found = bound_of(intervals, level, side, like.index, like.columns)
        return every_series(found).values[:, 0]

    return {level: (bound(level, "lower"), bound(level, "upper")) for level in levels}


def scored(series, found, n_after, horizon, season_length):
    """Return the result of one window."""
    forecast, bounds, seconds = found
    if not np.isfinite(forecast).all():
        return failure(
            ValueError("The forecaster gave no number, or an infinite one, for a step.")
        )
    lengths = series.lengths - n_after
    train = _rows(series, series.offsets[:-1], lengths)
    actual = _rows(series, series.offsets[:-1] + lengths, np.full(len(series), horizon))
    return outcome(actual, train, forecast, bounds, season_length, seconds)


def _rows(series, starts, lengths):
    """Return some rows of each series."""
    offsets = np.append(0, lengths.cumsum())
    return ManySeries(series.values[ranges(starts, lengths)], offsets, series.names)
