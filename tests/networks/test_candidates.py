"""Candidate forecasts, compared with slow computations of one series at a time."""

from functools import partial

import jax
import numpy as np
import pytest

from skforecast_lstm.networks.adjusted import fill_unknown, lagged, seasonal_patterns
from skforecast_lstm.networks.candidates import (
    CANDIDATES,
    adjust,
    candidate_forecasts,
)
from skforecast_lstm.networks.described import DescribeWindows

HORIZON = 10

described = jax.jit(DescribeWindows(HORIZON))


@partial(jax.jit, static_argnums=3)
def candidates_of(values, first, seasons, horizon):
    return candidate_forecasts(adjust(values, first, seasons, horizon))


def columns(*numbers):
    return np.array(numbers, np.int32)[:, None]


def forecasts(series, seasons=(1, 1), n_steps=64):
    """Return the candidates of one series, by name."""
    window = np.zeros((1, n_steps), np.float32)
    window[0, n_steps - len(series) :] = series
    first = columns(n_steps - len(series))
    found = candidates_of(window, first, np.array([seasons], np.int32), HORIZON)
    found = np.asarray(found)[0]
    return dict(zip(CANDIDATES, found.T, strict=True))


def test_lagged_values_are_those_some_steps_before():
    values = np.arange(10.0, dtype="float32").reshape(2, 5)
    expected = [[0, 0, 1, 2, 3], [5, 5, 5, 6, 7]]
    np.testing.assert_array_equal(
        np.asarray(lagged(values, columns(1, 2)))[:, :], expected
    )


def test_unknown_steps_have_the_value_of_a_season_before_or_the_last_one():
    values = np.array([[0, 1, 2, 3, 0, 0, 6, 0]], np.float32)
    known = np.array([[False, True, True, True, False, True, True, False]])
    filled = np.asarray(fill_unknown(values, known, columns(3)))
    np.testing.assert_array_equal(filled, [[0, 1, 2, 3, 1, 0, 6, 6]])


@pytest.mark.parametrize("season", [4, 7, 12])
def test_a_season_on_a_line_is_found_exactly(season, rng):
    steps = np.arange(60)
    pattern = rng.normal(size=season)
    pattern -= pattern.mean()
    series = (3 + 0.5 * steps + pattern[steps % season]).astype("float32")
    within, ahead = seasonal_patterns(series[None], columns(0), columns(season), 20)
    np.testing.assert_allclose(within[0], pattern[steps % season], atol=1e-3)
    after = pattern[np.arange(60, 80) % season]
    np.testing.assert_allclose(ahead[0], after, atol=1e-3)


def test_noise_has_hardly_any_season(rng):
    noise = rng.normal(size=(300, 48)).astype("float32")
    first = columns(*[0] * 300)
    within, _ = seasonal_patterns(noise, first, columns(*[12] * 300), 5)
    assert np.asarray(within).std() < 0.35


def test_smoothing_is_a_mean_with_fading_weights(rng):
    series = rng.normal(size=30)
    found = forecasts(series)
    for name, kept in (("smoothed_fast", 0.5), ("smoothed", 0.8)):
        weights = kept ** np.arange(30)[::-1]
        expected = np.average(series, weights=weights)
        np.testing.assert_allclose(found[name], expected, atol=1e-5)


def test_candidates_that_go_on_along_lines_find_lines():
    series = 5 + 2 * np.arange(40.0)
    ahead = 5 + 2 * np.arange(40, 50)
    found = forecasts(series)
    np.testing.assert_allclose(found["drift"], ahead, rtol=1e-5)
    np.testing.assert_allclose(found["line"], ahead, rtol=5e-3)
    half_as_steep = found["theta"][1:] - found["theta"][:-1]
    np.testing.assert_allclose(half_as_steep, 1, rtol=5e-3)


def test_seasonal_naive_takes_the_last_season_again_and_again(rng):
    series = rng.normal(size=30).astype("float32")
    found = forecasts(series, seasons=(4, 7))
    ahead = np.arange(HORIZON)
    np.testing.assert_array_equal(found["season_ago"], series[-4:][ahead % 4])
    np.testing.assert_array_equal(found["second_season_ago"], series[-7:][ahead % 7])
    means = series[-21:].reshape(3, 7).mean(axis=0)[ahead % 7]
    np.testing.assert_allclose(found["mean_of_second_seasons"], means, rtol=1e-5)


def test_a_series_shorter_than_its_season_keeps_its_last_value():
    found = forecasts(np.array([1.0, 4.0, 2.0]), seasons=(12, 1))
    # Nine steps ahead, a season before is before the series; ten ahead it is its start.
    np.testing.assert_array_equal(found["season_ago"], [2] * 9 + [1])
    np.testing.assert_array_equal(found["plain_last"], 2)


@pytest.fixture
def windows(rng):
    windows = rng.normal(size=(6, 48)).astype("float32").cumsum(axis=1) + 30
    windows[0, :20] = np.nan
    windows[1, 30:33] = np.nan
    windows[2] *= -1
    return windows


SEASONS = np.array([[1, 1], [4, 1], [12, 1], [7, 14], [1, 1], [100, 1]], np.int32)


def test_steps_before_the_series_change_nothing(windows):
    longer = np.concatenate([np.full((6, 16), np.nan, np.float32), windows], axis=1)
    short, long = described(windows, SEASONS), described(longer, SEASONS)
    for one, other in zip(short[1:], long[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(short[0], np.asarray(long[0])[:, 16:], atol=2e-3)


def test_the_description_is_the_same_in_other_units(windows):
    for one, other in zip(
        described(windows, SEASONS)[:-2],
        described(1000 * windows, SEASONS)[:-2],
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("value", [np.nan, 0, 5, -1e9])
def test_the_description_of_constant_or_unknown_windows_is_finite(value):
    windows = np.full((6, 48), value, np.float32)
    windows[1, :-1] = np.nan
    for part in described(windows, SEASONS):
        assert np.isfinite(np.asarray(part)).all()


def test_far_from_zero_a_logarithm_is_as_good_as_a_line(rng):
    # Relative to the level, the series hardly moves, so that its logarithm is straight.
    windows = 1e5 + rng.normal(size=(20, 64)).cumsum(axis=1)
    seasons = np.ones((20, 2), dtype="int32")
    candidates = np.asarray(DescribeWindows(12)(windows.astype("float32"), seasons)[1])
    of_logarithm = candidates[..., len(CANDIDATES) :]
    # An autoregression, as a seasonal pattern, takes changes of a millionth for noise.
    places = [
        place
        for place, name in enumerate(CANDIDATES[: of_logarithm.shape[-1]])
        if "autoregression" not in name
    ]
    assert len(places) > 10
    np.testing.assert_allclose(
        of_logarithm[..., places], candidates[..., places], atol=3e-3
    )


def test_errors_in_trials_are_small_where_a_candidate_is_right():
    line = np.tile(np.arange(48, dtype=np.float32) + 100, (6, 1))
    _, _, _, _, _, errors, _, _ = described(line, SEASONS)
    mean = np.asarray(errors)[0].mean(axis=0)
    of_drift = mean[CANDIDATES.index("drift")]
    assert of_drift == mean.min()
    assert mean[CANDIDATES.index("plain_mean")] > of_drift + 1
