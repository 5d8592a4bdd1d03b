"""Network for whole series: convolutions, recurrent layers, a summary of all steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from skforecast_lstm._checks import check_integer
from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.arguments import layer_rates, layer_sizes, task_shapes
from skforecast_lstm.networks.cells import Cell
from skforecast_lstm.networks.layers import MaskUnknown
from skforecast_lstm.networks.stages import (
    dense_layer,
    recurrent_stack,
    scale_to_targets,
    window_input,
)

__all__ = ["JoinNeighbours", "SummariseKnown", "series_network"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class JoinNeighbours(layers.Layer):
    """Append to each step the values of its neighbours, zero if they are unknown.

    A dense layer after this layer is a convolution. On a CPU it trains many times faster
    than Keras's convolution.

    Parameters
    ----------
    size : int
        Number of steps to join: the step itself and its nearest neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks.series import JoinNeighbours
    >>> series = np.array([[[1.0], [2.0], [3.0]]], dtype="float32")
    >>> np.asarray(JoinNeighbours(3)(series))
    array([[[0., 1., 2.],
            [1., 2., 3.],
            [2., 3., 0.]]], dtype=float32)
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.supports_masking = True

    def call(self, inputs, mask=None):
        """Return steps of shape (n_samples, n_steps, size * n_features)."""
        if mask is not None:
            inputs = inputs * _mask_to_numbers(mask, inputs)
        n_before = (self.size - 1) // 2
        n_steps = inputs.shape[1]
        padded = ops.pad(inputs, ((0, 0), (n_before, self.size - 1 - n_before), (0, 0)))
        shifted = [padded[:, first : first + n_steps] for first in range(self.size)]
        return ops.concatenate(shifted, axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the shape of the input with more features."""
        return (*input_shape[:-1], self.size * input_shape[-1])

    def get_config(self):
        """Return the parameters of the layer."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class SummariseKnown(layers.Layer):
    """Compute the mean and the maximum of each feature over the known steps.

    Both are zero if no step is known.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks.series import SummariseKnown
    >>> series = np.array([[[9.0], [2.0], [4.0]]], dtype="float32")
    >>> np.asarray(SummariseKnown()(series, mask=np.array([[False, True, True]])))
    array([[3., 4.]], dtype=float32)
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        """Return no mask, because the output has no steps."""

    def call(self, inputs, mask=None):
        """Return summaries of shape (n_samples, 2 * n_features)."""
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], dtype="bool")
        known = _mask_to_numbers(mask, inputs)
        n_known = ops.sum(known, axis=1)
        mean = ops.sum(inputs * known, axis=1) / ops.maximum(n_known, 1)
        lowest = ops.min(inputs, axis=1, keepdims=True)
        largest = ops.max(ops.where(known > 0, inputs, lowest), axis=1)
        return ops.concatenate([mean, largest * ops.minimum(n_known, 1)], axis=-1)


def _mask_to_numbers(mask, like):
    return ops.expand_dims(ops.cast(mask, like.dtype), -1)


def series_network(
    input_shape: tuple[int, ...] | None = None,
    n_outputs: int = 1,
    *,
    filters: int | Sequence[int] = (),
    kernel_size: int = 8,
    units: int | Sequence[int] = 32,
    cell: Cell | Sequence[Cell] = "lstm",
    bidirectional: bool = True,
    dropout: float = 0.0,
    output_activation: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a network of convolutions, recurrent layers and a summary of all steps.

    Features that distinguish series can be anywhere in them. Convolutions find short
    shapes, and recurrent layers read their order. The network summarises the outputs at
    all steps. The last output alone would have to carry information over hundreds of
    steps.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of a series: (n_steps, n_features), or (n_steps,) for one variable.
    n_outputs : int, default=1
        Number of outputs.
    filters : int or tuple of int, default=()
        Number of filters of each convolution, first to last.
    kernel_size : int, default=8
        Number of steps that a filter sees.
    units : int or tuple of int, default=32
        Number of units of each recurrent layer, first to last.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Cell of all recurrent layers, or of each layer.
    bidirectional : bool, default=True
        If True, each recurrent layer also reads its steps from last to first.
    dropout : float, default=0.0
        Fraction of the summary to drop in training.
    output_activation : str, default=None
        Activation of the output. If None, the output is linear and the network ends in a
        :class:`TargetScale`, which an estimator sets from its targets.
    meta : dict, default=None
        Description of the data by SciKeras, used in place of `input_shape`, `n_outputs`
        and, if not given, `output_activation`. SciKeras passes it automatically if the
        function is its ``model``.

    Returns
    -------
    network : keras.Model
        Network, not compiled.

    Examples
    --------
    >>> from skforecast_lstm.networks.series import series_network
    >>> series_network((150, 1), 3, output_activation="softmax").output_shape
    (None, 3)
    """
    input_shape, n_outputs, output_activation = task_shapes(
        meta, input_shape, n_outputs, output_activation
    )
    check_integer("kernel_size", kernel_size, 1)
    (rate,) = layer_rates("dropout", dropout, 1, "summarising")

    inputs, steps = window_input(input_shape)
    steps = MaskUnknown()(steps)
    for size in layer_sizes("filters", filters):
        steps = dense_layer(size, "relu")(JoinNeighbours(kernel_size)(steps))
    steps = recurrent_stack(
        steps, units=units, cell=cell, bidirectional=bidirectional, return_sequences=True
    )
    outputs = SummariseKnown()(steps)
    if rate:
        outputs = layers.Dropout(rate)(outputs)
    outputs = dense_layer(n_outputs, output_activation)(outputs)
    outputs = scale_to_targets(outputs, output_activation)
    return keras.Model(inputs, outputs, name="series_network")
