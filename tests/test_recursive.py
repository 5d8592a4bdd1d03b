"""Forecasts fed back: the same as when each is appended as a row to predict again."""

import functools

import keras
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    UnknownStepsWarning,
    recursive,
    recursive_forecast,
    training,
)
from skforecast_lstm.networks import QuantileLoss

# Many of these forecasts begin from few rows, which is told elsewhere.
pytestmark = pytest.mark.filterwarnings(
    "ignore:[0-9]+ of [0-9]+ (rows|forecasts) (have|begin from) a window that is wholly"
)

# What rounding to float32 grows to over a few steps of a network like these.
ROUNDING = {"rtol": 1e-5}
N_FIT = 30


# ---------------------------------------------------------------- the slow way


def appended(X, row, index):
    """X with one more row of numbers."""
    if hasattr(X, "iloc"):
        more = pd.DataFrame([row], columns=X.columns, index=index).astype(X.dtypes)
        return pd.concat([X, more])
    return np.concatenate([X, np.asarray([row], dtype=X.dtype)])


def slow_way(pipeline, X, n_steps, start, index=None):
    """Append a row that is unknown, predict it, put the forecast in its place."""
    known, forecasts = X[:start], []
    for step in range(n_steps):
        label = None if index is None else index[start + step : start + step + 1]
        unknown = np.full(X.shape[1], np.nan)
        asked = appended(known, unknown, label)
        forecasts.append(pipeline.predict(asked)[-1])
        known = appended(known, np.ravel(forecasts[-1]), label)
    return np.array(forecasts)


def assert_is_the_slow_way(pipeline, X, n_steps, starts, index=None):
    found = recursive_forecast(pipeline, X, n_steps, starts=starts)
    for start, forecast in zip(starts, found, strict=True):
        expected = slow_way(pipeline, X, n_steps, start, index)
        assert_allclose(forecast, expected, **ROUNDING)
        assert forecast.dtype == expected.dtype


def whole_index(kind, n_rows):
    """An index for the rows of fit, those after them, and those to come."""
    if kind == "time":
        return pd.date_range("2026-01-01", periods=n_rows, freq="h")
    return pd.RangeIndex(n_rows)


def made_series(n_rows, n_columns, seed=0):
    generator = np.random.default_rng(seed)
    waves = np.sin(np.arange(n_rows)[:, None] / (2 + np.arange(n_columns)))
    return 50 + 10 * waves + generator.normal(size=(n_rows, n_columns))


@functools.cache
def regressor_of(n_columns, y_dtype, y_is_flat, layout):
    """A network that reads three steps; its forecasts vary, and stay in bounds."""
    generator = np.random.default_rng(1)
    shape = (3 * n_columns,) if layout == "flat" else (3, n_columns)
    X, y = generator.normal(size=(40, *shape)), made_series(40, n_columns)
    y = (y[:, 0] if y_is_flat else y).astype(y_dtype)
    return LSTMRegressor(4, epochs=3, learning_rate=0.05, random_state=0).fit(X, y)


def fitted(scalers, windower, regressor, rows):
    """A pipeline whose last step is fitted already."""
    for step in (*scalers, windower):
        if hasattr(rows, "iloc") and step is not windower:
            step.set_output(transform="pandas")
        rows = step.fit_transform(rows)
    return make_pipeline(*scalers, windower, regressor)


@st.composite
def windowers(draw):
    """Windowers of three steps, whose windows end before their row."""
    horizon = draw(st.integers(1, 3))
    shared = {
        "layout": draw(st.sampled_from(["sequence", "flat"])),
        "warmup": draw(st.sampled_from(["nan", "edge"])),
    }
    if draw(st.booleans()):
        lags = st.lists(st.integers(horizon, 9), min_size=3, max_size=3, unique=True)
        horizon = draw(st.sampled_from([0, horizon]))
        return LookbackWindower(lags=draw(lags), horizon=horizon, **shared)
    return LookbackWindower(3, step=draw(st.integers(1, 3)), horizon=horizon, **shared)


