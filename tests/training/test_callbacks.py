"""Callbacks see what they see with `keras.Model.fit`."""

import csv
import importlib.util

import keras
import numpy as np
import pytest

from skforecast_lstm import training
from skforecast_lstm.training import engine
from skforecast_lstm.training.callbacks import watches_batches

HAS_TENSORBOARD = all(map(importlib.util.find_spec, ("tensorflow", "tensorboard")))


@pytest.fixture
def data(rng):
    x = rng.normal(size=(60, 4, 1)).astype("float32")
    return x, (x.sum(axis=1) + rng.normal(size=(60, 1))).astype("float32")


def build(optimizer="adam"):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def twins(data, callbacks_of, *, by_engine=True, of=build, **arguments):
    """Models and histories of the engine and of Keras, each with its callbacks."""
    arguments = {
        "batch_size": 8,
        "epochs": 6,
        "verbose": 0,
        "shuffle": False,
        "validation_split": 0.2,
        **arguments,
    }
    called = []
    original = engine.fit

    def by_engine_only(*positional, **keywords):
        called.append(1)
        return original(*positional, **keywords)

    results = []
    for name, fit in (("theirs", keras.Model.fit), ("ours", training.fit)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "fit", by_engine_only)
            model = of()
            history = fit(model, *data, callbacks=callbacks_of(name), **arguments)
        results.insert(0, (model, history))
    assert bool(called) == by_engine
    return results


def check_alike(results):
    (ours, history), (theirs, expected) = results
    assert list(history.history) == list(expected.history)
    assert history.epoch == expected.epoch
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, 2e-5, 2e-6)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, 2e-5, 2e-6)


def test_early_stopping_restores_the_best_weights(data):
    # So fast that it gets worse again.
    stopping = lambda _: [  # noqa: E731
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.05 * 2**epoch),
        keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True),
    ]
    results = twins(data, stopping, epochs=12)
    assert len(results[0][1].epoch) < 12
    check_alike(results)


def test_learning_rate_is_reduced_on_a_plateau(data):
    callbacks = lambda _: [  # noqa: E731
        keras.callbacks.ReduceLROnPlateau(patience=1, min_delta=1.0, factor=0.3)
    ]
    results = twins(data, callbacks)
    assert results[0][1].history["learning_rate"][-1] < 0.001
    check_alike(results)


def test_learning_rate_follows_a_schedule(data):
    callbacks = lambda _: [  # noqa: E731
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / (1 + epoch))
    ]
    check_alike(twins(data, callbacks))


def test_checkpoints_have_the_weights_of_their_epochs(data, tmp_path):
    def callbacks(name):
        path = tmp_path / f"{name}_{{epoch}}.weights.h5"
        return [keras.callbacks.ModelCheckpoint(path, save_weights_only=True)]

    check_alike(twins(data, callbacks))
    ours, theirs = build(), build()
    for model in (ours, theirs):
        model.optimizer.build(model.trainable_variables)
    for epoch in range(1, 7):
        ours.load_weights(tmp_path / f"ours_{epoch}.weights.h5")
        theirs.load_weights(tmp_path / f"theirs_{epoch}.weights.h5")
        for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, 2e-5, 2e-6)


def test_backup_resumes_at_its_epoch(data, tmp_path):
    def stop(epoch, logs):
        if epoch == 3:
            raise InterruptedError

    histories = []
    for name, fit in (("ours", training.fit), ("theirs", keras.Model.fit)):
        arguments = {"batch_size": 8, "verbose": 0, "shuffle": False}
        backup = keras.callbacks.BackupAndRestore(tmp_path / name)
        stopping = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
        with pytest.raises(InterruptedError):
            fit(build(), *data, epochs=6, callbacks=[backup, stopping], **arguments)
        backup = keras.callbacks.BackupAndRestore(tmp_path / name)
        histories.append(fit(build(), *data, epochs=6, callbacks=[backup], **arguments))
    ours, theirs = histories
    assert ours.epoch == theirs.epoch == [3, 4, 5]
    np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], 2e-5)


