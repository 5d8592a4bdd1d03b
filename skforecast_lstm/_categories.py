"""Categorical columns of windows: the categories in fit, and unknown ones later."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._pieces import pieces
from skforecast_lstm._rows import Rows
from skforecast_lstm.exceptions import UnknownCategoryWarning
from skforecast_lstm.training.views import series_under

__all__ = ["find_categories", "warn_of_unknown_categories"]

# Larger integers are not exact in float32.
LARGEST = 2**24


def find_categories(
    windows: NDArray, rows: Rows, columns: Sequence[int]
) -> list[NDArray[np.int64]]:
    """Return the categories of each categorical column, in ascending order.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_steps, n_features)
        Windows, usually a view of a series, which is read once.
    rows : range or ndarray of int
        Rows to train on.
    columns : sequence of int
        Categorical columns.
    """
    series, stride, steps = series_under(windows)
    reach = 1 if steps is None else int(steps[-1]) + 1
    # Rows of the series under the windows to train on.
    starts = np.asarray(rows) * stride
    n_begun = np.bincount(starts, minlength=len(series) + 1)
    n_ended = np.bincount(starts + reach, minlength=len(series) + 1)
    used = (n_begun - n_ended).cumsum()[:-1] > 0
    found = []
    for column in columns:
        values = np.unique(series.reshape(len(series), -1)[used, column])
        values = values[~np.isnan(values)]
        wrong = values[(values != np.round(values)) | (np.abs(values) > LARGEST)]
        if len(wrong):
            raise ValueError(
                f"Column {column} of X is one of the categorical_features, but has the "
                f"value {wrong[0]}. Categories must be integers up to {LARGEST}. Encode "
                "them, for example with OrdinalEncoder(handle_unknown="
                '"use_encoded_value", unknown_value=-1).'
            )
        # Negative numbers are unknown categories.
        values = values[values >= 0].astype(np.int64)
        if not len(values):
            raise ValueError(
                f"Column {column} of X is one of the categorical_features, but has no "
                "known category, which is 0 or more. Leave it out."
            )
        found.append(values)
    return found


def warn_of_unknown_categories(
    windows: NDArray,
    columns: Sequence[int],
    categories: Sequence[NDArray],
    stacklevel: int,
) -> None:
    """Warn of windows with a category that was not there in fit.

    Steps without any known value do not count.
    """
    others = [one for one in range(windows.shape[2]) if one not in columns]
    for column, known in zip(columns, categories, strict=True):
        n_rows, examples = 0, set[float]()
        for piece in pieces(windows):
            values = windows[piece][:, :, column]
            unknown = ~np.isin(values, known)
            if not unknown.any():
                continue
            unknown &= ~np.isnan(windows[piece][:, :, others]).all(axis=2)
            n_rows += int(np.count_nonzero(unknown.any(axis=1)))
            examples |= set(np.unique(values[unknown])[:5].tolist())
        if n_rows:
            warnings.warn(
                f"{n_rows} of {len(windows)} windows have categories in column {column} "
                f"that training has not seen: {sorted(examples)[:5]}. They count as an "
                "average of all categories.",
                UnknownCategoryWarning,
                stacklevel=stacklevel,
            )
