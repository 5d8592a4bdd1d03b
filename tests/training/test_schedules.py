"""Learning rates that change from batch to batch, and trainings of so many batches."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import training
from skforecast_lstm.training import engine, programs
from skforecast_lstm.training.schedules import Course, learning_rate_factors

SCHEDULES = ("cosine", "one_cycle")


@pytest.fixture
def task(rng):
    series = rng.normal(size=(56, 2)).astype("float32")
    windows = sliding_window_view(series, 4, axis=0).swapaxes(1, 2)
    return windows, windows.sum(axis=(1, 2)) + np.arange(53, dtype="float32") / 9


@pytest.fixture
def many_blocks(monkeypatch):
    monkeypatch.setattr("skforecast_lstm.training.samples.ROOM_TO_TRAIN", 16)
    monkeypatch.setattr("skforecast_lstm.training.samples.BLOCK_BYTES", 2**10)


def build(optimizer=None, *, normalized=False):
    """An LSTM; with batch normalization no batch is filled up."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4, 2)), keras.layers.LSTM(3), keras.layers.Dense(1)]
    if normalized:
        layers.insert(2, keras.layers.BatchNormalization())
    model = keras.Sequential(layers)
    model.compile(optimizer or keras.optimizers.Adam(0.03), "mse", metrics=["mae"])
    return model


