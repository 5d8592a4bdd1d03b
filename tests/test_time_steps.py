"""The steps of times, beside what pandas says of each of its frequencies."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm._time_steps import find_steps

# Of each calendar that pandas has, and of each unit of time.
ALIASES = [
    *("ns", "us", "ms", "s", "min", "h", "bh", "D", "B", "C"),
    *("W", "W-WED", "SMS", "SME", "MS", "ME", "BMS", "BME", "CBMS", "CBME"),
    *("QS", "QS-FEB", "QE", "QE-NOV", "BQS", "BQE", "BQE-OCT"),
    *("YS", "YS-APR", "YE", "YE-JUN", "BYS", "BYE", "WOM-3FRI"),
    *("RE-N-DEC-MON", "RE-L-AUG-SAT", "REQ-N-DEC-MON-1"),
]
PERIODS = ["ns", "us", "ms", "s", "min", "h", "D", "W", "W-WED", "M", "Q", "Q-NOV", "Y"]
MULTIPLES = range(1, 7)
ZONES = [None, "Europe/Berlin"]


def stamps(alias, multiple, n=40, tz=None):
    start = "2020-01-01 10:00" if "bh" in alias else "2020-01-01"
    times = pd.date_range(start, periods=n, freq=f"{multiple}{alias}", tz=tz)
    assert len(times) == n
    return times


@pytest.mark.parametrize("tz", ZONES)
@pytest.mark.parametrize("alias", ALIASES)
def test_steps_of_time_stamps_with_a_frequency(alias, tz):
    for multiple in MULTIPLES:
        every = stamps(alias, multiple, tz=tz)
        known = every[10:30]
        steps = find_steps(known)
        numbers = np.arange(-10, 30)
        pd.testing.assert_index_equal(steps.times(numbers), every, exact=True)
        np.testing.assert_array_equal(steps.numbers(every), numbers)
        some = [3, -2, 17, 25]
        assert list(steps.times(some)) == [every[10 + number] for number in some]
        np.testing.assert_array_equal(steps.numbers(steps.times(some)), some)


@pytest.mark.parametrize("gaps", [[], [4], [5, 6, 20]])
@pytest.mark.parametrize("tz", ZONES)
@pytest.mark.parametrize("alias", ALIASES)
def test_steps_of_time_stamps_without_a_frequency(alias, tz, gaps):
    for multiple in MULTIPLES:
        every = stamps(alias, multiple, tz=tz)
        known = pd.DatetimeIndex(every[:30].delete(gaps), freq=None)
        steps = find_steps(known)
        numbers = np.delete(np.arange(30), gaps)
        np.testing.assert_array_equal(steps.numbers(known), numbers, f"{steps}")
        assert list(steps.times(np.arange(40))) == list(every), (multiple, steps)


@pytest.mark.parametrize("alias", PERIODS)
def test_steps_of_periods(alias):
    for multiple in MULTIPLES:
        every = pd.period_range("2020-01-01", periods=40, freq=f"{multiple}{alias}")
        known = every[10:30].delete([3, 4])
        steps = find_steps(known)
        numbers = np.arange(-10, 30)
        pd.testing.assert_index_equal(steps.times(numbers), every)
        np.testing.assert_array_equal(steps.numbers(every), numbers)


@pytest.mark.parametrize(("first", "step"), [(0, 1), (5, 1), (1990, 2), (-20, 10)])
def test_steps_of_whole_numbers(first, step):
    every = pd.Index(first + step * np.arange(12))
    steps = find_steps(every.delete([3, 4]))
    np.testing.assert_array_equal(steps.numbers(every), np.arange(12))
    assert list(steps.times([-1, 12])) == [first - step, first + 12 * step]
