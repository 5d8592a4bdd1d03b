"""Steps that are missing between the rows of a series, told by its times alone."""

from dataclasses import astuple, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Calendar", "End", "over_gaps"]

# Nanoseconds in the units of pandas.
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DAY = 86_400 * 10**9
_WEEK = 7 * _DAY
# Saturday and Sunday; day 0, 1 January 1970, was a Thursday.
_WEEKEND = (2, 3)
# A step of some thousands in a week: its times of the week can be counted.
_SHORTEST_OF_A_WEEK = 60 * 10**9
_MOST = 2**31
# Shorter times are remembered with what they tell.
_LONG = 10_000


@dataclass(frozen=True)
class Calendar:
    """The steps in which the times of a series go, in values that any file can hold.

    `step` is a number (for times and durations of nanoseconds, for periods of periods)
    or the name of an offset of pandas. Where it is None the times tell no step: rows
    follow each other, whatever their times. `closed` are the times of the week, counted
    in steps, at which there never is a row. `usual` is the usual distance of two times.
    """

    step: Any = None
    closed: tuple = ()
    usual: Any = None
    n_rows: int = 0

    @classmethod
    def of(cls, times: Any) -> "Calendar":
        """Find the calendar of times in order."""
        return _calendar_of(_Times.of(times)) if len(times) < _LONG else cls._of(times)

    @classmethod
    def _of(cls, times):
        elapsed = _elapsed(times)
        if not len(elapsed):
            return cls(_told_step(times), n_rows=len(times))
        usual = _plain(np.median(elapsed))
        step = _told_step(times)
        # A frequency without a name tells that nothing is missing, and no more.
        is_told = getattr(times, "freq", None) is not None
        if not is_told:
            step = _usual_step(times, elapsed)
        closed: tuple = ()
        if step == "B" and not is_told:
            # Its holidays can't be told from gaps but by their length.
            step, closed = _DAY, _WEEKEND
        calendar = cls(step, closed, usual, len(times))
        if step is None:
            return calendar
        if not is_told:
            # Events at whole minutes are no minutes of which most are missing.
            steps = calendar.steps(times)
            if steps is None or np.mean(steps == 1) < 0.5:
                return cls(None, (), usual, len(times))
        if closed or isinstance(step, str):
            return calendar
        return cls(step, _closed_phases(times, calendar), usual, len(times))

    def missing(self, times: Any) -> Any:
        """Return how many steps are missing before each time after the first.

        None where the times are not on the calendar, or tell no steps.
        """
        if self.step is None or len(times) < 2:
            return None
        if len(times) < _LONG:
            return _missing(self, _Times.of(times))
        return self._missing(times)

    def _missing(self, times):
        steps = self.steps(times)
        if steps is None:
            return None
        missing = steps - 1
        if self.closed:
            missing = self._open(times, missing)
        return missing

    def for_more(self, times: Any) -> "Calendar":
        """Return this calendar, or that of later times themselves if they left it."""
        if self.step is None and self.n_rows > 2:
            return self
        is_kept = self.step is not None and (
            len(times) < 2 or self.missing(times) is not None
        )
        return self if is_kept else Calendar.of(times)

    def steps(self, times: Any) -> Any:
        """Return how many steps lead from each time to the next; None off the steps."""
        if not isinstance(self.step, str):
            steps = _elapsed(times) / self.step
        else:
            steps = self._by_offset(times)
            if steps is None:
                return None
        whole = np.rint(steps)
        if (np.abs(steps - whole) > 1e-6 * np.maximum(whole, 1)).any():
            return None
        return np.clip(whole, -_MOST, _MOST).astype(np.int64)

    def _by_offset(self, times):
        from pandas.errors import OutOfBoundsDatetime

        from skforecast_lstm._time_steps import Steps

        try:
            return np.diff(Steps(times[0], _offset(self.step)).numbers(times))
        except (ValueError, OutOfBoundsDatetime, OverflowError):
            return None

    def _open(self, times, missing):
        """Of missing steps those at times of the week at which there are rows."""
        n_phases = _n_phases(times, self.step)
        if n_phases is None:
            return missing
        is_open = np.ones(n_phases, dtype=np.int64)
        is_open[list(self.closed)] = 0
        before = np.concatenate([[0], np.cumsum(np.tile(is_open, 2))])
        start = (_phases(times, self.step, n_phases)[:-1] + 1) % n_phases
        weeks, rest = np.divmod(np.maximum(missing, 0), n_phases)
        n_open = weeks * is_open.sum() + before[start + rest] - before[start]
        # A day or some on which all is closed, as on holidays, is no gap.
        days = _days(times)
        is_holiday = (np.diff(days) > 0) & (np.diff(days) <= 7)
        n_open[is_holiday] = 0
        return np.where(missing < 0, missing, n_open)


