"""Files of ONNX give what `predict` gives, and what they can't hold is refused."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from skforecast_lstm import (
    BinnedRegressor,
    CalendarFeatures,
    LookbackWindower,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    LSTMTimeSeriesClassifier,
)
from skforecast_lstm._onnx.operations import OPERATIONS
from skforecast_lstm.networks import (
    MaskUnknown,
    NonCrossingQuantiles,
    QuantileLoss,
    TargetScale,
)
from skforecast_lstm.persistence import export_onnx
from skforecast_lstm.pretraining import pretrained_regression_network
from skforecast_lstm.pretraining.weights import shipped_weights

# Largest difference, relative to the spread of the targets.
TOLERANCE = 1e-5

rng = np.random.default_rng(0)
WINDOWS = rng.normal(size=(64, 12, 2))
WINDOWS[:, :, 1] = rng.integers(0, 4, size=(64, 12))
TARGET = WINDOWS[:, -1, 0] + WINDOWS[:, 0, 0]
TARGETS = np.stack([TARGET, WINDOWS[:, -2, 0], TARGET + WINDOWS[:, 2, 1]], axis=1)


def with_unknown_steps(windows):
    """Windows with unknown steps: at the ends, in the middle, all, all but one."""
    windows = windows.copy()
    windows[rng.random(windows.shape[:2]) < 0.25] = np.nan
    windows[0] = np.nan
    windows[1, :-1] = np.nan
    windows[2, 1:] = np.nan
    windows[3, :5] = np.nan
    windows[4, 8:] = np.nan
    if windows.ndim == 3:
        # Only one column is unknown.
        windows[5, 3, 0] = np.nan
    return windows


def small(kind=LSTMRegressor, **parameters):
    return kind(
        **{
            "units": 4,
            "epochs": 1,
            "batch_size": 16,
            "learning_rate": 0.05,
            "random_state": 0,
            **parameters,
        }
    )


def exported(estimator, folder):
    """A session that has the exported estimator."""
    export_onnx(estimator, folder / "estimator.onnx")
    return onnxruntime.InferenceSession(
        folder / "estimator.onnx", providers=["CPUExecutionProvider"]
    )


def shaken(model):
    """Move the weights of a network so far that every part of it matters."""
    generator = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(weight + generator.normal(size=weight.shape) * 0.3)


def largest_difference(estimator, windows, targets, folder):
    """Largest difference between an estimator and its file, in spreads of the targets."""
    estimator.fit(windows, targets)
    network = getattr(estimator, "model_", None)
    if network is not None:
        shaken(network)
    session = exported(estimator, folder)
    spread = np.std(targets, axis=0).max() if targets.dtype.kind == "f" else 1.0
    differences = []
    for given in (windows, with_unknown_steps(windows), windows[:1]):
        found = session.run(None, {"windows": given})
        expected = [estimator.predict(given)]
        if is_classifier(estimator):
            expected.insert(0, estimator.predict_proba(given))
            np.testing.assert_array_equal(found.pop(), expected.pop())
        assert found[0].shape == expected[0].shape
        assert found[0].dtype == expected[0].dtype
        assert len(given) == 1 or np.ptp(expected[0], axis=0).min() > spread / 1000
        differences.append(np.abs(found[0] - expected[0]).max() / spread)
    return max(differences)


def own_network(meta):
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            MaskUnknown(),
            keras.layers.GRU(4, reset_after=False, return_sequences=True),
            keras.layers.LSTM(3, activation="relu", go_backwards=True, use_bias=False),
            keras.layers.Dense(4, activation="elu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(meta["n_outputs_"]),
            NonCrossingQuantiles(3),
            TargetScale(),
        ]
    )


ACTIVATIONS = (
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
    partial(keras.activations.gelu, approximate=True),
    partial(keras.activations.elu, alpha=0.3),
    partial(keras.ops.clip, x_min=-0.5, x_max=0.25),
)


def every_activation(meta):
    """A network with a dense layer of each activation."""
    inputs = keras.Input(meta["X_shape_"][1:])
    state = keras.layers.LSTM(3)(MaskUnknown()(inputs))
    parts = [
        keras.layers.Dense(3, activation=activation)(state) for activation in ACTIVATIONS
    ]
    outputs = keras.layers.Dense(meta["n_outputs_"])(keras.layers.Concatenate()(parts))
    return keras.Model(inputs, TargetScale()(outputs))


NUMBERS = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn"},
    "peephole": {"cell": "peephole"},
    "stacked": {"units": (4, 3), "cell": ("lstm", "gru"), "dropout": 0.1},
    "bidirectional": {"units": (4, 3), "bidirectional": True, "recurrent_dropout": 0.1},
    "dense": {
        "dense_units": (5, 4),
        "dense_dropout": 0.2,
        "output_activation": "softplus",
    },
    "segments": {"segment": 5},
    "normalized by the last value": {"normalization": "last", "target_columns": [0]},
    "standardized windows": {"normalization": "standard", "target_columns": [0]},
    "relative windows": {"normalization": "relative", "target_columns": [0]},
    "mixture": {
        "normalization": "last",
        "base": "mixture",
        "season_length": 3,
        "target_columns": [0],
        "segment": 4,
    },
    "members": {"n_members": 3, "n_batches": 2},
    "quantiles": {"loss": QuantileLoss([0.1, 0.5, 0.9])},
    "decoder and columns known ahead": {
        "decoder": "lstm",
        "n_known": 1,
        "target_columns": [0],
    },
    "branches": {"branches": [{"columns": [0]}, {"columns": [1], "segment": 3}]},
    "categories": {"categorical_features": [1], "static_features": None},
    "network of the user": {"model": own_network},
    "activations": {"model": every_activation},
}


@pytest.mark.parametrize("name", NUMBERS)
def test_regressor(name, tmp_path):
    regressor = small(**NUMBERS[name])
    # Normalized windows can have a level that is far from zero.
    level = 50 if regressor.normalization else 0
    windows, targets = WINDOWS + np.array([level, 0]), TARGETS + level
    assert largest_difference(regressor, windows, targets, tmp_path) < TOLERANCE


@pytest.mark.parametrize("labels", [["down", "up"], [3, 5, 9], [False, True]])
def test_classifier(labels, tmp_path):
    ranks = np.argsort(np.argsort(TARGET)) * len(labels) // len(TARGET)
    classifier = small(LSTMClassifier)
    targets = np.array(labels)[ranks]
    assert largest_difference(classifier, WINDOWS, targets, tmp_path) < TOLERANCE


def test_classifier_with_logits(tmp_path):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    classifier = small(LSTMClassifier, loss=loss, output_activation="linear")
    targets = np.median(TARGET) < TARGET
    assert largest_difference(classifier, WINDOWS, targets, tmp_path) < TOLERANCE


def test_binned_regressor(tmp_path):
    regressor = BinnedRegressor(small(LSTMClassifier), n_bins=3)
    assert largest_difference(regressor, WINDOWS, TARGET, tmp_path) < TOLERANCE


def test_windows_of_two_dimensions_and_of_float32(tmp_path):
    windows, target = WINDOWS[:, :, 0], TARGET.astype("float32")
    difference = largest_difference(small(), windows, target, tmp_path)
    assert difference < TOLERANCE


# Pipelines

N_ROWS = 80
SERIES = pd.DataFrame(
    {"load": 100 + np.cumsum(rng.normal(size=N_ROWS)), "price": rng.normal(size=N_ROWS)},
    index=pd.date_range("2026-01-01", periods=N_ROWS, freq="h"),
)
SERIES.iloc[30:33] = np.nan
SERIES.iloc[50, 1] = np.nan

SCALERS = [
    ("scale", make_pipeline(StandardScaler(), MaxAbsScaler()), ["price"]),
    ("drop", "drop", []),
    ("log", FunctionTransformer(np.log), slice("load", "load")),
    ("none", RobustScaler(), [False, False]),
]

STEPS = {
    "columns": [
        ColumnTransformer(SCALERS),
        LookbackWindower(8, horizon=1),
    ],
    "columns by number, and the rest": [
        ColumnTransformer([("one", RobustScaler(), [1])], remainder="passthrough"),
        StandardScaler(),
        LookbackWindower(8, horizon=1),
    ],
    "columns, and one is dropped": [
        ColumnTransformer([("one", StandardScaler(), lambda X: ["load"])]),
        LookbackWindower(8, horizon=1),
    ],
    "standard": [StandardScaler(), LookbackWindower(8, horizon=1)],
    "minmax that clips": [
        MinMaxScaler((-1, 2), clip=True),
        LookbackWindower(8, horizon=3, step=2),
    ],
    "robust": [
        RobustScaler(),
        LookbackWindower(horizon=1, lags=[1, 2, 7, 12]),
    ],
    "impute": [
        SimpleImputer(),
        MaxAbsScaler(),
        "passthrough",
        LookbackWindower(8, horizon=0),
    ],
    "functions": [
        FunctionTransformer(np.square),
        FunctionTransformer(np.log1p),
        StandardScaler(with_mean=False),
        LookbackWindower(8, horizon=1, layout="flat"),
        StandardScaler(),
    ],
    "known ahead": [
        StandardScaler(),
        LookbackWindower(8, horizon=2, known=["price"], n_steps=2),
    ],
    "known ahead, flat": [
        StandardScaler(),
        LookbackWindower(8, horizon=2, known=["price"], n_steps=2, layout="flat"),
    ],
}


def rows_of_windows(values, n_rows, newest):
    """The rows that each window needs, `newest` rows before the row itself."""
    first = n_rows - 1 + max(newest, 0)
    last = len(values) + min(newest, 0)
    rows = np.arange(first, last)
    return rows, np.stack(
        [values[t - newest - n_rows + 1 : t - newest + 1] for t in rows]
    )


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnknownStepsWarning")
@pytest.mark.parametrize("name", STEPS)
def test_pipeline(name, tmp_path):
    pipe = make_pipeline(*STEPS[name], small(units=3)).set_output(transform="pandas")
    target = SERIES["load"].interpolate()
    pipe.fit(SERIES, target)
    session = exported(pipe, tmp_path)
    n_rows = session.get_inputs()[0].shape[1]
    windower = next(step for _, step in pipe.steps if isinstance(step, LookbackWindower))
    newest = 1 - windower.n_steps if windower.known else windower.lags_[-1]
    rows, windows = rows_of_windows(SERIES.to_numpy(), n_rows, newest)
    (found,) = session.run(None, {"rows": windows})
    expected = pipe.predict(SERIES)[rows]
    assert len(rows) > 60
    assert np.ptp(expected) > 0.01 * np.ptp(target)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.std(target))
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata == {"columns": '["load", "price"]'}


@pytest.mark.parametrize(
    "target",
    [{"transformer": StandardScaler()}, {"func": np.square, "inverse_func": np.sqrt}],
)
def test_transformed_target_and_search(target, tmp_path):
    series = SERIES["load"].interpolate().to_frame()
    pipe = make_pipeline(StandardScaler(), LookbackWindower(8, horizon=1), small())
    pipe.set_output(transform="pandas")
    search = GridSearchCV(
        TransformedTargetRegressor(pipe, **target),
        {"regressor__lstmregressor__units": [2]},
        cv=TimeSeriesSplit(2),
    )
    search.fit(series, series["load"])
    rows, windows = rows_of_windows(series.to_numpy(), 8, 1)
    (found,) = exported(search, tmp_path).run(None, {"rows": windows})
    np.testing.assert_allclose(
        found,
        search.predict(series)[rows],
        rtol=0,
        atol=TOLERANCE * series["load"].std(),
    )


# The pretrained network, and forecasters


def test_pretrained_network(tmp_path):
    regressor = LSTMRegressor(
        model=pretrained_regression_network,
        model__season_length=4,
        n_batches=1,
        loss="mae",
        random_state=0,
    )
    walk = 50 + rng.normal(size=(64, 30)).cumsum(axis=1) + np.sin(np.arange(30) / 2) * 9
    regressor.initialize(walk[:, :-2], walk[:, -2:])
    session = exported(regressor, tmp_path)
    for windows in (walk[:, :-2], with_unknown_steps(walk[:, :-2])[1:]):
        (found,) = session.run(None, {"windows": windows})
        expected = regressor.predict(windows)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * walk.std())


MONTHS = pd.DataFrame(
    {"a": 1e4 + 50 * np.sin(np.arange(60) / 2), "b": rng.normal(size=60).cumsum()},
    index=pd.period_range("2020-01", periods=60, freq="M"),
)
MONTHS.iloc[40:42] = np.nan
FORECASTERS = {
    "pretrained": ({}, 1.0, 64),
    "trained": ({"pretrained": False}, 0.0, 6),
    "quantiles": ({"pretrained": False, "intervals": "quantiles"}, 0.0, 6),
    "both": ({"pretrained": False}, 0.4, 64),
}


@pytest.mark.parametrize("name", FORECASTERS)
def test_forecaster(name, tmp_path):
    parameters, share, n_rows = FORECASTERS[name]
    forecaster = LSTMForecaster(
        lookback=6, regressor=small(), random_state=0, **parameters
    )
    y = MONTHS if name == "pretrained" else MONTHS[["b"]]
    forecaster.fit(y[:50], fh=[1, 3])
    # On so few rows, errors don't decide on the share.
    forecaster.share_, forecaster.weights_ = share, shipped_weights().name
    session = exported(forecaster, tmp_path)
    assert session.get_inputs()[0].shape == ["batch", n_rows, len(y.columns)]
    for last in (50, 60):
        if last > 50:
            forecaster.update(y[50:last], update_params=False)
        rows = np.full((n_rows, len(y.columns)), np.nan)
        rows[-last:] = y[:last].to_numpy()[-n_rows:]
        (found,) = session.run(None, {"rows": np.stack([rows, rows * np.nan])})
        expected = forecaster.predict()
        found_steps = found.reshape(2, 3, -1)[:, [0, 2]]
        difference = np.abs(found_steps[0] - expected.to_numpy()) / y.std().to_numpy()
        assert difference.max() < TOLERANCE
        assert np.isnan(found_steps[1]).all()


def test_forecasters_that_are_refused(tmp_path):
    def fitted(y, fh, X=None, **parameters):
        given = {"lookback": 6, "regressor": small(), "random_state": 0, **parameters}
        return LSTMForecaster(**given).fit(y, X=X, fh=fh)

    y = MONTHS["b"]
    columns = MONTHS[["a"]].fillna(1e4) - 1e4
    with_columns = fitted(y, [1], columns, pretrained=False)
    is_refused(with_columns, tmp_path, "columns besides the series.*LookbackWindower")
    recursive = fitted(y, [1, 2], pretrained=False, strategy="recursive")
    is_refused(recursive, tmp_path, 'feeds them back, to reach step 2.*"direct"')
    is_refused(fitted(y, [0]), tmp_path, "the last step of fh is 0")
    is_refused(
        LSTMForecaster().fit(y, fh=[65]),
        tmp_path,
        "the last step of fh is 65.*pretrained=False",
    )
    panel = pd.concat({"one": MONTHS[["b"]], "two": MONTHS[["b"]]})
    is_refused(fitted(panel, [1]), tmp_path, "fitted on many series.*one for each")
    linear = fitted(y, [1], pretrained=False)
    linear.model_ = replace(linear.model_, regressor=Ridge())
    is_refused(linear, tmp_path, "its regressor is a Ridge.*Use LSTMRegressor")


# Elsewhere


def test_runs_without_keras_and_scikit_learn(tmp_path):
    pipe = make_pipeline(StandardScaler(), LookbackWindower(8, horizon=1), small())
    values = SERIES[["load"]].interpolate().to_numpy()
    pipe.fit(values, values[:, 0])
    exported(pipe, tmp_path)
    script = """
        import sys
        import numpy, onnxruntime
        session = onnxruntime.InferenceSession("estimator.onnx")
        rows = numpy.load("rows.npy")
        print(float(session.run(None, {"rows": rows})[0][0]))
        heavy = {"keras", "jax", "sklearn", "pandas", "skforecast_lstm"}
        assert not heavy & sys.modules.keys()
    """
    np.save(tmp_path / "rows.npy", values[None, -8:])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    following = pipe.predict(np.vstack([values, values[-1:]]))[-1]
    assert float(done.stdout) == pytest.approx(following, abs=TOLERANCE * values.std())


def test_a_file_is_the_same_for_the_same_estimator(tmp_path):
    regressor = small().fit(WINDOWS, TARGET)
    for name in ("one.onnx", "two.onnx"):
        export_onnx(regressor, tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.onnx", "two.onnx"))
    assert one == two
    assert onnx.load(tmp_path / "one.onnx").opset_import[0].version == 17


def test_export_changes_nothing_in_the_network(tmp_path):
    regressor = small(units=(3, 2), bidirectional=True).fit(WINDOWS, TARGET)
    before = [len(layer._inbound_nodes) for layer in regressor.model_.layers]
    weights = regressor.model_.get_weights()
    export_onnx(regressor, tmp_path / "one.onnx")
    assert [len(layer._inbound_nodes) for layer in regressor.model_.layers] == before
    for one, other in zip(weights, regressor.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# What is refused


@keras.saving.register_keras_serializable(package="test")
class ByHand(keras.layers.Layer):
    """A layer that computes with NumPy."""

    def call(self, inputs):
        return np.asarray(inputs)


class OwnLSTM(keras.layers.LSTM):
    """A recurrent layer with other mathematics."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        return 2 * super().call(sequences, initial_state, mask, training)


