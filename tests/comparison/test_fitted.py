"""A compared forecaster is fitted on all rows, and can be saved."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm import compare, persistence

DAYS = pd.date_range("2026-01-05", periods=60)
NOISE = np.random.default_rng(0).normal(size=60)
WAVE = 50 + 9 * np.sin(np.arange(60) * 2 * np.pi / 7)
Y = pd.DataFrame({"load": WAVE + NOISE}, index=DAYS)


@pytest.fixture(scope="module")
def comparison():
    names = ["naive", "seasonal naive", "LSTM", "Theta"]
    return compare(Y, horizon=3, season_length=7, forecasters=names, n_windows=2)


@pytest.mark.parametrize("name", ["naive", "seasonal naive", "LSTM"])
def test_it_is_saved_and_forecasts_the_same(name, comparison, tmp_path):
    fitted = comparison.fitted(name)
    expected = comparison.forecast(forecaster=name)["forecast"]
    np.testing.assert_allclose(fitted.predict()["load"], expected)
    persistence.save(fitted, tmp_path / "winner.lstm")
    again = persistence.load(tmp_path / "winner.lstm")
    pd.testing.assert_frame_equal(again.predict(), fitted.predict())


def test_what_can_not_be_saved_is_named(comparison, tmp_path):
    with pytest.raises(TypeError, match=r"Theta.* of module 'sktime.*joblib"):
        persistence.save(comparison.fitted("Theta"), tmp_path / "winner.lstm")
    assert not list(tmp_path.iterdir())


def test_the_dataset_and_the_forecaster_are_known(comparison):
    with pytest.raises(ValueError, match="There is no forecaster 'Ridge'"):
        comparison.fitted("Ridge")
    with pytest.raises(ValueError, match=r"dataset must be one of .*, got 'other'"):
        comparison.fitted("naive", dataset="other")
    both = compare({"a": Y, "b": Y}, horizon=3, forecasters=["naive"], n_windows=2)
    with pytest.raises(ValueError, match="dataset must be one of 'a', 'b', got None"):
        both.fitted()
    assert len(both.fitted(dataset="b").predict()) == 3
