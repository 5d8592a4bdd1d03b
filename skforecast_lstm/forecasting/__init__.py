"""sktime estimators: a forecaster, and a classifier and regressor of whole series."""

from skforecast_lstm._lazy import loaded_late

_ROOM_OF = {
    "LSTMForecaster": "forecaster",
    "LSTMTimeSeriesClassifier": "panel",
    "LSTMTimeSeriesRegressor": "panel",
}

__all__ = ["LSTMForecaster", "LSTMTimeSeriesClassifier", "LSTMTimeSeriesRegressor"]

__getattr__, __dir__ = loaded_late(__name__, _ROOM_OF)
