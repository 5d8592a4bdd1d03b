"""Errors for tables as people read them from files, before sktime checks its formats."""

from datetime import date
from decimal import Decimal
from numbers import Number
from typing import Any

import pandas as pd

__all__ = ["check_table"]


def check_table(y: Any) -> None:
    """Refuse text and objects, and times that are no times, repeat or are unsorted.

    All that is no frame of plain columns is left to sktime.
    """
    if isinstance(y, pd.Series):
        y = y.to_frame()
    if not isinstance(y, pd.DataFrame) or y.empty:
        return
    for name, column in y.items():
        value = _first_object(column)
        if isinstance(value, Number | Decimal):
            raise TypeError(
                f"Column {name!r} of y has Python objects, such as {value!r}. Convert "
                f"them to numbers: y[{name!r}].astype(float)."
            )
        if isinstance(value, str):
            raise TypeError(
                f"Column {name!r} of y has text, such as {value!r}. It must have "
                "numbers, as y can't be categorical. If it has numbers in the file, "
                'name their marks, as in pd.read_csv(path, decimal=",", thousands="."). '
                "If it has the times or the names of the series, put it into the index, "
                "the time last. Otherwise leave it out."
            )
    _check_times(y.index.get_level_values(-1))
    if not any(kind.kind == "O" for kind in y.dtypes):
        _check_order(y.index)


def _check_times(times):
    """Refuse times that are text, objects, durations or missing."""
    value = _first_object(times)
    if isinstance(value, str):
        raise TypeError(
            f"The times in the index of y are text, such as {value!r}. Convert them: "
            "pd.read_csv has parse_dates=True, and dayfirst=True if the day comes first. "
            "If the index names the series too, the time is its last level."
        )
    if isinstance(value, date):
        raise TypeError(
            f"The times in the index of y are Python objects, such as {value!r}. Convert "
            "them by pd.to_datetime."
        )
    if isinstance(times, pd.TimedeltaIndex):
        raise TypeError(
            f"The times in the index of y are durations, such as {times[0]!r}. Add the "
            "time at which they begin."
        )
    if times.hasnans:
        raise ValueError(
            f"The index of y has no time in {times.isna().sum()} rows. Leave them out."
        )


def _first_object(values):
    """Return the first known value of texts or objects, None otherwise."""
    if not isinstance(values.dtype, pd.StringDtype) and values.dtype != object:
        return None
    return next(iter(values.dropna()), None)


def _check_order(index):
    """Refuse times that repeat in a series, or come after later ones."""
    repeated = index.duplicated()
    if repeated.any():
        first = index[repeated][0]
        first = ", ".join(map(str, first)) if isinstance(first, tuple) else first
        raise ValueError(
            f"{first} comes more than once in the index of y (rows that repeat: "
            f"{repeated.sum()}). If the rows belong to many series, put their names "
            'before the time, as in y.set_index(["shop", "day"]). Otherwise keep one row '
            "per time, as in y.groupby(level=0).mean()."
        )
    if index.is_monotonic_increasing:
        return
    times = index.get_level_values(-1).to_series()
    series = index.droplevel(-1) if index.nlevels > 1 else pd.Index([0] * len(index))
    if not times.groupby(series.to_numpy()).is_monotonic_increasing.all():
        raise ValueError("The index of y is unsorted. Use y.sort_index().")
