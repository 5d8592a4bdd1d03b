"""Ranking of forecasters and tests of their differences, by sktime's analyzers."""

import numpy as np
import pandas as pd
from sktime.benchmarking.analysis import AverageRank, WilcoxonSignedRankTest

from skforecast_lstm.comparison.cells import quiet

# Smallest number of pairs for which a Wilcoxon test can give p < 0.05.
FEWEST_WINDOWS = 6


def shared_scores(results, metric="MASE"):
    """Return the scores by window and forecaster, for windows that all have.

    While all forecasters share less than half of the windows, drop the forecaster with
    the fewest windows.
    """
    scores = results[results["metric"] == metric].pivot(
        index=["dataset", "window"], columns="forecaster", values="value"
    )
    scores = scores[results["forecaster"].unique()]
    scores = scores.loc[:, scores.notna().any()]
    while len(scores.dropna()) < len(scores) / 2:
        scores = scores.drop(columns=scores.isna().sum().idxmax())
    return scores.dropna()


def average(scores):
    """Return the mean score of each forecaster. Each dataset has the same weight."""
    return scores.groupby(level="dataset").mean().mean()


def ranked(results, failures):
    """Return one row per forecaster, the best first and the unranked ones last."""
    scores = shared_scores(results)
    all_names = results["forecaster"].unique()
    mase = average(scores).sort_values(kind="stable")
    table = pd.DataFrame({"MASE": mase}).reindex(
        [*mase.index, *(name for name in all_names if name not in mase.index)]
    )
    if len(mase):
        table["behind_percent"] = 100 * (mase / mase.iloc[0] - 1)
        table["p_value"] = pd.Series(
            {name: p_value(scores, mase.index[0], name) for name in mase.index[1:]},
            dtype=float,
        )
        table["mean_rank"] = (
            AverageRank("MASE")
            .evaluate(benchmark_table(scores))
            .set_index("model_id")["rank"]
        )
    rows = results.set_index(["dataset", "window"])
    rows = rows[rows.index.isin(scores.index) & rows["forecaster"].isin(scores.columns)]
    for metric in results["metric"].unique():
        is_width = metric.startswith("width")
        if metric == "MASE" or (is_width and results["dataset"].nunique() > 1):
            # Widths are in the units of each series and have no common mean.
            continue
        metric_rows = rows[rows["metric"] == metric]
        by_dataset = metric_rows.groupby(["forecaster", "dataset"])["value"].mean()
        table[metric] = by_dataset.groupby(level="forecaster").mean()
    done = results[(results["metric"] == "MASE") & results["value"].notna()]
    table["windows"] = done["forecaster"].value_counts()
    table["windows"] = table["windows"].fillna(0).astype(int)
    table["failed"] = failures["forecaster"].value_counts()
    table["failed"] = table["failed"].fillna(0).astype(int)
    table["reason"] = failures.groupby("forecaster")["reason"].first()
    table.index.name = "forecaster"
    return table


def p_value(scores, first, second):
    """Return the p-value of a paired Wilcoxon test between two forecasters."""
    pair = scores[[first, second]]
    if np.allclose(pair[first], pair[second]):
        return 1.0
    # scipy warns that it uses an approximation if there are ties.
    with quiet():
        test = WilcoxonSignedRankTest("MASE").evaluate(benchmark_table(pair))
    return float(test["p_val"].iloc[0])


def benchmark_table(scores):
    """Return the table for sktime's analyzers: one row per forecaster and window."""
    scores = scores.copy()
    scores.index = [f"{dataset}, window {window}" for dataset, window in scores.index]
    scores.index.name = "validation_id"
    scores.columns.name = "model_id"
    return scores.stack().rename("MASE_mean").reset_index()
