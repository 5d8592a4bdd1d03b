"""Series and times of rows, read from a pandas index."""

from dataclasses import replace

import numpy as np

from skforecast_lstm._series import ManySeries

__all__ = ["NANOSECONDS", "elapsed", "even_distance", "many_series", "positions"]

# Nanoseconds in the units of pandas.
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# Number of times that fit a cache of the processor.
_PIECE = 2**15


def many_series(values, index):
    """Group rows into series by their index. Without an index, there is one series.

    Return also the row of `values` for each row of the series, None if they are the same.
    """
    order, offsets = None, np.array([0, len(values)])
    if index is None:
        return ManySeries(values, offsets), order
    times = _as_times(index.get_level_values(-1))
    names = [None]
    if index.nlevels > 1:
        numbers, names = _numbers_and_names(index)
        offsets = np.append(0, np.bincount(numbers).cumsum())
        if (numbers[1:] < numbers[:-1]).any():
            order = np.argsort(numbers, kind="stable")
            values, times = values[order], times[order]
    series = ManySeries(values, offsets, names, times)
    return (series if _is_in_order(series, order) else replace(series, times=None)), order


def _numbers_and_names(index):
    """Return the number of the series of each row, and the names of the series."""
    import pandas as pd

    numbers = np.zeros(len(index), dtype=np.int64)
    missing = np.zeros(len(index), dtype=bool)
    for codes, level in zip(index.codes[:-1], index.levels[:-1], strict=True):
        missing |= codes < 0
        # Count again after each level, so that the numbers never overflow.
        numbers = pd.factorize(numbers * (len(level) + 1) + codes)[0]
    if missing.any():
        raise ValueError(
            f"The index of X does not name the series of row {np.argmax(missing)}. Give "
            "it a name, or drop such rows."
        )
    first = np.unique(numbers, return_index=True)[1]
    return numbers, list(index[first].droplevel(-1))


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
        return _as_one_zone(index)
    if kind in ("integer", "period", "timedelta", "timedelta64"):
        return pd.Index(index.tolist())
    if kind in ("floating", "mixed-integer-float", "decimal"):
        return index.astype(float)
    return index


def _as_one_zone(index):
    """Convert time objects to one index. Times in different zones become UTC."""
    import pandas as pd

    has_zone = {getattr(moment, "tzinfo", None) is not None for moment in index.dropna()}
    if len(has_zone) > 1:
        raise ValueError(
            "Some times in the index of X have a time zone and others have none, so they "
            "can't be ordered. Give all times a time zone, or none."
        )
    try:
        return pd.to_datetime(index)
    except ValueError:
        return pd.to_datetime(index, utc=True)


def _is_in_order(series, order):
    """Return whether the times have an order. Raise if they are not sorted."""
    times, starts = series.times, series.offsets[1:-1]

    def describe(row):
        name = series.names[int(np.searchsorted(starts, row, side="right"))]
        where = "" if name is None else f" in series {name!r}"
        return f"{row if order is None else order[row]} ({times[row]})", where

    numbers = _checked_positions(times, describe)
    if numbers is None:
        return False
    in_order = numbers[1:] > numbers[:-1]
    in_order[starts - 1] = True
    if not in_order.all():
        first = int(np.argmin(in_order))
        twice = numbers[first] == numbers[first + 1]
        (before, where), (after, _) = describe(first), describe(first + 1)
        advice = (
            "If the rows belong to many series, put their names before the time, as in "
            'X.set_index(["shop", "day"]). Otherwise keep one row per time, as in '
            "X.groupby(level=0).mean()."
            if twice
            else "Sort the rows with sort_index(), and split without shuffling."
        )
        raise ValueError(
            f"The index of X is {'duplicated' if twice else 'unsorted'}{where}: row "
            f"{after} comes after row {before}. Windows need one row per time, in time "
            f"order. {advice} If the order is right and the index has no meaning, use "
            "reset_index(drop=True)."
        )
    return True


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


def even_distance(times):
    """Return the distance between neighbours if it is the same everywhere, else None.

    It has the units of `elapsed`, and is read piece by piece in little memory. For
    floats it is None.
    """
    numbers = positions(times)
    if len(numbers) < 2 or numbers.dtype.kind == "f":
        return None
    first, n_steps = int(numbers[1]) - int(numbers[0]), len(numbers) - 1
    if int(numbers[-1]) - int(numbers[0]) != first * n_steps:
        return None
    for start in range(0, n_steps, _PIECE):
        piece = numbers[start : start + _PIECE + 1]
        if (piece[1:] - piece[:-1] != first).any():
            return None
    return first * NANOSECONDS.get(getattr(times, "unit", None), 1)


def _checked_positions(times, describe):
    """Return numbers in the order of the times, or None if these have no order."""
    import pandas as pd

    is_time = isinstance(times, pd.DatetimeIndex | pd.TimedeltaIndex | pd.PeriodIndex)
    is_number = pd.api.types.is_any_real_numeric_dtype(times.dtype)
    missing = times.isna()
    if times.dtype.kind == "f":
        missing |= np.isinf(times.to_numpy(dtype=np.float64, na_value=np.nan))
    if (is_time or is_number) and missing.any():
        row, where = describe(int(np.argmax(missing)))
        raise ValueError(
            f"The index of X has no time at row {row}{where}. Give it a time, or drop "
            "such rows."
        )
    return positions(times) if is_time or is_number else None
