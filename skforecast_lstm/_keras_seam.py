"""The only module that uses names that Keras does not document.

Each function gives one thing for which Keras has no public way, and says why the package
needs it. All were tested with Keras 3.10 and 3.15. `tests/test_keras_seam.py` checks each
of them, and checks that no other module uses a private name of Keras.
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any, NamedTuple

import keras
from keras.src import backend
from keras.src.backend.common import global_state
from keras.src.backend.common.stateless_scope import in_stateless_scope
from keras.src.random import seed_generator
from keras.src.trainers.compile_utils import get_loss

__all__ = [
    "BOOKKEEPING",
    "NAMES",
    "ONLY_TO_TRAIN",
    "TRAINING_METHODS",
    "VALUES",
    "Production",
    "all_layers",
    "build_to_train",
    "can_use_cudnn",
    "compile_arguments",
    "compiled_losses",
    "compiled_metrics",
    "copy_decay_exclusions",
    "decays",
    "exclude_from_decay",
    "excludes_from_decay",
    "first_epoch",
    "forget_model",
    "graph",
    "has_mask",
    "has_value",
    "holds_model",
    "in_stateless_scope",
    "initialize_with",
    "input_tensors",
    "is_validated",
    "loop_over_steps",
    "loss_from",
    "loss_tracker",
    "loss_with_updates",
    "operation_name",
    "production",
    "replace_loop_over_steps",
    "seeds_of_this_thread",
    "set_waiting_variables",
    "traces",
    "trained_variables",
    "training_option",
    "unweighted_and_weighted_metrics",
    "waiting_variables",
    "with_decay_exclusions",
    "without_cudnn",
    "without_layer_name",
    "wrapped_function",
]

# Methods with which Keras trains and evaluates. The engine replaces them, so it must know
# that a model does not override them.
TRAINING_METHODS = (
    "_get_metrics_result_or_logs",
    "_update_metrics_variables",
    "compute_loss",
    "compute_metrics",
    "evaluate",
    "fit",
    "get_metrics_result",
    "make_train_function",
    "metrics",
    "reset_metrics",
    "test_step",
    "train_step",
)

# Attributes of a model that a program for prediction does not read.
ONLY_TO_TRAIN = frozenset(
    [
        "_compile_loss",
        "_compile_metrics",
        "_compute_loss_has_training_arg",
        "_jit_compile",
        "_loss_tracker",
        "_run_eagerly",
        "compiled",
        "loss",
        "optimizer",
        "steps_per_execution",
    ]
)

# Names of Keras's objects, and bookkeeping attributes, which Keras's arithmetic does not
# read, and attributes that are stored in variables after a model is built.
NAMES = frozenset(["_name", "_parent_path", "_path", "name", "path"])
BOOKKEEPING = frozenset(
    [
        "_auto_config",
        "_build_shapes_dict",
        "_call_signature",
        "_called",
        "_dropout_mask",
        "_eval_epoch_iterator",
        "_recurrent_dropout_mask",
        "_compile_config",
        "_compiled_trainable_state",
        "_inbound_nodes",
        "_initial_epoch",
        "_initial_seed",
        "_initializer",
        "_input_tensor",
        "_jax_state",
        "_jax_state_synced",
        "_keras_history",
        "_lock",
        "_loss_ids",
        "_losses",
        "_losses_override",
        "_metrics_variable_shardings",
        "_nodes",
        "_non_trainable_variable_shardings",
        "_operations_by_depth",
        "_optimizer_variable_shardings",
        "_outbound_nodes",
        "_resolved_output_names",
        "_tracker",
        "_trainable_variable_shardings",
        "_trainable_variables_indices",
        "backend",
        "build",
        "history",
        "output_name",
        "output_names",
        "predict_function",
        "quantize",
        "seed",
        "stop_evaluating",
        "stop_predicting",
        "stop_training",
        "test_function",
        "train_function",
    ]
)
# Attributes that hold the value of a variable.
VALUES = frozenset(["_value", "_ndim"])


# Models


def all_layers(model: keras.Model) -> list[keras.Layer]:
    """Return a model and all its layers, also those within layers.

    `Model.layers` leaves out the layers within layers, such as those of `Bidirectional`.
    """
    return model._flatten_layers()


def graph(model: keras.Model) -> Any:
    """Return the object with the operations of a model: its graph, or the model itself.

    `Sequential` keeps its graph in a private attribute.
    """
    return getattr(model, "_functional", model)


def input_tensors(operation: keras.Operation) -> list[keras.KerasTensor]:
    """Return the inputs of an operation in all its calls; `input` needs a single call."""
    return [one for node in operation._inbound_nodes for one in node.input_tensors]


class Production(NamedTuple):
    """The call of an operation that gave a symbolic tensor.

    `arguments` and `options` are those of the call, `inputs` the symbolic tensors among
    them, and `outputs` all tensors that the call gave.
    """

    operation: keras.Operation
    arguments: tuple
    options: dict[str, Any]
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


def production(tensor: keras.KerasTensor) -> Production | None:
    """Return the call that gave a symbolic tensor, None if it is an input.

    Keras has a public way to the operations of a model, but not to their calls.
    """
    operation, number, _ = tensor._keras_history
    node = operation._inbound_nodes[number]
    if node.is_input:
        return None
    arguments, options = node.arguments.args, node.arguments.kwargs
    return Production(operation, arguments, options, node.input_tensors, node.outputs)


def operation_name(operation: keras.Operation) -> str | None:
    """Return the name of an operation of `keras.ops` or of ours, None for others.

    Keras documents the functions, but not the operations that they leave in a graph.
    """
    home = type(operation).__module__
    is_known = home.startswith(("keras.src.", "skforecast_lstm."))
    return type(operation).__name__ if is_known else None


def has_mask(tensor: keras.KerasTensor) -> bool:
    """Return True if a symbolic tensor has a mask, which changes the mean of a loss."""
    return getattr(tensor, "_keras_mask", None) is not None


def training_option(model: keras.Model) -> dict[str, bool]:
    """Return the option of a call outside training, empty if `call` does not take it.

    Keras's own prediction step chooses the option in this way.
    """
    return {"training": False} if model._call_has_training_arg else {}


# Compilation and training


def compile_arguments(model: keras.Model) -> Any:
    """Return the arguments of `Model.compile`, a new dict after each call; None before.

    The public `get_compile_config` returns them serialized, without the objects.
    """
    compilation = getattr(model, "_compile_config", None)
    return None if compilation is None else compilation.config


def compiled_losses(model: keras.Model) -> list[keras.losses.Loss]:
    """Return the losses of a model; `Model.loss` may hold only names."""
    entries = getattr(model._compile_loss, "_flat_losses", None) or ()
    return [entry.loss for entry in entries]


def without_layer_name(name: str, value: Any) -> Any:
    """Return the value of an attribute without the names of layers that it contains.

    Keras keeps with each loss the name of the layer that it applies to.
    """
    if name != "_flat_losses" or value is None:
        return value
    return [entry[:3] for entry in value]


def compiled_metrics(model: keras.Model) -> list[keras.metrics.Metric]:
    """Return the metrics given to `compile`; `Model.metrics` has the loss and others."""
    return [] if model._compile_metrics is None else model._compile_metrics.metrics


def unweighted_and_weighted_metrics(model: keras.Model) -> tuple[list, list]:
    """Return the metrics that ignore sample weights, and those that use them.

    The engine updates them itself if a batch has padding, which counts in neither.
    """
    metrics = model._compile_metrics
    if metrics is None:
        return [], []
    return (
        [metric for metric in metrics._flat_metrics if metric],
        [metric for metric in metrics._flat_weighted_metrics if metric],
    )


def loss_tracker(model: keras.Model) -> keras.metrics.Mean:
    """Return the metric for the mean loss of an epoch, which the engine updates."""
    return model._loss_tracker


def loss_with_updates(model: keras.Model) -> Callable[..., Any]:
    """Return the function of Keras's JAX trainer that computes a loss from values."""
    return model.compute_loss_and_updates


