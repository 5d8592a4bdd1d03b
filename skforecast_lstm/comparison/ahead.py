"""Forecast of what comes next, by one of the compared forecasters on all rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from skforecast_lstm._time_steps import times_after
from skforecast_lstm.comparison.cells import align_to, bound_of, quiet
from skforecast_lstm.comparison.datasets import every_series, number_keys

__all__ = ["fit_on_all_rows", "forecast_ahead"]


def forecast_ahead(tasks, name, X, coverage):
    """Fit a forecaster on all rows of each dataset, and forecast the next steps.

    Parameters
    ----------
    tasks : tuple of (Dataset, dict of str to forecaster)
        Datasets and their unfitted forecasters by name.
    name : str
        Name of the forecaster.
    X : DataFrame, dict of str to DataFrame, or None
        Features of the steps to forecast.
    coverage : list of float
        Nominal coverages of the intervals.

    Returns
    -------
    forecast : DataFrame
        One row per series and step.
    """
    parts = []
    with quiet():
        for dataset, by_name in tasks:
            of_one = X.get(dataset.name) if isinstance(X, Mapping) else X
            features = _features_ahead(dataset, of_one)
            forecaster = fit_on_all_rows(dataset, by_name[name])
            parts.append(_forecast(dataset, forecaster, features, coverage))
    return pd.concat(parts, ignore_index=True)


def fit_on_all_rows(dataset, forecaster):
    """Return a copy of a forecaster, fitted on all rows of a dataset."""
    with quiet():
        horizon = np.arange(1, dataset.horizon + 1)
        return forecaster.clone().fit(dataset.y, X=dataset.X, fh=horizon)


def _forecast(dataset, forecaster, X, coverage):
    horizon = dataset.horizon
    found = pd.DataFrame(forecaster.predict(X=X))
    found = align_to(found, found.index, dataset.y.columns)
    points = every_series(found, dataset.prefix)
    names = points.names
    table = {
        "dataset": np.repeat(np.array(names, dtype=object), horizon),
        "time": np.tile(times_after(dataset.times, horizon), len(names)),
        "step": np.tile(np.arange(1, horizon + 1), len(names)),
        "forecast": points.values[:, 0],
    }
    if coverage and forecaster.get_tag("capability:pred_int"):
        intervals = forecaster.predict_interval(X=X, coverage=list(coverage))
        for level in coverage:
            for side in ("lower", "upper"):
                bound = bound_of(intervals, level, side, found.index, found.columns)
                table[f"{side}_{level:g}"] = every_series(bound).values[:, 0]
    return pd.DataFrame(table)


def _features_ahead(dataset, X):
    """Return the features of the steps to forecast, with the index of the dataset."""
    if dataset.X is None:
        return None
    columns = list(dataset.X.columns)
    what = f"the next {dataset.horizon} times of {dataset.name!r}"
    if X is None:
        raise ValueError(f"Give X with the features of {what}: {', '.join(columns)}.")
    times = times_after(dataset.times, dataset.horizon)
    expected = _of_each_series(dataset.y.index, times)
    is_complete = X.index.is_unique and len(X) == len(expected)
    places = X.index.get_indexer(expected) if is_complete else np.array([-1])
    if (places < 0).any():
        each = " of each series" if expected.nlevels > 1 else ""
        raise ValueError(
            f"X must have the rows of {what}{each}, {times[0]} to {times[-1]}, and no "
            "others."
        )
    if missing := [column for column in columns if column not in X]:
        raise ValueError(f"X has no column {missing[0]!r}.")
    steps = times_after(dataset.steps, dataset.horizon)
    return X[columns].iloc[places].set_axis(_of_each_series(dataset.y.index, steps))


def _of_each_series(index, times):
    """Return an index of these times for each series of an index, in its order."""
    if index.nlevels == 1:
        return times
    labels = [(*key, time) for key in number_keys(index)[1] for time in times]
    return pd.MultiIndex.from_tuples(labels, names=index.names)
