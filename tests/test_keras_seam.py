"""Keras has what the package uses beyond Keras's documentation, in one module only."""

import ast
import inspect
from functools import cache
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import skforecast_lstm
from skforecast_lstm import _keras_seam as seam

PACKAGE = Path(skforecast_lstm.__file__).parent
# Names without an underscore that Keras does not document either.
UNDOCUMENTED = {"compute_loss_and_updates", "inner_loop"}
# Names with another meaning, modules of classes that a file may hold, and a method of
# Keras's cell that our cell overrides.
ALLOWED = {
    "_persistence/instances.py": {"_sparse"},
    "training/values.py": {"_initializer"},
    "_persistence/keras_objects.py": {
        "keras.src.backend.",
        "keras.src.models.functional.Functional",
        "keras.src.ops.math",
        "keras.src.ops.nn",
        "keras.src.ops.numpy",
    },
    "networks/cells.py": {"_compute_carry_and_output"},
}


class Sample:
    """A compiled model, with all that it is made of."""

    def __init__(self):
        self.layer = keras.layers.LSTM(2)
        self.dense = keras.layers.Dense(1)
        self.model = keras.Sequential([keras.Input((3, 1)), self.layer, self.dense])
        self.loss = keras.losses.Huber(0.5)
        self.optimizer = keras.optimizers.AdamW(weight_decay=0.1)
        self.metric = keras.metrics.MeanMetricWrapper(keras.losses.huber, delta=2.0)
        self.model.compile(
            self.optimizer, self.loss, metrics=[self.metric], weighted_metrics=["mae"]
        )
        batch = np.zeros((2, 3, 1)), np.zeros((2, 1))
        self.was_built = self.optimizer.built
        seam.build_to_train(self.model, batch)
        self.kernel = self.dense.kernel


def check_all_layers(sample):
    inner = keras.layers.Dense(2)
    model = keras.Sequential([keras.Input((3, 1)), keras.layers.TimeDistributed(inner)])
    assert inner in seam.all_layers(model)
    assert model in seam.all_layers(model)


def check_graph(sample):
    assert sample.dense in seam.graph(sample.model).operations


def check_input_tensors(sample):
    (tensor,) = seam.input_tensors(sample.dense)
    assert tensor is sample.layer.output


def check_production(sample):
    made = seam.production(sample.dense.output)
    assert made.operation is sample.dense
    assert made.inputs == [sample.layer.output]
    assert keras.tree.flatten(made.arguments)[0] is sample.layer.output
    assert made.outputs == [sample.dense.output]
    assert seam.production(sample.model.inputs[0]) is None


def check_operation_name(sample):
    masked = keras.ops.isnan(keras.Input((3,)))
    assert seam.operation_name(seam.production(masked).operation) == "Isnan"

    class Isnan(keras.Operation):
        pass

    assert seam.operation_name(Isnan()) is None


def check_has_mask(sample):
    given = keras.Input((3, 1))
    assert seam.has_mask(keras.layers.Masking()(given))
    assert not seam.has_mask(given)


def check_training_option(sample):
    assert seam.training_option(sample.model) == {"training": False}


def check_compile_arguments(sample):
    before = seam.compile_arguments(sample.model)
    assert before["loss"] is sample.loss
    sample.model.compile("sgd", "mse")
    assert seam.compile_arguments(sample.model) is not before
    assert seam.compile_arguments(keras.Sequential()) is None


def check_compiled_losses(sample):
    assert seam.compiled_losses(sample.model) == [sample.loss]


def check_without_layer_name(sample):
    compiled = next(
        value
        for value in vars(sample.model).values()
        if isinstance(value, keras.losses.Loss) and value is not sample.loss
    )
    values = {
        name: seam.without_layer_name(name, value)
        for name, value in vars(compiled).items()
    }
    assert [((), sample.loss, None)] in values.values()


def check_compiled_metrics(sample):
    assert sample.metric in seam.compiled_metrics(sample.model)


def check_unweighted_and_weighted_metrics(sample):
    (metric,), (weighted,) = seam.unweighted_and_weighted_metrics(sample.model)
    ones, shares = np.ones((2, 1)), np.array([1.0, 0.0])
    metric.update_state(ones, ones * [[2.0], [9.0]], shares)
    weighted.update_state(ones, ones * [[3.0], [9.0]], shares)
    results = sample.model.get_metrics_result()
    assert float(results[sample.metric.name]) == 0.5
    assert float(results["mae"]) == 2.0
    assert seam.unweighted_and_weighted_metrics(keras.Sequential()) == ([], [])


def check_loss_tracker(sample):
    assert seam.loss_tracker(sample.model).name == "loss"


def check_loss_with_updates(sample):
    if keras.config.backend() == "jax":
        names = [*inspect.signature(seam.loss_with_updates(sample.model)).parameters]
        assert names == [
            "trainable_variables",
            "non_trainable_variables",
            "metrics_variables",
            "x",
            "y",
            "sample_weight",
            "training",
            "optimizer_variables",
        ]


