"""Importance of the columns of windows, by permutation."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_consistent_length, check_random_state

from skforecast_lstm._checks import check_integer
from skforecast_lstm.inspection._drawing import nested_estimators
from skforecast_lstm.inspection._windows import windows_at_end

__all__ = ["permutation_importance"]


def permutation_importance(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    n_repeats: int = 5,
    scoring: str | Callable | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Measure how much worse an estimator scores without each column of its windows.

    A column is permuted across rows as a whole: all its steps in a window move together.
    This is `sklearn.inspection.permutation_importance` for windows. Columns that carry
    the same information can replace each other, so each may seem unimportant.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator of windows, or a pipeline or search that ends in one.
    X : array-like
        Windows of shape (n_samples, n_steps, n_columns), or the input of the pipeline.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    n_repeats : int, default=5
        Number of permutations of each column.
    scoring : str or callable, default=None
        Score, as in scikit-learn. If None, the `score` of the estimator, which is that
        of `scoring` for a search.
    random_state : int or RandomState, default=None
        Seed of the permutations.

    Returns
    -------
    result : Bunch
        `importances`, of shape (n_columns, n_repeats): the score of `X` minus the score
        with the column permuted. `importances_mean` and `importances_std`: their mean
        and standard deviation over the repeats.

    See Also
    --------
    window_attributions : Steps and columns that single forecasts came from.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm import LSTMRegressor
    >>> from skforecast_lstm.inspection import permutation_importance
    >>> X = np.random.default_rng(0).normal(size=(200, 4, 3))
    >>> y = X[:, -2, 1]
    >>> lstm = LSTMRegressor(units=8, epochs=30, random_state=0).fit(X, y)
    >>> result = permutation_importance(lstm, X, y, random_state=0)
    >>> int(result.importances_mean.argmax())
    1
    """
    check_integer("n_repeats", n_repeats, 1)
    if isinstance(scoring, (list, tuple, set, dict)):
        raise ValueError(f"scoring must be one score, got {scoring!r}.")
    scoring = _scoring_of_search(estimator) if scoring is None else scoring
    estimator, windows = windows_at_end(estimator, X)
    check_consistent_length(windows, y)
    scorer = check_scoring(estimator, scoring)
    generator = check_random_state(random_state)
    score = scorer(estimator, windows, y)
    importances = np.empty((windows.shape[2], n_repeats))
    for column in range(windows.shape[2]):
        permuted = windows.copy()
        for repeat in range(n_repeats):
            order = generator.permutation(len(windows))
            permuted[:, :, column] = windows[order, :, column]
            importances[column, repeat] = score - scorer(estimator, permuted, y)
    return Bunch(
        importances=importances,
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
    )


def _scoring_of_search(estimator):
    """Return the scorer by which a search chose, or None if there is no search."""
    for one in nested_estimators(estimator):
        if not hasattr(one, "scorer_"):
            continue
        scorer, refit = one.scorer_, one.refit
        if not getattr(one, "multimetric_", False):
            return scorer
        if not isinstance(refit, str):
            raise ValueError(
                f"{type(one).__name__} has several scores, and chose by none of them "
                f"alone (refit={refit!r}). Give scoring."
            )
        if isinstance(scorer, dict):
            return scorer[refit]
        return lambda *given: scorer(*given)[refit]
    return None
