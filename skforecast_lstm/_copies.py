"""Complete copies of the user's Keras objects for one fit."""

import copy
import inspect
from collections.abc import Mapping

import keras
import numpy as np

from skforecast_lstm._complete_configs import complete_config
from skforecast_lstm._keras_seam import copy_decay_exclusions, wrapped_function

__all__ = ["check_copies_say_all", "own_callbacks", "own_copy"]

_NUMBERS_AND_TEXTS = (bool, int, float, complex, str, bytes, type(None))
_STATE_OF_KERAS = ("built", "name")
_DESCRIBED = (keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)


def own_copy(items):
    """Copy the objects that Keras would change, so that the user's stay unchanged."""

    def copied(item):
        is_changed = isinstance(item, keras.optimizers.Optimizer | keras.metrics.Metric)
        return _made_again(item) if is_changed else item

    return _each(copied, items)


def own_callbacks(callbacks):
    """Copy callbacks for one fit.

    Numbers, strings, arrays and their containers are copied. All other attributes, such
    as an open file or a trial of a study, are shared with the original.
    """

    def copied(callback):
        if not isinstance(callback, keras.callbacks.Callback):
            return callback
        own = copy.copy(callback)
        own.__dict__.update(
            (name, _plain_copied(value)) for name, value in vars(callback).items()
        )
        return own

    return _each(copied, callbacks)


def check_copies_say_all(items):
    """Raise a `TypeError` if a copy of a Keras object would differ from the object.

    scikit-learn's clones, pickles and copies of models are made from ``get_config()``.
    If a class inherits ``get_config``, its own arguments are left out, and the copy has
    the default values.
    """
    _each(lambda item: isinstance(item, _DESCRIBED) and _made_again(item), items)


def _each(function, items):
    """Apply a function to an item, or to all items in nested lists and dicts."""
    if isinstance(items, Mapping):
        return {key: _each(function, item) for key, item in items.items()}
    if isinstance(items, list | tuple):
        return [_each(function, item) for item in items]
    return function(items)


def _made_again(item):
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
            f"{kind.__name__} can't be made again from its get_config(), which a copy "
            f"for each fit takes: {error} Give the class a get_config that returns all "
            "arguments of its __init__."
        ) from error
    if isinstance(item, keras.optimizers.Optimizer):
        copy_decay_exclusions(item, again)
    if not kind.__module__.startswith("keras."):
        _check_says_the_same(item, again)
    return again


def _check_says_the_same(item, again):
    """Raise if the configuration lost an attribute."""
    for name, value in vars(item).items():
        if name in _STATE_OF_KERAS or not _is_plain(value):
            continue
        found = vars(again).get(name)
        if not _is_plain(found) or not _are_equal(value, found):
            raise TypeError(
                f"The get_config() of {type(item).__name__} leaves something out: "
                f"{name} is {value!r}, but {found!r} in a copy, and every fit, clone and "
                "pickle takes a copy. Give the class a get_config that returns all "
                "arguments of its __init__."
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


def _plain_copied(value):
    """Return a value with copied containers and arrays, and all else shared."""
    if type(value) is dict:
        return {key: _plain_copied(item) for key, item in value.items()}
    if type(value) in (list, set, tuple):
        return type(value)(map(_plain_copied, value))
    return value.copy() if isinstance(value, np.ndarray) else value