SCALERS = {
    "none": list,
    "standard": lambda: [StandardScaler()],
    "spread alone": lambda: [StandardScaler(with_mean=False)],
    "centre alone": lambda: [RobustScaler(with_scaling=False)],
    "largest": lambda: [MaxAbsScaler()],
    "range": lambda: [MinMaxScaler((-2, 1))],
    "many": lambda: [MinMaxScaler(), RobustScaler(), StandardScaler()],
    "within bounds": lambda: [MinMaxScaler((-1, 1), clip=True)],
    "power": lambda: [PowerTransformer()],
    "function": lambda: [FunctionTransformer(np.arcsinh), StandardScaler()],
}


# Some gaps leave a window with no known step. The windower warns of it, which
# `test_gaps.py` checks; here the law must hold for such windows too.
@pytest.mark.filterwarnings("ignore:.*have no known step:UserWarning")
@settings(max_examples=60, deadline=None)
@given(data=st.data(), windower=windowers(), kind=st.sampled_from(["time", "range", ""]))
def test_it_is_the_slow_way(data, windower, kind):
    n_columns = data.draw(st.integers(1, 2), label="columns")
    flat_y = n_columns == 1 and data.draw(st.booleans(), label="flat y")
    dtype = data.draw(st.sampled_from([np.float32, np.float64]), label="dtype")
    scalers = SCALERS[data.draw(st.sampled_from(sorted(SCALERS)), label="scalers")]()
    n_rows = data.draw(st.integers(1, 20), label="rows")
    first = data.draw(st.sampled_from([0, N_FIT]), label="first")
    n_steps = data.draw(st.integers(1, 4), label="steps")
    table = made_series(N_FIT + n_rows + n_steps, n_columns).astype(dtype)
    gaps = data.draw(st.lists(st.integers(0, len(table) - 1), max_size=6), label="gaps")
    table[gaps, 0] = np.nan
    index = None
    if kind:
        index = whole_index(kind, len(table))
        columns = [f"x{number}" for number in range(n_columns)]
        table = pd.DataFrame(table, index=index, columns=columns)
        index = index[first:]
    regressor = regressor_of(n_columns, dtype, flat_y, windower.layout)
    pipeline = fitted(scalers, windower, regressor, table[:N_FIT])
    X = table[first : first + n_rows]
    any_start = st.integers(0, len(X))
    starts = data.draw(st.lists(any_start, min_size=1, max_size=3), label="starts")
    assert_is_the_slow_way(pipeline, X, n_steps, starts, index)


# ---------------------------------------------------------------- the other laws


@pytest.fixture(scope="module")
def pipeline():
    """Two columns behind a scaler, fitted on a frame with times."""
    rows = frame(N_FIT)
    return fitted(
        [StandardScaler()],
        LookbackWindower(3, horizon=1),
        regressor_of(2, np.float64, False, "sequence"),
        rows,
    )


def frame(n_rows, first=0):
    index = whole_index("time", first + n_rows)
    columns = ["load", "wind"]
    return pd.DataFrame(made_series(first + n_rows, 2), index, columns)[first:]


@pytest.mark.parametrize("first", [0, N_FIT, N_FIT + 1])
def test_step_one_is_what_the_pipeline_predicts(pipeline, first):
    X = frame(20, first)
    found = recursive_forecast(pipeline, X, 2, starts=range(20))
    assert found.shape == (20, 2, 2)
    assert_allclose(found[:, 0], pipeline.predict(X), 1e-5)


def test_forecasts_vary_with_what_was_known_and_what_was_fed_back(pipeline):
    # Else the laws here would hold of a network that always says the same.
    found = recursive_forecast(pipeline, frame(20), 5, starts=[5, 10, 15])
    assert (found.std(axis=0) > 0.05).all()
    assert (found.std(axis=1) > 0.05).all()


