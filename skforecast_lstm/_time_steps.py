"""Regular steps of times: find them, count them, and continue them."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

__all__ = ["Steps", "find_steps", "likely_offset", "times_after", "usual_offset"]


@dataclass(frozen=True)
class Steps:
    """Regular steps of times that begin at a first time.

    `step` is the pandas offset from one time to the next, including its multiple. For
    whole numbers, it is their distance.
    """

    first: Any
    step: Any

    def numbers(self, times: Any) -> np.ndarray:
        """Return the number of steps from the first time to each time.

        Raise if a time lies between two steps.
        """
        numbers, fits = self.count(times)
        if not fits.all():
            odd = times[int(np.argmin(fits))]
            raise ValueError(
                f"The time {odd} is not on a step: the times start at {self.first} and "
                f"have steps of {self.name}. Correct it, or give the times a frequency "
                "with asfreq(...)."
            )
        return numbers

    def count(self, times: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps to each time, and whether each time is on a step."""
        if isinstance(self.first, pd.Timestamp):
            return self._count_stamps(times)
        is_period = isinstance(self.first, pd.Period)
        places = times.asi8 if is_period else times.to_numpy(dtype=np.int64)
        first, width = self._first_and_step()
        numbers, rest = np.divmod(places - first, width)
        return numbers, rest == 0

    def times(self, numbers: Any) -> pd.Index:
        """Return the times that are the given numbers of steps after the first time."""
        numbers = np.asarray(numbers, dtype=np.int64)
        if not isinstance(self.first, pd.Timestamp):
            first, width = self._first_and_step()
            places = first + numbers * width
            if isinstance(self.first, pd.Period):
                periods: Any = pd.PeriodIndex
                return periods.from_ordinals(places, freq=self.step)
            return pd.Index(places)
        is_run = len(numbers) > 0 and (np.diff(numbers) == 1).all()
        width = self._fixed_width()
        if width is not None and not is_run:
            # Do not list all times, because the series of a panel may be far apart.
            return self.first + pd.TimedeltaIndex(
                numbers * width.as_unit(self.first.unit).asm8
            )
        low, high = min(numbers.min(initial=0), 0), max(numbers.max(initial=0), 0)
        # pandas can't take zero fiscal years, so no range has only one time.
        options = {"freq": self.step, "unit": self.first.unit}
        if low < 0:
            every = pd.date_range(end=self.first, periods=1 - low, **options)
        else:
            every = pd.date_range(self.first, periods=max(high, 1) + 1, **options)
        if low < 0 < high:
            after = pd.date_range(self.first, periods=high + 1, **options)
            every = pd.DatetimeIndex(every[:-1].append(after), freq=self.step)
        # A slice keeps the frequency.
        places = numbers - low
        return every[places[0] : places[-1] + 1] if is_run else every[places]

    @property
    def name(self) -> str:
        """Name of the step, as in pandas."""
        return getattr(self.step, "freqstr", str(self.step))

    def _fixed_width(self):
        """Return the length of a step if all are equally long, unlike local days."""
        if isinstance(self.step, pd.offsets.Day):
            is_even = self.first.tz is None or str(self.first.tz) == "UTC"
            return pd.Timedelta(days=self.step.n) if is_even else None
        return pd.Timedelta(self.step) if isinstance(self.step, pd.offsets.Tick) else None

    def _first_and_step(self):
        """Return the first time as a number, and the length of one step."""
        if isinstance(self.first, pd.Period):
            return self.first.ordinal, self.step.n
        return int(self.first), self.step

    def _count_stamps(self, times):
        """Return the steps to each time stamp, and whether each is on a step."""
        width = self._fixed_width()
        if width is not None:
            numbers = (times - self.first) // width
            fits = self.first + numbers * width == times
            return np.asarray(numbers, dtype=np.int64), np.asarray(fits)
        is_plain = type(self.step) is pd.offsets.BusinessDay and not self.step.offset
        if is_plain and str(times.tz) == str(self.first.tz):
            return self._count_business_days(times.append(pd.DatetimeIndex([self.first])))
        low, high = min(times.min(), self.first), max(times.max(), self.first)
        every = _offset_range(self.first, high, self.step)
        n_before = 0
        if low < self.first:
            before = pd.date_range(
                end=self.first, start=low, freq=self.step, unit=self.first.unit
            )
            # Count backwards, because multiples of an offset depend on the first time.
            n_before = len(before) + 1
            before = self.times(np.arange(-n_before, 0))
            every = before.append(every)
        numbers = every.get_indexer(times)
        return numbers - n_before, numbers >= 0

    def _count_business_days(self, times):
        """Count to each time but the last, which is the first time of the steps.

        A list of all days would be slow for times that are centuries apart.
        """
        clock = times.tz_localize(None)
        days = clock.normalize()
        dates = days.to_numpy().astype("datetime64[D]")
        n_days = np.busday_count(dates[-1], dates)
        numbers, rest = np.divmod(n_days, self.step.n)
        is_step = (rest == 0) & (clock - days == clock[-1] - days[-1])
        is_step &= np.is_busday(dates) & np.is_busday(dates[-1])
        return numbers[:-1], is_step[:-1]


