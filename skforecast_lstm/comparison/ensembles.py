"""Ensembles of the compared forecasters, from the forecasts that these have made."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sktime.forecasting.compose import EnsembleForecaster

from skforecast_lstm.comparison.cells import SECONDS, Cell, align_to
from skforecast_lstm.comparison.datasets import every_series
from skforecast_lstm.comparison.groups import scored

__all__ = ["ENSEMBLES", "ensemble_rows"]

ENSEMBLES = ("mean ensemble", "median ensemble", "weighted ensemble")


class _Rows(NamedTuple):
    """Ensembles of each dataset by name, and their cells and outcomes."""

    ensembles: list[dict]
    cells: list[Cell]
    outcomes: list[dict]


def combined(values, aggregate, weights=None):
    """Return the mean or the median of values over their first axis."""
    if aggregate == "median":
        return np.median(values, axis=0)
    return np.average(values, axis=0, weights=weights)


def combined_bounds(points, bounds, aggregate, weights=None):
    """Return bounds from those of the members that have intervals.

    The bounds are combined like the forecasts. Then they are moved by what the members
    without intervals change in the forecast.

    Parameters
    ----------
    points : list of ndarray
        Forecasts of all members.
    bounds : list of (ndarray or None)
        Bounds of each member, with a last axis for the bounds.
    aggregate : {"mean", "median"}
        How to combine.
    weights : list of float, default=None
        Weights of the members.
    """
    has = [one is not None for one in bounds]
    shares = None if weights is None else np.array(weights)[has]
    kept = [one for one in bounds if one is not None]
    middle = combined(
        [one for one, is_there in zip(points, has, strict=True) if is_there],
        aggregate,
        shares,
    )
    moved = combined(points, aggregate, weights) - middle
    return combined(kept, aggregate, shares) + moved[..., None]


class Ensemble(EnsembleForecaster):
    """sktime's `EnsembleForecaster`, with intervals from those of its members."""

    def __init__(self, forecasters, n_jobs=None, aggfunc="mean", weights=None):
        super().__init__(forecasters, n_jobs=n_jobs, aggfunc=aggfunc, weights=weights)
        has = any(one.get_tag("capability:pred_int") for _, one in self._forecasters)
        self.set_tags(**{"capability:pred_int": has})

    def _predict_interval(self, fh, X, coverage):
        members = self._get_forecaster_list()
        intervals = [
            forecaster.predict_interval(fh=fh, X=X, coverage=coverage)
            if forecaster.get_tag("capability:pred_int")
            else None
            for forecaster in members
        ]
        like = next(one for one in intervals if one is not None)
        variables = like.columns.get_level_values(0).unique()
        points = [
            align_to(forecaster.predict(fh=fh, X=X), like.index, variables).to_numpy()
            for forecaster in members
        ]
        bounds = [
            None
            if one is None
            else align_to(one, like.index, like.columns)
            .to_numpy()
            .reshape(*points[0].shape, -1)
            for one in intervals
        ]
        found = combined_bounds(points, bounds, self.aggfunc, self.weights)
        return pd.DataFrame(found.reshape(like.shape), like.index, like.columns)


def ensemble_rows(datasets, line_ups, outcomes, coverage):
    """Return the ensembles, and their cells and outcomes.

    Parameters
    ----------
    datasets : list of Dataset
        Datasets.
    line_ups : list of dict of str to forecaster
        Compared forecasters of each dataset.
    outcomes : dict of (int, int) to dict of str to list of dict
        Outcomes by number of dataset and window, and then by forecaster, as
        `Plan.by_window` returns them.
    coverage : tuple of float
        Nominal coverages of intervals.

    Returns
    -------
    rows : _Rows
        Unfitted ensembles of each dataset by name, their cells and their outcomes. They
        have no rows if fewer than two forecasters have forecasts in all windows.
    """
    failed = {
        name
        for by_name in outcomes.values()
        for name, results in by_name.items()
        if any(one["error"] is not None for one in results)
    }
    members = [name for name in line_ups[0] if name not in failed]
    rows = _Rows([{} for _ in datasets], [], [])
    if len(members) < 2:
        return rows
    for place, (dataset, line_up) in enumerate(zip(datasets, line_ups, strict=True)):
        windows = [
            _Window([outcomes[place, number][name] for name in members])
            for number in range(len(dataset.windows))
        ]
        ensembles = _ensembles(line_up, members, _weights(dataset, windows))
        rows.ensembles[place].update(ensembles)
        for number, (window, n_train) in enumerate(
            zip(windows, dataset.windows, strict=True)
        ):
            weights = _weights(dataset, windows, number)
            series = every_series(dataset.window(n_train)[0], dataset.prefix)
            for name, ensemble in ensembles.items():
                shares = weights if name == "weighted ensemble" else None
                found = window.combined(ensemble.aggfunc, shares, coverage)
                horizon = dataset.horizon
                rows.outcomes.append(
                    scored(series, found, horizon, horizon, dataset.season_length)
                )
                rows.cells.append(Cell(dataset, name, ensemble, number, coverage, number))
    return rows


def _ensembles(line_up, members, weights):
    """Return the unfitted ensembles of one dataset by name."""
    forecasters = [(name, line_up[name]) for name in members]
    return {
        "mean ensemble": Ensemble(forecasters),
        "median ensemble": Ensemble(forecasters, aggfunc="median"),
        "weighted ensemble": Ensemble(forecasters, weights=weights.tolist()),
    }


def _weights(dataset, windows, number=None):
    """Return the weights of the members: their inverse mean squared scaled error.

    Parameters
    ----------
    dataset : Dataset
        Dataset.
    windows : list of _Window
        All its windows.
    number : int, default=None
        Window to forecast. Only windows that end before its cutoff count. If None, all
        windows count.
    """
    ends = [n_train + dataset.horizon for n_train in dataset.windows]
    limit = ends[-1] if number is None else dataset.windows[number]
    errors = [
        window.squared_errors
        for window, end in zip(windows, ends, strict=True)
        if end <= limit
    ]
    n_members = len(windows[0].squared_errors)
    if not errors:
        return np.full(n_members, 1 / n_members)
    inverse = 1 / np.maximum(np.mean(errors, axis=0), np.finfo(float).eps)
    return inverse / inverse.sum()


class _Window:
    """Forecasts of the members at one window, one series after the other.

    Each member has a list with the outcomes of its batches of series, which come in the
    order of the series.
    """

    def __init__(self, members):
        self._members = members
        errors = [_column(member, "scaled_error") for member in members]
        self.squared_errors = np.mean(np.square(errors), axis=1)

    def combined(self, aggregate, weights, coverage):
        """Return the forecast, the bounds by coverage, and the seconds."""
        points = [_column(member, "forecast") for member in self._members]
        bounds = {}
        for level in coverage:
            names = [f"{side}_{level:g}" for side in ("lower", "upper")]
            of_each = [
                np.stack([_column(member, name) for name in names], axis=-1)
                if names[0] in member[0]["forecasts"]
                else None
                for member in self._members
            ]
            if any(one is not None for one in of_each):
                found = combined_bounds(points, of_each, aggregate, weights)
                bounds[level] = (found[..., 0], found[..., 1])
        seconds = {
            metric: sum(
                one["scores"][metric].sum() for member in self._members for one in member
            )
            for metric in SECONDS
        }
        return combined(points, aggregate, weights), bounds, seconds


def _column(outcomes, name):
    return np.concatenate([one["forecasts"][name] for one in outcomes])
