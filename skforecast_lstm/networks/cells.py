"""The cells of recurrent layers, by name; one of them is ours."""

from typing import Any, Literal

import keras
from keras import layers, ops

from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal

__all__ = ["CELLS", "Cell", "PeepholeLSTMCell", "recurrent_layer"]

Cell = Literal["lstm", "gru", "rnn", "peephole"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class PeepholeLSTMCell(layers.LSTMCell):
    """LSTM cell whose gates also see its memory.

    Input and forget gate see the memory as it was, the output gate as it has become,
    each through one weight a unit. These weights begin at zero, so that the cell begins
    as an ordinary LSTM. It is wrapped in ``keras.layers.RNN``, and takes the parameters
    of ``keras.layers.LSTMCell``.

    Parameters
    ----------
    units : int
        Number of units.
    **options : dict
        The other parameters of ``keras.layers.LSTMCell``.

    References
    ----------
    F. A. Gers, N. N. Schraudolph and J. Schmidhuber, "Learning Precise Timing with LSTM
    Recurrent Networks", Journal of Machine Learning Research 3, 2002.

    Examples
    --------
    >>> import keras
    >>> from skforecast_lstm.networks import PeepholeLSTMCell
    >>> keras.layers.RNN(PeepholeLSTMCell(8))(keras.Input((24, 1))).shape
    (None, 8)
    """

    def __init__(self, units: int, **options: Any) -> None:
        # With the inputs of each gate by themselves, as they are needed here.
        super().__init__(units, **{**options, "implementation": 1})

    def build(self, input_shape):
        """Make the weights of an LSTM, and three a unit from its memory to its gates."""
        super().build(input_shape)
        self.peepholes = self.add_weight(
            shape=(3, self.units), name="peepholes", initializer="zeros"
        )

    def _compute_carry_and_output(self, x, h_tm1, c_tm1):
        """Memory and output gate; the names are those of Keras."""
        kernels = ops.split(self.recurrent_kernel, 4, axis=1)
        at_input, at_forget, candidate, at_output = (
            of_input + ops.matmul(hidden, kernel)
            for of_input, hidden, kernel in zip(x, h_tm1, kernels, strict=True)
        )
        to_input, to_forget, to_output = (self.peepholes[gate] for gate in range(3))
        taken = self.recurrent_activation(at_input + to_input * c_tm1)
        kept = self.recurrent_activation(at_forget + to_forget * c_tm1)
        carry = kept * c_tm1 + taken * self.activation(candidate)
        return carry, self.recurrent_activation(at_output + to_output * carry)


CELLS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "rnn": layers.SimpleRNN,
    "peephole": PeepholeLSTMCell,
}


def recurrent_layer(cell: Cell, units: int, **options: Any) -> keras.Layer:
    """A recurrent layer by the name of its cell, with first weights quickly drawn."""
    options = {
        "kernel_initializer": GlorotUniform(),
        "recurrent_initializer": Orthogonal(),
        **options,
    }
    if cell != "peephole":
        return CELLS[cell](units, **options)
    of_layer = {
        name: options.pop(name)
        for name in ("return_sequences", "return_state")
        if name in options
    }
    return layers.RNN(PeepholeLSTMCell(units, **options), **of_layer)