def check_build_to_train(sample):
    assert sample.optimizer.built
    assert len(sample.model.metrics_variables) == 6


def check_seeds_of_this_thread(sample):
    def draws(seed, n_elsewhere):
        with seam.seeds_of_this_thread(seed):
            for _ in range(n_elsewhere):
                thread = Thread(target=keras.random.SeedGenerator)
                thread.start()
                thread.join()
            return np.asarray(keras.random.SeedGenerator().state).tolist()

    assert draws(1, 0) == draws(1, 2) != draws(2, 0)


def check_first_epoch(sample):
    assert seam.first_epoch(sample.model, 3) == 3


def check_is_validated(sample):
    found = [seam.is_validated(sample.model, epoch, 2) for epoch in range(4)]
    assert found == [False, True, False, True]


def check_loss_from(sample):
    assert isinstance(seam.loss_from("mse"), keras.losses.Loss)


def check_wrapped_function(sample):
    function, options = seam.wrapped_function(sample.loss)
    assert function is keras.losses.huber
    assert options == {"delta": 0.5}
    function, options = seam.wrapped_function(sample.metric)
    assert function is keras.losses.huber
    assert options == {"delta": 2.0}
    assert seam.wrapped_function(keras.metrics.Mean()) == (None, {})


def check_decays(sample):
    assert seam.decays(sample.optimizer, sample.kernel)


def check_exclude_from_decay(sample):
    assert not seam.excludes_from_decay(sample.optimizer)
    seam.exclude_from_decay(sample.optimizer, [sample.kernel])
    assert seam.excludes_from_decay(sample.optimizer)
    assert not seam.decays(sample.optimizer, sample.kernel)


def check_excludes_from_decay(sample):
    for chosen in ({"var_names": ["kernel"]}, {"var_list": [sample.kernel]}):
        optimizer = keras.optimizers.AdamW()
        assert not seam.excludes_from_decay(optimizer)
        optimizer.exclude_from_weight_decay(**chosen)
        assert seam.excludes_from_decay(optimizer)


def check_copy_decay_exclusions(sample):
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    seam.copy_decay_exclusions(optimizer, sample.optimizer)
    assert not seam.decays(sample.optimizer, sample.kernel)


def check_with_decay_exclusions(sample):
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    *_, state = seam.with_decay_exclusions(optimizer)
    vars(sample.optimizer).update(state)
    assert not seam.decays(sample.optimizer, sample.kernel)


def check_trained_variables(sample):
    assert seam.trained_variables(sample.optimizer) == sample.model.trainable_variables


def check_forget_model(sample):
    callback = keras.callbacks.EarlyStopping()
    callback.set_model(sample.model)
    seam.forget_model(callback)
    assert callback.model is None
    assert all(value is not sample.model for value in vars(callback).values())


def check_holds_model(sample):
    callback = keras.callbacks.EarlyStopping()
    callback.set_model(sample.model)
    for name, value in vars(callback).items():
        assert seam.holds_model(name) == (value is sample.model)


def check_traces(sample):
    # Making one takes TensorFlow.
    callback = keras.callbacks.TensorBoard
    assert "self._should_trace = " in inspect.getsource(callback)
    assert seam.traces(SimpleNamespace(_should_trace=True))


def check_waiting_variables(sample):
    assert seam.waiting_variables() == []
    with keras.StatelessScope(initialize_variables=False):
        variable = keras.Variable(lambda shape, dtype: keras.ops.ones(shape), shape=(2,))
    try:
        assert seam.waiting_variables() == [variable]
        assert not seam.has_value(variable)
        seam.initialize_with(variable, lambda shape, dtype: keras.ops.ones(shape) * 3)
        with keras.StatelessScope():
            """On leaving it, Keras gives variables their first values."""
        assert seam.has_value(variable)
        assert keras.ops.convert_to_numpy(variable).tolist() == [3, 3]
    finally:
        seam.set_waiting_variables([])


check_set_waiting_variables = check_waiting_variables
check_has_value = check_waiting_variables
check_initialize_with = check_waiting_variables


def check_in_stateless_scope(sample):
    assert not seam.in_stateless_scope()
    with keras.StatelessScope():
        assert seam.in_stateless_scope()


def check_replace_loop_over_steps(sample):
    def loop(layer, *args, **options):
        assert layer is sample.layer
        last, *others = seam.loop_over_steps(layer)(*args, **options)
        return last + 1, *others

    x = np.ones((2, 3, 1))
    before = keras.ops.convert_to_numpy(sample.layer(x))
    seam.replace_loop_over_steps(sample.layer, loop)
    after = keras.ops.convert_to_numpy(sample.layer(x))
    np.testing.assert_allclose(after, before + 1, rtol=1e-5)


