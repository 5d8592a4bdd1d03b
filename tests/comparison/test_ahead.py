"""The forecast of what comes next."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sktime.forecasting.theta import ThetaForecaster

from skforecast_lstm import compare

MONTHS = pd.period_range("2020-01", periods=48, freq="M")


@pytest.fixture
def y(rng):
    season = 3 * np.sin(2 * np.pi * np.arange(48) / 12)
    return pd.Series(20 + season + rng.random(48), MONTHS, name="v")


@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_a_named_forecaster_learns_from_all_rows(y):
    comparison = compare(y, horizon=3, forecasters=["naive", "Theta"], coverage=0.9)
    table = comparison.forecast(forecaster="Theta")
    by_hand = ThetaForecaster(sp=12).fit(y, fh=[1, 2, 3])
    assert_allclose(table["forecast"], by_hand.predict())
    bounds = by_hand.predict_interval(coverage=0.9)["v"][0.9]
    assert_allclose(table["lower_0.9"], bounds["lower"])
    assert_allclose(table["upper_0.9"], bounds["upper"])
    assert table["time"].astype(str).tolist() == ["2024-01", "2024-02", "2024-03"]
    assert set(table["forecaster"]) == {"Theta"}
    with pytest.raises(ValueError, match="no forecaster 'ETS'"):
        comparison.forecast(forecaster="ETS")


@pytest.mark.parametrize("frequency", ["MS", "D", "B", "h"])
def test_panels_have_the_next_times_of_each_series(y, frequency):
    times = pd.date_range("2024-01-01", periods=49, freq=frequency)
    frame = pd.DataFrame({"a": y.to_numpy(), "b": -y.to_numpy()}, times[:-1])
    panel = frame.stack().swaplevel().sort_index().rename("v").to_frame()
    for data in (frame, panel):
        table = compare(data, horizon=1, forecasters=["naive"], n_windows=1).forecast()
        assert table["dataset"].tolist() == ["a", "b"]
        assert table["time"].tolist() == [times[-1]] * 2
        assert_allclose(table["forecast"], frame.iloc[-1])


def test_features_of_the_next_steps_are_needed_and_read(y, rng):
    X = pd.DataFrame(
        {"x": rng.random(51)}, pd.period_range("2020-01", periods=51, freq="M")
    )
    comparison = compare(
        y + 50 * X["x"][:48], X=X[:48], horizon=3, forecasters=["Ridge"], n_windows=1
    )
    with pytest.raises(ValueError, match="Give X with the features of the next 3 times"):
        comparison.forecast()
    with pytest.raises(ValueError, match="X must have the rows of the next 3 times"):
        comparison.forecast(X)
    forecast = comparison.forecast(X[48:])["forecast"]
    change = comparison.forecast(X[48:] + 1)["forecast"] - forecast
    assert (change > 5).all()


def test_features_reach_their_series_in_any_order(y, rng):
    x = pd.Series(rng.random(51), pd.period_range("2020-01", periods=51, freq="M"))
    names = {"names": ["s", "t"]}
    X = pd.concat({"b": x, "a": 9 * x}, **names).to_frame("x")
    of_each = {"b": y + 50 * x[:48], "a": y + 450 * x[:48]}
    panel = pd.concat(of_each, **names).to_frame("v")
    is_known = X.index.get_level_values("t") < pd.Period("2024-01")
    comparison = compare(
        panel, X=X[is_known], horizon=3, forecasters=["Ridge"], n_windows=1
    )
    ahead = X[~is_known]
    expected = comparison.forecast(ahead)
    for other in (ahead.loc[["a", "b"]], ahead.iloc[::-1]):
        pd.testing.assert_frame_equal(comparison.forecast(other), expected)
    one_twice = ahead.loc[["b", "b"]]
    for wrong in (one_twice, ahead.rename({"a": "c"}), ahead.loc["a"]):
        with pytest.raises(ValueError, match="3 times of 'v' of each series, 2024-01"):
            comparison.forecast(wrong)
