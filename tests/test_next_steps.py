"""Forecasts of the steps after the last row, with their times and names."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    UnknownStepsWarning,
    forecast,
    recursive_forecast,
)
from skforecast_lstm.networks import QuantileLoss
from skforecast_lstm.targets import horizon_targets

N_ROWS = 60
HOURS = pd.date_range("2026-01-01", periods=N_ROWS, freq="h", name="hour")


def wave(n_rows=N_ROWS, first=0):
    """A sine, which three of its values continue exactly."""
    return np.sin(np.arange(first, first + n_rows) / 3)


def load(index=HOURS):
    return pd.DataFrame({"load": wave(len(index))}, index=index)


def linear(lookback=3, horizon=1, **options):
    """A pipeline that forecasts a sine exactly from its last two values."""
    windower = LookbackWindower(lookback, horizon=horizon, layout="flat", **options)
    imputer = SimpleImputer(keep_empty_features=True)
    return make_pipeline(windower, imputer, LinearRegression())


def exact(X, y, **options):
    """Fit on rows whose windows are complete."""
    pipe = linear(**options)
    windows = pipe[0].fit_transform(X)
    complete = ~np.isnan(windows).any(axis=1)
    targets = np.asarray(y)
    complete &= ~np.isnan(targets.reshape(len(targets), -1)).any(axis=1)
    pipe[1].fit(windows[complete])
    pipe[2].fit(windows[complete], targets[complete])
    return pipe


@pytest.mark.parametrize("horizon", [1, 3, 24])
@pytest.mark.parametrize("n_ahead", [1, 4])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 24, 30])
def test_every_kind_of_pipeline_continues_a_sine(horizon, n_ahead, steps):
    X = load()
    y = horizon_targets(X["load"], n_ahead)
    pipe = exact(X, y, horizon=horizon)
    found = forecast(pipe, X, steps)
    np.testing.assert_allclose(found.iloc[:, 0], wave(steps, N_ROWS), atol=1e-6)
    expected = pd.date_range(HOURS[-1], periods=steps + 1, freq="h", name="hour")[1:]
    pd.testing.assert_index_equal(found.index, expected)
    assert list(found.columns) == ["load"]


TABLES = {
    "array": lambda X: X.to_numpy(),
    "list": lambda X: X.to_numpy().tolist(),
    "series": lambda X: X["load"],
    "polars": lambda X: pl.DataFrame({"load": X["load"].to_numpy()}),
    "polars series": lambda X: pl.Series("load", X["load"].to_numpy()),
    "pyarrow": lambda X: pa.table({"load": X["load"].to_numpy()}),
    "whole numbers": lambda X: X.set_axis(np.arange(0, 5 * N_ROWS, 5)),
    "periods": lambda X: X.set_axis(pd.period_range("2026-01", periods=N_ROWS, freq="M")),
    "times without a frequency": lambda X: X.set_axis(pd.DatetimeIndex(HOURS, freq=None)),
    "month ends": lambda X: X.set_axis(
        pd.DatetimeIndex(pd.date_range("2020", periods=N_ROWS, freq="ME"), freq=None)
    ),
    "a change of the clocks": lambda X: X.set_axis(
        pd.date_range("2026-03-27", periods=N_ROWS, freq="h", tz="Europe/Berlin")
    ),
}
NEXT = {
    "array": [60, 61],
    "list": [60, 61],
    "polars": [60, 61],
    "polars series": [60, 61],
    "pyarrow": [60, 61],
    "whole numbers": [300, 305],
    "periods": [pd.Period("2031-01", "M"), pd.Period("2031-02", "M")],
    "month ends": [pd.Timestamp("2025-01-31"), pd.Timestamp("2025-02-28")],
    "a change of the clocks": [
        pd.Timestamp("2026-03-29 13:00", tz="Europe/Berlin"),
        pd.Timestamp("2026-03-29 14:00", tz="Europe/Berlin"),
    ],
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_table_is_continued(kind):
    X = TABLES[kind](load())
    pipe = exact(X, wave().reshape(-1, 1))
    found = forecast(pipe, X, 2)
    np.testing.assert_allclose(found.iloc[:, 0], wave(2, N_ROWS), atol=1e-6)
    usual = [HOURS[-1] + pd.Timedelta(step, "h") for step in (1, 2)]
    assert found.index.tolist() == NEXT.get(kind, usual)
    assert list(found.columns) == [0 if kind in ("array", "list") else "load"]


def test_closed_hours_are_not_forecast():
    hours = pd.date_range("2026-01-05", periods=24 * 7 * 4, freq="h")
    hours = hours[(hours.hour >= 8) & (hours.hour < 18) & (hours.day_of_week < 6)]
    found = forecast(exact(load(hours), wave(len(hours))), load(hours), 12)
    # The last row is Saturday at 17:00; the shop opens on Monday.
    assert found.index[0] == pd.Timestamp("2026-02-02 08:00")
    assert found.index[10] == pd.Timestamp("2026-02-03 08:00")


def test_the_next_business_day_is_a_monday():
    days = pd.DatetimeIndex(pd.bdate_range("2026-01-01", periods=N_ROWS), freq=None)
    X = load(days[:-3])
    assert X.index[-1].day_of_week == 4
    found = forecast(exact(X, X), X, 2)
    assert [time.day_of_week for time in found.index] == [0, 1]


def panel(lengths, index=HOURS):
    parts = {
        f"shop {number}": load(index[-length:]) for number, length in enumerate(lengths)
    }
    return pd.concat(parts, names=["shop"])


@given(
    lengths=st.lists(st.integers(8, 40), min_size=2, max_size=4),
    horizon=st.sampled_from([1, 2]),
    n_ahead=st.sampled_from([1, 3]),
    steps=st.integers(1, 6),
    is_shuffled=st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_series_of_a_panel_are_forecast_as_each_alone(
    lengths, horizon, n_ahead, steps, is_shuffled
):
    X = panel(lengths)
    if is_shuffled:
        # The series take turns, each in the order of time.
        X = X.sort_index(level="hour", kind="stable", sort_remaining=False)
    pipe = exact(X, horizon_targets(X["load"], n_ahead), horizon=horizon)
    found = forecast(pipe, X, steps)
    assert found.index.names == ["shop", "hour"]
    shops = list(dict.fromkeys(X.index.get_level_values("shop")))
    assert list(dict.fromkeys(found.index.get_level_values("shop"))) == shops
    for shop in shops:
        alone = forecast(pipe, X.loc[shop], steps)
        pd.testing.assert_frame_equal(found.loc[shop], alone, check_freq=False)


def test_a_network_is_fed_back_as_by_recursive_forecast():
    X = load().assign(other=wave(first=7))
    pipe = make_pipeline(
        StandardScaler(), LookbackWindower(3, horizon=1), LSTMRegressor(2, epochs=1)
    )
    pipe.set_output(transform="pandas").fit(X, X)
    found = forecast(pipe, X, 9)
    np.testing.assert_array_equal(found, recursive_forecast(pipe, X, 9)[0])
    assert list(found.columns) == ["load", "other"]

    # A step that is not a scaler goes another way, to the same result.
    slow = make_pipeline(FunctionTransformer(), *(step for _, step in pipe.steps))
    np.testing.assert_allclose(forecast(slow, X, 9), found, rtol=1e-5)


def test_the_next_row_is_that_of_predict():
    X = load()
    pipe = make_pipeline(LookbackWindower(3, horizon=1), LSTMRegressor(2, epochs=1))
    pipe.fit(X, horizon_targets(X["load"], 4))
    grown = pd.concat([X, load(HOURS[-1:] + pd.Timedelta(1, "h")) * np.nan])
    expected = pipe.predict(grown)[-1]
    np.testing.assert_array_equal(forecast(pipe, X, 4)["load"], expected)
    np.testing.assert_array_equal(forecast(pipe, X, 2)["load"], expected[:2])


def test_a_search_is_forecast_by_its_best_pipeline():
    X = load()
    pipe = make_pipeline(
        LookbackWindower(3, horizon=1), LSTMRegressor(2, epochs=1, random_state=0)
    )
    search = GridSearchCV(
        pipe.set_output(transform="pandas"),
        {"lookbackwindower__lookback": [2, 3]},
        cv=TimeSeriesSplit(2),
    ).fit(X, X)
    pd.testing.assert_frame_equal(
        forecast(search, X, 3), forecast(search.best_estimator_, X, 3)
    )


def test_names_of_targets_come_from_y():
    X = load().assign(other=wave(first=7))
    pipe = make_pipeline(LookbackWindower(3, horizon=2), LSTMRegressor(2, epochs=1))
    assert list(forecast(pipe.fit(X, X["other"]), X, 2)) == ["other"]
    assert list(forecast(pipe.fit(X, X["other"].to_numpy()), X, 2)) == ["y"]
    assert list(forecast(pipe.fit(X, X.to_numpy()), X, 2)) == ["load", "other"]
    assert list(forecast(pipe, X, 2, targets=["a", "b"])) == ["a", "b"]
    table = pa.table({name: X[name].to_numpy() for name in ("other", "load")})
    assert list(forecast(pipe.fit(X, table), X, 2)) == ["other", "load"]
    with sklearn.config_context(transform_output="pandas"):
        y = horizon_targets(X, 3)
        found = forecast(pipe.fit(X, y), X, 3)
    assert list(y) == [f"{name}_t+{n}" for n in (1, 2, 3) for name in ("load", "other")]
    assert list(found) == ["load", "other"]


def test_steps_of_an_array_are_told_from_targets():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N_ROWS, 2)), index=HOURS, columns=["a", "b"])
    pipe = make_pipeline(LookbackWindower(3, horizon=1), LSTMRegressor(2, epochs=1))
    assert forecast(pipe.fit(X, X.to_numpy()), X, 2).shape == (2, 2)
    assert list(forecast(pipe.fit(X, horizon_targets(X["b"], 2)), X, 2)) == ["y"]
    assert list(forecast(pipe.fit(X, horizon_targets(X, 2)), X, 2)) == ["a", "b"]
    # Demand that is mostly zero has rows that repeat each other by chance.
    sparse = X.where(rng.random(X.shape) < 0.1, 0.0).to_numpy()
    with pytest.raises(ValueError, match="may be targets or steps ahead"):
        forecast(pipe.fit(X, sparse), X, 1)
    assert list(forecast(pipe.fit(X, X.assign(a=sparse[:, 0])), X, 1)) == ["a", "b"]


def test_steps_or_targets_of_other_estimators_are_asked_for():
    X = load().assign(other=wave(first=7))
    pipe = exact(X, X)
    with pytest.raises(ValueError, match="may be targets or steps ahead"):
        forecast(pipe, X, 2)
    found = forecast(pipe, X, 2, targets=["load", "other"])
    np.testing.assert_allclose(found["load"], wave(2, N_ROWS), atol=1e-6)
    np.testing.assert_allclose(found["other"], wave(2, N_ROWS + 7), atol=1e-6)
    with pytest.raises(ValueError, match="targets has 3 names"):
        forecast(pipe, X, 2, targets=["a", "b", "c"])


def test_quantiles_have_names():
    X = load()
    pipe = make_pipeline(
        LookbackWindower(3, horizon=2),
        LSTMRegressor(2, epochs=1, loss=QuantileLoss([0.1, 0.9])),
    ).fit(X, np.repeat(X.to_numpy(), 2, axis=1))
    assert list(forecast(pipe, X, 2)) == ["load_q0.1", "load_q0.9"]
    with pytest.raises(ValueError, match="need one number for each column"):
        forecast(pipe, X, 3)


def test_classes_are_forecast_at_once():
    X = load()
    rises = np.where(np.diff(wave(), prepend=0) > 0, "up", "down")
    pipe = make_pipeline(LookbackWindower(3, horizon=2), LSTMClassifier(2, epochs=1))
    pipe.fit(X, pd.Series(rises, HOURS, name="trend"))
    found = forecast(pipe, X, 2)
    assert list(found) == ["trend"]
    assert set(found["trend"]) <= {"up", "down"}
    with pytest.raises(ValueError, match="up to 2 steps at once"):
        forecast(pipe, X, 3)


def test_columns_that_are_known_later_are_fed_in():
    rng = np.random.default_rng(0)
    price = rng.normal(size=N_ROWS + 5)
    sold = np.zeros(N_ROWS + 5)
    for row in range(1, len(sold)):
        sold[row] = 0.5 * sold[row - 1] - price[row - 1]
    index = pd.date_range(HOURS[0], periods=len(sold), freq="h")
    table = pd.DataFrame({"price": price, "sold": sold}, index=index)
    X = table[:N_ROWS]
    pipe = exact(X, X["sold"])
    found = forecast(pipe, X, 5, table[["price"]], targets=["sold"])
    np.testing.assert_allclose(found["sold"], sold[N_ROWS:], atol=1e-6)
    with pytest.raises(ValueError, match="Give columns that are known ahead as known"):
        forecast(pipe, X, 5, targets=["sold"])


@pytest.mark.parametrize(
    ("known", "error", "message"),
    [
        ([[1.0]], TypeError, "must be a data frame"),
        (load().rename(columns={"load": "cost"}), ValueError, "X does not have"),
        (load(), ValueError, "has no row at 2026-01-03 12:00:00, the first step"),
    ],
)
def test_refused_known_columns(known, error, message):
    pipe = exact(load(), load())
    with pytest.raises(error, match=message):
        forecast(pipe, load(), 2, known)


def test_refusals():
    X = load()
    pipe = exact(X, X)
    for steps in (0, -1):
        with pytest.raises(ValueError, match="steps must be at least 1"):
            forecast(pipe, X, steps)
    with pytest.raises(ValueError, match="go on after its last row"):
        forecast(pipe, X.set_axis(X.index.astype(str)), 2)
    with pytest.raises(ValueError, match="has no rows"):
        forecast(pipe, X[:0], 2)
    with pytest.raises(ValueError, match="must be a table"):
        forecast(pipe, np.zeros(9), 2)
    with pytest.raises(TypeError, match="must be a scikit-learn Pipeline"):
        forecast(LinearRegression(), X, 2)
    own = linear(horizon=0).fit(X, X)
    with pytest.raises(ValueError, match="contains the row itself"):
        forecast(own, X, 2)


def test_a_step_that_refuses_the_unknown_next_rows():
    X = load().to_numpy(copy=True)
    pipe = make_pipeline(PCA(1).fit(X), *exact(X, X))
    with pytest.raises(ValueError, match=r"next rows are not known .* Put SimpleImputer"):
        forecast(pipe, X, 2)
    expected = recursive_forecast(pipe, X, 2)[0]
    imputed = make_pipeline(SimpleImputer().fit(X), *pipe)
    np.testing.assert_allclose(forecast(imputed, X, 2), expected)
    X[3] = np.nan
    with pytest.raises(ValueError, match=r"^Input X contains NaN"):
        forecast(pipe, X, 2)


def test_too_few_rows_are_told():
    X = load()
    pipe = make_pipeline(LookbackWindower(6, horizon=1), LSTMRegressor(2, epochs=1))
    pipe.fit(X, X)
    few = X[-2:].shift(freq="24h")
    with pytest.warns(UnknownStepsWarning, match="1 of 1 windows to forecast from are"):
        found = forecast(pipe, few, 1)
    assert found.index[0] == few.index[-1] + pd.Timedelta(1, "h")
    # Rows right after those of fit have their history.
    after = load(HOURS[-1:] + pd.Timedelta(1, "h"))
    assert len(forecast(pipe, after, 2)) == 2
