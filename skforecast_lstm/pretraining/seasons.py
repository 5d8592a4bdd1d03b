"""Seasons: their lengths, and patterns that repeat and change slowly."""

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

__all__ = ["paths_by_day", "season_lengths", "seasonal_paths"]

# Pairs of seasons that calendars make, and how often to draw each. 1 means none.
_CALENDAR = {
    (1, 1): 6,
    (4, 1): 5,
    (12, 1): 7,
    (7, 1): 4,
    (52, 1): 3,
    (24, 168): 5,
    (24, 1): 2,
    (5, 1): 1,
    (6, 1): 0.5,
    (13, 1): 0.5,
    (26, 1): 0.5,
    (48, 1): 0.5,
    (96, 1): 0.3,
    (168, 1): 0.5,
    (7, 365): 0.5,
    (7, 28): 0.2,
    (12, 84): 0.2,
    (48, 336): 0.6,
    (8, 56): 0.2,
    (5, 260): 0.2,
}


def season_lengths(rng: Generator, n: int, longest: int) -> NDArray[np.int32]:
    """Return the numbers of steps in two seasons of each series, 1 for no season.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n : int
        Number of series.
    longest : int
        Most steps in a season.

    Returns
    -------
    seasons : ndarray of int of shape (n, 2)
        The first season is the shorter one.
    """
    pairs = {
        (first, second if second <= longest else 1): weight
        for (first, second), weight in _CALENDAR.items()
        if first <= longest
    }
    chosen = np.array(list(pairs), np.int32)[choose(rng, n, list(pairs.values()))]
    others = np.ones_like(chosen)
    others[:, 0] = log_uniform(rng, n, 2, longest)[:, 0].round()
    times = rng.integers(2, 9, n)
    second = np.where(rng.random(n) < 0.2, others[:, 0] * times, 1)
    others[:, 1] = np.where(second <= longest, second, 1)
    return np.where(chance(rng, n, 0.15), others, chosen).astype(np.int32)


def seasonal_paths(
    rng: Generator, seasons: NDArray, n_steps: int, scale: NDArray
) -> NDArray:
    """Return patterns that repeat each season, in units of their spread.

    The pattern is a few waves, a value for each phase, a spike, or two levels as of
    workdays and weekends. In some series its size grows or wanders, or it changes slowly
    into another pattern.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    seasons : ndarray of int of shape (n,)
        Number of steps in a season. The path of a season of one step is zero.
    n_steps : int
        Number of steps.
    scale : ndarray of shape (n, 1)
        Number of steps over which the pattern changes.

    Returns
    -------
    paths : ndarray of shape (n, n_steps)
    """
    n = len(seasons)
    patterns = _patterns(rng, seasons)
    phases = np.arange(n_steps) % seasons[:, None]
    paths = np.take_along_axis(patterns, phases, axis=1)
    changing = np.flatnonzero(rng.random(n) < 0.25)
    if len(changing):
        size = log_uniform(rng, len(changing), 0.2, 1.5)
        later = np.take_along_axis(
            _patterns(rng, seasons[changing]), phases[changing], axis=1
        )
        share = 1 / (
            1 + np.exp(-smooth_paths(rng, len(changing), n_steps, scale[changing]))
        )
        paths[changing] += later * share * size
    paths = in_units_of_spread(paths)
    swelling = np.flatnonzero(rng.random(n) < 0.3)
    if len(swelling):
        wander = smooth_paths(rng, len(swelling), n_steps, scale[swelling])
        growth = normals(rng, len(swelling), 1) * np.linspace(-1, 1, n_steps)
        amount = log_uniform(rng, len(swelling), 0.05, 0.7)
        mixed = np.where(chance(rng, len(swelling), 0.5), wander, growth)
        paths[swelling] *= np.exp(amount * mixed)
    return np.where(seasons[:, None] > 1, paths, 0).astype(np.float32)


def paths_by_day(
    rng: Generator, seasons: NDArray, n_steps: int, scale: NDArray
) -> NDArray:
    """Return seasonal paths of which some have another pattern on some days of a week.

    This is for pairs of seasons of which the second has seven of the first, such as
    hours with a day and a week.

    Parameters
    ----------
    rng, n_steps, scale
        As in `seasonal_paths`.
    seasons : ndarray of int of shape (n, 2)
        Number of steps in both seasons.

    Returns
    -------
    paths : ndarray of shape (n, n_steps)
        Paths of the first season.
    """
    first, second = seasons.T
    paths = seasonal_paths(rng, first, n_steps, scale)
    rows = np.flatnonzero((second == 7 * first) & (first > 1))
    rows = rows[rng.random(len(rows)) < 0.6]
    if len(rows):
        day = np.arange(n_steps) // first[rows, None] + rng.integers(0, 7, (len(rows), 1))
        is_other = day % 7 < rng.integers(1, 4, (len(rows), 1))
        other = seasonal_paths(rng, first[rows], n_steps, scale[rows])
        share = uniform(rng, len(rows), 0.1, 1)
        mixed = (1 - share) * paths[rows] + share * other
        mixed = mixed + normals(rng, len(rows), 1) * chance(rng, len(rows), 0.7)
        paths[rows] = np.where(is_other, mixed, paths[rows])
    return paths


def _patterns(rng, seasons):
    """Return a value for each phase of each season, shape (n, longest season)."""
    n, longest = len(seasons), int(seasons.max())
    phases = np.arange(longest, dtype=np.float32)
    share = phases / seasons[:, None]
    waves = np.zeros((n, longest), np.float32)
    falling = uniform(rng, n, 0.3, 2)
    for k in range(1, 7):
        size = normals(rng, n, 1) * k**-falling * (2 * k <= seasons[:, None])
        waves += size * np.cos(2 * np.pi * k * share + uniform(rng, n, 0, 2 * np.pi))
    values = normals(rng, n, longest)
    heavy = values * np.abs(values) ** uniform(rng, n, 0, 1.5)
    start = rng.random((n, 1))
    width = uniform(rng, n, 0.05, 0.5)
    block = ((share - start) % 1 < width) * np.sign(normals(rng, n, 1))
    spike = np.exp(-0.5 * (((share - start + 0.5) % 1 - 0.5) / (width / 6)) ** 2)
    kinds = choose(rng, n, [4, 3, 1.5, 1])[:, None]
    pattern = np.choose(kinds, [waves, heavy, block, spike * np.sign(normals(rng, n, 1))])
    rough = uniform(rng, n, 0, 0.5) * chance(rng, n, 0.5)
    return (_of_spread_one(pattern, share) + rough * values).astype(np.float32)


def _of_spread_one(pattern, share):
    within = share < 1
    n_within = within.sum(axis=1, keepdims=True)
    pattern = pattern - (pattern * within).sum(axis=1, keepdims=True) / n_within
    spread = np.sqrt((pattern**2 * within).sum(axis=1, keepdims=True) / n_within)
    return pattern / np.where(spread > 1e-6, spread, 1)
