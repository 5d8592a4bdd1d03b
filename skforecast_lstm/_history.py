"""Last rows of `fit`, put before the rows that directly follow them."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._gaps import Calendars, find_calendars, insert_missing_rows
from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm._series_end import End

__all__ = ["History", "KnownSteps", "known_steps"]

# Number of first rows by which the beginning of a series is recognized.
_N_FIRST = 8


class History(NamedTuple):
    """Last steps of each series in `fit`, their first rows, and the ends of the series.

    `end` has the number of the end of each series. Without times, there are no ends.
    """

    series: ManySeries
    first_rows: ManySeries
    ends: list[End]
    end: NDArray

    @classmethod
    def of(cls, series: ManySeries, reach: int, calendars: Calendars) -> "History":
        """Create from all rows of `fit`, with as many steps as a window reaches back."""
        steps, _ = insert_missing_rows(series.tail(reach), reach, calendars)
        ends = [
            End.from_times(series.times[series.row_slice(number)], calendar)
            for calendar, number in zip(calendars.calendars, calendars.first, strict=True)
            if calendar is not None
        ]
        return cls(steps.tail(reach), series.head(_N_FIRST), ends, calendars.group)

    def as_plain(self) -> dict[str, Any]:
        """Return values of types that a file of `persistence.save` can hold."""
        ends: list = [astuple(end) for end in self.ends] or [None]
        return {
            "series": list(self.series.names),
            "rows": np.split(self.series.values, self.series.offsets[1:-1]),
            "first_rows": np.split(self.first_rows.values, self.first_rows.offsets[1:-1]),
            "ends": [ends[number] for number in self.end],
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Sequence]) -> "History":
        """Create from the result of `as_plain`."""
        series, first_rows = (
            ManySeries(
                np.concatenate(plain[name]),
                np.append(0, np.cumsum([len(rows) for rows in plain[name]])),
                plain["series"],
            )
            for name in ("rows", "first_rows")
        )
        numbers: dict[str, int] = {}
        end = [numbers.setdefault(repr(one), len(numbers)) for one in plain["ends"]]
        first = np.unique(end, return_index=True)[1]
        ends = [plain["ends"][number] for number in first]
        ends = [End(*one) for one in ends if one]
        return cls(series, first_rows, ends, np.array(end))

    def begin_alike(self, series: ManySeries) -> NDArray[np.bool_]:
        """Return whether each series begins with the values of the same one in `fit`."""
        in_fit = self.numbers_in_fit(series)
        alike = in_fit >= 0
        (numbers,) = np.nonzero(alike)
        first = self.first_rows
        lengths = np.minimum(series.lengths[numbers], first.lengths[in_fit[numbers]])
        rows = ranges(series.offsets[numbers], lengths)
        rows_in_fit = ranges(first.offsets[in_fit[numbers]], lengths)
        values, in_fit = series.values[rows], first.values[rows_in_fit]
        same = np.isclose(values, in_fit, rtol=1e-6, atol=0, equal_nan=True).all(axis=1)
        alike[numbers.repeat(lengths)[~same]] = False
        return alike

    def numbers_in_fit(self, series: ManySeries) -> NDArray[np.int64]:
        """Return the number in `fit` of each series, -1 for new ones."""
        number_in_fit = {name: number for number, name in enumerate(self.series.names)}
        return np.array([number_in_fit.get(name, -1) for name in series.names])


class KnownSteps(NamedTuple):
    """Steps of many series, after as many steps of the past as a window reaches back.

    The past of each series begins with its number of `unknown` steps, which are NaN, as
    are the steps in gaps. `places` has the place of each given row in the values; None
    if there is one series without a gap. `begins_as_in_fit` tells the series that begin
    with the same values as in `fit`.
    """

    series: ManySeries
    unknown: NDArray
    places: NDArray | None
    begins_as_in_fit: NDArray[np.bool_]

    def row_places(self, reach: int) -> NDArray:
        """Return the place of each row, after the `reach` steps before each series."""
        if self.places is not None:
            return self.places
        return np.arange(reach, len(self.series.values))


def known_steps(
    series: ManySeries,
    reach: int,
    calendars: Calendars | None,
    history: History | None,
    *,
    ignore_gaps: bool = False,
) -> KnownSteps:
    """Return the steps of the series, after those of the history that they follow.

    Without calendars, they are those of the history, or new ones for series that are
    not in the history. If gaps are ignored, no steps are missing.
    """
    past, past_numbers, numbers = series, *np.zeros((2, 0), dtype=np.int64)
    begins_as_in_fit = np.ones(len(series), dtype=bool)
    if history is not None:
        begins_as_in_fit = history.begin_alike(series)
    if calendars is None:
        calendars, past, past_numbers, numbers = _match_history(
            series, history, ignore_gaps
        )
    steps, places = insert_missing_rows(series, reach, calendars)
    n_series = len(series)
    offsets = steps.offsets + reach * np.arange(n_series + 1)
    shape = (offsets[-1], series.values.shape[1])
    values = np.full(shape, np.nan, dtype=series.values.dtype)
    if n_series == 1:
        values[reach:] = steps.values
        places = None if places is None else places + reach
    else:
        moved = np.arange(len(steps.values)) + reach * (steps.numbers + 1)
        values[moved] = steps.values
        places = moved if places is None else moved[places]
    unknown = np.full(n_series, reach)
    if len(past_numbers):
        lengths = past.lengths[past_numbers]
        unknown[numbers] -= lengths
        rows = ranges(offsets[numbers] + unknown[numbers], lengths)
        values[rows] = past.values[ranges(past.offsets[past_numbers], lengths)]
    steps = ManySeries(values, offsets, series.names)
    return KnownSteps(steps, unknown, places, begins_as_in_fit)


def _match_history(series, history, ignore_gaps):
    """Return the calendars of the series, and the history that they directly follow.

    The history comes with the numbers of its series, in `fit` and here.
    """
    past, _, ends, end = history
    nothing = np.zeros(0, dtype=np.int64)
    # All ends come from one index, so all are of the same kind.
    if series.times is None or not ends or not ends[0].fits(series.times):
        calendars = find_calendars(series, ignore_gaps=ignore_gaps)
        return calendars, past, nothing, nothing
    in_fit = history.numbers_in_fit(series)
    is_new = in_fit < 0
    series_end = np.where(is_new, len(ends), end[in_fit])
    _, group = series.equal_times()
    _, first, pair = np.unique(
        group * (len(ends) + 1) + series_end, return_index=True, return_inverse=True
    )
    calendars: list = [None] * len(first)
    follows = np.zeros(len(first), dtype=bool)
    for place in np.flatnonzero(~is_new[first]):
        times = series.times[series.row_slice(first[place])]
        end_in_fit = ends[series_end[first[place]]]
        calendar = end_in_fit.series_calendar
        calendars[place] = calendar if ignore_gaps else calendar.updated_for(times)
        follows[place] = end_in_fit.is_followed_by(times)
    if is_new.any():
        (new,) = np.nonzero(is_new)
        found = find_calendars(
            series if is_new.all() else series.take(new),
            [ends[number].series_calendar for number in end],
            ignore_gaps=ignore_gaps,
        )
        for place in np.flatnonzero(is_new[first]):
            number = np.searchsorted(new, first[place])
            calendars[place] = found.calendars[found.group[number]]
    (numbers,) = np.nonzero(follows[pair])
    return Calendars(calendars, first, pair), past, in_fit[numbers], numbers
