"""Layers for windows of a series: their level, spread and season."""

import keras
import numpy as np
from keras import ops

from skforecast_lstm._checks import check_integer
from skforecast_lstm._engine_contract import known_to_engine

__all__ = [
    "Columns",
    "SimpleForecasts",
    "WindowDenormalization",
    "WindowNormalization",
]

_METHODS = ("last", "standard", "relative")


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class WindowNormalization(keras.layers.Layer):
    """Give each window the level 0 and the spread 1, column by column.

    If a column has no known value, its level and spread are the usual ones:
    non-trainable weights, 0 and 1 until they are set. Unknown values (NaN) become zero. A
    step is masked if any of its columns is unknown.

    Parameters
    ----------
    method : {"last", "standard", "relative"}, default="last"
        "last": the level is the last known value. The spread is the mean distance of the
        values from their mean, or the mean absolute step if that is larger.
        "standard": the level is the mean and the spread is the standard deviation.
        "relative": the level and the spread are the first known value, so that values
        become relative changes since then. If this value is nearer to zero than a
        hundredth of the mean absolute value, the spread is that hundredth.
    n_columns : int, default=None
        Number of leading columns to normalize. If None, all columns.
    season_length : int, default=1
        Number of steps in a season. With "last" and a season of more than one step, the
        level is the mean of the last season of the window.

    Notes
    -----
    The spread is at least a millionth of the absolute level, and at least
    `least_spread`: a non-trainable weight, 1e-3 in each column until it is set.

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
        """Create weights for the least spread and the usual level and spread."""
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
        """Return normalized windows, and levels and spreads per sample and column."""
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
        """Return a mask of shape (n_samples, n_steps), True at known steps."""
        return [ops.logical_not(ops.any(ops.isnan(inputs), axis=-1)), None, None]

    def get_config(self):
        """Return the parameters of the layer."""
        return {
            **super().get_config(),
            "method": self.method,
            "n_columns": self.n_columns,
            "season_length": self.season_length,
        }


def _at_end(values, counted, place):
    """Return the known value `place` steps before the last, without a gather."""
    n_steps = values.shape[1]
    chosen = ops.expand_dims(n_steps - 1 - place, 1)
    steps = ops.reshape(ops.arange(n_steps, dtype=chosen.dtype), (1, n_steps, 1))
    here = ops.cast(ops.equal(steps, chosen), values.dtype) * counted
    return ops.sum(values * here, axis=1, keepdims=True)


def _mean(values, counted):
    """Return the mean of the known steps and their number."""
    n_counted = ops.sum(counted, axis=1, keepdims=True)
    total = ops.sum(values * counted, axis=1, keepdims=True)
    return total / ops.maximum(n_counted, 1.0), n_counted


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class WindowDenormalization(keras.layers.Layer):
    """Undo `WindowNormalization` on forecasts and flatten them.

    Parameters
    ----------
    columns : tuple of int, default=None
        Normalized columns that are forecast. If None, all columns.

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
        """Return forecasts of shape (n_samples, horizon * n_columns * n_each)."""
        forecasts, *measures = inputs
        shape = forecasts.shape[1:]
        level, spread = self._as_forecasts(*measures)
        return ops.reshape(forecasts * spread + level, (-1, int(np.prod(shape))))

    def build(self, input_shape):
        """Store the shape of the forecasts and their number per target."""
        self.shape = tuple(input_shape[0][1:])
        self.n_each = self.shape[-1]

    def of_outputs(self, level, spread):
        """Return the level and the spread of each output."""
        return tuple(
            ops.reshape(
                ops.broadcast_to(part, (ops.shape(part)[0], *self.shape)),
                (-1, int(np.prod(self.shape))),
            )
            for part in self._as_forecasts(level, spread)
        )

    def _as_forecasts(self, *measures):
        """Yield level and spread of the columns, with axes for horizon and quantiles."""
        for part in measures:
            chosen = part
            if self.columns is not None:
                chosen = ops.stack([part[:, column] for column in self.columns], axis=-1)
            yield chosen[:, None, :, None]

    def get_config(self):
        """Return the parameters of the layer."""
        return {**super().get_config(), "columns": self.columns}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class Columns(keras.layers.Layer):
    """Select columns of a window, at all steps or at the last ones.

    Parameters
    ----------
    start, stop : int
        First column, and the column after the last one.
    n_steps : int, default=None
        Number of last steps to keep. If None, all steps.

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
        """Return the selected part of the window."""
        first = 0 if self.n_steps is None else -self.n_steps
        return inputs[:, first:, self.start : self.stop]

    def compute_mask(self, inputs, previous_mask=None):
        """Return no mask, because unknown values are zero."""

    def get_config(self):
        """Return the parameters of the layer."""
        chosen = {"start": self.start, "stop": self.stop, "n_steps": self.n_steps}
        return {**super().get_config(), **chosen}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class SimpleForecasts(keras.layers.Layer):
    """Compute the forecasts of simple rules from a window, for each step of the horizon.

    Without a season, the rules are the last value, means and a straight line. With a
    season, they are the last value and the mean of the last season; also the value a
    season ago, if the window covers a season; and also the mean seasonal pattern and
    recent changes of level and season, if it covers two. Each rule is linear in the
    window, so all forecasts are one product with a constant.

    Parameters
    ----------
    horizon : int
        Number of steps ahead.
    season_length : int
        Number of steps after which the series repeats itself, or 1 if it has no season.
    rules : tuple of str, default=None
        Names of the rules, such as ``("last", "season_ago")``. If None, all rules that
        windows of this length allow.

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
        """Raise unless windows of this length allow these rules."""
        # The shortest windows with as many seasons have the same rules.
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
        """Return forecasts of shape (n_samples, horizon, n_columns, n_rules)."""
        if self.weights_of_rules is None:
            # Build it at the first use, because its size is window times horizon.
            known = simple_rules(inputs.shape[1], self.horizon, self.season_length)
            self.weights_of_rules = np.stack(
                [known[name] for name in self.names], axis=-1
            )
        rules = ops.convert_to_tensor(self.weights_of_rules, dtype=inputs.dtype)
        return ops.einsum("nlc,hlk->nhck", inputs, rules)

    def compute_output_shape(self, input_shape):
        """Return the shape (n_samples, horizon, n_columns, n_rules)."""
        return (input_shape[0], self.horizon, input_shape[-1], len(self.names))

    def compute_mask(self, inputs, previous_mask=None):
        """Return no mask, because the axis of the steps is gone."""

    def get_config(self):
        """Return the parameters of the layer."""
        return {
            **super().get_config(),
            "horizon": self.horizon,
            "season_length": self.season_length,
            "rules": self.rules,
        }


def simple_rules(n_steps: int, horizon: int, season_length: int) -> dict[str, np.ndarray]:
    """Return, for each rule, the weight of each step of a window in each forecast.

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
    """Return the rules that compare the seasons of a window."""
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
    """Return the initial weights: the seasonal pattern at the recent level.

    With one season in the window, the initial forecast is the value a season ago. Without
    a season it is the level: the mean of the last season, or the last value. If
    `on_level`, the window is normalized by that level, so the level needs no weight.
    """
    level = "last_season" if "last_season" in rules else "last"
    begin_with = set() if on_level else {level}
    if {"pattern", "recent_level"} <= rules.keys():
        begin_with |= {"pattern", "recent_level"}
    elif "season_ago" in rules:
        begin_with = {"season_ago"}
    return [[float(name in begin_with)] for name in rules]
