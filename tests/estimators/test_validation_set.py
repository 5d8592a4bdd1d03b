"""Validation data of one's own: in history, early stopping, pipelines; and refusals."""

import re

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.exceptions import UnscaledWarning
from skforecast_lstm.targets import horizon_targets


def quick(estimator=LSTMRegressor, **parameters):
    given = {"units": 2, "cell": "rnn", "batch_size": 8, "random_state": 0, "epochs": 1}
    return estimator(**{**given, **parameters})


@pytest.fixture(name="X")
def windows(rng):
    return rng.normal(size=(60, 3, 1)).astype("float32")


@pytest.fixture
def y(X, rng):
    return 5 + X[:, -1, 0].astype(float) + 0.1 * rng.normal(size=60)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def mse(fitted, X, y, weights=None):
    return np.average((fitted.predict(X) - y) ** 2, weights=weights)


def test_the_loss_of_each_epoch_is_that_of_the_validation_data(X, y):
    fitted = quick().fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    losses = [mse(fitted, X[40:], y[40:])]
    fitted.partial_fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    losses.append(mse(fitted, X[40:], y[40:]))
    np.testing.assert_allclose(fitted.history_["val_loss"], losses, rtol=1e-5)
    assert fitted.n_iter_ == 2


def test_the_training_is_that_without_validation_data(X, y):
    with_it = quick(epochs=3).fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    without = quick(epochs=3).fit(X[:40], y[:40])
    np.testing.assert_array_equal(with_it.predict(X), without.predict(X))
    assert with_it.history_["loss"] == without.history_["loss"]


def test_early_stopping_keeps_the_best_epoch_of_the_validation_data(X, y):
    stopped = quick(
        epochs=60, early_stopping=True, n_iter_no_change=2, learning_rate=0.05
    )
    # The better the network learns, the worse it is here.
    X_val, y_val = X[40:], 10 - y[40:]
    stopped.fit(X[:40], y[:40], X_val=X_val, y_val=y_val)
    losses = stopped.history_["val_loss"]
    assert len(losses) < 60
    np.testing.assert_allclose(mse(stopped, X_val, y_val), min(losses), rtol=1e-5)
    # All rows of X are trained on.
    assert (
        stopped.history_["loss"][0]
        == quick(learning_rate=0.05).fit(X[:40], y[:40]).history_["loss"][0]
    )


def test_unknown_rows_are_left_out_and_weights_count(X, y):
    X_val, y_val, weights = X[40:].copy(), y[40:].copy(), np.arange(20.0)
    X_val[3, 0], y_val[5] = np.nan, np.nan
    kept = np.setdiff1d(np.arange(20), [3, 5])
    fitted = quick().fit(
        X[:40], y[:40], X_val=X_val, y_val=y_val, sample_weight_val=weights
    )
    expected = mse(fitted, X_val[kept], y_val[kept], weights[kept])
    np.testing.assert_allclose(fitted.history_["val_loss"], expected, rtol=1e-5)


def test_targets_that_are_known_in_part_only_in_the_validation_data(rng):
    series = rng.normal(size=70)
    X = LookbackWindower(3, horizon=1).fit_transform(series[:, None])[3:]
    Y = np.array(horizon_targets(series, 2))[3:]
    fitted = quick().fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    assert np.isnan(Y[40:]).any()
    errors = (fitted.predict(X[40:]) - Y[40:]) ** 2
    np.testing.assert_allclose(fitted.history_["val_loss"], np.nanmean(errors), rtol=1e-5)


def test_classes(X, y):
    labels = np.where(y > 5, "high", "low")
    fitted = quick(LSTMClassifier).fit(
        X[:40], labels[:40], X_val=X[40:], y_val=labels[40:]
    )
    expected = log_loss(labels[40:], fitted.predict_proba(X[40:])[:, 1])
    np.testing.assert_allclose(fitted.history_["val_loss"], expected, rtol=1e-4)


