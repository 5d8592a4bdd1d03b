"""What a comparison advises."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm import compare
from tests.comparison.made_up import comparison_of

ENDS = np.linspace(1, 2, 8)


def with_seconds(comparison, **seconds):
    """The same comparison, with other seconds to fit."""
    results = comparison.results.copy()
    for name, of in seconds.items():
        is_fit = results["metric"] == "fit_seconds"
        results.loc[is_fit & (results["forecaster"] == name), "value"] = of
    return dataclasses.replace(comparison, results=results)


def test_a_clear_winner_is_to_be_used():
    advice = comparison_of({"a": ENDS, "b": ENDS + 1 + ENDS / 10}).advice()
    assert advice == ["Use a: it is better than all others by more than chance."]


def test_the_cheapest_is_taken_if_the_difference_may_be_chance():
    noise = np.array([1, -1, 1, -1, 1, -1, 1, -1]) / 10
    comparison = comparison_of({"a": ENDS, "b": ENDS + 0.001 + noise, "c": ENDS + 9})
    for seconds, best in (({"a": 5.0}, "b"), ({"b": 5.0}, "a")):
        (said,) = with_seconds(comparison, **seconds).advice()
        assert said.startswith(f"Use {best}. The difference between a and b may be")
        assert "cheapest (0.3 s a window)" in said
    assert comparison.ranking()["place"].tolist() == [1, 1, 3]


def test_too_few_windows_ask_for_as_many_as_can_tell():
    comparison = comparison_of({"a": ENDS[:4], "b": ENDS[:4] + 1})
    first, then = comparison.advice()
    assert first.startswith("Use a for now")
    assert "4 windows of 1 series can't tell the 2 forecasters apart" in first
    assert then == "Raise --windows (n_windows) to 6 to tell."
    assert comparison.ranking()["place"].tolist() == [1, 1]
    told = comparison_of({"a": ENDS[:6], "b": ENDS[:6] + 1 + ENDS[:6] / 10})
    assert told.ranking()["place"].tolist() == [1, 2]
    comparison.settings["datasets"]["data 0"]["rows"] = 20
    assert "data 0 has too few rows for the 6 windows" in comparison.advice()[1]


def test_many_series_of_one_window_ask_for_more_series():
    many = {name: np.linspace(1, 2, 6) + number for number, name in enumerate("abcdefg")}
    advice = comparison_of(many, datasets=6).advice()
    assert advice[1] == "Compare at least 8 series to tell."


def test_a_naive_forecaster_that_wins_is_told():
    advice = comparison_of({"naive": ENDS, "LSTM": ENDS + 1 + ENDS / 10}).advice()
    assert advice == ["Use naive: it is better than all others by more than chance."]
    noise = np.array([1, -1, 1, -1, 1, -1, 1, -1]) / 10
    tied = comparison_of({"naive": ENDS + noise, "LSTM": ENDS}).advice()
    assert "None is reliably better than naive, which learns nothing." in tied


def test_a_large_difference_that_may_be_chance_is_not_traded_for_seconds():
    rare = np.array([0, 0, 0, 0, 0, 0, 0, 20.0]) + np.array([1, -1] * 4) / 100
    comparison = comparison_of({"a": ENDS, "b": ENDS + rare})
    (said,) = with_seconds(comparison, a=5.0).advice()
    assert said.startswith("Use a for now")
    assert said.endswith("can't be told from b. About 16 windows (--windows) may tell.")


def test_features_are_told_to_have_gone_to_some_only():
    comparison = comparison_of({"a": ENDS, "b": ENDS + 1})
    for reads, ignores, said in (
        (["a"], ["b"], "went to a only. The others (b) don't read them."),
        ([], ["a", "b"], "were ignored: no forecaster reads them."),
        (["a", "b"], [], None),
    ):
        comparison.settings.update(reads_features=reads, ignores_features=ignores)
        about = [one for one in comparison.advice() if "--x" in one]
        assert about == ([] if said is None else about[:1])
        assert said is None or about[0].endswith(said)


@pytest.mark.parametrize("values", [[np.nan, np.nan], [1.0, 2.0]])
def test_one_or_none(values):
    advice = comparison_of({"a": values}).advice()
    expected = "every forecaster failed" if np.isnan(values[0]) else "Compare a with"
    assert expected in advice[0]


def test_a_season_that_is_not_used_is_told(rng):
    times = pd.period_range("2020-01", periods=40, freq="M", name="t")
    y = pd.Series(rng.normal(size=40), times, name="sales")
    given = {"horizon": 2, "forecasters": ["naive"], "coverage": ()}
    said = "sales was compared without its season of 12 rows"
    short = compare(y, n_windows=10, **given)
    assert any(said in sentence for sentence in short.advice())
    for enough in ({"n_windows": 2}, {"n_windows": 10, "season_length": 1}):
        assert not any(said in one for one in compare(y, **enough, **given).advice())
