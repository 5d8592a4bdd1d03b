"""Seconds of a search on a GPU: many fits as one program, compared with one by one.

Each search fits LSTMRegressor on 2 folds of one series. With ``threading``, the fits that
are under way at the same moment are stacked and run as one program. SciKeras fits the
first, smaller search one candidate after another. The first run of each compiles and
does not count.

    python benchmarks/gpu.py --fits 18 180 --epochs 10
"""

import argparse
import time

import joblib
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skforecast_lstm import LSTMRegressor

# isort: split
# Keras reads its backend at import, and the package chooses it.
import jax
import keras

UNITS, N_STEPS, BATCH_SIZE, N_FOLDS = 32, 24, 32, 2


def make_windows(n_rows):
    noise = np.random.default_rng(0).normal(scale=0.1, size=n_rows + N_STEPS)
    series = (np.sin(np.arange(len(noise)) / 8) + noise).astype(np.float32)
    return sliding_window_view(series[:-1], N_STEPS)[..., None].copy(), series[N_STEPS:]


def make_scikeras(epochs):
    from scikeras.wrappers import KerasRegressor

    def build(learning_rate):
        network = keras.Sequential(
            [
                keras.Input((N_STEPS, 1)),
                keras.layers.LSTM(UNITS),
                keras.layers.Dense(1),
            ]
        )
        network.compile(keras.optimizers.Adam(learning_rate), "mse")
        return network

    return KerasRegressor(
        build, model__learning_rate=0.001, epochs=epochs, batch_size=BATCH_SIZE, verbose=0
    )


def seconds_of_search(estimator, name, n_fits, data, n_jobs):
    """Return the seconds of a second search in this process."""
    rates = np.geomspace(1e-4, 1e-2, n_fits // N_FOLDS).tolist()
    search = GridSearchCV(
        estimator, {name: rates}, cv=TimeSeriesSplit(N_FOLDS), refit=False
    )
    for _ in range(2):
        start = time.perf_counter()
        with joblib.parallel_config("threading", n_jobs=n_jobs):
            search.fit(*data)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", nargs="+", type=int, default=[18, 180])
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=64, help="fits at once")
    arguments = parser.parse_args()
    print(f"device: {jax.devices()[0].device_kind}\n")
    data = make_windows(arguments.rows)
    ours = LSTMRegressor(
        UNITS, epochs=arguments.epochs, batch_size=BATCH_SIZE, random_state=0
    )
    # The training parts of the folds have one and two thirds of the rows.
    n_samples = arguments.rows * arguments.epochs / N_FOLDS
    for n_fits in arguments.fits:
        contenders = {
            "one by one": (ours, "learning_rate", 1),
            "at once": (ours, "learning_rate", min(n_fits, arguments.jobs)),
        }
        if n_fits == arguments.fits[0]:
            scikeras = make_scikeras(arguments.epochs)
            contenders["SciKeras"] = (scikeras, "model__learning_rate", 1)
        print(f"{n_fits} fits{'':12}{'seconds':>10}{'samples/s':>12}{'as fast':>10}")
        reference = None
        for name, (estimator, parameter, n_jobs) in contenders.items():
            taken = seconds_of_search(estimator, parameter, n_fits, data, n_jobs)
            reference = reference or taken
            rate = n_samples * n_fits / taken
            print(f"  {name:18}{taken:10.2f}{rate:12,.0f}{reference / taken:9.2f}x")
        print()


if __name__ == "__main__":
    main()
