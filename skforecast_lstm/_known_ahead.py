"""Columns that are known ahead: their values at the steps of the target."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._history import KnownSteps
from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = [
    "append_shifted",
    "check_target_is_not_known",
    "column_places",
    "n_unknown_ahead",
    "values_ahead",
    "warn_of_unknown_ahead",
]


def column_places(known: Sequence | None, n_columns: int, names: Any) -> list[int]:
    """Return the positions of the columns that are known ahead."""
    given = [known] if isinstance(known, str) else list(() if known is None else known)
    names = None if names is None else list(names)
    places = []
    for one in given:
        if isinstance(one, str):
            if names is None or one not in names:
                raise ValueError(
                    f"known names the column {one!r}, but the columns of X at the "
                    f"LookbackWindower are {names or 'without names'}."
                )
            places.append(names.index(one))
        elif isinstance(one, int | np.integer) and 0 <= one < n_columns:
            places.append(int(one))
        else:
            raise ValueError(
                f"known must name columns of X, or number them from 0 to {n_columns - 1}"
                f", got {one!r}."
            )
    if len(set(places)) < len(places):
        raise ValueError(f"known names a column twice: {given}.")
    return places


def check_target_is_not_known(values: NDArray, places: list[int], y: Any) -> None:
    """Raise if a column that is known ahead is the target."""
    if y is None or not places:
        return
    target = np.asarray(y)
    if target.dtype.kind not in "fiu" or not len(target) == len(values) > 1:
        return
    target = target.reshape(len(target), -1)[:, 0]
    for place in places:
        column = values[:, place]
        both = ~np.isnan(column) & ~np.isnan(target.astype(float))
        if both.any() and np.ptp(target[both]) and (column == target)[both].all():
            raise ValueError(
                f"Column {place} of X is the target, but known names it too, so that "
                "windows would contain the answer. Leave it out of known."
            )


def append_shifted(series: ManySeries, places: list[int], n_steps: int) -> NDArray:
    """Return all values, and after them the known columns `n_steps` steps later.

    Steps after the end of a series are NaN.
    """
    values, n_columns = series.values, series.values.shape[1]
    wide = np.full(
        (len(values), n_columns + len(places)), np.nan, dtype=series.values.dtype
    )
    wide[:, :n_columns] = values
    wide[:-n_steps, n_columns:] = values[n_steps:, places]
    n_last = np.minimum(series.lengths, n_steps)
    wide[ranges(series.offsets[1:] - n_last, n_last), n_columns:] = np.nan
    return wide


def values_ahead(
    known: KnownSteps, places: list[int], reach: int, lags: NDArray
) -> NDArray:
    """Return the known columns of each row at lags, some of which may be negative.

    The shape is (n_rows, n_lags * n_known). Steps after the end of a series are NaN.
    """
    rows, ends = _rows_and_ends(known, reach)
    wanted = rows[:, None] - lags
    values = known.series.values[np.minimum(wanted, len(known.series.values) - 1)]
    values = values[:, :, places]
    values[wanted >= ends[:, None]] = np.nan
    return values.reshape(len(rows), -1)


def n_unknown_ahead(
    known: KnownSteps, places: list[int], reach: int, n_steps: int
) -> NDArray:
    """Return how many of the target's steps of each row lack a known column."""
    rows, ends = _rows_and_ends(known, reach)
    unknown = np.isnan(known.series.values[:, places]).any(axis=1)
    before = np.append(0, unknown.cumsum())
    stops = np.minimum(rows + n_steps, ends)
    return before[stops] - before[rows] + rows + n_steps - stops


def warn_of_unknown_ahead(n_unknown: NDArray, n_steps: int, order: Any) -> None:
    """Warn of rows for which columns that are known ahead are unknown."""
    (rows,) = np.nonzero(n_unknown)
    if not len(rows):
        return
    first = min(rows if order is None else order[rows])
    warnings.warn(
        f"The columns that are known ahead are unknown at some of the {n_steps} steps of "
        f"the target, for {len(rows)} of {len(n_unknown)} rows, the first at row {first}."
        " Give X with their values up to the last step, or use forecast(..., known=...).",
        UnknownStepsWarning,
        stacklevel=4,  # The caller of transform, through its wrapper.
    )


def _rows_and_ends(known, reach):
    """Return the place of each row, and the place after the end of its series."""
    rows, offsets = known.row_places(reach), known.series.offsets
    return rows, offsets[np.searchsorted(offsets, rows, side="right")]
