"""Methods `score` of estimators, which leave out unknown targets."""

from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, RegressorMixin

from skforecast_lstm.metrics import get_scorer

__all__ = ["KnownAccuracyMixin", "KnownR2Mixin"]


class KnownR2Mixin(RegressorMixin):
    """Regressor that is scored on the known targets."""

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination of the predictions.

        Unknown targets are left out, as by :func:`skforecast_lstm.metrics.get_scorer`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            R², or its mean over the columns of `y`.
        """
        return get_scorer("r2")(self, X, y, sample_weight)


class KnownAccuracyMixin(ClassifierMixin):
    """Classifier that is scored on the known labels."""

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the share of rows with the true class. Unknown labels are left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows as in `fit`.
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            Accuracy.
        """
        return get_scorer("accuracy")(self, X, y, sample_weight)
