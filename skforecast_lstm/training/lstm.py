"""Keras's LSTM layer with less work per step.

On GPUs, Keras runs the layer by cuDNN, but not with a mask. So the mask is left out of
batches in which no step is masked.

On CPUs, a loop of ours runs. Work that does not depend on the previous step runs for all
steps at once: the products with the inputs and, in the gradient, the derivatives of the
gates and the product that gives the gradient of the recurrent kernel. One hyperbolic
tangent over all gates replaces three sigmoids and one hyperbolic tangent. A mask costs
nothing if no step is masked.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import keras
import numpy as np
from jax import lax
from jax import numpy as jnp

from skforecast_lstm._keras_seam import (
    all_layers,
    can_use_cudnn,
    loop_over_steps,
    replace_loop_over_steps,
)
from skforecast_lstm.training.recognition import with_hidden

__all__ = ["look_for_quick_way", "lstm_steps", "quick_lstm"]


_this_thread = threading.local()


@contextmanager
def quick_lstm() -> Iterator[None]:
    """Enable the fast loop for LSTM layers that this thread traces in the context."""
    before = getattr(_this_thread, "is_quick", False)
    _this_thread.is_quick = True
    try:
        yield
    finally:
        _this_thread.is_quick = before


def look_for_quick_way(model: keras.Model) -> None:
    """Make the LSTM layers of a model use the fast loop when it is enabled.

    The change is permanent for each of these layers.

    Parameters
    ----------
    model : keras.Model
        A built model.
    """
    for network in with_hidden(model):
        for layer in all_layers(network):
            replace_loop_over_steps(layer, _either_loop)


def _either_loop(layer, sequences, initial_state, mask, training=False):
    is_quick = getattr(_this_thread, "is_quick", False)
    if is_quick and _is_common(layer):
        return _quick_loop(layer, sequences, initial_state, mask, training)
    if is_quick and mask is not None and can_use_cudnn(layer):
        return _loop_with_less_masks(layer, sequences, initial_state, mask, training)
    return loop_over_steps(layer)(sequences, initial_state, mask, training=training)


def _is_common(layer):
    """Return True if the fast loop supports the backend and options of a layer."""
    return (
        jax.default_backend() == "cpu"
        and layer.cell.activation is keras.activations.tanh
        and layer.cell.recurrent_activation is keras.activations.sigmoid
        and layer.cell.use_bias
        and not layer.recurrent_dropout
        and not layer.unroll
    )


def _loop_with_less_masks(layer, sequences, initial_state, mask, training):
    """Run Keras's loop, without the mask if the batch has no masked step."""
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    if training and layer.dropout:
        # The cell keeps what it draws here for both branches.
        layer.cell.get_dropout_mask(sequences[:, 0, :])

    def loop(mask):
        last_output, outputs, states = loop_over_steps(layer)(
            sequences, initial_state, mask, training=training
        )
        if not layer.return_sequences:
            outputs = last_output[:, None]
        return last_output, outputs, list(states)

    return lax.cond(jnp.all(mask), lambda: loop(None), lambda: loop(mask))


def _quick_loop(layer: Any, sequences, initial_state, mask, training):
    """Return last output, outputs and states, as the loop of Keras's layer does."""
    if training and layer.dropout:
        kept = layer.cell.get_dropout_mask(sequences[:, 0, :])
        sequences = sequences * kept[:, None]
    kernel, recurrent_kernel, bias = map(
        keras.ops.convert_to_tensor,
        (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias),
    )
    inputs = jnp.swapaxes(sequences, 0, 1) @ kernel + bias
    if mask is not None:
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        mask = jnp.swapaxes(mask, 0, 1)[..., None]
    if layer.go_backwards:
        inputs = jnp.flip(inputs, 0)
        mask = None if mask is None else jnp.flip(mask, 0)
    states = [state.astype(inputs.dtype) for state in initial_state]
    outputs, hidden, carry = lstm_steps(
        inputs, mask, recurrent_kernel, *states, layer.return_sequences
    )
    if not layer.return_sequences:
        outputs = outputs[None]
    if mask is not None and layer.zero_output_for_mask:
        outputs = outputs * mask[-len(outputs) :]
    return outputs[-1], jnp.swapaxes(outputs, 0, 1), [hidden, carry]


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def lstm_steps(inputs, mask, kernel, hidden, carry, return_sequences):
    """Return the outputs and the two final states of an LSTM.

    Parameters
    ----------
    inputs : array of shape (n_steps, n_samples, 4 * n_units)
        Inputs times their kernel, plus the bias.
    mask : array of shape (n_steps, n_samples, 1) or None
        Mask, False at steps to skip.
    kernel : array of shape (n_units, 4 * n_units)
        Recurrent kernel.
    hidden, carry : array of shape (n_samples, n_units)
        States before the first step.
    return_sequences : bool
        If True, return the output of every step; otherwise only that of the last step.

    Returns
    -------
    outputs, hidden, carry : arrays
        Outputs of shape (n_steps, n_samples, n_units) or (n_samples, n_units), and the
        states after the last step.
    """
    return _forward(inputs, mask, kernel, hidden, carry, return_sequences)[0]


