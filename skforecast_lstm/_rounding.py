"""Differences that are only rounding errors."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["mean_change", "rounding_limit"]


def rounding_limit(level: ArrayLike, dtype: Any, n_values: ArrayLike = 1) -> Any:
    """Return how much equal values may differ from their mean because of rounding.

    Parameters
    ----------
    level : array-like of float
        Size of the values.
    dtype : dtype
        Precision of the values.
    n_values : array-like of int, default=1
        Number of values that were added in double precision for their mean.

    Returns
    -------
    rounding_limit : ndarray of float64
        Limit for a spread. A spread up to this limit may be only rounding.
    """
    double = np.finfo(np.float64).eps
    single = np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else double
    return (4 * single + np.asarray(n_values) * double) * np.abs(level)


def mean_change(values: NDArray, n_rows: int) -> NDArray[np.float64]:
    """Return the mean absolute change of each column over a number of rows.

    Parameters
    ----------
    values : ndarray of shape (n_times,) or (n_times, n_columns)
        Rows in time order. Unknown values (NaN) are left out.
    n_rows : int
        Number of rows from the first to the second value of each change.

    Returns
    -------
    change : ndarray of shape () or (n_columns,)
        Mean absolute change. It is 0 if no change is known, or if the change is only
        rounding: of the values, or of a function that they may come from, such as a
        sine.
    """
    dtype, values = values.dtype, values.astype(np.float64)
    known = ~np.isnan(values)
    largest = np.abs(np.where(known, values, 0.0)).max(axis=0, initial=0.0)
    lowest = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    changes = np.abs(values[n_rows:] - values[:-n_rows])
    n_known = np.maximum(np.count_nonzero(~np.isnan(changes), axis=0), 1)
    change = np.nansum(changes, axis=0) / n_known
    least = np.maximum(rounding_limit(largest, dtype), 1e-10 * (highest - lowest))
    return np.where(change > least, change, 0.0)
