import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sktime.forecasting.ets import AutoETS
from sktime.forecasting.exp_smoothing import ExponentialSmoothing
from sktime.forecasting.naive import NaiveForecaster
from sktime.transformations.detrend import Deseasonalizer

from skforecast_lstm.comparison import lineup
from skforecast_lstm.comparison.cells import quiet
from skforecast_lstm.comparison.datasets import read_datasets
from skforecast_lstm.comparison.lineup import (
    DEFAULT_LINEUP,
    ignore_default_warnings,
    line_up,
)


def datasets_of(y, horizon=12, **given):
    given = {"season_length": None, "n_windows": None, "step": None, **given}
    return read_datasets(y, None, horizon=horizon, **given)


@pytest.fixture(params=[True, False], ids=["statsforecast", "without"])
def has_statsforecast(request, monkeypatch):
    """Whether statsforecast is, or seems to be, installed."""
    if request.param:
        pytest.importorskip("statsforecast")
    else:
        monkeypatch.setattr(lineup, "find_spec", lambda name: None)
    return request.param


def test_default_has_all_where_there_is_a_season(airline):
    (made,) = line_up(None, datasets_of(airline))
    assert tuple(made) == DEFAULT_LINEUP
    assert made["seasonal naive"].sp == 12
    assert made["Holt-Winters"].seasonal == "mul"


def test_many_values_get_quicker_searches(airline, has_statsforecast):
    copies = {f"airline {number}": airline for number in range(4)}
    made = line_up(None, datasets_of(copies))[0]
    plain = [name.removesuffix(" (statsforecast)") for name in made]
    quicker = {"AutoARIMA": "adjusted AutoARIMA"}
    assert plain == [quicker.get(name, name) for name in DEFAULT_LINEUP]
    assert ("AutoETS" in made) == (not has_statsforecast)


def test_adjusted_arima_is_that_of_values_without_their_season(
    airline, has_statsforecast
):
    name = "adjusted AutoARIMA" + has_statsforecast * " (statsforecast)"
    train = airline[:-12]
    (made,) = line_up([name], datasets_of(airline, n_windows=1))
    season = Deseasonalizer(sp=12, model="multiplicative")
    steps = np.arange(1, 13)
    with quiet():
        adjusted = season.fit_transform(train)
        if has_statsforecast:
            from statsforecast.models import AutoARIMA

            values = adjusted.to_numpy()[:, 0]
            ahead = AutoARIMA().fit(values).predict(12, level=[80])
            columns = [ahead["mean"], ahead["lo-80"], ahead["hi-80"]]
        else:
            (plain,) = line_up(["AutoARIMA"], datasets_of(adjusted, season_length=1))
            plain = plain["AutoARIMA"].fit(adjusted, fh=steps)
            columns = [*plain.predict().T.to_numpy()]
            columns += [*plain.predict_interval(coverage=0.8).T.to_numpy()]
        fitted = made[name].fit(train, fh=steps)
        found = [*fitted.predict().T.to_numpy()]
        found += [*fitted.predict_interval(coverage=0.8).T.to_numpy()]
        expected = [
            season.inverse_transform(
                pd.DataFrame(np.asarray(column), airline.index[-12:], airline.columns)
            ).to_numpy()[:, 0]
            for column in columns
        ]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_statsforecast_learns_from_the_last_rows_and_removes_long_seasons(rng):
    pytest.importorskip("statsforecast")
    hours = pd.period_range("2024-01-01", periods=1500, freq="h")
    season = np.sin(np.arange(1500) * np.pi / 12)
    y = pd.Series(20 + 5 * season + rng.normal(size=1500), hours)
    datasets = datasets_of(y, n_windows=1)
    name = "AutoETS (statsforecast)"
    (made,) = line_up([name], datasets)
    assert (made[name].n_rows, made[name].adjusted_season) == (1000, 24)
    with quiet():
        forecast = made[name].fit(y[:-12], fh=range(1, 13)).predict()
        of_last = made[name].clone().fit(y[-1012:-12], fh=range(1, 13)).predict()
    assert forecast.equals(of_last)
    assert np.abs(forecast - y[-12:]).mean() < 1.5


def test_without_a_season_naive_is_not_there_twice(airline):
    (made,) = line_up(["default"], datasets_of(airline, season_length=1))
    assert "seasonal naive" not in made
    assert made["Holt-Winters"].seasonal is None


