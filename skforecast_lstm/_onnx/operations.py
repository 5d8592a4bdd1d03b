"""Operations of Keras as nodes of ONNX."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skforecast_lstm._onnx.calls import Call, values

__all__ = ["OPERATIONS"]


def _elementwise(kind, dtype=None, **attributes):
    """Return a translation of an operation with one node and one input."""

    def translate(call):
        return call.graph.add(kind, call.input(0, dtype or call.dtype), **attributes)

    return translate


def _arithmetic(kind):
    """Return a translation of an operation on two inputs of the type of the output."""

    def translate(call):
        return call.graph.add(kind, *_inputs(call, call.dtype))

    return translate


def _comparison(kind):
    """Return a translation of a comparison of two inputs."""

    def translate(call):
        types = [getattr(one, "dtype", type(one)) for one in call.arguments]
        dtype = keras.backend.result_type(*types)
        return call.graph.add(kind, *_inputs(call, dtype))

    return translate


def _logic(kind):
    def translate(call):
        return call.graph.add(kind, *_inputs(call, "bool"))

    return translate


def _not_equal(call):
    return call.graph.add("Not", _comparison("Equal")(call))


def _inputs(call, dtype):
    return [call.input(place, dtype) for place in range(len(call.arguments))]


def _where(call):
    condition, first, second = call.arguments
    return call.graph.add(
        "Where",
        call.tensor(condition, "bool"),
        call.tensor(first, call.dtype),
        call.tensor(second, call.dtype),
    )


def _cast(call):
    return call.input(0, call.dtype)


def _like(value):
    """Return a translation of a tensor full of a value."""

    def translate(call):
        size = call.graph.add("Shape", call.input())
        return call.graph.add("Expand", call.graph.constant(value, call.dtype), size)

    return translate


def _square(call):
    return call.graph.add("Mul", *2 * [call.input(0, call.dtype)])


def _relu(call):
    operation = call.operation
    if operation.max_value is not None or operation.threshold:
        raise NotImplementedError("a ReLU with max_value or threshold")
    slope = float(operation.negative_slope)
    if slope:
        return call.graph.add("LeakyRelu", call.input(), alpha=slope)
    return call.graph.add("Relu", call.input())


def _elu(call):
    return call.graph.add("Elu", call.input(), alpha=float(call.operation.alpha))


def _leaky_relu(call):
    slope = float(call.operation.negative_slope)
    return call.graph.add("LeakyRelu", call.input(), alpha=slope)


def _gelu(call):
    """Return the product with the normal distribution function, or its approximation."""
    graph, given = call.graph, call.input()

    def number(value):
        return graph.constant(value, call.dtype)

    if call.operation.approximate:
        cube = graph.add("Mul", graph.add("Mul", given, given), given)
        inner = graph.add("Add", given, graph.add("Mul", number(0.044715), cube))
        scaled = graph.add("Mul", number(np.sqrt(2 / np.pi)), inner)
        share = graph.add("Tanh", scaled)
    else:
        share = graph.add("Erf", graph.add("Mul", given, number(np.sqrt(0.5))))
    share = graph.add("Mul", number(0.5), graph.add("Add", share, number(1)))
    return graph.add("Mul", given, share)


def _clip(call):
    operation = call.operation
    limits = [operation.x_min, operation.x_max]
    if not all(isinstance(one, int | float) for one in limits):
        raise NotImplementedError("limits that are not numbers")
    limits = [call.graph.constant(one, call.dtype) for one in limits]
    return call.graph.add("Clip", call.input(0, call.dtype), *limits)


def _silu(call):
    given = call.input()
    return call.graph.add("Mul", given, call.graph.add("Sigmoid", given))


def _softplus(call):
    """Return the softplus. The node of ONNX is less exact where it is large."""
    graph, given = call.graph, call.input()
    one = graph.constant(1, call.dtype)
    rest = graph.add("Exp", graph.add("Neg", graph.add("Abs", given)))
    return graph.add(
        "Add", graph.add("Relu", given), graph.add("Log", graph.add("Add", one, rest))
    )


def _softmax(call):
    axis = call.operation.axis
    if not isinstance(axis, int):
        raise NotImplementedError("a softmax over several axes")
    return call.graph.add("Softmax", call.input(), axis=axis)


# Sums, means and extremes


def _axes(operation, rank):
    """Return the axes of a reduction."""
    axis = operation.axis
    if axis is None:
        axis = range(rank)
    axes = [axis] if isinstance(axis, int) else list(axis)
    return [one % rank for one in axes]


def _reduction(kind):
    def translate(call):
        axes = _axes(call.operation, len(call.shape()))
        options: dict[str, Any] = {"keepdims": int(call.operation.keepdims)}
        if getattr(call.operation, "initial", None) is not None:
            raise NotImplementedError("an extreme with an initial value")
        given = call.input(0, call.dtype)
        if kind == "ReduceSum":
            return call.graph.add(
                kind, given, call.graph.constant(axes, np.int64), **options
            )
        return call.graph.add(kind, given, axes=axes, **options)

    return translate


def _truth(kind):
    """Return a translation of "any" or "all"; ONNX has no extremes of truth values."""

    def translate(call):
        axes = _axes(call.operation, len(call.shape()))
        given = call.tensor(call.arguments[0], "bool")
        numbers = call.graph.cast(given, "int32")
        found = call.graph.add(
            kind, numbers, axes=axes, keepdims=int(call.operation.keepdims)
        )
        return call.graph.cast(found, "bool")

    return translate


def _arg_extreme(kind):
    def translate(call):
        operation = call.operation
        if operation.axis is None:
            raise NotImplementedError("the place of an extreme over all axes")
        found = call.graph.add(
            kind, call.input(), axis=operation.axis, keepdims=int(operation.keepdims)
        )
        return call.graph.cast(found, call.dtype)

    return translate


# Products


def _matmul(call):
    return call.graph.add("MatMul", *_inputs(call, call.dtype))


def _einsum(call):
    operation = call.operation
    return call.graph.add(
        "Einsum", *_inputs(call, call.dtype), equation=operation.subscripts
    )


# Shapes


def _reshape(call):
    shape = call.operation.newshape
    # Only the batch has no fixed size. For 0, ONNX copies the size of an axis.
    batch = 0 if -1 in shape else -1
    shape = [batch if size is None else size for size in shape]
    return call.graph.reshape(call.input(), shape)


def _expand_dims(call):
    axis = call.operation.axis
    axes = [axis] if isinstance(axis, int) else axis
    return call.graph.unsqueeze(call.input(), *axes)


def _squeeze(call):
    axis = call.operation.axis
    axes = [axis] if isinstance(axis, int) else axis
    return call.graph.squeeze(call.input(), *axes)


def _transpose(call):
    axes = call.operation.axes
    if axes is None:
        axes = reversed(range(len(call.shape())))
    return call.graph.add("Transpose", call.input(), perm=list(axes))


def _concatenate(call):
    (tensors,) = call.arguments
    given = [call.tensor(one, call.dtype) for one in tensors]
    return call.graph.add("Concat", *given, axis=call.operation.axis)


def _stack(call):
    (tensors,) = call.arguments
    axis = call.operation.axis
    given = [call.graph.unsqueeze(call.tensor(one, call.dtype), axis) for one in tensors]
    return call.graph.add("Concat", *given, axis=axis)


def _take(call):
    given, places = call.arguments
    axis = call.operation.axis
    tensor = call.tensor(given)
    if axis is None:
        tensor, axis = call.graph.reshape(tensor, [-1]), 0
    return call.graph.add("Gather", tensor, call.tensor(places, "int64"), axis=axis)


def _get_item(call):
    """Return the part of a tensor that slices, integers, None and Ellipsis choose."""
    graph, tensor, (given, key) = call.graph, call.input(), call.arguments
    keys = key if isinstance(key, tuple) else (key,)
    n_missing = len(given.shape) - sum(one is not None for one in keys)
    if any(one is Ellipsis for one in keys):
        place = [one is Ellipsis for one in keys].index(True)
        all_of_them = (slice(None),) * (n_missing + 1)
        keys = (*keys[:place], *all_of_them, *keys[place + 1 :])
    axis = 0
    for one in keys:
        if one is None:
            tensor = graph.unsqueeze(tensor, axis)
        elif isinstance(one, slice):
            if one != slice(None):
                tensor = _slice(graph, tensor, one, axis)
        elif isinstance(one, int | np.integer):
            tensor = graph.gather(tensor, int(one), axis)
            axis -= 1
        else:
            raise NotImplementedError(f"an index of type {type(one).__name__}")
        axis += 1
    return tensor


def _slice(graph, tensor, chosen, axis):
    step = chosen.step or 1
    first, last = (0, 2**31) if step > 0 else (2**31, -(2**31))
    start = first if chosen.start is None else chosen.start
    stop = last if chosen.stop is None else chosen.stop
    limits = [graph.constant([int(one)], np.int64) for one in (start, stop, axis, step)]
    return graph.add("Slice", tensor, *limits)


def _flip(call):
    axis = call.operation.axis
    if axis is None:
        raise NotImplementedError("a flip of all axes")
    tensor = call.input()
    for one in [axis] if isinstance(axis, int) else axis:
        tensor = _slice(call.graph, tensor, slice(None, None, -1), one)
    return tensor


def _pad(call):
    width, graph = call.operation.pad_width, call.graph
    if call.operation.mode != "constant":
        raise NotImplementedError(f"padding of mode {call.operation.mode!r}")
    value = call.options.get("constant_values")
    # The runtime has no padding of truth values in all its versions.
    is_truth = call.dtype == "bool"
    dtype = "int32" if is_truth else call.dtype
    padded = graph.add(
        "Pad",
        call.input(0, dtype),
        graph.constant([before for before, _ in width] + [n for _, n in width], np.int64),
        graph.constant(0 if value is None else value, dtype),
    )
    return graph.cast(padded, "bool") if is_truth else padded


def _repeat(call):
    operation = call.operation
    axis, repeats = operation.axis, operation.repeats
    size = None if axis is None else call.shape()[axis]
    if size is None:
        raise NotImplementedError("a repetition along the batch")
    return call.graph.gather(call.input(), np.repeat(np.arange(size), repeats), axis)


def _broadcast_to(call):
    """Return a tensor in a larger shape. The batch, of no fixed size, stays."""
    shape = [1 if size is None else size for size in call.operation.shape]
    return call.graph.add("Expand", call.input(), call.graph.constant(shape, np.int64))


def _split(call):
    axis, parts = call.operation.axis, call.operation.indices_or_sections
    if not isinstance(parts, int):
        raise NotImplementedError("a split at given places")
    return call.graph.add("Split", call.input(), n_outputs=parts, axis=axis)


def _take_along_axis(call):
    axis = call.operation.axis
    if axis is None:
        raise NotImplementedError("a gather from a flat tensor")
    return call.graph.add(
        "GatherElements", call.input(), call.input(1, "int64"), axis=axis
    )


def _sum_by_phase(call):
    """Add each value to the sum of its phase."""
    graph, given = call.graph, call.input()
    zero = graph.add("Mul", given, graph.constant(0, call.dtype))
    places = call.input(1, "int64")
    return graph.add("ScatterElements", zero, places, given, axis=1, reduction="add")


# Integers and sums along an axis


def _whole_numbers(kind):
    """Return a translation of a division of integers that are not negative."""

    def translate(call):
        if not np.issubdtype(np.dtype(call.dtype), np.integer):
            raise NotImplementedError("a remainder or quotient of numbers with decimals")
        return call.graph.add(kind, *_inputs(call, call.dtype))

    return translate


def _cumulative_sum(call):
    axis = call.operation.axis
    if axis is None:
        raise NotImplementedError("a cumulative sum over all axes")
    given = call.input(0, call.dtype)
    return call.graph.add("CumSum", given, call.graph.constant(axis, np.int64))


def _associative_scan(call):
    """Return the largest value so far, from the largest of ever longer stretches."""
    graph, operation = call.graph, call.operation
    # In Keras 3.10, the axis is an argument of the call.
    function, tensor, *axes = call.arguments
    axis = axes[0] if axes else operation.axis
    if function is not keras.ops.maximum or operation.reverse:
        raise NotImplementedError("a scan of another function than keras.ops.maximum")
    size = tensor.shape[axis]
    largest, distance = call.tensor(tensor), 1
    while distance < size:
        places = np.maximum(np.arange(size) - distance, 0)
        largest = graph.add("Max", largest, graph.gather(largest, places, axis))
        distance *= 2
    return largest


def _log1p(call):
    # In float64, because near zero the sum loses the digits of the input.
    graph = call.graph
    total = graph.add("Add", call.input(0, "float64"), graph.constant(1, np.float64))
    return graph.cast(graph.add("Log", total), call.dtype)


def _expm1(call):
    graph = call.graph
    power = graph.add("Exp", call.input(0, "float64"))
    difference = graph.add("Sub", power, graph.constant(1, np.float64))
    return graph.cast(difference, call.dtype)


def _full_like(call):
    return _like(call.arguments[1])(call)


def _search_sorted(call):
    """Return the number of sorted values before each value."""
    graph, (known, given) = call.graph, call.arguments
    dtype = given.dtype
    # It is an option of the call in older versions of Keras.
    side = call.options.get("side") or call.operation.side
    if isinstance(known, keras.KerasTensor) or side != "left":
        raise NotImplementedError("a search in values that are not constant")
    # NaN comes after all values.
    is_not_after = graph.add(
        "LessOrEqual",
        graph.unsqueeze(call.tensor(given), -1),
        graph.constant(values(known), dtype),
    )
    is_after = graph.cast(graph.add("Not", is_not_after), "int64")
    n_before = graph.add(
        "ReduceSum", is_after, graph.constant([-1], np.int64), keepdims=0
    )
    return graph.cast(n_before, call.dtype)


def _batch_norm(call):
    given, mean, variance, *rest = call.arguments
    offset, scale = [*rest, None, None][:2]
    axis, rank = call.operation.axis, len(given.shape)
    if axis % rank != rank - 1:
        raise NotImplementedError("batch normalization along another axis than the last")
    factor = 1 / np.sqrt(values(variance) + call.operation.epsilon)
    factor = factor if scale is None else factor * values(scale)
    shift = -values(mean) * factor
    shift = shift if offset is None else shift + values(offset)
    graph = call.graph
    scaled = graph.add("Mul", call.input(), graph.constant(factor, call.dtype))
    return graph.add("Add", scaled, graph.constant(shift, call.dtype))


OPERATIONS: dict[str, Callable[[Call], str]] = {
    "Absolute": _elementwise("Abs"),
    "Add": _arithmetic("Add"),
    "All": _truth("ReduceMin"),
    "Any": _truth("ReduceMax"),
    "Arcsinh": _elementwise("Asinh"),
    "Argmax": _arg_extreme("ArgMax"),
    "Argmin": _arg_extreme("ArgMin"),
    "AssociativeScan": _associative_scan,
    "BatchNorm": _batch_norm,
    "BroadcastTo": _broadcast_to,
    "Cast": _cast,
    "Clip": _clip,
    "Concatenate": _concatenate,
    "Cos": _elementwise("Cos"),
    "Cumsum": _cumulative_sum,
    "Divide": _arithmetic("Div"),
    "Einsum": _einsum,
    "Elu": _elu,
    "Equal": _comparison("Equal"),
    "Exp": _elementwise("Exp"),
    "ExpandDims": _expand_dims,
    "Expm1": _expm1,
    "Flip": _flip,
    "FloorDivide": _whole_numbers("Div"),
    "FullLike": _full_like,
    "Gelu": _gelu,
    "GetItem": _get_item,
    "Greater": _comparison("Greater"),
    "GreaterEqual": _comparison("GreaterOrEqual"),
    "HardSigmoid": _elementwise("HardSigmoid", alpha=1 / 6, beta=0.5),
    "Isnan": lambda call: call.graph.add("IsNaN", call.input()),
    "LeakyRelu": _leaky_relu,
    "Less": _comparison("Less"),
    "LessEqual": _comparison("LessOrEqual"),
    "Log": _elementwise("Log"),
    "Log1p": _log1p,
    "LogicalAnd": _logic("And"),
    "LogicalNot": _elementwise("Not", "bool"),
    "LogicalOr": _logic("Or"),
    "Matmul": _matmul,
    "Max": _reduction("ReduceMax"),
    "Maximum": _arithmetic("Max"),
    "Mean": _reduction("ReduceMean"),
    "Min": _reduction("ReduceMin"),
    "Minimum": _arithmetic("Min"),
    "Mod": _whole_numbers("Mod"),
    "Multiply": _arithmetic("Mul"),
    "Negative": _elementwise("Neg"),
    "NotEqual": _not_equal,
    "OnesLike": _like(1),
    "Pad": _pad,
    "Power": _arithmetic("Pow"),
    "ReLU": _relu,
    "Relu": lambda call: call.graph.add("Relu", call.input()),
    "Repeat": _repeat,
    "Reshape": _reshape,
    "SearchSorted": _search_sorted,
    "Selu": _elementwise("Selu"),
    "Sigmoid": _elementwise("Sigmoid"),
    "Silu": _silu,
    "Sin": _elementwise("Sin"),
    "Softmax": _softmax,
    "Softplus": _softplus,
    "Softsign": _elementwise("Softsign"),
    "Split": _split,
    "Sqrt": _elementwise("Sqrt"),
    "Square": _square,
    "Squeeze": _squeeze,
    "Stack": _stack,
    "Subtract": _arithmetic("Sub"),
    "SumByPhase": _sum_by_phase,
    "Sum": _reduction("ReduceSum"),
    "Take": _take,
    "TakeAlongAxis": _take_along_axis,
    "Tanh": _elementwise("Tanh"),
    "Transpose": _transpose,
    "TrueDivide": _arithmetic("Div"),
    "Where": _where,
    "ZerosLike": _like(0),
}
