"""Descriptions of parameters that several docstrings share."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["share_parameters"]

_Class = TypeVar("_Class", bound=type)


def share_parameters(*sources: Any) -> Callable[[_Class], _Class]:
    """Return a decorator that completes the parameters in the docstring of a class.

    The class describes only some parameters of its constructor. The descriptions of the
    others are those of the sources. The order is that of the constructor.

    Parameters
    ----------
    *sources : class or function
        Classes or functions whose docstrings describe parameters. The first description
        of a parameter counts.

    Returns
    -------
    complete : callable
        Decorator.
    """

    def complete(cls):
        # Python drops docstrings if it runs with -OO.
        if cls.__doc__:
            before, own, after = _split(cls)
            entries = {}
            for described in reversed(sources):
                entries |= _split(described)[1]
            entries |= own
            names = inspect.signature(cls).parameters
            cls.__doc__ = before + "\n".join(map(entries.get, names)) + after
        return cls

    return complete


def _split(described):
    """Return the text before the parameters, the descriptions by name, and the rest."""
    before, heading, text = inspect.cleandoc(described.__doc__).partition(
        "Parameters\n----------\n"
    )
    end = re.search(r"\n\n\w[\w ]*\n-+\n", text + "\n\nEnd\n---\n").start()
    entries = re.split(r"\n(?=\S)", text[:end])
    by_name = {entry.split(" : ")[0].lstrip("*"): entry for entry in entries}
    return before + heading, by_name, text[end:]
