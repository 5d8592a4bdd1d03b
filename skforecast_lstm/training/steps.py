"""One step of a Keras model: train on a batch, evaluate it, or predict.

The steps are pure functions of a state and a batch. They do what Keras's trainer does for
one batch on JAX, and can be traced into any loop.
"""

from typing import Any, NamedTuple

import jax
import keras
from jax import lax
from jax import numpy as jnp
from jax.interpreters import partial_eval

from skforecast_lstm._engine_contract import HasMembers
from skforecast_lstm._keras_seam import (
    loss_tracker,
    loss_with_updates,
    training_option,
    unweighted_and_weighted_metrics,
)
from skforecast_lstm.training.origins import Origins, windows_at
from skforecast_lstm.training.schedules import learning_rate_variable

__all__ = [
    "Batch",
    "Scale",
    "State",
    "assign",
    "evaluate",
    "feed",
    "metric_results",
    "model_variables",
    "predict",
    "read",
    "train",
]


class State(NamedTuple):
    """Values of the variables of a model, each group in the order of the model.

    Parameters
    ----------
    weights : list of arrays
        Trainable variables.
    fixed : list of arrays
        Non-trainable variables, such as seeds and moving averages.
    optimizer : list of arrays, default=None
        Variables of the optimizer. None to evaluate or predict.
    metrics : list of arrays, default=None
        Variables of the loss and the metrics. None to predict.
    """

    weights: list
    fixed: list
    optimizer: list | None = None
    metrics: list | None = None


class Batch(NamedTuple):
    """Samples of one step.

    Parameters
    ----------
    x, y : arrays, or nested structures of arrays
        Inputs and targets.
    weights : array, or nested structure of arrays, or None
        Sample weights.
    shares : array of shape (batch_size,) or None
        Weight of each row in a mean over the batch, 0 for padding. None if the batch is
        not padded.
    factor : scalar or None
        Factor of the learning rate.
    """

    x: Any
    y: Any
    weights: Any
    shares: Any = None
    factor: Any = None


class Scale(NamedTuple):
    """Scale of a model's outputs: ``(output - centre) / spread`` is a row of the series.

    A large centre has more digits than the device, so it has a high and a low part.
    """

    high: Any
    low: Any
    spread: Any


def model_variables(model: keras.Model, *, training: bool) -> State:
    """Return the variables of a model in place of their values; some only to train."""
    return State(
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables if training else None,
        model.metrics_variables if training else None,
    )


def read(variables: State) -> State:
    """Return the current values of variables."""
    weights, fixed, optimizer, metrics = (
        None if group is None else [variable.value for variable in group]
        for group in variables
    )
    return State(weights or [], fixed or [], optimizer, metrics)


def assign(variables: State, values: State) -> None:
    """Assign values to variables; groups without values stay unchanged."""
    for group, part in zip(variables, values, strict=True):
        if group is not None and part is not None:
            for variable, value in zip(group, part, strict=True):
                variable.assign(value)


def train(model: keras.Model, state: State, batch: Batch) -> State:
    """Return the state after Keras's training step."""
    loss_and_gradients = jax.value_and_grad(loss_with_updates(model), has_aux=True)
    (_, (loss, outputs, fixed, metrics)), gradients = loss_and_gradients(
        state.weights,
        state.fixed,
        state.metrics,
        batch.x,
        batch.y,
        _loss_weights(batch),
        training=True,
        optimizer_variables=state.optimizer,
    )
    weights, optimizer = _apply_gradients(
        model.optimizer, state.optimizer, gradients, state.weights, batch.factor
    )
    metrics = _updated_metrics(model, metrics, loss, outputs, batch)
    return _cast_like(state, State(weights, fixed, optimizer, metrics))


def evaluate(model: keras.Model, state: State, batch: Batch) -> State:
    """Return the state after Keras's evaluation step."""
    loss, (_, outputs, fixed, metrics) = loss_with_updates(model)(
        state.weights,
        state.fixed,
        state.metrics,
        batch.x,
        batch.y,
        _loss_weights(batch),
        training=False,
    )
    metrics = _updated_metrics(model, metrics, loss, outputs, batch)
    return _cast_like(state, state._replace(fixed=fixed, metrics=metrics))


def predict(model: keras.Model, state: State, x: Any) -> tuple[Any, bool]:
    """Return the outputs of Keras's prediction step, and whether the step changes them.

    The second value is True if the outputs depend on variables that the step changes.
    This is found while the step is traced. A changed variable alone is not enough,
    because Keras's recurrent layers draw random numbers even if they drop nothing.
    """
    options = training_option(model)

    def outputs_and_fixed(fixed):
        return model.stateless_call(state.weights, fixed, x, **options)

    fixed = state.fixed
    outputs, after = outputs_and_fixed(fixed)
    changed = [new is not old for new, old in zip(after, fixed, strict=True)]
    if not any(changed):
        return outputs, False
    jaxpr = jax.make_jaxpr(lambda fixed: outputs_and_fixed(fixed)[0])(fixed).jaxpr
    _, used = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    return outputs, any(one and other for one, other in zip(changed, used, strict=True))


