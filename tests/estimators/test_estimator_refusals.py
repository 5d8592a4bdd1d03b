"""Refusals in place of wrong answers, and two ways to give one window."""

import keras
import numpy as np
import pandas as pd
import pytest

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.exceptions import LostDigitsWarning, UnscaledWarning
from skforecast_lstm.networks import recurrent_network
from skforecast_lstm.targets import horizon_targets


def quick(estimator=LSTMRegressor, **parameters):
    given = {"units": 2, "cell": "rnn", "epochs": 1, "random_state": 0}
    return estimator(**{**given, **parameters})


@pytest.fixture
def X(rng):  # noqa: N802
    return rng.normal(size=(60, 4))


@pytest.fixture
def labels(X):
    return np.where(X[:, -1] > 0, "up", "down")


# -- weights -----------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier])
def test_negative_weights(estimator, X, labels):
    weights = np.ones(60)
    weights[[7, 9]] = -0.5
    y = X[:, -1] if estimator is LSTMRegressor else labels
    with pytest.raises(ValueError, match=r"must not be negative, got -0\.5 at row 7"):
        quick(estimator).fit(X, y, weights)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"up": 0, "down": 0}, "None of the 60 rows to train on has a weight over 0"),
        ({"up": -1.0, "down": 3.0}, "must not be negative"),
    ],
)
def test_weights_of_classes(given, message, X, labels):
    with pytest.raises(ValueError, match=message):
        quick(LSTMClassifier, class_weight=given).fit(X, labels)


def test_rows_held_out_without_any_weight(X):
    labels = np.repeat(["up", "down"], [50, 10])
    stopped = quick(LSTMClassifier, class_weight={"down": 0.0}, early_stopping=True)
    with pytest.raises(ValueError, match="None of the 6 rows to validate on"):
        stopped.fit(X, labels)


def of_batch(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred))


def of_row(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def test_weights_that_a_loss_would_ignore(X):
    y, weights = X[:, -1], np.linspace(0, 1, 60)
    assert quick(loss=of_batch).fit(X, y).history_["loss"]
    with pytest.raises(ValueError, match="'of_batch' returns one number for a whole bat"):
        quick(loss=of_batch).fit(X, y, weights)
    by_function, by_name = (
        quick(loss=loss).fit(X, y, weights).predict(X) for loss in (of_row, "mse")
    )
    np.testing.assert_allclose(by_function, by_name, rtol=1e-5)


def test_unknown_targets_that_a_loss_would_count(X):
    y = X[:, -2:].copy()
    y[::3, 0] = np.nan
    with pytest.raises(ValueError, match="'of_batch' returns one number for a whole bat"):
        quick(loss=of_batch).fit(X, y)


def test_weights_whose_sum_is_no_float(X):
    fitted = [
        quick().fit(X, X[:, -1], np.full(60, weight)).predict(X)
        for weight in (1e308, 1.0, 1e-310)
    ]
    np.testing.assert_array_equal(fitted[0], fitted[1])
    np.testing.assert_allclose(fitted[2], fitted[1], rtol=1e-6)


# -- outputs, losses and classes -------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"output_activation": "softmax"},
        {"output_activation": keras.activations.softmax},
        {"loss": "categorical_crossentropy"},
        {"loss": keras.losses.SparseCategoricalCrossentropy},
        {"loss": "kl_divergence"},
        {"loss": "categorical_crossentropy", "output_activation": "softmax"},
        {
            "loss": keras.losses.BinaryCrossentropy(from_logits=True),
            "output_activation": "linear",
        },
    ],
)
def test_two_classes_are_learnt_by_any_fitting_pair(given, X, labels):
    classifier = quick(LSTMClassifier, epochs=40, learning_rate=0.05, **given)
    probabilities = classifier.fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert classifier.score(X, labels) > 0.9


