"""The engine gives what `keras.Model.fit` and `predict` give."""

import gc
import threading
import warnings
import weakref
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import jax
import keras
import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import training
from skforecast_lstm.networks import MaskUnknown
from skforecast_lstm.training import engine, prediction, programs

OPTIMIZERS = sorted(
    name
    for name, member in vars(keras.optimizers).items()
    if isinstance(member, type)
    and issubclass(member, keras.optimizers.Optimizer)
    and name not in ("LossScaleOptimizer", "MultiOptimizer", "Optimizer")
)


def network(**options):
    """A small LSTM with a linear output."""
    return [keras.layers.LSTM(3, **options), keras.layers.Dense(1)]


def compiled(layers, *, optimizer="sgd", loss="mse", metrics=("mae",), **options):
    model = keras.Sequential([keras.Input((4, 2)), *layers])
    options = {"weighted_metrics": [], **options}
    model.compile(optimizer, loss, metrics=list(metrics), **options)
    return model


@pytest.fixture
def task(rng):
    series = rng.normal(size=(56, 2)).astype("float32")
    windows = sliding_window_view(series, 4, axis=0).swapaxes(1, 2)
    y = windows.sum(axis=(1, 2)) + rng.normal(size=len(windows))
    return windows, y.astype("float32")


@pytest.fixture
def no_keras_loop(monkeypatch):
    """Keras's own loops are out of reach: only the engine can answer."""

    def fail(*args, **kwargs):
        raise AssertionError("Keras's own loop was called.")

    monkeypatch.setattr(keras.Model, "fit", fail)
    monkeypatch.setattr(keras.Model, "predict", fail)


def check_same_as_keras(build, x, y, *, rtol=2e-5, atol=2e-6, epochs=5, **arguments):
    """Train twins by engine and by Keras, and compare all that they end with."""
    ours, theirs = (_seeded(build) for _ in range(2))
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        mine.assign(other)
    arguments = {"batch_size": 8, "epochs": epochs, "shuffle": False, **arguments}
    called = []
    fit = engine.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "fit", lambda *a, **k: called.append(1) or fit(*a, **k))
        history = training.fit(ours, x, y, verbose=0, **arguments)
    assert called, "Keras trained what the engine should have."
    expected = theirs.fit(x, y, verbose=0, **arguments)
    assert list(history.history) == list(expected.history)
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol, atol)
    for mine, other in zip(_state(ours), _state(theirs), strict=True):
        np.testing.assert_allclose(mine, other, rtol, atol)


def _seeded(build):
    keras.utils.set_random_seed(0)
    return build()


def _state(model):
    return [np.asarray(v) for v in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_of_keras(task, rng, name):
    """Weights, penalties, dropout, clipping and a schedule of learning rates."""

    def build():
        schedule = keras.optimizers.schedules.CosineDecay(0.01, 40)
        optimizer = getattr(keras.optimizers, name)(schedule, clipnorm=0.5)
        penalty = keras.regularizers.L1L2(1e-3, 1e-3)
        recurrent = keras.layers.SimpleRNN(3, dropout=0.3, kernel_regularizer=penalty)
        layers = [recurrent, keras.layers.Dense(1)]
        return compiled(layers, optimizer=optimizer, weighted_metrics=["mse"])

    weights = rng.uniform(0.1, 2, size=len(task[1])).astype("float32")
    check_same_as_keras(build, *task, sample_weight=weights, validation_split=0.3)


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"), reason="Keras is too old."
)
def test_an_optimizer_for_each_layer(task):
    def build():
        rules = keras.optimizers.OptimizerMap(keras.optimizers.Adam())
        rules[".*kernel"] = keras.optimizers.SGD(0.02)
        return compiled(network(), optimizer=keras.optimizers.MultiOptimizer(rules))

    check_same_as_keras(build, *task)


