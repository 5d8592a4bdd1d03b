"""The columns of the calendar, beside what Python's own calendar says."""

import datetime as dt
import math
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import CalendarFeatures, LookbackWindower, LSTMRegressor
from skforecast_lstm.persistence import load, save


def frame_at(times, **columns):
    return pd.DataFrame({"v": np.arange(len(times), dtype=float), **columns}, index=times)


def slow_features(time):
    """The features of one time, by the standard library."""
    year_start = dt.datetime(time.year, 1, 1)
    next_year = dt.datetime(time.year + 1, 1, 1)
    next_month = dt.datetime(time.year + time.month // 12, time.month % 12 + 1, 1)
    month_start = dt.datetime(time.year, time.month, 1)
    midnight = dt.datetime(time.year, time.month, time.day)
    minutes = time.hour * 60 + time.minute
    return {
        "minute": (time.minute, time.minute / 60),
        "hour": (time.hour, minutes / 1440),
        "weekday": (time.weekday(), time.weekday() / 7),
        "day": (
            time.day,
            (midnight - month_start) / (next_month - month_start),
        ),
        "month": (time.month, (time.month - 1) / 12),
        "day_of_year": (
            time.timetuple().tm_yday,
            (midnight - year_start) / (next_year - year_start),
        ),
    }


EVERY = ["minute", "hour", "weekday", "day", "month", "day_of_year"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2199, 12, 31)),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_features_are_those_of_the_standard_library(times):
    index = pd.DatetimeIndex(sorted(times))
    circular = CalendarFeatures(EVERY).fit_transform(frame_at(index))
    whole = CalendarFeatures(EVERY, encoding="categories").fit_transform(frame_at(index))
    for time in index:
        for name, (value, position) in slow_features(time.to_pydatetime()).items():
            assert whole.loc[time, name] == value
            angle = 2 * math.pi * position
            assert circular.loc[time, f"{name}_sin"] == pytest.approx(math.sin(angle))
            assert circular.loc[time, f"{name}_cos"] == pytest.approx(math.cos(angle))


@pytest.mark.parametrize(
    ("frequency", "periods", "features"),
    [
        ("15min", 4 * 24 * 3, ["hour"]),
        ("h", 24 * 14, ["hour", "weekday"]),
        ("h", 24 * 13, ["hour"]),
        ("h", 24 * 731, ["hour", "weekday", "day_of_year"]),
        ("D", 731, ["weekday", "day_of_year"]),
        ("B", 600, ["weekday", "day_of_year"]),
        ("W", 110, ["day_of_year"]),
        ("MS", 25, ["month"]),
        ("QS", 9, ["month"]),
        ("YS", 30, []),
    ],
)
def test_features_are_chosen_from_the_steps_and_what_they_cover(
    frequency, periods, features
):
    times = pd.date_range("2020-01-01", periods=periods, freq=frequency)
    calendar = CalendarFeatures().fit(frame_at(times))
    assert calendar.features_ == features
    names = [f"{name}_{side}" for name in features for side in ("sin", "cos")]
    assert list(calendar.get_feature_names_out()) == ["v", *names]
    assert list(calendar.transform(frame_at(times[:3]))) == ["v", *names]
    if frequency not in ("B", "15min"):
        periods = times.to_period()
        assert CalendarFeatures().fit(frame_at(periods)).features_ == features


def test_a_row_is_the_same_whatever_rows_come_with_it():
    hours = pd.date_range("2024-02-27", periods=24 * 20, freq="h")
    calendar = CalendarFeatures(holidays=["2024-03-04"]).fit(frame_at(hours))
    every = calendar.transform(frame_at(hours))
    part = calendar.transform(frame_at(hours)[100:130])
    pd.testing.assert_frame_equal(every[100:130], part, check_freq=False)


def test_the_clock_is_the_local_one():
    utc = pd.date_range("2024-03-30", periods=48, freq="h", tz="UTC")
    local = utc.tz_convert("Europe/Berlin")
    calendar = CalendarFeatures(["hour"], encoding="categories")
    found = calendar.fit_transform(frame_at(local))["hour"].astype(int)
    assert list(found) == [time.hour for time in local]
    dates = CalendarFeatures([], holidays=["2024-03-31"]).fit_transform(frame_at(local))
    assert list(dates["holiday"]) == [float(time.day == 31) for time in local]


def test_times_of_a_column_and_of_the_last_level():
    times = pd.date_range("2024-01-01", periods=4, freq="6h")
    rows = pd.DataFrame({"when": times, "v": 1.0})
    calendar = CalendarFeatures(["hour"], encoding="categories", column="when")
    found = calendar.fit_transform(rows)
    assert list(found) == list(calendar.get_feature_names_out()) == ["v", "hour"]
    assert list(found["hour"]) == [0, 6, 12, 18]
    panel = pd.concat({"a": frame_at(times), "b": frame_at(times[:2])})
    calendar = CalendarFeatures(["hour"], encoding="categories")
    assert list(calendar.fit_transform(panel)["hour"]) == [0, 6, 12, 18, 0, 6]
    series = calendar.fit_transform(frame_at(times)["v"])
    assert list(series) == ["v", "hour"]


