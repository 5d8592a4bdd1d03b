"""Intervals from the errors at origins that were held out of training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Errors"]

# A window with almost nothing in it, as of a product that is rarely sold, says little of
# what follows. It counts as if it varied by this part of the mean window or, where that
# is more, of the typical error.
LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class Errors:
    """Errors at held-out origins, in units of how much each window varies.

    Parameters
    ----------
    by_step : ndarray of shape (horizon, n_targets)
        Typical size of an error at each step ahead, never less than at the step before.
    sizes : ndarray of shape (n_errors, n_targets)
        Sizes of all errors in units of the typical size at their step, sorted; NaN at
        the end where the actual value is not known.
    least_spread : ndarray of shape (n_targets,)
        How much a window varies at least, as far as errors are concerned.
    """

    by_step: NDArray
    sizes: NDArray
    least_spread: NDArray

    @classmethod
    def of(cls, errors: NDArray, spread: NDArray) -> "Errors":
        """From errors of shape (n_origins, horizon, n_targets), NaN where unknown.

        The spreads of their windows have the shape (n_origins, n_targets).
        """
        typical = np.sqrt(_mean_of_known(errors**2, axis=(0, 1)))
        least_spread = LEAST_SPREAD * np.maximum(spread.mean(axis=0), typical)
        errors = errors / np.maximum(spread, least_spread)[:, None]
        typical = np.sqrt(_mean_of_known(errors**2, axis=0))
        by_step = np.maximum.accumulate(np.maximum(typical, 1e-6), axis=0)
        sizes = np.abs(errors / by_step).reshape(-1, errors.shape[-1])
        return cls(by_step, np.sort(sizes, axis=0), least_spread)

    def distance(self, level: float, n_steps: int) -> NDArray:
        """How far from the forecast a quantile is, by step and target.

        Beyond the steps that were tried, errors grow like the root of the number of
        steps, as those of a random walk do. Of n origins the largest error tells the
        coverage n / (n + 1). Beyond that, errors grow as normal ones do.
        """
        # The errors of one origin go together, so there are as many as origins.
        n_known = np.count_nonzero(~np.isnan(self.sizes), axis=0)
        n_origins = np.maximum(n_known / len(self.by_step), 1.0)
        coverage = min(abs(2 * level - 1), 1 - 1e-9)
        most_told = n_origins / (n_origins + 1)
        sizes = [
            np.quantile(of_one[:n], min(coverage / most, 1.0)) if n else np.nan
            for of_one, n, most in zip(self.sizes.T, n_known, most_told, strict=True)
        ]
        beyond = ndtri((1 + np.maximum(coverage, most_told)) / 2)
        distance = np.sign(level - 0.5) * np.array(sizes)
        distance = distance * beyond / ndtri((1 + most_told) / 2)
        steps, tried = np.arange(1, n_steps + 1), len(self.by_step)
        growth = np.sqrt(np.maximum(steps / tried, 1.0))
        return self.by_step[np.minimum(steps, tried) - 1] * growth[:, None] * distance


def _mean_of_known(values, axis):
    """Mean of what is not NaN, 0 of nothing."""
    n_known = np.count_nonzero(~np.isnan(values), axis=axis)
    return np.nansum(values, axis=axis) / np.maximum(n_known, 1)
