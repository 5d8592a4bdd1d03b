"""Exponential smoothing of the last rows of a series."""

from sktime.forecasting.exp_smoothing import ExponentialSmoothing

from skforecast_lstm.comparison.classical import most_rows

__all__ = ["SmoothingOfLastRows"]


class SmoothingOfLastRows(ExponentialSmoothing):
    """sktime's exponential smoothing, which learns only from the last 1,000 rows.

    Or from ten seasons, if these are more. The time of its fit grows with the rows.
    """

    def _fit(self, y, X, fh):
        return super()._fit(y.iloc[-most_rows(self.sp or 1) :], X, fh)
