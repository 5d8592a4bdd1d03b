"""Estimators come back from a file as they were, and nothing else comes out of one."""

import copy
import hashlib
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
import threading
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras.src.models import functional
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor, VotingRegressor
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, SVR
from sktime.forecasting.compose import TransformedTargetForecaster
from sktime.transformations.detrend import Deseasonalizer

import skforecast_lstm
from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    persistence,
)
from skforecast_lstm._persistence import budget
from skforecast_lstm._persistence.text import Writer
from skforecast_lstm.exceptions import OtherVersionWarning, SavedFileError
from skforecast_lstm.networks import (
    KnownTargetsMetric,
    KnownTargetsStatistic,
    QuantileLoss,
    SimpleForecasts,
)

X = np.random.default_rng(0).normal(size=(48, 4, 2)).astype("float32")
y = X[:, -1, 0] + 0.1 * X[:, 0, 1]

FIRST_LINE = b"skforecast_lstm\n"


def travelled(estimator, folder):
    """What comes back from a file."""
    persistence.save(estimator, folder / "estimator.lstm")
    return persistence.load(folder / "estimator.lstm")


def pickled(estimator):
    """What comes back from a pickle."""
    return pickle.loads(pickle.dumps(estimator))


def regressor(**parameters):
    return LSTMRegressor(
        **{"units": 2, "epochs": 2, "batch_size": 16, "random_state": 0, **parameters}
    )


def assert_same_weights(one, other):
    for weight, other_weight in zip(
        one.model_.get_weights(), other.model_.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, other_weight)


@pytest.fixture
def table():
    """Two columns by the hour."""
    hours = pd.date_range("2026-01-01", periods=60, freq="h", name="hour")
    load = 5 + np.sin(np.arange(60) / 4)
    return pd.DataFrame({"load": load, "price": load**2}, index=hours)


@pytest.fixture
def pipe(table):
    scaler, windower = StandardScaler(), LookbackWindower(4, horizon=1)
    pipe = make_pipeline(scaler, windower, regressor(dropout=0.2))
    return pipe.set_output(transform="pandas").fit(table[:48], table["load"][:48])


# What comes back


def test_pipeline_comes_back_as_it_was(pipe, table, tmp_path):
    again = travelled(pipe, tmp_path)
    # Rows that directly follow are joined to the history that is remembered.
    for rows in (table[:48], table[48:]):
        np.testing.assert_array_equal(again.predict(rows), pipe.predict(rows))
    assert repr(again.get_params()) == repr(pipe.get_params())
    assert again[-1].history_ == pipe[-1].history_
    assert vars(again[-1]).keys() == vars(pipe[-1]).keys()
    assert list(again.feature_names_in_) == ["load", "price"]
    assert list(again[0].transform(table).columns) == ["load", "price"]
    clone(again).fit(table[:48], table["load"][:48])


def test_unfitted_estimators_come_back(tmp_path):
    again = travelled(regressor(units=(3, 2), optimizer__clipnorm=1.0), tmp_path)
    assert again.units == (3, 2)
    assert again.optimizer__clipnorm == 1.0
    assert not hasattr(again, "model_")


@pytest.mark.parametrize("again", [1, 2], ids=["once", "twice"])
def test_training_goes_on_as_without_saving(again, tmp_path):
    parameters = {"dropout": 0.3, "loss": "huber", "loss__delta": 0.1, "metrics": ["mae"]}
    stayed = regressor(**parameters).fit(X, y)
    went = stayed
    for _ in range(again):
        went = travelled(went, tmp_path)
    for estimator in (stayed, went):
        estimator.partial_fit(X, y)
    assert_same_weights(stayed, went)
    assert stayed.history_ == went.history_
    assert went.model_.optimizer.iterations == 9
    for estimator in (stayed, went):
        estimator.set_params(warm_start=True).fit(X, y)
    assert_same_weights(stayed, went)


def test_generators_of_random_numbers_stay_shared(tmp_path):
    shared = np.random.RandomState(3)
    shared.standard_normal(3)
    pipe = make_pipeline(
        MLPRegressor(random_state=shared), regressor(random_state=shared)
    )
    again = travelled(pipe, tmp_path)
    assert again[0].random_state is again[1].random_state
    np.testing.assert_array_equal(
        again[0].random_state.standard_normal(9), shared.standard_normal(9)
    )


def test_classifier_keeps_its_labels(tmp_path):
    labels = np.where(y > 0, "up", "down")
    classifier = LSTMClassifier(
        2, epochs=1, class_weight={"up": 2.0, "down": 1.0}, random_state=0
    ).fit(X, labels)
    again = travelled(classifier, tmp_path)
    np.testing.assert_array_equal(again.predict(X), classifier.predict(X))
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))
    assert again.class_weight == {"up": 2.0, "down": 1.0}
    assert again.classes_.tolist() == ["down", "up"]


def test_keys_keep_their_types(tmp_path):
    weights = {True: 2.0, False: 1.0, None: 0.5, ("a", 1): 3.0, "True": 4.0}
    again = travelled(LogisticRegression(class_weight=weights), tmp_path)
    assert again.class_weight == weights
    assert list(map(type, again.class_weight)) == list(map(type, weights))


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2026-03-28", periods=60, freq="h", tz="Europe/Berlin"),
        pd.date_range("2026-03-28", periods=60, freq="h", tz=ZoneInfo("Asia/Tokyo")),
        pd.date_range("2026-01-01", periods=60, tz=timezone(timedelta(hours=2))),
        pd.date_range("2026-01-01", periods=60, freq="ME", unit="s"),
        pd.period_range("2026-01", periods=60, freq="M"),
        pd.timedelta_range("1h", periods=60, freq="h"),
        pd.RangeIndex(60),
        pd.Index(np.arange(60) / 10),
    ],
    ids=str,
)
def test_history_is_joined_after_loading(index, tmp_path):
    table = pd.DataFrame({"a": np.arange(60.0)}, index=index)
    windower = LookbackWindower(3, horizon=1).fit(table.iloc[:40])
    again = travelled(windower, tmp_path)
    windows = again.transform(table.iloc[40:])
    np.testing.assert_array_equal(windows, windower.transform(table.iloc[40:]))
    assert not np.isnan(windows).any()


def test_history_of_many_series_is_joined_after_loading(tmp_path):
    days = pd.date_range("2026-01-01", periods=10)
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2], days])
    table = pd.DataFrame({"x": np.arange(40.0)}, index=index)
    early = index.get_level_values(-1) < days[6]
    windower = LookbackWindower(3).fit(table[early])
    windows = travelled(windower, tmp_path).transform(table[~early])
    np.testing.assert_array_equal(windows, windower.transform(table[~early]))
    assert not np.isnan(windows).any()


