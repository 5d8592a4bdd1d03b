"""Targets of which a part is not known, as of a series with gaps some steps ahead."""

import keras
import numpy as np
import pytest

from skforecast_lstm import LookbackWindower, LSTMRegressor, persistence, training
from skforecast_lstm.networks import (
    KnownTargetsLoss,
    KnownTargetsMetric,
    KnownTargetsStatistic,
    MeanAbsoluteScaledError,
    QuantileLoss,
    SymmetricMeanAbsolutePercentageError,
)
from skforecast_lstm.targets import horizon_targets

UNKNOWN = np.nan
LOSSES = [
    "mse", "mae", "mape", "msle", "huber", "log_cosh", "poisson",
    SymmetricMeanAbsolutePercentageError(),
    MeanAbsoluteScaledError((0.5, 2.0, 1.0)),
]  # fmt: skip


def with_gaps(rng):
    y, outputs = rng.uniform(1, 3, size=(2, 20, 3)).astype("float32")
    y[rng.random(y.shape) < 0.4] = UNKNOWN
    y[:, 0] = 2
    return y, outputs


def slope(loss, y, outputs):
    import jax

    return np.asarray(jax.grad(lambda given: loss(y, given))(outputs))


@pytest.mark.parametrize("given", LOSSES, ids=lambda given: getattr(given, "name", given))
def test_value_and_slope_are_those_of_the_known_numbers(given, rng):
    y, outputs = with_gaps(rng)
    loss, known = KnownTargetsLoss(given), ~np.isnan(y)
    plain = loss.inner
    # Targets that are met change nothing but what the mean is over.
    filled = np.where(known, y, 0), np.where(known, outputs, 0)
    assert float(loss(y, outputs)) == pytest.approx(float(plain(*filled)), 1e-5)
    found = slope(loss, y, outputs)
    assert (found[~known] == 0).all()
    np.testing.assert_allclose(found[known], slope(plain, *filled)[known], rtol=1e-5)


def test_quantiles_of_a_target_are_unknown_together(rng):
    y, outputs = with_gaps(rng)[0], rng.normal(size=(20, 6)).astype("float32")
    loss = KnownTargetsLoss(QuantileLoss([0.1, 0.9]))
    error = (y[..., None] - outputs.reshape(20, 3, 2)).astype("float64")
    levels = np.array([0.1, 0.9])
    expected = np.nansum(np.maximum(levels * error, (levels - 1) * error)) / 120
    for targets in (y, np.repeat(y, 2, axis=1)):
        assert float(loss(targets, outputs)) == pytest.approx(expected, 1e-4)


