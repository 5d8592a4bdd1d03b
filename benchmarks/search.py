"""Seconds of a grid search, compared with SciKeras and skorch, and with two workers.

Three parts:

- peers: the same search over units and learning rates by LSTMRegressor, by SciKeras and
  keras.wrappers (Keras on JAX) and, if installed, by skorch (PyTorch). Every search runs
  twice in a separate process. The seconds of the imports are separate. LSTMRegressor runs
  with an empty disk cache, and then, in another process, with the compiled programs of
  the first run. The others store nothing on disk. LSTMRegressor also runs in joblib's
  threads, and the others on Keras in joblib's processes, as many as there are cores.
- workers: a longer search by LSTMRegressor with one worker and with two, after programs
  are compiled and the workers run. There is no refit, because only one worker can do it.
- programs: the number of programs that a search over learning rates, seeds and folds
  compiles.

    python benchmarks/search.py --rows 2_000 --epochs 10 --skorch-python path/to/python
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from statistics import median

UNITS = (8, 16, 32)
LEARNING_RATES = (1e-3, 1e-2)
LEARNING_RATES_FOR_WORKERS = (3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2)
BATCH_SIZE = 32

EMPTY_CACHE = "ours, empty disk cache"
WARM_CACHE = "ours, warm disk cache"
THREADS = ", threads"

# Folder of JAX's compiled programs, and the settings that store all of them.
CACHE_FOLDER = "JAX_COMPILATION_CACHE_DIR"
CACHE_SETTINGS = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def make_series(n_rows):
    import numpy as np

    noise = np.random.default_rng(0).normal(scale=0.1, size=n_rows)
    return (np.sin(np.arange(n_rows) / 8) + noise).astype(np.float32)


def make_windows(n_windows, lookback):
    """Return windows of one series, and the value after each window, as one column."""
    from numpy.lib.stride_tricks import sliding_window_view

    series = make_series(n_windows + lookback)
    windows = sliding_window_view(series[:-1], lookback)[..., None].copy()
    return windows, series[lookback:, None]


def make_ours(epochs):
    """Return the estimator and grid of this package."""
    from skforecast_lstm import LSTMRegressor

    estimator = LSTMRegressor(epochs=epochs, batch_size=BATCH_SIZE)
    return estimator, {"units": UNITS, "learning_rate": LEARNING_RATES}


def make_scikeras(epochs):
    """Return the estimator and grid of SciKeras."""
    import keras
    from scikeras.wrappers import KerasRegressor
    from sklearn.base import BaseEstimator
    from sklearn.utils import RegressorTags

    class Regressor(KerasRegressor):
        """KerasRegressor with the tags of current scikit-learn."""

        def __sklearn_tags__(self):
            tags = BaseEstimator.__sklearn_tags__(self)
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
            return tags

    def build(meta, units, learning_rate):
        network = keras.Sequential(
            [
                keras.Input(meta["X_shape_"][1:]),
                keras.layers.LSTM(units),
                keras.layers.Dense(1),
            ]
        )
        network.compile(keras.optimizers.Adam(learning_rate), "mse")
        return network

    estimator = Regressor(
        build,
        model__units=UNITS[0],
        model__learning_rate=LEARNING_RATES[0],
        epochs=epochs,
        batch_size=BATCH_SIZE,
        verbose=0,
    )
    return estimator, {"model__units": UNITS, "model__learning_rate": LEARNING_RATES}


def make_keras(epochs):
    """Return the estimator and grid of Keras's own wrapper, which takes flat windows."""
    import keras
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    def build(X, y, units, learning_rate):  # noqa: ARG001
        network = keras.Sequential(
            [
                keras.Input(X.shape[1:]),
                keras.layers.Reshape((-1, 1)),
                keras.layers.LSTM(units),
                keras.layers.Dense(1),
            ]
        )
        network.compile(keras.optimizers.Adam(learning_rate), "mse")
        return network

    candidates = [
        {"units": units, "learning_rate": rate}
        for units in UNITS
        for rate in LEARNING_RATES
    ]
    wrapper = keras.wrappers.SKLearnRegressor(
        build,
        model_kwargs=candidates[0],
        fit_kwargs={"epochs": epochs, "batch_size": BATCH_SIZE, "verbose": 0},
    )
    flat = FunctionTransformer(lambda windows: windows[..., 0])
    pipeline = Pipeline([("flat", flat), ("network", wrapper)])
    return pipeline, {"network__model_kwargs": candidates}


