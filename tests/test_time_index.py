"""The times that follow those of an index, beside plain pandas arithmetic."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm._time_steps import times_after

OFFSETS = [
    *["B", "C", "D", "W", "W-WED", "ME", "SME", "BME", "CBME", "MS", "SMS", "BMS"],
    *["CBMS", "QE", "QE-NOV", "BQE", "QS", "QS-FEB", "BQS", "YE", "YE-MAR", "BYE"],
    *["YS", "YS-JUL", "BYS", "h", "bh", "cbh", "min", "s", "ms", "us", "ns", "WOM-2FRI"],
    *["LWOM-MON", "REQ-N-DEC-MON-1", "RE-N-DEC-MON", "RE-L-AUG-SAT"],
]
PERIODS = ["B", "D", "W", "W-WED", "M", "Q", "Q-NOV", "Y", "Y-MAR"]
PERIODS += ["h", "min", "s", "ms", "us", "ns"]
multiples = pytest.mark.parametrize("multiple", range(1, 7))


@multiples
@pytest.mark.parametrize("name", OFFSETS)
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_times_behind_times_are_those_of_the_whole_range(name, multiple, tz):
    freq = f"{multiple}{name}"
    unit = "ns" if name == "ns" else "us"
    whole = pd.date_range("2024-01-03", periods=9, freq=freq, tz=tz, unit=unit)
    pd.testing.assert_index_equal(times_after(whole[:5], 4), whole[5:])
    pd.testing.assert_index_equal(times_after(whole[:5], 1), whole[5:6])


@pytest.mark.filterwarnings("ignore:Period with BDay freq is deprecated")
@pytest.mark.filterwarnings(r"ignore:PeriodDtype\[B\] is deprecated")
@multiples
@pytest.mark.parametrize("name", PERIODS)
def test_times_behind_periods_are_those_of_the_whole_range(name, multiple):
    whole = pd.period_range("2024-01-03", periods=9, freq=f"{multiple}{name}")
    pd.testing.assert_index_equal(times_after(whole[:5], 4), whole[5:])


@pytest.mark.parametrize(
    "whole",
    [
        pd.timedelta_range("3h", periods=40, freq="5min"),
        pd.TimedeltaIndex(pd.timedelta_range("3h", periods=40, freq="5min"), freq=None),
        pd.Index(7 + 3 * np.arange(40)),
        pd.Index(0.25 * np.arange(40)),
        *(
            pd.DatetimeIndex(
                pd.date_range("2024", periods=40, freq=name, tz=tz), freq=None
            )
            for name in ("B", "2B", "MS", "BME", "2h", "RE-N-DEC-MON", "REQ-L-AUG-SAT-3")
            for tz in (None, "Europe/Berlin")
        ),
    ],
    ids=lambda whole: f"{whole.dtype}-{whole[0]}",
)
def test_times_behind_those_without_a_frequency_go_on_by_the_usual_step(whole):
    known = whole[:30].delete([4, 28])
    np.testing.assert_array_equal(times_after(known, 10), whole[30:])


def test_times_behind_two_and_uneven_ones_go_on_by_their_distance():
    times = pd.to_datetime(["2024-01-01", "2024-01-03"])
    assert list(times_after(times, 2)) == [*pd.to_datetime(["2024-01-05", "2024-01-07"])]
    uneven = pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:07"])
    uneven = uneven.append(pd.to_datetime(["2024-01-01 03:07", "2024-01-01 09:00"]))
    later = times_after(uneven, 1)[0] - uneven[-1]
    assert later == pd.Timedelta(np.median(np.diff(uneven.asi8)), uneven.unit)