def test_a_metric_is_the_mean_of_what_is_known(rng):
    y, outputs = with_gaps(rng)
    for given in ("mae", keras.metrics.MeanAbsoluteError()):
        found = float(KnownTargetsMetric(given)(y, outputs))
        assert found == pytest.approx(np.nanmean(np.abs(y - outputs)), 1e-5)


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ("mse", (0.5, 2.0)),
        ("poisson", (0.5, 2.0)),
        ("hinge", (-1.0, 1.0)),
        ("squared_hinge", (0.0, 1.0)),
        ("binary_crossentropy", (0.0, 1.0)),
        (keras.losses.BinaryCrossentropy(from_logits=True), (0.0, 1.0)),
        (keras.losses.BinaryFocalCrossentropy(from_logits=True), (0.0, 1.0)),
        (keras.losses.BinaryCrossentropy(label_smoothing=0.2), (0.0, 1.0)),
        (lambda y, f: keras.ops.mean((y - f) ** 2 + 3.0, axis=-1), (0.5, 2.0)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_loss_and_metric_are_those_of_keras_on_the_known_numbers(given, labels, rng):
    y = rng.choice(labels, size=(20, 3)).astype("float32")
    outputs = rng.uniform(0.1, 0.9, y.shape).astype("float32")
    known = rng.random(y.shape) > 0.4
    known[:, 0] = True
    loss = KnownTargetsLoss(given)
    each = [
        loss.inner.call(y[row : row + 1, columns], outputs[row : row + 1, columns])
        for row, columns in enumerate(known)
    ]
    expected = np.concatenate(each) * known.mean(axis=1)
    y[~known] = UNKNOWN
    np.testing.assert_allclose(loss.call(y, outputs), expected, rtol=1e-4, atol=1e-6)
    if not isinstance(given, keras.losses.Loss):
        found = float(KnownTargetsMetric(given)(y, outputs))
        assert found == pytest.approx(expected.sum() / known.mean(axis=1).sum(), 1e-4)


@pytest.mark.parametrize(
    "kind", [keras.metrics.RootMeanSquaredError, keras.metrics.R2Score]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_that_are_no_mean_are_those_of_the_known_numbers(kind, weighted, rng):
    y, outputs = with_gaps(rng)
    known, weights = ~np.isnan(y), rng.uniform(0.5, 2, 20)
    metric = KnownTargetsStatistic(kind())
    for rows in (slice(8), slice(8, None)):
        metric.update_state(y[rows], outputs[rows], weights[rows] if weighted else None)
    of_each = (known * weights[:, None]) if weighted else known.astype(float)
    squares = of_each * np.where(known, (y - outputs) ** 2, 0)
    expected = np.sqrt(squares.sum() / of_each.sum())
    if kind is keras.metrics.R2Score:
        y = np.where(known, y, 0).astype(float)
        mean = (of_each * y).sum(0) / of_each.sum(0)
        total = (of_each * (y - mean) ** 2).sum(0)
        # The first column does not vary, which Keras counts as 0.
        expected = (1 - squares.sum(0)[1:] / total[1:]).sum() / 3
    assert float(metric.result()) == pytest.approx(expected, 1e-4)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(metric)
    )
    assert type(again.inner) is kind


def test_what_compares_columns_is_refused():
    windows, targets = closed_on_sundays(3)
    for options in (
        {"loss": "categorical_crossentropy"},
        {"loss": keras.losses.Dice()},
        {"metrics": ["pearson_correlation"]},
        {"metrics": [keras.metrics.CategoricalAccuracy()]},
    ):
        with pytest.raises(ValueError, match="compares the columns of a target"):
            LSTMRegressor(2, **options).fit(windows, targets)


def closed_on_sundays(n_steps, n_rows=210):
    series = 10 + np.sin(np.arange(n_rows) / 3).reshape(-1, 1)
    y = series.copy()
    y[6::7] = UNKNOWN
    windows = LookbackWindower(5, horizon=1).fit_transform(series)
    return windows, horizon_targets(y, n_steps)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalization": "last", "base": "last"},
        {"n_members": 2, "metrics": ["mae"]},
        {"loss": "huber", "early_stopping": True},
    ],
    ids=str,
)
def test_a_series_closed_on_sundays_is_learnt_a_week_ahead(options):
    windows, targets = closed_on_sundays(7)
    regressor = LSTMRegressor(4, epochs=15, random_state=0, **options)
    regressor.fit(windows, targets)
    # The first windows are not complete, and the last row is a Sunday.
    assert regressor.n_left_out_ == 6
    assert np.isfinite(regressor.history_["loss"]).all()
    losses = regressor.history_["loss"]
    assert losses[-1] < losses[0]
    assert np.isfinite(regressor.predict(windows)).all()


def test_loss_and_metric_are_means_of_what_is_known():
    windows, targets = closed_on_sundays(4)
    regressor = LSTMRegressor(
        2,
        epochs=2,
        learning_rate=1e-30,
        metrics=["mse", keras.metrics.RootMeanSquaredError()],
        batch_size=300,
        random_state=0,
    )
    regressor.fit(windows, targets)
    answers = regressor.predict(windows)[5:]
    expected = np.nanmean((answers - targets[5:]) ** 2)
    for name in ("loss", "mse"):
        assert regressor.history_[name][-1] == pytest.approx(expected, 1e-4)
    root = regressor.history_["root_mean_squared_error"][-1]
    assert root == pytest.approx(np.sqrt(expected), 1e-4)


def test_what_stands_in_an_unknown_place_makes_no_difference(rng, tmp_path):
    windows, targets = closed_on_sundays(3)
    options = {"epochs": 2, "random_state": 0, "shuffle": False}
    weights = rng.uniform(1, 2, len(targets))
    fitted = LSTMRegressor(2, **options).fit(windows, targets, weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.dispatch, "can_train", lambda model: False)
        by_keras = LSTMRegressor(2, **options).fit(windows, targets, weights)
    np.testing.assert_allclose(
        fitted.predict(windows), by_keras.predict(windows), rtol=1e-4
    )
    fitted.partial_fit(windows, targets)
    persistence.save(fitted, tmp_path / "fitted.lstm")
    loaded = persistence.load(tmp_path / "fitted.lstm")
    np.testing.assert_array_equal(loaded.predict(windows), fitted.predict(windows))


def test_a_target_that_is_never_known_is_refused():
    windows, targets = closed_on_sundays(2)
    targets = np.array(targets)
    targets[:, 1] = UNKNOWN
    with pytest.raises(ValueError, match="Column 1 of y has no known value"):
        LSTMRegressor(2).fit(windows, targets)


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (KnownTargetsLoss, keras.losses.Huber(0.25)),
        (KnownTargetsMetric, keras.metrics.CosineSimilarity(axis=0)),
    ],
    ids=["loss", "metric"],
)
def test_copies_have_the_arguments_of_what_is_inside(kind, item):
    again = kind.from_config(kind(item).get_config())
    assert again.given._fn_kwargs == item._fn_kwargs
