"""BinnedRegressor: its bins, what it passes on, and its answers."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_regressor
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skforecast_lstm import BinnedRegressor, LookbackWindower, LSTMClassifier

law = settings(max_examples=100, deadline=None)
numbers = st.floats(-1e6, 1e6)


class Told(ClassifierMixin, BaseEstimator):
    """A classifier that predicts the probabilities it is given, and keeps what it saw."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.asarray(X)


def small_lstm(**parameters):
    return LSTMClassifier(**{"units": 2, "epochs": 2, "random_state": 0} | parameters)


@pytest.fixture
def skewed(rng):
    """Targets whose spread grows with the one feature."""
    X = rng.uniform(0, 1, size=(600, 1))
    return X, 2 + X[:, 0] * rng.exponential(3, size=600)


# ---------------------------------------------------------------------------- the bins


@law
@given(
    y=hnp.arrays(float, st.integers(2, 60), elements=numbers),
    n_bins=st.integers(2, 12),
    strategy=st.sampled_from(["quantile", "uniform"]),
    ties=st.booleans(),
)
def test_bins_hold_the_targets(y, n_bins, strategy, ties):
    y = y.round(-5) if ties else y
    if y.min() == y.max():
        y = np.append(y, y[0] + 1)
    binned = BinnedRegressor(Told(), n_bins=n_bins, strategy=strategy)
    binned.fit(np.zeros((len(y), 1)), y)
    edges, bins = binned.bin_edges_, binned.classifier_.y_
    assert edges[0] == y.min()
    assert edges[-1] == y.max()
    assert (np.diff(edges) >= 0).all()
    assert binned.classes_.tolist() == list(range(len(edges) - 1))
    assert len(binned.classes_) <= n_bins
    np.testing.assert_array_equal(bins, np.searchsorted(edges[1:-1], y))
    assert ((edges[bins] <= y) & (y <= edges[bins + 1])).all()
    for k in np.unique(bins):
        np.testing.assert_allclose(binned.bin_means_[k], y[bins == k].mean(), atol=1e-6)
    if strategy == "uniform":
        assert len(binned.classes_) == n_bins
        width = (y.max() - y.min()) / n_bins
        np.testing.assert_allclose(np.diff(edges), width, atol=1e-6)
    else:
        assert len(np.unique(bins)) == len(binned.classes_)
        if len(np.unique(y)) == len(y) >= n_bins:
            assert np.ptp(np.bincount(bins)) <= 1


@pytest.mark.parametrize("rare", [0, 30])
def test_many_equal_targets_stay_together(rare):
    y = np.r_[np.full(90, 7.0), np.full(10, rare)]
    binned = BinnedRegressor(Told()).fit(np.zeros((100, 1)), y)
    assert np.bincount(binned.classifier_.y_).tolist() == (
        [10, 90] if rare < 7 else [90, 10]
    )
    assert binned.bin_means_.tolist() == sorted([7, rare])


def test_weights_count_like_repeated_rows_and_zero_like_none(skewed, rng):
    X, y = skewed
    times = rng.integers(0, 4, size=len(y))
    weighted = BinnedRegressor(GaussianNB(), n_bins=5).fit(X, y, sample_weight=times)
    repeated = BinnedRegressor(GaussianNB(), n_bins=5).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    np.testing.assert_array_equal(weighted.bin_edges_, repeated.bin_edges_)
    np.testing.assert_allclose(weighted.bin_means_, repeated.bin_means_)
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X))


def test_weights_reach_the_network_in_one_full_batch(rng):
    X, y = rng.normal(size=(40, 6)), rng.normal(size=40)
    times = rng.integers(0, 3, size=40)
    one_batch = BinnedRegressor(small_lstm(batch_size=512), n_bins=3)
    weighted = clone(one_batch).fit(X, y, sample_weight=times)
    repeated = clone(one_batch).fit(X.repeat(times, axis=0), y.repeat(times))
    unweighted = clone(one_batch).fit(X, y)
    predicted = weighted.predict(X)
    np.testing.assert_allclose(predicted, repeated.predict(X), atol=1e-4)
    assert np.abs(predicted - unweighted.predict(X)).max() > 1e-3


# -------------------------------------------------------------------------- the answers


