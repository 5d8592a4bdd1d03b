import copy
import pickle
import random
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    UnknownStepsWarning,
    recurrent_network,
    training,
)
from skforecast_lstm.targets import horizon_targets


def quick(estimator=LSTMRegressor, **parameters):
    return estimator(**{"units": 2, "epochs": 1, "random_state": 0, **parameters})


@pytest.fixture
def windows(rng):
    return rng.normal(size=(40, 5, 2)).astype("float32")


@pytest.fixture
def y(windows):
    return windows.sum(axis=(1, 2)).astype("float64")


@pytest.fixture
def labels(y):
    return np.where(y > 0, "up", "down")


# -- what is learnt from -------------------------------------------------------


def test_rows_that_are_not_known_are_left_out_of_fit(windows, y):
    unknown = windows.copy()
    unknown[[0, 3], 0] = np.nan
    y_unknown = y.copy()
    y_unknown[[3, 5]] = np.nan
    kept = np.setdiff1d(np.arange(40), [0, 3, 5])
    given = quick(epochs=3).fit(unknown, y_unknown)
    expected = quick(epochs=3).fit(windows[kept], y[kept])
    assert given.n_left_out_ == 3
    assert expected.n_left_out_ == 0
    np.testing.assert_array_equal(given.predict(windows), expected.predict(windows))


def test_unknown_labels_are_left_out_of_fit(windows, labels):
    unknown = labels.astype(object)
    unknown[[1, 2]] = [None, np.nan]
    kept = np.setdiff1d(np.arange(40), [1, 2])
    given = quick(LSTMClassifier).fit(windows, unknown)
    expected = quick(LSTMClassifier).fit(windows[kept], labels[kept])
    assert given.n_left_out_ == 2
    assert given.classes_.tolist() == ["down", "up"]
    np.testing.assert_array_equal(
        given.predict_proba(windows), expected.predict_proba(windows)
    )


def test_most_rows_left_out_for_gaps_are_told(rng):
    series = rng.normal(size=(70, 1))
    closed = series.copy()
    closed[6::7] = np.nan
    quick(cell="rnn").fit(LookbackWindower(3).fit_transform(closed), series[:, 0])
    with pytest.warns(UnknownStepsWarning, match=r"most of 6\d rows: 4\d have gaps"):
        quick(cell="rnn").fit(LookbackWindower(5).fit_transform(closed), series[:, 0])
    rare = np.where(np.arange(70) % 3, np.nan, series[:, 0])
    with pytest.warns(UnknownStepsWarning, match="44 others have an unknown target"):
        quick(cell="rnn").fit(LookbackWindower(3).fit_transform(series), rare)
    # At the beginning nothing is known, whatever one does, nor is a target at the end.
    late = np.where(np.arange(70) < 20, series[:, 0], np.nan)
    quick(cell="rnn").fit(LookbackWindower(3).fit_transform(series), late)
    quick(cell="rnn").fit(LookbackWindower(60).fit_transform(series), series[:, 0])


def test_rows_with_unknown_steps_are_answered(windows, y):
    fitted = quick().fit(windows, y)
    windows = windows.copy()
    windows[0, :3] = np.nan
    windows[1] = np.nan
    assert np.isfinite(fitted.predict(windows)).all()


def test_two_dimensions_are_windows_of_one_series(windows, y):
    flat, deep = windows[:, :, 0], windows[:, :, :1]
    np.testing.assert_array_equal(
        quick().fit(flat, y).predict(flat), quick().fit(deep, y).predict(deep)
    )


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier])
def test_weights_are_repetitions_in_one_full_batch(estimator, windows, y, labels, rng):
    target = y if estimator is LSTMRegressor else labels
    weights = rng.integers(0, 4, size=40)
    repeated = np.repeat(np.arange(40), weights)
    settings = {"epochs": 30, "batch_size": 1000, "l2": 0.01}
    weighted = quick(estimator, **settings).fit(windows, target, sample_weight=weights)
    expected = quick(estimator, **settings).fit(windows[repeated], target[repeated])
    method = "predict" if estimator is LSTMRegressor else "predict_proba"
    np.testing.assert_allclose(
        getattr(weighted, method)(windows),
        getattr(expected, method)(windows),
        rtol=1e-4,
        # Rounding of numbers of order one; a prediction may come near zero.
        atol=1e-6,
    )


