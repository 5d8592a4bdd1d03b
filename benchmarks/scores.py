"""Scores of `compare` beside those of utilsforecast, and how often its intervals hold.

Every score of every series, window and forecaster is computed a second time by
utilsforecast, from the forecasts and the data. The script prints the largest relative
difference of each metric, and fails if one is over 1e-9.

Then it takes the series of the file as a population, and draws some of them many times.
It prints how often the bootstrap's interval of a ratio of `Comparison.skill` contains the
ratio of the population.

    pip install utilsforecast
    python benchmarks/scores.py                       # made-up series
    python benchmarks/scores.py nn5_daily.csv.gz
    python benchmarks/scores.py m1.csv.gz --period quarterly

A file has the columns series, time and value, or those of the M1 competition.
"""

import argparse

import numpy as np
import pandas as pd

from skforecast_lstm import compare
from skforecast_lstm.comparison.skill import bootstrap_interval

FORECASTERS = ["naive", "seasonal naive", "Theta", "Ridge"]
LEVELS = (0.8, 0.95)
QUANTILES = np.array([0.5, 0.1, 0.9, 0.025, 0.975])
# Season and horizon by frequency.
HORIZONS = {"h": (24, 24), "D": (7, 14), "M": (12, 12), "Q": (4, 4), "Y": (1, 6)}
KEYS = ["dataset", "forecaster", "window", "metric"]


def made_up(n_series):
    """Return random walks with a season, by name."""
    rng = np.random.default_rng(0)
    days = pd.period_range("2024-01-01", periods=120, freq="D")
    season = 5 * np.sin(2 * np.pi * np.arange(120) / 7)
    walks = rng.normal(size=(n_series, 120)).cumsum(axis=1) + season
    return {f"walk {number}": pd.Series(walk, days) for number, walk in enumerate(walks)}


def read(path, period):
    """Return the series of a file, by name, without gaps."""
    table = pd.read_csv(path)
    if "part" in table:
        table = table[table["period"] == period]
    found = {}
    for name, rows in table.groupby("series", sort=False):
        values = rows["value"].to_numpy(float)
        if "part" in table:
            frequency = period[0].upper()
            index = pd.period_range("1900", periods=len(rows), freq=frequency)
            series = pd.Series(values, index)
        else:
            series = pd.Series(values, pd.DatetimeIndex(rows["time"]))
            series = series.asfreq(pd.infer_freq(series.index[:10]))
        found[str(name)] = series.interpolate().bfill()
    return found


def past_of(comparison, series):
    """Return the rows before each window, as utilsforecast wants them."""
    first = comparison.forecasts.groupby(["dataset", "window"])["time"].first()
    parts = []
    for (name, window), time in first.items():
        past = series[name][series[name].index < time].to_numpy()
        parts.append((np.repeat(f"{name}/{window}", len(past)), past))
    ids, values = map(np.concatenate, zip(*parts, strict=True))
    table = pd.DataFrame({"unique_id": ids, "y": values})
    return table.assign(ds=table.groupby("unique_id").cumcount())


