"""Network that corrects simple forecasts of a window with an LSTM."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import keras
from keras import layers

from skforecast_lstm.networks.arguments import data_shapes
from skforecast_lstm.networks.categories import embed_window
from skforecast_lstm.networks.cells import recurrent_layer
from skforecast_lstm.networks.layers import Columns
from skforecast_lstm.networks.normalization import (
    NormalizedNetwork,
    WindowNormalization,
)
from skforecast_lstm.networks.simple_forecasts import SimpleForecasts, mixture_layer
from skforecast_lstm.networks.stages import (
    dense_layer,
    recurrent_stack,
    undo_normalization,
    window_input,
)

__all__ = ["forecast_network"]


def forecast_network(
    input_shape: tuple[int, int] | None = None,
    n_outputs: int | None = None,
    *,
    horizon: int = 1,
    n_targets: int = 1,
    n_known: int = 0,
    categorical_features: Sequence[int] = (),
    n_categories: Sequence[int] = (),
    season_length: int = 1,
    second_season: int = 1,
    segment: int | None = None,
    units: int = 16,
    decoder: Literal["dense", "lstm"] = "dense",
    dropout: float = 0.3,
    loss_in_spreads: bool = False,
    meta: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a network that forecasts several steps ahead from a window of a series.

    The network normalizes each window by its own level and spread, and undoes this on the
    output. Therefore it can forecast levels that it has never seen. The forecast is a sum
    of three parts:

    - a mixture of simple forecasts with learned weights: last value, value a season ago,
      drift and others, see :class:`SimpleForecasts`;
    - a correction by an LSTM that reads the window;
    - a correction for each step from the columns that are known ahead.

    At first, the mixture is the mean seasonal pattern at the recent level, and both
    corrections are zero.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of a window: (n_steps, n_columns). The first columns are the targets. The
        last ``2 * n_known`` columns are those known ahead: first their values at the step
        of the window, then their values `horizon` steps later.
    n_outputs : int, default=None
        Number of outputs, a multiple of ``horizon * n_targets``. If None, exactly this
        number. A larger multiple gives several outputs for each step of each target, such
        as quantiles.
    horizon : int, default=1
        Number of steps ahead.
    n_targets : int, default=1
        Number of columns to forecast.
    n_known : int, default=0
        Number of columns that are known ahead. If over 0, windows need at least `horizon`
        steps.
    categorical_features : sequence of int, default=()
        Columns of the window with categories, numbered from 0, -1 for unknown ones. Each
        passes through an embedding, see :func:`recurrent_network`. Columns that are known
        ahead are named at the step of the window, and their values later belong to them.
    n_categories : sequence of int, default=()
        Number of categories of each of the `categorical_features`.
    season_length : int, default=1
        Number of steps after which the series repeats itself, or 1 if it has no season.
    second_season : int, default=1
        Number of steps in a second, longer season, such as a week of hours, or 1 if there
        is none. Its simple forecasts take part if a window covers it.
    segment : int, default=None
        Number of steps that the LSTM reads at once, through a dense layer. If None, it
        reads one step at a time.
    units : int, default=16
        Number of units of the LSTM.
    decoder : {"dense", "lstm"}, default="dense"
        Layer that turns the state of the LSTM into forecasts: a dense layer for all steps
        at once, or a second LSTM, step by step (sequence to sequence).
    dropout : float, default=0.3
        Fraction of the state to drop in training.
    loss_in_spreads : bool, default=False
        If True, the loss is measured in units of the spread of each window, so that
        windows of different series count equally. See :class:`NormalizedNetwork`.
    meta : dict, default=None
        Description of the data by SciKeras, used in place of `input_shape` and
        `n_outputs`. SciKeras passes it automatically if the function is the ``model`` of
        an estimator.

    Returns
    -------
    network : keras.Model
        Network, not compiled. Its outputs are the targets of the first step, then those
        of the second step, and so on.

    Examples
    --------
    >>> from skforecast_lstm.networks import forecast_network
    >>> forecast_network((24, 1), horizon=12, season_length=12).output_shape
    (None, 12)
    """
    shape, n_outputs = data_shapes(meta, input_shape, n_outputs)
    n_steps, n_columns = shape
    if n_known and n_steps < horizon:
        raise ValueError(
            f"The windows have {n_steps} steps, too few for columns that are known "
            f"{horizon} steps ahead. Give a longer lookback."
        )
    if decoder not in ("dense", "lstm"):
        raise ValueError(f"decoder must be 'dense' or 'lstm', got {decoder!r}.")
    n_each = 1 if n_outputs is None else n_outputs // (horizon * n_targets)

    inputs, window = window_input(shape)
    if len(categorical_features):
        pairs = dict(zip(categorical_features, n_categories, strict=True))
        window, n_known = embed_window(window, pairs, n_known)
        n_columns = window.shape[-1]
    normalization = WindowNormalization("last", n_targets, season_length)
    window, level, spread = normalization(window)
    rules = SimpleForecasts(horizon, season_length, second_season=second_season)
    mixture = mixture_layer(n_steps, horizon, season_length, second_season)
    simple = rules(Columns(0, n_targets)(window))
    parts = [mixture(simple)]
    if n_known:
        now = Columns(n_columns - 2 * n_known, n_columns - n_known)(window)
        ahead = Columns(n_columns - n_known, n_columns, horizon)(window)
        expected = layers.Reshape((horizon, n_known))(mixture(rules(now)))
        surprise = layers.Subtract()([ahead, expected])
        together = surprise
        if len(categorical_features):
            # A constant category is no surprise, but may change the effect of the others.
            together = layers.Concatenate()([surprise, ahead])
        curved = dense_layer(units, "tanh")(together)
        for known in (surprise, curved):
            correction = dense_layer(n_targets, starts_at_zero=True)(known)
            parts.append(layers.Reshape((horizon, n_targets, 1))(correction))
    read = partial(recurrent_stack, window, units=units, segment=segment)
    if decoder == "dense":
        state, n_corrections = read(), horizon * n_targets * n_each
    else:
        _, *first_state = read(return_state=True)
        steps = layers.Reshape((horizon, -1))(simple)
        if n_known:
            steps = layers.Concatenate()([steps, ahead])
        layer = recurrent_layer("lstm", units, return_sequences=True)
        state, n_corrections = layer(steps, initial_state=first_state), n_targets * n_each
    state = layers.Dropout(dropout)(state)
    correction = dense_layer(n_corrections, starts_at_zero=True)(state)
    parts.append(layers.Reshape((horizon, n_targets, n_each))(correction))
    outputs = undo_normalization(parts, level, spread)
    kind = NormalizedNetwork if loss_in_spreads else keras.Model
    return kind(inputs, outputs, name="forecast_network")
