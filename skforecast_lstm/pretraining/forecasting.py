"""Forecasts by the pretrained network, without any training."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN, pretrained_network
from skforecast_lstm.training.compile_options import (
    QUICK_TO_COMPILE,
    unless_set_by_user,
)
from skforecast_lstm.training.disk_cache import keep_programs
from skforecast_lstm.training.lstm import look_for_quick_way
from skforecast_lstm.training.programs import Place, Program

__all__ = [
    "FARTHEST",
    "MOST_STEPS",
    "forecast_quantiles",
    "shape_for",
    "width_factors",
]

# Shapes of the compiled programs: few, because each takes seconds to compile.
_WINDOWS = (64, 192, 512)
_HORIZONS = (24, 64)
# Steps that the network forecasts at once.
MOST_STEPS = _HORIZONS[-1]
_BATCH_SIZES = (1, 16, 256)
# Factor of the distances of quantiles from the median, by the steps of a window. Short
# real series, mostly of months to years, change more than synthetic ones: without this,
# the 80 % intervals cover 66 to 75 % on the M1 series at earlier origins.
_WIDTHS = {64: 1.2, 192: 1.2, 512: 1.0}
# Longest distance of a window from zero, in units of its spread. Few series of the
# training were farther away, and at 100 units the forecasts are wrong.
FARTHEST = 30

_places: dict[tuple[int, int, int], Place] = {}


def forecast_quantiles(
    weights: Sequence[NDArray],
    series: Sequence[NDArray],
    horizon: int,
    season_lengths: tuple[int, int] = (1, 1),
) -> NDArray:
    """Return quantiles of the next steps of many series.

    A horizon of over 64 steps is forecast in blocks: the medians of a block are taken as
    known for the next one.

    Parameters
    ----------
    weights : sequence of arrays
        Weights of `pretrained_network`.
    series : sequence of ndarray
        Values of each series, NaN where unknown. Their last 512 are read.
    horizon : int
        Number of steps ahead.
    season_lengths : tuple of two int, default=(1, 1)
        Number of steps in the seasons of the series, 1 for none.

    Returns
    -------
    quantiles : ndarray of shape (n_series, horizon, n_levels)
        A quantile for each level in `LEVELS`.
    """
    block = min(horizon, MOST_STEPS)
    result = np.empty((len(series), horizon, len(LEVELS)))
    by_length: dict[int, list[int]] = {}
    for number, values in enumerate(series):
        n_steps = _fitting(_WINDOWS, len(values))
        by_length.setdefault(n_steps, []).append(number)
    for n_steps, numbers in by_length.items():
        for start in range(0, len(numbers), _BATCH_SIZES[-1]):
            chosen = numbers[start : start + _BATCH_SIZES[-1]]
            windows = _windows([series[number] for number in chosen], n_steps)
            result[chosen, :block] = _block(weights, windows, block, season_lengths)
    if horizon > block:
        median = result[:, :block, MEDIAN]
        longer = [
            np.concatenate([values, more])
            for values, more in zip(series, median, strict=True)
        ]
        rest = forecast_quantiles(weights, longer, horizon - block, season_lengths)
        result[:, block:] = rest
    return result


def shape_for(n_steps: int, horizon: int) -> tuple[int, int]:
    """Return the steps that a network reads of a series, and the steps that it forecasts.

    The network forecasts the same for more steps before a series, but not for a shorter
    horizon: its candidates are tried over as many steps.
    """
    if horizon > MOST_STEPS:
        raise ValueError(
            f"{horizon} steps ahead are asked for, but the pretrained network forecasts "
            f"at most {MOST_STEPS} at once. Give fewer target columns."
        )
    return _fitting(_WINDOWS, n_steps), _fitting(_HORIZONS, horizon)


def width_factors(lengths: NDArray) -> NDArray:
    """Return the factors of the distances of quantiles from the median, by length."""
    return np.array([_WIDTHS[_fitting(_WINDOWS, length)] for length in lengths])


def _fitting(sizes, needed):
    """Return the smallest of the sizes that is large enough, or the largest."""
    return next((size for size in sizes if size >= needed), sizes[-1])


def _windows(series, n_steps):
    windows = np.full((len(series), n_steps), np.nan)
    for row, values in zip(windows, series, strict=True):
        last = np.asarray(values, float)[-n_steps:]
        row[n_steps - len(last) :] = last
    return windows


def _block(weights, windows, horizon, season_lengths):
    n_series, n_steps = windows.shape
    size = _fitting(_BATCH_SIZES, n_series)
    padded = np.full((size, n_steps), np.nan, np.float32)
    shift, scale = _shift_and_scale(windows)
    padded[:n_series] = (windows - shift) / scale
    seasons = np.tile(np.asarray(season_lengths, np.int32), (size, 1))
    shape = n_steps, _fitting(_HORIZONS, horizon), size
    place = _places.setdefault(shape, Place())
    program = place.program(partial(_compile, *shape))
    quantiles = program(list(weights), padded, seasons)[:n_series, :horizon]
    median = quantiles[..., MEDIAN, None]
    quantiles = median + _WIDTHS[n_steps] * (quantiles - median)
    return quantiles * scale[..., None] + shift[..., None]


def _shift_and_scale(windows):
    """Return what to subtract from windows, and then to divide them by.

    Single precision has room for the results. A window keeps its distance from zero,
    which says how far it can fall, unless that is too long.
    """
    known = np.isfinite(windows)
    n_known = np.maximum(known.sum(axis=1, keepdims=True), 1)
    # No sum of values, which may be as large as numbers go.
    largest = np.where(known, np.abs(windows), 0).max(axis=1, keepdims=True)
    largest = np.where(largest > 0, largest, 1)
    relative = np.where(known, windows / largest, 0)
    level = relative.sum(axis=1, keepdims=True) / n_known
    distance = np.where(known, np.abs(relative - level), 0)
    spread = distance.sum(axis=1, keepdims=True) / n_known
    far = np.abs(level) - FARTHEST * spread
    shift = np.where((far > 0) & (spread > 1e-15), np.sign(level) * far, 0) * largest
    scale = np.where(known, np.abs(windows - shift), 0).max(axis=1, keepdims=True)
    return shift, np.where(scale > 0, scale, 1)


def _compile(n_steps: int, horizon: int, n_series: int) -> Any:
    """Return a function from weights, windows and seasons to quantiles."""
    backend = keras.config.backend()
    if backend == "jax":
        keep_programs()
    network = pretrained_network(n_steps, horizon)
    if backend != "jax":

        def called(weights, windows, seasons):
            network.set_weights(weights)
            return keras.ops.convert_to_numpy(network([windows, seasons]))

        return called

    look_for_quick_way(network)
    others = [np.asarray(variable) for variable in network.non_trainable_variables]

    def pretrained(weights, windows, seasons):
        return network.stateless_call(weights, others, [windows, seasons])[0]

    options = dict(QUICK_TO_COMPILE)
    if n_series == _BATCH_SIZES[-1]:
        # So many series take long enough to be worth some optimization.
        options["xla_backend_optimization_level"] = 1
    weights = [np.asarray(variable) for variable in network.trainable_variables]
    windows = np.zeros((n_series, n_steps), np.float32)
    seasons = np.ones((n_series, 2), np.int32)
    program = Program(
        pretrained, (weights, windows, seasons), unless_set_by_user(options)
    )
    return lambda *arguments: np.asarray(program(*arguments))