@pytest.mark.parametrize(
    "given",
    [
        {"output_activation": "linear"},
        {"output_activation": "tanh"},
        {"output_activation": "relu"},
        {"output_activation": "sigmoid", "loss": "categorical_crossentropy"},
        {"loss": keras.losses.BinaryCrossentropy(from_logits=True)},
    ],
)
def test_pairs_that_do_not_fit(given, X, labels):
    with pytest.raises(ValueError, match="output_activation"):
        quick(LSTMClassifier, **given).fit(X, labels)


def ending_in(n_outputs, activation):
    def network():
        dense = keras.layers.Dense(n_outputs, activation)
        return keras.Sequential([keras.Input((4,)), dense])

    return network


def test_logits_of_a_network_of_the_user(X):
    labels = np.digitize(X[:, -1], [-0.5, 0.5])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    given = {"loss": loss, "model": ending_in(3, None)}
    classifier = quick(LSTMClassifier, **given).fit(X, labels)
    logits = np.exp(np.asarray(classifier.model_(X), dtype=float))
    np.testing.assert_allclose(
        classifier.predict_proba(X), logits / logits.sum(1, keepdims=True), rtol=1e-4
    )
    given["loss"] = "mse"
    with pytest.raises(ValueError, match="outputs of the model are not probabilities"):
        quick(LSTMClassifier, **given).fit(X, labels).predict_proba(X)
    with pytest.raises(ValueError, match="one output, which can't distinguish 3 classes"):
        quick(LSTMClassifier, model=ending_in(1, "sigmoid")).fit(X, labels)


