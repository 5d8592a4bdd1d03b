"""Comparison of forecasters by rolling origin."""

from skforecast_lstm._lazy import loaded_late

_ROOM_OF = {"Comparison": "result", "compare": "comparing"}

__all__ = ["Comparison", "compare"]

__getattr__, __dir__ = loaded_late(__name__, _ROOM_OF)
