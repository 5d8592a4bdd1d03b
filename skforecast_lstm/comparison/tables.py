"""Tables of a comparison, made of the arrays of all cells at once."""

import numpy as np
import pandas as pd

from skforecast_lstm._series import ranges
from skforecast_lstm.comparison.cells import metric_names

__all__ = ["failure_table", "forecast_table", "history_table", "result_table"]


def result_table(cells, outcomes):
    """Return the scores: one row per series, forecaster, window and metric."""
    point_metrics = [name for name in metric_names(()) if "seconds" not in name]
    names, metrics, values, sizes = [], [], [], []
    for cell, outcome in zip(cells, outcomes, strict=True):
        series, scores = outcome["series"], outcome["scores"]
        if outcome["error"] is not None:
            series = cell.dataset.series().names
            scores = dict.fromkeys(point_metrics, np.full(len(series), np.nan))
        names.append(_text(series).repeat(len(scores)))
        metrics.append(np.tile(_text(scores), len(series)))
        values.append(np.stack(list(scores.values()), axis=1).ravel())
        sizes.append(values[-1].size)
    reasons = _text(outcome["error"] for outcome in outcomes)
    return pd.DataFrame(
        {
            "dataset": np.concatenate(names),
            **_where(cells, sizes),
            "metric": np.concatenate(metrics),
            "value": np.concatenate(values),
            "reason": reasons.repeat(sizes),
        }
    )


def forecast_table(cells, outcomes):
    """Return the forecasts: one row per series, forecaster, window and step."""
    done = [
        (cell, outcome)
        for cell, outcome in zip(cells, outcomes, strict=True)
        if outcome["error"] is None
    ]
    if not done:
        return pd.DataFrame()
    cells, outcomes = zip(*done, strict=True)
    sizes = [outcome["forecasts"]["forecast"].size for outcome in outcomes]
    horizons = [cell.dataset.horizon for cell in cells]
    steps = [
        np.tile(np.arange(horizon), size // horizon)
        for horizon, size in zip(horizons, sizes, strict=True)
    ]
    places = [step + cell.n_train for step, cell in zip(steps, cells, strict=True)]
    columns = dict.fromkeys(name for outcome in outcomes for name in outcome["forecasts"])
    numbers = {
        name: np.concatenate(
            [
                outcome["forecasts"].get(name, np.full(size, np.nan))
                for outcome, size in zip(outcomes, sizes, strict=True)
            ]
        )
        for name in columns
    }
    names = [
        _text(outcome["series"]).repeat(horizon)
        for outcome, horizon in zip(outcomes, horizons, strict=True)
    ]
    return pd.DataFrame(
        {
            "dataset": np.concatenate(names),
            **_where(cells, sizes),
            "time": _times(cells, places),
            "step": np.concatenate(steps) + 1,
            **numbers,
        }
    )


def failure_table(cells, outcomes):
    """Return the failures: one row per cell with an error, with the reason."""
    rows = [
        {
            "dataset": cell.dataset.name,
            "forecaster": cell.name,
            "window": cell.window + 1,
            "cutoff": cell.dataset.times[cell.n_train - 1],
            "reason": outcome["error"],
        }
        for cell, outcome in zip(cells, outcomes, strict=True)
        if outcome["error"] is not None
    ]
    columns = ["dataset", "forecaster", "window", "cutoff", "reason"]
    return pd.DataFrame(rows, columns=columns)


def history_table(datasets):
    """Return the data: one row per series and time."""
    parts = []
    for dataset in datasets:
        series = dataset.series()
        rows = ranges(len(dataset.longest) - series.lengths, series.lengths)
        columns = {
            "dataset": _text(series.names).repeat(series.lengths),
            "time": dataset.longest[rows],
            "actual": series.values[:, 0],
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _text(words):
    return np.array(list(words), dtype=object)


def _where(cells, sizes):
    """Return the columns that tell the cell of each row."""
    cutoffs = [
        np.full(size, cell.n_train - 1) for cell, size in zip(cells, sizes, strict=True)
    ]
    return {
        "forecaster": _text(cell.name for cell in cells).repeat(sizes),
        "window": np.repeat([cell.window + 1 for cell in cells], sizes),
        "cutoff": _times(cells, cutoffs),
    }


def _times(cells, places):
    """Return the times at places among those of the dataset of each cell."""
    parts: list = []
    for cell, rows in zip(cells, places, strict=True):
        times = cell.dataset.times
        if not parts or parts[-1][0] is not times:
            parts.append((times, []))
        parts[-1][1].append(rows)
    first, *rest = (times[np.concatenate(rows)] for times, rows in parts)
    return first.append(rest)
