"""The generator: seeded, of the shape asked for, finite, and reading no file."""

import subprocess
import sys

import numpy as np
import pytest

from skforecast_lstm.pretraining import synthetic_series
from skforecast_lstm.pretraining.noise import turned
from skforecast_lstm.pretraining.processes import arima, counts, smoothing
from skforecast_lstm.pretraining.seasons import (
    paths_by_day,
    season_lengths,
    seasonal_paths,
)
from skforecast_lstm.pretraining.trends import trends


def test_one_seed_gives_the_same_series_and_another_gives_others():
    first, again, other = (synthetic_series(20, 50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.seasons, again.seasons)
    assert not np.array_equal(first.values, other.values)


@pytest.mark.parametrize("n_steps", [10, 100, 600])
def test_series_are_finite_and_of_the_shape_asked_for(n_steps):
    values, seasons = synthetic_series(500, n_steps, seed=0)
    assert values.shape == (500, n_steps)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert seasons.min() >= 1
    assert seasons.max() <= n_steps // 2


def test_most_series_are_positive_and_some_are_not():
    values, _ = synthetic_series(2000, 60, seed=0)
    share = (values > 0).all(axis=1).mean()
    assert 0.5 < share < 0.95


def test_the_generator_opens_no_file():
    code = """
import sys
import numpy as np
from skforecast_lstm.pretraining import synthetic_series
synthetic_series(2, 30)  # what is imported at first use is imported now

def forbid(event, arguments):
    if event in ("open", "socket.connect", "subprocess.Popen"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(forbid)
print(synthetic_series(300, 100, seed=5).values.shape)
try:
    open("/dev/null")
except RuntimeError:
    print("forbidden")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.split("\n")[:2] == ["(300, 100)", "forbidden"], run.stderr


def test_the_generator_needs_no_keras():
    code = (
        "import sys, skforecast_lstm.pretraining as p; p.synthetic_series(2, 20); "
        "print('keras' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr


def test_the_first_season_is_the_shorter_one(rng):
    first, second = season_lengths(rng, 2000, 200).T
    has_second = second > 1
    assert has_second.any()
    assert (second[has_second] > first[has_second]).all()


def test_seasonal_paths_repeat_where_they_do_not_change(rng):
    seasons = np.full(200, 7)
    paths = seasonal_paths(rng, seasons, 70, np.full((200, 1), 20.0))
    repeats = np.abs(paths[:, 7:] - paths[:, :-7]).max(axis=1) < 1e-4
    assert 0.3 < repeats.mean() < 0.8


def test_a_season_of_one_step_is_no_season(rng):
    paths = seasonal_paths(rng, np.array([1, 4]), 30, np.full((2, 1), 20.0))
    assert not paths[0].any()
    assert paths[1].any()


def test_some_days_of_a_week_have_another_pattern(rng):
    n, hours = 200, 24
    seasons = np.tile([hours, 7 * hours], (n, 1))
    paths = paths_by_day(rng, seasons, 2 * 7 * hours, np.full((n, 1), 20.0))
    days = paths.reshape(n, 14, hours)
    same_day = np.abs(days[:, :7] - days[:, 7:]).max(axis=(1, 2)) < 1e-4
    next_day = np.abs(days[:, 1:] - days[:, :-1]).max(axis=(1, 2)) < 1e-4
    # Both patterns of a series have to stay as they are for that.
    assert 0.08 < (same_day & ~next_day).mean() < 0.25
    without = paths_by_day(rng, np.tile([hours, 1], (n, 1)), 96, np.full((n, 1), 20.0))
    repeats = np.abs(without[:, hours:] - without[:, :-hours]).max(axis=1) < 1e-4
    assert repeats.mean() > 0.3


def test_some_series_take_another_course_from_some_step_on(rng):
    values = 5 + rng.random((2000, 20))
    changed = turned(rng, values)
    differs = changed != values
    assert 0.3 < differs.any(axis=1).mean() < 0.5
    # Once a series has turned, it stays on the other course.
    assert (np.diff(differs.astype(int), axis=1) >= 0).all()
    assert (changed > 0).all()
    long = 5 + rng.random((2000, 500))
    assert (turned(rng, long) != long).any(axis=1).mean() < 0.2


@pytest.mark.parametrize("process", [smoothing, arima, counts])
def test_processes_are_finite(process, rng):
    seasons = rng.choice([1, 4, 12], 300)
    values = process(rng, seasons, 80, np.full((300, 1), 30.0))
    assert values.shape == (300, 80)
    assert np.isfinite(values).all()
    assert (values.std(axis=1) > 0).mean() > 0.9


def test_counts_are_whole_numbers_not_below_zero(rng):
    values = counts(rng, np.full(100, 7), 80, np.full((100, 1), 30.0))
    np.testing.assert_array_equal(values, np.round(values))
    assert values.min() == 0


def test_trends_are_in_units_of_their_spread(rng):
    paths = trends(rng, 300, 90, np.full((300, 1), 30.0))
    moving = paths.std(axis=1) > 0
    assert moving.mean() > 0.9
    np.testing.assert_allclose(paths[moving].std(axis=1), 1, rtol=1e-3)
    np.testing.assert_allclose(paths.mean(axis=1), 0, atol=1e-3)
