"""Layers that know what a window of a series is: its level, its spread, its season."""

import keras
import numpy as np
from keras import ops

from skforecast_lstm._checks import check_integer

__all__ = [
    "Columns",
    "SimpleForecasts",
    "WindowDenormalization",
    "WindowNormalization",
]

_METHODS = ("last", "standard", "relative")


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class WindowNormalization(keras.layers.Layer):
    """Give each window the level 0 and the spread 1, column by column.

    A column without any known value has the usual level and spread, weights that
    training leaves alone: 0 and 1 until they are set. What is unknown (NaN) becomes zero,
    and a step at which any column is unknown is masked.

    Parameters
    ----------
    method : {"last", "standard", "relative"}, default="last"
        "last": the level is the last known value, the spread the mean distance of
        the values from their mean, or the mean step where that is larger.
        "standard": the level is the mean, the spread the standard deviation.
        "relative": the level and the spread are the first known value, so that
        values become relative changes since; where it lies nearer to zero than a
        hundredth of the mean size of the values, the spread is that hundredth.
    n_columns : int, default=None
        Number of columns, from the first, to normalize; None for all.
    season_length : int, default=1
        Number of steps at the end of a window whose mean is its level, with "last".

    Notes
    -----
    The spread is never under a millionth of the level, nor under `least_spread`, a
    weight that training leaves alone: 1e-3 in each column until it is set.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import WindowNormalization
    >>> window = np.array([[[8.0], [12.0], [10.0]]], dtype="float32")
    >>> normalized, level, spread = WindowNormalization(season_length=2)(window)
    >>> np.asarray(level).ravel(), np.asarray(spread).ravel()
    (array([11.], dtype=float32), array([3.], dtype=float32))
    """

    def __init__(
        self,
        method: str = "last",
        n_columns: int | None = None,
        season_length: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if method not in _METHODS:
            raise ValueError(f"normalization must be one of {_METHODS}, got {method!r}.")
        self.method = method
        self.n_columns = n_columns
        self.season_length = season_length
        self.supports_masking = True

    def build(self, input_shape):
        """Make weights for the least spread of each column, and its usual measures."""
        for name, value in (
            ("least_spread", 1e-3),
            ("usual_level", 0.0),
            ("usual_spread", 1.0),
        ):
            weight = self.add_weight(
                name=name,
                shape=(self.n_columns or input_shape[-1],),
                initializer=keras.initializers.Constant(value),
                trainable=False,
            )
            setattr(self, name, weight)

    def call(self, inputs):
        """Normalized windows, and level and spread of shape (n_samples, n_columns)."""
        known = ops.logical_not(ops.isnan(inputs))
        values = ops.where(known, inputs, ops.zeros_like(inputs))
        counted = ops.cast(known, values.dtype)[:, :, : self.n_columns]
        first = values[:, :, : self.n_columns]
        level, spread = getattr(self, f"_{self.method}")(first, counted)
        least = ops.maximum(1e-6 * ops.abs(level), self.least_spread)
        spread = ops.where(ops.abs(spread) < least, least, spread)
        is_known = ops.any(counted > 0, axis=1, keepdims=True)
        level = ops.where(is_known, level, ops.convert_to_tensor(self.usual_level))
        spread = ops.where(is_known, spread, ops.convert_to_tensor(self.usual_spread))
        normalized = (first - level) / spread * counted
        if self.n_columns is not None:
            others = values[:, :, self.n_columns :]
            normalized = ops.concatenate([normalized, others], -1)
        return normalized, level[:, 0], spread[:, 0]

    def _last(self, values, counted):
        mean, _ = _mean(values, counted)
        if self.season_length == 1:
            level = _at_end(values, counted, ops.argmax(ops.flip(counted, 1), axis=1))
        else:
            season = slice(-self.season_length, None)
            level, n_of_season = _mean(values[:, season], counted[:, season])
            level = ops.where(n_of_season > 0, level, mean)
        distance, _ = _mean(ops.abs(values - mean), counted)
        steps = ops.abs(values[:, 1:] - values[:, :-1])
        step, _ = _mean(steps, counted[:, 1:] * counted[:, :-1])
        return level, ops.maximum(distance, step)

    def _standard(self, values, counted):
        mean, _ = _mean(values, counted)
        variance, _ = _mean((values - mean) ** 2, counted)
        return mean, ops.sqrt(variance)

    def _relative(self, values, counted):
        place = values.shape[1] - 1 - ops.argmax(counted, axis=1)
        first = _at_end(values, counted, place)
        size, _ = _mean(ops.abs(values), counted)
        near_zero = ops.abs(first) < size / 100
        return first, ops.where(near_zero, size / 100, first)

    def compute_mask(self, inputs, previous_mask=None):
        """Mask of shape (n_samples, n_steps), true where a step is known."""
        return [ops.logical_not(ops.any(ops.isnan(inputs), axis=-1)), None, None]

    def get_config(self):
        """What the layer was made with."""
        return {
            **super().get_config(),
            "method": self.method,
            "n_columns": self.n_columns,
            "season_length": self.season_length,
        }


def _at_end(values, counted, place):
    """The known value so many steps before the last; a product, with no gathering."""
    n_steps = values.shape[1]
    chosen = ops.expand_dims(n_steps - 1 - place, 1)
    steps = ops.reshape(ops.arange(n_steps, dtype=chosen.dtype), (1, n_steps, 1))
    here = ops.cast(ops.equal(steps, chosen), values.dtype) * counted
    return ops.sum(values * here, axis=1, keepdims=True)


def _mean(values, counted):
    """Mean of the steps that count, and how many these are."""
    n_counted = ops.sum(counted, axis=1, keepdims=True)
    total = ops.sum(values * counted, axis=1, keepdims=True)
    return total / ops.maximum(n_counted, 1.0), n_counted


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class WindowDenormalization(keras.layers.Layer):
    """Undo what `WindowNormalization` did, on forecasts, and lay them out flat.

    Parameters
    ----------
    columns : tuple of int, default=None
        Which of the normalized columns the forecasts are of; None for all.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import WindowDenormalization
    >>> forecasts = np.array([[[[0.5]], [[1.0]]]], dtype="float32")
    >>> level, spread = np.array([[11.0]]), np.array([[3.0]])
    >>> np.asarray(WindowDenormalization()([forecasts, level, spread]))
    array([[12.5, 14. ]], dtype=float32)
    """

    def __init__(self, columns: tuple[int, ...] | None = None, **kwargs):
        super().__init__(**kwargs)
        self.columns = columns

    def call(self, inputs):
        """Forecasts of shape (n_samples, horizon * n_columns * n_each)."""
        forecasts, *measures = inputs
        shape = forecasts.shape[1:]
        level, spread = self._as_forecasts(*measures)
        return ops.reshape(forecasts * spread + level, (-1, int(np.prod(shape))))

    def build(self, input_shape):
        """Remember the shape of the forecasts, in which there may be more than these."""
        self.shape = tuple(input_shape[0][1:])
        self.n_each = self.shape[-1]

    def of_outputs(self, level, spread):
        """Level and spread for each output."""
        return tuple(
            ops.reshape(
                ops.broadcast_to(part, (ops.shape(part)[0], *self.shape)),
                (-1, int(np.prod(self.shape))),
            )
            for part in self._as_forecasts(level, spread)
        )

    def _as_forecasts(self, *measures):
        """Level and spread of the columns, with axes for horizon and what is in each."""
        for part in measures:
            chosen = part
            if self.columns is not None:
                chosen = ops.stack([part[:, column] for column in self.columns], axis=-1)
            yield chosen[:, None, :, None]

    def get_config(self):
        """What the layer was made with."""
        return {**super().get_config(), "columns": self.columns}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class Columns(keras.layers.Layer):
    """Some columns of a window, at all of its steps or at the last ones.

    Parameters
    ----------
    start, stop : int
        The first column, and the one after the last.
    n_steps : int, default=None
        How many of the last steps; None for all.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import Columns
    >>> window = np.arange(6.0).reshape(1, 2, 3)
    >>> np.asarray(Columns(1, 3, n_steps=1)(window)).tolist()
    [[[4.0, 5.0]]]
    """

    def __init__(self, start: int, stop: int, n_steps: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.start, self.stop, self.n_steps = start, stop, n_steps
        self.supports_masking = True

    def call(self, inputs):
        """The chosen part of the window."""
        first = 0 if self.n_steps is None else -self.n_steps
        return inputs[:, first:, self.start : self.stop]

    def compute_mask(self, inputs, previous_mask=None):
        """Nothing is masked: what is unknown is zero."""

    def get_config(self):
        """What the layer was made with."""
        chosen = {"start": self.start, "stop": self.stop, "n_steps": self.n_steps}
        return {**super().get_config(), **chosen}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class SimpleForecasts(keras.layers.Layer):
    """What simple rules would forecast from a window, for each step of the horizon.

    The rules are the last value, the mean and the straight line; where the window
    holds a season also the value of a season ago; where it holds two also the mean
    of its seasons, and how level and season changed since. Each rule is linear in the
    window, so all of them are one product with a constant.

    Parameters
    ----------
    horizon : int
        Number of steps ahead.
    season_length : int
        Number of steps after which the series repeats itself; 1 if it does not.
    rules : tuple of str, default=None
        The rules by name, such as ``("last", "season_ago")``; None for all that there
        are for windows of this length.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import SimpleForecasts
    >>> window = np.array([[[1.0], [2.0], [3.0]]], dtype="float32")
    >>> forecasts = SimpleForecasts(horizon=2, season_length=1)(window)
    >>> np.asarray(forecasts)[0, :, 0].tolist()
    [[3.0, 2.0, 2.5, 1.0], [3.0, 2.0, 2.5, 2.0]]
    """

    def __init__(
        self,
        horizon: int,
        season_length: int,
        rules: tuple[str, ...] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_integer("season_length", season_length, 1)
        self.horizon = horizon
        self.season_length = season_length
        self.rules = rules
        self.supports_masking = True

    def build(self, input_shape):
        """Raise unless windows of this length have these rules."""
        # They are the same for the shortest windows with as many seasons.
        n_seasons, season_length = (
            min(input_shape[1] // self.season_length, 2),
            min(self.season_length, 2),
        )
        known = simple_rules(max(n_seasons * season_length, 1), 1, season_length)
        missing = [name for name in self.rules or () if name not in known]
        if missing:
            raise ValueError(
                f"Windows of {input_shape[1]} steps with season_length="
                f"{self.season_length} have no rule {missing[0]!r}, only "
                f"{', '.join(known)}. A season needs a season_length over 1 and a "
                "lookback of that length; or give another base."
            )
        self.names = list(self.rules or known)
        self.weights_of_rules = None

    def call(self, inputs):
        """Forecasts of shape (n_samples, horizon, n_columns, n_rules)."""
        if self.weights_of_rules is None:
            # As large as the window times the horizon, so not before it is used.
            known = simple_rules(inputs.shape[1], self.horizon, self.season_length)
            self.weights_of_rules = np.stack(
                [known[name] for name in self.names], axis=-1
            )
        rules = ops.convert_to_tensor(self.weights_of_rules, dtype=inputs.dtype)
        return ops.einsum("nlc,hlk->nhck", inputs, rules)

    def compute_output_shape(self, input_shape):
        """A forecast of each column by each rule, for each step ahead."""
        return (input_shape[0], self.horizon, input_shape[-1], len(self.names))

    def compute_mask(self, inputs, previous_mask=None):
        """Nothing is masked: the axis of the steps is gone."""

    def get_config(self):
        """What the layer was made with."""
        return {
            **super().get_config(),
            "horizon": self.horizon,
            "season_length": self.season_length,
            "rules": self.rules,
        }


def simple_rules(n_steps: int, horizon: int, season_length: int) -> dict[str, np.ndarray]:
    """Weights of each step of a window in each simple forecast of each step ahead.

    Each rule has the shape (horizon, n_steps).
    """
    window, ahead = np.eye(n_steps), np.arange(horizon)
    rules = {"last": window[-1]}
    if season_length == 1:
        times = np.arange(n_steps) - (n_steps - 1) / 2
        rules["mean"] = window.mean(0)
        rules["last_two"] = window[-2:].mean(0)
        rules["line"] = (ahead[:, None] + 1) * times / max((times**2).sum(), 1.0)
    else:
        rules["last_season"] = window[-season_length:].mean(0)
    if season_length > 1 and n_steps >= season_length:
        season_ago = n_steps - season_length + ahead % season_length
        rules["season_ago"] = window[season_ago]
    if season_length > 1 and n_steps >= 2 * season_length:
        rules |= _rules_of_seasons(window, ahead, season_length)
    return {
        name: np.broadcast_to(rule, (horizon, n_steps)) for name, rule in rules.items()
    }


def _rules_of_seasons(window, ahead, season_length):
    """Rules that compare the seasons of a window with each other."""
    n_seasons = len(window) // season_length
    seasons = window[-n_seasons * season_length :].reshape(
        n_seasons, season_length, len(window)
    )
    pattern = (seasons - seasons.mean(1, keepdims=True)).mean(0)
    recent = slice(-max(season_length // 4, 1), None)
    last_season = seasons[-1].mean(0)
    drift = last_season - seasons[-2].mean(0)
    seasons_ahead = 1 + ahead[:, None] // season_length
    to_middle = ((season_length + 1) / 2 + ahead[:, None]) / season_length
    return {
        "pattern": pattern[ahead % season_length],
        "last_without_pattern": window[-1] - pattern[-1],
        "recent_level": (window[recent] - pattern[recent]).mean(0) - last_season,
        "recent_change": (seasons[-1] - seasons[-2])[recent].mean(0),
        "drift_by_season": drift * seasons_ahead,
        "drift_by_step": drift * to_middle,
    }


def first_weights(
    rules: dict[str, np.ndarray], *, on_level: bool = True
) -> list[list[float]]:
    """Weights to begin with: the pattern of the seasons at the level of late.

    With one season in the window it is the season ago, and without seasons the level:
    the mean of the last season, or the last value. If they are `on_level`, the window
    is normalized by that level, and it is no rule of its own.
    """
    level = "last_season" if "last_season" in rules else "last"
    begin_with = set() if on_level else {level}
    if {"pattern", "recent_level"} <= rules.keys():
        begin_with |= {"pattern", "recent_level"}
    elif "season_ago" in rules:
        begin_with = {"season_ago"}
    return [[float(name in begin_with)] for name in rules]
