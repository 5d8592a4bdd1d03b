"""Missing steps between the rows of each series, found from the times alone."""

import warnings
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from skforecast_lstm._calendar import Calendar
from skforecast_lstm._series import ManySeries
from skforecast_lstm._time_index import elapsed
from skforecast_lstm.exceptions import IrregularTimesWarning

__all__ = ["Calendars", "find_calendars", "insert_missing_rows"]


class Calendars(NamedTuple):
    """Calendars of many series, one for each group of series with equal times.

    `first` is the first series of each group, `group` is the group of each series. A
    calendar is None for series without times. `are_full` are the numbers of groups that
    are known to have no gap.
    """

    calendars: list
    first: Any
    group: Any
    are_full: Any = ()


def find_calendars(
    series: Any, known: Any = (), *, ignore_gaps: bool = False
) -> Calendars:
    """Return the calendars of many series.

    If gaps are ignored, each row follows the row before it at any distance.

    If fewer than half of the steps in the panel, including the `known` calendars, are
    regular, all series count as events. Otherwise a series without a step may get the
    calendar of the longest regular series. Warn if times have no regular step, unless a
    column has the time since the row before.
    """
    first, group = series.equal_times()
    if series.times is None:
        return Calendars([None], first, group)
    times = [series.times[series.row_slice(number)] for number in first]
    if ignore_gaps:
        return Calendars([_without_gaps(one) for one in times], first, group)
    # Of long times, look at each once.
    long = [Calendar.of_long_times(index) for index in times]
    are_full = {number for number, calendar in enumerate(long) if calendar is not None}
    found = [
        calendar or Calendar.from_times(index)
        for calendar, index in zip(long, times, strict=True)
    ]
    counted = [*zip(found, np.bincount(group).tolist(), strict=True)]
    counted += [(calendar, 1) for calendar in known]
    regular = [(one, n_series) for one, n_series in counted if one.step is not None]
    n_steps, n_regular = (
        sum((one.n_rows - 1) * n_series for one, n_series in pairs)
        for pairs in (counted, regular)
    )
    are_events = (len(series) > 1 or not are_full) and _have_intervals(series)
    if are_events or not regular or 2 * n_regular < n_steps:
        chosen = _without_step
    else:
        longest, _ = max(regular, key=lambda one: one[0].n_rows)
        chosen = partial(_own_or_longest, longest)
    calendars = [chosen(*both) for both in zip(found, times, strict=True)]
    # With known calendars, `fit` may have warned already. Do not warn again.
    if not are_events and not len(known):
        lacks_step = map(_lacks_step, calendars, times)
        for number, index, lacks in zip(first, times, lacks_step, strict=True):
            if lacks:
                _warn_of_no_step(series.names[number], index)
                break
    return Calendars(calendars, first, group, are_full)


def _without_gaps(times):
    """Return the calendar of times without missing steps.

    Later rows follow the last time if they are no farther from it than two rows may be.
    """
    distances = elapsed(times)
    if not len(distances):
        return Calendar(None, (), None, len(times))
    longest = distances.max().item()
    # Without a step, rows follow within twice the usual distance, if there are three.
    return Calendar(None, (), longest / 2 if len(times) > 2 else longest, len(times))


def _without_step(calendar, times):
    """Return the calendar without its step, unless a frequency defines the step."""
    has_frequency = getattr(times, "freq", None) is not None
    return (
        calendar if has_frequency else Calendar(None, (), calendar.usual, calendar.n_rows)
    )


def _lacks_step(calendar, times):
    has_frequency = getattr(times, "freq", None) is not None
    return calendar.step is None and calendar.n_rows > 2 and not has_frequency


def _own_or_longest(usual, calendar, times):
    """Return the calendar of a series, or the usual one if it has no step.

    A series of more than two rows gets the usual one only if its times are on the steps.
    """
    if calendar.step is not None:
        return calendar
    is_short = calendar.n_rows <= 2
    return usual if is_short or usual.steps(times) is not None else calendar


def _have_intervals(series):
    """Return whether a column has the time since the row before, in any units."""
    starts = series.offsets[:-1]
    passed = np.delete(elapsed(series.times), starts[1:] - 1)
    if len(passed) < 5 or np.ptp(passed) == 0:
        return False
    rows = np.delete(np.arange(len(series.values)), starts)
    for column in series.values.T:
        since = column[rows]
        known = np.flatnonzero(~np.isnan(since))
        order = known[np.argsort(passed[known], kind="stable")]
        longer, more = np.diff(passed[order]) > 0, np.diff(since[order])
        # A clipped or rounded column still grows with the time.
        n_more, n_longer = np.count_nonzero(more), np.count_nonzero(longer)
        grows = (more >= 0).all() and not more[~longer].any()
        if len(known) >= 5 and grows and n_more >= max(1, min(2, n_longer)):
            return True
    return False


def _warn_of_no_step(name, times):
    """Warn that gaps between the times of a series cannot be found."""
    where = "" if name is None else f" of series {name!r}"
    warnings.warn(
        f"The times{where} have no regular step (from {times[0]} to {times[-1]}, "
        f"{len(times)} rows), so gaps between rows can't be found. Give them a regular "
        "step, for example with resample(...). For events, add a column with the time "
        'since the event before, with CalendarFeatures(["elapsed"]) or '
        "targets.events_to_intervals. If the distance between rows has no meaning, use "
        'gaps="ignore".',
        IrregularTimesWarning,
        stacklevel=4,
    )


def insert_missing_rows(series: Any, reach: int, calendars: Calendars) -> tuple:
    """Insert unknown rows for missing steps. Return also the place of each given row.

    `reach` is the largest number of steps that a window or target covers, so each gap
    gets at most that many rows. Rows without a calendar have no gaps. Without any gap,
    the series are returned unchanged, and the places are None.
    """
    missing = []
    for place, number in enumerate(calendars.first):
        calendar, counted = calendars.calendars[place], None
        if calendar is not None and place not in calendars.are_full:
            times = series.times[series.row_slice(number)]
            if not calendar.has_every_step(times):
                counted = calendar.missing_steps(times)
        missing.append(None if counted is None or not counted.any() else counted)
    if all(counted is None for counted in missing):
        return series, None
    n_each = series.lengths[calendars.first]
    before = [
        np.zeros(n_rows, dtype=np.int64)
        if counted is None
        else np.append(0, np.minimum(counted, reach))
        for counted, n_rows in zip(missing, n_each, strict=True)
    ]
    places = np.arange(len(series.values))
    places += np.concatenate([before[group] for group in calendars.group]).cumsum()
    values = np.full(
        (places[-1] + 1, series.values.shape[1]), np.nan, series.values.dtype
    )
    values[places] = series.values
    offsets = np.append(places[series.offsets[:-1]], len(values))
    return ManySeries(values, offsets, series.names), places
