"""Recursive forecasts: a one-step pipeline feeds its forecasts back as input."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils._set_output import _wrap_data_with_container

from skforecast_lstm import training
from skforecast_lstm._checks import check_integer
from skforecast_lstm._pipeline_parts import (
    check_series_are_distinguished,
    find_scale,
    fitted_pipeline,
    is_network,
    split_pipeline,
)
from skforecast_lstm._rows import is_too_large
from skforecast_lstm._unknown_windows import is_mostly_before
from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = ["recursive_forecast"]


def recursive_forecast(
    pipeline: Pipeline,
    X: Any,
    n_steps: int,
    *,
    starts: ArrayLike | None = None,
) -> NDArray:
    """Forecast many steps ahead with a pipeline that predicts the next row.

    The prediction for a row is fed back as if it were the actual row. Then the next row
    is predicted. Step 1 is the prediction of ``pipeline.predict(X)`` for the start row.
    A forecast uses only rows of `X` before its start.

    An :class:`LSTMRegressor` after scalers runs on the device and computes all steps of
    many starts in one call. Any other pipeline predicts one step at a time, each for
    many starts at once.

    Parameters
    ----------
    pipeline : Pipeline or search
        Fitted pipeline, or a fitted search for one such as `GridSearchCV`. It predicts
        all columns of `X`, in their order and units. One
        step must be a :class:`LookbackWindower` with a `horizon` of 1 or more. The steps
        before it must transform each row separately.
    X : {array-like, dataframe, series} of shape (n_samples, n_features)
        Rows in time order. If they directly follow the rows of `fit`, the windower uses
        those as history, as in ``pipeline.predict``.
    n_steps : int
        Number of steps to forecast.
    starts : array-like of int, default=None
        Positions of the rows of `X` at which forecasts begin. ``len(X)`` is right after
        the last row. None means right after the last row of each series.

    Returns
    -------
    forecasts : ndarray of shape (n_starts, n_steps) or (n_starts, n_steps, n_features)
        Forecasts. They have two dimensions if the target in `fit` had one. Without
        `starts`, series are in the order of their first rows.

    See Also
    --------
    LSTMRegressor : Forecasts many steps at once, with targets of many steps.
    LSTMForecaster : Forecasts with columns that are known ahead.

    Notes
    -----
    A forecast that is not finite is fed back as unknown (NaN).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skforecast_lstm import LookbackWindower, LSTMRegressor, recursive_forecast
    >>> series = np.sin(np.arange(200) / 4).reshape(-1, 1)
    >>> pipe = make_pipeline(
    ...     StandardScaler(),
    ...     LookbackWindower(8, horizon=1),
    ...     LSTMRegressor(units=8, random_state=0),
    ... ).fit(series, series)
    >>> recursive_forecast(pipe, series, 12).shape
    (1, 12, 1)
    >>> recursive_forecast(pipe, series, 12, starts=range(100, 180)).shape
    (80, 12, 1)
    """
    check_integer("n_steps", n_steps, 1)
    pipeline = fitted_pipeline(pipeline)
    before, windower, after = split_pipeline(pipeline)
    _check_can_be_fed_back(pipeline, windower)
    X = X if hasattr(X, "shape") else np.asarray(X)
    _check_order_of_targets(after[-1], X)
    rows = before.transform(X) if len(before) else X
    check_series_are_distinguished(X, rows)
    series, origins = _origins(windower, rows, starts)
    scale = find_scale(before, series.shape[1])
    # If a window has a value that is too large for the device, `predict` refuses it.
    if scale is not None and is_network(after) and not is_too_large(series).any():
        return _forecast_by_network(after[0], series, origins, n_steps, *scale)
    _check_rows_stand_alone(before, X, rows)
    return training.feed_back_by_steps(
        lambda windows: _predict_rows(windows, before, windower, after, X),
        series,
        origins,
        n_steps,
    )


def _forecast_by_network(regressor, series, origins, n_steps, centre, spread):
    """Return the forecasts of the network in the shape and dtype of its regressor."""
    _check_all_columns_are_forecast(regressor.n_outputs_, series.shape[1])
    forecasts = training.feed_back(
        regressor.model_,
        series,
        origins,
        n_steps,
        window_shape=regressor.X_shape_[1:],
        centre=centre,
        spread=spread,
    )
    _warn_if_not_finite(forecasts)
    forecasts = forecasts.reshape(*forecasts.shape[:2], *regressor._y_shape)
    return forecasts.astype(regressor._y_dtype, copy=False)


def _check_can_be_fed_back(pipeline, windower):
    """Raise unless the pipeline predicts one number for each column."""
    last = pipeline.steps[-1][1]
    if windower.known_columns_:
        raise ValueError(
            f"The LookbackWindower reads columns that are known ahead, {windower.known!r}"
            ", which can't be fed back. Use forecast(pipeline, X, steps, known=...)."
        )
    if is_classifier(pipeline):
        raise TypeError(
            "The last step of the pipeline must be a regressor, because its forecasts "
            f"are fed back, got {type(last).__name__}."
        )
    loss = getattr(getattr(last, "model_", None), "loss", None)
    if len(getattr(loss, "quantiles", ())) > 1:
        raise ValueError(
            f"The pipeline forecasts the quantiles {loss.quantiles} of its targets, but "
            "only one number for each column of X can be fed back. Fit it with a loss "
            "for one number, such as mean_absolute_error. LSTMForecaster has intervals."
        )


def _check_order_of_targets(last, X):
    """Raise if the targets of a network are the columns of X in another order."""
    targets = (getattr(last, "_target_layout", None) or {}).get("names") or []
    columns = list(map(str, getattr(X, "column_names", getattr(X, "columns", ()))))
    if targets != columns and sorted(targets) == sorted(columns):
        raise ValueError(
            f"y of fit had the columns {targets}, but X has {columns}, and forecasts are "
            "fed back by position. Fit with the columns of y in the order of X."
        )


def _origins(windower, X, starts):
    """Return all series with their histories in one array, and the origins in it."""
    known, order = windower._known_steps(X)
    series, offsets = known.series, known.series.offsets
    lags, reach = windower.lags_, int(windower.lags_[0])
    if starts is None:
        owners, starts = np.arange(len(series)), offsets[1:]
    else:
        places = known.places
        if places is None:
            places = np.arange(reach, offsets[1])
        starts = _check_starts(starts, len(places), len(series))
        if order is not None:
            places = places[np.argsort(order)]
        # One entry more than rows, for the start right after the last row.
        starts = np.append(places, offsets[1])[starts]
        owners = np.searchsorted(offsets[1:-1], starts, side="right")
    begins = offsets[owners] + known.unknown[owners]
    fewest = int(np.argmin(starts - begins))
    n_missing = np.maximum(reach - (starts - begins)[[fewest]], 0)
    windower._check_warmup(n_missing, [series.names[owners[fewest]]])
    if windower.warmup == "nan":
        is_new = ~known.begins_as_in_fit[owners]
        _warn_of_missing_history(is_new & is_mostly_before(starts - begins, lags), reach)
    required = lags
    if windower.warmup == "edge":
        required = np.full_like(lags, max(windower.horizon, 1))
    return series.values, training.Origins(starts, begins, lags, required)


def _warn_of_missing_history(unknown, reach):
    """Warn of starts whose window is mostly before the first known row."""
    if unknown.any():
        warnings.warn(
            f"{np.count_nonzero(unknown)} of {len(unknown)} forecasts begin from a "
            "window that is wholly or mostly unknown, because X does not have the rows "
            f"before. Give {reach} rows before the first start.",
            UnknownStepsWarning,
            stacklevel=4,
        )


def _check_starts(starts, n_rows, n_series):
    starts = np.asarray(starts)
    if starts.ndim != 1 or not len(starts) or starts.dtype.kind not in "iu":
        raise ValueError(
            "starts must be a list of one or more positions of rows, such as [100, 200], "
            f"got {starts!r}."
        )
    most = n_rows - (n_series > 1)
    wrong = starts[(starts < 0) | (starts > most)]
    if len(wrong):
        after = f", and {n_rows} is right after the last"
        if n_series > 1:
            after = ". Leave starts out to begin right after the last row of each series"
        raise ValueError(
            f"starts has {wrong[0]}, but the rows of X have positions 0 to "
            f"{n_rows - 1}{after}."
        )
    return starts


def _check_rows_stand_alone(before, X, rows):
    """Raise if a transformed row depends on the rows beside it.

    Transform rows alone, among different rows before and after them, and in their place
    in X. All results must agree.
    """
    if not len(before):
        return
    values = np.asarray(X, dtype=float).reshape(len(X), -1)
    chosen, places = _choose_different_rows(values)
    try:
        alone = _transform_one_by_one(before, X, chosen)
    # A step that needs other rows or their index may raise any error.
    except Exception as error:
        raise ValueError(
            "The steps before the LookbackWindower can't transform a single row "
            f"({type(error).__name__}: {error}), but forecasts are fed back row by row. "
            "Put steps that look at other rows, or at the index, before the pipeline."
        ) from error
    spread = np.ptp(np.where(np.isfinite(alone), alone, 0.0), axis=0)
    together = np.asarray(rows, dtype=float)[places]
    stands = _is_near(together, alone[: len(places)], 1e-3 * spread, 1e-5)
    exact = 100 * np.finfo(alone.dtype if alone.dtype.kind == "f" else float).eps
    last = len(chosen) - 1
    for order in (
        [*range(len(chosen))],
        [*range(last, -1, -1)],
        # Many equal rows, for steps that treat the other row as an outlier.
        [*[0] * 8, last, *[0] * 8],
        [*[last] * 8, 0, *[last] * 8],
    ):
        beside = _transform_quietly(before, X, chosen[order])
        stands = stands and _is_near(beside, alone[order], 1e-6 * spread, exact)
    if stands and not np.isnan(alone).any():
        stands = _unknown_rows_stand_alone(before, X, chosen, alone)
    if not stands:
        raise ValueError(
            "The steps before the LookbackWindower transform a single row of X "
            "differently than the same row among others, but forecasts are fed back row "
            "by row. Put steps that look at other rows before the pipeline."
        )


def _choose_different_rows(values):
    """Return 2 to 8 different rows, and the places in X of those that are from X."""
    complete = np.flatnonzero(np.isfinite(values).all(axis=1))
    candidates = complete if len(complete) else np.arange(len(values))
    _, first = np.unique(values[candidates], axis=0, return_index=True)
    numbers = np.unique(np.linspace(0, len(first) - 1, 8).round().astype(int))
    places = candidates[first[numbers]]
    chosen = values[places]
    if len(chosen) == 1:
        # The second row is nearer to 0. Most functions that accept a number accept this.
        chosen = np.concatenate([chosen, np.where(chosen == 0, 1.0, 0.99 * chosen)])
    return chosen, places


def _transform_quietly(before, X, rows):
    with warnings.catch_warnings():
        # The actual rows give the warnings, not these test rows.
        warnings.simplefilter("ignore")
        return np.asarray(before.transform(_wrap_like(X, rows)))


def _transform_one_by_one(before, X, rows):
    return np.concatenate([_transform_quietly(before, X, row[None]) for row in rows])


def _is_near(found, wanted, absolute, relative):
    """Return whether values are equal, up to an absolute and a relative error."""
    if found.shape != wanted.shape:
        return False
    finite = np.isfinite(wanted)
    error = np.abs(np.where(finite, found - np.where(finite, wanted, 0), 0))
    limit = absolute + relative * np.abs(np.where(finite, wanted, 0))
    same = (error <= limit) & (finite == np.isfinite(found))
    return bool(same.all())


def _unknown_rows_stand_alone(before, X, chosen, alone):
    """Return whether unknown rows neither affect other rows nor depend on them."""
    unknown = np.full_like(chosen, np.nan)
    mixed = np.stack([chosen, unknown], axis=1).reshape(2 * len(chosen), -1)
    try:
        expected = _transform_one_by_one(before, X, unknown[:1])
        found = _transform_quietly(before, X, mixed)
    # Steps that accept no unknown values raise their own errors later.
    except Exception:  # noqa: BLE001
        return True
    if len(found) != len(mixed):
        return False
    expected = np.repeat(expected, len(chosen), axis=0)
    spread = np.ptp(alone, axis=0)
    return _is_near(found[::2], alone, 1e-6 * spread, 1e-5) and _is_near(
        found[1::2], expected, 1e-6 * spread, 1e-5
    )


def _predict_rows(windows, before, windower, after, X):
    """Return the predictions for windows, and the same as rows for the windower."""
    if windower.layout == "flat":
        windows = windows.reshape(len(windows), -1)
    windows = _wrap_data_with_container("transform", windows, windows, windower)
    forecasts = after.predict(windows)
    rows = forecasts.reshape(len(forecasts), -1)
    _check_all_columns_are_forecast(rows.shape[1], X.shape[1] if len(X.shape) > 1 else 1)
    if len(before):
        rows = np.where(np.isfinite(rows), rows, np.nan)
        rows = np.asarray(before.transform(_wrap_like(X, rows)))
    return forecasts, rows


def _wrap_like(X, rows):
    """Return rows in a container like X, with its column names if it has any."""
    if hasattr(X, "column_names"):  # A table of PyArrow.
        return type(X).from_pydict(dict(zip(X.column_names, rows.T, strict=True)))
    if hasattr(X, "columns"):
        return type(X)(dict(zip(X.columns, rows.T, strict=True)))
    return rows.reshape(-1, *X.shape[1:])


def _check_all_columns_are_forecast(n_outputs, n_columns):
    if n_outputs != n_columns:
        raise ValueError(
            f"The pipeline forecasts {n_outputs} of the {n_columns} columns of X, but "
            "all of them must be fed back. Fit it with all columns of X as y. To "
            "forecast some columns for many steps at once, fit it with "
            "horizon_targets as y. For columns that are known ahead, use forecast."
        )


def _warn_if_not_finite(forecasts):
    finite = np.isfinite(forecasts)
    if finite.all():
        return
    start, step, *_ = np.argwhere(~finite)[0]
    warnings.warn(
        f"{np.count_nonzero(~finite)} of {finite.size} forecasts are not finite, first "
        f"step {step + 1} of start {start}. Either its window has unknown steps that are "
        "not masked, as by skforecast_lstm.networks.MaskUnknown(), or the forecasts that "
        "were fed back grew beyond bounds.",
        UnknownStepsWarning,
        stacklevel=4,
    )
