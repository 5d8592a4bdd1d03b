"""Series of a frame, and the arrays that a network learns from."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skforecast_lstm._checks import check_no_infinity
from skforecast_lstm._rounding import dust
from skforecast_lstm._time_index import blocks_of
from skforecast_lstm._time_steps import Steps, find_steps
from skforecast_lstm.windows import LookbackWindower

__all__ = [
    "Rows",
    "Scale",
    "Series",
    "Windows",
    "check_frames",
    "last_windows",
    "series_of",
    "spread_of",
]


# With more steps for each row than this, a time or the frequency is wrong.
_MOST_STEPS_A_ROW = 100


@dataclass(frozen=True)
class Series:
    """One series: its name in the index, its times, and its values by column.

    It has one row for each step from its first time to its last. A row that the index
    lacks is NaN. `steps` is None if there are too few rows to find the step.
    """

    name: Hashable
    times: pd.Index
    values: NDArray
    steps: Steps | None = None

    def __len__(self) -> int:
        return len(self.values)


def check_frames(**frames: pd.DataFrame | None) -> None:
    """Raise if a value is infinite, with its frame, row and column."""
    for name, frame in frames.items():
        if frame is not None:
            check_no_infinity(
                name,
                frame.to_numpy(dtype=np.float64),
                lambda row, column, frame=frame: (
                    f"{frame.index[row]} in column {frame.columns[column]!r}"
                ),
            )


def series_of(frame: pd.DataFrame) -> list[Series]:
    """Return the series of a frame without gaps, in the order of their first rows."""
    values = frame.to_numpy(dtype=np.float64)
    times = frame.index.get_level_values(-1)
    blocks = blocks_of(frame.index)
    found = [find_steps(times[block.rows]) for block in blocks]
    told = Counter(steps.step for steps in found if steps is not None)
    usual = max(told, key=told.get) if told else None  # type: ignore[arg-type]
    return [
        _without_gaps(block.series, times[block.rows], values[block.rows], steps, usual)
        for block, steps in zip(blocks, found, strict=True)
    ]


def _without_gaps(name, times, values, steps, usual):
    """Return a series with NaN rows at the steps that its times leave out."""
    if steps is None and len(times) < 3:
        # The series is too short to find its step. Use the one of the other series.
        is_stamp = isinstance(times, pd.DatetimeIndex)
        usual = usual if is_stamp else usual or 1
        steps = None if usual is None else Steps(times[0], usual)
    elif steps is None:
        raise ValueError(
            f"The times of y up to {times[-1]} are not evenly spaced, so there is no "
            "next one. Give y a frequency by y.asfreq(...), NaN where nothing is known."
        )
    if steps is None:
        return Series(name, times, values)
    numbers = steps.numbers(times)
    n_steps = int(numbers[-1]) + 1
    if n_steps == len(times):
        return Series(name, times, values, steps)
    if n_steps > 1000 + _MOST_STEPS_A_ROW * len(times):
        raise ValueError(
            f"The times of y from {times[0]} to {times[-1]} are {n_steps} steps of "
            f"{steps.name}, and y has {len(times)} rows. Correct the times, or give them "
            "their frequency by asfreq(...)."
        )
    every = np.full((n_steps, values.shape[1]), np.nan)
    every[numbers] = values
    return Series(name, steps.times(np.arange(n_steps)), every, steps)


@dataclass(frozen=True)
class Scale:
    """Centre and spread of each column, for a series or for each window."""

    centre: NDArray
    spread: NDArray

    @classmethod
    def of(cls, values: NDArray, axis: int = 0) -> "Scale":
        """Create from known values: their mean, and their mean distance from it.

        Without a known value, they are 0 and 1. The spread is also 1 if the values
        differ only by rounding.
        """
        known = ~np.isnan(values)
        n_known = np.maximum(known.sum(axis, keepdims=True), 1)
        filled = np.where(known, values, 0.0)
        centre = filled.sum(axis, dtype=np.float64, keepdims=True) / n_known
        distance = np.where(known, np.abs(values - centre), 0.0)
        distance = distance.sum(axis, keepdims=True) / n_known
        largest = np.abs(filled).max(axis, keepdims=True, initial=0)
        varies = distance > dust(largest, values.dtype, n_known)
        spread = np.where(varies, distance, 1.0)
        return cls(centre.squeeze(axis), spread.squeeze(axis))

    def apply(self, values: NDArray) -> NDArray:
        """Return the values in units of the scale."""
        return (values - self.centre) / self.spread

    def undo(self, values: NDArray) -> NDArray:
        """Return values of shape (..., n_columns, n_each) in their original units."""
        return values * self.spread[:, None] + self.centre[:, None]


def carried_forward(values: NDArray) -> NDArray:
    """Return the values, with each NaN replaced by the last known value."""
    if not np.isnan(values).any():
        return values
    return pd.DataFrame(values).ffill().to_numpy()


@dataclass(frozen=True)
class Rows:
    """Scaled columns of a series; `known` also has the rows of the steps ahead."""

    targets: NDArray
    past: NDArray
    known: NDArray

    def __len__(self) -> int:
        return len(self.targets)

    def tail(self, n_rows: int) -> "Rows":
        """Return the last rows, and the known rows ahead."""
        first = max(len(self) - n_rows, 0)
        last_known = len(self.known) - 1
        known = self.known[min(first, last_known) :]
        return Rows(self.targets[first:], self.past[first:], known)

    def columns(self, ahead: int) -> NDArray:
        """Return the columns of a window: targets, past, known now and known ahead.

        The last known value replaces an unknown one, also after the last known row.
        """
        here = np.arange(len(self))
        now, later = (
            self.known[np.minimum(places, len(self.known) - 1)]
            for places in (here, here + ahead)
        )
        parts = (self.targets, self.past, now, later)
        return np.concatenate([carried_forward(part) for part in parts], axis=1)

    def led_in(self, n_rows: int) -> "Rows":
        """Return the series with its first row repeated before it."""

        def led(values):
            return np.concatenate([np.repeat(values[:1], n_rows, axis=0), values])

        return Rows(led(self.targets), led(self.past), led(self.known))

    def carried_forward(self) -> "Rows":
        """Return the series, with each NaN replaced by the last known value."""
        return Rows(*map(carried_forward, (self.targets, self.past, self.known)))

    def extended(self, targets: NDArray) -> "Rows":
        """Return the series with forecasts after it. Past columns repeat the last row."""
        past = np.repeat(self.past[-1:], len(targets), axis=0)
        return Rows(
            np.concatenate([self.targets, targets]),
            np.concatenate([self.past, past]),
            self.known,
        )


@dataclass(frozen=True)
class Windows:
    """Window before each row of many series, and the targets from that row on.

    The series are concatenated with unknown rows between them, so `inputs` of shape
    (n_rows, lookback, n_columns) is a view of one array. `targets` has the steps from
    the row on, side by side. `starts` is the first row of each series, `lengths` its
    number of rows.
    """

    inputs: NDArray
    targets: NDArray
    starts: NDArray
    lengths: NDArray

    @classmethod
    def of(cls, series: Sequence[Rows], lookback: int, horizon: int) -> "Windows":
        """Create the windows of all rows of the series."""
        lengths = np.array([len(rows) for rows in series])
        starts = np.cumsum(np.r_[0, lengths[:-1] + max(lookback, horizon)])
        n_rows = int(starts[-1] + lengths[-1])
        columns = [rows.columns(horizon) for rows in series]
        inputs = np.full((n_rows, columns[0].shape[1]), np.nan, dtype=np.float32)
        n_targets = series[0].targets.shape[1]
        targets = np.full((n_rows + horizon - 1, n_targets), np.nan, dtype=np.float32)
        for start, rows, values in zip(starts, series, columns, strict=True):
            inputs[start : start + len(rows)] = values
            targets[start : start + len(rows)] = rows.targets
        ahead = sliding_window_view(targets, horizon, axis=0).swapaxes(1, 2)
        return cls(
            LookbackWindower(lookback, horizon=1).fit_transform(inputs),
            ahead.reshape(n_rows, horizon * n_targets),
            starts,
            lengths,
        )

    def held_out(self, lookback: int, horizon: int) -> tuple[NDArray, NDArray]:
        """Return the rows to train on, and the last origins of each series to test on.

        All targets of the training rows come before the first test origin. At each test
        origin, every target column has at least one known step.
        """
        by_step = self.targets.reshape(len(self.targets), horizon, -1)
        usable = ~np.isnan(by_step).all(axis=1).any(axis=1)
        # Known values are carried forward, so a window is known if its first step is.
        usable &= ~np.isnan(self.inputs[:, 0]).any(axis=1)
        learn, try_on = [], []
        for start, length in zip(self.starts, self.lengths, strict=True):
            origins = np.arange(start + lookback, start + length - horizon + 1)
            origins = origins[usable[origins]]
            n_held_out = min(max((len(origins) - horizon + 1) // 3, 0), 100)
            held_out = origins[len(origins) - n_held_out :]
            first = held_out[0] if n_held_out else start + length - horizon + 1
            learn.append(np.arange(start + lookback, first - horizon + 1))
            try_on.append(held_out)
        return np.concatenate(learn), np.concatenate(try_on)


def last_windows(series: Sequence[Rows], lookback: int, horizon: int) -> NDArray:
    """Return the window after the last row of each series, NaN before it begins."""
    tails = [rows.tail(lookback).columns(horizon) for rows in series]
    windows = np.full((len(tails), lookback, tails[0].shape[1]), np.nan, np.float32)
    for window, tail in zip(windows, tails, strict=True):
        window[lookback - len(tail) :] = tail
    return windows


def spread_of(windows: NDArray) -> NDArray:
    """Return the spread of each column in each window; 1 if no value is known."""
    return Scale.of(windows, axis=1).spread
