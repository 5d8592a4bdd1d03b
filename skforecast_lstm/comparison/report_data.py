"""Numbers that the page of a report draws: forecasts, errors by step, ranks and skill."""

import math
import re

import numpy as np
import pandas as pd

from skforecast_lstm.comparison.advice import recommended
from skforecast_lstm.comparison.ranking import shared_scores
from skforecast_lstm.comparison.significance import (
    critical_difference,
    fewest_pairs,
    pairs,
)

__all__ = ["critical_distance", "drawn", "order_of_colours"]

# Numbers of forecasts and rows of actual values on one page: it stays under 1 MB.
_MOST_NUMBERS = 90_000
_MOST_ROWS = 15_000
_MOST_SERIES = 40


def order_of_colours(comparison):
    """Return the names of all forecasters. The place of each is that of its colour."""
    names = list(comparison.results["forecaster"].unique())
    lstms = [name for name in names if name in comparison.settings["lstm"]]
    return [*lstms, *(name for name in names if name not in lstms)]


def critical_distance(comparison):
    """Return the critical difference of mean ranks, or None for too few pairs to tell."""
    in_pairs = pairs(shared_scores(comparison.results))
    if len(in_pairs) < fewest_pairs(in_pairs.shape[1]):
        return None
    return float(critical_difference(in_pairs.shape[1], len(in_pairs)))


def drawn(comparison, ranking, skill, forecast):
    """Return the numbers that the page draws, in a form for JSON."""
    names = order_of_colours(comparison)
    best = recommended(comparison)
    series, n_windows = _series(comparison, forecast)
    ranked = [name for name in ranking.index if not math.isnan(ranking["MASE"][name])]
    found = {
        "forecasters": names,
        "winner": best if forecast is None else forecast["forecaster"].iloc[0],
        # Others are one click away.
        "shown": list(dict.fromkeys([best, *ranked[:1], *comparison.settings["lstm"]]))
        if best is not None
        else [],
        "series": series,
        "n_windows": n_windows,
    }
    if len(comparison.forecasts) and ranked:
        errors = comparison.by_horizon()
        found["horizon"] = {
            "steps": [str(step) for step in errors.index],
            "errors": {name: _numbers(errors[name]) for name in errors},
        }
        seconds = ranking["fit_seconds"] + ranking["predict_seconds"]
        found["seconds"] = [
            {"name": name, "value": max(_rounded(seconds[name]), 1e-4)}
            for name in seconds[ranked].dropna().sort_values(kind="stable").index
        ]
    if len(ranked) > 1:
        ranks = ranking["mean_rank"][ranked].sort_values(kind="stable")
        limit = critical_distance(comparison)
        rows = [{"name": name, "value": _rounded(rank)} for name, rank in ranks.items()]
        if limit is not None:
            lowest = float(ranks.iloc[0])
            rows[0] |= {"low": lowest, "high": _rounded(min(lowest + limit, len(ranked)))}
        found["ranks"] = rows
    if skill is not None:
        found["skill"] = [
            {
                "name": name,
                "value": _rounded(row["ratio"]),
                "low": _rounded(row["ratio_low"]),
                "high": _rounded(row["ratio_high"]),
            }
            for name, row in skill.iterrows()
        ]
    return found


def _series(comparison, forecast):
    """Return the history and forecasts of series, and the number of windows of each."""
    table = comparison.forecasts
    if table.empty:
        return [], 0
    horizon = comparison.settings["horizon"]
    n_forecasters = table["forecaster"].nunique()
    in_window = 3 * horizon * n_forecasters
    names = list(table["dataset"].unique())
    n_series = max(1, min(len(names), _MOST_SERIES, _MOST_NUMBERS // in_window))
    n_windows = max(1, _MOST_NUMBERS // (in_window * n_series))
    n_rows = max(2 * horizon, _MOST_ROWS // n_series)
    step = max(of["step"] for of in comparison.settings["datasets"].values())
    # Windows that are far apart have many rows between them.
    n_windows = min(n_windows, 1 + (n_rows - horizon) // step)
    history = dict(iter(comparison.history.groupby("dataset", sort=False)))
    ahead = {} if forecast is None else dict(iter(forecast.groupby("dataset")))
    by_name = dict(iter(table.groupby("dataset", sort=False)))
    found = [
        _one(name, by_name[name], history[name], ahead.get(name), n_windows, n_rows)
        for name in names[:n_series]
        if name in history
    ]
    n_all = int(table["window"].max())
    return found, min(n_windows, n_all)


def _one(name, forecasts, history, ahead, n_windows, n_rows):
    """Return the last rows of one series with the forecasts of its last windows."""
    last = np.sort(forecasts["window"].unique())[-n_windows:]
    forecasts = forecasts[forecasts["window"].isin(last)]
    first_time = forecasts["time"].min()
    times = pd.Index(history["time"])
    first = int((times < first_time).sum())
    n_shown = min(max(2 * (len(times) - first), 24), n_rows)
    start = max(0, len(times) - n_shown)
    shown = times[start:]
    bounds = _widest(forecasts)
    windows = {}
    for (forecaster, _), rows in forecasts.groupby(["forecaster", "window"], sort=False):
        place = int((shown < rows["time"].iloc[0]).sum())
        windows.setdefault(forecaster, []).append(_window(place, rows, bounds))
    found = {
        "name": str(name),
        "times": [_label(time) for time in shown],
        "n": len(shown),
        "actual": _numbers(history["actual"].iloc[start:]),
        "windows": windows,
    }
    if ahead is not None:
        found["times"] += [_label(time) for time in ahead["time"]]
        found["ahead"] = _window(len(shown), ahead, _widest(ahead))
    return found


def _widest(table):
    """Return the columns of the bounds of the widest interval, or None."""
    levels = [
        name.removeprefix("lower_") for name in table if str(name).startswith("lower_")
    ]
    if not levels:
        return None
    widest = max(levels, key=float)
    return f"lower_{widest}", f"upper_{widest}"


def _window(place, table, bounds):
    """Return the position of the first step, the forecast, and its bounds."""
    window = [place, _numbers(table["forecast"])]
    if bounds and table[bounds[0]].notna().all():
        window += [_numbers(table[bound]) for bound in bounds]
    return window


def _label(time):
    """Return a time as text, without seconds or a time of day that is 0."""
    return re.sub(r"(:\d\d):00$", r"\1", str(time).removesuffix(" 00:00:00"))


def _numbers(values):
    return [_rounded(value) for value in values]


def _rounded(value):
    """Return a number with five digits, or None if it is unknown."""
    return float(f"{value:.5g}") if math.isfinite(value) else None
