"""Values of objects: everything that code can read of them, to compare two objects.

Two objects with equal values do the same in every call. Objects that can't be compared by
value have none: an iterator, a module passed as an object, a function that reads a file.
"""

import hashlib
import re
import types
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Set
from functools import lru_cache, partial
from typing import Any

import jax
import keras
import numpy as np

from skforecast_lstm._keras_seam import (
    BOOKKEEPING,
    NAMES,
    VALUES,
    trained_variables,
    without_layer_name,
)
from skforecast_lstm.training.code_objects import attribute_names, global_objects
from skforecast_lstm.training.libraries import (
    LIBRARIES,
    NotRecognisedError,
    is_of_library,
    is_pure,
    root_package,
)

__all__ = ["NotRecognisedError", "Values"]

# Attributes that Python and its modules add to every class.
_IN_EVERY_CLASS = frozenset(
    [
        "__abstractmethods__",
        "__annotate__",
        "__annotate_func__",
        "__annotations__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__orig_bases__",
        "__parameters__",
        "__qualname__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    ]
)
# Methods that ran when the model was built. Their results are in its attributes.
_RUN_ONCE = frozenset(
    ("__init__", "build", "compute_output_shape", "from_config", "get_config")
)

_PLAIN = frozenset(
    [
        OrderedDict,
        bool,
        bytes,
        complex,
        defaultdict,
        dict,
        float,
        frozenset,
        int,
        list,
        set,
        str,
        tuple,
    ]
)
_KERAS_OBJECTS = (
    keras.Operation,
    keras.Variable,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.random.SeedGenerator,
)
# Optimizers with arithmetic that depends on the names of variables.
_READS_NAMES = tuple(
    getattr(keras.optimizers, name)
    for name in ("MultiOptimizer", "Muon")
    if hasattr(keras.optimizers, name)
)


class Values:
    """Values of several objects, joined into one flat key.

    If an object occurs again, the key holds its place instead of its value. Thus one
    object used twice differs from two equal objects.

    Parameters
    ----------
    arguments : list of keras.Variable
        Variables with values that are arguments of a program, and not part of the key.
    left_out : frozenset of str, default=frozenset()
        Additional attributes of Keras's objects to leave out of the key.
    read : frozenset of str, default=frozenset()
        Attributes that code of the user reads. They are always part of the key.
    """

    def __init__(
        self,
        arguments: list[keras.Variable],
        left_out: frozenset[str] = frozenset(),
        read: frozenset[str] = frozenset(),
    ) -> None:
        self.key: list[Any] = []
        #: Names of attributes that the code of the user reads.
        self.names: set[str] = set()
        self._places: dict[int, int] = {}
        self._kept: list[Any] = []
        self._arguments = {id(variable) for variable in arguments}
        self._read = read
        self._left_out = (BOOKKEEPING | left_out) - read
        self._left_out_unnamed = self._left_out | (NAMES - read)

    def are_whole(self) -> bool:
        """Return True if no code in the key reads an attribute that was left out."""
        return not any(
            name in self._left_out_unnamed or name in _RUN_ONCE or _is_initial(name)
            for name in self.names - self._read
        )

    def add(self, value: Any) -> None:
        """Add the value of an object to the key."""
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes, complex):
            self.key += (kind, value)
        elif kind is float:
            # As text, -0.0 differs from 0.0, and NaN equals NaN.
            self.key += (kind, value.hex())
        elif kind in (list, tuple):
            self.key += (kind, len(value))
            for item in value:
                self.add(item)
        elif isinstance(value, list | dict | set) and root_package(kind) == "keras":
            # Keras converts lists, dicts and sets of the user to these classes.
            for plain in (list, dict, set):
                if isinstance(value, plain):
                    self.add(plain(value))
        elif kind is keras.DTypePolicy:
            # It is immutable, so sharing it between objects makes no difference.
            self.key += ("policy", value.name, value.compute_dtype, value.variable_dtype)
        elif not self._is_known(value):
            self._add_object(value, kind)

    def _is_known(self, value):
        """Return True if an object was added before; then its place is its value."""
        place = self._places.setdefault(id(value), len(self._places))
        if place < len(self._kept):
            self.key += ("again", place)
            return True
        # Keep a reference, so that no new object gets the same id.
        self._kept.append(value)
        return False

    def _add_object(self, value, kind):
        if isinstance(value, type):
            self._add_class(value)
        elif is_of_library(value):
            self.key += ("library", value)
        elif isinstance(value, keras.Variable):
            self._add_variable(value)
        elif isinstance(value, np.ndarray | np.generic | jax.Array):
            self._add_array(value)
        elif isinstance(value, keras.KerasTensor):
            self.key += ("tensor", value.shape, value.dtype, value.sparse, value.ragged)
        elif kind is types.FunctionType:
            self._add_function(value)
        elif kind is types.MethodType:
            self._add_all("method", value.__self__, value.__func__)
        elif kind is partial:
            self._add_all(kind, value.func, value.args, value.keywords)
        elif kind is property:
            self._add_all(kind, value.fget, value.fset, value.fdel)
        elif kind in (staticmethod, classmethod):
            self._add_all(kind, value.__func__)
        elif kind is re.Pattern:
            self._add_all(kind, value.pattern, value.flags)
        elif kind in (range, slice):
            self._add_all(kind, value.start, value.stop, value.step)
        elif isinstance(value, np.dtype) and value.fields is None:
            self.key += ("dtype", value.str)
        elif isinstance(value, types.ModuleType) and root_package(value) in LIBRARIES:
            self.key += ("module", value.__name__)
        elif kind is types.EllipsisType or kind is types.NotImplementedType:
            self.key += (kind,)
        else:
            self._add_instance(value, kind)

    def _add_all(self, mark, *parts):
        self.key += (mark, len(parts))
        for part in parts:
            self.add(part)

    def _add_array(self, value):
        array = np.ascontiguousarray(value)
        if array.dtype.hasobject or array.dtype.fields is not None:
            raise NotRecognisedError("It has an array of objects or fields.")
        if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
            # It may have a mask, or attributes.
            raise NotRecognisedError(f"It has an array of {type(value)!r}.")
        digest = hashlib.sha256(array.tobytes()).digest()
        # NumPy scalars and weakly typed JAX arrays promote to other precisions.
        weak = getattr(value, "weak_type", None)
        self.key += (type(value), np.shape(value), array.dtype.str, weak, digest)

    def _add_variable(self, variable):
        self.key.append("variable")
        is_argument = id(variable) in self._arguments
        self._add_attributes(variable, VALUES)
        if not is_argument:
            self.add(variable.value)

    def _add_instance(self, value, kind):
        """Add an object by its class, attributes and content."""
        self.add(kind)
        plain, slots = _layout(kind)
        if plain is None:
            raise NotRecognisedError(f"{value!r} can't be compared by value.")
        for base in plain:
            if base in (list, tuple):
                self._add_all(base, *value)
            elif base in (set, frozenset):
                self._add_set(value)
            elif base is defaultdict:
                self.add(value.default_factory)
            elif base in (dict, OrderedDict):
                self._add_all(
                    base, *(part for item in base.items(value) for part in item)
                )
            else:
                self.add(base(value))
        for slot in slots:
            self._add_all(slot, *([getattr(value, slot)] * hasattr(value, slot)))
        if hasattr(value, "__dict__"):
            self._add_attributes(value)
        elif not plain and not slots:
            raise NotRecognisedError(f"{value!r} can't be compared by value.")

    def _add_set(self, value: Set):
        if not all(type(item) in (bool, int, str) for item in value):
            raise NotRecognisedError(f"{value!r} has no order.")
        self._add_all("set", *sorted(value, key=lambda item: (str(type(item)), item)))

    def _add_attributes(self, value, without=frozenset()):
        attributes = vars(value)
        names = tuple(sorted(attributes))
        if isinstance(value, _KERAS_OBJECTS):
            # Results are returned by the names of metrics, so these names count.
            is_metric = isinstance(value, keras.metrics.Metric)
            left_out = self._left_out if is_metric else self._left_out_unnamed
            names = _counted_names(names, left_out, without, self._read)
        if isinstance(value, _READS_NAMES):
            self.add([variable.path for variable in trained_variables(value)])
        self.key.append(names)
        for name in names:
            self.add(without_layer_name(name, attributes[name]))

    def _add_class(self, kind):
        self.key += ("class", kind)
        if root_package(kind) in LIBRARIES:
            if not is_pure(kind):
                raise NotRecognisedError(f"{kind!r} depends on more than arguments.")
            for base in kind.__mro__:
                if root_package(base) in ("keras", "skforecast_lstm"):
                    self.key.append(_class_state(base))
            return
        for base in (type(kind), *kind.__bases__):
            self.add(base)
        attributes = {
            name: part
            for name, part in vars(kind).items()
            if name not in _IN_EVERY_CLASS
            and (name not in _RUN_ONCE or name in self._read)
        }
        self.key.append(len(attributes))
        for name, part in attributes.items():
            self.key.append(name)
            if isinstance(part, types.MemberDescriptorType):
                continue
            self.add(part)

    def _add_function(self, function):
        """Add a function by its code and the values of everything that the code reads."""
        self.names |= attribute_names(function)
        self._add_all("function", function.__defaults__, function.__kwdefaults__)
        # Two code objects are equal if their lines, constants and instructions are equal.
        self.key.append(function.__code__)
        self.add({k: v for k, v in vars(function).items() if k != "__wrapped__"})
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError as error:
                raise NotRecognisedError("A closure has an empty cell.") from error
            self.add(content)
        for found in global_objects(function):
            self.add(found)


