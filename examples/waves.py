"""Forecast a sine, a sine with a cosine, and x·sin(x) with small stacked LSTMs.

The third wave grows, so its test values are outside the range of training. A network
without normalization fails there. Here, the network normalizes each window by its last
value and mean change, and undoes this on its forecast. The split is in time: the last
tenth is the test, and the tenth before it is for validation. Early stopping watches the
validation loss, and it decides which weights are kept.
"""

import argparse
import time
from pathlib import Path

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.inspection import ForecastDisplay, LossCurveDisplay

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline

X = np.linspace(0, 100, 10_000)
N_TEST = 1_000
EPOCHS, BATCH_SIZE = 40, 64
# Series, units of each LSTM layer, steps of a window, published test MSE.
WAVES = {
    "sine": (np.sin(X)[:, None], (5,), 3, 1.4e-4),
    "sine and cosine": (np.column_stack([np.sin(X), np.cos(X)]), (5, 2), 5, 7e-6),
    "x·sin(x)": ((X * np.sin(X))[:, None], (10, 5), 10, 81.5),
}


def forecaster(n_columns, units, lookback, checkpoint):
    """Return windows and a stacked LSTM, with a learning rate that decays to 0."""
    n_batches = EPOCHS * -(-(len(X) - 2 * N_TEST - lookback) // BATCH_SIZE)
    return make_pipeline(
        LookbackWindower(lookback, horizon=1),
        LSTMRegressor(
            units,
            # Dropout of each layer: 0, so the probability to keep is 1.
            dropout=[0.0] * len(units),
            normalization="last",
            target_columns=range(n_columns),
            learning_rate=keras.optimizers.schedules.CosineDecay(0.01, n_batches),
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            early_stopping=True,
            n_iter_no_change=20,
            validation_fraction=1 / 9,
            callbacks=keras.callbacks.ModelCheckpoint(checkpoint, save_best_only=True),
            random_state=0,
        ),
    )


def plot(pipe, series, forecasts, name, path):
    """Draw the training and validation loss, and the forecasts with the test values."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (above, below) = plt.subplots(2, figsize=(8, 7), layout="constrained")
    LossCurveDisplay.from_estimator(pipe, ax=above)
    actual = pd.Series(series[-N_TEST:, 0], index=pd.Index(X[-N_TEST:], name="x"))
    ForecastDisplay.from_predictions(actual, forecasts[:, 0], ax=below)
    below.set_title(f"{name}: one step ahead")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def run(name, folder):
    """Return the errors of the forecasts of one wave."""
    series, units, lookback, published = WAVES[name]
    stem = name.replace("·", "").replace(" ", "-")
    checkpoint = folder / f"{stem}.keras"
    pipe = forecaster(series.shape[1], units, lookback, checkpoint)
    begun = time.perf_counter()
    pipe.fit(series[:-N_TEST], series[:-N_TEST])
    seconds = time.perf_counter() - begun

    forecasts = pipe.predict(series)[-N_TEST:]
    plot(pipe, series, forecasts, name, folder / f"{stem}.png")
    return {
        "LSTM": mean_squared_error(series[-N_TEST:], forecasts),
        "last value": mean_squared_error(series[-N_TEST:], series[-N_TEST - 1 : -1]),
        "published": published,
        "seconds": seconds,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plots", default=".", help="folder for pictures and weights")
    folder = Path(parser.parse_args(arguments).plots)

    table = pd.DataFrame({name: run(name, folder) for name in WAVES}).T
    print("Mean squared error on the last tenth, one step ahead\n")
    shown = table.drop(columns="seconds").map("{:.1e}".format)
    print(shown.assign(seconds=table["seconds"].map("{:.1f}".format)).to_string())
    beaten = (table["LSTM"] < table["last value"]).sum()
    lost = (table["published"] > table["last value"]).sum()
    print(
        f"\nThe LSTM has a lower error than the last value on {beaten} of {len(table)};"
    )
    print(f"of the published ones {lost} of {len(table)} had a higher one.")
    print(f"Pictures and the best weights are in {folder.resolve()}")
    return table


if __name__ == "__main__":
    main()
