"""Columns that are known ahead: in windows, in networks and in forecasts."""

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.array_utils import byte_bounds
from numpy.testing import assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    UnknownStepsWarning,
    forecast,
    recurrent_network,
    recursive_forecast,
)
from skforecast_lstm.networks.known_ahead import known_at_targets, known_corrections
from skforecast_lstm.targets import horizon_targets

HOURS = pd.date_range("2026-01-01", periods=100, freq="h")
few = settings(max_examples=25, deadline=None)
unknown_ahead = pytest.mark.filterwarnings("ignore:The columns that are known ahead")


def table(n_rows=100, first=0, gaps=(), seed=0):
    """Load that depends on the promotion of its own hour, which is planned ahead."""
    rng = np.random.default_rng(seed)
    promotion = (rng.random(200) < 0.3).astype(float)
    load = np.zeros(200)
    for row in range(1, 200):
        load[row] = 0.5 * load[row - 1] + 2 * promotion[row]
    index = pd.date_range(HOURS[0], periods=200, freq="h")
    frame = pd.DataFrame({"promotion": promotion, "load": load}, index=index)
    frame = frame.iloc[first : first + n_rows]
    return frame.drop(frame.index[list(gaps)])


def slow_window(frame, time, windower):
    """The window of one row, read from the table step by step."""
    hour = pd.Timedelta(1, "h")
    shift = windower.lags_[-1] + windower.n_steps - 1
    values = frame.reindex(
        pd.date_range(frame.index[0] - 99 * hour, frame.index[-1] + 99 * hour, freq="h")
    )
    rows = []
    for lag in windower.lags_.tolist():
        now = values.loc[time - lag * hour].tolist()
        later = values["promotion"].loc[time + (shift - lag) * hour]
        rows.append([*now, later] if shift else now)
    return np.array(rows)


@st.composite
def windowers(draw):
    n_steps = draw(st.integers(1, 3))
    lookback = draw(st.integers(n_steps, 5))
    return LookbackWindower(
        lookback,
        horizon=draw(st.integers(0, 2)),
        known=draw(st.sampled_from([["promotion"], [0], "promotion"])),
        n_steps=n_steps,
    )


@few
@given(
    windower=windowers(),
    gaps=st.lists(st.sets(st.integers(5, 20), max_size=4), min_size=1, max_size=3),
)
@unknown_ahead
@pytest.mark.filterwarnings("ignore:[0-9]+ windows have no known step")
def test_windows_have_known_columns_at_the_steps_of_the_target(windower, gaps):
    frames = {
        number: table(25 + number, 3 * number, sorted(gap), seed=number)
        for number, gap in enumerate(gaps)
    }
    X = pd.concat(frames) if len(frames) > 1 else frames[0]
    windows = windower.fit_transform(X)
    assert_array_equal(windower.transform(X), windows)
    row = 0
    for frame in frames.values():
        for time in frame.index:
            assert_array_equal(windows[row], slow_window(frame, time, windower))
            row += 1


@few
@given(windower=windowers(), split=st.integers(12, 40), row=st.integers(0, 9))
@unknown_ahead
def test_only_known_columns_are_seen_after_the_window(windower, split, row):
    head, tail = table(split), table(20, split)
    windower.fit(head)
    before = windower.transform(tail)[row]
    changed = tail.copy()
    changed.iloc[row - windower.horizon + 1 if row >= windower.horizon else 0 :, 1] += 9
    changed.iloc[row + windower.n_steps :, 0] += 9
    assert_array_equal(windower.transform(changed)[row], before)
    # The newest value that a window may have does change it.
    changed = tail.copy()
    changed.iloc[row + windower.n_steps - 1, 0] += 9
    assert (windower.transform(changed)[row] != before).any()


@unknown_ahead
@pytest.mark.parametrize("windower", [{}, {"lookback": 3, "n_steps": 3}])
def test_no_prediction_sees_what_is_known_too_late(windower):
    windower = LookbackWindower(horizon=1, known=["promotion"], **windower)
    X = table()
    y = horizon_targets(X["load"], windower.n_steps)
    pipe = make_pipeline(
        windower, LSTMRegressor(2, epochs=1, n_known=1, random_state=0)
    ).fit(X[:80], y[:80])
    before = pipe.predict(X)[50]
    changed = X.copy()
    changed.iloc[50:, 1] += 9
    changed.iloc[50 + windower.n_steps :, 0] += 9
    assert_array_equal(pipe.predict(changed)[50], before)
    changed.iloc[50 + windower.n_steps - 1, 0] += 9
    assert (pipe.predict(changed)[50] != before).any()


