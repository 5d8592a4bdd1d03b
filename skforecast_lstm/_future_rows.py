"""Rows after the last row of each series: their times, and a table to fill in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skforecast_lstm._calendar import Calendar
from skforecast_lstm._closures import are_open
from skforecast_lstm._series import ManySeries
from skforecast_lstm._time_index import many_series
from skforecast_lstm._time_steps import Steps, times_after

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """Rows of many series as a data frame, and the form in which they were given.

    Parameters
    ----------
    frame : DataFrame
        Rows.
    form : {"array", "series", "frame"}
        Form of the given rows.
    series : ManySeries
        Number of each row, series by series.
    """

    frame: pd.DataFrame
    form: str
    series: ManySeries

    @classmethod
    def of(cls, X: Any) -> "Table":
        """Create from rows in any form that a pipeline takes."""
        form = "frame"
        if hasattr(X, "column_names"):  # A table of PyArrow.
            X = X.to_pandas(ignore_metadata=True)
        if isinstance(X, pd.Series):
            frame, form = X.to_frame(), "series"
        elif isinstance(X, pd.DataFrame):
            frame = X
        elif hasattr(X, "to_frame"):  # A series of polars.
            frame, form = pd.DataFrame({X.name: X.to_numpy()}), "series"
        elif hasattr(X, "columns"):
            frame = pd.DataFrame({name: X[name].to_numpy() for name in X.columns})
        else:
            values = np.asarray(X)
            if values.ndim != 2:
                raise ValueError(
                    f"X has shape {values.shape}, but must be a table with one row for "
                    "each time. Give X.reshape(-1, 1) if it is one series."
                )
            frame, form = pd.DataFrame(values), "array"
        if not len(frame):
            raise ValueError("X has no rows, so there is nothing to forecast from.")
        series, order = many_series(np.arange(len(frame))[:, None], frame.index)
        if order is not None:
            series = ManySeries(
                order[:, None], series.offsets, series.names, series.times
            )
        return cls(frame, form, series)

    def as_given(self, frame: pd.DataFrame) -> Any:
        """Return rows in the form of the given ones."""
        if self.form == "array":
            return frame.to_numpy()
        return frame.iloc[:, 0] if self.form == "series" else frame

    def index_after(self, n_steps: int, usual: Any = None) -> pd.Index:
        """Return the index of the next steps: all series at the first, and so on.

        `usual` is the calendar for series of fewer than three rows.
        """
        series, index = self.series, self.frame.index
        if series.times is None:
            raise ValueError(
                "The index of X has no times or numbers that go on after its last row. "
                "Give it times, or use reset_index(drop=True)."
            )
        first, group = series.equal_times()
        own = [series.times[series.row_slice(number)] for number in first]
        if usual is None or usual.step is None:
            usual = Calendar.from_times(max(own, key=len))
        ahead = [_next_times(times, n_steps, usual) for times in own]
        if index.nlevels == 1:
            return ahead[0].rename(index.name)
        places = np.arange(n_steps).repeat(len(series))
        owners = np.tile(np.arange(len(series)), n_steps)
        all_times = ahead[0].append(ahead[1:])
        times = all_times[group[owners] * n_steps + places]
        names = [name if isinstance(name, tuple) else (name,) for name in series.names]
        levels = [
            pd.Index([name[level] for name in names]).take(owners)
            for level in range(index.nlevels - 1)
        ]
        return pd.MultiIndex.from_arrays([*levels, times], names=index.names)

    def rows_after(self, index: pd.Index) -> pd.DataFrame:
        """Return the rows for the result of `index_after`, with unknown numbers.

        Times in a column go on by their usual step. Other values are those of the last
        row of each series.
        """
        last = self.series.values[self.series.offsets[1:] - 1, 0]
        n_steps = len(index) // len(last)
        rows = self.frame.iloc[np.tile(last, n_steps)].set_axis(index)
        for place, dtype in enumerate(self.frame.dtypes):
            if pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "b":
                rows.isetitem(place, np.full(len(rows), np.nan))
            elif pd.api.types.is_datetime64_any_dtype(dtype):
                rows.isetitem(place, self._times_of_column(place, n_steps))
        return rows

    def put_known(self, rows: pd.DataFrame, known: Any) -> list:
        """Put columns that are known ahead into the rows; return their names.

        Rows without a time in `known` stay unknown.
        """
        if isinstance(known, pd.Series):
            known = known.to_frame()
        columns = list(self.frame.columns)
        if not isinstance(known, pd.DataFrame):
            raise TypeError(
                "known must be a data frame with columns of X that are known at the next "
                f"steps, got {type(known).__name__}."
            )
        strange = [name for name in known.columns if name not in columns]
        if strange:
            raise ValueError(
                f"known has the columns {strange}, which X does not have: {columns}."
            )
        if self.form == "array":
            places = np.arange(len(rows))
            places = np.where(places < len(known), places, -1)
        elif not known.index.is_unique:
            raise ValueError(
                f"known has several rows at {known.index[known.index.duplicated()][0]}."
            )
        else:
            places = known.index.get_indexer(rows.index)
        if (places < 0).all():
            raise ValueError(
                f"known has no row at {rows.index[0]}, the first step to forecast. It "
                f"has rows from {known.index.min()} to {known.index.max()}. Give it the "
                "index of the next steps."
            )
        for name in known.columns:
            values = known[name].iloc[places].set_axis(rows.index)
            place = columns.index(name)
            dtype = self.frame.dtypes.iloc[place]
            if isinstance(dtype, pd.CategoricalDtype):
                new = set(values.dropna()) - set(dtype.categories)
                if new:
                    raise ValueError(
                        f"known has {min(new, key=str)!r} in the column {name!r}, "
                        f"but its categories in X are {dtype.categories.tolist()}."
                    )
                values = values.astype(dtype)
            rows.isetitem(place, values.where(places >= 0).array)
        return list(known.columns)

    def rows_with_others(self, rows: pd.DataFrame, given: list) -> pd.DataFrame:
        """Return the rows with other values in the columns that are not given.

        Times are unchanged.
        """
        other = rows.copy(deep=False)
        for place, name in enumerate(self.frame.columns):
            column = self.frame.iloc[:, place]
            if name in given or pd.api.types.is_datetime64_any_dtype(column.dtype):
                continue
            values = column.dropna()
            now = rows.iloc[:, place]
            differs = values[values != now.iloc[0]] if now.notna().all() else values
            if pd.api.types.is_numeric_dtype(column.dtype) and column.dtype.kind != "b":
                # An imputer may put the mean here, which the largest value is not.
                other.isetitem(place, np.full(len(rows), values.max() + 1.0))
            elif len(differs):
                value = differs.iloc[[0]].repeat(len(rows))
                other.isetitem(place, value.array)
        return other

    def _times_of_column(self, place, n_steps):
        """Return the next times of a column, if it has a time for each row."""
        ahead = []
        for number in range(len(self.series)):
            rows = self.series.values[self.series.row_slice(number), 0]
            times = pd.DatetimeIndex(self.frame.iloc[rows, place])
            is_sorted = times.is_monotonic_increasing and times.is_unique
            if is_sorted and not times.hasnans and len(times) > 1:
                ahead.append(_next_times(times, n_steps, Calendar()))
            else:
                ahead.append(times[[-1]].repeat(n_steps))
        together = ahead[0].append(ahead[1:])
        order = np.arange(len(together)).reshape(len(ahead), n_steps).T.ravel()
        return together[order].as_unit(self.frame.dtypes.iloc[place].unit)


def _next_times(times, n_times, usual):
    """Return the next times of one series, by its own steps or the usual ones."""
    if getattr(times, "freq", None) is not None:
        return times_after(times, n_times)
    calendar = Calendar.from_times(times) if len(times) > 2 else usual
    if len(times) <= 2:
        step = usual.step_as_offset()
        if step is not None:
            return Steps(times[-1], step).times(np.arange(1, n_times + 1))
    if len(times) == 1:
        raise ValueError(
            f"One row, at {times[0]}, does not show the step to the next time. Give more "
            "rows, or an index with a frequency."
        )
    if not calendar.closed:
        return times_after(times, n_times)
    n_candidates = n_times
    while True:
        after = times_after(times, n_candidates)
        after = after[are_open(after, calendar.step, calendar.phase, calendar.closed)]
        if len(after) >= n_times:
            return after[:n_times]
        n_candidates *= 2
