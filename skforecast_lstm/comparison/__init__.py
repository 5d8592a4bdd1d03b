"""Comparison of forecasters by rolling origin."""

from skforecast_lstm._lazy import lazy_attributes

_MODULES = {"Comparison": "result", "compare": "comparing"}

__all__ = ["Comparison", "compare"]

__getattr__, __dir__ = lazy_attributes(__name__, _MODULES)
