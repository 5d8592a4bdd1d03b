"""Objects of known libraries, which a key names instead of looking into them."""

import sys
import types
from typing import Any

import numpy as np

__all__ = [
    "IMPURE_PARTS",
    "LIBRARIES",
    "NotRecognisedError",
    "is_of_library",
    "is_pure",
    "root_package",
]

# Libraries whose classes and functions are identified by name and do not change.
LIBRARIES = frozenset(
    [
        "abc",
        "builtins",
        "collections",
        "enum",
        "functools",
        "inspect",
        "itertools",
        "jax",
        "jaxlib",
        "keras",
        "math",
        "numpy",
        "operator",
        "skforecast_lstm",
        "typing",
    ]
)
# Parts of these libraries with results that depend on more than the arguments.
IMPURE_PARTS = frozenset(
    [
        "callback",
        "data_utils",
        "datasets",
        "debugging",
        "file_utils",
        "global_state",
        "io",
        "random",
        "saving",
        "seed_generator",
    ]
)
_IMPURE_NAMES = frozenset(
    [
        "fromfile",
        "fromregex",
        "genfromtxt",
        "get_printoptions",
        "getbufsize",
        "geterr",
        "geterrcall",
        "io_callback",
        "load",
        "loadtxt",
        "memmap",
        "open_memmap",
        "pure_callback",
        "set_random_seed",
    ]
)
_PURE_BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "callable",
        "chr",
        "divmod",
        "format",
        "isinstance",
        "issubclass",
        "len",
        "max",
        "min",
        "next",
        "iter",
        "ord",
        "pow",
        "print",
        "repr",
        "round",
        "sorted",
        "sum",
    ]
)


class NotRecognisedError(TypeError):
    """Raised if a part of a model can't be compared by value."""


def root_package(value: Any) -> str | None:
    """Return the name of the package that a module, class or function is from."""
    name = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
    return name.partition(".")[0] if isinstance(name, str) else None


def is_of_library(value: Any) -> bool:
    """Return True if a library module contains this function under its name."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not (callable(value) and isinstance(module, str) and isinstance(name, str)):
        return False
    if module.partition(".")[0] not in LIBRARIES or "<" in name:
        return False
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not value:
        return False
    if not is_pure(value):
        raise NotRecognisedError(f"{value!r} depends on more than its arguments.")
    return True


def is_pure(value: Any) -> bool:
    """Return True if the result of a library function depends only on its arguments."""
    module, name = value.__module__, getattr(value, "__name__", "")
    if isinstance(value, type):
        # Objects of a class are compared by their attributes.
        return not issubclass(value, np.random.Generator | np.random.RandomState)
    if module == "builtins":
        return name in _PURE_BUILTINS
    return not (IMPURE_PARTS.intersection(module.split(".")) or name in _IMPURE_NAMES)
