"""What is trained: functions that return a ``keras.Model``, and their layers."""

from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal
from skforecast_lstm.networks.layers import MaskUnknown, TargetScale
from skforecast_lstm.networks.recurrent import recurrent_network

__all__ = [
    "GlorotUniform",
    "MaskUnknown",
    "Orthogonal",
    "TargetScale",
    "recurrent_network",
]
