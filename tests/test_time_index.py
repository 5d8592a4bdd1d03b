"""The time that follows the last of an index, beside plain pandas arithmetic."""

import pandas as pd
import pytest

from skforecast_lstm._time_index import times_after

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
def test_times_after_a_time_are_those_of_the_whole_range(name, multiple, tz):
    freq = f"{multiple}{name}"
    unit = "ns" if name == "ns" else "us"
    whole = pd.date_range("2024-01-03", periods=9, freq=freq, tz=tz, unit=unit)
    pd.testing.assert_index_equal(times_after(whole[4], freq, 4), whole[5:])
    off = whole[4] - pd.Timedelta(1, unit=unit)
    assert (times_after(off, freq, 3) > off).all()


@pytest.mark.filterwarnings("ignore:Period with BDay freq is deprecated")
@pytest.mark.filterwarnings(r"ignore:PeriodDtype\[B\] is deprecated")
@multiples
@pytest.mark.parametrize("name", PERIODS)
def test_times_after_a_period_are_those_of_the_whole_range(name, multiple):
    whole = pd.period_range("2024-01-03", periods=9, freq=f"{multiple}{name}")
    pd.testing.assert_index_equal(times_after(whole[4], None, 4), whole[5:])
    assert times_after(whole[4], None, 1)[0] == whole[4] + 1


@multiples
def test_times_after_a_duration_are_those_of_the_whole_range(multiple):
    whole = pd.timedelta_range("3h", periods=9, freq=f"{multiple}min")
    pd.testing.assert_index_equal(times_after(whole[4], whole.freq, 4), whole[5:])