def test_classes_are_balanced_by_the_training_data(X):
    labels = np.arange(60) % 4 == 0
    y_val = np.arange(20) % 2 == 0
    fitted = quick(LSTMClassifier, class_weight="balanced").fit(
        X[:40], labels[:40], X_val=X[40:], y_val=y_val
    )
    # A quarter is True, so True counts three times as much.
    weights = np.where(y_val, 3.0, 1.0)
    expected = log_loss(y_val, fitted.predict_proba(X[40:])[:, 1], sample_weight=weights)
    np.testing.assert_allclose(fitted.history_["val_loss"], expected, rtol=1e-4)


def test_a_pipeline_transforms_it_and_gives_it_its_history(routing):
    steps = np.arange(120)
    table = pd.DataFrame({"load": 300 + 20 * np.sin(steps / 3)})
    learn, validate = table[:90], table[90:]
    pipe = make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        LookbackWindower(4, horizon=1),
        quick().set_fit_request(X_val=True, y_val=True),
        transform_input=["X_val"],
    )
    pipe.fit(learn, learn["load"], X_val=validate, y_val=validate["load"])
    # All 30 rows count, because the windower puts the last rows of `learn` before them.
    expected = mse(pipe, validate, validate["load"])
    np.testing.assert_allclose(pipe[-1].history_["val_loss"], expected, rtol=1e-5)


def test_bins_of_the_validation_data_are_those_of_the_targets(X, y, routing):
    classifier = quick(LSTMClassifier).set_fit_request(X_val=True, y_val=True)
    y_val = y[40:].copy()
    y_val[2] = np.nan
    binned = BinnedRegressor(classifier, n_bins=3)
    binned.fit(X[:40], y[:40], X_val=X[40:], y_val=y_val)
    known = ~np.isnan(y_val)
    expected = log_loss(
        np.searchsorted(binned.bin_edges_[1:-1], y_val[known]),
        binned.predict_proba(X[40:][known]),
        labels=[0, 1, 2],
    )
    found = binned.classifier_.history_["val_loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_val": None}, "X_val is given, but y_val is not. Give both."),
        ({"X_val": None}, "y_val is given, but X_val is not. Give both."),
        ({"X_val": None, "y_val": None, "sample_weight_val": [1.0]}, "Give them too."),
        (
            {"X_val": np.zeros((20, 2, 1))},
            "validation data (X_val, y_val): X has windows",
        ),
        ({"y_val": np.zeros((20, 2))}, "validation data (X_val, y_val): y has shape"),
        ({"y_val": np.zeros(19)}, "validation data (X_val, y_val): Found input"),
        ({"y_val": np.full(20, np.nan)}, "(X_val, y_val): None of the n_samples = 20"),
        ({"sample_weight_val": np.zeros(20)}, "In the validation data (X_val, y_val): "),
    ],
)
def test_refusals(X, y, change, message):
    given = {"X_val": X[40:], "y_val": y[40:], **change}
    with pytest.raises(ValueError, match=re.escape(message)):
        quick().fit(X[:40], y[:40], **given)


def test_labels_that_were_not_there(X):
    labels = np.array(["a", "b", "c"])[np.arange(60) % 3]
    few = np.where(labels == "c", "a", labels)
    with pytest.raises(ValueError, match=r"In the validation data .*labels \['c'\]"):
        quick(LSTMClassifier).fit(X[:40], few[:40], X_val=X[40:], y_val=labels[40:])


def test_data_in_other_units_are_told(X, y, routing):
    with pytest.warns(UnscaledWarning, match="X_val has mean .* transform_input"):
        quick().fit(X[:40], y[:40], X_val=300 + 20 * X[40:], y_val=y[40:])
    request = quick().set_fit_request(X_val=True, y_val=True)
    scaled = TransformedTargetRegressor(request, transformer=StandardScaler())
    with pytest.warns(UnscaledWarning, match="y_val has mean .* scale y_val"):
        scaled.fit(X[:40], 60 * y[:40], X_val=X[40:], y_val=60 * y[40:])
