"""Estimators of several members, and trainings of so many batches on a schedule."""

import copy
import inspect
import pickle
import re

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    persistence,
    recurrent_network,
    recursive_forecast,
    training,
)
from skforecast_lstm.networks import Members, MembersNetwork, forecast_network
from skforecast_lstm.training import programs

BATCHES_OF_AN_EPOCH = 5


def quick(estimator=LSTMRegressor, **parameters):
    given = {"units": 2, "cell": "rnn", "batch_size": 8, "random_state": 0}
    return estimator(**{**given, "epochs": 1, **parameters})


@pytest.fixture
def windows(rng):
    return rng.normal(size=(40, 4, 2)).astype("float32")


@pytest.fixture
def y(windows):
    return 300 + 20 * windows.sum(axis=(1, 2)).astype("float64")


def members_of(fitted):
    (members,) = (one for one in fitted.model_.layers if isinstance(one, Members))
    return members


def variables_of(network):
    return [*network.trainable_variables, *network.non_trainable_variables]


def iterations(fitted):
    return int(fitted.model_.optimizer.iterations.value)


def rate(fitted):
    return float(keras.ops.convert_to_numpy(fitted.model_.optimizer.learning_rate))


# -- members ---------------------------------------------------------------------


def test_the_answer_is_the_mean_of_members_that_differ(windows, y):
    fitted = quick(n_members=3).fit(windows, y)
    assert type(fitted.model_) is MembersNetwork
    assert members_of(fitted).n_members == 3
    alone = quick().initialize(windows, y)
    answers = []
    for number in range(3):
        for own, stacked in zip(
            variables_of(alone.model_), variables_of(members_of(fitted)), strict=True
        ):
            own.assign(stacked[number])
        answers.append(alone.predict(windows))
    assert (np.ptp(answers, axis=0) > 0).all()
    found = fitted.predict(windows)
    np.testing.assert_allclose(found, np.mean(answers, axis=0), rtol=1e-6)
    again, other = (
        quick(n_members=3, random_state=seed).fit(windows, y).predict(windows)
        for seed in (0, 1)
    )
    np.testing.assert_array_equal(again, found)
    assert (other != found).all()


def test_the_first_member_begins_as_a_network_alone(windows, y):
    alone = quick().initialize(windows, y).model_
    members = members_of(quick(n_members=3).initialize(windows, y))
    for stacked, own in zip(variables_of(members), variables_of(alone), strict=True):
        np.testing.assert_array_equal(stacked[0], own)


def test_scales_are_those_of_the_data_in_each(windows, y):
    step = np.abs(np.diff(windows, axis=1)).mean((0, 1)) / 100
    expected = {"centre": y.mean(), "spread": y.std(), "least_spread": step}
    found = {}
    for options in ({}, {"normalization": "last", "target_columns": (0,)}):
        target = y if not options else windows[:, -1, 0]
        fitted = quick(n_members=3, **options).initialize(windows, target)
        network = members_of(fitted).hidden_network()
        pairs = zip(variables_of(network), variables_of(members_of(fitted)), strict=True)
        found |= {own.name: np.asarray(stacked) for own, stacked in pairs}
    for name, value in expected.items():
        assert len(found[name]) == 3
        np.testing.assert_allclose(found[name], found[name] * 0 + value, rtol=1e-5)


def test_unknown_rows_are_left_out_and_unknown_steps_masked(windows, y):
    unknown, y_unknown = windows.copy(), y.copy()
    unknown[2, :3], y_unknown[5] = np.nan, np.nan
    kept = np.setdiff1d(np.arange(40), [2, 5])
    fitted = quick(n_members=3).fit(unknown, y_unknown)
    expected = quick(n_members=3).fit(windows[kept], y[kept])
    assert fitted.n_left_out_ == 2
    found = fitted.predict(unknown)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found, expected.predict(unknown))