KINDS = {
    "batch normalization": lambda: compiled(
        [keras.layers.LSTM(3), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    ),
    "bidirectional": lambda: compiled(
        [keras.layers.Bidirectional(keras.layers.LSTM(3)), keras.layers.Dense(1)]
    ),
    "clipped by value": lambda: compiled(
        network(), optimizer=keras.optimizers.Adam(clipvalue=0.01)
    ),
    "clipped globally": lambda: compiled(
        network(), optimizer=keras.optimizers.Adam(global_clipnorm=0.1)
    ),
    "constraint": lambda: compiled(network(kernel_constraint="max_norm")),
    "dropout between layers": lambda: compiled(
        [keras.layers.LSTM(3), keras.layers.Dropout(0.4), keras.layers.Dense(1)]
    ),
    "going backwards": lambda: compiled(network(go_backwards=True)),
    "gradient accumulation": lambda: compiled(
        network(), optimizer=keras.optimizers.Adam(gradient_accumulation_steps=3)
    ),
    "gru": lambda: compiled([keras.layers.GRU(3), keras.layers.Dense(1)]),
    "loss of the user": lambda: compiled(
        network(), loss=lambda y, outputs: keras.ops.max(abs(y - outputs))
    ),
    "loss with arguments": lambda: compiled(network(), loss=keras.losses.Huber(0.1)),
    "metric that is no mean": lambda: compiled(
        network(), metrics=[keras.metrics.R2Score()]
    ),
    "moving average": lambda: compiled(
        network(), optimizer=keras.optimizers.Adam(use_ema=True, ema_momentum=0.9)
    ),
    "no metrics": lambda: compiled(network(), metrics=()),
    "recurrent dropout": lambda: compiled(network(recurrent_dropout=0.3)),
    "regularised activity": lambda: compiled(network(activity_regularizer="l2")),
    "sum of losses": lambda: compiled(
        network(), loss=keras.losses.MeanSquaredError(reduction="sum")
    ),
    "two layers": lambda: compiled(
        [keras.layers.LSTM(3, return_sequences=True), *network()]
    ),
    "unrolled": lambda: compiled(network(unroll=True)),
    "weighted metric": lambda: compiled(network(), weighted_metrics=["mae"]),
}


# Weights go into losses and metrics, so other kinds are trained with them only.
UNWEIGHTED = ("loss of the user", "metric that is no mean", "no metrics", "sum of losses")


@pytest.mark.parametrize(
    ("kind", "weighted"),
    [*((kind, True) for kind in KINDS), *((kind, False) for kind in UNWEIGHTED)],
)
def test_every_kind_of_network(task, rng, kind, weighted):
    weights = rng.uniform(0.1, 2, size=len(task[1])).astype("float32")
    check_same_as_keras(
        KINDS[kind],
        *task,
        sample_weight=weights if weighted else None,
        validation_split=0.3,
        epochs=3,
    )


@pytest.mark.parametrize("batch_size", [7, 20, 53, 100])
def test_the_last_batch_counts_as_in_keras(task, batch_size):
    build = lambda: compiled(network(), optimizer="adam")  # noqa: E731
    check_same_as_keras(build, *task, batch_size=batch_size, epochs=2)


@pytest.mark.parametrize("layers", [network(), [*network(return_sequences=True)]])
def test_masked_steps(task, layers):
    windows, y = task
    windows = np.where(np.arange(len(windows))[:, None, None] % 3, windows, np.nan)
    if layers[0].return_sequences:
        y = windows[..., :1]
        y = np.nan_to_num(y)

    def build():
        copies = [layer.from_config(layer.get_config()) for layer in layers]
        return compiled([MaskUnknown(), *copies], metrics=())

    windows = windows.copy()
    windows[::5, :2] = np.nan
    check_same_as_keras(build, np.where(np.isnan(windows[:, -1:]), 0, windows), y)


def test_class_weights_and_probabilities(task):
    x, y = task
    classes = np.digitize(y, [-1, 1]).astype("int32")

    def build():
        layers = [keras.layers.LSTM(3), keras.layers.Dense(3, activation="softmax")]
        loss = "sparse_categorical_crossentropy"
        return compiled(layers, loss=loss, metrics=["accuracy"])

    check_same_as_keras(build, x, classes, class_weight={0: 2.0, 2: 0.5})


def test_class_weights_are_not_those_of_the_held_out_rows(task):
    x, y = task
    classes = np.digitize(y, [-1, 1])

    def build():
        layers = [keras.layers.LSTM(3), keras.layers.Dense(3, activation="softmax")]
        loss = "sparse_categorical_crossentropy"
        return compiled(layers, loss=loss, metrics=(), weighted_metrics=["accuracy"])

    weights = {0: 20.0, 2: 0.5}
    options = {"class_weight": weights, "validation_split": 0.4, "epochs": 2}
    check_same_as_keras(build, x, classes, **options)


def test_class_weights_of_several_targets_are_refused(task):
    x, y = task
    with pytest.raises(ValueError, match="class_weight"):
        training.fit(compiled(network()), x, [y], class_weight={0: 2.0})


def test_large_whole_numbers_keep_their_sign(task):
    x = task[0].copy().view("uint32").astype("uint64")
    model = compiled([keras.layers.Rescaling(2.0**-32), *network()])
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(training.predict(model, x), expected, 1e-5, 1e-6)


def test_several_inputs_and_outputs(task, rng):
    x, y = task
    more = rng.normal(size=(len(x), 3)).astype("float32")

    def build():
        inputs = [keras.Input((4, 2), name="steps"), keras.Input((3,), name="more")]
        both = keras.layers.Concatenate()([keras.layers.LSTM(3)(inputs[0]), inputs[1]])
        outputs = {
            name: keras.layers.Dense(1, name=name)(both) for name in ("first", "second")
        }
        model = keras.Model(inputs, outputs)
        losses = {"first": "mse", "second": "mae"}
        model.compile("adam", losses, loss_weights={"first": 2.0, "second": 0.5})
        return model

    check_same_as_keras(build, [x, more], {"first": y[:, None], "second": -y[:, None]})


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(task, policy):
    def build():
        with_policy = [keras.layers.LSTM(3, dtype=policy), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((4, 2)), *with_policy])
        optimizer = keras.optimizers.LossScaleOptimizer(
            keras.optimizers.Adam(), initial_scale=16
        )
        model.compile(optimizer, "mse")
        return model

    check_same_as_keras(build, *task, rtol=2e-2, atol=2e-2, epochs=2)


