"""Keras's objects as plain values, and back: networks, optimizers, losses, callbacks.

Keras makes objects from a configuration, and looks up whatever class and function it
names. So each is checked here before Keras sees it. Weights are plain arrays.
"""

import math
from functools import partial
from importlib import import_module
from types import FunctionType
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state

from skforecast_lstm._complete_configs import complete_config, make_complete
from skforecast_lstm._forks import check_not_forked
from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._persistence.instances import check_attributes
from skforecast_lstm._persistence.values import plain_arrays

__all__ = ["is_of_keras", "member_named", "name_of_member", "put_together", "take_apart"]

# All of these compute, and do nothing else. Those left out run code of the user's,
# open files, or keep more than weights.
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

# Those left out call functions of the user's, speak to a network or delete folders.
_CALLBACKS = (
    "EarlyStopping",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
)

_MODELS = ("keras.Sequential", "keras.src.models.functional.Functional")

# Of these all classes and functions, but for those that look up others.
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

# Keras's own marks for values in a configuration that JSON does not have.
_MARKS = (
    "__bytes__",
    "__ellipsis__",
    "__keras_tensor__",
    "__numpy__",
    "__slice__",
    "__tensor__",
)


def is_of_keras(value: Any) -> bool:
    """Whether a value, class or function is Keras's or of our networks."""
    home = value if isinstance(value, type | FunctionType) else type(value)
    return f"{home.__module__}.".startswith(("keras.", "skforecast_lstm.networks."))


def member_named(name: str) -> Any:
    """The class or function that a file may name, by its public name."""
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


def name_of_member(member: Any) -> str | None:
    """The name by which `member_named` knows a class or a function."""
    for module in ("keras.callbacks", "keras.ops", *_WHOLE):
        name = f"{module}.{member.__name__}"
        if member_named(name) is member:
            return name
    return None


def take_apart(value: Any) -> tuple[str, Any]:
    """Kind and plain values of an object of Keras; raise TypeError if none is held."""
    if isinstance(value, keras.Model):
        return "keras.Model", _model_parts(value)
    if isinstance(value, keras.callbacks.Callback):
        return "keras.Callback", _callback_parts(value)
    if isinstance(value, _DESCRIBED):
        _check_decay(value)
        return "keras.Object", _config_of(value)
    raise TypeError(f"it is an object of Keras's class {type(value).__name__!r}")


def put_together(kind: str, parts: Any, budget: Budget) -> Any:
    """The object that `take_apart` made these values of."""
    make = {
        "keras.Model": _model,
        "keras.Callback": _callback,
        "keras.Object": _described,
    }
    return make[kind](parts, budget)


def _model_parts(model):
    optimizer = getattr(model, "optimizer", None)
    _check_decay(optimizer)
    if optimizer is not None and model.built and not optimizer.built:
        optimizer.build(model.trainable_variables)
    return {
        "config": _config_of(model),
        "weights": _values(model.variables),
        "optimizer": None if optimizer is None else _values(optimizer.variables),
    }


def _check_decay(optimizer):
    """Raise if an optimizer has what its configuration does not say."""
    for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):
        if getattr(optimizer, name, None):
            raise TypeError(
                "some weights are excluded from decay, of which a file says nothing"
            )


def _model(parts, budget):
    check_not_forked()
    config = _checked(parts["config"], keras.Model, budget)
    compile_config = config.pop("compile_config", None)
    _count_tries(config)
    try:
        # Here variables have a shape and no values yet. A configuration is small
        # whatever the shapes in it, but the weights in the file are as large as it is.
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(config)
        _fill(model.variables, parts["weights"], budget)
        if compile_config:
            # Not yet the variables of the optimizer.
            is_built, model.built = model.built, False
            model.compile_from_config(compile_config)
            model.built = is_built
        if parts["optimizer"] is not None:
            if model.built:
                with keras.StatelessScope(initialize_variables=False):
                    model.optimizer.build(model.trainable_variables)
            _fill(model.optimizer.variables, parts["optimizer"], budget)
    finally:
        global_state.set_global_attribute("uninitialized_variables", [])
    return model


