"""Choice of the rows to train on and the rows to hold out."""

import warnings
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._pieces import pieces
from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = [
    "Rows",
    "complete_rows",
    "hold_out",
    "is_too_large",
    "select_rows",
    "series_numbers",
    "true_positions",
    "warn_of_gaps",
]

Rows = range | NDArray[np.intp]


def complete_rows(windows: NDArray) -> NDArray[np.bool_]:
    """Return a mask of the windows without unknown steps.

    Raise if a value is too large for the device. Windows are read piece by piece, so
    that a view is never copied as a whole.
    """
    complete = np.empty(len(windows), dtype=bool)
    for piece in pieces(windows):
        values = windows[piece].reshape(len(complete[piece]), windows.shape[1], -1)
        complete[piece] = ~np.isnan(values).any(axis=(1, 2))
        too_large = np.argwhere(is_too_large(values))
        if len(too_large):
            row, step, feature = too_large[0]
            raise ValueError(
                f"X contains infinity or a value too large for {keras.config.floatx()}, "
                f"first at row {piece.start + row}, step {step}, feature {feature}. "
                "Replace it by NaN if the value is unknown, or scale X."
            )
    return complete


def is_too_large(values: NDArray) -> NDArray[np.bool_]:
    """Return a mask of the values that would be infinite on the device."""
    return np.abs(values) > np.finfo(keras.config.floatx()).max


def warn_of_gaps(
    windows: NDArray,
    complete: NDArray[np.bool_],
    known_targets: NDArray[np.bool_],
    series: NDArray | None,
) -> None:
    """Warn if gaps leave out most rows between the first and last usable row of a series.

    Rows before the first and after the last usable row do not count.
    """
    usable = complete & known_targets
    if 2 * np.count_nonzero(usable) >= len(usable):
        return
    series = _series_by_windows(windows) if series is None else series
    order = np.argsort(series, kind="stable")
    usable, complete = usable[order], complete[order]
    begins = np.flatnonzero(np.diff(series[order], prepend=-1))
    lengths = np.diff([*begins, len(usable)])
    n_before = usable.cumsum() - usable
    n_before -= n_before[begins].repeat(lengths)
    n_after = np.add.reduceat(usable, begins, dtype=np.int64).repeat(lengths) - n_before
    left_out = ~usable & (n_before > 0) & (n_after > 0)
    n_rows = np.count_nonzero(usable | left_out)
    if 2 * np.count_nonzero(left_out) > n_rows:
        n_gaps = np.count_nonzero(left_out & ~complete)
        warnings.warn(
            f"Training leaves out most of {n_rows} rows: {n_gaps} have gaps in their "
            f"window, and {np.count_nonzero(left_out) - n_gaps} others have an unknown "
            "target. Fill the gaps, for example with SimpleImputer, or use a shorter "
            "lookback.",
            UnknownStepsWarning,
            stacklevel=5,
        )


def hold_out(
    fraction: float,
    windows: NDArray,
    rows: Rows,
    series: NDArray | None,
    targets: NDArray,
) -> tuple[Rows, Rows]:
    """Return the places of the rows to train on, and of the rows held out.

    The end of each series is held out. The targets of the rows to train on share no
    step with the targets of held-out rows.
    """
    n_rows = len(rows)
    series = _series_by_windows(windows) if series is None else series
    # The place of each row in its series, counted series by series.
    order = np.argsort(series, kind="stable")
    lengths = np.bincount(series)
    ends = lengths.cumsum()
    step = np.empty(len(series), dtype=np.int64)
    step[order] = np.arange(len(series)) - (ends - lengths).repeat(lengths)
    series, step = select_rows(series, rows), select_rows(step, rows)
    n_known = np.bincount(series, minlength=len(lengths))
    # Hold out the same total as for one series, for any lengths of the series.
    bounds = np.round(np.append(0, n_known.cumsum()) * fraction).astype(int)
    n_held_out = np.diff(bounds)
    order = np.lexsort((step, series))
    from_end = np.empty(n_rows, dtype=np.int64)
    from_end[order] = n_known.cumsum().repeat(n_known) - np.arange(n_rows)
    held_out = from_end <= n_held_out[series]
    if not held_out.any():
        raise ValueError(
            f"validation_fraction={fraction} of {n_rows} rows leaves nothing "
            f"to validate on (n_samples = {n_rows}). Change it, or give more rows."
        )
    first = np.full(len(lengths), np.iinfo(np.int64).max)
    np.minimum.at(first, series[held_out], step[held_out])
    n_steps = _steps_ahead(targets, rows) if targets.ndim > 1 else 1
    to_train = ~held_out & (step <= first[series] - n_steps)
    if not to_train.any():
        shared = (
            ""
            if n_steps == 1
            else (
                f": targets cover {n_steps} rows, and the rows before the "
                f"{np.count_nonzero(held_out)} held-out rows share target rows with them"
            )
        )
        raise ValueError(
            f"validation_fraction={fraction} of {n_rows} rows leaves nothing "
            f"to train on{shared}. Change it, or give more rows."
        )
    return true_positions(to_train), true_positions(held_out)


def true_positions(chosen: NDArray[np.bool_]) -> Rows:
    """Return the places where a mask is true, as a range if there is no gap.

    A range takes no memory.
    """
    first, n_chosen = int(chosen.argmax()), int(np.count_nonzero(chosen))
    if chosen[first : first + n_chosen].all():
        return range(first, first + n_chosen)
    return np.flatnonzero(chosen)


def select_rows(values: NDArray, rows: Rows) -> NDArray:
    """Return the entries at the given rows, as a view if the rows are a range."""
    if isinstance(rows, range):
        return values[rows.start : rows.stop]
    return np.asarray(values)[rows]


def series_numbers(X: Any, y: Any) -> NDArray | None:
    """Return the number of the series of each row, None without a MultiIndex."""
    for table in (y, X):
        index = table.index if hasattr(table, "iloc") else None
        if index is not None and index.nlevels > 1:
            return index.droplevel(-1).factorize()[0]
    return None


def _series_by_windows(windows):
    """Return a number for the series of each row, found from the windows.

    A series begins at a window with no known step except perhaps the newest, if the
    newest step of the window before is known. In one series, that step would be an older
    step of this window. A gap that is longer than a window looks the same.
    """
    begins = np.zeros(len(windows), dtype=np.int64)
    newest_known = False
    for piece in pieces(windows) if windows.shape[1] > 1 else ():
        unknown = np.isnan(windows[piece])
        if unknown.ndim > 2:
            unknown = unknown.all(axis=2)
        known_before = np.append(newest_known, ~unknown[:-1, -1])
        begins[piece] = unknown[:, :-1].all(axis=1) & known_before
        newest_known = not unknown[-1, -1]
    return begins.cumsum()


def _steps_ahead(targets, rows):
    """Return the number of rows that the targets of a row cover, including the row.

    If the targets of a row are those of the row before, shifted by some columns, these
    columns are one step. Otherwise assume that every column is one step.
    """
    n_outputs = targets.shape[1]
    rows, n_compared = np.asarray(rows)[-1000:], min(len(rows), 1000)
    neighbours = np.flatnonzero(np.diff(rows) == 1) + len(targets) - n_compared
    for n_columns in range(1, n_outputs if len(neighbours) else 1):
        if n_outputs % n_columns:
            continue
        before = targets[neighbours, n_columns:]
        after = targets[neighbours + 1, :-n_columns]
        same = (before == after) | (np.isnan(before) & np.isnan(after))
        if same.all(axis=1).mean() > 0.5:
            return n_outputs // n_columns
    return n_outputs
