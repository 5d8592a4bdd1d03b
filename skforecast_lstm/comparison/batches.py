"""Batches of series: parts of a dataset for forecasters that take one series at a time.

A batch is one task and is stored when it is ready, so many series use all workers and an
interruption loses little. A forecaster that learns from several series gets them all.
"""

import functools
import itertools
from dataclasses import replace

import numpy as np

from skforecast_lstm.comparison.datasets import every_series, number_keys

__all__ = ["split"]

# It must not depend on the workers: stored results are those of batches.
_MOST_SERIES = 20
# The first batch is small, because it tells how long a slow forecaster will take.
_FIRST_SERIES = 2


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
    batches = functools.cache(functools.partial(_batches, dataset))
    return {
        name: batches(_most_series(forecaster, dataset))
        for name, forecaster in forecasters.items()
    }


def _most_series(forecaster, dataset):
    """Return the largest number of series in a batch, or None if there is no limit."""
    if of_many := getattr(forecaster, "most_series_in_a_batch", None):
        return of_many
    if dataset.y.index.nlevels == 1:
        learns_from_several = forecaster.get_tag("capability:multivariate")
    else:
        mtypes = np.atleast_1d(forecaster.get_tag("y_inner_mtype"))
        learns_from_several = {"pd-multiindex", "pd_multiindex_hier"} & set(mtypes)
    return None if learns_from_several else _MOST_SERIES


def _batches(dataset, most_series):
    """Return a small part, and parts of about the same number of series."""
    y, X = dataset.y, dataset.X
    is_panel = y.index.nlevels > 1
    numbers, keys = number_keys(y.index)
    n_series = len(keys) if is_panel else y.shape[1]
    if most_series is None or n_series <= most_series:
        return [dataset]
    n_batches = -(-(n_series - _FIRST_SERIES) // most_series)
    bounds = np.linspace(_FIRST_SERIES, n_series, n_batches + 1).round().astype(int)
    bounds = [0, *bounds.tolist()]
    names = every_series(y if is_panel else y.iloc[:1]).names
    n_names = len(names) // n_series
    order = np.argsort(numbers, kind="stable")
    ends = np.append(0, np.bincount(numbers).cumsum())
    parts = []
    for start, end in itertools.pairwise(bounds):
        first, last = names[n_names * start], names[n_names * end - 1]
        if is_panel:
            rows = order[ends[start] : ends[end]]
            # Else each part would have the names of all series with it.
            index = y.index[rows].remove_unused_levels()
            y_part, X_part = (
                None if frame is None else frame.iloc[rows].set_axis(index)
                for frame in (y, X)
            )
        else:
            y_part, X_part = y.iloc[:, start:end], X
        name = f"{dataset.name} ({first} to {last})"
        parts.append(replace(dataset, name=name, y=y_part, X=X_part))
    return parts