def test_only_the_ratios_of_weights_matter(windows, y, rng):
    weights = rng.uniform(0.5, 2, size=40)
    fitted = [quick(epochs=3).fit(windows, y, w) for w in (weights, weights * 1000)]
    np.testing.assert_allclose(*(f.predict(windows) for f in fitted), rtol=1e-5)


@pytest.mark.parametrize("spread", [1e-2, 1.0, 1e5])
def test_the_unit_of_the_target_does_not_matter(spread, windows, y):
    settings = {"epochs": 20, "random_state": 0}
    scaled = LSTMRegressor(4, **settings).fit(windows, 7 * spread + spread * y)
    plain = LSTMRegressor(4, **settings).fit(windows, y)
    assert scaled.score(windows, 7 * spread + spread * y) == pytest.approx(
        plain.score(windows, y), abs=0.02
    )


@pytest.mark.parametrize("level", [2.0**-40, 1e-12, 0.1, -7.0, 1e5, 1e8, 1e12])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_target_that_never_varies_is_answered_by_its_level(level, dtype, windows):
    target = np.full(40, level, dtype)
    answers = quick(cell="rnn").fit(windows, target).predict(windows)
    # The last term is the precision of the device.
    near = 0.05 * min(abs(level), 100) + 1e-7 * abs(level)
    assert (np.abs(answers - level) < near).all()


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnscaledWarning")
def test_a_target_that_did_not_vary_yet_is_learnt_later(windows, y):
    # Their mean is not quite 0.1.
    fitted = quick(cell="rnn", learning_rate=0.1).fit(windows, np.full(40, 0.1))
    for _ in range(40):
        fitted.partial_fit(windows, 0.1 + 1e-3 * y)
    assert fitted.score(windows, 0.1 + 1e-3 * y) > 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", ["sequence", "flat"])
def test_windows_reach_the_training_loop_uncopied(layout, dtype, rng, monkeypatch):
    reached = []

    def record(name):
        original = getattr(training, name)

        def recording(model, given, *arguments, **keywords):
            reached.append(given.x if name == "fit" else given)
            return original(model, given, *arguments, **keywords)

        monkeypatch.setattr(training, name, recording)

    record("fit")
    record("predict")
    series = rng.normal(size=(50, 1)).astype(dtype)
    windows = LookbackWindower(6, layout=layout).fit_transform(series)
    quick().fit(windows, series).predict(windows)
    assert len(reached) == 2
    for given in reached:
        assert given.strides == windows.strides
        assert np.shares_memory(given, windows)


# -- targets --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_have_the_shape_and_type_of_the_target(windows, y, dtype):
    for target in (y, y[:, None], np.column_stack([y, -y])):
        predicted = quick().fit(windows, target.astype(dtype)).predict(windows)
        assert predicted.shape == target.shape
        assert predicted.dtype == dtype


@pytest.mark.parametrize(
    "names",
    [("down", "up"), (0, 1), (True, False), (-1.0, 2.0), ("a", "b", "c"), (7, 9, 11)],
)
def test_labels_of_any_type(windows, y, names):
    names = np.array(names)
    rank = y.argsort().argsort()
    labels = names[rank * len(names) // 40]
    classifier = LSTMClassifier(8, random_state=0).fit(windows, labels)
    assert classifier.classes_.tolist() == sorted(names.tolist())
    probabilities = classifier.predict_proba(windows)
    assert probabilities.shape == (40, len(names))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert classifier.predict(windows).dtype == names.dtype
    assert classifier.score(windows, labels) > 0.8
    assert classifier.predict_proba(windows[:1]).shape == (1, len(names))


@pytest.mark.parametrize(
    "loss", ["categorical_crossentropy", "mse", keras.losses.KLDivergence]
)
def test_losses_on_one_column_a_class(windows, y, loss):
    labels = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))
    classifier = LSTMClassifier(8, loss=loss, random_state=0).fit(windows, labels)
    assert classifier.score(windows, labels) > 0.8