def build_to_train(model: keras.Model, batch: tuple) -> None:
    """Create all variables of a compiled model, as `fit` does before its first batch.

    Keras traces the model and the loss for it, which takes longer than a short training.
    A built model with a single output and loss needs no trace.
    """
    loss, target = model._compile_loss, batch[1]
    is_built = all(layer.built for layer in model._flatten_layers())
    has_own_loss = type(model).compute_loss is not keras.Model.compute_loss
    if is_built and loss is not None and not has_own_loss:
        # Several outputs are a list, and a subclassed model has none to show.
        output = getattr(model, "output", None)
        if isinstance(output, keras.KerasTensor) and not loss.built:
            dtype = keras.backend.standardize_dtype(target.dtype)
            loss.build(keras.KerasTensor(target.shape, dtype), output)
    model._symbolic_build(data_batch=batch)


def first_epoch(model: keras.Model, initial_epoch: int) -> int:
    """Return the first epoch, which `BackupAndRestore` may set in the model."""
    return model._initial_epoch or initial_epoch


def is_validated(model: keras.Model, epoch: int, validation_freq: Any) -> bool:
    """Return True if `fit` validates after this epoch."""
    return model._should_eval(epoch, validation_freq)


# Losses and metrics


def loss_from(given: Any) -> keras.losses.Loss:
    """Return the loss for a name, function or loss, as `compile` makes it.

    The public `keras.losses.get` returns a function for a name, without a reduction.
    """
    return get_loss(given, None, None)


