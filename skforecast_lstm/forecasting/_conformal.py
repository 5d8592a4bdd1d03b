"""Prediction intervals from the errors at held-out origins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Errors", "evenly"]

# A window that is almost empty, as of a product that rarely sells, says little about
# the steps after it. Its spread counts as at least this part of the mean spread or of
# the typical error, the larger of the two.
LEAST_SPREAD = 0.5
# Paths of errors to keep, for their dependence from step to step.
_MOST_PATHS = 1024


def evenly(n: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of n numbers from 0, evenly chosen."""
    return np.linspace(0, n - 1, min(n, most)).round().astype(np.int64)


@dataclass(frozen=True)
class Errors:
    """Errors at held-out origins, in units of the spread of each window.

    Parameters
    ----------
    by_step : ndarray of shape (horizon, n_targets)
        Typical size of an error at each step ahead, at least that of the step before.
    sizes : ndarray of shape (n_errors, n_targets)
        Sizes of all errors, in units of the typical size at their step, sorted. Errors
        without a known actual value are NaN, at the end.
    least_spread : ndarray of shape (n_targets,)
        Lower bound for the spread of a window that scales errors.
    paths : ndarray of shape (n_paths, horizon, n_targets)
        Errors by origin, in units of the typical size at their step.
    """

    by_step: NDArray
    sizes: NDArray
    least_spread: NDArray
    paths: NDArray

    @classmethod
    def of(cls, errors: NDArray, spread: NDArray) -> "Errors":
        """Create from errors of shape (n_origins, horizon, n_targets), NaN if unknown.

        The spreads of their windows have the shape (n_origins, n_targets).
        """
        typical = np.sqrt(_mean_of_known(errors**2, axis=(0, 1)))
        least_spread = LEAST_SPREAD * np.maximum(spread.mean(axis=0), typical)
        errors = errors / np.maximum(spread, least_spread)[:, None]
        typical = np.sqrt(_mean_of_known(errors**2, axis=0))
        by_step = np.maximum.accumulate(np.maximum(typical, 1e-6), axis=0)
        errors = errors / by_step
        sizes = np.abs(errors).reshape(-1, errors.shape[-1])
        paths = errors[~np.isnan(errors).all(axis=(1, 2))]
        paths = paths[evenly(len(paths), _MOST_PATHS)]
        return cls(by_step, np.sort(sizes, axis=0), least_spread, paths)

    def distance(self, level: float, n_steps: int) -> NDArray:
        """Return the distance of a quantile from the forecast, by step and target.

        Beyond the measured steps, errors grow with the square root of the number of
        steps, as in a random walk. The largest error of n origins gives the coverage
        n / (n + 1). Beyond that coverage, errors grow like those of a normal
        distribution.
        """
        # The errors of one origin are dependent, so the count is that of the origins.
        n_known = np.count_nonzero(~np.isnan(self.sizes), axis=0)
        n_origins = np.maximum(n_known / len(self.by_step), 1.0)
        coverage = min(abs(2 * level - 1), 1 - 1e-9)
        most_told = n_origins / (n_origins + 1)
        sizes = [
            np.quantile(sorted_sizes[:n], min(coverage / most, 1.0)) if n else np.nan
            for sorted_sizes, n, most in zip(
                self.sizes.T, n_known, most_told, strict=True
            )
        ]
        beyond = ndtri((1 + np.maximum(coverage, most_told)) / 2)
        distance = np.sign(level - 0.5) * np.array(sizes)
        distance = distance * beyond / ndtri((1 + most_told) / 2)
        steps, tried = np.arange(1, n_steps + 1), len(self.by_step)
        growth = np.sqrt(np.maximum(steps / tried, 1.0))
        return self.by_step[np.minimum(steps, tried) - 1] * growth[:, None] * distance


def _mean_of_known(values, axis):
    """Return the mean of the known values, or 0 if there are none."""
    n_known = np.count_nonzero(~np.isnan(values), axis=axis)
    return np.nansum(values, axis=axis) / np.maximum(n_known, 1)
