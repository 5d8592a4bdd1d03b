"""Simple forecasts of a window: the candidates that a pretrained network mixes."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from skforecast_lstm.networks.adjusted import backward_steps, lagged, seasonal_patterns
from skforecast_lstm.networks.autoregression import autoregressions

__all__ = ["CANDIDATES", "Adjusted", "adjust", "candidate_forecasts"]

# Names of the candidates of one view of a series, in their order.
CANDIDATES = (
    "last",
    "smoothed_fast",
    "smoothed",
    "smoothed_slowly",
    "theta",
    "theta_slow",
    "drift",
    "damped_line",
    "slow_line",
    "line",
    "recent_line",
    "autoregression",
    "loose_autoregression",
    "mean_of_seasons",
    "moved_second_season",
    # These are the same in every view, or nearly.
    "plain_last",
    "season_ago",
    "second_season_ago",
    "mean_of_second_seasons",
    "plain_mean",
)

# Discounts of past steps, from a short memory to none.
_DISCOUNTS = (0.5, 0.8, 0.95, 1.0)


class Adjusted(NamedTuple):
    """A batch of windows, and the same without their seasons.

    Parameters
    ----------
    values : tensor of shape (n_series, n_steps)
        Windows without unknown steps.
    adjusted : tensor of shape (n_series, n_steps)
        The same without both seasonal patterns.
    ahead : tensor of shape (n_series, horizon)
        Sum of both seasonal patterns at the steps ahead.
    first : tensor of int of shape (n_series, 1)
        First step of each series.
    seasons : tensor of int of shape (n_series, 2)
        Numbers of steps in both seasons; 1 means none.
    """

    values: Any
    adjusted: Any
    ahead: Any
    first: Any
    seasons: Any


def adjust(values, first, seasons, horizon):
    """Remove two seasonal patterns from windows, the second from the rest of the first.

    Parameters
    ----------
    values, first, seasons : tensors
        As in `Adjusted`.
    horizon : int
        Number of steps ahead.

    Returns
    -------
    windows : Adjusted
    """
    within, ahead = seasonal_patterns(values, first, seasons[:, :1], horizon)
    adjusted = values - within
    within, more = seasonal_patterns(adjusted, first, seasons[:, 1:], horizon)
    return Adjusted(values, adjusted - within, ahead + more, first, seasons)


def candidate_forecasts(windows: Adjusted):
    """Return all candidates, of shape (n_series, horizon, n_candidates)."""
    values, adjusted, pattern, first, seasons = windows
    dtype, horizon = values.dtype, pattern.shape[1]
    n_known = ops.cast(values.shape[1] - first, dtype)
    means, levels, slopes = _lines(adjusted, first)
    ahead = ops.convert_to_tensor(np.arange(1, horizon + 1)[None], dtype)
    last = adjusted[:, -1:]
    start = ops.take_along_axis(adjusted, first, axis=1)
    drift = (last - start) / ops.maximum(n_known - 1, 1)
    season, second = seasons[:, :1], seasons[:, 1:]
    shape = ops.shape(pattern)
    of_adjusted = [
        last,
        means[0],
        means[1],
        means[2],
        means[0] + slopes[3] / 2 * ahead,
        means[1] + slopes[3] / 2 * ahead,
        last + drift * ahead,
        levels[1] + slopes[1] * _damped(0.9, horizon, dtype),
        levels[2] + slopes[2] * _damped(0.98, horizon, dtype),
        levels[3] + slopes[3] * ahead,
        last + slopes[2] * _damped(0.95, horizon, dtype),
        *autoregressions(adjusted, first, horizon),
    ]
    seasons_before = _mean_of_seasons(values, first, season, horizon)
    moved = seasons_before + means[1] - _mean_of_last(values, first, 3 * season)
    second_before = _season_ago(values, first, second, horizon, 1)
    others = [
        ops.where(n_known >= ops.cast(2 * season, dtype), moved, seasons_before),
        second_before + _change_of_season(values, first, season, second),
        values[:, -1:],
        _season_ago(values, first, season, horizon, 1),
        second_before,
        _mean_of_seasons(values, first, second, horizon),
        _mean_of_last(values, first, ops.full_like(season, values.shape[1])),
    ]
    forecasts = [one + pattern for one in of_adjusted] + others
    return ops.stack([ops.broadcast_to(one, shape) for one in forecasts], axis=-1)


def _lines(adjusted, first):
    """Return discounted means, and level and slope of discounted lines, by discount.

    Exponential smoothing is the mean of all steps with the discount as weight; its
    trend is the line by least squares with the same weights.
    """
    dtype = adjusted.dtype
    backward = np.arange(adjusted.shape[1])[::-1, None].astype(np.float64)
    weights = np.array(_DISCOUNTS)[None] ** backward
    moments = np.concatenate([weights, weights * backward, weights * backward**2], 1)
    moments = ops.convert_to_tensor(moments, dtype)
    n_discounts = len(_DISCOUNTS)
    exists = ops.cast(adjusted.shape[1] - first > backward_steps(adjusted), dtype)
    weight, once, twice = ops.split(exists @ moments, 3, axis=1)
    total, crossed = ops.split(
        (adjusted * exists) @ moments[:, : 2 * n_discounts], 2, axis=1
    )
    mean, distance = total / weight, once / weight
    variation = twice - once * distance
    # Of one step there is no slope; of few, it is made smaller.
    slope = -(crossed - distance * total) / (variation + 0.1 * weight)
    level = mean + slope * distance
    return [ops.split(part, n_discounts, axis=1) for part in (mean, level, slope)]


def _damped(factor, horizon, dtype):
    """Return the sums of the powers of a factor, by which a damped trend goes on."""
    return ops.convert_to_tensor(np.cumsum(factor ** np.arange(horizon))[None], dtype)


def _season_ago(values, first, season, horizon, n_seasons):
    """Return the value some seasons before each step ahead, or the last value."""
    n_steps = values.shape[1]
    ahead = ops.convert_to_tensor(np.arange(horizon)[None], "int32")
    places = n_steps - n_seasons * season + ops.mod(ahead, season)
    exists = places >= first
    past = ops.take_along_axis(values, ops.clip(places, 0, n_steps - 1), axis=1)
    return ops.where(exists, past, values[:, -1:])


def _mean_of_seasons(values, first, season, horizon):
    """Return the mean of up to three seasons before each step ahead."""
    return (
        sum(
            _season_ago(
                values, first, season, horizon, _at_most(number, season, first, values)
            )
            for number in (1, 2, 3)
        )
        / 3
    )


def _at_most(number, season, first, values):
    """Return a number of seasons, or fewer if the window has not so many."""
    return ops.clip((values.shape[1] - first) // season, 1, number)


def _change_of_season(values, first, season, second):
    """Return how far the last season is above that one second season before it."""
    before = _mean_of_last(lagged(values, second), first + second, season)
    change = _mean_of_last(values, first, season) - before
    has_both = (second > 1) & (values.shape[1] - first >= season + second)
    return ops.where(has_both, change, 0.0)


def _mean_of_last(values, first, number):
    """Return the mean of the last steps, of which there are at most as many as given."""
    backward = backward_steps(values)
    counted = (number > backward) & (values.shape[1] - first > backward)
    counted = ops.cast(counted, values.dtype)
    total = ops.sum(values * counted, axis=1, keepdims=True)
    return total / ops.maximum(ops.sum(counted, axis=1, keepdims=True), 1.0)


def earlier(values, first, steps):
    """Return windows that end some steps earlier, with their first steps."""
    return lagged(values, steps), ops.minimum(first + steps, values.shape[1] - 1)
