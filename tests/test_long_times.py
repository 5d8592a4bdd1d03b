"""Long times with equal distances: a short look gives what the whole search gives."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skforecast_lstm import LookbackWindower
from skforecast_lstm._calendar import Calendar
from skforecast_lstm._gaps import find_calendars
from skforecast_lstm._time_index import elapsed, even_distance, many_series

N = 10_050
BERLIN = "Europe/Berlin"
LONG_TIMES = {
    "minutes": pd.date_range("2000-01-01", periods=N, freq="min"),
    "quarters of an hour": pd.date_range("2000-01-01", periods=N, freq="15min"),
    "days": pd.date_range("2000-01-01", periods=N, freq="D"),
    "every third day": pd.date_range("2000-01-01", periods=N, freq="3D"),
    "weeks": pd.date_range("1900-01-01", periods=N, freq="W"),
    "local hours": pd.date_range("2000-01-01", periods=N, freq="h", tz=BERLIN),
    "local days": pd.date_range("2000-01-01", periods=N, freq="D", tz=BERLIN),
    "business days": pd.date_range("2000-01-01", periods=N, freq="B"),
    "months": pd.period_range("1800-01", periods=N, freq="M"),
    "periods of minutes": pd.period_range("2000-01-01", periods=N, freq="5min"),
    "durations": pd.timedelta_range("0h", periods=N, freq="10s"),
    "numbers": pd.RangeIndex(5, 5 + 3 * N, 3),
    "floats": pd.Index(np.arange(N) * 0.5),
    "seconds in whole seconds": pd.date_range("2000", periods=N, freq="s").as_unit("s"),
}


@pytest.mark.parametrize("change", ["none", "no freq", "one less", "one later", "two"])
@pytest.mark.parametrize("name", LONG_TIMES)
def test_the_calendar_is_that_of_the_whole_search(name, change):
    times = LONG_TIMES[name]
    if change == "no freq" and isinstance(times, pd.DatetimeIndex | pd.TimedeltaIndex):
        times = times._with_freq(None)
    elif change == "one less":
        times = times.delete(7_000)
    elif change == "one later":
        times = times.delete([20, N - 1])
    elif change == "two":
        # The first and the last time are where they would be.
        times = times.delete([40, 41]).append(times[-1:] + 2 * (times[1] - times[0]))
    calendar = Calendar.from_times(times)
    assert calendar == Calendar._find(times)
    missing = calendar._missing_steps(times) if calendar.step is not None else None
    if calendar.has_every_step(times):
        assert not missing.any()
    series, _ = many_series(np.ones((len(times), 1)), times)
    found = find_calendars(series)
    assert bool(found.are_full) == (Calendar.of_long_times(times) is not None)
    if name in ("minutes", "days", "numbers", "durations") and change == "none":
        assert found.are_full == {0}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=6),
    st.sampled_from([1, 2**15 - 1, 2**15, 2**15 + 1, 70_000]),
    st.integers(0, 70_000),
)
def test_distances_are_even_if_all_are_equal(odd, n_steps, place):
    distances = np.ones(n_steps, dtype=np.int64)
    distances[place : place + len(odd)] = odd[: len(distances[place:])]
    times = pd.Index(np.append(0, distances.cumsum()))
    passed = elapsed(times)
    expected = passed[0] if (passed == passed[0]).all() else None
    assert even_distance(times) == expected


def test_a_late_gap_is_found_in_long_times():
    times = LONG_TIMES["minutes"].delete([N - 3])
    X = pd.DataFrame({"v": np.arange(N - 1.0)}, index=times)
    windower = LookbackWindower(2, horizon=1).fit(X[:-4])
    windows = windower.transform(X)
    assert np.isnan(windows[-2]).sum() == 1
    assert not np.isnan(windows[3:-2]).any()
