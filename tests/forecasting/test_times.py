"""Times of forecasts in every calendar, with gaps, and where a series ends unknown."""

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import ForecastingHorizon

from skforecast_lstm import LSTMRegressor
from skforecast_lstm.forecasting import LSTMForecaster
from skforecast_lstm.forecasting._even_series import even_series


def forecaster(**parameters):
    tiny = LSTMRegressor(units=2, epochs=1, random_state=0)
    given = {"lookback": 3, "regressor": tiny, "intervals": None, "season_length": 1}
    return LSTMForecaster(**{**given, **parameters})


def values(n_rows):
    return np.sin(np.arange(n_rows)) + np.arange(n_rows) / 50


@pytest.mark.parametrize(
    "every",
    [
        *(
            pd.period_range("2020-01-01", periods=30, freq=f"{n}{name}")
            for n in (1, 2, 5, 6)
            for name in ("min", "h", "D", "W-WED", "M", "Q-NOV", "Y")
        ),
        *(
            # The clocks change in Berlin on 29 March and 25 October.
            pd.date_range("2020-03-15", periods=30, freq=f"{n}{name}", tz=tz)
            for n in (1, 2, 5, 6)
            for name in ("min", "h", "D", "B", "W", "MS", "ME", "SMS", "QS", "BQS", "C")
            for tz in (None, "Europe/Berlin")
        ),
        pd.RangeIndex(30),
        pd.Index(1960 + 2 * np.arange(30)),
    ],
    ids=lambda every: f"{type(every).__name__}-{getattr(every, 'freqstr', '')}",
)
@pytest.mark.parametrize("gaps", [[], [4, 9, 10]])
def test_times_ahead_and_back_are_those_of_pandas(every, gaps):
    known = every[5:25].delete(gaps)
    even = even_series(pd.DataFrame({"y": values(len(known))}, index=known))
    (timeline,) = even.timelines
    assert list(timeline.times) == list(every[5:25])
    assert np.flatnonzero(np.isnan(even.series.values[:, 0])).tolist() == gaps
    assert list(timeline.times_ahead(5)) == list(every[25:])
    ahead = np.array([-24, -19, -3, 0, 1, 5])
    steps, times = timeline.steps_ahead(ForecastingHorizon(ahead))
    assert list(times) == list(every[24 + ahead])
    fh = ForecastingHorizon(every[24 + ahead], is_relative=False)
    steps, times = timeline.steps_ahead(fh)
    assert steps.tolist() == ahead.tolist()
    assert list(times) == list(every[24 + ahead])


@pytest.mark.parametrize("frequency", ["15min", "2h", "2M"])
def test_the_times_of_forecasts_have_their_multiple(frequency):
    times = pd.period_range("2020-01-01", periods=33, freq=frequency)
    y = pd.Series(values(30), index=times[:30])
    forecast = forecaster().fit(y, fh=[1, 2, 3]).predict()
    pd.testing.assert_index_equal(forecast.index, times[30:])


@pytest.mark.parametrize("frequency", ["2MS", "SMS", "2QS", "15min", "B"])
def test_absolute_times_are_steps(frequency):
    times = pd.date_range("2020-01-01", periods=33, freq=frequency)
    y = pd.Series(values(30), index=pd.DatetimeIndex(times[:30], freq=None))
    fitted = forecaster().fit(y, fh=[1, 2, 3])
    assert list(fitted.predict().index) == list(times[30:])
    absolute = ForecastingHorizon(times[[20, 31]], is_relative=False)
    np.testing.assert_array_equal(fitted.predict(absolute), fitted.predict([-9, 2]))


@pytest.mark.parametrize("kind", ["Y", "YS", "D", "whole numbers"])
def test_a_missing_row_is_an_unknown_one(kind):
    if kind == "Y":
        times = pd.period_range("1980", periods=30, freq="Y")
    elif kind == "whole numbers":
        times = pd.RangeIndex(1980, 2010)
    else:
        times = pd.DatetimeIndex(pd.date_range("1980", periods=30, freq=kind), freq=None)
    full = pd.DataFrame({"y": values(30)}, index=times)
    full.iloc[[12, 13, 20]] = np.nan
    gappy = full.dropna()
    fh = [-20, -15, -8, -7, -1, 0, 1, 3]
    for first in (30, 16):
        expected, found = (
            forecaster().fit(part[part.index.isin(times[:first])], fh=[1, 2])
            for part in (full, gappy)
        )
        for fitted, part in ((expected, full), (found, gappy)):
            if first < 30:
                fitted.update(part[part.index.isin(times[first:])])
        wanted, forecast = expected.predict(fh), found.predict(fh)
        assert list(forecast.index) == list(wanted.index)
        np.testing.assert_array_equal(forecast, wanted)


@pytest.mark.parametrize("n_unknown", [1, 20, 35])
@pytest.mark.parametrize("n_columns", [1, 2])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_a_series_may_end_unknown(n_unknown, n_columns, strategy):
    times = pd.period_range("2010-01", periods=63, freq="M")
    y = pd.DataFrame({"a": values(60), "b": 5 + values(60)}, index=times[:60])
    y = y[["b", "a"][:n_columns]]
    y.iloc[-n_unknown:, 0] = np.nan
    fitted = forecaster(intervals="conformal", strategy=strategy).fit(y, fh=[1, 2, 3])
    forecast, intervals = fitted.predict(), fitted.predict_interval(coverage=0.8)
    pd.testing.assert_index_equal(forecast.index, times[60:])
    assert np.isfinite(forecast.to_numpy()).all()
    assert np.isfinite(intervals.to_numpy()).all()


@pytest.mark.parametrize(
    "times",
    [
        pd.PeriodIndex(["2022Q3"], freq="Q"),
        pd.PeriodIndex(["2022-08-01"], freq="D"),
        pd.DatetimeIndex(["2022-08-01"]),
        ForecastingHorizon([631], is_relative=False),
    ],
)
def test_absolute_times_of_another_kind_are_refused(times):
    months = pd.period_range("2020-01", periods=30, freq="M")
    fitted = forecaster(lookback=None, regressor=None, pretrained=True)
    fitted.fit(pd.Series(values(30), index=months))
    with pytest.raises(ValueError, match="Give times of one kind"):
        fitted.predict(times)


def test_uneven_times_and_rows_too_few_to_tell_are_refused():
    uneven = pd.date_range("2020-01-01", periods=30).delete([1, 3, 4, 8, 9, 10])
    uneven = uneven.insert(3, pd.Timestamp("2020-01-05 07:31")).sort_values()
    with pytest.raises(ValueError, match="not evenly spaced"):
        forecaster().fit(pd.Series(values(len(uneven)), index=uneven), fh=[1])
    far = pd.PeriodIndex(["2020-01-01", *pd.period_range("2090", periods=20, freq="D")])
    with pytest.raises(ValueError, match="steps of D, and y has 21 rows"):
        forecaster().fit(pd.Series(values(21), index=far), fh=[1])
