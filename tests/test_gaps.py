"""Windows over rows of which the index leaves some out, beside plain pandas.

What is expected is found by reindexing: a row for every time of a full range, NaN where
nothing is known, and a window by its places in there.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from skforecast_lstm import LookbackWindower, LSTMRegressor, recursive_forecast
from skforecast_lstm._calendar import Calendar
from skforecast_lstm.exceptions import IrregularTimesWarning, UnknownStepsWarning
from skforecast_lstm.targets import events_to_intervals, horizon_targets

ALIASES = [
    *("ns", "us", "ms", "s", "min", "h", "bh", "D"),
    *("W", "W-WED", "SMS", "SME", "MS", "ME", "BMS", "BME"),
    *("QS", "QS-FEB", "QE", "QE-NOV", "BQS", "BQE"),
    *("YS", "YS-APR", "YE", "YE-JUN", "BYS", "BYE", "WOM-3FRI"),
    *("RE-N-DEC-MON", "RE-L-AUG-SAT", "REQ-N-DEC-MON-1", "REQ-L-JAN-FRI-3"),
]
PERIODS = ["ns", "us", "ms", "s", "min", "h", "D", "W", "W-WED", "M", "Q", "Q-NOV", "Y"]
MULTIPLES = range(1, 7)
LOOKBACK = 3
# Rows that are left out: alone, side by side, and so many that no window reaches over.
HOLES = [7, 15, 16, 20, 21, 22, 23]
N_FIT, N_ALL = 30, 40


def expected_windows(full, kept, horizon=1, lookback=LOOKBACK):
    """Windows of the kept rows over a full table, by places counted one by one."""
    windows = np.full((len(kept), lookback, full.shape[1]), np.nan)
    for row, place in enumerate(kept):
        for step in range(lookback):
            source = place - horizon - (lookback - 1 - step)
            if source >= 0:
                windows[row, step] = full[source]
    return windows


def answer(windower, X):
    """Windows of transform, of which some may hold nothing that is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownStepsWarning)
        return windower.transform(X)


def check(every, holes, *, starts=(0, 1)):
    """Windows in fit, and behind it, of a range of times without some of them."""
    full = np.arange(float(N_ALL)).reshape(-1, 1)
    full[holes] = np.nan
    kept = np.delete(np.arange(N_ALL), holes)
    windower = LookbackWindower(LOOKBACK, horizon=1)
    fitted = kept[kept < N_FIT]
    X = pd.DataFrame(full, index=every)
    windows = windower.fit_transform(X.iloc[fitted])
    np.testing.assert_array_equal(windows, expected_windows(full, fitted))
    np.testing.assert_array_equal(answer(windower, X.iloc[fitted]), windows)
    # The rows behind those of fit have their history; a row later they have none.
    later = kept[kept >= N_FIT]
    np.testing.assert_array_equal(
        answer(windower, X.iloc[later]), expected_windows(full, later)
    )
    none_before = full.copy()
    none_before[: N_FIT + 1] = np.nan
    np.testing.assert_array_equal(
        answer(windower, X.iloc[later[1:]]), expected_windows(none_before, later[1:])
    )


@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
@pytest.mark.parametrize("alias", ALIASES)
def test_times_of_every_frequency(alias, tz):
    start = "2020-01-01 10:00" if "bh" in alias else "2020-01-01"
    for multiple in MULTIPLES:
        every = pd.date_range(start, periods=N_ALL, freq=f"{multiple}{alias}", tz=tz)
        check(every, [])
        check(pd.DatetimeIndex(every, freq=None), [])
        check(every, HOLES)


@pytest.mark.parametrize("alias", PERIODS)
def test_periods_of_every_frequency(alias):
    for multiple in MULTIPLES:
        every = pd.period_range("2020-01-01", periods=N_ALL, freq=f"{multiple}{alias}")
        check(every, [])
        check(every, HOLES)


