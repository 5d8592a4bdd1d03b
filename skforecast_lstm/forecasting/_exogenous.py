"""Exogenous columns: of X, known only in the past or known ahead, and of the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from skforecast_lstm._scale import Scale
from skforecast_lstm._time_index import many_series
from skforecast_lstm.calendar_features import CalendarFeatures
from skforecast_lstm.forecasting._categories import categories_in_frame, to_numbers
from skforecast_lstm.forecasting._columns import in_order
from skforecast_lstm.forecasting._even_series import EvenSeries, check_frames

__all__ = ["Exogenous"]


@dataclass(frozen=True)
class Exogenous:
    """Columns of X and of the calendar, and their scale in training.

    Parameters
    ----------
    past, known : list
        Columns known only in the past, and columns known ahead. The last of these are
        those of the calendar.
    scale : Scale
        Scale of all columns, in this order.
    calendar : CalendarFeatures, default=None
        Fitted transformer that gives the columns of the calendar.
    categories : dict, default={}
        Categories of each categorical column, by name.
    """

    past: list
    known: list
    scale: Scale
    calendar: CalendarFeatures | None = None
    categories: dict = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        X: pd.DataFrame | None,
        past_only: Sequence,
        calendar: Any = None,
        even: EvenSeries | None = None,
    ) -> "Exogenous":
        """Create from the X of `fit`, and the calendar of the times of the series."""
        names = [] if X is None else list(X.columns)
        strange = [name for name in past_only if name not in names]
        if strange:
            raise ValueError(
                f"past_only names {strange}, but the columns of X are {names}. Give X "
                "with these columns, or leave them out of past_only."
            )
        past = [name for name in names if name in past_only]
        known = [name for name in names if name not in past_only]
        categories = categories_in_frame(X)
        values = np.empty((0, 0))
        if X is not None:
            values = to_numbers(X, past + known, categories)
        scale = Scale.from_values(values)
        for place, name in enumerate(past + known):
            if name in categories:
                scale.centre[place], scale.spread[place] = 0, 1
        if calendar is None or even is None:
            return cls(past, known, scale, None, categories)
        times = [timeline.times for timeline in even.timelines]
        calendar = _fitted(calendar, max(times, key=len))
        calendar_scale = Scale.from_values(_calendar_values(calendar, times, even))
        both = [np.concatenate(pair) for pair in zip(scale, calendar_scale, strict=True)]
        known += list(calendar.get_feature_names_out())
        return cls(past, known, Scale(*both), calendar, categories)

    @property
    def _given_columns(self):
        """Names of the columns of X."""
        n_known = len(self.known)
        if self.calendar is not None:
            n_known -= len(self.calendar.get_feature_names_out())
        return self.past + self.known[:n_known]

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical columns among all columns."""
        names = self.past + self.known
        return [place for place, name in enumerate(names) if name in self.categories]

    def checked(self, X: pd.DataFrame | None, y: pd.DataFrame) -> pd.DataFrame | None:
        """Return X with its columns in order.

        Raise if it lacks a column of `fit` or a row of y.
        """
        names = self._given_columns
        if X is None or X.columns.empty:
            if names:
                raise ValueError(
                    f"X is missing; fit had one with the columns {names}. Give X with "
                    "the rows of y."
                )
            return None
        self._check_expected()
        X = in_order(X, names, "X")
        if X.index.equals(y.index):
            return X
        absent = y.index.difference(X.index)
        if len(absent):
            raise ValueError(
                f"X has no row at {absent[0]}, which y has; {len(absent)} of {len(y)} "
                "rows are missing. Give X with the rows of y, NaN where it is unknown."
            )
        return X

    def checked_ahead(self, X: pd.DataFrame | None) -> pd.DataFrame | None:
        """Return X of the times to forecast, with its columns in order.

        Columns that are known only in the past may be missing.
        """
        if X is None or X.columns.empty:
            return None
        self._check_expected()
        check_frames(X=X)
        return in_order(X, self._given_columns, "X", optional=self.past)

    def _check_expected(self):
        if not self._given_columns:
            raise ValueError(
                "X had no columns in fit, or was missing, so the network can't read one. "
                "Leave X out, or give it to fit as well."
            )

    def scaled_columns(self, even: EvenSeries, X: pd.DataFrame | None) -> NDArray:
        """Return the scaled columns at each row of the series."""
        times = [timeline.times for timeline in even.timelines]
        rows = []
        if X is not None and self._given_columns:
            rows = _rows_of_series(X, even, times)
        return self._scaled(X, rows, even, times)

    def scaled_ahead(
        self, even: EvenSeries, X: pd.DataFrame | None, n_steps: int
    ) -> NDArray:
        """Return the scaled known columns at the steps after the last row.

        The shape is (n_series, n_steps, n_known).
        """
        shape = (len(even.series), n_steps, len(self.known))
        if not n_steps or not self.known:
            return np.empty(shape)
        times = [timeline.times_ahead(n_steps) for timeline in even.timelines]
        ahead_in_X = [name for name in self._given_columns if name not in self.past]
        if not ahead_in_X:
            scaled = self._scaled(None, [], even, times)
            return scaled[:, len(self.past) :].reshape(shape)
        if X is None:
            first = times[even.timeline[0]]
            raise ValueError(
                f"The columns {ahead_in_X} of X were known ahead in fit, so predict "
                f"needs X from {first[0]} to {first[-1]}. Name them in past_only if "
                "they are known in the past only."
            )
        rows = np.array(_rows_of_series(X, even, times))
        for number in np.flatnonzero((rows < 0).any(axis=1))[:1]:
            its_times, missing = times[even.timeline[number]], rows[number] < 0
            raise ValueError(
                f"X has no row at {its_times[missing.argmax()]}"
                f"{_series_name(even, number)}. Each step up to {its_times[-1]} is "
                f"needed, and {missing.sum()} of {n_steps} are missing. Give X with them."
            )
        ahead = self._scaled(X, rows, even, times)[:, len(self.past) :].reshape(shape)
        for number, step, column in np.argwhere(np.isnan(ahead))[:1]:
            raise ValueError(
                f"Column {self.known[column]!r} of X is NaN at "
                f"{times[even.timeline[number]][step]}{_series_name(even, number)}, and "
                "all steps to forecast are needed of columns that are known ahead. Fill "
                "it, or name it in past_only if it is known in the past only."
            )
        return ahead

    def _scaled(self, X, rows, even, times):
        """Return the scaled values at the times of all series, from X and the calendar.

        `rows` has the rows of X of each series, or is empty; -1 stands for no row.
        `times` has those of each timeline.
        """
        n_rows = sum(len(times[timeline]) for timeline in even.timeline)
        values = np.full((n_rows, len(self._given_columns)), np.nan)
        if len(rows):
            places = np.concatenate(rows)
            values = to_numbers(X, self._given_columns, self.categories)[places]
            values[places < 0] = np.nan
        if self.calendar is not None:
            calendar = _calendar_values(self.calendar, times, even)
            values = np.concatenate([values, calendar], axis=1)
        return self.scale.apply(values)


