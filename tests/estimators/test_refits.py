"""A second fit: what a warm start reads anew, and what a failure leaves."""

import keras
import numpy as np
import pytest

from skforecast_lstm import BinnedRegressor, LSTMClassifier, LSTMRegressor


def quick(estimator=LSTMRegressor, **parameters):
    given = {"units": 2, "cell": "rnn", "epochs": 1, "random_state": 0}
    return estimator(**{**given, **parameters})


@pytest.fixture
def windows(rng):
    return rng.normal(size=(40, 4))


class Fails(keras.callbacks.Callback):
    """Raise in the second epoch."""

    error: type[BaseException] = RuntimeError

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise self.error


class Interrupts(Fails):
    error = KeyboardInterrupt


@pytest.mark.parametrize(
    ("changed", "found", "expected"),
    [
        ({"learning_rate": 0.5}, lambda m: float(m.optimizer.learning_rate), 0.5),
        ({"loss": "mae"}, lambda m: m.loss, "mae"),
        ({"optimizer": "sgd"}, lambda m: type(m.optimizer).__name__, "SGD"),
        ({"optimizer__clipnorm": 3.0}, lambda m: m.optimizer.clipnorm, 3.0),
    ],
)
def test_a_warm_start_reads_how_to_train(changed, found, expected, windows):
    for warm, again in ((True, "fit"), (False, "partial_fit")):
        fitted = quick(warm_start=warm).fit(windows, windows[:, -1])
        fitted.set_params(**changed)
        getattr(fitted, again)(windows, windows[:, -1])
        value = found(fitted.model_)
        assert (value.lower() if isinstance(value, str) else value) == (
            expected.lower() if isinstance(expected, str) else expected
        )


def test_a_warm_start_has_the_weights_whatever_the_optimizer(windows):
    fitted = quick(warm_start=True, epochs=5).fit(windows, windows[:, -1])
    before = fitted.predict(windows)
    fitted.set_params(optimizer="sgd", learning_rate=1e-30, loss="mae")
    again = fitted.fit(windows, windows[:, -1]).predict(windows)
    np.testing.assert_allclose(again, before, rtol=1e-5, atol=1e-6)


class Pinball(keras.losses.Loss):
    """Leaves its own argument out of its configuration."""

    def __init__(self, level):
        super().__init__()
        self.level = level

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.maximum(self.level * error, (self.level - 1) * error)


class Scaled(keras.losses.Loss):
    """Has an array that its configuration says nothing of."""

    def __init__(self, level):
        super().__init__()
        self.level, self.factors = level, np.array([level], dtype="float32")

    def call(self, y_true, y_pred):
        return keras.ops.abs(y_true - y_pred) * self.factors


class Halves(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate whose configuration is empty."""

    def __init__(self, level):
        self.level = level

    def __call__(self, step):
        return self.level / 2

    def get_config(self):
        return {}


@pytest.mark.parametrize("kind", [Pinball, Scaled, Halves])
def test_a_warm_start_sees_arguments_that_a_configuration_leaves_out(kind, windows):
    name = "learning_rate" if kind is Halves else "loss"
    fitted = quick(optimizer="sgd", warm_start=True)
    used = []
    for level in (0.01, 0.01, 0.99):
        fitted.set_params(**{name: kind(level)}).fit(windows, windows[:, -1])
        model = fitted.model_
        part = model.optimizer._learning_rate if kind is Halves else model.loss
        used.append((model, part.level))
    assert used[0] == used[1] == (used[0][0], 0.01)
    assert used[2][1] == 0.99


@pytest.mark.parametrize("changed", [{"units": 3}, {"cell": "gru"}, {"n_members": 2}])
def test_a_warm_start_refuses_another_network(changed, windows):
    fitted = quick(warm_start=True).fit(windows, windows[:, -1])
    (name,) = changed
    with pytest.raises(ValueError, match=rf"{name} changed since the network was built"):
        fitted.set_params(**changed).fit(windows, windows[:, -1])


@pytest.mark.parametrize(
    "fails",
    [
        {"epochs": 0},
        {"units": -1},
        {"loss": "no_such_loss"},
        {"callbacks": Fails, "epochs": 3},
    ],
)
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_failed_refit_leaves_the_fit_before(fails, warm_start, windows):
    labels = np.where(windows[:, -1] > 0, "up", "down")
    other = np.where(windows[:, 0] > 0, "up", "down")
    fitted = quick(LSTMClassifier, warm_start=warm_start).fit(windows, labels)
    answers, before = fitted.predict_proba(windows), dict(fitted.history_)
    fitted.set_params(**fails)
    with pytest.raises((ValueError, RuntimeError)):
        fitted.fit(windows, other)
    assert fitted.history_ == before
    np.testing.assert_array_equal(fitted.predict_proba(windows), answers)


def test_bad_data_leave_the_fit_before_and_a_first_failure_leaves_none(windows):
    fitted = quick().fit(windows, windows[:, -1])
    answers = fitted.predict(windows)
    with pytest.raises(ValueError, match="infinity"):
        fitted.fit(windows[:, :2], np.full(40, np.inf))
    np.testing.assert_array_equal(fitted.predict(windows), answers)
    first = quick(callbacks=Fails, epochs=3)
    with pytest.raises(RuntimeError):
        first.fit(windows, windows[:, -1])
    assert not hasattr(first, "model_")


def test_an_interrupted_refit_keeps_the_epochs_that_it_reached(windows):
    fitted = quick(epochs=3).fit(windows, windows[:, -1])
    with pytest.raises(KeyboardInterrupt):
        fitted.set_params(callbacks=Interrupts).fit(windows, -windows[:, -1])
    assert fitted.n_iter_ == 1
    expected = quick().fit(windows, -windows[:, -1]).predict(windows)
    np.testing.assert_array_equal(fitted.predict(windows), expected)


def test_bins_and_their_classifier_are_of_one_fit(windows):
    regressor = BinnedRegressor(quick(LSTMClassifier), n_bins=3)
    fitted = regressor.fit(windows, windows[:, -1])
    answers = fitted.predict(windows)
    with pytest.raises(ValueError, match="infinity"):
        fitted.fit(np.full((40, 4), np.inf), 1000 + windows[:, -1])
    np.testing.assert_array_equal(fitted.predict(windows), answers)
