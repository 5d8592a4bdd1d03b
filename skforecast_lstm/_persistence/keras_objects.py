"""Conversion of Keras objects to plain values and back.

The objects are networks, optimizers, losses, callbacks and more. Keras makes an object
from a configuration, and looks up every class and function that it names. So this module
checks each name before Keras sees the configuration. Weights are plain arrays.
"""

import math
from functools import partial
from importlib import import_module
from types import FunctionType
from typing import Any

import keras
import numpy as np

from skforecast_lstm._complete_configs import complete_config, prepare_for_copy
from skforecast_lstm._forks import check_not_forked
from skforecast_lstm._keras_seam import (
    excludes_from_decay,
    forget_model,
    has_value,
    holds_model,
    initialize_with,
    set_waiting_variables,
    waiting_variables,
)
from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._persistence.instances import check_attributes
from skforecast_lstm._persistence.values import plain_arrays

__all__ = [
    "can_hold_callback",
    "find_member",
    "find_member_name",
    "from_parts",
    "is_from_keras",
    "to_parts",
]

# Layers that only compute. Layers that run the user's code, open files or keep more than
# weights are left out.
_LAYERS = """
Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
AveragePooling1D BatchNormalization Bidirectional Concatenate Conv1D Conv1DTranspose
ConvLSTM1D Cropping1D Dense DepthwiseConv1D Dot Dropout ELU EinsumDense Embedding
Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
GlobalMaxPooling1D GroupNormalization GroupQueryAttention Identity InputLayer LSTM
LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D Maximum Minimum
MultiHeadAttention Multiply PReLU Permute RMSNormalization RNN ReLU RepeatVector
Reshape SeparableConv1D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D
StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D
ZeroPadding1D
"""

# Callbacks that call the user's functions, connect to a computer network or delete
# folders are left out.
_CALLBACKS = (
    "EarlyStopping",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
)

_MODELS = ("keras.Sequential", "keras.src.models.functional.Functional")

# Modules with all their classes and functions allowed, except those in `_LOOK_UP`.
_WHOLE = (
    "keras.activations",
    "keras.constraints",
    "keras.initializers",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.regularizers",
    "skforecast_lstm.networks",
)
_LOOK_UP = ("deserialize", "get", "serialize")

_OPERATIONS = ("keras.src.ops.math", "keras.src.ops.nn", "keras.src.ops.numpy")

_DESCRIBED = (
    keras.constraints.Constraint,
    keras.initializers.Initializer,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.regularizers.Regularizer,
)

# Keras's marks for values in a configuration that JSON cannot represent.
_NODE_MARKS = (
    "__bytes__",
    "__ellipsis__",
    "__keras_tensor__",
    "__numpy__",
    "__slice__",
    "__tensor__",
)


def is_from_keras(value: Any) -> bool:
    """Return whether a value, class or function is from Keras or from `networks`."""
    home = value if isinstance(value, type | FunctionType) else type(value)
    return f"{home.__module__}.".startswith(("keras.", "skforecast_lstm.networks."))


def find_member(name: str) -> Any:
    """Return the class or function with this public name, None if it is not allowed."""
    module, _, attribute = name.rpartition(".")
    is_held = (
        name in _MODELS
        or name in ("keras.DTypePolicy", "keras.ops.greater", "keras.ops.less")
        or (module == "keras.layers" and attribute in _LAYERS.split())
        or (module == "keras.callbacks" and attribute in _CALLBACKS)
        or (module in _WHOLE and attribute[:1] != "_" and attribute not in _LOOK_UP)
        or module in _OPERATIONS
    )
    found = getattr(import_module(module), attribute, None) if is_held else None
    if module in _OPERATIONS:
        is_one = isinstance(found, type) and issubclass(found, keras.Operation)
        return found if is_one else None
    return found if isinstance(found, type | FunctionType) else None


def find_member_name(member: Any) -> str | None:
    """Return the name by which `find_member` finds a class or function, or None."""
    for module in ("keras.callbacks", "keras.ops", *_WHOLE):
        name = f"{module}.{member.__name__}"
        if find_member(name) is member:
            return name
    return None


