"""Noise, cycles that are no season, and what goes wrong in measured series."""

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
)

__all__ = ["cycles", "noise", "outliers", "rounded", "turned", "with_gaps"]


def noise(rng: Generator, n: int, n_steps: int, scale: NDArray) -> NDArray:
    """Return noise in units of its spread: white, heavy-tailed, autoregressive, uneven.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n, n_steps : int
        Number of series and of their steps.
    scale : ndarray of shape (n, 1)
        Number of steps over which the size of uneven noise changes.

    Returns
    -------
    paths : ndarray of shape (n, n_steps)
    """
    shocks = normals(rng, n_steps, n)
    heavy = np.flatnonzero(rng.random(n) < 0.25)
    shocks[:, heavy] *= np.sqrt(3 / rng.chisquare(3, (n_steps, len(heavy))))
    kept = rng.uniform(-0.5, 0.95, n) * (rng.random(n) < 0.35)
    # Some return to their level only after many steps, as what the weather does.
    lasts = np.exp(-1 / log_uniform(rng, n, 1, np.maximum(scale / 2, 2)))[:, 0]
    kept = np.where(rng.random(n) < 0.25, lasts, kept)
    before = rng.uniform(-0.8, 0.5, n) * (rng.random(n) < 0.2)
    shocks[1:] += before * shocks[:-1]
    for t in range(1, n_steps):
        shocks[t] += kept * shocks[t - 1]
    paths = np.ascontiguousarray(shocks.T)
    uneven = np.flatnonzero(rng.random(n) < 0.2)
    if len(uneven):
        wander = smooth_paths(rng, len(uneven), n_steps, scale[uneven])
        paths[uneven] *= np.exp(log_uniform(rng, len(uneven), 0.2, 1) * wander)
    return in_units_of_spread(paths)


def cycles(rng: Generator, n: int, n_steps: int) -> NDArray:
    """Return cycles without a fixed length, as of business or of predators and prey.

    They are autoregressive processes of second order with a mean period of 3 steps to a
    third of the series. Some are sharpened: steep rises and long low spells.
    """
    period = log_uniform(rng, n, 3, max(n_steps / 3, 4))[:, 0]
    kept = 1 - log_uniform(rng, n, 0.003, 0.3)[:, 0]
    first = 2 * kept * np.cos(2 * np.pi / period)
    second = -(kept**2)
    warm_up = 60
    shocks = normals(rng, n_steps + warm_up, n)
    for t in range(2, n_steps + warm_up):
        shocks[t] += first * shocks[t - 1] + second * shocks[t - 2]
    paths = in_units_of_spread(shocks[warm_up:].T)
    sharp = log_uniform(rng, n, 0.2, 2) * chance(rng, n, 0.4)
    return in_units_of_spread(np.where(sharp > 0, np.exp(sharp * paths), paths))


def outliers(rng: Generator, values: NDArray) -> NDArray:
    """Return series of which some have single values, or a few in a row, far away."""
    n, n_steps = values.shape
    some = np.flatnonzero(rng.random(n) < 0.12)
    if not len(some):
        return values
    rate = log_uniform(rng, len(some), 0.5, 10) / n_steps
    hit = rng.random((len(some), n_steps)) < rate
    lasts = chance(rng, len(some), 0.2)
    hit[:, 1:] |= hit[:, :-1] & lasts
    size = log_uniform(rng, len(some), 1, 8) * values[some].std(axis=1, keepdims=True)
    values = values.copy()
    values[some] += hit * size * normals(rng, len(some), n_steps)
    return values


def turned(rng: Generator, values: NDArray) -> NDArray:
    """Return series of which some take another course from some step on.

    Their slope changes there, and some also shift. Short series, which are mostly of
    years or quarters, turn more often within their length than long ones.
    """
    n, n_steps = values.shape
    probability = 0.15 + 0.5 * np.exp(-n_steps / 60)
    some = np.flatnonzero(rng.random(n) < probability)
    if not len(some):
        return values
    turn = rng.integers(1, n_steps, (len(some), 1))
    after = np.maximum(np.arange(n_steps) - turn, 0)
    spread = values[some].std(axis=1, keepdims=True)
    scale = log_uniform(rng, len(some), 8, max(n_steps, 9))
    slope = normals(rng, len(some), 1) / scale * log_uniform(rng, len(some), 0.2, 2)
    shift = normals(rng, len(some), 1) * log_uniform(rng, len(some), 0.05, 0.5)
    shift = shift * chance(rng, len(some), 0.3)
    changed = values.copy()
    changed[some] += spread * (slope * after + shift * (after > 0))
    lowest = values[some].min(axis=1, keepdims=True)
    # What was positive stays so.
    positive = np.maximum(changed[some], 0.2 * lowest)
    changed[some] = np.where(lowest > 0, positive, changed[some])
    return changed


def rounded(rng: Generator, values: NDArray) -> NDArray:
    """Return series of which some are rounded to few digits, or not below zero."""
    n, _ = values.shape
    spread = values.std(axis=1, keepdims=True)
    grain = spread * log_uniform(rng, n, 0.02, 1)
    coarse = np.round(values / np.where(grain > 0, grain, 1)) * grain
    values = np.where(chance(rng, n, 0.12) & (grain > 0), coarse, values)
    return np.where(chance(rng, n, 0.03), np.maximum(values, 0), values)


def with_gaps(rng: Generator, values: NDArray) -> NDArray:
    """Return series of which some have NaN at single steps or over some spells."""
    n, n_steps = values.shape
    kinds = choose(rng, n, [8, 1, 1])[:, None]
    share = log_uniform(rng, n, 0.005, 0.2)
    single = rng.random((n, n_steps)) < share
    length = log_uniform(rng, n, 2, max(n_steps / 8, 3))
    spells = smooth_paths(rng, n, n_steps, length) < -1.5
    unknown = np.where(kinds == 1, single, spells & (kinds == 2))
    return np.where(unknown, np.float32(np.nan), values)
