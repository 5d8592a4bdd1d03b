"""Checks of parameters and values that several modules share."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np

__all__ = [
    "check_integer",
    "check_no_infinity",
    "check_no_mask",
    "check_no_times",
    "check_seasons",
]


def check_integer(name, value, least):
    """Raise unless a parameter is an integer and at least its lower bound."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")


def check_seasons(season_length):
    """Return two numbers of rows, the shorter season first, and 1 for none.

    Raise unless `season_length` is a number of rows, or two different ones.
    """
    several = isinstance(season_length, Sequence) and not isinstance(season_length, str)
    seasons = list(season_length) if several else [season_length]
    for season in seasons:
        check_integer("season_length", season, 1)
    if not 1 <= len(set(seasons)) == len(seasons) <= 2:
        raise ValueError(
            "season_length must be a number of rows, or two different ones, such as "
            f"(24, 168) for the day and the week of hours. Got {season_length!r}."
        )
    # A single season comes first.
    first, second = sorted([*seasons, 1], key=lambda one: (one == 1, one))[:2]
    return first, second


def check_no_infinity(name, values, place_as_text):
    """Raise if a value is infinite. NaN is allowed and means unknown.

    `place_as_text` is a function that returns the words for the indices of a value.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    # Look at a block at a time, because the mask of all values takes memory.
    for start in range(0, len(values), 2**16):
        infinite = np.argwhere(np.isinf(values[start : start + 2**16]))
        if len(infinite):
            row, *others = infinite[0].tolist()
            place = place_as_text(start + row, *others)
            raise ValueError(
                f"{name} contains infinity, first at {place}. Replace it by NaN if the "
                "value is unknown."
            )


def check_no_mask(name, values):
    """Raise if values of a masked array are masked, because NumPy would unmask them."""
    if np.ma.is_masked(values):
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost. Give an array with NaN "
            f"for unknown values, such as {name}.astype(float).filled(np.nan)."
        )


def check_no_times(name, values):
    """Raise if values are times, which NumPy would convert to numbers."""
    kinds = getattr(values, "dtypes", getattr(values, "dtype", None))
    kinds = list(kinds) if np.iterable(kinds) else [kinds]
    if kinds == [None]:
        kinds = [np.asarray(values, dtype=None).dtype] if _is_regular(values) else []
    if kinds == [object]:
        kinds = [_object_type(column) for column in _value_columns(values)]
    for place, kind in enumerate(kinds):
        is_time = str(kind).lower().startswith(("date", "time", "period"))
        if is_time or getattr(kind, "kind", None) in ("m", "M"):
            raise TypeError(
                f"{name} has times of type {kind} in column {place}, but must contain "
                "numbers. Give the elapsed time instead, such as (times - times[0]) / "
                "np.timedelta64(1, 'h'), or drop the column."
            )


def _value_columns(values):
    values = np.asarray(values)
    return values.reshape(len(values), -1).T if values.size else []


def _object_type(column):
    """Return the pandas name of the type of Python objects, such as "date"."""
    from pandas.api.types import infer_dtype

    return infer_dtype(column, skipna=True)


def _is_regular(values):
    try:
        np.asarray(values)
    except (TypeError, ValueError):
        return False
    return isinstance(values, list | tuple)
