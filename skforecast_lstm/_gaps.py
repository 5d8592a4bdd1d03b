"""Missing steps between the rows of a series, found from its times alone."""

import warnings
from dataclasses import astuple, dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from skforecast_lstm.exceptions import IrregularTimesWarning

__all__ = ["Calendar", "End", "calendars_of", "over_gaps"]

# Nanoseconds in the units of pandas.
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DAY = 86_400 * 10**9
_WEEK = 7 * _DAY
# Saturday and Sunday; day 0, 1 January 1970, was a Thursday.
_WEEKEND = (2, 3)
# Shortest step for which the times of the week are counted: 10,080 in a week.
_SHORTEST_OF_A_WEEK = 60 * 10**9
_MOST = 2**31
# Results for fewer times than this are cached.
_LONG = 10_000
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
    def of(cls, times: Any) -> "Calendar":
        """Find the calendar of sorted times."""
        return _calendar_of(_Times.of(times)) if len(times) < _LONG else cls._of(times)

    @classmethod
    def _of(cls, times):
        elapsed, n_rows = _elapsed(times), len(times)
        if not len(elapsed):
            return cls(_told_step(times), n_rows=n_rows)
        usual = _plain(np.median(elapsed))
        # A frequency without a name only says that nothing is missing.
        is_told = getattr(times, "freq", None) is not None
        step = _told_step(times) if is_told else _usual_step(times, elapsed)
        if step == "B" and not is_told:
            # Only their length distinguishes holidays from gaps.
            calendar = cls(_DAY, _WEEKEND, usual, n_rows, _phase(times, _DAY))
        else:
            calendar = cls(step, (), usual, n_rows)
        if not is_told and not calendar._leads_to_most(times):
            # Do not count the usual distance itself, which is always near.
            n_near = np.sum(np.abs(elapsed - usual) <= _NEAR * usual) - 1
            if len(elapsed) < 2 or 2 * n_near < len(elapsed) - 1:
                return cls(None, (), usual, n_rows)
            calendar = cls(_by_the_clock(times, usual), (), usual, n_rows)
        if calendar.closed or isinstance(calendar.step, str | None):
            return calendar
        calendar = replace(calendar, phase=_phase(times, calendar.step))
        return replace(calendar, closed=_closed_phases(times, calendar))

    def _leads_to_most(self, times):
        """Return whether all times are on the step, and enough steps have rows."""
        steps = None if self.step is None else self.steps(times)
        # Events at whole minutes are not a series of minutes with most rows missing.
        return steps is not None and (
            np.mean(steps == 1) >= 0.5 or steps.sum() <= 3 * len(steps)
        )

    def missing(self, times: Any) -> Any:
        """Return the number of missing steps before each time after the first.

        Return None if the times have no regular step.
        """
        if self.step is None or len(times) < 2:
            return None
        if len(times) < _LONG:
            return _missing(self, _Times.of(times))
        return self._missing(times)

    def _missing(self, times):
        steps = self._steps_or_near(times)
        if steps is None:
            return None
        missing = steps - 1
        if self.closed:
            missing = self._open(times, missing)
        return missing

    def for_more(self, times: Any) -> "Calendar":
        """Return this calendar, or the calendar of later times if it has changed."""
        if self.step is None:
            return self if self.n_rows > 2 else Calendar.of(times)
        if len(times) < 2 or self.steps(times) is not None:
            return self
        own = Calendar.of(times)
        if own.step is None or self.usual is None:
            return self if own.step is None else own
        return self if abs(own.usual - self.usual) <= _NEAR * self.usual else own

    def steps(self, times: Any) -> Any:
        """Return the number of steps from each time to the next.

        Return None if a time is not on a step.
        """
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

    def _steps_or_near(self, times):
        """Return the steps from each time to the next.

        If times are not on steps, estimate the numbers from the usual distance.
        """
        steps = self.steps(times)
        if steps is not None or self.usual is None:
            return steps
        # If a time is late by less than half a step, no step is missing.
        missing = np.ceil(_elapsed(times) / self.usual - 1.5)
        return np.clip(missing, 0, _MOST).astype(np.int64) + 1

    def _by_offset(self, times):
        from pandas.errors import OutOfBoundsDatetime

        from skforecast_lstm._time_steps import Steps

        try:
            return np.diff(Steps(times[0], _offset(self.step)).numbers(times))
        except (ValueError, OutOfBoundsDatetime, OverflowError):
            return None

    def _open(self, times, missing):
        """Count only the missing steps at open times of the week."""
        n_phases = _n_phases(times, self.step)
        if n_phases is None:
            return missing
        is_open = np.ones(n_phases, dtype=np.int64)
        is_open[list(self.closed)] = 0
        before = np.concatenate([[0], np.cumsum(np.tile(is_open, 2))])
        start = (_phases(times, self, n_phases)[:-1] + 1) % n_phases
        weeks, rest = np.divmod(np.maximum(missing, 0), n_phases)
        n_open = weeks * is_open.sum() + before[start + rest] - before[start]
        # Up to seven days without rows, such as holidays, are not a gap.
        days = (_local_nanoseconds(times) - self.phase) // _DAY
        is_holiday = (np.diff(days) > 0) & (np.diff(days) <= 7)
        n_open[is_holiday] = 0
        return np.where(missing < 0, missing, n_open)


