"""Layer that tells a pretrained network all it can know of a window without learning."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.adjusted import fill_unknown, lagged
from skforecast_lstm.networks.candidates import (
    CANDIDATES,
    adjust,
    candidate_forecasts,
    earlier,
)

__all__ = ["DescribeWindows", "Views", "mean_change"]

# Lags at which the movement of a series is measured, as a share of which the network
# gives its corrections and the distances of its quantiles.
_LAGS = (1, 2, 4, 8, 16, 32)
# Shares of a series that are held out at its end, to try the candidates on them, and at
# most so many steps.
_TRIALS = ((0.1, 6), (0.2, 12), (0.35, 24))
# The candidates that the logarithmic view adds to those of the plain view.
_OF_LOGARITHM = CANDIDATES.index("plain_last")
_CENTRE = CANDIDATES.index("smoothed")


class Views(NamedTuple):
    """A batch of windows in units of their own, and their views.

    Parameters
    ----------
    plain : tensor of shape (n_series, n_steps)
        Normalized windows without unknown steps.
    logarithm : tensor of shape (n_series, n_steps)
        Logarithm of the distance from zero relative to that of the level, or `plain` if
        the window is on both sides of zero.
    is_one_sided : tensor of bool of shape (n_series, 1)
        Whether there is a logarithm.
    known : tensor of bool of shape (n_series, n_steps)
        Which steps were known.
    first : tensor of int of shape (n_series, 1)
        First step of each series.
    zero, level, spread : tensors of shape (n_series, 1)
        Zero in normalized units, and what to undo the normalization with.
    """

    plain: Any
    logarithm: Any
    is_one_sided: Any
    known: Any
    first: Any
    zero: Any
    level: Any
    spread: Any


def mean_change(values, known, lag):
    """Return the mean absolute change of windows over a lag of each, or zero."""
    both = known & lagged(known, lag) & (_forward_steps(values) >= lag)
    both = ops.cast(both, values.dtype)
    changes = ops.abs(values - lagged(values, lag)) * both
    n_changes = ops.sum(both, axis=1, keepdims=True)
    return ops.sum(changes, axis=1, keepdims=True) / ops.maximum(n_changes, 1.0)


def _forward_steps(values):
    return ops.convert_to_tensor(np.arange(values.shape[1])[None], "int32")


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class DescribeWindows(keras.layers.Layer):
    """Describe windows of series: steps to read, candidate forecasts, and measures.

    It has no weights. It takes windows and seasons, and returns:

    - the steps in units of the window, of shape (n_series, n_steps, 6);
    - the candidate forecasts, of shape (n_series, horizon, n_candidates), in the same
      units;
    - one of them as the centre, and the unit of distances from it, both of shape
      (n_series, horizon, 1);
    - measures of the window, of shape (n_series, n_measures): length, seasons, movement;
    - errors of the candidates at the last steps of the window, in three trials that do
      not know these steps, of shape (n_series, 3, n_candidates): the logarithm of the
      error relative to the mean over candidates;
    - level and spread of the window, of shape (n_series, 1), with which the
      normalization is undone.

    Parameters
    ----------
    horizon : int
        Number of steps ahead.

    Examples
    --------
    >>> from skforecast_lstm.networks import DescribeWindows
    >>> steps, candidates, *_ = DescribeWindows(6).compute_output_shape((1, 64), (1, 2))
    >>> steps, candidates
    ((1, 64, 6), (1, 6, 35))
    """

    def __init__(self, horizon: int, **kwargs):
        super().__init__(**kwargs)
        self.horizon = horizon

    def call(self, windows, seasons):
        """Return the description of windows, NaN where unknown, with two seasons each."""
        seasons = ops.maximum(ops.cast(seasons, "int32"), 1)
        views = _views(windows, seasons[:, :1])
        trials = _trial_lengths(views, self.horizon)
        adjusted, candidates, *tried = _all_candidates(
            views, seasons, self.horizon, trials
        )
        units = _movement(adjusted, views.first)
        unit = _by_lag(units, self.horizon)
        centre = candidates[..., _CENTRE : _CENTRE + 1]
        errors = [
            _trial_errors(forecasts, views, trial) / units[:, :1]
            for forecasts, trial in zip(tried, trials, strict=True)
        ]
        steps = _steps(views, adjusted, units, seasons)
        measures = _measures(views, adjusted, units, seasons, errors)
        errors = ops.stack([_relative(one) for one in errors], axis=1)
        unit = ops.expand_dims(unit, -1)
        undo = (views.level, views.spread)
        return steps, candidates, centre, unit, measures, errors, *undo

    def compute_output_shape(self, windows, seasons):
        """Return the shapes of all outputs."""
        n, n_steps = windows
        n_candidates = len(CANDIDATES) + _OF_LOGARITHM
        per_step = (n, self.horizon)
        return (
            (n, n_steps, 6),
            (*per_step, n_candidates),
            (*per_step, 1),
            (*per_step, 1),
            (n, len(_LAGS) + len(_TRIALS) + 8),
            (n, len(_TRIALS), n_candidates),
            (n, 1),
            (n, 1),
        )

    def compute_output_spec(self, windows, seasons):
        """Return the outputs without values."""
        shapes = self.compute_output_shape(windows.shape, seasons.shape)
        return tuple(keras.KerasTensor(shape, self.compute_dtype) for shape in shapes)

    def get_config(self):
        """Return the parameters of the layer."""
        return {**super().get_config(), "horizon": self.horizon}


def _views(windows, season):
    """Return normalized windows without unknown steps, and their logarithm."""
    known = ops.logical_not(ops.isnan(windows))
    values = ops.where(known, windows, 0.0)
    counted = ops.cast(known, values.dtype)
    n_counted = ops.maximum(ops.sum(counted, axis=1, keepdims=True), 1.0)
    # Far from zero, a sum loses digits. A sum of differences from a rough mean does not.
    centre = ops.sum(values, axis=1, keepdims=True) / n_counted
    values = (values - centre) * counted
    level = ops.sum(values, axis=1, keepdims=True) / n_counted
    values = (values - level) * counted
    level = level + centre
    spread = ops.sum(ops.abs(values), axis=1, keepdims=True) / n_counted
    least = 1e-6 * ops.abs(level)
    spread = ops.where(spread > least, spread, ops.where(least > 0, least, 1.0))
    normal = values / spread
    zero = -level / spread
    n_steps = windows.shape[1]
    first = ops.expand_dims(ops.argmax(ops.cast(known, "int32"), axis=1), 1)
    first = ops.cast(first, "int32")
    none_known = ops.logical_not(ops.any(known, axis=1, keepdims=True))
    first = ops.where(none_known, n_steps - 1, first)
    plain = fill_unknown(normal, known, season)

    exists = first <= _forward_steps(plain)
    # Minus zero is the level in units of the spread, with its sign.
    change = -plain / ops.where(zero == 0, 1.0, zero)
    lowest = ops.min(ops.where(exists, change, np.inf), axis=1, keepdims=True)
    is_one_sided = (lowest > 1e-3 - 1) & (zero != 0)
    logarithm = ops.log1p(ops.maximum(change, 1e-3 - 1))
    logarithm = ops.where(is_one_sided, logarithm, plain)
    logarithm = ops.where(exists, logarithm, 0.0)
    return Views(plain, logarithm, is_one_sided, known, first, zero, level, spread)


def _trial_lengths(views, horizon):
    """Return, for each trial, how many of the last steps are held out."""
    n_known = ops.cast(views.plain.shape[1] - views.first, "float32")
    return [
        ops.clip(ops.cast(share * n_known, "int32"), 1, min(longest, horizon))
        for share, longest in _TRIALS
    ]


def _all_candidates(views, seasons, horizon, trials):
    """Return adjusted windows, and candidates now and before the steps of each trial."""
    stacked = [(views.plain, views.first), (views.logarithm, views.first)]
    for trial in trials:
        stacked.append(earlier(views.plain, views.first, trial))
        stacked.append(earlier(views.logarithm, views.first, trial))
    values, first = (ops.concatenate(part) for part in zip(*stacked, strict=True))
    windows = adjust(values, first, ops.concatenate([seasons] * len(stacked)), horizon)
    adjusted = ops.split(windows.adjusted, len(stacked))[0]
    parts = ops.split(candidate_forecasts(windows), len(stacked))
    return adjusted, *(
        _join(plain, logarithm, views)
        for plain, logarithm in zip(parts[::2], parts[1::2], strict=True)
    )


def _join(plain, logarithm, views):
    """Return the candidates of both views in the units of the plain one."""
    logarithm, seen = logarithm[..., :_OF_LOGARITHM], views.logarithm
    exists = views.first <= _forward_steps(seen)
    highest = ops.max(ops.where(exists, seen, -np.inf), axis=1, keepdims=True)
    lowest = ops.min(ops.where(exists, seen, np.inf), axis=1, keepdims=True)
    room = ops.minimum(highest - lowest, 2.0) + 0.1
    bounded = ops.maximum(logarithm, (lowest - room)[..., None])
    bounded = ops.minimum(bounded, (highest + room)[..., None])
    undone = -views.zero[..., None] * ops.expm1(ops.clip(bounded, -50.0, 50.0))
    undone = ops.where(views.is_one_sided[..., None], undone, logarithm)
    return ops.concatenate([plain, undone], axis=-1)


def _movement(adjusted, first):
    """Return how much windows move over each lag, never less than over a shorter lag."""
    exists = first <= _forward_steps(adjusted)
    n_exists = ops.cast(adjusted.shape[1] - first, adjusted.dtype)
    found = []
    for lag in _LAGS:
        if lag < adjusted.shape[1]:
            changes = ops.abs(adjusted[:, lag:] - adjusted[:, :-lag])
            counted = ops.cast(exists[:, :-lag], adjusted.dtype)
            changes = ops.sum(changes * counted, axis=1, keepdims=True)
            # Of few steps so far apart, little is known.
            change = changes / ops.maximum(n_exists - lag, 1.0)
        else:
            change = ops.zeros_like(n_exists)
        if found:
            change = ops.where(n_exists >= lag + 3, change, 1.2 * found[-1])
            change = ops.maximum(change, found[-1])
        else:
            change = ops.maximum(change, 1e-3)
        found.append(change)
    return ops.concatenate(found, axis=1)


def _by_lag(units, horizon):
    """Return the movement over each number of steps, between those measured."""
    places = np.interp(
        np.log(np.arange(1, horizon + 1)), np.log(_LAGS), np.arange(len(_LAGS))
    )
    weights = np.maximum(1 - np.abs(np.arange(len(_LAGS))[:, None] - places), 0)
    return units @ ops.convert_to_tensor(weights, units.dtype)


def _trial_errors(tried, views, trial):
    """Return the mean absolute error of each candidate at the last steps."""
    n_steps = views.plain.shape[1]
    longest = min(max(most for _, most in _TRIALS), tried.shape[1])
    places = n_steps - trial + ops.convert_to_tensor(np.arange(longest)[None], "int32")
    is_last = places < n_steps
    places = ops.minimum(places, n_steps - 1)
    is_last = is_last & ops.take_along_axis(views.known, places, axis=1)
    true = ops.take_along_axis(views.plain, places, axis=1)[..., None]
    counted = ops.cast(is_last, tried.dtype)[..., None]
    errors = ops.abs(tried[:, :longest] - true) * counted
    return ops.sum(errors, axis=1) / ops.maximum(ops.sum(counted, axis=1), 1.0)


def _relative(errors):
    """Return the logarithm of errors relative to their mean."""
    mean = ops.mean(errors, axis=1, keepdims=True)
    return ops.clip(ops.log((errors + 1e-2) / (mean + 1e-2)), -3.0, 3.0)


def _steps(views, adjusted, units, seasons):
    """Return what the network reads at each step."""
    exists = ops.cast(views.first <= _forward_steps(adjusted), adjusted.dtype)
    unit = units[:, :1]
    changes = [ops.pad(adjusted[:, 1:] - adjusted[:, :-1], ((0, 0), (1, 0)))]
    starts = [views.first + 1]
    for place in (0, 1):
        season = seasons[:, place : place + 1]
        changes.append(views.plain - lagged(views.plain, season))
        starts.append(views.first + season)
    forward = _forward_steps(adjusted)
    changes = [
        _squash(change / unit) * ops.cast(start <= forward, unit.dtype)
        for change, start in zip(changes, starts, strict=True)
    ]
    from_end = _squash((adjusted - adjusted[:, -1:]) / units[:, 3:4])
    columns = [
        _squash(views.plain) * exists,
        from_end * exists,
        *changes,
        ops.cast(views.known, unit.dtype),
    ]
    return ops.stack(columns, axis=-1)


def _measures(views, adjusted, units, seasons, errors):
    """Return what is known of each window as a whole."""
    dtype = adjusted.dtype
    n_known = ops.cast(adjusted.shape[1] - views.first, dtype)
    lengths = ops.cast(seasons, dtype)
    exists = ops.cast(views.first <= _forward_steps(adjusted), dtype)
    kept = ops.sum(ops.abs(adjusted) * exists, axis=1, keepdims=True) / n_known
    means = [ops.mean(one, axis=1, keepdims=True) for one in errors]
    share = ops.sum(ops.cast(views.known, dtype), axis=1, keepdims=True) / n_known
    columns = [
        ops.log(n_known) - 4,
        ops.log(lengths) - 1,
        ops.log(ops.clip(n_known / lengths[:, :1], 0.1, 100.0)),
        ops.cast(views.is_one_sided, dtype),
        ops.log1p(ops.minimum(ops.abs(views.zero), 1e4)) - 1,
        kept,
        share,
        ops.log(units[:, :1] + 1e-3) + 1,
        ops.log(units[:, 1:] / units[:, :1]) - 0.5,
        *(ops.clip(ops.log(mean + 1e-2), -5.0, 5.0) for mean in means),
    ]
    return ops.concatenate(columns, axis=1)


def _squash(values):
    """Return values of which large ones are made small, so that none dominates."""
    return ops.arcsinh(values)
