"""Forecasts of many series, and their quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from skforecast_lstm.forecasting._adaptive import Widths
from skforecast_lstm.forecasting._conformal import Errors
from skforecast_lstm.forecasting._even_series import EvenSeries
from skforecast_lstm.networks.pretrained import LEVELS

__all__ = ["QUANTILES", "Forecast", "forecast_index"]

QUANTILES = (0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995)


@dataclass(frozen=True)
class Forecast:
    """Forecasts in the units of the series.

    `values` has the shape (n_times, n_targets, n_quantiles). `spread` has the shape
    (n_times, n_targets) and measures how much each window varies. `steps` counts from
    the last row of the series. `levels` are those of the quantiles, of the trained
    network or of the pretrained one. `factors` of shape (n_times, n_targets,
    n_coverages) adapt the widths of intervals.
    """

    index: pd.Index
    values: NDArray
    spread: NDArray
    steps: NDArray
    levels: tuple[float, ...] = QUANTILES
    factors: NDArray | None = None

    @property
    def middle(self) -> NDArray:
        return self.values[..., self.values.shape[-1] // 2]

    def quantile(self, level: float, errors: Errors | None) -> NDArray:
        """Return one quantile for each time and target."""
        return self.quantiles([level], errors)[0]

    def quantiles(self, levels: Sequence[float], errors: Errors | None) -> NDArray:
        """Return quantiles: (n_levels, n_times, n_targets)."""
        quantiles = np.stack([self._quantile(level, errors) for level in levels])
        if self.factors is None:
            return quantiles
        widths = self.widths(errors)
        for level, quantile in zip(levels, quantiles, strict=True):
            distance = quantile - self.middle
            quantile[:] = self.middle + widths.adapted(distance, level, self.factors)
        return quantiles

    def widths(self, errors: Errors | None) -> Widths:
        """Return the widths of the intervals, without adaptation."""
        return Widths.of(lambda level: self._quantile(level, errors), self.middle)

    def _quantile(self, level, errors):
        """Return one quantile, without adaptation."""
        if errors is None and self.levels == LEVELS:
            return _between_normal(LEVELS, self.values, level)
        if errors is None:
            _check_is_between(QUANTILES, level)
            return _between(QUANTILES, self.values, level)
        steps = np.maximum(self.steps, 1)
        distance = errors.distance(level, int(steps.max()))[steps - 1]
        return self.middle + distance * self.spread


def _check_is_between(levels, level):
    """Raise if a quantile is outside the range of the learned ones."""
    if not levels[0] <= level <= levels[-1]:
        raise ValueError(
            f'intervals="quantiles" learns the quantiles from {levels[0]} to '
            f"{levels[-1]}, got alpha={level}. Ask for a coverage up to "
            f'{levels[-1] - levels[0]:.2f}, or set intervals="conformal".'
        )


def _between_normal(levels, values, level):
    """Interpolate a quantile as those of a normal distribution.

    Beyond the outermost levels, the distance from the median grows in the same way.
    """
    scores, score = ndtri(levels), ndtri(level)
    if not levels[0] <= level <= levels[-1]:
        place, middle = (0 if score < 0 else -1), values[..., len(levels) // 2]
        return middle + (values[..., place] - middle) * score / scores[place]
    return _between(tuple(scores), values, score)


def _between(levels, values, level):
    """Interpolate a quantile between two neighbouring ones."""
    upper = max(int(np.searchsorted(levels, level)), 1)
    part = (level - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
    return (1 - part) * values[..., upper - 1] + part * values[..., upper]


def forecast_index(
    index: pd.Index, even: EvenSeries, times: Sequence[pd.Index]
) -> pd.Index:
    """Return the index of forecasts, including any names of the series.

    Parameters
    ----------
    index : Index
        Index of y.
    even : EvenSeries
        Its series.
    times : sequence of Index
        Times to forecast, for each timeline.
    """
    if not isinstance(index, pd.MultiIndex):
        return times[0]
    names = index.droplevel(-1).unique()
    every = times[0].append(list(times[1:]))
    n_times = len(times[0])
    rows = n_times * even.timeline[:, None] + np.arange(n_times)
    levels = [names.get_level_values(n).repeat(n_times) for n in range(names.nlevels)]
    return pd.MultiIndex.from_arrays([*levels, every[rows.ravel()]], names=index.names)
