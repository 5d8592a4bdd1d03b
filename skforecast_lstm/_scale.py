"""Centre and spread of values."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._pieces import pieces
from skforecast_lstm._rounding import rounding_limit
from skforecast_lstm._series import ManySeries

__all__ = ["Scale"]


class Scale(NamedTuple):
    """Centre and spread of each column, of one or more sets of values."""

    centre: NDArray
    spread: NDArray

    @classmethod
    def from_values(
        cls,
        values: NDArray,
        axis: int | tuple[int, ...] = 0,
        *,
        power: Literal[1, 2] = 1,
    ) -> "Scale":
        """Create from known values: their mean, and their mean distance from it.

        With a power of 2, the spread is the standard deviation. Without a known value,
        centre and spread are 0 and 1. The spread is also 1 if the values differ only by
        rounding.
        """
        known = ~np.isnan(values)
        n_known = np.maximum(known.sum(axis, keepdims=True), 1)
        filled = np.where(known, values, 0.0)
        centre = filled.sum(axis, dtype=np.float64, keepdims=True) / n_known
        distance = np.where(known, np.abs(values - centre), 0.0) ** power
        spread = (distance.sum(axis, keepdims=True) / n_known) ** (1 / power)
        largest = np.abs(filled).max(axis, keepdims=True, initial=0)
        varies = spread > rounding_limit(largest, values.dtype, n_known)
        spread = np.where(varies, spread, 1.0)
        return cls(centre.squeeze(axis), spread.squeeze(axis))

    @classmethod
    def from_targets(cls, targets: NDArray, weights: NDArray | None) -> "Scale":
        """Create from targets: their (weighted) mean and standard deviation.

        They may be larger than the memory, so they are read in pieces. If a target varies
        only by rounding, its spread is a hundredth of its level, and at most 1. So
        predictions begin and stay near its only value.
        """

        def average(function):
            total = count = 0.0
            for piece in pieces(targets):
                values = targets[piece].astype(np.float64)
                known = ~np.isnan(values)
                by_row = np.ones(len(values)) if weights is None else weights[piece]
                total += by_row @ np.where(known, function(values), 0.0)
                count += by_row @ known.astype(np.float64)
            return total / np.where(count != 0, count, 1.0)

        centre = average(lambda values: values)
        spread = np.sqrt(average(lambda values: (values - centre) ** 2))
        varies = spread > rounding_limit(centre, targets.dtype, len(targets))
        least = np.where(centre == 0, 1.0, np.minimum(np.abs(centre) / 100, 1.0))
        return cls(centre, np.where(varies, spread, least))

    @classmethod
    def by_series(cls, series: ManySeries) -> "Scale":
        """Create from the values of each series: arrays of (n_series, n_columns)."""
        if len(series) == 1:
            return cls.from_values(series.values[None], axis=1)
        centre, spread = np.empty((2, len(series), series.values.shape[1]))
        lengths = series.lengths
        for length in np.unique(lengths):
            (equal,) = np.nonzero(lengths == length)
            rows = series.offsets[equal, None] + np.arange(length)
            centre[equal], spread[equal] = cls.from_values(series.values[rows], axis=1)
        return cls(centre, spread)

    def take(self, numbers: Any) -> "Scale":
        """Return the scales with the given numbers."""
        return Scale(self.centre[numbers], self.spread[numbers])

    def apply(self, values: NDArray) -> NDArray:
        """Return the values in units of the scale."""
        return (values - self.centre) / self.spread

    def undo(self, values: NDArray) -> NDArray:
        """Return values of shape (..., n_columns, n_each) in their original units."""
        return values * self.spread[..., None] + self.centre[..., None]
