"""Losses and metrics for targets with unknown values: NaN has zero weight."""

from functools import partial
from typing import Any

import keras
from keras import losses, metrics, ops

from skforecast_lstm._complete_configs import make_complete
from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm._keras_seam import compile_arguments, loss_from, wrapped_function
from skforecast_lstm.networks.losses import as_columns, counts_in_own_units

__all__ = [
    "KnownTargetsLoss",
    "KnownTargetsMetric",
    "KnownTargetsStatistic",
    "weigh_known_targets",
]

# Functions of losses and metrics that compare the columns of a target with each other.
_ACROSS_COLUMNS = (
    losses.categorical_crossentropy,
    losses.categorical_focal_crossentropy,
    losses.categorical_generalized_cross_entropy,
    losses.categorical_hinge,
    losses.circle,
    losses.ctc,
    losses.dice,
    losses.sparse_categorical_crossentropy,
    losses.tversky,
    metrics.categorical_accuracy,
    metrics.concordance_correlation,
    metrics.pearson_correlation,
    metrics.sparse_categorical_accuracy,
    metrics.sparse_top_k_categorical_accuracy,
    metrics.top_k_categorical_accuracy,
)


def _check_columns_are_separate(function):
    """Raise if a loss or metric compares the columns of a target with each other."""
    if function in _ACROSS_COLUMNS:
        raise ValueError(
            f"{function.__name__!r} compares the columns of a target with each other, "
            "but some targets are known only in part. Leave such rows out, or give a "
            "loss or metric that is a mean over the columns."
        )


def _keep_known(y_true, y_pred):
    """Return targets and outputs with zeros at unknown targets, and the known fraction.

    The zeros in the outputs are constants, so they have no gradient.
    """
    y_true, y_pred = as_columns(y_true, y_pred)
    known = ops.logical_not(ops.isnan(y_true))
    y_true = ops.where(known, y_true, ops.zeros_like(y_true))
    part = ops.mean(ops.cast(known, y_pred.dtype), axis=-1)
    n_each = y_pred.shape[-1] // y_true.shape[-1]
    if n_each > 1:
        # The quantiles of a target are side by side.
        known = ops.repeat(known, n_each, axis=-1)
    return y_true, ops.where(known, y_pred, ops.zeros_like(y_pred)), part


