"""Forecasts of the pretrained network on real series, beside statistical forecasters.

The folder has M1 (m1.csv.gz: columns series, period, part, step and value), M4 weekly
(Weekly-train.csv and Weekly-test.csv), NN5 (nn5_daily.csv.gz) and GEFCom 2012
(gefcom_load_hourly.csv.gz), each with the columns series, time and value. Files that are
not there are left out.

It prints the mean MASE and sMAPE over series, the coverage of the 80 and 95 % intervals,
and the seconds. "calibrated" has the intervals of `LSTMForecaster(pretrained=True)` for
all series together, which fit errors at earlier origins. The origins to forecast are
earlier ones, on the training parts, unless --test is given. Theta, AutoETS and AutoARIMA
are those of statsforecast, if it is installed. They get what the season before says for
values that are unknown; at hours, they get the last four weeks. LightGBM runs only if it
is named: with its defaults, it learns from lags of all series together by mlforecast, and
is fed back. --every N takes every N-th series. With --together, `LSTMForecaster`
forecasts all series of a set together: with its defaults, and by a trained network alone.

    python benchmarks/pretrained.py FOLDER
    python benchmarks/pretrained.py FOLDER --sets quarterly yearly --peers Theta AutoETS
    python benchmarks/pretrained.py FOLDER --test --peers --together
    pip install mlforecast lightgbm
    python benchmarks/pretrained.py FOLDER --test --peers LightGBM
"""

import argparse
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skforecast_lstm import LSTMForecaster
from skforecast_lstm._series import ManySeries
from skforecast_lstm.forecasting._pretrained import Pretrained
from skforecast_lstm.networks.pretrained import LEVELS
from skforecast_lstm.pretraining.evaluation import seasonal_naive_scale
from skforecast_lstm.pretraining.forecasting import forecast_quantiles
from skforecast_lstm.pretraining.series_files import Origin, origins, read_series
from skforecast_lstm.pretraining.weights import read_weights, shipped_weights


class Group(NamedTuple):
    """Series of one kind, their horizon and seasons, and rows after earlier origins."""

    file: str
    horizon: int
    seasons: tuple[int, int]
    earlier: tuple[int, ...]
    only: str | None = None


GROUPS = {
    "monthly": Group("m1.csv.gz", 18, (12, 1), (0,), 'period == "monthly"'),
    "quarterly": Group("m1.csv.gz", 8, (4, 1), (0,), 'period == "quarterly"'),
    "yearly": Group("m1.csv.gz", 6, (1, 1), (0,), 'period == "yearly"'),
    "weekly": Group("Weekly-train.csv", 13, (52, 1), (0,)),
    "nn5": Group("nn5_daily.csv.gz", 56, (7, 1), (56,)),
    "gefcom": Group("gefcom_load_hourly.csv.gz", 48, (24, 168), (48, 144, 240, 336)),
}
PEERS = ("Theta", "AutoETS", "AutoARIMA")
TREES = "LightGBM"


def read(folder: Path, group: Group, test: bool) -> list[Origin]:
    only = group.only
    if only and not test:
        only += ' and part == "train"'
    series = read_series(folder / group.file, only)
    if test and group.file == "Weekly-train.csv":
        after = read_series(folder / "Weekly-test.csv")
        pairs = zip(series.items(), after.values(), strict=True)
        series = {name: np.concatenate([past, more]) for (name, past), more in pairs}
    held_out = (0,) if test else group.earlier
    return list(origins(series, group.horizon, held_out=held_out))


# Median, and the ends of both intervals.
PLACES = [LEVELS.index(level) for level in (0.5, 0.1, 0.9, 0.025, 0.975)]


def zero_shot(weights, chosen, group):
    """Forecasts of each series without any other."""
    pasts = [one.past for one in chosen]
    quantiles = forecast_quantiles(weights, pasts, group.horizon, group.seasons)
    return quantiles[..., PLACES]


def calibrated(chosen, group):
    """The same by the shipped weights, with intervals that fit errors on all series."""
    offsets = np.append(0, np.cumsum([len(one.past) for one in chosen]))
    values = np.concatenate([one.past for one in chosen])[:, None]
    series = ManySeries(values, offsets, range(len(chosen)))
    steps = np.tile(np.arange(1, group.horizon + 1), (len(chosen), 1))
    network = Pretrained(group.seasons)
    quantiles = network.calibrated(network.at(series, steps), series, group.horizon)
    return quantiles[:, :, 0, PLACES]


def together(chosen, group, pretrained):
    """Forecasts by `LSTMForecaster` for all series together, which end together."""
    tables = {
        number: pd.DataFrame({"y": one.past}, index=range(-len(one.past), 0))
        for number, one in enumerate(chosen)
    }
    season_length = tuple(season for season in group.seasons if season > 1) or 1
    forecaster = LSTMForecaster(season_length, pretrained=pretrained, random_state=0)
    steps = range(1, group.horizon + 1)
    found = forecaster.fit(pd.concat(tables), fh=steps).predict()
    return point_forecasts(found.to_numpy().reshape(len(chosen), group.horizon))


def seasonal_naive(chosen, group):
    season = group.seasons[0]
    steps = -season + np.arange(group.horizon) % season
    return point_forecasts(np.array([filled(one.past, season)[steps] for one in chosen]))


def point_forecasts(median):
    """Forecasts without intervals."""
    return np.stack([median, *[np.full_like(median, np.nan)] * 4], axis=-1)


def filled(past, season):
    """Unknown values have the value one season before, or the nearest known one."""
    past = past.copy()
    for place in np.flatnonzero(~np.isfinite(past)):
        past[place] = past[place - season] if place >= season else np.nan
    return pd.Series(past).bfill().ffill().to_numpy()


