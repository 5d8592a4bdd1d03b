"""How often intervals hold while the size of the errors changes.

Forecasters with fixed and with adaptive intervals get the same new rows by `update`, a
block of `--horizon` rows at a time, without training. Without a file, the series are
synthetic: a season of twelve rows, with noise that becomes three times as large. A CSV
file has the columns series, time and value; each series is hourly.

    python benchmarks/adaptive.py --series 8
    python benchmarks/adaptive.py load_hourly.csv.gz --series 4 --fit 3600 --blocks 120
"""

import argparse
import time

import numpy as np
import pandas as pd

from skforecast_lstm import LSTMForecaster

COVERAGES = [0.8, 0.95]


def synthetic(n_series, n_rows, n_before):
    """Return series of a season and noise, whose size changes after some rows."""
    rng = np.random.default_rng(0)
    spread = np.where(np.arange(n_rows) < n_before, 1.0, 3.0)
    noise = rng.normal(size=(n_series, n_rows)) * spread
    values = 10 * np.sin(np.pi * np.arange(n_rows) / 6) + noise
    index = pd.MultiIndex.from_product([range(n_series), range(n_rows)])
    return pd.DataFrame({"value": values.ravel()}, index=index)


def from_file(path, n_series, n_rows):
    """Return the last rows of the first series of a file."""
    table = pd.read_csv(path, parse_dates=["time"])
    chosen = table["series"].unique()[:n_series]
    table = table[table["series"].isin(chosen)].set_index(["series", "time"])
    return table.groupby(level=0).tail(n_rows).astype(float)


def block(y, start, stop):
    """Return rows of each series."""
    number = y.groupby(level=0).cumcount()
    return y[(number >= start) & (number < stop)]


def measure(forecaster, y, n_fit, n_blocks, horizon):
    """Return the fraction of actual values in the intervals, and their mean widths."""
    forecaster.fit(block(y, 0, n_fit), fh=range(1, horizon + 1))
    inside, widths, started = [], [], time.process_time()
    for start in range(n_fit, n_fit + n_blocks * horizon, horizon):
        bounds = forecaster.predict_interval(coverage=COVERAGES).to_numpy()
        new = block(y, start, start + horizon)
        actual = new.to_numpy()
        known = ~np.isnan(actual[:, 0])
        hits = (bounds[:, ::2] <= actual) & (actual <= bounds[:, 1::2])
        inside.append(hits[known].mean(axis=0))
        widths.append((bounds[:, 1::2] - bounds[:, ::2]).mean(axis=0))
        forecaster.update(new, update_params=False)
    seconds = (time.process_time() - started) / n_blocks
    return np.array(inside), np.mean(widths, axis=0), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?")
    parser.add_argument("--series", type=int, default=8)
    parser.add_argument("--fit", type=int, default=600)
    parser.add_argument("--blocks", type=int, default=100)
    parser.add_argument("--horizon", type=int)
    options = parser.parse_args()
    horizon = options.horizon or (24 if options.file else 4)
    n_rows = options.fit + options.blocks * horizon
    if options.file:
        y = from_file(options.file, options.series, n_rows)
        season = (24, 168)
    else:
        y = synthetic(options.series, n_rows, options.fit + 40)
        season = 12
    print(f"{options.series} series, {options.fit} rows to fit, {horizon} steps ahead")
    print("intervals     80 %    95 %   worst 10 blocks: 80 %   95 %   widths   s/block")
    for intervals in ("conformal", "adaptive"):
        forecaster = LSTMForecaster(season, intervals=intervals, random_state=0)
        hits, widths, seconds = measure(
            forecaster, y, options.fit, options.blocks, horizon
        )
        runs = [hits[n : n + 10].mean(axis=0) for n in range(0, len(hits) - 9, 10)]
        print(
            f"{intervals:10s} {hits.mean(axis=0).round(3)} "
            f"{np.min(runs, axis=0).round(3)} {widths.round(3)} {seconds:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