def test_values_under_zero_have_additive_seasons(airline):
    (made,) = line_up(["Holt-Winters", "Theta"], datasets_of(airline - 300))
    assert made["Holt-Winters"].seasonal == "add"
    with quiet():
        forecast = made["Theta"].fit(airline - 300, fh=[1]).predict()
    assert forecast.notna().to_numpy().all()


@pytest.mark.parametrize(("season", "n_rows"), [(7, 1000), (150, 1500)])
def test_holt_winters_learns_from_the_last_rows(rng, season, n_rows):
    values = np.sin(2 * np.pi * np.arange(2012) / season) + rng.normal(size=2012)
    y = pd.Series(values, pd.period_range("2000-01-01", periods=2012, freq="D"))
    (made,) = line_up(["Holt-Winters"], datasets_of(y, season_length=season))
    steps = [1, 5]
    plain = ExponentialSmoothing(
        trend="add", damped_trend=True, seasonal="add", sp=season
    )
    with quiet():
        found = made["Holt-Winters"].fit(y, fh=steps).predict()
        expected = plain.fit(y[-n_rows:], fh=steps).predict()
    pd.testing.assert_series_equal(found, expected)


def test_long_seasons_are_left_to_others(airline):
    datasets = datasets_of(airline, season_length=30, n_windows=1)
    (made,) = line_up(["AutoETS", "AutoARIMA", "seasonal naive"], datasets)
    assert (made["AutoETS"].sp, made["AutoARIMA"].sp) == (1, 1)
    assert made["seasonal naive"].sp == 30


@pytest.mark.parametrize(
    "name", ["HistGradientBoosting", "HistGradientBoostingRegressor"]
)
def test_regressors_by_name_are_seeded_and_read_windows(airline, name):
    (made,) = line_up([name], datasets_of(airline), random_state=7)
    assert made[name].estimator.random_state == 7
    assert made[name].window_length == 24


def test_objects_are_taken_as_they_are_and_not_changed(airline):
    with ignore_default_warnings():
        given = NaiveForecaster(strategy="drift")
    regressor = Ridge(alpha=3)
    (made,) = line_up({"drift": given, "stiff": regressor}, datasets_of(airline))
    assert made["drift"].strategy == "drift"
    assert made["drift"] is not given
    assert made["stiff"].estimator.alpha == 3
    assert not hasattr(regressor, "coef_")


@pytest.mark.parametrize(
    ("forecasters", "message"),
    [
        (["Rige"], "'Rige'. Did you mean 'Ridge'"),
        (["auto arima"], "Did you mean 'AutoARIMA'"),
        (["Stacking"], "StackingRegressor can't be created without parameters"),
        (["naive", "naive"], "Two forecasters are called 'naive'"),
        (["default", "naive"], "Two forecasters are called 'naive'"),
        ([], "forecasters is empty"),
    ],
)
def test_names_that_are_wrong(airline, forecasters, message):
    with pytest.raises(ValueError, match=message):
        line_up(forecasters, datasets_of(airline))


@pytest.mark.parametrize(
    ("forecasters", "message"),
    [
        ("naive", "must be a list or a dict"),
        ({1: "naive"}, "must be strings, got 1"),
        ([NaiveForecaster], "Give an instance instead of the class"),
        ([3], "must be a name, an sktime forecaster or a scikit-learn regressor"),
    ],
)
def test_things_that_are_no_forecaster(airline, forecasters, message):
    with pytest.raises(TypeError, match=message):
        line_up(forecasters, datasets_of(airline))


def test_auto_ets_has_intervals_that_its_seed_decides(airline):
    (made,) = line_up(["AutoETS"], datasets_of(airline))
    with quiet():
        fitted = made["AutoETS"].fit(airline[:60])
        intervals = [fitted.predict_interval([1, 2], coverage=0.8) for _ in range(2)]
    # A multiplicative error is what has intervals by simulation.
    assert fitted._fitted_forecaster.model.error == "mul"
    assert intervals[0].equals(intervals[1])
    assert (intervals[0].iloc[:, 0] < intervals[0].iloc[:, 1]).all()


def test_searches_of_auto_ets_in_threads_do_not_share_their_warnings(
    airline, monkeypatch
):
    (made,) = line_up(["AutoETS"], datasets_of(airline))
    running, most = [], []

    def search(self, y, X=None):
        running.append(self)
        most.append(len(running))
        time.sleep(0.05)
        running.remove(self)

    monkeypatch.setattr(AutoETS, "_fit_forecaster", search)
    with quiet():
        forecasters = [made["AutoETS"].clone() for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda one: one.fit(airline), forecasters))
    assert most == [1, 1, 1, 1]