def _forward(inputs, mask, kernel, hidden, carry, return_sequences):
    def forward(mask):
        return _run_forward(inputs, mask, kernel, hidden, carry)

    if mask is None:
        results = forward(None)
    else:
        # Usually no step is masked, and a mask takes time at each step.
        results = lax.cond(jnp.all(mask), lambda: forward(None), lambda: forward(mask))
    _, hiddens, carries = results
    outputs = hiddens if return_sequences else hiddens[-1]
    kept = (*results, mask, kernel, hidden, carry)
    return (outputs, hiddens[-1], carries[-1]), kept


def _backward(return_sequences, kept, gradients):
    *results, mask, kernel, hidden, carry = kept
    output_gradients, hidden_gradient, carry_gradient = gradients
    if not return_sequences:
        hidden_gradient, output_gradients = hidden_gradient + output_gradients, None

    def backward(mask):
        return _run_backward(
            results,
            mask,
            kernel,
            carry,
            output_gradients,
            hidden_gradient,
            carry_gradient,
        )

    if mask is None:
        input_gradients, hidden_gradient, carry_gradient = backward(None)
    else:
        input_gradients, hidden_gradient, carry_gradient = lax.cond(
            jnp.all(mask), lambda: backward(None), lambda: backward(mask)
        )
    before = jnp.concatenate([hidden[None], results[1][:-1]])
    kernel_gradient = _rows(before).T @ _rows(input_gradients)
    return input_gradients, None, kernel_gradient, hidden_gradient, carry_gradient


lstm_steps.defvjp(_forward, _backward)


def _run_forward(inputs, mask, kernel, hidden, carry):
    """Return the gates and states at every step."""
    scale, shift = _gate_scales(kernel.shape[0], inputs.dtype)

    def step(states, at_step):
        hidden, carry = states
        z, known = at_step
        gates = jnp.tanh((z + hidden @ kernel) * scale) * scale + shift
        i, f, g, o = jnp.split(gates, 4, axis=-1)
        new_carry = f * carry + i * g
        new_hidden = o * jnp.tanh(new_carry)
        if known is not None:
            new_carry = jnp.where(known, new_carry, carry)
            new_hidden = jnp.where(known, new_hidden, hidden)
        return (new_hidden, new_carry), (gates, new_hidden, new_carry)

    return lax.scan(step, (hidden, carry), (inputs, mask))[1]


def _run_backward(
    results, mask, kernel, carry, output_gradients, hidden_gradient, carry_gradient
):
    """Return the gradients of the inputs at every step and of the initial states."""
    gates, _, carries = results
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    before = jnp.concatenate([carry[None], carries[:-1]])
    t = jnp.tanh(carries)
    derivatives = jnp.concatenate(
        [g * i * (1 - i), before * f * (1 - f), i * (1 - g * g), t * o * (1 - o)], -1
    )
    through_output = o * (1 - t * t)
    passed = None
    if mask is not None:
        derivatives = derivatives * mask
        through_output = through_output * mask
        f = jnp.where(mask, f, 1)
        passed = 1 - mask.astype(f.dtype)

    def step(gradients, at_step):
        hidden_gradient, carry_gradient = gradients
        output_gradient, derivatives, through_output, f, passed = at_step
        if output_gradient is not None:
            hidden_gradient = hidden_gradient + output_gradient
        carry_gradient = carry_gradient + hidden_gradient * through_output
        gate_gradient = (
            jnp.concatenate([carry_gradient] * 3 + [hidden_gradient], -1) * derivatives
        )
        previous_gradient = gate_gradient @ kernel.T
        if passed is not None:
            previous_gradient = previous_gradient + hidden_gradient * passed
        return (previous_gradient, carry_gradient * f), gate_gradient

    first_gradients, input_gradients = lax.scan(
        step,
        (hidden_gradient, carry_gradient),
        (output_gradients, derivatives, through_output, f, passed),
        reverse=True,
    )
    return input_gradients, *first_gradients


def _gate_scales(n_units, dtype):
    """Return scale and shift per gate, from sigmoid(x) = (1 + tanh(x / 2)) / 2."""
    is_sigmoid = np.repeat([True, True, False, True], n_units)
    return (
        np.where(is_sigmoid, 0.5, 1.0).astype(dtype),
        np.where(is_sigmoid, 0.5, 0.0).astype(dtype),
    )


def _rows(sequences):
    return sequences.reshape(-1, sequences.shape[-1])