@pytest.mark.parametrize("step", [StandardScaler(), FunctionTransformer(np.arcsinh)])
@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 20), junk=st.sampled_from([1e6, np.nan]))
def test_nothing_at_the_start_or_after_it_is_seen(step, start, junk):
    X = frame(20).to_numpy()
    regressor = regressor_of(2, np.float64, False, "sequence")
    pipe = fitted([step], LookbackWindower(3, horizon=1), regressor, X)
    before = recursive_forecast(pipe, X, 4, starts=[start, start])
    changed = X.copy()
    changed[start:] = junk
    assert_array_equal(
        recursive_forecast(pipe, changed, 4, starts=[start, start]), before
    )
    if start:
        changed[start - 1] += 10.0
        after = recursive_forecast(pipe, changed, 4, starts=[start])
        assert (np.abs(after - before[:1]) > 1e-6).any(axis=2).all()


def test_by_default_it_begins_after_the_last_row(pipeline):
    X = frame(9)
    found = recursive_forecast(pipeline, X, 3)
    assert found.shape == (1, 3, 2)
    assert_array_equal(found, recursive_forecast(pipeline, X, 3, starts=[9]))


def test_starts_may_come_in_any_order_and_twice(pipeline):
    X = frame(20)
    every = recursive_forecast(pipeline, X, 3, starts=range(21))
    starts = [13, 2, 20, 13, 0]
    assert_allclose(
        recursive_forecast(pipeline, X, 3, starts=starts), every[starts], 1e-5
    )


# ---------------------------------------------------------------- many series


def panel(n_rows_of, first=0):
    """Series of different lengths, their rows mixed."""
    parts = {
        name: frame(first + n_rows, 0).iloc[first:] * (number + 1)
        for number, (name, n_rows) in enumerate(n_rows_of.items())
    }
    together = pd.concat(parts, names=["series", "time"])
    return together.swaplevel().sort_index(kind="stable").swaplevel()


@pytest.mark.parametrize("step", [StandardScaler(), FunctionTransformer(np.arcsinh)])
@pytest.mark.parametrize("first", [0, N_FIT])
def test_each_series_is_forecast_from_its_own_rows_and_history(step, first):
    regressor = regressor_of(2, np.float64, False, "sequence")
    windower = LookbackWindower(3, horizon=1)
    pipe = fitted([step], windower, regressor, panel({"b": N_FIT, "a": N_FIT}))
    X = panel({"b": 7, "new": 12, "a": 9}, first)
    starts = np.arange(len(X))
    found = recursive_forecast(pipe, X, 3, starts=starts)
    names = X.index.get_level_values("series")
    for start, forecast in zip(starts, found, strict=True):
        before = X[:start]
        own = before[before.index.get_level_values("series") == names[start]]
        times = whole_index("time", 60)[first + len(own) :]
        index = pd.MultiIndex.from_product([[names[start]], times], names=X.index.names)
        index = pd.MultiIndex.from_tuples([*own.index, *index], names=X.index.names)
        expected = slow_way(pipe, own, 3, len(own), index)
        assert_allclose(forecast, expected, **ROUNDING)
    assert_allclose(found[:, 0], pipe.predict(X), 1e-5)

    ends = recursive_forecast(pipe, X, 3)
    for end, name in zip(ends, names.unique(), strict=True):
        alone = X[names == name]
        expected = recursive_forecast(pipe, alone, 3, starts=[len(alone)])[0]
        assert_allclose(end, expected, 1e-5)


def test_a_step_that_drops_the_names_of_series_is_refused():
    X = panel({"a": 20, "b": 20})
    pipe = make_pipeline(
        StandardScaler(), LookbackWindower(3, horizon=1), LSTMRegressor(1, epochs=1)
    )
    pipe.fit(X, X)
    with pytest.raises(ValueError, match="set_output"):
        recursive_forecast(pipe, X, 2)


# ---------------------------------------------------------------- any pipeline


def ridge():
    windower = LookbackWindower(4, horizon=1, layout="flat")
    return make_pipeline(StandardScaler(), windower, SimpleImputer(), Ridge())


