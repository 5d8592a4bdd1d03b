"""Windows of series of any season and length: filled, and freed of their seasons.

Each series of a batch has seasons of its own. Therefore a season is an array here, and
steps are found with gathers. Windows have the shape (n_series, n_steps) and end at the
last step; a series that is shorter than the window starts at its step `first`.

With constants, symbolic tensors come first, or the operation is written as a function:
arrays of JAX refuse them as the second operand. So the layers can be exported to ONNX.
"""

import keras
import numpy as np
from keras import ops

__all__ = ["SumByPhase", "backward_steps", "fill_unknown", "lagged", "seasonal_patterns"]

# Weight of a cycle in the seasonal pattern, relative to the cycle after it.
FADING = 0.9


def backward_steps(values):
    """Return the distance of each step from the last step, of shape (1, n_steps)."""
    return ops.convert_to_tensor(np.arange(values.shape[1])[::-1].copy()[None], "int32")


def lagged(values, lag):
    """Return the value `lag` steps before each step; before the window, its first value.

    Parameters
    ----------
    values : tensor of shape (n_series, n_steps)
        Windows.
    lag : tensor of int of shape (n_series, 1)
        Number of steps. It may be negative; after the window, the last value is returned.
    """
    places = ops.convert_to_tensor(np.arange(values.shape[1])[None], "int32")
    places = ops.subtract(places, lag)
    return ops.take_along_axis(values, ops.clip(places, 0, values.shape[1] - 1), axis=1)


def fill_unknown(values, known, season):
    """Return windows in which unknown steps have the value one season before.

    If this value is not known either, the last known value is used. Steps before the
    first known step are zero.
    """
    places = ops.convert_to_tensor(np.arange(values.shape[1])[None], "int32")
    places = ops.where(known, places, -1)
    last = ops.associative_scan(ops.maximum, places, axis=1)
    carried = ops.take_along_axis(values, ops.maximum(last, 0), axis=1)
    carried = ops.where(last >= 0, carried, 0.0)
    season_before = ops.where(lagged(known, season), lagged(values, season), carried)
    return ops.where(known, values, ops.where(last >= 0, season_before, 0.0))


def seasonal_patterns(values, first, season, horizon):
    """Return the seasonal pattern of windows at their own steps and at steps ahead.

    The pattern is the mean distance from the moving average over one season, by phase.
    It is shrunk by how much of it noise explains, and is zero if the window has fewer
    than two seasons.

    Parameters
    ----------
    values : tensor of shape (n_series, n_steps)
        Windows without unknown steps.
    first : tensor of int of shape (n_series, 1)
        First step of each series.
    season : tensor of int of shape (n_series, 1)
        Number of steps in a season.
    horizon : int
        Number of steps ahead.

    Returns
    -------
    within, ahead : tensors of shape (n_series, n_steps) and (n_series, horizon)
        Seasonal patterns.
    """
    n_steps = values.shape[1]
    average, inside = _moving_average(values, first, season)
    backward = backward_steps(values)
    phase, cycle = ops.mod(backward, season), ops.floor_divide(backward, season)
    inside = ops.cast(inside & (season > 1), values.dtype)
    weight = inside * FADING ** ops.cast(cycle, values.dtype)
    distance = values - average
    usual = _mean(ops.abs(distance), inside)
    distance = ops.minimum(ops.maximum(distance, -6 * usual), 6 * usual)

    pattern = SumByPhase()(distance * weight, phase)
    pattern = pattern / ops.maximum(SumByPhase()(weight, phase), 1e-6)
    phases = ops.convert_to_tensor(np.arange(n_steps)[None], "int32")
    is_phase = ops.cast(season > phases, values.dtype)
    pattern = (pattern - _mean(pattern, is_phase)) * is_phase
    within = ops.take_along_axis(pattern, phase, axis=1)

    n_inside = ops.sum(inside, axis=1, keepdims=True)
    length = ops.cast(season, values.dtype)
    freedom = ops.maximum(n_inside - length, 0.5)
    noise = ops.sum((distance - within) ** 2 * inside, 1, keepdims=True) / freedom
    strength = _mean(pattern**2, is_phase)
    by_chance = noise * length / ops.maximum(n_inside, 1.0)
    kept = ops.maximum(1 - by_chance / ops.maximum(strength, 1e-12), 0.0)
    has_cycles = n_steps - first >= 2 * season
    kept = ops.where(has_cycles, kept, 0.0)
    steps = ops.convert_to_tensor(np.arange(1, horizon + 1)[None], "int32")
    phase_ahead = (season - ops.mod(steps, season)) % season
    phase_ahead = ops.minimum(phase_ahead, n_steps - 1)
    return kept * within, kept * ops.take_along_axis(pattern, phase_ahead, axis=1)


def _moving_average(values, first, season):
    """Return centred means over one season, and where the window has all their steps."""
    n_steps = values.shape[1]
    places = ops.convert_to_tensor(np.arange(n_steps)[None], "int32")
    values = ops.where(first <= places, values, 0.0)
    total = ops.pad(ops.cumsum(values, axis=1), ((0, 0), (1, 0)))
    half = season // 2
    start, end = ops.subtract(places, half), half + places
    inside = (start >= first) & (end < n_steps)
    start, end = ops.maximum(start, 0), ops.minimum(end, n_steps - 1)
    summed = ops.take_along_axis(total, end + 1, axis=1)
    summed = summed - ops.take_along_axis(total, start, axis=1)
    # An even season has half of the first and half of the last step.
    ends = ops.take_along_axis(values, start, 1) + ops.take_along_axis(values, end, 1)
    summed = summed - ops.where(ops.equal(season % 2, 0), ends / 2, 0.0)
    return summed / ops.cast(season, values.dtype), inside


class SumByPhase(keras.Operation):
    """Sum of the values of each phase of each series.

    It is an operation of its own, so that a graph of symbolic tensors has it as one. The
    operations in it need the number of series.
    """

    def call(self, values, phase):
        """Return sums of shape (n_series, n_steps), zero for phases without values."""
        n_series, n_steps = ops.shape(values)
        rows = ops.expand_dims(ops.arange(n_series, dtype="int32"), 1) * n_steps
        sums = ops.segment_sum(
            ops.reshape(values, (-1,)),
            ops.reshape(rows + phase, (-1,)),
            n_series * n_steps,
        )
        return ops.reshape(sums, (n_series, n_steps))

    def compute_output_spec(self, values, phase):
        """Return the sums without values."""
        return keras.KerasTensor(values.shape, values.dtype)


def _mean(values, weight):
    total = ops.sum(values * weight, axis=1, keepdims=True)
    return total / ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1e-6)
