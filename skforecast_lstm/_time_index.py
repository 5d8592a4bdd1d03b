"""What a pandas index says of rows: their series, their order, and what follows them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Block", "blocks_of", "times_after"]


@dataclass(frozen=True)
class Block:
    """The rows of one series in the order of time; times where its index has an order."""

    series: Any = None
    rows: Any = ...
    times: Any = None


def times_after(last, freq, n_steps):
    """The next `n_steps` times after `last` at a frequency, with its multiple.

    A period goes on by its own frequency, whatever `freq` is. After a time that is not
    on the frequency, the first is the next time that is.
    """
    import pandas as pd

    if isinstance(last, pd.Period):
        return pd.period_range(last, periods=n_steps + 1)[1:]
    if isinstance(last, pd.Timedelta):
        return pd.timedelta_range(last, periods=n_steps + 1, freq=freq, unit=last.unit)[
            1:
        ]
    # In their own unit, since nanoseconds end in the year 2262.
    times = pd.date_range(last, periods=n_steps + 1, freq=freq, unit=last.unit)
    return times[times > last][:n_steps]


def blocks_of(index):
    """Split rows into series, as the index says; one series without an index."""
    if index is None:
        return [Block()]
    if index.nlevels == 1:
        rows = range(len(index))
        return [Block(None, ..., _order(index, rows, ""))]
    times, names = index.get_level_values(-1), index.droplevel(-1)
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


def _order(times, rows, where):
    """Times that are in order, None if they have no order."""
    positions = _positions(times, rows, where)
    if positions is None:
        return None
    in_order = positions[1:] > positions[:-1]
    if not in_order.all():
        first = int(np.argmin(in_order))
        twice = positions[first] == positions[first + 1]
        raise ValueError(
            f"The index of X is {'duplicated' if twice else 'unsorted'}{where}: row "
            f"{rows[first + 1]} ({times[first + 1]}) comes after row {rows[first]} "
            f"({times[first]}). Windows need rows in the order of time, one row a time: "
            "sort them with sort_index() and split without shuffling; if their order is "
            "right and the index means nothing, use reset_index(drop=True)."
        )
    return times


def _positions(times, rows, where):
    """Numbers in the order of the times, or None where these have no order."""
    import pandas as pd

    if isinstance(times, pd.DatetimeIndex | pd.TimedeltaIndex | pd.PeriodIndex):
        if times.hasnans:
            raise ValueError(
                f"The index of X has no time at row {rows[int(np.argmax(times.isna()))]} "
                f"(NaT){where}. Give it a time, or drop such rows."
            )
        return times.asi8
    if pd.api.types.is_integer_dtype(times.dtype):
        return times.to_numpy(dtype=np.int64)
    if pd.api.types.is_float_dtype(times.dtype):
        return times.to_numpy(dtype=np.float64)
    return None