@pytest.mark.parametrize(
    "every",
    [
        pd.RangeIndex(5, 5 + 3 * N_ALL, 3),
        pd.Index(np.arange(N_ALL, dtype=np.uint64)),
        pd.Index(np.arange(N_ALL) * 0.1),
        pd.timedelta_range("3h", periods=N_ALL, freq="15min"),
    ],
    ids=["numbers", "unsigned", "floats", "durations"],
)
def test_numbers_and_durations(every):
    check(every, [])
    check(every, HOLES)


@pytest.mark.parametrize("start", ["2024-03-30 12:00", "2024-10-26 12:00"])
@pytest.mark.parametrize("freq", ["15min", "h", "D"])
def test_hours_that_the_clock_leaves_out_or_has_twice_are_no_gap(start, freq):
    every = pd.date_range(start, periods=N_ALL, freq=freq, tz="Europe/Berlin")
    check(pd.DatetimeIndex(every, freq=None), [])
    check(every, HOLES)


@settings(deadline=None, max_examples=40)
@given(
    step=st.sampled_from(["15min", "h", "MS", "2M"]),
    holes=st.sets(st.integers(4, N_ALL - 2), max_size=12),
)
def test_holes_anywhere(step, holes):
    if step == "2M":
        every = pd.period_range("2020-01", periods=N_ALL, freq=step)
    else:
        every = pd.date_range("2020-01-01", periods=N_ALL, freq=step)
    # The first row behind those of fit is looked at as it is.
    check(every, sorted(holes - {N_FIT - 1, N_FIT, N_FIT + 1}))


HOLIDAYS = pd.to_datetime(
    ["2023-01-02", "2023-04-07", "2023-05-29", "2023-07-04", "2023-12-25", "2023-12-26"]
)
CLOSED = {
    "trading days": pd.bdate_range("2023-01-03", "2023-12-29").difference(HOLIDAYS),
    "closed on Sundays": pd.DatetimeIndex(
        [day for day in pd.date_range("2023-01-03", "2023-12-29") if day.day_of_week != 6]
    ),
    "hours of trade": pd.DatetimeIndex(
        [
            hour
            for hour in pd.date_range("2023-01-03", "2023-06-29", freq="h")
            if hour.day_of_week < 5 and 9 <= hour.hour < 17
        ]
    ),
}


@pytest.mark.parametrize("times", CLOSED.values(), ids=CLOSED)
def test_rows_follow_each_other_over_what_is_always_closed(times):
    assert times.freq is None
    X = pd.DataFrame({"price": np.arange(float(len(times)))}, index=times)
    every = np.arange(len(times))
    expected = expected_windows(X.to_numpy(), every)
    windower = LookbackWindower(LOOKBACK, horizon=1)
    np.testing.assert_array_equal(windower.fit_transform(X), expected)
    for split in range(100, 120):
        windower.fit(X.iloc[:split])
        found = windower.transform(X.iloc[split : split + 5])
        np.testing.assert_array_equal(found, expected[split : split + 5])


@pytest.mark.parametrize("times", CLOSED.values(), ids=CLOSED)
def test_a_fold_that_is_cut_out_is_a_gap_where_there_are_closures_too(times):
    X = pd.DataFrame({"price": np.arange(float(len(times)))}, index=times)
    windower = LookbackWindower(LOOKBACK, horizon=1)
    for train, _ in KFold(5, shuffle=False).split(X):
        windows = windower.fit_transform(X.iloc[train])
        for row, window in zip(train, windows, strict=True):
            known = window[~np.isnan(window)]
            np.testing.assert_array_equal(known, np.arange(row - len(known), row))


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
def test_a_fold_that_is_cut_out_of_hours_is_a_gap():
    times = pd.DatetimeIndex(pd.date_range("2023", periods=200, freq="h"), freq=None)
    X = pd.DataFrame({"load": np.arange(200.0)}, index=times)
    windower = LookbackWindower(5, horizon=1)
    for train, test in KFold(5, shuffle=False).split(X):
        full = np.full((200, 1), np.nan)
        full[train] = X.to_numpy()[train]
        np.testing.assert_array_equal(
            windower.fit_transform(X.iloc[train]),
            expected_windows(full, train, lookback=5),
        )
        # A fold in the middle follows no row of fit: the last ones come later.
        found = windower.transform(X.iloc[test])
        assert np.isnan(found[0]).all() == (test[0] < 160)