def test_the_order_of_an_epoch_is_that_of_the_batches_for_keras(task, monkeypatch):
    monkeypatch.setattr("skforecast_lstm.training.samples.ROOM_TO_TRAIN", 16)
    monkeypatch.setattr("skforecast_lstm.training.samples.BLOCK_BYTES", 2**10)
    ours, theirs = (_seeded(lambda: compiled(network())) for _ in range(2))
    samples = training.Samples(*task)
    assert len(samples.blocks(4)) > 3
    training.fit(ours, samples, batch_size=4, epochs=2, seed=7, verbose=0)
    batches = training.SampleBatches(samples, batch_size=4, seed=7)
    order = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, _: batches.begin_epoch(epoch)
    )
    theirs.fit(batches, epochs=2, callbacks=[order], shuffle=False, verbose=0)
    for mine, other in zip(_state(ours), _state(theirs), strict=True):
        np.testing.assert_allclose(mine, other, 2e-5, 2e-6)


@pytest.mark.usefixtures("no_keras_loop")
def test_predicts_by_the_engine_where_draws_drop_nothing(task):
    layers = [keras.layers.LSTM(3, dropout=0.2), keras.layers.Dropout(0.2)]
    model = compiled([*layers, keras.layers.Dense(1)])
    expected = model(task[0], training=False)
    np.testing.assert_allclose(training.predict(model, task[0]), expected, 1e-5, 1e-6)


@pytest.mark.parametrize("n_rows", [1, 7, 53])
def test_predict_is_keras_predict(task, n_rows):
    model = compiled(network())
    expected = model.predict(task[0][:n_rows], verbose=0)
    outputs = training.predict(model, task[0][:n_rows])
    np.testing.assert_allclose(outputs, expected, 1e-5, 1e-6)
    assert outputs.flags.writeable


