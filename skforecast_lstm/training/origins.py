"""Origins of forecasts, and the windows of the steps that follow them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Origins", "windows_at"]


class Origins(NamedTuple):
    """Rows of a series at which forecasts begin, and the lags of their windows.

    Parameters
    ----------
    starts : ndarray of int
        First row to forecast, for each origin. This row and all rows after it are
        unknown.
    begins : ndarray of int
        First known row of the same series, for each origin. Rows before it belong to
        another series.
    lags : ndarray of int
        Number of rows from each step of a window to the row of the window, oldest first.
    required : ndarray of int
        Number of known rows that each step of a window needs. It equals the lag if the
        step is unknown before the first row of the series; it is smaller if the first
        row takes its place.
    """

    starts: NDArray
    begins: NDArray
    lags: NDArray
    required: NDArray

    def take(self, places: Any) -> "Origins":
        """Return the origins at these places."""
        return self._replace(starts=self.starts[places], begins=self.begins[places])


def windows_at(
    step: Any, series: Any, fed: Any, origins: Origins, numpy: Any = np
) -> Any:
    """Return the windows of the rows a number of steps after each start.

    Parameters
    ----------
    step : int
        Number of steps after the start; 0 for the start itself.
    series : array of shape (n_rows, n_columns)
        Known rows of the series.
    fed : array of shape (n_origins, n_most_steps, n_columns)
        Forecasts of the previous steps.
    origins : Origins
        Rows at which the forecasts begin.
    numpy : module, default=numpy
        `numpy`, or `jax.numpy` while a program is traced.

    Returns
    -------
    windows : array of shape (n_origins, n_lags, n_columns)
        Windows, NaN at unknown steps.
    """
    starts, begins = origins.starts[:, None], origins.begins[:, None]
    rows = numpy.maximum(starts + step - origins.lags, begins)
    known = series[numpy.minimum(rows, len(series) - 1)]
    places = numpy.maximum(rows - starts, 0)[..., None]
    forecast = numpy.take_along_axis(fed, places, axis=1)
    windows = numpy.where((rows < starts)[..., None], known, forecast)
    is_known = starts + step - begins >= origins.required
    return numpy.where(is_known[..., None], windows, numpy.nan)
