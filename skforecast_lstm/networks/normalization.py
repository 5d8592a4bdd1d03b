"""Normalized windows: their level and spread, and a loss in these units."""

import math
from typing import Any

import keras
from keras import ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.layers import find_layer
from skforecast_lstm.networks.losses import as_columns, counts_in_own_units

__all__ = ["NormalizedNetwork", "WindowDenormalization", "WindowNormalization"]

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
    columns : tuple of int, default=None
        Columns to select first. If None, all columns.

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
        columns: tuple[int, ...] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if method not in _METHODS:
            raise ValueError(f"normalization must be one of {_METHODS}, got {method!r}.")
        self.method = method
        self.n_columns = n_columns
        self.season_length = season_length
        self.columns = None if columns is None else tuple(columns)
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
                shape=(self._count_normalized(input_shape[-1]),),
                initializer=keras.initializers.Constant(value),
                trainable=False,
            )
            setattr(self, name, weight)

    def call(self, inputs):
        """Return normalized windows, and levels and spreads per sample and column."""
        inputs = self._select(inputs)
        known = ops.logical_not(ops.isnan(inputs))
        values = ops.where(known, inputs, ops.zeros_like(inputs))
        counted = ops.cast(known, values.dtype)[:, :, : self.n_columns]
        first = values[:, :, : self.n_columns]
        centre = self._rough_mean(first, counted)
        first = first - centre
        level, spread = getattr(self, f"_{self.method}")(first, counted)
        normalized = first - level
        level = level + centre
        least = ops.maximum(1e-6 * ops.abs(level), self.least_spread)
        spread = ops.where(ops.abs(spread) < least, least, spread)
        is_known = ops.any(counted > 0, axis=1, keepdims=True)
        level = ops.where(is_known, level, ops.convert_to_tensor(self.usual_level))
        spread = ops.where(is_known, spread, ops.convert_to_tensor(self.usual_spread))
        normalized = normalized / spread * counted
        if self.n_columns is not None:
            others = values[:, :, self.n_columns :]
            normalized = ops.concatenate([normalized, others], -1)
        return normalized, level[:, 0], spread[:, 0]

    def _select(self, inputs):
        """Return the windows with the selected columns."""
        return inputs if self.columns is None else ops.take(inputs, self.columns, axis=-1)

    def _count_normalized(self, n_columns):
        return self.n_columns or (len(self.columns) if self.columns else n_columns)

    def _rough_mean(self, values, counted):
        """Return what to subtract before a mean, which loses digits far from zero."""
        has_season = self.method == "last" and self.season_length > 1
        is_mean = self.method == "standard" or has_season
        return _mean(values, counted)[0] if is_mean else 0.0

    def _last(self, values, counted):
        mean, _ = _mean(values, counted)
        if self.season_length == 1:
            n_after = ops.argmax(ops.flip(counted, 1), axis=1)
            level = _value_before_end(values, counted, n_after)
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
        n_after = values.shape[1] - 1 - ops.argmax(counted, axis=1)
        first = _value_before_end(values, counted, n_after)
        size, _ = _mean(ops.abs(values), counted)
        near_zero = ops.abs(first) < size / 100
        return first, ops.where(near_zero, size / 100, first)

    def compute_output_shape(self, input_shape):
        """Return the shapes of the outputs, which Keras would trace `call` to find."""
        n_samples, n_steps, n_columns = input_shape
        measures = (n_samples, self._count_normalized(n_columns))
        n_columns = n_columns if self.columns is None else len(self.columns)
        return (n_samples, n_steps, n_columns), measures, measures

    def compute_mask(self, inputs, previous_mask=None):
        """Return a mask of shape (n_samples, n_steps), True at known steps."""
        unknown = ops.any(ops.isnan(self._select(inputs)), axis=-1)
        return [ops.logical_not(unknown), None, None]

    def get_config(self):
        """Return the parameters of the layer."""
        return {
            **super().get_config(),
            "method": self.method,
            "n_columns": self.n_columns,
            "season_length": self.season_length,
            "columns": self.columns,
        }


def _value_before_end(values, counted, n_after):
    """Return the known value `n_after` steps before the last, without a gather."""
    n_steps = values.shape[1]
    chosen = ops.expand_dims(n_steps - 1 - n_after, 1)
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
        level, spread = self._select_columns(*measures)
        return ops.reshape(forecasts * spread + level, (-1, math.prod(shape)))

    def compute_output_shape(self, input_shape):
        """Return the shape of the output."""
        n_samples, *shape = input_shape[0]
        return n_samples, math.prod(shape)

    def build(self, input_shape):
        """Store the shape of the forecasts and their number per target."""
        self.shape = tuple(input_shape[0][1:])
        self.n_each = self.shape[-1]

    def repeat_for_outputs(self, level, spread):
        """Return the level and the spread of each output."""
        return tuple(
            ops.reshape(
                ops.broadcast_to(part, (ops.shape(part)[0], *self.shape)),
                (-1, math.prod(self.shape)),
            )
            for part in self._select_columns(level, spread)
        )

    def _select_columns(self, *measures):
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
class NormalizedNetwork(keras.Model):
    """Network with a loss measured in units of the spread of each window.

    The network has one :class:`WindowNormalization` and one
    :class:`WindowDenormalization`. Outputs, targets and metrics are in the units of the
    target. The loss compares normalized outputs with normalized targets. Therefore
    windows of small and large values count equally, and so do steep and flat parts of a
    series.
    Losses relative to the values themselves, such as percentages, stay in the units of
    the target.

    Parameters
    ----------
    inputs, outputs : KerasTensor
        As in ``keras.Model``.
    **options : dict
        As in ``keras.Model``.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm import recurrent_network
    >>> network = recurrent_network((2, 1), normalization="last")
    >>> network.compile(loss="mean_absolute_error")
    >>> windows = np.array([[[1.0], [2.0]], [[10.0], [20.0]]], dtype="float32")
    >>> targets = np.array([[2.5], [25.0]], dtype="float32")
    >>> float(network.evaluate(windows, targets, verbose=0))
    0.5
    """

    @known_to_engine
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Return the loss; normalize outputs and targets unless the loss is relative."""
        if not counts_in_own_units(self.loss):
            self._check_quantiles()
            y, y_pred = self.in_window_units(x, y, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def in_window_units(self, x: Any, *outputs: Any) -> tuple:
        """Return outputs or targets normalized by level and spread of their windows."""
        if len(x.shape) == 2:
            x = ops.expand_dims(x, -1)
        _, *measures = find_layer(self, WindowNormalization)(x)
        layer = find_layer(self, WindowDenormalization)
        level, spread = layer.repeat_for_outputs(*measures)
        parts = []
        for part in as_columns(*outputs):
            if part.shape[-1] * layer.n_each == level.shape[-1]:
                # All quantiles of a target share its value.
                part = ops.repeat(part, layer.n_each, axis=-1)
            parts.append((part - level) / spread)
        return tuple(parts)

    def _check_quantiles(self):
        """Raise if the loss and the network differ in the number of quantiles."""
        n_each = find_layer(self, WindowDenormalization).n_each
        for loss in keras.tree.flatten(self.loss):
            n_quantiles = len(getattr(loss, "quantiles", (0,)))
            if n_quantiles != n_each:
                raise ValueError(
                    f"The loss has {n_quantiles} quantiles, but the network has "
                    f"n_quantiles={n_each}. Set n_quantiles of recurrent_network to the "
                    "number of the loss."
                )
