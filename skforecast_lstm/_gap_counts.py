"""Number of windows that cover a gap in the index."""

import warnings
from typing import Any

import numpy as np

from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = ["n_windows_with_gaps", "warn_of_gaps"]

# Fewer windows, or a smaller share of them, hardly matter. If most rows are left out, the
# estimators warn of any number.
_FEWEST, _SMALLEST_SHARE = 100, 0.1


def n_windows_with_gaps(known: Any, lags: Any) -> tuple[int, int]:
    """Return the number of windows with a missing step, and the number of gaps.

    `known` are the steps of all series of `fit`, and `lags` the distances of the steps of
    a window back from its row, oldest first.
    """
    if known.places is None:
        return 0, 0
    is_missing = np.ones(len(known.series.values), dtype=bool)
    is_missing[known.places] = False
    starts = known.series.offsets[:-1]
    # Before each series, there are as many steps as a window reaches back.
    for number in range(int(lags[0])):
        is_missing[starts + number] = False
    if not is_missing.any():
        return 0, 0
    if (np.diff(lags) == -1).all():
        before = np.append(0, is_missing.cumsum())
        ends = before[known.places - lags[-1] + 1]
        touched = ends > before[known.places - lags[0]]
    else:
        touched = np.zeros(len(known.places), dtype=bool)
        for lag in lags:
            touched |= is_missing[known.places - lag]
    n_gaps = np.count_nonzero(is_missing[1:] & ~is_missing[:-1])
    return int(np.count_nonzero(touched)), int(n_gaps)


def warn_of_gaps(known: Any, lags: Any) -> None:
    """Warn if gaps in the index of `fit` leave many windows incomplete."""
    n_touched, n_gaps = n_windows_with_gaps(known, lags)
    n_windows = 0 if known.places is None else len(known.places)
    if n_touched >= max(_FEWEST, _SMALLEST_SHARE * n_windows):
        warnings.warn(
            f"{n_touched} of {n_windows} windows cover one of the {n_gaps} gaps in the "
            "index, where steps are unknown. LSTMRegressor and LSTMClassifier leave "
            "them out of training. Fill the gaps, for example with X.asfreq(...) and "
            'ffill(limit=...). If rows follow each other at any distance, use gaps="'
            'ignore".',
            UnknownStepsWarning,
            stacklevel=4,  # The caller of fit_transform, through its wrapper.
        )
