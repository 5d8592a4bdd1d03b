"""Stacked recurrent layers, dense layers after them, one output a target."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, Literal

import keras
from keras import layers

from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal
from skforecast_lstm.networks.layers import MaskUnknown, TargetScale

__all__ = ["recurrent_network"]

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU, "rnn": layers.SimpleRNN}


def _as_tuple(name, value):
    """Sizes of layers given as one integer or one a layer."""
    sizes = (value,) if isinstance(value, Real) else tuple(value)
    for size in sizes:
        if not isinstance(size, Real) or int(size) != size or size < 1:
            raise ValueError(
                f"{name} must be a positive integer, or a tuple of them with one a "
                f"layer, got {value!r}."
            )
    return tuple(int(size) for size in sizes)


def _one_a_layer(name, value, n_layers):
    """Fractions given as one number for all layers or one a layer."""
    values = (value,) * n_layers if isinstance(value, Real) else tuple(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name} must be one number or one for each of the {n_layers} recurrent "
            f"layers, got {value!r}."
        )
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in values):
        raise ValueError(f"{name} must be at least 0 and under 1, got {value!r}.")
    return values


def _shape_of_task(meta):
    """Shape of a window, number of outputs and their activation, by SciKeras's meta."""
    shape = tuple(meta["X_shape_"][1:])
    n_classes = meta.get("n_classes_")
    if n_classes is None:
        return shape, int(meta["n_outputs_"]), None
    return (shape, 1, "sigmoid") if n_classes == 2 else (shape, int(n_classes), "softmax")


def recurrent_network(
    input_shape: tuple[int, ...] | None = None,
    n_outputs: int = 1,
    *,
    units: int | Sequence[int] = 32,
    cell: Literal["lstm", "gru", "rnn"] = "lstm",
    activation: str | Callable = "tanh",
    bidirectional: bool = False,
    dropout: float | Sequence[float] = 0.0,
    recurrent_dropout: float | Sequence[float] = 0.0,
    dense_units: int | Sequence[int] = (),
    dense_activation: str | Callable = "relu",
    output_activation: str | Callable | None = None,
    l2: float = 0.0,
    meta: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build stacked recurrent layers with dense layers after them.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of a window: (n_steps, n_features), or (n_steps,) for one series.
    n_outputs : int, default=1
        Number of outputs.
    units : int or tuple of int, default=32
        Units of each recurrent layer, first to last.
    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of the recurrent layers.
    activation : str or callable, default="tanh"
        Activation of the cells.
    bidirectional : bool, default=False
        Whether each layer also reads its steps from last to first.
    dropout : float or tuple of float, default=0.0
        Fraction of its inputs that each recurrent layer drops in training.
    recurrent_dropout : float or tuple of float, default=0.0
        Fraction of its state that each recurrent layer drops between steps.
    dense_units : int or tuple of int, default=()
        Units of each dense layer between the recurrent layers and the output.
    dense_activation : str or callable, default="relu"
        Activation of the dense layers.
    output_activation : str or callable, default=None
        Activation of the output. Without one the output is linear, and ends in a
        :class:`TargetScale`, which an estimator sets from its targets.
    l2 : float, default=0.0
        L2 penalty on the kernels of all layers.
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
    >>> from skforecast_lstm import recurrent_network
    >>> recurrent_network((24, 1), units=(32, 16), cell="gru").output_shape
    (None, 1)
    """
    if meta is not None:
        input_shape, n_outputs, by_task = _shape_of_task(meta)
        output_activation = by_task if output_activation is None else output_activation
    if input_shape is None:
        raise ValueError("input_shape is missing: give (n_steps, n_features).")
    if cell not in CELLS:
        raise ValueError(f"cell must be one of {tuple(CELLS)}, got {cell!r}.")
    sizes = _as_tuple("units", units)
    if not sizes:
        raise ValueError("units must name at least one recurrent layer, got ().")
    dropped = _one_a_layer("dropout", dropout, len(sizes))
    state_dropped = _one_a_layer("recurrent_dropout", recurrent_dropout, len(sizes))
    penalty = keras.regularizers.L2(l2) if l2 else None

    inputs = keras.Input(input_shape)
    steps = layers.Reshape((*input_shape, 1))(inputs) if len(input_shape) == 1 else inputs
    outputs = MaskUnknown()(steps)
    for number, size in enumerate(sizes):
        layer = CELLS[cell](
            size,
            activation=activation,
            dropout=dropped[number],
            recurrent_dropout=state_dropped[number],
            kernel_initializer=GlorotUniform(),
            recurrent_initializer=Orthogonal(),
            kernel_regularizer=penalty,
            recurrent_regularizer=penalty,
            return_sequences=number < len(sizes) - 1,
        )
        outputs = (layers.Bidirectional(layer) if bidirectional else layer)(outputs)
    for size in _as_tuple("dense_units", dense_units):
        outputs = layers.Dense(
            size,
            activation=dense_activation,
            kernel_initializer=GlorotUniform(),
            kernel_regularizer=penalty,
        )(outputs)
    outputs = layers.Dense(
        n_outputs,
        activation=output_activation,
        kernel_initializer=GlorotUniform(),
        kernel_regularizer=penalty,
    )(outputs)
    if output_activation is None:
        outputs = TargetScale()(outputs)
    return keras.Model(inputs, outputs, name=f"{cell}_network")