def fitted_with(*layers):
    """A regressor that has a network with these layers, and does not need training."""
    regressor = small().fit(WINDOWS, TARGET)
    inputs = keras.Input((12, 2))
    regressor.model_ = keras.Sequential([inputs, *layers, keras.layers.Dense(1)])
    return regressor


def pipeline_with(step):
    pipe = make_pipeline(step, StandardScaler(), LookbackWindower(4, horizon=1), small())
    table = SERIES.interpolate()
    return pipe.set_output(transform="pandas").fit(table, table["load"])


def is_refused(estimator, folder, message):
    path = folder / "estimator.onnx"
    path.write_bytes(b"before")
    with pytest.raises(TypeError, match=message):
        export_onnx(estimator, path)
    assert [one.name for one in folder.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


LSTM = keras.layers.LSTM


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([LSTM(2, activation="gelu")], "layer 'lstm.*' .*the activation 'gelu'"),
        ([LSTM(2, activation=keras.ops.sin)], "layer 'lstm.*' .*the activation 'sin'"),
        ([LSTM(2, unroll=True)], "layer 'lstm.*' .*unroll=True"),
        ([OwnLSTM(2)], "layer 'own_lstm.*' .*a `call` of its own"),
        ([keras.layers.RNN(keras.layers.LSTMCell(2))], "a cell of type LSTMCell"),
        (
            [keras.layers.Conv1D(2, 3, name="ears"), LSTM(2)],
            r"layer 'ears' \(Conv1D\) .*the operation Conv.*Build the network of other",
        ),
        ([LSTM(2, dtype="mixed_bfloat16")], "numbers of type bfloat16"),
        (
            [keras.layers.Bidirectional(LSTM(2), merge_mode="sum")],
            "layer 'bidirectional.*' .*merge_mode='sum'",
        ),
    ],
)
def test_layers_that_are_refused(layers, message, tmp_path):
    is_refused(fitted_with(*layers), tmp_path, message)


