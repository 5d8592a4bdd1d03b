"""Tasks: windows that end where the targets begin, always with something to learn."""

import numpy as np
import pytest

from skforecast_lstm.pretraining.generator import SyntheticSeries
from skforecast_lstm.pretraining.tasks import Shape, cut_tasks, synthetic_tasks

SHAPE = Shape(n_steps=64, horizon=12, shortest=16)


def test_tasks_depend_on_the_seed_only():
    first, again = (synthetic_tasks(30, SHAPE, seed=[3, 4]) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_tasks_can_be_learned_from():
    windows, seasons, targets = synthetic_tasks(1000, SHAPE, seed=1)
    assert windows.shape == (1000, 64)
    assert targets.shape == (1000, 12)
    n_known = np.isfinite(windows).sum(axis=1)
    assert n_known.min() >= 8
    assert n_known.max() <= 64
    assert np.isfinite(targets).any(axis=1).all()
    assert not np.isinf(windows).any()
    assert (np.nanstd(windows, axis=1) > 0).all()
    assert seasons.min() >= 1


def test_the_targets_follow_the_window(rng):
    lines = np.arange(32, dtype=np.float32) + 100 * np.arange(1, 41)[:, None]
    series = SyntheticSeries(lines, np.ones((40, 2), np.int32))
    windows, _, targets = cut_tasks(series, SHAPE, 20, rng=rng)
    known = np.isfinite(windows[:, -1]) & np.isfinite(targets[:, 0])
    steps = np.abs(targets[known, 0]) - np.abs(windows[known, -1])
    np.testing.assert_array_equal(steps, 1)
    assert np.isnan(windows[:, : 64 - 20]).all()


def test_series_without_movement_are_replaced(rng):
    values = np.ones((10, 32), np.float32)
    values[3] = np.arange(32)
    series = SyntheticSeries(values, np.ones((10, 2), np.int32))
    windows, _, _ = cut_tasks(series, SHAPE, 20, rng=rng)
    assert (np.nanstd(windows, axis=1) > 0).all()


def test_nothing_to_learn_from_is_an_error(rng):
    series = SyntheticSeries(np.ones((4, 32), np.float32), np.ones((4, 2), np.int32))
    with pytest.raises(ValueError, match="all are constant"):
        cut_tasks(series, SHAPE, 20, rng=rng)