def calendars_of(blocks: Any, values: Any, known: Any = ()) -> list:
    """Return the calendar of each series, None for a series without times.

    If fewer than half of the steps in the panel, including the `known` calendars, are
    regular, all series count as events. Otherwise a series without a step may get the
    calendar of the longest regular series. Warn if times have no regular step, unless a
    column has the time since the row before.
    """
    found = [
        None if block.times is None else Calendar.of(block.times) for block in blocks
    ]
    timed = [block for block in blocks if block.times is not None]
    if not timed:
        return found
    every = [calendar for calendar in [*found, *known] if calendar is not None]
    regular = [calendar for calendar in every if calendar.step is not None]
    n_steps, n_regular = (
        sum(one.n_rows - 1 for one in some) for some in (every, regular)
    )
    are_events = _have_intervals(timed, values)
    if are_events or not regular or 2 * n_regular < n_steps:
        chosen = _without_step
    else:
        chosen = partial(_usual_or, max(regular, key=lambda one: one.n_rows))
    # With known calendars, `fit` may have warned already. Do not warn again.
    is_told = are_events or len(known) > 0
    for place, block in enumerate(blocks):
        if found[place] is not None:
            found[place] = chosen(found[place], block.times)
            if not is_told and _tells_no_step(found[place], block.times):
                _warn_of_no_step(block)
                is_told = True
    return found


def _without_step(calendar, times):
    """Return the calendar without its step, unless a frequency defines the step."""
    is_told = getattr(times, "freq", None) is not None
    return calendar if is_told else Calendar(None, (), calendar.usual, calendar.n_rows)


def _tells_no_step(calendar, times):
    is_told = getattr(times, "freq", None) is not None
    return calendar.step is None and calendar.n_rows > 2 and not is_told


def _usual_or(usual, calendar, times):
    """Return the calendar of a series, or the usual one if it has no step.

    A series of more than two rows gets the usual one only if its times are on the steps.
    """
    if calendar.step is not None:
        return calendar
    is_short = calendar.n_rows <= 2
    return usual if is_short or usual.steps(times) is not None else calendar


def _have_intervals(blocks, values):
    """Return whether a column has the time since the row before, in any units."""
    elapsed = np.concatenate([_elapsed(block.times) for block in blocks])
    if len(elapsed) < 5 or np.ptp(elapsed) == 0:
        return False
    numbers = np.arange(len(values))
    rows = np.concatenate([numbers[block.rows][1:] for block in blocks])
    for column in values.T:
        since = column[rows]
        known = np.flatnonzero(~np.isnan(since))
        order = known[np.argsort(elapsed[known], kind="stable")]
        longer, more = np.diff(elapsed[order]) > 0, np.diff(since[order])
        # A clipped or rounded column still grows with the time.
        n_more, n_longer = np.count_nonzero(more), np.count_nonzero(longer)
        grows = (more >= 0).all() and not more[~longer].any()
        if len(known) >= 5 and grows and n_more >= max(1, min(2, n_longer)):
            return True
    return False


