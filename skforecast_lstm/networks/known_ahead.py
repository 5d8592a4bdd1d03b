"""Columns that are known ahead, read at the steps of the target."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.stages import dense_layer

__all__ = ["LastSteps", "known_at_targets", "known_corrections"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class LastSteps(layers.Layer):
    """Select columns of a window at its last steps, without its mask.

    Parameters
    ----------
    columns : tuple of int
        Columns to select, in this order.
    n_steps : int
        Number of last steps to keep.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import LastSteps
    >>> window = np.arange(6.0).reshape(1, 2, 3)
    >>> np.asarray(LastSteps((2, 0), n_steps=1)(window)).tolist()
    [[[5.0, 3.0]]]
    """

    def __init__(self, columns: Sequence[int], n_steps: int, **kwargs):
        super().__init__(**kwargs)
        self.columns, self.n_steps = tuple(columns), n_steps
        self.supports_masking = True

    def call(self, inputs):
        """Return the selected columns, of shape (n_samples, n_steps, n_columns)."""
        # After the slice, because a slice of all steps would keep the mask.
        return ops.take(inputs[:, -self.n_steps :], self.columns, axis=-1)

    def compute_mask(self, inputs, previous_mask=None):
        """Return no mask, because unknown values are zero."""

    def get_config(self):
        """Return the parameters of the layer."""
        own = {"columns": self.columns, "n_steps": self.n_steps}
        return {**super().get_config(), **own}


def known_at_targets(steps: Any, places: Sequence[int], n_steps: int) -> Any:
    """Return the columns at the last steps of a window, which are those of the target."""
    if steps.shape[1] < n_steps:
        raise ValueError(
            f"The windows have {steps.shape[1]} steps, too few for columns that are "
            f"known at {n_steps} steps of the target. Give a longer lookback."
        )
    return LastSteps(places, n_steps)(steps)


def known_corrections(known: Any, units: int, shape: tuple[int, ...]) -> list:
    """Return a linear and a curved correction of each step of the target, zero at first.

    The columns of one step correct only this step, in the same way at all steps. `shape`
    is the shape of a correction.
    """
    n_outputs = 1
    for size in shape:
        n_outputs *= size
    curved = dense_layer(units, "tanh")(known)
    return [
        layers.Reshape(shape)(
            dense_layer(n_outputs // known.shape[1], starts_at_zero=True)(values)
        )
        for values in (known, curved)
    ]
