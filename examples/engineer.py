"""Forecast an hourly load with a network and a loss of your own, and search over them.

Too little power costs three times as much as too much, so the loss counts it three times.
Optuna trains candidates epoch by epoch with `partial_fit`, and stops those that fall
behind on the validation set. The best candidate is trained with early stopping on the
same validation set and writes a log. The log is a CSV file, because Keras's TensorBoard
callback needs TensorFlow. Then the level of the load changes, and the network goes on
learning from the new hours. The picture shows the candidates, and forecasts without and
with the new hours. They are above the load on purpose, as too little costs more.
"""

from itertools import pairwise
from pathlib import Path

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.networks import MaskUnknown

import keras
import matplotlib as mpl
import numpy as np
import optuna
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DAYS = np.arange(24 * 90) / 24
LOAD = np.random.default_rng(0).normal(300 + 40 * np.sin(DAYS * 2 * np.pi), 5)
LOAD[24 * 70 :] *= 1.2


def network(meta, width=8):
    """Return a dense layer for each step, a recurrent layer, and the forecast."""
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            MaskUnknown(),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.LSTM(width),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )


def cost(y, forecast):
    """Return the cost of a forecast: 3 for each unit too little, 1 for each too much."""
    return keras.ops.mean(keras.ops.maximum(3 * (y - forecast), forecast - y), axis=-1)


def plot(study, load, forecasts, path):
    """Draw the losses of the candidates, and the forecasts of the last days."""
    mpl.use("Agg")
    from matplotlib import dates
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 4.5), layout="constrained", width_ratios=(2, 3)
    )
    for trial in study.trials:
        losses = trial.intermediate_values
        stopped = trial.state is optuna.trial.TrialState.PRUNED
        style = {"color": "0.6", "linewidth": 1.2, "marker": "x" if stopped else "."}
        if trial.number == study.best_trial.number:
            style |= {"color": "tab:orange", "linewidth": 3}
        left.plot([epoch + 1 for epoch in losses], list(losses.values()), **style)
    left.set(
        title="Eight candidates (cross: stopped)",
        xlabel="epoch",
        ylabel="cost of an hour",
    )
    load = load[-72:]
    right.plot(load.index, load, color="0.25", linewidth=1.2, label="actual")
    names = "trained before the change", "trained further on the new hours"
    for name, forecast in zip(names, forecasts, strict=True):
        right.plot(load.index, forecast[-72:], linewidth=1.8, label=name)
    right.set(title="After the level of the load has changed", ylabel="load")
    days = dates.DayLocator()
    right.xaxis.set_major_locator(days)
    right.xaxis.set_major_formatter(dates.ConciseDateFormatter(days))
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(folder="."):
    """Search, train, log, and go on learning; return the costs before and after that."""
    table = pd.DataFrame(
        {"load": LOAD}, pd.date_range("2025", periods=len(LOAD), freq="h")
    )
    learn, validate, new, test = (
        slice(24 * first, 24 * stop) for first, stop in pairwise((0, 50, 70, 80, 90))
    )
    prepare = make_pipeline(StandardScaler(), LookbackWindower(24, horizon=1))
    X = prepare.set_output(transform="pandas").fit(table[learn]).transform(table)
    checked = {"X_val": X[validate], "y_val": LOAD[validate]}
    regressor = LSTMRegressor(model=network, loss=cost, batch_size=64, random_state=0)

    def objective(trial):
        candidate = clone(regressor).set_params(
            learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
            model__width=trial.suggest_categorical("model__width", [4, 8]),
        )
        for epoch in range(5):
            candidate.partial_fit(X[learn], LOAD[learn], **checked)
            trial.report(candidate.history_["val_loss"][-1], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return candidate.history_["val_loss"][-1]

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=8)
    regressor.set_params(
        **study.best_params,
        epochs=30,
        early_stopping=True,
        callbacks=keras.callbacks.CSVLogger(f"{folder}/training.csv", append=True),
    )
    regressor.fit(X[learn], LOAD[learn], **checked)
    forecasts = [regressor.predict(X[test])]
    for _ in range(10):
        regressor.partial_fit(X[new], LOAD[new])
    forecasts.append(regressor.predict(X[test]))
    plot(study, table["load"][test], forecasts, Path(folder) / "engineer.png")
    return study, regressor, [float(cost(LOAD[test], one)) for one in forecasts]


if __name__ == "__main__":
    print("Cost of an hour before and after the new hours:", main()[2])
