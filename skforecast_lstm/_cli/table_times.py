"""A column of times: reading it, and finding the equal steps that it goes in."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skforecast_lstm._cli.table_sources import InputError

__all__ = ["Steps", "find_steps", "parse_times"]

_QUARTER = r"\d{4}[- ]?Q[1-4]"
_MONTH = r"\d{4}-\d{1,2}"
_OFFERED = (
    "Write times as dates (2020-01-31), with an hour (2020-01-31 13:00), as periods "
    "(2020-01, 2020Q1) or as whole numbers."
)


def parse_times(column):
    """Read a column as dates without a zone, periods, or whole numbers."""
    missing = column.isna().to_numpy()
    if missing.any():
        raise InputError(
            f"Column {column.name!r} has no time in row {missing.argmax() + 1}"
            f"{_and_others(missing)}. Fill it in, or leave such rows out."
        )
    if isinstance(column.dtype, pd.PeriodDtype):
        return pd.PeriodIndex(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _without_zone(column.dt.tz_localize(None), column.dt.tz_convert("UTC"))
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return pd.DatetimeIndex(column)
    if pd.api.types.is_bool_dtype(column.dtype):
        raise InputError(f"Column {column.name!r} has no times, but true and false.")
    if pd.api.types.is_numeric_dtype(column.dtype):
        broken = (column % 1 != 0).to_numpy()
        if broken.any():
            raise _not_a_time(column, broken)
        return pd.Index(column.astype("int64"))
    return _parse_text(column.astype(str).str.strip())


def _parse_text(text):
    """Quarters, months, or dates by ISO 8601."""
    for pattern, frequency in ((_QUARTER, "Q"), (_MONTH, "M")):
        if re.fullmatch(pattern, text.iloc[0]):
            broken = ~text.str.fullmatch(pattern).to_numpy()
            months = text.str.extract(r"-(\d+)$")[0].astype(float)
            if frequency == "M":
                broken |= ~months.between(1, 12).to_numpy()
            if broken.any():
                raise _not_a_time(text, broken)
            return pd.PeriodIndex(text.str.replace(" ", ""), freq=frequency)
    times = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    broken = times.isna().to_numpy()
    if broken.any():
        raise _not_a_time(text, broken)
    on_the_clock = text.str.replace(r"(?<=\d)\s*(Z|[+-]\d\d:?\d\d)$", "", regex=True)
    if (on_the_clock == text).all():
        return pd.DatetimeIndex(times.dt.tz_localize(None))
    return _without_zone(pd.to_datetime(on_the_clock, format="ISO8601"), times)


def _without_zone(on_the_clock, universal):
    """Days as their own clock has them; hours in UTC, where none is left out or twice."""
    if (on_the_clock == on_the_clock.dt.normalize()).all():
        return pd.DatetimeIndex(on_the_clock)
    return pd.DatetimeIndex(universal.dt.tz_localize(None))


def _not_a_time(column, broken):
    first = int(broken.argmax())
    return InputError(
        f"Column {column.name!r} has {column.iloc[first]!s:.40} in row {first + 1}, "
        f"which is no time{_and_others(broken)}. {_OFFERED}"
    )


def _and_others(mask):
    count = int(mask.sum()) - 1
    return f", nor {count} more" if count else ""


@dataclass(frozen=True)
class Steps:
    """Equal steps in time, as sktime's forecasters count them.

    `frequency` is that of a PeriodIndex, "B" for business days, which no period can
    stand for, or an integer. `first` is the first time as it was written, and
    `offset` leads from it to the next, where that can be said.
    """

    frequency: Any
    first: Any = None
    offset: Any = None

    @cached_property
    def _first_step(self):
        return self.index(pd.Index([self.first]))[0]

    def index(self, times):
        """Times as periods, business days, or whole numbers that count by one."""
        if isinstance(self.frequency, int):
            if self.frequency == 1:
                return times
            return (times - self.first) // self.frequency
        if self.frequency == "B":
            return pd.DatetimeIndex(times).normalize()
        if isinstance(times, pd.PeriodIndex):
            return times.asfreq(self.frequency)
        return pd.DatetimeIndex(times).to_period(self.frequency)

    def range(self, first, last):
        """Every step from the first to the last."""
        if isinstance(self.frequency, int):
            return pd.RangeIndex(first, last + 1)
        if self.frequency == "B":
            return pd.date_range(first, last, freq="B")
        return pd.period_range(first, last, freq=self.frequency)

    def as_written(self, index):
        """The times at some steps, in the way of the column that they came from."""
        if isinstance(self.frequency, int):
            if self.frequency == 1:
                return index
            return self.first + index * self.frequency
        if self.offset is None:
            return index.astype(str)
        count = (index.asi8 - self._first_step.ordinal) // index.freq.n
        dates = pd.date_range(self.first, periods=max(count) + 1, freq=self.offset)
        return dates[count].astype(str)


def find_steps(times, frequency=None):
    """Find the steps of times, or take those of a frequency that was given."""
    times = times.unique().sort_values()
    if len(times) < 2:
        raise InputError(f"There is only one time, {times[0]}. A series needs more rows.")
    if frequency is not None:
        if not isinstance(times, pd.PeriodIndex | pd.DatetimeIndex):
            raise InputError("--freq is for dates, and the times are whole numbers.")
        return Steps(_period_frequency(frequency))
    if isinstance(times, pd.PeriodIndex):
        n_periods = int(np.gcd.reduce(np.diff(times.asi8)))
        is_longer = times.freqstr == "M" and n_periods > 1
        return Steps(_months(n_periods) if is_longer else times.freqstr)
    if not isinstance(times, pd.DatetimeIndex):
        return Steps(int(np.gcd.reduce(np.diff(times))), times[0])
    if len(times) > 2 and (name := pd.infer_freq(times)):
        frequency, offset = _period_frequency(name), to_offset(name)
    else:
        frequency, offset = _steps_with_gaps(times)
    return Steps(frequency, times[0], None if frequency == "B" else offset)


def _period_frequency(frequency):
    """The name that a frequency of dates has for periods; "B" stays what it is."""
    calendar = re.match(r"(\d*)(?:B?([MQY])[SE]|WOM)(-|$)", frequency)
    if calendar:
        return calendar[1] + (calendar[2] or "M")
    if frequency == "B":
        return frequency
    try:
        return pd.Period("2000-01-01", freq=frequency).freqstr
    except ValueError as error:
        raise InputError(
            f"--freq {frequency} is no frequency. Give Y, Q, M, W, D, B (business days), "
            "h, min or s, with a number before it if need be, such as 15min."
        ) from error


def _months(count):
    """The name of a frequency of some months."""
    return {1: "M", 3: "Q", 12: "Y"}.get(count, f"{count}M")


def _steps_with_gaps(times):
    """Frequency and offset of dates of which some may be missing."""
    steps = np.diff(times)
    days = steps / np.timedelta64(1, "D")
    is_whole_days = (times == times.normalize()).all()
    at_month_ends = times.is_month_end.all()
    on_one_day = at_month_ends or (times.day == times.day[0]).all()
    if is_whole_days and days.min() >= 28 and on_one_day:
        count = int(np.gcd.reduce(np.diff(times.year * 12 + times.month)))
        if at_month_ends:
            return _months(count), pd.offsets.MonthEnd(count)
        return _months(count), pd.DateOffset(months=count)
    if is_whole_days and days.min() == 1 and times.dayofweek.max() < 5 and days.sum() > 6:
        return "B", None
    unique, counts = np.unique(steps, return_counts=True)
    step = pd.Timedelta(unique[counts.argmax()])
    uneven = (times - times[0]) % step != pd.Timedelta(0)
    if uneven.any():
        raise InputError(
            f"The times are not in equal steps: most are {step} apart, and "
            f"{times[int(uneven.argmax())]} does not fit in. Say what a step is with "
            "--freq, such as --freq D."
        )
    n_days, rest = divmod(step, pd.Timedelta(days=1))
    if rest:
        offset = to_offset(step)
    elif n_days % 7:
        offset = pd.offsets.Day(n_days)
    else:
        offset = pd.offsets.Week(n_days // 7, weekday=times[0].dayofweek)
    return _period_frequency(offset.freqstr), offset
