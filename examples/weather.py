"""Forecast the wet-bulb temperature of a weather station one hour ahead.

A month has only about 700 hours, so the network gets selected features: the temperature
changes of the last hours, the hour of the day, and clouds, wind and dryness, if they
help. It learns the next change, which is added to the last value. Folds in time order
choose the columns and the lookback. The last tenth of the hours is forecast once, at
the end.

``--data`` takes the hourly file of a station in NOAA's format. Without it, a month is
generated.
"""

import argparse
from pathlib import Path

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.inspection import ForecastDisplay

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WET, DRY = "WetBulbCelsius", "DryBulbCelsius"
SPEED, DIRECTION, SKY = "WindSpeed", "WindDirection", "SkyCondition"
CLOCK = ["change", "day_sine", "day_cosine", "half_day_sine", "half_day_cosine"]
AIR = ["clouds", "wind_east", "wind_north", "dryness"]
EIGHTHS = {"CLR": 0, "FEW": 2, "SCT": 4, "BKN": 6, "OVC": 8, "VV": 8}
PUBLISHED, AIM = 0.447, 0.35  # mean squared errors of the test, °C²


def read(path):
    """Read observations by time. A value that is not a number, such as M, is unknown."""
    table = pd.read_csv(path, dtype=str)
    times = pd.to_datetime(table["Date"] + table["Time"], format="%Y%m%d%H%M")
    values = table[[WET, DRY, SPEED, DIRECTION]].apply(pd.to_numeric, errors="coerce")
    layers = table[SKY].fillna("").str.findall("|".join(EIGHTHS))
    values["clouds"] = [max((EIGHTHS[each] for each in sky), default=0) for sky in layers]
    return values.set_axis(pd.DatetimeIndex(times, name="time"))


def hourly(observations):
    """Return one observation per hour: the nearest to the usual minute of the station.

    An hour without an observation stays unknown, because filling needs a later one.
    """
    known = observations.dropna(subset=[WET]).sort_index(kind="stable")
    known = known[~known.index.duplicated(keep="last")]
    minute = pd.Timedelta(minutes=int(known.index.minute.value_counts().idxmax()))
    first, last = (known.index[[0, -1]] - minute).round("h") + minute
    hours = pd.date_range(first, last, freq="h", name="time")
    return known.reindex(hours, method="nearest", tolerance="29min")


