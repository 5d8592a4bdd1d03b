"""Forecast series A from its own past and from the series B and C.

All forecasts are six steps ahead at once. The networks are one LSTM over all columns, one
branch per column, and sequence to sequence. They are compared with A alone, a linear
regression and the last value. Folds in time order choose the scaling, the lookback, the
layers and the learning rate. The last fifth of the rows is the test.

``--data`` takes a CSV, such as daily prices with ``--target Close --columns
Close,Open,Volume``. Without it, A follows B and C by a rule, with additional noise.
Nobody can forecast this noise, so it is the lower limit of all errors.
"""

import argparse
import tempfile
import warnings
from pathlib import Path

from skforecast_lstm import LookbackWindower, LSTMRegressor, persistence, training
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.inspection import ForecastDisplay, SearchDisplay
from skforecast_lstm.targets import horizon_targets

import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.signal import lfilter
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import make_scorer, root_mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

N_STEPS = 6
LOOKBACKS = [6, 12, 24]
CELLS = {
    "one LSTM, seed 1": {"random_state": 1},
    "one GRU": {"cell": "gru"},
    "one peephole LSTM": {"cell": "peephole"},
    "one bidirectional LSTM": {"bidirectional": True},
}
BY_HAND = "columns and target by StandardScaler"
MEMORY, NOISE = 0.5, 1.5


def generate(n_rows=3000, seed=0):
    """Return the series and the noise. A follows B after six steps if C was high."""
    random = np.random.default_rng(seed)
    b, c = (
        lfilter([np.sqrt(1 - memory**2)], [1, -memory], random.normal(size=n_rows))
        for memory in (0.7, 0.9)
    )
    noise = random.normal(0, NOISE, n_rows)
    push = np.zeros(n_rows)
    push[9:] = 5 * b[3:-6] / (1 + np.exp(-3 * c[:-9]))
    a = 50 + lfilter([1], [1, -MEMORY], push + noise)
    return pd.DataFrame({"A": a, "B": 5000 + 800 * b, "C": 0.02 * c}), noise


def floor(noise):
    """Return the error at each horizon with a known rule and unknown future noise."""
    weights = MEMORY ** np.arange(N_STEPS)
    to_come = horizon_targets(noise, N_STEPS)[: 1 - N_STEPS]
    shocks = [to_come[:, : step + 1] @ weights[step::-1] for step in range(N_STEPS)]
    return np.sqrt(np.mean(np.square(shocks), axis=1))


def read(path, target, columns):
    """Return columns of a file, the target first, without rows that have a gap."""
    columns = [target, *(name for name in columns if name != target)]
    if len(columns) < 2:
        raise SystemExit(f"--columns must name a column beside the target {target}.")
    table = pd.read_csv(path, usecols=columns)[columns].dropna(ignore_index=True)
    if len(table) < 200:
        raise SystemExit(f"{path} has {len(table)} rows without a gap; give 200 or more.")
    return table


