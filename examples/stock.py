"""Forecast tomorrow's price of a stock, and compare with simple forecasts.

The usual recipe scales prices to 0..1, uses the days before as features, and trains a
GRU and an LSTM layer on the first three quarters. Scaled prices fail when prices rise
above those of training. So the same network is also trained on windows normalized by
their last value, and on daily log-returns. The other forecasts are ARIMA, a moving
average and yesterday's price. ``--units 256 --epochs 70`` is the full recipe. Its
published validation MSE of 19.7 has no meaning without that of yesterday's price.

A second part forecasts the direction, up or not, with the range that chance explains.

``--data`` takes a CSV file with the columns Date, Close and Volume. Without it, prices
are a random walk. No forecast of a random walk is better than yesterday's price.
"""

import argparse
import tempfile
from pathlib import Path

from skforecast_lstm import LookbackWindower, LSTMClassifier, LSTMRegressor
from skforecast_lstm.inspection import ForecastDisplay, LossCurveDisplay

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from statsmodels.tsa.arima.model import ARIMA

LOOKBACK = 10
SCALED = "LSTM on prices scaled to 0..1"
NORMALIZED = "LSTM on normalized windows"
RETURNS = "LSTM on log-returns"
YESTERDAY = "yesterday's price"
RATE = "base rate of training"


def read(path, date_format):
    """Return Close and Volume of the days with a price, sorted by time."""
    table = pd.read_csv(path)
    dates = pd.to_datetime(table["Date"], format=date_format)
    prices = table[["Close", "Volume"]].apply(pd.to_numeric, errors="coerce")
    prices = prices.set_axis(pd.DatetimeIndex(dates, name="date")).sort_index(
        kind="stable"
    )
    return prices[~prices.index.duplicated(keep="last")].dropna()


def generate(n_days=2000, seed=0):
    """Return a random walk that rises by 8 % per year."""
    random = np.random.default_rng(seed)
    days = pd.bdate_range("2018-01-01", periods=n_days, name="date")
    log_prices = np.log(100) + np.cumsum(random.normal(0.0003, 0.01, n_days))
    volume = np.exp(random.normal(14, 0.3, n_days))
    return pd.DataFrame({"Close": np.exp(log_prices), "Volume": volume}, index=days)


def changes_of(prices):
    """Return log-returns, and the change of the volume."""
    return pd.DataFrame(
        {
            "log_return": np.log(prices["Close"]).diff(),
            "volume_change": np.log1p(prices["Volume"]).diff(),
        }
    )


def network(options, checkpoint, **parameters):
    """Return the recurrent network. A checkpoint stores the weights of its best epoch."""
    return LSTMRegressor(
        units=(options.units, options.units),
        cell=("gru", "lstm"),
        dropout=0.25,
        dense_units=64,
        learning_rate=0.001,
        epochs=options.epochs,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(patience=5),
            keras.callbacks.ModelCheckpoint(
                checkpoint, save_best_only=True, save_weights_only=True
            ),
        ],
        random_state=0,
        **parameters,
    )


def pipelines(options, checkpoint):
    """Return the network on scaled prices, on normalized windows and on log-returns."""
    normalized = {"normalization": "last", "target_columns": (0,)}
    steps = {
        SCALED: [MinMaxScaler(), network(options, checkpoint)],
        NORMALIZED: [network(options, checkpoint, **normalized)],
        RETURNS: [StandardScaler(), network(options, checkpoint)],
    }
    return {
        name: make_pipeline(
            *scaler, LookbackWindower(LOOKBACK, horizon=1), regressor
        ).set_output(transform="pandas")
        for name, (*scaler, regressor) in steps.items()
    }


