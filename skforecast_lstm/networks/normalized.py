"""Network with normalized windows and a loss in the same normalized units."""

from typing import Any

import keras
from keras import ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.losses import as_columns, counts_in_own_units
from skforecast_lstm.networks.window_layers import (
    WindowDenormalization,
    WindowNormalization,
)

__all__ = ["NormalizedNetwork"]


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
            y, y_pred = self.in_spreads(x, y, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def in_spreads(self, x: Any, *outputs: Any) -> tuple:
        """Return outputs or targets normalized by level and spread of their windows."""
        if len(x.shape) == 2:
            x = ops.expand_dims(x, -1)
        _, *measures = self._the(WindowNormalization)(x)
        layer = self._the(WindowDenormalization)
        level, spread = layer.of_outputs(*measures)
        parts = []
        for part in as_columns(*outputs):
            if part.shape[-1] * layer.n_each == level.shape[-1]:
                # All quantiles of a target share its value.
                part = ops.repeat(part, layer.n_each, axis=-1)
            parts.append((part - level) / spread)
        return tuple(parts)

    def _check_quantiles(self):
        """Raise if the loss and the network differ in the number of quantiles."""
        n_each = self._the(WindowDenormalization).n_each
        for loss in keras.tree.flatten(self.loss):
            n_quantiles = len(getattr(loss, "quantiles", (0,)))
            if n_quantiles != n_each:
                raise ValueError(
                    f"The loss has {n_quantiles} quantiles, and the network n_quantiles="
                    f"{n_each}. Give recurrent_network as many as the loss has."
                )

    def _the(self, kind):
        return next(layer for layer in self.layers if isinstance(layer, kind))
