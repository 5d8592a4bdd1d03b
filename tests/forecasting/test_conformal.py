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


@pytest.mark.parametrize("n_origins", [1, 2, 5, 18, 40])
def test_what_so_few_origins_do_not_tell_goes_on_as_normal_errors_do(rng, n_origins):
    errors = rng.normal(size=(n_origins, 3, 1))
    coverages = np.array([0.5, 0.8, 0.9, 0.95, 0.99, 0.9998])
    widths = np.array(
        [distance_of(errors, 0.5 + one / 2, n_steps=3)[0, 0] for one in coverages]
    )
    is_beyond = coverages > n_origins / (n_origins + 1)
    assert (np.diff(widths)[is_beyond[1:]] > 0).all()
    beyond = widths[is_beyond] / stats.norm.ppf(0.5 + coverages[is_beyond] / 2)
    np.testing.assert_allclose(beyond, beyond[-1] if len(beyond) else 0)
    # There is no step where it begins.
    at = 0.5 + n_origins / (n_origins + 1) / 2
    just_below, just_above = (
        distance_of(errors, at + little, n_steps=3)[0, 0] for little in (-1e-6, 1e-6)
    )
    assert just_above == pytest.approx(just_below, rel=1e-3)


def test_errors_of_which_some_are_unknown_count_where_they_are_known(normal):
    some = normal[:300].copy()
    some[::2, 1] = np.nan
    some[1::3, :, 0] = np.nan
    found = Errors.of(some, np.ones((300, 2)))
    for target in (0, 1):
        scale = np.sqrt(np.nanmean(some[:, :, target] ** 2))
        scaled = some[:, :, target] / max(1.0, 0.5 * max(1.0, scale))
        by_step = np.sqrt(np.nanmean(scaled**2, axis=0))
        np.testing.assert_allclose(found.by_step[:, target], by_step)
        sizes = np.abs(scaled / by_step)
        sizes = sizes[~np.isnan(sizes)]
        coverage = 0.8 * (1 + 2 / len(sizes))
        expected = by_step * np.quantile(sizes, coverage)
        np.testing.assert_allclose(found.distance(0.9, 2)[:, target], expected)