def test_categories_are_all_of_the_cycle():
    times = pd.date_range("2024-01-01", periods=3, freq="D")
    calendar = CalendarFeatures(["weekday", "month"], encoding="categories")
    found = calendar.fit_transform(frame_at(times))
    assert list(found["weekday"].cat.categories) == list(range(7))
    assert list(found["month"].cat.categories) == list(range(1, 13))


# ---------------------------------------------------------------- holidays


def test_holidays_of_a_country():
    days = pd.date_range("2023-12-20", "2024-01-10")
    found = CalendarFeatures([], holidays="DE").fit_transform(frame_at(days))
    assert list(days[found["holiday"] == 1].strftime("%d.%m.")) == [
        "25.12.", "26.12.", "01.01.",
    ]  # fmt: skip
    ahead = found["days_to_holiday"]
    assert ahead["2023-12-20"] == 5
    assert ahead["2023-12-26"] == 0
    assert ahead["2023-12-27"] == 5
    # Good Friday is more than 30 days away.
    assert ahead["2024-01-02"] == 30
    bavaria = CalendarFeatures([], holidays="DE-BY").fit_transform(frame_at(days))
    assert bavaria.loc["2024-01-06", "holiday"] == 1
    assert found.loc["2024-01-06", "holiday"] == 0


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.integers(0, 80), max_size=5),
    st.lists(st.integers(0, 40), min_size=1, max_size=8, unique=True),
)
def test_holidays_of_ones_own(closed, rows):
    start = dt.date(2024, 1, 1)
    dates = [start + dt.timedelta(days=day) for day in closed]
    rows = sorted(rows)
    times = pd.DatetimeIndex([start + dt.timedelta(days=day) for day in rows])
    found = CalendarFeatures(["weekday"], holidays=dates).fit_transform
    if len(rows) > 1 and np.median(np.diff(rows)) > 1:
        with pytest.raises(ValueError, match="steps of at most a day"):
            found(frame_at(times))
        return
    found = found(frame_at(times))
    for row, day in enumerate(rows):
        ahead = min([day_off - day for day_off in closed if day_off >= day] + [30])
        assert found["days_to_holiday"].iloc[row] == ahead
        assert found["holiday"].iloc[row] == (day in closed)


def test_what_is_no_holiday_calendar(monkeypatch):
    days = frame_at(pd.date_range("2024-01-01", periods=9))
    for holidays, message in [
        ("Germany", "no holidays of 'Germany'. Give the two letters"),
        ("de", "Did you mean 'DE'"),
        ("DE-XX", "DE has no subdivision 'XX'. It has BB, BE"),
    ]:
        with pytest.raises(ValueError, match=message):
            CalendarFeatures(holidays=holidays).fit(days)
    with pytest.raises(TypeError, match="must be a country such as 'US' or dates"):
        CalendarFeatures(holidays=7).fit(days)
    old = frame_at(pd.date_range("1900-01-01", periods=9))
    with pytest.raises(ValueError, match=r"known from 19\d\d to 2\d+, and X goes"):
        CalendarFeatures(holidays="DE").fit(old)
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ImportError, match=r"pip install \"skforecast-lstm\[holidays\]"):
        CalendarFeatures(holidays="DE").fit(days)
    # Dates of one's own need no package.
    CalendarFeatures(holidays=["2024-01-05"]).fit(days)


# ---------------------------------------------------------------- time since a row


def test_the_days_since_the_row_before():
    times = pd.DatetimeIndex(["2024-01-01", "2024-01-01 12:00", "2024-01-04"])
    later = pd.DatetimeIndex(["2024-01-06", "2024-01-07"])
    calendar = CalendarFeatures(["elapsed"], keep_original_columns=False)
    found = calendar.fit_transform(frame_at(times))["elapsed"]
    np.testing.assert_allclose(found, [np.nan, 0.5, 2.5])
    # The row before the first new one is the last of `fit`.
    np.testing.assert_allclose(calendar.transform(frame_at(later))["elapsed"], [2, 1])
    panel = pd.concat({"a": frame_at(times), "b": frame_at(later)})
    found = calendar.fit(panel).transform(panel)["elapsed"]
    np.testing.assert_allclose(found, [np.nan, 0.5, 2.5, np.nan, 1])
    new = pd.concat({"b": frame_at(later + pd.Timedelta(days=3)), "c": frame_at(times)})
    found = calendar.transform(new)["elapsed"]
    np.testing.assert_allclose(found, [2, 1, np.nan, 0.5, 2.5])