def test_a_long_gap_in_fit_does_not_let_later_rows_follow():
    times = pd.date_range("2023", periods=100, freq="h")
    fitted = times[:80].delete(np.arange(20, 70))
    X = pd.DataFrame({"load": 1.0}, index=fitted)
    windower = LookbackWindower(4, horizon=1).fit(X)
    one = windower.transform(pd.DataFrame({"load": 1.0}, index=times[80:82]))
    assert not np.isnan(one).any()
    for later in range(81, 99):
        two = windower.transform(pd.DataFrame({"load": 1.0}, index=times[[later]]))
        assert np.isnan(two).all()


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
def test_two_rows_of_transform_have_the_steps_of_fit():
    times = pd.date_range("2023", periods=60, freq="h")
    X = pd.DataFrame({"load": np.arange(60.0)}, index=times)
    windower = LookbackWindower(3, horizon=1).fit(X.iloc[:40])
    found = windower.transform(X.iloc[[45, 48]])[..., 0]
    np.testing.assert_array_equal(found, [[np.nan] * 3, [45, np.nan, np.nan]])


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
def test_events_at_any_time_follow_each_other():
    times = pd.Timestamp("2023") + pd.to_timedelta([0, 1, 7, 20, 22, 51, 60, 61], "min")
    X = pd.DataFrame({"size": np.arange(8.0)}, index=times)
    windower = LookbackWindower(2, horizon=1)
    expected = expected_windows(X.to_numpy(), np.arange(8), lookback=2)
    with pytest.warns(
        IrregularTimesWarning, match="have no regular step .* 8 rows.*resample"
    ):
        windows = windower.fit_transform(X)
    np.testing.assert_array_equal(windows, expected)
    # Days later is not right after, whatever gap there was between two events.
    later = pd.DataFrame({"size": [1.0]}, index=[times[-1] + pd.Timedelta("1D")])
    assert np.isnan(windower.transform(later)).all()


def test_a_gap_of_years_takes_no_memory():
    times = pd.DatetimeIndex(
        [
            *pd.date_range("1990", periods=50, freq="s"),
            *pd.date_range("2020", periods=50, freq="s"),
        ]
    )
    windows = LookbackWindower(3).fit_transform(pd.DataFrame({"x": 1.0}, index=times))
    assert np.isnan(windows[50]).sum() == 2
    assert not np.isnan(windows[2:50]).any()


def test_each_series_has_its_own_steps_and_gaps():
    hours = pd.date_range("2023", periods=40, freq="h")
    days = pd.date_range("2023", periods=40, freq="D")
    kept = np.delete(np.arange(40), HOLES)
    tables = [
        pd.DataFrame({"x": np.arange(40.0)}, index=times).iloc[kept]
        for times in (hours, days)
    ]
    X = pd.concat(tables, keys=["a", "b"])
    windows = LookbackWindower(3, horizon=1).fit_transform(X)
    full = np.arange(40.0).reshape(-1, 1)
    full[HOLES] = np.nan
    once = expected_windows(full, kept)
    np.testing.assert_array_equal(windows, np.concatenate([once, once]))


def test_flat_windows_and_edges_over_a_gap():
    times = pd.date_range("2023", periods=6, freq="h").delete(3)
    X = pd.DataFrame({"x": [0.0, 1, 2, 4, 5]}, index=times)
    windower = LookbackWindower(2, horizon=1, layout="flat", warmup="edge")
    expected = [[np.nan, np.nan], [0, 0], [0, 1], [2, np.nan], [np.nan, 4]]
    np.testing.assert_array_equal(windower.fit_transform(X), expected)


