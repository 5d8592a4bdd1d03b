"""Forecast the load of the next 24 hours from a table as people have it.

It has numbers, words, times as text, and values that are missing. The weather of tomorrow
is known from its forecast. A pipeline encodes the words, fills the gaps, adds hours and
weekdays, and cuts windows that end a day before their row. A search over folds in time
compares lookbacks and learning rates, and leaves out unknown loads. The search is saved
and loaded, and forecasts tomorrow with its times. The picture shows the last days: hours
with rain are blue, and the line has holes where the load is missing.
"""

from pathlib import Path

from skforecast_lstm import CalendarFeatures, LookbackWindower, LSTMRegressor, forecast
from skforecast_lstm.inspection import ForecastDisplay
from skforecast_lstm.metrics import get_scorer
from skforecast_lstm.persistence import load, save

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

DAY = 24
WEATHER = ["weather_cloud", "weather_rain", "weather_sun"]
TIMES = ["hour_sin", "hour_cos", "weekday_sin", "weekday_cos"]


def make_table(n_days=57, seed=0):
    """Return a table of hours with times as text. Its last day is tomorrow."""
    random = np.random.default_rng(seed)
    hours = pd.date_range("2026-01-05", periods=DAY * n_days, freq="h")
    weather = random.choice(["cloud", "rain", "sun"], len(hours) // 6).repeat(6)
    temperature = random.normal(10 + 5 * np.sin((hours.hour - 8) * np.pi / 12), 1)
    load = 50 + 10 * np.sin(hours.hour * np.pi / 12) - 15 * (hours.day_of_week > 4)
    load = load + 12 * (weather == "rain") - temperature + random.normal(0, 1, len(hours))
    columns = {"load": load, "temperature": temperature, "weather": weather}
    table = pd.DataFrame(columns).astype({"weather": object})
    for name in table:
        table.loc[random.choice(DAY * (n_days - 1), 40, replace=False), name] = np.nan
    return table.assign(time=hours.strftime("%d.%m.%Y %H:%M"))


def plot(table, forecasts, path):
    """Draw the last days, tomorrow, and the hours with rain."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
    shown = table[-5 * DAY :]
    ForecastDisplay.from_predictions(shown["load"], forecasts["load"], ax=axes)
    rain = shown.index[shown["weather"] == "rain"]
    for hour in rain:
        axes.axvspan(hour, hour + pd.Timedelta("1h"), color="tab:blue", alpha=0.15, lw=0)
    axes.set(title="The load of tomorrow, from today", ylabel="load")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(folder="."):
    """Search, save, load and forecast; return the search, the forecast and the loads."""
    table = make_table()
    table.index = pd.to_datetime(table.pop("time"), format="%d.%m.%Y %H:%M")
    past, tomorrow = table[:-DAY], table[-DAY:]
    pipe = make_pipeline(
        CalendarFeatures(["hour", "weekday"]),
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["weather"]),
            remainder=make_pipeline(SimpleImputer(), StandardScaler()),
            verbose_feature_names_out=False,
        ),
        LookbackWindower(DAY, horizon=DAY, known=["temperature", *WEATHER, *TIMES]),
        LSTMRegressor(units=16, n_known=8, n_batches=100, random_state=0),
    ).set_output(transform="pandas")
    search = GridSearchCV(
        pipe,
        {
            "lookbackwindower__lookback": [DAY // 2, DAY],
            "lstmregressor__learning_rate": [0.01, 0.03],
        },
        cv=TimeSeriesSplit(2, test_size=7 * DAY),
        scoring=get_scorer("neg_mean_absolute_error"),
    )
    search.fit(past, past["load"])
    save(search, Path(folder) / "demand.lstm")
    again = load(Path(folder) / "demand.lstm")
    known = tomorrow[["temperature", "weather"]]
    forecasts = forecast(again, past, steps=DAY, known=known)
    plot(table, forecasts, Path(folder) / "demand.png")
    return search, forecasts, tomorrow["load"]


if __name__ == "__main__":
    search, forecasts, loads = main()
    print(
        "Mean absolute error of each candidate:", -search.cv_results_["mean_test_score"]
    )
    print(forecasts.assign(true=loads).round(1))
