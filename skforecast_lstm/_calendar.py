"""Regular steps of the times of a series, and the steps that have no row."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from skforecast_lstm._closures import (
    DAY,
    WEEKEND,
    closed_times,
    divides_week,
    n_open_steps,
    phase_of_steps,
)
from skforecast_lstm._time_index import elapsed, even_distance, positions

__all__ = ["Calendar"]

_MOST_STEPS = 2**31
# Results for fewer times than this are cached.
_LONG = 10_000
# Number of first times of a long series that may show its step.
_SOME = 8
# A distance is near the usual distance if it differs by at most this fraction.
_NEAR = 0.25


@dataclass(frozen=True)
class Calendar:
    """Regular steps of the times of a series, in plain values that a file can hold.

    `step` is a number or the name of a pandas offset. The number counts nanoseconds for
    times and durations, and periods for periods. If `step` is None, the times have no
    regular step, and each row follows the row before it at any distance. `closed` are
    the times of the week, counted in steps, that never have a row. The first step of a
    week begins at `phase`. `usual` is the usual distance between two times. It is used
    if times are near steps but not exactly on them.
    """

    step: Any = None
    closed: tuple = ()
    usual: Any = None
    n_rows: int = 0
    phase: int = 0

    @classmethod
    def from_times(cls, times: Any) -> "Calendar":
        """Find the calendar of sorted times."""
        return cls.of_long_times(times) or (
            _cached_calendar(_CachedTimes.of(times))
            if len(times) < _LONG
            else cls._find(times)
        )

    @classmethod
    def of_long_times(cls, times: Any) -> "Calendar | None":
        """Return the calendar of many times that are all one step apart, else None."""
        distance = even_distance(times) if len(times) >= _LONG else None
        # Longer distances may be months, whose lengths differ.
        if distance is None or not 0 < distance < 28 * DAY:
            return None
        # All distances are the same, so a few of them show the step.
        some = cls._find(times[:_SOME])
        is_step = isinstance(some.step, int) and some.step == distance
        return replace(some, n_rows=len(times)) if is_step else None

    @classmethod
    def _find(cls, times):
        distances, n_rows = elapsed(times), len(times)
        if not len(distances):
            return cls(_frequency_step(times), n_rows=n_rows)
        usual = np.median(distances).item()
        # A frequency without a name only says that nothing is missing.
        has_frequency = getattr(times, "freq", None) is not None
        step = _frequency_step(times) if has_frequency else _usual_step(times, distances)
        if step == "B" and not has_frequency:
            # Only their length distinguishes holidays from gaps.
            phase = phase_of_steps(times, DAY)
            calendar = cls(DAY, WEEKEND, usual, n_rows, phase)
        else:
            calendar = cls(step, (), usual, n_rows)
        if not has_frequency and not calendar._has_most_rows(times):
            # Do not count the usual distance itself, which is always near.
            n_near = np.sum(np.abs(distances - usual) <= _NEAR * usual) - 1
            if len(distances) < 2 or 2 * n_near < len(distances) - 1:
                return cls(None, (), usual, n_rows)
            calendar = cls(_nearest_part_of_day(times, usual), (), usual, n_rows)
        step = calendar.step
        if (
            calendar.closed
            or isinstance(step, str | None)
            or not divides_week(times, step)
        ):
            return calendar
        steps = calendar._steps_or_estimate(times)
        if steps is None or (steps == 1).all():
            return calendar
        phase = phase_of_steps(times, step)
        closed = closed_times(times, steps, step, phase)
        return replace(calendar, phase=phase, closed=closed)

    def _has_most_rows(self, times):
        """Return whether all times are on the step, and enough steps have rows."""
        steps = None if self.step is None else self.steps(times)
        # Events at whole minutes are not a series of minutes with most rows missing.
        return steps is not None and (
            np.mean(steps == 1) >= 0.5 or steps.sum() <= 3 * len(steps)
        )

    def has_every_step(self, times: Any) -> bool:
        """Return True if all times are one step apart. False may also mean unknown."""
        return (
            len(times) >= _LONG
            and isinstance(self.step, int)
            and even_distance(times) == self.step
        )

    def missing_steps(self, times: Any) -> Any:
        """Return the number of missing steps before each time after the first.

        Return None if the times have no regular step.
        """
        if self.step is None or len(times) < 2:
            return None
        if len(times) < _LONG:
            return _cached_missing_steps(self, _CachedTimes.of(times))
        return self._missing_steps(times)

    def _missing_steps(self, times):
        steps = self._steps_or_estimate(times)
        if steps is None:
            return None
        missing = steps - 1
        if self.closed:
            return n_open_steps(times, missing, self.step, self.phase, self.closed)
        return missing

    def updated_for(self, times: Any) -> "Calendar":
        """Return this calendar, or the calendar of later times if it has changed."""
        if self.step is None:
            return self if self.n_rows > 2 else Calendar.from_times(times)
        if self.has_every_step(times):
            return self
        if len(times) < 2 or self.steps(times) is not None:
            return self
        own = Calendar.from_times(times)
        if own.step is None or self.usual is None:
            return self if own.step is None else own
        return self if abs(own.usual - self.usual) <= _NEAR * self.usual else own

    def steps(self, times: Any) -> Any:
        """Return the number of steps from each time to the next.

        Return None if a time is not on a step.
        """
        if not isinstance(self.step, str):
            steps = elapsed(times) / self.step
        else:
            steps = self._steps_by_offset(times)
            if steps is None:
                return None
        whole = np.rint(steps)
        if (np.abs(steps - whole) > 1e-6 * np.maximum(whole, 1)).any():
            return None
        return np.clip(whole, -_MOST_STEPS, _MOST_STEPS).astype(np.int64)

    def step_as_offset(self) -> Any:
        """Return the step as a pandas offset or a number of periods. None if unknown."""
        return _offset_from_name(self.step) if isinstance(self.step, str) else self.step

    def _steps_or_estimate(self, times):
        """Return the steps from each time to the next.

        If times are not on steps, estimate the numbers from the usual distance.
        """
        steps = self.steps(times)
        if steps is not None or self.usual is None:
            return steps
        # If a time is late by less than half a step, no step is missing.
        missing = np.ceil(elapsed(times) / self.usual - 1.5)
        return np.clip(missing, 0, _MOST_STEPS).astype(np.int64) + 1

    def _steps_by_offset(self, times):
        from pandas.errors import OutOfBoundsDatetime

        from skforecast_lstm._time_steps import Steps

        try:
            return np.diff(Steps(times[0], _offset_from_name(self.step)).numbers(times))
        except (ValueError, OutOfBoundsDatetime, OverflowError):
            return None


@dataclass(frozen=True)
class _CachedTimes:
    """Times that are equal if their values are equal, as a key for caches.

    Many series have the same times.
    """

    key: tuple
    times: Any = field(compare=False)

    @classmethod
    def of(cls, times):
        freq = getattr(times, "freq", None)
        return cls((str(times.dtype), freq, positions(times).tobytes()), times)


@lru_cache(maxsize=64)
def _cached_calendar(times):
    return Calendar._find(times.times)


@lru_cache(maxsize=64)
def _cached_missing_steps(calendar, times):
    return calendar._missing_steps(times.times)


def _frequency_step(times):
    """Return the step that the frequency of an index defines, or None."""
    import pandas as pd

    freq = getattr(times, "freq", None)
    if isinstance(times, pd.PeriodIndex):
        return int(freq.n)
    return None if freq is None else _as_plain_step(freq, getattr(times, "tz", None))


def _offset_from_name(name):
    """Return the offset for a name that `_as_plain_step` returned."""
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    unit, _, number = name.partition(" ")
    return pd.DateOffset(months=int(number)) if unit == "months" else to_offset(name)


def _as_plain_step(offset, zone):
    """Return an offset as nanoseconds or as a name. None if no name describes it."""
    import pandas as pd

    if isinstance(offset, pd.offsets.Day):
        return offset.n * DAY if zone is None else offset.freqstr
    if isinstance(offset, pd.offsets.Tick):
        return int(offset.nanos)
    if type(offset) is pd.DateOffset and set(offset.kwds) == {"months"}:
        return f"months {offset.n * offset.kwds['months']}"
    try:
        return offset.freqstr if _offset_from_name(offset.freqstr) == offset else None
    except ValueError:
        return None


def _usual_step(times, passed):
    """Return the step between most times, if all times are on it."""
    import pandas as pd

    if not isinstance(times, pd.DatetimeIndex):
        return _usual_number(passed, times)
    is_wall_time = times.tz is not None and passed[0] % DAY == 0
    if (
        len(passed) > 1
        and np.ptp(passed) == 0
        and passed[0] < 28 * DAY
        and not is_wall_time
    ):
        return int(passed[0])
    from skforecast_lstm._time_steps import usual_offset

    offset = usual_offset(times)
    return None if offset is None else _as_plain_step(offset, times.tz)


def _usual_number(passed, times):
    """Return the step of numbers or durations.

    It is the greatest common divisor of the distances, if it is at least a third of the
    mean distance. Otherwise it is the most frequent distance. For floats, it is the
    median distance.
    """
    if times.dtype.kind == "f":
        return float(np.median(passed))
    distances, counts = np.unique(passed.astype(np.int64), return_counts=True)
    common = int(np.gcd.reduce(distances))
    if passed.sum() <= 3 * common * len(passed):
        return common
    return int(distances[counts.argmax()])


def _nearest_part_of_day(times, usual):
    """Return a length near the usual distance that divides a day evenly, if any."""
    if not hasattr(times, "unit") or usual > DAY * (1 + _NEAR):
        return usual
    seconds = np.arange(1, 86_401)
    lengths = seconds[86_400 % seconds == 0] * 10**9
    length = int(lengths[np.abs(lengths - usual).argmin()])
    return length if abs(length - usual) <= 0.05 * length else usual
