"""Names of a package that are loaded from their rooms at first use."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["loaded_late"]


def loaded_late(
    package: str, room_of: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose names lie in these rooms."""

    def find(name):
        if name not in room_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{room_of[name]}"), name)

    def names():
        return sorted([*vars(sys.modules[package]), *room_of])

    return find, names
