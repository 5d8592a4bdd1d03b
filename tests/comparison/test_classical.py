"""Classical forecasters of statsforecast: the forecasts of its own interface."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skforecast_lstm import compare

pytest.importorskip("statsforecast")
pytestmark = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")

LEVELS = (0.8, 0.95)


@pytest.fixture
def panel(rng):
    months = pd.period_range("2018-01", periods=48, freq="M")
    index = pd.MultiIndex.from_product(
        [["north", "south"], ["a", "b"], months], names=["region", "shop", "month"]
    )
    season = 5 * np.sin(np.arange(48) * np.pi / 6)
    values = 20 + season + rng.normal(size=(4, 48))
    return pd.DataFrame({"sold": values.ravel()}, index=index)


@pytest.mark.parametrize("model", ["AutoETS", "DynamicOptimizedTheta"])
@pytest.mark.parametrize("form", ["panel", "columns", "one"])
def test_forecasts_are_those_of_statsforecast(panel, model, form):
    from statsforecast import StatsForecast, models

    series = panel["sold"].unstack(["region", "shop"])
    long = series.set_axis([0, 1, 2, 3], axis=1).reset_index(drop=True).melt(
        ignore_index=False, var_name="unique_id", value_name="y"
    )  # fmt: skip
    long = long.rename_axis("ds").reset_index()
    own = StatsForecast([getattr(models, model)(season_length=12)], freq=1)
    train = long[long["ds"] < 42]
    expected = own.forecast(h=6, df=train, level=[80, 95]).sort_values(
        ["unique_id", "ds"]
    )

    if form == "panel":
        y = panel
    elif form == "columns":
        y = series.set_axis(["a", "b", "c", "d"], axis=1)
    else:
        y, expected = series.iloc[:, 0].rename("y"), expected[:6]
    name = f"{model} (statsforecast)"
    comparison = compare(
        y, horizon=6, n_windows=1, coverage=LEVELS, forecasters=[name], progress=False
    )
    assert comparison.failures.empty
    found = comparison.forecasts
    assert_allclose(found["forecast"], expected[model])
    for level in LEVELS:
        for side in ("lo", "hi"):
            bound = expected[f"{model}-{side}-{100 * level:g}"]
            column = {"lo": "lower", "hi": "upper"}[side]
            assert_allclose(found[f"{column}_{level:g}"], bound)


def test_arima_is_named_and_ends_a_comparison(panel):
    name = "AutoARIMA (statsforecast)"
    y = panel["sold"].xs(("north", "a"))
    comparison = compare(
        y, horizon=3, n_windows=1, season_length=1, forecasters=[name], progress=False
    )
    assert comparison.ranking().index.tolist() == [name]
    assert "statsforecast" in comparison.settings["versions"]
    ahead = comparison.forecast()
    assert len(ahead) == 3
    assert (ahead["lower_0.95"] < ahead["forecast"]).all()


@pytest.mark.parametrize("n_series", [1, 2])
def test_arima_reads_the_features_of_each_series(panel, rng, n_series):
    from statsforecast.models import AutoARIMA

    panel = panel.loc["north"]
    X = pd.DataFrame(rng.normal(size=(len(panel), 2)), panel.index, ["a", "b"])
    y = panel + 5 * X[["a"]].to_numpy()
    if n_series == 1:
        y, X = (table.xs("a") for table in (y, X))
    name = "AutoARIMA (statsforecast)"
    comparison = compare(
        y, X=X, horizon=6, season_length=1, n_windows=1, forecasters=[name]
    )
    assert comparison.failures.empty
    assert comparison.settings["reads_features"] == [name]
    values, features = (table.to_numpy().reshape(n_series, 48, -1) for table in (y, X))
    expected = [
        AutoARIMA().fit(past, X=before).predict(6, X=ahead)["mean"]
        for past, before, ahead in zip(
            values[:, :-6, 0], features[:, :-6], features[:, -6:], strict=True
        )
    ]
    assert_allclose(comparison.forecasts["forecast"], np.ravel(expected))
    assert comparison.ranking().loc[name, "MASE"] < 1


def test_what_is_missing_is_said(panel, monkeypatch):
    monkeypatch.setattr("skforecast_lstm.comparison.lineup.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"pip install \"skforecast-lstm\[statsforec"):
        compare(panel, horizon=3, forecasters=["AutoETS (statsforecast)"])
