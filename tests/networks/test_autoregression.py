"""Autoregressions, compared with slow ridge regressions of one series at a time."""

import jax
import numpy as np
import pytest

from skforecast_lstm.networks.autoregression import autoregressions

HORIZON, N_STEPS, ORDER = 15, 64, 12

computed = jax.jit(autoregressions, static_argnums=2)


def forecasts(*series):
    """Return the cautious and the loose forecast of each series."""
    windows = np.zeros((len(series), N_STEPS), np.float32)
    first = np.array([[N_STEPS - len(one)] for one in series], np.int32)
    for window, one in zip(windows, series, strict=True):
        window[N_STEPS - len(one) :] = one
    return np.stack(computed(windows, first, HORIZON), axis=1)


def slow_forecast(series, deviation):
    distance = series - series.mean()
    changes = np.diff(distance, prepend=distance[0])
    size = np.sqrt((changes[1:] ** 2).mean())
    spread = distance.std()
    rows = []
    for step in range(1, len(series)):
        past = [changes[step - lag] if step >= lag else 0 for lag in range(1, ORDER + 1)]
        rows.append([1, distance[step - 1] / spread, *np.array(past) / size])
    rows = np.array(rows)
    lags = np.arange(1, ORDER + 1)
    ridge = np.diag([4, 4, *(lags / deviation) ** 2])
    found = np.linalg.solve(rows.T @ rows + ridge, rows.T @ changes[1:] / size)
    path, moves = [distance[-1]], list(changes[::-1][:ORDER] / size)
    moves += [0] * (ORDER - len(moves))
    room = np.ptp(distance)
    for _ in range(HORIZON):
        move = found @ [1, path[-1] / spread, *moves[:ORDER]]
        moved = path[-1] + move * size
        path.append(np.clip(moved, distance.min() - room, distance.max() + room))
        moves.insert(0, move)
    return series.mean() + np.array(path[1:])


@pytest.mark.parametrize("n_steps", [5, 20, 64])
def test_it_is_ridge_regression_on_past_changes(n_steps, rng):
    series = rng.normal(size=n_steps).cumsum() + 5
    found = forecasts(series)[0]
    for forecast, deviation in zip(found, (0.25, 1.0), strict=True):
        expected = slow_forecast(series, deviation)
        np.testing.assert_allclose(forecast, expected, rtol=1e-3, atol=1e-3)


def test_a_cycle_without_a_season_goes_on():
    steps = np.arange(N_STEPS + HORIZON)
    cycle = np.sin(2 * np.pi * steps / 9.7)
    _, loose = forecasts(cycle[:N_STEPS])[0]
    assert np.abs(loose - cycle[N_STEPS:]).mean() < 0.25


def test_what_swings_more_and_more_stays_within_bounds():
    growing = 1.3 ** np.arange(40) * np.cos(np.pi * np.arange(40))
    found = forecasts(growing)[0]
    assert np.abs(found).max() <= 2.01 * np.ptp(growing)


@pytest.mark.parametrize("series", [[3.0], [3.0, 3.0, 3.0], [1.0, 2.0]])
def test_little_to_learn_from_is_no_problem(series):
    found = forecasts(np.array(series))
    assert np.isfinite(found).all()
    if np.ptp(series) == 0:
        np.testing.assert_allclose(found, series[0], atol=1e-4)
