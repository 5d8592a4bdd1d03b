"""Complete copies of the user's Keras objects for one fit."""

import copy
import inspect
from collections.abc import Mapping

import keras
import numpy as np

from skforecast_lstm._complete_configs import complete_config
from skforecast_lstm._keras_seam import copy_decay_exclusions, wrapped_function

__all__ = ["check_configs_are_complete", "copy_callbacks", "copy_keras_objects"]

_NUMBERS_AND_TEXTS = (bool, int, float, complex, str, bytes, type(None))
_STATE_OF_KERAS = ("built", "name")
_DESCRIBED = (keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)


def copy_keras_objects(items, *, are_built=False):
    """Copy the objects that Keras would change, so that the user's stay unchanged.

    Built objects have attributes that new ones do not have yet, so only the attributes
    of objects that are not built are compared with those of their copies.
    """

    def copied(item):
        is_changed = isinstance(item, keras.optimizers.Optimizer | keras.metrics.Metric)
        return _rebuild(item, check=not are_built) if is_changed else item

    return _map_nested(copied, items)


def copy_callbacks(callbacks):
    """Copy callbacks for one fit.

    Numbers, strings, arrays and their containers are copied. All other attributes, such
    as an open file or a trial of a study, are shared with the original.
    """

    def copied(callback):
        if not isinstance(callback, keras.callbacks.Callback):
            return callback
        own = copy.copy(callback)
        own.__dict__.update(
            (name, _copy_containers(value)) for name, value in vars(callback).items()
        )
        return own

    return _map_nested(copied, callbacks)


def check_configs_are_complete(items):
    """Raise a `TypeError` if a copy of a Keras object would differ from the object.

    scikit-learn's clones, pickles and copies of models are made from ``get_config()``.
    If a class inherits ``get_config``, its own arguments are left out, and the copy has
    the default values.
    """
    _map_nested(lambda item: isinstance(item, _DESCRIBED) and _rebuild(item), items)


def _map_nested(function, items):
    """Apply a function to an item, or to all items in nested lists and dicts."""
    if isinstance(items, Mapping):
        return {key: _map_nested(function, item) for key, item in items.items()}
    if isinstance(items, list | tuple):
        return [_map_nested(function, item) for item in items]
    return function(items)


def _rebuild(item, *, check=True):
    """Return a new Keras object that is the same as the given one."""
    kind = type(item)
    if kind is keras.metrics.MeanMetricWrapper:
        # Its configuration would lose a function that is not registered.
        function, options = wrapped_function(item)
        return kind(function, item.name, item.dtype, **options)
    try:
        again = kind.from_config(complete_config(item))
    except Exception as error:
        raise TypeError(
            f"{kind.__name__} can't be copied from its get_config(), and every fit works "
            f"on a copy: {error} Define a get_config that returns all arguments of "
            "__init__."
        ) from error
    if isinstance(item, keras.optimizers.Optimizer):
        copy_decay_exclusions(item, again)
    if check and not kind.__module__.startswith("keras."):
        _check_same_attributes(item, again)
    return again


def _check_same_attributes(item, again):
    """Raise if the configuration lost an attribute."""
    for name, value in vars(item).items():
        if name in _STATE_OF_KERAS or not _is_plain(value):
            continue
        found = vars(again).get(name)
        if not _is_plain(found) or not _are_equal(value, found):
            raise TypeError(
                f"The get_config() of {type(item).__name__} is incomplete: {name} is "
                f"{value!r}, but {found!r} in a copy. Every fit, clone and pickle works "
                "on a copy. Define a get_config that returns all arguments of __init__."
            )


def _is_plain(value):
    """Return whether a value is numbers, strings or functions, also in containers."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    return isinstance(value, (*_NUMBERS_AND_TEXTS, np.ndarray, np.generic)) or (
        inspect.isroutine(value)
    )


def _are_equal(one, other):
    """Return whether two plain values are equal. NaN equals NaN."""
    if inspect.isroutine(one) and inspect.isroutine(other):
        # A function defined in __init__ is a new object in each copy.
        return one.__qualname__ == other.__qualname__
    try:
        np.testing.assert_equal(one, other)
    except AssertionError:
        return False
    return True


def _copy_containers(value):
    """Return a value with copied containers and arrays, and all else shared."""
    if type(value) is dict:
        return {key: _copy_containers(item) for key, item in value.items()}
    if type(value) in (list, set, tuple):
        return type(value)(map(_copy_containers, value))
    return value.copy() if isinstance(value, np.ndarray) else value