def wrapped_function(item: Any) -> tuple[Any, dict[str, Any]]:
    """Return the function that a loss or metric of Keras is a mean of, and its options.

    `get_config` leaves some of the options out. The function is None for other objects.
    """
    function = getattr(item, "fn", None) or getattr(item, "_fn", None)
    return function, getattr(item, "_fn_kwargs", {})


# Weight decay: `exclude_from_weight_decay` has no counterpart that reads, and neither
# configurations nor files hold what it stored.

_DECAY_EXCLUSIONS = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")


def excludes_from_decay(optimizer: Any) -> bool:
    """Return True if an optimizer excludes weights from decay."""
    return any(getattr(optimizer, name, None) for name in _DECAY_EXCLUSIONS)


def decays(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> bool:
    """Return True if an optimizer lets a weight decay."""
    return optimizer._use_weight_decay(variable)


def exclude_from_decay(
    optimizer: keras.optimizers.Optimizer, variables: Iterable[keras.Variable]
) -> None:
    """Exclude weights from decay. The public method refuses if the optimizer is built."""
    optimizer._exclude_from_weight_decay = set(map(id, variables))
    optimizer._exclude_from_weight_decay_cache = {}


def copy_decay_exclusions(
    source: keras.optimizers.Optimizer, target: keras.optimizers.Optimizer
) -> None:
    """Exclude in one optimizer the same weights from decay as in another."""
    for name in _DECAY_EXCLUSIONS:
        if hasattr(source, name):
            setattr(target, name, copy(getattr(source, name)))


def with_decay_exclusions(optimizer: keras.optimizers.Optimizer) -> tuple:
    """Reduce an optimizer as Keras does, and keep the names of weights without decay.

    This is a function for `copyreg`.
    """
    weights, names = _DECAY_EXCLUSIONS
    pattern = getattr(optimizer, names, None)
    return *optimizer.__reduce__(), pattern and {weights: set(), names: pattern}


def trained_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Return the weights of the model that an optimizer was built for."""
    return optimizer._trainable_variables


# Callbacks


def forget_model(callback: keras.callbacks.Callback) -> None:
    """Remove the model from a callback, so that its copies and pickles have none."""
    callback._model = None


def holds_model(attribute: str) -> bool:
    """Return True if a callback keeps its model in the attribute of this name."""
    return attribute == "_model"


def traces(callback: keras.callbacks.TensorBoard) -> bool:
    """Return True if `TensorBoard` profiles single batches."""
    return callback._should_trace


# Variables without values: a model from a file gets the weights of the file at once.


def waiting_variables() -> list[keras.Variable]:
    """Return the variables of this thread that have no value yet."""
    return global_state.get_global_attribute("uninitialized_variables") or []


def set_waiting_variables(variables: list[keras.Variable]) -> None:
    """Set the variables of this thread to which Keras gives values later."""
    global_state.set_global_attribute("uninitialized_variables", variables)


def has_value(variable: keras.Variable) -> bool:
    """Return True if a variable has a value, not only a shape."""
    return variable._value is not None


def initialize_with(variable: keras.Variable, initializer: Callable) -> None:
    """Set the initializer of a variable that has no value yet."""
    variable._initializer = initializer


# Recurrent layers


def loop_over_steps(layer: keras.layers.LSTM) -> Callable:
    """Return Keras's own loop over the steps of an LSTM layer."""
    return partial(type(layer).inner_loop, layer)


def replace_loop_over_steps(layer: Any, loop: Callable) -> None:
    """Let an LSTM layer run this loop, with the layer as its first argument.

    Keras's class stays unchanged, so threads do not affect each other. A layer that
    already has a loop other than Keras's keeps it. Keras chooses the loop by the method
    `inner_loop`. A layer class of ours would not replace this: users' networks contain
    Keras's layer, and saved networks name it.
    """
    if (
        isinstance(layer, keras.layers.LSTM)
        and type(layer).inner_loop is keras.layers.LSTM.inner_loop
        and "inner_loop" not in vars(layer)
    ):
        layer.inner_loop = partial(loop, layer)


def can_use_cudnn(layer: keras.layers.LSTM) -> bool:
    """Return True if Keras runs this LSTM layer by cuDNN when it has no mask.

    Keras gives the steps of a layer that goes backwards in the other order with cuDNN.
    """
    cell = layer.cell
    return (
        layer.use_cudnn in ("auto", True)
        and not layer.recurrent_dropout
        and not layer.go_backwards
        and layer.compute_dtype == "float32"
        and backend.cudnn_ok(
            cell.activation, cell.recurrent_activation, layer.unroll, cell.use_bias
        )
    )


@contextmanager
def without_cudnn(model: keras.Model) -> Iterator[None]:
    """Let Keras run the recurrent layers of a model without cuDNN in the context."""
    before = {
        layer: layer.use_cudnn
        for layer in all_layers(model)
        if hasattr(layer, "use_cudnn")
    }
    for layer in before:
        layer.use_cudnn = False
    try:
        yield
    finally:
        for layer, use_cudnn in before.items():
            layer.use_cudnn = use_cudnn


class _RandomOfOneThread:
    """Python's random module, but with a separate generator for the current thread."""

    def __init__(self, seed):
        self._thread = threading.get_ident()
        self._generator = random.Random(seed)

    def __getattr__(self, name):
        is_owner = threading.get_ident() == self._thread
        return getattr(self._generator if is_owner else random, name)


@contextmanager
def seeds_of_this_thread(seed):
    """Let this thread draw the seeds of layers from a generator with this seed.

    Keras draws them from the generator that all threads share. Other threads, such as
    those of a Dask worker, draw from it at any time, and would change the weights. Only
    one thread may be in this context at a time.
    """
    shared = seed_generator.python_random
    seed_generator.python_random = _RandomOfOneThread(seed)
    try:
        yield
    finally:
        seed_generator.python_random = shared
