"""Scores of `compare` beside those of utilsforecast, on one panel.

Every score of every series, window and forecaster is computed a second time by
utilsforecast, from the forecasts and the data. The script prints the largest relative
difference of each metric, and fails if one is over 1e-9.

    pip install utilsforecast
    python benchmarks/scores.py                       # made-up series
    python benchmarks/scores.py nn5_daily.csv.gz --series 20

A file has the columns series, time and value, or those of the M1 competition.
"""

import argparse

import numpy as np
import pandas as pd

from skforecast_lstm import compare

FORECASTERS = ["naive", "seasonal naive", "Theta", "Ridge"]
LEVELS = (0.8, 0.95)
QUANTILES = np.array([0.5, 0.1, 0.9, 0.025, 0.975])


def made_up(n_series):
    """Return random walks with a season, by name."""
    rng = np.random.default_rng(0)
    days = pd.period_range("2024-01-01", periods=120, freq="D")
    season = 5 * np.sin(2 * np.pi * np.arange(120) / 7)
    walks = rng.normal(size=(n_series, 120)).cumsum(axis=1) + season
    return {f"walk {number}": pd.Series(walk, days) for number, walk in enumerate(walks)}


def read(path, n_series, n_rows):
    """Return the last rows of the first series of a file, by name."""
    table = pd.read_csv(path)
    is_m1 = "part" in table
    if is_m1:
        table = table[table["period"] == "monthly"]
    found = {}
    for name, rows in table.groupby("series", sort=False):
        if is_m1:
            times = pd.period_range("1970-01", periods=len(rows), freq="M")
        else:
            times = pd.DatetimeIndex(rows["time"])
        series = pd.Series(rows["value"].to_numpy(float), times)
        if not is_m1:
            series = series.asfreq(pd.infer_freq(times[:10]))
        found[str(name)] = series.interpolate().bfill().iloc[-n_rows:]
        if len(found) == n_series:
            break
    return found


def by_utilsforecast(comparison, series, season):
    """Return the scores of all windows, as in the results of the comparison."""
    from utilsforecast import losses

    found = []
    for (name, window), of in comparison.forecasts.groupby(["dataset", "window"]):
        past = series[name]
        past = past[past.index < of["time"].iloc[0]]
        train = pd.DataFrame(
            {"unique_id": name, "ds": np.arange(len(past)), "y": past.to_numpy()}
        )
        for forecaster, rows in of.groupby("forecaster"):
            table = pd.DataFrame(
                {
                    "unique_id": name,
                    "ds": len(past) + rows["step"],
                    "y": rows["actual"],
                    "model": rows["forecast"],
                }
            )
            for level in LEVELS:
                table[f"model-lo-{100 * level:g}"] = rows[f"lower_{level:g}"]
                table[f"model-hi-{100 * level:g}"] = rows[f"upper_{level:g}"]

            def value(function, models=("model",), table=table, **options):
                return function(table, models, **options)["model"].iloc[0]

            scaled = {"seasonality": season, "train_df": train}
            scores = {
                "MASE": value(losses.mase, ["model"], **scaled),
                "RMSSE": value(losses.rmsse, ["model"], **scaled),
                # That of utilsforecast is at most 1.
                "sMAPE": 2 * value(losses.smape, ["model"]),
            }
            if rows["lower_0.8"].notna().all():
                columns = {"model": ["model"]}
                for level in LEVELS:
                    columns["model"] += [
                        f"model-lo-{100 * level:g}",
                        f"model-hi-{100 * level:g}",
                    ]
                quantile = {"quantiles": QUANTILES}
                scores["SQL"] = 2 * value(
                    losses.scaled_mqloss, columns, **quantile, **scaled
                )
                scores["WQL"] = value(losses.scaled_crps, columns, **quantile)
                scale = np.abs(past.to_numpy()[season:] - past.to_numpy()[:-season])
                for level in LEVELS:
                    percent = {"level": int(100 * level)}
                    scores[f"coverage_{level:g}"] = value(
                        losses.coverage, ["model"], **percent
                    )
                    winkler = value(losses.winkler_score, ["model"], **percent)
                    scores[f"MSIS_{level:g}"] = winkler / scale.mean()
            found += [
                (name, forecaster, window, metric, score)
                for metric, score in scores.items()
            ]
    columns = ["dataset", "forecaster", "window", "metric", "expected"]
    return pd.DataFrame(found, columns=columns)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", help="a file; default: made-up series")
    parser.add_argument("--series", type=int, default=10, help="default: 10")
    parser.add_argument("--rows", type=int, default=400, help="rows of each, at the end")
    options = parser.parse_args(arguments)
    if options.path:
        series = read(options.path, options.series, options.rows)
    else:
        series = made_up(options.series)
    frequency = next(iter(series.values())).index.freqstr.lower()[0]
    season = {"h": 24, "d": 7, "m": 12}[frequency]
    comparison = compare(
        series, horizon=12, season_length=season, forecasters=FORECASTERS, n_windows=3
    )
    if len(comparison.failures):
        raise SystemExit(f"A forecaster failed:\n{comparison.failures}")
    keys = ["dataset", "forecaster", "window", "metric"]
    table = by_utilsforecast(comparison, series, season).merge(
        comparison.results, on=keys, how="left", validate="one_to_one"
    )
    size = np.maximum(table["expected"].abs(), 1e-300)
    table["difference"] = (table["value"] - table["expected"]).abs() / size
    table["difference"] = table["difference"].where(
        table["value"] != table["expected"], 0
    )
    said = table.groupby("metric", sort=False)["difference"].agg(["count", "max"])
    print(said.to_string())
    if not (said["max"] < 1e-9).all() or table["difference"].isna().any():
        raise SystemExit("The scores differ.")


if __name__ == "__main__":
    main()