def test_class_weight_is_sample_weight(windows, labels):
    by_class = {"down": 5.0, "up": 0.5}
    weighted = quick(LSTMClassifier, epochs=5, class_weight=by_class)
    plain = quick(LSTMClassifier, epochs=5)
    np.testing.assert_array_equal(
        weighted.fit(windows, labels).predict_proba(windows),
        plain.fit(windows, labels, [by_class[label] for label in labels]).predict_proba(
            windows
        ),
    )


def test_balanced_classes_weigh_the_same(windows, y):
    rare = np.where(y > np.quantile(y, 0.85), "rare", "usual")
    recall = {}
    for weight in (None, "balanced"):
        classifier = LSTMClassifier(4, epochs=30, class_weight=weight, random_state=0)
        predicted = classifier.fit(windows, rare).predict_proba(windows)[:, 0]
        recall[weight] = predicted[rare == "rare"].mean()
    assert recall["balanced"] > recall[None] + 0.1


# -- how it is trained ------------------------------------------------------------


def test_early_stopping_goes_back_to_the_best_weights(windows, y):
    noise = np.random.default_rng(1).normal(size=40)
    stopped = quick(
        units=16, epochs=200, early_stopping=True, n_iter_no_change=3, learning_rate=0.05
    ).fit(windows, noise)
    losses = stopped.history_["val_loss"]
    assert stopped.n_iter_ == len(losses) < 200
    assert np.argmin(losses) == stopped.n_iter_ - 4
    # A tenth at the end is held out, and its loss is that of the best epoch.
    held_out = np.mean((stopped.predict(windows[36:]) - noise[36:]) ** 2)
    assert held_out == pytest.approx(min(losses), rel=1e-4)


def test_the_end_of_the_data_is_held_out(windows, y):
    watching = keras.callbacks.ReduceLROnPlateau(patience=100)
    settings = {"epochs": 3, "callbacks": watching, "validation_fraction": 0.25}
    changed = y.copy()
    changed[30:] += 1000
    one, other = (
        quick(**settings).fit(windows, t).predict(windows) for t in (y, changed)
    )
    np.testing.assert_array_equal(one, other)
    changed[29] += 1000
    assert (quick(**settings).fit(windows, changed).predict(windows) != one).any()


def test_a_callback_that_monitors_validation_gets_it(windows, y, tmp_path):
    path = tmp_path / "best.keras"
    regressor = quick(
        epochs=12,
        callbacks={
            "rate": keras.callbacks.ReduceLROnPlateau,
            "best": keras.callbacks.ModelCheckpoint(path, save_best_only=True),
        },
        callbacks__rate__patience=1,
        callbacks__rate__min_delta=1e9,
        callbacks__rate__factor=0.5,
    ).fit(windows, y)
    assert path.exists()
    assert len(regressor.history_["val_loss"]) == 12
    rates = regressor.history_["learning_rate"]
    assert rates[0] == pytest.approx(0.005)
    assert rates[-1] < 0.001
    best = keras.saving.load_model(path)
    np.testing.assert_allclose(
        best.evaluate(windows[36:], y[36:], verbose=0),
        min(regressor.history_["val_loss"]),
        rtol=1e-4,
    )


def test_parameters_reach_nested_objects(windows, y):
    regressor = quick(
        loss="huber",
        loss__delta=2.5,
        optimizer="sgd",
        optimizer__momentum=0.5,
        optimizer__learning_rate=0.25,
        metrics=["mae"],
        callbacks=[keras.callbacks.EarlyStopping],
        callbacks__monitor="loss",
        compile__steps_per_execution=2,
    )
    regressor.set_params(optimizer__clipnorm=1.0, callbacks__0__patience=7)
    regressor = clone(regressor).fit(windows, y)
    assert float(regressor.model_.loss([[0.0]], [[10.0]])) == 2.5 * (10 - 2.5 / 2)
    optimizer = regressor.model_.optimizer
    assert (optimizer.momentum, optimizer.clipnorm) == (0.5, 1.0)
    assert float(optimizer.learning_rate) == 0.25
    assert regressor.callbacks_[0].patience == 7
    assert regressor.model_.steps_per_execution == 2
    assert "mae" in regressor.history_


