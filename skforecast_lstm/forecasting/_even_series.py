"""Series of a frame with one row for each step of time."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sktime.forecasting.base import ForecastingHorizon

from skforecast_lstm._checks import check_no_infinity
from skforecast_lstm._scale import Scale
from skforecast_lstm._series import ManySeries
from skforecast_lstm._time_index import many_series
from skforecast_lstm._time_steps import Steps, find_steps
from skforecast_lstm.forecasting._categories import are_categorical

__all__ = [
    "EvenSeries",
    "Timeline",
    "at_same_frequency",
    "check_frames",
    "even_series",
    "in_earlier_order",
    "n_rows_before",
    "n_rows_by_name",
    "scales_by_name",
]


# With more steps for each row than this, a time or the frequency is wrong.
_MOST_STEPS_A_ROW = 100


class Timeline(NamedTuple):
    """Times of a series, and their steps. These are None if there are too few rows."""

    times: pd.Index
    steps: Steps | None

    def times_ahead(self, n_steps: int) -> pd.Index:
        """Return the first `n_steps` times after those of the series."""
        if not n_steps:
            return self.times[:0]
        return self._known_steps().times(len(self.times) + np.arange(n_steps))

    def steps_ahead(self, fh: ForecastingHorizon) -> tuple[NDArray, pd.Index]:
        """Return the times to forecast, as steps after the last row and as an index."""
        steps, last, wanted = self._known_steps(), len(self.times) - 1, fh.to_pandas()
        if fh.is_relative and pd.api.types.is_integer_dtype(wanted):
            ahead = wanted.to_numpy(dtype=np.int64)
            return ahead, steps.times(last + ahead)
        times = self.times[-1] + wanted if fh.is_relative else wanted
        if _kind(times) != _kind(self.times):
            raise ValueError(
                f"fh has times such as {times[0]!r}, and y ends at {self.times[-1]!r}. "
                "Give times of one kind."
            )
        return steps.numbers(times) - last, times

    def _known_steps(self):
        if self.steps is None:
            raise ValueError(
                f"y has too few rows up to {self.times[-1]} to tell how far the next "
                "time is. Give it a frequency, by y.asfreq(...) or a PeriodIndex, or "
                "more rows."
            )
        return self.steps


class EvenSeries(NamedTuple):
    """Series with one row for each step from the first time to the last.

    Series with the same times share a timeline. `timeline` has the number of the
    timeline of each series.
    """

    series: ManySeries
    timelines: list[Timeline]
    timeline: NDArray


def _kind(times):
    """Return what times must share to be compared: frequency, or having a time zone."""
    if isinstance(times, pd.PeriodIndex):
        return times.dtype
    return times.tz is None if isinstance(times, pd.DatetimeIndex) else None


def check_frames(**frames: pd.DataFrame | None) -> None:
    """Raise if a value is infinite, with its frame, row and column."""
    for name, frame in frames.items():
        if frame is not None:
            if name == "X":
                frame = frame.loc[:, ~are_categorical(frame)]
            check_no_infinity(
                name,
                frame.to_numpy(dtype=np.float64),
                lambda row, column, frame=frame: (
                    f"{frame.index[row]} in column {frame.columns[column]!r}"
                ),
            )


def even_series(frame: pd.DataFrame) -> EvenSeries:
    """Return the series of a frame in the order of their first rows.

    A row that the index leaves out is NaN.
    """
    series, _ = many_series(frame.to_numpy(dtype=np.float64), frame.index)
    first, timeline = series.equal_times()
    every_times = [series.times[series.row_slice(number)] for number in first]
    found = [find_steps(times) for times in every_times]
    counts: dict = {}
    for steps, n_series in zip(found, np.bincount(timeline), strict=True):
        if steps is not None:
            counts[steps.step] = counts.get(steps.step, 0) + n_series
    usual = max(counts, key=counts.__getitem__) if counts else None
    timelines, places = [], []
    for times, steps in zip(every_times, found, strict=True):
        steps = _steps_or_usual(times, steps, usual)
        numbers = np.arange(len(times)) if steps is None else _numbers(times, steps)
        n_steps = int(numbers[-1]) + 1
        if n_steps > len(times):
            times = steps.times(np.arange(n_steps))
        timelines.append(Timeline(times, steps))
        places.append(numbers)
    lengths = np.array([len(one.times) for one in timelines])[timeline]
    offsets = np.append(0, lengths.cumsum())
    values = series.values
    if offsets[-1] > len(values):
        values = np.full((offsets[-1], values.shape[1]), np.nan)
        values[
            offsets[series.numbers] + np.concatenate([places[one] for one in timeline])
        ] = series.values
    return EvenSeries(ManySeries(values, offsets, series.names), timelines, timeline)


def _steps_or_usual(times, steps, usual):
    """Return the steps of the times, or the usual ones if the times are too few."""
    if steps is not None:
        return steps
    if len(times) > 2:
        raise ValueError(
            f"The times of y up to {times[-1]} are not evenly spaced, so there is no "
            "next one. Give y a frequency by y.asfreq(...), NaN where nothing is known."
        )
    if not isinstance(times, pd.DatetimeIndex):
        usual = usual or 1
    return None if usual is None else Steps(times[0], usual)


def _numbers(times, steps):
    """Return the number of steps to each time. Raise if most steps have no row."""
    numbers = steps.numbers(times)
    n_steps = int(numbers[-1]) + 1
    if n_steps > len(times) and n_steps > 1000 + _MOST_STEPS_A_ROW * len(times):
        raise ValueError(
            f"The times of y from {times[0]} to {times[-1]} are {n_steps} steps of "
            f"{steps.name}, and y has {len(times)} rows. Correct the times, or give them "
            "their frequency by asfreq(...)."
        )
    return numbers


def at_same_frequency(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the frequency of the earlier ones, NaN in a gap."""
    frequency = getattr(before.index, "freq", None)
    if not isinstance(after.index, pd.DatetimeIndex) or frequency is None:
        return after
    steps = Steps(after.index[0], frequency)
    n_steps = int(steps.numbers(after.index)[-1]) + 1
    return after.reindex(steps.times(np.arange(n_steps)).rename(after.index.name))


def in_earlier_order(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the earlier series first, in their order."""
    now: Any = after.index
    then: Any = before.index
    if now.nlevels == 1:
        return after
    names, earlier = now.droplevel(-1), then.droplevel(-1).unique()
    order = earlier.append(names.unique().difference(earlier, sort=False))
    return after.iloc[np.argsort(order.get_indexer(names), kind="stable")]


def scales_by_name(series: ManySeries) -> dict[Any, Scale]:
    """Return the scale of each series by name, if all its columns have known values."""
    scales = Scale.by_series(series)
    known = ~series.are_unknown().any(axis=1)
    numbers = np.flatnonzero(known).tolist()
    return {series.names[number]: scales.take(number) for number in numbers}


def n_rows_by_name(series: ManySeries) -> dict[Any, int]:
    """Return the number of rows of each series by name."""
    return dict(zip(series.names, series.lengths.tolist(), strict=True))


def n_rows_before(now: EvenSeries, then: EvenSeries) -> dict[Any, int]:
    """Return how many rows each earlier series has now before its first row then."""
    first = {
        name: then.timelines[place].times[0]
        for name, place in zip(then.series.names, then.timeline, strict=True)
    }
    return {
        name: now.timelines[place].times.get_loc(first[name])
        for name, place in zip(now.series.names, now.timeline, strict=True)
        if name in first
    }