def can_hold_callback(callback: keras.callbacks.Callback) -> bool:
    """Return whether a file can hold a callback of this class."""
    return find_member_name(type(callback)) is not None


def to_parts(value: Any) -> tuple[str, Any]:
    """Return the kind and plain values of a Keras object. Raise if it is not allowed."""
    if isinstance(value, keras.Model):
        return "keras.Model", _model_parts(value)
    if isinstance(value, keras.callbacks.Callback):
        return "keras.Callback", _callback_parts(value)
    if isinstance(value, _DESCRIBED):
        _check_decay(value)
        return "keras.Object", _checked_config(value)
    raise TypeError(f"it is an object of Keras's class {type(value).__name__!r}")


def from_parts(kind: str, parts: Any, budget: Budget) -> Any:
    """Return the object that `to_parts` converted to these values."""
    make = {
        "keras.Model": _restore_model,
        "keras.Callback": _restore_callback,
        "keras.Object": _restore_object,
    }
    return make[kind](parts, budget)


def _model_parts(model):
    optimizer = getattr(model, "optimizer", None)
    _check_decay(optimizer)
    prepare_for_copy(model)
    return {
        "config": _checked_config(model),
        "weights": _values(model.variables),
        "optimizer": None if optimizer is None else _values(optimizer.variables),
    }


def _check_decay(optimizer):
    """Raise if an optimizer excludes weights from decay: its configuration omits them."""
    if excludes_from_decay(optimizer):
        raise TypeError(
            "some weights are excluded from weight decay, which a file can't store"
        )


def _restore_model(parts, budget):
    check_not_forked()
    config = _checked_copy(parts["config"], keras.Model, budget)
    compile_config = config.pop("compile_config", None)
    _count_connections(config)
    try:
        # Here variables have a shape but no values yet. A small configuration can ask
        # for large shapes, but the weights can't be larger than the file.
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(config)
        _set_values(model.variables, parts["weights"], budget)
        if compile_config:
            # Do not create the variables of the optimizer yet.
            is_built, model.built = model.built, False
            model.compile_from_config(compile_config)
            model.built = is_built
        if parts["optimizer"] is not None:
            if model.built:
                with keras.StatelessScope(initialize_variables=False):
                    model.optimizer.build(model.trainable_variables)
            _set_values(model.optimizer.variables, parts["optimizer"], budget)
    finally:
        set_waiting_variables([])
    return model


def _set_values(variables, values, budget):
    """Assign values to variables, and zeros to other variables without values."""
    for variable, value in _pair_variables(variables, values):
        if has_value(variable):
            variable.assign(value)
        else:
            initialize_with(variable, partial(_given_value, value))
    given = set(map(id, variables))
    for variable in waiting_variables():
        if id(variable) not in given:
            # Such as the template network of members, which have their own weights.
            budget.take("bytes that are not in it", 4 * math.prod(variable.shape))
            initialize_with(variable, keras.initializers.Zeros())
    with keras.StatelessScope():
        """On leaving it, Keras gives variables their first values."""


class _CountedNode(dict):
    """Part of a graph that counts how often Keras tries to connect it.

    Keras postpones a part if its inputs do not exist yet. Older releases do this forever
    if an input is missing.
    """

    def __init__(self, node, left):
        super().__init__(node)
        self._left = left

    def __getitem__(self, key):
        self._left[0] -= 1
        if self._left[0] < 0:
            raise ValueError("a part of a network has no input")
        return super().__getitem__(key)


def _count_connections(config):
    """Make the parts of all graphs in a configuration count tries on one counter."""
    lists = [value for key, value in _entries(config) if key == "inbound_nodes"]
    # Among parts that wait for each other, Keras tries two for each that it connects.
    left = [100 + 20 * sum(map(len, lists))]
    for nodes in lists:
        nodes[:] = [_CountedNode(node, left) for node in nodes]


