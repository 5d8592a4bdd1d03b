"""Ranking of forecasters over the windows that all have."""

import pandas as pd
from sktime.benchmarking.analysis import AverageRank

from skforecast_lstm.comparison.significance import (
    LEVEL,
    benchmark_table,
    p_values,
    pairs,
)

__all__ = [
    "average",
    "behind",
    "by_horizon",
    "by_series",
    "place_labels",
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
    return 100 * (score / best - 1)


def ranked(results, failures):
    """Return one row per forecaster, the best first and the unranked ones last."""
    scores = shared_scores(results)
    all_names = results["forecaster"].unique()
    mase = average(scores).sort_values(kind="stable")
    table = pd.DataFrame({"MASE": mase}).reindex(
        [*mase.index, *(name for name in all_names if name not in mase.index)]
    )
    if len(mase):
        chances = p_values(scores, mase.index[0])
        table["behind_percent"] = behind(mase, mase.iloc[0])
        table["p_value"] = chances
        places = pd.Series(range(1, len(mase) + 1), mase.index)
        places[chances.index[chances >= LEVEL]] = 1
        table.insert(0, "place", places.astype("Int64"))
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


def place_labels(ranking):
    """Return the place of each forecaster as text: "1=" if shared, "-" if unranked."""
    places = ranking["place"] if "place" in ranking else pd.Series(pd.NA, ranking.index)
    n_first = int((places == 1).sum())
    return [
        "-" if pd.isna(place) else f"{place}=" if place == 1 < n_first else str(place)
        for place in places
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