@lru_cache(1024)
def _counted_names(
    names: tuple[str, ...],
    left_out: frozenset[str],
    without: frozenset[str],
    read: frozenset[str],
) -> tuple[str, ...]:
    """Return the attribute names of a Keras object that are part of its value."""
    return tuple(
        name
        for name in names
        if name not in left_out
        and name not in without
        and (name in read or not _is_initial(name))
    )


def _is_initial(name):
    """Return True if an attribute is used only until the variables are created."""
    return name.endswith("_initializer")


@lru_cache(1024)
def _layout(kind: type) -> tuple[list[type] | None, list[str]]:
    """Return the plain base classes of a class and its slots.

    The list of plain classes is None if objects of the class have hidden state, beyond
    plain content, slots and attributes.
    """
    plain, slots = [], []
    for base in kind.__mro__[:-1]:
        if base in _PLAIN:
            plain.append(base)
        elif getattr(getattr(base, "__new__", None), "__self__", None) is base:
            # Objects of this class are created by C code.
            return None, []
        own = vars(base).get("__slots__", ())
        own = (own,) if isinstance(own, str) else own
        slots += [slot for slot in own if slot not in ("__dict__", "__weakref__")]
    return plain, slots


_states: weakref.WeakKeyDictionary[type, list[dict]] = weakref.WeakKeyDictionary()


def _class_state(kind):
    """Return a number for the current state of a class, new if its methods changed."""
    known = _states.setdefault(kind, [])
    for number, state in enumerate(known):
        if vars(kind) == state:
            return number
    known.append(dict(vars(kind)))
    return len(known) - 1
