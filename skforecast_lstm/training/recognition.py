"""Checks if two models can share a program, and if batches can be padded."""

from typing import Any

import jax
import keras

from skforecast_lstm._engine_contract import HidesNetwork, is_known_to_engine
from skforecast_lstm._keras_seam import (
    ONLY_TO_TRAIN,
    all_layers,
    compiled_losses,
    compiled_metrics,
    excludes_from_decay,
    graph,
    has_mask,
    input_tensors,
    wrapped_function,
)
from skforecast_lstm.training.values import NotRecognisedError, Values

__all__ = [
    "NotRecognisedError",
    "are_equal",
    "fills_batches",
    "fingerprint",
    "joins_rows",
]


def fingerprint(model: keras.Model, *, training: bool) -> tuple:
    """Return a key of a model; models with equal keys can share a program.

    The key holds the values of everything that a program depends on and does not take as
    an argument: attributes of layers, losses, metrics and the optimizer, including
    arrays; functions with everything that they read; and settings of Keras and JAX.

    Parameters
    ----------
    model : keras.Model
        Built model. To train, its loss and metrics must also be built.
    training : bool
        If True, the program trains or evaluates, so that losses, metrics and the
        optimizer are part of the key.

    Returns
    -------
    fingerprint : tuple
        Hashable key. It holds classes and code of the user, but no data.

    Raises
    ------
    NotRecognisedError
        If a part of the model can't be compared by value.
    """
    arguments = [*model.trainable_variables, *model.non_trainable_variables]
    if training:
        optimizer = model.optimizer
        if excludes_from_decay(optimizer):
            raise NotRecognisedError("Weights are excluded from decay one by one.")
        arguments += [*optimizer.variables, *model.metrics_variables]
    hidden = [variable for one in _with_hidden(model) for variable in one.variables]
    left_out = frozenset() if training else ONLY_TO_TRAIN
    outputs = getattr(model, "output_names", ())
    parts = [
        arguments,
        hidden,
        model,
        list(outputs) if training and len(outputs) > 1 else None,
        _settings(),
    ]
    return _value(parts, [*arguments, *hidden], left_out)


def are_equal(one: Any, other: Any) -> bool:
    """Return True if two objects are known to do the same in every call.

    Parameters
    ----------
    one, other : object
        Objects of Keras or of the user, such as losses.

    Returns
    -------
    equal : bool
        True if everything that code can read of them is equal. False if they differ, or
        can't be compared by value.
    """
    try:
        return _value([one]) == _value([other])
    except NotRecognisedError:
        return False


def _value(parts, arguments=(), left_out=frozenset()):
    """Return the value of objects, including all attributes that their code reads."""
    read: frozenset[str] = frozenset()
    while True:
        values = Values([*arguments], left_out, read)
        try:
            values.add(parts)
        except NotRecognisedError:
            raise
        except Exception as error:
            raise NotRecognisedError(str(error)) from error
        if values.are_whole():
            return tuple(values.key)
        read = read | values.names


def _settings():
    """Return the global settings that programs depend on."""
    config = keras.config
    return [
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
        config.dtype_policy(),
        config.is_flash_attention_enabled(),
        [
            f"{name}={value}"
            for name, value in jax.config.values.items()
            if "cache" not in name
        ],
    ]


def _with_hidden(model):
    """Yield a model and the networks that its layers run but hide from Keras."""
    yield model
    for layer in all_layers(model):
        if isinstance(layer, HidesNetwork):
            yield from _with_hidden(layer.hidden_network())


def fills_batches(model: keras.Model, *, may_draw: bool = True) -> bool:
    """Return True if padding a batch with zero-weight rows does not change the others.

    This holds if the network processes each row separately, and loss and metrics are
    means over rows. Otherwise, the last batch of an epoch gets a program of its size.

    Parameters
    ----------
    model : keras.Model
        A built and compiled model.
    may_draw : bool, default=True
        If True, the random numbers that a layer draws for a row do not depend on the
        rows after it.

    Returns
    -------
    fills : bool
        True if batches may be padded.
    """
    parts = set()
    for one in _with_hidden(model):
        if not hasattr(graph(one), "operations"):
            return False
        parts |= {*all_layers(one), *graph(one).operations} - {one, graph(one)}
    return (
        len(model.outputs) == 1
        and len(model.outputs[0].shape) == 2
        # With a mask on the output, the mean would be over the rows that are not masked.
        and not has_mask(model.outputs[0])
        and all(map(_takes_rows_alone, parts))
        and (may_draw or not any(map(_draws, parts)))
        and _is_a_mean_over_rows(model)
        and all(map(_is_a_mean_metric, compiled_metrics(model)))
    )