def test_starts_of_a_recursive_forecast_are_rows_of_the_table():
    times = pd.date_range("2023", periods=60, freq="h").delete([30, 31])
    series = pd.DataFrame({"x": np.sin(np.arange(58) / 4)}, index=times)
    from sklearn.pipeline import make_pipeline

    pipe = make_pipeline(
        LookbackWindower(3, horizon=1), LSTMRegressor(2, epochs=2, random_state=0)
    ).fit(series, series)
    starts = [10, 30, 40, 57]
    found = recursive_forecast(pipe, series, 1, starts=starts)
    np.testing.assert_allclose(
        found[:, 0, 0], np.ravel(pipe.predict(series))[starts], 1e-5
    )
    assert recursive_forecast(pipe, series, 2).shape == (1, 2, 1)


@pytest.mark.parametrize("freq", ["h", "2h", "MS", "W-WED"])
def test_targets_do_not_reach_over_a_gap(freq):
    every = pd.date_range("2023", periods=40, freq=freq)
    full = np.arange(80.0).reshape(40, 2)
    full[HOLES] = np.nan
    kept = np.delete(np.arange(40), HOLES)
    padded = np.concatenate([full, np.full((2, 2), np.nan)])
    expected = [padded[place : place + 3].ravel() for place in kept]
    y = pd.DataFrame(full, index=every).iloc[kept]
    np.testing.assert_array_equal(horizon_targets(y, 3), expected)
    panel = pd.concat([y, y], keys=["a", "b"])
    np.testing.assert_array_equal(horizon_targets(panel, 3), [*expected, *expected])
    whole = horizon_targets(pd.DataFrame(np.arange(80.0), index=range(80)), 3)
    assert whole.base is not None


def places_on(times, step):
    """Places of times on a grid from the first on, each at the nearest step."""
    return np.rint((times - times[0]) / step).astype(int)


def on_the_grid(X, places, **given):
    """Windows over a table with a row a step, by places counted one by one."""
    full = np.full((places[-1] + 1, 1), np.nan)
    full[places] = X.to_numpy()
    return expected_windows(full, places, **given)


RNG = np.random.default_rng(7)
QUARTER_HOURS = pd.date_range("2024-03-01", periods=300, freq="15min").delete(
    np.arange(120, 190)
)
SHOP_DAYS = pd.DatetimeIndex(
    [day for day in pd.date_range("2024-01-01", "2024-12-31") if day.day_of_week != 6]
)


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
@pytest.mark.parametrize("spread", [0.5, 30, 90], ids=str)
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_a_clock_that_is_not_exact_tells_its_gaps(spread, tz):
    noise = pd.to_timedelta(RNG.normal(0, spread, len(QUARTER_HOURS)), "s")
    times = (QUARTER_HOURS + noise).tz_localize(tz)
    X = pd.DataFrame({"load": np.arange(float(len(times)))}, index=times)
    expected = on_the_grid(X, places_on(QUARTER_HOURS, pd.Timedelta("15min")))
    windower = LookbackWindower(LOOKBACK, horizon=1)
    np.testing.assert_array_equal(windower.fit_transform(X), expected)
    # History joins by it too, and not over a step that is missing.
    windower.fit(X.iloc[:60])
    np.testing.assert_array_equal(windower.transform(X.iloc[60:100]), expected[60:100])
    assert np.isnan(windower.transform(X.iloc[62:63])).all()
    targets = horizon_targets(X, 2)
    assert np.isnan(targets[119, 1])
    assert np.isnan(targets).sum() == 2


@pytest.mark.parametrize(
    ("times", "step", "late"),
    [
        (QUARTER_HOURS, "15min", "4min"),
        (
            pd.date_range("2024", periods=100, freq="h").delete([40, 41, 42]),
            "1h",
            "-20min",
        ),
        (pd.date_range("2024", periods=100).delete([40, 41, 42]), "1D", "9h"),
    ],
    ids=["quarters", "hours", "days"],
)
def test_one_time_off_the_steps_hides_no_gap(times, step, late):
    moved = times.where(np.arange(len(times)) != 20, times + pd.Timedelta(late))
    X = pd.DataFrame({"x": np.arange(float(len(times)))}, index=moved)
    expected = on_the_grid(X, places_on(times, pd.Timedelta(step)))
    np.testing.assert_array_equal(
        LookbackWindower(LOOKBACK, horizon=1).fit_transform(X), expected
    )


