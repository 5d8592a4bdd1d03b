"""Cheaper forecasters that run in place of one that takes too long."""

from importlib.util import find_spec

from skforecast_lstm.comparison.classical import of_last_rows

__all__ = ["stand_in"]

# On 60 monthly series, a search with these bounds was as accurate in half of the time.
# With fewer steps of the optimizer (maxiter) it is quicker still, but less accurate.
_BOUNDS = {"max_p": 3, "max_q": 3, "max_P": 1, "max_Q": 1}


def stand_in(name, forecaster):
    """Return the name and the forecaster to run in its place, or None.

    Parameters
    ----------
    name : str
        Name of a forecaster.
    forecaster : sktime forecaster
        Unfitted forecaster.
    """
    from sktime.forecasting.arima import AutoARIMA

    if type(forecaster) is not AutoARIMA:
        return None
    if find_spec("statsforecast"):
        return f"{name} (statsforecast)", of_last_rows("AutoARIMA", forecaster.sp)
    return f"{name} (bounded search)", forecaster.clone().set_params(**_BOUNDS)
