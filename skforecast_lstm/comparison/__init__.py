"""Forecasters side by side: what each would have said, and how far off it was."""

from skforecast_lstm._lazy import loaded_late

_ROOM_OF = {"Comparison": "result", "compare": "comparing"}

__all__ = ["Comparison", "compare"]

__getattr__, __dir__ = loaded_late(__name__, _ROOM_OF)