@pytest.mark.parametrize("at", ["00:00", "16:00", "23:59"])
def test_a_clock_that_is_not_exact_has_closed_days(at):
    noise = pd.to_timedelta(RNG.normal(0, 20, len(SHOP_DAYS)), "s")
    times = SHOP_DAYS + pd.Timedelta(f"{at}:00") + noise
    X = pd.DataFrame({"sold": np.arange(float(len(times)))}, index=times)
    windower = LookbackWindower(LOOKBACK, horizon=1)
    rows = np.arange(len(times))
    expected = expected_windows(X.to_numpy(), rows)
    np.testing.assert_array_equal(windower.fit_transform(X), expected)
    for split in range(100, 108):
        windower.fit(X.iloc[:split])
        found = windower.transform(X.iloc[split : split + 9])
        np.testing.assert_array_equal(found, expected[split : split + 9])
    kept = np.delete(rows, np.arange(150, 170))
    found = windower.fit_transform(X.iloc[kept])
    np.testing.assert_array_equal(np.isnan(found[150:154, :, 0]).sum(1), [3, 2, 1, 0])


@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])
@pytest.mark.parametrize(
    "every",
    [
        pd.RangeIndex(400),
        pd.RangeIndex(1000, 1000 + 5 * 400, 5),
        pd.timedelta_range("0h", periods=400, freq="10s"),
        pd.date_range("2024", periods=400, freq="h"),
        pd.date_range("2024", periods=400, freq="D"),
        pd.date_range("2024", periods=400, freq="MS"),
    ],
    ids=["numbers", "by fives", "durations", "hours", "days", "months"],
)
def test_rows_of_which_many_are_missing_at_random_stand_on_their_steps(every, share):
    kept = np.flatnonzero(np.random.default_rng(3).random(400) < share)
    X = pd.DataFrame({"x": np.arange(float(len(kept)))}, index=every[kept])
    windower = LookbackWindower(LOOKBACK, horizon=1)
    with pytest.warns(UnknownStepsWarning, match=r"windows cover one of the \d+ gaps in"):
        windows = windower.fit_transform(X)
    np.testing.assert_array_equal(windows, on_the_grid(X, kept - kept[0]))


def visits(n_customers=20, n_visits=12, seed=0):
    """A table of events of many customers, one of whom comes every week but one."""
    rng = np.random.default_rng(seed)
    tables = {}
    for customer in range(n_customers):
        minutes = np.sort(rng.choice(60 * 24 * 300, n_visits, replace=False))
        tables[customer] = pd.Timestamp("2024") + pd.to_timedelta(minutes, "min")
    weekly = pd.date_range("2024", periods=8, freq="W").delete([3, 6])
    tables["regular"] = weekly
    return pd.concat(
        {who: pd.DataFrame({"paid": rng.random(len(t))}, t) for who, t in tables.items()},
        names=["customer", "time"],
    )


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
def test_a_few_regular_visits_among_others_are_events_too():
    X = visits()
    windower = LookbackWindower(3, horizon=1)
    with pytest.warns(IrregularTimesWarning, match="of series 0 have no regular step"):
        windows = windower.fit_transform(X)
    last = X.loc["regular"].to_numpy()
    np.testing.assert_array_equal(windows[-1], last[-4:-1])
    # A customer who is new in transform is no other than those of fit.
    new = X.loc[["regular"]].rename({"regular": "new"})
    np.testing.assert_array_equal(windower.transform(new)[-1], last[-4:-1])
    with pytest.warns(IrregularTimesWarning, match="of series 0 have no regular step"):
        targets = horizon_targets(X, 2)
    assert np.isnan(targets).sum() == 21