def test_classes_that_change_later(X, labels):
    classifier = quick(LSTMClassifier).partial_fit(X, labels, ["down", "flat", "up"])
    classifier.partial_fit(X, labels, ["up", "down", "flat"])
    for classes in (["down", "up"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=r"differ from .* previous fit.*flat"):
            classifier.partial_fit(X, labels, classes)


# -- times, and axes ------------------------------------------------------------------

HOURS = pd.date_range("2026-01-01", periods=60, freq="h")


@pytest.mark.parametrize(
    "times",
    [
        HOURS.to_numpy(),
        (HOURS - HOURS[0]).to_numpy(),
        pd.Series(HOURS.tz_localize("UTC")),
        pd.Series(HOURS - HOURS[0]),
        pd.Series(HOURS.to_period("h")),
        list(HOURS.to_numpy()),
    ],
)
def test_times_are_no_numbers(times, X):
    with pytest.raises(
        TypeError, match=r"y has times of type .* but must contain numbers"
    ):
        quick().fit(X, times)
    table = pd.DataFrame(X)
    table[3] = times
    with pytest.raises(TypeError, match=r"X has times of type .* in column 3"):
        quick().fit(table, X[:, 0])


def test_windows_of_one_column_with_and_without_its_axis(X, labels):
    flat, deep = X.astype("float32"), X.astype("float32")[..., None]
    for estimator, y in ((LSTMRegressor, X[:, -1]), (LSTMClassifier, labels)):
        for fitted in (quick(estimator).fit(flat, y), quick(estimator).fit(deep, y)):
            answers = fitted.predict(flat), fitted.predict(deep)
            np.testing.assert_array_equal(*answers)
            fitted.partial_fit(deep, y).partial_fit(flat, y)
            with pytest.raises(ValueError, match=r"features|shape"):
                fitted.predict(deep[:, :3])


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnscaledWarning")
@pytest.mark.parametrize("level", [1e8, -1e7])
@pytest.mark.parametrize("normalization", [None, "last"])
def test_digits_that_the_device_does_not_have_are_told(level, normalization):
    series = level + np.sin(np.arange(60.0))
    X = np.lib.stride_tricks.sliding_window_view(series[:-1], 4)
    regressor = LSTMRegressor(1, epochs=1, normalization=normalization)
    with pytest.warns(LostDigitsWarning, match=r"Column 0 of .*Subtract the") as said:
        regressor.fit(X, series[4:])
    lost = [one for one in said if one.category is LostDigitsWarning]
    assert [str(one.message)[:13] for one in lost] == ["Column 0 of X", "Column 0 of y"]


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnscaledWarning")
@pytest.mark.parametrize("level", [0.0, 100.0, 1e5])
def test_digits_that_the_device_has_are_not(level):
    series = level + np.sin(np.arange(60.0))
    X = np.lib.stride_tricks.sliding_window_view(series[:-1], 4)
    LSTMRegressor(1, epochs=1).fit(X, series[4:])
    # What is constant has no digits to lose, whatever its precision and rounding.
    for constant in (
        1e8,
        np.float32(0.1) * 1e8,
        np.where(np.arange(99) % 2, 0.3, 0.1 + 0.2),
    ):
        y = np.full(99, constant)
        LSTMRegressor(1, epochs=1).fit(np.tile(y[:, None], 4), y)


@pytest.mark.parametrize("scale", [1e-3, 1e5])
def test_inputs_of_which_a_network_sees_little_are_told(X, scale):
    y = X[:, -1]
    other = np.stack([X, scale * X], axis=-1)
    with pytest.warns(UnscaledWarning, match="Column 1 of X has values up to"):
        quick(LSTMRegressor).fit(other, y)
    # What is scaled in the network, or by a network of the user, is no matter.
    scaled = quick(LSTMRegressor, normalization="standard", target_columns=())
    scaled.fit(other, y)
    quick(LSTMRegressor, model=recurrent_network).fit(other, y)
    # What does not vary tells nothing at any size.
    quick(LSTMRegressor).fit(np.stack([X, np.full_like(X, scale)], axis=-1), y)


def test_targets_of_which_an_optimizer_sees_little_are_told(X):
    y = 1e-4 * X[:, -1]
    with pytest.warns(UnscaledWarning, match="y varies by only .* so the loss is only"):
        quick(LSTMRegressor).fit(X, y)
    with pytest.warns(UnscaledWarning, match="y varies by"):
        quick(LSTMRegressor, loss=keras.losses.Huber(1e-3)).fit(X, y)
    quick(LSTMRegressor, loss="mae").fit(X, y)
    quick(LSTMRegressor).fit(X, 1.0 + np.zeros_like(y))
    quick(LSTMRegressor).fit(X, np.stack([y, X[:, -1]], axis=-1))


# -- masks ----------------------------------------------------------------------------


def masked(values):
    return np.ma.masked_array(values, mask=np.asarray(values) == np.asarray(values)[7])


def test_masks_are_not_lost_without_a_word(X, labels):
    series = X[:, :1]
    for call, name in (
        (lambda: quick().fit(masked(X), X[:, 0]), "X"),
        (lambda: quick().fit(X, masked(X[:, 0])), "y"),
        (lambda: quick().fit(X, X[:, 0]).predict(masked(X)), "X"),
        (lambda: quick().fit(X, X[:, 0]).score(X, masked(X[:, 0])), "y"),
        (lambda: quick(LSTMClassifier).fit(X, masked(labels)), "y"),
        (lambda: BinnedRegressor(quick(LSTMClassifier)).fit(X, masked(X[:, 0])), "y"),
        (lambda: LookbackWindower(3).fit(masked(series)), "X"),
        (lambda: LookbackWindower(3).fit(series).transform(masked(series)), "X"),
        (lambda: horizon_targets(masked(series), 2), "y"),
    ):
        with pytest.raises(TypeError, match=rf"{name} is a masked array"):
            call()
    unmasked = np.ma.masked_array(series)
    expected = LookbackWindower(3).fit_transform(series)
    np.testing.assert_array_equal(LookbackWindower(3).fit_transform(unmasked), expected)


def test_targets_of_three_dimensions(X):
    with pytest.raises(ValueError, match="array with dim 3"):
        LSTMRegressor(units=2).fit(X, np.arange(2.0 * len(X)).reshape(-1, 2, 1))
