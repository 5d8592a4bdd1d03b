"""Quantiles that can't cross by `NonCrossingQuantiles`, sorted outputs, or neither.

    python benchmarks/quantiles.py --seeds 3

Three series have noise that comes and goes. An LSTM of 12 units learns their quantiles
one step ahead from windows of eight steps, on 2,000 rows. The output has the mean pinball
loss on the next 1,000 rows, and the share of rows on which quantiles cross with neither.
"""

import argparse

import numpy as np
import pandas as pd

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.networks import (
    MaskUnknown,
    NonCrossingQuantiles,
    QuantileLoss,
    TargetScale,
)

# isort: split
# Keras reads its backend at import, and the package chooses it.
import keras

N_TRAIN, N_TEST, LOOKBACK = 2000, 1000, 8


def make_series(seed):
    """Return noise whose spread follows the size of the noise before it."""
    generator = np.random.default_rng(seed)
    values = np.zeros(N_TRAIN + N_TEST)
    variance = 1.0
    for row in range(1, len(values)):
        variance = 0.2 + 0.5 * values[row - 1] ** 2 + 0.4 * variance
        values[row] = np.sqrt(variance) * generator.normal()
    return 5 * values[:, None]


def network(meta, n_quantiles, way):
    """Return an LSTM whose outputs are quantiles, in order, sorted or free."""
    layers = [
        keras.Input(meta["X_shape_"][1:]),
        MaskUnknown(),
        keras.layers.LSTM(12),
        keras.layers.Dense(n_quantiles),
    ]
    if way == "NonCrossingQuantiles":
        layers.append(NonCrossingQuantiles(n_quantiles))
    if way == "sorted":
        layers.append(keras.layers.Lambda(keras.ops.sort))
    return keras.Sequential([*layers, TargetScale()])


def pinball(actual, quantiles, levels):
    """Return the mean pinball loss."""
    error = actual - quantiles
    return np.maximum(levels * error, (levels - 1) * error).mean()


def run(levels, epochs, way, seed):
    """Return the loss on the test rows, and the share of rows that cross."""
    series = make_series(seed)
    windows = LookbackWindower(LOOKBACK, horizon=1).fit_transform(series)
    regressor = LSTMRegressor(
        model=network,
        model__n_quantiles=len(levels),
        model__way=way,
        loss=QuantileLoss(levels),
        epochs=epochs,
        random_state=seed,
    )
    targets = np.repeat(series, len(levels), axis=1)
    regressor.fit(windows[:N_TRAIN], targets[:N_TRAIN])
    quantiles = regressor.predict(windows[N_TRAIN:])
    crosses = (np.diff(quantiles, axis=1) < 0).any(axis=1).mean()
    return pinball(series[N_TRAIN:], quantiles, np.array(levels)), crosses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = {}
    for n_quantiles in (3, 11):
        levels = np.linspace(0.05, 0.95, n_quantiles).round(2).tolist()
        for epochs in (3, 20):
            row = rows[f"{n_quantiles} quantiles, {epochs} epochs"] = {}
            for way in ("NonCrossingQuantiles", "sorted", "neither"):
                found = [run(levels, epochs, way, seed) for seed in range(options.seeds)]
                row[way], crosses = np.mean(found, axis=0)
                if way == "neither":
                    row["rows that cross with neither (%)"] = 100 * crosses
    print(pd.DataFrame(rows).T.round(3).to_string())


if __name__ == "__main__":
    main()
