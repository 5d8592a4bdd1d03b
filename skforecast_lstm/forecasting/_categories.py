"""Categorical columns of X as numbers: text, objects and pandas categories."""

import warnings
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skforecast_lstm.exceptions import UnknownCategoryWarning

__all__ = ["are_categorical", "categories_in_frame", "to_numbers"]


def are_categorical(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return a mask of the columns with text, objects or pandas categories."""
    kinds = (pd.CategoricalDtype, pd.StringDtype)
    return np.array(
        [isinstance(kind, kinds) or kind.kind == "O" for kind in frame.dtypes], dtype=bool
    )


def categories_in_frame(frame: pd.DataFrame | None) -> dict:
    """Return the categories of each categorical column, in the order of their text."""
    if frame is None:
        return {}
    _check_numbers(frame)
    found = {}
    for name in frame.columns[are_categorical(frame)]:
        values = frame[name].dropna().unique().tolist()
        if not values:
            raise ValueError(
                f"Column {name!r} of X has no known category. Leave it out, or give "
                "numbers."
            )
        found[name] = sorted(values, key=str)
    return found


def _check_numbers(frame):
    """Refuse numbers that are objects, and dates: they are no categories or numbers."""
    for name, column in frame.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
            raise TypeError(
                f"Column {name!r} of X has dates. Give numbers, such as the days since a "
                "date, or leave it out."
            )
        if column.dtype != object:
            continue
        value = next(iter(column.dropna()), None)
        if isinstance(value, float | Decimal):
            raise TypeError(
                f"Column {name!r} of X has Python objects, such as {value!r}. Convert it "
                f'by X[{name!r}].astype(float), or by astype("category") if each number '
                "is the name of a category."
            )


def to_numbers(frame: pd.DataFrame, names: list, categories: Mapping) -> NDArray:
    """Return columns as floats: the number of each category, -1 for unknown ones.

    Missing values are NaN.
    """
    values = np.empty((len(frame), len(names)))
    for place, name in enumerate(names):
        column = frame[name]
        if name not in categories:
            values[:, place] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            continue
        numbers = pd.Index(categories[name], dtype=object).get_indexer(
            column.astype(object)
        )
        is_missing = column.isna().to_numpy()
        unknown = column[(numbers < 0) & ~is_missing]
        if len(unknown):
            warnings.warn(
                f"{len(unknown)} rows of X have categories in column {name!r} that were "
                f"not there in fit: {unknown.unique().tolist()[:5]}. They count as an "
                "average of all categories.",
                UnknownCategoryWarning,
                stacklevel=2,
            )
        values[:, place] = np.where(is_missing, np.nan, numbers)
    return values
