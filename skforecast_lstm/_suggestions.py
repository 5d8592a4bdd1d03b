"""Suggestions of similar names for error messages."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = ["did_you_mean", "most_similar"]


def most_similar(name: Any, names: Iterable) -> Any:
    """Return the name with the most similar letters and digits, None if none is near."""

    def plain(name):
        return "".join(filter(str.isalnum, str(name).lower()))

    by_plain = {plain(known): known for known in reversed(list(names))}
    by_plain.pop("", None)
    near = get_close_matches(plain(name), by_plain, n=1)
    return by_plain[near[0]] if near else None


def did_you_mean(name: Any, names: Iterable) -> str:
    """Return a question that suggests a similar name, or an empty string."""
    near = most_similar(name, names)
    return "" if near is None else f" Did you mean {near!r}?"
