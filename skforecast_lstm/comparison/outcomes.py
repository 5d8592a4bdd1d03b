"""Outcome of a cell: scores and forecasts of its series, in arrays."""

import numpy as np

from skforecast_lstm.comparison.scores import (
    interval_scores,
    naive_errors,
    point_scores,
    quantile_scores,
    scaled_errors,
)

__all__ = ["failure", "outcome"]


def failure(error):
    """Return the outcome of a cell that raised an error."""
    reason = f"{type(error).__name__}: {error}"
    return {"error": reason, "series": [], "scores": {}, "forecasts": {}}


def outcome(actual, train, forecast, bounds, season_length, seconds):
    """Return the outcome of a cell that has forecasts.

    Parameters
    ----------
    actual, train : ManySeries of one column
        Actual values, and the values before them.
    forecast : ndarray of shape (n_rows,)
        Forecast of each actual value.
    bounds : dict of float to two ndarray of shape (n_rows,)
        Lower and upper bounds of the intervals of each nominal coverage.
    season_length : int
        Number of rows in a season, for the scaled errors.
    seconds : dict of str to float
        Seconds of the cell, shared equally by its series.

    Returns
    -------
    outcome : dict
        "error" is None. "series" has the names. "scores" has an array of a number for
        each series, by metric, and "forecasts" one of a number for each row of `actual`,
        by column.
    """
    naive = naive_errors(train, season_length)
    scores = point_scores(actual, forecast, naive)
    columns = {
        "actual": actual.values[:, 0],
        "forecast": forecast,
        "scaled_error": scaled_errors(actual, forecast, naive),
    }
    # The point forecast stands for the median.
    quantiles, by_level = {0.5: forecast}, {}
    for level, (lower, upper) in bounds.items():
        found = interval_scores(actual, lower, upper, naive, level)
        by_level |= {f"{metric}_{level:g}": values for metric, values in found.items()}
        quantiles |= {(1 - level) / 2: lower, (1 + level) / 2: upper}
        columns |= {f"lower_{level:g}": lower, f"upper_{level:g}": upper}
    if bounds:
        scores |= quantile_scores(actual, quantiles, naive) | by_level
    for metric, number in seconds.items():
        scores[metric] = np.full(len(actual), number / len(actual))
    return {
        "error": None,
        "series": list(actual.names),
        "scores": {
            metric: np.asarray(values, float) for metric, values in scores.items()
        },
        "forecasts": {
            name: np.asarray(values, float) for name, values in columns.items()
        },
    }