check_loop_over_steps = check_replace_loop_over_steps


def check_can_use_cudnn(sample):
    assert not seam.can_use_cudnn(sample.layer)  # Here is no GPU.


def check_without_cudnn(sample):
    layer = sample.model.layers[0]
    assert layer.use_cudnn == "auto"
    with seam.without_cudnn(sample.model):
        assert layer.use_cudnn is False
    assert layer.use_cudnn == "auto"


def check_training_methods(sample):
    for name in seam.TRAINING_METHODS:
        assert hasattr(type(sample.model), name), name


def check_only_to_train(sample):
    for name in seam.ONLY_TO_TRAIN - {"_jit_compile", "_run_eagerly"}:
        assert hasattr(sample.model, name), name


def check_names(sample):
    assert vars(sample.kernel)["_name"] == sample.kernel.name
    assert vars(sample.kernel)["_path"] == sample.kernel.path


def check_values(sample):
    assert vars(sample.kernel)["_value"] is sample.kernel.value


def check_bookkeeping(sample):
    # Most of these depend on the release, and a missing one does no harm.
    assert {"_tracker", "_inbound_nodes"} <= vars(sample.dense).keys()


@pytest.mark.parametrize("name", seam.__all__)
def test_keras_has_what_the_package_uses(name):
    check = globals()[f"check_{name.lower()}"]
    try:
        check(Sample())
    except Exception as found:  # noqa: BLE001
        error = found
    else:
        return
    pytest.fail(
        f"Keras {keras.__version__} differs from what `{name}` in _keras_seam.py "
        f"expects: {type(error).__name__}: {error}. Read its docstring, find what "
        "replaces it in Keras, and change it there.",
        pytrace=False,
    )


@pytest.fixture(scope="module")
def private_names():
    """Private names of Keras's classes and objects, of all bases."""
    sample = Sample()
    things = [
        sample.model,
        sample.layer,
        sample.layer.cell,
        sample.loss,
        sample.metric,
        sample.optimizer,
        sample.kernel,
        sample.dense.output,
        seam.graph(sample.model),
        keras.callbacks.TensorBoard,
        keras.callbacks.EarlyStopping(),
        keras.Model,
        keras.Variable,
        *vars(sample.model).values(),
    ]
    known = UNDOCUMENTED.union(*map(dir, things))
    for node in ast.walk(ast.parse((PACKAGE / "_keras_seam.py").read_text())):
        known |= names_used(node)
    return {
        name for name in known - {"_"} if is_private(name) or name in UNDOCUMENTED
    } - set(dir(object()))


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and name.isidentifier()


def names_used(node):
    """Names in code that is not about the object itself, and names in texts."""
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.ImportFrom):
        return {node.module or ""}
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return set()


def is_of_self(node):
    return isinstance(node, ast.Attribute) and (
        isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    )


@cache
def own_names():
    """Names of methods and attributes that the package defines itself."""
    nodes = [
        node
        for file in FILES
        for node in ast.walk(ast.parse((PACKAGE / file).read_text()))
    ]
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)} | {
        node.attr
        for node in nodes
        if is_of_self(node) and isinstance(node.ctx, ast.Store)
    }


FILES = sorted(
    str(path.relative_to(PACKAGE))
    for path in PACKAGE.rglob("*.py")
    if path.name != "_keras_seam.py"
)


def uses_of_private_names(source, private_names):
    """Yield the names in a source that belong to Keras, with their lines."""
    tree = ast.parse(source)
    is_keras_class = {
        method
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        if any("Layer" in ast.unparse(b) or "Cell" in ast.unparse(b) for b in node.bases)
        for method in node.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node not in is_keras_class:
            continue
        for name in names_used(node):
            if is_of_self(node) and name in own_names():
                continue
            if name in private_names or ("keras.src" in name and "\n" not in name):
                yield node.lineno, name


@pytest.mark.parametrize("file", FILES)
def test_no_other_file_uses_a_private_name_of_keras(file, private_names):
    found = [
        (line, name)
        for line, name in uses_of_private_names(
            (PACKAGE / file).read_text(), private_names
        )
        if name not in ALLOWED.get(file, ())
    ]
    assert not found, (
        f"{file} uses {found}, which Keras does not document. Put a function for it into "
        "_keras_seam.py, and a check of it into this test."
    )


@pytest.mark.parametrize(
    "source",
    [
        "model._compile_loss",
        "getattr(model, '_compile_loss', None)",
        "layer._inbound_nodes",
        "model._pause_gradients_unused, optimizer._use_weight_decay",
        "layer.inner_loop = loop",
        "from keras.src.utils import tracking",
        "import keras.src.utils",
        "self._flatten_layers()",
        "class Mine(layers.Layer):\n    def _get_own_losses(self): return []",
    ],
)
def test_such_a_use_is_found(source, private_names):
    assert [*uses_of_private_names(source, private_names)]
