"""An estimator as JSON and arrays of numbers, and back.

In the JSON, None, booleans, numbers, strings and lists are themselves. All else is
``{"is": name, "of": parts}``, where the name is one that is known: here, of a kind of
`values`, of a class or function of `names`, or of one of Keras in `keras_objects`. The
numbers of arrays follow each other in the order in which the text speaks of them, and
each is used once. So no more is made than there is.
"""

import math
import sys

import numpy as np
from sklearn.base import BaseEstimator

from skforecast_lstm._persistence import names
from skforecast_lstm._persistence.values import KINDS, array_type, name_of_kind

__all__ = ["Reader", "Writer"]


class Writer:
    """Turns values into what JSON has, and collects the numbers of arrays."""

    def __init__(self):
        self.arrays = []
        # Objects are kept, so that no other comes to lie where one has been.
        self._objects, self._number_of = [], {}

    def encode(self, value, place):
        """A value as JSON; `place` says where in the estimator it is."""
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
            return {"is": "name", "of": _name_of(value, place)}
        if id(value) in self._number_of:
            return {"is": "again", "of": self._number_of[id(value)]}
        number = self._number_of[id(value)] = len(self._objects)
        self._objects.append(value)
        name = names.name_of_class(type(value))
        if name is not None:
            parts = {
                attribute: self.encode(item, f"{place}.{attribute}")
                for attribute, item in _attributes(value).items()
            }
        else:
            name, parts = _take_apart(value, place)
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
            raise _refusal(place, f"an array of {array.dtype}") from None
        # In the same order, as sums over it else differ in their last digit.
        order = "C" if array.flags.c_contiguous or not array.flags.f_contiguous else "F"
        self.arrays.append(array.tobytes(order))
        return {"is": "array", "shape": shape, "order": order, "of": array.dtype.str}


class Reader:
    """Makes the values again that a writer turned into JSON and numbers."""

    def __init__(self, numbers):
        self._numbers, self._start = numbers, 0
        self._made = {}

    def decode(self, node):
        """The value that a part of the text stands for."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        name, parts = node["is"], node["of"]
        if name == "tuple":
            return tuple(self.decode(parts))
        if name == "dict":
            return {self.decode(key): self.decode(item) for key, item in parts}
        if name == "array":
            return self._decode_array(node)
        if name == "objects":
            return self._decode_objects(node)
        if name == "name":
            return _named(parts)
        if name == "again":
            return self._made[parts]
        cls = names.class_named(name)
        if cls is not None:
            return self._decode_object(cls, node)
        if name in KINDS:
            value = KINDS[name].put_together(self.decode(parts))
        elif name in ("keras.Callback", "keras.Model", "keras.Object"):
            value = _keras_objects().put_together(name, self.decode(parts))
        else:
            raise _unknown(name)
        self._made[node["number"]] = value
        return value

    def check_end(self):
        """Raise if there are more numbers than the text speaks of."""
        if self._start != len(self._numbers):
            raise ValueError("it has more numbers than arrays")

    def _decode_object(self, cls, node):
        instance = self._made[node["number"]] = cls.__new__(cls)
        attributes = {name: self.decode(item) for name, item in node["of"].items()}
        if isinstance(instance, BaseEstimator) and cls.__module__.startswith("sklearn."):
            # Here scikit-learn warns if another version of it wrote the file.
            instance.__setstate__(attributes)
        else:
            vars(instance).update(attributes)
        return instance

    def _decode_array(self, node):
        dtype, shape = array_type(node["of"]), tuple(node["shape"])
        start, self._start = self._start, self._start + math.prod(shape) * dtype.itemsize
        array = np.ndarray(shape, dtype, self._numbers, start, order=node["order"])
        return array.copy(order="K")

    def _decode_objects(self, node):
        items = self.decode(node["of"])
        array = np.empty(len(items), dtype=object)
        for number, item in enumerate(items):
            array[number] = item
        return array.reshape(node["shape"])


def _attributes(value):
    """All that an object consists of."""
    if type(value).__module__.startswith("sklearn.") and isinstance(value, BaseEstimator):
        return value.__getstate__()
    return vars(value)


def _label(item, number):
    """What stands for an item of a list: the name of a step, or its number."""
    is_named = type(item) is tuple and item and type(item[0]) is str
    return repr(item[0]) if is_named else number


def _take_apart(value, place):
    """Kind and parts of a value that is neither plain nor an estimator."""
    kind = name_of_kind(value)
    try:
        if kind is not None:
            return kind, KINDS[kind].take_apart(value)
        if "keras" in sys.modules and _keras_objects().is_of_keras(value):
            return _keras_objects().take_apart(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"A file can't hold {place}: {error}.") from error
    cls = type(value)
    raise _refusal(place, f"an object of the class {cls.__qualname__!r}", cls.__module__)


def _name_of(value, place):
    """The name of a class or function that a file may name."""
    name = names.name_of_member(value)
    if name is None and "keras" in sys.modules and _keras_objects().is_of_keras(value):
        name = _keras_objects().name_of_member(value)
    if name is None:
        kind = "class" if isinstance(value, type) else "function"
        home = getattr(value, "__module__", None)
        raise _refusal(place, f"the {kind} {value.__name__!r}", home)
    return name


def _named(name):
    found = names.member_named(name)
    if found is None:
        found = _keras_objects().member_named(name)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name):
    return TypeError(f"it names {name!r}, which a file may not hold")


def _keras_objects():
    # Only those who have Keras in an estimator wait for Keras.
    from skforecast_lstm._persistence import keras_objects

    return keras_objects


def _refusal(place, what, module=None):
    """The error that says what a file can't hold, and what to do."""
    home = f" of module {module!r}" if module else ""
    if place.endswith(".model"):
        advice = "Give the network in its place: set_params(model=estimator.model_)."
    else:
        advice = (
            "Take it out, or keep the estimator with joblib.dump, whose files run code "
            "when they are opened."
        )
    return TypeError(
        f"A file can't hold {place}: it is {what}{home}. A file holds no code: it names "
        "what is public in scikit-learn, NumPy, Keras and skforecast_lstm, and nothing "
        f"that is compiled, such as trees, or sktime's. {advice}"
    )
