"""Targets: several steps ahead, and intervals between events."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from skforecast_lstm import LookbackWindower, LSTMRegressor, recursive_forecast
from skforecast_lstm.targets import (
    events_to_intervals,
    horizon_targets,
    intervals_to_events,
)

law = settings(max_examples=100, deadline=None)


# --------------------------------------------------------------- several steps ahead


@st.composite
def panels(draw):
    """Rows of some series, mixed with each other, each in the order of its time."""
    names = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=20))
    times = pd.Series(names).groupby(names).cumcount()
    index = pd.MultiIndex.from_arrays([names, times])
    columns = draw(st.integers(1, 3))
    values = np.arange(len(names) * columns, dtype=draw(st.sampled_from(["f4", "f8"])))
    return pd.DataFrame(values.reshape(-1, columns), index=index)


@law
@given(panel=panels(), n_steps=st.integers(1, 8))
def test_each_step_is_the_target_so_many_rows_later_in_the_same_series(panel, n_steps):
    targets = horizon_targets(panel, n_steps)
    assert targets.shape == (len(panel), n_steps * panel.shape[1])
    assert targets.dtype == panel.to_numpy().dtype
    assert not targets.flags.writeable
    for row, (name, time) in enumerate(panel.index):
        for step in range(n_steps):
            found = targets[row].reshape(n_steps, -1)[step]
            if (name, time + step) in panel.index:
                assert_array_equal(found, panel.loc[(name, time + step)])
            else:
                assert np.isnan(found).all()


@law
@given(
    y=hnp.arrays(
        float, hnp.array_shapes(min_dims=1, max_dims=2), elements=st.floats(-9, 9)
    ),
    n_steps=st.integers(1, 8),
)
def test_targets_of_one_series_are_the_same_from_array_and_pandas(y, n_steps):
    targets = horizon_targets(y, n_steps)
    as_pandas = pd.Series(y) if y.ndim == 1 else pd.DataFrame(y)
    assert_array_equal(horizon_targets(as_pandas, n_steps), targets)
    n_columns = 1 if y.ndim == 1 else y.shape[1]
    for k in range(n_steps):
        at_step = targets[: max(len(y) - k, 0), k * n_columns : (k + 1) * n_columns]
        assert_array_equal(at_step, y[k:].reshape(len(at_step), n_columns))
        assert np.isnan(targets[max(len(y) - k, 0) :, k * n_columns :]).all()


@law
@given(panel=panels(), lookback=st.integers(1, 4), n_steps=st.integers(1, 4))
def test_window_and_targets_are_one_stretch_of_the_series(panel, lookback, n_steps):
    panel = panel.astype(float)
    if panel.groupby(level=0).size().max() <= lookback:
        return
    windows = LookbackWindower(lookback, horizon=1).fit_transform(panel)
    targets = horizon_targets(panel, n_steps)
    stretch = np.hstack([windows.reshape(len(panel), -1), targets])
    # The same rows, seen from the last step of the targets.
    later = horizon_targets(panel, lookback + n_steps)
    complete = ~np.isnan(windows).any(axis=(1, 2))
    for row in np.flatnonzero(complete):
        name, time = panel.index[row]
        first = panel.index.get_loc((name, time - lookback))
        assert_array_equal(stretch[row], later[first])


def test_targets_take_no_memory():
    y = np.zeros((100_000, 2))
    tracemalloc.start()
    targets = horizon_targets(y, 500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert targets.shape == (100_000, 1000)
    assert peak < 2 * y.nbytes
    with pytest.raises(ValueError, match="read-only"):
        targets[0, 0] = 1


def test_missing_numbers_of_pandas_are_unknown():
    y = pd.Series([1, None, 3], dtype="Int64")
    assert_array_equal(horizon_targets(y, 2), [[1, np.nan], [np.nan, 3], [3, np.nan]])


def test_targets_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="n_steps must be at least 1, got 0"):
        horizon_targets([1.0], 0)
    with pytest.raises(ValueError, match="infinity"):
        horizon_targets([1.0, np.inf], 2)
    shuffled = pd.Series([1.0, 2.0], index=[1, 0])
    with pytest.raises(ValueError, match="unsorted"):
        horizon_targets(shuffled, 2)


def test_a_network_learns_several_steps_ahead():
    series = pd.DataFrame({"y": np.sin(np.arange(300) / 3)})
    pipe = make_pipeline(LookbackWindower(8, horizon=1), LSTMRegressor(8, random_state=0))
    targets = horizon_targets(series["y"], 3)
    pipe.fit(series[:200], targets[:200])
    # Windows without history at the beginning, targets beyond the end.
    assert pipe[-1].n_left_out_ == 8
    predicted = pipe.predict(series)[200:298]
    for k in range(3):
        actual = series["y"].to_numpy()[200 + k : 298 + k]
        last_value = series["y"].to_numpy()[199:297]
        error = np.abs(predicted[:, k] - actual).mean()
        assert error < np.abs(last_value - actual).mean() / 2
    scores = cross_val_score(
        pipe.set_params(lstmregressor__epochs=2),
        series[:298],
        targets[:298],
        cv=TimeSeriesSplit(2),
        scoring="neg_mean_absolute_error",
        error_score="raise",
    )
    assert np.isfinite(scores).all()


# ------------------------------------------------------------- intervals between events

FIFTY_YEARS, A_WEEK = 1_577_836_800_000_000, 604_800_000_000
UNITS = st.sampled_from(["D", "h", "min", "s"])


def times_of(moments, zone=None):
    """Times by their microseconds since 1970."""
    times = pd.to_datetime(np.array(moments, dtype="datetime64[us]"))
    return times.tz_localize("UTC").tz_convert(zone) if zone else times


@st.composite
def visit_tables(draw, microseconds=FIFTY_YEARS):
    """Visits of some customers in any order, some of them without a time."""
    moments = st.integers(0, microseconds)
    if microseconds == A_WEEK:
        moments = st.integers(0, 7 * 24 * 6).map(lambda tens: tens * 600_000_000)
    visit = st.tuples(st.sampled_from("abc"), moments)
    rows = draw(st.lists(visit, max_size=20))
    zone = draw(st.sampled_from([None, "UTC", "America/New_York"]))
    table = pd.DataFrame({"who": [who for who, _ in rows]}, dtype="str")
    table["time"] = times_of([moment for _, moment in rows], zone)
    if draw(st.booleans()):
        table["time"] = table["time"].where(table.index % 3 > 0)
    return table


@law
@given(visits=visit_tables(), unit=UNITS)
def test_intervals_are_the_time_since_the_visit_before(visits, unit):
    intervals = events_to_intervals(visits, by="who", unit=unit)
    seen = visits.dropna().drop_duplicates()
    assert intervals.index.names == ["who", "time"]
    assert set(intervals.index) == set(seen.itertuples(index=False, name=None))
    assert intervals.index.is_monotonic_increasing
    for (who, time), interval in intervals["interval"].items():
        before = seen.loc[(seen["who"] == who) & (seen["time"] < time), "time"]
        if len(before):
            assert interval == (time - before.max()) / pd.Timedelta(1, unit)
        else:
            assert np.isnan(interval)


@law
@given(visits=visit_tables(), unit=UNITS)
def test_times_come_back_from_the_intervals(visits, unit):
    intervals = events_to_intervals(visits, by="who", unit=unit)["interval"]
    for who, of_one in intervals.groupby(level="who"):
        times = of_one.index.get_level_values("time")
        first = pd.Series(times[:1], index=[who])
        steps = pd.DataFrame([of_one.to_numpy()[1:]], index=[who])
        back = intervals_to_events(steps, first, unit=unit)
        assert back.loc[who].tolist() == times[1:].tolist()


@law
@given(
    visits=visit_tables(A_WEEK),
    merge=st.sampled_from(["D", "2D", "30min", pd.Timedelta("3D")]),
)
def test_merged_visits_are_those_that_follow_too_soon(visits, merge):
    merged = events_to_intervals(visits, by="who", merge=merge)
    kept = []
    for who, of_one in visits.dropna().groupby("who"):
        last = None
        for time in sorted(of_one["time"]):
            if merge == "D":
                counts = last is None or time.date() > last.date()
            else:
                counts = last is None or time - last >= pd.Timedelta(merge)
            if counts:
                kept.append((who, time))
                last = time
    assert merged.index.tolist() == kept


@law
@given(
    visits=visit_tables(A_WEEK),
    until=st.integers(0, A_WEEK),
    merge=st.sampled_from([None, "D"]),
)
def test_every_customer_has_a_row_for_the_event_to_come(visits, until, merge):
    until = times_of([until], visits["time"].dt.tz)[0]
    intervals = events_to_intervals(visits, by="who", merge=merge, until=until)
    before = visits[visits["time"] < until]
    assert intervals.index.is_monotonic_increasing
    is_coming = intervals.index.get_level_values("time") == until
    coming = intervals[is_coming]
    assert coming.index.get_level_values("who").tolist() == sorted(before["who"].unique())
    assert coming["interval"].isna().all()
    pd.testing.assert_frame_equal(
        intervals[~is_coming], events_to_intervals(before, by="who", merge=merge)
    )


def test_today_is_in_the_time_zone_of_the_events():
    days = pd.date_range("2026-01-01", periods=2, tz="UTC")
    with pytest.raises(ValueError, match=r"until=.* has no time zone, unlike"):
        events_to_intervals(days, until="2026-01-03")
    with pytest.raises(ValueError, match=r"until=.* has a time zone, unlike"):
        events_to_intervals(days.tz_localize(None), until=days[1])


def test_today_is_no_finer_than_the_events():
    seconds = pd.DatetimeIndex(["2026-01-01", "2026-01-02"], dtype="datetime64[s]")
    intervals = events_to_intervals(seconds, until="2026-01-02 00:00:00.7")
    assert intervals.index.tolist() == seconds.tolist()
    assert intervals["interval"].isna().all()


def test_one_customer_is_a_series_of_times():
    times = ["2026-01-05", "2026-01-01", "2026-01-05", "2026-01-06 12:00"]
    expected = [np.nan, 4, 1.5]
    for events in (
        pd.DatetimeIndex([pd.Timestamp(time) for time in times]),
        pd.Series(times),
        pd.DataFrame({"time": times}),
    ):
        intervals = events_to_intervals(events)
        assert isinstance(intervals.index, pd.DatetimeIndex)
        assert intervals.index.name == "time"
        assert_array_equal(intervals["interval"], expected)


def test_calendar_days_are_those_of_the_time_zone():
    late = pd.to_datetime(["2026-01-01 23:30", "2026-01-02 00:30"]).tz_localize("UTC")
    assert len(events_to_intervals(late, merge="D")) == 2
    assert len(events_to_intervals(late.tz_convert("Europe/Berlin"), merge="D")) == 1
    assert len(events_to_intervals(late, merge="24h")) == 1


def test_merged_visits_on_the_clock():
    visits = pd.date_range("2026-01-01 09:00", periods=8, freq="10h")
    for merge, hours in [
        ("D", [29, 49, 79]),
        ("10h", list(range(19, 80, 10))),
        ("20h", [29, 49, 69]),
        (pd.Timedelta("21h"), [39, 69]),
    ]:
        intervals = events_to_intervals(visits, merge=merge)
        found = (intervals.index[1:] - pd.Timestamp("2026-01-01")) / pd.Timedelta("1h")
        assert found.tolist() == hours


def test_a_day_of_summer_time_is_an_hour_shorter():
    days = pd.date_range("2026-03-28", periods=3, tz="Europe/Berlin")
    assert_array_equal(events_to_intervals(days, unit="h")["interval"], [np.nan, 24, 23])
    last = pd.Series(days[1:2])
    assert intervals_to_events([23], last, unit="h")[0] == days[2]


def test_several_columns_name_a_customer():
    visits = pd.DataFrame(
        {
            "shop": ["x", "y", "x", "x"],
            "card": [1, 1, 1, None],
            "at": pd.to_datetime(
                ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-05"]
            ),
        }
    )
    intervals = events_to_intervals(visits, by=["shop", "card"], time="at")
    assert intervals.index.names == ["shop", "card", "at"]
    assert_array_equal(intervals["interval"], [np.nan, 3, np.nan])


def test_events_that_can_not_be_read_are_refused():
    for events, parameters, message in [
        ({"at": []}, {}, r"no column 'time'. Its columns are \['at'\]"),
        ({"time": ["2026-01-01"]}, {"by": "who"}, "no column 'who'"),
        ({"time": ["01/02/2026"]}, {}, "its first value is '01/02/2026'"),
        ({"time": [17]}, {}, "type int64"),
        ({"time": ["2026-01-01"]}, {"unit": "M"}, "unit must be .* got 'M'"),
        ({"time": ["2026-01-01"]}, {"merge": "-1h"}, "merge must be .* got '-1h'"),
    ]:
        with pytest.raises(ValueError, match=message):
            events_to_intervals(pd.DataFrame(events), **parameters)
    with pytest.raises(ValueError, match="events is a DatetimeIndex"):
        events_to_intervals(pd.date_range("2026", periods=2), by="who")


def test_forecast_intervals_are_joined_to_last_times_by_customer():
    last = pd.Series(times_of([0, 86_400_000_000]), index=["Ada", "Bob"])
    ranges = pd.DataFrame({"low": [1.0, 2.0], "high": [3.0, np.nan]}, ["Bob", "Ada"])
    times = ranges.apply(intervals_to_events, last_times=last)
    assert times.loc["Bob", "low"] == pd.Timestamp("1970-01-03")
    assert times.loc["Ada", "low"] == pd.Timestamp("1970-01-03")
    assert times.loc["Bob", "high"] == pd.Timestamp("1970-01-05")
    assert times.loc["Ada", "high"] is pd.NaT
    steps = intervals_to_events([[1, np.nan, 1], [1, 1, 1]], last)
    assert steps.isna().to_numpy().tolist() == [[False, True, True], [False] * 3]
    with pytest.raises(ValueError, match="1 of 2 customers, such as 'Eve'"):
        intervals_to_events(pd.Series([1, 1], ["Ada", "Eve"]), last)
    with pytest.raises(ValueError, match=r"shape \(3,\), but there are 2 last times"):
        intervals_to_events([1, 2, 3], last)
    with pytest.raises(ValueError, match=r"inf .* beyond the range of time stamps"):
        intervals_to_events([1, np.inf], last)


def test_intervals_are_what_pipelines_learn_from(rng):
    every = {"Ada": 4.0, "Bob": 9.0}
    visits = pd.concat(
        pd.DataFrame(
            {
                "who": who,
                "time": pd.Timestamp("2025-01-01")
                + pd.to_timedelta(rng.normal(days, 0.1, 80).cumsum(), unit="D"),
            }
        )
        for who, days in every.items()
    ).sample(frac=1, random_state=0)
    intervals = events_to_intervals(visits, by="who")
    pipe = make_pipeline(LookbackWindower(3, horizon=1), LSTMRegressor(4, random_state=0))
    pipe.fit(intervals, intervals["interval"])
    # The first visit of each has no interval, and three more have a window with it.
    assert pipe[-1].n_left_out_ == 2 * 4
    predicted = pd.Series(pipe.predict(intervals), intervals.index).groupby("who").last()
    assert predicted.to_dict() == pytest.approx(every, rel=0.1)
    # The event that is still to come is the next row, however long it takes to come.
    coming = events_to_intervals(visits, by="who", until="2030-01-01")
    forecast = pipe.predict(coming)[coming.index.get_level_values("time") == "2030-01-01"]
    np.testing.assert_allclose(
        forecast, recursive_forecast(pipe, intervals, 1)[:, 0], rtol=1e-5
    )


@pytest.mark.parametrize("until", [None, "2026-02-01"])
@pytest.mark.parametrize(
    ("by", "time"), [("interval", "time"), ("customer", "interval"), (None, "interval")]
)
def test_columns_of_events_may_be_called_interval(by, time, until):
    times = ["2026-01-01", "2026-01-03", "2026-01-10", "2026-01-04"]
    events = pd.DataFrame({"whose": list("aaab"), "at": pd.to_datetime(times)})
    of_others = None if by is None else "whose"
    truth = events_to_intervals(events, by=of_others, time="at", until=until)
    renamed = events.rename(columns={"whose": by or "whose", "at": time})
    found = events_to_intervals(renamed, by=by, time=time, until=until)
    assert found.columns.tolist() == ["interval"]
    assert found.index.names == [*([by] if by else []), time]
    pd.testing.assert_frame_equal(found.rename_axis(truth.index.names), truth)
    if by is None:
        series = renamed["interval"]
        pd.testing.assert_frame_equal(events_to_intervals(series, until=until), found)


def test_a_column_has_one_meaning():
    events = pd.DataFrame([["a", "2026-01-01", "b"]], columns=["c", "time", "c"])
    with pytest.raises(ValueError, match="'c' is the name of several columns"):
        events_to_intervals(events, by="c")
    with pytest.raises(ValueError, match="'time' is the name of several columns"):
        events_to_intervals(events, by="time")


@pytest.mark.parametrize("word", ["now", "today"])
def test_a_word_is_no_time(word):
    with pytest.raises(ValueError, match="can't be read as times"):
        events_to_intervals(pd.Series(["2026-01-01", word], name="time"))


def test_the_next_visit_is_counted_from_the_last_that_counts():
    times = pd.to_datetime(["2026-01-12 16:00", "2026-01-12 17:00", "2026-01-20 16:00"])
    known = events_to_intervals(times[:2], merge="D")
    truth = events_to_intervals(times, merge="D")["interval"].iloc[-1:]
    last = pd.Series(known.index.max(), index=truth.index)
    assert intervals_to_events(truth, last).tolist() == [times[2]]