def _fill(variables, values, budget):
    """Give variables their values, and zeros to others that wait for some."""
    for variable, value in _paired(variables, values):
        if variable._value is None:
            variable._initializer = partial(_given, value)
        else:
            variable.assign(value)
    given = set(map(id, variables))
    for variable in _waiting():
        if id(variable) not in given:
            # Such as those of a network of which members have weights of their own.
            budget.take("bytes that are not in it", 4 * math.prod(variable.shape))
            variable._initializer = keras.initializers.Zeros()
    with keras.StatelessScope():
        """On leaving it, Keras gives variables their first values."""


def _waiting():
    """Variables of this thread that have no value yet."""
    return global_state.get_global_attribute("uninitialized_variables") or []


class _Tried(dict):
    """A part of a graph that counts how often Keras tries to connect it.

    Keras puts off a part whose inputs are not there yet. Its older releases do so for
    ever where one is missing.
    """

    def __init__(self, node, left):
        super().__init__(node)
        self._left = left

    def __getitem__(self, key):
        self._left[0] -= 1
        if self._left[0] < 0:
            raise ValueError("a part of a network has no input")
        return super().__getitem__(key)


def _count_tries(config):
    """Have each part of a graph in a configuration count, all of them together."""
    lists = [value for key, value in _entries(config) if key == "inbound_nodes"]
    # Of those that wait for each other, two are tried for each that is connected.
    left = [100 + 20 * sum(map(len, lists))]
    for nodes in lists:
        nodes[:] = [_Tried(node, left) for node in nodes]


def _entries(config):
    """Keys and values of all dicts in a configuration."""
    if isinstance(config, dict):
        yield from config.items()
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _entries(item)


def _leaves(config):
    """All values in a configuration that are no dict, list or tuple."""
    if isinstance(config, dict):
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _leaves(item)
    else:
        yield config


def _values(variables):
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    # NumPy itself has no bfloat16.
    return [v.astype(np.float32) if v.dtype.kind == "V" else v for v in values]


def _paired(variables, values):
    """Variables with their values; raise unless all shapes agree."""
    expected = [tuple(variable.shape) for variable in variables]
    given = [value.shape for value in plain_arrays(values)]
    if expected != given:
        raise ValueError(f"a network with weights of {expected} has weights of {given}")
    return zip(variables, values, strict=True)


def _given(value, _shape, dtype):
    """An initializer that knows what comes out."""
    return keras.ops.convert_to_tensor(value, dtype)


def _described(config, budget):
    return keras.saving.deserialize_keras_object(_checked(config, _DESCRIBED, budget))


def _callback_parts(callback):
    name = name_of_member(type(callback))
    if name is None:
        raise TypeError(
            f"it is of the class {type(callback).__name__}; of callbacks a file holds "
            f"{', '.join(_CALLBACKS)}"
        )
    state = {
        attribute: value
        for attribute, value in vars(callback).items()
        # Keras makes these anew when training begins.
        if attribute != "_model" and getattr(value, "__name__", "") != "<lambda>"
    }
    return {"class": name, "state": state}


def _callback(parts, _budget):
    cls = member_named(parts["class"])
    if not (isinstance(cls, type) and issubclass(cls, keras.callbacks.Callback)):
        raise TypeError(f"{parts['class']!r} is no callback")
    check_attributes(cls, parts["state"])
    callback = cls.__new__(cls)
    vars(callback).update(parts["state"], _model=None)
    return callback


def _config_of(value):
    is_model = isinstance(value, keras.Model)
    if is_model:
        make_complete(value)
    config = keras.saving.serialize_keras_object(value)
    if not is_model:
        # The object itself stays as it is, or it would no longer equal its copies.
        config["config"] = {**complete_config(value), **config["config"]}
    for part in (config, (config.get("compile_config") or {}).get("optimizer")):
        # PyTorch's optimizers are made of Keras's by the same name.
        if part is not None and part["module"].startswith("keras.src.backend."):
            part.update(module="keras.optimizers", registered_name=None)
    _check(config, Budget(), in_network=is_model)
    return config