@unknown_ahead
def test_the_flat_layout_has_each_value_once():
    windower = LookbackWindower(
        lags=[2, 4], horizon=1, known=["promotion"], n_steps=2, layout="flat"
    ).set_output(transform="pandas")
    X = pd.concat({"a": table(12, gaps=[6]), "b": table(9, 20)})
    windows = windower.fit_transform(X)
    assert list(windows) == [
        *["promotion_lag4", "load_lag4", "promotion_lag2", "load_lag2"],
        *["promotion_lag1", "promotion_lag0", "promotion_lead1"],
    ]
    for series in "ab":
        steps = X.loc[series].asfreq("h")
        for name in ("promotion_lag2", "promotion_lag0", "promotion_lead1"):
            lag = -int(name[-1]) if "lead" in name else int(name[-1])
            expected = steps["promotion"].shift(lag).reindex(X.loc[series].index)
            assert_array_equal(windows.loc[series, name], expected)
    # The rows of two series may take turns.
    mixed = X.sort_index(level=1, kind="stable")
    pd.testing.assert_frame_equal(
        windower.fit_transform(mixed).sort_index(), windows.sort_index()
    )


def test_windows_with_known_columns_are_a_view():
    windows = LookbackWindower(24, horizon=1, known=[0]).fit_transform(
        np.zeros((5000, 2), dtype=np.float32)
    )
    assert windows.shape == (5000, 24, 3)
    first, stop = byte_bounds(windows)
    assert stop - first < 2 * 5000 * 3 * 4


def test_a_test_fold_has_its_history():
    X = table()
    windower = LookbackWindower(5, horizon=1, known=["promotion"])
    whole = windower.fit_transform(X)
    assert_array_equal(windower.fit(X[:60]).transform(X[60:]), whole[60:])


def test_known_values_that_are_missing_are_told():
    X = table(30)
    windower = LookbackWindower(4, horizon=1, known=["promotion"], n_steps=3).fit(X)
    with pytest.warns(UnknownStepsWarning, match="for 2 of 30 rows, the first at row 28"):
        windower.transform(X)
    X.iloc[10, 0] = np.nan
    windower = LookbackWindower(4, horizon=1, known=["promotion"]).fit(X)
    with pytest.warns(UnknownStepsWarning, match="for 1 of 30 rows, the first at row 10"):
        windower.transform(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"known": ["price"]}, "known names the column 'price'"),
        ({"known": [2]}, "number them from 0 to 1, got 2"),
        ({"known": [0, "promotion"]}, "names a column twice"),
        ({"known": [0], "n_steps": 11}, "must be neighbours"),
        ({"known": [0], "n_steps": 2, "lags": [1, 3]}, "must be neighbours"),
        ({"known": [0], "n_steps": 0}, "n_steps must be at least 1"),
        ({"known": ["load"]}, "Column 1 of X is the target"),
    ],
)
def test_refused_known_columns(options, message):
    X = table()
    with pytest.raises(ValueError, match=message):
        LookbackWindower(horizon=1, **options).fit(X, X["load"])


def test_a_correction_reads_the_column_at_its_own_step():
    inputs = keras.Input((6, 2))
    known = known_at_targets(inputs, (1,), 3)
    outputs = keras.layers.Add()(known_corrections(known, 4, (3,)))
    network = keras.Model(inputs, outputs)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dense) and layer.activation.__name__ != "tanh":
            layer.set_weights([np.ones_like(weight) for weight in layer.get_weights()])
    window = np.zeros((1, 6, 2), dtype=np.float32)
    base = np.asarray(network(window))
    for step in range(6):
        changed = window.copy()
        changed[0, step, 1] = 1.0
        differs = (np.asarray(network(changed)) != base)[0]
        assert differs.tolist() == [step == 3 + output for output in range(3)]


@pytest.mark.parametrize(
    "options",
    [
        {"n_outputs": 3},
        {"n_outputs": 6, "normalization": "last", "target_columns": [0, 1]},
        {"n_outputs": 3, "decoder": "lstm"},
        {"n_outputs": 6, "n_quantiles": 2},
        {"n_outputs": 3, "categorical_features": [4], "n_categories": [3]},
        {"n_outputs": 2, "output_activation": "softmax"},
        {"n_outputs": 3, "branches": [{"columns": [0, 4]}]},
    ],
)
def test_networks_take_known_columns(options):
    network = recurrent_network((8, 5), units=3, n_known=2, **options)
    window = np.random.default_rng(0).normal(size=(2, 8, 5)).astype(np.float32)
    window[..., 4] = 1
    assert network(window).shape == (2, options["n_outputs"])
    again = keras.Model.from_config(network.get_config())
    again.set_weights(network.get_weights())
    assert_array_equal(again(window), network(window))


