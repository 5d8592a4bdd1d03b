"""Checks of the windows that an estimator reads, and its outputs for them."""

import warnings

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skforecast_lstm import training
from skforecast_lstm._categories import warn_of_unknown_categories
from skforecast_lstm._checks import check_no_mask, check_no_times
from skforecast_lstm._refits import RefittableEstimator
from skforecast_lstm._rows import complete_rows
from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = ["ReadsWindows"]


class ReadsWindows(RefittableEstimator):
    """Base class that checks windows and computes the outputs of the network."""

    # Positions of the categorical columns in the windows.
    _categorical: tuple[int, ...] = ()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    def _validate_windows(self, X, y=None, *, reset):
        """Validate X and y. Keep a view of windows a view, and y unchanged."""
        check_no_mask("X", X)
        check_no_mask("y", y)
        check_no_times("X", X)
        if y is not None and is_regressor(self):
            check_no_times("y", y)
        X = X if reset else self._match_axes(X)
        if not reset and getattr(X, "ndim", 0) == 3:
            # Check first, because scikit-learn would count the steps as features.
            self._check_window_shape(X.shape[1:])
        X_params = {
            "dtype": [np.float64, np.float32],
            "allow_nd": True,
            "ensure_all_finite": False,
        }
        y_params = {"ensure_2d": False, "dtype": None, "ensure_all_finite": False}
        if y is None and not reset:
            X = validate_data(self, X, reset=False, **X_params)
        else:
            X, y = validate_data(
                self, X, y, reset=reset, validate_separately=(X_params, y_params)
            )
            check_consistent_length(X, y)
        if X.ndim > 3:
            raise ValueError(
                f"X has {X.ndim} dimensions. Windows of one series have two "
                "(n_samples, n_steps), windows of many features three (n_samples, "
                "n_steps, n_features)."
            )
        if reset:
            self.X_shape_ = X.shape
        self._check_window_shape(X.shape[1:])
        return X, y

    def _match_axes(self, X):
        """Return windows of one column with or without a feature axis, as in `fit`."""
        n_axes = getattr(X, "ndim", 0)
        if len(self.X_shape_) == 3 == n_axes + 1 and self.X_shape_[2] == 1:
            return np.asarray(X)[..., np.newaxis]
        if len(self.X_shape_) == 2 == n_axes - 1 and X.shape[2] == 1:
            return X[..., 0]
        return X

    def _check_window_shape(self, shape):
        if shape != self.X_shape_[1:]:
            raise ValueError(
                f"X has windows of shape {shape} (steps, features), but "
                f"{type(self).__name__} was fitted on windows of shape "
                f"{self.X_shape_[1:]}. Give the same lookback and the same features."
            )

    def _compute_outputs(self, X):
        """Return the output of the network for every row."""
        check_is_fitted(self, "model_")
        X, _ = self._validate_windows(X, reset=False)
        complete = complete_rows(X)
        if self._categorical:
            known = self.categories_
            warn_of_unknown_categories(X, self._categorical, known, stacklevel=4)
        outputs = training.predict(self.model_, X)
        unanswered = ~complete & np.isnan(outputs).reshape(len(X), -1).any(axis=1)
        if unanswered.any():
            warnings.warn(
                f"{unanswered.sum()} of {len(X)} predictions are NaN: their windows have "
                "unknown steps, which this model does not mask. Make "
                "skforecast_lstm.networks.MaskUnknown() its first layer.",
                UnknownStepsWarning,
                stacklevel=3,
            )
        return outputs