def _checked(config, kinds, budget):
    """A copy of the configuration of an object of one of these kinds."""
    _check(config, budget, in_network=kinds is keras.Model)
    found = _member_of(config)
    if not (isinstance(found, type) and issubclass(found, kinds)):
        raise TypeError(f"{config['class_name']!r} has no place where it is")
    return dict(config)


def _check(config, budget, *, in_network, in_metric=False):
    """Raise if a configuration names what is not held; how many parts one call uses.

    A part of a network may have parts, and is called once for each of its nodes: a
    few words can stand for very many calls.
    """
    n_parts = 0
    if type(config) is dict:
        is_named = "class_name" in config and config["class_name"] not in _MARKS
        if is_named:
            member = _check_named(config, in_network=in_network)
        is_metric = is_named and _is_a(keras.metrics.Metric, member)
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
                # Keras calls those before again with each layer that it adds.
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
        # Keras puts what the process has registered in the place of its name.
        if not is_of_keras(keras.saving.get_custom_objects().get(config, keras.Model)):
            raise TypeError(f"it uses {config!r}, which is not Keras's own")
    elif not isinstance(config, int | float | None):
        raise TypeError(f"its configuration has a {type(config).__name__}")
    return n_parts


def _check_nodes(nodes):
    """Raise unless each call in a graph has a tensor of it: others are made at once."""
    for node in nodes:
        entries = _entries(node) if type(node) is dict else ()
        if ("class_name", "__keras_tensor__") not in entries:
            raise ValueError("a part of a network has no input")


def _check_numbers(config, budget):
    """Raise unless an array in a configuration is one of plain numbers."""
    dtype = config["dtype"]
    if dtype != "bfloat16" and np.dtype(str(dtype)).kind not in "biuf":
        raise TypeError(f"its configuration has an array of {dtype}")
    budget.take("bytes that are not in it", 16 * sum(1 for _ in _leaves(config)))


def _check_named(config, *, in_network):
    """The class or function that is named; raise if it is not held, or not here."""
    member = _member_of(config)
    if member is None:
        target = config["config" if config["class_name"] == "function" else "class_name"]
        raise TypeError(
            f"it uses {target!r} of {config.get('module')!r}, which a file does not "
            "hold. Use layers, losses, metrics and optimizers of Keras that only "
            "compute, or of skforecast_lstm.networks"
        )
    if _is_a(keras.Operation, member) and not in_network:
        raise TypeError(f"{config['class_name']!r} has no place where it is")
    return member


def _is_a(kind, member):
    """Return whether a class or function is a class of a kind."""
    return isinstance(member, type) and issubclass(member, kind)


def _check_metric(config, budget):
    """Take as much from the budget as a metric is large, and raise if it is too much."""
    for number in _leaves(config["config"]):
        if isinstance(number, int):
            budget.take("bytes that are not in it", 32 * abs(number))
    before = _waiting()
    global_state.set_global_attribute("uninitialized_variables", [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            keras.saving.deserialize_keras_object(config)
        for variable in _waiting():
            budget.take("bytes that are not in it", 4 * math.prod(variable.shape))
    finally:
        global_state.set_global_attribute("uninitialized_variables", before)


def _member_of(config):
    """The class or function that Keras will find for a configuration, if it is held."""
    name, module = config["class_name"], config.get("module")
    if type(name) is not str:
        raise TypeError("the name of a class is no text")
    registered = config.get("registered_name")
    target = config["config"] if name == "function" else name
    if registered == f"skforecast_lstm>{target}":
        places = ["skforecast_lstm.networks"]
    elif name == "function" and module == "builtins":
        # Keras has its own functions by their bare name.
        places = [whole for whole in _WHOLE if whole.startswith("keras.")]
    else:
        places = [module]
    found = (member_named(f"{place}.{target}") for place in places)
    member = next((member for member in found if member is not None), None)
    # What is registered goes before what Keras has by that name. SciKeras, where the user
    # imports it, registers the class of a network that it copies.
    known = keras.saving.get_registered_object(registered)
    return member if known is None or known is member else None
