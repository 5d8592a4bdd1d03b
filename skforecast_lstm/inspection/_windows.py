"""The windows and the estimator that reads them, at the end of a pipeline."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from skforecast_lstm.inspection._drawing import (
    check_scikit_learn_fitted,
    nested_estimators,
)
from skforecast_lstm.windows import LookbackWindower

__all__ = ["columns_and_lags", "windows_at_end"]


def windows_at_end(estimator: Any, X: Any) -> tuple[Any, NDArray]:
    """Return the last estimator of a pipeline or search, and its windows for X.

    The windows have three dimensions: rows, steps and columns.
    """
    check_scikit_learn_fitted(estimator)
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


def columns_and_lags(
    estimator: Any, n_steps: int, n_columns: int
) -> tuple[list[str] | None, list[int] | None]:
    """Return the names of the columns of windows and the lags of their steps.

    Each is None if it is not known, as for an estimator without a `LookbackWindower`.
    """
    for one in nested_estimators(estimator):
        for place, (_, step) in enumerate(getattr(one, "steps", ())):
            if not isinstance(step, LookbackWindower):
                continue
            if len(step.lags_) == n_steps and _windows_are_kept(one, place, step):
                names = _column_names(one, place, step)
                is_complete = names is not None and len(names) == n_columns
                return names if is_complete else None, step.lags_.tolist()
    return None, None


def _windows_are_kept(pipeline, place, windower):
    """Return whether no step after a windower chooses or moves flat columns."""
    if windower.layout != "flat" or place + 2 >= len(pipeline.steps):
        return True
    names = windower.get_feature_names_out()
    try:
        after = pipeline[place + 1 : -1].get_feature_names_out(names)
    # A step without names.
    except (AttributeError, ValueError):
        return False
    return list(after) == list(names)


def _column_names(pipeline, place, windower):
    """Return the names of the columns of the windows that a windower makes."""
    names = getattr(windower, "feature_names_in_", None)
    if names is None:
        if not place:
            return None
        try:
            names = pipeline[:place].get_feature_names_out()
        # A step without names.
        except (AttributeError, ValueError):
            return None
    ahead = [f"{names[known]} (known ahead)" for known in windower.known_columns_]
    return [*map(str, names), *ahead]
