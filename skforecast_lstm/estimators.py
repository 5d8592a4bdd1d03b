"""LSTMRegressor and LSTMClassifier: scikit-learn outside, networks inside."""

import math
import warnings
from numbers import Integral, Real

import keras
import numpy as np
import pandas as pd
from scikeras.utils import loss_name
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from skforecast_lstm import training
from skforecast_lstm._scikeras import KerasWrapper
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.networks import TargetScale, recurrent_network

__all__ = ["LSTMClassifier", "LSTMRegressor"]

_NETWORK_PARAMETERS = (
    "units",
    "cell",
    "activation",
    "bidirectional",
    "dropout",
    "recurrent_dropout",
    "dense_units",
    "dense_activation",
    "output_activation",
    "l2",
)


def _complete_rows(windows):
    """Which windows have no unknown step; raise if a value can't go to the device.

    Goes step by step, so that a view of windows is never copied as a whole.
    """
    dtype = keras.config.floatx()
    largest = np.finfo(dtype).max
    complete = np.ones(len(windows), dtype=bool)
    for step in range(windows.shape[1]):
        values = windows[:, step].reshape(len(windows), -1)
        complete &= ~np.isnan(values).any(axis=1)
        too_large = np.abs(values) > largest
        if too_large.any():
            row, feature = np.argwhere(too_large)[0]
            raise ValueError(
                f"X contains infinity or a value too large for {dtype}, first at row "
                f"{row}, step {step}, feature {feature}. Replace it by NaN if the value "
                "is unknown, or scale X."
            )
    return complete


def _check_number(name, value, kind, low):
    """Raise unless a number is of its kind and not under its bound."""
    if not isinstance(value, kind) or isinstance(value, bool):
        noun = "an integer" if kind is Integral else "a number"
        raise TypeError(f"{name} must be {noun}, got {value!r}.")
    if not value >= low:
        raise ValueError(f"{name} must be at least {low}, got {value}.")


