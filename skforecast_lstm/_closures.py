"""Times of the week that never have a row, such as nights and weekends."""

import numpy as np

from skforecast_lstm._time_index import NANOSECONDS

__all__ = [
    "DAY",
    "WEEKEND",
    "are_open",
    "closed_times",
    "divides_week",
    "n_open_steps",
    "phase_of_steps",
]

DAY = 86_400 * 10**9
# Saturday and Sunday; day 0, 1 January 1970, was a Thursday.
WEEKEND = (2, 3)
_WEEK = 7 * DAY
# Shortest step for which the times of the week are counted: 10,080 in a week.
_SHORTEST_STEP = 60 * 10**9


def n_open_steps(times, n_missing, step, phase, closed):
    """Return how many of the missing steps before each time are open times of the week.

    A gap of up to seven days, such as holidays, counts as no step.

    Parameters
    ----------
    times : Index
        Sorted times.
    n_missing : ndarray of shape (n_times - 1,)
        Number of missing steps before each time after the first.
    step : int
        Length of a step, in nanoseconds or periods.
    phase : int
        Nanoseconds from the beginning of a week to the beginning of a step.
    closed : tuple of int
        Steps of the week that never have a row.
    """
    n_steps = _steps_in_week(times, step)
    is_open = np.ones(n_steps, dtype=np.int64)
    is_open[list(closed)] = 0
    n_open_before = np.concatenate([[0], np.cumsum(np.tile(is_open, 2))])
    start = (_steps_of_week(times, step, phase, n_steps)[:-1] + 1) % n_steps
    weeks, rest = np.divmod(np.maximum(n_missing, 0), n_steps)
    n_open = weeks * is_open.sum() + n_open_before[start + rest] - n_open_before[start]
    days = (_local_nanoseconds(times) - phase) // DAY
    is_holiday = (np.diff(days) > 0) & (np.diff(days) <= 7)
    n_open[is_holiday] = 0
    return np.where(n_missing < 0, n_missing, n_open)


def are_open(times, step, phase, closed):
    """Return whether each time is an open time of the week."""
    n_steps = _steps_in_week(times, step)
    return ~np.isin(_steps_of_week(times, step, phase, n_steps), closed)


def divides_week(times, step):
    """Return True if a week has a whole number of steps, of a minute to a day each."""
    length = _nanoseconds(times, step)
    return length is not None and _SHORTEST_STEP <= length <= DAY and _WEEK % length == 0


def phase_of_steps(times, step):
    """Return the phase for which the times are in the middle of their steps."""
    length = _nanoseconds(times, step)
    angles = 2 * np.pi * (_local_nanoseconds(times) % length) / length
    mean = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()) % (2 * np.pi)
    return round(mean / (2 * np.pi) * length) - length // 2


def closed_times(times, n_steps_to_next, step, phase):
    """Return the steps of the week that were skipped at least twice and have no row."""
    n_steps = _steps_in_week(times, step)
    found = _steps_of_week(times, step, phase, n_steps)
    short = np.flatnonzero((n_steps_to_next > 1) & (n_steps_to_next <= n_steps))
    skipped = np.zeros(2 * n_steps + 1, dtype=np.int64)
    np.add.at(skipped, found[short] + 1, 1)
    np.add.at(skipped, found[short] + n_steps_to_next[short], -1)
    skipped = np.cumsum(skipped)[: 2 * n_steps].reshape(2, n_steps).sum(axis=0)
    is_empty = np.bincount(found, minlength=n_steps) == 0
    # If rows are missing at random, some times of the week have no row by chance.
    n_random = skipped[~is_empty | (skipped < 2)].sum()
    share = n_random / (skipped.sum() + len(times))
    by_chance = n_steps * share ** np.maximum(skipped, 2)
    is_closed = is_empty & (skipped >= 2) & (by_chance < 0.1)
    return tuple(np.flatnonzero(is_closed).tolist())


def _nanoseconds(times, step):
    """Return the length of a step in nanoseconds. None if it has no fixed length."""
    import pandas as pd

    if hasattr(times, "unit"):
        return step if isinstance(times, pd.DatetimeIndex) else None
    freq = getattr(times, "freq", None)
    if isinstance(freq, pd.offsets.Day):
        return step * DAY
    return step * freq.nanos // freq.n if isinstance(freq, pd.offsets.Tick) else None


def _steps_in_week(times, step):
    return _WEEK // _nanoseconds(times, step)


def _local_nanoseconds(times):
    import pandas as pd

    if isinstance(times, pd.PeriodIndex):
        return times.asi8 * _nanoseconds(times, 1)
    local = times.tz_localize(None) if times.tz is not None else times
    return local.asi8 * NANOSECONDS[local.unit]


def _steps_of_week(times, step, phase, n_steps):
    """Return for each time the number of its step in the week."""
    return (_local_nanoseconds(times) - phase) // _nanoseconds(times, step) % n_steps
