"""Conversion between times to forecast and steps after the last row of a series."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sktime.forecasting.base import ForecastingHorizon

from skforecast_lstm._time_steps import Steps
from skforecast_lstm.forecasting._series import Series

__all__ = ["steps_of", "times_ahead"]


def times_ahead(series: Series, n_steps: int) -> pd.Index:
    """Return the first `n_steps` times after those of a series."""
    if not n_steps:
        return series.times[:0]
    return _steps(series).times(len(series) + np.arange(n_steps))


def steps_of(fh: ForecastingHorizon, series: Series) -> tuple[NDArray, pd.Index]:
    """Return the times to forecast, as steps after the last row and as an index."""
    steps, last, wanted = _steps(series), len(series) - 1, fh.to_pandas()
    if fh.is_relative and pd.api.types.is_integer_dtype(wanted):
        ahead = wanted.to_numpy(dtype=np.int64)
        return ahead, steps.times(last + ahead)
    times = series.times[-1] + wanted if fh.is_relative else wanted
    if isinstance(times, pd.DatetimeIndex) != isinstance(steps.first, pd.Timestamp):
        raise ValueError(
            f"fh has times such as {times[0]!r}, and y ends at {series.times[-1]!r}. "
            "Give times of one kind."
        )
    return steps.numbers(times) - last, times


def _steps(series: Series) -> Steps:
    if series.steps is None:
        raise ValueError(
            f"y has too few rows up to {series.times[-1]} to tell how far the next time "
            "is. Give it a frequency, by y.asfreq(...) or a PeriodIndex, or more rows."
        )
    return series.steps
