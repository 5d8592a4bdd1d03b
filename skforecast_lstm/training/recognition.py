"""Which models are the same to a compiler, and which of them mind a filled batch."""

from typing import Any

import jax
import keras

from skforecast_lstm.training.values import NotRecognisedError, Values

__all__ = [
    "NotRecognisedError",
    "are_equal",
    "fills_batches",
    "fingerprint",
    "joins_rows",
]

# What a program that predicts does not read of a model.
_ONLY_TO_TRAIN = frozenset(
    [
        "_compile_loss",
        "_compile_metrics",
        "_compute_loss_has_training_arg",
        "_jit_compile",
        "_loss_tracker",
        "_run_eagerly",
        "compiled",
        "loss",
        "optimizer",
        "steps_per_execution",
    ]
)


def fingerprint(model: keras.Model, *, training: bool) -> tuple:
    """What two models have in common if one program serves both.

    It has the value of all that a program is made from and that is not one of its
    arguments: attributes of layers, losses, metrics and the optimizer, arrays among
    them, functions with all that they read, and settings of Keras and JAX.

    Parameters
    ----------
    model : keras.Model
        A built model; to train, one whose loss and metrics are built too.
    training : bool
        Whether the program trains or evaluates, so that losses, metrics and the
        optimizer matter too.

    Returns
    -------
    fingerprint : tuple
        Hashable. Holds classes and code of the user's own, but no data.

    Raises
    ------
    NotRecognisedError
        If a part of the model can't be compared by value.
    """
    arguments = [*model.trainable_variables, *model.non_trainable_variables]
    if training:
        optimizer = model.optimizer
        for exclusion in (
            "_exclude_from_weight_decay",
            "_exclude_from_weight_decay_pattern",
        ):
            if getattr(optimizer, exclusion, None):
                raise NotRecognisedError("Weights are excluded from decay one by one.")
        arguments += [*optimizer.variables, *model.metrics_variables]
    hidden = [variable for one in _with_hidden(model) for variable in one.variables]
    left_out = frozenset() if training else _ONLY_TO_TRAIN
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
    """Return whether two objects do the same wherever they are called.

    Parameters
    ----------
    one, other : object
        Objects of Keras or of the user, such as losses.

    Returns
    -------
    equal : bool
        Whether all that code can read of them is equal; false if that is not known.
    """
    try:
        return _value([one]) == _value([other])
    except NotRecognisedError:
        return False


def _value(parts, arguments=(), left_out=frozenset()):
    """The value of some objects, with whatever attributes their code reads."""
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
    """Return the settings that programs depend on and no model has."""
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
    """A model, and the networks that its layers compute and hide from Keras."""
    yield model
    for layer in model._flatten_layers():
        if hasattr(layer, "hidden_network"):
            yield from _with_hidden(layer.hidden_network())


def fills_batches(model: keras.Model, *, may_draw: bool = True) -> bool:
    """Whether filling up a batch with rows of no weight leaves the others as they are.

    So it is where each row goes through the network alone, and loss and metrics are
    means over rows. Otherwise the last batch of an epoch gets a program of its size.

    Parameters
    ----------
    model : keras.Model
        A built and compiled model.
    may_draw : bool, default=True
        Whether layers that draw random numbers draw the same ones for a row whatever
        comes after it.

    Returns
    -------
    fills : bool
        Whether its batches may be filled up.
    """
    parts = set()
    for one in _with_hidden(model):
        graph = getattr(one, "_functional", one)
        if not hasattr(graph, "operations"):
            return False
        layers = one._flatten_layers(include_self=False)
        parts |= {*layers, *graph.operations} - {graph}
    return (
        len(model.outputs) == 1
        and len(model.outputs[0].shape) == 2
        # A mean over rows that are not masked.
        and getattr(model.outputs[0], "_keras_mask", None) is None
        and all(map(_takes_rows_alone, parts))
        and (may_draw or not any(map(_draws, parts)))
        and _is_a_mean_over_rows(model)
        and all(map(_is_a_mean_metric, _compiled_metrics(model)))
    )


def joins_rows(model: keras.Model) -> bool:
    """Return whether the graph of a model says that outputs depend on other rows.

    Parameters
    ----------
    model : keras.Model
        A built model.

    Returns
    -------
    joins : bool
        Whether an operation goes along the axis of the rows, such as
        ``Softmax(axis=0)``.
    """
    graph = getattr(model, "_functional", model)
    for operation in getattr(graph, "operations", ()):
        axes = getattr(operation, "axis", -1)
        for node in operation._inbound_nodes:
            for tensor in node.input_tensors:
                along = axes if isinstance(axes, list | tuple) else [axes]
                if 0 in along or -len(tensor.shape) in along:
                    return True
        # A function of Keras goes along all axes where none is named.
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

# Functions of Keras that give each row a number of its own.
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


# What masks are made of in the graph of a network.
_MASK_PARTS = ("Any", "Isnan", "LogicalNot", "NotEqual")


def _takes_rows_alone(part):
    if not isinstance(part, keras.Layer):
        return type(part).__name__ in _MASK_PARTS and getattr(part, "axis", -1) in (
            -1,
            [-1],
        )
    ours = type(part).__module__.startswith("skforecast_lstm.")
    return (
        (ours or type(part) in _ROWS_ALONE)
        and not getattr(part, "stateful", False)
        and getattr(part, "activity_regularizer", None) is None
        and all(
            _is_of_keras(getattr(part, name))
            for name in ("activation", "recurrent_activation")
            if hasattr(part, name)
        )
        # Rows put behind rows are other rows.
        and getattr(part, "axis", -1) != 0
    )


def _draws(part):
    names = ("dropout", "rate", "recurrent_dropout", "stddev")
    return any(getattr(part, name, 0) for name in names)


def _is_a_mean_over_rows(model):
    losses = getattr(model._compile_loss, "_flat_losses", None) or ()
    if len(losses) != 1:
        return False
    loss = getattr(losses[0].loss, "inner", losses[0].loss)
    ours = type(loss).__module__.startswith("skforecast_lstm.")
    return (ours or _is_a_function_of_rows(loss, "fn")) and loss.reduction in (
        "mean",
        "sum_over_batch_size",
    )


def _is_a_mean_metric(metric):
    if type(metric) is keras.metrics.RootMeanSquaredError:
        return True
    # Others have ways of their own to count, or call a function of the user.
    return (
        isinstance(metric, keras.metrics.MeanMetricWrapper)
        and type(metric).__module__.startswith("keras.")
        and _is_a_function_of_rows(metric, "_fn")
    )


def _is_a_function_of_rows(wrapper, name):
    """Return whether a loss or metric is a mean of a function of each row alone."""
    function, options = getattr(wrapper, name, None), getattr(wrapper, "_fn_kwargs", {})
    return (
        type(wrapper).__module__.startswith("keras.")
        and _is_of_keras(function)
        and function.__name__ in _OF_ROWS
        # Rows of this class are masked: the mean is one over the others.
        and options.get("ignore_class") is None
        and options.get("axis", -1) in (-1, 1)
    )


def _is_of_keras(function):
    return getattr(function, "__module__", "").startswith("keras.")


def _compiled_metrics(model):
    return () if model._compile_metrics is None else model._compile_metrics.metrics
