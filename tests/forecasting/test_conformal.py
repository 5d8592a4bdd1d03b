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


@pytest.mark.parametrize("level", [0.025, 0.1, 0.5, 0.9, 0.975])
def test_of_normal_errors_the_quantiles_are_normal(normal, level):
    distance = Errors.of(normal).distance(level, n_steps=2)
    expected = stats.norm.ppf(level) * np.array([[1, 10], [2, 20]])
    np.testing.assert_allclose(distance, expected, rtol=0.05, atol=1e-12)


def test_few_origins_make_intervals_wider(normal):
    many = Errors.of(np.tile(normal[:4], (100, 1, 1))).distance(0.9, n_steps=1)
    few = Errors.of(normal[:4]).distance(0.9, n_steps=1)
    assert (few > many).all()


def test_a_later_step_is_never_surer(rng):
    errors = rng.normal(size=(50, 3, 1)) * np.array([1.0, 3.0, 0.1])[:, None]
    distance = Errors.of(errors).distance(0.9, n_steps=3)
    assert (np.diff(distance, axis=0) >= 0).all()


def test_beyond_what_was_tried_errors_grow_like_a_random_walk(normal):
    distance = Errors.of(normal).distance(0.9, n_steps=8)
    np.testing.assert_allclose(distance[7], 2 * distance[1])
