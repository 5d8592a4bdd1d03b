"""The forecaster's columns of the calendar."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skforecast_lstm import CalendarFeatures, LSTMForecaster, LSTMRegressor

DAYS = pd.date_range("2022-01-03", periods=400, freq="D")
CLOSED = DAYS[[40, 77, 123, 160, 222, 251, 300, 333, 371, 388, 393, 397]]


def tiny(**options):
    arguments = {
        "lookback": 7,
        "regressor": LSTMRegressor(units=4, epochs=2),
        "pretrained": False,
        "intervals": None,
        "random_state": 0,
        **options,
    }
    return LSTMForecaster(**arguments)


def series(index=DAYS, seed=0):
    values = np.random.default_rng(seed).normal(size=len(index))
    return pd.Series(values, index=index, name="v")


def as_columns(calendar, index):
    return calendar.fit(pd.DataFrame(index=index[:390])).transform(
        pd.DataFrame(index=index)
    )


@pytest.mark.parametrize("of_y", [DAYS, DAYS.to_period()])
def test_the_calendar_is_the_same_as_columns_that_are_given(of_y):
    """Known ahead, at the same times, in the same units."""
    calendar = CalendarFeatures(["weekday", "month"], holidays=CLOSED)
    y, X, fh = series(of_y), as_columns(calendar, of_y), range(1, 11)
    with_columns = tiny().fit(y[:390], X=X[:390], fh=fh)
    with_calendar = tiny(calendar=calendar).fit(y[:390], fh=fh)
    expected = with_columns.predict(X=X[390:])
    assert_allclose(with_calendar.predict(), expected, rtol=1e-5)
    assert with_calendar.exogenous_.known == list(X)
    # Also in sample, for more steps than in fit, and after new rows.
    in_sample = -np.arange(5)
    assert_allclose(
        with_calendar.predict(fh=in_sample),
        with_columns.predict(fh=in_sample, X=X[:390]),
        rtol=1e-5,
    )
    with_columns.update(y[390:393], X=X[390:393], update_params=False)
    with_calendar.update(y[390:393], update_params=False)
    assert_allclose(
        with_calendar.predict(fh=range(1, 8)),
        with_columns.predict(fh=range(1, 8), X=X[393:]),
        rtol=1e-5,
    )


def test_the_calendar_comes_after_other_columns():
    calendar = CalendarFeatures(["weekday"])
    y, own = series(), pd.DataFrame({"past": series(seed=1), "price": series(seed=2)})
    X = pd.concat([own, as_columns(calendar, DAYS)], axis=1)
    arguments = {"past_only": ["past"]}
    both = tiny(**arguments).fit(y[:390], X=X[:390], fh=range(1, 6))
    ours = tiny(calendar=calendar, **arguments).fit(y[:390], X=own[:390], fh=range(1, 6))
    ahead = own[["price"]][390:]
    assert_allclose(ours.predict(X=ahead), both.predict(X=X[390:]), rtol=1e-5)
    with pytest.raises(
        ValueError, match=r"The columns \['price'\] of X were known ahead"
    ):
        ours.predict()


def test_a_panel_has_the_calendar_of_each_series():
    calendar = CalendarFeatures(["weekday"])
    parts = {"a": series(DAYS[:390], 1), "b": series(DAYS[200:380], 2)}
    y = pd.concat({name: part.to_frame() for name, part in parts.items()})
    ours = tiny(calendar=calendar).fit(y, fh=range(1, 4))
    X = pd.concat({name: as_columns(calendar, DAYS) for name in parts})
    rows = X.loc[y.index]
    theirs = tiny().fit(y, X=rows, fh=range(1, 4))
    ahead = [X.loc[[name]].loc[name:name] for name in parts]
    ahead = pd.concat([ahead[0].iloc[390:393], ahead[1].iloc[380:383]])
    assert_allclose(ours.predict(), theirs.predict(X=ahead), rtol=1e-5)


def test_auto_finds_a_day_that_differs():
    """Closed on days that follow no season of rows, as on business days."""
    business = pd.bdate_range("2020-01-01", periods=700)
    business = business[np.random.default_rng(0).random(700) > 0.2]
    y = series(business) * 0.05 + (business.day_of_week == 0)
    y = y.asfreq("D")
    common = {
        "lookback": 7,
        "pretrained": False,
        "intervals": None,
        "random_state": 0,
        "regressor": LSTMRegressor(units=8, n_batches=150, learning_rate=0.02),
    }
    train, test = y[:-60], y[-60:].dropna()
    fh = np.arange(1, 61)
    errors = {}
    for calendar in ("auto", None):
        forecaster = LSTMForecaster(**common, calendar=calendar).fit(train, fh=[1, 2, 3])
        forecast = forecaster.predict(fh=fh)[test.index]
        errors[calendar] = (forecast - test).abs().mean()
    assert errors["auto"] < 0.5 * errors[None]


def test_the_calendar_is_a_parameter_that_the_pretrained_network_alone_refuses():
    y = series(DAYS[:300]) + (DAYS[:300].day_of_week == 2) * 9.0
    forecaster = LSTMForecaster(
        calendar="auto", n_members=1, intervals=None, pretrained="auto"
    )
    assert forecaster.get_params()["calendar"] == "auto"
    assert forecaster.clone().calendar == "auto"
    with pytest.raises(ValueError, match="the pretrained network reads no calendar"):
        LSTMForecaster(calendar="auto", pretrained=True).fit(y)


def test_what_is_no_calendar():
    for y, calendar, message in [
        (series(), "automatic", 'calendar must be "auto", None or a CalendarFeatures'),
        (series(), CalendarFeatures(encoding="categories"), 'encoding="circular"'),
        (series(), CalendarFeatures(column="when"), "column=None"),
        (series(), CalendarFeatures(["elapsed"]), "steps are equal"),
        (series(range(400)), "auto", "calendar needs dates, and the times of y are int"),
    ]:
        with pytest.raises(ValueError, match=message):
            tiny(calendar=calendar).fit(y, fh=[1])


def test_a_calendar_without_a_cycle_is_none():
    years = pd.period_range("1950", periods=60, freq="Y")
    y = series(years)
    ours, none = (
        tiny(calendar=calendar).fit(y, fh=[1, 2]).predict() for calendar in ("auto", None)
    )
    assert_allclose(ours, none, rtol=1e-6)