def test_csv_of_every_epoch(data, tmp_path):
    callbacks = lambda name: [keras.callbacks.CSVLogger(tmp_path / name)]  # noqa: E731
    check_alike(twins(data, callbacks))
    tables = [
        list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        for name in ("ours", "theirs")
    ]
    assert len(tables[0]) == len(tables[1]) == 6
    for mine, other in zip(*tables, strict=True):
        assert list(mine) == list(other)
        for key, value in other.items():
            assert float(mine[key]) == pytest.approx(float(value), rel=2e-5)


@pytest.mark.skipif(
    not HAS_TENSORBOARD, reason="The callback writes by TensorFlow and TensorBoard."
)
def test_tensorboard_has_every_epoch(data, tmp_path):
    from tensorflow.python.summary.summary_iterator import summary_iterator

    callbacks = lambda name: [keras.callbacks.TensorBoard(tmp_path / name)]  # noqa: E731
    check_alike(twins(data, callbacks))
    tags = []
    for name in ("ours", "theirs"):
        files = sorted((tmp_path / name).rglob("events*"))
        events = [event for file in files for event in summary_iterator(str(file))]
        tags.append([value.tag for event in events for value in event.summary.value])
    assert tags[0] == tags[1] != []


def test_nan_terminates_at_the_batch(data):
    x, y = data
    y = y.copy()
    y[20] = np.nan
    callbacks = lambda _: [keras.callbacks.TerminateOnNaN()]  # noqa: E731
    (_, ours), (_, theirs) = twins((x, y), callbacks, by_engine=False)
    assert len(ours.epoch) == len(theirs.epoch) == 1


def test_hooks_see_epoch_logs_rate_and_weights(data):
    seen = {"ours": [], "theirs": []}

    def callbacks(name):
        class Watching(keras.callbacks.Callback):
            def note(self, hook, epoch, logs):
                seen[name].append(
                    (
                        hook,
                        epoch,
                        logs,
                        float(self.model.optimizer.learning_rate),
                        int(self.model.optimizer.iterations.value),
                        [np.array(weight) for weight in self.model.get_weights()],
                        self.params,
                    )
                )

            def on_train_begin(self, logs=None):
                self.note("train begin", None, logs)

            def on_epoch_begin(self, epoch, logs=None):
                self.note("epoch begin", epoch, logs)

            def on_test_begin(self, logs=None):
                self.note("test begin", None, logs)

            def on_test_end(self, logs=None):
                self.note("test end", None, logs)

            def on_epoch_end(self, epoch, logs=None):
                self.note("epoch end", epoch, logs)
                self.model.optimizer.learning_rate = 0.01 / (epoch + 1)

            def on_train_end(self, logs=None):
                self.note("train end", None, logs)

        return [Watching()]

    check_alike(twins(data, callbacks, epochs=3))
    assert len(seen["ours"]) == len(seen["theirs"]) == 14
    for mine, other in zip(seen["ours"], seen["theirs"], strict=True):
        assert mine[:2] == other[:2]
        assert mine[3:5] == other[3:5]
        assert mine[6] == other[6]
        assert (mine[2] is None) == (other[2] is None)
        if other[2]:
            assert mine[2] == pytest.approx(other[2], rel=2e-5)
        for one, another in zip(mine[5], other[5], strict=True):
            np.testing.assert_allclose(one, another, 2e-5, 2e-6)


def test_metrics_of_a_model_are_those_of_its_last_run(data):
    seen = {"ours": [], "theirs": []}

    def callbacks(name):
        def note(*_):
            results = one.model.get_metrics_result()
            seen[name].append({key: float(value) for key, value in results.items()})

        one = keras.callbacks.LambdaCallback(on_epoch_end=note)
        one.on_test_end = note
        return [one]

    check_alike(twins(data, callbacks, epochs=2))
    assert len(seen["ours"]) == len(seen["theirs"]) == 4
    for mine, other in zip(seen["ours"], seen["theirs"], strict=True):
        assert mine == pytest.approx(other, rel=2e-5)


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin"])
def test_a_stop_before_an_epoch_is_one_after_its_first_batch(data, hook):
    def callbacks(_):
        def stop(epoch, logs=None):
            one.model.stop_training = epoch != 0

        one = keras.callbacks.LambdaCallback(**{hook: stop})
        return [one]

    results = twins(data, callbacks)
    assert len(results[0][1].epoch) == 1 + (hook == "on_epoch_begin")
    check_alike(results)


