"""Networks: functions that return a ``keras.Model``, with their layers and losses."""

from skforecast_lstm.networks.categories import (
    CategoryEmbedding,
    CategoryNumbers,
    JoinColumns,
)
from skforecast_lstm.networks.cells import Cell, PeepholeLSTMCell
from skforecast_lstm.networks.described import DescribeWindows
from skforecast_lstm.networks.forecasting import forecast_network
from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal
from skforecast_lstm.networks.known_ahead import LastSteps
from skforecast_lstm.networks.known_targets import (
    KnownTargetsLoss,
    KnownTargetsMetric,
    KnownTargetsStatistic,
    weigh_known_targets,
)
from skforecast_lstm.networks.layers import (
    Columns,
    MaskUnknown,
    Segments,
    TakeColumns,
    TargetScale,
)
from skforecast_lstm.networks.losses import (
    MeanAbsoluteScaledError,
    QuantileLoss,
    SymmetricMeanAbsolutePercentageError,
)
from skforecast_lstm.networks.members import Members, MembersNetwork, join_members
from skforecast_lstm.networks.normalization import (
    NormalizedNetwork,
    WindowDenormalization,
    WindowNormalization,
)
from skforecast_lstm.networks.pretrained import (
    MixedQuantiles,
    StepsAhead,
    TellSeasons,
    TrustInTrials,
    pretrained_network,
)
from skforecast_lstm.networks.quantiles import NonCrossingQuantiles
from skforecast_lstm.networks.recurrent import recurrent_network
from skforecast_lstm.networks.series import (
    JoinNeighbours,
    SummariseKnown,
    series_network,
)
from skforecast_lstm.networks.simple_forecasts import SimpleForecasts

__all__ = [
    "CategoryEmbedding",
    "CategoryNumbers",
    "Cell",
    "Columns",
    "DescribeWindows",
    "GlorotUniform",
    "JoinColumns",
    "JoinNeighbours",
    "KnownTargetsLoss",
    "KnownTargetsMetric",
    "KnownTargetsStatistic",
    "LastSteps",
    "MaskUnknown",
    "MeanAbsoluteScaledError",
    "Members",
    "MembersNetwork",
    "MixedQuantiles",
    "NonCrossingQuantiles",
    "NormalizedNetwork",
    "Orthogonal",
    "PeepholeLSTMCell",
    "QuantileLoss",
    "Segments",
    "SimpleForecasts",
    "StepsAhead",
    "SummariseKnown",
    "SymmetricMeanAbsolutePercentageError",
    "TakeColumns",
    "TargetScale",
    "TellSeasons",
    "TrustInTrials",
    "WindowDenormalization",
    "WindowNormalization",
    "forecast_network",
    "join_members",
    "pretrained_network",
    "recurrent_network",
    "series_network",
    "weigh_known_targets",
]