def statistical(name, chosen, group):
    from statsforecast import models

    season = group.seasons[0]
    # States of a long season would take hours.
    longest = {"Theta": season, "AutoETS": 24, "AutoARIMA": 12}[name]
    kind = models.DynamicOptimizedTheta if name == "Theta" else getattr(models, name)
    model = kind(season_length=season if season <= longest else 1)
    found = []
    for one in chosen:
        past = filled(one.past, season)
        past = past[-672:] if season == 24 else past
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                said = model.forecast(y=past, h=group.horizon, level=[80, 95])
            except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
                said = models.Naive().forecast(past, group.horizon, level=[80, 95])
        names = ("mean", "lo-80", "hi-80", "lo-95", "hi-95")
        found.append(np.stack([said[one] for one in names], axis=-1))
    return np.array(found)


def trees(chosen, group):
    """Forecasts by gradient-boosted trees on the lags of all series, fed back.

    They learn differences of one step or of a season, whichever has the lower error on
    the last steps before the origin.
    """
    season, ahead = group.seasons[0], group.horizon
    held_out = [
        one._replace(past=one.past[:-ahead], future=one.past[-ahead:])
        for one in chosen
        if len(one.past) > 3 * season + ahead
    ]
    errors = {
        steps: scores(held_out, trees_on_differences(steps, held_out, group), season)[0]
        for steps in {1, season}
    }
    return trees_on_differences(min(errors, key=errors.get), chosen, group)


def trees_on_differences(steps, chosen, group):
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    season = group.seasons[0]
    pasts = [filled(one.past, season) for one in chosen]
    table = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(len(pasts)), [len(past) for past in pasts]),
            "ds": np.concatenate([np.arange(len(past)) for past in pasts]),
            "y": np.concatenate(pasts),
        }
    )
    forecaster = MLForecast(
        models=LGBMRegressor(verbosity=-1, random_state=0),
        freq=1,
        lags=sorted({*range(1, 13), *group.seasons, season - 1, season + 1} - {0}),
        target_transforms=[Differences([steps]), LocalStandardScaler()],
        num_threads=2,
    )
    found = forecaster.fit(table, dropna=False).predict(group.horizon)
    median = found["LGBMRegressor"].to_numpy()
    return point_forecasts(median.reshape(len(chosen), group.horizon))


def scores(chosen, forecasts, season):
    """Mean over series of MASE, sMAPE and both coverages."""
    rows = []
    for one, forecast in zip(chosen, forecasts, strict=True):
        median, low, high, lowest, highest = forecast.T
        error = np.abs(one.future - median)
        size = np.abs(one.future) + np.abs(median)
        known = np.isfinite(one.future)
        scale = seasonal_naive_scale(one.past, season)
        covered = [
            100 * np.mean(((a <= one.future) & (one.future <= b))[known])
            for a, b in ((low, high), (lowest, highest))
        ]
        smape = 200 * np.nanmean(error / np.where(size > 0, size, 1))
        rows.append([np.nanmean(error) / scale, smape, *covered])
    mase, *others = np.array(rows).T
    return [mase[np.isfinite(mase)].mean(), *(other.mean() for other in others)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--peers", nargs="*", choices=(*PEERS, TREES), default=PEERS)
    parser.add_argument(
        "--weights", type=Path, help="other weights than the shipped ones"
    )
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--test", action="store_true", help="the test parts")
    parser.add_argument(
        "--together", action="store_true", help="also LSTMForecaster for all series"
    )
    parsed = parser.parse_args()
    weights = shipped_weights().weights
    if parsed.weights is not None:
        weights = read_weights(parsed.weights)
    if set(parsed.peers) & set(PEERS) and find_spec("statsforecast") is None:
        parsed.peers = [name for name in parsed.peers if name == TREES]
        print("statsforecast is not installed, so Theta, ETS and ARIMA are left out.")
    relative = {}
    print("| set | forecaster | MASE | sMAPE | 80 % | 95 % | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in parsed.sets:
        group = GROUPS[name]
        if not (parsed.folder / group.file).exists():
            continue
        chosen = read(parsed.folder, group, parsed.test)[:: parsed.every]
        forecasters = {
            "seasonal naive": lambda c, g: seasonal_naive(c, g),
            "pretrained": lambda c, g: zero_shot(weights, c, g),
        }
        if parsed.weights is None:
            forecasters["pretrained, calibrated"] = calibrated
        if parsed.together:
            forecasters["LSTM, trained"] = lambda c, g: together(c, g, False)
            forecasters["LSTM"] = lambda c, g: together(c, g, "auto")
        for peer in parsed.peers:
            forecasters[peer] = lambda c, g, peer=peer: statistical(peer, c, g)
        if TREES in parsed.peers:
            forecasters[TREES] = trees
        # The programs are compiled before the clock runs.
        zero_shot(weights, chosen, group)
        naive = None
        for forecaster, forecast in forecasters.items():
            start = time.perf_counter()
            forecasts = forecast(chosen, group)
            seconds = time.perf_counter() - start
            mase, smape, *coverage = scores(chosen, forecasts, group.seasons[0])
            naive = mase if naive is None else naive
            relative.setdefault(forecaster, []).append(mase / naive)
            covered = [
                "-" if np.isnan(forecasts[..., 1]).all() else f"{one:.1f}"
                for one in coverage
            ]
            print(
                f"| {name}, {len(chosen)} | {forecaster} | {mase:.3f} | {smape:.2f} | "
                f"{covered[0]} | {covered[1]} | {seconds:.1f} |",
                flush=True,
            )
    for forecaster, ratios in relative.items():
        mean = np.exp(np.mean(np.log(ratios)))
        print(f"{forecaster}: MASE {mean:.3f} of the seasonal naive, geometric mean")


if __name__ == "__main__":
    main()
