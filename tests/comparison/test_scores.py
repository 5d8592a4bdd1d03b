"""Scores of many series are those of sktime's metrics for each."""

import numpy as np
import pandas as pd
import pytest
from sktime.performance_metrics.forecasting import (
    MeanAbsolutePercentageError,
    MeanAbsoluteScaledError,
    MeanSquaredScaledError,
)
from sktime.performance_metrics.forecasting.probabilistic import PinballLoss

from skforecast_lstm._series import ManySeries
from skforecast_lstm.comparison.scores import (
    interval_scores,
    naive_errors,
    point_scores,
    quantile_scores,
)


@pytest.fixture
def actual(rng):
    values = 5 + rng.normal(size=(12, 1))
    values[8:] = 0.0
    return ManySeries(values, np.array([0, 4, 8, 12]), list("abc"))


@pytest.mark.parametrize("season_length", [1, 3])
def test_scores_are_those_of_sktime(actual, train, rng, season_length):
    forecast = np.append(rng.normal(size=8), np.zeros(4))
    scores = point_scores(actual, forecast, naive_errors(train, season_length))
    metrics = {
        "MASE": MeanAbsoluteScaledError(sp=season_length),
        "RMSSE": MeanSquaredScaledError(sp=season_length, square_root=True),
        "sMAPE": MeanAbsolutePercentageError(symmetric=True),
    }
    assert list(scores) == list(metrics)
    for metric, measure in metrics.items():
        expected = [
            measure(
                actual.values[actual.row_slice(number), 0],
                forecast[actual.row_slice(number)],
                y_train=train.values[train.row_slice(number), 0],
            )
            for number in range(3)
        ]
        np.testing.assert_allclose(scores[metric], expected, rtol=1e-12)


@pytest.fixture
def train(rng):
    offsets = np.array([0, 10, 31, 36])
    return ManySeries(rng.normal(size=(36, 1)), offsets, list("abc"))


def naive_error(train, number, season_length):
    values = train.values[train.row_slice(number), 0]
    return np.mean(np.abs(values[season_length:] - values[:-season_length]))


def test_intervals_contain_their_bounds(actual, train):
    values = actual.values[:, 0]
    lower, upper = values.copy(), values + 2
    upper[:2] = values[:2] - 1
    scores = interval_scores(actual, lower, upper, naive_errors(train, 3), 0.8)
    np.testing.assert_array_equal(scores["coverage"], [0.5, 1, 1])
    np.testing.assert_allclose(scores["width"], [0.5, 2, 2])


@pytest.mark.parametrize("season_length", [1, 3])
def test_interval_score_of_each_value_by_hand(actual, train, rng, season_length):
    lower = 5 + rng.normal(size=12)
    upper = lower + rng.random(12)
    naive = naive_errors(train, season_length)
    scores = interval_scores(actual, lower, upper, naive, 0.9)
    for number in range(3):
        by_hand = []
        rows = range(*actual.row_slice(number).indices(12))
        for row in rows:
            value, score = actual.values[row, 0], upper[row] - lower[row]
            if value < lower[row]:
                score += 2 / 0.1 * (lower[row] - value)
            if value > upper[row]:
                score += 2 / 0.1 * (value - upper[row])
            by_hand.append(score)
        expected = np.mean(by_hand) / naive_error(train, number, season_length)
        assert scores["MSIS"][number] == pytest.approx(expected, rel=1e-12)


def test_quantile_losses_are_twice_those_of_sktime(actual, train, rng):
    levels = [0.025, 0.1, 0.5, 0.9, 0.975]
    quantiles = {level: 5 + level + rng.normal(size=12) for level in levels}
    scores = quantile_scores(actual, quantiles, naive_errors(train, 3))
    for number in range(3):
        rows = actual.row_slice(number)
        values = actual.values[rows, 0]
        forecast = pd.DataFrame({("y", of): quantiles[of][rows] for of in levels})
        loss = 2 * PinballLoss()(pd.Series(values), forecast)
        scaled = loss / naive_error(train, number, 3)
        assert scores["SQL"][number] == pytest.approx(scaled, rel=1e-12)
        if number < 2:
            weighted = loss / np.mean(np.abs(values))
            assert scores["WQL"][number] == pytest.approx(weighted, rel=1e-12)
    assert np.isnan(scores["WQL"][2])


def test_the_quantile_loss_of_a_certain_forecast_is_its_mase(actual, train, rng):
    forecast = rng.normal(size=12)
    certain = dict.fromkeys([0.1, 0.5, 0.9], forecast)
    naive = naive_errors(train, 3)
    mase = point_scores(actual, forecast, naive)["MASE"]
    np.testing.assert_allclose(quantile_scores(actual, certain, naive)["SQL"], mase)


def test_many_quantiles_come_near_the_crps_of_a_normal_distribution(train, rng):
    from scipy.stats import norm

    values = rng.normal(size=(30, 1))
    actual = ManySeries(values, np.array([0, 10, 20, 30]), list("abc"))
    levels = (np.arange(1000) + 0.5) / 1000
    quantiles = {level: np.full(30, norm.ppf(level)) for level in levels}
    crps = values[:, 0] * (2 * norm.cdf(values[:, 0]) - 1)
    crps += 2 * norm.pdf(values[:, 0]) - 1 / np.sqrt(np.pi)
    expected = [
        crps[10 * number : 10 * number + 10].mean() / naive_error(train, number, 1)
        for number in range(3)
    ]
    found = quantile_scores(actual, quantiles, naive_errors(train, 1))["SQL"]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
