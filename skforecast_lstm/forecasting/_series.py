"""One or many series of a frame, and the arrays that a network learns them from."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skforecast_lstm._time_index import blocks_of
from skforecast_lstm.windows import LookbackWindower

__all__ = [
    "Rows",
    "Scale",
    "Series",
    "Windows",
    "check_no_infinity",
    "last_windows",
    "series_of",
    "spread_of",
]


@dataclass(frozen=True)
class Series:
    """One series: its name in the index, its times, and its values by column."""

    name: Hashable
    times: pd.Index
    values: NDArray

    def __len__(self) -> int:
        return len(self.values)


def check_no_infinity(**frames: pd.DataFrame | None) -> None:
    """Raise where a value is infinite, and say in which of the frames, and where."""
    for name, frame in frames.items():
        if frame is None:
            continue
        rows, columns = np.nonzero(np.isinf(frame.to_numpy(dtype=np.float64)))
        if len(rows):
            raise ValueError(
                f"{name} contains infinity, first at {frame.index[rows[0]]} in column "
                f"{frame.columns[columns[0]]!r}. Replace it by NaN if the value is "
                "unknown."
            )


def series_of(frame: pd.DataFrame) -> list[Series]:
    """The series of a frame, in the order of their first rows."""
    values = frame.to_numpy(dtype=np.float64)
    times = frame.index.get_level_values(-1)
    return [
        Series(block.series, times[block.rows], values[block.rows])
        for block in blocks_of(frame.index)
    ]


@dataclass(frozen=True)
class Scale:
    """Centre and spread of each column, of a series or of each window."""

    centre: NDArray
    spread: NDArray

    @classmethod
    def of(cls, values: NDArray, axis: int = 0) -> "Scale":
        """Mean and mean distance from it, of what is known; 0 and 1 of nothing."""
        known = ~np.isnan(values)
        n_known = np.maximum(known.sum(axis, keepdims=True), 1)
        centre = np.where(known, values, 0.0).sum(axis, keepdims=True) / n_known
        distance = np.where(known, np.abs(values - centre), 0.0).sum(axis, keepdims=True)
        spread = np.where(distance > 0, distance / n_known, 1.0)
        return cls(centre.squeeze(axis), spread.squeeze(axis))

    def apply(self, values: NDArray) -> NDArray:
        """Values in units of the scale."""
        return (values - self.centre) / self.spread

    def undo(self, values: NDArray) -> NDArray:
        """Values of shape (..., n_columns, n_each) in their own units again."""
        return values * self.spread[:, None] + self.centre[:, None]


def carried_forward(values: NDArray) -> NDArray:
    """Values in which what is unknown is what was known last."""
    if not np.isnan(values).any():
        return values
    return pd.DataFrame(values).ffill().to_numpy()


@dataclass(frozen=True)
class Rows:
    """A series ready for windows: scaled columns, those known ahead with rows to come."""

    targets: NDArray
    past: NDArray
    known: NDArray

    def __len__(self) -> int:
        return len(self.targets)

    def tail(self, n_rows: int) -> "Rows":
        """The last rows, and those to come."""
        first = max(len(self) - n_rows, 0)
        last_known = len(self.known) - 1
        known = self.known[min(first, last_known) :]
        return Rows(self.targets[first:], self.past[first:], known)

    def columns(self, ahead: int) -> NDArray:
        """Columns of a window: targets, past, and what is known at the row and ahead.

        What is unknown stays what it was last, also beyond the rows to come.
        """
        here = np.arange(len(self))
        now, later = (
            self.known[np.minimum(places, len(self.known) - 1)]
            for places in (here, here + ahead)
        )
        parts = (self.targets, self.past, now, later)
        return np.concatenate([carried_forward(part) for part in parts], axis=1)

    def led_in(self, n_rows: int) -> "Rows":
        """The series with its first row repeated before it."""

        def led(values):
            return np.concatenate([np.repeat(values[:1], n_rows, axis=0), values])

        return Rows(led(self.targets), led(self.past), led(self.known))

    def extended(self, targets: NDArray) -> "Rows":
        """The series with forecasts behind it, the past columns as they were last."""
        past = np.repeat(self.past[-1:], len(targets), axis=0)
        return Rows(
            np.concatenate([self.targets, targets]),
            np.concatenate([self.past, past]),
            self.known,
        )


@dataclass(frozen=True)
class Windows:
    """The window before each row of many series, and what came from that row on.

    The series lie end to end with unknown rows between them, so that `inputs` of shape
    (n_rows, lookback, n_columns) is a view of one array. `targets` has the steps from
    the row on side by side. `starts` tells where each series begins, `lengths` how
    many rows it has.
    """

    inputs: NDArray
    targets: NDArray
    starts: NDArray
    lengths: NDArray

    @classmethod
    def of(cls, series: Sequence[Rows], lookback: int, horizon: int) -> "Windows":
        """Windows of all rows of some series."""
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
        """Rows to learn from, and the last origins of each series to try them on.

        No target of the first lies at or behind an origin of the second.
        """
        learn, try_on = [], []
        for start, length in zip(self.starts, self.lengths, strict=True):
            n_origins = length - lookback - horizon + 1
            n_held_out = min(max((n_origins - horizon + 1) // 3, 0), 100)
            first = length - horizon + 1 - n_held_out
            learn.append(start + np.arange(lookback, max(first - horizon + 1, lookback)))
            try_on.append(start + np.arange(first, first + n_held_out))
        return np.concatenate(learn), np.concatenate(try_on)


def last_windows(series: Sequence[Rows], lookback: int, horizon: int) -> NDArray:
    """The window behind the last row of each series, unknown before a series begins."""
    tails = [rows.tail(lookback).columns(horizon) for rows in series]
    windows = np.full((len(tails), lookback, tails[0].shape[1]), np.nan, np.float32)
    for window, tail in zip(windows, tails, strict=True):
        window[lookback - len(tail) :] = tail
    return windows


def spread_of(windows: NDArray) -> NDArray:
    """How much each column varies within each window; 1 where nothing is known."""
    return Scale.of(windows, axis=1).spread
