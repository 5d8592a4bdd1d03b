"""Accuracy on two public data sets, compared with published results.

    python benchmarks/accuracy.py --ett ETTh1.csv
    python benchmarks/accuracy.py --m4-train Weekly-train.csv --m4-test Weekly-test.csv
    python benchmarks/accuracy.py --ett ETTh1.csv --ablation --plots docs
    python benchmarks/accuracy.py --panel sales.csv --ahead 14
    python benchmarks/accuracy.py

ETTh1: seven hourly channels, split into 12, 4 and 4 months of 30 days, and scaled by the
mean and standard deviation of the training months. One pipeline for each horizon learns
all channels as similar series. It is fitted with 2 and with 4 epochs. The validation
months choose between them. Every window of the test months is forecast.

M4 weekly: 359 series, 13 weeks ahead, by LSTMForecaster with its defaults, and with the
pretrained network alone and without it. The metrics are those of the competition.

Your own panel has the columns series, time and value. LSTMForecaster with its defaults
and simple forecasters forecast the last steps of each series.

With --ablation, each row makes one change, from a plain LSTM to all changes of
docs/segments.md. Without data, the comparisons use small generated series and take a few
seconds.
"""

import argparse
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.theta import ThetaForecaster
from sktime.performance_metrics.forecasting import (
    MeanAbsolutePercentageError,
    MeanAbsoluteScaledError,
)

from skforecast_lstm import LookbackWindower, LSTMForecaster, LSTMRegressor
from skforecast_lstm.forecasting._defaults import usual_season
from skforecast_lstm.targets import horizon_targets

MONTH = 30 * 24

# MSE and MAE by horizon, lookback 720, table II of the SegRNN paper (IEEE IoT-J 2026).
SEGRNN = {
    96: (0.351, 0.392),
    192: (0.392, 0.414),
    336: (0.423, 0.433),
    720: (0.466, 0.472),
}
# MSE at horizon 96, from the same table.
OTHERS_96 = {
    "Informer": 1.571,
    "plain GRU": 1.135,
    "DeepAR": 1.097,
    "iTransformer": 0.396,
    "DLinear": 0.381,
    "PatchTST": 0.375,
    "SegRNN": 0.351,
}
NAIVE2 = (9.161, 2.777)
PUBLISHED_OWA = {
    "RNN of the competition": 1.755,
    "Theta": 0.971,
    "Holt-Winters, damped": 0.917,
    "ES-RNN, winner": 0.851,
    "best weekly entry": 0.766,
}

PLAIN = {
    "units": 64,
    "loss": "mse",
    "learning_rate": 0.002,
    "epochs": 4,
    "batch_size": 256,
}
BEST = {
    **PLAIN,
    "segment": 48,
    "normalization": "last",
    "base": "mixture",
    "season_length": 24,
    "dense_dropout": 0.5,
    "loss": "mae",
    "schedule": "cosine",
    "n_members": 2,
}
# Change of each row, in this order. "lookback" is a parameter of the windower.
ABLATION = {
    "plain LSTM": {"lookback": 96},
    "+ normalized windows": {"normalization": "last"},
    "+ segments of 24": {"segment": 24},
    "+ lookback 720": {"lookback": 720},
    "+ segments of 48": {"segment": 48},
    "+ absolute loss": {"loss": "mae"},
    "+ cosine schedule": {"schedule": "cosine"},
    "+ base: last value": {"base": "last"},
    "base: seasonal": {"base": "seasonal", "season_length": 24},
    "base: mixture": {"base": "mixture"},
    "+ dropout of 0.5": {"dense_dropout": 0.5},
    "+ 2 members": {"n_members": 2},
}
M4_ABLATION = {
    "plain LSTM": {"lookback": 104},
    "+ normalized windows": {"normalization": "last"},
    "+ segments of 13": {"segment": 13},
    "+ absolute loss": {"loss": "mae"},
    "+ cosine schedule": {"schedule": "cosine"},
    "+ base: mixture": {"base": "mixture"},
    "+ 3 members": {"n_members": 3},
}


@dataclass(frozen=True)
class Split:
    """Panel of channels, and the rows at the end of training and validation months."""

    table: pd.DataFrame
    training: int
    validation: int

    def series(self, first, last):
        """Return a range of rows, with each channel as a series of one column."""
        return self.table.iloc[first:last].T.stack().to_frame("value")


