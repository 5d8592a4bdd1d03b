"""Copies of the user's Keras objects, in a fit, a clone and a pickle."""

import copy
import subprocess
import sys
from pickle import dumps, loads

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skforecast_lstm import LSTMRegressor


def registered(kind):
    return keras.saving.register_keras_serializable("test_copies", kind.__name__)(kind)


@registered
class Pinball(keras.losses.Loss):
    """Leaves its own argument out of its configuration."""

    def __init__(self, level=0.5, **others):
        super().__init__(**others)
        self.level = level

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.maximum(self.level * error, (self.level - 1) * error)


@registered
class WholePinball(Pinball):
    def get_config(self):
        return {**super().get_config(), "level": self.level}


@registered
class Above(keras.metrics.MeanMetricWrapper):
    """Count outputs above a number, which its configuration leaves out."""

    def __init__(self, limit=0.0, name="above", **others):
        super().__init__(lambda y, f: ops.cast(f > limit, "float32"), name=name)
        self.limit = limit

    def get_config(self):
        return {"name": self.name}


@pytest.fixture
def data(rng):
    X = rng.normal(size=(40, 3))
    return X, X[:, 0]


def tiny(**parameters):
    return LSTMRegressor(1, epochs=2, batch_size=16, random_state=0, **parameters)


def test_a_loss_that_says_too_little_of_itself_is_not_cloned(data):
    with pytest.raises(TypeError, match=r"Pinball is incomplete.*level is 0.9, but 0.5"):
        clone(tiny(loss=Pinball(0.9)))
    with pytest.raises(TypeError, match="Pinball is incomplete"):
        cross_val_score(tiny(loss=Pinball(0.9)), *data, cv=2, error_score="raise")
    assert clone(tiny(loss=WholePinball(0.9))).loss.level == 0.9
    # What it has by default is in a copy too.
    assert clone(tiny(loss=Pinball())).loss.level == 0.5


def test_a_metric_that_says_too_little_of_itself_is_not_copied(data):
    with pytest.raises(TypeError, match=r"Above is incomplete.*limit is 0.3"):
        tiny(metrics=[Above(0.3)]).fit(*data)


def test_a_metric_of_a_lambda_is_kept(data):
    def rmse(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))

    wrapped = keras.metrics.MeanMetricWrapper(lambda y, f: ops.abs(y - f), name="far")
    histories = [
        tiny(metrics=metrics).fit(*data).history_
        for metrics in ([wrapped, rmse], ["mae", rmse])
    ]
    np.testing.assert_allclose(histories[0]["far"], histories[1]["mae"], 1e-5)


def test_a_metric_of_one_number_is_what_keras_says(data):
    """Its mean over batches, as `keras.Model.fit` gives it, also where one is short."""

    def rmse(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))

    def build():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[rmse])
        return model

    from skforecast_lstm import training

    X, y = data[0].astype("float32"), data[1].astype("float32").reshape(-1, 1)
    arguments = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    ours = training.fit(build(), X, y, **arguments)
    theirs = build().fit(X, y, **arguments)
    np.testing.assert_allclose(ours.history["rmse"], theirs.history["rmse"], 1e-5)


@pytest.mark.parametrize(
    "exclusion", [{"var_names": ["bias"]}, {"var_names": ["kernel"]}]
)
def test_weights_that_do_not_decay_stay_so(data, exclusion):
    def largest_change(**parameters):
        optimizer = keras.optimizers.AdamW(1e-7, weight_decay=1e5)
        optimizer.exclude_from_weight_decay(**parameters)
        model = tiny(optimizer=optimizer, shuffle=False).fit(*data).model_
        return max(
            float(np.abs(one.numpy()).max())
            for one in model.trainable_variables
            if exclusion["var_names"][0] in one.path
        )

    # What decays as fast is all but zero after six batches.
    assert largest_change(var_names=["none"]) < 0.99 * largest_change(**exclusion)


def without_decay_of_kernels():
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=20.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    return optimizer


@pytest.mark.parametrize("again", [clone, copy.deepcopy, lambda one: loads(dumps(one))])
def test_weights_that_do_not_decay_stay_so_in_copies(data, again):
    stayed = tiny(optimizer=without_decay_of_kernels())
    decaying = keras.optimizers.AdamW(0.01, weight_decay=20.0)
    other = tiny(optimizer=decaying).fit(*data)
    went = again(stayed).fit(*data)
    assert went.history_ == stayed.fit(*data).history_
    assert went.history_ != other.history_
    if again is not clone:
        went = again(stayed).partial_fit(*data)
        assert went.history_ == stayed.partial_fit(*data).history_