def test_compositions_come_back(table, tmp_path):
    table = table.assign(day=np.where(np.arange(60) % 24 < 12, "am", "pm"))
    columns = ColumnTransformer(
        [
            ("log", FunctionTransformer(np.log1p, np.expm1), ["load"]),
            ("spline", SplineTransformer(4, extrapolation="periodic"), ["price"]),
            ("day", OneHotEncoder(handle_unknown="ignore"), ["day"]),
        ],
        sparse_threshold=0,
    )
    target = TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp)
    pipe = make_pipeline(columns, LookbackWindower(3, horizon=1), target)
    pipe.fit(table, table["load"])
    again = travelled(pipe, tmp_path)
    np.testing.assert_array_equal(again.predict(table), pipe.predict(table))


def test_searches_come_back(tmp_path):
    search = GridSearchCV(
        regressor(),
        {
            "epochs": [1, 2],
            "optimizer": ["adam", keras.optimizers.SGD],
            "units": [(2, 2)],
        },
        cv=TimeSeriesSplit(2),
        scoring=make_scorer(mean_pinball_loss, alpha=0.1, greater_is_better=False),
    ).fit(X, y)
    again = travelled(search, tmp_path)
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert again.best_params_ == search.best_params_
    assert again.score(X, y) == search.score(X, y)
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.cv_results_), pd.DataFrame(search.cv_results_)
    )
    clone(again).set_params(estimator__epochs=1)


def test_other_estimators_come_back(tmp_path):
    flat = X.reshape(len(X), -1)
    voting = VotingRegressor(
        [
            ("best", make_pipeline(SelectKBest(f_regression, k=3), Ridge())),
            ("net", MLPRegressor(hidden_layer_sizes=3, max_iter=5, random_state=0)),
            ("bins", BinnedRegressor(LSTMClassifier(2, epochs=1, random_state=0))),
        ]
    )
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        voting.fit(flat, y)
    again = travelled(voting, tmp_path)
    np.testing.assert_array_equal(again.predict(flat), voting.predict(flat))
    assert again.named_estimators_["net"] is again.estimators_[1]
    for fitted in (voting, again):
        fitted.named_estimators_["net"].partial_fit(flat, y)
    np.testing.assert_array_equal(again.predict(flat), voting.predict(flat))


def test_a_large_part_may_be_used_again(tmp_path):
    # Both estimators_ and named_estimators_ have it.
    voting = VotingRegressor([("one", KNeighborsRegressor(algorithm="brute"))])
    rows = np.arange(1_200_000.0).reshape(-1, 8)
    again = travelled(voting.fit(rows, rows[:, 0]), tmp_path)
    assert again.named_estimators_["one"] is again.estimators_[0]


def test_many_networks_come_back(content, tmp_path, monkeypatch):
    # As many parts as in a file of hundreds of networks, for the size of the file.
    monkeypatch.setitem(budget._MOST, "parts of networks", 100)
    assert loaded(content, tmp_path)[-1].n_iter_ == 2


def test_requests_for_metadata_come_back(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        asking = Ridge().set_fit_request(sample_weight=True)
        again = travelled(asking, tmp_path)
        assert again.get_metadata_routing().fit.requests == {"sample_weight": True}


def test_order_of_arrays_comes_back(tmp_path):
    ridge = Ridge()
    ridge.by_columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    ridge.every_other = np.arange(6)[::2]
    ridge.empty = np.empty((0, 3), dtype=">f4")
    ridge.times = np.array(["2026-01-01", "NaT"], dtype="datetime64[s]")
    ridge.lists = np.array([[1, 2], None], dtype=object)
    again = travelled(ridge, tmp_path)
    assert again.by_columns.flags.f_contiguous
    for name in ("by_columns", "every_other", "empty", "times", "lists"):
        array, array_again = getattr(ridge, name), getattr(again, name)
        np.testing.assert_array_equal(array_again, array)
        assert array_again.dtype == array.dtype
        assert array_again.flags.writeable


# Keras


def network():
    """A network of Keras's own parts, with an operation and a cell in it."""
    inputs = keras.Input((4, 2))
    last = inputs[:, -1] * 2.0
    steps = keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.LSTMCell(2)])(inputs)
    outputs = keras.layers.Dense(1)(keras.layers.Concatenate()([last, steps]))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.RMSprop(0.01), keras.losses.mean_absolute_error)
    return model


@pytest.mark.parametrize(
    "parameters",
    [
        {"cell": "gru", "bidirectional": True, "dense_units": 2, "l2": 0.1},
        {"cell": ("peephole", "rnn"), "units": (2, 2), "dense_dropout": 0.1},
        {"normalization": "last", "target_columns": (0,)},
        {"normalization": "relative", "target_columns": (1,), "decoder": "lstm"},
        {"branches": [{"columns": [0], "units": 3}, {"columns": [1], "cell": "gru"}]},
        {"activation": keras.activations.relu, "output_activation": "tanh"},
        {"loss": QuantileLoss([0.5]), "learning_rate": None},
        {"loss": QuantileLoss, "loss__quantiles": [0.5]},
        {"optimizer": keras.optimizers.SGD(0.1, momentum=0.5)},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 10)},
        {"metrics": [keras.metrics.RootMeanSquaredError(), "mae"]},
        {"model": network()},
    ],
    ids=lambda parameters: "-".join(parameters),
)
def test_networks_come_back_and_train_on(parameters, tmp_path):
    stayed = regressor(**parameters).fit(X, y)
    went = travelled(stayed, tmp_path)
    np.testing.assert_array_equal(went.predict(X), stayed.predict(X))
    for estimator in (stayed, went):
        estimator.partial_fit(X, y)
    assert_same_weights(stayed, went)
    # The parameters too are what they were.
    assert_same_weights(clone(stayed).fit(X, y), clone(went).fit(X, y))


@pytest.mark.parametrize("metric", ["CosineSimilarity", "SparseTopKCategoricalAccuracy"])
def test_saving_leaves_the_training_as_it_is(metric, tmp_path):
    labels = np.digitize(y, [-0.5, 0.5])
    targets = labels if metric.startswith("Sparse") else np.stack([y, -y], axis=1)
    kind = LSTMClassifier if metric.startswith("Sparse") else LSTMRegressor
    metrics = [getattr(keras.metrics, metric)()]
    stayed = kind(2, epochs=2, metrics=metrics, random_state=0).fit(X, targets)
    went = copy.deepcopy(stayed)
    persistence.save(went, tmp_path / "estimator.lstm")
    for estimator in (stayed, went):
        estimator.partial_fit(X, targets)
    assert went.history_ == stayed.history_
    assert_same_weights(stayed, went)