def etth1(path):
    table = pd.read_csv(path, index_col=0, parse_dates=True).iloc[: 20 * MONTH]
    training = table.iloc[: 12 * MONTH]
    table = (table - training.mean()) / training.std(ddof=0)
    return Split(table, 12 * MONTH, 16 * MONTH)


def generated_hours():
    """Return three channels with a daily cycle, over 60 days."""
    hours = pd.date_range("2026-01-01", periods=1440, freq="h")
    draws = np.random.default_rng(0).normal(size=(3, len(hours)))
    level = 0.05 * draws.cumsum(axis=1)
    day = np.sin(2 * np.pi * np.arange(len(hours)) / 24 + np.arange(3)[:, None])
    table = pd.DataFrame((day + level + 0.2 * draws).T, index=hours, columns=list("abc"))
    return Split(table, 960, 1200)


class Trial:
    """One pipeline of windows and a regressor, with its errors on later months."""

    def __init__(self, split, horizon, *, lookback, seed, **parameters):
        self.split, self.horizon, self.lookback = split, horizon, lookback
        start = time.perf_counter()
        self.pipeline = make_pipeline(
            LookbackWindower(lookback, horizon=1),
            LSTMRegressor(**parameters, random_state=seed),
        )
        series = split.series(0, split.training)
        self.pipeline.fit(series, horizon_targets(series, horizon))
        self.seconds = time.perf_counter() - start

    def forecasts(self, first, last):
        """Return forecasts and actual values of every window with targets in a range."""
        series = self.split.series(first - self.lookback, last)
        windows = self.pipeline[0].transform(series)
        targets = horizon_targets(series, self.horizon)
        n_rows = last - first + self.lookback
        wanted = [
            slice(start + self.lookback, start + n_rows - self.horizon + 1)
            for start in range(0, len(series), n_rows)
        ]
        return tuple(
            np.stack(channels)
            for channels in (
                [self.pipeline[1].predict(windows[rows]) for rows in wanted],
                [targets[rows] for rows in wanted],
            )
        )

    def validate(self):
        self.validation = errors(
            *self.forecasts(self.split.training, self.split.validation)
        )
        return self

    def test(self):
        return self.forecasts(self.split.validation, len(self.split.table))


def errors(forecast, actual):
    """Return the MSE and MAE."""
    difference = forecast - actual
    return float((difference**2).mean()), float(np.abs(difference).mean())


def by_channels(split, horizons, lookback, parameters, seed, published):
    """Print MSE and MAE of the test months by horizon. Validation chooses the epochs."""
    print(
        "| Horizon | Windows | Epochs | Validation MSE | MSE | MAE | Published (SegRNN) "
        "| s, training | s, all |"
    )
    print("| --- |" + " --- |" * 8)
    for horizon in horizons:
        start = time.perf_counter()
        trials = [
            Trial(
                split,
                horizon,
                lookback=lookback,
                seed=seed,
                **{**parameters, "epochs": epochs},
            ).validate()
            for epochs in (2, 4)
        ]
        best = min(trials, key=lambda trial: trial.validation)
        forecast, actual = best.test()
        mse, mae = errors(forecast, actual)
        validation = ", ".join(
            f"{trial.validation[0]:.3f} ({trial.pipeline[1].n_iter_})" for trial in trials
        )
        bars = "{:.3f}, {:.3f}".format(*published[horizon]) if published else "-"
        print(
            f"| {horizon} | {forecast.shape[1]} x {len(forecast)} "
            f"| {best.pipeline[1].n_iter_} | {validation} | {mse:.3f} | {mae:.3f} "
            f"| {bars} | {sum(trial.seconds for trial in trials):.0f} "
            f"| {time.perf_counter() - start:.0f} |",
            flush=True,
        )
    print()


def ablate_channels(split, horizon, changes, plain, seed, plots):
    """Print validation and test errors and training seconds, with one change per row."""
    print(f"Horizon {horizon}, {plain['epochs']} epochs\n")
    print("| | Validation MSE | Validation MAE | Test MSE | Test MAE | s, training |")
    print("| --- |" + " --- |" * 5)
    parameters, results, forecasts = dict(plain), {}, {}
    for name, change in changes.items():
        parameters |= change
        trial = Trial(split, horizon, seed=seed, **parameters).validate()
        forecasts[name], actual = trial.test()
        results[name] = (*trial.validation, *errors(forecasts[name], actual))
        cells = " | ".join(f"{value:.3f}" for value in results[name])
        print(f"| {name} | {cells} | {trial.seconds:.0f} |", flush=True)
    print()
    if plots is not None:
        draw_bars(results, horizon, Path(plots) / "segments-ablation.png")
        draw_window(split, forecasts, actual, Path(plots) / "segments-window.png")


