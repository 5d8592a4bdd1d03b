"""Keras LSTMs as ordinary scikit-learn citizens for time series.

Importing the package costs next to nothing: every name is loaded from its module
at first use, and only the networks and what is built on them load Keras.
"""

from typing import TYPE_CHECKING

from skforecast_lstm._backend import choose_backend
from skforecast_lstm._lazy import lazy_attributes

if TYPE_CHECKING:
    from skforecast_lstm._version import __version__
    from skforecast_lstm.binned_regressor import BinnedRegressor
    from skforecast_lstm.calendar_features import CalendarFeatures
    from skforecast_lstm.comparison import compare
    from skforecast_lstm.estimators import LSTMClassifier, LSTMRegressor
    from skforecast_lstm.exceptions import UnknownStepsWarning
    from skforecast_lstm.forecasting import (
        LSTMForecaster,
        LSTMTimeSeriesClassifier,
        LSTMTimeSeriesRegressor,
    )
    from skforecast_lstm.networks import recurrent_network
    from skforecast_lstm.next_steps import forecast
    from skforecast_lstm.recursive import recursive_forecast
    from skforecast_lstm.windows import LookbackWindower

_MODULES = {
    "BinnedRegressor": "binned_regressor",
    "CalendarFeatures": "calendar_features",
    "LSTMClassifier": "estimators",
    "LSTMForecaster": "forecasting",
    "LSTMRegressor": "estimators",
    "LSTMTimeSeriesClassifier": "forecasting",
    "LSTMTimeSeriesRegressor": "forecasting",
    "LookbackWindower": "windows",
    "UnknownStepsWarning": "exceptions",
    "__version__": "_version",
    "compare": "comparison",
    "forecast": "next_steps",
    "recurrent_network": "networks",
    "recursive_forecast": "recursive",
}

__all__ = [
    "BinnedRegressor",
    "CalendarFeatures",
    "LSTMClassifier",
    "LSTMForecaster",
    "LSTMRegressor",
    "LSTMTimeSeriesClassifier",
    "LSTMTimeSeriesRegressor",
    "LookbackWindower",
    "UnknownStepsWarning",
    "__version__",
    "compare",
    "forecast",
    "recurrent_network",
    "recursive_forecast",
]

choose_backend()

__getattr__, __dir__ = lazy_attributes(__name__, _MODULES)