def by_utilsforecast(comparison, past, season):
    """Return the scores of all windows, as in the results of the comparison."""
    from utilsforecast import losses

    scaled = {"seasonality": season, "train_df": past}
    n_past = past.groupby("unique_id").size()
    scale = past.groupby("unique_id")["y"].apply(lambda of: of.diff(season).abs().mean())
    found = []
    for forecaster, rows in comparison.forecasts.groupby("forecaster"):
        ids = rows["dataset"] + "/" + rows["window"].astype(str)
        columns = {"unique_id": ids, "ds": ids.map(n_past) + rows["step"] - 1}
        columns |= {"y": rows["actual"], "model": rows["forecast"]}
        bounds = []
        for level in LEVELS:
            for side, name in (("lo", "lower"), ("hi", "upper")):
                bounds.append(f"model-{side}-{100 * level:g}")
                columns[bounds[-1]] = rows[f"{name}_{level:g}"]
        table = pd.DataFrame(columns)

        def values(function, models=("model",), table=table, **options):
            scores = function(table, models, **options).set_index("unique_id")["model"]
            return scores.reindex(scale.index)

        scores = {
            "MASE": values(losses.mase, ["model"], **scaled),
            "RMSSE": values(losses.rmsse, ["model"], **scaled),
            # That of utilsforecast is at most 1.
            "sMAPE": 2 * values(losses.smape, ["model"]),
        }
        if rows["lower_0.8"].notna().all():
            models = {"model": ["model", *bounds]}
            quantile = {"quantiles": QUANTILES}
            scores["SQL"] = 2 * values(losses.scaled_mqloss, models, **quantile, **scaled)
            scores["WQL"] = values(losses.scaled_crps, models, **quantile)
            for level in LEVELS:
                percent = {"level": int(100 * level)}
                scores[f"coverage_{level:g}"] = values(
                    losses.coverage, ["model"], **percent
                )
                winkler = values(losses.winkler_score, ["model"], **percent)
                scores[f"MSIS_{level:g}"] = winkler / scale
        for metric, of in scores.items():
            part = of.rename("expected").reset_index()
            found.append(part.assign(forecaster=forecaster, metric=metric))
    table = pd.concat(found)
    where = table["unique_id"].str.rpartition("/")
    return table.assign(dataset=where[0], window=where[2].astype(int))


def differences(comparison, past, season):
    """Return the scores with their relative difference from those expected."""
    table = by_utilsforecast(comparison, past, season)
    table = table.merge(comparison.results, on=KEYS, how="left", validate="one_to_one")
    size = np.maximum(table["expected"].abs(), 1e-300)
    difference = (table["value"] - table["expected"]).abs() / size
    return table.assign(difference=difference)


def coverage(comparison, n_draws=4000):
    """Return how often intervals of some series contain the ratio of all series."""
    means = comparison.by_series()
    logs = np.log(means.div(means["seasonal naive"], axis=0)).drop(
        columns="seasonal naive"
    )
    rng = np.random.default_rng(0)
    found = {}
    for n_series in (6, 10, 20):
        chosen = rng.integers(len(logs), size=(n_series, n_draws))
        found[n_series] = {}
        for name in logs:
            low, high = bootstrap_interval(logs[name].to_numpy()[chosen])
            is_inside = (low <= logs[name].mean()) & (logs[name].mean() <= high)
            found[n_series][name] = is_inside.mean()
    return pd.DataFrame(found).rename_axis(columns="series")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", help="a file; default: made-up series")
    parser.add_argument("--series", type=int, help="only the first; default: all")
    parser.add_argument("--period", default="monthly", help="of the M1 competition")
    options = parser.parse_args(arguments)
    n_made = options.series or 10
    series = read(options.path, options.period) if options.path else made_up(n_made)
    series = dict(list(series.items())[: options.series])
    frequency = next(iter(series.values())).index.freqstr[0]
    season, horizon = HORIZONS[frequency]
    comparison = compare(
        series,
        horizon=horizon,
        season_length=season,
        forecasters=FORECASTERS,
        # The shortest series of M1 have 15 rows.
        n_windows=1 if frequency in "QY" else 3,
        step=1 if frequency == "M" else None,
        progress=False,
    )
    if len(comparison.failures):
        raise SystemExit(f"A forecaster failed:\n{comparison.failures}")
    table = differences(comparison, past_of(comparison, series), season)
    said = table.groupby("metric", sort=False)["difference"].agg(["count", "max"])
    print(f"{len(series)} series\n{said.to_string()}")
    if not (said["max"] < 1e-9).all() or table["difference"].isna().any():
        raise SystemExit("The scores differ.")
    print("\nIntervals of 95 % that contain the ratio of all series:")
    print(coverage(comparison).to_string(float_format="{:.1%}".format))


if __name__ == "__main__":
    main()
