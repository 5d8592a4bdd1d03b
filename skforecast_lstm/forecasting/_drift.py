"""Signs that the errors of a forecaster have become larger than they were in fit."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skforecast_lstm.forecasting._adaptive import COVERAGES, limited

__all__ = ["Drift", "Monitor", "sizes_and_coverage"]

# Errors of one horizon of rows form a batch, of at least so many. So many of the last
# batches count.
_LEAST_ROWS = 5
_N_BATCHES = 10
# With fewer held-out origins, nothing is said.
_FEWEST_ORIGINS = 10
# Share of checks that give a false alarm, if batches are independent and normal.
_FALSE_ALARMS = 0.001


@dataclass(frozen=True)
class Drift:
    """Verdict on a refit, from the last errors of a forecaster.

    Parameters
    ----------
    refit : bool or None
        True if the errors are larger than chance explains. None if too little is known.
    ratio : float
        Mean size of the last errors, relative to those at held-out origins.
    usual : float
        Largest ratio that chance explains.
    coverage : dict of float
        Fraction of actual values inside of the intervals that were given for them.
    n_rows : int
        Number of rows of `update` that count.
    n_rows_needed : int
        Number of rows that are needed.
    """

    refit: bool | None
    ratio: float
    usual: float
    coverage: dict[float, float]
    n_rows: int
    n_rows_needed: int

    def __str__(self) -> str:
        if self.refit is None:
            return (
                f"Not known: {self.n_rows} of {self.n_rows_needed} rows have come, or "
                f"fit had fewer than {_FEWEST_ORIGINS} held-out origins."
            )
        held = ", ".join(
            f"{inside:.0%} of values were in the intervals of {coverage:.0%}"
            for coverage, inside in self.coverage.items()
        )
        return (
            f"{'Refit' if self.refit else 'No need to refit'}: the errors at the last "
            f"{self.n_rows} rows were {self.ratio:.2f} times those in fit, and up to "
            f"{self.usual:.2f} is usual; {held}."
        )


@dataclass
class Monitor:
    """Errors since `fit`, in batches, beside those at held-out origins.

    Parameters
    ----------
    held_out : ndarray of shape (n_origins,)
        Mean size of the errors from each origin, in units of interval widths.
    n_series : int
        Number of series with these origins. They may depend on each other fully.
    n_steps : int
        Number of steps ahead. Errors of that many origins depend on each other.
    """

    held_out: NDArray
    n_series: int
    n_steps: int
    batches: list = field(default_factory=list)

    @property
    def _n_rows(self):
        """Number of rows of a batch."""
        return max(self.n_steps, _LEAST_ROWS)

    def see(self, n_rows: int, size: float, inside: dict[float, float]) -> None:
        """Add errors that have become known by some new rows."""
        last = self.batches[-1] if self.batches else None
        if last is None or sum(n for n, _, _ in last) >= self._n_rows:
            self.batches.append([])
        self.batches[-1].append((n_rows, size, inside))
        del self.batches[: -_N_BATCHES - 1]

    def drift(self) -> Drift:
        """Compare the errors of the last full batches with those at held-out origins."""
        full = [
            batch for batch in self.batches if sum(n for n, _, _ in batch) >= self._n_rows
        ][-_N_BATCHES:]
        n_rows = sum(n for batch in full for n, _, _ in batch)
        sizes = np.array([np.mean([size for _, size, _ in batch]) for batch in full])
        every = [inside for batch in full for _, _, inside in batch]
        coverage = {
            key: float(np.mean([inside[key] for inside in every]))
            for key in (every[0] if every else ())
        }
        needed = _N_BATCHES * self._n_rows
        n_origins = len(self.held_out)
        if len(full) < _N_BATCHES or n_origins < _FEWEST_ORIGINS:
            return Drift(None, np.nan, np.nan, coverage, n_rows, needed)
        before = float(self.held_out.mean())
        n_before = max(n_origins / (self.n_steps * self.n_series), 2.0)
        parts = sizes.var(ddof=1) / len(full), self.held_out.var() / n_before
        # The errors of a constant series do not vary.
        parts = tuple(max(part, 1e-12) for part in parts)
        freedom = sum(parts) ** 2 / (
            parts[0] ** 2 / (len(full) - 1) + parts[1] ** 2 / (n_before - 1)
        )
        usual = (
            1 + float(stats.t.isf(_FALSE_ALARMS, freedom) * np.sqrt(sum(parts))) / before
        )
        ratio = float(sizes.mean()) / before
        return Drift(bool(ratio > usual), ratio, usual, coverage, n_rows, needed)


def sizes_and_coverage(
    ratios: NDArray, factors: NDArray
) -> tuple[float, dict[float, float]]:
    """Return the mean size of errors, and how many are inside of adapted intervals.

    The ratios of errors to widths and the factors of the widths have the coverages as
    their last axis. The size is in units of the interval of 80 %.
    """
    inside = np.where(np.isnan(ratios), np.nan, ratios <= factors)
    coverage = {
        one: float(np.nanmean(inside[..., COVERAGES.index(one)])) for one in (0.8, 0.95)
    }
    return float(np.nanmean(limited(ratios[..., COVERAGES.index(0.8)]))), coverage
