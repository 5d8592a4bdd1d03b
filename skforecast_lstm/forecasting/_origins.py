"""Forecasts of a fitted forecaster from many origins, in one call of its networks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm.forecasting._even_series import even_series
from skforecast_lstm.forecasting._forecast import QUANTILES, Forecast
from skforecast_lstm.forecasting._pretrained import Pretrained, mixed
from skforecast_lstm.forecasting._windows import ScaledSeries
from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN

__all__ = ["OriginForecasts", "forecast_after", "forecast_origins"]

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
        None if a series is so short that the forecaster repeats its first row, or if
        the intervals adapt to one origin after the other.
    """
    if forecaster.intervals == "adaptive":
        return None
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
        _calibrated(forecaster, series, scaled, n_after[start : start + each], horizon)
        for start in range(0, len(n_after), each)
    ]
    shape = len(n_after), len(series), horizon
    return OriginForecasts(parts, forecaster.errors_, shape, forecaster._places())


def _calibrated(forecaster, series, scaled, n_after, horizon):
    """Return the forecasts from some of the origins, one origin after the other."""
    n_origins, n_series = len(n_after), len(series)
    n_before = (series.lengths - n_after[:, None]).ravel()
    number = np.tile(np.arange(n_series), n_origins)
    forecast = forecast_after(forecaster, series, scaled, number, n_before, horizon)
    if scaled is not None:
        return forecast
    network = Pretrained(forecaster.seasons_)
    values = forecast.values.reshape(len(number), horizon, *forecast.values.shape[1:])
    by_origin = [
        network.calibrated(one, _until(series, n), horizon)
        for one, n in zip(np.split(values, n_origins), n_after, strict=True)
    ]
    return replace(
        forecast, values=np.concatenate(by_origin).reshape(forecast.values.shape)
    )


def forecast_after(
    forecaster: Any,
    series: ManySeries,
    scaled: ScaledSeries | None,
    number: NDArray,
    n_before: NDArray,
    horizon: int,
) -> Forecast:
    """Forecast the next steps from origins of some series.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted forecaster.
    series : ManySeries
        Columns to forecast.
    scaled : ScaledSeries or None
        All columns, scaled. None if the pretrained network forecasts alone.
    number, n_before : ndarray of int of shape (n_origins,)
        Series of each origin, and number of its rows before the origin.
    horizon : int
        Number of steps to forecast.

    Returns
    -------
    forecast : Forecast
        One origin after the other.
    """
    network, n_origins = Pretrained(forecaster.seasons_), len(number)
    stops = series.offsets[number] + n_before
    levels: tuple[float, ...] = LEVELS if scaled is None else QUANTILES
    if scaled is None:
        values = network.after(series, stops, horizon, number)
        spread = np.zeros(values.shape[:-1])
    else:
        scaled_stops = scaled.series.offsets[number] + n_before
        values, spread = forecaster.model_.ahead_of(scaled, scaled_stops, horizon)
        spread = spread[:, None].repeat(horizon, axis=1)
        scale = forecaster._scale(series).take((number, None))
        values = scale.undo(values)
        if forecaster.share_:
            medians = network.after(series, stops, horizon, number)
            values = mixed(values, medians[..., MEDIAN, None], forecaster.share_)
        errors = forecaster.errors_
        least = 0.0 if errors is None else errors.least_spread
        spread = scale.spread * np.maximum(spread, least)
    flat = n_origins * horizon
    return Forecast(
        pd.RangeIndex(flat),
        values.reshape(flat, *values.shape[2:]),
        spread.reshape(flat, -1),
        np.tile(np.arange(1, horizon + 1), n_origins),
        levels,
    )


def _until(series, n_after):
    """Return the series without the rows after an origin."""
    lengths = series.lengths - n_after
    rows = ranges(series.offsets[:-1], lengths)
    return ManySeries(series.values[rows], np.append(0, lengths.cumsum()), series.names)
