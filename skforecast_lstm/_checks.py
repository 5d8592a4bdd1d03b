"""Parameter checks that several modules share."""

from numbers import Integral

import numpy as np

__all__ = ["check_integer", "check_no_times"]


def check_integer(name, value, least):
    """Raise unless a parameter is an integer and at least its lower bound."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")


def check_no_times(name, values):
    """Raise if values are times, which NumPy would convert to numbers."""
    kinds = getattr(values, "dtypes", getattr(values, "dtype", None))
    kinds = list(kinds) if np.iterable(kinds) else [kinds]
    if kinds == [None]:
        kinds = [np.asarray(values, dtype=None).dtype] if _is_regular(values) else []
    if kinds == [object]:
        kinds = [_kind_in_objects(column) for column in _columns_of(values)]
    for place, kind in enumerate(kinds):
        is_time = str(kind).lower().startswith(("date", "time", "period"))
        if is_time or getattr(kind, "kind", None) in ("m", "M"):
            raise TypeError(
                f"{name} has times of type {kind} in column {place}, and needs numbers. "
                "Give the time that passed, such as (times - times[0]) / "
                "np.timedelta64(1, 'h'), or leave the column out."
            )


def _columns_of(values):
    values = np.asarray(values)
    return values.reshape(len(values), -1).T if values.size else []


def _kind_in_objects(column):
    """Return the pandas name of the type of Python objects, such as "date"."""
    from pandas.api.types import infer_dtype

    return infer_dtype(column, skipna=True)


def _is_regular(values):
    try:
        np.asarray(values)
    except (TypeError, ValueError):
        return False
    return isinstance(values, list | tuple)