def lstm_forecasts(prices, n_train, options):
    """Return the forecasts of the test days by the three LSTMs, and their pipelines."""
    close, changes = prices["Close"], changes_of(prices)
    data = {
        SCALED: (prices, close),
        NORMALIZED: (prices, close),
        RETURNS: (changes, changes["log_return"]),
    }
    forecasts = {}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(Path(folder) / "best.weights.h5")
        pipes = pipelines(options, checkpoint)
        for name, (X, y) in data.items():
            pipes[name].fit(X[:n_train], y[:n_train])
            pipes[name][-1].model_.load_weights(checkpoint)
            forecasts[name] = pipes[name].predict(X[n_train:])
    forecasts[RETURNS] = close.shift(1)[n_train:] * np.exp(forecasts[RETURNS])
    return pd.DataFrame(forecasts, index=close.index[n_train:]), pipes


def simple_forecasts(close, n_train):
    """Return forecasts of the test days without a network, from the days before."""
    log_close = np.log(close.to_numpy())
    arima = ARIMA(log_close[:n_train], order=(2, 1, 0), trend="t").fit()
    forecasts = {
        "ARIMA(2, 1, 0) of log-prices": np.exp(arima.apply(log_close).predict(n_train)),
        "mean of the last 5 days": close.rolling(5).mean().shift(1)[n_train:],
        YESTERDAY: close.shift(1)[n_train:],
    }
    return pd.DataFrame(forecasts, index=close.index[n_train:])


def score(actual, forecasts):
    """Return errors in units of the price, and relative to yesterday's price."""
    errors = forecasts.sub(actual, axis=0)
    squared = errors**2
    behind = squared.sub(squared[YESTERDAY], axis=0)
    table = pd.DataFrame(
        {
            "MSE": squared.mean(),
            "MAE": errors.abs().mean(),
            "of yesterday's": squared.mean() / squared[YESTERDAY].mean(),
            "standard errors": behind.mean() / behind.sem(),
        }
    )
    return table.sort_values("MSE")


def price_verdict(table):
    """Return sentences that compare each LSTM with yesterday's price."""
    sentences = []
    for name in (SCALED, NORMALIZED, RETURNS):
        distance = table.loc[name, "standard errors"]
        if abs(distance) < 2:
            verdict = "can't be told from yesterday's price"
        else:
            verdict = f"{'beats' if distance < 0 else 'loses to'} yesterday's price"
        ratio = table.loc[name, "of yesterday's"]
        sentences.append(f"The {name} {verdict}: its MSE is {ratio:.4g} times as large.")
    return "\n".join(sentences)


def range_verdict(close, n_train, forecasts):
    """Return sentences on test prices above the range of training."""
    highest, actual = close[: round(0.9 * n_train)].max(), close[n_train:]
    return (
        f"On scaled prices the network learned from prices up to {highest:.2f}, and "
        f"{(actual > highest).mean():.0%} of the test days are above. Its forecasts end "
        f"at {forecasts[SCALED].max():.2f}, the prices at {actual.max():.2f}."
    )


def up_probabilities(prices, n_train, options):
    """Return the direction of each day, and its forecast probability on test days."""
    changes = changes_of(prices)
    up = changes["log_return"] > 0
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(LOOKBACK, horizon=1),
        LSTMClassifier(
            units=options.units,
            dropout=0.25,
            learning_rate=0.001,
            epochs=options.epochs,
            early_stopping=True,
            random_state=0,
        ),
    ).set_output(transform="pandas")
    pipe.fit(changes[:n_train], up[:n_train])
    probabilities = {
        "LSTM": pipe.predict_proba(changes[n_train:])[:, 1],
        RATE: up[:n_train].mean(),
    }
    return up, pd.DataFrame(probabilities, index=up.index[n_train:])