def make_skorch(epochs):
    """Return the estimator and grid of skorch."""
    import torch
    from skorch import NeuralNetRegressor

    class Network(torch.nn.Module):
        """An LSTM layer and a linear output."""

        def __init__(self, units=UNITS[0]):
            super().__init__()
            self.recurrent = torch.nn.LSTM(1, units, batch_first=True)
            self.output = torch.nn.Linear(units, 1)

        def forward(self, windows):
            return self.output(self.recurrent(windows)[0][:, -1])

    estimator = NeuralNetRegressor(
        Network,
        optimizer=torch.optim.Adam,
        max_epochs=epochs,
        batch_size=BATCH_SIZE,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return estimator, {"module__units": UNITS, "lr": LEARNING_RATES}


# Name: estimator and grid, joblib's backend, number of workers (-1 for all cores).
PEERS = {
    "ours": (make_ours, "loky", 1),
    "ours, threads": (make_ours, "threading", -1),
    "SciKeras": (make_scikeras, "loky", 1),
    "SciKeras, processes": (make_scikeras, "loky", -1),
    "keras.wrappers": (make_keras, "loky", 1),
    "keras.wrappers, processes": (make_keras, "loky", -1),
    "skorch": (make_skorch, "loky", 1),
}


def seconds_of(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def search_twice(make, backend, n_jobs, arguments):
    """Return the seconds of the imports and of two searches, and the best score."""
    start = time.perf_counter()
    import joblib
    from sklearn.model_selection import GridSearchCV

    estimator, grid = make(arguments.epochs)
    imports = time.perf_counter() - start
    search = GridSearchCV(estimator, grid, cv=3, error_score="raise")
    data = make_windows(arguments.rows, arguments.lookback)
    with joblib.parallel_config(backend, n_jobs=n_jobs):
        first, second = (seconds_of(search.fit, *data) for _ in range(2))
    return imports, first, second, search.best_score_


def search_with_workers(arguments):
    """Return the seconds of searches with one worker and with two."""
    from sklearn.model_selection import GridSearchCV

    from skforecast_lstm import LSTMRegressor

    data = make_windows(arguments.rows, arguments.lookback)
    grid = {"units": UNITS, "learning_rate": LEARNING_RATES_FOR_WORKERS}

    def seconds(n_jobs, epochs):
        estimator = LSTMRegressor(epochs=epochs, batch_size=BATCH_SIZE, random_state=0)
        search = GridSearchCV(
            estimator, grid, cv=3, n_jobs=n_jobs, refit=False, error_score="raise"
        )
        return seconds_of(search.fit, *data)

    taken = {1: [], 2: []}
    for _ in range(arguments.rounds):
        for n_jobs, seconds_taken in taken.items():
            # Workers end after a few idle minutes.
            seconds(n_jobs, epochs=1)
            seconds_taken.append(seconds(n_jobs, arguments.worker_epochs))
    return list(taken.values())


def count_programs(arguments):
    """Return the number of fitted models, and of compiled programs of each kind."""
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    from sklearn.pipeline import Pipeline

    from skforecast_lstm import LookbackWindower, LSTMRegressor
    from skforecast_lstm.training.programs import Program

    names = []
    compile_program = Program.__init__

    def count(program, function, *others):
        names.append(function.__name__)
        compile_program(program, function, *others)

    Program.__init__ = count
    search = GridSearchCV(
        Pipeline(
            [
                ("windows", LookbackWindower(arguments.lookback, horizon=1)),
                ("network", LSTMRegressor(epochs=1, batch_size=BATCH_SIZE)),
            ]
        ),
        {"network__learning_rate": LEARNING_RATES, "network__random_state": (0, 1)},
        cv=TimeSeriesSplit(5),
        error_score="raise",
    )
    series = make_series(arguments.rows)
    search.fit(series[:, None], series)
    n_fits = len(search.cv_results_["params"]) * search.n_splits_ + 1
    return n_fits, Counter(names)


def in_child(name, *, python=sys.executable, cache=None):
    """Run a part of this script in a separate process, and return its answer."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key != CACHE_FOLDER and key not in CACHE_SETTINGS
    }
    environment["KERAS_BACKEND"] = "jax"
    if cache is not None:
        environment |= {CACHE_FOLDER: cache, **CACHE_SETTINGS}
    child = subprocess.run(
        [python, __file__, *sys.argv[1:], "--child", name],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


def answer(name, arguments):
    """Do the work of a child process."""
    if name == "workers":
        return search_with_workers(arguments)
    if name == "programs":
        return count_programs(arguments)
    return search_twice(*PEERS[name], arguments)


def has_skorch(python):
    found = subprocess.run(
        [python, "-c", "import skorch, torch"], capture_output=True, check=False
    )
    return found.returncode == 0


def compare_with_peers(arguments):
    pythons = {name: sys.executable for name in PEERS if not name.startswith("ours")}
    pythons["skorch"] = arguments.skorch_python
    if not has_skorch(arguments.skorch_python):
        print("skorch is left out: skorch or PyTorch can't be imported\n")
        del pythons["skorch"]
    taken = defaultdict(list)
    for number in range(max(arguments.rounds, arguments.peer_rounds)):
        if number < arguments.rounds:
            for ours, ending in (("ours", ""), ("ours, threads", THREADS)):
                with tempfile.TemporaryDirectory() as cache:
                    for name in (EMPTY_CACHE, WARM_CACHE):
                        taken[name + ending].append(in_child(ours, cache=cache))
        if number < arguments.peer_rounds:
            for name, python in pythons.items():
                taken[name].append(in_child(name, python=python))

    print(
        f"{len(UNITS) * len(LEARNING_RATES)} candidates, 3 folds, refit; "
        f"{arguments.rows:,} windows of {arguments.lookback} steps, "
        f"{arguments.epochs} epochs of batches of {BATCH_SIZE}\n"
    )
    print(f"{'':34}{'imports s':>12}{'first s':>12}{'second s':>12}{'best R2':>12}")
    medians = {}
    for name, rounds in taken.items():
        medians[name] = [median(column) for column in zip(*rounds, strict=True)]
        imports, first, second, score = medians[name]
        print(f"{name:34}{imports:12.2f}{first:12.2f}{second:12.2f}{score:12.3f}")

    row = "{:34}{:>12}{:>12}{:>12}".format
    print()
    print(row("seconds / ours, threads", "first,", "first,", "second"))
    print(row("", "empty cache", "warm cache", ""))
    _, empty, second_of_ours, _ = medians[EMPTY_CACHE + THREADS]
    _, warm, _, _ = medians[WARM_CACHE + THREADS]
    for name in pythons:
        _, first, second, _ = medians[name]
        ratios = (first / empty, first / warm, second / second_of_ours)
        print(row(name, *(f"{ratio:.1f}x" for ratio in ratios)))


def compare_workers(arguments):
    with tempfile.TemporaryDirectory() as cache:
        one, two = map(median, in_child("workers", cache=cache))
    n_candidates = len(UNITS) * len(LEARNING_RATES_FOR_WORKERS)
    print(
        f"{n_candidates} candidates, 3 folds, no refit; "
        f"{arguments.worker_epochs} epochs\n"
    )
    print(f"{'n_jobs=1':34}{one:12.2f} s")
    print(f"{'n_jobs=2':34}{two:12.2f} s")
    print(f"{'as fast':34}{one / two:12.2f}x")


def show_programs():
    with tempfile.TemporaryDirectory() as cache:
        n_fits, counts = in_child("programs", cache=cache)
    print(f"{n_fits} fits over learning rates, seeds and folds compile, by function:\n")
    for name, count in counts.items():
        print(f"{name:34}{count:12}")
    print("bar: one program to train (run), one to predict (predict)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("peers", "workers", "programs")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--lookback", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--worker-epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-rounds", type=int, default=1)
    parser.add_argument(
        "--skorch-python",
        default=sys.executable,
        metavar="PATH",
        help="an interpreter that has skorch and PyTorch",
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(answer(arguments.child, arguments)))
        return
    if "peers" in arguments.parts:
        compare_with_peers(arguments)
        print()
    if "workers" in arguments.parts:
        compare_workers(arguments)
        print()
    if "programs" in arguments.parts:
        show_programs()


if __name__ == "__main__":
    main()
