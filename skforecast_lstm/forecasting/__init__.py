"""sktime on the outside: forecasters, whole series, and the comparison of forecasters."""

from importlib import import_module

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


def __getattr__(name):
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


def __dir__():
    return sorted([*globals(), *_ROOM_OF])
