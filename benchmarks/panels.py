"""Seconds that a panel of many series takes outside training and prediction.

``LSTMForecaster`` is fitted on a panel of monthly series and forecasts 12 months of each.
The network is replaced by a regressor that returns zeros. What is left are the checks of
sktime, and the work of the forecaster: cutting, scaling and putting together the series.
It prints both together, sktime's own seconds, and their ratio. ``LookbackWindower``
cuts the same panel.

    python benchmarks/panels.py --series 10_000 --rows 100
"""

import argparse
import time
from unittest.mock import patch

import numpy as np
import pandas as pd

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.forecasting import LSTMForecaster

HORIZON = 12


def make_panel(n_series, n_rows):
    """Return random walks with an index of series and months."""
    months = pd.period_range("2000-01", periods=n_rows, freq="M")
    names = [f"series {number:06}" for number in range(n_series)]
    index = pd.MultiIndex.from_product([names, months], names=["series", "month"])
    walks = np.random.default_rng(0).normal(size=(n_series, n_rows)).cumsum(axis=1)
    return pd.DataFrame({"y": walks.ravel()}, index=index)


def zeros(_, windows):
    return np.zeros((len(windows), HORIZON), np.float32)


def seconds_of(function, *arguments, **options):
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


class Inside:
    """Seconds in methods of the forecaster that sktime calls."""

    def __init__(self):
        self.seconds = 0.0

    def timed(self, method):
        def timed(*arguments, **options):
            start = time.perf_counter()
            try:
                return method(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


def cost_of_forecaster(panel):
    """Return the seconds to fit and predict, and how many of each are sktime's."""
    forecaster = LSTMForecaster(pretrained=False, random_state=0)
    costs = []
    for call, name in (
        (lambda: forecaster.fit(panel, fh=range(1, HORIZON + 1)), "_fit"),
        (forecaster.predict, "_predict"),
    ):
        inside = Inside()
        method = inside.timed(getattr(LSTMForecaster, name))
        with (
            patch.object(LSTMForecaster, name, method),
            patch.object(LSTMRegressor, "fit"),
            patch.object(LSTMRegressor, "predict", zeros),
        ):
            seconds = seconds_of(call)
        costs.append((seconds, seconds - inside.seconds))
    return np.array(costs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--lookback", type=int, default=24)
    arguments = parser.parse_args()
    # Imports and caches of sktime and pandas are no cost of a panel.
    cost_of_forecaster(make_panel(2, arguments.rows))
    panel = make_panel(arguments.series, arguments.rows)
    print(f"{arguments.series:,} series of {arguments.rows:,} rows\n")
    print(f"{'':32}{'seconds':>10}{'of sktime':>12}{'ratio':>8}")
    costs = cost_of_forecaster(panel)
    row = "{:32}{:10.2f}{:12.2f}{:7.0%}".format
    for name, cost in zip(("fit", "predict"), costs, strict=True):
        print(row(f"LSTMForecaster.{name}", *cost, cost[1] / cost[0]))
    total = costs.sum(axis=0)
    print(row("both", *total, total[1] / total[0]))
    windower = LookbackWindower(arguments.lookback, horizon=1)
    for name in ("fit", "fit_transform", "transform"):
        seconds = seconds_of(getattr(windower, name), panel)
        print(f"{f'LookbackWindower.{name}':32}{seconds:10.2f}")
    print("\nbar at 10,000 series of 100 rows: LSTMForecaster under 2 s")


if __name__ == "__main__":
    main()