class Task:
    """Table sorted by time, with the target in the first column."""

    def __init__(self, table):
        self.table, self.target = table, table.columns[0]
        n_train = len(table) * 4 // 5
        self.train, self.test = table[:n_train], table[n_train:]
        # Each part uses only its own rows, so the steps past its end are unknown.
        self.y_train, self.y_test = (
            horizon_targets(part[self.target], N_STEPS)
            for part in (self.train, self.test)
        )
        # The targets of a row are later steps. They must not be in the next fold.
        self.folds = TimeSeriesSplit(2, gap=N_STEPS - 1, test_size=n_train // 6)

    def in_folds(self):
        """Return the training rows with known targets."""
        return {"X": self.train[: 1 - N_STEPS], "y": self.y_train[: 1 - N_STEPS]}

    def forecast(self, pipe, columns=None):
        """Fit a pipeline on the training rows, and return its forecasts of the test."""
        columns = list(columns or self.table)
        return pipe.fit(self.train[columns], self.y_train).predict(self.test[columns])

    def error(self, forecasts):
        """Return the root mean squared error at each horizon."""
        return root_mean_squared_error(
            self.y_test[: 1 - N_STEPS],
            forecasts[: 1 - N_STEPS],
            multioutput="raw_values",
        )


def error_in_fold(actual, forecasts):
    """Return the mean error, without windows that reach into the gap before the fold."""
    whole = slice(max(LOOKBACKS), None)
    return root_mean_squared_error(actual[whole], forecasts[whole])


SCORER = make_scorer(error_in_fold, greater_is_better=False)


def best_scaling(task):
    """Return the pipeline with the best scaling in folds, and the errors of all.

    Each pipeline learns only from the rows of `fit`, and forecasts in units of the
    target.
    """
    windower = LookbackWindower(LOOKBACKS[-2], horizon=1)
    settings = {"units": 32, "epochs": 15, "batch_size": 64, "random_state": 0}
    # Its initial outputs have the mean and the spread of the targets.
    network = LSTMRegressor(**settings)
    by_hand = TransformedTargetRegressor(network, transformer=StandardScaler())
    by_window = LSTMRegressor(**settings, normalization="last", target_columns=(0,))
    pipes = {
        "columns by StandardScaler": make_pipeline(StandardScaler(), windower, network),
        BY_HAND: make_pipeline(StandardScaler(), windower, by_hand),
        "each window by itself": make_pipeline("passthrough", windower, by_window),
    }
    errors = {}
    for name, pipe in pipes.items():
        pipe.set_output(transform="pandas")
        scores = cross_val_score(pipe, **task.in_folds(), scoring=SCORER, cv=task.folds)
        errors[name] = -scores.mean()
    errors = pd.Series(errors)
    # Scaling by hand gives the same result, except for rounding.
    return pipes[errors.drop(BY_HAND).idxmin()], errors


def search(pipe, task):
    """Search lookback and units by a grid, then layers and learning rate at random."""
    how = {"scoring": SCORER, "cv": task.folds, "refit": False}
    grid = GridSearchCV(
        pipe,
        {"lookbackwindower__lookback": LOOKBACKS, "lstmregressor__units": [8, 32]},
        **how,
    ).fit(**task.in_folds())
    random = RandomizedSearchCV(
        clone(pipe).set_params(**grid.best_params_),
        {
            "lstmregressor__learning_rate": loguniform(1e-3, 3e-2),
            "lstmregressor__units": [8, 32, (16, 16)],
        },
        n_iter=4,
        random_state=0,
        **how,
    ).fit(**task.in_folds())
    better = max(grid, random, key=lambda one: one.best_score_)
    return clone(better.estimator).set_params(**better.best_params_), grid, random


def designs(columns):
    """Return the parameters of the networks that read all columns."""
    target, *others = columns
    branches = [
        {"columns": [target], "units": 8},
        *({"columns": [name], "units": 16, "cell": "gru"} for name in others),
    ]
    joined = {"branches": branches, "feature_names": columns, "dense_units": 32}
    return {
        "one LSTM": {},
        "one branch per column": joined,
        "sequence to sequence": {"decoder": "lstm"},
        **CELLS,
    }


def ridge(task, lookback):
    """Return the forecasts of a linear regression on the same windows."""
    windower = LookbackWindower(lookback, horizon=1, layout="flat")
    windows, n_train = windower.fit_transform(task.table), len(task.train)
    known = slice(lookback, n_train - N_STEPS + 1)
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 3, 9)))
    return model.fit(windows[known], task.y_train[known]).predict(windows[n_train:])


def compare(task, pipe):
    """Return the forecasts of the test rows, and the fitted pipelines of networks."""
    forecasts, pipes = {}, {}
    for name, parameters in designs(list(task.table)).items():
        pipes[name] = clone(pipe)
        pipes[name][-1].set_params(**parameters)
        forecasts[name] = task.forecast(pipes[name])
    pipes[f"{task.target} alone"] = alone = clone(pipe)
    forecasts[f"{task.target} alone"] = task.forecast(alone, [task.target])
    forecasts["Ridge on the same windows"] = ridge(task, pipe[1].lookback)
    last = task.table[task.target].shift(1)[len(task.train) :]
    forecasts["last value"] = np.repeat(last.to_numpy()[:, None], N_STEPS, axis=1)
    return forecasts, pipes


def table_of(errors, pipes):
    """Return the errors at each step ahead, their mean, and the number of weights."""
    steps = [f"{step} ahead" for step in range(1, N_STEPS + 1)]
    table = pd.DataFrame.from_dict(errors, orient="index", columns=steps)
    table["mean"] = table.mean(axis=1)
    weights = {name: pipe[-1].model_.count_params() for name, pipe in pipes.items()}
    return table.assign(weights=pd.Series(weights, dtype="Int64")).sort_values("mean")


def verdict(errors, target):
    """Return sentences on the best network and the value of the other columns."""
    mean = errors["mean"]
    best = mean.drop("floor", errors="ignore").idxmin()
    pairs = [
        (best, "floor"),
        (best, "last value"),
        ("one LSTM", f"{target} alone"),
        ("one LSTM", "Ridge on the same windows"),
        ("one branch per column", "one LSTM"),
        ("sequence to sequence", "one LSTM"),
        ("one LSTM, seed 1", "one LSTM"),
    ]
    sentences = [f"The lowest error is that of {best}."]
    for name, other in pairs:
        if name in mean and other in mean and name != other:
            percent = 100 * (mean[name] / mean[other] - 1)
            sentences.append(
                f"The error of {name} is {abs(percent):.1f} % "
                f"{'lower' if percent < 0 else 'higher'} than that of {other}."
            )
    return "\n".join(sentences)


def what_was_learned(task, pipe):
    """Return the means of the columns, and those that a StandardScaler learned."""
    means = {"rows for training": task.train.mean(), "test rows": task.test.mean()}
    if "standardscaler" in pipe.named_steps:
        means = {"learned": pipe["standardscaler"].mean_, **means}
    return pd.DataFrame(means)


