"""Pipelines with transformers of skrub and feature-engine come back, or say why not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skforecast_lstm import LookbackWindower, LSTMRegressor, persistence

HOURS = pd.date_range("2026-01-01", periods=60, freq="h")
rng = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "load": np.sin(np.arange(60) / 4),
        "price": rng.uniform(1, 2, 60),
        "day": np.resize(["work", "holiday", "weekend"], 60),
        "note": [f"a note with the number {number}" for number in range(60)],
        "begin": HOURS.tz_localize("Europe/Berlin"),
    },
    index=HOURS,
)


def skrub_steps():
    skrub = pytest.importorskip("skrub")
    s = skrub.selectors
    encoded = {"datetime": skrub.DatetimeEncoder(periodic_encoding="circular")}
    text = {"high_cardinality": skrub.StringEncoder(n_components=3, random_state=0)}
    ordered = {"low_cardinality": OneHotEncoder(sparse_output=False)}
    return {
        "TableVectorizer": [
            skrub.TableVectorizer(**encoded, **text, **ordered, cardinality_threshold=5),
            StandardScaler(),
        ],
        "Cleaner": [skrub.Cleaner(), skrub.SelectCols(s.numeric() | ["price"])],
        "ApplyToCols": [
            skrub.DropCols(["day", "note", "begin"]),
            skrub.ApplyToCols(StandardScaler(), cols=s.glob("lo*") - s.regex("price")),
        ],
        "SquashingScaler": [
            skrub.SelectCols(~s.string() & s.float()),
            skrub.SquashingScaler(),
        ],
    }


def feature_engine_steps():
    pytest.importorskip("feature_engine")
    from feature_engine.creation import CyclicalFeatures, MathFeatures
    from feature_engine.datetime import DatetimeFeatures
    from feature_engine.encoding import OneHotEncoder, OrdinalEncoder, RareLabelEncoder
    from feature_engine.imputation import AddMissingIndicator, MeanMedianImputer
    from feature_engine.outliers import Winsorizer
    from feature_engine.selection import DropFeatures
    from feature_engine.timeseries.forecasting import LagFeatures, WindowFeatures
    from feature_engine.transformation import YeoJohnsonTransformer
    from feature_engine.wrappers import SklearnTransformerWrapper

    numbers = DropFeatures(["day", "note", "begin"])
    return {
        "categories": [
            DropFeatures(["note", "begin"]),
            RareLabelEncoder(n_categories=2),
            OneHotEncoder(),
        ],
        "ordinal": [
            DropFeatures(["note", "begin"]),
            OrdinalEncoder(encoding_method="arbitrary"),
        ],
        "times": [
            DropFeatures(["day", "note", "begin"]),
            DatetimeFeatures("index", features_to_extract=["hour", "month"]),
            CyclicalFeatures(["hour"], drop_original=True),
        ],
        "imputed": [numbers, AddMissingIndicator(), MeanMedianImputer()],
        "scaled": [
            numbers,
            Winsorizer(),
            YeoJohnsonTransformer(["price"]),
            SklearnTransformerWrapper(StandardScaler()),
        ],
        "lags": [
            numbers,
            LagFeatures(periods=[1, 2]),
            WindowFeatures(["load"], missing_values="ignore"),
            MathFeatures(["load", "price"], ["sum"]),
            MeanMedianImputer(),
        ],
    }


def assert_comes_back(steps, path):
    pipe = make_pipeline(
        *steps, LookbackWindower(4, horizon=1), LSTMRegressor(2, epochs=1, random_state=0)
    )
    pipe.set_output(transform="pandas").fit(TABLE, TABLE["load"])
    persistence.save(pipe, path)
    again = persistence.load(path)
    expected = pipe.predict(TABLE)
    assert np.ptp(expected) > 0
    np.testing.assert_array_equal(again.predict(TABLE), expected)
    # It can be fitted once more, with all its parameters.
    assert repr(again) == repr(pipe)
    later = TABLE[10:]
    for one in (pipe, again):
        one.fit(later, later["load"])
    np.testing.assert_array_equal(again.predict(later), pipe.predict(later))


@pytest.mark.parametrize(
    "name", ["TableVectorizer", "Cleaner", "ApplyToCols", "SquashingScaler"]
)
def test_skrub(name, tmp_path):
    assert_comes_back(skrub_steps()[name], tmp_path / "pipe.lstm")


@pytest.mark.parametrize(
    "name", ["categories", "ordinal", "times", "imputed", "scaled", "lags"]
)
def test_feature_engine(name, tmp_path):
    assert_comes_back(feature_engine_steps()[name], tmp_path / "pipe.lstm")


def test_what_is_not_plain_is_named(tmp_path):
    skrub = pytest.importorskip("skrub")
    pytest.importorskip("feature_engine")
    from feature_engine.discretisation import DecisionTreeDiscretiser

    trees = DecisionTreeDiscretiser(variables=["price"], cv=2, regression=True)
    chosen = skrub.SelectCols(skrub.selectors.filter(lambda column: True))
    for step, message in (
        (
            skrub.TableVectorizer(high_cardinality=skrub.MinHashEncoder()),
            r"steps\['tablevectorizer'\]\.high_cardinality: .*'MinHashEncoder'.*joblib",
        ),
        (
            trees.fit(TABLE[["price"]], TABLE["load"]),
            r"steps\['decisiontreediscretiser'\]\.binner_dict_\['price'\].*'Tree'",
        ),
        (chosen, r"steps\['selectcols'\]\.cols\.predicate: .*'<lambda>'"),
    ):
        with pytest.raises(TypeError, match=message):
            persistence.save(make_pipeline(step), tmp_path / "pipe.lstm")
        assert not list(tmp_path.iterdir())