class AlwaysDropout(keras.layers.Dropout):
    """Dropout in predictions too, so that many of them tell how sure a network is."""

    def call(self, inputs, training=None):
        return super().call(inputs, training=True)


class TwiceInTraining(keras.layers.Layer):
    """A layer that takes every call for training, unless it is told otherwise."""

    def call(self, inputs, training=True):
        return inputs * 2 if training else inputs


def test_draws_anew_in_each_batch_and_call(task):
    build = lambda: compiled([keras.layers.LSTM(3), AlwaysDropout(0.5)])  # noqa: E731
    x = np.repeat(task[0][:1], 200, axis=0)
    ours, theirs = (_seeded(build) for _ in range(2))
    found = [training.predict(ours, x) for _ in range(2)]
    for one in found:
        np.testing.assert_allclose(one, theirs.predict(x, verbose=0), 1e-5, 1e-6)
    assert (found[0] != found[1]).any()
    assert (found[0][:64] != found[0][64:128]).any()


@pytest.mark.usefixtures("no_keras_loop")
@pytest.mark.parametrize(
    "layer", [lambda x: keras.layers.Dropout(0.5)(x, training=True), TwiceInTraining()]
)
def test_predicting_is_no_training(task, layer):
    inputs = keras.Input((4, 2))
    model = keras.Model(inputs, layer(keras.layers.Flatten()(inputs)))
    np.testing.assert_array_equal(
        training.predict(model, task[0]), task[0].reshape(-1, 8)
    )


@pytest.mark.parametrize(
    "join",
    [
        keras.layers.Softmax(axis=0),
        keras.layers.Softmax(axis=-2),
        lambda x: x - keras.ops.mean(x),
        lambda x: keras.ops.cumsum(x, axis=0),
    ],
    ids=["axis 0", "axis -2", "all axes", "operation"],
)
def test_rows_that_are_joined_are_predicted_in_batches_of_keras(join, rng):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, join(keras.layers.Dense(2)(inputs)))
    for n_rows in (29, 64):
        x = rng.normal(size=(n_rows, 3)).astype("float32")
        expected = model.predict(x, verbose=0)
        np.testing.assert_allclose(training.predict(model, x), expected, 1e-5, 1e-6)


def test_predicts_every_output_of_many_chunks(rng):
    inputs = keras.Input((3,))
    outputs = {"a": keras.layers.Dense(1)(inputs), "b": keras.layers.Dense(2)(inputs)}
    model = keras.Model(inputs, outputs)
    x = rng.normal(size=(10_000, 3))
    expected = model.predict(x, verbose=0)
    found = training.predict(model, x)
    for name in ("a", "b"):
        np.testing.assert_allclose(found[name], expected[name], 1e-5, 1e-6)


def test_one_program_trains_whatever_changes_but_the_kind(task, compilations):
    x, y = task
    for seed, rate, n_rows, epochs in [
        (0, 0.1, 53, 1),
        (1, 0.01, 20, 2),
        (2, 1e-3, 9, 3),
    ]:
        keras.utils.set_random_seed(seed)
        optimizer = keras.optimizers.Adam(rate)
        model = compiled(network(seed=seed), optimizer=optimizer)
        training.fit(model, x[:n_rows], y[:n_rows], epochs=epochs, verbose=0, seed=seed)
    assert compilations == ["run"]
    training.fit(compiled(network(), optimizer="sgd"), x, y, verbose=0)
    assert compilations == ["run", "run"]


def test_one_program_predicts_any_number_of_rows(compilations, rng):
    series = rng.normal(size=(20_000, 2)).astype("float32")
    windows = sliding_window_view(series, 4, axis=0).swapaxes(1, 2)
    model = compiled(network())
    for n_rows in (*range(1, 100), 5_000, 19_000):
        assert len(training.predict(model, windows[:n_rows])) == n_rows
    assert compilations == ["predict"]


