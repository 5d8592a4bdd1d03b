"""Checks if the rows of a batch affect each other, and if a batch can be padded."""

import keras

from skforecast_lstm._engine_contract import is_known_to_engine
from skforecast_lstm._keras_seam import (
    all_layers,
    compiled_losses,
    compiled_metrics,
    graph,
    has_mask,
    input_tensors,
    wrapped_function,
)
from skforecast_lstm.training.recognition import with_hidden

__all__ = ["fills_batches", "joins_rows"]


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
    for one in with_hidden(model):
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


_LAYERS_OF_ROWS = tuple(
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
_FUNCTIONS_OF_ROWS = frozenset(
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
        (is_known_to_engine(type(part)) or type(part) in _LAYERS_OF_ROWS)
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
        and function.__name__ in _FUNCTIONS_OF_ROWS
        # Rows of an ignored class are masked, so the mean is over the other rows only.
        and options.get("ignore_class") is None
        and options.get("axis", -1) in (-1, 1)
    )


def _is_of_keras(function):
    return getattr(function, "__module__", "").startswith("keras.")
