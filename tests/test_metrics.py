"""Scores that leave out unknown targets."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.metrics import get_scorer
from skforecast_lstm.persistence import load, save
from skforecast_lstm.targets import horizon_targets

NAMES = [
    "neg_mean_absolute_error",
    "neg_mean_squared_error",
    "neg_median_absolute_error",
    "neg_root_mean_squared_error",
    "explained_variance",
    "r2",
]


class Fixed(RegressorMixin, BaseEstimator):
    """Predict given numbers."""

    def __init__(self, answer):
        self.answer = answer
        self.n_calls = 0

    def fit(self, X, y):
        return self

    def predict(self, X):
        assert len(X) == len(self.answer)
        self.n_calls += 1
        return self.answer


NUMBERS = st.one_of(st.integers(-9, 9), st.just(np.nan))
TARGETS = array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=12).flatmap(
    lambda shape: st.tuples(
        arrays(float, shape, elements=NUMBERS),
        arrays(float, shape, elements=st.integers(-9, 9)),
        arrays(float, shape[0], elements=st.integers(1, 5)),
        st.sampled_from(NAMES),
        st.booleans(),
    )
)


@settings(deadline=None)
@given(TARGETS)
def test_the_score_is_the_mean_over_columns_of_the_known_rows(drawn):
    y, answer, weights, name, weighted = drawn
    columns, answers = y.reshape(len(y), -1), answer.reshape(len(y), -1)
    assume((~np.isnan(columns)).sum(axis=0).min() >= 2)
    scorer, given = metrics.get_scorer(name), {}
    if weighted:
        given["sample_weight"] = weights
    expected = []
    for column, known in enumerate(~np.isnan(columns).T):
        estimator = Fixed(answers[known, column])
        kept = {key: value[known] for key, value in given.items()}
        expected.append(scorer(estimator, columns[known], columns[known, column], **kept))
    estimator = Fixed(answer)
    got = get_scorer(name)(estimator, columns, y, **given)
    np.testing.assert_allclose(got, np.mean(expected), rtol=1e-12)
    got = get_scorer(name, multioutput="raw_values")(estimator, columns, y, **given)
    assert list(got) == ["score", *(f"y{column}" for column in range(len(expected)))]
    np.testing.assert_allclose(list(got.values())[1:], expected, rtol=1e-12)
    np.testing.assert_allclose(got["score"], np.mean(expected), rtol=1e-12)


@settings(deadline=None)
@given(TARGETS)
def test_with_known_targets_it_is_the_score_of_scikit_learn(drawn):
    y, answer, weights, name, weighted = drawn
    assume(len(y) > 1)
    y, given = np.nan_to_num(y), {"sample_weight": weights} if weighted else {}
    estimator = Fixed(answer)
    expected = metrics.get_scorer(name)(estimator, y, y, **given)
    assert get_scorer(name)(estimator, y, y, **given) == expected


def test_rows_are_predicted_once():
    y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan], [np.nan, np.nan]])
    estimator = Fixed(np.zeros((4, 2)))
    scores = get_scorer("neg_mean_absolute_error", multioutput="raw_values")
    assert scores(estimator, y, y) == {"score": -3.0, "y0": -3.0, "y1": -3.0}
    assert estimator.n_calls == 1


def test_only_the_columns_with_targets_need_them():
    y, estimator = np.array([[1.0, np.nan]] * 3), Fixed(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"Column 'y1' of y has no known value in 3 row"):
        get_scorer("r2")(estimator, y, y)
    with pytest.raises(ValueError, match="None of the 3 rows has a known target"):
        get_scorer("r2")(estimator, y, y * np.nan)


def test_a_scorer_that_is_no_mean_of_columns_is_refused():
    generator = np.random.default_rng(0)
    y, answer = generator.normal(size=(2, 20, 2)) * [1, 5]
    answer += y
    scorer = metrics.make_scorer(metrics.r2_score, multioutput="variance_weighted")
    whole, estimator = y.copy(), Fixed(answer)
    assert get_scorer(scorer)(estimator, y, y) == scorer(estimator, y, y)
    # Rows without any target make no difference for it.
    whole[-3:] = np.nan
    expected = scorer(Fixed(answer[:-3]), y[:-3], y[:-3])
    assert get_scorer(scorer)(estimator, y, whole) == expected
    y[-1, 1] = np.nan
    with pytest.raises(ValueError, match="is not the mean of the columns"):
        get_scorer(scorer)(estimator, y, y)


def test_quantiles_of_one_target_are_scored_on_its_known_rows():
    answer = np.array([[0.0, 2.0], [1.0, 3.0], [5.0, 7.0]])
    y = np.array([1.0, 2.0, np.nan])

    def coverage(estimator, X, y):
        low, high = estimator.predict(X).T
        return float(((low <= y) & (y <= high)).mean())

    assert get_scorer(coverage)(Fixed(answer), answer, y) == 1.0
    scorer = get_scorer("r2", multioutput="raw_values")
    with pytest.raises(ValueError, match=r"predictions have shape \(3, 2\)"):
        scorer(Fixed(answer), answer, np.c_[y, y, y])


@pytest.mark.parametrize(
    "name", ["accuracy", "neg_log_loss", "roc_auc", "balanced_accuracy", "f1_macro"]
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifiers(name, n_classes):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 2))
    labels = np.array(["a", "b", "c"], object)[generator.integers(n_classes, size=60)]
    classifier = LogisticRegression().fit(X, labels)
    if name == "roc_auc" and n_classes == 3:
        name = "roc_auc_ovr"
    expected = metrics.get_scorer(name)(classifier, X[:50], labels[:50])
    labels[50:] = None
    assert get_scorer(name)(classifier, X, labels) == pytest.approx(expected, rel=1e-12)
    assert get_scorer(name)(classifier, X, pd.Series(labels)) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", ["boolean", "Int64", "Float64", object])
def test_labels_of_nullable_types(dtype):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 2))
    rises = X[:, 0] + generator.normal(size=60) > 0
    y = rises if dtype in ("boolean", object) else rises.astype(float)
    classifier = LogisticRegression().fit(X, y)
    labels = pd.Series(y).astype(dtype)
    labels[50:] = pd.NA
    for name in ("accuracy", "roc_auc", "f1"):
        expected = metrics.get_scorer(name)(classifier, X[:50], y[:50])
        assert get_scorer(name)(classifier, X, labels) == pytest.approx(expected)


def _series(n_rows=80):
    index = pd.date_range("2026-01-01", periods=n_rows, freq="h")
    return pd.DataFrame({"load": np.sin(np.arange(n_rows) / 4)}, index=index)


def _pipeline(last, n_rows=8):
    pipe = make_pipeline(LookbackWindower(n_rows, horizon=1), last)
    return pipe.set_output(transform="pandas")


def test_score_of_a_pipeline():
    series = _series()
    targets = horizon_targets(series, 3)
    pipe = _pipeline(LSTMRegressor(units=2, epochs=2, random_state=0))
    answer = pipe.fit(series, targets).predict(series)
    expected = np.mean(
        [
            metrics.r2_score(targets[: 80 - step, step], answer[: 80 - step, step])
            for step in range(3)
        ]
    )
    assert pipe.score(series, targets) == pytest.approx(expected, rel=1e-6)
    complete = slice(78)
    expected = metrics.r2_score(targets[complete], answer[complete])
    assert pipe.score(series[complete], targets[complete]) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["LSTMClassifier", "BinnedRegressor"])
def test_score_of_labels_and_of_bins(name):
    series = _series()
    classifier = LSTMClassifier(units=2, epochs=2, random_state=0)
    labels = (series["load"] > 0).astype(float)
    last, y = {
        "LSTMClassifier": (classifier, labels),
        "BinnedRegressor": (BinnedRegressor(classifier, n_bins=3), series["load"]),
    }[name]
    pipe = _pipeline(last).fit(series, y)
    expected = pipe.score(series[:70], y[:70])
    assert pipe.score(series, y.mask(np.arange(80) >= 70)) == pytest.approx(expected)


def test_in_searches_with_a_score_for_each_step(tmp_path):
    series = _series()
    with sklearn.config_context(transform_output="pandas"):
        targets = horizon_targets(series, 3)
    pipe = _pipeline(LSTMRegressor(units=2, epochs=1, random_state=0))
    scorer = get_scorer("neg_mean_absolute_error", multioutput="raw_values")
    cv = TimeSeriesSplit(2, test_size=20)
    search = GridSearchCV(
        pipe, {"lstmregressor__units": [2, 3]}, scoring=scorer, refit="score", cv=cv
    )
    search.fit(series, targets)
    results = search.cv_results_
    keys = ["mean_test_load_t+1", "mean_test_load_t+2", "mean_test_load_t+3"]
    steps = np.mean([results[key] for key in keys], axis=0)
    np.testing.assert_allclose(results["mean_test_score"], steps)
    assert search.best_score_ == max(results["mean_test_score"])
    save(search, tmp_path / "search.lstm")
    again = load(tmp_path / "search.lstm")
    assert again.scorer_(again, series, targets) == scorer(search, series, targets)
    # Other metrics beside each other, after a gap in which rows have no history.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_validate(
            pipe,
            series,
            targets,
            cv=TimeSeriesSplit(2, gap=2, test_size=20),
            scoring={name: get_scorer(name) for name in NAMES},
        )
    assert all(np.isfinite(scores[f"test_{name}"]).all() for name in NAMES)


def test_what_it_does_not_know():
    with pytest.raises(ValueError, match='multioutput must be "uniform_average"'):
        get_scorer("r2", multioutput="variance_weighted")
    with pytest.raises(ValueError, match="mae"):
        get_scorer("mae")
    assert repr(get_scorer("r2")).startswith("get_scorer(make_scorer(r2_score")


@sklearn.config_context(enable_metadata_routing=True)
def test_weights_are_routed_to_the_scorer():
    y = np.r_[np.arange(19.0), np.nan]
    X, weights = y[:, None], np.r_[np.zeros(10), np.ones(10)]
    scorer = metrics.get_scorer("neg_mean_absolute_error")
    folds = [(np.arange(20), np.arange(20))]
    estimator = Fixed(np.zeros(20))
    for wanted in (
        get_scorer(scorer).set_score_request(sample_weight=True),
        get_scorer(scorer.set_score_request(sample_weight=True)),
    ):
        scores = cross_validate(
            estimator, X, y, cv=folds, scoring=wanted, params={"sample_weight": weights}
        )
        assert scores["test_score"] == -np.mean(y[10:19])


class _Constant(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_an_estimator_without_probabilities():
    labels = np.array(["a", "b", None], object)
    classifier = _Constant().fit(None, ["a", "b"])
    X = np.zeros((3, 1))
    assert get_scorer("accuracy")(classifier, X, labels) == 0.5
    with pytest.raises(AttributeError, match="predict_proba"):
        get_scorer("neg_log_loss")(classifier, X, labels)
