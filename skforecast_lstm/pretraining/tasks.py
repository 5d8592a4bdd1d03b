"""Tasks to train on: windows of series, what the network is told, and what comes next."""

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from skforecast_lstm.pretraining.draws import chance, choose, log_uniform
from skforecast_lstm.pretraining.generator import SyntheticSeries, synthetic_series
from skforecast_lstm.pretraining.noise import with_gaps

__all__ = ["Shape", "Tasks", "cut_tasks", "synthetic_tasks"]

FEWEST_KNOWN = 8


class Shape(NamedTuple):
    """Shape of a task.

    Parameters
    ----------
    n_steps : int
        Number of steps of a window.
    horizon : int
        Number of steps to forecast.
    shortest : int
        Fewest steps of a series in the window.
    """

    n_steps: int
    horizon: int
    shortest: int


class Tasks(NamedTuple):
    """A batch of tasks.

    Parameters
    ----------
    windows : ndarray of float32 of shape (n_tasks, n_steps)
        Windows, NaN where unknown.
    seasons : ndarray of int32 of shape (n_tasks, 2)
        Numbers of steps in the seasons that the network is told of.
    targets : ndarray of float32 of shape (n_tasks, horizon)
        Next values, NaN where unknown.
    """

    windows: NDArray[np.float32]
    seasons: NDArray[np.int32]
    targets: NDArray[np.float32]

    def part(self, rows: slice | NDArray) -> "Tasks":
        """Return some of the tasks."""
        return Tasks(self.windows[rows], self.seasons[rows], self.targets[rows])


def synthetic_tasks(n_tasks: int, shape: Shape, *, seed: Any) -> Tasks:
    """Return tasks on synthetic series.

    The windows of a call show about as many steps as the series were made for.

    Parameters
    ----------
    n_tasks : int
        Number of tasks.
    shape : Shape
        Shape of the tasks.
    seed : int, sequence of int or numpy.random.Generator
        Seed. One seed gives the same tasks each time.

    Returns
    -------
    tasks : Tasks
    """
    rng = np.random.default_rng(seed)
    # Some lengths for the whole batch, because a generator makes series of one length.
    n_groups = 4
    groups = []
    for number in range(n_groups):
        n_group = len(range(number, n_tasks, n_groups))
        length = int(log_uniform(rng, 1, shape.shortest, shape.n_steps)[0, 0].round())
        series = synthetic_series(n_group, length + shape.horizon, seed=rng)
        groups.append(cut_tasks(series, shape, length, rng=rng))
    tasks = Tasks(*map(np.concatenate, zip(*groups, strict=True)))
    order = rng.permutation(n_tasks)
    return tasks.part(order)


def cut_tasks(
    series: SyntheticSeries, shape: Shape, length: int, *, rng: Generator
) -> Tasks:
    """Return one task on each series: unknown steps, side of zero, seasons to tell.

    Parameters
    ----------
    series : SyntheticSeries
        Series of ``length + shape.horizon`` steps.
    shape : Shape
        Shape of the tasks.
    length : int
        Number of steps of each series in its window.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    tasks : Tasks
        A series that has nothing to learn from is replaced by another.
    """
    values = with_gaps(rng, series.values)
    values = np.where(chance(rng, len(values), 0.15), -values, values)
    shown, targets = values[:, :length], values[:, length:]
    windows = np.full((len(values), shape.n_steps), np.nan, np.float32)
    windows[:, shape.n_steps - length :] = shown
    seasons = _told(rng, series.seasons, length)
    return _usable(Tasks(windows, seasons, targets))


def _told(rng, seasons, length):
    """Return the seasons that the network is told of: sometimes none or wrong ones."""
    n = len(seasons)
    wrong = log_uniform(rng, n, 2, max(length / 2, 3))[:, 0].round()
    first, second = seasons.T
    kind = choose(rng, n, [0.84, 0.08, 0.06, 0.02])
    told = np.choose(kind, [first, np.ones(n), wrong, second])
    forgotten = (rng.random(n) < 0.1) | (kind == 3)
    also = np.where(forgotten, 1, second)
    also = np.where((second == 1) & (rng.random(n) < 0.04), wrong * 2, also)
    also = np.where(told == 1, 1, also)
    return np.stack([told, also], axis=1).astype(np.int32)


def _usable(tasks):
    """Replace tasks with too few values, with no movement or with an explosion."""
    windows, _, targets = tasks
    known = np.isfinite(windows)
    n_known = known.sum(axis=1)
    filled = np.where(known, windows, 0).astype(np.float64)
    mean = filled.sum(axis=1) / np.maximum(n_known, 1)
    distance = np.abs(filled - mean[:, None]) * known
    spread = distance.sum(axis=1) / np.maximum(n_known, 1)
    finite = np.isfinite(targets)
    ahead = np.abs(np.where(finite, targets, mean[:, None]) - mean[:, None]).max(axis=1)
    usable = (
        (n_known >= FEWEST_KNOWN)
        & (spread > 1e-5 * np.abs(mean))
        & (spread > 0)
        & finite.any(axis=1)
        & (ahead < 100 * spread)
        & ~np.isinf(windows).any(axis=1)
        & ~np.isinf(targets).any(axis=1)
    )
    if not usable.any():
        raise ValueError("None of these series can be learned from: all are constant.")
    rows = np.resize(np.flatnonzero(usable), len(usable))
    rows = np.where(usable, np.arange(len(usable)), rows)
    return tasks.part(rows)
