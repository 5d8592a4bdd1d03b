"""Configurations of Keras objects, with the arguments that Keras leaves out.

Keras makes copies, pickles and saved models of its losses and metrics from
``get_config()``. Without this module, a copy of ``Huber(0.5)`` is ``Huber(1.0)``. Keras's
classes stay unchanged. Our objects get their own ``get_config``. The user's objects are
copied and pickled through functions that are registered with `copyreg`.
"""

import copyreg
from collections.abc import Mapping
from functools import partial
from typing import Any

import keras

from skforecast_lstm._keras_seam import (
    compile_arguments,
    excludes_from_decay,
    with_decay_exclusions,
    wrapped_function,
)

__all__ = ["complete_config", "excludes_from_decay", "make_complete", "prepare_for_copy"]

_INCOMPLETE = (
    keras.losses.CosineSimilarity,
    keras.losses.Huber,
    keras.losses.SparseCategoricalCrossentropy,
    keras.metrics.CosineSimilarity,
    keras.metrics.SparseTopKCategoricalAccuracy,
)


def complete_config(item: Any) -> dict:
    """Return the configuration of a Keras object with all its arguments."""
    if type(item) not in _INCOMPLETE:
        return item.get_config()
    return {**wrapped_function(item)[1], **type(item).get_config(item)}


def make_complete(items: Any) -> None:
    """Complete the ``get_config`` of objects, also in lists, dicts and models."""
    if isinstance(items, keras.Model):
        items = compile_arguments(items) if items.compiled else {}
    if isinstance(items, Mapping):
        items = list(items.values())
    if isinstance(items, list | tuple):
        for item in items:
            make_complete(item)
    elif type(items) in _INCOMPLETE:
        items.get_config = partial(complete_config, items)


def prepare_for_copy(model: keras.Model) -> None:
    """Build the optimizer and complete the configurations before Keras copies a model."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and model.built and not optimizer.built:
        # Keras warns on loading an optimizer that was not built when it was saved.
        optimizer.build(model.trainable_variables)
    make_complete(model)


def _reduce_to_config(item):
    return type(item).from_config, (complete_config(item),)


for _kind in _INCOMPLETE:
    copyreg.pickle(_kind, _reduce_to_config)  # type: ignore[arg-type]
for _kind in vars(keras.optimizers).values():
    if isinstance(_kind, type) and issubclass(_kind, keras.optimizers.Optimizer):
        copyreg.pickle(_kind, with_decay_exclusions)  # type: ignore[arg-type]