@pytest.mark.parametrize(
    ("optimizer", "rate", "expected"),
    [
        ("adam", 0.25, 0.25),
        (keras.optimizers.SGD, 0.25, 0.25),
        (keras.optimizers.SGD(0.5), 0.25, 0.5),
        ("sgd", None, 0.01),
    ],
)
def test_learning_rate(windows, y, optimizer, rate, expected):
    regressor = quick(optimizer=optimizer, learning_rate=rate).fit(windows, y)
    assert float(regressor.model_.optimizer.learning_rate) == pytest.approx(expected)


def test_objects_of_the_user_stay_as_they_were(windows, y):
    stopping = keras.callbacks.EarlyStopping(monitor="loss")
    given = {
        "optimizer": keras.optimizers.Adam(0.01),
        "metrics": [keras.metrics.MeanAbsoluteError()],
        "loss": keras.losses.Huber(),
        "callbacks": [stopping],
    }
    state = dict(vars(stopping))
    regressor = quick(**given)
    first = regressor.fit(windows, y).predict(windows)
    second = regressor.fit(windows, y).predict(windows)
    np.testing.assert_array_equal(first, second)
    assert not given["optimizer"].built
    assert vars(stopping) == state
    for name, value in given.items():
        assert getattr(regressor, name) is value


def test_warm_start_goes_on_and_fit_begins_anew(windows, y):
    warm = quick(epochs=4, warm_start=True, shuffle=False).fit(windows, y).fit(windows, y)
    both = quick(epochs=8, shuffle=False).fit(windows, y)
    assert warm.n_iter_ == 4
    np.testing.assert_allclose(warm.predict(windows), both.predict(windows), rtol=1e-5)
    cold = quick(epochs=4).fit(windows, y)
    np.testing.assert_array_equal(
        cold.predict(windows), cold.fit(windows, y).predict(windows)
    )


def test_partial_fit_is_one_epoch_more(windows, y, labels):
    regressor = quick(epochs=2).fit(windows, y).partial_fit(windows, y)
    whole = quick(epochs=3).fit(windows, y)
    assert regressor.n_iter_ == len(regressor.history_["loss"]) == 3
    np.testing.assert_allclose(
        regressor.predict(windows), whole.predict(windows), rtol=1e-5
    )

    classifier = quick(LSTMClassifier)
    only_up = windows[labels == "up"]
    classifier.partial_fit(only_up, ["up"] * len(only_up), classes=["down", "flat", "up"])
    classifier.partial_fit(windows, labels)
    assert classifier.predict_proba(windows).shape == (40, 3)
    assert classifier.n_iter_ == 2


