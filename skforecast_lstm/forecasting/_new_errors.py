"""Errors of forecasts at rows that came later."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm.forecasting._adaptive import COVERAGES
from skforecast_lstm.forecasting._conformal import evenly
from skforecast_lstm.forecasting._even_series import even_series, n_rows_by_name
from skforecast_lstm.forecasting._origins import forecast_after

__all__ = ["new_errors", "recent_errors"]

# Origins of one call of the networks, so that memory stays bounded.
_MOST_ORIGINS = 1024
# Origins that show the dependence between steps, and the fewest rows before one.
_ORIGINS_OF_PATHS = 128
_FEWEST_ROWS = 12


def new_errors(
    forecaster: Any, n_before: dict, cutoffs: dict
) -> tuple[list, NDArray] | None:
    """Return the errors of earlier forecasts that have become known by new rows.

    The forecasts are those from earlier cutoffs: the last row of `fit`, and that of each
    `update`. If the network reads columns that are known ahead, a forecast counts when
    all its steps are known.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Forecaster that has the new rows, and has not been trained on them.
    n_before : dict
        Number of rows of each series before the new ones, by name.
    cutoffs : dict
        Numbers of rows of each series at the cutoffs, by name.

    Returns
    -------
    names : list
        Names of the series with errors.
    ratios : ndarray of shape (n_series, n_errors, n_targets, n_coverages)
        Errors in units of the widths of the intervals without adaptation, NaN for none.
        The result is None if no error has become known.
    """
    even, model = even_series(forecaster._cur_y), forecaster.model_
    series, horizon = even.series, forecaster.adaptation_.n_steps
    scaled, n_least = None, 1
    if model is not None:
        scaled = forecaster._scaled(even, forecaster._scale(series), forecaster._cur_X)
        # A shorter series was forecast with repeated rows.
        n_least = model.lookback + model.horizon
    waits = bool(model is not None and forecaster.exogenous_.known)
    number, start, first = [], [], []
    for place, (name, n_now) in enumerate(n_rows_by_name(series).items()):
        known = n_before.get(name, n_now)
        for cutoff in cutoffs.get(name, ()):
            if waits:
                is_new = known < cutoff + horizon <= n_now
            else:
                is_new = known < min(cutoff + horizon, n_now)
            if is_new and cutoff >= n_least:
                number.append(place)
                start.append(cutoff)
                first.append(cutoff if waits else known)
    if not number:
        return None
    origins = np.array(number), np.array(start)
    ratios = _ratios(forecaster, series, scaled, *origins, horizon)
    rows = origins[1][:, None] + np.arange(horizon)
    ratios[rows < np.array(first)[:, None]] = np.nan
    places, row, n_each = np.unique(number, return_inverse=True, return_counts=True)
    by_series = np.full((len(places), n_each.max(), *ratios.shape[1:]), np.nan)
    # The origins of a series follow each other.
    by_series[row, np.arange(len(row)) - (n_each.cumsum() - n_each)[row]] = ratios
    names = [series.names[place] for place in places]
    return names, by_series.reshape(len(places), -1, *ratios.shape[2:])


def _ratios(forecaster, series, scaled, number, start, horizon):
    """Return the errors of the steps after origins, in units of the widths."""
    parts = []
    for place in range(0, len(number), _MOST_ORIGINS):
        some = slice(place, place + _MOST_ORIGINS)
        ratios, _ = _ratios_and_signs(
            forecaster, series, scaled, number[some], start[some], horizon
        )
        parts.append(ratios.reshape(-1, horizon, *ratios.shape[1:]))
    return np.concatenate(parts)


def _ratios_and_signs(forecaster, series, scaled, number, start, horizon):
    """Return the errors of one call in units of the widths, and their signs."""
    forecast = forecast_after(forecaster, series, scaled, number, start, horizon)
    rows = start[:, None] + np.arange(horizon)
    is_known = rows < series.lengths[number, None]
    rows = series.offsets[number, None] + np.where(is_known, rows, 0)
    actual = np.where(is_known[..., None], series.values[rows], np.nan)
    errors = actual.reshape(forecast.middle.shape) - forecast.middle
    return forecast.widths(forecaster.errors_).ratios(errors), np.sign(errors)


def recent_errors(forecaster: Any, series: ManySeries, horizon: int) -> NDArray:
    """Return errors of a pretrained network that forecasts alone, at its last origins.

    They are in units of the width of the interval of 80 % on their side, of the shape
    (n_origins, horizon, n_targets).
    """
    first = np.maximum(series.lengths // 3, _FEWEST_ROWS)
    n_each = np.maximum(series.lengths - horizon + 1 - first, 0)
    number = np.arange(len(series)).repeat(n_each)
    if not len(number):
        return np.empty((0, horizon, series.values.shape[1]))
    start = ranges(first, n_each)
    chosen = evenly(len(number), _ORIGINS_OF_PATHS)
    number, start = number[chosen], start[chosen]
    ratios, signs = _ratios_and_signs(forecaster, series, None, number, start, horizon)
    errors = signs * ratios[..., COVERAGES.index(0.8)]
    errors = errors.reshape(len(number), horizon, -1)
    return errors[~np.isnan(errors).all(axis=(1, 2))]