def test_a_layer_outside_keras_ops_is_refused(tmp_path):
    regressor = fitted_with(LSTM(2))
    # Keras can't build it symbolically either, so it gets a shape of its own.
    ByHand.compute_output_spec = lambda self, x: keras.KerasTensor(x.shape, x.dtype)
    outputs = ByHand(name="hand")(regressor.model_.outputs[0])
    regressor.model_ = keras.Model(regressor.model_.inputs, outputs)
    is_refused(regressor, tmp_path, "layer 'hand' .*operations of keras.ops")


def test_steps_that_are_refused(tmp_path):
    for step, message in (
        (
            CalendarFeatures(["hour"]),
            r"step .calendarfeatures. .*dates can.t be inputs.*CalendarFeatures..\.fit",
        ),
        (
            ColumnTransformer([("both", PCA(1), ["load", "price"])]),
            r"step 'columntransformer' .*transformer 'both' \(PCA\) can't",
        ),
        (
            ColumnTransformer(
                [("one", StandardScaler(), [0, 1])], transformer_weights={"one": 2}
            ),
            "step 'columntransformer' .*transformer_weights",
        ),
        (PCA(1), r"step 'pca' \(PCA\) .*before they are given to the exported model"),
        (FunctionTransformer(np.cbrt), "step 'functiontransformer' .*'cbrt'"),
        (
            FunctionTransformer(np.square, kw_args={"dtype": "float64"}),
            "step 'functiontransformer' .*'dtype'",
        ),
        (SimpleImputer(add_indicator=True), "step 'simpleimputer' .*keep_empty_features"),
    ):
        is_refused(pipeline_with(step), tmp_path, message)


