"""Origins of forecasts, and the windows of the steps after them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Origins", "windows_at"]


class Origins(NamedTuple):
    """The rows of a series at which forecasts begin, and what their windows hold.

    Parameters
    ----------
    starts : ndarray of int
        First row that is to be forecast; it is not known, nor is any after it.
    begins : ndarray of int
        First row that is known of the same series. What lies before it is another's.
    lags : ndarray of int
        Distance of each step of a window back from its row, oldest first.
    required : ndarray of int
        How many rows must be known for each of these steps to be: as many as its lag
        where it is unknown before the first row, fewer where that row stands for it.
    """

    starts: NDArray
    begins: NDArray
    lags: NDArray
    required: NDArray

    def take(self, places: Any) -> "Origins":
        """Some of the origins."""
        return self._replace(starts=self.starts[places], begins=self.begins[places])


def windows_at(
    step: Any, series: Any, fed: Any, origins: Origins, numpy: Any = np
) -> Any:
    """Windows of the rows so many steps after each start.

    Parameters
    ----------
    step : int
        0 for the start itself.
    series : array of shape (n_rows, n_columns)
        What is known before each start.
    fed : array of shape (n_origins, n_most_steps, n_columns)
        What was forecast of the steps before this one.
    origins : Origins
        Where the forecasts begin.
    numpy : module, default=numpy
        NumPy, or JAX's while a program is traced.

    Returns
    -------
    windows : array of shape (n_origins, n_lags, n_columns)
        NaN where a step is unknown.
    """
    starts, begins = origins.starts[:, None], origins.begins[:, None]
    rows = numpy.maximum(starts + step - origins.lags, begins)
    known = series[numpy.minimum(rows, len(series) - 1)]
    places = numpy.maximum(rows - starts, 0)[..., None]
    forecast = numpy.take_along_axis(fed, places, axis=1)
    windows = numpy.where((rows < starts)[..., None], known, forecast)
    is_known = starts + step - begins >= origins.required
    return numpy.where(is_known[..., None], windows, numpy.nan)
