"""Scores of many series are those of sktime's metrics for each."""

import numpy as np
import pytest
from sktime.performance_metrics.forecasting import (
    MeanAbsolutePercentageError,
    MeanAbsoluteScaledError,
    MeanSquaredScaledError,
)

from skforecast_lstm._series import ManySeries
from skforecast_lstm.comparison.scores import coverages, point_scores, widths


@pytest.fixture
def actual(rng):
    values = 5 + rng.normal(size=(12, 1))
    values[8:] = 0.0
    return ManySeries(values, np.array([0, 4, 8, 12]), list("abc"))


@pytest.mark.parametrize("season_length", [1, 3])
def test_scores_are_those_of_sktime(actual, rng, season_length):
    offsets = np.array([0, 10, 31, 36])
    train = ManySeries(rng.normal(size=(36, 1)), offsets, list("abc"))
    forecast = np.append(rng.normal(size=8), np.zeros(4))
    scores = point_scores(actual, forecast, train, season_length)
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


def test_intervals_contain_their_bounds(actual):
    values = actual.values[:, 0]
    lower, upper = values.copy(), values + 2
    upper[:2] = values[:2] - 1
    np.testing.assert_array_equal(coverages(actual, lower, upper), [0.5, 1, 1])
    np.testing.assert_allclose(widths(actual, lower, upper), [0.5, 2, 2])
