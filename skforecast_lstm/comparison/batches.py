"""Batches of series: parts of a dataset for forecasters that take one series at a time.

A batch is one task and is stored when it is ready, so many series use all workers and an
interruption loses little. A forecaster that learns from several series gets them all.
"""

import itertools
from dataclasses import replace

import numpy as np

from skforecast_lstm.comparison.datasets import every_series, number_keys

__all__ = ["split"]

# It must not depend on the workers: stored results are those of batches.
_MOST_SERIES = 20


def split(dataset, forecasters):
    """Return the parts of a dataset for each forecaster.

    Parameters
    ----------
    dataset : Dataset
        Dataset to split.
    forecasters : dict of str to sktime forecaster
        Forecasters by name.

    Returns
    -------
    parts : dict of str to list of Dataset
        Parts for each forecaster: batches of series, or the dataset as a whole.
    """
    batches = None
    parts = {}
    for name, forecaster in forecasters.items():
        if _takes_one_series(forecaster, dataset):
            batches = batches or _batches(dataset)
            parts[name] = batches
        else:
            parts[name] = [dataset]
    return parts


def _takes_one_series(forecaster, dataset):
    """Return True if sktime gives each series to a copy of the forecaster."""
    # This forecaster takes many series for speed, and learns from each alone.
    if getattr(forecaster, "forecasts_each_alone", False):
        return True
    if dataset.y.index.nlevels == 1:
        return not forecaster.get_tag("capability:multivariate")
    return not {"pd-multiindex", "pd_multiindex_hier"} & set(
        np.atleast_1d(forecaster.get_tag("y_inner_mtype"))
    )


def _batches(dataset):
    y, X = dataset.y, dataset.X
    if y.index.nlevels == 1:
        parts = [(y.iloc[:, columns], X) for columns in _ranges(y.shape[1])]
    else:
        numbers, keys = number_keys(y.index)
        order = np.argsort(numbers, kind="stable")
        ends = np.append(0, np.bincount(numbers).cumsum())
        parts = []
        for of in _ranges(len(keys)):
            rows = order[ends[of.start] : ends[of.stop]]
            # Else each part would have the names of all series with it.
            index = y.index[rows].remove_unused_levels()
            parts.append(
                tuple(
                    None if frame is None else frame.iloc[rows].set_axis(index)
                    for frame in (y, X)
                )
            )
    if len(parts) == 1:
        return [dataset]
    return [_part(dataset, y, X) for y, X in parts]


def _ranges(n_series):
    """Return ranges of about the same number of series."""
    n_batches = -(-n_series // _MOST_SERIES)
    ends = np.linspace(0, n_series, n_batches + 1).round().astype(int).tolist()
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def _part(dataset, y, X):
    names = every_series(y.iloc[:1] if y.index.nlevels == 1 else y).names
    first, last = str(names[0]), str(names[-1])
    return replace(dataset, name=f"{dataset.name} ({first} to {last})", y=y, X=X)