def tiny(**parameters):
    return LSTMRegressor(2, epochs=1, random_state=0, **parameters)


def in_other_order():
    return ColumnTransformer([("b", StandardScaler(), [1]), ("a", MaxAbsScaler(), [0])])


@pytest.mark.parametrize(
    "pipe",
    [
        pytest.param(ridge(), id="ridge"),
        pytest.param(
            make_pipeline(
                PowerTransformer(),
                LookbackWindower(3, horizon=1),
                TransformedTargetRegressor(tiny(), transformer=StandardScaler()),
            ),
            id="transformed target",
        ),
        pytest.param(
            make_pipeline(in_other_order(), LookbackWindower(lags=[1, 5]), tiny()),
            id="other columns",
        ),
        pytest.param(
            make_pipeline(LookbackWindower(3, horizon=1), "passthrough", tiny()),
            id="passthrough",
        ),
        pytest.param(
            make_pipeline(
                "passthrough", LookbackWindower(3, horizon=1), tiny(bidirectional=True)
            ),
            id="bidirectional",
        ),
        pytest.param(
            make_pipeline(
                LookbackWindower(4, horizon=1),
                tiny(normalization="last", target_columns=(0, 1)),
            ),
            id="normalized",
        ),
    ],
)
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_every_pipeline_is_the_slow_way(pipe, output):
    X = frame(40)
    if output == "default":
        X = X.to_numpy()
    pipe = pipe.set_output(transform=output).fit(X[:30], X[:30])
    index = whole_index("time", 50) if output == "pandas" else None
    assert_is_the_slow_way(pipe, X, 3, [4, 20, 40], index)


def test_a_network_of_the_users_own_is_the_slow_way():
    def changes():
        windows = keras.Input((4, 1))
        # A lambda is a program of its own.
        known = keras.layers.Lambda(keras.ops.nan_to_num, output_shape=(4, 1))(windows)
        change = keras.layers.Dense(1)(keras.layers.GRU(3)(known))
        return keras.Model(windows, known[:, -1] + change)

    series = made_series(60, 1)
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(4, horizon=1),
        LSTMRegressor(model=changes, epochs=1, random_state=0),
    ).fit(series, series)
    assert_is_the_slow_way(pipe, series, 4, [2, 30, 60])


@pytest.mark.parametrize("table", [pl.DataFrame, pa.table])
def test_a_table_keeps_the_names_of_its_columns(table):
    X = table({"a": made_series(40, 1)[:, 0], "b": made_series(40, 1, 1)[:, 0]})
    transformer = ColumnTransformer([("both", PowerTransformer(), ["a", "b"])])
    pipe = make_pipeline(transformer, LookbackWindower(3, horizon=1), tiny())
    values = np.asarray(X)
    pipe.fit(X, values)
    found = recursive_forecast(pipe, X, 3, starts=[5, 40])
    by_name = make_pipeline(PowerTransformer(), LookbackWindower(3, horizon=1), tiny())
    by_name.fit(values, values)
    expected = recursive_forecast(by_name, values, 3, starts=[5, 40])
    assert_allclose(found, expected, 1e-5)


def test_targets_in_another_order_than_the_columns():
    X = pd.DataFrame(made_series(40, 2), columns=["a", "b"])
    pipe = make_pipeline(LookbackWindower(3, horizon=1), tiny())
    for y in (X[["b", "a"]], pl.from_pandas(X[["b", "a"]])):
        with pytest.raises(ValueError, match=r"\['b', 'a'\], but X has \['a', 'b'\]"):
            recursive_forecast(pipe.fit(X, y), X, 2)
    other = X.rename(columns={"a": "c"})
    assert recursive_forecast(pipe.fit(X, other), X, 2).shape == (1, 2, 2)


def test_a_pandas_series_needs_no_frame():
    series = frame(40)["load"]
    pipe = make_pipeline(LookbackWindower(3, horizon=1), tiny()).fit(series, series)
    found = recursive_forecast(pipe, series, 3, starts=[5, 40])
    assert found.shape == (2, 3)
    values = series.to_numpy().reshape(-1, 1)
    pipe.fit(values, values[:, 0])
    assert_allclose(found, recursive_forecast(pipe, values, 3, starts=[5, 40]), 1e-5)


