"""Stages of networks: the steps of a window, stacks of layers, outputs in their units."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from skforecast_lstm.networks.arguments import layer_cells, layer_rates, layer_sizes
from skforecast_lstm.networks.cells import recurrent_layer
from skforecast_lstm.networks.initializers import GlorotUniform
from skforecast_lstm.networks.layers import MaskUnknown, Segments, TargetScale
from skforecast_lstm.networks.normalization import WindowDenormalization

__all__ = [
    "dense_layer",
    "dense_stack",
    "recurrent_stack",
    "scale_to_targets",
    "undo_normalization",
    "window_input",
]


def window_input(input_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the input of a network, and the same with an axis of features."""
    inputs = keras.Input(input_shape)
    if len(input_shape) > 1:
        return inputs, inputs
    return inputs, layers.Reshape((*input_shape, 1))(inputs)


def dense_layer(
    units: int,
    activation: Any = None,
    *,
    starts_at_zero: bool = False,
    penalty: keras.regularizers.Regularizer | None = None,
) -> keras.Layer:
    """Create a dense layer with weights drawn by NumPy, or with outputs 0 at first."""
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer="zeros" if starts_at_zero else GlorotUniform(),
        kernel_regularizer=penalty,
    )


def recurrent_stack(
    steps: Any,
    *,
    units: int | Sequence[int],
    cell: str | Sequence[str] = "lstm",
    bidirectional: bool = False,
    dropout: float | Sequence[float] = 0.0,
    recurrent_dropout: float | Sequence[float] = 0.0,
    segment: int | None = None,
    return_sequences: bool = False,
    **options: Any,
) -> Any:
    """Stack recurrent layers; return the output of the last step, or of all steps."""
    sizes = layer_sizes("units", units)
    if not sizes:
        raise ValueError("units must name at least one recurrent layer, got ().")
    if segment is not None:
        # Each segment passes through the same dense layer and becomes one step.
        steps = MaskUnknown()(Segments(segment)(steps))
        steps = dense_layer(sizes[0], "relu")(steps)
    n_layers = len(sizes)
    input_rates = layer_rates("dropout", dropout, n_layers, "recurrent")
    state_rates = layer_rates(
        "recurrent_dropout", recurrent_dropout, n_layers, "recurrent"
    )
    for number, kind in enumerate(layer_cells(cell, n_layers)):
        layer = recurrent_layer(
            kind,
            sizes[number],
            dropout=input_rates[number],
            recurrent_dropout=state_rates[number],
            return_sequences=return_sequences or number < n_layers - 1,
            **options,
        )
        steps = (layers.Bidirectional(layer) if bidirectional else layer)(steps)
    return steps


def dense_stack(
    outputs: Any,
    *,
    units: int | Sequence[int],
    activation: Any,
    dropout: float | Sequence[float],
    penalty: keras.regularizers.Regularizer | None,
) -> Any:
    """Stack dense layers, each followed by its dropout, if any."""
    sizes = layer_sizes("dense_units", units)
    rates = layer_rates("dense_dropout", dropout, len(sizes), "dense")
    if not sizes and dropout:
        return layers.Dropout(dropout)(outputs)
    for size, rate in zip(sizes, rates, strict=True):
        outputs = dense_layer(size, activation, penalty=penalty)(outputs)
        if rate:
            outputs = layers.Dropout(rate)(outputs)
    return outputs


def undo_normalization(
    parts: list, level: Any, spread: Any, columns: tuple[int, ...] | None = None
) -> Any:
    """Add the parts of a normalized forecast; return it in the units of its columns."""
    forecast = layers.Add()(parts) if len(parts) > 1 else parts[0]
    return WindowDenormalization(columns)([forecast, level, spread])


def scale_to_targets(outputs: Any, activation: Any) -> Any:
    """Scale linear outputs to the units of the targets; return other outputs as is."""
    return TargetScale()(outputs) if activation is None else outputs
