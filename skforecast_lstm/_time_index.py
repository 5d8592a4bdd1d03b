"""Series and times of rows, read from a pandas index."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["NANOSECONDS", "Block", "blocks_of", "elapsed", "positions"]

# Nanoseconds in the units of pandas.
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@dataclass(frozen=True)
class Block:
    """Rows of one series in time order. `times` is None if the index has no order."""

    series: Any = None
    rows: Any = ...
    times: Any = None


def blocks_of(index):
    """Split rows into series by their index. Without an index, there is one series."""
    if index is None:
        return [Block()]
    times = _as_times(index.get_level_values(-1))
    if index.nlevels == 1:
        return [Block(None, ..., _order(times, range(len(index)), ""))]
    names = index.droplevel(-1)
    if np.any(missing := names.to_frame().isna().any(axis=1)):
        raise ValueError(
            f"The index of X does not name the series of row {np.argmax(missing)}. Give "
            "it a name, or drop such rows."
        )
    codes, names = names.factorize()
    ends = np.cumsum(np.bincount(codes))[:-1]
    rows_of_all = np.split(np.argsort(codes, kind="stable"), ends)
    return [
        Block(name, rows, _order(times[rows], rows, f" in series {name!r}"))
        for name, rows in zip(names, rows_of_all, strict=True)
    ]


def _as_times(index):
    """Convert times and numbers to the pandas types for them, from any container."""
    import pandas as pd

    if isinstance(index.dtype, pd.CategoricalDtype):
        is_full = not index.hasnans
        index = index.astype(index.categories.dtype if is_full else object)
    if isinstance(index.dtype, pd.ArrowDtype) and index.dtype.kind not in "biuf":
        index = pd.Index(index.to_numpy())
    if index.dtype != object:
        return index
    kind = pd.api.types.infer_dtype(index, skipna=True)
    if kind in ("datetime", "datetime64", "date"):
        return _as_moments(index)
    if kind in ("integer", "period", "timedelta", "timedelta64"):
        return pd.Index(index.tolist())
    if kind in ("floating", "mixed-integer-float", "decimal"):
        return index.astype(float)
    return index


def _as_moments(index):
    """Convert time objects to one index. Times in different zones become UTC."""
    import pandas as pd

    has_zone = {getattr(moment, "tzinfo", None) is not None for moment in index.dropna()}
    if len(has_zone) > 1:
        raise ValueError(
            "Some times in the index of X have a time zone and others have none, so they "
            "have no order. Give all of them one, or none."
        )
    try:
        return pd.to_datetime(index)
    except ValueError:
        return pd.to_datetime(index, utc=True)


def _order(times, rows, where):
    """Return the times, None if they have no order. Raise if they are not sorted."""
    numbers = _checked_positions(times, rows, where)
    if numbers is None:
        return None
    in_order = numbers[1:] > numbers[:-1]
    if not in_order.all():
        first = int(np.argmin(in_order))
        twice = numbers[first] == numbers[first + 1]
        raise ValueError(
            f"The index of X is {'duplicated' if twice else 'unsorted'}{where}: row "
            f"{rows[first + 1]} ({times[first + 1]}) comes after row {rows[first]} "
            f"({times[first]}). Windows need rows in the order of time, one row per "
            "time: sort them with sort_index() and split without shuffling; if their "
            "order is right and the index means nothing, use reset_index(drop=True)."
        )
    return times


def positions(times):
    """Return the numbers by which pandas stores times, or the numbers themselves."""
    stored = getattr(times, "asi8", None)
    if stored is not None:
        return stored
    return times.to_numpy(dtype=np.float64 if times.dtype.kind == "f" else np.int64)


def elapsed(times):
    """Return the nanoseconds, periods or numbers from each time to the next."""
    distances = np.diff(positions(times)).astype(np.float64)
    return distances * NANOSECONDS.get(getattr(times, "unit", None), 1)


def _checked_positions(times, rows, where):
    """Return numbers in the order of the times, or None if these have no order."""
    import pandas as pd

    is_time = isinstance(times, pd.DatetimeIndex | pd.TimedeltaIndex | pd.PeriodIndex)
    is_number = pd.api.types.is_any_real_numeric_dtype(times.dtype)
    missing = times.isna()
    if times.dtype.kind == "f":
        missing |= np.isinf(times.to_numpy(dtype=np.float64, na_value=np.nan))
    if (is_time or is_number) and missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"The index of X has no time at row {rows[row]} ({times[row]}){where}. Give "
            "it a time, or drop such rows."
        )
    return positions(times) if is_time or is_number else None
