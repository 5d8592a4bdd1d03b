"""Loss of a forecast: of all quantiles, in units of how much the series moves."""

import numpy as np
from keras import ops

from skforecast_lstm.networks.described import mean_change
from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN

__all__ = ["quantile_loss"]

# The median is what most forecasts are judged by.
_WEIGHTS = np.where(np.array(LEVELS) == 0.5, 3.0, 1.0)


def quantile_loss(windows, seasons, targets, quantiles):
    """Return the mean pinball loss over series, relative to how much each one moves.

    The unit of a series is its mean absolute change over a season in the window, as in
    the MASE, but at least a part of its spread. For series that go far in a third of the
    horizon it is larger, so that these do not outweigh all others.

    Parameters
    ----------
    windows : tensor of shape (n_series, n_steps)
        Windows, NaN where unknown.
    seasons : tensor of int of shape (n_series, 2)
        Numbers of steps in the seasons.
    targets : tensor of shape (n_series, horizon)
        True values, NaN where unknown.
    quantiles : tensor of shape (n_series, horizon, n_levels)
        Forecasts.

    Returns
    -------
    loss : tensor
        A single number.
    """
    unit = _unit(windows, seasons, max(targets.shape[1] // 3, 1))
    is_known = ops.logical_not(ops.isnan(targets))
    counted = ops.cast(is_known, quantiles.dtype)
    true = ops.where(is_known, targets, quantiles[..., MEDIAN])
    errors = (ops.expand_dims(true, -1) - quantiles) / unit[..., None]
    levels = ops.convert_to_tensor(LEVELS, quantiles.dtype)
    weights = ops.convert_to_tensor(2 * _WEIGHTS / _WEIGHTS.sum(), quantiles.dtype)
    losses = ops.maximum(levels * errors, (levels - 1) * errors) @ weights
    per_series = ops.sum(losses * counted, 1) / ops.maximum(ops.sum(counted, 1), 1.0)
    return ops.mean(per_series)


def _unit(windows, seasons, ahead):
    known = ops.logical_not(ops.isnan(windows))
    values, counted = ops.where(known, windows, 0.0), ops.cast(known, windows.dtype)
    n_known = ops.maximum(ops.sum(counted, axis=1, keepdims=True), 1.0)
    mean = ops.sum(values, axis=1, keepdims=True) / n_known
    distance = ops.abs(values - mean) * counted
    spread = ops.sum(distance, axis=1, keepdims=True) / n_known
    season = ops.cast(seasons[:, :1], "int32")
    change = mean_change(values, known, season)
    change = ops.where(change > 0, change, mean_change(values, known, 1 + 0 * season))
    change = ops.maximum(change, 0.05 * spread) + 1e-12 * (1 + ops.abs(mean))
    farther = mean_change(values, known, ahead + 0 * season)
    return ops.sqrt(change * ops.maximum(change, farther))
