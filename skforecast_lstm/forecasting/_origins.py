"""Forecasts of a fitted forecaster from many origins, in one call of its networks."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm.forecasting._even_series import even_series
from skforecast_lstm.forecasting._forecast import QUANTILES, Forecast
from skforecast_lstm.forecasting._pretrained import Pretrained, mixed
from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN

__all__ = ["OriginForecasts", "forecast_origins"]

# Values in the windows of one call, so that memory stays bounded.
_MOST_VALUES = 1 << 24


class OriginForecasts:
    """Forecasts from many origins.

    Parameters
    ----------
    parts : list of Forecast
        Forecasts of the origins, one origin after the other, then series, then steps.
    errors : Errors or None
        Errors at held-out origins of the fit.
    shape : tuple of int
        Number of origins, series and steps.
    places : list of int
        Columns of the forecasts, in the order of the columns of y.
    """

    def __init__(self, parts, errors, shape, places):
        self._parts, self._errors = parts, errors
        self._shape, self._places = shape, places

    def middle(self) -> NDArray:
        """Return the forecasts: (n_origins, n_series, n_steps, n_columns)."""
        return self._together([part.middle for part in self._parts])

    def quantile(self, level: float) -> NDArray:
        """Return one quantile, in the shape of the forecasts."""
        return self._together(
            [part.quantile(level, self._errors) for part in self._parts]
        )

    def _together(self, parts):
        values = np.concatenate(parts)[:, self._places]
        return values.reshape(*self._shape, len(self._places))


def forecast_origins(
    forecaster: Any,
    y: pd.DataFrame,
    X: pd.DataFrame | None,
    n_after: NDArray,
    horizon: int,
) -> OriginForecasts | None:
    """Forecast the next steps from many origins, with what `fit` has learned.

    The forecasts equal those of `update` with ``update_params=False`` and `predict`, for
    one origin after the other.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted forecaster.
    y, X : DataFrame
        Rows without gaps, at least up to the last step to forecast.
    n_after : ndarray of int
        Number of rows of each series that come after each origin, at least `horizon`.
    horizon : int
        Number of steps to forecast.

    Returns
    -------
    forecasts : OriginForecasts or None
        None if a series is so short that the forecaster repeats its first row.
    """
    y, X = forecaster._like_in_fit(y, X)
    even, model = even_series(y), forecaster.model_
    series = even.series
    if model is not None:
        shortest = int(series.lengths.min()) - int(n_after.max())
        if shortest < model.lookback + model.horizon:
            return None
        scaled = forecaster._scaled(even, forecaster._scale(series), X)
        n_values = len(series) * scaled.series.values.shape[1] * model.lookback
    else:
        scaled, n_values = None, len(series) * 512
    each = max(1, _MOST_VALUES // n_values)
    parts = [
        _from_origins(forecaster, series, scaled, n_after[start : start + each], horizon)
        for start in range(0, len(n_after), each)
    ]
    shape = len(n_after), len(series), horizon
    return OriginForecasts(parts, forecaster.errors_, shape, forecaster._places())


def _from_origins(forecaster, series, scaled, n_after, horizon):
    """Return the forecasts from some of the origins, one origin after the other."""
    n_origins, n_series = len(n_after), len(series)
    stops = (series.offsets[1:] - n_after[:, None]).ravel()
    number = np.tile(np.arange(n_series), n_origins)
    steps = np.tile(np.arange(1, horizon + 1), len(stops))
    network = Pretrained(forecaster.seasons_)
    if forecaster.model_ is None:
        values = network.after(series, stops, horizon, number)
        by_origin = np.split(values, n_origins)
        values = np.concatenate(
            [
                network.calibrated(one, _until(series, n), horizon)
                for one, n in zip(by_origin, n_after, strict=True)
            ]
        )
        spread, levels = np.zeros(values.shape[:-1]), LEVELS
    else:
        values, spread = forecaster.model_.ahead_of(scaled, stops, horizon)
        spread = spread[:, None].repeat(horizon, axis=1)
        scale = forecaster._scale(series).take((number, None))
        values = scale.undo(values)
        if forecaster.share_:
            medians = network.after(series, stops, horizon, number)
            values = mixed(values, medians[..., MEDIAN, None], forecaster.share_)
        errors = forecaster.errors_
        least = 0.0 if errors is None else errors.least_spread
        spread, levels = scale.spread * np.maximum(spread, least), QUANTILES
    flat = len(stops) * horizon
    return Forecast(
        pd.RangeIndex(flat),
        values.reshape(flat, *values.shape[2:]),
        spread.reshape(flat, -1),
        steps,
        levels,
    )


def _until(series, n_after):
    """Return the series without the rows after an origin."""
    lengths = series.lengths - n_after
    rows = ranges(series.offsets[:-1], lengths)
    return ManySeries(series.values[rows], np.append(0, lengths.cumsum()), series.names)
