"""Which models are the same to a compiler, and which of them mind a filled batch."""

import inspect
import warnings
from typing import Any

import keras

__all__ = ["NotRecognisedError", "fills_batches", "fingerprint"]

_WELL_KNOWN = ("keras", "skforecast_lstm")
_ACTIVATIONS = ("activation", "recurrent_activation")


class NotRecognisedError(TypeError):
    """A model has a part that its configuration does not describe."""


def fingerprint(model: keras.Model, *, training: bool) -> tuple:
    """What two models have in common if one program serves both.

    Parameters
    ----------
    model : keras.Model
        A built model.
    training : bool
        Whether the program trains or evaluates, so that losses, metrics and the
        optimizer matter too.

    Returns
    -------
    fingerprint : tuple
        Hashable. Holds classes and functions of the user's own, but no data.

    Raises
    ------
    NotRecognisedError
        If the configuration does not say all: it has a lambda, or a class or function
        that is neither of Keras nor registered with it.
    """
    with warnings.catch_warnings():
        # Keras warns when it describes a lambda.
        warnings.simplefilter("ignore")
        try:
            return _frozen(_parts(model, training))
        except NotRecognisedError:
            raise
        except Exception as error:
            raise NotRecognisedError(str(error)) from error


def _parts(model, training):
    layers = [layer for one in _with_hidden(model) for layer in one._flatten_layers()]
    parts = [
        _of(model),
        # A configuration has names, and a name can be given to another class later.
        [
            (type(layer), *(getattr(layer, name, None) for name in _ACTIVATIONS))
            for layer in layers
        ],
        [(v.shape, v.dtype, v.trainable) for v in model.variables],
        keras.config.floatx(),
        keras.config.epsilon(),
    ]
    if not training:
        return parts
    optimizer = model.optimizer
    for exclusion in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):
        if getattr(optimizer, exclusion, None):
            raise NotRecognisedError("Weights are excluded from decay one by one.")
    outputs = getattr(model, "output_names", ())
    return [
        *parts,
        _of(optimizer),
        _of(model.loss),
        _of(model._compile_loss._user_loss_weights if model._compile_loss else None),
        _metrics(model),
        outputs if len(outputs) > 1 else None,
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
        and all(map(_takes_rows_alone, parts))
        and (may_draw or not any(map(_draws, parts)))
        and _is_a_mean_over_rows(model)
        and all(isinstance(m, keras.metrics.Mean) for m in _compiled_metrics(model))
    )


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

_MEANS = {
    getattr(keras.losses, name)
    for name in (
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "hinge",
        "huber",
        "kl_divergence",
        "log_cosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "poisson",
        "sparse_categorical_crossentropy",
        "squared_hinge",
    )
}


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
    loss = losses[0].loss
    ours = type(loss).__module__.startswith("skforecast_lstm.")
    return (ours or getattr(loss, "fn", None) in _MEANS) and loss.reduction in (
        "mean",
        "sum_over_batch_size",
    )


def _compiled_metrics(model):
    return () if model._compile_metrics is None else model._compile_metrics.metrics


def _metrics(model):
    """Metrics by what they are: with weights or without, for which output."""
    compiled = model._compile_metrics
    return compiled and [
        [(metric.name, _of(metric)) for metric in metrics.metrics] if metrics else None
        for part in (compiled._flat_metrics, compiled._flat_weighted_metrics)
        for metrics in (*part, None)
    ]


def _of(part: Any) -> Any:
    """The configuration of an object, and what its configuration leaves out."""
    if part is None or isinstance(part, bool | int | float | str):
        return part
    if isinstance(part, list | tuple):
        return [_of(item) for item in part]
    if isinstance(part, dict):
        return {key: _of(item) for key, item in part.items()}
    known = _identity(part)
    if known is part:
        return known
    # Functions wrapped as losses and metrics: some classes leave arguments out.
    function = getattr(part, "fn", getattr(part, "_fn", None))
    hidden = getattr(part, "_fn_kwargs", None)
    config = {key: value for key, value in part.get_config().items() if key != "name"}
    return [known, _described(config, {}), _of(function), _of(hidden)]


def _identity(part):
    """The class of an object, or a function, if the whole process knows it."""
    known = part if inspect.isroutine(part) or inspect.isclass(part) else type(part)
    if known.__module__.split(".")[0] in _WELL_KNOWN:
        return known
    name = keras.saving.get_registered_name(known)
    if keras.saving.get_registered_object(name) is known:
        return known
    raise NotRecognisedError(f"{known!r} is not registered with Keras.")


def _described(config, places):
    """A configuration without what is data to a program.

    Seeds say nothing of the mathematics, nor do names of layers and optimizers;
    learning rates and initial weights live in variables. A graph refers to its layers
    by name, here by their place.
    """
    if isinstance(config, dict):
        if isinstance(config.get("value"), tuple):
            raise NotRecognisedError("It has a lambda.")
        layers = config.get("layers")
        if isinstance(layers, list | tuple):
            places = {layer.get("name"): place for place, layer in enumerate(layers)}
        return {
            "class": _class_of(config),
            **{
                key: _placed(value, places)
                if key in ("keras_history", "input_layers", "output_layers", "name")
                else _described(value, places)
                for key, value in config.items()
                if not _is_data(key, config)
            },
        }
    if isinstance(config, list | tuple):
        return [_described(value, places) for value in config]
    if config is None or isinstance(config, bool | int | float | str):
        return config
    raise NotRecognisedError(f"{config!r} in a configuration.")


def _is_data(key, config):
    """Whether an entry of a configuration is data to a program."""
    if key == "name":
        # Alone it is the name of a precision, or of a part of a graph.
        return len(config) > 1
    if key == "learning_rate":
        return isinstance(config[key], float)
    return key == "seed" or key.endswith("_initializer")


def _placed(reference, places):
    """A reference to a layer, by place."""
    if isinstance(reference, list | tuple):
        return [_placed(item, places) for item in reference]
    return places.get(reference, reference)


def _class_of(config):
    """The class or function that a configuration names, if the process knows it."""
    name = config.get("class_name")
    if name is None or (name.startswith("__") and name != "__lambda__"):
        return name
    module = config.get("module")
    if module and module.split(".")[0] in _WELL_KNOWN:
        return module, name
    registered = config["config"] if name == "function" else config["registered_name"]
    known = keras.saving.get_registered_object(registered)
    if known is None:
        raise NotRecognisedError(f"{name} of {module} is not registered with Keras.")
    return known


def _frozen(part):
    """Lists and dicts as tuples, which can be keys."""
    if isinstance(part, dict):
        return tuple((key, _frozen(part[key])) for key in sorted(part))
    if isinstance(part, list | tuple):
        return tuple(_frozen(item) for item in part)
    return part
