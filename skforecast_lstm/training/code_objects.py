"""Global objects and attributes that the code of a function reads."""

import dis
import sys
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from skforecast_lstm.training.libraries import IMPURE_PARTS, NotRecognisedError

__all__ = ["attribute_names", "global_objects"]


def attribute_names(function: types.FunctionType) -> frozenset[str]:
    """Return the names of all attributes that a function reads of any object.

    Raise a `NotRecognisedError` if the code may read or change state that persists
    between calls.
    """
    return _reads(function.__code__)[1]


def global_objects(function: types.FunctionType) -> Iterator[Any]:
    """Yield the global objects that a function reads; of a module, those it reads there.

    Raise a `NotRecognisedError` as `attribute_names` does, or if the function uses a
    module as an object.
    """
    for first, *others in _reads(function.__code__)[0]:
        found = _global(function, first)
        for name in others:
            if not isinstance(found, types.ModuleType):
                # The value of this object covers the attributes after it.
                break
            found = getattr(found, name)
        if isinstance(found, types.ModuleType):
            raise NotRecognisedError(f"{function!r} uses a module as an object.")
        yield found


def _global(function, name):
    """Return the object that a global name refers to in a function."""
    if name in function.__globals__:
        return function.__globals__[name]
    builtin = vars(sys.modules["builtins"])
    if name not in builtin:
        raise NotRecognisedError(f"{function!r} reads {name}, which does not exist.")
    return builtin[name]


@lru_cache(256)
def _reads(code: types.CodeType) -> tuple[frozenset[tuple[str, ...]], frozenset[str]]:
    """Return the global names that code reads, with attributes, and all attribute names.

    Raise if the code may read or change state that persists between calls.
    """
    chains: set[tuple[str, ...]] = set()
    chain: tuple[str, ...] = ()
    names = set()
    for instruction in dis.get_instructions(code):
        kind, name = instruction.opname, instruction.argval
        if kind == "LOAD_GLOBAL":
            if chain:
                chains.add(chain)
            chain = (name,)
            continue
        if kind in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            names.add(name)
            if chain and kind != "LOAD_SUPER_ATTR":
                chain = (*chain, name)
                continue
            if name in IMPURE_PARTS or name in ("__dict__", "__globals__"):
                raise NotRecognisedError(f"{code.co_name} reads {name}.")
        elif kind in ("STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_NAME", "LOAD_NAME") or (
            kind in ("STORE_DEREF", "DELETE_DEREF") and name in code.co_freevars
        ):
            raise NotRecognisedError(f"{code.co_name} has {kind} {name}.")
        if kind not in ("CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL"):
            if chain:
                chains.add(chain)
            chain = ()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            more, others = _reads(constant)
            chains |= more
            names |= others
    return frozenset(chains), frozenset(names)