@law
@given(
    probabilities=hnp.arrays(
        float, st.tuples(st.integers(1, 5), st.just(4)), elements=st.floats(0, 1)
    ).filter(lambda p: (p.sum(axis=1) > 1e-3).all()),
    levels=st.lists(st.floats(0, 1), min_size=1, max_size=8),
    y=st.lists(numbers, min_size=4, max_size=4, unique=True).map(sorted),
)
def test_quantiles_invert_the_piecewise_linear_distribution(probabilities, levels, y):
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    binned = BinnedRegressor(Told(), n_bins=4).fit(np.zeros((4, 4)), np.array(y))
    levels = np.sort([*levels, 0, 1])
    quantiles = binned.predict_quantiles(probabilities, levels)
    assert quantiles.shape == (len(probabilities), len(levels))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles.min() >= y[0]
    assert quantiles.max() <= y[-1]
    # Back from quantiles that lie far enough apart to be told from each other.
    binned.bin_edges_ = np.arange(5.0)
    quantiles = binned.predict_quantiles(probabilities, levels)
    for row, probability in zip(quantiles, probabilities, strict=True):
        below = np.interp(row, binned.bin_edges_, np.r_[0, probability.cumsum()])
        np.testing.assert_allclose(below, levels, atol=1e-9)


def test_expected_value_and_class_come_from_the_probabilities():
    binned = BinnedRegressor(Told(), n_bins=2)
    binned.fit(np.zeros((4, 2)), np.array([1.0, 3.0, 10.0, 20.0]))
    X = [[1.0, 0.0], [0.25, 0.75]]
    assert binned.predict(X).tolist() == [2, 0.25 * 2 + 0.75 * 15]
    assert binned.predict_class(X).tolist() == [0, 1]
    np.testing.assert_allclose(binned.predict_quantiles(X, 0.5), [2, 3 + 17 / 3])


