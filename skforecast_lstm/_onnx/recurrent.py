"""Recurrent layers as the LSTM, GRU and RNN nodes of ONNX, with masks of single steps.

The nodes of ONNX can only ignore steps at the end. A masked step leaves the state
unchanged. So the known steps are moved to the beginning, in their order, and the outputs
are moved back.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from skforecast_lstm._onnx.calls import Call, values
from skforecast_lstm.networks import PeepholeLSTMCell

__all__ = ["RECURRENT_LAYERS", "recurrent_outputs"]

# Names in ONNX, and their parameters.
_ACTIVATIONS = {
    "elu": ("Elu", 1.0, 0.0),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "linear": ("Affine", 1.0, 0.0),
    "relu": ("Relu", 0.0, 0.0),
    "sigmoid": ("Sigmoid", 0.0, 0.0),
    "softplus": ("Softplus", 0.0, 0.0),
    "softsign": ("Softsign", 0.0, 0.0),
    "tanh": ("Tanh", 0.0, 0.0),
}
RECURRENT_LAYERS = (
    layers.LSTM,
    layers.GRU,
    layers.SimpleRNN,
    layers.RNN,
    layers.Bidirectional,
)


class _Cell(NamedTuple):
    """Kind of a node, its weights in the order of ONNX, and its other attributes."""

    kind: str
    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    biases: np.ndarray
    peepholes: np.ndarray | None
    activations: list
    attributes: dict


class _Order(NamedTuple):
    """Mask, and the places of the known steps of each window and how many there are.

    `before` counts those before each step, `read` those up to it.
    """

    mask: str
    places: str
    before: str
    read: str
    n_known: str
    n_at_least_one: str


class _Read(NamedTuple):
    """Outputs at all steps, in the order of the steps; last output; last states."""

    steps: str
    last: str
    states: list[str]


def recurrent_outputs(call: Call) -> list[str]:
    """Return the outputs of a recurrent layer."""
    layer, graph = call.operation, call.graph
    mask, initial = call.options.get("mask"), call.options.get("initial_state")
    steps = call.arguments[0]
    if len(call.arguments) > 1:
        initial = call.arguments[1]
    order = None if mask is None else _order(graph, call.tensor(mask), steps.shape[1])
    first = [call.tensor(one) for one in initial or ()]
    if order is not None and first:
        raise NotImplementedError("both a mask and a first state")
    if type(layer) is layers.Bidirectional:
        return _both_directions(call, order, first)
    read = _read(graph, layer, call.tensor(steps), order, first)
    if not layer.return_sequences:
        outputs = read.last
    elif layer.go_backwards:
        outputs = graph.gather(read.steps, np.arange(steps.shape[1])[::-1], 1)
    else:
        outputs = read.steps
    return [outputs, *read.states] if layer.return_state else [outputs]


def _both_directions(call, order, first):
    """Return the joined outputs of both directions."""
    layer, graph = call.operation, call.graph
    if first or layer.return_state:
        raise NotImplementedError("a state that is given to it or taken from it")
    if layer.merge_mode != "concat":
        raise NotImplementedError(f"merge_mode={layer.merge_mode!r}")
    both = [
        _read(graph, one, call.input(), order, [])
        for one in (layer.forward_layer, layer.backward_layer)
    ]
    parts = [read.steps if layer.return_sequences else read.last for read in both]
    return [graph.add("Concat", *parts, axis=-1)]


def _read(graph, layer, steps, order, first):
    """Let a layer read the steps."""
    cell = _cell(layer)
    lengths = ""
    if order is not None:
        # (n_samples, n_steps, 1) places of the first axis after the batch.
        places = graph.unsqueeze(order.places, -1)
        steps = graph.add("GatherND", steps, places, batch_dims=1)
        lengths = graph.cast(graph.squeeze(order.n_at_least_one, 1), "int32")
    states = [graph.unsqueeze(one, 0) for one in first]
    inputs = [
        graph.add("Transpose", steps, perm=[1, 0, 2]),
        *(
            graph.constant(one, np.float32)
            for one in (cell.kernel, cell.recurrent_kernel, cell.biases)
        ),
        lengths,
        *states,
    ]
    if cell.peepholes is not None:
        inputs += [""] * (7 - len(inputs))
        inputs.append(graph.constant(cell.peepholes, np.float32))
    names, alphas, betas = zip(*cell.activations, strict=True)
    direction = "reverse" if layer.go_backwards else "forward"
    n_states = 2 if cell.kind == "LSTM" else 1
    outputs, *last = graph.add(
        cell.kind,
        *inputs,
        n_outputs=1 + n_states,
        activations=names,
        activation_alpha=alphas,
        activation_beta=betas,
        direction=direction,
        hidden_size=cell.recurrent_kernel.shape[-1],
        **cell.attributes,
    )
    outputs = graph.add("Transpose", graph.squeeze(outputs, 1), perm=[1, 0, 2])
    last = [graph.squeeze(one, 0) for one in last]
    if order is None:
        return _Read(outputs, last[0], last)
    zero = graph.constant(0, np.float32)
    is_any = graph.add("Greater", order.n_known, graph.constant(0, np.int64))
    last = [graph.add("Where", is_any, one, zero) for one in last]
    if layer.return_sequences:
        outputs = _move_back(graph, outputs, order, layer.go_backwards)
    last_output = last[0]
    if layer.zero_output_for_mask:
        # Keras does so in both directions of a Bidirectional.
        outputs = graph.add("Where", graph.unsqueeze(order.mask, -1), outputs, zero)
        end = 0 if layer.go_backwards else -1
        is_known = graph.gather(order.mask, [end], 1)
        last_output = graph.add("Where", is_known, last_output, zero)
    return _Read(outputs, last_output, last)


def _order(graph, mask, n_steps):
    """Return the order of steps in which the known ones come first."""
    known = graph.cast(mask, "float32")
    # Known steps first, and earlier ones before later ones.
    falling = graph.constant(np.arange(n_steps, 0, -1), np.float32)
    key = graph.add("Mul", known, falling)
    n_places = graph.constant([n_steps], np.int64)
    _, places = graph.add("TopK", key, n_places, n_outputs=2, axis=1)
    counted = graph.cast(mask, "int64")
    read = graph.add("CumSum", counted, graph.constant(1, np.int64))
    before = graph.add("Sub", read, counted)
    n_known = graph.add("ReduceSum", counted, graph.constant([1], np.int64), keepdims=1)
    one = graph.constant(1, np.int64)
    return _Order(mask, places, before, read, n_known, graph.add("Max", n_known, one))


def _move_back(graph, outputs, order, go_backwards):
    """Return the output at each step; a masked step has that of the step read before."""
    one = graph.constant(1, np.int64)
    if go_backwards:
        # As many known steps are before the next known step as before this one.
        has_read = graph.add("Less", order.before, order.n_known)
        last = graph.add("Sub", order.n_at_least_one, one)
        place = graph.add("Min", order.before, last)
    else:
        zero = graph.constant(0, np.int64)
        has_read = graph.add("Greater", order.read, zero)
        place = graph.add("Sub", graph.add("Max", order.read, one), one)
    moved = graph.add("GatherND", outputs, graph.unsqueeze(place, -1), batch_dims=1)
    nothing = graph.constant(0, np.float32)
    return graph.add("Where", graph.unsqueeze(has_read, -1), moved, nothing)


def _cell(layer):
    """Return the weights of a layer in the order of ONNX."""
    _check(layer)
    cell = layer.cell
    units = cell.units
    kernel, recurrent = values(cell.kernel), values(cell.recurrent_kernel)
    kind = _kind(layer)
    if kind == "LSTM":
        # Keras: input, forget, cell, output. ONNX: input, output, forget, cell.
        gates, attributes = [0, 3, 1, 2], {}
        activations = [cell.recurrent_activation, cell.activation, cell.activation]
    elif kind == "GRU":
        gates, attributes = [0, 1, 2], {"linear_before_reset": int(cell.reset_after)}
        activations = [cell.recurrent_activation, cell.activation]
    else:
        gates, attributes = [0], {}
        activations = [cell.activation]
    n_gates = len(gates)
    biases = np.zeros((2, n_gates * units), np.float32)
    if cell.use_bias:
        given = values(cell.bias)
        # A GRU that resets after the product has a bias in each product.
        biases[: max(given.ndim, 1)] = given
    peepholes = None
    if isinstance(cell, PeepholeLSTMCell):
        # Ours: input, forget, output. ONNX: input, output, forget.
        peepholes = values(cell.peepholes)[[0, 2, 1]].reshape(1, -1)
    return _Cell(
        kind,
        _by_gate(kernel, units, gates)[None],
        _by_gate(recurrent, units, gates)[None],
        np.concatenate([_by_gate(bias, units, gates) for bias in biases])[None],
        peepholes,
        [_activation(one) for one in activations],
        attributes,
    )


def _kind(layer):
    if isinstance(layer, layers.LSTM) or type(layer.cell) is PeepholeLSTMCell:
        return "LSTM"
    return "GRU" if isinstance(layer, layers.GRU) else "RNN"


def _by_gate(weights, units, gates):
    """Return weights with the outputs first, and the gates in another order."""
    by_gate = np.reshape(weights.T, (-1, units, *weights.shape[:-1]))
    return by_gate[gates].reshape(-1, *weights.shape[:-1])


def _check(layer):
    """Raise if a layer does what the nodes of ONNX do not."""
    if type(layer) is layers.RNN and type(layer.cell) is not PeepholeLSTMCell:
        raise NotImplementedError(f"a cell of type {type(layer.cell).__name__}")
    for option in ("stateful", "unroll"):
        if getattr(layer, option):
            raise NotImplementedError(f"{option}=True")


def _activation(function):
    """Return the name and the parameters that ONNX has for an activation."""
    for name, known in _ACTIVATIONS.items():
        if function is getattr(keras.activations, name):
            return known
    name = getattr(function, "__name__", type(function).__name__)
    raise NotImplementedError(f"the activation {name!r} in a recurrent layer")