def test_weights_are_repetitions_in_one_full_batch(windows, y, rng):
    weights = rng.integers(0, 4, size=40)
    repeated = np.repeat(np.arange(40), weights)
    settings = {"n_members": 3, "epochs": 20, "batch_size": 128}
    weighted = quick(**settings).fit(windows, y, sample_weight=weights)
    expected = quick(**settings).fit(windows[repeated], y[repeated])
    np.testing.assert_allclose(
        weighted.predict(windows), expected.predict(windows), rtol=1e-5
    )


@pytest.mark.parametrize("how", ["pickle", "deepcopy", "file"])
def test_a_copy_predicts_and_goes_on_the_same(windows, y, how, tmp_path):
    fitted = quick(n_members=3).fit(windows, y)
    if how == "pickle":
        again = pickle.loads(pickle.dumps(fitted))
    elif how == "deepcopy":
        again = copy.deepcopy(fitted)
    else:
        persistence.save(fitted, tmp_path / "fitted.lstm")
        again = persistence.load(tmp_path / "fitted.lstm")
    assert type(again.model_) is MembersNetwork
    for _ in range(2):
        np.testing.assert_array_equal(again.predict(windows), fitted.predict(windows))
        before = fitted.predict(windows)
        for one in (again, fitted):
            one.partial_fit(windows, y)
        assert one.n_iter_ >= 2
        assert (fitted.predict(windows) != before).all()


def test_a_warm_start_goes_on(windows, y):
    settings = {"n_members": 3, "shuffle": False}
    warm = quick(**settings, warm_start=True).fit(windows, y).fit(windows, y)
    both = quick(**settings, epochs=2).fit(windows, y)
    np.testing.assert_allclose(warm.predict(windows), both.predict(windows), rtol=1e-6)


def test_early_stopping_goes_back_to_the_best_weights(windows, rng):
    noise = rng.normal(size=40)
    stopped = quick(
        n_members=3,
        epochs=100,
        early_stopping=True,
        n_iter_no_change=2,
        learning_rate=0.1,
    ).fit(windows, noise)
    losses = stopped.history_["val_loss"]
    assert np.argmin(losses) == stopped.n_iter_ - 3 < 97
    held_out = np.mean((stopped.predict(windows[36:]) - noise[36:]) ** 2)
    assert held_out == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier_of_members_that_read_segments(n_classes, rng):
    windows = rng.normal(size=(120, 6)).astype("float32")
    total = windows[:, 2:4].sum(1)
    bounds = np.quantile(total, np.arange(1, n_classes) / n_classes)
    names = np.array(["low", "middle", "up"])[np.digitize(total, bounds)]
    classifier = quick(
        LSTMClassifier,
        units=8,
        segment=2,
        n_members=2,
        n_batches=300,
        schedule="one_cycle",
        learning_rate=0.02,
    )
    probabilities = classifier.fit(windows, names).predict_proba(windows)
    assert probabilities.shape == (120, n_classes)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    assert classifier.score(windows, names) > 0.9


def test_forecasts_are_fed_back(rng):
    series = rng.normal(size=(40, 1)).cumsum(0)
    windower = LookbackWindower(4, horizon=1).fit(series)
    regressor = quick(n_members=3, segment=2)
    regressor.initialize(windower.transform(series), series)
    found = recursive_forecast(make_pipeline(windower, regressor), series, 5)
    known = series[:, 0].tolist()
    for _ in range(5):
        known.append(regressor.predict(np.array([known[-4:]])[..., None]).item())
    np.testing.assert_allclose(np.ravel(found), known[40:], rtol=1e-5)
    assert np.ptp(known[40:]) > 0.01


def squared(y_true, y_pred):
    """A loss that Keras knows nothing of."""
    return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


class OwnAdam(keras.optimizers.Adam):
    """An optimizer that Keras knows nothing of."""


