"""Parser of a column of times, and search for their equal steps."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skforecast_lstm import _time_steps
from skforecast_lstm._cli.cells import is_unknown
from skforecast_lstm._cli.errors import InputError, and_others, rows_as_text
from skforecast_lstm._cli.text_dates import DateStyle
from skforecast_lstm.comparison.checks import TableChecks

__all__ = ["FLAGS", "DateWithoutMarksError", "Timeline", "find_steps", "parse_times"]

FLAGS = TableChecks(
    error=InputError,
    repeated="If the rows belong to many series, name the column of the series with "
    "--series. Otherwise give --duplicates mean or --duplicates last.",
    gaps="Fill them with --gaps interpolate or --gaps ffill",
    empty="Fill it with --gaps interpolate or --gaps ffill.",
    uneven="say what a step is with --freq, such as --freq D",
    horizon="--horizon ",
    windows="--windows ",
    season="--season ",
)

_QUARTER = r"\d{4}[- ]?Q[1-4]"
_MONTH = r"\d{4}-\d{1,2}"
# A time of day, and the zone after it.
_WITH_ZONE = r"^(.*[T ]\d{1,2}[\d:.]*?)\s*(Z|z|[+-]\d\d(?::?\d\d)?)$"
_OFFERED = (
    "Write times as dates (2020-01-31, 31.01.2020 or 1/31/2020), with an hour "
    "(2020-01-31 13:00), as periods (2020-01, 2020Q1) or as whole numbers."
)

_DAYS = _time_steps.Steps(pd.Timestamp("1970-01-01"), pd.offsets.BusinessDay())


class DateWithoutMarksError(InputError):
    """Error for whole numbers that stand for dates but would be counted as numbers."""


def parse_times(column, notes=None, order=None):
    """Read a column as dates without a zone, periods, or whole numbers.

    `notes` is extended with notes for the user on the reading of times. `order` is the
    order of day and month that the user gives for dates such as 03/04/2024.
    """
    notes = [] if notes is None else notes
    missing = is_unknown(column)
    if missing.any():
        at_end = " The last row may be a total: delete it." if missing[-1] else ""
        raise InputError(
            f"Column {column.name!r} has no time in {rows_as_text(column.index[missing])}"
            f". Fill it in, or leave such rows out.{at_end}"
        )
    if isinstance(column.dtype, pd.PeriodDtype):
        if isinstance(column.dtype.freq, pd.offsets.BusinessDay):
            return pd.DatetimeIndex(column.dt.to_timestamp())
        return pd.PeriodIndex(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        clock, universal = column.dt.tz_localize(None), column.dt.tz_convert("UTC")
        return _without_zone(column, clock, universal, notes)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return pd.DatetimeIndex(column)
    if pd.api.types.is_bool_dtype(column.dtype):
        raise InputError(
            f"Column {column.name!r} has true and false, which are not times."
        )
    if pd.api.types.is_numeric_dtype(column.dtype):
        broken = (column % 1 != 0).to_numpy()
        if broken.any():
            raise _not_a_time(column, broken)
        return _whole_numbers(column, notes)
    style = DateStyle.of(column, order, notes)
    text = column.astype(str).str.strip()
    if style is None:
        return _parse_text(text, notes)
    times = style.read(text)
    if times.isna().any():
        given = f" in the order --dates {order}" if order else ""
        raise _not_a_time(text, times.isna().to_numpy(), given)
    return pd.DatetimeIndex(times)


def _whole_numbers(column, notes):
    """Return whole numbers as times. Raise if they stand for dates."""
    broken = (column.astype(float).abs() >= 2.0**63).to_numpy()
    if broken.any():
        raise _not_a_time(column, broken)
    numbers = column.astype("int64")
    first = numbers.iloc[0]
    if _stand_for_dates(numbers):
        raise DateWithoutMarksError(
            f"Column {column.name!r} has {first}, which stands for a date, and would be "
            f"counted as a number. {_OFFERED}"
        )
    if (numbers.abs() >= 10**8).all():
        raise DateWithoutMarksError(
            f"Column {column.name!r} has {first}, which counts seconds, or parts of "
            "them, or is a date without its marks, and would be counted as a number. "
            f"{_OFFERED}"
        )
    if numbers.between(20_000, 80_000).all():
        notes.append(
            f"The times in {column.name!r}, such as {first}, are counted as numbers. If "
            "they are the days of a spreadsheet, write them as dates."
        )
    return pd.Index(numbers)


def _stand_for_dates(numbers):
    """Return True if whole numbers are days (20200131) or months (202001)."""
    days = pd.to_datetime(numbers.astype(str), format="%Y%m%d", errors="coerce")
    is_month = numbers.between(180001, 219912) & (numbers % 100).between(1, 12)
    return bool(
        days.dt.year.between(1800, 2199).all()
        or (is_month.all() and numbers.nunique() > 1)
    )


def _parse_text(text, notes):
    """Read text as whole numbers, quarters, months, or ISO 8601 dates."""
    if text.str.fullmatch(r"[+-]?[0-9]+(\.0*)?").all():
        digits = text.str.partition(".")[0].astype(object).map(int)
        return _whole_numbers(digits.rename(text.name), notes)
    for pattern, frequency in ((_QUARTER, "Q"), (_MONTH, "M")):
        if re.fullmatch(pattern, text.iloc[0]):
            broken = ~text.str.fullmatch(pattern).to_numpy()
            months = text.str.extract(r"-(\d+)$")[0].astype(float)
            if frequency == "M":
                broken |= ~months.between(1, 12).to_numpy()
            if broken.any():
                raise _not_a_time(text, broken)
            return pd.PeriodIndex(text.str.replace(" ", ""), freq=frequency)
    # pandas also accepts the words "now" and "today".
    dates = text.where(text.str.match(r"[0-9]{4}"))
    times = pd.to_datetime(dates, format="ISO8601", errors="coerce", utc=True)
    parts = text.str.extract(_WITH_ZONE)
    has_zone = parts[0].notna()
    on_the_clock = _dates_without_zones(parts[0].where(has_zone, dates))
    broken = (times.isna() | on_the_clock.isna()).to_numpy()
    if broken.any():
        raise _not_a_time(text, broken)
    if not has_zone.any():
        return pd.DatetimeIndex(times.dt.tz_localize(None))
    if not has_zone.all():
        row = has_zone.idxmin()
        raise InputError(
            f"Column {text.name!r} has {text[row]} in row {row} without a time zone, and "
            "other rows have one. Give all of them one, or none."
        )
    return _without_zone(text, on_the_clock, times, notes)


def _dates_without_zones(text):
    """Read ISO 8601 dates, with NaT for a zone of another form."""
    is_odd = text.str.contains(r"[T ].*(?:[A-Za-z]|[+-])", na=False)
    return pd.to_datetime(text.mask(is_odd), format="ISO8601", errors="coerce")


def _without_zone(column, on_the_clock, universal, notes):
    """Return days in local time, and hours in UTC, where every hour occurs once."""
    if (on_the_clock == on_the_clock.dt.normalize()).all():
        return pd.DatetimeIndex(on_the_clock)
    universal = universal.dt.tz_localize(None)
    if (universal != on_the_clock).any():
        notes.append(
            f"The times in {column.name!r} are counted in UTC: {column.iloc[0]} is "
            f"{universal.iloc[0]}."
        )
    return pd.DatetimeIndex(universal)


def _not_a_time(column, broken, given=""):
    rows = column.index[broken]
    return InputError(
        f"Column {column.name!r} has {column[rows[0]]!s:.40} in row {rows[0]}, which is "
        f"not a time{given}{and_others(rows)}. {_OFFERED}"
    )


@dataclass(frozen=True)
class Timeline:
    """Times of a table, as steps that sktime's forecasters can count.

    `source` has the steps of the dates or numbers in the source, if they are known.
    `frequency` is that of a PeriodIndex, or "B" for business days, which have no
    periods. If it is None, the numbers of the steps in `source` replace the times, or the
    times are consecutive numbers. `shift` is the distance from the start of a period to
    the time in the source. If that time is a period too, `unit` is its frequency. For
    business days, `shift` is the time of day. `style` is the style of dates in the
    source, if it is not ISO 8601.
    """

    frequency: Any = None
    source: Any = None
    shift: Any = None
    unit: Any = None
    style: DateStyle | None = None

    def index(self, times):
        """Return times as periods, business days, or consecutive whole numbers."""
        if self.frequency is None:
            try:
                return pd.Index(self.source.numbers(times)) if self.source else times
            except ValueError as error:
                raise InputError(str(error)) from error
        if self.frequency == "B":
            return pd.DatetimeIndex(times).normalize()
        if isinstance(times, pd.PeriodIndex):
            has_it = times.freqstr == self.frequency
            # A period of several units has the name of its start.
            return times if has_it else times.asfreq(self.frequency, "start")
        return pd.DatetimeIndex(times).to_period(self.frequency)

    def from_first(self, index):
        """Return the steps from the first of the index on, to count them."""
        step = getattr(index, "freq", None) or 1
        if isinstance(index, pd.DatetimeIndex):
            step = pd.offsets.BusinessDay()
        return _time_steps.Steps(index[0], step)

    def countable(self, index):
        """Return numbers for business days, which not all forecasters can count."""
        return pd.Index(_DAYS.numbers(index)) if self.frequency == "B" else index

    def from_countable(self, index):
        """Return the business days for their numbers."""
        if self.frequency != "B":
            return index
        days = np.busday_offset(_DAYS.first.asm8.astype("datetime64[D]"), index)
        return pd.DatetimeIndex(days)

    @property
    def are_weeks_of_dates(self):
        """True if weeks replace dates."""
        is_week = re.match(r"\d*W", str(self.frequency)) is not None
        return is_week and (self.source is not None or self.shift is not None)

    @property
    def differ_from_source(self):
        """True if numbers from 0, or weeks, replace the times of the source."""
        is_counted = self.frequency is None and self.source is not None
        return is_counted or self.are_weeks_of_dates

    def times(self, index):
        """Return the times of the source if the steps differ from them."""
        if self.are_weeks_of_dates:
            return pd.to_datetime(self.as_written(index))
        return self.source.times(index) if self.differ_from_source else index

    def times_of_results(self, values):
        """Return the times of the source for the steps in the results of `compare`."""
        if self.are_weeks_of_dates:
            # A week as text is the range of its days.
            days = [str(week).partition("/")[0] for week in values]
            return self.times(pd.PeriodIndex(days, freq=self.frequency))
        return self.times(pd.Index(values).astype("int64"))

    def as_written(self, index):
        """Return the times of steps in the format of the source."""
        if self.frequency is None:
            times = self.times(index)
            return self._as_text(times) if isinstance(times, pd.DatetimeIndex) else times
        if self.frequency == "B":
            return self._as_text(index + self.shift)
        if self.shift is not None:
            starts = (
                index.asfreq(self.unit, "start") if self.unit else index.to_timestamp()
            )
            return self._as_text(starts + self.shift)
        if self.source is None:
            return self._as_text(index)
        first = self.index(pd.DatetimeIndex([self.source.first]))
        dates = self.source.times((index.asi8 - first.asi8) // index.freq.n)
        # Write days with hours if the source does.
        return self._as_text(dates.append(self.source.times([0, 1])))[: len(dates)]

    def _as_text(self, times):
        is_styled = self.style is not None and isinstance(times, pd.DatetimeIndex)
        return self.style.write(times) if is_styled else _as_text(times)


def _as_text(times):
    """Return times as text, with the leading zeros of years that pandas leaves out."""
    return times.astype(str).str.replace(
        r"(^|/)(\d{1,3})(?=[-Q]|$)",
        lambda found: found[1] + found[2].zfill(4),
        regex=True,
    )


def _time_of_the_day(times):
    """Return the time of day if all times share it, else 0."""
    clock = times - times.normalize()
    return clock[0] if (clock == clock[0]).all() else pd.Timedelta(0)


def find_steps(times, frequency=None):
    """Find the steps of times, or use those of a given frequency."""
    times = times.unique().sort_values()
    if len(times) < 2:
        raise InputError(f"There is only one time, {times[0]}. A series needs more rows.")
    if frequency is not None:
        if not isinstance(times, pd.PeriodIndex | pd.DatetimeIndex):
            raise InputError("--freq is for dates, and the times are whole numbers.")
        return _given_timeline(times, frequency)
    if isinstance(times, pd.PeriodIndex):
        n_periods = int(np.gcd.reduce(np.diff(times.asi8)))
        if times.freqstr != "M" or n_periods == 1:
            return Timeline(times.freqstr)
        frequency = _months(n_periods)
        shift = times[0].ordinal - times[0].asfreq(frequency).asfreq("M", "start").ordinal
        return Timeline(frequency, shift=shift, unit="M")
    if not isinstance(times, pd.DatetimeIndex):
        source = _time_steps.find_steps(times)
        return Timeline(source=None if source.step == 1 else source)
    source = _time_steps.Steps(times[0], _time_steps.likely_offset(times))
    FLAGS.check_on_steps(times, source, "")
    frequency = _period_name(_frequency_name(source.step))
    if frequency == "B":
        return Timeline(frequency, shift=_time_of_the_day(times))
    return Timeline(frequency, source)


def _given_timeline(times, given):
    """Return the timeline of the user's frequency, in the format of the source."""
    try:
        frequency = _period_name(given)
        offset = None if frequency else to_offset(given)
        if offset is not None and offset.n < 1:
            raise ValueError("A step must be positive.")
    except ValueError as error:
        raise InputError(
            f"--freq {given} is not a frequency. Give Y, Q, M, W, D, B (business days), "
            "h, min or s, with a number before it if need be, such as 15min."
        ) from error
    is_period = isinstance(times, pd.PeriodIndex)
    if frequency in (None, "B"):
        if is_period:
            raise InputError(f"--freq {given} is for dates, and the times are periods.")
        if frequency is None:
            return Timeline(source=_time_steps.Steps(times[0], offset))
        return Timeline(frequency, shift=_time_of_the_day(times))
    steps = Timeline(frequency)
    if is_period:
        return steps
    offset = _time_steps.usual_offset(times)
    name = None if offset is None else _period_name(_frequency_name(offset))
    if name and pd.Period("2000", name).freq == pd.Period("2000", frequency).freq:
        return Timeline(frequency, _time_steps.Steps(times[0], offset))
    shifts = times - steps.index(times).to_timestamp()
    if (shifts == shifts[0]).all():
        return Timeline(frequency, shift=shifts[0])
    if frequency.lstrip("0123456789").startswith("W"):
        # Write weeks by their first days: a week as text is a range, not a date.
        return Timeline(frequency, shift=pd.Timedelta(0))
    return steps


def _period_name(frequency):
    """Return the name for periods of a frequency of dates; "B" stays "B".

    Return None if there is no such period, for example for half months.
    """
    calendar = re.match(r"(\d*)(?:B?([MQY])[SE]|WOM|LWOM)(-|$)", frequency)
    if calendar and calendar[2] in (None, "M"):
        return _months(int(calendar[1] or 1))
    if calendar:
        return calendar[1] + calendar[2]
    if frequency.endswith("B"):
        # pandas no longer supports periods of business days.
        return frequency if frequency == "B" else None
    try:
        return pd.Period("2000-01-01", freq=frequency).freqstr
    except ValueError:
        # This raises if it is not a frequency.
        to_offset(frequency)
        return None


def _months(count):
    """Return the name of a frequency of months."""
    return {1: "M", 3: "Q", 12: "Y"}.get(count, f"{count}M")


def _frequency_name(offset):
    """Return the name of an offset. A DateOffset gets that of its months."""
    if type(offset) is pd.DateOffset:
        return _months(offset.n * offset.kwds["months"])
    return offset.freqstr
