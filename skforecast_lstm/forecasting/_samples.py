"""Sample paths, whose steps depend on each other as the errors of forecasts do."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["FEWEST_PATHS", "levels_of_paths"]

# With fewer paths of errors, their dependence is a guess.
FEWEST_PATHS = 10


def levels_of_paths(
    errors: NDArray, n_samples: int, steps: NDArray, generator: np.random.RandomState
) -> NDArray[np.int64]:
    """Draw sample paths as ranks: (n_samples, n_times, n_targets).

    At each step of each target, every rank from 0 to ``n_samples - 1`` occurs once. So
    the values there are the quantiles, each once. The dependence between steps and
    targets is that of a normal distribution with the rank correlations of the errors.

    Parameters
    ----------
    errors : ndarray of shape (n_paths, n_steps, n_targets)
        Errors of forecasts from some origins, NaN if unknown. At least one step of each
        path is known.
    n_samples : int
        Number of paths to draw.
    steps : ndarray of int of shape (n_series, n_steps)
        Steps of each series, from 1. The times are those of one series after the other.
    generator : RandomState
        Source of random numbers.
    """
    scores = _normal_scores(errors)
    n_paths = len(scores)
    ranks = []
    for own_steps in steps:
        weights = generator.normal(size=(n_samples, n_paths))
        paths = np.tensordot(weights, scores[:, own_steps - 1], axes=1)
        ranks.append(paths.argsort(axis=0).argsort(axis=0))
    return np.concatenate(ranks, axis=1)


def _normal_scores(errors):
    """Return the ranks of errors among those of their step, as normal quantiles.

    An unknown error has the mean score of its path.
    """
    known = ~np.isnan(errors)
    n_known = known.sum(axis=0)
    ranks = np.where(known, errors, np.inf).argsort(axis=0).argsort(axis=0)
    level = (ranks + 0.5) / np.maximum(n_known, 1)
    scores = np.where(known, ndtri(np.minimum(level, 1 - 1e-9)), 0.0)
    n_each = known.sum(axis=(1, 2), keepdims=True)
    mean = scores.sum(axis=(1, 2), keepdims=True) / np.maximum(n_each, 1)
    return np.where(known, scores, mean)