def over_gaps(
    rows: Any, times: Any, reach: int, calendar: Calendar | None = None
) -> tuple:
    """Return rows with unknown ones where steps are missing, and the place of each.

    Nothing reaches over more than so many steps, so no gap is made longer. The calendar
    is that of the times by default; rows without times have no gaps.
    """
    missing = None
    if times is not None:
        missing = (calendar or Calendar.of(times)).missing(times)
    if missing is None or not missing.any():
        return rows, range(len(rows))
    missing = np.minimum(np.concatenate([[0], missing]), reach)
    places = np.arange(len(rows)) + np.cumsum(missing)
    grid = np.full((places[-1] + 1, rows.shape[1]), np.nan, dtype=rows.dtype)
    grid[places] = rows
    return grid, places


@dataclass(frozen=True)
class _Times:
    """Times that are equal if their values are: many series have the same ones."""

    key: tuple
    times: Any = field(compare=False)

    @classmethod
    def of(cls, times):
        freq = getattr(times, "freq", None)
        return cls((str(times.dtype), freq, _positions(times).tobytes()), times)


@lru_cache(maxsize=64)
def _calendar_of(times):
    return Calendar._of(times.times)


@lru_cache(maxsize=64)
def _missing(calendar, times):
    return calendar._missing(times.times)


@dataclass(frozen=True)
class End:
    """The last time of a series, and what tells which row directly follows it."""

    kind: str
    last: Any
    unit: str | None
    calendar: tuple
    following: Any = None

    @classmethod
    def of(cls, times: Any, calendar: Calendar) -> "End":
        """Return the end of a series."""
        unit = getattr(times, "unit", None)
        last = _plain(_positions(times)[-1])
        return cls(_kind(times), last, unit, astuple(calendar), _told_next(times))

    @property
    def series_calendar(self) -> Calendar:
        """The calendar of the series."""
        step, closed, usual, n_rows = self.calendar
        return Calendar(step, tuple(closed), usual, n_rows)

    def fits(self, times: Any) -> bool:
        """Return whether some times are of the same kind."""
        return self.kind == _kind(times)

    def is_followed_by(self, times: Any) -> bool:
        """Return whether the first of some times is the one after the end."""
        if not self.fits(times):
            return False
        if self.following is not None:
            return self.following == _nanoseconds(times[:1])
        pair = self._before(times[:1])
        calendar = self.series_calendar
        if calendar.step is not None:
            missing = calendar.missing(pair)
            return missing is not None and missing[0] == 0 and _elapsed(pair)[0] > 0
        if calendar.usual is None:
            return False
        slack = 2 if calendar.n_rows > 2 else 1
        return bool(0 < _elapsed(pair)[0] <= slack * calendar.usual)

    def _before(self, first):
        """The last time and a first one behind it."""
        import pandas as pd

        if isinstance(first, pd.PeriodIndex):
            ordinals = [self.last, int(first.asi8[0])]
            return pd.PeriodIndex.from_ordinals(ordinals, freq=first.freq)
        if self.unit is None:
            return pd.Index([self.last, _plain(_positions(first)[0])])
        is_time = isinstance(first, pd.DatetimeIndex)
        last = np.array([self.last], f"{'M' if is_time else 'm'}8[{self.unit}]")
        before = pd.DatetimeIndex(last) if is_time else pd.TimedeltaIndex(last)
        if getattr(first, "tz", None) is not None:
            before = before.tz_localize("UTC").tz_convert(first.tz)
        return before.append(first)


def _kind(times):
    """Return the kind of some times; one can follow another of its kind only."""
    import pandas as pd

    if isinstance(times, pd.PeriodIndex):
        return f"periods {times.freqstr}"
    if isinstance(times, pd.DatetimeIndex):
        return "local times" if times.tz is None else "times"
    return "durations" if hasattr(times, "unit") else "numbers"


def _positions(times):
    positions = getattr(times, "asi8", None)
    if positions is not None:
        return positions
    return times.to_numpy(dtype=np.float64 if times.dtype.kind == "f" else np.int64)


def _nanoseconds(times):
    """The first of some times or durations as a whole number."""
    return int(times.asi8[0]) * _NANOSECONDS[times.unit]


def _plain(number):
    return number.item() if isinstance(number, np.generic) else number