def build_meter(rate=0.25):
    """A model whose bias falls by the learning rate in every batch of targets of -1e6."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mae")
    return model


def fit_meter(model, n_rows, **arguments):
    x, y = np.zeros((n_rows, 1), "float32"), np.full((n_rows, 1), -1e6, "float32")
    return training.fit(model, x, y, batch_size=8, verbose=0, **arguments)


def metered(model):
    """Sum of the learning rates that a model was trained at."""
    return -float(model.get_weights()[1][0])


def watching():
    """A callback that has Keras train."""
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)


def rate_of(model):
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


def check_same_weights(ours, theirs):
    for mine, other in zip(
        [*ours.variables, *ours.optimizer.variables],
        [*theirs.variables, *theirs.optimizer.variables],
        strict=True,
    ):
        np.testing.assert_allclose(mine, other, 5e-5, 5e-6)


def check_same_history(ours, theirs):
    assert list(ours.history) == list(theirs.history)
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[name], values, 5e-5, 5e-6)


def by_engine_and_keras(task, callbacks=list, **arguments):
    """Train twins by the engine and by Keras with the same arguments."""
    called, results = [], []
    fit = engine.fit
    for more in ([], [watching()]):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                engine, "fit", lambda *args, **kw: called.append(1) or fit(*args, **kw)
            )
            model = build()
            history = training.fit(
                model,
                *task,
                batch_size=8,
                verbose=0,
                seed=3,
                callbacks=[*callbacks(), *more],
                **arguments,
            )
        results.append((model, history))
    assert len(called) == 1
    return results


@settings(deadline=None)
@given(n_batches=st.integers(10, 300), number=st.integers(0, 299))
def test_factors_are_those_of_the_formula(n_batches, number):
    number %= n_batches
    decay = keras.optimizers.schedules.CosineDecay(1.0, n_batches, alpha=0.01)
    factor = learning_rate_factors("cosine", number, n_batches)
    assert factor == pytest.approx(float(decay(number)), rel=1e-4)
    every = learning_rate_factors("one_cycle", np.arange(n_batches + 1), n_batches)
    top = int(np.ceil(0.3 * n_batches))
    assert every[0] == pytest.approx(0.04)
    assert every[-1] == pytest.approx(1e-4)
    assert (np.diff(every[:top]) > 0).all()
    assert (np.diff(every[top:]) < 0).all()
    assert every.max() <= 1


@pytest.mark.parametrize("n_batches", [1, 3, 4, 5, 8])
def test_a_course_is_its_epochs_end_to_end(n_batches):
    course = Course("one_cycle", n_batches, epoch_length=4)
    parts = [course.batches(epoch) for epoch in range(course.epochs)]
    assert [number for part in parts for number in part] == list(range(n_batches))
    np.testing.assert_allclose(
        np.concatenate([course.factors(epoch) for epoch in range(course.epochs)]),
        learning_rate_factors("one_cycle", np.arange(n_batches), n_batches),
        rtol=1e-6,
    )


OPTIMIZERS = {
    "adamw": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.1),
    "scaled": lambda rate: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(rate), initial_scale=16
    ),
    "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
}


@pytest.mark.parametrize(
    ("name", "normalized"), [*((name, False) for name in OPTIMIZERS), ("sgd", True)]
)
def test_cosine_is_the_decay_of_keras(task, name, normalized):
    decay = keras.optimizers.schedules.CosineDecay(0.03, 4 * 7, alpha=0.01)
    ours = build(OPTIMIZERS[name](0.03), normalized=normalized)
    theirs = build(OPTIMIZERS[name](decay), normalized=normalized)
    arguments = {"batch_size": 8, "epochs": 4, "shuffle": False, "verbose": 0}
    history = training.fit(ours, *task, schedule="cosine", **arguments)
    check_same_history(history, theirs.fit(*task, **arguments))
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, 5e-5, 5e-6)
    assert rate_of(ours) == pytest.approx(0.03)


@settings(deadline=None, max_examples=40)
@given(
    n_rows=st.integers(1, 40),
    n_batches=st.integers(1, 25),
    rate=st.floats(0.01, 1),
    schedule=st.sampled_from([None, *SCHEDULES]),
)
def test_every_batch_has_its_rate(n_rows, n_batches, rate, schedule):
    model = build_meter(rate)
    history = fit_meter(model, n_rows, n_batches=n_batches, schedule=schedule)
    factors = np.ones(n_batches)
    if schedule is not None:
        factors = learning_rate_factors(schedule, np.arange(n_batches), n_batches)
    assert metered(model) == pytest.approx(rate * factors.sum(), rel=1e-4)
    assert int(model.optimizer.iterations.value) == n_batches
    assert rate_of(model) == pytest.approx(rate)
    assert len(history.history["loss"]) == -(-n_batches // -(-n_rows // 8))


def test_one_program_whatever_the_schedule_the_rate_and_the_numbers(task, compilations):
    x, y = task
    for rate, n_rows, arguments in [
        (0.1, 53, {"schedule": "cosine", "epochs": 1}),
        (0.01, 20, {"schedule": "one_cycle", "epochs": 3}),
        (0.02, 53, {"schedule": "cosine", "n_batches": 10}),
        (0.03, 9, {"schedule": "one_cycle", "n_batches": 3}),
    ]:
        model = build(keras.optimizers.Adam(rate))
        arguments = {"batch_size": 8, "verbose": 0, **arguments}
        training.fit(model, x[:n_rows], y[:n_rows], **arguments)
    assert compilations == ["run"]
    for n_batches in (1, 5, 20, None):
        training.fit(build(), x, y, n_batches=n_batches, batch_size=8, verbose=0)
    assert compilations == ["run", "run"]


@pytest.mark.parametrize(
    ("schedule", "normalized"), [(None, False), ("one_cycle", False), ("cosine", True)]
)
def test_whole_epochs_by_their_batches(task, schedule, normalized):
    models = [build(normalized=normalized) for _ in range(2)]
    for model, length in zip(models, ({"epochs": 3}, {"n_batches": 21}), strict=True):
        arguments = {"batch_size": 8, "seed": 3, "verbose": 0, **length}
        training.fit(model, *task, schedule=schedule, **arguments)
    for mine, other in zip(*(model.variables for model in models), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("n_batches", [3, 7, 10, 20])
@pytest.mark.parametrize("schedule", [None, *SCHEDULES])
def test_keras_does_the_same(task, schedule, n_batches):
    (ours, history), (theirs, expected) = by_engine_and_keras(
        task, schedule=schedule, n_batches=n_batches, validation_split=0.1
    )
    assert int(ours.optimizer.iterations.value) == n_batches
    check_same_weights(ours, theirs)
    check_same_history(history, expected)


@pytest.mark.usefixtures("many_blocks")
@pytest.mark.parametrize("n_batches", [1, 5, 9, 19])
def test_many_blocks(task, n_batches):
    assert len(training.Samples(*task).blocks(8)) > 3
    (ours, history), (theirs, expected) = by_engine_and_keras(
        task, schedule="one_cycle", n_batches=n_batches
    )
    assert int(ours.optimizer.iterations.value) == n_batches
    check_same_weights(ours, theirs)
    check_same_history(history, expected)


def test_blocks_after_the_last_batch_are_not_loaded(task, many_blocks, monkeypatch):
    loaded = []
    load = training.Samples.load
    monkeypatch.setattr(
        training.Samples, "load", lambda *args: loaded.append(1) or load(*args)
    )
    training.fit(build(), *task, batch_size=8, n_batches=1, shuffle=False, verbose=0)
    assert len(loaded) == 1


@pytest.mark.parametrize("callbacks", [[], [watching()]])
def test_the_loss_of_a_shortened_epoch_is_that_of_its_batches(task, callbacks):
    model = build(keras.optimizers.SGD(0.0))
    history = training.fit(
        model,
        *task,
        batch_size=8,
        n_batches=9,
        shuffle=False,
        callbacks=callbacks,
        verbose=0,
    )
    x, y = task
    squares = (model.predict(x, verbose=0)[:, 0] - y) ** 2
    np.testing.assert_allclose(
        history.history["loss"], [squares.mean(), squares[:16].mean()], rtol=1e-5
    )


@pytest.mark.parametrize("callbacks", [[], [watching()]])
def test_the_bar_of_a_shortened_epoch_ends_at_its_batches(task, callbacks, capsys):
    training.fit(build(), *task, batch_size=8, n_batches=9, callbacks=callbacks)
    shown = capsys.readouterr().out
    first, last = shown.split("Epoch 2/2")
    assert "7/7" in first
    assert "2/2" in last
    assert "/7" not in last


@pytest.mark.parametrize("callbacks", [list, lambda: [watching()]])
def test_a_factor_multiplies_what_callbacks_set(callbacks):
    model = build_meter()
    seen = []
    halving = keras.callbacks.LearningRateScheduler(lambda epoch: 0.5**epoch)
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(rate_of(model))
    )
    arguments = {"schedule": "cosine", "n_batches": 12}
    fit_meter(model, 40, callbacks=[halving, look, *callbacks()], **arguments)
    factors = learning_rate_factors("cosine", np.arange(12), 12)
    rates = np.repeat([1, 0.5, 0.25], 5)[:12]
    assert seen == [1, 0.5, 0.25]
    assert metered(model) == pytest.approx((factors * rates).sum(), rel=1e-4)
    assert rate_of(model) == 0.25


def test_a_rate_is_reduced_on_a_plateau_as_by_keras(task):
    reducing = lambda: [  # noqa: E731
        keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=9.0, factor=0.3)
    ]
    (ours, history), (theirs, expected) = by_engine_and_keras(
        task, reducing, schedule="cosine", n_batches=30
    )
    check_same_weights(ours, theirs)
    check_same_history(history, expected)
    assert history.history["learning_rate"][-1] < 0.01


def test_early_stopping_restores_the_best_weights(task):
    stopping = lambda: [  # noqa: E731
        # The loss falls: to this one the first epoch is the best.
        keras.callbacks.EarlyStopping(
            "loss", mode="max", patience=2, restore_best_weights=True
        )
    ]
    (ours, history), (theirs, expected) = by_engine_and_keras(
        task, stopping, schedule="one_cycle", n_batches=30
    )
    assert len(history.epoch) == 3
    assert int(ours.optimizer.iterations.value) == 21
    check_same_history(history, expected)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, 5e-5, 5e-6)


@pytest.mark.parametrize("length", [{"epochs": 4}, {"n_batches": 25}])
def test_a_training_goes_on_at_its_epoch(task, length):
    arguments = {"batch_size": 8, "seed": 3, "verbose": 0, "schedule": "cosine", **length}
    at_once, in_parts = build(), build()
    training.fit(at_once, *task, **arguments)

    def stop(epoch, logs):
        in_parts.stop_training = epoch == 1

    stopping = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    training.fit(in_parts, *task, callbacks=[stopping], **arguments)
    assert int(in_parts.optimizer.iterations.value) == 14
    training.fit(in_parts, *task, initial_epoch=2, **arguments)
    check_same_weights(in_parts, at_once)


def test_an_interrupt_of_the_engine_leaves_the_rate(monkeypatch):
    monkeypatch.setattr(programs, "SECONDS_OF_A_STRETCH", 1e-9)
    model = build_meter()
    calls = []
    call = programs.Program.__call__

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return call(self, *arguments)

    monkeypatch.setattr(programs.Program, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_meter(model, 40, schedule="one_cycle", epochs=2)
    assert int(model.optimizer.iterations.value) == 2
    assert rate_of(model) == 0.25
    factors = learning_rate_factors("one_cycle", np.arange(2), 10)
    assert metered(model) == pytest.approx(0.25 * factors.sum(), rel=1e-4)


def test_an_interrupt_of_keras_leaves_the_rate():
    def interrupt(batch, logs):
        if batch == 2:
            raise KeyboardInterrupt

    model = build_meter()
    interrupting = keras.callbacks.LambdaCallback(on_train_batch_begin=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit_meter(model, 40, schedule="one_cycle", callbacks=[interrupting])
    assert int(model.optimizer.iterations.value) == 2
    assert rate_of(model) == 0.25


class WithoutARate(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1


@pytest.mark.parametrize("rate", [WithoutARate(), lambda: 0.1])
def test_says_before_it_begins_that_the_rate_must_be_a_float(task, rate):
    model = build(keras.optimizers.SGD(rate))
    begun = []
    noting = keras.callbacks.LambdaCallback(on_train_begin=begun.append)
    with pytest.raises(ValueError, match="Give the optimizer a float"):
        training.fit(model, *task, schedule="cosine", callbacks=[noting], verbose=0)
    assert not begun


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "linear"}, "schedule='linear' is not known"),
        ({"n_batches": 0}, "n_batches must be at least 1, got 0"),
        ({"n_batches": 3, "steps_per_epoch": 2}, r"\['steps_per_epoch'\]"),
    ],
)
def test_says_what_it_cannot_do(task, arguments, message):
    with pytest.raises(ValueError, match=message):
        training.fit(build(), *task, verbose=0, **arguments)


def test_says_that_the_number_of_batches_must_be_known(task):
    batches = training.SampleBatches(training.Samples(*task))
    with pytest.raises(ValueError, match="x in a SampleBatches"):
        training.fit(build(), batches, schedule="cosine", verbose=0)


def test_says_that_keras_must_see_every_batch(task):
    model = build()
    model.compile("sgd", "mse", steps_per_execution=2)
    with pytest.raises(ValueError, match="steps_per_execution=2"):
        training.fit(model, *task, n_batches=3, callbacks=[watching()], verbose=0)
