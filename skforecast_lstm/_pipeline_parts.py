"""Parts of a pipeline: the steps before its windower, the windower, and the rest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.windows import LookbackWindower

__all__ = [
    "check_series_are_distinguished",
    "find_scale",
    "fitted_pipeline",
    "is_network",
    "split_pipeline",
]

# Scalers that only subtract a centre and divide by a spread, unless they clip.
_SCALERS = (MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler)


def fitted_pipeline(estimator: Any) -> Any:
    """Return the best pipeline of a fitted search, or the estimator itself."""
    inside = getattr(estimator, "best_estimator_", None)
    return inside if isinstance(inside, Pipeline) else estimator


def split_pipeline(pipeline: Any) -> tuple[Pipeline, LookbackWindower, Pipeline]:
    """Return the steps before the windower, the windower, and the steps after it.

    Raise unless the pipeline is fitted, has one windower, can predict, and its windows
    end before their rows.
    """
    if not isinstance(pipeline, Pipeline):
        is_search = hasattr(pipeline, "estimator") and hasattr(pipeline, "refit")
        hint = " A search must be fitted, with refit=True." if is_search else ""
        raise TypeError(
            "pipeline must be a scikit-learn Pipeline with a LookbackWindower among its "
            f"steps, got {type(pipeline).__name__}.{hint}"
        )
    steps = [step for _, step in pipeline.steps]
    places = [n for n, step in enumerate(steps) if isinstance(step, LookbackWindower)]
    if len(places) != 1:
        names = [type(step).__name__ for step in steps]
        raise ValueError(
            "The pipeline must have one LookbackWindower among its steps, but has "
            f"{len(places)}: {names}."
        )
    if not hasattr(pipeline, "predict"):
        raise TypeError(
            "The last step of the pipeline must be a regressor, because its forecasts "
            f"are fed back, got {type(steps[-1]).__name__}."
        )
    check_is_fitted(pipeline)
    windower = steps[places[0]]
    if windower.lags_[-1] == 0:
        raise ValueError(
            "The window of a row contains the row itself (horizon=0), but this row is "
            "to be forecast. Fit the pipeline with LookbackWindower(horizon=1)."
        )
    return pipeline[: places[0]], windower, pipeline[places[0] + 1 :]


def check_series_are_distinguished(X: Any, rows: Any) -> None:
    """Raise if the windower does not receive the index that names the series."""
    levels = [getattr(getattr(table, "index", None), "nlevels", 1) for table in (X, rows)]
    if levels[0] > 1 and levels[1] == 1:
        raise ValueError(
            "The MultiIndex of X names its series, but the steps before the "
            "LookbackWindower drop it, so that windows would cross from one series into "
            'the next. Fit the pipeline after set_output(transform="pandas").'
        )


def is_network(steps: Pipeline) -> bool:
    """Return whether the steps are only an LSTMRegressor with its own `predict`."""
    predict = getattr(type(steps[-1]), "predict", None)
    return len(steps) == 1 and predict is LSTMRegressor.predict


def find_scale(before: Pipeline, n_columns: int) -> tuple[Any, Any] | None:
    """Return centre and spread of each column, None if a step does not only scale."""
    steps = [step for _, step in before.steps if step not in (None, "passthrough")]
    if not all(type(step) in _SCALERS and not getattr(step, "clip", 0) for step in steps):
        return None
    if not steps:
        return 0.0, 1.0
    zero_and_one: NDArray = np.repeat([[0.0], [1.0]], n_columns, axis=1)
    centre, centre_plus_spread = before.inverse_transform(zero_and_one)
    return centre, centre_plus_spread - centre
