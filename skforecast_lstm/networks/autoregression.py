"""Forecasts of windows by autoregressions that are fitted to each window."""

import keras
import numpy as np
from keras import ops

__all__ = ["autoregressions"]

# Number of past changes in an autoregression.
_ORDER = 12
# Standard deviation of the coefficient of the last change, as expected beforehand, in a
# cautious and in a loose autoregression. That of a change k steps ago is 1/k of it.
_DEVIATIONS = (0.25, 1.0)
# Number of steps that count as much as the expectation that a series has no drift, and
# no mean to return to.
_STEPS_AGAINST_DRIFT = 4.0
_STEPS_AGAINST_RETURN = 4.0


def autoregressions(values, first, horizon):
    """Return a cautious and a loose forecast of each window.

    Ridge regression explains the change at each step by a constant, the distance of the
    step before from the mean, and the changes before. So a series can drift, return to
    its mean, or swing in cycles of any length.

    Parameters
    ----------
    values : tensor of shape (n_series, n_steps)
        Windows without unknown steps and without seasons.
    first : tensor of int of shape (n_series, 1)
        First step of each series.
    horizon : int
        Number of steps ahead.

    Returns
    -------
    forecasts : list of two tensors of shape (n_series, horizon)
        They stay within three times the range of the window.
    """
    dtype = values.dtype
    places = ops.convert_to_tensor(np.arange(values.shape[1])[None], "int32")
    exists = ops.cast(first <= places, dtype)
    has_change = ops.cast(first < places, dtype)
    mean = ops.sum(values * exists, 1, keepdims=True) / ops.sum(exists, 1, keepdims=True)
    distance = (values - mean) * exists
    changes = (distance - _before(distance, 1)) * has_change
    change, spread = _size(changes, has_change), _size(distance, exists)
    changes, distance = changes / change, distance / spread

    past = [_before(changes, lag) for lag in range(1, _ORDER + 1)]
    columns = [has_change, _before(distance, 1) * has_change, *past]
    regressors = ops.stack(columns, axis=-1)
    crossed = ops.einsum("nti,ntj->nij", regressors, regressors)
    explained = ops.einsum("nti,nt->ni", regressors, changes)
    lowest = ops.min(distance, axis=1, keepdims=True)
    highest = ops.max(distance, axis=1, keepdims=True)
    room = highest - lowest
    start = distance[:, -1:], ops.flip(changes[:, -_ORDER:], axis=1)
    lags = np.arange(1, _ORDER + 1)
    forecasts = []
    for deviation in _DEVIATIONS:
        against = [_STEPS_AGAINST_DRIFT, _STEPS_AGAINST_RETURN, *(lags / deviation) ** 2]
        against = ops.convert_to_tensor(np.diag(against)[None], dtype)
        coefficients = _solve(crossed + against, explained)

        def ahead(state, _, coefficients=coefficients):
            level, changes = state
            known = ops.concatenate([ops.ones_like(level), level, changes], axis=1)
            new = ops.sum(coefficients * known, axis=1, keepdims=True)
            level = level + new * change / spread
            level = ops.minimum(ops.maximum(level, lowest - room), highest + room)
            state = level, ops.concatenate([new, changes[:, :-1]], axis=1)
            # On TensorFlow, Keras needs results of the shapes of the state.
            return state, state

        levels = _levels(ahead, start, horizon)
        forecasts.append(ops.transpose(levels[:, :, 0]) * spread + mean)
    return forecasts


def _levels(ahead, state, horizon):
    """Return the level after each step, of shape (horizon, n_series, 1)."""
    if not isinstance(state[0], keras.KerasTensor):
        return ops.scan(ahead, state, length=horizon)[1][0]
    # A scan would hide the symbolic tensors that the step uses.
    levels = []
    for _ in range(horizon):
        state, (level, _) = ahead(state, None)
        levels.append(level)
    return ops.stack(levels)


def _solve(matrices, vectors):
    """Solve positive definite systems by elimination, a column at a time.

    LAPACK, called from a compiled program, can wait forever for a thread that the
    program itself occupies.
    """
    system = ops.concatenate([matrices, vectors[..., None]], axis=-1)
    size = matrices.shape[-1]
    for column in range(size):
        pivot = system[:, column] / system[:, column, column, None]
        others = np.arange(size)[:, None] != column
        rest = system - system[:, :, column, None] * pivot[:, None]
        system = ops.where(others, rest, pivot[:, None])
    return system[..., -1]


def _before(values, lag):
    """Return the values some steps before, and zero before the window."""
    return ops.pad(values[:, :-lag], ((0, 0), (lag, 0)))


def _size(values, counted):
    """Return the root mean square of what is counted, never zero."""
    n_counted = ops.maximum(ops.sum(counted, axis=1, keepdims=True), 1.0)
    mean_square = ops.sum(values**2 * counted, axis=1, keepdims=True) / n_counted
    return ops.sqrt(mean_square) + 1e-6