def joins_rows(model: keras.Model) -> bool:
    """Return True if the graph of a model shows that its outputs depend on other rows.

    Parameters
    ----------
    model : keras.Model
        A built model.

    Returns
    -------
    joins : bool
        True if an operation works along the axis of the rows, such as
        ``Softmax(axis=0)``.
    """
    for operation in getattr(graph(model), "operations", ()):
        axes = getattr(operation, "axis", -1)
        along = axes if isinstance(axes, list | tuple) else [axes]
        for tensor in input_tensors(operation):
            if 0 in along or -len(tensor.shape) in along:
                return True
        # A function of Keras works along all axes if none is given.
        if axes is None and not isinstance(operation, keras.Layer):
            return True
    return False


_ROWS_ALONE = tuple(
    getattr(keras.layers, name)
    for name in (
        "Activation",
        "Add",
        "AveragePooling1D",
        "Bidirectional",
        "Concatenate",
        "Conv1D",
        "Cropping1D",
        "Dense",
        "Dropout",
        "ELU",
        "Flatten",
        "GRU",
        "GRUCell",
        "GaussianDropout",
        "GaussianNoise",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
        "Identity",
        "InputLayer",
        "LSTM",
        "LSTMCell",
        "LeakyReLU",
        "Masking",
        "MaxPooling1D",
        "Multiply",
        "PReLU",
        "Permute",
        "RNN",
        "ReLU",
        "RepeatVector",
        "Reshape",
        "SimpleRNN",
        "SimpleRNNCell",
        "SpatialDropout1D",
        "StackedRNNCells",
        "Subtract",
        "TimeDistributed",
        "ZeroPadding1D",
    )
)

# Functions of Keras that return one number per row.
_OF_ROWS = frozenset(
    [
        "accuracy",
        "binary_accuracy",
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_accuracy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "concordance_correlation",
        "cosine_similarity",
        "hinge",
        "huber",
        "kl_divergence",
        "log_cosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "pearson_correlation",
        "poisson",
        "sparse_categorical_accuracy",
        "sparse_categorical_crossentropy",
        "sparse_top_k_categorical_accuracy",
        "squared_hinge",
        "top_k_categorical_accuracy",
    ]
)


# Operations that compute a mask in the graph of a network.
_MASK_PARTS = ("Any", "Isnan", "LogicalNot", "NotEqual")


def _takes_rows_alone(part):
    if not isinstance(part, keras.Layer):
        return type(part).__name__ in _MASK_PARTS and getattr(part, "axis", -1) in (
            -1,
            [-1],
        )
    return (
        (is_known_to_engine(type(part)) or type(part) in _ROWS_ALONE)
        and not getattr(part, "stateful", False)
        and getattr(part, "activity_regularizer", None) is None
        and all(
            _is_of_keras(getattr(part, name))
            for name in ("activation", "recurrent_activation")
            if hasattr(part, name)
        )
        # Concatenating along axis 0 changes the rows.
        and getattr(part, "axis", -1) != 0
    )


def _draws(part):
    names = ("dropout", "rate", "recurrent_dropout", "stddev")
    return any(getattr(part, name, 0) for name in names)


def _is_a_mean_over_rows(model):
    losses = compiled_losses(model)
    if len(losses) != 1:
        return False
    (loss,) = losses
    if is_known_to_engine(type(loss)):
        loss = getattr(loss, "inner", loss)
    is_mean = is_known_to_engine(type(loss)) or _is_a_function_of_rows(loss)
    return is_mean and loss.reduction in ("mean", "sum_over_batch_size")


def _is_a_mean_metric(metric):
    if type(metric) is keras.metrics.RootMeanSquaredError:
        return True
    # Other metrics may count rows differently, or call a function of the user.
    return isinstance(metric, keras.metrics.MeanMetricWrapper) and _is_a_function_of_rows(
        metric
    )


def _is_a_function_of_rows(wrapper):
    """Return True if a loss or metric is a mean of a function of single rows."""
    function, options = wrapped_function(wrapper)
    return (
        type(wrapper).__module__.startswith("keras.")
        and _is_of_keras(function)
        and function.__name__ in _OF_ROWS
        # Rows of an ignored class are masked, so the mean is over the other rows only.
        and options.get("ignore_class") is None
        and options.get("axis", -1) in (-1, 1)
    )


def _is_of_keras(function):
    return getattr(function, "__module__", "").startswith("keras.")