def test_what_can_not_be_compared_is_compiled_for_its_model_and_freed_with_it(
    task, compilations
):
    def build():
        doubling = iter([2.0])
        layers = [
            keras.layers.Lambda(lambda x: x * next(doubling, 2.0), output_shape=(4, 2)),
            *network(),
        ]
        return compiled(layers, metrics=())

    first, second = build(), build()
    for model in (first, second, first):
        training.fit(model, *task, batch_size=53, verbose=0)
    assert compilations == ["run", "run"]
    kept = weakref.ref(second)
    del model, second
    gc.collect()
    assert kept() is None
    assert len(programs._unshared[first].entries) == 1


def test_recompiling_with_another_loss_is_seen(task):
    def build():
        layers = [keras.layers.Lambda(lambda x: x * 2, output_shape=(4, 2)), *network()]
        return compiled(layers, metrics=())

    model = build()
    training.fit(model, *task, verbose=0)
    model.compile("sgd", "mae", metrics=[])
    reference = build()
    reference.set_weights(model.get_weights())
    reference.compile("sgd", "mae", metrics=[])
    for one, fit in ((model, training.fit), (reference, keras.Model.fit)):
        fit(one, *task, verbose=0, shuffle=False)
    for mine, other in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, 2e-5, 2e-6)


def test_programs_keep_neither_models_nor_data(task, compilations):
    x, y = task[0].copy(), task[1].copy()
    model = compiled(network())
    training.fit(model, x, y, verbose=0)
    training.predict(model, x)
    assert len(compilations) == 2
    kept = [weakref.ref(one) for one in (model, x, y)]
    del model, x, y
    gc.collect()
    assert [one() for one in kept] == [None] * 3


def test_the_cache_is_bounded(task, monkeypatch, compilations):
    monkeypatch.setattr(programs, "MOST_PROGRAMS", 2)
    for units in (1, 2, 3, 1):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
        training.predict(model, np.zeros((2, 3)))
    assert compilations == ["predict"] * 4
    assert len(programs._shared) == 2


def test_threads_share_one_program(task, compilations):
    from joblib import Parallel, delayed

    def fit(seed):
        model = compiled(network(), optimizer="adam")
        training.fit(model, *task, verbose=0, seed=seed)
        return model.get_weights()

    models = Parallel(2, backend="threading")(delayed(fit)(seed) for seed in range(6))
    assert len(models) == 6
    assert compilations == ["run"]


def test_a_thread_does_not_wait_for_a_program_that_it_does_not_need(monkeypatch):
    """Each thread compiles only after the other has begun to compile too."""
    both_compile = threading.Barrier(2, timeout=60)
    original = programs.Program.__init__

    def compile_together(self, *arguments):
        both_compile.wait()
        original(self, *arguments)

    monkeypatch.setattr(programs.Program, "__init__", compile_together)
    monkeypatch.setattr(programs, "_shared", OrderedDict())

    def predict(units):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
        return training.predict(model, np.zeros((2, 3))).shape

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(predict, (1, 2))) == [(2, 1), (2, 2)]


