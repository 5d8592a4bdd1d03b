"""Ranking, summary, pictures and files of results whose numbers are known."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from skforecast_lstm import compare
from skforecast_lstm.comparison.ranking import place_labels
from skforecast_lstm.comparison.result import Comparison
from tests.comparison.made_up import comparison_of

ENDS = np.linspace(1, 2, 8)


@pytest.fixture(scope="module")
def real():
    from sktime.datasets import load_airline

    names = ["naive", "seasonal naive", "Theta"]
    return compare(load_airline(), horizon=12, forecasters=names)


def test_ranking_is_by_mean_mase_with_paired_tests():
    good = np.array([1.0, 2, 1, 2, 1, 2, 1, 2])
    bad = good + np.array([0.1, 0.2, 0.3, -0.05, 0.4, 0.5, 0.6, 0.7])
    table = comparison_of({"bad": bad, "good": good}).ranking()
    assert table.index.tolist() == ["good", "bad"]
    assert table["MASE"].tolist() == pytest.approx([1.5, bad.mean()])
    assert table["behind_percent"]["bad"] == pytest.approx(100 * (bad.mean() / 1.5 - 1))
    assert table["p_value"]["bad"] == pytest.approx(wilcoxon(good, bad).pvalue)
    assert np.isnan(table["p_value"]["good"])
    assert table["mean_rank"].tolist() == pytest.approx([9 / 8, 15 / 8])
    assert table["width_0.8"].tolist() == [3, 3]
    assert table["windows"].tolist() == [8, 8]


def test_those_that_can_not_be_told_apart_share_a_place():
    def near(values):
        noise = np.array([1, -1, 1, -1, 1, -1, 1, -1]) / 10
        return values + noise + 0.001 * np.arange(8)

    comparison = comparison_of(
        {"a": ENDS, "b": ENDS + 1, "c": near(ENDS + 1), "d": ENDS + 9, "e": near(ENDS)}
    )
    table = comparison.ranking()
    assert table.index.tolist() == ["a", "e", "b", "c", "d"]
    assert table["place"].tolist() == [1, 1, 3, 3, 5]
    assert place_labels(table) == ["1=", "1=", "3=", "3=", "5"]
    few = comparison_of({name: [1.0 + place] for place, name in enumerate("abc")})
    assert place_labels(few.ranking()) == ["1="] * 3


def test_a_better_place_below_a_worse_one_is_explained():
    # b is a little worse than a in each window. c is far worse in half of them only.
    uneven = ENDS + np.resize([2.0, -0.5], 8)
    comparison = comparison_of({"a": ENDS, "b": ENDS + 0.5, "c": uneven})
    table = comparison.ranking()
    assert table.index.tolist() == ["a", "b", "c"]
    assert place_labels(table) == ["1=", "2", "1="]
    assert (
        "c shares place 1 with a, although b has less error and place 2: the distance "
        "of c from a varies more, so it may be chance."
    ) in comparison.summary()
    without = comparison_of({"a": ENDS, "c": uneven, "d": ENDS + 9})
    assert "shares place" not in without.summary()


def test_without_any_error_nobody_is_behind(tmp_path):
    comparison = comparison_of({"a": np.zeros(8), "b": np.zeros(8), "c": ENDS})
    assert comparison.ranking()["behind_percent"].tolist() == [0, 0, np.inf]
    assert comparison.advice()[0].startswith("Use a. The difference between a and b")
    comparison.to_json(tmp_path / "found.json")

    def refused(constant):
        raise AssertionError(constant)

    text = (tmp_path / "found.json").read_text()
    ranking = json.loads(text, parse_constant=refused)["ranking"]
    assert [row["behind_percent"] for row in ranking] == [0, 0, None]


def test_datasets_count_the_same_and_widths_of_several_have_no_mean():
    many = comparison_of({"a": [1.0, 1, 5, 5], "b": [2.0, 2, 3, 3]}, datasets=2)
    uneven = Comparison(
        many.results.drop(many.results[many.results["cutoff"] == 11].index[:5]),
        many.forecasts,
        many.failures,
        many.history,
        many.settings,
    )
    assert many.ranking()["MASE"].to_dict() == {"b": 2.5, "a": 3.0}
    assert uneven.ranking()["MASE"].to_dict() == {"b": 2.5, "a": 3.0}
    assert "width_0.8" not in many.ranking()
    assert many.ranking()["coverage_0.8"].tolist() == [0.5, 0.5]


def test_forecasters_are_ranked_over_the_windows_that_they_share():
    nan = np.nan
    comparison = comparison_of(
        {"a": [1.0, 1, 1, 9], "b": [2.0, 2, 2, nan], "c": [nan, nan, nan, 0.1]}
    )
    table = comparison.ranking()
    assert table.index.tolist() == ["a", "b", "c"]
    assert table["MASE"].tolist()[:2] == [1, 2]
    assert table["MASE"].isna().tolist() == [False, False, True]
    assert table["windows"].tolist() == [4, 3, 1]
    assert table["failed"].tolist() == [0, 1, 3]
    assert table["reason"]["c"] == "ValueError: <no>"
    assert "Only those of the 4 windows count" in comparison.summary()
    assert "4 fits failed (b, c)" in comparison.summary()


@pytest.mark.parametrize(
    ("mase", "lstm", "first"),
    [
        (
            {"LSTM": [1.1, 1.3], "AutoETS": [1.0, 1.0], "naive": [3.0, 3.0]},
            ["LSTM"],
            "The LSTM is 20.0 % behind AutoETS in mean MASE (1.200 against 1.000). ",
        ),
        (
            {"mine": [0.75, 0.75], "AutoETS": [1.0, 1.0]},
            ["mine"],
            "The mine has the least error: AutoETS is 33.3 % behind in mean MASE (1.000 ",
        ),
        (
            {"Theta": [0.5, 0.5], "naive": [1.0, 1.0]},
            [],
            "Theta has the least error: naive is 100.0 % behind in mean MASE (1.000 aga",
        ),
        (
            {"LSTM": ENDS + 1, "AutoETS": ENDS, "naive": ENDS + 9},
            ["LSTM"],
            "The LSTM loses to AutoETS: it is 66.7 % behind in mean MASE (2.500 against ",
        ),
        (
            {"LSTM": ENDS, "AutoETS": ENDS + 1, "naive": ENDS + 9},
            ["LSTM"],
            "The LSTM wins: AutoETS is 66.7 % behind in mean MASE (2.500 against 1.500).",
        ),
        (
            {"LSTM": [np.nan, np.nan], "naive": [1.0, 1.0]},
            ["LSTM"],
            "The LSTM failed too often to be ranked (ValueError: <no>).",
        ),
        ({"naive": [1.0, 1.0]}, [], "naive was compared with nothing: mean MASE 1.000."),
        ({"naive": [np.nan] * 2}, [], "No forecaster could be ranked: all failed."),
    ],
)
def test_first_sentence(mase, lstm, first):
    assert comparison_of(mase, lstm=lstm).summary().startswith(first)


@pytest.mark.parametrize("lstm", [(), ("a",), ("b",)])
def test_summary_and_ranking_say_the_same_of_one_lead(lstm):
    comparison = comparison_of({"a": [0.86, 0.86], "b": [1.0, 1.0]}, lstm=lstm)
    behind = comparison.ranking()["behind_percent"]["b"]
    assert behind == pytest.approx(16.279, abs=1e-3)
    assert f" {behind:.1f} % behind" in comparison.summary()
    assert comparison.summary().count(" %") == 1


@pytest.mark.parametrize(
    ("difference", "n_windows", "step", "words"),
    [
        (0.5, 2, 4, "2 windows of 1 series, too few for a paired test"),
        (0.5, 5, 4, "5 windows of 1 series, too few for a paired test"),
        (0.5, 6, 4, "that is more than chance would give"),
        (0.0, 6, 4, "that is not more than chance would give"),
        (0.5, 6, 1, "The windows overlap, so this p is too small."),
    ],
)
def test_how_sure_it_is(difference, n_windows, step, words):
    ends = np.linspace(1, 2, n_windows)
    mase = {"a": ends, "b": ends + difference * np.linspace(1, 1.1, n_windows)}
    summary = comparison_of(mase, step=step).summary()
    assert words in summary
    assert ("overlap" in summary) == (step == 1)


def test_pictures_have_titles_axes_and_the_numbers(real):
    by_step = real.plot("horizon").axes[0]
    assert by_step.get_xlabel() == "Steps ahead"
    assert "MASE" in by_step.get_ylabel()
    assert "Number of airline passengers" in by_step.get_title()
    lines = {line.get_label(): line for line in by_step.get_lines()}
    errors = real.forecasts[real.forecasts["forecaster"] == "Theta"]
    expected = errors.groupby("step")["scaled_error"].mean()
    np.testing.assert_allclose(lines["Theta"].get_ydata(), expected)
    fields = real.plot("forecasts").axes
    assert [field.get_title("left") for field in fields] == real.ranking().index.tolist()
    shown = fields[0].get_lines()[1].get_ydata()
    first = errors[(errors["window"] == 1)]["forecast"]
    np.testing.assert_array_equal(shown, first)
    against_time = real.plot("time").axes[0]
    assert against_time.get_xscale() == "log"
    assert "Seconds" in against_time.get_xlabel()
    heights = {line.get_label(): line.get_ydata()[0] for line in against_time.get_lines()}
    assert heights == pytest.approx(real.ranking()["MASE"].to_dict())


def test_ranks_have_lines_only_at_those_that_can_not_be_told_apart(real):
    (few,) = real.plot("ranks").axes
    names = [label.get_text() for label in few.get_yticklabels()]
    assert names == ["Theta", "seasonal naive", "naive"]
    assert "4 windows: too few to tell them apart" in few.get_title()
    assert [len(line.get_xdata()) for line in few.get_lines()] == [1, 1, 1]
    order = np.tile([[0.0, 1, 2, 3], [1, 0, 2, 3]], (10, 1))
    mase = {name: 1 + column for name, column in zip("abcd", order.T, strict=True)}
    (many,) = comparison_of(mase).plot("ranks").axes
    dots, lines = many.get_lines()[:4], many.get_lines()[4:]
    assert [dot.get_xdata()[0] for dot in dots] == [1.5, 1.5, 3, 4]
    # The critical difference of 4 forecasters and 20 pairs is 1.05.
    assert [list(line.get_ydata()) for line in lines] == [[-0.2, 1.2], [1.8, 3.2]]


def test_pictures_that_can_not_be_drawn(real):
    with pytest.raises(ValueError, match="kind must be one of"):
        real.plot("pie")
    with pytest.raises(ValueError, match="There is no dataset 'other'"):
        real.plot(dataset="other")
    with pytest.raises(ValueError, match="needs 3 ranked forecasters, and there are 2"):
        comparison_of({"a": [1.0, 2], "b": [2.0, 3]}).plot("ranks")
    with pytest.raises(ValueError, match="every forecaster failed"):
        comparison_of({"naive": [np.nan]}).plot()


def test_csv_and_json_hold_the_tables(real, tmp_path):
    real.to_csv(tmp_path / "scores.csv")
    read = pd.read_csv(tmp_path / "scores.csv", float_precision="round_trip")
    np.testing.assert_array_equal(read["value"], real.results["value"])
    assert read["cutoff"].tolist() == real.results["cutoff"].astype(str).tolist()
    real.to_json(tmp_path / "all.json")
    document = json.loads((tmp_path / "all.json").read_text())
    assert document["summary"] == real.summary()
    assert document["advice"] == real.advice()
    assert [row["place"] for row in document["ranking"]] == [1, 1, 1]
    written = [row["value"] for row in document["results"]]
    np.testing.assert_array_equal(written, real.results["value"])
    assert len(document["forecasts"]) == len(real.forecasts)
    assert [row["forecaster"] for row in document["ranking"]] == [*real.ranking().index]
    assert document["forecasts"][0]["time"] == "1957-01"
    assert document["results"][0]["reason"] is None
    assert document["settings"]["horizon"] == 12


def test_nothing_half_written_is_left(real, tmp_path, monkeypatch):
    file = tmp_path / "scores.csv"
    file.write_text("before")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        real.to_csv(file)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    assert file.read_text() == "before"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        real.to_csv(tmp_path / "not there" / "scores.csv")


def test_repr_is_the_summary(real):
    assert real.summary() in repr(real)
