"""Network that is trained once, on many series, and then forecasts any series."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.described import DescribeWindows
from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal
from skforecast_lstm.networks.quantiles import NonCrossingQuantiles

__all__ = [
    "LEVELS",
    "MEDIAN",
    "MixedQuantiles",
    "StepsAhead",
    "TellSeasons",
    "TrustInTrials",
    "pretrained_network",
]

# Levels of the quantiles that the network forecasts.
LEVELS = (0.025, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.975)
# Place of the median among the levels.
MEDIAN = LEVELS.index(0.5)


def pretrained_network(
    n_steps: int = 512,
    horizon: int = 64,
    *,
    units: int = 128,
    decoder_units: int = 64,
    segment: int = 16,
) -> keras.Model:
    """Build a network that forecasts quantiles of any series from a window of it.

    The network is told the seasons of each series. Simple forecasts made with these
    seasons are its candidates: seasonal naive, exponential smoothing, lines and others,
    also of the logarithm. Two LSTM layers read the window in segments. A third steps
    through the horizon, and mixes the candidates with weights of its own for each
    series and step, and adds a correction. At first, the weights of the candidates depend
    only on their errors at the last steps of the window, and the correction is zero.

    The weights depend neither on `n_steps` nor on `horizon`: networks for short and for
    long windows can share them.

    Parameters
    ----------
    n_steps : int, default=512
        Number of steps of a window, a multiple of `segment`. A shorter series has NaN
        before it.
    horizon : int, default=64
        Number of steps ahead.
    units : int, default=128
        Number of units of each of the two LSTM layers that read the window.
    decoder_units : int, default=64
        Number of units of the LSTM that steps through the horizon.
    segment : int, default=16
        Number of steps that the LSTM layers read at once.

    Returns
    -------
    network : keras.Model
        Network, not compiled. Its inputs are windows of shape (n_series, n_steps), NaN
        where unknown, and the numbers of steps of two seasons, of shape (n_series, 2), 1
        for none. Its output has the shape (n_series, horizon, 9): a quantile for each
        level in `LEVELS`.

    Examples
    --------
    >>> from skforecast_lstm.networks.pretrained import pretrained_network
    >>> pretrained_network(64, 12).output_shape
    (None, 12, 9)
    """
    if n_steps % segment:
        raise ValueError(
            f"n_steps={n_steps} is no multiple of segment={segment}. Choose one that is."
        )
    windows = keras.Input((n_steps,), name="windows")
    seasons = keras.Input((2,), name="seasons", dtype="int32")
    steps, candidates, centre, unit, measures, errors, level, spread = DescribeWindows(
        horizon
    )(windows, seasons)
    measures = layers.Concatenate()([measures, layers.Flatten()(errors)])
    read = layers.Reshape((n_steps // segment, segment * steps.shape[-1]))(steps)
    read = _lstm(units, return_sequences=True)(read)
    state = layers.Concatenate()([_lstm(units)(read), measures])
    state = layers.Dense(
        2 * decoder_units, activation="tanh", kernel_initializer=GlorotUniform()
    )(state)
    ahead = StepsAhead()([candidates, centre, unit, seasons])
    decoded = _lstm(decoder_units, return_sequences=True)(
        ahead, initial_state=[state[:, :decoder_units], state[:, decoder_units:]]
    )
    n_candidates = candidates.shape[-1]
    of_series = layers.Dense(n_candidates, kernel_initializer="zeros")(
        layers.Concatenate()([state, measures])
    )
    by_step = layers.Dense(n_candidates, kernel_initializer="zeros")(decoded)
    logits = by_step + (of_series + TrustInTrials()(errors))[:, None]
    weights = layers.Softmax()(logits)
    corrections = layers.Dense(len(LEVELS), kernel_initializer="zeros")(decoded)
    outputs = MixedQuantiles()([candidates, weights, corrections, unit, level, spread])
    return keras.Model([windows, seasons], outputs, name="pretrained_network")


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class TellSeasons(layers.Layer):
    """Turn windows of one column into the inputs of a pretrained network.

    Parameters
    ----------
    n_steps : int
        Number of steps that the network reads. A shorter window has NaN before it, and
        of a longer one the last steps are read.
    season_lengths : sequence of int
        Numbers of steps in one or two seasons.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import TellSeasons
    >>> windows, seasons = TellSeasons(3, (7,))(np.ones((1, 2, 1), "float32"))
    >>> np.asarray(windows), np.asarray(seasons)
    (array([[nan,  1.,  1.]], dtype=float32), array([[7, 1]], dtype=int32))
    """

    def __init__(self, n_steps: int, season_lengths: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.n_steps = n_steps
        self.season_lengths = tuple(season_lengths)

    def call(self, inputs):
        """Return windows of shape (n_samples, n_steps), and two seasons for each."""
        windows = inputs[:, -self.n_steps :, 0]
        missing = ((0, 0), (self.n_steps - windows.shape[1], 0))
        windows = ops.pad(windows, missing, constant_values=float("nan"))
        seasons = ops.convert_to_tensor([[*self.season_lengths, 1][:2]], "int32")
        return windows, ops.zeros_like(windows[:, :1], dtype="int32") + seasons

    def compute_output_spec(self, inputs):
        """Return the outputs without values."""
        n_samples = inputs.shape[0]
        windows = keras.KerasTensor((n_samples, self.n_steps), inputs.dtype)
        return windows, keras.KerasTensor((n_samples, 2), "int32")

    def get_config(self):
        """Return the parameters of the layer."""
        chosen = {"n_steps": self.n_steps, "season_lengths": self.season_lengths}
        return {**super().get_config(), **chosen}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class TrustInTrials(layers.Layer):
    """Prefer candidates with small errors in the trials, each as much as was learned.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import TrustInTrials
    >>> errors = np.array([[[-0.3, 0.3]]], dtype="float32")
    >>> np.asarray(TrustInTrials()(errors)).round(1)
    array([[ 0.4, -0.4]], dtype=float32)
    """

    def build(self, input_shape):
        """Create the weights; the first ones are good for many real series."""
        self.trust = self.add_weight(
            name="trust",
            shape=input_shape[1:],
            initializer=keras.initializers.Constant(4 / 3),
        )

    def call(self, errors):
        """Return a logit for each candidate, of shape (n_series, n_candidates)."""
        return -ops.sum(errors * self.trust, axis=1)

    def compute_output_shape(self, input_shape):
        """Return the shape of the logits."""
        return (input_shape[0], input_shape[2])


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class StepsAhead(layers.Layer):
    """Describe each step ahead: candidates, phase of the seasons, distance.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import StepsAhead
    >>> candidates, unit = np.zeros((1, 6, 4)), np.ones((1, 6, 1))
    >>> StepsAhead()([candidates, unit, unit, np.array([[12, 1]])]).shape
    (1, 6, 13)
    """

    def call(self, inputs):
        """Return features of shape (n_series, horizon, n_features)."""
        candidates, centre, unit, seasons = inputs
        horizon, dtype = candidates.shape[1], candidates.dtype
        distances = ops.arcsinh((candidates - centre) / unit)
        ahead = ops.convert_to_tensor(np.arange(1, horizon + 1)[None, :, None], dtype)
        lengths = ops.expand_dims(ops.cast(ops.maximum(seasons, 1), dtype), 1)
        angle = ops.divide(2 * np.pi * ahead, lengths)
        features = [
            distances,
            ops.sin(angle),
            ops.cos(angle),
            ops.log(ops.divide(ahead, lengths)),
            ops.zeros_like(unit) + (ops.log(ahead) - 1),
            ops.log(unit / unit[:, :1]),
            ops.arcsinh((centre - centre[:, :1]) / unit),
        ]
        return ops.concatenate(features, axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the shape of the features."""
        *shape, n_candidates = input_shape[0]
        return (*shape, n_candidates + 9)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class MixedQuantiles(layers.Layer):
    """Mix candidates, add corrections as quantiles in order, undo the normalization.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import MixedQuantiles
    >>> candidates, weights = np.ones((1, 6, 4)), np.full((1, 6, 4), 0.25)
    >>> corrections, unit = np.zeros((1, 6, 9)), np.ones((1, 6, 1))
    >>> level, spread = np.full((1, 1), 10.0), np.full((1, 1), 2.0)
    >>> inputs = [candidates, weights, corrections, unit, level, spread]
    >>> float(MixedQuantiles()(inputs)[0, 0, 4])
    12.0
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.in_order = NonCrossingQuantiles(len(LEVELS))

    def build(self, input_shape):
        """Build the layer that puts quantiles in order."""
        self.in_order.build((None, len(LEVELS)))

    def call(self, inputs):
        """Return quantiles of shape (n_series, horizon, n_quantiles)."""
        candidates, weights, corrections, unit, level, spread = inputs
        mixed = ops.sum(candidates * weights, axis=-1, keepdims=True)
        n_quantiles = corrections.shape[-1]
        ordered = self.in_order(ops.reshape(corrections, (-1, n_quantiles)))
        distances = ops.reshape(ordered, ops.shape(corrections)) * unit
        return (mixed + distances) * spread[..., None] + level[..., None]

    def compute_output_shape(self, input_shape):
        """Return the shape of the corrections."""
        return input_shape[2]


def _lstm(units, **options):
    """Create an LSTM with initial weights drawn by NumPy, which is quick."""
    return layers.LSTM(
        units,
        kernel_initializer=GlorotUniform(),
        recurrent_initializer=Orthogonal(),
        **options,
    )