def test_estimators_that_are_refused(tmp_path):
    y = SERIES["load"].interpolate()
    is_refused(LSTMForecaster().fit(y), tmp_path, "LSTMForecaster can't .*Give fh to")
    panel = WINDOWS.transpose(0, 2, 1)
    classifier = LSTMTimeSeriesClassifier(units=2, epochs=1)
    classifier.fit(panel, (TARGET > 0).astype(int))
    is_refused(classifier, tmp_path, "LSTMTimeSeriesClassifier can't be exported")
    ridge = make_pipeline(LookbackWindower(4, layout="flat", warmup="edge"), Ridge())
    ridge.fit(y.to_frame(), y)
    is_refused(ridge, tmp_path, r"step 'ridge' \(Ridge\) can't be exported")


def test_a_network_that_would_compute_something_else_is_refused(tmp_path, monkeypatch):
    regressor = small(dense_units=3, dense_activation="tanh").fit(WINDOWS, TARGET)
    monkeypatch.setitem(OPERATIONS, "Tanh", OPERATIONS["Sigmoid"])
    is_refused(regressor, tmp_path, "'recurrent_network' .*the outputs differ by up to")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_onnx_is_needed(package, tmp_path, monkeypatch):
    regressor = small().fit(WINDOWS, TARGET)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"{package} is.*skforecast-lstm\[onnx\]"):
        export_onnx(regressor, tmp_path / "estimator.onnx")