def generate(n_hours=720, seed=0):
    """Return a generated month. Clouds weaken its daily cycle. It lacks three hours."""
    random = np.random.default_rng(seed)
    hours = pd.date_range("2026-09-01", periods=n_hours, freq="h", name="time")
    n_days = -(-n_hours // 24)
    clouds = np.repeat(random.choice([0, 2, 4, 6, 8], n_days), 24)[:n_hours]
    sun = np.sin(2 * np.pi * (hours.hour - 9) / 24) * (1 - clouds / 12)
    dew_point = 10 + np.cumsum(random.normal(0, 0.25, n_hours))
    dry = dew_point + 7 + 6 * sun + random.normal(0, 0.2, n_hours)
    weather = {
        WET: dry - (dry - dew_point) / 3,
        DRY: dry,
        SPEED: random.gamma(2, 3, n_hours).round(),
        DIRECTION: 10.0 * random.integers(0, 36, n_hours),
        "clouds": clouds,
    }
    return pd.DataFrame(weather, index=hours).drop(hours[[50, 51, 90]])


def features_of(weather):
    """Return the features of each hour. Wind without a fixed direction counts as calm."""
    angle = 2 * np.pi * weather.index.hour / 24
    direction = np.deg2rad(weather[DIRECTION])
    return pd.DataFrame(
        {
            "change": weather[WET].diff(),
            "day_sine": np.sin(angle),
            "day_cosine": np.cos(angle),
            "half_day_sine": np.sin(2 * angle),
            "half_day_cosine": np.cos(2 * angle),
            "clouds": weather["clouds"],
            "wind_east": weather[SPEED] * np.sin(direction).fillna(0),
            "wind_north": weather[SPEED] * np.cos(direction).fillna(0),
            "dryness": weather[DRY] - weather[WET],
        },
        index=weather.index,
    )


def minus_squared_error(pipeline, X, y):
    """Return the score of a fold over the hours with a known change."""
    known = y.notna()
    return -mean_squared_error(y[known], pipeline.predict(X)[known])


def three_lstms():
    """Return the mean of three networks with different initial weights."""
    network = {"units": 16, "dense_units": (16, 16), "dropout": 0.4, "l2": 1e-3}
    training = {"learning_rate": 0.002, "epochs": 40}
    return VotingRegressor(
        [
            (f"seed {seed}", LSTMRegressor(**network, **training, random_state=seed))
            for seed in range(3)
        ]
    )


def searched_lstm(features, n_test):
    """Return a search over folds in time, with its best pipeline fitted on all hours."""
    pipe = make_pipeline(
        make_column_transformer((StandardScaler(), CLOCK)),
        LookbackWindower(horizon=1),
        three_lstms(),
    ).set_output(transform="pandas")
    search = GridSearchCV(
        pipe,
        {
            "columntransformer__transformers": [
                [("scale", StandardScaler(), columns)]
                for columns in (CLOCK, [*CLOCK, *AIR])
            ],
            "lookbackwindower__lookback": [6, 24],
        },
        cv=TimeSeriesSplit(3, test_size=n_test),
        scoring=minus_squared_error,
    )
    return search.fit(features, features["change"])


def chosen_by(search):
    """Return the columns and lookback of the best pipeline."""
    _, _, columns = search.best_params_["columntransformer__transformers"][0]
    return columns, search.best_params_["lookbackwindower__lookback"]


def ridge_on_the_same_windows(features, n_train, columns, lookback):
    """Return changes from a linear regression on hours with known window and change."""
    windows = LookbackWindower(lookback, horizon=1, layout="flat").fit_transform(
        features[columns]
    )
    change = features["change"].to_numpy()
    known = np.isfinite(windows).all(axis=1) & np.isfinite(change)
    known[n_train:] = False
    ridge = make_pipeline(
        StandardScaler(), SimpleImputer(), RidgeCV(np.logspace(-1, 4, 20))
    )
    return ridge.fit(windows[known], change[known]).predict(windows[n_train:])


def forecast(weather):
    """Return forecasts of the last tenth, one column per forecaster, and the search."""
    n_test = len(weather) // 10
    n_train = len(weather) - n_test
    features = features_of(weather)
    search = searched_lstm(features[:n_train], n_test)
    ridge_change = ridge_on_the_same_windows(features, n_train, *chosen_by(search))
    past = weather[WET].ffill()
    last_value, yesterday = past.shift(1)[n_train:], past.shift(24)[n_train:]
    forecasts = {
        "LSTM": last_value + search.predict(features[n_train:]),
        "Ridge on the same windows": last_value + ridge_change,
        "last value": last_value,
        "same hour yesterday": yesterday,
    }
    return pd.DataFrame(forecasts), search


def score(actual, forecasts):
    """Return mean squared errors over the measured hours, the best first."""
    errors = forecasts.sub(actual, axis=0).dropna() ** 2
    table = pd.DataFrame(
        {
            "MSE (°C²)": errors.mean(),
            "± (one sigma)": errors.sem(),
            "of last value": errors.mean() / errors["last value"].mean(),
        }
    )
    return table.sort_values("MSE (°C²)")


def verdict(table):
    """Return sentences that compare the LSTM with the other forecasts."""
    lstm, best = table.loc["LSTM", "of last value"], table.index[0]
    if lstm >= 1:
        return f"The LSTM loses to the last value: its MSE is {lstm - 1:.0%} higher."
    sentence = f"The LSTM beats the last value: its MSE is {1 - lstm:.0%} lower."
    if best != "LSTM":
        behind = lstm / table.loc[best, "of last value"] - 1
        sentence += f" {best} does better still: the LSTM's is {behind:.0%} higher."
    return sentence


def beside_the_published(table, observations):
    """Return sentences on the published error, which is for file rows, not for hours."""
    rows = observations[WET].diff()[-(len(observations) // 10) :]
    last_value = (rows**2).mean()
    missed = table.loc["LSTM", "MSE (°C²)"] - AIM
    return (
        f"Published for Portland, September 2015: a test MSE of {PUBLISHED} °C², from "
        "each row of the file to the next, special observations included. On the last "
        f"tenth of the rows of this file the last value has {last_value:.3f} °C².\n"
        f"The aim was {AIM} °C²: "
        + ("reached." if missed <= 0 else f"missed by {missed:.3f} °C².")
    )


def plot(measured, forecasts, path):
    """Draw the day before the test, the test, and its forecasts."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
    shown = measured[-len(forecasts) - 24 :]
    for name in ("last value", "LSTM"):
        ForecastDisplay.from_predictions(shown, forecasts[name], name=name, ax=axes)
    axes.set(
        title="Wet-bulb temperature, forecast one hour ahead",
        xlabel="time",
        ylabel="temperature (°C)",
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="hourly file of a station (CSV)")
    parser.add_argument("--plots", default=".", type=Path, help="folder for the picture")
    options = parser.parse_args(arguments)

    observations = read(options.data) if options.data else generate()
    weather = hourly(observations)
    print(
        f"{len(weather)} hours, {weather[WET].isna().sum()} of them unknown; the last "
        f"{len(weather) // 10} are the test. Searching ...",
        flush=True,
    )
    forecasts, search = forecast(weather)
    table = score(weather.loc[forecasts.index, WET], forecasts)
    columns, lookback = chosen_by(search)
    print(f"Chosen by folds in time: {lookback} hours of {', '.join(columns)}.\n")
    print(table.to_string(float_format="{:.3f}".format))
    print(f"\n{verdict(table)}")
    if options.data:
        print(beside_the_published(table, observations))
    options.plots.mkdir(parents=True, exist_ok=True)
    plot(weather[WET], forecasts, options.plots / "weather.png")
    print(f"Picture saved to {options.plots / 'weather.png'}")
    return table


if __name__ == "__main__":
    main()