def _elapsed(times):
    """Nanoseconds, periods or numbers from each time to the next."""
    elapsed = np.diff(_positions(times)).astype(np.float64)
    return elapsed * _NANOSECONDS.get(getattr(times, "unit", None), 1)


def _told_step(times):
    """The step that the type of an index tells, None if it tells none."""
    import pandas as pd

    freq = getattr(times, "freq", None)
    if isinstance(times, pd.PeriodIndex):
        return int(freq.n)
    return None if freq is None else _named(freq, getattr(times, "tz", None))


def _told_next(times):
    """The time after the last by a frequency, in nanoseconds; None without one."""
    from pandas.errors import OutOfBoundsDatetime

    from skforecast_lstm._time_index import times_after

    if getattr(times, "freq", None) is None or not hasattr(times, "unit"):
        return None
    try:
        return _nanoseconds(times_after(times[-1], times.freq, 1))
    except (OutOfBoundsDatetime, OverflowError):
        return None


def _offset(name):
    """The offset of a name that `_named` gave."""
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    unit, _, number = name.partition(" ")
    return pd.DateOffset(months=int(number)) if unit == "months" else to_offset(name)


def _named(offset, zone):
    """An offset as nanoseconds or by its name; None for one that its name doesn't say."""
    import pandas as pd

    if isinstance(offset, pd.offsets.Day):
        return offset.n * _DAY if zone is None else offset.freqstr
    if isinstance(offset, pd.offsets.Tick):
        return int(offset.nanos)
    if type(offset) is pd.DateOffset and set(offset.kwds) == {"months"}:
        return f"months {offset.n * offset.kwds['months']}"
    try:
        return offset.freqstr if _offset(offset.freqstr) == offset else None
    except ValueError:
        return None


def _usual_step(times, elapsed):
    """The step between most times, if it leads to all of them."""
    import pandas as pd

    if not isinstance(times, pd.DatetimeIndex):
        return _usual_number(elapsed, times)
    is_wall_time = times.tz is not None and elapsed[0] % _DAY == 0
    if (
        len(elapsed) > 1
        and np.ptp(elapsed) == 0
        and elapsed[0] < 28 * _DAY
        and not is_wall_time
    ):
        return int(elapsed[0])
    from skforecast_lstm._time_steps import usual_offset

    offset = usual_offset(times)
    return None if offset is None else _named(offset, times.tz)


def _usual_number(elapsed, times):
    """The most frequent distance of numbers or durations."""
    if times.dtype.kind == "f":
        return float(np.median(elapsed))
    values, counts = np.unique(elapsed, return_counts=True)
    return int(values[counts.argmax()])


def _length(times, step):
    """Nanoseconds of a step, None where it has no fixed length."""
    import pandas as pd

    if hasattr(times, "unit"):
        return step if isinstance(times, pd.DatetimeIndex) else None
    freq = getattr(times, "freq", None)
    if isinstance(freq, pd.offsets.Day):
        return step * _DAY
    return step * freq.nanos // freq.n if isinstance(freq, pd.offsets.Tick) else None


def _n_phases(times, step):
    """Return the number of steps in a week; None where they are no part of a week."""
    length = _length(times, step)
    if length is None or length < _SHORTEST_OF_A_WEEK or _WEEK % length or length > _DAY:
        return None
    return _WEEK // length


def _local_nanoseconds(times):
    import pandas as pd

    if isinstance(times, pd.PeriodIndex):
        return times.asi8 * (_length(times, 1))
    local = times.tz_localize(None) if times.tz is not None else times
    return local.asi8 * _NANOSECONDS[local.unit]


def _phases(times, step, n_phases):
    """Return the number of the step of the week that each time is."""
    return (_local_nanoseconds(times) // _length(times, step)) % n_phases


def _days(times):
    return _local_nanoseconds(times) // _DAY


def _closed_phases(times, calendar):
    """Times of the week that were passed over at least twice and never had a row."""
    n_phases = _n_phases(times, calendar.step)
    steps = None if n_phases is None else calendar.steps(times)
    if steps is None or (steps == 1).all():
        return ()
    phases = _phases(times, calendar.step, n_phases)
    short = np.flatnonzero((steps > 1) & (steps <= n_phases))
    starts, ends = phases[short] + 1, phases[short] + steps[short]
    passed = np.zeros(2 * n_phases + 1, dtype=np.int64)
    np.add.at(passed, starts, 1)
    np.add.at(passed, ends, -1)
    passed = np.cumsum(passed)[: 2 * n_phases].reshape(2, n_phases).sum(axis=0)
    seen = np.bincount(phases, minlength=n_phases)
    return tuple(np.flatnonzero((seen == 0) & (passed >= 2)).tolist())