def draw_bars(results, horizon, path):
    """Draw the validation and test error of each row of the ablation."""
    import matplotlib.pyplot as plt

    names = list(results)
    places = np.arange(len(names))
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for shift, column, label in ((-0.2, 0, "validation months"), (0.2, 2, "test months")):
        values = [result[column] for result in results.values()]
        bars = axes.barh(places + shift, values, height=0.38, label=label)
        axes.bar_label(bars, fmt="%.3f", padding=2, fontsize=8)
    axes.axvline(SEGRNN[96][0], color="black", linestyle="--", linewidth=1)
    axes.text(SEGRNN[96][0], -0.75, " SegRNN, test", fontsize=8, va="center")
    axes.set_yticks(places, names)
    axes.set_ylim(len(names) - 0.4, -1.1)
    axes.margins(x=0.08)
    axes.set_xlabel("mean squared error (channels scaled to a variance of 1)")
    axes.set_title(f"ETTh1, {horizon} hours ahead: one change a row")
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def draw_window(split, forecasts, actual, path):
    """Draw the first channel in the middle of the test months."""
    import matplotlib.pyplot as plt

    row = actual.shape[1] // 2
    start = split.validation + row
    past = split.table.iloc[start - 96 : start, 0]
    hours = np.arange(actual.shape[2])
    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    axes.plot(np.arange(-96, 0), past, color="grey", label="known")
    axes.plot(hours, actual[0, row], color="black", label="actual")
    names = list(forecasts)
    for name, label in ((names[0], "plain LSTM"), (names[-1], "all steps of the table")):
        axes.plot(hours, forecasts[name][0, row], label=label)
    axes.axvline(-0.5, color="grey", linewidth=0.8)
    axes.set_xlabel("hours from the origin of the forecast")
    axes.set_ylabel(f"{split.table.columns[0]} (standard deviations)")
    axes.set_title(
        f"One window of the test months, from {split.table.index[start]:%Y-%m-%d %H:%M}"
    )
    figure.legend(loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def m4(path, starts=None):
    """Read a file of the competition: one series per row, each from its first week."""
    rows = [row[~np.isnan(row)] for row in pd.read_csv(path, index_col=0).to_numpy(float)]
    return panel(rows, [0] * len(rows) if starts is None else starts)


def panel(rows, starts):
    return pd.concat(
        {
            number: pd.DataFrame({"value": row}, index=range(start, start + len(row)))
            for number, (row, start) in enumerate(zip(rows, starts, strict=True))
        },
        names=["series", "week"],
    )


def generated_weeks(n_ahead):
    """Return thirty series of different length, without and with their last weeks."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(60, 200, size=30)
    rows = [100 + generator.normal(0.1, 1, length).cumsum() for length in lengths]
    return (
        panel([row[:-n_ahead] for row in rows], [0] * len(rows)),
        panel([row[-n_ahead:] for row in rows], lengths - n_ahead),
    )


def own_panel(path, n_ahead):
    """Read a panel of the user, and split off the steps to forecast."""
    table = pd.read_csv(path, parse_dates=["time"]).set_index(["series", "time"])
    table = table[["value"]].sort_index()
    times = pd.DatetimeIndex(table.loc[table.index[0][0]].index, freq="infer")
    frequency = times.to_period().freq
    table.index = table.index.set_levels(
        table.index.levels[1].to_period(frequency), level=1
    )
    from_behind = table.groupby(level=0).cumcount(ascending=False)
    return table[from_behind >= n_ahead], table[from_behind < n_ahead]


def scores(forecast, history, actual, reference, season=1):
    """Return the mean sMAPE, the mean MASE, and the OWA relative to a reference."""
    smape = 100 * MeanAbsolutePercentageError(symmetric=True)(actual, forecast)
    mase = MeanAbsoluteScaledError(sp=season)(actual, forecast, y_train=history)
    return smape, mase, (smape / reference[0] + mase / reference[1]) / 2


def by_series(history, actual, forecasters, *, season=1, published=None):
    """Print a row for each forecaster, the naive forecast and the published results.

    OWA is relative to the published naive forecast, or else to the one measured here.
    """
    n_ahead = len(actual.loc[actual.index[0][0]])
    n_series = history.index.get_level_values(0).nunique()
    print(f"{n_series} series, {n_ahead} steps ahead\n")
    print("| | sMAPE | MASE | OWA | s |")
    print("| --- |" + " --- |" * 4)
    row = "| {} | {:.3f} | {:.3f} | {:.3f} | {:.0f} |".format
    reference = NAIVE2 if published else None
    for name, forecaster in {"last value": NaiveForecaster(), **forecasters}.items():
        start = time.perf_counter()
        forecast = forecaster.fit(history, fh=range(1, n_ahead + 1)).predict()
        seconds = time.perf_counter() - start
        if reference is None:
            reference = scores(forecast, history, actual, (1, 1), season)[:2]
        found = scores(forecast, history, actual, reference, season)
        print(row(name, *found, seconds), flush=True)
    for name, owa in (published or {}).items():
        print(f"| {name} (published) | | | {owa:.3f} | |")
    print()


def ablated_forecasters(changes, plain, seed):
    """Return a forecaster for each row of an ablation. Later rows keep all changes."""
    parameters, forecasters = dict(plain), {}
    for name, change in changes.items():
        parameters |= change
        own = {key: value for key, value in parameters.items() if key != "lookback"}
        forecasters[name] = LSTMForecaster(
            lookback=parameters["lookback"],
            regressor=LSTMRegressor(**own, random_state=seed),
            intervals=None,
        )
    return forecasters


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ett", help="ETTh1.csv")
    parser.add_argument("--m4-train", help="Weekly-train.csv of M4")
    parser.add_argument("--m4-test", help="Weekly-test.csv of M4")
    parser.add_argument("--horizons", nargs="+", type=int, default=list(SEGRNN))
    parser.add_argument("--panel", help="a panel of your own: series, time, value")
    parser.add_argument("--ahead", type=int, default=12, help="steps of --panel ahead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ablation", action="store_true", help="one change a row")
    parser.add_argument("--plots", help="folder for the pictures of the ablation")
    options = parser.parse_args()
    if (options.m4_train is None) != (options.m4_test is None):
        parser.error("--m4-train and --m4-test belong together: give both.")
    if options.ablation and not (options.ett or options.m4_train):
        parser.error("--ablation needs data: give --ett, or --m4-train and --m4-test.")
    if unknown := set(options.horizons) - set(SEGRNN):
        parser.error(f"--horizons knows {list(SEGRNN)}, got {sorted(unknown)}.")
    warnings.simplefilter("ignore")
    seed = options.seed
    common = {"intervals": None, "random_state": seed}
    defaults = {
        "LSTMForecaster(pretrained=True)": LSTMForecaster(pretrained=True, **common),
        "LSTMForecaster()": LSTMForecaster(**common),
        "LSTMForecaster(pretrained=False)": LSTMForecaster(pretrained=False, **common),
    }
    if options.ett:
        split = etth1(options.ett)
        if options.ablation:
            ablate_channels(split, 96, ABLATION, PLAIN, seed, options.plots)
        else:
            by_channels(split, options.horizons, 720, BEST, seed, SEGRNN)
            others = ", ".join(f"{name} {mse}" for name, mse in OTHERS_96.items())
            print(f"MSE at horizon 96, published: {others}\n")
    if options.m4_train:
        history = m4(options.m4_train)
        lengths = history.groupby(level=0).size()
        actual = m4(options.m4_test, lengths)
        forecasters = defaults
        if options.ablation:
            weekly = {**PLAIN, "batch_size": 128, "learning_rate": 0.005}
            weekly = {**weekly, "epochs": None, "n_batches": 1000}
            forecasters = ablated_forecasters(M4_ABLATION, weekly, seed)
        by_series(history, actual, forecasters, published=PUBLISHED_OWA)
    if options.panel:
        history, actual = own_panel(options.panel, options.ahead)
        season = usual_season(history.loc[history.index[0][0]].index)
        forecasters = {
            "season ago": NaiveForecaster(sp=season),
            # Its seasons are multiplicative.
            "Theta": ThetaForecaster(
                sp=season, deseasonalize=bool((history > 0).to_numpy().all())
            ),
            **defaults,
        }
        by_series(history, actual, forecasters, season=season)
    if not (options.ett or options.m4_train or options.panel):
        small = {**BEST, "units": 16, "segment": 12, "batch_size": 32}
        by_channels(generated_hours(), (24,), 72, small, seed, None)
        by_series(*generated_weeks(13), defaults)


if __name__ == "__main__":
    main()
