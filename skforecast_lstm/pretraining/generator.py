"""Synthetic series of every kind: what the pretrained network learns from."""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from skforecast_lstm.pretraining.draws import (
    chance,
    choose,
    in_units_of_spread,
    log_uniform,
)
from skforecast_lstm.pretraining.noise import cycles, noise, outliers, rounded, turned
from skforecast_lstm.pretraining.processes import arima, counts, smoothing
from skforecast_lstm.pretraining.seasons import (
    paths_by_day,
    season_lengths,
    seasonal_paths,
)
from skforecast_lstm.pretraining.trends import trends

__all__ = ["SyntheticSeries", "synthetic_series"]

SHORTEST_SCALE = 16


class SyntheticSeries(NamedTuple):
    """A batch of series and their seasons.

    Parameters
    ----------
    values : ndarray of float32 of shape (n_series, n_steps)
        Values of each series.
    seasons : ndarray of int32 of shape (n_series, 2)
        Numbers of steps in the two seasons that each series may have, 1 for none.
    """

    values: NDArray[np.float32]
    seasons: NDArray[np.int32]


def synthetic_series(
    n_series: int,
    n_steps: int,
    *,
    seed: int | Generator = 0,
    longest_season: int | None = None,
) -> SyntheticSeries:
    """Generate series without reading any file.

    Each series has a time scale of its own, from 16 steps to its whole length, in
    proportion to which it trends, wanders and turns. Half are sums of a trend, seasons,
    cycles and noise. Others are draws of exponential smoothing, of ARIMA, of counts, or
    of two of these. Most are positive, and in many the parts multiply each other. Some
    have outliers or are rounded.

    Parameters
    ----------
    n_series : int
        Number of series.
    n_steps : int
        Number of steps of each series.
    seed : int or numpy.random.Generator, default=0
        Seed. One seed gives the same series each time.
    longest_season : int, default=None
        Most steps in a season. If None, half the number of steps.

    Returns
    -------
    series : SyntheticSeries

    Examples
    --------
    >>> from skforecast_lstm.pretraining import synthetic_series
    >>> values, seasons = synthetic_series(3, 100, seed=1)
    >>> values.shape, seasons.shape
    ((3, 100), (3, 2))
    """
    rng = np.random.default_rng(seed)
    seasons = season_lengths(rng, n_series, longest_season or max(n_steps // 2, 2))
    scale = log_uniform(rng, n_series, SHORTEST_SCALE, max(n_steps, SHORTEST_SCALE + 1))
    kinds = choose(rng, n_series, [weight for _, weight in _KINDS])
    values = np.empty((n_series, n_steps), np.float32)
    for number, (kind, _) in enumerate(_KINDS):
        rows = np.flatnonzero(kinds == number)
        if len(rows):
            values[rows] = kind(rng, seasons[rows], n_steps, scale[rows])
    values = rounded(rng, outliers(rng, turned(rng, values)))
    return SyntheticSeries(values.astype(np.float32), seasons)


def _sum_of_parts(rng, seasons, n_steps, scale):
    """Return the sum of a trend, two seasons, a cycle and noise, each of any size."""
    n = len(seasons)
    parts = [
        (trends(rng, n, n_steps, scale), 0.1, 10, 0.85),
        (paths_by_day(rng, seasons, n_steps, scale), 0.1, 6, 0.8),
        (seasonal_paths(rng, seasons[:, 1], n_steps, scale), 0.1, 3, 0.8),
        (cycles(rng, n, n_steps), 0.1, 6, 0.25),
        (noise(rng, n, n_steps, scale), 0.05, 2, 1.0),
    ]
    return sum(
        path * log_uniform(rng, n, low, high) * chance(rng, n, probability)
        for path, low, high, probability in parts
    )


def _parts(rng, seasons, n_steps, scale):
    return _on_level(rng, _sum_of_parts(rng, seasons, n_steps, scale))


def _smoothing(rng, seasons, n_steps, scale):
    return _on_level(rng, smoothing(rng, seasons[:, 0], n_steps, scale))


def _arima(rng, seasons, n_steps, scale):
    return _on_level(rng, arima(rng, seasons[:, 0], n_steps, scale))


def _counts(rng, seasons, n_steps, scale):
    return counts(rng, seasons[:, 0], n_steps, scale)


def _blend(rng, seasons, n_steps, scale):
    """Return the sum of a draw of exponential smoothing or ARIMA and of other parts."""
    n = len(seasons)
    process = np.where(
        chance(rng, n, 0.5),
        smoothing(rng, seasons[:, 0], n_steps, scale),
        arima(rng, seasons[:, 0], n_steps, scale),
    )
    parts = in_units_of_spread(_sum_of_parts(rng, seasons, n_steps, scale))
    share = rng.random((n, 1))
    total = share * in_units_of_spread(process) + (1 - share) * parts
    return _on_level(rng, total)


def _on_level(rng, values):
    """Put series above zero, or make their parts multiply, or leave them around zero."""
    n = len(values)
    values = in_units_of_spread(values)
    room = log_uniform(rng, n, 0.02, 30)
    above = values - values.min(axis=1, keepdims=True) + room
    strength = log_uniform(rng, n, 0.02, 1.2)
    multiplied = np.exp(np.clip(strength * values, -8, 8))
    kinds = choose(rng, n, [0.42, 0.43, 0.15])[:, None]
    return np.choose(kinds, [above, multiplied, values])


_KINDS = (
    (_parts, 0.48),
    (_smoothing, 0.22),
    (_arima, 0.17),
    (_counts, 0.04),
    (_blend, 0.09),
)
