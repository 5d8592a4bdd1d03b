"""Quantiles in their order, whatever a network says."""

import keras
from keras import ops

from skforecast_lstm._checks import check_integer

__all__ = ["NonCrossingQuantiles"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class NonCrossingQuantiles(keras.layers.Layer):
    """Turn outputs into quantiles none of which is over the next.

    Inputs and outputs have the quantiles of the first number side by side, then those
    of the second. The middle quantile is the input as it is; from there each step
    outward is the softplus of an input, so that every output has a slope in its own
    input and in all those between it and the middle.

    Inputs of zero are quantiles about 1.4 apart from the lowest to the highest,
    however many there are. They should be in units of the spread of the targets: put
    the layer before `TargetScale` or `WindowDenormalization`.

    Parameters
    ----------
    n_quantiles : int
        Number of quantiles, those of :class:`QuantileLoss`.

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
        """Raise unless each number has all its quantiles."""
        if len(input_shape) != 2 or input_shape[-1] % self.n_quantiles:
            raise ValueError(
                f"The inputs have shape {tuple(input_shape)}, and must have two "
                f"dimensions and a multiple of n_quantiles={self.n_quantiles} columns."
            )

    def call(self, inputs):
        """Quantiles of shape (n_samples, n_numbers * n_quantiles)."""
        n_quantiles, middle = self.n_quantiles, self.n_quantiles // 2
        parts = ops.reshape(inputs, (-1, inputs.shape[-1] // n_quantiles, n_quantiles))
        steps = ops.softplus(parts) * (2 / max(n_quantiles - 1, 1))
        # One after another: sums made in another order may be rounded out of theirs.
        quantiles = [parts[..., middle]]
        for place in range(middle + 1, n_quantiles):
            quantiles.append(quantiles[-1] + steps[..., place])
        for place in reversed(range(middle)):
            quantiles.insert(0, quantiles[0] - steps[..., place])
        return ops.reshape(ops.stack(quantiles, axis=-1), (-1, inputs.shape[-1]))

    def get_config(self):
        """What the layer was made with."""
        return {**super().get_config(), "n_quantiles": self.n_quantiles}