@pytest.mark.parametrize(
    ("scaler", "says"),
    [
        (StandardScaler(), "6 of 12 forecasts .* start 1"),
        (FunctionTransformer(), "1 of 2 predictions are NaN"),
    ],
)
def test_unknown_steps_that_are_not_masked_are_warned_of(scaler, says):
    series = made_series(40, 1) / 10
    layers = [keras.Input((3, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    pipe = make_pipeline(
        scaler,
        LookbackWindower(3, horizon=1),
        LSTMRegressor(model=keras.Sequential(layers), epochs=1),
    ).fit(series, series)
    with pytest.warns(UnknownStepsWarning, match=says):
        found = recursive_forecast(pipe, series, 6, starts=[30, 2])
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


# ---------------------------------------------------------------- what can't be done


def simple(windower=None, regressor=None):
    windower = windower or LookbackWindower(3, horizon=1)
    return make_pipeline(windower, regressor or tiny())


def test_what_cannot_be_fed_back_is_explained():
    X = frame(40)
    one = X[["load"]]
    at_the_row = simple(LookbackWindower(3)).fit(X, X)
    some = simple().fit(X, X["load"])
    ahead = simple().fit(one, np.column_stack([one] * 4))
    ridge_of_some = ridge().fit(X, X["load"])
    search = GridSearchCV(simple(), {"lstmregressor__units": [1]}, cv=TimeSeriesSplit(2))
    classifier = simple(regressor=LSTMClassifier(1, epochs=1)).fit(X, X["load"] > 50)
    twice = make_pipeline(LookbackWindower(2, layout="flat"), simple()[0], tiny())
    without = make_pipeline(StandardScaler(), Ridge()).fit(X, X)
    changes = FunctionTransformer(lambda rows: rows.diff())
    mixing = make_pipeline(changes, *simple()).set_output(transform="pandas").fit(X, X)
    good = simple().fit(X, X)
    for error, says, pipe, arguments in [
        (ValueError, r"horizon=0.*LookbackWindower\(horizon=1\)", at_the_row, {}),
        (ValueError, "1 of the 2 columns.*horizon_targets.*use forecast", some, {}),
        (ValueError, "1 of the 2 columns", ridge_of_some, {}),
        (TypeError, "got GridSearchCV. A search must be fitted, with refit", search, {}),
        (TypeError, "Pipeline with a LookbackWindower.*got Ridge.$", Ridge(), {}),
        (TypeError, "regressor.*got LSTMClassifier", classifier, {}),
        (TypeError, "regressor.*got LookbackWindower", good[:1], {}),
        (ValueError, "has 2: ", twice, {}),
        (ValueError, r"has 0: \['StandardScaler', 'Ridge'\]", without, {}),
        (NotFittedError, "not fitted", simple(), {}),
        (ValueError, "differently than", mixing, {}),
        (ValueError, "n_steps must be at least 1", good, {"n_steps": 0}),
        (TypeError, "n_steps must be an integer", good, {"n_steps": 2.0}),
        (ValueError, "starts has 41.*0 to 39, and 40 is right after", good, [41]),
        (ValueError, "starts has -1", good, [3, -1]),
        (ValueError, "positions of rows", good, []),
        (ValueError, "positions of rows", good, [1.5]),
        (ValueError, "positions of rows", good, 3),
        (ValueError, "positions of rows", good, np.ones(40, dtype=bool)),
    ]:
        if not isinstance(arguments, dict):
            arguments = {"starts": arguments}
        with pytest.raises(error, match=says):
            recursive_forecast(pipe, X, **{"n_steps": 2, **arguments})
    with pytest.raises(ValueError, match="4 of the 1 columns"):
        recursive_forecast(ahead, one, 2)
    many = panel({"a": 10, "b": 10})
    with pytest.raises(ValueError, match=r"starts has 20.*Leave starts out"):
        recursive_forecast(good, many, 2, starts=[20])


def test_a_fitted_search_stands_for_its_best_pipeline():
    X = frame(40)
    grid = {"lstmregressor__units": [1, 2]}
    search = GridSearchCV(simple(), grid, cv=TimeSeriesSplit(2)).fit(X, X)
    np.testing.assert_array_equal(
        recursive_forecast(search, X, 3),
        recursive_forecast(search.best_estimator_, X, 3),
    )


def test_unknown_history_is_an_error_where_the_windower_says_so():
    X = frame(50)
    pipe = simple(LookbackWindower(3, horizon=1, warmup="error")).fit(X[:30], X[:30])
    assert recursive_forecast(pipe, X, 2, starts=[3, 20]).shape == (2, 2, 2)
    assert recursive_forecast(pipe, X[30:], 2, starts=[0]).shape == (1, 2, 2)
    with pytest.raises(ValueError, match="need 3 rows before them, but only 1 are known"):
        recursive_forecast(pipe, X, 2, starts=[5, 1])


def test_what_is_too_large_for_the_device_is_refused_where_a_window_has_it():
    X = made_series(40, 1)
    pipe = simple().fit(X, X)
    X[20] = 1e39
    assert np.isfinite(recursive_forecast(pipe, X, 2, starts=[20, 24])).all()
    with pytest.raises(ValueError, match="too large for float32"):
        recursive_forecast(pipe, X, 2, starts=[22])
    X[20] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        recursive_forecast(pipe, X, 2)


# ---------------------------------------------------------------- where it runs


@pytest.mark.parametrize(
    ("steps", "on_device"),
    [
        ([StandardScaler(), tiny()], True),
        (["passthrough", RobustScaler(), tiny()], True),
        ([tiny()], True),
        ([MinMaxScaler(clip=True), tiny()], False),
        ([PowerTransformer(), tiny()], False),
        ([StandardScaler(), TransformedTargetRegressor(tiny())], False),
    ],
)
def test_a_network_behind_scalers_runs_on_the_device(monkeypatch, steps, on_device):
    X = made_series(40, 1)
    pipe = make_pipeline(*steps[:-1], LookbackWindower(3, horizon=1), steps[-1])
    pipe.fit(X, X)
    calls = []
    original = training.feed_back

    def counted(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(recursive.training, "feed_back", counted)
    recursive_forecast(pipe, X, 2)
    assert bool(calls) == on_device


def constant_at_the_end(n_rows=40, *, throughout=False):
    """Two columns that change and then stay, so that neighbours tell nothing."""
    rows = np.column_stack([np.sin(np.arange(n_rows)), np.cos(np.arange(n_rows))]) + 3
    rows[0 if throughout else n_rows // 2 :] = rows[n_rows // 2]
    return pd.DataFrame(rows, columns=["a", "b"])


WITH_MEMORY = {
    "difference": lambda rows: rows.diff().fillna(0.0),
    "change": lambda rows: rows.pct_change().fillna(0.0),
    "shift": lambda rows: rows.shift(1).bfill().fillna(rows),
    "rolling mean": lambda rows: rows.rolling(3, min_periods=1).mean(),
    "centred mean": lambda rows: rows.rolling(3, min_periods=1, center=True).mean(),
    "smoothing": lambda rows: rows.ewm(alpha=0.3).mean(),
    "sum": lambda rows: rows.cumsum(),
    "greatest so far": lambda rows: rows.cummax(),
    "less the first": lambda rows: rows - rows.iloc[0],
    "less the mean": lambda rows: rows - rows.mean(),
    "rank": lambda rows: rows.rank(),
    "outliers": lambda rows: rows.where(
        (rows - rows.median()).abs() <= 3 * (rows - rows.median()).abs().median(),
        rows.median(),
        axis=1,
    ),
    "fill": lambda rows: rows.ffill(),
    "its place": lambda rows: rows + np.arange(len(rows))[:, None],
    "its index": lambda rows: rows.add(rows.index.to_numpy() * 0.1, axis=0),
}
ROW_BY_ROW = {
    "nothing": None,
    "logarithm": np.log,
    "columns": lambda rows: rows.assign(b=rows["b"] - rows["a"]),
    "fill with 0": lambda rows: rows.fillna(0.0),
    "clip": lambda rows: rows.clip(2.5, 3.5),
    "mean of the row": lambda rows: rows.sub(rows.mean(axis=1), axis=0),
}


def behind(function, X, *more):
    steps = [FunctionTransformer(function), *more]
    windower = LookbackWindower(3, horizon=1, layout="flat")
    pipe = make_pipeline(*steps, windower, SimpleImputer(), Ridge())
    return pipe.set_output(transform="pandas").fit(X, X)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("name", WITH_MEMORY)
def test_a_step_with_memory_is_refused_though_the_last_rows_agree(name, constant):
    X = constant_at_the_end(throughout=constant)
    pipe = behind(WITH_MEMORY[name], X)
    with pytest.raises(ValueError, match="steps that look at other rows"):
        recursive_forecast(pipe, X, 2)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_a_step_with_memory_is_refused_at_any_scale(scale):
    X = constant_at_the_end() * scale
    pipe = behind(WITH_MEMORY["rolling mean"], X)
    with pytest.raises(ValueError, match="differently than"):
        recursive_forecast(pipe, X, 2)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_a_step_that_takes_each_row_by_itself_works(name, constant):
    X = constant_at_the_end(throughout=constant)
    pipe = behind(ROW_BY_ROW[name], X, StandardScaler())
    forecasts = recursive_forecast(pipe, X, 2)
    assert forecasts.shape == (1, 2, 2)
    extended = pd.concat([X, X[-1:]], ignore_index=True)
    np.testing.assert_allclose(forecasts[0, 0], pipe.predict(extended)[-1])


@pytest.mark.parametrize(
    "step",
    [
        PowerTransformer("box-cox"),
        QuantileTransformer(n_quantiles=5),
        PCA(2),
        KBinsDiscretizer(3, encode="ordinal", strategy="uniform"),
        KNNImputer(),
    ],
)
def test_fitted_steps_of_scikit_learn_work(step):
    X = constant_at_the_end()
    windower = LookbackWindower(3, horizon=1, layout="flat")
    pipe = make_pipeline(step, windower, SimpleImputer(), Ridge()).fit(X, X)
    assert recursive_forecast(pipe, X, 3).shape == (1, 3, 2)


@pytest.mark.parametrize("gaps", [False, True])
def test_quantiles_are_not_taken_for_columns(rng, gaps):
    """Three quantiles of the first column are as many numbers as X has columns."""
    X = rng.normal(size=(40, 3))
    y = X[:, [0]].repeat(3, axis=1)
    if gaps:
        y[20, 1] = np.nan
    loss = QuantileLoss((0.1, 0.5, 0.9))
    network = LSTMRegressor(1, epochs=1, loss=loss, random_state=0)
    pipe = make_pipeline(LookbackWindower(3, horizon=1), network).fit(X, y)
    with pytest.raises(ValueError, match=r"quantiles \(0.1, 0.5, 0.9\) of its targets"):
        recursive_forecast(pipe, X, 2)


def test_a_start_without_rows_before_it_is_told():
    X = pd.DataFrame({"x": np.arange(40.0)})
    pipe = make_pipeline(LookbackWindower(4, horizon=1), LSTMRegressor(2, epochs=1))
    pipe.fit(X, X)
    with pytest.warns(UnknownStepsWarning, match="^1 of 1 forecasts begin from a window"):
        recursive_forecast(pipe, X[-1:], 2)
    with pytest.warns(UnknownStepsWarning, match="^2 of 3 forecasts begin from a window"):
        recursive_forecast(pipe, X[20:], 2, starts=[0, 1, 5])
    recursive_forecast(pipe, X, 2, starts=[0, 1])