def feed(
    model: keras.Model,
    state: State,
    step: Any,
    series: Any,
    fed: tuple[Any, Any],
    origins: Origins,
    scale: Scale,
    window_shape: tuple[int, ...],
) -> tuple[tuple[Any, Any], bool]:
    """Predict the rows one step later and add them to the forecasts.

    Parameters
    ----------
    model : keras.Model
        Model that predicts the next row.
    state : State
        State to predict with.
    step : int
        Number of steps after the origins.
    series : array of shape (n_rows, n_columns)
        Known rows.
    fed : tuple of two arrays of shape (n_origins, n_most_steps, n_columns)
        Forecasts of the previous steps: as rows of the series, and as outputs.
    origins : Origins
        Rows at which the forecasts begin.
    scale : Scale
        Scale of the outputs.
    window_shape : tuple of int
        Shape of a window in the model's input.

    Returns
    -------
    fed : tuple of two arrays
        Forecasts with those of this step.
    changes_model : bool
        As in `predict`.
    """
    n_origins, _, n_columns = fed[0].shape
    windows = windows_at(step, series, fed[0], origins, jnp)
    windows = windows.reshape(n_origins, *window_shape)
    outputs, changes_model = predict(model, state, windows)
    outputs = outputs.reshape(n_origins, 1, n_columns).astype(series.dtype)
    rows = ((outputs - scale.high) - scale.low) / scale.spread
    rows = jnp.where(jnp.isfinite(rows), rows, jnp.nan)
    fed_rows, fed_outputs = (
        lax.dynamic_update_slice_in_dim(all_steps, one_step, step, 1)
        for all_steps, one_step in zip(fed, (rows, outputs), strict=True)
    )
    return (fed_rows, fed_outputs), changes_model


def metric_results(model: keras.Model, state: State) -> dict[str, Any]:
    """Return the results of loss and metrics by name."""
    values = zip(model.metrics_variables, state.metrics or (), strict=True)
    with keras.StatelessScope(values):
        return model.get_metrics_result()


def _apply_gradients(optimizer, values, gradients, weights, factor):
    """Run Keras's optimizer step with a factor, then restore the learning rate."""
    if factor is None:
        return optimizer.stateless_apply(values, gradients, weights)
    variable = learning_rate_variable(optimizer)
    (place,) = (at for at, one in enumerate(optimizer.variables) if one is variable)

    def with_rate(values, rate):
        return [*values[:place], rate, *values[place + 1 :]]

    rate = values[place]
    values = with_rate(values, (rate * factor).astype(rate.dtype))
    weights, values = optimizer.stateless_apply(values, gradients, weights)
    return weights, with_rate(values, rate)


def _loss_weights(batch):
    """Return weights for which the mean over the batch ignores padding."""
    if batch.shares is None or batch.weights is None:
        return batch.weights if batch.shares is None else batch.shares
    return _times_rows(batch.weights, batch.shares)


def _times_rows(weights, factors):
    """Multiply weights of any shape by a factor for each row."""
    return jax.tree.map(
        lambda leaf: leaf * factors.reshape(-1, *[1] * (leaf.ndim - 1)), weights
    )


def _updated_metrics(model, metrics, loss, outputs, batch):
    """Return the variables of the metrics after a batch."""
    variables = model.metrics_variables
    with keras.StatelessScope(zip(variables, metrics, strict=True)) as scope:
        if batch.shares is None:
            n_rows = len(jax.tree.leaves(batch.x)[0])
            loss_tracker(model).update_state(loss, sample_weight=n_rows)
            model.compute_metrics(batch.x, batch.y, outputs, batch.weights)
        else:
            counts = jnp.sign(batch.shares)
            loss_tracker(model).update_state(loss, sample_weight=jnp.sum(counts))
            _update_compiled_metrics(model, outputs, batch, counts)
    return [scope.get_current_value(variable) for variable in variables]


def _update_compiled_metrics(model, outputs, batch, counts):
    """Update the compiled metrics as Keras does, but ignore padding."""
    metrics, weighted_metrics = unweighted_and_weighted_metrics(model)
    (y,) = jax.tree.leaves(batch.y)
    weights = counts if batch.weights is None else _times_rows(batch.weights, counts)
    has_members = isinstance(model, HasMembers)
    for measured in model.outputs_to_measure(outputs) if has_members else [outputs]:
        for metric in metrics:
            metric.update_state(y, measured, counts)
        for metric in weighted_metrics:
            metric.update_state(y, measured, weights)


def _cast_like(before, after):
    """Return a state with the structure and dtypes of another, as a loop requires."""
    lists = State(*(None if group is None else list(group) for group in after))
    return jax.tree.map(
        lambda old, new: lax.convert_element_type(new, old.dtype), before, lists
    )
