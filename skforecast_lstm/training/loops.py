"""Loops on the device: many batches of a Keras model in one program.

Each function here returns a pure function to compile. Everything that may change is an
argument of it: the state, the data, and the numbers of rows.
"""

from collections.abc import Callable
from typing import Any

import jax
import keras
from jax import lax
from jax import numpy as jnp

from skforecast_lstm.training import steps
from skforecast_lstm.training.blocks import DeviceBlock, Source
from skforecast_lstm.training.steps import Batch, State

__all__ = ["feeding", "prediction", "sweep"]


def sweep(
    model: keras.Model,
    step: Callable[[keras.Model, State, Batch], State],
    batch_size: int,
) -> Callable:
    """Return the loop that trains on batches or evaluates them.

    Parameters
    ----------
    model : keras.Model
        Built and compiled model.
    step : callable
        `steps.train` or `steps.evaluate`.
    batch_size : int
        Number of samples per batch.

    Returns
    -------
    run : callable
        Function of the state, the block, the first row of its order and the row to stop
        before. It returns the new state and the results of the metrics.
    """

    def run(state: State, block: DeviceBlock, first: Any, stop: Any) -> tuple:
        def run_batch(number, state):
            batch = _batch(block, first + number * batch_size, batch_size)
            return step(model, state, batch)

        state = lax.fori_loop(0, _n_batches(stop - first, batch_size), run_batch, state)
        return state, steps.metric_results(model, state)

    return run


def prediction(model: keras.Model, batch_size: int) -> Callable:
    """Return the loop that predicts rows.

    Parameters
    ----------
    model : keras.Model
        Built model.
    batch_size : int
        Number of samples per batch.

    Returns
    -------
    predict : callable
        Function of the state, the block and the number of rows. It returns the outputs,
        with padding after them. Tracing it sets its attribute ``changes_model``, as
        `steps.predict` finds it.
    """

    def predict(state: State, block: DeviceBlock, n_rows: Any) -> Any:
        def predict_rows(positions):
            x = _gather(block.x, _entries(block.rows, positions))
            outputs, predict.changes_model = steps.predict(model, state, x)
            return outputs

        def predict_batch(number, outputs):
            begin = number * batch_size
            positions = jnp.minimum(begin + jnp.arange(batch_size), n_rows - 1)
            return jax.tree.map(
                lambda all_rows, some: lax.dynamic_update_slice_in_dim(
                    all_rows, some, begin, 0
                ),
                outputs,
                predict_rows(positions),
            )

        n_most = len(block.rows) + batch_size
        shapes = jax.eval_shape(predict_rows, jnp.zeros(batch_size, jnp.int32))
        outputs = jax.tree.map(
            lambda one: jnp.zeros((n_most, *one.shape[1:]), one.dtype), shapes
        )
        return lax.fori_loop(0, _n_batches(n_rows, batch_size), predict_batch, outputs)

    return predict


def feeding(
    model: keras.Model, window_shape: tuple[int, ...], capacity: int, batch_size: int
) -> Callable:
    """Return the loop that feeds outputs back from step to step.

    Parameters
    ----------
    model : keras.Model
        Built model that predicts the next row.
    window_shape : tuple of int
        Shape of a window in the model's input.
    capacity : int
        Largest number of steps that fits.
    batch_size : int
        Number of origins per batch.

    Returns
    -------
    feed : callable
        Function of the state, the series, the origins, the scale of the outputs, the
        number of origins and the number of steps. It returns the outputs at each step,
        with padding after them. Tracing it sets ``changes_model``, as in `prediction`.
    """

    def feed(state, series, origins, scale, n_origins, n_steps):
        n_columns = series.shape[1]

        def feed_batch(number, forecasts):
            begin = number * batch_size
            places = jnp.minimum(begin + jnp.arange(batch_size), n_origins - 1)
            some = origins.take(places)

            def feed_step(step, fed):
                fed, feed.changes_model = steps.feed(
                    model, state, step, series, fed, some, scale, window_shape
                )
                return fed

            blank = jnp.zeros((batch_size, capacity, n_columns), series.dtype)
            _, outputs = lax.fori_loop(0, n_steps, feed_step, (blank, blank))
            return lax.dynamic_update_slice_in_dim(forecasts, outputs, begin, 0)

        shape = (len(origins.starts), capacity, n_columns)
        forecasts = jnp.zeros(shape, series.dtype)
        return lax.fori_loop(0, _n_batches(n_origins, batch_size), feed_batch, forecasts)

    return feed


def _n_batches(n_rows, batch_size):
    return (n_rows + batch_size - 1) // batch_size


def _batch(block, begin, batch_size):
    """Return the batch that begins at a place in the order of a block."""

    def part(leaf):
        return lax.dynamic_slice_in_dim(leaf, begin, batch_size)

    positions = part(block.order)
    return Batch(
        x=_gather(block.x, _entries(block.rows, positions)),
        y=_gather(block.y, positions),
        weights=jax.tree.map(lambda leaf: _entries(leaf, positions), block.weights),
        shares=None if block.shares is None else part(block.shares),
        factor=None if block.factors is None else block.factors[begin],
    )


def _gather(sources, rows):
    """Gather windows or targets from the series that contain them."""

    def gather(source):
        starts = rows * source.stride
        if source.steps is not None:
            starts = starts[:, None] + source.steps
        return _entries(source.series, starts)

    is_source = lambda node: isinstance(node, Source)  # noqa: E731
    return jax.tree.map(gather, sources, is_leaf=is_source)


def _entries(leaf, positions):
    """Return the entries of an array at positions that are within its bounds."""
    return leaf.at[positions].get(mode="promise_in_bounds")