def _warn_of_no_step(block):
    """Warn that gaps between the times of a series cannot be found."""
    where = "" if block.series is None else f" of series {block.series!r}"
    warnings.warn(
        f"The times{where} tell no step (from {block.times[0]} to {block.times[-1]}, "
        f"{len(block.times)} rows), so rows follow each other and gaps can't be seen. "
        "Give them a regular step, as by resample(...); of events give the time since "
        "the event before as a column, as targets.events_to_intervals does; if the "
        "times mean nothing, use reset_index(drop=True).",
        IrregularTimesWarning,
        stacklevel=4,
    )


def over_gaps(rows: Any, times: Any, reach: int, calendar: Calendar | None) -> tuple:
    """Insert unknown rows for missing steps. Return also the place of each given row.

    `reach` is the largest number of steps that a window or target covers, so each gap
    gets at most that many rows. Rows without a calendar have no gaps.
    """
    missing = None if calendar is None else calendar.missing(times)
    if missing is None or not missing.any():
        return rows, range(len(rows))
    missing = np.minimum(np.concatenate([[0], missing]), reach)
    places = np.arange(len(rows)) + np.cumsum(missing)
    grid = np.full((places[-1] + 1, rows.shape[1]), np.nan, dtype=rows.dtype)
    grid[places] = rows
    return grid, places


@dataclass(frozen=True)
class _Times:
    """Times that are equal if their values are equal, as a key for caches.

    Many series have the same times.
    """

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
    """Last time of a series, with what is needed to recognize the next row."""

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
        """Calendar of the series."""
        step, closed, *rest = self.calendar
        return Calendar(step, tuple(closed), *rest)

    def fits(self, times: Any) -> bool:
        """Return whether times are of the same kind as the end."""
        return self.kind == _kind(times)

    def is_followed_by(self, times: Any) -> bool:
        """Return whether the first of the times directly follows the end."""
        if not self.fits(times):
            return False
        if self.following is not None:
            return self.following == _nanoseconds(times[:1])
        pair = self._before(times[:1])
        elapsed, calendar = _elapsed(pair)[0], self.series_calendar
        if calendar.step is None:
            slack = 2 if calendar.n_rows > 2 else 1
            return calendar.usual is not None and 0 < elapsed <= slack * calendar.usual
        missing = calendar.missing(pair)
        is_too_near = elapsed <= 0 or (
            calendar.steps(pair) is None and elapsed <= calendar.usual / 2
        )
        return missing is not None and missing[0] == 0 and not is_too_near

    def _before(self, first):
        """Return an index with the last time and the first time after it."""
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
    """Return the kind of times. A time can only follow a time of the same kind."""
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
    """Return the first time or duration in nanoseconds, as an int."""
    return int(times.asi8[0]) * _NANOSECONDS[times.unit]


def _plain(number):
    return number.item() if isinstance(number, np.generic) else number


def _elapsed(times):
    """Return the nanoseconds, periods or numbers from each time to the next."""
    elapsed = np.diff(_positions(times)).astype(np.float64)
    return elapsed * _NANOSECONDS.get(getattr(times, "unit", None), 1)


def _told_step(times):
    """Return the step that the frequency of an index defines, or None."""
    import pandas as pd

    freq = getattr(times, "freq", None)
    if isinstance(times, pd.PeriodIndex):
        return int(freq.n)
    return None if freq is None else _named(freq, getattr(times, "tz", None))


