"""LSTMForecaster: categories in X are embedded, and tell series and steps apart."""

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from skforecast_lstm import training
from skforecast_lstm.exceptions import UnknownCategoryWarning
from skforecast_lstm.forecasting import LSTMForecaster
from skforecast_lstm.networks import forecast_network

MONTHS = pd.period_range("2015-01", periods=96, freq="M", name="month")
LEARN = 84


def forecaster(**parameters):
    given = {"pretrained": False, "n_members": 1, "intervals": None, "random_state": 0}
    return LSTMForecaster(**{**given, **parameters})


@pytest.fixture(scope="module")
def promoted():
    """Sales of months with promotions of three kinds, which are known ahead."""
    rng = np.random.default_rng(0)
    kinds = np.array(["none", "small", "big"])[rng.integers(0, 3, size=96)]
    X = pd.DataFrame({"promotion": kinds}, index=MONTHS)
    gain = X["promotion"].map({"none": 0, "small": 10, "big": 40})
    y = 100 + gain + rng.normal(size=96)
    return y, X, forecaster().fit(y[:LEARN], X=X[:LEARN], fh=range(1, 13))


def test_kinds_that_are_known_ahead(promoted):
    y, X, fitted = promoted
    ahead = X[LEARN:]
    forecasts = fitted.predict(X=ahead)
    assert np.abs(forecasts - y[LEARN:]).mean() < 6
    # The same by pandas categories, with some that are not there, and after a pickle.
    names = ["other", "small", "none", "big"]
    for kind in (pd.CategoricalDtype(names), object, "string"):
        again = pickle.loads(pickle.dumps(fitted)).predict(X=ahead.astype(kind))
        pd.testing.assert_series_equal(again, forecasts)


def test_a_kind_that_was_not_there_is_between_the_others_and_told(promoted):
    _, X, fitted = promoted
    ahead = X[LEARN:].copy()
    results = {}
    for kind in ("none", "small", "big"):
        ahead.iloc[2] = kind
        results[kind] = fitted.predict(X=ahead).iloc[2]
    ahead.iloc[2] = "huge"
    with pytest.warns(UnknownCategoryWarning, match=r"1 rows .*'promotion' .*\['huge'\]"):
        found = fitted.predict(X=ahead).iloc[2]
    assert min(results.values()) < found < max(results.values())


@pytest.mark.parametrize("as_object", [Decimal, float])
def test_numbers_that_are_objects_are_no_categories(promoted, as_object):
    y, X, _ = promoted
    prices = pd.Series([as_object(n) for n in range(96)], X.index, dtype=object)
    with pytest.raises(TypeError, match=r"'price' of X has Python objects.*astype"):
        forecaster().fit(y, X=prices.to_frame("price"), fh=[1])


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_are_no_numbers(promoted, zone):
    y, X, _ = promoted
    days = pd.date_range("2015", periods=96, tz=zone)
    with pytest.raises(TypeError, match=r"'opened' of X has dates"):
        forecaster().fit(y, X=pd.DataFrame({"opened": days}, X.index), fh=[1])


def test_missing_categories(promoted):
    y, X, fitted = promoted
    ahead = X[LEARN:].copy()
    ahead.iloc[2] = np.nan
    with pytest.raises(ValueError, match="'promotion' of X is NaN at 2022-03"):
        fitted.predict(X=ahead)
    with_gap = X.copy()
    with_gap.iloc[5] = None
    found = forecaster().fit(y[:LEARN], X=with_gap[:LEARN], fh=[1]).predict(X=X[LEARN:])
    assert np.isfinite(found).all()
    with_gap.iloc[:] = None
    with pytest.raises(ValueError, match="Column 'promotion' of X has no known category"):
        forecaster().fit(y[:LEARN], X=with_gap[:LEARN], fh=[1])


def test_only_a_static_category_tells_two_kinds_of_series_apart():
    rng = np.random.default_rng(0)
    parts, columns = {}, {}
    for number in range(8):
        region = ("north", "south")[number % 2]
        # Before a signal, no window of two rows shows what it does.
        signal = np.where(np.arange(96) % 3 == 2, 1.0, 0.0)
        y = 100 + 6 * signal * (region == "north") + rng.normal(size=96)
        parts[f"s{number}"] = pd.DataFrame({"y": y}, index=MONTHS)
        columns[f"s{number}"] = pd.DataFrame(
            {"signal": signal, "region": region}, index=MONTHS
        )
    y, X = pd.concat(parts), pd.concat(columns)
    is_learnt = y.index.get_level_values(1) < MONTHS[95]
    errors = []
    for names in (["signal", "region"], ["signal"]):
        fitted = forecaster(lookback=2, season_length=1)
        fitted.fit(y[is_learnt], X=X[names][is_learnt], fh=[1])
        found = fitted.predict(X=X[names][~is_learnt])
        errors.append(np.abs(found.to_numpy() - y[~is_learnt].to_numpy()).mean())
    assert errors[0] < 0.75 * errors[1]


def test_past_only_and_numbers_beside_it(promoted):
    y, X, _ = promoted
    X = X.assign(price=np.arange(96.0), shop="a")[["shop", "price", "promotion"]]
    fitted = forecaster(past_only=["shop"], strategy="seq2seq")
    fitted.fit(y[:LEARN], X=X[:LEARN], fh=[1, 2])
    found = fitted.predict(X=X[["promotion", "price"]][LEARN : LEARN + 2])
    assert np.isfinite(found).all()
    fitted.update(y[LEARN:90], X[LEARN:90], update_params=True)
    assert np.isfinite(fitted.predict(X=X[90:92])).all()


def test_a_regressor_of_the_user_does_not_read_them(promoted):
    y, X, _ = promoted
    with pytest.raises(ValueError, match=r"columns \['promotion'\], which only the def"):
        forecaster(regressor=LinearRegression(), n_members=None).fit(
            y[:LEARN], X=X[:LEARN], fh=[1]
        )


def test_columns_and_values_ahead_share_one_embedding():
    network = forecast_network(
        (4, 4),
        horizon=2,
        n_targets=1,
        n_known=1,
        categorical_features=[1, 2],
        n_categories=[3, 5],
    )
    tables = [one for one in network.weights if "embeddings" in one.path]
    assert [tuple(one.shape) for one in tables] == [(3, 2), (5, 3)]
    window = np.random.default_rng(0).integers(0, 3, size=(6, 4, 4)).astype("float32")
    assert training.predict(network, window).shape == (6, 2)
