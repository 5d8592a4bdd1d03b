"""Intervals from errors: how wide they are, and how they grow."""

import numpy as np
import pytest
from scipy import stats

from skforecast_lstm.forecasting._conformal import Errors


@pytest.fixture
def normal(rng):
    """Errors of 5,000 origins, twice as large two steps ahead, one target ten times."""
    errors = rng.normal(size=(5000, 2, 2)) * np.array([1, 2])[:, None]
    return errors * np.array([1, 10])


def distance_of(errors, level, n_steps):
    """Return how far a quantile is where all windows vary by one."""
    found = Errors.of(errors, np.ones(errors[:, 0].shape))
    return found.distance(level, n_steps) * np.maximum(1.0, found.least_spread)


@pytest.mark.parametrize("level", [0.025, 0.1, 0.5, 0.9, 0.975])
def test_of_normal_errors_the_quantiles_are_normal(normal, level):
    distance = distance_of(normal, level, n_steps=2)
    expected = stats.norm.ppf(level) * np.array([[1, 10], [2, 20]])
    np.testing.assert_allclose(distance, expected, rtol=0.05, atol=1e-12)


def test_few_origins_make_intervals_wider(normal):
    many = distance_of(np.tile(normal[:4], (100, 1, 1)), 0.9, n_steps=1)
    few = distance_of(normal[:4], 0.9, n_steps=1)
    assert (few > many).all()


def test_a_later_step_is_never_surer(rng):
    errors = rng.normal(size=(50, 3, 1)) * np.array([1.0, 3.0, 0.1])[:, None]
    distance = distance_of(errors, 0.9, n_steps=3)
    assert (np.diff(distance, axis=0) >= 0).all()


def test_beyond_what_was_tried_errors_grow_like_a_random_walk(normal):
    distance = distance_of(normal, 0.9, n_steps=8)
    np.testing.assert_allclose(distance[7], 2 * distance[1])


@pytest.mark.parametrize("share_of_flat", [0.05, 0.5, 0.9])
def test_flat_windows_among_lively_ones_widen_nothing(rng, share_of_flat):
    """Errors of the size of the data, whether or not their window shows any of it."""
    errors = rng.normal(size=(1000, 2, 1))
    is_flat = rng.random(1000) < share_of_flat
    spread = np.where(is_flat, 1e-3, 1.0).reshape(-1, 1)
    found = Errors.of(errors, spread)
    for one in (1e-3, 1.0):
        width = found.distance(0.9, n_steps=2) * np.maximum(one, found.least_spread)
        assert (width < 6 * stats.norm.ppf(0.9)).all()
        assert (width > 0.2 * stats.norm.ppf(0.9)).all()
