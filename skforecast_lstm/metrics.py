"""Scorers that leave out unknown targets, such as those of steps after the last row."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn import metrics
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

from skforecast_lstm._checks import check_no_mask
from skforecast_lstm._estimator_states import HasState

__all__ = ["get_scorer"]

_ANSWERS = ("decision_function", "predict", "predict_log_proba", "predict_proba")


def get_scorer(
    scoring: str | Callable,
    *,
    multioutput: Literal["uniform_average", "raw_values"] = "uniform_average",
) -> Callable:
    """Get a scorer of scikit-learn that leaves out unknown targets.

    The metrics of scikit-learn refuse a `y` with NaN. The scorer predicts all rows of
    `X`, so that the windows are complete, and gives the metric only the rows with a known
    target. If only some columns of a row are known, each column is scored on its own
    known rows, and the score is the mean of the columns. Without unknown targets, the
    score is that of scikit-learn.

    Parameters
    ----------
    scoring : str or callable
        Name of a scorer, as for :func:`sklearn.metrics.get_scorer`, or a scorer, for
        example of :func:`sklearn.metrics.make_scorer`.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        With "raw_values", the scorer returns a dict: the mean as ``"score"``, and the
        score of each column of `y`, which is each step ahead if `y` comes from
        :func:`horizon_targets`. The keys are the names of the columns, such as
        ``"load_t+1"``, or ``"y0"``, ``"y1"`` and so on without names.

    Returns
    -------
    scorer : callable
        Scorer with the signature ``scorer(estimator, X, y, sample_weight=None)``. It can
        be the `scoring` of `GridSearchCV` and `cross_validate`. A search with
        "raw_values" needs ``refit="score"``, or the key of another column.

    See Also
    --------
    LSTMRegressor : Its `score` leaves out unknown targets too.
    horizon_targets : Makes targets of several steps ahead.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from skforecast_lstm import LookbackWindower, LSTMRegressor
    >>> from skforecast_lstm.metrics import get_scorer
    >>> from skforecast_lstm.targets import horizon_targets
    >>> series = np.sin(np.arange(200) / 4).reshape(-1, 1)
    >>> pipe = make_pipeline(
    ...     LookbackWindower(8, horizon=1), LSTMRegressor(units=8, random_state=0)
    ... ).fit(series, horizon_targets(series, 3))
    >>> scorer = get_scorer("neg_mean_absolute_error", multioutput="raw_values")
    >>> list(scorer(pipe, series, horizon_targets(series, 3)))
    ['score', 'y0', 'y1', 'y2']
    """
    if multioutput not in ("uniform_average", "raw_values"):
        raise ValueError(
            'multioutput must be "uniform_average" or "raw_values", got '
            f"{multioutput!r}. For other averages, give a scorer of make_scorer."
        )
    return _KnownTargetsScorer(metrics.get_scorer(scoring), multioutput)


class _KnownTargetsScorer(HasState):
    """Scorer that leaves out unknown targets."""

    def __init__(self, scorer, multioutput):
        self.scorer = scorer
        self.multioutput = multioutput

    def __repr__(self):
        return f"get_scorer({self.scorer!r}, multioutput={self.multioutput!r})"

    def set_score_request(self, **requests):
        """Request metadata such as ``sample_weight=True``, as in scikit-learn."""
        self.scorer = deepcopy(self.scorer).set_score_request(**requests)
        return self

    def get_metadata_routing(self):
        """Return which metadata the scorer of scikit-learn requests."""
        return get_routing_for_object(self.scorer)

    def __call__(
        self,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Any:
        """Return the score of the known targets, or a dict of scores."""
        part = _Part(self.scorer, estimator, X, y, sample_weight)
        if self.multioutput == "uniform_average":
            return part.score()
        scores = part.scores_of_columns()
        return {"score": part.score(), **scores}


class _Part:
    """Known targets and the predictions for them."""

    def __init__(self, scorer, estimator, X, y, sample_weight):
        self.scorer, self.X, self.y, self.weights = scorer, X, y, sample_weight
        self.estimator, self.answers = estimator, {}
        check_no_mask("y", y)
        self.values = np.asarray(y)
        self.columns = self.values.reshape(len(self.values), -1)
        self.known = ~np.asarray(pd.isna(self.columns))
        if not self.known.any():
            raise ValueError(
                f"None of the {len(self.values)} rows has a known target, so there is "
                "nothing to score. Give more rows."
            )

    def score(self):
        """Return the score of all columns."""
        if self.known.all():
            return self._call(slice(None), self.y)
        are_complete = self.known.all(axis=1)
        if (are_complete == self.known.any(axis=1)).all() or not self._has_columns():
            return self._call(are_complete, _as_one_type(self.values[are_complete]))
        self._check_that_it_is_a_mean()
        return float(np.mean(list(self.scores_of_columns().values())))

    def scores_of_columns(self):
        """Return the score of each column on its known rows."""
        names = getattr(self.y, "columns", None)
        n_columns = self.columns.shape[1]
        if names is None:
            names = [f"y{column}" for column in range(n_columns)]
        if n_columns > 1 and not self._has_columns():
            answer = np.asarray(self.answer("predict"))
            raise ValueError(
                f"y has {n_columns} columns, but the predictions have shape "
                f"{answer.shape}, so the columns can't be scored one by one."
            )
        scores = {}
        for column, name in enumerate(names):
            rows = self.known[:, column]
            if not rows.any():
                raise ValueError(
                    f"Column {name!r} of y has no known value in {len(rows)} rows, so it "
                    "has no score. Give more rows, or leave the column out."
                )
            values = _as_one_type(self.columns[rows, column])
            scores[str(name)] = self._call(rows, values, column)
        return scores

    def answer(self, method):
        """Return the answer of the estimator to all rows."""
        if method not in self.answers:
            self.answers[method] = getattr(self.estimator, method)(self.X)
        return self.answers[method]

    def _has_columns(self):
        """Return whether there is a prediction for each column."""
        return np.shape(self.answer("predict")) == self.columns.shape

    def _check_that_it_is_a_mean(self):
        """Raise unless the scorer returns the mean of the columns.

        Predictions take the places of unknown targets.
        """
        answer = np.asarray(self.answer("predict"))
        filled = np.where(self.known, self.columns, answer).astype(answer.dtype)
        whole = self._call(slice(None), filled)
        scores = [
            self._call(slice(None), filled[:, column], column)
            for column in range(filled.shape[1])
        ]
        if not np.isclose(whole, np.mean(scores), rtol=1e-4, equal_nan=True):
            raise ValueError(
                f"Some rows of y are known only in part, and {self.scorer!r} is not the "
                "mean of the columns. Leave these rows out, or use a scorer with "
                'multioutput="uniform_average".'
            )

    def _call(self, rows, y, column=None):
        given = {}
        if self.weights is not None:
            given["sample_weight"] = np.asarray(self.weights)[rows]
        return self.scorer(_Answers(self, rows, column), self.X, y, **given)


def _as_one_type(values):
    """Return Python objects, such as those of nullable booleans, as an array of a type.

    The metrics of scikit-learn refuse objects other than text.
    """
    if values.dtype != object or values.ndim > 1:
        return values
    return pd.Series(values).infer_objects().to_numpy()


class _Answers:
    """Estimator that answers with some rows, or some rows of one column."""

    def __init__(self, part, rows, column):
        self._part, self._rows, self._column = part, rows, column

    def __getattr__(self, name):
        found = getattr(self._part.estimator, name)
        if name not in _ANSWERS:
            return found

        def answer(_):
            answers = self._part.answer(name)
            # Without a choice of rows, the answer keeps its type.
            if not isinstance(self._rows, slice):
                answers = np.asarray(answers)[self._rows]
            if self._column is not None and np.ndim(answers) == 2 and name == "predict":
                answers = np.asarray(answers)[:, self._column]
            return answers

        answer.__name__ = name
        return answer

    def __sklearn_tags__(self):
        return get_tags(self._part.estimator)
