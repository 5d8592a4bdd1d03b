"""Rows whose window is mostly unknown, and warnings of them."""

import warnings
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skforecast_lstm._history import KnownSteps
from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = [
    "is_mostly_before",
    "warn_of_missing_history",
    "warn_of_windows_in_gaps",
    "window_view",
]


def window_view(values: NDArray, lags: NDArray, n_rows: int) -> NDArray:
    """Return the windows of the last `n_rows` rows of `values`, oldest step first.

    `values` has ``lags[0]`` rows of the past before the first of these rows. Equally
    spaced lags give a read-only view. Other lags give a copy.
    """
    distances = np.diff(-lags)
    step = int(distances[0]) if len(distances) else 1
    if (distances == step).all():
        span = int(lags[0] - lags[-1]) + 1
        views = sliding_window_view(values, span, axis=0)
        return views[:n_rows, :, ::step].swapaxes(1, 2)
    return values[np.arange(n_rows)[:, None] + (lags[0] - lags)]


def is_mostly_before(n_known: Any, lags: NDArray) -> Any:
    """Return whether most steps of windows come before the first known row.

    `n_known` are the known rows before the row of each window.
    """
    return n_known < lags[len(lags) // 2]


def warn_of_missing_history(known: KnownSteps, lags: NDArray, order: Any) -> None:
    """Warn of rows that have no past, unless their series begins as in `fit`."""
    lacking = (known.unknown > 0) & ~known.begins_as_in_fit
    if not lacking.any():
        return
    offsets, places = known.series.offsets, known.row_places(int(lags[0]))
    number = np.searchsorted(offsets, places, side="right") - 1
    n_known = places - (offsets[:-1] + known.unknown)[number]
    (rows,) = np.nonzero(is_mostly_before(n_known, lags) & lacking[number])
    if not len(rows):
        return
    first = min(rows if order is None else order[rows])
    warnings.warn(
        f"{len(rows)} of {len(places)} rows have a window that is wholly or mostly "
        f"unknown, the first at row {first}. X does not have the rows before, and does "
        "not directly follow the rows of fit by its index. Predictions for such rows "
        f"hardly depend on the past. Give the {lags[0]} rows before them too. In folds, "
        'use a data frame and set_output(transform="pandas"), so that the rows of fit '
        "are put before those that directly follow.",
        UnknownStepsWarning,
        stacklevel=4,  # The caller of transform, through its wrapper.
    )


def warn_of_windows_in_gaps(known: KnownSteps, lags: NDArray, order: Any) -> None:
    """Warn of windows without a known step, after the first known row of a series."""
    rows = _rows_without_values(known, lags)
    if not len(rows):
        return
    first = min(rows if order is None else order[rows])
    warnings.warn(
        f"{len(rows)} windows have no known step, the first at row {first}: all "
        "their steps are missing in the index or NaN. Forecasts from them do not depend "
        "on the past. Leave out such rows, or use longer windows.",
        UnknownStepsWarning,
        stacklevel=4,  # The caller of transform, through its wrapper.
    )


def _rows_without_values(known, lags):
    """Return the rows whose window is all unknown after the first known row."""
    reach = int(lags[0])
    is_known = ~np.isnan(known.series.values).all(axis=1)
    places = known.row_places(reach)
    newest = places - int(lags[-1])
    (rows,) = np.nonzero(~is_known[newest])
    if not len(rows):
        return rows
    number = np.searchsorted(known.series.offsets, newest[rows], side="right") - 1
    known_rows = np.append(np.flatnonzero(is_known), len(is_known))
    began = known_rows[np.searchsorted(known_rows, known.series.offsets[:-1])]
    rows = rows[newest[rows] >= began[number]]
    windows = window_view(is_known[:, None], lags, len(is_known) - reach)
    return rows[~windows[places[rows] - reach].any(axis=(1, 2))]