def differences_when_loaded(task, pipe):
    """Return the largest difference in forecasts after saving and loading."""
    model = pipe[-1].model_
    with tempfile.TemporaryDirectory() as folder:
        architecture = Path(folder, "network.json")
        architecture.write_text(model.to_json())
        model.save_weights(Path(folder, "network.weights.h5"))
        network = keras.models.model_from_json(architecture.read_text())
        network.load_weights(Path(folder, "network.weights.h5"))
        persistence.save(pipe, Path(folder, "pipeline.lstm"))
        again = persistence.load(Path(folder, "pipeline.lstm"))
    forecasts = pipe.predict(task.test)
    windows = pipe[:-1].transform(task.test)
    loaded = {
        "architecture as JSON, and weights": training.predict(network, windows),
        "pipeline in one file": again.predict(task.test),
    }
    return {name: abs(forecasts - other).max() for name, other in loaded.items()}


def picture_of_errors(errors, target):
    """Draw the error at each step ahead, and its ratio to that of the last value."""
    steps = range(1, N_STEPS + 1)
    errors = errors.drop(index=[*CELLS], columns=["mean", "weights"])
    figure = Figure(figsize=(12, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, row in errors.iterrows():
        style = {"color": "black", "linestyle": "--"} if name == "floor" else {}
        left.plot(steps, row, marker=".", label=name, **style)
        right.plot(steps, row / errors.loc["last value"], marker=".", **style)
    left.set(xlabel="steps ahead", ylabel=f"root mean squared error (units of {target})")
    right.set(xlabel="steps ahead", ylabel="error / error of the last value")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.suptitle(f"{target}, up to {N_STEPS} steps ahead: errors on the test rows")
    figure.legend(loc="outside lower center", ncols=4, fontsize="small")
    return figure


def picture_of_forecasts(task, forecasts):
    """Draw the last actual values, and the forecasts of two networks."""
    first = max(0, len(task.test) - 20 * N_STEPS)
    actual = task.test[task.target][first:]
    origins = np.arange(0, len(actual) - N_STEPS + 1, 2 * N_STEPS)
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes = figure.subplots()
    for name in ("one LSTM", f"{task.target} alone"):
        ForecastDisplay.from_predictions(
            actual, forecasts[name][first + origins], starts=origins, name=name, ax=axes
        )
    axes.set_title(f"{task.target}, {N_STEPS} steps ahead from {len(origins)} origins")
    return figure


def picture_of_searches(*searches):
    """Draw the errors in folds by the searched parameters."""
    figure = Figure(figsize=(12, 4.5), layout="constrained")
    for one, axes in zip(searches, figure.subplots(1, 2), strict=True):
        SearchDisplay.from_estimator(one, ax=axes)
    return figure


def say(heading, table):
    print(f"{heading}\n{table.to_string(float_format='{:.4g}'.format)}\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="CSV with one row per step, in the order of time")
    parser.add_argument("--target", default="A", help="column to forecast")
    parser.add_argument(
        "--columns", default="A,B,C", help="columns to forecast it from, with commas"
    )
    parser.add_argument("--plots", default=".", type=Path, help="folder for the pictures")
    options = parser.parse_args(arguments)

    # Folds with a gap have no rows before them. `error_in_fold` leaves them out.
    warnings.simplefilter("ignore", UnknownStepsWarning)
    table, noise = generate()
    if options.data:
        table = read(options.data, options.target, options.columns.split(","))
    task = Task(table)
    print(
        f"{len(table)} rows of {', '.join(table)}; the test is the last {len(task.test)}."
    )
    print(f"Errors are root mean squared errors in units of {task.target}.\n")

    pipe, folds = best_scaling(task)
    say("Error in folds, by what is scaled how", folds)
    pipe, grid, random = search(pipe, task)
    print(
        f"Chosen by folds: lookback {pipe[1].lookback}, units {pipe[-1].units}, learning "
        f"rate {pipe[-1].learning_rate:.2g}.\n"
    )

    forecasts, pipes = compare(task, pipe)
    errors = {name: task.error(forecast) for name, forecast in forecasts.items()}
    if not options.data:
        errors["floor"] = floor(noise[len(task.train) :])
    errors = table_of(errors, pipes)
    say("Error on the test rows", errors)
    print(f"{verdict(errors, task.target)}\n")

    one = pipes["one LSTM"]
    learned = what_was_learned(task, one)
    say("Means of the columns, and what was learned of them", learned)
    saved = differences_when_loaded(task, one)
    for name, difference in saved.items():
        print(f"Loaded from {name}: forecasts differ by {difference:.2g} at most.")

    pictures = {
        "errors": picture_of_errors(errors, task.target),
        "forecasts": picture_of_forecasts(task, forecasts),
        "search": picture_of_searches(grid, random),
    }
    for name, figure in pictures.items():
        figure.savefig(options.plots / f"influences-{name}.png", dpi=120)
    print(f"Pictures are in {options.plots.resolve()}")
    return {
        "errors": errors,
        "folds": folds,
        "grid": grid,
        "random": random,
        "chosen": pipe,
        "learned": learned,
        "saved": saved,
    }


if __name__ == "__main__":
    main()
