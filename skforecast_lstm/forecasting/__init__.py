"""sktime estimators: a forecaster, and a classifier and regressor of whole series."""

from skforecast_lstm._lazy import lazy_attributes

_MODULES = {
    "LSTMForecaster": "forecaster",
    "LSTMTimeSeriesClassifier": "panel",
    "LSTMTimeSeriesRegressor": "panel",
}

__all__ = ["LSTMForecaster", "LSTMTimeSeriesClassifier", "LSTMTimeSeriesRegressor"]

__getattr__, __dir__ = lazy_attributes(__name__, _MODULES)