@pytest.mark.parametrize("every", [None, 1, 3])
def test_moving_averages_of_weights(data, every):
    def of_averages():
        optimizer = keras.optimizers.Adam(
            0.05, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=every
        )
        return build(optimizer)

    swap = lambda _: [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]  # noqa: E731
    check_alike(twins(data, swap, epochs=3, of=of_averages))


@pytest.mark.parametrize("arguments", [{"epochs": 0}, {"epochs": 1, "initial_epoch": 2}])
def test_no_epoch_leaves_weights_with_a_moving_average_as_they_are(data, arguments):
    model = build(keras.optimizers.SGD(use_ema=True))
    before = model.get_weights()
    training.fit(model, *data, verbose=0, **arguments)
    for one, another in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, another)


def test_weights_that_a_callback_sets_are_trained_on(data):
    def callbacks(_):
        def halve(epoch, logs):
            model = one.model
            model.set_weights([weight / 2 for weight in model.get_weights()])

        one = keras.callbacks.LambdaCallback(on_epoch_end=halve)
        return [one]

    check_alike(twins(data, callbacks, epochs=3))


def test_a_callback_stops_training(data):
    def callbacks(_):
        def stop(epoch, logs):
            one.model.stop_training = epoch == 1

        one = keras.callbacks.LambdaCallback(on_epoch_end=stop)
        return [one]

    results = twins(data, callbacks)
    assert results[0][1].epoch == [0, 1]
    check_alike(results)


def test_one_that_watches_batches_sees_each(data):
    batches = {"ours": [], "theirs": []}
    callbacks = lambda name: [  # noqa: E731
        keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: batches[name].append(batch)
        )
    ]
    check_alike(twins(data, callbacks, by_engine=False, epochs=2))
    assert batches["ours"] == batches["theirs"] == list(range(6)) * 2


@pytest.mark.parametrize("validation_freq", [2, [1, 3]])
def test_validates_in_the_epochs_asked_for(data, validation_freq):
    results = twins(data, lambda _: [], validation_freq=validation_freq)
    assert len(results[0][1].history["val_loss"]) == len(
        results[1][1].history["val_loss"]
    )


@pytest.mark.parametrize("verbose", [1, 2])
def test_progress_is_shown(data, verbose, capsys):
    training.fit(build(), *data, epochs=2, verbose=verbose)
    shown = capsys.readouterr().out
    assert "Epoch 2/2" in shown
    assert "loss" in shown


def test_the_bar_moves_within_an_epoch(data, monkeypatch):
    monkeypatch.setattr("skforecast_lstm.training.programs.SECONDS_OF_A_STRETCH", 1e-9)
    seen = []

    class Bar(keras.callbacks.ProgbarLogger):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    training.fit(build(), *data, batch_size=8, verbose=0, callbacks=[Bar()])
    assert seen == list(range(8))


@pytest.mark.parametrize(
    ("callback", "watches"),
    [
        (lambda: keras.callbacks.EarlyStopping(), False),
        (lambda: keras.callbacks.History(), False),
        (lambda: keras.callbacks.ModelCheckpoint("a.keras"), False),
        (lambda: keras.callbacks.ModelCheckpoint("a.keras", save_freq=3), True),
        (lambda: keras.callbacks.BackupAndRestore("a", save_freq=3), True),
        (lambda: keras.callbacks.TensorBoard("a"), False),
        (lambda: keras.callbacks.TensorBoard("a", update_freq="batch"), True),
        (lambda: keras.callbacks.TensorBoard("a", write_steps_per_second=True), True),
        (lambda: keras.callbacks.TerminateOnNaN(), True),
        (lambda: keras.callbacks.LambdaCallback(on_epoch_end=print), False),
        (lambda: keras.callbacks.LambdaCallback(on_train_batch_begin=print), True),
    ],
)
def test_who_watches_batches(callback, watches):
    assert watches_batches(callback()) is watches


def test_callback_of_mlflow_watches_batches_only_if_asked(data):
    keras_flavor = pytest.importorskip("mlflow.keras")
    assert not watches_batches(keras_flavor.MlflowCallback())
    every_third = keras_flavor.MlflowCallback(log_every_epoch=False, log_every_n_steps=3)
    assert watches_batches(every_third)