def test_a_program_that_was_not_compiled_is_compiled_by_the_next(monkeypatch):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with monkeypatch.context() as patch:
        patch.setattr(programs, "_shared", OrderedDict())
        with monkeypatch.context() as interrupt:
            interrupt.setattr(programs.Program, "__init__", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                training.predict(model, np.zeros((2, 3)))
        assert training.predict(model, np.zeros((2, 3))).shape == (2, 1)


def _interrupted(*arguments):
    raise KeyboardInterrupt


def test_steps_aside_for_a_train_step_of_the_user(task, monkeypatch):
    class Own(keras.Sequential):
        def train_step(self, state, data):
            return super().train_step(state, data)

    model = Own([keras.Input((4, 2)), *network()])
    model.compile("sgd", "mse")
    monkeypatch.setattr(engine, "fit", None)
    assert len(training.fit(model, *task, verbose=0).history["loss"]) == 1


@pytest.mark.parametrize("name", ["train_step", "compute_metrics"])
def test_steps_aside_for_a_step_that_one_model_has(task, monkeypatch, name):
    model = compiled(network())
    original, called = getattr(model, name), []
    setattr(model, name, lambda *a, **k: called.append(1) or original(*a, **k))
    monkeypatch.setattr(engine, "fit", None)
    training.fit(model, *task, validation_data=task, verbose=0)
    assert called


def test_steps_aside_for_a_step_of_prediction_that_one_model_has(task):
    model = compiled(network())
    model.predict_step = lambda state, data: (data[0][:, 0], state[1])
    np.testing.assert_array_equal(training.predict(model, task[0]), task[0][:, 0])


def test_steps_aside_for_metrics_of_the_user(task, monkeypatch):
    class Own(keras.Sequential):
        @property
        def metrics(self):
            return super().metrics[:1]

    model = Own([keras.Input((4, 2)), *network()])
    model.compile("sgd", "mse", metrics=["mae"])
    monkeypatch.setattr(engine, "fit", None)
    assert len(training.fit(model, *task, verbose=0).epoch) == 1


@pytest.mark.skipif(not hasattr(keras.config, "set_max_epochs"), reason="Keras is old.")
@pytest.mark.parametrize("name", ["set_max_epochs", "set_max_steps_per_epoch"])
def test_trainings_that_keras_was_told_to_cut_short(task, name):
    model = compiled(network())
    getattr(keras.config, name)(1)
    try:
        with warnings.catch_warnings():
            # Keras says that it does.
            warnings.simplefilter("ignore")
            training.fit(model, *task, epochs=2, batch_size=27, verbose=0)
    finally:
        getattr(keras.config, name)(None)
    assert int(model.optimizer.iterations.value) == 2


@pytest.mark.parametrize("part", ["x", "y"])
def test_arrays_with_a_mask_are_refused(task, part):
    given = dict(zip("xy", task, strict=True))
    given[part] = np.ma.array(given[part], mask=given[part] > 1)
    with pytest.raises(ValueError, match="masked"):
        training.fit(compiled(network()), **given, verbose=0)


@pytest.mark.parametrize(
    "form",
    [
        lambda x, y: (keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)),
        lambda x, y: (x, pd.Series(y)),
        lambda x, y: training.SampleBatches(training.Samples(x, y), batch_size=53),
    ],
    ids=["tensors", "series", "batches"],
)
def test_validates_on_all_that_keras_takes(task, form):
    model = compiled(network(), metrics=())
    history = training.fit(model, *task, validation_data=form(*task), verbose=0)
    (expected,) = history.history["val_loss"]
    assert model.evaluate(*task, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("given", [np.zeros((3, 4, 2)), (), (np.zeros((3, 4, 2)),) * 4])
def test_refuses_to_validate_on_what_is_no_inputs_and_targets(task, given):
    with pytest.raises(ValueError, match=r"None is|Data is"):
        training.fit(compiled(network()), *task, validation_data=given, verbose=0)
    with pytest.raises(ValueError, match="validation_data in a"):
        training.fit(
            compiled(network()),
            training.Samples(*task),
            validation_data=given,
            verbose=0,
        )


def test_steps_aside_for_data_that_are_no_arrays(task, monkeypatch):
    monkeypatch.setattr(engine, "fit", None)
    batches = training.SampleBatches(training.Samples(*task), batch_size=8)
    history = training.fit(compiled(network()), batches, verbose=0)
    assert len(history.history["loss"]) == 1


def test_steps_aside_for_arguments_that_only_keras_has(task, monkeypatch):
    monkeypatch.setattr(engine, "fit", None)
    history = training.fit(compiled(network()), *task, steps_per_epoch=2, verbose=0)
    assert len(history.history["loss"]) == 1


@pytest.mark.parametrize("options", [{"run_eagerly": True}, {"jit_compile": False}])
def test_steps_aside_where_nothing_is_to_be_compiled(task, monkeypatch, options):
    monkeypatch.setattr(engine, "fit", None)
    monkeypatch.setattr(prediction, "predict", None)
    model = compiled(network(), **options)
    assert len(training.fit(model, *task, verbose=0, batch_size=53).epoch) == 1
    assert training.predict(model, task[0]).shape == (53, 1)


def test_steps_aside_for_layers_that_keep_their_state(task, monkeypatch):
    monkeypatch.setattr(engine, "fit", None)
    monkeypatch.setattr(prediction, "predict", None)
    inputs = keras.Input(batch_shape=(4, 4, 2))
    outputs = keras.layers.Dense(1)(keras.layers.LSTM(3, stateful=True)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    x, y = (part[:8] for part in task)
    for given in ((x, y), (training.Samples(x, y),)):
        training.fit(model, *given, batch_size=4, shuffle=False, verbose=0)
    assert training.predict(model, x, batch_size=4).shape == (8, 1)


@pytest.mark.usefixtures("no_keras_loop")
def test_builds_a_model_that_knows_no_shape_yet(task):
    model = keras.Sequential(network())
    model.compile("adam", "mse")
    training.fit(model, *task, epochs=2, verbose=0)
    assert training.predict(model, task[0]).shape == (53, 1)


def test_out_of_memory_says_so_and_keeps_what_was_reached(task, monkeypatch):
    model = compiled(network())
    training.fit(model, *task, verbose=0)
    reached = [np.array(weight) for weight in model.get_weights()]

    def full(self, *arguments):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(programs.Program, "__call__", full)
        with pytest.raises(MemoryError, match="batch_size"):
            training.fit(model, *task, verbose=0)
    for weight, before in zip(model.get_weights(), reached, strict=True):
        np.testing.assert_array_equal(weight, before)
    training.fit(model, *task, verbose=0)


def test_an_interrupt_is_seen_within_an_epoch_and_keeps_what_was_reached(
    task, monkeypatch
):
    monkeypatch.setattr(programs, "SECONDS_OF_A_STRETCH", 1e-9)
    model = compiled(network())
    before = model.get_weights()
    calls = []
    call = programs.Program.__call__

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return call(self, *arguments)

    monkeypatch.setattr(programs.Program, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        training.fit(model, *task, batch_size=8, verbose=0)
    assert int(model.optimizer.iterations.value) == 2
    assert not np.allclose(before[0], model.get_weights()[0])


@pytest.mark.usefixtures("no_keras_loop")
def test_series_in_blocks_train_as_at_once(task, monkeypatch):
    models = [_seeded(lambda: compiled(network())) for _ in range(2)]
    for model, room in zip(models, (64, 16), strict=True):
        monkeypatch.setattr("skforecast_lstm.training.samples.ROOM_TO_TRAIN", room)
        monkeypatch.setattr("skforecast_lstm.training.samples.BLOCK_BYTES", 2**10)
        training.fit(model, *task, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for mine, other in zip(*map(_state, models), strict=True):
        np.testing.assert_allclose(mine, other, 2e-5, 2e-6)


def test_options_that_jax_does_not_know_are_left_out():
    def double(x):
        return 2 * x

    options = {"xla_backend_optimization_level": 0, "xla_strange": 1, "xla_other": 2}
    program = programs.Program(double, (np.float32(3),), options)
    assert program(np.float32(3)) == 6


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        ("", set()),
        ("--xla_backend_optimization_level=3", {"xla_backend_optimization_level"}),
        ("--xla_dump_to=x --xla_cpu_multi_thread_eigen", {"xla_cpu_multi_thread_eigen"}),
    ],
)
def test_compiler_options_that_the_user_set_stay(task, monkeypatch, flags, chosen):
    monkeypatch.setenv("XLA_FLAGS", flags)
    monkeypatch.setattr(programs, "_shared", type(programs._shared)())
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    given = []
    original = programs.Program.__init__

    def noted(self, function, arguments, compiler_options):
        given.append(set(compiler_options))
        original(self, function, arguments, compiler_options)

    monkeypatch.setattr(programs.Program, "__init__", noted)
    training.predict(compiled(network()), task[0])
    ours = {
        "xla_backend_optimization_level",
        "xla_cpu_copy_insertion_use_region_analysis",
        "xla_cpu_multi_thread_eigen",
    }
    assert given == [ours - chosen]
