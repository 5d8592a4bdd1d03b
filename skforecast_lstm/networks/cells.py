"""Cells of recurrent layers by name, including our own peephole LSTM cell."""

from typing import Any, Literal

import keras
from keras import layers, ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.initializers import GlorotUniform, Orthogonal

__all__ = ["CELLS", "Cell", "PeepholeLSTMCell", "recurrent_layer"]

Cell = Literal["lstm", "gru", "rnn", "peephole"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class PeepholeLSTMCell(layers.LSTMCell):
    """LSTM cell with gates that also see the cell state (peephole connections).

    The input gate and the forget gate see the cell state before the step, the output gate
    sees it after the step, each through one weight per unit. These weights are zero at
    first, so the cell starts as an ordinary LSTM. Wrap the cell in ``keras.layers.RNN``.
    It takes the parameters of ``keras.layers.LSTMCell``.

    Parameters
    ----------
    units : int
        Number of units.
    **options : dict
        Other parameters of ``keras.layers.LSTMCell``.

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
        # Implementation 1 passes the inputs of each gate separately, as needed here.
        super().__init__(units, **{**options, "implementation": 1})

    def build(self, input_shape):
        """Create the weights of an LSTM, and three peephole weights per unit."""
        super().build(input_shape)
        self.peepholes = self.add_weight(
            shape=(3, self.units), name="peepholes", initializer="zeros"
        )

    def _compute_carry_and_output(self, x, h_tm1, c_tm1):
        """Return the cell state and the output gate. The names are those of Keras."""
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
    """Create a recurrent layer by the name of its cell, with weights drawn by NumPy."""
    options = {
        "kernel_initializer": GlorotUniform(),
        "recurrent_initializer": Orthogonal(),
        **options,
    }
    if cell != "peephole":
        return CELLS[cell](units, **options)
    layer_options = {
        name: options.pop(name)
        for name in ("return_sequences", "return_state")
        if name in options
    }
    return layers.RNN(PeepholeLSTMCell(units, **options), **layer_options)
