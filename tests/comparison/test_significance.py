"""Tests of differences: what few windows can't tell, and corrections for many tests."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon
from statsmodels.stats.multitest import multipletests

from skforecast_lstm.comparison.significance import (
    critical_difference,
    fewest_pairs,
    p_values,
    pairs,
    rank_groups,
)


def scores_of(values, n_series):
    """Scores of forecasters a, b, ... by dataset and window."""
    n_windows = len(values) // n_series
    keys = [(f"s{row // n_windows}", row % n_windows) for row in range(len(values))]
    index = pd.MultiIndex.from_tuples(keys, names=["dataset", "window"])
    return pd.DataFrame(values, index, columns=list("abcdefghi")[: values.shape[1]])


def test_p_is_corrected_as_statsmodels_does(rng):
    scores = scores_of(rng.random((12, 5)) + np.array([0, 0.1, 0.3, 0.5, 0.7]), 1)
    raw = [wilcoxon(scores["a"], scores[name]).pvalue for name in "bcde"]
    expected = multipletests(raw, method="holm")[1]
    np.testing.assert_allclose(p_values(scores, "a")[list("bcde")], expected)


def test_enough_series_are_the_pairs_and_else_the_windows(rng):
    many, few = scores_of(rng.random((18, 2)), 6), scores_of(rng.random((15, 2)), 5)
    assert len(pairs(many)) == 6
    assert len(pairs(few)) == 15
    means = many.groupby("dataset").mean()
    expected = wilcoxon(means["a"], means["b"]).pvalue
    assert p_values(many, "a")["b"] == pytest.approx(expected)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 9))
def test_from_the_fewest_pairs_on_a_test_can_find_a_difference(n_forecasters):
    fewest = fewest_pairs(n_forecasters)
    for n_pairs, can in ((fewest, True), (fewest - 1, False)):
        rows, columns = np.arange(n_pairs)[:, None], np.arange(n_forecasters)
        scores = scores_of(1 + columns + 0.01 * rows * columns, 1)
        assert (p_values(scores, "a") < 0.05).any() == can


def test_few_pairs_with_ties_are_as_few_as_others():
    scores = scores_of(np.array([[1.0, 2.0]] * 4 + [[1.0, 3.0]]), 1)
    assert p_values(scores, "a")["b"] == pytest.approx(2**-4)


def test_critical_difference_is_that_of_sktimes_table():
    # 2.949 is q for 7 forecasters, in sktime 2.948.
    expected = 2.948 * np.sqrt(7 * 8 / (6 * 20))
    assert critical_difference(7, 20) == pytest.approx(expected, rel=1e-3)
    assert critical_difference(2, 10) == pytest.approx(1.96 * np.sqrt(0.1), rel=1e-3)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=8), st.integers(1, 20))
def test_groups_are_the_largest_that_fit_into_the_distance(ranks, distance):
    ranks = np.sort(np.array(ranks, dtype=float))
    fits = {
        (first, last)
        for first in range(len(ranks))
        for last in range(first + 1, len(ranks))
        if ranks[last] - ranks[first] <= distance
    }
    largest = [
        (first, last)
        for first, last in sorted(fits)
        if not {(first - 1, last), (first, last + 1)} & fits
    ]
    assert rank_groups(ranks, distance) == largest


def test_chance_alone_gives_a_false_winner_at_most_one_time_in_twenty(rng):
    n_found = 0
    for _ in range(40):
        scores = scores_of(rng.random((10, 4)), 1)
        n_found += (p_values(scores, "a") < 0.05).any()
    assert n_found <= 6
