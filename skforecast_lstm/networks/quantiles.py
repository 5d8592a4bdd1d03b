"""Layer that keeps the quantiles of a network in order."""

import keras
from keras import ops

from skforecast_lstm._checks import check_integer
from skforecast_lstm._engine_contract import known_to_engine

__all__ = ["NonCrossingQuantiles"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class NonCrossingQuantiles(keras.layers.Layer):
    """Turn outputs into quantiles that do not cross.

    Inputs and outputs list all quantiles of the first target, then those of the second,
    and so on. The middle quantile equals its input. Each step outward from the middle is
    the softplus of an input. Thus each output has a gradient in its own input and in all
    inputs between it and the middle.

    If all inputs are zero, the lowest and the highest quantile are about 1.4 apart, for
    any number of quantiles. The inputs should be in units of the spread of the targets:
    put this layer before `TargetScale` or `WindowDenormalization`.

    Parameters
    ----------
    n_quantiles : int
        Number of quantiles, equal to that of :class:`QuantileLoss`.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import NonCrossingQuantiles
    >>> outputs = NonCrossingQuantiles(3)(np.array([[-1.0, 5.0, 0.0]]))
    >>> np.asarray(outputs).round(2).tolist()
    [[4.69, 5.0, 5.69]]
    """

    def __init__(self, n_quantiles: int, **kwargs):
        super().__init__(**kwargs)
        check_integer("n_quantiles", n_quantiles, 1)
        self.n_quantiles = n_quantiles

    def build(self, input_shape):
        """Raise unless the number of columns is a multiple of the number of quantiles."""
        if len(input_shape) != 2 or input_shape[-1] % self.n_quantiles:
            raise ValueError(
                f"The inputs have shape {tuple(input_shape)}, but must have two "
                f"dimensions and a multiple of n_quantiles={self.n_quantiles} columns."
            )

    def call(self, inputs):
        """Return quantiles of shape (n_samples, n_targets * n_quantiles)."""
        n_quantiles, middle = self.n_quantiles, self.n_quantiles // 2
        parts = ops.reshape(inputs, (-1, inputs.shape[-1] // n_quantiles, n_quantiles))
        steps = ops.softplus(parts) * (2 / max(n_quantiles - 1, 1))
        # Add one step at a time: in another order, rounding could make quantiles cross.
        quantiles = [parts[..., middle]]
        for place in range(middle + 1, n_quantiles):
            quantiles.append(quantiles[-1] + steps[..., place])
        for place in reversed(range(middle)):
            quantiles.insert(0, quantiles[0] - steps[..., place])
        return ops.reshape(ops.stack(quantiles, axis=-1), (-1, inputs.shape[-1]))

    def get_config(self):
        """Return the parameters of the layer."""
        return {**super().get_config(), "n_quantiles": self.n_quantiles}
