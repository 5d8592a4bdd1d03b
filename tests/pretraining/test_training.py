"""Training: the loss falls, and resuming goes on exactly."""

import numpy as np
import pytest

from skforecast_lstm.networks.pretrained import LEVELS
from skforecast_lstm.pretraining.loss import quantile_loss
from skforecast_lstm.pretraining.training import (
    Plan,
    first_state,
    load,
    save,
    tasks_of_round,
    train,
)


def assert_same(first, second):
    assert first.round == second.round
    for one, other in zip(
        [*first.weights, *first.averaged, *first.optimizer],
        [*second.weights, *second.averaged, *second.optimizer],
        strict=True,
    ):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_resuming_equals_training_without_a_pause(small, tmp_path):
    whole = train(first_state(small), small)
    part = train(first_state(small), small, minutes=0)
    assert part.round == 1
    save(tmp_path / "checkpoint.npz", part, small)
    state, plan = load(tmp_path / "checkpoint.npz")
    assert plan == small
    assert_same(state, part)
    assert_same(train(state, plan), whole)


def test_the_loss_falls_on_tasks_seen_again(small):
    plan = small._replace(n_batches=60, learning_rate=5e-3)
    same = tasks_of_round(plan, 0)
    losses = []
    train(
        first_state(plan),
        plan,
        source=lambda plan, number: same,
        after_round=lambda state, report: losses.append(report["loss"]),
    )
    assert len(losses) == 30
    assert losses[-1] < 0.8 * losses[0]


def test_training_can_start_from_weights(small):
    other = first_state(small._replace(seed=5))
    assert_same(first_state(small, other.weights), other)


def test_the_learning_rate_rises_and_falls():
    plan = Plan(n_batches=1000, warm_up=10, learning_rate=1.0)
    rates = [plan.rate(batch) for batch in range(1000)]
    assert np.argmax(rates) == 9
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.01, abs=1e-4)


def test_the_loss_is_that_of_a_slow_computation(rng):
    windows = rng.normal(size=(3, 20)).astype("float32").cumsum(axis=1)
    windows[0, :6] = np.nan
    targets = rng.normal(size=(3, 5)).astype("float32")
    targets[1, 2:] = np.nan
    seasons = np.array([[1, 1], [4, 1], [7, 1]])
    quantiles = np.sort(rng.normal(size=(3, 5, len(LEVELS)))).astype("float32")
    weights = np.where(np.array(LEVELS) == 0.5, 3, 1)
    expected = []
    for window, (season, _), target, forecast in zip(
        windows, seasons, targets, quantiles, strict=True
    ):
        unit, farther = (
            np.nanmean(np.abs(window[lag:] - window[:-lag])) for lag in (season, 1)
        )
        unit = np.sqrt(unit * max(unit, farther))
        losses = [
            2 * weight * max(level * (y - q), (level - 1) * (y - q)) / unit
            for y, row in zip(target, forecast, strict=True)
            if np.isfinite(y)
            for level, weight, q in zip(LEVELS, weights, row, strict=True)
        ]
        expected.append(np.sum(losses) / weights.sum() / np.isfinite(target).sum())
    loss = float(quantile_loss(windows, seasons, targets, quantiles))
    assert loss == pytest.approx(np.mean(expected), rel=1e-5)
