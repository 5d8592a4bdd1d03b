"""Checks of parameters that more than one room makes."""

from numbers import Integral

__all__ = ["check_integer"]


def check_integer(name, value, least):
    """Raise unless a parameter is an integer, and not under its bound."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")
