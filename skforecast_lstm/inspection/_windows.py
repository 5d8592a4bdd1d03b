"""The windows and the estimator that reads them, at the end of a pipeline."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

__all__ = ["windows_at_end"]


def windows_at_end(estimator: Any, X: Any) -> tuple[Any, NDArray]:
    """Return the last estimator of a pipeline or search, and its windows for X.

    The windows have three dimensions: rows, steps and columns.
    """
    check_is_fitted(estimator)
    while True:
        if isinstance(estimator, Pipeline):
            X = estimator[:-1].transform(X) if len(estimator.steps) > 1 else X
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            break
    windows = np.asarray(X)
    if windows.ndim == 2 and len(getattr(estimator, "X_shape_", ())) in (2, 3):
        # Of one column; a network checks the number of steps itself.
        windows = windows[:, :, None]
    if windows.ndim != 3:
        raise ValueError(
            f"{type(estimator).__name__} does not read windows: its X has "
            f"{windows.ndim} dimensions, but windows have three (rows, steps, columns). "
            "Give an estimator of windows, or a pipeline with a LookbackWindower that "
            "ends in one."
        )
    if not len(windows):
        raise ValueError("X has no rows. Give at least one.")
    return estimator, windows
