"""Scores of forecasts of many series, the same as those of sktime's metrics.

sktime's metrics convert and check each series separately, which takes a tenth of a
second for each. Here, one expression computes a score of all series.
"""

import numpy as np

__all__ = ["interval_scores", "point_scores", "quantile_scores", "scaled_errors"]

_LEAST = np.finfo(np.float64).eps


def point_scores(actual, forecast, scaled, train, season_length):
    """Return MASE, RMSSE and sMAPE of each series.

    Parameters
    ----------
    actual, train : ManySeries of one column
        Actual values, and the values before them.
    forecast, scaled : ndarray of shape (n_rows,)
        Forecast of each actual value, and its error as `scaled_errors` returns it.
    season_length : int
        Number of rows in a season. Errors are scaled by those of the value a season
        earlier, in `train`.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_series,)
        Scores by metric.
    """
    values = actual.values[:, 0]
    error = np.abs(values - forecast)
    squares = _mean(actual, error**2) / _naive_error(train, season_length, power=2)
    size = np.maximum(np.abs(values) + np.abs(forecast), _LEAST)
    return {
        "MASE": _mean(actual, scaled),
        "RMSSE": np.sqrt(squares),
        "sMAPE": _mean(actual, 2 * error / size),
    }


def scaled_errors(actual, forecast, train, season_length):
    """Return the absolute error of each forecast in units of the mean naive error."""
    error = np.abs(actual.values[:, 0] - forecast)
    return error / _naive_error(train, season_length, power=1)[actual.numbers]


def interval_scores(actual, lower, upper, train, season_length, level):
    """Return the coverage, width and scaled score of the intervals of each series.

    Parameters
    ----------
    actual, train : ManySeries of one column
        Actual values, and the values before them.
    lower, upper : ndarray of shape (n_rows,)
        Bounds of the interval of each actual value.
    season_length : int
        Number of rows in a season, for the scale as in `point_scores`.
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
        "MSIS": score / _naive_error(train, season_length, power=1),
    }


def quantile_scores(actual, quantiles, train, season_length):
    """Return the scaled and the weighted quantile loss of each series.

    Both are twice the quantile loss, in the mean over the rows and quantiles. With the
    median and the bounds of central intervals, this mean is the weighted interval score,
    which approaches the CRPS the more quantiles there are.

    Parameters
    ----------
    actual, train : ManySeries of one column
        Actual values, and the values before them.
    quantiles : dict of float to ndarray of shape (n_rows,)
        Forecast of each quantile of each actual value.
    season_length : int
        Number of rows in a season, for the scale as in `point_scores`.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_series,)
        "SQL" is in units of the mean naive error, "WQL" in units of the mean size of the
        actual values. "WQL" is NaN if they are all 0.
    """
    values = actual.values[:, 0]
    losses = [
        np.where(values >= of, alpha * (values - of), (1 - alpha) * (of - values))
        for alpha, of in quantiles.items()
    ]
    loss = _mean(actual, 2 * np.mean(losses, axis=0))
    size = _mean(actual, np.abs(values))
    weighted = np.full(len(size), np.nan)
    np.divide(loss, size, out=weighted, where=size > 0)
    return {"SQL": loss / _naive_error(train, season_length, power=1), "WQL": weighted}


def _mean(series, by_row):
    """Return the mean of each series of a number for each row."""
    sums = np.bincount(series.numbers, by_row, minlength=len(series))
    return sums / series.lengths


def _naive_error(train, season_length, power):
    """Return the mean power of the change of each series over a season."""
    numbers, values = train.numbers, train.values[:, 0]
    later = np.flatnonzero(
        np.arange(len(values)) >= train.offsets[numbers] + season_length
    )
    change = np.abs(values[later] - values[later - season_length]) ** power
    sums = np.bincount(numbers[later], change, minlength=len(train))
    return np.maximum(sums / (train.lengths - season_length), _LEAST)
