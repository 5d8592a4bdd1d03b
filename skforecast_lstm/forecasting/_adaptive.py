"""Widths of intervals that follow the errors of the forecasts that came true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["COVERAGES", "Adaptation", "Widths", "in_widths", "limited"]

# Coverages that are followed. Those between them are interpolated.
COVERAGES = (0.5, 0.8, 0.9, 0.95, 0.99)
# Rates at which the typical size of recent errors follows them, with one that never does.
_RATES = np.array([0.0, 0.1, 0.4])
# Rate at which the factor of each coverage follows the errors outside its interval.
_RATE_BY_COVERAGE = 0.1
# The rates are judged by about so many of the last updates.
_MEMORY = 100
# Ratios of an error and its interval are limited to this, up and down.
_LARGEST_RATIO = 20.0
# Mean square root of the size of normal errors, in units of the width for 80 %.
_NORMAL_ROOT = 0.8221789587 / np.sqrt(ndtri(0.9))


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
        return in_widths(np.abs(errors)[..., None], width)

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

    Each factor is a mean of several. One of these is a product. Its first part is the
    typical size of the recent errors, which follows them at a rate of its own, for all
    coverages together: so a change of the size is seen within a few updates. Its second
    part is of the coverage. On a logarithmic scale, it grows in proportion to the part of
    the new errors that are outside of their intervals beyond what the coverage allows, or
    shrinks if fewer are. So in the long run as many errors are inside as the coverage
    says, whatever the distribution of the errors. The rates that gave the smaller pinball
    loss of late have the larger weights [1]_.

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
        self._roots = np.zeros((0, n_targets, len(_RATES)))

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
        sizes = limited(ratios)
        roots = self._roots[places]
        state = self._logs[places], self._weights[places], self._squares[places]
        state = _moved_on(*state, np.log(sizes), _logs_of_size(roots))
        self._logs[places], self._weights[places], self._squares[places] = state
        self._roots[places] = _roots_moved_on(roots, sizes[..., COVERAGES.index(0.8)])

    def factors(self, names: Sequence) -> NDArray:
        """Return the factors of series: (n_series, n_targets, n_coverages).

        A new series has the factor 1.
        """
        factors = np.ones((len(names), *self._logs.shape[1:-1]))
        known = [name in self._places for name in names]
        places = [self._places[name] for name in names if name in self._places]
        logs = self._logs[places] + _logs_of_size(self._roots[places])
        factors[known] = np.exp((self._weights[places] * logs).sum(axis=-1))
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
            self._roots = np.concatenate([self._roots, new[:, :, 0] + _NORMAL_ROOT])
        return [self._places[name] for name in names]


def in_widths(sizes: NDArray, widths: NDArray) -> NDArray:
    """Return sizes of errors in units of widths, which are 0 for a constant series."""
    least = np.maximum(1e-9 * sizes, np.finfo(np.float64).tiny)
    return sizes / np.maximum(widths, least)


def limited(ratios: NDArray) -> NDArray:
    """Return ratios of errors and intervals, limited up and down."""
    return np.clip(ratios, 1 / _LARGEST_RATIO, _LARGEST_RATIO)


def _logs_of_size(roots):
    """Return the logarithms of typical sizes, relative to those of normal errors."""
    return 2 * np.log(roots / _NORMAL_ROOT)[:, :, None]


def _roots_moved_on(roots, sizes):
    """Return the mean square roots after more errors: large ones count less in a root."""
    known = ~np.isnan(sizes)
    n_known = known.sum(axis=1)
    new = np.sqrt(np.where(known, sizes, 0)).sum(axis=1) / np.maximum(n_known, 1)
    moved = roots + _RATES * (new[..., None] - roots)
    return np.where(n_known[..., None] > 0, moved, roots)


def _moved_on(logs, weights, squares, sizes, logs_of_size):
    """Return the state of each series after more errors, whose means count."""
    known = ~np.isnan(sizes)[..., None]
    n_known = known.sum(axis=1)
    coverage = np.array(COVERAGES)[:, None]
    distance = sizes[..., None] - (logs + logs_of_size)[:, None]
    distance = np.where(known, distance, 0.0)
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
        logs + _RATE_BY_COVERAGE * slope,
        np.where(seen, moved, weights),
        np.where(seen[..., 0], moved_squares, squares),
    )
