"""A network for whole series: convolutions, recurrent layers, a summary of all steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from skforecast_lstm._checks import check_integer
from skforecast_lstm.networks.cells import Cell
from skforecast_lstm.networks.initializers import GlorotUniform
from skforecast_lstm.networks.layers import MaskUnknown, TargetScale
from skforecast_lstm.networks.parts import (
    as_tuple,
    one_a_layer,
    recurrent_stack,
    shape_of_task,
)

__all__ = ["JoinNeighbours", "SummariseKnown", "series_network"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class JoinNeighbours(layers.Layer):
    """Give each step the values of its neighbours too, zero where they are not known.

    A dense layer after it is a convolution, and on a processor many times quicker to
    train than Keras's.

    Parameters
    ----------
    size : int
        Number of steps to join: a step itself and the nearest to it.

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
        """Steps of shape (n_samples, n_steps, size * n_features)."""
        if mask is not None:
            inputs = inputs * _as_numbers(mask, inputs)
        n_before = (self.size - 1) // 2
        n_steps = inputs.shape[1]
        padded = ops.pad(inputs, ((0, 0), (n_before, self.size - 1 - n_before), (0, 0)))
        shifted = [padded[:, first : first + n_steps] for first in range(self.size)]
        return ops.concatenate(shifted, axis=-1)

    def compute_output_shape(self, input_shape):
        """The shape of the steps that are given, with more features."""
        return (*input_shape[:-1], self.size * input_shape[-1])

    def get_config(self):
        """What makes the same layer again."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class SummariseKnown(layers.Layer):
    """Mean and largest value of each feature over the steps that are known.

    Both are zero where no step is known.

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
        """Nothing: there are no steps any more."""

    def call(self, inputs, mask=None):
        """Summaries of shape (n_samples, 2 * n_features)."""
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], dtype="bool")
        known = _as_numbers(mask, inputs)
        n_known = ops.sum(known, axis=1)
        mean = ops.sum(inputs * known, axis=1) / ops.maximum(n_known, 1)
        lowest = ops.min(inputs, axis=1, keepdims=True)
        largest = ops.max(ops.where(known > 0, inputs, lowest), axis=1)
        return ops.concatenate([mean, largest * ops.minimum(n_known, 1)], axis=-1)


def _as_numbers(mask, like):
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
    """Build convolutions, recurrent layers over them, and a summary of all steps.

    What tells series apart can be anywhere in them: short shapes, which convolutions
    find, and the order in which they come, which recurrent layers read. Their outputs
    at all steps are summarised, and not the last one alone, which has to be carried
    over hundreds of steps.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of a series: (n_steps, n_features), or (n_steps,) for one variable.
    n_outputs : int, default=1
        Number of outputs.
    filters : int or tuple of int, default=()
        Filters of each convolution, first to last.
    kernel_size : int, default=8
        Steps that a filter sees.
    units : int or tuple of int, default=32
        Units of each recurrent layer, first to last.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Kind of the recurrent layers, or of each of them.
    bidirectional : bool, default=True
        Whether each recurrent layer also reads its steps from last to first.
    dropout : float, default=0.0
        Fraction of the summary that is dropped in training.
    output_activation : str, default=None
        Activation of the output. Without one the output is linear, and ends in a
        :class:`TargetScale`, which an estimator sets from its targets.
    meta : dict, default=None
        What SciKeras knows of the data, in place of `input_shape`, `n_outputs` and
        `output_activation`. It passes this by itself where the function is its
        ``model``.

    Returns
    -------
    network : keras.Model
        The network, not compiled.

    Examples
    --------
    >>> from skforecast_lstm.networks.series import series_network
    >>> series_network((150, 1), 3, output_activation="softmax").output_shape
    (None, 3)
    """
    input_shape, n_outputs, output_activation = shape_of_task(
        meta, input_shape, n_outputs, output_activation
    )
    check_integer("kernel_size", kernel_size, 1)
    (rate,) = one_a_layer("dropout", dropout, 1, "summarising")

    inputs = keras.Input(input_shape)
    steps = layers.Reshape((*input_shape, 1))(inputs) if len(input_shape) == 1 else inputs
    outputs = MaskUnknown()(steps)
    for size in as_tuple("filters", filters):
        outputs = layers.Dense(
            size, activation="relu", kernel_initializer=GlorotUniform()
        )(JoinNeighbours(kernel_size)(outputs))
    outputs = recurrent_stack(
        outputs,
        units=units,
        cell=cell,
        bidirectional=bidirectional,
        return_sequences=True,
    )
    outputs = SummariseKnown()(outputs)
    if rate:
        outputs = layers.Dropout(rate)(outputs)
    outputs = layers.Dense(
        n_outputs, activation=output_activation, kernel_initializer=GlorotUniform()
    )(outputs)
    if output_activation is None:
        outputs = TargetScale()(outputs)
    return keras.Model(inputs, outputs, name="series_network")
