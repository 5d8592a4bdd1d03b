"""Many series in batches: the same scores as each series alone."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skforecast_lstm import compare
from skforecast_lstm.comparison.batches import split
from skforecast_lstm.comparison.classical import ManyStatsForecast
from skforecast_lstm.comparison.datasets import read_datasets
from skforecast_lstm.comparison.lineup import line_up

pytestmark = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")

N_SERIES, N_ROWS = 45, 40


@pytest.fixture
def panel(rng):
    """Series of different lengths, in an order by time."""
    names = [f"shop {number}" for number in range(N_SERIES)]
    index = pd.MultiIndex.from_product([range(N_ROWS), names]).swaplevel()
    index = index.set_names(["shop", "time"])
    y = pd.DataFrame({"sold": 10 + rng.normal(size=len(index))}, index=index)
    is_late = (index.get_level_values(0) == "shop 7") & (
        index.get_level_values(1) < N_ROWS // 4
    )
    return y[~is_late]


def parts(y, names, X=None):
    given = {"horizon": 4, "season_length": 4, "n_windows": 2, "step": None}
    (dataset,) = read_datasets(y, X, **given)
    (forecasters,) = line_up(names, [dataset])
    return split(dataset, forecasters)


def test_series_that_are_forecast_alone_are_split(panel):
    by_name = parts(panel, ["naive", "Ridge", "LSTM"])
    sizes = [len(part.series()) for part in by_name["naive"]]
    assert sizes == [2, 14, 15, 14]
    assert by_name["Ridge"] is by_name["naive"]
    (whole,) = by_name["LSTM"]
    assert len(whole.series()) == N_SERIES
    together = [name for part in by_name["naive"] for name in part.series().names]
    assert together == list(whole.series().names)
    # A part travels to a worker without the names of the others.
    assert len(by_name["naive"][1].y.index.levels[0]) == 14


def test_quick_ones_that_take_many_series_get_more_in_a_call(panel):
    pytest.importorskip("statsforecast")
    models = {name: ManyStatsForecast(name) for name in ("AutoETS", "OptimizedTheta")}
    by_name = parts(panel, models)
    assert [len(part.series()) for part in by_name["AutoETS"]] == [2, 14, 15, 14]
    assert [len(part.series()) for part in by_name["OptimizedTheta"]] == [N_SERIES]


def test_columns_are_split_unless_they_are_learned_together(panel):
    from sktime.forecasting.var import VAR

    wide = panel["sold"].unstack("shop").iloc[N_ROWS // 4 :]
    by_name = parts(wide, {"naive": "naive", "VAR": VAR()})
    assert [part.y.shape[1] for part in by_name["naive"]] == [2, 14, 15, 14]
    assert [part.y.shape[1] for part in by_name["VAR"]] == [N_SERIES]


def test_few_series_are_not_split(panel):
    few = panel[panel.index.get_level_values(0).str.len() == len("shop 1")]
    by_name = parts(few, ["naive", "LSTM"])
    assert by_name["naive"] == by_name["LSTM"]


@pytest.mark.parametrize("form", ["panel", "wide"])
def test_scores_and_forecasts_are_those_of_each_series_alone(panel, rng, form):
    if form == "wide":
        panel = panel.sort_index()
        panel = panel[panel.index.get_level_values(1) >= N_ROWS // 4]
        y = panel["sold"].unstack("shop")
    else:
        y = panel
    given = {"horizon": 4, "season_length": 4, "n_windows": 2, "progress": False}
    given["forecasters"] = ["seasonal naive", "Theta"]
    together = compare(y, **given)
    names = sorted(panel.index.unique(0))[::9]
    alone = compare({name: panel["sold"].xs(name) for name in names}, **given)
    where = ["dataset", "forecaster", "window", "cutoff"]
    for table, rows in (("results", "metric"), ("forecasts", "step")):
        one, many = (
            getattr(comparison, table).set_index([*where, rows])
            for comparison in (alone, together)
        )
        one = one[~one.index.get_level_values(rows).astype(str).str.endswith("seconds")]
        many = many.reindex(one.index)
        for column in one.columns.drop("reason", errors="ignore"):
            expected = one[column].to_numpy(dtype=float)
            assert_allclose(many[column], expected, rtol=1e-12, atol=1e-12)


def test_a_series_that_fails_loses_its_batch_only(panel):
    from sktime.forecasting.naive import NaiveForecaster

    class Moody(NaiveForecaster):
        def _fit(self, y, X, fh):
            if y.to_numpy().max() > 1000:
                raise RuntimeError("too large")
            return super()._fit(y, X, fh)

    panel.loc[("shop 20", 20), "sold"] = 2000
    comparison = compare(
        panel, horizon=4, n_windows=1, forecasters={"moody": Moody(), "b": Moody()}
    )
    assert comparison.failures["reason"].tolist() == ["RuntimeError: too large"] * 2
    assert comparison.failures["dataset"].tolist() == ["sold (shop 17 to shop 31)"] * 2
    mase = comparison.results.query("metric == 'MASE'")
    assert mase["value"].isna().sum() == 2 * 15
    assert np.isfinite(comparison.ranking()["MASE"]).all()
