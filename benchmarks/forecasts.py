"""Accuracy on series that sktime ships, compared with classical forecasters.

    python benchmarks/forecasts.py
    python benchmarks/forecasts.py --seeds 1 --series airline --step 1
    python benchmarks/forecasts.py --coverage --trained

Forecasters with their defaults forecast the last third of each series by rolling origin,
one season ahead at a time (a year of months, two years of quarters, ten years). The LSTM
runs with several seeds. The output has, for each series and in the mean, the MASE scaled
by the season, the ratio to the best classical forecaster, the spread over seeds, and the
coverage of the intervals. With --coverage, it has only the coverage, of one LSTM, from
every row of the last third.
"""

import argparse
import time

import pandas as pd
from sktime.datasets import (
    load_airline,
    load_lynx,
    load_PBS_dataset,
    load_shampoo_sales,
    load_uschange,
)

from skforecast_lstm import LSTMForecaster, compare

# Name: series, horizon, rows in a season.
SERIES = {
    "airline": (load_airline, 12, 12),
    "shampoo": (load_shampoo_sales, 12, 12),
    "lynx": (load_lynx, 10, 1),
    "PBS": (load_PBS_dataset, 12, 12),
    "US consumption": (lambda: load_uschange()[0], 8, 4),
}
CLASSICAL = ("naive", "seasonal naive", "Holt-Winters", "AutoETS", "AutoARIMA", "Theta")


def scores(name, seeds, step, classical, pretrained="auto"):
    """Return the results of all forecasters on one series."""
    load, horizon, season = SERIES[name]
    forecasters = {one: one for one in classical}
    for seed in seeds:
        forecasters[f"LSTM {seed}"] = LSTMForecaster(
            season, pretrained=pretrained, random_state=seed
        )
    return compare(
        {name: load()},
        horizon=horizon,
        season_length={name: season},
        forecasters=forecasters,
        step=step,
    ).results


def table(results):
    """Return the MASE by series and forecaster; for the LSTM, the mean over seeds."""
    mase = results[results["metric"] == "MASE"]
    mase = mase.groupby(["dataset", "forecaster"], sort=False)["value"].mean().unstack()
    seeds = mase.filter(like="LSTM")
    mase = mase.drop(columns=seeds.columns)
    mase["LSTM"] = seeds.mean(axis=1)
    spread = pd.concat([seeds.std(axis=1), pd.Series({"mean": seeds.mean().std()})])
    mase.loc["mean"] = mase.mean()
    others = mase.drop(columns="LSTM")
    mase["best other"] = others.idxmin(axis=1)
    mase["LSTM / best"] = mase["LSTM"] / others.min(axis=1)
    mase["spread over seeds"] = spread
    return mase


def coverage(results):
    """Return the coverage of the intervals by forecaster."""
    inside = results[results["metric"].str.startswith("coverage")].copy()
    inside["forecaster"] = inside["forecaster"].str.replace(
        r"LSTM \d+", "LSTM", regex=True
    )
    by = ["forecaster", "metric", "dataset"]
    return (
        inside.groupby(by, sort=False)["value"]
        .mean()
        .unstack()
        .assign(mean=lambda frame: frame.mean(axis=1))
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--series", nargs="*", default=list(SERIES), choices=list(SERIES))
    parser.add_argument("--step", type=int, help="rows between origins; the horizon")
    parser.add_argument("--coverage", action="store_true", help="of the LSTM only")
    parser.add_argument(
        "--trained", action="store_true", help="the LSTM without the pretrained network"
    )
    options = parser.parse_args()
    pretrained = False if options.trained else "auto"
    start = time.perf_counter()
    if options.coverage:
        results = pd.concat(
            scores(name, [0], 1, (), pretrained) for name in options.series
        )
        print(coverage(results).to_string(float_format="{:.2f}".format))
        return
    results = pd.concat(
        scores(name, range(options.seeds), options.step, CLASSICAL, pretrained)
        for name in options.series
    )
    failed = results[results["value"].isna() & results["reason"].notna()]
    for _, row in failed.drop_duplicates(["dataset", "forecaster"]).iterrows():
        print(f"{row['forecaster']} failed on {row['dataset']}: {row['reason']}")
    print(table(results).to_string(float_format="{:.3f}".format))
    print()
    print(coverage(results).to_string(float_format="{:.2f}".format))
    seconds = results[results["metric"] == "fit_seconds"]
    print("\nSeconds a fit:")
    print(seconds.groupby("forecaster", sort=False)["value"].mean().round(2).to_string())
    print(f"\n{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
