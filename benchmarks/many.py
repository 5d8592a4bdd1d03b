"""Seconds of many trainings on all cores, compared with one core.

Three parts, each measured alternately on one core and on all, after programs are
compiled:

- members: the members of a network, on one small series and on a panel. A third row is
  the same network trained as one model by ``keras.Model.fit``.
- fit_many: trainings of one kind with different seeds and lengths, beside the same
  trainings one after another.
- search: a grid search in one process, with one and with as many joblib threads as there
  are cores.

    python benchmarks/many.py --rounds 3
"""

import argparse
import time
from contextlib import nullcontext
from statistics import median

import joblib
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from skforecast_lstm import LSTMRegressor, recurrent_network, training
from skforecast_lstm.networks import forecast_network, join_members

# isort: split
# Keras reads its backend at import, and the package chooses it.
import keras

GRID = {
    "units": (8, 16, 32),
    "learning_rate": (3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2),
}


def one_core():
    return threadpool_limits(1, "openmp")


def make_windows(n_windows, n_steps, horizon=1):
    """Return windows as a view of one series, and the values after each window."""
    generator = np.random.default_rng(0)
    noise = generator.normal(scale=0.1, size=n_windows + n_steps + horizon - 1)
    series = (np.sin(np.arange(len(noise)) / 8) + noise).astype(np.float32)
    windows = sliding_window_view(series[:-horizon], n_steps)[..., np.newaxis]
    return windows, sliding_window_view(series[n_steps:], horizon).copy()


def seconds_of(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(title, contenders, n_rounds):
    """Run the contenders in turns, the first turn without a clock; print medians."""
    seconds = {name: [] for name in contenders}
    for turn in range(1 + n_rounds):
        for name, function in contenders.items():
            taken = seconds_of(function)
            if turn:
                seconds[name].append(taken)
    print(title)
    reference = median(next(iter(seconds.values())))
    for name, taken in seconds.items():
        print(f"    {name:32}{median(taken):9.2f} s{reference / median(taken):8.2f}x")
    print()


def members(n_rows, n_members, n_steps, horizon, epochs, n_rounds):
    data = make_windows(n_rows, n_steps, horizon)
    options = {"units": 16, "season_length": n_steps // 2}
    networks = [
        forecast_network((n_steps, 1), horizon, **options) for _ in range(n_members)
    ]

    def fit(train, limit):
        network = join_members(networks)
        network.compile("adam", "mae")
        with limit():
            train(network, *data, epochs=epochs, batch_size=32, verbose=0)

    compare(
        f"{n_members} members, {n_rows:,} windows of {n_steps} steps, {epochs} epochs",
        {
            "one core": lambda: fit(training.fit, one_core),
            "all cores": lambda: fit(training.fit, nullcontext),
            "one model, keras.Model.fit": lambda: fit(keras.Model.fit, nullcontext),
        },
        n_rounds,
    )


def many(n_trainings, epochs, n_rounds):
    x, y = make_windows(2_000, 24)

    def trainings():
        given = []
        for number in range(n_trainings):
            keras.utils.set_random_seed(number)
            model = recurrent_network((24, 1), units=16)
            model.compile("adam", "mse")
            given.append({"model": model, "x": x, "y": y, "epochs": epochs + number})
        return given

    def one_by_one():
        for given in trainings():
            training.fit(**given, verbose=0)

    compare(
        f"{n_trainings} trainings from {epochs} epochs on, networks built anew",
        {
            "training.fit, one by one": one_by_one,
            "training.fit_many": lambda: training.fit_many(trainings(), verbose=0),
        },
        n_rounds,
    )


def search(epochs, n_rounds):
    data = make_windows(2_000, 24)

    def fit(n_jobs):
        estimator = LSTMRegressor(epochs=epochs, batch_size=32, random_state=0)
        with joblib.parallel_config("threading", n_jobs=n_jobs):
            GridSearchCV(estimator, GRID, cv=3, refit=False, error_score="raise").fit(
                *data
            )

    n_cores = joblib.cpu_count()
    compare(
        f"Search of 24 candidates, 3 folds, {epochs} epochs",
        {
            "n_jobs=1": lambda: fit(1),
            f"threading, n_jobs={n_cores}": lambda: fit(n_cores),
        },
        n_rounds,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("members", "fit_many", "search")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    if "members" in arguments.parts:
        members(120, 4, 24, 12, 40 * arguments.epochs, arguments.rounds)
        members(20_000, 8, 48, 24, max(1, arguments.epochs // 2), arguments.rounds)
    if "fit_many" in arguments.parts:
        many(16, 4 * arguments.epochs, arguments.rounds)
    if "search" in arguments.parts:
        search(arguments.epochs, arguments.rounds)


if __name__ == "__main__":
    main()
