"""Errors relative to the seasonal naive, and how often their intervals hold."""

import numpy as np
import pytest
from scipy.stats import binomtest, gmean, norm

from skforecast_lstm.comparison.skill import bootstrap_interval, wilson_interval
from tests.comparison.made_up import comparison_of


@pytest.fixture
def eight():
    """Eight series of two windows."""
    rng = np.random.default_rng(1)
    naive = 1 + rng.random(16)
    return comparison_of(
        {"seasonal naive": naive, "a": 0.8 * naive, "b": 1 + rng.random(16)}, datasets=8
    )


def test_ratio_is_the_geometric_mean_over_the_series(eight):
    table = eight.skill()
    means = eight.by_series()
    ratios = means["b"] / means["seasonal naive"]
    assert table["ratio"]["b"] == pytest.approx(gmean(ratios))
    assert table["ratio"]["a"] == pytest.approx(0.8)
    assert table["win_rate"]["b"] == np.mean(ratios < 1)
    assert table["win_rate"]["a"] == 1
    assert table["pairs"].tolist() == [8, 8, 8]
    assert table["ratio"]["seasonal naive"] == 1
    assert np.isnan(table["win_rate"]["seasonal naive"])
    assert table["ratio_low"]["b"] < table["ratio"]["b"] < table["ratio_high"]["b"]
    # All wins in 8 series do not mean that it always wins.
    assert 0.5 < table["win_low"]["a"] < 0.8
    assert table["win_high"]["a"] == pytest.approx(1)


def test_skill_against_another_and_by_group(eight):
    against_a = eight.skill(baseline="a")
    assert against_a["ratio"]["seasonal naive"] == pytest.approx(1 / 0.8)
    groups = {f"data {number}": "odd" if number % 2 else "even" for number in range(8)}
    by_group = eight.skill(groups=groups)
    assert by_group.index.names == ["group", "forecaster"]
    means = eight.by_series()
    ratios = (means["b"] / means["seasonal naive"])[["data 1", "data 3"]]
    four = eight.skill(groups=groups | {"data 5": "no", "data 7": "no"})
    # With fewer than 6 series, each window is a pair.
    assert four["pairs"]["odd", "b"] == 4
    assert np.isnan(four["ratio_low"]["odd", "b"])
    assert ratios.min() < four["ratio"]["odd", "b"] * 1.2
    with pytest.raises(ValueError, match="groups has no entry for the series 'data 7'"):
        eight.skill(groups={f"data {number}": 1 for number in range(7)})


def test_what_can_not_be_measured_is_refused(eight):
    with pytest.raises(ValueError, match=r"must be one of MASE, width_0\.8"):
        eight.skill("coverage_0.8")
    with pytest.raises(ValueError, match=r"no forecaster 'sesonal naive'.*seasonal"):
        eight.skill(baseline="sesonal naive")
    with pytest.raises(ValueError, match="Name the forecaster to compare with"):
        comparison_of({"a": [1.0], "b": [2.0]}).skill()


def test_no_error_at_all_is_no_infinite_skill():
    comparison = comparison_of({"naive": [0.0, 1.0, 1.0], "a": [0.0, 0.0, 2.0]})
    ratio = comparison.skill()["ratio"]["a"]
    assert ratio == pytest.approx(gmean([1, 0.01, 2]))


@pytest.mark.parametrize("n_rows", [6, 20])
@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_bootstrap_contains_the_mean_as_often_as_it_says(n_rows, shape):
    rng = np.random.default_rng(0)
    draw = rng.normal if shape == "normal" else rng.gumbel
    values = draw(size=(n_rows, 1500))
    mean = 0 if shape == "normal" else np.euler_gamma
    low, high = bootstrap_interval(values)
    covered = np.mean((low <= mean) & (mean <= high))
    assert (0.92 if shape == "normal" else 0.89) < covered < 0.97


def test_interval_of_wins_is_that_of_scipy():
    for wins in (0, 3, 10):
        expected = binomtest(wins, 10).proportion_ci(method="wilson")
        found = wilson_interval(np.array([wins / 10]), 10)
        np.testing.assert_allclose(np.ravel(found), expected, atol=1e-12)


def test_interval_is_that_of_student_for_many_draws(rng):
    values = rng.normal(size=(200, 1))
    low, high = bootstrap_interval(values)
    half = norm.ppf(0.975) * values.std() / np.sqrt(200)
    assert (high - low)[0] / 2 == pytest.approx(half, rel=0.05)


def test_error_by_horizon_has_the_shared_windows_only(eight):
    by_step = eight.by_horizon()
    # The made-up error at each step is the MASE times the step.
    expected = eight.by_series().mean()
    np.testing.assert_allclose(by_step.loc[3], 3 * expected[by_step.columns])
    nan = np.nan
    partly = comparison_of({"a": [1.0, 1, 1, 9], "b": [2.0, 2, 2, nan]})
    assert partly.by_horizon().loc[1].to_dict() == {"a": 1, "b": 2}
    assert partly.by_series().loc["data 0"].to_dict() == {"a": 1, "b": 2}