@lru_cache(maxsize=16)
def _offset_range(first, last, step):
    """Return all times from the first to the last. Cached, as many series share them."""
    return pd.date_range(first, last, freq=step, unit=first.unit)


def find_steps(times: pd.Index) -> Steps | None:
    """Find the regular step of sorted times, some of which may be missing.

    Periods and time stamps with a frequency define the step. For whole numbers, it is
    the largest step that reaches all numbers. For other time stamps, it is the usual
    distance, in any calendar of pandas, if it reaches all time stamps.

    Parameters
    ----------
    times : Index
        Sorted times without duplicates.

    Returns
    -------
    steps : Steps or None
        Steps, or None if there are fewer than three time stamps, fewer than two whole
        numbers, or no step that reaches all times.
    """
    if isinstance(times, pd.PeriodIndex):
        return Steps(times[0], times.freq)
    if not isinstance(times, pd.DatetimeIndex):
        if len(times) < 2:
            return None
        return Steps(times[0], int(np.gcd.reduce(np.diff(times.to_numpy()))))
    offset = times.freq if times.freq is not None else usual_offset(times)
    return None if offset is None else Steps(times[0], offset)


def times_after(times: pd.Index, n_times: int) -> pd.Index:
    """Return the next times after the given times, by their usual step.

    If they have no regular step, use their median distance.

    Parameters
    ----------
    times : Index
        Two or more sorted times or numbers.
    n_times : int
        Number of times to return.

    Returns
    -------
    after : Index
        Next times, of the same type as `times`.
    """
    times = times.unique()
    is_counted = isinstance(times, pd.DatetimeIndex | pd.PeriodIndex)
    steps = find_steps(times) if is_counted or times.dtype.kind in "iu" else None
    numbers = np.arange(1, n_times + 1)
    if steps is not None:
        return Steps(times[-1], steps.step).times(numbers)
    step = getattr(times, "freq", None) or pd.Series(times).diff().median()
    return pd.Index([times[-1] + number * step for number in numbers.tolist()])


def usual_offset(times: pd.DatetimeIndex) -> Any:
    """Return the offset between most time stamps, if it reaches all of them.

    Parameters
    ----------
    times : DatetimeIndex
        Sorted times without duplicates.

    Returns
    -------
    offset : pandas offset or None
        Offset, or None if there is no such offset or there are fewer than three times.
    """
    if len(times) < 3:
        return None
    offset = _inferred_offset(times)
    # For some offsets, pandas leaves out the multiple.
    if offset is not None and _usual_number(times, offset) == 1:
        return offset
    clock = times.tz_localize(None)
    if _holds(_are_at_one_time_of_day, clock):
        return _calendar_offset(times, clock.normalize())
    if n_hours := _holds(_are_business_hours, clock) and _business_hours(clock):
        return pd.offsets.BusinessHour(n_hours)
    width = _usual_distance(np.diff(times.asi8))
    return None if width is None else to_offset(pd.Timedelta(width, unit=times.unit))


