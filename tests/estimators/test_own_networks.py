"""Networks of the user reach targets of any scale, or a warning says that they can't."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skforecast_lstm import LSTMRegressor
from skforecast_lstm.exceptions import UnscaledWarning
from skforecast_lstm.networks import MembersNetwork, TargetScale


@pytest.fixture(name="X")
def windows(rng):
    return rng.normal(size=(200, 4, 1)).astype("float32")


@pytest.fixture
def y(X):
    return 300 + 20 * X.mean(axis=(1, 2)).astype(float)


def functional(meta, compiled=None):
    inputs = keras.Input(meta["X_shape_"][1:])
    state = keras.layers.SimpleRNN(8)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(meta["n_outputs_"])(state))
    if compiled:
        model.compile(keras.optimizers.Adam(0.02), compiled, metrics=["mae"])
    return model


def sequential(meta):
    return keras.Sequential(
        [keras.layers.SimpleRNN(8), keras.layers.Dense(meta["n_outputs_"])]
    )


def compiled(meta):
    return functional(meta, "mae")


def residual(meta):
    """The last value, and a correction of it."""
    inputs = keras.Input(meta["X_shape_"][1:])
    correction = keras.layers.Dense(1)(keras.layers.SimpleRNN(8)(inputs))
    return keras.Model(inputs, keras.layers.Add()([inputs[:, -1], correction]))


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rnn, self.dense = keras.layers.SimpleRNN(8), keras.layers.Dense(1)

    def call(self, inputs):
        return self.dense(self.rnn(inputs))


def quick(model, **parameters):
    given = {"epochs": 12, "learning_rate": 0.02, "random_state": 0}
    return LSTMRegressor(model=model, **{**given, **parameters})


@pytest.mark.parametrize(
    ("model", "n_members"),
    [(functional, 1), (functional, 2), (sequential, 1), (compiled, 1), (compiled, 2)],
)
def test_targets_far_from_zero_are_learnt(X, y, model, n_members):
    fitted = quick(model, n_members=n_members).fit(X, y)
    assert fitted.score(X, y) > 0.8
    assert isinstance(fitted.model_, MembersNetwork) == (n_members == 2)
    if model is compiled:
        # In the units of the target.
        assert fitted.model_.loss == "mae"
        assert fitted.history_["mae"][0] > 1
    again = clone(fitted).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))


def test_the_network_begins_with_the_weights_that_it_had(X, y):
    near, far = (
        quick(sequential).initialize(X, one).model_ for one in ((y - 300) / 20, y)
    )
    assert isinstance(near, keras.Sequential)
    assert isinstance(far.layers[-1], TargetScale)
    for one, other in zip(near.weights, far.weights, strict=False):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(far.layers[-1].get_weights(), [[y.mean()], [y.std()]])
    outputs = [np.asarray(network(X[:9])) for network in (near, far)]
    np.testing.assert_allclose(outputs[0] * y.std() + y.mean(), outputs[1], rtol=1e-5)


def test_a_fit_goes_on_and_is_pickled(X, y):
    fitted = quick(functional, epochs=1, warm_start=True).fit(X, y)
    before = fitted.score(X, y)
    fitted.fit(X, y).partial_fit(X, y)
    fitted = pickle.loads(pickle.dumps(fitted))
    # The network is compiled again, with its scale.
    fitted.set_params(learning_rate=0.001).fit(X, y)
    assert fitted.score(X, y) > before


@pytest.mark.parametrize("shift", [0, 300])
def test_networks_that_reach_the_targets_are_left_as_they_are(X, shift):
    X = X + np.float32(shift)
    fitted = quick(residual, epochs=1).fit(X, X[:, -1, 0].astype(float))
    assert not any(isinstance(layer, TargetScale) for layer in fitted.model_.layers)
    assert np.abs(fitted.predict(X) - X[:, -1, 0]).mean() < 3


def test_a_model_that_was_trained_keeps_its_weights(X, y):
    trained = quick(functional).fit(X, y).model_
    fitted = quick(trained, epochs=1).initialize(X, y)
    np.testing.assert_array_equal(
        fitted.predict(X), trained.predict(X, verbose=0)[:, 0].astype(float)
    )


@pytest.mark.filterwarnings("ignore:__array__ implementation")
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: Subclassed(), "End the network in skforecast_lstm.networks.TargetScale"),
        (residual, "End the network in skforecast_lstm.networks.TargetScale"),
        (
            keras.Sequential(
                [keras.Input((4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
            ),
            "Give model= a function that returns the network",
        ),
    ],
)
def test_others_are_told_of(X, y, model, message):
    with pytest.warns(UnscaledWarning, match=f"y has mean 299.* {message}"):
        quick(model, epochs=1).fit(X, y)
