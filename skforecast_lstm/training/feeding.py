"""Recursive forecasts: a network reads its own forecasts, for many origins at once."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._forks import check_not_forked
from skforecast_lstm.training.loop import can_predict, predict
from skforecast_lstm.training.origins import Origins, windows_at
from skforecast_lstm.training.samples import (
    ROOM_TO_PREDICT,
    filled_up,
    for_device,
    room_for,
)

__all__ = ["feed_back", "feed_back_by_steps"]

# Smallest capacity in steps, and largest number of forecast steps per call.
ROOM_TO_FEED = 4**3
FORECASTS_OF_A_CALL = 4**8
# Up to this number of origins, a full batch would waste time.
FEW_ORIGINS = 16
VALUES_OF_WINDOWS = 2**20


def feed_back(
    model: keras.Model,
    series: NDArray,
    origins: Origins,
    n_steps: int,
    *,
    window_shape: tuple[int, ...] | None = None,
    centre: NDArray | float = 0.0,
    spread: NDArray | float = 1.0,
) -> NDArray:
    """Forecast many steps ahead with a Keras model that predicts the next row.

    On JAX, the whole recursion runs on the device, for many origins at once, and the
    device gathers the windows. On other backends, each step is one call of `predict`.

    Parameters
    ----------
    model : keras.Model
        A built model with one output per column of the series.
    series : ndarray of shape (n_rows, n_columns)
        Rows of the series, in the units of the model's inputs.
    origins : Origins
        Rows at which the forecasts begin.
    n_steps : int
        Number of steps ahead.
    window_shape : tuple of int, default=None
        Shape of a window in the model's input. If None, (n_lags, n_columns).
    centre, spread : ndarray of shape (n_columns,) or float, default=0 and 1
        Centre and spread of the outputs: ``(output - centre) / spread`` is in the units
        of the series.

    Returns
    -------
    forecasts : ndarray of shape (n_origins, n_steps, n_columns)
        Outputs of the model.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skforecast_lstm.training import Origins, feed_back
    >>> model = keras.Sequential([keras.Input((2, 1)), keras.layers.Flatten()])
    >>> model.add(keras.layers.Dense(1, kernel_initializer="ones"))
    >>> lags = np.array([2, 1])
    >>> origins = Origins(np.array([2, 3]), np.array([0, 0]), lags, required=lags)
    >>> feed_back(model, np.array([[0.0], [1.0], [1.0]]), origins, 4)[..., 0]
    array([[1., 2., 3., 5.],
           [2., 3., 5., 8.]], dtype=float32)
    """
    check_not_forked()
    n_columns = series.shape[1]
    window_shape = window_shape or (len(origins.lags), n_columns)
    centre, spread = (
        np.broadcast_to(centre, n_columns),
        np.broadcast_to(spread, n_columns),
    )
    if can_predict(model):
        # Split the centre in two, because a large one has more digits than the device.
        high = centre.astype(keras.config.floatx())
        scale = np.stack([high, centre - high, spread])
        forecasts = _on_device(model, series, origins, n_steps, window_shape, scale)
        if forecasts is not None:
            return forecasts

    def answer(windows):
        outputs = predict(model, windows.reshape(len(windows), *window_shape))
        outputs = outputs.reshape(len(windows), n_columns)
        return outputs, (outputs - centre) / spread

    return feed_back_by_steps(answer, series, origins, n_steps)


def feed_back_by_steps(
    answer: Callable[[NDArray], tuple[NDArray, NDArray]],
    series: NDArray,
    origins: Origins,
    n_steps: int,
) -> NDArray:
    """Forecast many steps ahead with any function of windows, one call per step.

    Parameters
    ----------
    answer : callable
        Function of windows. It returns the forecasts, and the same forecasts as rows of
        the series.
    series : ndarray of shape (n_rows, n_columns)
        Rows of the series, in the units of the windows.
    origins : Origins
        Rows at which the forecasts begin.
    n_steps : int
        Number of steps ahead.

    Returns
    -------
    forecasts : ndarray of shape (n_origins, n_steps) or \
            (n_origins, n_steps, n_outputs)
        Forecasts as `answer` returns them.
    """
    n_columns = series.shape[1]
    n_at_once = max(1, VALUES_OF_WINDOWS // (len(origins.lags) * n_columns))
    parts = []
    for places in _slices(len(origins.starts), n_at_once):
        some = origins.take(places)
        fed = np.empty((len(some.starts), n_steps, n_columns), series.dtype)
        steps = []
        for step in range(n_steps):
            forecast, rows = answer(windows_at(step, series, fed, some))
            fed[:, step] = np.where(np.isfinite(rows), rows, np.nan)
            steps.append(forecast)
        parts.append(np.stack(steps, axis=1))
    return np.concatenate(parts)


def _on_device(model, series, origins, n_steps, window_shape, scale):
    """Return the outputs for all origins, or None if predicting changes the model."""
    import jax

    from skforecast_lstm.training.engine import PREDICTION_BATCH
    from skforecast_lstm.training.programs import Programs

    n_origins = len(origins.starts)
    batch_size = PREDICTION_BATCH.get(jax.default_backend(), 1024)
    room = room_for(n_steps, ROOM_TO_FEED)
    n_at_once = max(FORECASTS_OF_A_CALL // room, batch_size)
    if n_origins <= FEW_ORIGINS:
        batch_size = n_at_once = FEW_ORIGINS
    known = Programs(model, training=False)
    state = tuple(
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )
    forecasts = np.empty((n_origins, n_steps, series.shape[1]), keras.config.floatx())
    # Sort the origins: neighbouring origins need the same rows.
    order = np.argsort(origins.starts, kind="stable")
    for part_of_order in _slices(n_origins, n_at_once):
        places = order[part_of_order]
        some, rows = _needed(origins.take(places))
        n_some = len(some.starts)
        part = series[rows]
        part = filled_up(part, room_for(len(part), ROOM_TO_PREDICT))
        some = some._replace(
            starts=filled_up(some.starts, n_at_once),
            begins=filled_up(some.begins, n_at_once),
        )
        some, scale = keras.tree.map_structure(for_device, (some, scale))
        data = (state, part, some, scale, np.int32(n_some), np.int32(n_steps))
        program = known.feeding(data, window_shape, room, batch_size)
        if program.changes_model:
            return None
        forecasts[places] = np.asarray(program(*data))[:n_some, :n_steps]
    return forecasts


def _needed(origins):
    """Return the origins relative to the first row needed, and the slice of rows."""
    begins = np.maximum(origins.begins, origins.starts - origins.lags[0])
    first, stop = int(begins.min()), int(origins.starts.max())
    counted = origins._replace(starts=origins.starts - first, begins=begins - first)
    return counted, slice(first, stop)


def _slices(n_all: int, n_at_once: int) -> Iterator[slice]:
    for start in range(0, n_all, n_at_once):
        yield slice(start, min(start + n_at_once, n_all))
