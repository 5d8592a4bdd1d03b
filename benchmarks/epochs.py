"""Seconds per epoch with the training engine and with ``keras.Model.fit``.

Both train the same network on the same windows, alternately, on the same backend and in
one process. Times are measured between the ends of two epochs. The first epoch does not
count, because it compiles programs. The windows are a view of one series.

    python benchmarks/epochs.py --rows 10_000 --epochs 5 --rounds 3
"""

import argparse
import math
import time

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import training

# isort: split
# Keras reads its backend at import, and the package chooses it.
import keras

SETTINGS = ((4, 3, 8), (8, 12, 32), (32, 24, 32), (64, 48, 64))


def three_integers(text):
    units, steps, batch_size = map(int, text.split(","))
    return units, steps, batch_size


def make_windows(n_windows, n_steps):
    """Return windows as a view of one series, and the value after each window."""
    series = np.random.default_rng(0).standard_normal(n_windows + n_steps)
    series = series.astype(np.float32)
    windows = sliding_window_view(series[:-1], n_steps)[..., np.newaxis]
    return windows, series[n_steps:]


def make_network(units, n_steps):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((n_steps, 1)),
            keras.layers.LSTM(units),
            keras.layers.Dense(1),
        ]
    )
    network.compile("adam", "mse")
    return network


def fit_by_engine(network, *data, **options):
    training.fit(network, *data, **options)


def fit_by_keras(network, *data, **options):
    network.fit(*data, **options)


def seconds_of_epochs(fit, network, data, batch_size, n_epochs):
    """Return the seconds of each epoch after the first."""
    ends = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: ends.append(time.perf_counter())
    )
    fit(
        network,
        *data,
        batch_size=batch_size,
        epochs=1 + n_epochs,
        callbacks=[clock],
        verbose=0,
    )
    return np.diff(ends)


def compare(units, n_steps, batch_size, n_windows, n_epochs, n_rounds):
    """Return the median seconds of an epoch, with the engine and with Keras."""
    data = make_windows(n_windows, n_steps)
    contenders = [
        (fit, make_network(units, n_steps), []) for fit in (fit_by_engine, fit_by_keras)
    ]
    for _ in range(n_rounds):
        for fit, network, taken in contenders:
            taken.extend(seconds_of_epochs(fit, network, data, batch_size, n_epochs))
    return [np.median(taken) for *_, taken in contenders]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000, help="windows")
    parser.add_argument("--epochs", type=int, default=5, help="counted in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--settings",
        type=three_integers,
        nargs="+",
        default=SETTINGS,
        metavar="UNITS,STEPS,BATCH",
    )
    arguments = parser.parse_args()
    print(
        f"{arguments.rows:,} windows on {keras.backend.backend()}, medians of "
        f"{arguments.rounds * arguments.epochs} epochs\n"
    )
    row = "{:>5}{:>6}{:>6}{:>11}{:>11}{:>11}{:>11}{:>9}".format
    print(row("", "", "", "engine", "Keras", "engine", "Keras", "Keras /"))
    print(row("units", "steps", "batch", *["s/epoch"] * 2, *["us/batch"] * 2, "engine"))
    for units, n_steps, batch_size in arguments.settings:
        engine, by_keras = compare(
            units,
            n_steps,
            batch_size,
            arguments.rows,
            arguments.epochs,
            arguments.rounds,
        )
        microseconds = 1e6 / math.ceil(arguments.rows / batch_size)
        print(
            f"{units:5}{n_steps:6}{batch_size:6}{engine:11.4f}{by_keras:11.4f}"
            f"{microseconds * engine:11.1f}{microseconds * by_keras:11.1f}"
            f"{by_keras / engine:8.1f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