def score_direction(up, probabilities):
    """Return the accuracy of each, with the range of chance, and its log loss."""
    actual = up[probabilities.index]
    answers = probabilities > 0.5
    answers["same as yesterday"] = up.shift(1)[actual.index]
    right = answers.eq(actual, axis=0)
    ranges = [
        binomtest(int(n_right), len(actual)).proportion_ci(method="wilson")
        for n_right in right.sum()
    ]
    losses = probabilities.apply(lambda each: -np.log(each.where(actual, 1 - each)))
    behind = losses.sub(losses[RATE], axis=0)
    table = right.mean().to_frame("right")
    table[["95 % from", "to"]] = np.array(ranges)
    table["log loss"] = losses.mean()
    table["standard errors"] = behind.mean() / behind.sem()
    return table


def direction_verdict(table):
    """Return sentences that compare the classifier with the base rate of training."""
    lstm, rate = table.loc["LSTM"], table.loc[RATE, "right"]
    if lstm["95 % from"] <= rate <= lstm["to"]:
        found = "can't be told from"
    else:
        found = "beats" if lstm["right"] > rate else "loses to"
    distance = lstm["standard errors"]
    if abs(distance) < 2:
        losses = "no better or worse than chance explains"
    else:
        losses = "better" if distance < 0 else "worse"
    return (
        f"In direction the LSTM {found} the {RATE}. It is right on "
        f"{lstm['right']:.1%} of the days (95 % range {lstm['95 % from']:.1%} to "
        f"{lstm['to']:.1%}), the other on {rate:.1%}. Its log loss is {losses}."
    )


def plot_losses(pipes, path):
    """Draw the training and validation loss of every LSTM."""
    from matplotlib import pyplot as plt

    figure, all_axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    for axes, (name, pipe) in zip(all_axes, pipes.items(), strict=True):
        LossCurveDisplay.from_estimator(pipe, ax=axes)
        axes.set_title(name)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_forecasts(close, forecasts, path):
    """Draw all days, and the last sixty, which show the lag of the forecasts."""
    from matplotlib import pyplot as plt

    figure, (whole, end) = plt.subplots(2, figsize=(9, 9), layout="constrained")
    for name in (SCALED, RETURNS):
        ForecastDisplay.from_predictions(close, forecasts[name], name=name, ax=whole)
    for name in (YESTERDAY, RETURNS):
        ForecastDisplay.from_predictions(
            close[-60:], forecasts[name][-60:], name=name, ax=end
        )
    whole.set(title="Closing price, forecast one day ahead", ylabel="price")
    end.set(title="The last sixty days", ylabel="price")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="CSV file with Date, Close and Volume")
    parser.add_argument("--date-format", default="%d-%m-%y", help="such as %%Y-%%m-%%d")
    parser.add_argument("--plots", default=".", type=Path, help="folder for pictures")
    parser.add_argument("--units", default=32, type=int, help="of each recurrent layer")
    parser.add_argument("--epochs", default=20, type=int)
    options = parser.parse_args(arguments)
    mpl.use("Agg")

    prices = read(options.data, options.date_format) if options.data else generate()
    close, n_train = prices["Close"], len(prices) * 3 // 4
    n_test = len(prices) - n_train
    print(
        f"{n_train} days of training, {n_test} of test, one day ahead ...\n", flush=True
    )
    forecasts, pipes = lstm_forecasts(prices, n_train, options)
    forecasts = forecasts.join(simple_forecasts(close, n_train))
    errors = score(close[n_train:], forecasts)
    print(errors.to_string(float_format="{:.3f}".format, na_rep=""))
    print(f"\n{price_verdict(errors)}\n{range_verdict(close, n_train, forecasts)}\n")

    directions = score_direction(*up_probabilities(prices, n_train, options))
    print(directions.to_string(float_format="{:.3f}".format, na_rep=""))
    print(f"\n{direction_verdict(directions)}")

    options.plots.mkdir(parents=True, exist_ok=True)
    plot_losses(pipes, options.plots / "stock_losses.png")
    plot_forecasts(close, forecasts, options.plots / "stock_forecasts.png")
    print(f"Pictures saved to {options.plots}")
    return errors, directions


if __name__ == "__main__":
    main()