def _fitted(calendar, times):
    """Return a calendar fitted to times, and check that it suits a forecaster."""
    if isinstance(calendar, str) and calendar == "auto":
        calendar = CalendarFeatures()
    if not isinstance(calendar, CalendarFeatures):
        raise ValueError(
            f'calendar must be "auto", None or a CalendarFeatures, got {calendar!r}.'
        )
    if calendar.encoding != "circular" or calendar.column is not None:
        raise ValueError(
            'calendar must have encoding="circular" and column=None, because the '
            "network reads numbers at the times of y."
        )
    if calendar.features != "auto" and "elapsed" in calendar.features:
        raise ValueError(
            'The calendar of a forecaster can\'t have "elapsed": its steps are equal.'
        )
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        raise ValueError(
            f"calendar needs dates, and the times of y are {times.dtype}. Give y an "
            "index of dates or periods, or leave calendar out."
        )
    calendar = clone(calendar)
    return calendar.fit(pd.DataFrame(index=times))


def _calendar_values(calendar, times, even):
    """Return the columns of the calendar at the times of all series."""
    by_timeline = [
        calendar.transform(pd.DataFrame(index=one)).to_numpy(dtype=np.float64)
        for one in times
    ]
    return np.concatenate([by_timeline[timeline] for timeline in even.timeline])


def _rows_of_series(X, even, times):
    """Return for each series the rows of X at its times, -1 if X has none.

    `times` has those of each timeline.
    """
    found, _ = many_series(np.arange(len(X)), X.index)
    first, group = found.equal_times()
    number_in_X = {name: number for number, name in enumerate(found.names)}
    places: dict = {}
    rows = []
    for name, timeline in zip(even.series.names, even.timeline, strict=True):
        if name not in number_in_X:
            raise ValueError(f"X has no rows of series {name!r}, which y has.")
        number = number_in_X[name]
        both = timeline, group[number]
        if both not in places:
            own = found.times[found.row_slice(first[group[number]])]
            places[both] = own.get_indexer(times[timeline])
        its_rows = found.values[found.row_slice(number)]
        rows.append(np.where(places[both] < 0, -1, its_rows[places[both]]))
    return rows


def _series_name(even, number):
    """Return the name of a series for an error, if it has one."""
    name = even.series.names[number]
    return "" if name is None else f" of series {name!r}"
