"""Pretraining: a network that has seen many synthetic series before it sees yours."""

from typing import TYPE_CHECKING

from skforecast_lstm._lazy import lazy_attributes

if TYPE_CHECKING:
    from skforecast_lstm.pretraining.generator import SyntheticSeries, synthetic_series
    from skforecast_lstm.pretraining.regressor import pretrained_regression_network

__all__ = ["SyntheticSeries", "pretrained_regression_network", "synthetic_series"]

_MODULES = {
    "SyntheticSeries": "generator",
    "pretrained_regression_network": "regressor",
    "synthetic_series": "generator",
}

__getattr__, __dir__ = lazy_attributes(__name__, _MODULES)
