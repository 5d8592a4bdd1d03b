"""Evaluation of a pretrained network on real series: errors and coverage."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN
from skforecast_lstm.pretraining.forecasting import forecast_quantiles
from skforecast_lstm.pretraining.series_files import Origin, origins, read_series

__all__ = ["Panel", "evaluate", "seasonal_naive_scale"]

# Level of an interval, and the places of its ends among the quantiles.
_INTERVALS = {80: (LEVELS.index(0.1), LEVELS.index(0.9)), 95: (0, len(LEVELS) - 1)}


class Panel(NamedTuple):
    """Real series, and how to forecast them.

    Parameters
    ----------
    path : str
        File or folder of the series.
    horizon : int
        Number of steps to forecast.
    season_lengths : tuple of two int
        Number of steps in the seasons, 1 for none. The first one scales the errors.
    only : str, default=None
        Condition for the rows to read.
    held_out : tuple of int, default=(0,)
        Origins, see `origins`.
    """

    path: str
    horizon: int
    season_lengths: tuple[int, int] = (1, 1)
    only: str | None = None
    held_out: tuple[int, ...] = (0,)

    def origins(self) -> list[Origin]:
        """Return all series at all origins."""
        series = read_series(self.path, self.only)
        return list(origins(series, self.horizon, held_out=self.held_out))


def seasonal_naive_scale(past: NDArray, season_length: int) -> float:
    """Return the mean absolute change over a season, or over a step if none is known."""
    for lag in (season_length, 1):
        changes = np.abs(past[lag:] - past[:-lag])
        if np.isfinite(changes).any() and np.nanmean(changes) > 0:
            return float(np.nanmean(changes))
    return float("nan")


def evaluate(weights: Sequence[NDArray], panel: Panel) -> pd.DataFrame:
    """Return errors of the forecasts of a network, a row for each series and origin.

    Parameters
    ----------
    weights : sequence of arrays
        Weights of `pretrained_network`.
    panel : Panel
        Real series.

    Returns
    -------
    scores : DataFrame
        Columns ``MASE``, ``sMAPE``, ``coverage 80`` and ``coverage 95``.
    """
    chosen = panel.origins()
    quantiles = forecast_quantiles(
        weights, [one.past for one in chosen], panel.horizon, panel.season_lengths
    )
    rows = {}
    for one, forecast in zip(chosen, quantiles, strict=True):
        median = forecast[:, MEDIAN]
        error = np.abs(one.future - median)
        scale = seasonal_naive_scale(one.past, panel.season_lengths[0])
        size = (np.abs(one.future) + np.abs(median)) / 2
        relative = error / np.where(size > 0, size, 1)
        row = {"MASE": np.nanmean(error) / scale, "sMAPE": 100 * np.nanmean(relative)}
        known = np.isfinite(one.future)
        for level, (low, high) in _INTERVALS.items():
            inside = (forecast[:, low] <= one.future) & (one.future <= forecast[:, high])
            row[f"coverage {level}"] = 100 * inside[known].mean()
        rows[one.name] = row
    return pd.DataFrame.from_dict(rows, orient="index")
