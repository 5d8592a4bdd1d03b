"""The sign that errors have grown: how often it is right, and how often it is false."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm.forecasting._drift import Monitor

from .naive import naive


def flags(rng, factor, n_steps=4, n_rows=200):
    """Return the signs after each row, of errors that depend on each other in time."""
    noise = rng.normal(size=300 + n_rows)
    noise[200:] *= factor
    # Each path of errors is a sum of steps, as of a random walk.
    walk = np.append(0, noise.cumsum())
    steps = np.arange(1, n_steps + 1)
    starts = np.arange(len(walk) - n_steps)
    sizes = np.abs(walk[starts[:, None] + steps] - walk[starts, None]) / np.sqrt(steps)
    monitor = Monitor(sizes[:100].mean(axis=1), 1, n_steps)
    said = []
    for row in range(200, 200 + n_rows):
        now = sizes[row - steps + 1, steps - 1].mean()
        monitor.see(1, now, {0.8: 1.0})
        said.append(monitor.drift().refit)
    return said


def test_false_alarms_are_rare():
    every = [flags(np.random.default_rng(seed), 1.0) for seed in range(60)]
    alarms = np.array([[one is True for one in said] for said in every])
    assert alarms.mean() < 0.005
    assert alarms.any(axis=1).mean() <= 0.1


def test_errors_that_are_twice_as_large_are_found():
    every = [flags(np.random.default_rng(seed), 2.0) for seed in range(30)]
    found = [any(one is True for one in said) for said in every]
    assert np.mean(found) > 0.9
    assert all(said[10] is None for said in every)


def test_a_forecaster_says_when_its_errors_have_grown():
    spreads = np.where(np.arange(500) < 300, 1.0, 4.0)
    season = 10 * np.sin(np.pi * np.arange(500) / 6)
    y = pd.Series(season + np.random.default_rng(0).normal(size=500) * spreads)
    forecaster = naive(intervals="adaptive").fit(y[:200], fh=[1, 2])
    assert forecaster.check_drift().refit is None
    assert "0 of 50 rows" in str(forecaster.check_drift())
    said = {}
    for start in range(200, 500, 2):
        forecaster.update(y[start : start + 2], update_params=False)
        said[start + 2] = forecaster.check_drift()
    assert said[290].refit is False
    assert str(said[290]).startswith("No need to refit")
    assert said[290].ratio == pytest.approx(1.0, abs=0.3)
    assert said[500].refit is True
    assert "Refit: the errors at the last" in str(said[500])
    # The widths have followed.
    assert said[500].coverage[0.8] == pytest.approx(0.8, abs=0.15)


def updated(y, n_fit):
    """Return a forecaster that got all further rows, two at a time."""
    forecaster = naive(intervals="adaptive").fit(y[:n_fit], fh=[1, 2])
    for start in range(n_fit, len(y), 2):
        forecaster.update(y[start : start + 2], update_params=False)
    return forecaster


def test_rows_without_values_do_not_count(rng):
    noise = rng.normal(size=360) * np.where(np.arange(360) < 240, 1.0, 8.0)
    y = pd.Series(10 * np.sin(np.pi * np.arange(360) / 6) + noise)
    y[330:332] = np.nan
    drift = updated(y, 200).check_drift()
    assert drift.refit is True
    assert np.isfinite([drift.ratio, drift.usual, *drift.coverage.values()]).all()


def test_a_constant_series_has_drifted_when_it_begins_to_vary(rng):
    y = pd.Series(np.full(300, 5.0))
    drift = updated(y, 200).check_drift()
    assert (drift.refit, drift.ratio) == (False, pytest.approx(1.0))
    y[240:] += rng.normal(size=60) * 1e6
    assert updated(y, 200).check_drift().refit is True


def test_without_adaptive_intervals_nothing_is_measured():
    forecaster = naive().fit(pd.Series(np.arange(100.0)), fh=[1])
    with pytest.raises(ValueError, match="only with intervals="):
        forecaster.check_drift()
