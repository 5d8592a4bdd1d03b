"""sktime on the outside: forecasters, whole series, and the comparison of forecasters."""

from skforecast_lstm._lazy import loaded_late

_ROOM_OF = {
    "Comparison": "comparison",
    "LSTMForecaster": "forecaster",
    "LSTMTimeSeriesClassifier": "panel",
    "LSTMTimeSeriesRegressor": "panel",
    "compare": "comparing",
}

__all__ = [
    "Comparison",
    "LSTMForecaster",
    "LSTMTimeSeriesClassifier",
    "LSTMTimeSeriesRegressor",
    "compare",
]

__getattr__, __dir__ = loaded_late(__name__, _ROOM_OF)
