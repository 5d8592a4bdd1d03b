"""Forecast a sine on a coarse grid in three ways, and compare with Holt-Winters.

A sine at -50, -49, ..., 50 has a period of 6.28 rows, so no two periods look the same. A
network with one input, recurrent layers of 5 and 20 units and one output learns the first
four fifths. Then it forecasts the rest

- point by point, each row from the actual rows before it;
- as one full sequence, fed back from the last window of the training rows;
- as sequences of a fixed length, fed back from every row of the rest.

The series is scaled as a whole, or each window is normalized separately. Division by
the first value of a window is common for prices, but does not suit a sine: a window
that begins near zero becomes huge, and such windows dominate the training. A window
relative to its last value does not show where zero is, so fed-back forecasts drift
away.

Holt-Winters needs a season with a whole number of rows. It gets the one with the
highest autocorrelation in the training rows: 25 for four periods, which are 25.13 rows.
Seven periods would be 43.98 rows, but the training rows do not cover that twice. If a
period is a whole number of rows, as may be in your own file, no other
forecast is close to Holt-Winters.
"""

import argparse
import time
import warnings
from pathlib import Path

from skforecast_lstm import LookbackWindower, LSTMRegressor, recursive_forecast
from skforecast_lstm.inspection import ForecastDisplay

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
from scipy.signal import find_peaks
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.stattools import acf

NORMALIZATIONS = (None, "standard", "last", "relative")
N_BATCHES, BATCH_SIZE = 1_500, 16
WAYS = ("point by point", "full sequence", "sequences")


def read(path):
    """Return the coarse sine and windows of 10 rows, or a file and windows of 50 rows."""
    if path is None:
        grid = np.arange(-50.0, 51.0)
        return pd.Series(np.sin(grid), pd.Index(grid, name="x"), name="sin(x)"), 10
    return pd.read_csv(path)["sinewave"].rename_axis("row"), 50


