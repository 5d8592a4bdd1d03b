"""Losses for forecasts that are more than one number a step."""

from collections.abc import Sequence

import keras
from keras import ops

__all__ = ["QuantileLoss"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class QuantileLoss(keras.losses.Loss):
    """Pinball loss of several quantiles at once.

    Outputs and targets have the quantiles of the first number side by side, then those
    of the second; the targets repeat each number for each quantile.

    Parameters
    ----------
    quantiles : sequence of float
        The quantiles, each over 0 and under 1.
    name : str, default="quantile_loss"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        How the losses of the rows become one.
    **kwargs : dict
        More of `keras.losses.Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import QuantileLoss
    >>> loss = QuantileLoss([0.1, 0.9])
    >>> float(loss(np.array([[1.0, 1.0]]), np.array([[0.0, 0.0]])))
    0.5
    """

    def __init__(
        self,
        quantiles: Sequence[float],
        name: str = "quantile_loss",
        reduction: str = "sum_over_batch_size",
        **kwargs,
    ):
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.quantiles = tuple(float(quantile) for quantile in quantiles)

    def call(self, y_true, y_pred):
        """Mean of the losses of each row."""
        shape = (-1, y_pred.shape[-1] // len(self.quantiles), len(self.quantiles))
        error = ops.reshape(y_true - y_pred, shape)
        quantiles = ops.convert_to_tensor(self.quantiles, dtype=error.dtype)
        losses = ops.maximum(quantiles * error, (quantiles - 1.0) * error)
        return ops.mean(losses, axis=(1, 2))

    def get_config(self):
        """What the loss was made with."""
        return {**super().get_config(), "quantiles": self.quantiles}
