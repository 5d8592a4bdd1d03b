"""Conversion of an estimator to JSON and arrays of numbers, and back.

None, booleans, numbers, strings and lists are the same in JSON. Everything else is
``{"is": name, "of": parts}``. The name is defined in this module, in `values`, in
`tables`, in `names` (classes and functions) or in `keras_objects`. The numbers of arrays
are stored in the order in which the text names the arrays, and each is used once. So a
file creates only as much as it contains, except for what is taken from a `Budget`.
"""

import math
import sys
from collections import Counter

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from skforecast_lstm._persistence import names
from skforecast_lstm._persistence.instances import check_attributes, check_compiled
from skforecast_lstm._persistence.tables import TABLES, find_table
from skforecast_lstm._persistence.values import KINDS, array_type, find_kind

__all__ = ["Reader", "Writer"]


class Writer:
    """Convert values to JSON types, and collect the numbers of arrays."""

    def __init__(self):
        self.arrays = []
        # Keep a reference to each object, so that its id is not used again.
        self._objects, self._number_of = [], {}

    def encode(self, value, place):
        """Return a value as JSON. `place` is its place in the estimator, for errors."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) is list:
            return [
                self.encode(item, f"{place}[{_label(item, number)}]")
                for number, item in enumerate(value)
            ]
        if type(value) is tuple:
            return {"is": "tuple", "of": [self.encode(item, place) for item in value]}
        if type(value) is dict:
            pairs = [
                [self.encode(key, place), self.encode(item, f"{place}[{key!r}]")]
                for key, item in value.items()
            ]
            return {"is": "dict", "of": pairs}
        if type(value) is np.ndarray:
            return self._encode_array(value, place)
        if callable(value) and hasattr(value, "__name__"):
            return {"is": "name", "of": _allowed_name(value, place)}
        if id(value) in self._number_of:
            return {"is": "again", "of": self._number_of[id(value)]}
        number = self._number_of[id(value)] = len(self._objects)
        self._objects.append(value)
        name = names.find_class_name(type(value))
        if name is not None:
            parts = {
                attribute: self.encode(item, f"{place}.{attribute}")
                for attribute, item in _attributes(value).items()
            }
        else:
            name, parts = _to_parts(value, place)
            parts = self.encode(parts, place)
        return {"is": name, "number": number, "of": parts}

    def _encode_array(self, array, place):
        shape = list(array.shape)
        if array.dtype == object:
            items = [self.encode(item, place) for item in array.ravel()]
            return {"is": "objects", "shape": shape, "of": items}
        try:
            array_type(array.dtype.str)
        except ValueError:
            raise _unsupported_error(place, f"an array of {array.dtype}") from None
        # Keep the memory order, because sums in another order differ in the last digit.
        order = "C" if array.flags.c_contiguous or not array.flags.f_contiguous else "F"
        self.arrays.append(array.tobytes(order))
        return {"is": "array", "shape": shape, "order": order, "of": array.dtype.str}


class Reader:
    """Restore the values that a writer converted to JSON and numbers."""

    def __init__(self, numbers, budget):
        self._numbers, self._start = numbers, 0
        self._budget = budget
        # Objects, each with the number of values in it.
        self._made, self._n_values = {}, 0

    def decode(self, node):
        """Return the value that a part of the text describes."""
        self._n_values += 1
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        name, parts = node["is"], node["of"]
        if type(name) is not str:
            raise TypeError("the name of a kind is not a string")
        if name == "tuple":
            return tuple(self.decode(parts))
        if name == "dict":
            pairs = [(self.decode(key), self.decode(item)) for key, item in parts]
            _check_hashes(key for key, _ in pairs)
            return dict(pairs)
        if name == "array":
            return self._decode_array(node)
        if name == "objects":
            return self._decode_objects(node)
        if name == "name":
            return _find_named_member(parts)
        if name == "again":
            return self._decode_again(parts)
        number, before = node["number"], self._n_values
        value = self._decode_object(name, number, parts)
        self._made[number] = value, self._n_values - before
        return value

    def check_end(self):
        """Raise if there are more numbers than the arrays in the text need."""
        if self._start != len(self._numbers):
            raise ValueError("it has more numbers than arrays")

    def _decode_again(self, number):
        if number not in self._made:
            raise ValueError("it refers to a part that does not exist")
        value, size = self._made[number]
        # Code that visits all values visits these once more.
        self._budget.take("values by reference", size)
        self._n_values += size
        return value

    def _decode_object(self, name, number, parts):
        cls = names.find_class(name)
        if cls is not None:
            return self._decode_instance(cls, number, parts)
        if name in KINDS:
            decoded = self.decode(parts)
            if isinstance(decoded, pd.Index | pd.Series | pd.DataFrame):
                raise TypeError("a value has a table in place of its parts")
            if name == "set":
                _check_hashes(decoded)
            return KINDS[name].from_parts(decoded)
        if name in TABLES:
            table = TABLES[name].from_parts(self.decode(parts), self._budget)
            if isinstance(table, pd.RangeIndex):
                self._n_values += len(table)
            return table
        if name in ("keras.Callback", "keras.Model", "keras.Object"):
            decoded = self.decode(parts)
            return _keras_objects().from_parts(name, decoded, self._budget)
        raise _unknown_name_error(name)

    def _decode_instance(self, cls, number, parts):
        instance = cls.__new__(cls)
        self._made[number] = instance, 1
        attributes = {name: self.decode(item) for name, item in parts.items()}
        check_attributes(cls, attributes)
        if isinstance(instance, BaseEstimator) and cls.__module__.startswith("sklearn."):
            if not isinstance(attributes.get("_sklearn_version", ""), str):
                raise TypeError("the version of scikit-learn is not a string")
            # Here scikit-learn warns if the file has another version of scikit-learn.
            instance.__setstate__(attributes)
            check_compiled(instance)
        else:
            vars(instance).update(attributes)
        return instance

    def _decode_array(self, node):
        dtype, shape = array_type(node["of"]), node["shape"]
        if not (
            type(shape) is list
            and len(shape) <= 64
            and all(type(n) is int and 0 <= n < 2**63 for n in shape)
        ):
            raise ValueError("the shape of an array is invalid")
        n_bytes = math.prod(shape) * dtype.itemsize
        if not n_bytes:
            # NumPy allocates room for one value in an empty array.
            self._budget.take("bytes that are not in it", dtype.itemsize)
        start, self._start = self._start, self._start + n_bytes
        array = np.ndarray(tuple(shape), dtype, self._numbers, start, order=node["order"])
        self._n_values += n_bytes // 8
        return array.copy(order="K")

    def _decode_objects(self, node):
        items = self.decode(node["of"])
        array = np.empty(len(items), dtype=object)
        for number, item in enumerate(items):
            array[number] = item
        return array.reshape(node["shape"])


def _check_hashes(keys):
    """Raise if many keys have the same hash, because comparing them takes too long."""
    hashes = Counter(map(hash, keys))
    if max(hashes.values(), default=0) > 100:
        raise ValueError("keys of a dict, or items of a set, have the same hash")


def _attributes(value):
    """Return all attributes of an object."""
    if type(value).__module__.startswith("sklearn.") and isinstance(value, BaseEstimator):
        return value.__getstate__()
    attributes = vars(value)
    if isinstance(attributes.get("callbacks_"), list):
        # They are a record of the last fit. A file has those that it can hold.
        held = filter(_keras_objects().can_hold_callback, attributes["callbacks_"])
        attributes = {**attributes, "callbacks_": list(held)}
    return attributes


def _label(item, number):
    """Return a label for an item of a list: the name of a step, or its number."""
    is_named = type(item) is tuple and item and type(item[0]) is str
    return repr(item[0]) if is_named else number


def _to_parts(value, place):
    """Return the kind and parts of a value that is neither plain nor an estimator."""
    kind = find_kind(value)
    try:
        if kind is not None:
            return kind, KINDS[kind].to_parts(value)
        table = find_table(value)
        if table is not None:
            return table, TABLES[table].to_parts(value)
        if "keras" in sys.modules and _keras_objects().is_from_keras(value):
            return _keras_objects().to_parts(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"A file can't hold {place}: {error}.") from error
    cls = type(value)
    raise _unsupported_error(
        place, f"an object of the class {cls.__qualname__!r}", cls.__module__
    )


def _allowed_name(value, place):
    """Return the name of a class or function. Raise if a file may not name it."""
    name = names.find_member_name(value)
    if name is None and "keras" in sys.modules and _keras_objects().is_from_keras(value):
        name = _keras_objects().find_member_name(value)
    if name is None:
        kind = "class" if isinstance(value, type) else "function"
        home = getattr(value, "__module__", None)
        raise _unsupported_error(place, f"the {kind} {value.__name__!r}", home)
    return name


def _find_named_member(name):
    if type(name) is not str:
        raise TypeError("a name is not a string")
    found = names.find_member(name)
    if found is None:
        found = _keras_objects().find_member(name)
    if found is None:
        raise _unknown_name_error(name)
    return found


def _unknown_name_error(name):
    return TypeError(f"it names {name[:200]!r}, which is not allowed in a file")


def _keras_objects():
    # Import Keras only if an estimator needs it, because the import takes time.
    from skforecast_lstm._persistence import keras_objects

    return keras_objects


def _unsupported_error(place, what, module=None):
    """Return the error that names what a file can't hold, and gives advice."""
    home = f" of module {module!r}" if module else ""
    if place.endswith(".model"):
        advice = (
            "If it is fitted, give the network in its place: "
            "set_params(model=estimator.model_). Of a search, save best_estimator_."
        )
    elif ".callbacks" in place:
        advice = "Remove the callbacks of a fitted estimator: set_params(callbacks=None)."
    else:
        advice = (
            "Remove it, or save the estimator with joblib.dump. Files of joblib run code "
            "when they are loaded."
        )
    return TypeError(
        f"A file can't hold {place}: it is {what}{home}. A file contains no code. It can "
        "only refer to public classes and functions of scikit-learn, NumPy, Keras and "
        "skforecast_lstm, except compiled ones such as trees, and to some of sktime, "
        "skrub and feature-engine. "
        f"{advice}"
    )
