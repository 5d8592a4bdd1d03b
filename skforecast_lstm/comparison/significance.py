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
    "corrected",
    "critical_difference",
    "fewest_pairs",
    "p_values",
    "pairs",
    "pairwise_p_values",
    "rank_groups",
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

    The correction multiplies the smallest p by the number of comparisons with the best.
    """
    return math.ceil(1 - math.log2(LEVEL / max(1, n_forecasters - 1)))


def _least_p(n_pairs):
    """Return the smallest p of a Wilcoxon test: that of only wins or only losses."""
    return 2.0 ** (1 - n_pairs)


def p_values(scores, best):
    """Return the p-value of each other forecaster against the best, corrected."""
    return corrected(pairwise_p_values(scores), best)


def pairwise_p_values(scores):
    """Return the p-values of all pairs of forecasters, by sktime's Wilcoxon test."""
    in_pairs = pairs(scores)
    names = in_pairs.columns
    found = pd.DataFrame(1.0, names, names)
    if len(names) < 2:
        return found
    # scipy warns that it uses an approximation if there are ties.
    with quiet():
        tests = WilcoxonSignedRankTest("MASE").evaluate(benchmark_table(in_pairs))
    for row in tests.itertuples():
        one, other = row.estimator_1, row.estimator_2
        if not np.allclose(in_pairs[one], in_pairs[other]):
            # The approximation can be less than any p of so few pairs.
            value = max(row.p_val, _least_p(len(in_pairs)))
            found.loc[one, other] = found.loc[other, one] = value
    return found


def corrected(pairwise, best):
    """Return the p-values against the best, with Holm's correction for their number."""
    raw = pairwise[best].drop(best)
    ordered = raw.sort_values(kind="stable")
    found = ordered * np.arange(len(raw), 0, -1)
    return found.cummax().clip(upper=1).reindex(raw.index)


def critical_difference(n_forecasters, n_pairs):
    """Return the difference of mean ranks that is more than chance (Nemenyi)."""
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(1 - LEVEL, n_forecasters, np.inf) / math.sqrt(2)
    return quantile * math.sqrt(n_forecasters * (n_forecasters + 1) / (6 * n_pairs))


def rank_groups(ranks, distance):
    """Return the groups of forecasters whose ranks are no further apart than a distance.

    Parameters
    ----------
    ranks : ndarray of shape (n_forecasters,)
        Mean ranks in rising order.
    distance : float
        Critical difference.

    Returns
    -------
    groups : list of (int, int)
        First and last place of each group that is in no larger one.
    """
    lasts = np.searchsorted(ranks, ranks + distance, side="right") - 1
    reached = np.maximum.accumulate(np.append(-1, lasts))[:-1]
    return [
        (first, int(last))
        for first, last in enumerate(lasts)
        if last > max(first, reached[first])
    ]


def benchmark_table(in_pairs):
    """Return the table for sktime's analyzers: one row per forecaster and pair."""
    scores = in_pairs.set_axis(pd.RangeIndex(len(in_pairs)).map("pair {}".format))
    scores.index.name = "validation_id"
    scores.columns.name = "model_id"
    return scores.stack().rename("MASE_mean").reset_index()
