"""Keys of models: two models with equal keys can share a program."""

from collections.abc import Iterator
from typing import Any

import jax
import keras

from skforecast_lstm._engine_contract import HidesNetwork
from skforecast_lstm._keras_seam import (
    ONLY_TO_TRAIN,
    all_layers,
    excludes_from_decay,
)
from skforecast_lstm.training.values import NotRecognisedError, Values

__all__ = ["NotRecognisedError", "are_equal", "fingerprint", "with_hidden"]


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
    hidden = [variable for one in with_hidden(model) for variable in one.variables]
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


def with_hidden(model: keras.Model) -> Iterator[keras.Model]:
    """Yield a model and the networks that its layers run but hide from Keras."""
    yield model
    for layer in all_layers(model):
        if isinstance(layer, HidesNetwork):
            yield from with_hidden(layer.hidden_network())
