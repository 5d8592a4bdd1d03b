"""Forecast airline passengers one month ahead, and compare with simple forecasts.

The series grows, and a network can't forecast levels that it has not seen. So it learns
the relative change from month to month. The last four years are the test. Lookback and
size of the network are searched on the years before, with folds in time order. Then each
month of the test is forecast from the months before it.
"""

import argparse

from skforecast_lstm import LookbackWindower, LSTMRegressor

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_airline
from sktime.performance_metrics.forecasting import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_absolute_scaled_error,
)

SEASON = 12
N_TEST = 48


def searched_lstm(train, n_jobs):
    """Return a fitted search for lookback and size, on folds of the training years."""
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(lookback=SEASON, horizon=1),
        LSTMRegressor(units=16, epochs=100, random_state=0),
    ).set_output(transform="pandas")
    search = GridSearchCV(
        pipe,
        {
            "lookbackwindower__lookback": [SEASON, 2 * SEASON],
            "lstmregressor__units": [16, 32],
        },
        cv=TimeSeriesSplit(2, test_size=SEASON),
        scoring="neg_mean_absolute_error",
        n_jobs=n_jobs,
    )
    return search.fit(train, train)


def ridge_on_the_same_windows(train):
    """Return a fitted linear regression on windows of one season."""
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(lookback=SEASON, horizon=1, layout="flat"),
        SimpleImputer(),
        Ridge(),
    ).set_output(transform="pandas")
    return pipe.fit(train, train)


def compare(passengers, n_jobs):
    """Return forecasts of the last months, one column per forecaster, and the search."""
    changes = np.log(passengers).diff().dropna().to_frame("change")
    train, test = changes[:-N_TEST], changes[-N_TEST:]
    search = searched_lstm(train, n_jobs)
    ridge = ridge_on_the_same_windows(train)
    last_value = passengers.shift(1)[-N_TEST:]
    forecasts = {
        "LSTM": last_value * np.exp(search.predict(test).ravel()),
        "Ridge on the same windows": last_value * np.exp(ridge.predict(test).ravel()),
        "last value": last_value,
        "same month last year": passengers.shift(SEASON)[-N_TEST:],
    }
    return pd.DataFrame(forecasts), search


def score(passengers, forecasts):
    """Return a table of errors, the best forecast first."""
    train, test = passengers[:-N_TEST], passengers[-N_TEST:]
    rows = {
        name: {
            "MAE (thousands)": mean_absolute_error(test, forecast),
            "sMAPE (%)": 100
            * mean_absolute_percentage_error(test, forecast, symmetric=True),
            "MASE": mean_absolute_scaled_error(test, forecast, y_train=train, sp=SEASON),
        }
        for name, forecast in forecasts.items()
    }
    return pd.DataFrame(rows).T.sort_values("MASE")


def plot(passengers, forecasts, path):
    """Draw the actual months and their forecasts."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
    shown = passengers[-N_TEST - SEASON :]
    axes.plot(shown.index.to_timestamp(), shown, color="black", label="actual")
    for name, forecast in forecasts.items():
        axes.plot(forecast.index.to_timestamp(), forecast, label=name, linewidth=1.2)
    axes.set(
        title="Airline passengers, forecast one month ahead",
        xlabel="month",
        ylabel="passengers (thousands)",
    )
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", default="airline.png", help="where to save the plot")
    parser.add_argument("--n-jobs", type=int, default=2, help="workers of the search")
    options = parser.parse_args(arguments)

    passengers = load_airline()
    forecasts, search = compare(passengers, options.n_jobs)
    table = score(passengers, forecasts)
    print(f"Chosen by folds in time: {search.best_params_}\n")
    print(table.to_string(float_format="{:.2f}".format))
    best, lstm = table.index[0], table.loc["LSTM", "MASE"]
    if best == "LSTM":
        print(f"\nThe LSTM has the lowest error; next is {table.index[1]}.")
    else:
        behind = 100 * (lstm / table.loc[best, "MASE"] - 1)
        print(f"\nThe LSTM loses to {best}: its error is {behind:.0f} % higher.")
    plot(passengers, forecasts, options.plot)
    print(f"Plot saved to {options.plot}")
    return table


if __name__ == "__main__":
    main()
