"""Trends: where a series goes over a time scale of its own."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from skforecast_lstm.pretraining.draws import (
    chance,
    choose,
    in_units_of_spread,
    log_uniform,
    normals,
    smooth_paths,
    uniform,
)

__all__ = ["trends"]


def trends(rng: Generator, n: int, n_steps: int, scale: NDArray) -> NDArray:
    """Return paths of many kinds, each in units of its spread.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n, n_steps : int
        Number of series and of their steps.
    scale : ndarray of shape (n, 1)
        Number of steps over which each path bends, wanders or turns.

    Returns
    -------
    paths : ndarray of shape (n, n_steps)
    """
    kinds = choose(rng, n, [weight for _, weight in _KINDS])
    paths = np.empty((n, n_steps), np.float32)
    for number, (kind, _) in enumerate(_KINDS):
        rows = np.flatnonzero(kinds == number)
        if len(rows):
            paths[rows] = kind(rng, len(rows), n_steps, scale[rows])
    return in_units_of_spread(paths)


def _line(rng, n, n_steps, _):
    return normals(rng, n, 1) * np.arange(n_steps, dtype=np.float32)


def _broken_line(rng, n, n_steps, scale):
    breaks = rng.random((n, n_steps)) < 1 / scale
    slopes = np.cumsum(breaks * normals(rng, n, n_steps), axis=1) + normals(rng, n, 1)
    return np.cumsum(slopes, axis=1)


def _spells(rng, n, n_steps, scale):
    """Rise, fall or rest, each for about the time scale, without memory of before."""
    begins = rng.random((n, n_steps)) < 1 / scale
    begins[:, 0] = True
    moves = normals(rng, n, n_steps) * (rng.random((n, n_steps)) < 0.6)
    spell = np.cumsum(begins, axis=1) - 1
    slopes = np.take_along_axis(moves, spell, axis=1)
    return np.cumsum(slopes + 0.3 * normals(rng, n, 1), axis=1)


def _growth(rng, n, n_steps, scale):
    """Grow or decay by a rate, so that the whole grows by up to some hundred times.

    In some series, the rate falls to a part of itself, at any time in or after them.
    """
    rate = normals(rng, n, 1) * 2 / np.maximum(scale, n_steps / 3)
    t = np.arange(n_steps, dtype=np.float32)
    turn = uniform(rng, n, 0, 1.2) * n_steps
    lost = uniform(rng, n, 0, 1) * chance(rng, n, 0.5)
    return np.exp(rate * (t - lost * np.maximum(t - turn, 0)))


def _saturation(rng, n, n_steps, scale):
    """Rise along a logistic curve, at any time before, in or after the series."""
    middle = uniform(rng, n, -0.3, 1.3) * n_steps
    width = scale * log_uniform(rng, n, 0.1, 1)
    z = (np.arange(n_steps, dtype=np.float32) - middle) / width
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))


def _walk(rng, n, n_steps, scale):
    drift = normals(rng, n, 1) / np.sqrt(scale)
    return np.cumsum(normals(rng, n, n_steps) + drift, axis=1)


def _smooth_walk(rng, n, n_steps, scale):
    """Walk with a slope that wanders and returns to its mean within the time scale."""
    kept = 1 - 1 / scale[:, 0]
    shocks = normals(rng, n_steps, n)
    slope = shocks[0] * np.sqrt(scale[:, 0])
    level = np.zeros_like(slope)
    path = np.empty((n_steps, n), np.float32)
    for t in range(n_steps):
        slope = kept * slope + shocks[t]
        level = level + slope
        path[t] = level
    drift = normals(rng, n, 1) * scale / 2
    return path.T + drift * np.arange(n_steps, dtype=np.float32)


def _waves(rng, n, n_steps, scale):
    slope = normals(rng, n, 1) / scale
    line = slope * np.arange(n_steps, dtype=np.float32)
    return line + smooth_paths(rng, n, n_steps, scale)


def _steps(rng, n, n_steps, scale):
    """Stay on levels and shift between them, on average once in the time scale."""
    shifts = rng.random((n, n_steps)) < 1 / scale
    levels = np.cumsum(shifts * rng.standard_t(3, (n, n_steps)), axis=1)
    slope = normals(rng, n, 1) / scale * (rng.random((n, 1)) < 0.3)
    return levels + slope * np.arange(n_steps, dtype=np.float32)


_KINDS = (
    (_line, 3),
    (_broken_line, 3),
    (_spells, 3),
    (_growth, 3),
    (_saturation, 1),
    (_walk, 4),
    (_smooth_walk, 3),
    (_waves, 2),
    (_steps, 1.5),
)
