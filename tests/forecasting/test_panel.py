"""Classifier and regressor of whole series."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score
from sklearn.model_selection import KFold
from sktime.base import load
from sktime.classification.compose import ClassifierPipeline
from sktime.classification.model_evaluation import evaluate
from sktime.datatypes import convert_to
from sktime.transformations.exponent import ExponentTransformer

from skforecast_lstm import LSTMClassifier, LSTMRegressor, training
from skforecast_lstm.forecasting.panel import (
    LSTMTimeSeriesClassifier,
    LSTMTimeSeriesRegressor,
    _as_windows,
)
from skforecast_lstm.networks.series import series_network

SMALL = {"filters": (), "units": 4, "bidirectional": False, "random_state": 0}


def frame(series):
    """An sktime panel of series, each of shape (n_steps, n_variables)."""
    parts = [pd.DataFrame(values).add_prefix("v") for values in series]
    return pd.concat(parts, keys=range(len(parts)), names=["series", "step"])


@pytest.fixture(scope="module")
def waves():
    """Slow and fast waves of two variables in units of their own, slow ones first."""
    rng = np.random.default_rng(0)
    speeds = np.repeat([0.4, 1.2], 20)
    phases = rng.uniform(0, 6, (40, 1))
    angles = np.arange(12) * speeds[:, None] + phases
    series = np.stack([100 + 10 * np.sin(angles), 1e-3 * np.cos(angles)], axis=1)
    return series, np.repeat(["slow", "fast"], 20), speeds


@pytest.fixture(scope="module")
def ragged(waves):
    """The same waves, each with 6 to 12 of its steps."""
    series, labels, _ = waves
    lengths = np.random.default_rng(1).integers(6, 13, len(series))
    lengths[0] = 12
    return [values.T[:n] for values, n in zip(series, lengths, strict=True)], labels


@pytest.fixture(scope="module")
def fitted(ragged):
    series, labels = ragged
    return LSTMTimeSeriesClassifier(**SMALL, epochs=20).fit(frame(series), labels)


def test_arrays_and_frames_give_the_same_windows(waves):
    series, *_ = waves
    windows = _as_windows(frame(series.swapaxes(1, 2)))
    np.testing.assert_array_equal(windows, series.swapaxes(1, 2))
    np.testing.assert_array_equal(windows, _as_windows(series))


def test_steps_before_the_beginning_are_unknown():
    windows = _as_windows(frame([[[1.0], [2.0], [3.0]], [[4.0]]]))
    np.testing.assert_array_equal(
        windows[..., 0], [[1.0, 2.0, 3.0], [np.nan, np.nan, 4.0]]
    )


def test_series_keep_their_order_whatever_they_are_called():
    panel = frame([[[1.0]], [[2.0]], [[3.0]]])
    panel.index = panel.index.set_levels(["z", "a", "m"], level=0, verify_integrity=False)
    assert _as_windows(panel).ravel().tolist() == [1.0, 2.0, 3.0]


def test_learns_classes_of_equal_length(waves):
    series, labels, _ = waves
    classifier = LSTMTimeSeriesClassifier(filters=8, units=8, random_state=0)
    classifier.fit(series[::2], labels[::2])
    assert classifier.score(series[1::2], labels[1::2]) > 0.9


def test_learns_from_series_of_unequal_length():
    """The class is known only from the last step, and all but one series are short."""
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(n, 1)) for n in [9] + 79 * [4]]
    labels = np.array([values[-1, 0] > 0 for values in series])
    classifier = LSTMTimeSeriesClassifier(**SMALL, learning_rate=0.02)
    classifier.fit(frame(series), labels)
    assert classifier.estimator_.n_left_out_ == 0
    assert classifier.score(frame(series[1:]), labels[1:]) > 0.9


def test_a_series_alone_is_answered_as_among_longer_ones(fitted, ragged):
    series, _ = ragged
    together = fitted.predict_proba(frame(series))
    shortest = int(np.argmin([len(values) for values in series]))
    alone = fitted.predict_proba(frame([series[shortest]]))
    np.testing.assert_allclose(alone[0], together[shortest], rtol=1e-5)


def test_the_last_steps_of_a_longer_series_count(fitted, waves):
    series, *_ = waves
    longer = np.concatenate([series + 1, series], axis=2)
    np.testing.assert_allclose(
        fitted.predict_proba(longer), fitted.predict_proba(series), rtol=1e-5
    )


def test_an_unknown_step_is_passed_over(waves):
    """Without convolutions it is as if the step were not there."""
    series, labels, _ = waves
    classifier = LSTMTimeSeriesClassifier(**SMALL, epochs=2).fit(series, labels)
    unknown = series.copy()
    unknown[:, :, 5] = np.nan
    np.testing.assert_allclose(
        classifier.predict_proba(unknown),
        classifier.predict_proba(np.delete(series, 5, axis=2)),
        rtol=1e-5,
    )


def test_the_mean_stands_in_where_a_step_is_known_in_part(fitted, waves):
    series, *_ = waves
    partly, filled = series.copy(), series.copy()
    partly[:, 1, 5] = np.nan
    filled[:, 1, 5] = fitted.centre_[1]
    np.testing.assert_allclose(
        fitted.predict_proba(partly), fitted.predict_proba(filled), rtol=1e-5
    )


def test_a_series_of_which_nothing_is_known_is_not_trained_on(waves):
    series, labels, _ = waves
    series = series.copy()
    series[3] = np.nan
    classifier = LSTMTimeSeriesClassifier(**SMALL, epochs=2).fit(series, labels)
    assert classifier.estimator_.n_left_out_ == 1
    assert np.isfinite(classifier.predict_proba(series)).all()


def test_a_variable_that_never_changes_or_is_never_known(waves):
    series, labels, _ = waves
    odd = np.stack([np.full((40, 12), 7.0), np.full((40, 12), np.nan)], axis=1)
    classifier = LSTMTimeSeriesClassifier(**SMALL, epochs=2)
    classifier.fit(np.concatenate([series, odd], axis=1), labels)
    assert classifier.centre_[2:].tolist() == [7.0, 0.0]
    assert classifier.spread_[2:].tolist() == [1.0, 1.0]


def test_centre_and_spread_are_those_of_the_known_values_in_fit(fitted, ragged):
    values = np.concatenate(ragged[0])
    np.testing.assert_allclose(fitted.centre_, values.mean(axis=0))
    np.testing.assert_allclose(fitted.spread_, values.std(axis=0))
    fitted.predict(frame([values + 1000]))
    np.testing.assert_allclose(fitted.centre_, values.mean(axis=0))


def test_units_do_not_matter(waves):
    series, labels, _ = waves
    classifier = LSTMTimeSeriesClassifier(**SMALL, epochs=3)
    expected = classifier.fit(series, labels).predict_proba(series)
    scaled = 1000 * series - 5
    np.testing.assert_allclose(
        classifier.fit(scaled, labels).predict_proba(scaled), expected, rtol=1e-3
    )


def test_classes_of_series_that_are_held_out_are_mixed(waves):
    """With the last half held out and labels in order, one class would be unknown."""
    series, labels, _ = waves
    inner = LSTMClassifier(
        units=4,
        early_stopping=True,
        validation_fraction=0.5,
        epochs=40,
        learning_rate=0.02,
        model=series_network,
        random_state=0,
    )
    classifier = LSTMTimeSeriesClassifier(inner).fit(series, labels)
    assert "val_loss" in classifier.estimator_.history_
    assert classifier.score(series, labels) > 0.8


def test_the_network_is_the_one_that_the_parameters_describe(waves):
    series, labels, _ = waves
    classifier = LSTMTimeSeriesClassifier(
        filters=(3, 5), kernel_size=4, units=6, cell="gru", dropout=0.3, epochs=1
    )
    network = classifier.fit(series, labels).estimator_.model_
    by_name = {type(layer).__name__: layer for layer in network.layers}
    assert by_name["Bidirectional"].forward_layer.units == 6
    assert type(by_name["Bidirectional"].forward_layer).__name__ == "GRU"
    assert by_name["Dropout"].rate == 0.3
    assert [v.shape for v in network.trainable_variables[:4:2]] == [(8, 3), (12, 5)]
    assert classifier.estimator_.n_iter_ == 1


def test_an_estimator_of_the_users_is_copied_and_takes_what_is_given(waves):
    series, labels, _ = waves
    inner = LSTMClassifier(units=3, cell="gru", epochs=2, random_state=5)
    classifier = LSTMTimeSeriesClassifier(inner, class_weight="balanced")
    classifier.fit(series, labels)
    assert not hasattr(inner, "model_")
    assert inner.class_weight is None
    assert classifier.estimator_.model_.layers[2].units == 3
    assert classifier.estimator_.class_weight == "balanced"
    assert classifier.estimator_.random_state == 5
    classifier.set_params(random_state=7, estimator__units=2).fit(series, labels)
    assert classifier.estimator_.random_state == 7
    assert classifier.estimator_.model_.layers[2].units == 2


@pytest.mark.parametrize(
    ("wrapper", "inner"),
    [
        (LSTMTimeSeriesClassifier, LSTMRegressor()),
        (LSTMTimeSeriesRegressor, LSTMClassifier()),
    ],
)
def test_an_estimator_of_the_wrong_kind_is_refused(wrapper, inner, waves):
    series, _, speeds = waves
    with pytest.raises(TypeError, match="estimator must be None or of LSTM"):
        wrapper(inner).fit(series, speeds.astype(int))


def test_other_variables_are_refused(fitted, waves):
    with pytest.raises(ValueError, match="X has 1 variables, but LSTMTimeSeriesC"):
        fitted.predict(waves[0][:, :1])


def test_variables_are_told_apart_by_name(fitted, ragged):
    panel = frame(ragged[0])
    expected = fitted.predict_proba(panel)
    swapped = panel[["v1", "v0"]]
    np.testing.assert_array_equal(fitted.predict_proba(swapped), expected)
    with pytest.raises(
        ValueError, match=r"lacks the columns \['v1'\].*mean 'v1' instead of 'V1'"
    ):
        fitted.predict(panel.rename(columns={"v1": "V1"}))
    with pytest.raises(ValueError, match=r"lacks the columns \['v0', 'v1'\]"):
        fitted.predict(panel.set_axis(["x", "y"], axis=1))
    # Arrays have no names.
    whole = [number for number, values in enumerate(ragged[0]) if len(values) == 12]
    arrays = np.stack([ragged[0][number].T for number in whole])
    np.testing.assert_allclose(fitted.predict_proba(arrays), expected[whole], atol=1e-6)


def test_infinity_is_refused(waves):
    series, labels, _ = waves
    series = series.copy()
    series[4, 1, 2] = np.inf
    with pytest.raises(ValueError, match="infinity, first at series 4, variable 1"):
        LSTMTimeSeriesClassifier(**SMALL).fit(series, labels)


def test_class_weights_move_the_probabilities(waves):
    series, labels, _ = waves
    fast = {}
    for weight in (0.1, 10.0):
        classifier = LSTMTimeSeriesClassifier(
            **SMALL, epochs=30, class_weight={"fast": weight, "slow": 1.0}
        )
        fast[weight] = classifier.fit(series, labels).predict_proba(series)[:, 0]
    assert (fast[10.0] > fast[0.1]).all()
    assert fast[10.0].mean() > fast[0.1].mean() + 0.1


def test_one_seed_gives_one_result(waves):
    series, labels, _ = waves
    classifier = LSTMTimeSeriesClassifier(**SMALL, epochs=3, dropout=0.5)
    expected = classifier.fit(series, labels).predict_proba(series)
    again = classifier.clone().fit(series, labels).predict_proba(series)
    np.testing.assert_array_equal(again, expected)


def test_learns_numbers(waves):
    series, _, speeds = waves
    regressor = LSTMTimeSeriesRegressor(filters=8, units=8, random_state=0)
    regressor.fit(series[::2], 1000 * speeds[::2])
    assert regressor.score(series[1::2], 1000 * speeds[1::2]) > 0.9


def test_several_targets_are_of_one_network(ragged):
    series, _ = ragged
    targets = pd.DataFrame(
        {"length": [len(values) for values in series], "last": 1.0},
        dtype=float,
    )
    regressor = LSTMTimeSeriesRegressor(**SMALL, epochs=2).fit(frame(series), targets)
    assert regressor.estimator_.model_.output_shape == (None, 2)
    predicted = regressor.predict(frame(series))
    assert list(predicted) == ["length", "last"]
    assert predicted.shape == (40, 2)


def test_as_many_series_are_held_out_whatever_the_number_of_targets(waves, monkeypatch):
    series, _, speeds = waves
    reached = []
    fit = training.fit

    def recorded(model, samples, **options):
        reached.append((len(samples), len(options["validation_data"])))
        return fit(model, samples, **options)

    monkeypatch.setattr(training, "fit", recorded)
    for n_targets in (1, 3):
        targets = np.stack([speeds, -speeds, speeds**2], axis=1)[:, :n_targets]
        early = LSTMRegressor(1, cell="rnn", epochs=1, early_stopping=True)
        LSTMTimeSeriesRegressor(early, random_state=0).fit(series, targets)
    assert reached == [(36, 4), (36, 4)]


def test_behind_a_transformer_of_sktimes(ragged):
    series, labels = ragged
    panel, squares = frame(series), frame([values**2 for values in series])
    pipeline = ExponentTransformer(2, offset=0) * LSTMTimeSeriesClassifier(
        **SMALL, epochs=2
    )
    assert isinstance(pipeline, ClassifierPipeline)
    alone = LSTMTimeSeriesClassifier(**SMALL, epochs=2)
    np.testing.assert_allclose(
        pipeline.fit(panel, labels).predict_proba(panel),
        alone.fit(squares, labels).predict_proba(squares),
        rtol=1e-5,
    )


def test_in_sktimes_evaluate(waves):
    series, labels, _ = waves
    results = evaluate(
        LSTMTimeSeriesClassifier(**SMALL, epochs=2),
        cv=KFold(2, shuffle=True, random_state=0),
        X=convert_to(series, "pd-multiindex"),
        y=labels,
        scoring=accuracy_score,
        error_score="raise",
    )
    assert results["test_accuracy_score"].between(0, 1).all()
    assert len(results) == 2


def test_out_of_sample_predictions_of_sktimes(waves):
    """Each fold is predicted by what was fitted on the other."""
    series, _, speeds = waves
    numbers = np.where(speeds > 1, 1.0, 0.0)
    panel = convert_to(series, "pd-multiindex")
    classifier = LSTMTimeSeriesClassifier(**SMALL, epochs=2)
    proba = classifier.fit_predict_proba(panel, numbers, cv=2)
    (train, test), _ = KFold(2, shuffle=True, random_state=0).split(series)
    alone = classifier.clone().fit(series[train], numbers[train])
    np.testing.assert_allclose(proba[test], alone.predict_proba(series[test]), rtol=1e-5)


def test_saved_and_loaded(fitted, ragged, tmp_path):
    panel = frame(ragged[0])
    fitted.save(tmp_path / "classifier")
    loaded = load(tmp_path / "classifier.zip")
    np.testing.assert_allclose(
        loaded.predict_proba(panel), fitted.predict_proba(panel), rtol=1e-6
    )


def test_fitted_parameters(fitted):
    parameters = fitted.get_fitted_params()
    assert parameters["n_steps"] == 12
    assert parameters["n_variables"] == 2
    assert parameters["classes"].tolist() == ["fast", "slow"]
    assert parameters["estimator"] is fitted.estimator_
