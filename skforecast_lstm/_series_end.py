"""Last time of a series, and the test whether other rows directly follow it."""

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from skforecast_lstm._calendar import Calendar
from skforecast_lstm._time_index import NANOSECONDS, elapsed, positions

__all__ = ["End"]


@dataclass(frozen=True)
class End:
    """Last time of a series, with what is needed to recognize the next row."""

    kind: str
    last: Any
    unit: str | None
    calendar: tuple
    following: Any = None

    @classmethod
    def from_times(cls, times: Any, calendar: Calendar) -> "End":
        """Return the end of a series."""
        unit = getattr(times, "unit", None)
        last = positions(times)[-1].item()
        return cls(_kind(times), last, unit, astuple(calendar), _next_by_frequency(times))

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
        pair = self._join_last_and_first(times[:1])
        passed, calendar = elapsed(pair)[0], self.series_calendar
        if calendar.step is None:
            slack = 2 if calendar.n_rows > 2 else 1
            return calendar.usual is not None and 0 < passed <= slack * calendar.usual
        missing = calendar.missing_steps(pair)
        is_too_near = passed <= 0 or (
            calendar.steps(pair) is None and passed <= calendar.usual / 2
        )
        return missing is not None and missing[0] == 0 and not is_too_near

    def _join_last_and_first(self, first):
        """Return an index with the last time and the first time after it."""
        import pandas as pd

        if isinstance(first, pd.PeriodIndex):
            ordinals = [self.last, int(first.asi8[0])]
            return pd.PeriodIndex.from_ordinals(ordinals, freq=first.freq)
        if self.unit is None:
            return pd.Index([self.last, positions(first)[0].item()])
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


def _nanoseconds(times):
    """Return the first time or duration in nanoseconds, as an int."""
    return int(times.asi8[0]) * NANOSECONDS[times.unit]


def _next_by_frequency(times):
    """Return the time after the last, in nanoseconds. None without a frequency."""
    if getattr(times, "freq", None) is None or not hasattr(times, "unit"):
        return None
    from pandas.errors import OutOfBoundsDatetime

    from skforecast_lstm._time_steps import times_after

    try:
        return _nanoseconds(times_after(times[-1:], 1))
    except (OutOfBoundsDatetime, OverflowError):
        return None
