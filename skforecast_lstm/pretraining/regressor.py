"""The pretrained network as the model of a regressor, to go on training it."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from skforecast_lstm._checks import check_seasons
from skforecast_lstm.networks.arguments import data_shapes
from skforecast_lstm.networks.layers import TakeColumns
from skforecast_lstm.networks.pretrained import (
    MEDIAN,
    TellSeasons,
    pretrained_network,
)
from skforecast_lstm.networks.stages import window_input
from skforecast_lstm.pretraining.forecasting import shape_for
from skforecast_lstm.pretraining.weights import shipped_weights

__all__ = ["pretrained_regression_network"]


def pretrained_regression_network(
    input_shape: tuple[int, ...] | None = None,
    n_outputs: int = 1,
    *,
    season_length: int | Sequence[int] = 1,
    target_column: int = 0,
    meta: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build the pretrained network with its weights, to train it on windows of your own.

    It forecasts the next steps of one column of a window. Use it as the ``model`` of
    :class:`LSTMRegressor`, with a small learning rate. `LSTMRegressor.initialize` gives
    its forecasts without training.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of a window: (n_steps, n_features), or (n_steps,) for one series.
    n_outputs : int, default=1
        Number of steps ahead, at most 64. The first is the step after the window.
    season_length : int or two int, default=1
        Number of steps in a season, or in each of two seasons.
    target_column : int, default=0
        Column of the window that is forecast. The others are not read.
    meta : dict, default=None
        Description of the data by SciKeras, used in place of `input_shape` and
        `n_outputs`. SciKeras passes it automatically if the function is the ``model`` of
        an estimator.

    Returns
    -------
    network : keras.Model
        Network, not compiled. Its outputs are the medians of the steps ahead.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skforecast_lstm import LookbackWindower, LSTMRegressor
    >>> from skforecast_lstm.pretraining import pretrained_regression_network
    >>> passengers = load_airline().to_numpy()[:, None]
    >>> windows = LookbackWindower(60, horizon=1).fit_transform(passengers)
    >>> regressor = LSTMRegressor(
    ...     model=pretrained_regression_network, model__season_length=12,
    ...     learning_rate=1e-4, loss="mae", n_batches=2, random_state=0,
    ... )
    >>> regressor.fit(windows, passengers[:, 0]).predict(windows[-2:]).shape
    (2,)
    """
    shape, found = data_shapes(meta, input_shape, n_outputs)
    horizon = n_outputs if found is None else found
    seasons = check_seasons(season_length)
    inputs, window = window_input(shape)
    window = TakeColumns((target_column,))(window)
    n_steps, longest = shape_for(shape[0], horizon)
    network = pretrained_network(n_steps, longest)
    network.set_weights(shipped_weights().weights)
    told = TellSeasons(n_steps, seasons)(window)
    outputs = network(told)[:, :horizon, MEDIAN]
    return keras.Model(inputs, outputs, name="pretrained_regression_network")
