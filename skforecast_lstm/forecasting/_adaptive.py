"""Widths of intervals that follow the errors of the forecasts that came true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["COVERAGES", "Adaptation", "Widths"]

# Coverages that are followed. Those between them are interpolated.
COVERAGES = (0.5, 0.8, 0.9, 0.95, 0.99)
# Rates at which a width follows: within hundreds of updates, or within a few.
_RATES = np.array([0.05, 0.1, 0.2, 0.4])
# The rates are judged by about so many of the last updates.
_MEMORY = 100
# Ratios of an error and its interval are limited to this, up and down.
_LARGEST_RATIO = 20.0


@dataclass(frozen=True)
class Widths:
    """Distances of the ends of intervals from the forecasts, without adaptation.

    Parameters
    ----------
    lower, upper : ndarray of shape (..., n_coverages)
        Distances below and above the forecast, for each of the `COVERAGES`.
    """

    lower: NDArray
    upper: NDArray

    @classmethod
    def of(cls, quantile: Callable[[float], NDArray], middle: NDArray) -> "Widths":
        """Create from a function that returns a quantile of each forecast."""
        lower, upper = (
            np.stack([abs(quantile(0.5 + side * one / 2) - middle) for one in COVERAGES])
            for side in (-1, 1)
        )
        return cls(np.moveaxis(lower, 0, -1), np.moveaxis(upper, 0, -1))

    def ratios(self, errors: NDArray) -> NDArray:
        """Return the size of each error, in units of the width on its side."""
        width = np.where(errors[..., None] > 0, self.upper, self.lower)
        tiny = np.finfo(np.float64).tiny
        return np.abs(errors)[..., None] / np.maximum(width, tiny)

    def adapted(self, distance: NDArray, level: float, factors: NDArray) -> NDArray:
        """Return the distance of a quantile with adapted widths.

        Each of the `COVERAGES` gets its factor. A wider interval stays wider.

        Parameters
        ----------
        distance : ndarray of shape (...)
            Signed distance of the quantile from the forecast, without adaptation.
        level : float
            Level of the quantile.
        factors : ndarray of shape (..., n_coverages)
            Factors of the widths.
        """
        before = self.upper if level > 0.5 else self.lower
        after = np.maximum.accumulate(before * factors, axis=-1)
        upper = int(np.searchsorted(COVERAGES, abs(2 * level - 1)))
        outer = min(upper, len(COVERAGES) - 1)
        low_before = low_after = np.zeros_like(distance)
        if 0 < upper < len(COVERAGES):
            low_before, low_after = before[..., upper - 1], after[..., upper - 1]
        step = before[..., outer] - low_before
        part = np.where(step > 0, abs(distance) - low_before, 0.0)
        part = part / np.where(step > 0, step, 1.0)
        width = low_after + part * (after[..., outer] - low_after)
        return np.sign(level - 0.5) * width


class Adaptation:
    """Factors of the widths of intervals, which follow the errors online.

    Each factor is a mean of several, one for each rate. On a logarithmic scale, such a
    factor grows by its rate times the part of the new errors that are outside of their
    intervals beyond what the coverage allows, or shrinks if fewer are. So in the long
    run as many errors are inside as the coverage says. The rates that gave the smaller
    pinball loss of late have the larger weights [1]_.

    Parameters
    ----------
    n_steps, n_targets : int
        Number of steps ahead that count, and of columns to forecast. A factor is that of
        all steps, so that the steps keep their proportions.

    References
    ----------
    .. [1] Gibbs and Candès. `Conformal Inference for Online Prediction with Arbitrary
       Distribution Shifts <https://jmlr.org/papers/v25/22-1218.html>`_. JMLR, 2024.
    """

    def __init__(self, n_steps: int, n_targets: int) -> None:
        self.n_steps = n_steps
        self._places: dict[Any, int] = {}
        shape = n_targets, len(COVERAGES), len(_RATES)
        self._logs = np.zeros((0, *shape))
        self._weights = np.zeros((0, *shape))
        self._squares = np.zeros((0, *shape[:-1]))

    def see(self, names: Sequence, ratios: NDArray) -> None:
        """Move the factors of some series on, once, by errors that have become known.

        Parameters
        ----------
        names : sequence of length n_series
            Names of the series.
        ratios : ndarray of shape (n_series, n_errors, n_targets, n_coverages)
            Errors in units of the widths without adaptation, NaN if unknown.
        """
        places = self._places_of(names)
        sizes = np.log(np.clip(ratios, 1 / _LARGEST_RATIO, _LARGEST_RATIO))
        state = self._logs[places], self._weights[places], self._squares[places]
        state = _moved_on(*state, sizes)
        self._logs[places], self._weights[places], self._squares[places] = state

    def factors(self, names: Sequence) -> NDArray:
        """Return the factors of series: (n_series, n_targets, n_coverages).

        A new series has the factor 1.
        """
        factors = np.ones((len(names), *self._logs.shape[1:-1]))
        known = [name in self._places for name in names]
        places = [self._places[name] for name in names if name in self._places]
        logs = (self._weights[places] * self._logs[places]).sum(axis=-1)
        factors[known] = np.exp(logs)
        return factors

    def _places_of(self, names):
        """Return the places of series, with new ones after the others."""
        for name in names:
            self._places.setdefault(name, len(self._places))
        n_new = len(self._places) - len(self._logs)
        if n_new:
            new = np.zeros((n_new, *self._logs.shape[1:]))
            self._logs = np.concatenate([self._logs, new])
            self._weights = np.concatenate([self._weights, new + 1 / len(_RATES)])
            self._squares = np.concatenate([self._squares, new[..., 0]])
        return [self._places[name] for name in names]


def _moved_on(logs, weights, squares, sizes):
    """Return the state of each series after more errors, whose means count."""
    known = ~np.isnan(sizes)[..., None]
    n_known = known.sum(axis=1)
    coverage = np.array(COVERAGES)[:, None]
    distance = np.where(known, sizes[..., None] - logs[:, None], 0.0)
    slope = np.where(distance > 0, coverage, coverage - 1) * known
    loss = (slope * distance).sum(axis=1) / np.maximum(n_known, 1)
    slope = slope.sum(axis=1) / np.maximum(n_known, 1)
    # The losses are judged on the scale of the recent ones.
    square = (weights * loss**2).sum(axis=-1)
    moved_squares = np.where(squares > 0, squares + (square - squares) / _MEMORY, square)
    strength = np.sqrt(3 / _MEMORY * (np.log(_MEMORY * len(_RATES)) + 2))
    strength = strength / np.sqrt(np.maximum(moved_squares, 1e-12))[..., None]
    moved = weights * np.exp(-strength * (loss - loss.min(axis=-1, keepdims=True)))
    moved = moved / moved.sum(axis=-1, keepdims=True)
    share = 1 / (2 * _MEMORY)
    moved = (1 - share) * moved + share / len(_RATES)
    seen = n_known > 0
    return (
        logs + _RATES * slope,
        np.where(seen, moved, weights),
        np.where(seen[..., 0], moved_squares, squares),
    )
