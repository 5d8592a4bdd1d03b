"""Explanations: planted steps and columns are found, and parts sum to the whole."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.inspection import permutation_importance, window_attributions

N_STEPS, N_COLUMNS = 5, 3


def planted(seed, n_rows=300):
    """Return windows, a target from one step and column, and their places."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, N_STEPS, N_COLUMNS))
    step, column = rng.integers(N_STEPS), rng.integers(N_COLUMNS)
    y = 100 + 20 * X[:, step, column] + rng.normal(0, 2, n_rows)
    return X, y, step, column


def trained(X, y, estimator=LSTMRegressor, **parameters):
    settings = {"units": 8, "epochs": 40, "learning_rate": 0.02, "random_state": 0}
    return estimator(**(settings | parameters)).fit(X, y)


def check_complete(parts, forecasts, base_forecasts):
    """The parts sum to the difference of the forecasts, to a thousandth."""
    differences = forecasts - base_forecasts
    tolerance = 1e-3 * np.abs(differences).max()
    np.testing.assert_allclose(parts.sum(axis=(1, 2)), differences, atol=tolerance)


@pytest.mark.parametrize("seed", range(3))
def test_the_planted_step_and_column_are_found(seed):
    X, y, step, column = planted(seed)
    model = trained(X, y)
    parts = window_attributions(model, X)
    place = np.unravel_index(np.abs(parts).mean(axis=0).argmax(), parts.shape[1:])
    assert place == (step, column)
    check_complete(parts, model.predict(X), model.predict(X.mean(axis=0)[None]))
    result = permutation_importance(model, X, y, random_state=0)
    assert result.importances.shape == (N_COLUMNS, 5)
    assert result.importances_mean.argmax() == column
    assert result.importances_std.shape == (N_COLUMNS,)
    others = np.delete(result.importances_mean, column)
    assert result.importances_mean[column] > 1 > 0.2 > others.max()


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_members": 2},
        {"bidirectional": True, "cell": "gru"},
        # The gradient jumps, so more points are needed.
        {"segment": 5, "dense_units": 4},
    ],
)
def test_parts_sum_to_the_difference_for_any_network(parameters):
    X, y, *_ = planted(0)
    model = trained(X, y, epochs=5, **parameters)
    baseline = X[7]
    n_points = 512 if "segment" in parameters else 64
    parts = window_attributions(model, X[:9], baseline=baseline, n_points=n_points)
    check_complete(parts, model.predict(X[:9]), model.predict(baseline[None]))
    assert (parts[7] == 0).all()


@pytest.mark.parametrize("normalization", ["last", "standard"])
def test_normalized_windows(normalization):
    series = 50 + np.random.default_rng(0).normal(size=200).cumsum()
    X = np.lib.stride_tricks.sliding_window_view(series, 6)
    model = trained(X[:-1], X[1:, -1], epochs=3, normalization=normalization)
    parts = window_attributions(model, X[:20], baseline=X[50])
    assert parts.shape == (20, 6, 1)
    check_complete(parts, model.predict(X[:20]), model.predict(X[50:51]))


def test_unknown_steps_have_no_part_and_are_unknown_in_the_baseline():
    X, y, *_ = planted(1)
    model = trained(X, y, epochs=5)
    X = X[:4].copy()
    X[1, :2] = np.nan
    X[2] = np.nan
    baseline = np.ones(X.shape[1:])
    parts = window_attributions(model, X, baseline=baseline)
    assert (parts[np.isnan(X)] == 0).all()
    bases = np.where(np.isnan(X), np.nan, baseline)
    check_complete(parts, model.predict(X), model.predict(bases))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_of_a_class(n_classes):
    X, y, *_ = planted(0)
    labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    model = trained(X, labels, LSTMClassifier, epochs=5)
    for output in range(n_classes):
        parts = window_attributions(model, X, output=output)
        forecasts, base = model.predict_proba(X), model.predict_proba(X.mean(0)[None])
        check_complete(parts, forecasts[:, output], base[:, output])
    if n_classes == 2:
        np.testing.assert_array_equal(window_attributions(model, X), parts)
    else:
        with pytest.raises(ValueError, match=r"from 0 to 2, .* 3 classes \[0, 1, 2\]"):
            window_attributions(model, X)


def test_a_pipeline_explains_the_windows_that_its_network_reads():
    rng = np.random.default_rng(0)
    series = rng.normal(size=(300, 2))
    y = np.roll(series[:, 1], 2)
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(4, horizon=1),
        LSTMRegressor(units=8, epochs=40, learning_rate=0.02, random_state=0),
    ).fit(series, y)
    parts = window_attributions(pipe, series[:100])
    assert parts.shape == (100, 4, 2)
    assert np.abs(parts).mean(axis=0).argmax() == 2 * 2 + 1
    result = permutation_importance(
        pipe, series, y, scoring="neg_mean_absolute_error", n_repeats=2, random_state=0
    )
    assert result.importances_mean.argmax() == 1
    again = permutation_importance(
        pipe, series, y, scoring="neg_mean_absolute_error", n_repeats=2, random_state=0
    )
    np.testing.assert_array_equal(result.importances, again.importances)


def test_what_cannot_be_explained_is_refused(monkeypatch):
    X, y, *_ = planted(0)
    model = trained(X, np.stack([y, y], axis=1), epochs=1)
    with pytest.raises(ValueError, match="from 0 to 1, for one of the 2 targets"):
        window_attributions(model, X)
    with pytest.raises(ValueError, match=r"a window of shape \(5, 3\)"):
        window_attributions(model, X, output=0, baseline=np.zeros(5))
    with pytest.raises(ValueError, match="X has no rows"):
        window_attributions(model, X[:0], output=0)
    with pytest.raises(ValueError, match="scoring must be one score"):
        permutation_importance(model, X, y, scoring=["r2"])
    linear = LinearRegression().fit(X[:, 0], y)
    with pytest.raises(ValueError, match="LinearRegression does not read windows"):
        permutation_importance(linear, X[:, 0], y)
    binned = BinnedRegressor(LSTMClassifier(units=2, epochs=1), n_bins=3).fit(X, y)
    with pytest.raises(TypeError, match="got BinnedRegressor"):
        window_attributions(binned, X)
    X[:, :, 0] = np.arange(len(X))[:, None] % 3
    categorical = trained(X, y, epochs=1, categorical_features=[0])
    with pytest.raises(ValueError, match="no values between categories"):
        window_attributions(categorical, X)
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(RuntimeError, match="needs the gradients of JAX"):
        window_attributions(model, X, output=0)


def test_sums_that_are_wrong_are_reported():
    X, y, *_ = planted(0)
    model = trained(X, y)
    with pytest.warns(UserWarning, match="Set a larger n_points"):
        window_attributions(model, 5 * X, n_points=1)