@pytest.mark.parametrize(
    ("n_rows", "batches", "epochs"), [(100, 4, 200), (4_000, 125, 16), (400_000, 782, 3)]
)
def test_amounts_are_chosen_from_the_data(n_rows, batches, epochs):
    class Recorder(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append((self.params["steps"], self.params["epochs"]))
            self.model.stop_training = True

        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    seen = []
    windows = np.zeros((n_rows, 1), dtype="float32")
    quick(units=1, epochs=None, callbacks=Recorder).fit(windows, np.zeros(n_rows))
    assert seen == [(batches, epochs)]


def test_verbose_shows_progress(windows, y, capsys):
    quick(verbose=1).fit(windows, y)
    assert "2/2" in capsys.readouterr().out
    quick().fit(windows, y)
    assert capsys.readouterr().out == ""


def test_an_interrupted_fit_leaves_what_was_reached(windows, y):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    regressor = quick(epochs=5, callbacks=Interrupt)
    with pytest.raises(KeyboardInterrupt):
        regressor.fit(windows, y)
    assert regressor.n_iter_ == 2
    expected = quick(epochs=2).fit(windows, y)
    np.testing.assert_array_equal(regressor.predict(windows), expected.predict(windows))


def test_a_loss_that_is_no_number_is_told(windows, y):
    regressor = quick(epochs=2, optimizer="sgd", learning_rate=1e30)
    with pytest.warns(ConvergenceWarning, match=r"loss became .* by epoch .*clipnorm"):
        regressor.fit(windows, y)


def test_initialize_builds_and_does_not_train(windows, y):
    regressor = quick().initialize(windows, y)
    assert regressor.history_ == {}
    np.testing.assert_allclose(regressor.predict(windows).mean(), y.mean(), atol=y.std())


# -- networks of the user -----------------------------------------------------------


def own_network(meta, compile_kwargs, width=3):
    model = keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(width),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )
    model.compile(**compile_kwargs)
    return model


def test_a_function_in_place_of_the_network(windows, y):
    regressor = quick(model=own_network, model__width=7, loss="mae").fit(windows, y)
    assert regressor.model_.layers[1].units == 7
    assert regressor.model_.loss == "mae"
    again = clone(regressor).fit(windows, y)
    np.testing.assert_array_equal(regressor.predict(windows), again.predict(windows))


def test_our_function_as_a_model(windows, y):
    given = quick(model=recurrent_network, model__units=2).fit(windows, y)
    np.testing.assert_array_equal(
        given.predict(windows), quick().fit(windows, y).predict(windows)
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_a_model_in_place_of_the_network(windows, y, compiled):
    model = recurrent_network((5, 2), units=3)
    if compiled:
        model.compile("sgd", "mae")
    weights = model.get_weights()
    untrained = quick(model=model).initialize(windows, y)
    np.testing.assert_allclose(
        untrained.predict(windows), model(windows)[:, 0], rtol=1e-5, atol=1e-6
    )
    regressor = quick(model=model).fit(windows, y)
    assert isinstance(regressor.model_.optimizer, keras.optimizers.SGD) == compiled
    for weight, before in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, before)


def test_a_network_that_does_not_mask_says_so(windows, y):
    regressor = quick(model=own_network).fit(windows, y)
    windows = windows.copy()
    windows[3, 0, 0] = np.nan
    with pytest.warns(UnknownStepsWarning, match=r"1 of 40 predictions .*MaskUnknown"):
        predicted = regressor.predict(windows)
    assert np.isnan(predicted).sum() == 1


# -- the same again -------------------------------------------------------------------

FIT_AND_PRINT = """
import numpy as np
from skforecast_lstm import LSTMRegressor
X = np.random.default_rng(0).normal(size=(40, 5))
regressor = LSTMRegressor(2, dropout=0.2, epochs=3, random_state={seed})
print(regressor.fit(X, X.sum(axis=1)).predict(X[:5]).tolist())
"""


def predictions_in_another_process(seed):
    script = FIT_AND_PRINT.format(seed=seed)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return np.array(eval(done.stdout))


