"""Checks for models and data that the engine can run instead of Keras."""

from typing import Any

import keras
import numpy as np

from skforecast_lstm._engine_contract import is_known_to_engine
from skforecast_lstm._keras_seam import TRAINING_METHODS, all_layers
from skforecast_lstm.training.samples import Samples

__all__ = ["are_arrays", "can_predict", "can_train", "can_validate_on"]


def _is_stateful(model):
    """Return True if a layer keeps state between batches, which fixes the batch size."""
    return any(getattr(layer, "stateful", False) for layer in all_layers(model))


def _can_run(model):
    """Return True if the engine can run a model instead of Keras."""
    return (
        keras.config.backend() == "jax"
        and keras.distribution.distribution() is None
        and not getattr(model, "run_eagerly", False)
        and getattr(model, "jit_compile", True)
        and not _is_stateful(model)
    )


def can_predict(model: keras.Model) -> bool:
    """Return True if the engine can predict with a model instead of Keras."""
    return (
        _can_run(model)
        and model.built
        and _is_as_in_keras(model, ("predict", "predict_step", "make_predict_function"))
    )


def can_train(model: keras.Model) -> bool:
    """Return True if the engine can train a model instead of Keras."""
    return (
        _can_run(model)
        and model.compiled
        and isinstance(model.optimizer, keras.optimizers.Optimizer)
        # These settings of Keras limit the length of every training.
        and not any(
            getattr(keras.config, name, lambda: None)()
            for name in ("max_epochs", "max_steps_per_epoch")
        )
        and _is_as_in_keras(model, TRAINING_METHODS)
    )


def _is_as_in_keras(model, methods):
    """Return True if a model has these methods of Keras, or others that are known."""
    return all(
        name not in vars(model)
        and (method is getattr(keras.Model, name, None) or is_known_to_engine(method))
        for name in methods
        for method in [getattr(type(model), name, None)]
    )


def are_arrays(tree: Any) -> bool:
    """Return True if a nested structure contains only arrays of numbers."""
    return all(
        leaf is None
        or (
            isinstance(leaf, np.ndarray)
            and leaf.dtype.kind in "fiub"
            # The engine would ignore the mask.
            and not isinstance(leaf, np.ma.MaskedArray)
        )
        for leaf in keras.tree.flatten(tree)
    )


def can_validate_on(given: Any) -> bool:
    """Return True if the validation data are None, `Samples` or only arrays."""
    return (
        given is None
        or isinstance(given, Samples)
        or (
            isinstance(given, tuple | list) and 1 <= len(given) <= 3 and are_arrays(given)
        )
    )
