"""Seconds per epoch with single steps, and with segments of several steps.

The same regressor learns 24 steps ahead from the same windows of an hourly series, with
segments of 1, 12, 24 and 48 steps. All networks train in one process, one after the
other. The first epoch of each does not count, because it compiles programs. Predictions
use the same windows, and are timed after a first prediction.

    python benchmarks/segments.py
    python benchmarks/segments.py --lookback 168 --rows 10_000
"""

import argparse
import time

import numpy as np

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.targets import horizon_targets

# isort: split
# Keras reads its backend at import, and the package chooses it.
import keras

SEGMENTS = (None, 12, 24, 48)
HORIZON = 24


def hourly_series(n_rows):
    """Return a series with a daily cycle, a weekly cycle and noise."""
    hours = np.arange(n_rows)
    noise = np.random.default_rng(0).normal(scale=0.3, size=n_rows)
    day, week = np.sin(2 * np.pi * hours / 24), np.sin(2 * np.pi * hours / 168)
    return (day + week + noise).reshape(-1, 1).astype(np.float32)


def seconds_of_epochs(windows, targets, segment, arguments):
    """Return the seconds of each epoch except the first, and the regressor."""
    ends = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: ends.append(time.perf_counter())
    )
    regressor = LSTMRegressor(
        arguments.units,
        segment=segment,
        normalization="last",
        epochs=1 + arguments.epochs,
        batch_size=arguments.batch_size,
        callbacks=clock,
        random_state=0,
    )
    regressor.fit(windows, targets)
    return np.diff(ends), regressor


def seconds_of_prediction(regressor, windows):
    regressor.predict(windows)
    start = time.perf_counter()
    regressor.predict(windows)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--lookback", type=int, default=336)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    series = hourly_series(arguments.rows)
    windows = LookbackWindower(arguments.lookback, horizon=1).fit_transform(series)
    windows = windows[arguments.lookback : 1 - HORIZON]
    targets = horizon_targets(series, HORIZON)[arguments.lookback : 1 - HORIZON]
    print(
        f"{len(windows):,} windows of {arguments.lookback} steps, "
        f"{arguments.units} units, batches of {arguments.batch_size}\n"
    )
    print(
        "| Segment | s, epoch | windows a s | times as quick "
        "| s, prediction | windows a s | times as quick |"
    )
    print("| --- |" + " --- |" * 6)
    first = None
    for segment in SEGMENTS:
        epochs, regressor = seconds_of_epochs(windows, targets, segment, arguments)
        taken = np.array([np.median(epochs), seconds_of_prediction(regressor, windows)])
        first = taken if first is None else first
        cells = " | ".join(
            f"{seconds:.2f} | {len(windows) / seconds:,.0f} | {ratio:.1f}"
            for seconds, ratio in zip(taken, first / taken, strict=True)
        )
        print(f"| {segment or 'step by step'} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
