"""scikit-learn's tools around windows and networks, on data that sktime ships."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingRegressor,
    HistGradientBoostingRegressor,
    StackingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import estimator_html_repr

from skforecast_lstm import LookbackWindower, LSTMClassifier, LSTMRegressor

# Folds of arrays have no rows before them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::skforecast_lstm.exceptions.UnknownStepsWarning"
)

GRID = {
    "lookbackwindower__lookback": [3, 6],
    "lstmregressor__units": [2, (2, 2)],
}


def quick_pipeline(estimator=LSTMRegressor, **parameters):
    network = estimator(**{"units": 2, "epochs": 2, "random_state": 0, **parameters})
    pipe = make_pipeline(StandardScaler(), LookbackWindower(6, horizon=1), network)
    return pipe.set_output(transform="pandas")


@pytest.fixture(scope="module")
def longley():
    """Yearly employment with five other columns."""
    from sktime.datasets import load_longley

    y, X = load_longley()
    return X, y


@pytest.fixture
def rises(airline):
    return np.where(airline["passengers"].diff().shift(-1) > 0, "up", "down")


def test_pipeline_forecasts_better_than_the_mean(airline):
    pipe = quick_pipeline(units=16, epochs=60).set_params(lookbackwindower__lookback=12)
    train, test = airline[:120], airline[120:]
    pipe.fit(train, train)
    predicted = pipe.predict(test)
    assert predicted.shape == test.shape
    # A pipeline that were shifted by a row could not beat yesterday's value.
    error = np.abs(predicted - test.to_numpy()).mean()
    assert error < np.abs(test.to_numpy() - train.to_numpy().mean()).mean() / 2


def test_grid_search_is_the_same_with_one_and_two_workers(airline):
    one, two = (
        GridSearchCV(
            quick_pipeline(), GRID, cv=TimeSeriesSplit(2), n_jobs=n, error_score="raise"
        ).fit(airline, airline)
        for n in (1, 2)
    )
    assert len(one.cv_results_["params"]) == 4
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(one.cv_results_[key], two.cv_results_[key])
    np.testing.assert_array_equal(one.predict(airline), two.predict(airline))


def test_randomized_search(airline):
    search = RandomizedSearchCV(
        quick_pipeline(),
        {**GRID, "lstmregressor__optimizer__clipnorm": [0.5, 1.0]},
        n_iter=2,
        cv=TimeSeriesSplit(2),
        n_jobs=2,
        random_state=0,
        error_score="raise",
    )
    search.fit(airline, airline)
    assert np.isfinite(search.best_score_)
    network = search.best_estimator_[-1].model_
    clipnorm = search.best_params_["lstmregressor__optimizer__clipnorm"]
    assert network.optimizer.clipnorm == clipnorm


def test_halving_search_with_epochs_as_the_resource(airline):
    search = HalvingGridSearchCV(
        quick_pipeline(),
        GRID,
        resource="lstmregressor__epochs",
        min_resources=1,
        max_resources=4,
        factor=2,
        cv=TimeSeriesSplit(2),
        n_jobs=2,
        error_score="raise",
    )
    search.fit(airline, airline)
    assert search.n_resources_ == [1, 2, 4]
    assert search.best_estimator_[-1].n_iter_ == 4


def test_cross_val_predict(airline):
    predicted = cross_val_predict(quick_pipeline(), airline, airline, cv=KFold(3))
    assert predicted.shape == airline.shape
    assert np.isfinite(predicted).all()


def test_cross_validate_with_several_scorers(airline):
    result = cross_validate(
        quick_pipeline(),
        airline,
        airline,
        cv=TimeSeriesSplit(3),
        scoring=["r2", "neg_mean_absolute_error", "neg_max_error"],
        return_estimator=True,
        error_score="raise",
    )
    assert [len(pipe[-1].history_["loss"]) for pipe in result["estimator"]] == [2, 2, 2]
    for name in ("r2", "neg_mean_absolute_error", "neg_max_error"):
        assert np.isfinite(result[f"test_{name}"]).all()


def test_transformed_target(airline):
    model = TransformedTargetRegressor(
        quick_pipeline(epochs=5), func=np.log, inverse_func=np.exp
    )
    predicted = model.fit(airline, airline["passengers"]).predict(airline)
    assert (predicted > 0).all()
    # The network was given logarithms.
    assert model.regressor_.predict(airline).max() < np.log(airline.max().item()) + 1


def test_multi_output(longley):
    X, y = longley
    targets = np.column_stack([y, X["GNP"]])
    scaled = StandardScaler().fit_transform(X)
    windows = LookbackWindower(3).fit_transform(scaled)
    network = LSTMRegressor(2, epochs=2, random_state=0)
    model = MultiOutputRegressor(network, n_jobs=2).fit(windows, targets)
    alone = clone(network).fit(windows, targets[:, 1])
    np.testing.assert_array_equal(model.predict(windows)[:, 1], alone.predict(windows))


def test_bagging(airline):
    windower = LookbackWindower(6, horizon=1, layout="flat")
    bag = BaggingRegressor(
        LSTMRegressor(2, epochs=2), n_estimators=2, n_jobs=2, random_state=0
    )
    model = make_pipeline(StandardScaler(), windower, bag)
    predicted = model.fit(airline, airline["passengers"]).predict(airline)
    members = [member.predict(model[:-1].transform(airline)) for member in bag]
    np.testing.assert_allclose(predicted, np.mean(members, axis=0))
    assert not np.allclose(*members)


def test_stacking_with_other_regressors_on_the_same_windows(airline):
    def on_windows(*steps):
        return make_pipeline(LookbackWindower(6, horizon=1, layout="flat"), *steps)

    model = StackingRegressor(
        [
            ("lstm", quick_pipeline()),
            ("ridge", on_windows(SimpleImputer(), Ridge())),
            ("trees", on_windows(HistGradientBoostingRegressor())),
        ],
        final_estimator=Ridge(),
        cv=KFold(3),
        n_jobs=2,
    )
    y = airline["passengers"]
    train, test = slice(120), slice(120, None)
    model.fit(airline[train], y[train])
    assert model.transform(airline[test]).shape == (24, 3)
    assert model.score(airline[test], y[test]) > 0


def test_calibrated_classifier(airline, rises):
    model = CalibratedClassifierCV(quick_pipeline(LSTMClassifier), cv=KFold(2))
    probabilities = model.fit(airline, rises).predict_proba(airline)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert model.classes_.tolist() == ["down", "up"]


def test_permutation_importance(airline, rng):
    X = airline.assign(noise=rng.normal(size=len(airline)))
    pipe = quick_pipeline(units=8, epochs=60).fit(X, airline)
    importance = permutation_importance(pipe, X, airline, n_repeats=3, random_state=0)
    assert importance.importances_mean[0] > importance.importances_mean[1]


def test_learning_curve(airline):
    sizes, train, test = learning_curve(
        quick_pipeline(),
        airline,
        airline,
        cv=TimeSeriesSplit(2, test_size=20),
        train_sizes=[0.5, 1.0],
        n_jobs=2,
        error_score="raise",
    )
    assert sizes.tolist() == [52, 104]
    assert np.isfinite(train).all()
    assert np.isfinite(test).all()


def test_columns_transformed_before_the_windows(longley):
    X, y = longley
    columns = ColumnTransformer(
        [("scaled", StandardScaler(), ["GNP"]), ("ranged", MinMaxScaler(), ["POP"])],
        remainder="drop",
    )
    pipe = make_pipeline(
        columns, LookbackWindower(3), LSTMRegressor(2, epochs=2, random_state=0)
    ).set_output(transform="pandas")
    pipe.fit(X[:12], y[:12])
    assert pipe[1].feature_names_in_.tolist() == ["scaled__GNP", "ranged__POP"]
    # The rows that follow have their history: nothing is missing in their windows.
    assert np.isfinite(pipe[:-1].transform(X[12:])).all()
    assert len(pipe.predict(X[12:])) == len(X) - 12


def test_metadata_routing_of_weights(airline):
    weights = np.ones(len(airline))
    weights[:72] = 0
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = quick_pipeline()
        pipe[0].set_fit_request(sample_weight=False)
        pipe[-1].set_fit_request(sample_weight=True)
        pipe.fit(airline, airline, sample_weight=weights)
        search = GridSearchCV(
            pipe,
            {"lstmregressor__units": [1, 2]},
            scoring=get_scorer("r2").set_score_request(sample_weight=True),
            cv=KFold(2),
            error_score="raise",
        )
        search.fit(airline, airline, sample_weight=np.ones(len(airline)))
    directly = quick_pipeline().fit(
        airline, airline, lstmregressor__sample_weight=weights
    )
    np.testing.assert_array_equal(pipe.predict(airline), directly.predict(airline))
    without = quick_pipeline().fit(airline, airline)
    assert not np.allclose(pipe.predict(airline), without.predict(airline))


def test_clone_keeps_parameters_and_drops_what_was_learnt(airline):
    pipe = quick_pipeline(optimizer__clipnorm=1.0).fit(airline, airline)
    again = clone(pipe)
    assert again[-1].get_params() == pipe[-1].get_params()
    assert not hasattr(again[-1], "model_")
    np.testing.assert_array_equal(
        again.fit(airline, airline).predict(airline), pipe.predict(airline)
    )


def test_pickle_and_joblib_keep_predictions(airline, tmp_path):
    pipe = quick_pipeline().fit(airline[:120], airline[:120])
    expected = pipe.predict(airline[120:])
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    for again in (
        pickle.loads(pickle.dumps(pipe)),
        joblib.load(tmp_path / "pipe.joblib"),
    ):
        np.testing.assert_array_equal(again.predict(airline[120:]), expected)


def test_threads_give_the_same_as_processes(airline):
    def scores(backend):
        with joblib.parallel_config(backend=backend):
            return cross_validate(
                quick_pipeline(dropout=0.2),
                airline,
                airline,
                cv=TimeSeriesSplit(3),
                n_jobs=2,
                error_score="raise",
            )["test_score"]

    np.testing.assert_array_equal(scores("threading"), scores("loky"))


def test_html_shows_steps_and_parameters(airline):
    pipe = quick_pipeline(optimizer__clipnorm=1.0)
    for html in (estimator_html_repr(pipe), estimator_html_repr(pipe[-1])):
        assert "LSTMRegressor" in html
        assert "clipnorm" in html
    assert "LookbackWindower(horizon=1, lookback=6)" in repr(pipe)
    fitted = pipe.fit(airline, airline)
    assert "fitted" in estimator_html_repr(fitted)


def test_a_panel_is_forecast_by_one_network(rng):
    times = pd.period_range("2020-01", periods=40, freq="M")
    index = pd.MultiIndex.from_product([["a", "b", "c"], times], names=["shop", "time"])
    X = pd.DataFrame({"sales": rng.normal(size=120).cumsum()}, index=index)
    last = X.index.get_level_values("time") >= times[30]
    pipe = quick_pipeline().fit(X[~last], X[~last])
    assert pipe[-1].n_left_out_ == 3 * 6
    assert np.isfinite(pipe[:-1].transform(X[last])).all()
    assert pipe.predict(X[last]).shape == (30, 1)