def likely_offset(times: pd.DatetimeIndex) -> Any:
    """Return the most likely offset between time stamps, even if some are off it.

    Of the sorted times, two or more must be known, and most may be missing. The offset
    reaches all of them if such an offset is found.
    """
    offset = usual_offset(times)
    if offset is not None:
        return offset
    offset = _sparse_offset(times)
    if Steps(times[0], offset).count(times)[1].all():
        return offset
    starts = np.unique(np.linspace(0, max(len(times) - 4, 0), 50, dtype=int))
    stretches = [times[start : start + 4] for start in starts]
    found = Counter(_inferred_offset(stretch) for stretch in stretches)
    found.pop(None, None)
    return found.most_common(1)[0][0] if found else offset


def _inferred_offset(times):
    """Return the offset that pandas infers, or None."""
    # infer_freq returns text before pandas 4, and warns of it from pandas 3.1 on.
    return pd.DatetimeIndex(times, freq="infer").freq


def _sparse_offset(times):
    """Return the offset between dates if most dates are missing."""
    times = times.tz_localize(None)
    steps = np.diff(times)
    days = steps / np.timedelta64(1, "D")
    is_whole_days = (times == times.normalize()).all()
    at_month_ends = times.is_month_end.all()
    on_one_day = at_month_ends or (times.day == times.day[0]).all()
    if is_whole_days and days.min() >= 28 and on_one_day:
        count = int(np.gcd.reduce(np.diff(times.year * 12 + times.month)))
        return (
            pd.offsets.MonthEnd(count) if at_month_ends else pd.DateOffset(months=count)
        )
    is_on_weekdays = times.day_of_week.max() < 5
    if is_whole_days and days.min() == 1 and is_on_weekdays and days.sum() > 6:
        return pd.offsets.BusinessDay()
    unique, counts = np.unique(steps, return_counts=True)
    step = pd.Timedelta(unique[counts.argmax()])
    n_days, rest = divmod(step, pd.Timedelta(days=1))
    if rest:
        return to_offset(step)
    if n_days % 7:
        return pd.offsets.Day(n_days)
    return pd.offsets.Week(n_days // 7, weekday=times[0].day_of_week)


def _usual_distance(distances):
    """Return the distance of a third or more, if all others are multiples of it."""
    unique, counts = np.unique(distances, return_counts=True)
    usual = int(unique[counts.argmax()])
    is_usual = usual > 0 and 3 * counts.max() >= len(distances)
    return usual if is_usual and (unique % usual == 0).all() else None


def _usual_number(times, offset):
    """Return the usual number of offsets between times, None if a time is off them."""
    numbers = _offset_range(times[0], times[-1], offset).get_indexer(times)
    return None if (numbers < 0).any() else _usual_distance(np.diff(numbers))


def _holds(check, clock):
    """Return whether a check holds for all times. Check a few first, which is fast."""
    few = clock[:: len(clock) // 1000 + 1]
    return (len(few) == len(clock) or check(few)) and check(clock)


def _are_at_one_time_of_day(clock):
    of_day = clock - clock.normalize()
    return (of_day == of_day[0]).all()


def _opening_hours():
    """Return the hours at which the business hours of pandas begin and end."""
    offset = pd.offsets.BusinessHour()
    return offset.start[0].hour, offset.end[0].hour


def _are_business_hours(clock):
    """Return whether all times are at the same minute of a business hour."""
    opens, closes = _opening_hours()
    hours, rest = divmod(clock - clock.normalize(), pd.Timedelta(1, "h"))
    is_open = (clock.day_of_week < 5) & (hours >= opens) & (hours < closes)
    return is_open.all() and (rest == rest[0]).all()


def _business_hours(clock):
    """Return the usual number of business hours between times in business hours."""
    # Count the hours, because a list of every hour is slow for few visits in many months.
    opens, closes = _opening_hours()
    dates = clock.to_numpy().astype("datetime64[D]")
    n_hours = (closes - opens) * np.busday_count(dates[0], dates) + clock.hour
    return _usual_distance(np.diff(np.asarray(n_hours).astype(np.int64)))


def _calendar_offset(times, days):
    """Return the offset between times that are at the same time of day."""
    dates = days.to_numpy().astype("datetime64[D]")
    n_days = np.diff(dates).astype(np.int64)
    months = (days.year * 12 + days.month).to_numpy()
    usual = _usual_distance(n_days)
    # Weekly times, of which one in four is known, may each begin a month.
    if n_days.min() >= 26 and (usual is None or usual % 7):
        offset = _monthly_offset(times, days, np.diff(months))
    else:
        offset = None
    if offset is None and n_days.min() >= 91 and usual is None:
        offset = _fiscal_offset(days)
    if offset is not None:
        return offset
    if n_days.min() >= 13 and (offset := _half_monthly_offset(days, months)):
        pass
    elif usual is None or (usual < 5 and (np.diff(n_days) != 0).any()):
        is_on_weekdays = days.day_of_week.max() < 5 and n_days.sum() > 6
        n_business = _usual_distance(np.busday_count(dates[:-1], dates[1:]))
        offset = None
        if is_on_weekdays and n_business and n_business <= (usual or n_business):
            offset = pd.offsets.BusinessDay(n_business)
    else:
        offset = None
    if offset is not None or usual is None:
        return offset
    if usual % 7 == 0:
        return pd.offsets.Week(usual // 7, weekday=days[0].day_of_week)
    return pd.offsets.Day(usual)


def _monthly_offset(times, days, n_months):
    """Return the offset between times with at most one time in each month."""
    n = _usual_distance(n_months)
    if n is None:
        return None
    weekday = days[0].day_of_week
    for offset in (
        pd.offsets.MonthBegin(n),
        pd.offsets.MonthEnd(n),
        pd.offsets.BMonthBegin(n),
        pd.offsets.BMonthEnd(n),
        pd.offsets.LastWeekOfMonth(n, weekday=weekday),
        pd.offsets.WeekOfMonth(n, week=min(days[0].day - 1, 27) // 7, weekday=weekday),
    ):
        if all(map(offset.is_on_offset, times)):
            return offset
    if days[0].day <= 28 and (days.day == days[0].day).all():
        return pd.DateOffset(months=n)
    return None


def _fiscal_offset(days):
    """Return the offset between ends of 52/53-week fiscal years or their quarters."""
    weekday = days[0].day_of_week
    for extra_week in (None, 1, 2, 3, 4):
        for month, variation in product(range(1, 13), ("nearest", "last")):
            year = {"weekday": weekday, "startingMonth": month, "variation": variation}
            if extra_week is None:
                offset = pd.offsets.FY5253(**year)
            else:
                offset = pd.offsets.FY5253Quarter(**year, qtr_with_extra_week=extra_week)
            if all(map(offset.is_on_offset, days)) and (n := _usual_number(days, offset)):
                return n * offset
    return None


def _half_monthly_offset(days, months):
    """Return the offset between times on two days of a month."""
    in_second_half = (days.day >= 15).astype(np.int64)
    at_end = days.is_month_end.astype(np.int64)
    starts, ends = days.day == 1, days.is_month_end
    middles = days.day == 15
    if (starts | middles).all() and (
        n := _usual_distance(np.diff(2 * months + in_second_half))
    ):
        return pd.offsets.SemiMonthBegin(n)
    if (ends | middles).all() and (n := _usual_distance(np.diff(2 * months + at_end))):
        return pd.offsets.SemiMonthEnd(n)
    return None