@pytest.mark.parametrize("change", [lambda x: x, lambda x: (x.clip(upper=20) - 3) / 5])
@pytest.mark.parametrize("unit", ["min", "D"])
def test_intervals_between_events_say_that_rows_follow_each_other(change, unit):
    times = visits().reset_index()[["customer", "time"]]
    intervals = change(events_to_intervals(times, by="customer", merge="D"))
    if unit == "D":
        days = pd.date_range("2024", periods=60).delete([5, 17, 18, 19, 40])
        intervals = change(events_to_intervals(days))
    windows = LookbackWindower(2, horizon=1).fit_transform(intervals)
    shifted = intervals["interval"].groupby(level=0).shift(1)
    if unit == "D":
        shifted = intervals["interval"].shift(1)
    np.testing.assert_array_equal(windows[:, -1, 0], shifted)


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
def test_short_series_have_the_steps_of_their_panel():
    hours = pd.date_range("2024", periods=50, freq="h")
    parts = {"long": hours, "two": hours[[3, 20]], "four": hours[[0, 5, 14, 40]]}
    X = pd.concat({who: pd.DataFrame({"x": 1.0}, index=t) for who, t in parts.items()})
    windower = LookbackWindower(2, horizon=1)
    windows = windower.fit_transform(X)
    assert not np.isnan(windows[2:50]).any()
    assert np.isnan(windows[50:]).all()
    new = X.loc[["two"]].rename({"two": "new"})
    with pytest.warns(UnknownStepsWarning, match="1 windows .* row 1"):
        assert np.isnan(windower.transform(new)).all()


@pytest.mark.parametrize("normalization", [None, "last"])
def test_a_forecast_from_nothing_behind_a_gap_is_told(normalization):
    from sklearn.pipeline import make_pipeline

    times = pd.date_range("2024", periods=60, freq="h")
    X = pd.DataFrame({"x": np.arange(60.0)}, index=times)
    regressor = LSTMRegressor(2, epochs=1, random_state=0, normalization=normalization)
    pipe = make_pipeline(LookbackWindower(3, horizon=1), regressor).fit(X[:40], X[:40])
    # The beginning of a series is no gap, nor is a gap that windows reach over.
    pipe.predict(X[:40])
    with pytest.warns(UnknownStepsWarning, match="^2 of 15 rows .* not directly follow"):
        pipe.predict(X.iloc[45:])
    pipe.predict(X.drop(times[[20, 21]]))
    panel = pd.concat({"a": X, "b": X, "c": X})
    windower = LookbackWindower(3, horizon=1).fit(panel)
    windower.transform(panel)
    with pytest.warns(
        UnknownStepsWarning, match=r"^1 windows have no known step.* row 20:"
    ):
        pipe.predict(X.drop(times[20:30]))
    unknown = X.copy()
    unknown.iloc[10:20] = np.nan
    with pytest.warns(
        UnknownStepsWarning, match=r"^8 windows have no known step.* row 13:"
    ):
        pipe.predict(unknown)
    panel = pd.concat({"a": X, "b": unknown, "c": unknown})
    with pytest.warns(UnknownStepsWarning, match=r"^16 windows have .* row 73:") as said:
        windower.transform(panel)
    assert len(said) == 1
    assert said[0].filename == __file__


def test_times_are_looked_at_once(monkeypatch):
    looked_at = []
    look = Calendar._find.__func__

    def counted(cls, times):
        looked_at.append(len(times))
        return look(cls, times)

    monkeypatch.setattr(Calendar, "_find", classmethod(counted))
    times = pd.date_range("2024", periods=20_000, freq="h").delete([50])
    X = pd.DataFrame({"x": 1.0}, index=times)
    windower = LookbackWindower(3)
    windower.fit_transform(X)
    assert looked_at == [len(times)]
    windower.transform(X)
    assert looked_at == [len(times)]
