"""The example of a load: words, gaps and times in, tomorrow with its times out."""

import numpy as np
import pandas as pd
import pytest


@pytest.mark.slow
def test_tomorrow_is_forecast_by_the_saved_search(load, tmp_path):
    demand = load("demand")
    search, forecasts, loads = demand.main(tmp_path)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    hours = pd.date_range("2026-03-02", periods=24, freq="h", name="time")
    pd.testing.assert_index_equal(forecasts.index, hours, check_names=False)
    assert list(forecasts) == ["load"]
    assert (tmp_path / "demand.png").exists()
    table = demand.make_table()
    assert (table.isna().sum() >= [40, 40, 40, 0]).all()
    table.index = pd.to_datetime(table.pop("time"), format="%d.%m.%Y %H:%M")
    naive = table["load"].shift(24 * 7)[-24:]
    # The noise has a standard deviation of 1, and an error of 0.8. Rain adds 12.
    assert (forecasts["load"] - loads).abs().mean() < 1.5
    assert (naive - loads).abs().mean() > 3
    # Loading changed nothing.
    known = table.loc[loads.index, ["temperature", "weather"]]
    same = demand.forecast(search, table[:-24], 24, known=known)
    pd.testing.assert_frame_equal(same, forecasts, check_exact=True)
