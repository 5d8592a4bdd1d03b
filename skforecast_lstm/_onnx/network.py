"""A network of Keras as part of a graph of ONNX."""

from collections.abc import Sequence
from typing import Any

import keras

from skforecast_lstm._keras_seam import Production, operation_name, production
from skforecast_lstm._onnx.calls import Call
from skforecast_lstm._onnx.graph import Graph
from skforecast_lstm._onnx.operations import OPERATIONS
from skforecast_lstm._onnx.recurrent import RECURRENT_LAYERS, recurrent_outputs
from skforecast_lstm._onnx.refusals import refusal
from skforecast_lstm.networks import Members

__all__ = ["add_network"]

_REMEDY = "Build the network of other layers, or save it with persistence.save"


def add_network(graph: Graph, model: keras.Model, inputs: Sequence[str]) -> list[str]:
    """Add a network to a graph, and return the names of its outputs."""
    kind = type(model)
    if not getattr(model, "outputs", None):
        raise refusal(
            f"The network {model.name!r} ({kind.__name__})",
            "it is not made of layers whose connections are known",
            "Build it with keras.Sequential or with keras.Model(inputs, outputs)",
        )
    if not kind.call.__module__.startswith("keras."):
        raise refusal(
            f"The network {model.name!r} ({kind.__name__})",
            "it has a `call` of its own",
            "Put what it does into layers",
        )
    names = {id(one): name for one, name in zip(model.inputs, inputs, strict=True)}
    try:
        _add_producers(graph, model.outputs, names)
    except NotImplementedError as error:
        raise refusal(
            f"The network {model.name!r} ({kind.__name__})", f"it has {error}", _REMEDY
        ) from None
    return [names[id(one)] for one in model.outputs]


def _add_producers(graph, outputs, names):
    """Add all calls that give the outputs, inputs before outputs."""
    waiting = list(outputs)
    while waiting:
        tensor = waiting[-1]
        if id(tensor) in names:
            waiting.pop()
            continue
        made = production(tensor)
        missing = [one for one in made.inputs if id(one) not in names]
        if missing:
            waiting += missing
            continue
        found = _add_call(graph, made, names)
        names |= {id(one): name for one, name in zip(made.outputs, found, strict=True)}


def _add_call(graph, made: Production, names):
    """Add the call of a layer or an operation, and return the names of its outputs."""
    operation = made.operation
    call = Call(graph, operation, made.arguments, made.options, made.outputs, names)
    if isinstance(operation, keras.Model):
        masks = keras.tree.flatten(made.options.get("mask"))
        if any(one is not None for one in masks):
            raise NotImplementedError(f"a mask on the network {operation.name!r}")
        given = keras.tree.flatten(made.arguments)
        return add_network(graph, operation, [call.tensor(one) for one in given])
    if not isinstance(operation, keras.Layer):
        translate = OPERATIONS.get(operation_name(operation) or "")
        if translate is None:
            raise NotImplementedError(f"the operation {type(operation).__name__}")
        outputs = translate(call)
        return outputs if isinstance(outputs, list) else [outputs]
    try:
        return _add_layer(call)
    except NotImplementedError as error:
        raise refusal(
            f"The layer {operation.name!r} ({type(operation).__name__})",
            f"it has {error}",
            _REMEDY,
        ) from None


def _add_layer(call):
    """Add a layer."""
    layer, graph = call.operation, call.graph
    if layer.compute_dtype != "float32":
        raise NotImplementedError(f"numbers of type {layer.compute_dtype}")
    if type(layer) is Members:
        return _add_members(call)
    if type(layer) in RECURRENT_LAYERS:
        return recurrent_outputs(call)
    if isinstance(layer, RECURRENT_LAYERS):
        raise NotImplementedError("a `call` of its own that may change the steps")
    outputs = _outputs_of_call(layer, call.arguments, call.options)
    _add_producers(graph, outputs, names := dict(call.names))
    return [names[id(one)] for one in outputs]


def _outputs_of_call(layer, arguments, options: dict[str, Any]):
    """Return the symbolic outputs of a layer, made of the operations in its `call`."""
    try:
        outputs = layer.call(*arguments, **options)
    # A layer of the user may raise anything on symbolic tensors.
    except Exception as error:
        what = str(error).partition("\n")[0][:200]
        raise NotImplementedError(
            f"a `call` that does not consist of operations of keras.ops ({what})"
        ) from error
    outputs = keras.tree.flatten(outputs)
    if not all(isinstance(one, keras.KerasTensor) for one in outputs):
        raise NotImplementedError("outputs that do not depend on its inputs")
    return outputs


def _add_members(call):
    """Add the network of each member, and return the mean of their outputs."""
    members, graph = call.operation, call.graph
    network = members.hidden_network()
    own = [*network.trainable_variables, *network.non_trainable_variables]
    outputs = []
    for number in range(members.n_members):
        weights = [value[number] for value in members.values()]
        with keras.StatelessScope(list(zip(own, weights, strict=True))):
            outputs += add_network(graph, network, [call.input()])
    total = graph.add("Sum", *outputs)
    number = graph.constant(members.n_members, "float32")
    return [graph.add("Div", total, number)]
