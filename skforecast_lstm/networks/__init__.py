"""What is trained: functions that return a ``keras.Model``, and their layers."""

from skforecast_lstm.networks.cells import Cell, PeepholeLSTMCell
from skforecast_lstm.networks.forecasting import forecast_network
from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal
from skforecast_lstm.networks.layers import MaskUnknown, TakeColumns, TargetScale
from skforecast_lstm.networks.losses import QuantileLoss
from skforecast_lstm.networks.normalized import NormalizedNetwork
from skforecast_lstm.networks.recurrent import recurrent_network
from skforecast_lstm.networks.series import (
    JoinNeighbours,
    SummariseKnown,
    series_network,
)
from skforecast_lstm.networks.window_layers import (
    Columns,
    SimpleForecasts,
    WindowDenormalization,
    WindowNormalization,
)

__all__ = [
    "Cell",
    "Columns",
    "GlorotUniform",
    "JoinNeighbours",
    "MaskUnknown",
    "NormalizedNetwork",
    "Orthogonal",
    "PeepholeLSTMCell",
    "QuantileLoss",
    "SimpleForecasts",
    "SummariseKnown",
    "TakeColumns",
    "TargetScale",
    "WindowDenormalization",
    "WindowNormalization",
    "forecast_network",
    "recurrent_network",
    "series_network",
]
