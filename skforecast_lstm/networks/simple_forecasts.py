"""Simple forecasts of a window: last value, season, drift, and a mixture of them."""

import keras
import numpy as np
from keras import layers, ops

from skforecast_lstm._checks import check_integer
from skforecast_lstm._engine_contract import known_to_engine

__all__ = ["SimpleForecasts", "mixture_layer"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class SimpleForecasts(keras.layers.Layer):
    """Compute the forecasts of simple rules from a window, for each step of the horizon.

    Without a season, the rules are the last value, means and a straight line. With a
    season, they are the last value and the mean of the last season; also the value a
    season ago, if the window covers a season; and also the mean seasonal pattern and
    recent changes of level and season, if it covers two. With a second, longer season
    that the window covers, there are the value one second season ago and the change of
    level since then, and the mean of two second seasons if it covers two. Each rule is
    linear in the window, so all forecasts are one product with a constant.

    Parameters
    ----------
    horizon : int
        Number of steps ahead.
    season_length : int
        Number of steps after which the series repeats itself, or 1 if it has no season.
    rules : tuple of str, default=None
        Names of the rules, such as ``("last", "season_ago")``. If None, all rules that
        windows of this length allow.
    second_season : int, default=1
        Number of steps in a second, longer season, or 1 if there is none.

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
        second_season: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_integer("season_length", season_length, 1)
        check_integer("second_season", second_season, 1)
        self.second_season = second_season
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
        known = [
            *simple_rules(max(n_seasons * season_length, 1), 1, season_length),
            *_second_season_names(input_shape[1], self.season_length, self.second_season),
        ]
        missing = [name for name in self.rules or () if name not in known]
        if missing:
            raise ValueError(
                f"Windows of {input_shape[1]} steps with "
                f"season_length={self.season_length} have no rule {missing[0]!r}, only "
                f"{', '.join(known)}. A seasonal rule needs a season_length over 1 and a "
                "lookback of at least that length. Otherwise, choose another base."
            )
        self.names = list(self.rules or known)
        self.weights_of_rules = None

    def call(self, inputs):
        """Return forecasts of shape (n_samples, horizon, n_columns, n_rules)."""
        if self.weights_of_rules is None:
            # Build it at the first use, because its size is window times horizon.
            known = simple_rules(
                inputs.shape[1], self.horizon, self.season_length, self.second_season
            )
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
            "second_season": self.second_season,
        }


def simple_rules(
    n_steps: int, horizon: int, season_length: int, second_season: int = 1
) -> dict[str, np.ndarray]:
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
        rules |= _seasonal_rules(window, ahead, season_length)
    rules |= _second_season_rules(window, ahead, season_length, second_season)
    return {
        name: np.broadcast_to(rule, (horizon, n_steps)) for name, rule in rules.items()
    }


def _seasonal_rules(window, ahead, season_length):
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


def _second_season_names(n_steps, season_length, second_season):
    """Return the names of the rules of a second season that windows allow."""
    needed = {
        "second_season_ago": second_season,
        "change_since_second_season": second_season + season_length,
        "mean_of_second_seasons": 2 * second_season,
    }
    if second_season <= season_length:
        return []
    return [name for name, least in needed.items() if n_steps >= least]


def _second_season_rules(window, ahead, season_length, second_season):
    """Return the rules that look one and two second seasons back."""
    ago = len(window) - second_season + ahead % second_season
    end = len(window) - second_season

    def change():
        before = window[end - season_length : end]
        return window[-season_length:].mean(0) - before.mean(0)

    rules = {
        "second_season_ago": lambda: window[ago],
        "change_since_second_season": change,
        "mean_of_second_seasons": lambda: (window[ago] + window[ago - second_season]) / 2,
    }
    names = _second_season_names(len(window), season_length, second_season)
    return {name: rules[name]() for name in names}


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


def mixture_layer(
    n_steps: int,
    horizon: int,
    season_length: int,
    second_season: int = 1,
    *,
    on_level: bool = True,
) -> keras.Layer:
    """Create a layer that learns the weight of each simple forecast in a mixture."""
    rules = simple_rules(n_steps, horizon, season_length, second_season)
    weights = first_weights(rules, on_level=on_level)
    return layers.Dense(
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(weights),
        name="mixture",
    )