def _told_next(times):
    """Return the time after the last, in nanoseconds. None without a frequency."""
    import pandas as pd
    from pandas.errors import OutOfBoundsDatetime

    if getattr(times, "freq", None) is None or not hasattr(times, "unit"):
        return None
    is_moment = isinstance(times, pd.DatetimeIndex)
    count_on: Any = pd.date_range if is_moment else pd.timedelta_range
    try:
        both = count_on(times[-1], periods=2, freq=times.freq, unit=times.unit)
    except (OutOfBoundsDatetime, OverflowError):
        return None
    return _nanoseconds(both[1:])


def _offset(name):
    """Return the offset for a name that `_named` returned."""
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    unit, _, number = name.partition(" ")
    return pd.DateOffset(months=int(number)) if unit == "months" else to_offset(name)


def _named(offset, zone):
    """Return an offset as nanoseconds or as a name. None if no name describes it."""
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
    """Return the step between most times, if all times are on it."""
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
    """Return the step of numbers or durations.

    It is the greatest common divisor of the distances, if it is at least a third of the
    mean distance. Otherwise it is the most frequent distance. For floats, it is the
    median distance.
    """
    if times.dtype.kind == "f":
        return float(np.median(elapsed))
    distances, counts = np.unique(elapsed.astype(np.int64), return_counts=True)
    common = int(np.gcd.reduce(distances))
    if elapsed.sum() <= 3 * common * len(elapsed):
        return common
    return int(distances[counts.argmax()])


def _by_the_clock(times, usual):
    """Return a length near the usual distance that divides a day evenly, if any."""
    if not hasattr(times, "unit") or usual > _DAY * (1 + _NEAR):
        return usual
    seconds = np.arange(1, 86_401)
    lengths = seconds[86_400 % seconds == 0] * 10**9
    length = int(lengths[np.abs(lengths - usual).argmin()])
    return length if abs(length - usual) <= 0.05 * length else usual


def _length(times, step):
    """Return the length of a step in nanoseconds. None if it has no fixed length."""
    import pandas as pd

    if hasattr(times, "unit"):
        return step if isinstance(times, pd.DatetimeIndex) else None
    freq = getattr(times, "freq", None)
    if isinstance(freq, pd.offsets.Day):
        return step * _DAY
    return step * freq.nanos // freq.n if isinstance(freq, pd.offsets.Tick) else None


def _n_phases(times, step):
    """Return the number of steps in a week. None if they do not divide a week."""
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


def _phase(times, step):
    """Return where steps begin if times are in their middle.

    Return 0 if the steps do not divide a week.
    """
    if _n_phases(times, step) is None:
        return 0
    length = _length(times, step)
    angles = 2 * np.pi * (_local_nanoseconds(times) % length) / length
    mean = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()) % (2 * np.pi)
    return round(mean / (2 * np.pi) * length) - length // 2


def _phases(times, calendar, n_phases):
    """Return for each time the number of its step in the week."""
    since = _local_nanoseconds(times) - calendar.phase
    return (since // _length(times, calendar.step)) % n_phases


def _closed_phases(times, calendar):
    """Return the times of the week that were skipped at least twice and have no row."""
    n_phases = _n_phases(times, calendar.step)
    steps = None if n_phases is None else calendar._steps_or_near(times)
    if steps is None or (steps == 1).all():
        return ()
    phases = _phases(times, calendar, n_phases)
    short = np.flatnonzero((steps > 1) & (steps <= n_phases))
    starts, ends = phases[short] + 1, phases[short] + steps[short]
    passed = np.zeros(2 * n_phases + 1, dtype=np.int64)
    np.add.at(passed, starts, 1)
    np.add.at(passed, ends, -1)
    passed = np.cumsum(passed)[: 2 * n_phases].reshape(2, n_phases).sum(axis=0)
    never = np.bincount(phases, minlength=n_phases) == 0
    # If rows are missing at random, some times of the week have no row by chance.
    missing = passed[~never | (passed < 2)].sum() / (passed.sum() + len(times))
    by_chance = n_phases * missing ** np.maximum(passed, 2)
    return tuple(np.flatnonzero(never & (passed >= 2) & (by_chance < 0.1)).tolist())
