"""Random numbers of the generator: one a series, and paths of one a step.

All arrays of the generator have a row for each series. A number for each series is a
column, so that it broadcasts over the steps.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = [
    "chance",
    "choose",
    "in_units_of_spread",
    "log_uniform",
    "normals",
    "smooth_paths",
    "uniform",
]


def uniform(rng: Generator, n: int, low: float, high: float) -> NDArray:
    """Return a column of numbers between two limits."""
    return rng.uniform(low, high, (n, 1)).astype(np.float32)


def log_uniform(rng: Generator, n: int, low: float, high) -> NDArray:
    """Return a column of numbers whose logarithm is uniform between two limits."""
    return np.exp(rng.uniform(np.log(low), np.log(high), (n, 1))).astype(np.float32)


def chance(rng: Generator, n: int, probability: float) -> NDArray:
    """Return a column that is True with a probability."""
    return rng.random((n, 1)) < probability


def choose(rng: Generator, n: int, weights) -> NDArray:
    """Return a flat array of numbers of choices, drawn by their weights."""
    weights = np.asarray(weights, float)
    return rng.choice(len(weights), n, p=weights / weights.sum())


def normals(rng: Generator, *shape: int) -> NDArray:
    """Return standard normal numbers in single precision."""
    return rng.standard_normal(shape, dtype=np.float32)


def in_units_of_spread(paths: NDArray) -> NDArray:
    """Return paths with mean zero and standard deviation one, or zero if constant."""
    paths = paths - paths.mean(axis=1, keepdims=True)
    spread = paths.std(axis=1, keepdims=True)
    return paths / np.where(spread > 1e-12, spread, 1)


def smooth_paths(rng: Generator, n: int, n_steps: int, scale: NDArray) -> NDArray:
    """Return smooth random paths that vary over a time scale: sums of random waves.

    They are draws of a Gaussian process with random features.
    """
    waves = 8
    t = np.arange(n_steps, dtype=np.float32)
    total = np.zeros((n, n_steps), np.float32)
    for _ in range(waves):
        frequency = normals(rng, n, 1) / scale
        total += np.cos(frequency * t + uniform(rng, n, 0, 2 * np.pi))
    return total * np.float32(np.sqrt(2 / waves))
