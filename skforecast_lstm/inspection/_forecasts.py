"""Conversion of forecasts of any shape to tables, one per origin, indexed by time."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from skforecast_lstm._gaps import find_calendars
from skforecast_lstm._time_index import many_series
from skforecast_lstm._time_steps import times_after
from skforecast_lstm.exceptions import IrregularTimesWarning

__all__ = ["as_one_series", "forecast_tables"]


def as_one_series(values, name):
    """Return one series of numbers, sorted by time. Raise for anything else."""
    if isinstance(values, pd.DataFrame):
        if values.shape[1] != 1:
            raise ValueError(
                f"{name} must have one column, but has "
                f"{', '.join(map(repr, values.columns))}. Select one, such as "
                f"{name}[{values.columns[0]!r}]."
            )
        values = values.iloc[:, 0]
    if not isinstance(values, pd.Series):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise ValueError(
                f"{name} must be one series of numbers, but has shape {array.shape}. "
                "Select one column."
            )
        values = pd.Series(array)
    _check_index(values.index, name)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} must contain numbers, but has type {values.dtype}.")
    return values.astype(float)


def forecast_tables(y_true, y_pred, intervals=None, starts=None, ignore_gaps=False):
    """Return a table for each origin, with "forecast", "lower_0.9" and "upper_0.9".

    `y_true` is the output of `as_one_series`. The other arguments are those of
    `ForecastDisplay.from_predictions`. Steps are rows if gaps are ignored.
    """
    if isinstance(y_pred, pd.DataFrame | pd.Series):
        y_pred = as_one_series(y_pred, "y_pred")
    values = _forecast_values(y_pred)
    if starts is None and values.shape == (len(y_true), 1):
        values = values[:, 0]
    columns = {"forecast": values} | _bounds(intervals, y_pred, values.shape)
    if values.ndim == 2:
        places = _rows_to_draw(y_true, values.shape, starts, ignore_gaps)
    elif starts is not None:
        raise ValueError(
            "starts needs forecasts of shape (n_starts, n_steps), but y_pred has shape "
            f"{values.shape}. Leave out starts, or give y_pred[:, None]."
        )
    else:
        places = [(slice(None), _times_of_forecast(y_true, y_pred, values.shape))]
    tables = []
    for row, times in places:
        table = pd.DataFrame(
            {name: values[row] for name, values in columns.items()}, index=times
        )
        tables.append(table.astype(float))
    return tables


def _forecast_values(y_pred):
    """Return the forecasts of one column, in one or two dimensions."""
    values = np.asarray(y_pred)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"y_pred must contain numbers, but has type {values.dtype}.")
    if values.ndim < 3:
        return values
    if values.ndim > 3 or values.shape[2] != 1:
        raise ValueError(
            f"y_pred must have one column, but has shape {values.shape}. Select one, "
            "such as y_pred[:, :, 0]."
        )
    return values[:, :, 0]


def _check_index(index, name):
    """Raise unless rows are sorted by times or numbers."""
    if index.nlevels > 1:
        raise ValueError(
            f"{name} has many series (its index has {index.nlevels} levels), but only "
            f"one can be drawn. Select one with {name}.loc[...]."
        )
    times = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    if not times and index.dtype.kind not in "iuf":
        raise TypeError(
            f"The index of {name} has type {index.dtype}, which can't be drawn on a time "
            "axis. Give it times or numbers, or use reset_index(drop=True)."
        )
    if not index.is_monotonic_increasing:
        raise ValueError(f"The index of {name} is not sorted by time. Use sort_index().")


def _times_of_forecast(y_true, y_pred, shape):
    """Return the times of one forecast: its own, or those of y_true."""
    if isinstance(y_pred, pd.Series):
        kinds = [type(one.index).__name__ for one in (y_true, y_pred)]
        kinds = ["Index" if kind == "RangeIndex" else kind for kind in kinds]
        if kinds[0] != kinds[1]:
            raise TypeError(
                f"y_true has a {kinds[0]} and y_pred has a {kinds[1]}, which can't share "
                "an axis. Give both the same type of index, for example with "
                "to_timestamp()."
            )
        return y_pred.index
    if len(shape) != 1 or shape[0] != len(y_true):
        raise ValueError(
            f"y_pred has shape {shape}, but y_true has {len(y_true)} rows. Give a "
            "forecast for each row, a Series with an index, or forecasts of shape "
            "(n_starts, n_steps)."
        )
    return y_true.index


def _rows_to_draw(y_true, shape, starts, ignore_gaps):
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
            f"y_pred has forecasts from {n_starts} origins, but y_true has {len(y_true)} "
            "rows. Give starts, the row of y_true at which each forecast begins."
        )
    starts = np.asarray(starts)
    if starts.shape != (len(rows),) or starts.dtype.kind not in "iu":
        raise ValueError(
            f"starts must be {len(rows)} row numbers, one for each forecast, got "
            f"{starts!r}."
        )
    if starts.min() < 0 or starts.max() > len(y_true):
        raise ValueError(
            f"starts must be from 0 to {len(y_true)}, the row after the last of y_true, "
            f"got {starts.min()} to {starts.max()}."
        )
    times, places = _with_missing_steps(y_true.index, n_steps, ignore_gaps)
    begins = np.append(places, len(times))[starts]
    n_more = int(begins.max()) + n_steps - len(times)
    if n_more > 0 and len(y_true) < 2:
        raise ValueError(
            f"y_true has {len(y_true)} rows, but the next time can't be found from fewer "
            "than 2. Give more past rows."
        )
    if n_more > 0:
        times = times.append(times_after(y_true.index, n_more))
    return [
        (row, times[begin : begin + n_steps])
        for row, begin in zip(rows, begins, strict=True)
    ]


def _with_missing_steps(index, n_steps, ignore_gaps):
    """Return the times of rows and of up to `n_steps` missing steps in each gap.

    Return also the place of each row.
    """
    places = np.arange(len(index))
    if not index.is_unique:
        return index, places
    series, _ = many_series(np.zeros((len(index), 1)), index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IrregularTimesWarning)
        calendar = find_calendars(series, ignore_gaps=ignore_gaps).calendars[0]
    missing = None if calendar is None else calendar.missing_steps(index)
    if missing is None or not missing.any():
        return index, places
    missing = np.asarray(missing, dtype=np.int64)
    n_each = np.append(np.minimum(missing, n_steps) + 1, 1)
    owners = places.repeat(n_each)
    places = n_each.cumsum() - n_each
    after = np.arange(len(owners)) - places[owners]
    if isinstance(index, pd.PeriodIndex):
        return index[owners] + after, places
    # Missing months are not quite as long as each other, but a picture hardly shows it.
    widths = (index[1:] - index[:-1]) // (missing + 1)
    # Nothing is missing after the last row.
    return index[owners] + after * widths[np.minimum(owners, len(widths) - 1)], places


def _bounds(intervals, y_pred, shape):
    """Return the bounds of each interval as columns, with the shape of the forecasts."""
    if intervals is None:
        return {}
    if isinstance(intervals, pd.DataFrame):
        intervals = _intervals_by_coverage(intervals)
    if not isinstance(intervals, Mapping):
        raise TypeError(
            "intervals must be a dict from coverage to (lower, upper), such as {0.9: "
            "(lower, upper)}, or the output of sktime's predict_interval, got "
            f"{type(intervals).__name__}."
        )
    columns = {}
    for coverage, bounds in intervals.items():
        if not 0 < coverage < 1:
            raise ValueError(
                "The coverage of an interval must be over 0 and under 1, got "
                f"{coverage!r}."
            )
        for side, bound in zip(("lower", "upper"), bounds, strict=True):
            both = isinstance(bound, pd.Series) and isinstance(y_pred, pd.Series)
            if both and not bound.index.equals(y_pred.index):
                raise ValueError(
                    f"The index of the {side} bound for {coverage:g} differs from that "
                    "of y_pred."
                )
            values = np.asarray(bound)
            if values.size != np.prod(shape, dtype=int):
                raise ValueError(
                    f"The {side} bound for {coverage:g} has shape {values.shape}, but "
                    f"y_pred has {shape}. Give a bound for every forecast."
                )
            columns[f"{side}_{coverage:g}"] = values.reshape(shape)
    return columns


def _intervals_by_coverage(intervals):
    """Convert the output of sktime's `predict_interval` to a dict by coverage."""
    if intervals.columns.nlevels != 3:
        raise ValueError(
            f"intervals has columns of {intervals.columns.nlevels} level(s), but the "
            "output of sktime's predict_interval has three: variable, coverage, and "
            "lower or upper. Give that output, or a dict such as {0.9: (lower, upper)}."
        )
    variables = intervals.columns.unique(0)
    if len(variables) != 1:
        raise ValueError(
            f"intervals has the variables {', '.join(map(repr, variables))}, but only "
            f"one can be drawn. Select one with intervals[[{variables[0]!r}]]."
        )
    variable = intervals[variables[0]]
    return {
        coverage: (variable[coverage, "lower"], variable[coverage, "upper"])
        for coverage in variable.columns.unique(0)
    }