def own_network(meta, compile_kwargs, width=3, compiles=True):
    model = keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(width, "tanh"),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )
    if compiles:
        model.compile(**compile_kwargs)
    return model


def test_a_function_that_compiles_its_network(windows, y):
    """The members are compiled as it did, with what is registered nowhere too."""
    settings = {
        "model": own_network,
        "n_members": 2,
        "loss": squared,
        "optimizer": OwnAdam,
        "learning_rate": 0.25,
        "metrics": [squared],
        "model__width": 4,
    }
    by_itself = quick(**settings).fit(windows, y)
    by_us = quick(**settings, model__compiles=False).fit(windows, y)
    assert isinstance(by_itself.model_.optimizer, OwnAdam)
    assert rate(by_itself) == 0.25
    assert by_itself.history_ == by_us.history_
    assert list(by_itself.history_) == ["loss", "squared"]
    np.testing.assert_array_equal(by_itself.predict(windows), by_us.predict(windows))
    kernel = members_of(by_itself).trainable_variables[0]
    assert kernel.shape == (2, 8, 4)
    assert (np.ptp(kernel, axis=0) > 0).all()


def test_one_model_has_no_members_to_differ(windows, y):
    model = recurrent_network((4, 2), units=2)
    with pytest.raises(ValueError, match=r"n_members=2 networks .*Give a function"):
        quick(model=model, n_members=2).fit(windows, y)


# -- so many batches, on a schedule ---------------------------------------------------