def test_what_networks_refuse():
    with pytest.raises(ValueError, match="n_known=2 of 2 columns leaves none"):
        recurrent_network((8, 2), n_known=2)
    with pytest.raises(ValueError, match="windows have 2 steps, too few"):
        recurrent_network((2, 2), 3, n_known=1)


@unknown_ahead
@pytest.mark.parametrize("n_steps", [1, 6])
def test_a_network_learns_from_what_is_known(n_steps):
    everything = table(150)
    X = everything[:120]
    errors = []
    for known in (None, ["promotion"]):
        pipe = make_pipeline(
            LookbackWindower(8, horizon=1, known=known, n_steps=n_steps),
            LSTMRegressor(8, epochs=30, n_known=len(known or ()), random_state=0),
        ).fit(X, horizon_targets(X["load"], n_steps))
        ahead = None if known is None else everything[["promotion"]]
        found = [
            forecast(pipe, everything[:end], n_steps, ahead).iloc[:, 0]
            for end in range(120, 140, 4)
        ]
        actual = [everything["load"].iloc[end:][:n_steps] for end in range(120, 140, 4)]
        errors.append(np.mean(np.abs(np.array(found) - np.array(actual))))
    assert errors[1] < 0.6 * errors[0]


def test_forecasts_are_exact_where_the_columns_are_known():
    everything = table(150)
    X = everything[:120]
    windower = LookbackWindower(1, horizon=1, known=["promotion"], layout="flat")
    pipe = make_pipeline(windower, SimpleImputer(), LinearRegression())
    pipe[2].fit(windower.fit_transform(X)[1:], X["load"][1:])
    pipe[1].fit(windower.transform(X)[1:])
    found = forecast(pipe, X, 20, everything[["promotion"]], targets=["load"])
    np.testing.assert_allclose(found["load"], everything["load"][120:140], atol=1e-6)
    with pytest.raises(ValueError, match="up to 2026-01-06 00:00:00, but some of"):
        forecast(pipe, X, 2, X[-1:].shift(freq="h")[["promotion"]] * np.nan)
    with pytest.raises(ValueError, match="'promotion' is known ahead in the Lookback"):
        forecast(pipe, X, 2)


def test_columns_made_from_others_must_be_given():
    everything = table(150).assign(day=lambda X: np.where(X["promotion"] > 0, "a", "b"))
    everything = everything.drop(columns="promotion")
    X = everything[:120]
    encode = ColumnTransformer(
        [("day", OneHotEncoder(sparse_output=False, drop="first"), ["day"])],
        remainder=make_pipeline(SimpleImputer(), StandardScaler()),
        verbose_feature_names_out=False,
    )
    pipe = make_pipeline(
        encode,
        LookbackWindower(4, horizon=1, known=["day_b"]),
        LSTMRegressor(2, epochs=1),
    )
    pipe.set_output(transform="pandas").fit(X, X["load"])
    assert list(forecast(pipe, X, 2, everything[["day"]])) == ["load"]
    with pytest.raises(ValueError, match="The column 'day_b' is known ahead"):
        forecast(pipe, X, 2)


def test_a_classifier_reads_known_columns():
    everything = table(150)
    X = everything[:120]
    busy = pd.Series(np.where(everything["load"] > 1.5, "busy", "calm"), name="shop")
    pipe = make_pipeline(
        LookbackWindower(4, horizon=1, known=["promotion"]),
        LSTMClassifier(4, n_known=1, epochs=40, random_state=0),
    ).fit(X, busy[:120])
    assert pipe.score(X, busy[:120]) > 0.9
    assert forecast(pipe, X, 1, everything[["promotion"]])["shop"].tolist() == [busy[120]]


def test_known_columns_are_not_fed_back():
    X = table()
    pipe = make_pipeline(
        LookbackWindower(4, horizon=1, known=["promotion"]), LSTMRegressor(2, epochs=1)
    ).fit(X, X["load"])
    with pytest.raises(ValueError, match=r"Use forecast\(pipeline, X, steps, known="):
        recursive_forecast(pipe, X, 2)