def test_the_time_since_the_row_before_needs_rows_in_order():
    times = pd.DatetimeIndex(["2024-01-03", "2024-01-01", "2024-01-02"])
    calendar = CalendarFeatures(["elapsed"])
    with pytest.raises(ValueError, match=r"row 1 .* comes after row 0 .* Sort them"):
        calendar.fit(frame_at(times)).transform(frame_at(times))
    panel = pd.concat({"a": frame_at(times.sort_values()), "b": frame_at(times)})
    with pytest.raises(ValueError, match=r"row 4 .* comes after row 3"):
        calendar.fit(panel).transform(panel)


def test_a_file_keeps_the_last_times_and_dates_as_text(tmp_path):
    days = frame_at(pd.date_range("2024-01-01", periods=5))
    for rows in (days, pd.concat({("a", 1): days, ("b", 2): days})):
        calendar = CalendarFeatures(["elapsed"], holidays=["2024-01-03"]).fit(rows[:-2])
        save(calendar, tmp_path / "calendar.zip")
        again = load(tmp_path / "calendar.zip")
        pd.testing.assert_frame_equal(again.transform(rows), calendar.transform(rows))
        later = again.transform(rows[-2:])
        assert later["elapsed"].tolist() == [1, 1]


# ---------------------------------------------------------------- with others


def test_in_a_pipeline_the_hour_is_what_tells(tmp_path):
    """The series jumps at an hour of the day that the short window can't show."""
    rng = np.random.default_rng(0)
    hours = pd.date_range("2024-01-01", periods=24 * 30, freq="h")
    series = pd.DataFrame({"v": rng.normal(size=len(hours))}, index=hours)
    target = np.sin(2 * np.pi * hours.hour / 24) + 0.1 * series["v"]
    scores = {}
    for name, first in {"with": CalendarFeatures(["hour"]), "without": None}.items():
        pipe = make_pipeline(
            first or "passthrough",
            StandardScaler(),
            LookbackWindower(2, horizon=0),
            LSTMRegressor(units=8, n_batches=150, learning_rate=0.02, random_state=0),
        ).set_output(transform="pandas")
        pipe.fit(series[:600], target[:600])
        scores[name] = pipe.score(series[600:], target[600:])
    assert scores["with"] > 0.9
    assert scores["without"] < 0.2
    with_calendar = make_pipeline(CalendarFeatures(["hour"], holidays="DE"))
    with_calendar.fit(series)
    save(with_calendar, tmp_path / "calendar.zip")
    pd.testing.assert_frame_equal(
        load(tmp_path / "calendar.zip").transform(series), with_calendar.transform(series)
    )


def test_in_unions_and_column_transformers():
    hours = pd.date_range("2024-01-01", periods=48, freq="h")
    X = frame_at(hours, w=1.0)
    alone = CalendarFeatures(["hour"], keep_original_columns=False)
    union = make_union("passthrough", clone(alone)).set_output(transform="pandas")
    found = union.fit_transform(X)
    assert [name.partition("__")[2] for name in found] == [
        "v",
        "w",
        "hour_sin",
        "hour_cos",
    ]
    columns = make_column_transformer((CalendarFeatures(["hour"]), ["v"]))
    assert columns.fit_transform(X).shape == (48, 3)
    assert len(columns.get_feature_names_out()) == 3


# ---------------------------------------------------------------- errors


def test_what_has_no_times_is_refused():
    days = pd.date_range("2024-01-01", periods=5)
    X = frame_at(days)
    for rows, options, error, message in [
        (
            X.to_numpy(),
            {},
            TypeError,
            r"got ndarray. Put it before steps that return arr",
        ),
        (
            X.reset_index(drop=True),
            {},
            ValueError,
            "The index of X has no times, but int",
        ),
        (X, {"column": "when"}, ValueError, "no column 'when'; its columns are v."),
        (X, {"column": "v"}, ValueError, "Column 'v' of X has no times, but float64"),
        (X.set_axis([*days[:4], pd.NaT]), {}, ValueError, "no time at row 4"),
        (X[:1], {}, ValueError, "at least two rows at different times"),
        (X, {"features": "hour"}, ValueError, r"For one feature, give \['hour'\]"),
        (X, {"features": ["hours"]}, ValueError, "Did you mean 'hour'"),
        (X, {"encoding": "onehot"}, ValueError, 'encoding must be "circular" or "cat'),
        (
            X,
            {"keep_original_columns": False},
            ValueError,
            "No cycle of the calendar fits",
        ),
    ]:
        with pytest.raises(error, match=message):
            CalendarFeatures(**options).fit(rows)
    with pytest.raises(ValueError, match=r"already has the columns \['hour_sin'\]"):
        CalendarFeatures(["hour"]).fit_transform(X.assign(hour_sin=1.0))
