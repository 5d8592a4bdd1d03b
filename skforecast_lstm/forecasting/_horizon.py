"""Times to forecast: steps behind the last row of each series, and back again."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sktime.datatypes import get_cutoff
from sktime.forecasting.base import ForecastingHorizon

__all__ = ["steps_of", "times_ahead"]


def times_ahead(times: pd.Index, n_steps: int) -> pd.Index:
    """The times that follow those of a series."""
    if not n_steps:
        return times[:0]
    steps = ForecastingHorizon(np.arange(1, n_steps + 1), is_relative=True)
    return steps_of(steps, times)[1]


def steps_of(fh: ForecastingHorizon, times: pd.Index) -> tuple[NDArray, pd.Index]:
    """How many steps behind the last row of a series the times to forecast are."""
    if fh.is_relative and not isinstance(times, pd.DatetimeIndex):
        # Whole numbers and periods are counted on, which is quick for many series.
        steps = fh.to_numpy().astype(np.int64)
        return steps, _counted_on(times, steps)
    cutoff = _cutoff(times)
    steps = fh.to_relative(cutoff).to_numpy().astype(np.int64)
    return steps, fh.to_absolute_index(cutoff)


def _counted_on(times, steps):
    """The times some steps behind the last one."""
    if isinstance(times, pd.PeriodIndex):
        ordinals = times[-1].ordinal + steps
        return pd.PeriodIndex.from_ordinals(ordinals, freq=times.freq)
    return pd.Index(times[-1] + steps)


def _cutoff(times):
    """The last time, with the distance between times."""
    cutoff = get_cutoff(pd.DataFrame(index=times), return_index=True)
    if isinstance(cutoff, pd.DatetimeIndex) and cutoff.freq is None:
        raise ValueError(
            f"The times of y up to {times[-1]} are not evenly spaced, so there is no "
            "next one. Give y a frequency by y.asfreq(...), NaN where nothing is known."
        )
    return cutoff