def test_bins_without_targets_have_no_probability():
    y = np.r_[np.linspace(0, 1, 50), 10.0]
    binned = BinnedRegressor(GaussianNB(), strategy="uniform").fit(y[:, None], y)
    probabilities = binned.predict_proba([[0.5], [10.0]])
    assert probabilities.shape == (2, 10)
    assert (probabilities[:, 1:9] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert binned.predict_class([[0.5], [10.0]]).tolist() == [0, 9]
    # The median of the first is in its bin, not stretched over the empty ones.
    assert binned.predict_quantiles([[0.5]], 0.5) < 1


def test_quantiles_are_calibrated_on_new_rows(skewed):
    X, y = skewed
    binned = BinnedRegressor(LogisticRegression(max_iter=1000)).fit(X[:400], y[:400])
    low, high = binned.predict_quantiles(X[400:], [0.1, 0.9]).T
    assert 0.7 < np.mean((low <= y[400:]) & (y[400:] <= high)) < 0.9
    # The spread grows with the feature, and so does the range.
    assert np.corrcoef(X[400:, 0], high - low)[0, 1] > 0.8


# ------------------------------------------------------------------ what it passes on


def test_windows_reach_the_network_as_the_view_that_they_are(monkeypatch, rng):
    seen = []
    fit = LSTMClassifier.fit

    def spy(self, X, y, **params):
        seen.append((X, y))
        return fit(self, X, y, **params)

    monkeypatch.setattr(LSTMClassifier, "fit", spy)
    series = rng.normal(size=(60, 2))
    y = series[:, 0].copy()
    y[[0, 30]] = np.nan
    windows = LookbackWindower(5, horizon=1).fit_transform(series)
    binned = BinnedRegressor(small_lstm(), n_bins=3).fit(windows, y)
    (X, bins), *_ = seen
    assert X is windows
    assert np.flatnonzero(np.isnan(bins)).tolist() == [0, 30]
    assert binned.classifier_.n_left_out_ == 6
    assert np.isfinite(binned.predict(windows)).all()
    # Metrics want them to add up to more digits than those of a network do.
    np.testing.assert_allclose(binned.predict_proba(windows).sum(axis=1), 1, rtol=1e-14)


def test_rows_without_weight_are_no_unknown_targets(rng):
    classifier = LSTMClassifier(1, cell="rnn", epochs=1)
    weights = np.repeat([0.0, 1.0], [30, 10])
    # No warning that most rows are left out.
    BinnedRegressor(classifier, n_bins=2).fit(
        rng.normal(size=(40, 3)), rng.normal(size=40), weights
    )


def test_rows_without_target_are_left_out_for_other_classifiers(skewed):
    X, y = skewed
    y = np.where(np.arange(len(y)) % 3 == 0, np.nan, y)
    weights = np.linspace(1, 2, len(y))
    known = ~np.isnan(y)
    binned = BinnedRegressor(GaussianNB()).fit(X, y, sample_weight=weights)
    alone = BinnedRegressor(GaussianNB()).fit(
        X[known], y[known], sample_weight=weights[known]
    )
    np.testing.assert_array_equal(binned.predict(X), alone.predict(X))


def test_rows_are_not_left_out_before_the_steps_of_a_pipeline(rng):
    series = pd.DataFrame({"y": rng.normal(size=60)})
    y = series["y"].where(series.index > 2)
    windower = LookbackWindower(3, horizon=1)
    inside = BinnedRegressor(make_pipeline(windower, small_lstm()), n_bins=3)
    outside = make_pipeline(windower, BinnedRegressor(small_lstm(), n_bins=3))
    np.testing.assert_array_equal(
        inside.fit(series, y).predict(series), outside.fit(series, y).predict(series)
    )
    flat = make_pipeline(LookbackWindower(3, layout="flat", warmup="edge"), GaussianNB())
    for other in (
        make_pipeline(StandardScaler(), GaussianNB()),
        GridSearchCV(flat, {"gaussiannb__var_smoothing": [0.1]}, cv=2),
        VotingClassifier([("bayes", flat)], voting="soft"),
    ):
        with pytest.raises(ValueError, match=r"3 rows .* at the end of the pipeline"):
            BinnedRegressor(other, n_bins=2).fit(series, y)


def test_routed_metadata_reach_the_classifier(skewed):
    X, y = skewed
    weights = np.linspace(0, 1, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        told = Told().set_fit_request(sample_weight=True)
        binned = BinnedRegressor(told).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = make_pipeline(scaler, binned).fit(X, y, sample_weight=weights)
        binned.set_params(classifier=Told())
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            binned.fit(X, y, sample_weight=weights)
    # The row that weighs nothing is left out.
    np.testing.assert_array_equal(pipe[-1].classifier_.sample_weight_, weights[1:])


def test_it_refuses_what_it_can_not_do(skewed):
    X, y = skewed
    for parameters, error, message in [
        ({"classifier": LinearSVC()}, TypeError, "LinearSVC has no predict_proba"),
        ({"n_bins": 1}, ValueError, "'n_bins' .* Got 1 instead"),
        ({"strategy": "even"}, ValueError, "'strategy' .* Got 'even' instead"),
    ]:
        with pytest.raises(error, match=message):
            BinnedRegressor(**parameters).fit(X, y)
    binned = BinnedRegressor(KNeighborsClassifier())
    with pytest.raises(
        ValueError, match="KNeighborsClassifier does not accept sample_weight"
    ):
        binned.fit(X, y, sample_weight=np.ones(len(y)))
    with pytest.raises(ValueError, match=r"only the value 3\.0"):
        binned.fit(X, np.full(len(y), 3.0))
    with pytest.raises(ValueError, match="y has no value"):
        binned.fit(X, np.full(len(y), np.nan))
    with pytest.raises(ValueError, match=r"numbers from 0 to 1, got \[10\]"):
        binned.fit(X, y).predict_quantiles(X, [10])


# ------------------------------------------------------------- among scikit-learn's tools


def test_search_over_bins_and_network_behind_windows(airline):
    y = airline["passengers"]
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(6, horizon=1),
        BinnedRegressor(small_lstm(epochs=20)),
    ).set_output(transform="pandas")
    grid = {
        "binnedregressor__n_bins": [3, 6],
        "binnedregressor__classifier__units": [1, 4],
    }
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2), error_score="raise")
    search.fit(airline, y)
    assert len(np.unique(search.cv_results_["mean_test_score"])) == 4
    n_bins = search.best_params_["binnedregressor__n_bins"]
    assert search.predict_proba(airline).shape == (len(y), n_bins)


def test_clone_and_pickle(airline):
    windows = LookbackWindower(6, horizon=1).fit_transform(airline)
    binned = BinnedRegressor(small_lstm(), n_bins=4).fit(windows, airline["passengers"])
    predicted = binned.predict(windows)
    again = clone(binned)
    assert not hasattr(again, "bin_edges_")
    again.fit(windows, airline["passengers"])
    for same in (again, pickle.loads(pickle.dumps(binned))):
        np.testing.assert_array_equal(same.predict(windows), predicted)


def test_it_is_a_regressor_on_an_lstm_by_itself():
    assert is_regressor(BinnedRegressor())
    assert BinnedRegressor().__sklearn_tags__().input_tags.three_d_array
    binned = BinnedRegressor(n_bins=2).fit(np.eye(4), np.arange(4.0))
    assert type(binned.classifier_) is LSTMClassifier