@pytest.mark.parametrize("draw", [random.random, keras.random.SeedGenerator])
def test_draws_of_other_threads_change_no_weights(draw):
    """As in a worker of Dask, which draws while it listens."""

    def network(n_threads):
        for _ in range(n_threads):
            thread = threading.Thread(target=draw)
            thread.start()
            thread.join()
        layers = [keras.Input((3, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)]
        return keras.Sequential(layers)

    windows, y = np.zeros((4, 3, 1)), np.zeros(4)
    alone, beside = (
        LSTMRegressor(model=network, model__n_threads=n_threads, epochs=1, random_state=0)
        .fit(windows, y)
        .model_.get_weights()
        for n_threads in (0, 2)
    )
    for ours, theirs in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_same_random_state_gives_the_same_predictions():
    X = np.random.default_rng(0).normal(size=(40, 5))

    def predictions(seed):
        regressor = LSTMRegressor(2, dropout=0.2, epochs=3, random_state=seed)
        return regressor.fit(X, X.sum(axis=1)).predict(X[:5])

    one, again, other = (predictions(seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
    state = np.random.RandomState(3)
    drawn = predictions(state)
    assert (drawn != predictions(state)).all()
    np.testing.assert_array_equal(drawn, predictions(np.random.RandomState(3)))
    np.testing.assert_array_equal(one, predictions_in_another_process(0))


def test_the_generator_of_python_is_left_alone(windows, y):
    state = random.getstate()
    quick().fit(windows, y).predict(windows)
    assert random.getstate() == state


@pytest.mark.parametrize(
    "copied",
    [lambda fitted: pickle.loads(pickle.dumps(fitted)), copy.deepcopy],
    ids=["pickle", "deepcopy"],
)
def test_a_copy_predicts_and_goes_on_the_same(windows, y, labels, copied):
    for fitted in (
        quick(epochs=3).fit(windows, y),
        quick(LSTMClassifier, epochs=3, metrics=["accuracy"]).fit(windows, labels),
        quick(model=own_network).fit(windows, y),
        quick().initialize(windows, y),
    ):
        again = copied(fitted)
        np.testing.assert_array_equal(again.predict(windows), fitted.predict(windows))
        target = labels if isinstance(fitted, LSTMClassifier) else y
        np.testing.assert_array_equal(
            again.partial_fit(windows, target).predict(windows),
            fitted.partial_fit(windows, target).predict(windows),
        )


# -- what is wrong ----------------------------------------------------------------------


def with_infinity(windows):
    windows = windows.copy()
    windows[7, 3, 1] = np.inf
    return windows


# name: (estimator, X, y, error, message), of windows w, targets y and labels c.
BAD_FITS = {
    "infinity": (
        quick(),
        lambda w: with_infinity(w),
        lambda y, c: y,
        ValueError,
        r"X contains infinity.*row 7, step 3, feature 1",
    ),
    "value too large": (
        quick(),
        lambda w: w.astype("float64") * 1e39,
        lambda y, c: y,
        ValueError,
        r"X contains infinity or a value too large for float32",
    ),
    "strings": (
        quick(),
        lambda w: np.full((40, 5), "a"),
        lambda y, c: y,
        ValueError,
        r"could not convert string to float",
    ),
    "four dimensions": (
        quick(),
        lambda w: w[None],
        lambda y, c: y[:1],
        ValueError,
        r"X has 4 dimensions. Windows of one series have two",
    ),
    "nothing known": (
        quick(),
        lambda w: w * np.nan,
        lambda y, c: y,
        ValueError,
        r"None of the n_samples = 40 rows .*40 have an incomplete window, 0 an unknown",
    ),
    "short target": (
        quick(),
        lambda w: w,
        lambda y, c: y[:-1],
        ValueError,
        r"inconsistent numbers of samples: \[40, 39\]",
    ),
    "infinite target": (
        quick(),
        lambda w: w,
        lambda y, c: np.where(y > 0, y, np.inf),
        ValueError,
        r"Input y contains infinity",
    ),
    "target too large": (
        quick(),
        lambda w: w,
        lambda y, c: np.where(np.arange(40) == 5, 1e39, y),
        ValueError,
        r"y contains a value too large for float32, first at row 5",
    ),
    "target of strings": (
        quick(),
        lambda w: w,
        lambda y, c: c,
        ValueError,
        r"could not convert string to float",
    ),
    "no target": (
        quick(),
        lambda w: w,
        lambda y, c: None,
        ValueError,
        r"requires y to be passed",
    ),
    "one class": (
        quick(LSTMClassifier),
        lambda w: w,
        lambda y, c: ["up"] * 40,
        ValueError,
        r"at least two classes to train on, got one class: .*up",
    ),
    "numbers as labels": (
        quick(LSTMClassifier),
        lambda w: w,
        lambda y, c: y,
        ValueError,
        r"Unknown label type: continuous",
    ),
    "no label": (
        quick(LSTMClassifier),
        lambda w: w,
        lambda y, c: y * np.nan,
        ValueError,
        r"y has no known label",
    ),
}
BAD_PARAMETERS = {
    "loss": (
        {"loss": "mean_sqared_error"},
        ValueError,
        r"Unknown loss.*MeanSquaredError",
    ),
    "optimizer": ({"optimizer": "adamm"}, ValueError, r"Unknown optimizer 'adamm'.*Adam"),
    "metric": ({"metrics": ["maee"]}, ValueError, r"Unknown metrics 'maee'.*keras.met"),
    "cell": ({"cell": "lsmt"}, ValueError, r"cell must be one of.*got 'lsmt'"),
    "units": ({"units": 0}, ValueError, r"units must be a positive integer"),
    "epochs": ({"epochs": 0}, ValueError, r"'epochs' .* range \[1, inf\).* Got 0"),
    "batch_size": ({"batch_size": 1.5}, TypeError, r"'batch_size' .* an int .* Got 1.5"),
    "patience": ({"n_iter_no_change": 0}, ValueError, r"'n_iter_no_change' .*Got 0"),
    "rate": ({"learning_rate": -0.1}, ValueError, r"'learning_rate' .* Got -0.1"),
    "rate as text": ({"learning_rate": "0.1"}, TypeError, r"'learning_rate' .* '0.1'"),
    "word for shuffle": ({"shuffle": "no"}, TypeError, r"'shuffle' .* Got 'no'"),
    "word for early stopping": (
        {"early_stopping": "no"},
        TypeError,
        r"'early_stopping' .* Got 'no'",
    ),
    "word for warm start": ({"warm_start": "no"}, TypeError, r"'warm_start' .* 'no'"),
    "word for directions": (
        {"bidirectional": "no"},
        TypeError,
        r"'bidirectional' .* Got 'no'",
    ),
    "fraction": ({"validation_fraction": 1.0}, ValueError, r"\(0.0, 1.0\).* Got 1.0"),
    "validates on nothing": (
        {"early_stopping": True, "validation_fraction": 0.01},
        ValueError,
        r"validation_fraction=0.01 of 40 rows leaves nothing to validate on",
    ),
    "trains on nothing": (
        {"early_stopping": True, "validation_fraction": 0.99},
        ValueError,
        r"validation_fraction=0.99 of 40 rows leaves nothing to train on",
    ),
    "no such parameter": ({"unit": 3}, TypeError, r"no parameter 'unit'.*mean 'units'"),
    "no such route": ({"fit__epochs": 3}, TypeError, r"no parameter 'fit__epochs'"),
    "callbacks": ({"callbacks": [3]}, TypeError, r"callbacks must be Keras callbacks"),
    "model": ({"model": 3}, TypeError, r"model must be None, a keras.Model or a func"),
    "model of nothing": (
        {"model": lambda: None},
        TypeError,
        r"a function that returns one; it returned NoneType",
    ),
    "parameter of model": (
        {"model": lambda: None, "model__width": 3},
        TypeError,
        r"can't be called with \['width'\]",
    ),
    "outputs of model": (
        {"model": lambda: recurrent_network((5, 2), 3)},
        ValueError,
        r"y has 1 columns, but the model has 3 outputs",
    ),
}


@pytest.fixture
def no_training(monkeypatch):
    """Fail if Keras is asked to train."""

    def fit(self, *arguments, **keywords):
        pytest.fail("training started")

    monkeypatch.setattr(keras.Model, "fit", fit)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_data_is_refused_before_training(case, windows, y, labels):
    estimator, make_X, make_y, error, message = BAD_FITS[case]
    with pytest.raises(error, match=message):
        estimator.fit(make_X(windows), make_y(y, labels))


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("case", BAD_PARAMETERS)
def test_bad_parameters_are_refused_before_training(case, windows, y):
    parameters, error, message = BAD_PARAMETERS[case]
    with pytest.raises(error, match=message):
        quick(**parameters).fit(windows, y)


def test_too_few_rows_for_the_lookback():
    series = np.arange(10.0).reshape(-1, 1)
    windows = LookbackWindower(4, horizon=1).fit(series).transform(series[:4])
    with pytest.raises(ValueError, match=r"None of the n_samples = 4 rows.*shorter look"):
        quick().fit(windows, series[:4])


def test_bad_use_of_a_fitted_estimator(windows, y, labels):
    with pytest.raises(NotFittedError):
        quick().predict(windows)
    fitted = quick().fit(windows, y)
    with pytest.raises(ValueError, match=r"shape \(4, 2\).*fitted on .*\(5, 2\)"):
        fitted.predict(windows[:, :4])
    with pytest.raises(ValueError, match=r"shape \(5, 1\).*fitted on .*\(5, 2\)"):
        fitted.predict(windows[:, :, :1])
    with pytest.raises(ValueError, match=r"row 7, step 3, feature 1"):
        fitted.predict(with_infinity(windows))
    with pytest.raises(ValueError, match=r"shape \(40, 2\), but .* shape \(40,\)"):
        fitted.partial_fit(windows, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="Invalid parameter 'unit'"):
        fitted.set_params(unit=3)
    classifier = quick(LSTMClassifier).fit(windows, labels)
    with pytest.raises(ValueError, match=r"labels \['flat'\] that are not among"):
        classifier.partial_fit(windows, ["flat"] * 40)
    flat = quick().fit(windows[:, :, 0], y)
    with pytest.raises(ValueError, match="X has 4 features, but LSTMRegressor is expect"):
        flat.predict(windows[:, :4, 0])


@pytest.mark.parametrize("n_columns", [1, 2])
def test_targets_that_are_a_view_train_as_their_copy_does(n_columns, rng):
    series = rng.normal(size=(120, n_columns))
    windows = LookbackWindower(4, horizon=1).fit_transform(series)
    targets = horizon_targets(series, 5)
    answers = [
        LSTMRegressor(3, epochs=2, random_state=0).fit(windows, y).predict(windows)
        for y in (targets, targets.copy())
    ]
    np.testing.assert_array_equal(*answers)


class Subclassed(keras.Model):
    """A network that is no graph of layers."""

    def __init__(self, n_outputs):
        super().__init__()
        self.recurrent = keras.layers.LSTM(2)
        self.output_layer = keras.layers.Dense(n_outputs, activation="softmax")

    def call(self, inputs):
        return self.output_layer(self.recurrent(inputs))


def test_a_subclassed_network_is_trained_too(windows, y):
    windows = windows.reshape(*windows.shape[:2], -1)[20:]
    for labels in (y[20:] > 0, np.arange(20) % 3):
        n_classes = len(np.unique(labels))
        classifier = LSTMClassifier(
            model=lambda n_classes=n_classes: Subclassed(n_classes),
            loss="sparse_categorical_crossentropy",
            epochs=1,
        )
        answers = classifier.fit(windows, labels).predict_proba(windows)
        assert answers.shape == (20, n_classes)
    with pytest.raises(ValueError, match="y has 1 columns, but the model has 2 outputs"):
        LSTMRegressor(model=lambda: Subclassed(2), epochs=1).fit(windows, y[20:])


def test_numbers_of_numpy_are_numbers(windows, y):
    of_numpy = {
        "units": np.int64(2),
        "epochs": np.int64(2),
        "batch_size": np.int64(16),
        "learning_rate": np.float32(0.1),
        "shuffle": np.bool_(True),
        "early_stopping": np.bool_(True),
        "validation_fraction": np.float64(0.25),
        "n_iter_no_change": np.int64(1),
        "n_members": np.int64(2),
        "random_state": np.int64(0),
    }
    of_python = {name: value.item() for name, value in of_numpy.items()}
    predictions = [
        quick(**given).fit(windows, y).predict(windows) for given in (of_numpy, of_python)
    ]
    np.testing.assert_array_equal(*predictions)
