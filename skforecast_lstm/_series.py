"""Many series in one array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ManySeries", "ranges"]


def ranges(starts: NDArray, lengths: NDArray) -> NDArray[np.int64]:
    """Return ranges of numbers with these starts and lengths, one after the other."""
    before = lengths.cumsum() - lengths
    return np.arange(lengths.sum()) + (starts - before).repeat(lengths)


@dataclass(frozen=True)
class ManySeries:
    """Rows of many series, one series after the other, each in time order.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Rows of all series.
    offsets : ndarray of shape (n_series + 1,)
        First row of each series, and the number of rows.
    names : sequence of length n_series
        Name of each series.
    times : Index of length n_rows, default=None
        Time of each row. None if the index has no order.
    """

    values: NDArray
    offsets: NDArray[np.int64]
    names: Sequence = (None,)
    times: Any = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of rows of each series."""
        return np.diff(self.offsets)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Number of the series of each row."""
        return np.arange(len(self)).repeat(self.lengths)

    def take(self, numbers: NDArray) -> "ManySeries":
        """Return some of the series."""
        lengths = self.lengths[numbers]
        rows = ranges(self.offsets[numbers], lengths)
        return self._select_rows(
            rows, lengths, [self.names[number] for number in numbers]
        )

    def tail(self, n_rows: int) -> "ManySeries":
        """Return up to `n_rows` last rows of each series."""
        lengths = np.minimum(self.lengths, n_rows)
        rows = ranges(self.offsets[1:] - lengths, lengths)
        return self._select_rows(rows, lengths, self.names)

    def head(self, n_rows: int) -> "ManySeries":
        """Return up to `n_rows` first rows of each series."""
        lengths = np.minimum(self.lengths, n_rows)
        return self._select_rows(ranges(self.offsets[:-1], lengths), lengths, self.names)

    def _select_rows(self, rows, lengths, names):
        times = None if self.times is None else self.times[rows]
        offsets = np.append(0, lengths.cumsum())
        return ManySeries(self.values[rows], offsets, names, times)

    def row_slice(self, number: int) -> slice:
        """Return the rows of one series."""
        return slice(*self.offsets[number : number + 2].tolist())

    def are_unknown(self) -> NDArray[np.bool_]:
        """Return whether each column of each series has no known value."""
        return np.logical_and.reduceat(np.isnan(self.values), self.offsets[:-1])

    def last(self, n_rows: int) -> NDArray:
        """Return the last rows: (n_series, n_rows, n_columns), NaN before a series."""
        rows = self.offsets[1:, None] + np.arange(-n_rows, 0)
        values = self.values[np.maximum(rows, 0)]
        values[rows < self.offsets[:-1, None]] = np.nan
        return values

    def filled_forward(self) -> NDArray:
        """Return the values, with each NaN replaced by the last known value before it."""
        unknown = np.isnan(self.values)
        if not unknown.any():
            return self.values
        starts = self.offsets[:-1].repeat(self.lengths)[:, None]
        rows = np.where(unknown, starts, np.arange(len(self.values))[:, None])
        return np.take_along_axis(self.values, np.maximum.accumulate(rows), axis=0)

    def equal_times(self) -> tuple[NDArray, NDArray]:
        """Group the series by their times, in the order of the first series of a group.

        Return the first series of each group, and the group of each series. Without
        times, there is one group.
        """
        if len(self) == 1 or self.times is None:
            return np.zeros(1, dtype=np.int64), np.zeros(len(self), dtype=np.int64)
        groups: dict[bytes, int] = {}
        times = getattr(self.times, "asi8", None)
        times = np.asarray(self.times) if times is None else times
        bounds = zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True)
        group = np.array(
            [
                groups.setdefault(times[start:end].tobytes(), len(groups))
                for start, end in bounds
            ]
        )
        return np.unique(group, return_index=True)[1], group
