"""Regressor that predicts numbers through a classifier of bins."""

from numbers import Integral
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    clone,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import (
    _check_method_params,
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    has_fit_parameter,
)

from skforecast_lstm._checks import check_no_mask
from skforecast_lstm._known_scores import KnownR2Mixin
from skforecast_lstm.estimators import LSTMClassifier
from skforecast_lstm.windows import LookbackWindower

__all__ = ["BinnedRegressor"]


def _quantile_cuts(y, weights, n_bins):
    """Return the cuts for bins with shares of the targets that are as equal as possible.

    A cut lies between two distinct targets. So equal targets stay in one bin, and no bin
    is empty.
    """
    values, ranks = np.unique(y, return_inverse=True)
    shares = np.bincount(ranks, weights).cumsum()
    shares = shares[:-1] / shares[-1]
    wanted = np.arange(1, n_bins) / n_bins
    nearest = np.searchsorted((shares[1:] + shares[:-1]) / 2, wanted)
    return values[np.unique(nearest)]


class BinnedRegressor(MetaEstimatorMixin, KnownR2Mixin, BaseEstimator):
    """Predict a number from the probabilities of the bins in which it may lie.

    The targets are cut into bins, and a classifier learns the bin of each target. The
    probabilities give an expected value and also its uncertainty. This helps if targets
    are widely spread or have two peaks, because then a single number tells little.

    In a pipeline with a :class:`LookbackWindower`, it is the last step, after the
    windows. `X` is passed to the classifier unchanged.

    Parameters
    ----------
    classifier : estimator, default=None
        Classifier with `predict_proba`. None means ``LSTMClassifier()``.
    n_bins : int, default=10
        Number of bins.
    strategy : {"quantile", "uniform"}, default="quantile"
        "quantile" makes bins with equal shares of the targets. If many targets are
        equal, there may be fewer than `n_bins` bins. "uniform" makes bins of equal width
        between the smallest and the largest target.

    Attributes
    ----------
    classifier_ : estimator
        The fitted classifier.
    bin_edges_ : ndarray of shape (n_classes + 1,)
        Edges of the bins: the smallest target, the cuts between bins and the largest
        target. A target on an edge belongs to the bin below, so
        ``np.searchsorted(bin_edges_[1:-1], y)`` returns the bins of new targets.
    bin_means_ : ndarray of shape (n_classes,)
        Mean of the training targets in each bin, or the middle of the bin if it has
        none.
    classes_ : ndarray of int of shape (n_classes,)
        Numbers of the bins, from 0.
    n_features_in_ : int
        Number of features seen by the classifier.
    feature_names_in_ : ndarray of str
        Names of the features seen by the classifier. Defined only if they have names.

    See Also
    --------
    LSTMClassifier : Predicts classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skforecast_lstm import BinnedRegressor
    >>> X = np.linspace(0, 1, 200).reshape(-1, 1)
    >>> y = 30 * X.ravel() ** 2
    >>> regressor = BinnedRegressor(LogisticRegression(C=1000), n_bins=3).fit(X, y)
    >>> regressor.bin_edges_.round()
    array([ 0.,  3., 13., 30.])
    >>> regressor.predict_class([[0.1], [0.9]])
    array([0, 2])
    >>> regressor.predict_quantiles([[0.1], [0.9]], [0.1, 0.9]).round()
    array([[ 0.,  3.],
           [15., 28.]])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "strategy": [StrOptions({"quantile", "uniform"})],
    }

    def __init__(
        self,
        classifier: ClassifierMixin | None = None,
        *,
        n_bins: int = 10,
        strategy: Literal["quantile", "uniform"] = "quantile",
    ) -> None:
        self.classifier = classifier
        self.n_bins = n_bins
        self.strategy = strategy

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Cut the targets into bins, and train the classifier on the bins.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Input of the classifier. For :class:`LSTMClassifier`, these are windows.
        y : array-like of shape (n_samples,)
            Targets. Rows with an unknown target (NaN) are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row. It counts in the shares and means of the bins, and is
            passed to the classifier.
        **fit_params : dict
            Further parameters for `fit` of the classifier. The targets `y_val` of
            validation data are cut into the same bins.

        Returns
        -------
        self : BinnedRegressor
            The fitted regressor.
        """
        classifier = self._check_parameters()
        y = _check_targets(y)
        check_consistent_length(X, y)
        known, weights = ~np.isnan(y), None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, y, ensure_non_negative=True)
            known &= weights > 0
        routed = self._route_parameters(classifier, weights, fit_params)
        before = dict(vars(self))
        try:
            self._make_bins(y[known], None if weights is None else weights[known])
            bins = self._find_bins(y)
            if routed.get("y_val") is not None:
                routed = {**routed, "y_val": self._bins_to_validate(routed["y_val"])}
            if not known.all():
                X, bins, routed = _leave_out_unknown(classifier, X, bins, known, routed)
            self.classifier_ = clone(classifier).fit(X, bins, **routed)
        except BaseException:
            # Otherwise the bins would be new and the classifier from the previous fit.
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the probability of every bin for every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows as in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Probabilities. They are 0 for bins without training targets.
        """
        check_is_fitted(self)
        learnt = np.asarray(self.classifier_.predict_proba(X), dtype=np.float64)
        probabilities = np.zeros((len(learnt), len(self.classes_)))
        probabilities[:, self.classifier_.classes_.astype(int)] = learnt
        # The outputs of a network add up to 1 only in the precision of the network.
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the expected target of every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Means of the bins, weighted by their probabilities.
        """
        return self.predict_proba(X) @ self.bin_means_

    def predict_class(self, X: ArrayLike) -> NDArray[np.int64]:
        """Predict the bin of every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows as in `fit`.

        Returns
        -------
        bins : ndarray of int of shape (n_samples,)
            Number of the most probable bin of each row.
        """
        return self.predict_proba(X).argmax(axis=1)

    def predict_quantiles(
        self, X: ArrayLike, quantiles: float | ArrayLike
    ) -> NDArray[np.float64]:
        """Predict quantiles of the target of every row.

        Targets are assumed to be spread evenly within each bin, so the distribution
        function is piecewise linear. Quantiles never cross.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows as in `fit`.
        quantiles : float or array-like of shape (n_quantiles,)
            Quantile levels from 0 to 1. The quantiles of ``[0.1, 0.9]`` are a range that
            holds 80 % of the targets.

        Returns
        -------
        y : ndarray of shape (n_samples, n_quantiles) or (n_samples,)
            Quantiles of the target, one column per level.
        """
        levels = np.asarray(quantiles, dtype=np.float64)
        if levels.ndim > 1 or not ((levels >= 0) & (levels <= 1)).all():
            raise ValueError(
                "quantiles must be a number or a list of numbers from 0 to 1, got "
                f"{quantiles!r}."
            )
        below = self.predict_proba(X).cumsum(axis=1)
        below[:, -1] = np.where(np.isnan(below[:, -1]), np.nan, 1.0)
        below = np.insert(below, 0, 0.0, axis=1)
        rows, columns = np.arange(len(below)), []
        for level in levels.ravel():
            bins = (below[:, 1:] < level).sum(axis=1)
            before, after = below[rows, bins], below[rows, bins + 1]
            share = np.divide(
                level - before, after - before, np.zeros(len(rows)), where=after != before
            )
            low, high = self.bin_edges_[bins], self.bin_edges_[bins + 1]
            # Rounding may lead beyond the edge, into the next quantile.
            columns.append(np.minimum(low + share * (high - low), high))
        return np.reshape(columns, (*levels.shape, len(rows))).T

    @property
    def n_features_in_(self) -> int:
        """Number of features seen by the classifier."""
        return self.classifier_.n_features_in_

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Names of the features seen by the classifier."""
        return self.classifier_.feature_names_in_

    def get_metadata_routing(self) -> MetadataRouter:
        """Return how metadata are routed to the classifier.

        Returns
        -------
        routing : MetadataRouter
            Metadata routing of scikit-learn.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                classifier=self._given_classifier(),
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._given_classifier())
        tags.input_tags = inner.input_tags
        # Code that finds predict_proba reads these tags, even for a regressor.
        tags.classifier_tags = inner.classifier_tags
        tags.non_deterministic = inner.non_deterministic
        return tags

    def _given_classifier(self):
        return LSTMClassifier() if self.classifier is None else self.classifier

    def _check_parameters(self):
        self._validate_params()
        classifier = self._given_classifier()
        if not hasattr(classifier, "predict_proba"):
            raise TypeError(
                f"{type(classifier).__name__} has no predict_proba. Give a classifier "
                "that has it, or wrap this one in a CalibratedClassifierCV."
            )
        return classifier

    def _route_parameters(self, classifier, weights, fit_params):
        """Return the parameters for `fit` of the classifier."""
        if weights is not None:
            fit_params = {**fit_params, "sample_weight": weights}
        if _routing_enabled():
            return process_routing(self, "fit", **fit_params).classifier.fit
        if weights is not None and not has_fit_parameter(classifier, "sample_weight"):
            raise ValueError(
                f"{type(classifier).__name__} does not accept sample_weight. Leave it "
                "out, or give another classifier."
            )
        return fit_params

    def _make_bins(self, y, weights):
        """Set the edges of the bins and the mean of the targets in each bin."""
        lowest, highest = (y.min(), y.max()) if len(y) else (np.nan, np.nan)
        if not lowest < highest:
            what = f"only the value {lowest}" if len(y) else "no value"
            raise ValueError(
                f"y has {what} in n_samples = {len(y)} rows with a known target and a "
                "weight. Bins need at least two different values."
            )
        if self.strategy == "uniform":
            cuts = np.linspace(lowest, highest, self.n_bins + 1)[1:-1]
        else:
            cuts = _quantile_cuts(y, weights, self.n_bins)
        self.bin_edges_ = np.array([lowest, *cuts, highest])
        self.classes_ = np.arange(len(cuts) + 1)
        bins = self._find_bins(y)
        totals = np.bincount(bins, weights, len(self.classes_))
        weighted = y if weights is None else y * weights
        sums = np.bincount(bins, weighted, len(self.classes_))
        middles = (self.bin_edges_[1:] + self.bin_edges_[:-1]) / 2
        self.bin_means_ = np.divide(sums, totals, out=middles, where=totals > 0)

    def _bins_to_validate(self, y):
        """Return the bins of targets to validate on, NaN for unknown targets."""
        y = _check_targets(y)
        known = ~np.isnan(y)
        return (
            self._find_bins(y)
            if known.all()
            else np.where(known, self._find_bins(y), np.nan)
        )

    def _find_bins(self, y):
        return np.searchsorted(self.bin_edges_[1:-1], y)


