"""Ranking of forecasters over the windows that all have."""

import math

import pandas as pd
from sktime.benchmarking.analysis import AverageRank

from skforecast_lstm.comparison.significance import (
    LEVEL,
    benchmark_table,
    corrected,
    pairs,
    pairwise_p_values,
)

__all__ = [
    "average",
    "behind",
    "by_horizon",
    "by_series",
    "place_labels",
    "places",
    "ranked",
    "shared_scores",
]


def shared_scores(results, metric="MASE"):
    """Return the scores by window and forecaster, for windows that all have.

    While all forecasters share less than half of the windows, drop the forecaster with
    the fewest windows.
    """
    scores = results[results["metric"] == metric].pivot(
        index=["dataset", "window"], columns="forecaster", values="value"
    )
    names = results["forecaster"].unique()
    scores = scores[[name for name in names if name in scores]]
    scores = scores.loc[:, scores.notna().any()]
    while len(scores.dropna()) < len(scores) / 2:
        scores = scores.drop(columns=scores.isna().sum().idxmax())
    return scores.dropna()


def average(scores):
    """Return the mean score of each forecaster. Each dataset has the same weight."""
    return scores.groupby(level="dataset").mean().mean()


def behind(score, best):
    """Return the percentage by which a score is greater than the best.

    This is the only measure of a lead: of the ranking, the summary and the report.
    """
    if score == best:
        return 0.0
    return 100 * (score / best - 1) if best else math.inf


def ranked(results, failures):
    """Return one row per forecaster, the best first and the unranked ones last."""
    scores = shared_scores(results)
    all_names = results["forecaster"].unique()
    mase = average(scores).sort_values(kind="stable")
    table = pd.DataFrame({"MASE": mase}).reindex(
        [*mase.index, *(name for name in all_names if name not in mase.index)]
    )
    if len(mase):
        pairwise = pairwise_p_values(scores)
        table["behind_percent"] = mase.map(lambda score: behind(score, mase.iloc[0]))
        table["p_value"] = corrected(pairwise, mase.index[0])
        table.insert(0, "place", places(pairwise, list(mase.index)))
        table["mean_rank"] = (
            AverageRank("MASE")
            .evaluate(benchmark_table(pairs(scores)))
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


def places(pairwise, order):
    """Return the places of forecasters, from their p-values and their order by error.

    Those that can't be told from the best share its place. Of the others, those that
    can't be told from the best of them share the place of that one, and so on.
    """
    found, left = pd.Series(pd.NA, order, dtype="Int64"), order
    while left:
        chances = corrected(pairwise.loc[left, left], left[0])
        shared = [left[0], *chances.index[chances >= LEVEL]]
        found[shared] = order.index(left[0]) + 1
        left = [name for name in left if name not in shared]
    return found


def place_labels(ranking):
    """Return the place of each forecaster as text: "1=" if shared, "-" if unranked."""
    found = ranking["place"] if "place" in ranking else pd.Series(pd.NA, ranking.index)
    is_shared = found.duplicated(keep=False)
    return [
        "-" if pd.isna(place) else f"{place}{'=' if shared else ''}"
        for place, shared in zip(found, is_shared, strict=True)
    ]


def by_series(results, metric="MASE"):
    """Return the mean of a metric on each series, for the windows that count."""
    shared = shared_scores(results)
    rows = results[results["metric"] == metric].set_index(["dataset", "window"])
    rows = rows[rows.index.isin(shared.index) & rows["forecaster"].isin(shared.columns)]
    table = rows.pivot_table(
        index="dataset", columns="forecaster", values="value", sort=False
    )
    order = average(shared).sort_values(kind="stable").index
    return table[[name for name in order if name in table]]


def by_horizon(results, forecasts):
    """Return the mean scaled error at each step ahead, for the windows that count."""
    shared = shared_scores(results)
    rows = forecasts.set_index(["dataset", "window"])
    rows = rows[rows.index.isin(shared.index) & rows["forecaster"].isin(shared.columns)]
    by_dataset = rows.groupby(["dataset", "step", "forecaster"])["scaled_error"].mean()
    table = by_dataset.groupby(level=["step", "forecaster"]).mean().unstack()
    order = average(shared).sort_values(kind="stable").index
    return table[[name for name in order if name in table]]
