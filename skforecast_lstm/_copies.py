"""Copies of the user's Keras objects for one fit, with all that they say."""

import copy
import inspect
from collections.abc import Mapping

import keras
import numpy as np

from skforecast_lstm._complete_configs import complete_config

__all__ = ["check_copies_say_all", "own_callbacks", "own_copy"]

_NUMBERS_AND_TEXTS = (bool, int, float, complex, str, bytes, type(None))
_STATE_OF_KERAS = ("built", "name")
_DESCRIBED = (keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)


def own_copy(items):
    """Copy for one fit what Keras would change: the user's stays as it is."""

    def copied(item):
        is_changed = isinstance(item, keras.optimizers.Optimizer | keras.metrics.Metric)
        return _made_again(item) if is_changed else item

    return _each(copied, items)


def own_callbacks(callbacks):
    """Copy callbacks for one fit.

    Numbers, texts, arrays and their containers are copied. Whatever else a callback
    holds is alive, such as an open file or a trial of a study: the copy has the same.
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
    """Raise a `TypeError` if a copy of a Keras object would not be what it is.

    scikit-learn's clones, pickles and copies of models are made from ``get_config()``.
    A class that inherits it has its own arguments left out, and in the copy they are
    what they are by default.
    """
    _each(lambda item: isinstance(item, _DESCRIBED) and _made_again(item), items)


def _each(function, items):
    """Return what a function gives for an item, or for all in lists and dicts."""
    if isinstance(items, Mapping):
        return {key: _each(function, item) for key, item in items.items()}
    if isinstance(items, list | tuple):
        return [_each(function, item) for item in items]
    return function(items)


def _made_again(item):
    """The same object of Keras again, as new."""
    kind = type(item)
    if kind is keras.metrics.MeanMetricWrapper:
        # Its configuration has no function that isn't registered.
        return kind(item._fn, item.name, item.dtype, **item._fn_kwargs)
    try:
        again = kind.from_config(complete_config(item))
    except Exception as error:
        raise TypeError(
            f"{kind.__name__} can't be made again from its get_config(), which a copy "
            f"for each fit takes: {error} Give the class a get_config that returns all "
            "arguments of its __init__."
        ) from error
    if isinstance(item, keras.optimizers.Optimizer):
        for exclusions in (
            "_exclude_from_weight_decay",
            "_exclude_from_weight_decay_pattern",
        ):
            if hasattr(item, exclusions):
                setattr(again, exclusions, copy.copy(getattr(item, exclusions)))
    if not kind.__module__.startswith(("keras.", "skforecast_lstm.")):
        _check_says_the_same(item, again)
    return again


def _check_says_the_same(item, again):
    """Raise where an attribute was lost on the way through the configuration."""
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
    """Return whether a value is numbers and texts, also in containers and arrays."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    return isinstance(value, (*_NUMBERS_AND_TEXTS, np.ndarray, np.generic)) or (
        inspect.isroutine(value)
    )


def _are_equal(one, other):
    """Return whether two plain values are the same, NaN like NaN."""
    if inspect.isroutine(one) and inspect.isroutine(other):
        # Functions that an __init__ makes are made anew.
        return one.__qualname__ == other.__qualname__
    try:
        np.testing.assert_equal(one, other)
    except AssertionError:
        return False
    return True


def _plain_copied(value):
    """A value with its containers and arrays copied, and all else as it is."""
    if type(value) is dict:
        return {key: _plain_copied(item) for key, item in value.items()}
    if type(value) in (list, set, tuple):
        return type(value)(map(_plain_copied, value))
    return value.copy() if isinstance(value, np.ndarray) else value