def _check_targets(y):
    """Return the targets as a one-dimensional float array."""
    if y is None:
        raise ValueError(
            "BinnedRegressor requires y to be passed, but the target y is None."
        )
    check_no_mask("y", y)
    y = check_array(
        y,
        dtype=np.float64,
        ensure_2d=False,
        ensure_all_finite="allow-nan",
        input_name="y",
    )
    return column_or_1d(y, warn=True)


def _leave_out_unknown(classifier, X, bins, known, params):
    """Leave out rows with an unknown target, or mark them with NaN for LSTMClassifier.

    LSTMClassifier leaves out such rows itself. So windows that are a view of one series
    stay a view.
    """
    steps = isinstance(classifier, Pipeline)
    if isinstance(classifier[-1] if steps else classifier, LSTMClassifier):
        return X, np.where(known, bins, np.nan), params
    # A search or an ensemble may have windows inside.
    parts = classifier.get_params().values()
    if steps or any(isinstance(part, LookbackWindower) for part in parts):
        raise ValueError(
            f"{np.count_nonzero(~known)} rows have no known target or no weight, and "
            "can't be left out before the first step of a pipeline, because other rows "
            "may need them. Put BinnedRegressor at the end of the pipeline."
        )
    rows = np.flatnonzero(known)
    params = _check_method_params(X, params, indices=rows)
    return _safe_indexing(X, rows), bins[rows], params
