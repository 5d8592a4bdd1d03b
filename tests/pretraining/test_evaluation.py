"""Evaluation: series from files, errors, and long horizons in blocks."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm.networks.pretrained import LEVELS
from skforecast_lstm.pretraining import evaluation, forecasting
from skforecast_lstm.pretraining.evaluation import Panel, evaluate, seasonal_naive_scale
from skforecast_lstm.pretraining.series_files import origins, read_series


@pytest.fixture
def long_form(tmp_path):
    path = tmp_path / "series.csv"
    pd.DataFrame(
        {
            "series": ["a"] * 12 + ["b"] * 10,
            "part": (["train"] * 9 + ["test"] * 3) + (["train"] * 7 + ["test"] * 3),
            "value": [*range(12), *range(100, 110)],
        }
    ).to_csv(path, index=False)
    return path


def test_long_and_wide_files_are_read_alike(long_form, tmp_path):
    wide = tmp_path / "wide.csv"
    rows = {"a": range(12), "b": range(100, 110)}
    pd.DataFrame({name: pd.Series(values) for name, values in rows.items()}).T.to_csv(
        wide
    )
    for name, values in read_series(wide).items():
        np.testing.assert_array_equal(values, rows[name])
        np.testing.assert_array_equal(values, read_series(long_form)[name])


def test_a_folder_and_a_condition(long_form):
    found = read_series(long_form.parent, 'part == "train"')
    assert {name: len(one) for name, one in found.items()} == {
        "series/a": 9,
        "series/b": 7,
    }


def test_a_folder_without_series_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no CSV file"):
        read_series(tmp_path)


def test_origins_leave_rows_after_the_horizon():
    series = {"a": np.arange(12.0), "short": np.arange(6.0)}
    found = list(origins(series, 3, held_out=(0, 2), shortest=4))
    assert [one.name for one in found] == ["a@9", "a@7"]
    np.testing.assert_array_equal(found[1].past, np.arange(7))
    np.testing.assert_array_equal(found[1].future, [7, 8, 9])


def test_the_scale_is_the_mean_change_over_a_season():
    past = np.array([1.0, 5.0, 2.0, np.nan, 4.0, 6.0])
    assert seasonal_naive_scale(past, 2) == pytest.approx(np.mean([1, 2]))
    assert seasonal_naive_scale(past, 12) == pytest.approx(np.mean([4, 3, 2]))


def test_errors_and_coverage_are_those_of_the_forecasts(long_form, monkeypatch):
    def off_by_one(weights, series, horizon, season_lengths):
        ahead = np.array([one[-1] + np.arange(1, horizon + 1) for one in series])
        spread = 4 * (np.array(LEVELS) - 0.5)
        return ahead[..., None] + 1 + spread

    monkeypatch.setattr(evaluation, "forecast_quantiles", off_by_one)
    scores = evaluate([], Panel(str(long_form), 3, held_out=(1,), only=None))
    assert list(scores.index) == ["a@8"]
    assert scores["MASE"].tolist() == pytest.approx([1])
    assert scores["coverage 80"].tolist() == [100]


def test_long_horizons_are_forecast_in_blocks(monkeypatch):
    def next_numbers(weights, windows, horizon, season_lengths):
        ahead = windows[:, -1:] + np.arange(1, horizon + 1)
        return np.repeat(ahead[..., None], len(LEVELS), axis=-1)

    monkeypatch.setattr(forecasting, "_block", next_numbers)
    series = [np.arange(5.0), np.arange(300.0)]
    quantiles = forecasting.forecast_quantiles([], series, 150)
    np.testing.assert_array_equal(quantiles[0, :, 0], np.arange(5, 155))
    np.testing.assert_array_equal(quantiles[1, :, 4], np.arange(300, 450))