def _subtract_zeros(values, function, y_true, y_pred, part):
    """Subtract the contribution of the zeros from values of a mean over columns.

    With logits, and in losses with a margin, two zeros do not give a loss of zero.
    """
    zeros_alone = function(ops.zeros_like(y_true[:1]), ops.zeros_like(y_pred[:1]))
    return values - (1 - part) * zeros_alone


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class KnownTargetsLoss(keras.losses.Loss):
    """Loss that ignores unknown targets (NaN).

    The loss of a row is scaled by the fraction of its targets that is known. Thus all
    known numbers count equally.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        Loss that is a mean over the columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import KnownTargetsLoss
    >>> loss = KnownTargetsLoss("mean_absolute_error")
    >>> float(loss(np.array([[1.0, np.nan]]), np.array([[5.0, 7.0]])))
    2.0
    """

    def __init__(self, loss: Any) -> None:
        # Keras copies a loss from its configuration, so this must be complete.
        make_complete(loss)
        self.given = loss
        self.inner = loss_from(loss)
        _check_columns_are_separate(getattr(self.inner, "fn", self.inner))
        super().__init__(name=self.inner.name, reduction=self.inner.reduction)

    @property
    def in_own_units(self) -> bool:
        """True if the loss needs targets in their own units."""
        return counts_in_own_units(self.inner)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Quantiles of the loss."""
        return getattr(self.inner, "quantiles", (0.0,))

    def call(self, y_true, y_pred):
        """Return the loss of each row."""
        y_true, y_pred, part = _keep_known(y_true, y_pred)
        values = self.inner.call(y_true, y_pred)
        return _subtract_zeros(values, self.inner.call, y_true, y_pred, part)

    def get_config(self):
        """Return the parameters of the loss."""
        return {"loss": keras.saving.serialize_keras_object(self.given)}

    @classmethod
    def from_config(cls, config):
        """Create the loss from its configuration."""
        return cls(keras.saving.deserialize_keras_object(config["loss"]))


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class KnownTargetsMetric(keras.metrics.Mean):
    """Mean of a metric over the known targets; unknown targets are NaN.

    Parameters
    ----------
    metric : str, keras.metrics.MeanMetricWrapper or callable
        Metric that is a mean over the columns and over the rows.
    name : str, default=None
        Name of this metric. If None, the name of `metric`.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import KnownTargetsMetric
    >>> metric = KnownTargetsMetric("mean_absolute_error")
    >>> float(metric(np.array([[1.0, np.nan]]), np.array([[5.0, 7.0]])))
    4.0
    """

    def __init__(self, metric: Any, name: str | None = None) -> None:
        self_name = metric if isinstance(metric, str) else None
        found = keras.metrics.get(metric)
        if not isinstance(found, keras.metrics.Metric):
            found = keras.metrics.MeanMetricWrapper(found, getattr(found, "__name__", ""))
        super().__init__(name=name or self_name or found.name)
        make_complete(metric)
        self.given = metric
        # These are Keras's names, so that this can be the metric of another one.
        self._fn, self._fn_kwargs = wrapped_function(found)
        _check_columns_are_separate(self._fn)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add rows to the metric."""
        y_true, y_pred = (
            ops.convert_to_tensor(given, self.dtype) for given in (y_true, y_pred)
        )
        y_true, y_pred, part = _keep_known(y_true, y_pred)
        function = partial(self._fn, **self._fn_kwargs)
        values = function(y_true, y_pred)
        values = _subtract_zeros(values, function, y_true, y_pred, part)
        weights = part if sample_weight is None else part * sample_weight
        values = values / ops.where(part > 0, part, ops.ones_like(part))
        super().update_state(values, weights)

    def get_config(self):
        """Return the parameters of the metric."""
        given = keras.saving.serialize_keras_object(self.given)
        return {"metric": given, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Create the metric from its configuration."""
        metric = keras.saving.deserialize_keras_object(config["metric"])
        return cls(metric, config["name"])


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class KnownTargetsStatistic(keras.metrics.Metric):
    """Metric over the known targets, for metrics that are not a mean over rows.

    Parameters
    ----------
    metric : keras.metrics.Metric
        Metric that takes a weight for each number, such as ``RootMeanSquaredError`` or
        ``R2Score``.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skforecast_lstm.networks import KnownTargetsStatistic
    >>> metric = KnownTargetsStatistic(keras.metrics.RootMeanSquaredError())
    >>> float(metric(np.array([[1.0, np.nan]]), np.array([[5.0, 7.0]])))
    4.0
    """

    def __init__(self, metric: keras.metrics.Metric) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        make_complete(metric)
        self.inner = metric

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add rows to the metric."""
        y_true, y_pred = (
            ops.convert_to_tensor(given, self.dtype) for given in (y_true, y_pred)
        )
        known = ops.logical_not(ops.isnan(as_columns(y_true)[0]))
        y_true, y_pred, _ = _keep_known(y_true, y_pred)
        weights = ops.cast(known, y_pred.dtype)
        if sample_weight is not None:
            weights = weights * ops.reshape(sample_weight, (-1, 1))
        self.inner.update_state(y_true, y_pred, weights)

    def result(self):
        """Return the metric over all rows so far."""
        return self.inner.result()

    def reset_state(self):
        """Reset the state of the metric."""
        self.inner.reset_state()

    def get_config(self):
        """Return the parameters of the metric."""
        return {"metric": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config):
        """Create the metric from its configuration."""
        return cls(keras.saving.deserialize_keras_object(config["metric"]))


def weigh_known_targets(model: keras.Model) -> None:
    """Compile a model again so that its targets may contain NaN.

    Losses and metrics that compare columns with each other raise a `ValueError`.

    Parameters
    ----------
    model : keras.Model
        Compiled model.
    """
    if any(isinstance(one, KnownTargetsLoss) for one in keras.tree.flatten(model.loss)):
        return
    config = dict(compile_arguments(model))
    config["loss"] = keras.tree.map_structure(KnownTargetsLoss, model.loss)
    for name in ("metrics", "weighted_metrics"):
        if config.get(name) is not None:
            config[name] = keras.tree.map_structure(_known_metric, config[name])
    model.compile(**{**config, "optimizer": model.optimizer})


def _known_metric(metric):
    found = keras.metrics.get(metric)
    is_mean = isinstance(found, keras.metrics.MeanMetricWrapper)
    if is_mean or not isinstance(found, keras.metrics.Metric):
        return KnownTargetsMetric(metric)
    return KnownTargetsStatistic(found)