def lstm(n_train, lookback, normalization):
    """Return the pipeline. It scales the series if windows are not normalized."""
    n_batches = -(-(n_train - lookback) // BATCH_SIZE)
    epochs = -(-N_BATCHES // n_batches)
    return make_pipeline(
        StandardScaler() if normalization is None else "passthrough",
        LookbackWindower(lookback, horizon=1),
        LSTMRegressor(
            (5, 20),
            normalization=normalization,
            learning_rate=keras.optimizers.schedules.CosineDecay(
                0.01, epochs * n_batches
            ),
            epochs=epochs,
            batch_size=BATCH_SIZE,
            random_state=0,
        ),
    )


def by_lstm(pipe, series, n_train, starts, length):
    """Fit the pipeline on the training rows, and return its forecasts in three ways."""
    X = series.to_numpy()[:, None]
    pipe.fit(X[:n_train], X[:n_train, 0])
    full = recursive_forecast(pipe, X, len(X) - n_train, starts=[n_train])
    return (
        pipe.predict(X)[n_train:],
        full[0],
        recursive_forecast(pipe, X, length, starts=starts),
    )


def by_holt_winters(series, n_train, starts, length):
    """Return the forecasts of Holt-Winters, with parameters from the training rows."""
    values = series.to_numpy()
    correlations = acf(values[:n_train], adjusted=True, nlags=n_train // 2)
    peaks, _ = find_peaks(correlations)
    season = int(peaks[np.argmax(correlations[peaks].round(3))])
    options = {
        "seasonal": "add",
        "seasonal_periods": season,
        "initialization_method": "heuristic",
    }
    with warnings.catch_warnings():
        # If a season fits exactly, the error is 0, and its logarithm raises a warning.
        warnings.simplefilter("ignore")
        fitted = ETSModel(values[:n_train], **options).fit(disp=False)
        smoothed = ETSModel(values, **options).smooth(fitted.params)
    ahead = [smoothed.predict(s, s + length - 1, dynamic=True) for s in starts]
    full = smoothed.predict(n_train, len(values) - 1, dynamic=True)
    return season, (smoothed.fittedvalues[n_train:], full, np.array(ahead))


def by_last_value(series, n_train, starts, length):
    """Return forecasts that repeat the value before the start."""
    before = series.shift(1).to_numpy()
    full = np.full(len(series) - n_train, before[n_train])
    return before[n_train:], full, np.repeat(before[starts][:, None], length, axis=1)


def errors(series, n_train, starts, length, forecasts):
    """Return mean squared errors, one row per forecaster and one column per way."""
    values = series.to_numpy()
    test = values[n_train:]
    actual = test, test, np.stack([values[s : s + length] for s in starts])
    return pd.DataFrame(
        {
            name: [mean_squared_error(*both) for both in zip(actual, ways, strict=True)]
            for name, ways in forecasts.items()
        },
        index=WAYS,
    ).T


def plot_ways(series, n_train, starts, length, forecasts, path):
    """Draw the forecasts in each way, with the actual values."""
    from matplotlib import pyplot as plt

    apart = slice(None, None, length)
    figure, rows = plt.subplots(3, figsize=(10, 9), layout="constrained", sharex=True)
    shown = series.iloc[n_train - length :]
    places = [[length], [length], starts[apart] - n_train + length]
    for way, axes, place in zip(range(3), rows, places, strict=True):
        for name, forecast in forecasts.items():
            one = np.atleast_2d(forecast[way])[apart]
            ForecastDisplay.from_predictions(shown, one, starts=place, name=name, ax=axes)
        axes.set_title(WAYS[way] + (f" of {length} rows" if way == 2 else ""))
    for axes in rows[:2]:
        axes.get_legend().remove()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def plot_division(series, n_train, lookback, forecasts, path):
    """Draw the size of windows divided by their first value, and the errors."""
    from matplotlib import pyplot as plt

    values = series.to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(values[:-1], lookback)
    windows = windows[n_train - lookback :]
    first = np.abs(windows[:, 0])
    largest = np.abs(windows / windows[:, :1] - 1).max(axis=1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    left.loglog(first, largest, "o", markersize=4)
    left.set(
        title="Test windows divided by their first value",
        xlabel="|p0|, first value of the window",
        ylabel="largest |p / p0 - 1| in the window",
    )
    for name, forecast in forecasts.items():
        error = np.abs(forecast[0] - values[n_train:])
        right.loglog(first, error, "o", markersize=4, label=name)
    right.set(
        title="Error of the next value",
        xlabel="|p0|, first value of the window",
        ylabel="absolute error",
    )
    right.legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a CSV file with a column sinewave")
    parser.add_argument("--plots", default=".", help="folder for the pictures")
    options = parser.parse_args(arguments)
    folder = Path(options.plots)
    mpl.use("Agg")

    series, lookback = read(options.data)
    n_train = len(series) * 4 // 5
    length = lookback
    task = series, n_train, np.arange(n_train, len(series) - length + 1), length
    print(
        f"{n_train} rows to learn from, {len(series) - n_train} to forecast; windows and "
        f"sequences of {length} rows\n"
    )
    forecasts, seconds = {}, {}
    for normalization in NORMALIZATIONS:
        name = f"LSTM, {normalization or 'not normalized'}"
        begun = time.perf_counter()
        forecasts[name] = by_lstm(lstm(n_train, lookback, normalization), *task)
        seconds[name] = time.perf_counter() - begun
    season, forecasts["Holt-Winters"] = by_holt_winters(*task)
    forecasts["last value"] = by_last_value(*task)

    table = errors(*task, forecasts)
    print(f"Test MSE; Holt-Winters has a season of {season} rows\n")
    print(table.map("{:.1e}".format).to_string())
    for way in WAYS:
        print(f"\nLowest, {way}: {table[way].idxmin()}", end="")
    names = list(seconds)
    plain, divided = table.loc[[names[0], names[-1]], WAYS[0]]
    print(
        f"\n\nPoint by point, dividing by the first value gives {divided / plain:.2g} "
        "times the error of\nthe network without normalization. Seconds of training and "
        "forecasting: " + ", ".join(f"{taken:.1f}" for taken in seconds.values())
    )
    some = [name for name in forecasts if name not in ("LSTM, standard", "last value")]
    shown = {name: forecasts[name] for name in some}
    plot_ways(*task, shown, folder / "coarse-sine.png")
    shown = {name: forecasts[name] for name in (names[0], names[-1])}
    plot_division(series, n_train, lookback, shown, folder / "coarse-sine-relative.png")
    print(f"Pictures are in {folder.resolve()}")
    return table


if __name__ == "__main__":
    main()