class _SequenceEstimator(KerasWrapper):
    """What regressor and classifier share: data in, training, outputs."""

    def __init__(
        self,
        units=32,
        *,
        cell="lstm",
        activation="tanh",
        bidirectional=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        dense_units=(),
        dense_activation="relu",
        output_activation=None,
        l2=0.0,
        model=None,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        metrics=None,
        epochs=None,
        batch_size=None,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        callbacks=None,
        warm_start=False,
        random_state=None,
        verbose=0,
        **routed,
    ):
        self.units = units
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.dense_units = dense_units
        self.dense_activation = dense_activation
        self.output_activation = output_activation
        self.l2 = l2
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self._set_routed(routed)

    def fit(self, X, y, sample_weight=None):
        """Train the network on the rows whose window and target are known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, oldest step first: of one series in two dimensions, of many
            features in three.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; unknown ones (NaN) are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss, relative to the others.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        anew = not (self.warm_start and hasattr(self, "model_"))
        return self._train(X, y, sample_weight, anew=anew)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch more, from the weights reached so far.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss, relative to the others.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._train(
            X, y, sample_weight, anew=not hasattr(self, "model_"), one_more=True
        )

    def initialize(self, X, y):
        """Build the network for this data without training it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.

        Returns
        -------
        self : estimator
            The estimator, ready to predict with the weights that the model has.
        """
        self._prepare(X, y, None, anew=True)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    def _validate_windows(self, X, y=None, *, reset):
        """Windows, still a view if they were one, and targets as they came."""
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
        elif X.shape[1:] != self.X_shape_[1:]:
            raise ValueError(
                f"X has windows of shape {X.shape[1:]}, but {type(self).__name__} was "
                f"fitted on windows of shape {self.X_shape_[1:]}. Give the same lookback "
                "and the same features."
            )
        return X, y

    def _check_parameters(self):
        for name in ("epochs", "batch_size"):
            if getattr(self, name) is not None:
                _check_number(name, getattr(self, name), Integral, 1)
        _check_number("n_iter_no_change", self.n_iter_no_change, Integral, 1)
        _check_number("validation_fraction", self.validation_fraction, Real, 0)
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                "validation_fraction must be over 0 and under 1, got "
                f"{self.validation_fraction}."
            )

    def _rows_to_train_on(self, X, known_targets, sample_weight):
        """Rows with a complete window, a known target and a weight."""
        complete = _complete_rows(X)
        usable = complete & known_targets
        self.n_left_out_ = int(len(X) - usable.sum())
        if sample_weight is not None:
            if not (sample_weight > 0).any():
                raise ValueError(
                    "No row has a positive sample_weight, so there is nothing to train "
                    "on."
                )
            usable &= sample_weight != 0
        if not usable.any():
            raise ValueError(
                f"None of the n_samples = {len(X)} rows can be trained on: "
                f"{len(X) - complete.sum()} have an incomplete window, "
                f"{len(X) - known_targets.sum()} an unknown target. Give more rows or a "
                "shorter lookback."
            )
        return np.flatnonzero(usable)

    def _n_validation(self, n_rows, callbacks):
        """How many of the last rows are held out for those who look at them."""
        monitored = [str(getattr(callback, "monitor", "")) for callback in callbacks]
        if not any(name.startswith("val_") for name in monitored):
            return 0
        n_validation = round(n_rows * self.validation_fraction)
        if not 0 < n_validation < n_rows:
            what = "train on" if n_validation else "validate on"
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {n_rows} rows leaves "
                f"nothing to {what}. Change it, or give more rows."
            )
        return n_validation

    def _prepare(self, X, y, sample_weight, *, anew, callbacks=()):
        """Check all that is given, and build the network if it is to be new."""
        self._check_parameters()
        X, y = self._validate_windows(X, y, reset=anew)
        y, known = self._encode(y, reset=anew)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        rows = self._rows_to_train_on(X, known, sample_weight)
        weights = None if sample_weight is None else sample_weight[rows]
        weights = self._weigh_classes(y[rows], weights)
        if weights is not None:
            weights = (weights * (len(rows) / weights.sum())).astype("float32")
        n_validation = self._n_validation(len(rows), callbacks)
        generator = check_random_state(self.random_state)
        seed = int(generator.randint(np.iinfo(np.int32).max))
        if anew:
            self.model_ = self._build(seed)
            self.history_ = {}
            training_part = slice(len(rows) - n_validation)
            self._scale_outputs(
                y[rows][training_part],
                None if weights is None else weights[training_part],
            )
        return X, rows, self._targets(y[rows]), weights, n_validation, seed

    def _train(self, X, y, sample_weight, *, anew, one_more=False):
        """Prepare, train, and keep what was reached however it ends."""
        callbacks = self._own_callbacks()
        if self.early_stopping and not one_more:
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    patience=self.n_iter_no_change, restore_best_weights=True
                )
            )
        X, rows, targets, weights, n_validation, seed = self._prepare(
            X, y, sample_weight, anew=anew, callbacks=callbacks
        )
        first_epoch = len(self.history_.get("loss", ())) if one_more else 0
        batch_size, epochs = self._amounts(len(rows) - n_validation)
        history = keras.callbacks.History()
        try:
            training.fit(
                self.model_,
                X,
                rows,
                targets,
                weights,
                n_validation=n_validation,
                batch_size=batch_size,
                epochs=first_epoch + (1 if one_more else epochs),
                initial_epoch=first_epoch,
                shuffle=np.random.default_rng([seed, first_epoch])
                if self.shuffle
                else None,
                callbacks=[*callbacks, history],
                verbose=self.verbose,
            )
        finally:
            self._keep(history.history, callbacks, one_more)
        return self

    def _keep(self, history, callbacks, one_more):
        """Attributes that tell how the training went."""
        before = self.history_ if one_more else {}
        self.history_ = {
            name: [*before.get(name, ()), *values] for name, values in history.items()
        }
        losses = self.history_.get("loss", [])
        self.n_iter_ = len(losses)
        for callback in callbacks:
            callback.set_model(None)
        self.callbacks_ = callbacks
        if losses and not math.isfinite(losses[-1]):
            warnings.warn(
                f"The loss became {losses[-1]} by epoch {len(losses)}, and predictions "
                "will be of no use. Scale X, lower learning_rate or set "
                "optimizer__clipnorm.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _amounts(self, n_rows):
        """Batch size and number of epochs where they are left to the data."""
        batch_size = self.batch_size
        if batch_size is None:
            enough = 2 ** math.ceil(math.log2(max(n_rows / 1000, 1)))
            batch_size = min(max(32, enough), 1024)
        n_batches = math.ceil(n_rows / batch_size)
        epochs = self.epochs
        if epochs is None:
            epochs = min(max(3, math.ceil(2000 / n_batches)), 200)
        return batch_size, epochs

    def _keras_build_fn(self, meta):
        parameters = {name: getattr(self, name) for name in _NETWORK_PARAMETERS}
        return recurrent_network(**parameters, meta=meta)

    def _scale_outputs(self, y, weights):
        """Start from outputs with the mean and the spread of the targets."""
        if isinstance(self.model, keras.Model):
            return
        for layer in self.model_.layers:
            if isinstance(layer, TargetScale):
                y = y.reshape(len(y), -1)
                centre = np.average(y, axis=0, weights=weights)
                variance = np.average((y - centre) ** 2, axis=0, weights=weights)
                spread = np.sqrt(variance)
                layer.set_weights([centre, np.where(spread > 0, spread, 1.0)])

    def _outputs(self, X):
        """What the network says of every row."""
        check_is_fitted(self, "model_")
        X, _ = self._validate_windows(X, reset=False)
        complete = _complete_rows(X)
        outputs = training.predict(self.model_, X)
        unanswered = ~complete & np.isnan(outputs).reshape(len(X), -1).any(axis=1)
        if unanswered.any():
            warnings.warn(
                f"{unanswered.sum()} of {len(X)} predictions are NaN: their windows have "
                "unknown steps, which this model does not mask. Begin it with "
                "skforecast_lstm.networks.MaskUnknown().",
                UnknownStepsWarning,
                stacklevel=3,
            )
        return outputs


class LSTMRegressor(RegressorMixin, _SequenceEstimator):
    """DOC_REGRESSOR"""

    _default_loss = "mean_squared_error"

    def predict(self, X):
        """Predict the target of every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`. Unknown steps are masked.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted targets.
        """
        outputs = self._outputs(X).astype(self._y_dtype)
        return outputs.reshape(len(outputs), *self._y_shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _encode(self, y, *, reset):
        """Targets as floats, and which of them are known."""
        y = check_array(
            y,
            dtype=[np.float64, np.float32],
            ensure_2d=False,
            ensure_all_finite="allow-nan",
            input_name="y",
        )
        if reset:
            self._y_dtype, self._y_shape = y.dtype, y.shape[1:]
            self.target_type_ = "continuous"
            self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
            self.n_outputs_expected_ = 1
        elif y.shape[1:] != self._y_shape:
            raise ValueError(
                f"y has shape {y.shape}, but LSTMRegressor was fitted on targets of "
                f"shape {(len(y), *self._y_shape)}."
            )
        return y, ~np.isnan(y.reshape(len(y), -1)).any(axis=1)

    def _weigh_classes(self, y, weights):
        return weights

    def _targets(self, y):
        """Targets of the shape that the network puts out."""
        n_outputs = self.model_.output_shape[-1]
        if n_outputs != self.n_outputs_:
            raise ValueError(
                f"y has {self.n_outputs_} columns, but the model has {n_outputs} outputs."
            )
        return y.reshape(len(y), -1).astype(keras.config.floatx())


class LSTMClassifier(ClassifierMixin, _SequenceEstimator):
    """DOC_CLASSIFIER"""

    def __init__(
        self,
        units=32,
        *,
        cell="lstm",
        activation="tanh",
        bidirectional=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        dense_units=(),
        dense_activation="relu",
        output_activation=None,
        l2=0.0,
        model=None,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        metrics=None,
        epochs=None,
        batch_size=None,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        class_weight=None,
        callbacks=None,
        warm_start=False,
        random_state=None,
        verbose=0,
        **routed,
    ):
        super().__init__(
            units=units,
            cell=cell,
            activation=activation,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dense_units=dense_units,
            dense_activation=dense_activation,
            output_activation=output_activation,
            l2=l2,
            model=model,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            metrics=metrics,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            callbacks=callbacks,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
            **routed,
        )
        self.class_weight = class_weight

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch more, from the weights reached so far.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`.
        y : array-like of shape (n_samples,)
            Labels, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels there will be, in the first call; without them, those in `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss, relative to the others.

        Returns
        -------
        self : LSTMClassifier
            The fitted classifier.
        """
        self._announced_classes = classes
        try:
            return super().partial_fit(X, y, sample_weight)
        finally:
            del self._announced_classes

    def predict_proba(self, X):
        """Probability of every class for every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`. Unknown steps are masked.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        outputs = self._outputs(X).astype(np.float64)
        if outputs.shape[1] == 1:
            return np.column_stack([1 - outputs, outputs])
        return outputs

    def predict(self, X):
        """Predict the class of every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`. Unknown steps are masked.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The most probable class of each row.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    @property
    def _default_loss(self):
        two = self.n_classes_ == 2
        return "binary_crossentropy" if two else "sparse_categorical_crossentropy"

    def _encode(self, y, *, reset):
        """Labels as numbers of their classes, and which of them are known."""
        y = column_or_1d(y, warn=True)
        known = ~np.asarray(pd.isna(y))
        if not known.any():
            raise ValueError("y has no known label: every one is missing.")
        check_classification_targets(y[known])
        if reset:
            announced = getattr(self, "_announced_classes", None)
            self.classes_ = np.unique(y[known] if announced is None else announced)
            self.n_classes_ = len(self.classes_)
            self.target_type_ = "binary" if self.n_classes_ == 2 else "multiclass"
            self.n_outputs_ = self.n_outputs_expected_ = 1
        unseen = np.setdiff1d(y[known], self.classes_)
        if len(unseen):
            raise ValueError(
                f"y has labels {list(unseen)} that are not among the classes "
                f"{list(self.classes_)}. Name all classes in the first partial_fit."
            )
        numbers = np.zeros(len(y), dtype=np.int32)
        numbers[known] = np.searchsorted(self.classes_, y[known])
        return numbers, known

    def _weigh_classes(self, y, weights):
        """Weights of rows times those of their classes."""
        present = np.unique(y)
        if len(present) < 2 and not hasattr(self, "_announced_classes"):
            raise ValueError(
                "LSTMClassifier needs at least two classes to train on, got one class: "
                f"{self.classes_[present[0]]!r}."
            )
        if self.class_weight is None:
            return weights
        by_class = compute_sample_weight(self.class_weight, self.classes_[y])
        return by_class if weights is None else weights * by_class

    def _targets(self, y):
        """Labels in the form that the loss of the network reads."""
        n_outputs = self.model_.output_shape[-1]
        if n_outputs == 1:
            return y.reshape(-1, 1).astype(keras.config.floatx())
        if n_outputs != self.n_classes_:
            raise ValueError(
                f"y has {self.n_classes_} classes, but the model has {n_outputs} outputs."
            )
        if "sparse" in loss_name(self.model_.loss):
            return y
        return np.eye(self.n_classes_, dtype=keras.config.floatx())[y]