def _entries(config):
    """Yield the keys and values of all dicts in a configuration."""
    if isinstance(config, dict):
        yield from config.items()
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _entries(item)


def _leaves(config):
    """Yield all values in a configuration except dicts, lists and tuples."""
    if isinstance(config, dict):
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _leaves(item)
    else:
        yield config


def _values(variables):
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    # NumPy has no bfloat16.
    return [v.astype(np.float32) if v.dtype.kind == "V" else v for v in values]


def _pair_variables(variables, values):
    """Return pairs of variables and values. Raise unless all shapes agree."""
    expected = [tuple(variable.shape) for variable in variables]
    given = [value.shape for value in plain_arrays(values)]
    if expected != given:
        raise ValueError(
            f"the network needs weights of shapes {expected}, but the file has {given}"
        )
    return zip(variables, values, strict=True)


def _given_value(value, _shape, dtype):
    """Return the given value as a tensor. With `partial`, it is an initializer."""
    return keras.ops.convert_to_tensor(value, dtype)


def _restore_object(config, budget):
    return keras.saving.deserialize_keras_object(
        _checked_copy(config, _DESCRIBED, budget)
    )


def _callback_parts(callback):
    name = find_member_name(type(callback))
    if name is None:
        raise TypeError(
            f"its class is {type(callback).__name__}, and the only callbacks that a file "
            f"can hold are {', '.join(_CALLBACKS)}. Remove the callbacks of a fitted "
            "estimator: set_params(callbacks=None)"
        )
    state = {
        attribute: value
        for attribute, value in vars(callback).items()
        # Keras makes the excluded ones again when training begins.
        if not holds_model(attribute) and getattr(value, "__name__", "") != "<lambda>"
    }
    return {"class": name, "state": state}


def _restore_callback(parts, _budget):
    cls = find_member(parts["class"])
    if not (isinstance(cls, type) and issubclass(cls, keras.callbacks.Callback)):
        raise TypeError(f"{parts['class']!r} is not a callback")
    check_attributes(cls, parts["state"])
    callback = cls.__new__(cls)
    vars(callback).update(parts["state"])
    forget_model(callback)
    return callback


def _checked_config(value):
    is_model = isinstance(value, keras.Model)
    config = keras.saving.serialize_keras_object(value)
    if not is_model:
        # Do not change the object, because it would then differ from its copies.
        config["config"] = {**complete_config(value), **config["config"]}
    for part in (config, (config.get("compile_config") or {}).get("optimizer")):
        # On PyTorch, Keras makes the backend's optimizer from the class of the same name.
        if part is not None and part["module"].startswith("keras.src.backend."):
            part.update(module="keras.optimizers", registered_name=None)
    _check(config, Budget(), in_network=is_model)
    return config


def _checked_copy(config, kinds, budget):
    """Return a checked copy of a configuration. Raise if it is of another kind."""
    _check(config, budget, in_network=kinds is keras.Model)
    found = _find_member(config)
    if not (isinstance(found, type) and issubclass(found, kinds)):
        raise TypeError(f"{config['class_name']!r} is not allowed at this place")
    return dict(config)