@pytest.mark.parametrize("by", ["var_list", "var_names"])
def test_weights_that_do_not_decay_stay_so_in_the_users_own_model(data, by):
    model = keras.Sequential(
        [keras.Input((3, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)]
    )
    optimizer = keras.optimizers.AdamW(1e-7, weight_decay=1e5)
    chosen = {"var_list": model.layers[0].trainable_weights, "var_names": ["kernel"]}
    optimizer.exclude_from_weight_decay(**{by: chosen[by]})
    model.compile(optimizer, "mse")
    X, y = data
    fitted = loads(dumps(tiny(model=model).fit(X[..., None], y)))
    fitted.partial_fit(X[..., None], y)
    before, after = (one.layers[0].get_weights()[0] for one in (model, fitted.model_))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_training_goes_on_where_weights_do_not_decay(data):
    stayed = tiny(optimizer=without_decay_of_kernels()).fit(*data)
    n_batches = int(stayed.model_.optimizer.iterations)
    stayed.partial_fit(*data)
    assert int(stayed.model_.optimizer.iterations) > n_batches


class Reports(keras.callbacks.Callback):
    """Tells a study that is alive, as a callback that prunes does."""

    def __init__(self, study):
        super().__init__()
        self.study = study
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.study.report(epoch)
        self.seen.append(epoch)


class Study:
    def __init__(self):
        self.reported = []

    def report(self, epoch):
        self.reported.append(epoch)


def test_a_callback_reports_to_what_the_user_gave_it(data):
    callback = Reports(Study())
    regressor = tiny(callbacks=[callback]).fit(*data)
    assert callback.study.reported == [0, 1]
    # Its own lists are copied: the parameters of an estimator stay as they are.
    assert callback.seen == []
    assert regressor.callbacks_[0].seen == [0, 1]
    regressor.fit(*data)
    assert regressor.callbacks_[0].seen == [0, 1]


LEAVES_OUT = {
    "delta": keras.losses.Huber(0.25),
    "axis": keras.losses.CosineSimilarity(axis=0),
    "k": keras.metrics.SparseTopKCategoricalAccuracy(k=2),
    "ignore_class": keras.losses.SparseCategoricalCrossentropy(ignore_class=1),
}


@pytest.mark.parametrize("name", LEAVES_OUT)
@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: loads(dumps(one))])
def test_arguments_that_keras_leaves_out_are_in_copies(name, again):
    item = LEAVES_OUT[name]
    assert again(item)._fn_kwargs[name] == item._fn_kwargs[name]


def test_arguments_that_keras_leaves_out_are_in_the_users_own_model(data):
    """It is saved and loaded twice: once for the fit, and once for the pickle."""
    model = keras.Sequential([keras.Input((3, 1)), keras.layers.LSTM(1)])
    model.compile("sgd", keras.losses.Huber(0.25))
    fitted = loads(dumps(loads(dumps(tiny(model=model).fit(*data)))))
    assert fitted.model_.loss._fn_kwargs["delta"] == 0.25


def test_classes_of_other_packages_stay_as_they_are():
    """All that Keras exports, before and after all of this package is imported."""
    script = """
import os
os.environ["KERAS_BACKEND"] = "jax"
import inspect, sys, keras, sklearn.base

def members():
    homes = ("losses", "metrics", "optimizers", "layers", "models", "callbacks")
    classes = {sklearn.base.BaseEstimator, keras.Layer, keras.Model}
    for home in homes:
        found = vars(getattr(keras, home)).values()
        classes.update(one for one in found if inspect.isclass(one))
    classes = {base for one in classes for base in one.__mro__}
    return {
        (one, name): value
        for one in classes
        for name, value in vars(one).items()
        if not name.startswith(("_abc_", "__abstract", "__sub"))
    }

before = members()
import skforecast_lstm
for name in skforecast_lstm.__all__:
    getattr(skforecast_lstm, name)
import skforecast_lstm.persistence, skforecast_lstm.inspection
after = members()
print([key for key in after if after[key] is not before.get(key)])
print("scikeras" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "False"]


def test_a_clone_shares_what_callbacks_hold(data, tmp_path):
    """A copy of an open file or of a study would be another one, or can't be made."""
    with open(tmp_path / "losses", "w") as file:

        class Writes(keras.callbacks.Callback):
            file = None

            def on_epoch_end(self, epoch, logs=None):
                self.file.write(f"{epoch}\n")

        callback = Writes()
        callback.file = file
        regressor = tiny(callbacks=(callback,))
        clone(regressor).fit(*data)
        assert clone(regressor).callbacks is regressor.callbacks
    assert (tmp_path / "losses").read_text().split() == ["0", "1"]
