"""Conversion of forecasts of any shape to tables, one per origin, indexed by time."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from skforecast_lstm._time_steps import times_after

__all__ = ["as_one_series", "forecast_tables"]


def as_one_series(values, name):
    """Return one series of numbers, sorted by time. Raise for anything else."""
    if isinstance(values, pd.DataFrame):
        if values.shape[1] != 1:
            raise ValueError(
                f"{name} has the columns {', '.join(map(repr, values.columns))}. Give "
                f"one of them, such as {name}[{values.columns[0]!r}]."
            )
        values = values.iloc[:, 0]
    if not isinstance(values, pd.Series):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise ValueError(
                f"{name} has the shape {array.shape}, and one series of numbers is "
                "drawn. Give one column of it."
            )
        values = pd.Series(array)
    _check_index(values.index, name)
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} has the type {values.dtype}, and forecasts are drawn of numbers."
        )
    return values.astype(float)


def forecast_tables(y_true, y_pred, intervals=None, starts=None):
    """Return a table for each origin, with "forecast", "lower_0.9" and "upper_0.9".

    `y_true` is the output of `as_one_series`. The other arguments are those of
    `ForecastDisplay.from_predictions`.
    """
    if isinstance(y_pred, pd.DataFrame | pd.Series):
        y_pred = as_one_series(y_pred, "y_pred")
    values = _forecast_values(y_pred)
    if starts is None and values.shape == (len(y_true), 1):
        values = values[:, 0]
    columns = {"forecast": values} | _bounds(intervals, y_pred, values.shape)
    if values.ndim == 2:
        places = _rows_to_draw(y_true, values.shape, starts)
    elif starts is not None:
        raise ValueError(
            f"starts is for forecasts of shape (n_starts, n_steps), and y_pred has the "
            f"shape {values.shape}. Leave it out, or give y_pred[:, None]."
        )
    else:
        places = [(slice(None), _times_of_forecast(y_true, y_pred, values.shape))]
    tables = []
    for row, times in places:
        table = pd.DataFrame({name: of[row] for name, of in columns.items()}, index=times)
        tables.append(table.astype(float))
    return tables


def _forecast_values(y_pred):
    """Return the forecasts of one column, in one or two dimensions."""
    values = np.asarray(y_pred)
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"y_pred has the type {values.dtype}, and forecasts are drawn of numbers."
        )
    if values.ndim < 3:
        return values
    if values.ndim > 3 or values.shape[2] != 1:
        raise ValueError(
            f"y_pred has the shape {values.shape}, and forecasts of one column are "
            "drawn. Give one of them, such as y_pred[:, :, 0]."
        )
    return values[:, :, 0]


def _check_index(index, name):
    """Raise unless rows are sorted by times or numbers."""
    if index.nlevels > 1:
        raise ValueError(
            f"{name} is of many series (its index has {index.nlevels} levels), and one "
            f"is drawn. Give one, by {name}.loc[...]."
        )
    times = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    if not times and index.dtype.kind not in "iuf":
        raise TypeError(
            f"The index of {name} has the type {index.dtype}, which has no place on an "
            "axis of time. Give it times or numbers, or use reset_index(drop=True)."
        )
    if not index.is_monotonic_increasing:
        raise ValueError(
            f"The index of {name} is not in the order of time. Use sort_index()."
        )


def _times_of_forecast(y_true, y_pred, shape):
    """Return the times of one forecast: its own, or those of y_true."""
    if isinstance(y_pred, pd.Series):
        kinds = [type(one.index).__name__ for one in (y_true, y_pred)]
        kinds = ["Index" if kind == "RangeIndex" else kind for kind in kinds]
        if kinds[0] != kinds[1]:
            raise TypeError(
                f"y_true has a {kinds[0]} and y_pred a {kinds[1]}, which have no place "
                "on one axis. Give both the same, for example by to_timestamp()."
            )
        return y_pred.index
    if len(shape) != 1 or shape[0] != len(y_true):
        raise ValueError(
            f"y_pred has the shape {shape}, and y_true has {len(y_true)} rows. Give a "
            "forecast for each row, a Series with an index, or forecasts of shape "
            "(n_starts, n_steps)."
        )
    return y_true.index


def _rows_to_draw(y_true, shape, starts):
    """Return the rows of y_pred to draw, each with its times."""
    n_starts, n_steps = shape
    rows = range(n_starts)
    if starts is None and n_starts == 1:
        starts = [len(y_true)]
    elif starts is None and n_starts == len(y_true):
        # Forecasts from all rows would overlap.
        rows = starts = range(0, n_starts, n_steps)
    elif starts is None:
        raise ValueError(
            f"y_pred has forecasts from {n_starts} origins, and y_true {len(y_true)} "
            "rows. Say in starts at which rows of y_true they begin."
        )
    starts = np.asarray(starts)
    if starts.shape != (len(rows),) or starts.dtype.kind not in "iu":
        raise ValueError(
            f"starts must be {len(rows)} row numbers, one for each forecast, got "
            f"{starts!r}."
        )
    if starts.min() < 0 or starts.max() > len(y_true):
        raise ValueError(
            f"starts must be from 0 to {len(y_true)}, the row behind the last of y_true, "
            f"got {starts.min()} to {starts.max()}."
        )
    times = _extend_index(y_true.index, int(starts.max()) + n_steps - len(y_true))
    return [
        (row, times[start : start + n_steps])
        for row, start in zip(rows, starts, strict=True)
    ]


def _extend_index(index, n_more):
    """Return an index with `n_more` times after its last."""
    if n_more <= 0:
        return index
    if len(index) < 2:
        raise ValueError(
            f"y_true has {len(index)} rows, and the time that follows can't be told from "
            "fewer than 2. Give more of its past."
        )
    return index.append(times_after(index, n_more))


def _bounds(intervals, y_pred, shape):
    """Return the bounds of each interval as columns, with the shape of the forecasts."""
    if intervals is None:
        return {}
    if isinstance(intervals, pd.DataFrame):
        intervals = _intervals_by_coverage(intervals)
    if not isinstance(intervals, Mapping):
        raise TypeError(
            "intervals must be a dict from coverage to (lower, upper), such as "
            "{0.9: (lower, upper)}, or what predict_interval of sktime returns, got "
            f"{type(intervals).__name__}."
        )
    columns = {}
    for coverage, bounds in intervals.items():
        if not 0 < coverage < 1:
            raise ValueError(
                f"The coverage of an interval is over 0 and under 1, got {coverage!r}."
            )
        for side, bound in zip(("lower", "upper"), bounds, strict=True):
            both = isinstance(bound, pd.Series) and isinstance(y_pred, pd.Series)
            if both and not bound.index.equals(y_pred.index):
                raise ValueError(
                    f"The {side} bound for {coverage:g} has another index than y_pred."
                )
            values = np.asarray(bound)
            if values.size != np.prod(shape, dtype=int):
                raise ValueError(
                    f"The {side} bound for {coverage:g} has the shape {values.shape}, "
                    f"and y_pred {shape}. Give a bound for every forecast."
                )
            columns[f"{side}_{coverage:g}"] = values.reshape(shape)
    return columns


def _intervals_by_coverage(intervals):
    """Convert the output of sktime's `predict_interval` to a dict by coverage."""
    if intervals.columns.nlevels != 3:
        raise ValueError(
            "intervals has columns of "
            f"{intervals.columns.nlevels} level(s), and sktime's predict_interval "
            "returns three: variable, coverage, lower or upper. Give that, or a dict "
            "such as {0.9: (lower, upper)}."
        )
    variables = intervals.columns.unique(0)
    if len(variables) != 1:
        raise ValueError(
            f"intervals is of {', '.join(map(repr, variables))}, and one series is "
            f"drawn. Give one of them, by intervals[[{variables[0]!r}]]."
        )
    variable = intervals[variables[0]]
    return {
        coverage: (variable[coverage, "lower"], variable[coverage, "upper"])
        for coverage in variable.columns.unique(0)
    }