def _check(config, budget, *, in_network, in_metric=False):
    """Raise if a configuration names a part that is not allowed.

    Return the number of parts that one call uses. A part of a network may have parts,
    and is called once for each of its nodes. So a few words can mean very many calls.
    """
    n_parts = 0
    if type(config) is dict:
        is_named = "class_name" in config and config["class_name"] not in _NODE_MARKS
        if is_named:
            member = _check_member(config, in_network=in_network)
        is_metric = is_named and _is_subclass(keras.metrics.Metric, member)
        within_metric = in_metric or is_metric
        for key, value in config.items():
            is_inside = in_network and key != "compile_config"
            n_parts += _check(
                value, budget, in_network=is_inside, in_metric=within_metric
            )
        nodes = config.get("inbound_nodes", ())
        _check_nodes(nodes)
        if is_named:
            if is_metric and not in_metric:
                _check_metric(config, budget)
            if member is keras.Sequential:
                # Keras calls the earlier layers again with each layer that it adds.
                n_parts *= max(1, len(config["config"]["layers"]) // 2)
            n_parts += 1
            budget.take("parts of networks", n_parts * (1 + len(nodes)))
        elif config.get("class_name") in ("__numpy__", "__tensor__"):
            _check_numbers(config["config"], budget)
        n_parts *= max(1, len(nodes))
    elif type(config) in (list, tuple):
        within = {"in_network": in_network, "in_metric": in_metric}
        n_parts = sum(_check(value, budget, **within) for value in config)
    elif isinstance(config, str):
        if len(config) > 1000:
            raise ValueError("its configuration has a name of over 1,000 letters")
        # Keras replaces a name by the object that the process has registered for it.
        if not is_from_keras(keras.saving.get_custom_objects().get(config, keras.Model)):
            raise TypeError(f"it uses {config!r}, which is not Keras's own")
    elif not isinstance(config, int | float | None):
        raise TypeError(f"its configuration has a {type(config).__name__}")
    return n_parts


def _check_nodes(nodes):
    """Raise unless each call in a graph has an input tensor from the graph.

    Keras would run other calls immediately.
    """
    for node in nodes:
        entries = _entries(node) if type(node) is dict else ()
        if ("class_name", "__keras_tensor__") not in entries:
            raise ValueError("a part of a network has no input")


def _check_numbers(config, budget):
    """Raise unless an array in a configuration has plain numbers."""
    dtype = config["dtype"]
    if dtype != "bfloat16" and np.dtype(str(dtype)).kind not in "biuf":
        raise TypeError(f"its configuration has an array of {dtype}")
    budget.take("bytes that are not in it", 16 * sum(1 for _ in _leaves(config)))


def _check_member(config, *, in_network):
    """Return the named class or function. Raise if it is not allowed, or not here."""
    member = _find_member(config)
    if member is None:
        target = config["config" if config["class_name"] == "function" else "class_name"]
        raise TypeError(
            f"it uses {target!r} of {config.get('module')!r}, which a file does not "
            "hold. Use layers, losses, metrics and optimizers of Keras that only "
            "compute, or of skforecast_lstm.networks"
        )
    if _is_subclass(keras.Operation, member) and not in_network:
        raise TypeError(f"{config['class_name']!r} is not allowed at this place")
    return member


def _is_subclass(kind, member):
    """Return whether a member is a class and a subclass of `kind`."""
    return isinstance(member, type) and issubclass(member, kind)


def _check_metric(config, budget):
    """Take the size of a metric from the budget, which raises if it is too large."""
    for number in _leaves(config["config"]):
        if isinstance(number, int):
            budget.take("bytes that are not in it", 32 * abs(number))
    before = waiting_variables()
    set_waiting_variables([])
    try:
        with keras.StatelessScope(initialize_variables=False):
            keras.saving.deserialize_keras_object(config)
        for variable in waiting_variables():
            budget.take("bytes that are not in it", 4 * math.prod(variable.shape))
    finally:
        set_waiting_variables(before)


def _find_member(config):
    """Return the class or function that Keras will find, None if it is not allowed."""
    name, module = config["class_name"], config.get("module")
    if type(name) is not str:
        raise TypeError("the name of a class is not a string")
    registered = config.get("registered_name")
    target = config["config"] if name == "function" else name
    if registered == f"skforecast_lstm>{target}":
        places = ["skforecast_lstm.networks"]
    elif name == "function" and module == "builtins":
        # Keras finds its own functions by their bare names.
        places = [whole for whole in _WHOLE if whole.startswith("keras.")]
    else:
        places = [module]
    found = (find_member(f"{place}.{target}") for place in places)
    member = next((member for member in found if member is not None), None)
    # A registered object takes precedence over Keras's object of that name. If the user
    # imports SciKeras, it registers the class of a network that it copies.
    known = keras.saving.get_registered_object(registered)
    return member if known is None or known is member else None
