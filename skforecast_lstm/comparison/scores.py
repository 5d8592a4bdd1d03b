"""Scores of forecasts of many series, the same as those of sktime's metrics.

sktime's metrics convert and check each series separately, which takes a tenth of a
second for each. Here, one expression computes a score of all series.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "interval_scores",
    "naive_errors",
    "point_scores",
    "quantile_scores",
    "scaled_errors",
]

_LEAST = np.finfo(np.float64).eps


class NaiveErrors(NamedTuple):
    """Mean errors of repeating the previous season within the past, for each series."""

    absolute: NDArray
    squared: NDArray


def naive_errors(past, season_length):
    """Return the errors that the scaled scores are divided by.

    Parameters
    ----------
    past : ManySeries of one column
        Values before those that are forecast.
    season_length : int
        Number of rows in a season.
    """
    numbers, values = past.numbers, past.values[:, 0]
    later = np.flatnonzero(
        np.arange(len(values)) >= past.offsets[numbers] + season_length
    )
    changes = np.abs(values[later] - values[later - season_length])
    n_changes = past.lengths - season_length

    def mean(by_change):
        sums = np.bincount(numbers[later], by_change, minlength=len(past))
        return np.maximum(sums / n_changes, _LEAST)

    return NaiveErrors(mean(changes), mean(changes**2))


def scaled_errors(actual, forecast, naive):
    """Return the absolute error of each forecast in units of the mean naive error."""
    error = np.abs(actual.values[:, 0] - forecast)
    return error / naive.absolute[actual.numbers]


def point_scores(actual, forecast, naive):
    """Return MASE, RMSSE and sMAPE of each series.

    Parameters
    ----------
    actual : ManySeries of one column
        Actual values.
    forecast : ndarray of shape (n_rows,)
        Forecast of each actual value.
    naive : NaiveErrors
        Errors to divide by.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_series,)
        Scores by metric.
    """
    values = actual.values[:, 0]
    error = np.abs(values - forecast)
    size = np.maximum(np.abs(values) + np.abs(forecast), _LEAST)
    return {
        "MASE": _mean(actual, scaled_errors(actual, forecast, naive)),
        "RMSSE": np.sqrt(_mean(actual, error**2) / naive.squared),
        "sMAPE": _mean(actual, 2 * error / size),
    }


def interval_scores(actual, lower, upper, naive, level):
    """Return the coverage, width and scaled score of the intervals of each series.

    Parameters
    ----------
    actual : ManySeries of one column
        Actual values.
    lower, upper : ndarray of shape (n_rows,)
        Bounds of the interval of each actual value.
    naive : NaiveErrors
        Errors to divide by.
    level : float
        Nominal coverage of the intervals.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_series,)
        "coverage" is the fraction of the values within their interval. "width" is the
        mean width. "MSIS" is the mean interval score in units of the mean naive error:
        the width, plus the distance of each value outside its interval, times
        ``2 / (1 - level)``.
    """
    values = actual.values[:, 0]
    outside = np.maximum(lower - values, 0) + np.maximum(values - upper, 0)
    score = _mean(actual, upper - lower + 2 / (1 - level) * outside)
    return {
        "coverage": _mean(actual, (values >= lower) & (values <= upper)),
        "width": _mean(actual, upper - lower),
        "MSIS": score / naive.absolute,
    }


def quantile_scores(actual, quantiles, naive):
    """Return the scaled and the weighted quantile loss of each series.

    Both are twice the quantile loss, in the mean over the rows and quantiles. With the
    median and the bounds of central intervals, this mean is the weighted interval score,
    which approaches the CRPS the more quantiles there are.

    Parameters
    ----------
    actual : ManySeries of one column
        Actual values.
    quantiles : dict of float to ndarray of shape (n_rows,)
        Forecast of each quantile of each actual value.
    naive : NaiveErrors
        Errors to divide by.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_series,)
        "SQL" is in units of the mean naive error, "WQL" in units of the mean size of the
        actual values. "WQL" is NaN if they are all 0.
    """
    values = actual.values[:, 0]
    losses = [
        np.where(
            values >= quantile,
            alpha * (values - quantile),
            (1 - alpha) * (quantile - values),
        )
        for alpha, quantile in quantiles.items()
    ]
    loss = _mean(actual, 2 * np.mean(losses, axis=0))
    size = _mean(actual, np.abs(values))
    weighted = np.full(len(size), np.nan)
    np.divide(loss, size, out=weighted, where=size > 0)
    return {"SQL": loss / naive.absolute, "WQL": weighted}


def _mean(series, by_row):
    """Return the mean of each series of a number for each row."""
    sums = np.bincount(series.numbers, by_row, minlength=len(series))
    return sums / series.lengths