def test_callbacks_come_back(tmp_path):
    stopping = keras.callbacks.EarlyStopping(
        "loss", patience=1, restore_best_weights=True
    )
    plateau = keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=9.0)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "loss")
    given = {"callbacks": [stopping, plateau, keras.callbacks.TerminateOnNaN, checkpoint]}
    stayed = regressor(**given, epochs=3).fit(X, y)
    went = travelled(stayed, tmp_path)
    ended, ended_again = stayed.callbacks_[0], went.callbacks_[0]
    assert ended_again.best == ended.best
    assert ended_again.monitor_op is ended.monitor_op
    for weights, weights_again in zip(
        ended.best_weights, ended_again.best_weights, strict=True
    ):
        np.testing.assert_array_equal(weights, weights_again)
    assert went.callbacks[2] is keras.callbacks.TerminateOnNaN
    for estimator in (stayed, went):
        estimator.fit(X, y)
    assert_same_weights(stayed, went)


def test_a_fit_with_a_callback_of_the_user_can_be_saved(tmp_path):
    class Mine(keras.callbacks.Callback):
        pass

    stopping = keras.callbacks.EarlyStopping("loss")
    stayed = regressor(callbacks=[Mine(), stopping]).fit(X, y)
    with pytest.raises(TypeError, match=r"callbacks\[0\]: .*set_params\(callbacks=None"):
        persistence.save(stayed, tmp_path / "estimator.lstm")
    went = travelled(stayed.set_params(callbacks=None), tmp_path)
    assert [type(one) for one in went.callbacks_] == [keras.callbacks.EarlyStopping]
    assert len(stayed.callbacks_) == 2


def test_half_precision_comes_back(tmp_path):
    dense = keras.layers.Dense(1, dtype="bfloat16")
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.Flatten(), dense])
    stayed = regressor(model=model).fit(X, y)
    went = travelled(stayed, tmp_path)
    assert went.model_.weights[0].dtype == "bfloat16"
    np.testing.assert_array_equal(went.predict(X), stayed.predict(X))


@pytest.mark.parametrize("again", [copy.deepcopy, pickled], ids=["copy", "pickle"])
@pytest.mark.parametrize("n_members", [1, 2])
def test_dropout_of_copies_goes_on_as_without(n_members, again):
    parameters = {"dropout": 0.3, "dense_dropout": 0.4, "n_members": n_members}
    stayed = regressor(**parameters).fit(X, y)
    went = again(again(stayed))
    for estimator in (stayed, went):
        estimator.partial_fit(X, y)
    assert went.history_ == stayed.history_
    assert_same_weights(stayed, went)


def test_clones_and_pickles_keep_the_delta_of_huber():
    stayed = regressor(loss=keras.losses.Huber(0.01)).fit(X, y)
    for again in (copy.deepcopy(stayed), pickled(stayed)):
        assert again.partial_fit(X, y).history_ != stayed.history_
        assert again.model_.loss.get_config()["delta"] == 0.01
    assert_same_weights(clone(stayed).fit(X, y), stayed)


def small_network():
    return keras.Sequential(
        [keras.Input((4, 2)), keras.layers.LSTM(2), keras.layers.Dense(1)]
    )


def test_a_network_that_is_not_compiled_comes_back_so(tmp_path):
    stayed = regressor(model=small_network())
    went = travelled(stayed, tmp_path)
    assert not went.model.compiled
    assert went.fit(X, y).history_ == stayed.fit(X, y).history_
    assert stayed.history_["loss"][-1] > 0


@pytest.mark.parametrize("again", [clone, copy.deepcopy, pickled])
def test_copies_of_copies_keep_the_loss_of_a_network(again):
    model = small_network()
    model.compile("adam", keras.losses.Huber(0.01))
    # Before anything else has seen it, and then as a copy.
    stayed = again(again(regressor(model=model))).fit(X, y)
    assert stayed.model_.loss.get_config()["delta"] == 0.01
    went = clone(again(stayed)).fit(X, y)
    assert went.history_ == stayed.history_


def test_networks_come_back_as_architecture_and_weights(tmp_path):
    fitted = regressor(
        normalization="last", target_columns=(0,), cell=("gru", "lstm"), units=(3, 2)
    ).fit(X, y)
    architecture = fitted.model_.to_json()
    fitted.model_.save_weights(tmp_path / "model.weights.h5")
    model = keras.models.model_from_json(architecture)
    model.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(
        model.predict(X, verbose=0), fitted.model_.predict(X, verbose=0)
    )


@pytest.mark.parametrize("multiple", ["", "15"])
@pytest.mark.parametrize(
    "unit",
    ["s", "min", "h", "D", "B", "W-TUE", "M", "Q-NOV", "Y-JAN", "ms", "us", "ns"],
)
def test_periods_come_back(multiple, unit, tmp_path):
    with warnings.catch_warnings():
        # pandas 3 has no business days in periods.
        warnings.simplefilter("ignore", FutureWarning)
        period = pd.Period(ordinal=700, freq=multiple + unit)
        again = travelled(Ridge(alpha=period), tmp_path).alpha
    assert again == period
    assert again.freqstr == period.freqstr


# What is refused when it is saved


def a_function(meta):
    return network()


class AnEstimator(BaseEstimator):
    pass


class ACallback(keras.callbacks.Callback):
    pass


class ALayer(keras.layers.Layer):
    def call(self, inputs):
        return inputs


@keras.saving.register_keras_serializable("tests")
def a_loss(true, predicted):
    return keras.ops.mean((true - predicted) ** 4, axis=-1)


def with_layer(layer):
    return keras.Sequential([keras.Input((4, 2)), layer, keras.layers.LSTM(1)])


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            make_pipeline(FunctionTransformer(lambda values: values)),
            r"Pipeline\.steps\['functiontransformer'\]\.func: .* '<lambda>' of module .*",
        ),
        (
            regressor(model=a_function),
            r"LSTMRegressor\.model: it is the function 'a_function'.*model_\)",
        ),
        (make_pipeline(AnEstimator()), r"steps\['anestimator'\].*class 'AnEstimator'"),
        (regressor(loss=a_loss), r"LSTMRegressor\.loss: it is the function 'a_loss'"),
        (FunctionTransformer(np.fromfile), "the function 'fromfile' of module 'numpy'"),
        (FunctionTransformer(eval), "the function 'eval' of module 'builtins'"),
        (regressor(loss=keras.utils.get_file), "the function 'get_file'"),
        (regressor(callbacks=ACallback()), r"\.callbacks.*class 'ACallback'"),
        (
            regressor(callbacks=[keras.callbacks.LambdaCallback()]),
            r"callbacks\[0\]: .*class is LambdaCallback, and .*EarlyStopping",
        ),
        (
            regressor(model=with_layer(keras.layers.Lambda(lambda x: x))),
            r"model: it uses 'Lambda' of 'keras\.layers'",
        ),
        (regressor(model=with_layer(ALayer())), "it uses 'ALayer' of"),
        (Ridge(random_state=np.random.default_rng(0)), "class 'Generator' of module"),
        (Ridge(random_state=np.random.RandomState(np.random.PCG64())), "PCG64"),
        (
            RandomForestRegressor(2).fit(X[:, 0], y),
            r"estimators_\[0\]\.tree_: .*'Tree'.*joblib",
        ),
        (Ridge(alpha=np.zeros(2, dtype="i4,f4")), r"Ridge\.alpha: it is an array of"),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