@pytest.mark.parametrize("schedule", [None, "cosine", "one_cycle"])
@pytest.mark.parametrize("n_batches", [1, 5, 12])
def test_so_many_batches_are_trained_on(windows, y, schedule, n_batches):
    fitted = quick(n_batches=n_batches, schedule=schedule, epochs=99).fit(windows, y)
    assert iterations(fitted) == n_batches
    assert fitted.n_iter_ == len(fitted.history_["loss"])
    assert fitted.n_iter_ == -(-n_batches // BATCHES_OF_AN_EPOCH)
    assert rate(fitted) == pytest.approx(0.005)


def test_a_cosine_is_that_of_keras(windows, y):
    decay = keras.optimizers.schedules.CosineDecay(0.05, 8, alpha=0.01)
    ours, by_epochs, theirs, constant = (
        quick(**given).fit(windows[:32], y[:32]).predict(windows)
        for given in (
            {"schedule": "cosine", "learning_rate": 0.05, "n_batches": 8},
            {"schedule": "cosine", "learning_rate": 0.05, "epochs": 2},
            {"learning_rate": decay, "n_batches": 8},
            {"learning_rate": 0.05, "n_batches": 8},
        )
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    np.testing.assert_array_equal(ours, by_epochs)
    assert np.abs(ours - constant).max() > 0.01


def test_partial_fit_is_a_whole_epoch_at_the_whole_rate(windows, y):
    shortened = quick(n_batches=3, schedule="cosine").fit(windows, y)
    shortened.partial_fit(windows, y)
    assert iterations(shortened) == 3 + BATCHES_OF_AN_EPOCH
    assert shortened.n_iter_ == 2
    answers = [
        quick(n_batches=n_batches, schedule=schedule)
        .partial_fit(windows, y)
        .predict(windows)
        for n_batches, schedule in ((None, None), (3, "cosine"))
    ]
    np.testing.assert_array_equal(*answers)


def test_a_warm_start_has_as_many_batches_again(windows, y):
    warm = quick(n_batches=7, schedule="cosine", warm_start=True)
    warm.fit(windows, y).fit(windows, y)
    assert iterations(warm) == 14
    assert warm.n_iter_ == 2
    assert rate(warm) == pytest.approx(0.005)


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnknownStepsWarning")
def test_a_search_compiles_one_program(compilations, rng):
    """Whatever the rate, the fold and its seed, also for several members."""
    series = rng.normal(size=(120, 1))
    pipe = make_pipeline(
        LookbackWindower(4, horizon=1),
        quick(n_members=2, segment=2, schedule="cosine", random_state=None),
    )
    search = GridSearchCV(
        pipe,
        {"lstmregressor__learning_rate": [0.002, 0.02]},
        cv=TimeSeriesSplit(3),
        error_score="raise",
    )
    search.fit(series, series)
    assert compilations == ["run", "predict"]
    search.set_params(estimator__lstmregressor__schedule=None).fit(series, series)
    assert compilations == ["run", "predict", "run"]


def test_windows_reach_the_training_loop_uncopied(rng, monkeypatch):
    reached = []
    for name in ("fit", "predict"):
        original = getattr(training, name)

        def recording(model, given, *arguments, original=original, **keywords):
            reached.append(getattr(given, "x", given))
            return original(model, given, *arguments, **keywords)

        monkeypatch.setattr(training, name, recording)
    series = rng.normal(size=(50, 1))
    windows = LookbackWindower(4).fit_transform(series)
    fitted = quick(segment=2, n_members=3, n_batches=3, schedule="cosine")
    fitted.fit(windows, series).predict(windows)
    assert len(reached) == 2
    for given in reached:
        assert given.strides == windows.strides
        assert np.shares_memory(given, windows)


# -- parameters ------------------------------------------------------------------------


BAD_PARAMETERS = {
    "no batch": ({"n_batches": 0}, ValueError, "in the range .* Got 0 instead"),
    "half a batch": ({"n_batches": 1.5}, TypeError, "'n_batches' .* must be an int"),
    "true epochs": ({"epochs": True}, TypeError, "must be an int .* Got True instead"),
    "no member": ({"n_members": 0}, ValueError, "in the range .* Got 0 instead"),
    "members unsaid": (
        {"n_members": None},
        TypeError,
        "'n_members' .* must be an int",
    ),
    "schedule": ({"schedule": "cos"}, ValueError, "schedule='cos' is not known"),
    "schedule of a schedule": (
        {
            "schedule": "cosine",
            "learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 9),
        },
        ValueError,
        "Give the optimizer a float",
    ),
    "segment": ({"segment": 0}, ValueError, "segment must be at least 1, got 0"),
}


@pytest.mark.parametrize("case", BAD_PARAMETERS)
def test_bad_parameters_are_refused_before_training(case, windows, y, monkeypatch):
    parameters, error, message = BAD_PARAMETERS[case]
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("training"))
    monkeypatch.setattr(
        programs.Program, "__init__", lambda *_, **__: pytest.fail("training")
    )
    with pytest.raises(error, match=message):
        quick(**parameters).fit(windows, y)


NEW = {"segment": 3, "schedule": "cosine", "n_batches": 7, "n_members": 2}


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        (LSTMRegressor, {**NEW, "base": "seasonal", "season_length": 4}),
        (LSTMClassifier, NEW),
    ],
)
def test_parameters_are_got_set_and_cloned(estimator, parameters):
    cloned = clone(estimator(**parameters)).get_params()
    by_setting = estimator().set_params(**parameters).get_params()
    for name, value in parameters.items():
        assert cloned[name] == by_setting[name] == value


@pytest.mark.parametrize(
    "described", [LSTMRegressor, LSTMClassifier, recurrent_network, forecast_network]
)
def test_the_docstring_has_every_parameter_and_its_default(described):
    section = inspect.getdoc(described).split("Parameters\n----------\n")[1]
    section = re.split(r"\n\n\w+( \w+)?\n-+\n", section)[0]
    told = re.findall(r"^(\**\w+) : (.*)$", section, re.MULTILINE)
    expected = []
    for name, parameter in inspect.signature(described).parameters.items():
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        expected.append(stars + name)
        _, kind = told[len(expected) - 1]
        if not stars:
            default = repr(parameter.default).replace("'", '"')
            assert kind.endswith(f", default={default}"), name
    assert [name for name, _ in told] == expected
