"""Tests of the differences between forecasters, by sktime's analyzers."""

import math

import numpy as np
import pandas as pd
from sktime.benchmarking.analysis import WilcoxonSignedRankTest

from skforecast_lstm.comparison.cells import quiet

__all__ = [
    "FEWEST_SERIES",
    "LEVEL",
    "benchmark_table",
    "critical_difference",
    "fewest_pairs",
    "p_values",
    "pairs",
]

# Differences with a smaller p are more than chance.
LEVEL = 0.05
# With fewer series than this, the pairs of a test are windows.
FEWEST_SERIES = 6


def pairs(scores):
    """Return the scores to compare in pairs: one row per series, or per window.

    Windows of one series resemble each other. With enough series, each is one pair, the
    mean of its windows. With fewer, each window is a pair.
    """
    by_series = scores.groupby(level="dataset", sort=False).mean()
    return by_series if len(by_series) >= FEWEST_SERIES else scores


def fewest_pairs(n_forecasters):
    """Return the number of pairs from which a test can find a difference.

    The smallest p of a Wilcoxon test of n pairs is ``2 ** (1 - n)``. The correction
    multiplies it by the number of comparisons with the best.
    """
    return math.ceil(1 - math.log2(LEVEL / max(1, n_forecasters - 1)))


def p_values(scores, best):
    """Return the p-value of each other forecaster against the best.

    They are from sktime's paired Wilcoxon signed-rank tests, with Holm's correction for
    the number of tests.
    """
    in_pairs = pairs(scores)
    others = in_pairs.columns.drop(best)
    if others.empty:
        return pd.Series([], others, dtype=float)
    # scipy warns that it uses an approximation if there are ties.
    with quiet():
        tests = WilcoxonSignedRankTest("MASE").evaluate(benchmark_table(in_pairs))
    is_first, is_second = (tests[f"estimator_{side}"] == best for side in (1, 2))
    against = tests["estimator_2"].where(is_first, tests["estimator_1"])
    tests = tests.set_index(against)["p_val"]
    raw = tests[(is_first | is_second).to_numpy()].reindex(others)
    for name in others:
        if np.allclose(in_pairs[best], in_pairs[name]):
            raw[name] = 1.0
    ordered = raw.sort_values(kind="stable")
    corrected = ordered * np.arange(len(raw), 0, -1)
    return corrected.cummax().clip(upper=1).reindex(others)


def critical_difference(n_forecasters, n_pairs):
    """Return the difference of mean ranks that is more than chance (Nemenyi)."""
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(1 - LEVEL, n_forecasters, np.inf) / math.sqrt(2)
    return quantile * math.sqrt(n_forecasters * (n_forecasters + 1) / (6 * n_pairs))


def benchmark_table(in_pairs):
    """Return the table for sktime's analyzers: one row per forecaster and pair."""
    scores = in_pairs.set_axis(pd.RangeIndex(len(in_pairs)).map("pair {}".format))
    scores.index.name = "validation_id"
    scores.columns.name = "model_id"
    return scores.stack().rename("MASE_mean").reset_index()
