"""Measures of inputs and targets, and warnings and errors of unsuitable scales."""

import warnings
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm import training
from skforecast_lstm._rounding import rounding_limit
from skforecast_lstm.exceptions import LostDigitsWarning, UnscaledWarning

__all__ = [
    "Measures",
    "check_units",
    "measure_columns",
    "warn_of_lost_digits",
    "warn_of_small_or_large_inputs",
    "warn_of_small_targets",
    "window_measures",
]


class Measures(NamedTuple):
    """Level, spread and largest size of each column of X or y, and their dtype."""

    dtype: np.dtype
    level: NDArray
    spread: NDArray
    largest: NDArray


def warn_of_lost_digits(name: str, measures: Measures) -> None:
    """Warn if a column varies by less than the precision of the device at its level."""
    dtype, level, spread, _ = measures
    if dtype.kind != "f":
        return
    lost = (spread > 0) & (spread < 16 * np.finfo(keras.config.floatx()).eps * level)
    if lost.any():
        column = int(lost.argmax())
        warnings.warn(
            f"Column {column} of {name} has a mean of {level[column]:.6g} and varies by "
            f"only {spread[column]:.2g}, which is lost in {keras.config.floatx()}, the "
            "precision of the device. Subtract the mean first in float64, for example "
            "with StandardScaler.",
            LostDigitsWarning,
            stacklevel=5,
        )


def warn_of_small_or_large_inputs(measures: Measures) -> None:
    """Warn if a column is so small or large that a network learns little from it."""
    spread, largest = measures.spread, measures.largest
    unfit = (spread > 0) & ((largest < 0.02) | (largest > 1000))
    if unfit.any():
        column = int(unfit.argmax())
        warnings.warn(
            f"Column {column} of X has values up to {largest[column]:.2g}, and a network "
            "learns little from values of this size. Put a StandardScaler before it, or "
            "set normalization='standard'.",
            UnscaledWarning,
            stacklevel=5,
        )


def warn_of_small_targets(targets: NDArray, model: keras.Model) -> None:
    """Warn if the loss is so small that the optimizer hardly moves."""
    spread = float(measure_columns(targets).spread.max())
    if not 0 < spread < 0.01:
        return
    try:
        shape = (1, *targets.shape[1:])
        measure = keras.losses.get(model.loss)
        loss = measure(np.zeros(shape), np.full(shape, spread, dtype=np.float32))
        loss = float(np.mean(loss))
    except Exception:  # noqa: BLE001
        # A user's loss may need other shapes. Then there is no warning.
        return
    if loss < 1e-5:
        warnings.warn(
            f"y varies by only {spread:.2g}, so the loss is only {loss:.2g} and the "
            "optimizer hardly moves. Scale y, for example with "
            "sklearn.compose.TransformedTargetRegressor and StandardScaler, or set "
            "loss='mae'.",
            UnscaledWarning,
            stacklevel=6,
        )


def measure_columns(values: NDArray) -> Measures:
    """Return the level, spread and largest size of each column, from a sample.

    The spread is 0 if a column varies only by rounding.
    """
    values = values[:: max(1, len(values) // 100_000)]
    values = values.reshape(len(values), -1)
    dtype, values = values.dtype, values.astype(np.float64)
    values[:, np.isnan(values).all(axis=0)] = 0.0
    level, spread = np.abs(np.nanmean(values, axis=0)), np.nanstd(values, axis=0)
    spread = np.where(spread > rounding_limit(level, dtype, len(values)), spread, 0.0)
    return Measures(dtype, level, spread, np.nanmax(np.abs(values), axis=0))


def window_measures(layer, windows, rows):
    """Return the least spread, mean level and mean spread, from a sample of windows."""
    sample = windows[np.asarray(rows[:: max(1, len(rows) // 4096)])]
    sample = sample.reshape(*sample.shape[:2], -1)
    chosen = slice(None) if layer.columns is None else list(layer.columns)
    least = _least_spread(sample[:, :, chosen])
    # A model is one compiled program, instead of one for each operation.
    inputs = keras.Input(sample.shape[1:])
    alone = type(layer).from_config(layer.get_config())
    _, *measures = alone(inputs)
    alone.set_weights([least, np.zeros_like(least), np.ones_like(least)])
    measures = training.predict(keras.Model(inputs, measures), sample)
    return [least, *(part.mean(0, dtype=np.float64) for part in measures)]


def check_units(windows, rows, targets, columns, n_quantiles=1):
    """Raise if targets are not in the units of their columns of X.

    Compare the targets of the first step ahead with the last values of the windows. If
    most of these targets are the last value of another window, the units agree.
    Otherwise the means and spreads must be similar.
    """
    windows = windows.reshape(*windows.shape[:2], -1)
    sampling = slice(None, None, max(1, len(rows) // 4096))
    sampled_rows = np.asarray(rows)[sampling]
    for place, column in enumerate(columns):
        # Copy one column only, because the targets may be a large view.
        first = targets[sampling, place * n_quantiles].astype(np.float64)
        last = windows[sampled_rows, -1, column].astype(np.float64)
        both = ~np.isnan(first) & ~np.isnan(last)
        if np.count_nonzero(both) < 20:
            continue
        first, last = first[both], last[both]
        means, spreads = (
            np.array([part(last), part(first)]) for part in (np.mean, np.std)
        )
        least = max(1e-6 * np.abs(means).max(), np.finfo(np.float32).tiny)
        spreads = np.maximum(spreads, least)
        differ = spreads.max() > 3 * spreads.min() or np.ptp(means) > 3 * spreads.max()
        if differ and not _mostly_occur_in(first, windows[:, -1, column]):
            raise ValueError(
                f"The target and column {column} of X have different units: the column "
                f"has mean {means[0]:.4g} and standard deviation {spreads[0]:.4g}, the "
                f"target {means[1]:.4g} and {spreads[1]:.4g}. Forecasts are scaled back "
                "by their windows, so both need the same units. Remove any scaler before "
                "the windows, or set target_columns=() if the target is not a column of "
                "X."
            )


def _least_spread(sample):
    """Return a hundredth of the mean step in each column, or 0.01 if there is none."""
    precision, sample = sample.dtype, sample.astype(np.float64)
    steps = np.diff(sample, axis=1) if sample.shape[1] > 1 else sample - sample.mean(0)
    step, level = (np.abs(part).mean((0, 1)) for part in (steps, sample))
    return np.where(step > rounding_limit(level, precision, len(sample)), step, 1.0) / 100


def _mostly_occur_in(targets, values):
    """Return whether most of the distinct targets are among the given values."""
    dtype = np.dtype(keras.config.floatx())
    found = np.isin(np.unique(targets.astype(dtype)), values.astype(dtype))
    return np.count_nonzero(found) > len(found) / 2