@pytest.mark.filterwarnings("ignore:The object being serialized includes:UserWarning")
def test_what_a_file_can_not_hold_is_named(estimator, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        persistence.save(estimator, tmp_path / "estimator.lstm")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("parameter", ["optimizer", "model"])
def test_weights_that_do_not_decay_are_not_held(parameter, tmp_path):
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=20.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    model = small_network()
    model.compile(optimizer, "mse")
    given = {"optimizer": optimizer, "model": model}[parameter]
    with pytest.raises(
        TypeError, match=f"hold LSTMRegressor.{parameter}.*from weight decay"
    ):
        persistence.save(regressor(**{parameter: given}), tmp_path / "estimator.lstm")


def test_losses_of_the_user_are_found_in_a_network(tmp_path):
    model = network()
    model.compile(loss=a_loss)
    with pytest.raises(TypeError, match=r"model: it uses '(tests>)?a_loss'"):
        persistence.save(regressor(model=model), tmp_path / "estimator.lstm")


def test_lists_in_themselves_are_refused(tmp_path):
    alpha = []
    alpha.append(alpha)
    with pytest.raises(TypeError, match="itself"):
        persistence.save(Ridge(alpha=alpha), tmp_path / "estimator.lstm")


def test_what_would_not_come_back_is_refused(tmp_path):
    # Keras can't make a compiled network within another one where there are no values.
    nested = keras.Sequential([keras.Input((4, 2)), network()])
    path = tmp_path / "estimator.lstm"
    path.write_text("old")
    with pytest.raises(TypeError, match="can't be restored"):
        persistence.save(regressor(model=nested), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interrupted_saving_leaves_the_old_file(error, tmp_path, monkeypatch):
    path = tmp_path / "estimator.lstm"
    persistence.save(Ridge(alpha=1.0), path)

    def interrupted(path):
        assert path.stat().st_size
        raise error

    monkeypatch.setattr(persistence, "load", interrupted)
    with pytest.raises(error):
        persistence.save(Ridge(alpha=2.0), path)
    monkeypatch.undo()
    assert persistence.load(path).alpha == 1.0
    assert list(tmp_path.iterdir()) == [path]


# Files that are damaged, or made to do harm


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A file with a network, a windower and a scaler in it."""
    path = tmp_path_factory.mktemp("files") / "estimator.lstm"
    pipe = make_pipeline(StandardScaler(), LookbackWindower(3), regressor())
    persistence.save(pipe.fit(X[:, 0], y), path)
    return path.read_bytes()


_of_files = runpy.run_path(str(Path(__file__).with_name("mutate_saved_files.py")))
split, signed = _of_files["split"], _of_files["signed"]


def loaded(content, folder):
    path = folder / "estimator.lstm"
    path.write_bytes(content)
    return persistence.load(path)


def forged(node, numbers=b""):
    """A file of a Ridge with this as its alpha."""
    attributes = {"alpha": node, "_sklearn_version": sklearn.__version__}
    ridge = {"is": "sklearn.linear_model.Ridge", "number": 0, "of": attributes}
    version = skforecast_lstm.__version__
    return signed({"format": 1, "version": version, "estimator": ridge}, numbers)


def nodes_of(node):
    """All parts of a text, each with what it lies in and where."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in pairs:
        yield node, key
        if isinstance(value, dict | list):
            yield from nodes_of(value)


def test_a_file_made_by_hand_is_read(tmp_path):
    assert loaded(forged(2.5), tmp_path).alpha == 2.5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_byte_can_change_unnoticed(content, tmp_path, data):
    place = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SavedFileError, match=r"damaged|was not written by"):
        loaded(changed, tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_part_can_be_missing_or_exchanged(content, tmp_path, data):
    cuts = st.integers(0, len(content))
    start, middle, end = sorted([data.draw(cuts), data.draw(cuts), data.draw(cuts)])
    exchanged = (
        content[:start] + content[middle:end] + content[start:middle] + content[end:]
    )
    for changed in (content[:middle], content + content[start:end], exchanged):
        if changed != content:
            with pytest.raises(SavedFileError, match=r"damaged|was not written by"):
                loaded(changed, tmp_path)


HOSTILE = (
    *(None, True, -1, 0.5, float("nan"), 10**12, 10**400, "", "os.system", "Lambda"),
    *("array", "keras", [], {}, [[1], "tuple"], {"is": "name", "of": "os.system"}),
    {"is": "again", "of": 0},
    {"is": "dict", "of": [["class_name", "Lambda"], ["module", "keras.layers"]]},
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=150,
)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_no_text_brings_more_than_an_error(content, tmp_path, data):
    text, numbers = split(content)
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = data.draw(st.sampled_from(list(nodes_of(text))))
        node[key] = copy.deepcopy(data.draw(st.sampled_from(HOSTILE)))
    with suppress(SavedFileError):
        loaded(signed(text, numbers), tmp_path)


@pytest.mark.parametrize("text", [[], {}, None, 5, {"format": 1}, {"format": "1"}])
def test_text_of_another_kind_is_refused(text, tmp_path):
    with pytest.raises(SavedFileError, match="can't be read"):
        loaded(signed(text), tmp_path)


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """A module that must not be imported, and a path on which it lies."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "a_trap.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(folder)
    yield
    assert "a_trap" not in sys.modules


@pytest.mark.usefixtures("trap")
@pytest.mark.parametrize(
    "name",
    [
        "a_trap.Class",
        "sklearn.conftest.pytest",
        "sklearn.datasets.load_files",
        "sklearn.experimental.enable_halving_search_cv",
        "sklearn.metrics._scorer.copy",
        "sklearn.neighbors.KDTree",
        "sklearn.pipeline.sys",
        "skforecast_lstm.compare",
        "feature_engine.datasets.load_titanic",
        "feature_engine.selection.base_selector.BaseSelector",
        "skrub.LLMEncoder",
        "skrub.SkrubLearner",
        "skrub._dataframe._common.collect",
        "sktime.SktimeThing",
        "sktime.forecasting.compose.ForecastingPipeline",
        "builtins.eval",
        "os.system",
        "keras.Lambda",
        "keras.callbacks.BackupAndRestore",
        "keras.callbacks.LambdaCallback",
        "keras.layers.Lambda",
        "keras.losses.deserialize",
        "keras.saving.load_model",
        "keras.src.ops.numpy.np",
        "keras.utils.get_file",
        "numpy.load",
        "numpy.random.seed",
    ],
)
@pytest.mark.parametrize("kind", ["object", "name", "callback"])
def test_nothing_else_is_looked_up(kind, name, tmp_path):
    node = {
        "object": {"is": name, "number": 1, "of": {}},
        "name": {"is": "name", "of": name},
        "callback": {
            "is": "keras.Callback",
            "number": 1,
            "of": {"is": "dict", "of": [["class", name], ["state", []]]},
        },
    }[kind]
    with pytest.raises(SavedFileError, match=r"names '|is not a callback"):
        loaded(forged(node), tmp_path)


def described(module, name, config, registered=None):
    """A node of an object of Keras."""

    def encoded(value):
        if isinstance(value, dict):
            return {"is": "dict", "of": [[k, encoded(v)] for k, v in value.items()]}
        return value

    config = {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": registered,
    }
    return {"is": "keras.Object", "number": 1, "of": encoded(config)}


@pytest.mark.usefixtures("trap")
@pytest.mark.parametrize(
    "node",
    [
        described("a_trap", "Class", {}),
        described("builtins", "function", "eval"),
        described("builtins", "__lambda__", {"value": "", "defaults": None}),
        described("keras.layers", "Lambda", {"function": "a"}),
        described("keras.layers", "TorchModuleWrapper", {"module": "a"}),
        described("keras.layers", "Dense", {"units": 2}),
        described("keras.config", "enable_unsafe_deserialization", {}),
        described("keras.utils", "function", "get_file", "get_file"),
        described("keras.optimizers", "Adam", {"name": "tests>a_loss"}),
        described("keras.losses", "Huber", {}, "tests>a_loss"),
        described("keras.losses", "LossFunctionWrapper", {"fn": "tests>a_loss"}),
        described("a_trap", "Trap", {}, "skforecast_lstm>Trap"),
        described("a_trap", "Columns", {}, "skforecast_lstm>QuantileLoss"),
        described("a_trap", "recurrent_network", {}, "skforecast_lstm>recurrent_network"),
        described("keras.initializers", "Zeros", {}, "skforecast_lstm>GlorotUniform"),
    ],
    ids=lambda node: node["of"]["of"][1][1],
)
def test_nothing_else_is_looked_up_by_keras(node, tmp_path):
    with pytest.raises(SavedFileError, match="can't be read: "):
        loaded(forged(node), tmp_path)


def test_no_metric_is_larger_than_its_file(tmp_path):
    node = described("keras.metrics", "MeanIoU", {"num_classes": 20_000})
    with pytest.raises(SavedFileError, match="too many bytes"):
        loaded(forged(node), tmp_path)


def test_networks_are_searched_for_what_is_not_held(content, tmp_path):
    text, numbers = split(content)
    encoded = json.dumps(text)
    assert '["class_name", "LSTM"]' in encoded
    for name in ("Lambda", "TFSMLayer", "Masking>", "StringLookup", "__lambda__"):
        changed = encoded.replace('["class_name", "LSTM"]', f'["class_name", "{name}"]')
        with pytest.raises(SavedFileError, match=f"uses '{name}' of 'keras.layers'"):
            loaded(signed(json.loads(changed), numbers), tmp_path)


def test_no_network_is_larger_than_its_file(tmp_path):
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.LSTM(3)])
    persistence.save(regressor(model=model), tmp_path / "estimator.lstm")
    text, numbers = split((tmp_path / "estimator.lstm").read_bytes())
    encoded = json.dumps(text)
    assert '["units", 3]' in encoded
    changed = json.loads(encoded.replace('["units", 3]', '["units", 10000000]'))
    with pytest.raises(SavedFileError, match=r"needs weights of .*40000000"):
        loaded(signed(changed, numbers), tmp_path)


def test_nothing_of_a_refused_network_is_made_later(content, tmp_path):
    text, numbers = split(content)
    changed = json.dumps(text).replace('["units", 2]', '["units", 10000000]')
    with pytest.raises(SavedFileError, match="incompatible with the layer"):
        loaded(signed(json.loads(changed), numbers), tmp_path)
    # On leaving it, Keras gives variables that still wait for one their first value.
    with keras.StatelessScope():
        pass


def test_no_network_waits_for_a_part_for_ever(content, tmp_path):
    text, numbers = split(content)
    changed, n_changes = re.subn(
        r'("keras_history", [^0-9]*"[a-z_0-9]+"), 0, 0', r"\1, 99, 0", json.dumps(text)
    )
    assert n_changes
    with pytest.raises(SavedFileError):
        loaded(signed(json.loads(changed), numbers), tmp_path)


@pytest.mark.parametrize(
    ("shape", "dtype", "numbers"),
    [
        ([10**15], "<f8", b"12345678"),
        ([2], "<f8", b"12345678"),
        ([-1], "<f8", b"12345678"),
        ([2**62, 4], "<f8", b"12345678"),
        ([10**30], "<f8", b""),
        ([1], "|O", b"12345678"),
        ([1], "f8,f8", b"12345678" * 2),
        ([10**12], "<U0", b""),
        ([1], "<f8", b"12345678" * 2),
        ("1", "<f8", b"12345678"),
        (None, "<f8", b"12345678"),
    ],
)
def test_no_array_is_larger_than_its_numbers(shape, dtype, numbers, tmp_path):
    node = {"is": "array", "shape": shape, "order": "C", "of": dtype}
    with pytest.raises(SavedFileError, match="can't be read: "):
        loaded(forged(node, numbers), tmp_path)


BYTES = {"is": "array", "shape": [8], "order": "C", "of": "|u1"}


@pytest.mark.parametrize(
    ("node", "numbers"),
    [
        ({"is": "objects", "shape": [10**12], "of": []}, b""),
        ({"is": "again", "of": 7}, b""),
        ({"is": "again", "of": []}, b""),
        ({"is": "set", "number": 1, "of": [[]]}, b""),
        ({"is": "pandas.Timestamp", "number": 1, "of": ["2026", "../../etc/hosts"]}, b""),
        ({"is": "numpy.generic", "number": 1, "of": BYTES}, b"12345678"),
        ({"is": "scipy.interpolate.BSpline", "number": 1, "of": [[0], [0], 1]}, b""),
        ({"of": 1}, b""),
    ],
)
def test_other_nodes_out_of_bounds_are_refused(node, numbers, tmp_path):
    with pytest.raises(SavedFileError, match="can't be read: "):
        loaded(forged(node, numbers), tmp_path)


def test_weights_are_not_used_twice(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.PReLU()])
    persistence.save(regressor(model=model), tmp_path / "estimator.lstm")
    text, numbers = split((tmp_path / "estimator.lstm").read_bytes())
    (node, key), *_ = (
        (node, key)
        for node, key in nodes_of(text)
        if isinstance(node[key], dict) and node[key].get("is") == "array"
    )
    mask = {"is": "array", "shape": [2], "order": "C", "of": "|b1"}
    parts = [node[key], mask, 0.0]
    node[key] = {"is": "numpy.ma.MaskedArray", "number": 99, "of": parts}
    with pytest.raises(SavedFileError, match="must be an array"):
        loaded(signed(text, numbers + b"\0\0"), tmp_path)


def test_random_state_is_in_bounds(tmp_path):
    key = {"is": "array", "shape": [624], "order": "C", "of": "<u4"}
    for position in (-1, 625, 10**9):
        node = {
            "is": "numpy.random.RandomState",
            "number": 1,
            "of": [key, position, 0, 0.0],
        }
        with pytest.raises(SavedFileError, match="state of a RandomState is invalid"):
            loaded(forged(node, bytes(4 * 624)), tmp_path)


def test_deep_text_is_refused(tmp_path):
    node = []
    for _ in range(900):
        node = [node]
    deep = (
        forged(node).replace(b"[" * 900, b"[" * 10**5).replace(b"]" * 900, b"]" * 10**5)
    )
    rest = deep[len(FIRST_LINE) + 40 :]
    rest = len(rest).to_bytes(8, "little") + rest
    with pytest.raises(SavedFileError, match="recursion"):
        loaded(FIRST_LINE + hashlib.sha256(rest).digest() + rest, tmp_path)


@pytest.mark.parametrize("kind", ["empty", "pickle", "zip", "first line"])
def test_other_files_are_refused(kind, tmp_path):
    path = tmp_path / "other.lstm"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("schema.json", "{}")
    else:
        contents = {
            "empty": b"",
            "pickle": pickle.dumps(Ridge()),
            "first line": FIRST_LINE,
        }
        path.write_bytes(contents[kind])
    with pytest.raises(
        SavedFileError, match=r"other\.lstm.*(was not written by|damaged)"
    ):
        persistence.load(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        persistence.load(tmp_path / "none.lstm")


# What a few words ask for


def numbered(number, kind, *parts):
    return {"is": kind, "number": number, "of": list(parts)}


def again(number):
    return {"is": "again", "of": number}


def test_references_do_not_double_the_work_in_each_level(tmp_path):
    levels = [numbered(10, "slice", 0, 0, 0)]
    levels += [numbered(n, "slice", *[again(n - 1)] * 3) for n in range(11, 60)]
    with pytest.raises(SavedFileError, match="too many values by reference"):
        loaded(forged(levels), tmp_path)


def test_references_to_one_array_are_counted_by_its_size(tmp_path):
    array = {"is": "array", "shape": [800_000], "order": "C", "of": "|u1"}
    mask = {**array, "of": "|b1"}
    masked = numbered(10, "numpy.ma.MaskedArray", array, mask, 0)
    with pytest.raises(SavedFileError, match="too many values by reference"):
        loaded(forged([masked, *[again(10)] * 10], bytes(1_600_000)), tmp_path)


def test_a_part_may_be_used_again(tmp_path):
    part = numbered(10, "slice", 1, 2, 3)
    alpha = loaded(forged([part, again(10)]), tmp_path).alpha
    assert alpha[0] is alpha[1]
    with pytest.raises(SavedFileError, match="a part that does not exist"):
        loaded(forged([again(10), part]), tmp_path)


@pytest.mark.parametrize("kind", ["dict", "set"])
def test_keys_of_one_hash_are_refused(kind, tmp_path):
    keys = [number * sys.hash_info.modulus for number in range(1000)]
    assert len(set(map(hash, keys))) == 1
    node = {
        "dict": {"is": "dict", "of": [[key, 0] for key in keys]},
        "set": {"is": "set", "number": 10, "of": keys},
    }[kind]
    with pytest.raises(SavedFileError, match="the same hash"):
        loaded(forged(node), tmp_path)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("MeanIoU", {"num_classes": 1500}),
        ("AUC", {"num_thresholds": 40_000}),
        ("OneHotMeanIoU", {"num_classes": 1400}),
        ("AUC", {"num_thresholds": 9000, "multi_label": True, "num_labels": 50}),
    ],
    ids=str,
)
def test_metrics_are_counted_together(name, config, tmp_path):
    nodes = [described("keras.metrics", name, config) for _ in range(60)]
    loaded(forged(nodes[0]), tmp_path)
    with pytest.raises(SavedFileError, match="too many bytes that are not in it"):
        loaded(forged(nodes), tmp_path)


@pytest.mark.parametrize("kind", [KnownTargetsMetric, KnownTargetsStatistic])
def test_metrics_in_metrics_are_made_once_to_be_counted(kind, tmp_path, monkeypatch):
    config, depth = keras.saving.serialize_keras_object(keras.metrics.R2Score()), 20
    if kind is KnownTargetsMetric:
        config = keras.saving.serialize_keras_object(keras.metrics.MeanAbsoluteError())
    for _ in range(depth):
        config = {
            "module": kind.__module__,
            "class_name": kind.__name__,
            "config": {"metric": config, "name": "a"},
            "registered_name": f"skforecast_lstm>{kind.__name__}",
        }
    made, make = [], kind.__init__
    monkeypatch.setattr(
        kind, "__init__", lambda self, *given: made.append(1) or make(self, *given)
    )
    node = {"is": "keras.Object", "number": 10, "of": as_node(config)}
    loaded(forged(node), tmp_path)
    assert len(made) == 2 * depth


@pytest.mark.parametrize("dtype", ["|S1000000000", "<U300000000"])
def test_no_value_is_larger_than_its_file(dtype, tmp_path):
    node = {"is": "array", "shape": [0], "order": "C", "of": dtype}
    with pytest.raises(SavedFileError, match="too many bytes that are not in it"):
        loaded(forged(node), tmp_path)


def test_a_long_text_is_refused_before_it_is_read(tmp_path):
    empty_lists = [[]] * (2**26 // 4)
    with pytest.raises(SavedFileError, match="more than 67,108,864 bytes of text"):
        loaded(forged(empty_lists), tmp_path)
    with pytest.raises(TypeError, match=r"this Ridge: .* bytes of text, more than 67,10"):
        persistence.save(Ridge(alpha="a" * 2**26), tmp_path / "long.lstm")
    assert not (tmp_path / "long.lstm").exists()


def test_empty_texts_come_back(tmp_path):
    ridge = Ridge(alpha=np.zeros(0, "U20"))
    assert travelled(ridge, tmp_path).alpha.dtype == "U20"


def network_file(folder, model):
    """Text and numbers of a file with a network."""
    persistence.save(regressor(model=model), folder / "network.lstm")
    return split((folder / "network.lstm").read_bytes())


def network_config(text):
    """The pairs of the configuration of a network, as they are in a text."""
    for node, key in nodes_of(text):
        if isinstance(node[key], dict) and node[key].get("is") == "keras.Model":
            return dict(dict(node[key]["of"]["of"])["config"]["of"])["config"]["of"]
    raise AssertionError


def as_node(value):
    if isinstance(value, dict):
        return {"is": "dict", "of": [[k, as_node(v)] for k, v in value.items()]}
    return [as_node(item) for item in value] if isinstance(value, list) else value


def layer(module, name, config, nodes=(), **more):
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": None,
        "name": config["name"],
        "inbound_nodes": list(nodes),
        **more,
    }


def with_another_layer(folder, another):
    """A file of a network with one more entry in its list of layers."""
    inputs = keras.Input((4, 2))
    model = keras.Model(inputs, keras.layers.Flatten()(inputs))
    text, numbers = network_file(folder, model)
    dict(network_config(text))["layers"].append(as_node(another))
    return signed(text, numbers)


def test_weights_outside_of_a_graph_are_counted(tmp_path):
    build = {"build_config": {"input_shape": [1, 10]}}
    small = layer("keras.layers", "Dense", {"name": "a", "units": 2}, **build)
    loaded(with_another_layer(tmp_path, small), tmp_path)
    large = layer("keras.layers", "Dense", {"name": "a", "units": 10**9}, **build)
    with pytest.raises(SavedFileError, match="too many bytes that are not in it"):
        loaded(with_another_layer(tmp_path, large), tmp_path)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("RepeatVector", {"n": 10**9}),
        ("UpSampling1D", {"size": 10**9}),
        ("ZeroPadding1D", {"padding": 10**9}),
    ],
)
def test_layers_are_called_on_tensors_of_the_graph_only(name, config, tmp_path):
    tensor = {"value": [[1.0]], "dtype": "float32"}
    arguments = [{"class_name": "__tensor__", "config": tensor}]
    node = {"args": arguments, "kwargs": {}}
    another = layer("keras.layers", name, {"name": "a", **config}, [node])
    with pytest.raises(SavedFileError, match="a part of a network has no input"):
        loaded(with_another_layer(tmp_path, another), tmp_path)


def test_arrays_in_a_configuration_are_of_numbers(tmp_path):
    large = {"value": [""] * 10, "dtype": "S1000000000"}
    config = {"name": "Adam", "beta_1": {"class_name": "__numpy__", "config": large}}
    with pytest.raises(SavedFileError, match="has an array of S1000000000"):
        loaded(forged(described("keras.optimizers", "Adam", config)), tmp_path)


def test_layers_lie_in_networks_only(tmp_path):
    rate = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 10**9},
        "registered_name": None,
        "build_config": {"input_shape": [1, 10]},
    }
    node = described("keras.optimizers", "Adam", {"learning_rate": rate})
    with pytest.raises(SavedFileError, match="'Dense' is not allowed at this place"):
        loaded(forged(node), tmp_path)


def test_an_optimizer_is_no_larger_than_its_file(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD())
    text, numbers = network_file(tmp_path, model)
    encoded = json.dumps(text)
    assert '["use_ema", false]' in encoded
    changed = json.loads(encoded.replace('["use_ema", false]', '["use_ema", true]'))
    with pytest.raises(SavedFileError, match="the network needs weights of"):
        loaded(signed(changed, numbers), tmp_path)


def test_calls_do_not_double_in_each_level(tmp_path):
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    for _ in range(13):
        inputs = keras.Input((2,))
        inner = keras.Model(inputs, inner(inner(inputs)))
    with pytest.raises(TypeError, match="too many parts of networks"):
        persistence.save(regressor(model=inner), tmp_path / "estimator.lstm")


def test_layers_in_a_row_are_counted_as_often_as_keras_calls_them(tmp_path):
    many = [keras.layers.Dense(1) for _ in range(110)]
    model = keras.Sequential([keras.Input((2,)), *many])
    with pytest.raises(TypeError, match="too many parts of networks"):
        persistence.save(regressor(model=model), tmp_path / "estimator.lstm")


def test_simple_forecasts_are_no_larger_than_their_file(tmp_path):
    inputs = keras.Input((6, 1))
    rules = SimpleForecasts(horizon=3, season_length=2)(inputs)
    text, numbers = network_file(tmp_path, keras.Model(inputs, rules))
    encoded = json.dumps(text)
    assert '["horizon", 3]' in encoded
    huge = encoded.replace('["horizon", 3]', '["horizon", 1000000000]')
    model = loaded(signed(json.loads(huge), numbers), tmp_path).model
    assert model.output_shape == (None, 10**9, 1, 9)


def test_a_long_name_is_refused(tmp_path):
    node = described("keras.optimizers", "Adam", {"name": "a" * 2000})
    with pytest.raises(SavedFileError, match="a name of over 1,000 letters"):
        loaded(forged(node), tmp_path)


@pytest.mark.parametrize("frequency", ["1D" * 50, "1D1h", "D" * 30, 1, None, ""])
def test_a_period_of_many_parts_is_refused(frequency, tmp_path):
    node = numbered(1, "pandas.Period", 1, frequency)
    with pytest.raises(SavedFileError, match="can't be read: "):
        loaded(forged(node), tmp_path)


@pytest.mark.parametrize("zone", ["America", "", ".", "a/b", "\0", 1e300, [], "Europe/"])
def test_a_zone_that_is_none_is_refused(zone, tmp_path):
    time = {"is": "array", "shape": [], "order": "C", "of": "<M8[ns]"}
    parts = [{"is": "numpy.generic", "number": 2, "of": time}, zone]
    node = {"is": "pandas.Timestamp", "number": 1, "of": parts}
    with pytest.raises(SavedFileError, match="can't be read: "):
        loaded(forged(node, bytes(8)), tmp_path)


@pytest.mark.parametrize("key", ["version", "format", "estimator"])
@pytest.mark.parametrize("value", ["missing", None, [], 0.5, -1, True])
def test_a_header_is_whole(key, value, content, tmp_path):
    text, numbers = split(content)
    if value == "missing":
        del text[key]
    else:
        text[key] = value
    # A file may hold any value as its estimator, but this has more numbers.
    with pytest.raises(SavedFileError, match="can't be read: "):
        loaded(signed(text, numbers), tmp_path)


@pytest.mark.parametrize("shape", [[True], [0.5], ["1"], [1] * 100, [10**4000] * 500])
def test_shapes_are_whole_numbers(shape, tmp_path):
    node = {"is": "array", "shape": shape, "order": "C", "of": "<f8"}
    with pytest.raises(SavedFileError, match="shape of an array is invalid"):
        loaded(forged(node, b"12345678"), tmp_path)


def test_estimators_that_know_their_owner_come_back(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        again = travelled(
            LogisticRegression().set_fit_request(sample_weight=True), tmp_path
        )
        assert again.get_metadata_routing().fit.requests == {"sample_weight": True}


def test_threads_that_save_and_load_leave_keras_as_it_is(content, tmp_path):
    path = tmp_path / "estimator.lstm"
    path.write_bytes(content)
    connect = functional.deserialize_node
    all_are_in = threading.Barrier(4)

    def save_and_load(number):
        all_are_in.wait(60)
        for _ in range(4):
            again = persistence.load(path)
            persistence.save(again, path)
        return again

    with ThreadPoolExecutor(4) as pool:
        pipes = list(pool.map(save_and_load, range(4)))
    for pipe in pipes:
        assert_same_weights(pipe[-1], persistence.load(path)[-1])
    assert functional.deserialize_node is connect
    assert list(tmp_path.iterdir()) == [path]
    for _ in range(60):
        keras.models.model_from_json(pipes[0][-1].model_.to_json())


def test_saving_leaves_the_filters_of_warnings_alone(pipe, tmp_path):
    calls, catch = [], warnings.catch_warnings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            warnings, "catch_warnings", lambda **given: calls.append(1) or catch(**given)
        )
        persistence.save(pipe, tmp_path / "estimator.lstm")
    # They belong to all threads, which would take them from each other.
    assert not calls


@pytest.mark.slow
# sktime announces another default of its own pipelines.
@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")
@pytest.mark.parametrize("seed", range(4))
def test_no_changed_file_takes_long_or_much(seed, content, table, tmp_path):
    """Of 2,400 texts that are changed and signed anew, in processes of their own."""
    members = regressor(n_members=2, normalization="last", target_columns=(0,))
    estimators = [
        LookbackWindower(3).fit(table.tz_localize("Europe/Berlin")),
        make_pipeline(StandardScaler(), MLPRegressor(3, max_iter=5)),
        members.set_params(metrics=["mae", keras.metrics.R2Score()]).fit(X, y),
        LSTMForecaster(3, pretrained=True).fit(table.reset_index(drop=True), fh=[1, 2]),
        TransformedTargetForecaster(
            [
                ("season", Deseasonalizer(sp=3)),
                ("forecast", LSTMForecaster(lookback=3, regressor=regressor())),
            ]
        ).fit(table["load"].tz_localize("Europe/Berlin").asfreq("h"), fh=[1, 2]),
    ]
    paths = [tmp_path / f"{number}.lstm" for number in range(len(estimators) + 1)]
    for estimator, path in zip(estimators, paths, strict=False):
        persistence.save(estimator, path)
    paths[-1].write_bytes(content)
    script = Path(__file__).with_name("mutate_saved_files.py")
    ended = subprocess.run(
        [sys.executable, script, str(seed), "600", *map(str, paths)],
        env={**os.environ, "KERAS_BACKEND": keras.config.backend()},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = json.loads(ended.stdout)
    assert not found["raised"]
    assert not found["slow"]
    assert not found["large"]
    assert found["keras"]
    assert found["refused"] > 300


# Versions


@pytest.mark.parametrize(
    ("estimator", "attribute", "change"),
    [
        (SVR(), "support_", lambda one: np.tile(one, 3)),
        (SVR(), "_dual_coef_", lambda one: one[:, :2]),
        (SVC(), "_n_support", lambda one: np.tile(one, 3)),
        (SVC(), "_probA", lambda one: np.ones(7)),
        (SVC(), "support_vectors_", lambda one: one[:, :1]),
        (SVC(kernel="linear"), "support_", lambda one: one + 10**6),
        (KNeighborsClassifier(2, algorithm="brute"), "_fit_X", lambda one: one[:, :1]),
        (KNeighborsClassifier(2, algorithm="brute"), "_y", lambda one: one + 10**6),
        (KMeans(2, n_init=1), "cluster_centers_", lambda one: one[:, :1]),
        (KMeans(2, n_init=1), "_n_threads", lambda one: 10**9),
        (StandardScaler(), "transform", lambda one: np.positive),
    ],
)
def test_arrays_that_compiled_code_trusts_fit_together(
    estimator, attribute, change, tmp_path
):
    rows = X[:, :, 0].astype(float)
    estimator = clone(estimator).fit(rows, y > 0)
    again = travelled(estimator, tmp_path)
    ask = "transform" if attribute == "transform" else "predict"
    np.testing.assert_array_equal(
        getattr(again, ask)(rows), getattr(estimator, ask)(rows)
    )
    vars(estimator)[attribute] = change(getattr(estimator, attribute))
    writer = Writer()
    text = {"format": 2, "version": skforecast_lstm.__version__}
    text["estimator"] = writer.encode(estimator, "")
    content = signed(text, b"".join(writer.arrays))
    with pytest.raises(
        SavedFileError, match=r"do not fit together|not a plain attribute"
    ):
        loaded(content, tmp_path)


def test_newer_formats_are_refused(content, tmp_path):
    text, numbers = split(content)
    newer = signed({**text, "format": 3, "version": "9.0"}, numbers)
    with pytest.raises(SavedFileError, match=r"skforecast_lstm 9\.0 wrote it in a newer"):
        loaded(newer, tmp_path)


def test_the_first_format_is_read_but_for_histories(content, tmp_path):
    text, numbers = split(content)
    with pytest.raises(SavedFileError, match=r"history of a LookbackWindower.*save it"):
        loaded(signed({**text, "format": 1}, numbers), tmp_path)
    persistence.save(Ridge(alpha=3.0), tmp_path / "ridge.lstm")
    text, numbers = split((tmp_path / "ridge.lstm").read_bytes())
    assert text["format"] == 2
    assert loaded(signed({**text, "format": 1}, numbers), tmp_path).alpha == 3.0


def in_first_format(estimator, folder):
    persistence.save(estimator, folder / "estimator.lstm")
    text, numbers = split((folder / "estimator.lstm").read_bytes())
    return signed({**text, "format": 1}, numbers)


@pytest.mark.parametrize("n_members", [1, 2])
def test_normalization_of_the_first_format_is_refused(n_members, tmp_path):
    fitted = regressor(normalization="last", target_columns=(0,), n_members=n_members)
    first = in_first_format(make_pipeline(fitted.initialize(X, y)), tmp_path)
    with pytest.raises(SavedFileError, match=r"with a network that normalizes.*save it"):
        loaded(first, tmp_path)
    # What only is to be fitted is as it was.
    first = in_first_format(make_pipeline(clone(fitted), LookbackWindower()), tmp_path)
    assert loaded(first, tmp_path)[0].normalization == "last"


def test_no_name_in_the_first_format_is_taken_for_a_history(tmp_path):
    scaler = ColumnTransformer([("_history", StandardScaler(), ["_history"])])
    scaler.fit(pd.DataFrame({"_history": [1.0, 2.0, 4.0]}))
    again = loaded(in_first_format(scaler, tmp_path), tmp_path)
    assert again.named_transformers_["_history"].mean_ == [7 / 3]


def test_other_versions_are_told(content, tmp_path):
    text, numbers = split(content)
    other = signed({**text, "version": "0.0.9"}, numbers)
    with pytest.warns(
        OtherVersionWarning, match=r"by skforecast_lstm 0\.0\.9 and is read"
    ):
        loaded(other, tmp_path)
    encoded = json.dumps(text).replace(sklearn.__version__, "1.2.3")
    with pytest.warns(InconsistentVersionWarning):
        loaded(signed(json.loads(encoded), numbers), tmp_path)
