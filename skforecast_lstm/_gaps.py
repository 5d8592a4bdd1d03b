"""Missing steps between the rows of each series, found from the times alone."""

import warnings
from functools import partial
from typing import Any

import numpy as np

from skforecast_lstm._calendar import Calendar
from skforecast_lstm._time_index import elapsed
from skforecast_lstm.exceptions import IrregularTimesWarning

__all__ = ["calendars_of", "over_gaps"]


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
    passed = np.concatenate([elapsed(block.times) for block in blocks])
    if len(passed) < 5 or np.ptp(passed) == 0:
        return False
    numbers = np.arange(len(values))
    rows = np.concatenate([numbers[block.rows][1:] for block in blocks])
    for column in values.T:
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


def _warn_of_no_step(block):
    """Warn that gaps between the times of a series cannot be found."""
    where = "" if block.series is None else f" of series {block.series!r}"
    warnings.warn(
        f"The times{where} have no regular step (from {block.times[0]} to "
        f"{block.times[-1]}, {len(block.times)} rows), so gaps between rows can't be "
        "found. Give them a regular step, for example with resample(...). For events, "
        "add a column with the time since the event before, as "
        "targets.events_to_intervals does. If the times mean nothing, use "
        "reset_index(drop=True).",
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
