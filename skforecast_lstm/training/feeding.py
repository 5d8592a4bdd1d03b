"""Recursive forecasts: a network reads its own forecasts, for many origins at once."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._forks import check_not_forked
from skforecast_lstm.training.dispatch import predict
from skforecast_lstm.training.engine_support import can_predict
from skforecast_lstm.training.origins import Origins, windows_at

__all__ = ["feed_back", "feed_back_by_steps"]

# Largest number of values in the windows of one call.
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
    centre = np.broadcast_to(centre, n_columns)
    spread = np.broadcast_to(spread, n_columns)
    if can_predict(model):
        # Not at the top: other backends need no JAX.
        from skforecast_lstm.training import prediction

        forecasts = prediction.feed_back(
            model, series, origins, n_steps, window_shape, centre, spread
        )
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
    for begin in range(0, len(origins.starts), n_at_once):
        some = origins.take(slice(begin, begin + n_at_once))
        fed = np.empty((len(some.starts), n_steps, n_columns), series.dtype)
        steps = []
        for step in range(n_steps):
            forecast, rows = answer(windows_at(step, series, fed, some))
            fed[:, step] = np.where(np.isfinite(rows), rows, np.nan)
            steps.append(forecast)
        parts.append(np.stack(steps, axis=1))
    return np.concatenate(parts)
