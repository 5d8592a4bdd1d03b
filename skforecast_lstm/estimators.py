"""LSTM estimators for numbers (LSTMRegressor) and for classes (LSTMClassifier)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax
from sklearn.utils.class_weight import compute_sample_weight

from skforecast_lstm._docstrings import share_parameters
from skforecast_lstm._known_scores import KnownAccuracyMixin, KnownR2Mixin
from skforecast_lstm._own_networks import (
    can_be_scaled,
    distance_of_outputs,
    scale_outputs,
    scales_outputs,
    warn_of_distance,
)
from skforecast_lstm._scale_checks import warn_of_small_targets
from skforecast_lstm._scikeras_routing import loss_name
from skforecast_lstm._sequence_estimator import SequenceEstimator
from skforecast_lstm._target_checks import check_labels, check_numbers
from skforecast_lstm._validation_set import given_validation_set
from skforecast_lstm.networks import Cell, QuantileLoss, recurrent_network

__all__ = ["LSTMClassifier", "LSTMRegressor"]


@share_parameters(recurrent_network, SequenceEstimator)
class LSTMRegressor(KnownR2Mixin, SequenceEstimator):
    """Recurrent network that predicts numbers from windows of a time series.

    The input is the windows that :class:`LookbackWindower` makes. `fit` leaves out rows
    with an incomplete window and rows with no known target value. If only some values of
    a target are known, these are used. `predict` masks unknown steps, so every row gets
    a prediction from the steps that are known.

    Parameters
    ----------
    output_activation : str or callable, default=None
        Activation function of the output. If None, the output is linear. It starts with
        the mean and spread of the targets, so the targets need no scaling.

    Attributes
    ----------
    model_ : keras.Model
        Trained network.
    history_ : dict of list
        Loss and metrics in each epoch.
    n_iter_ : int
        Number of epochs trained.
    n_left_out_ : int
        Number of rows that the last `fit` left out because their window was incomplete
        or no value of their target was known.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks that were used in the last fit.
    categories_ : list of ndarray of int
        Categories of each of the `categorical_features`. Defined only if there are any.
    n_features_in_ : int
        Number of steps in a window: the columns of a two-dimensional `X`.
    n_outputs_ : int
        Number of target columns.

    See Also
    --------
    LSTMClassifier : Predicts classes.
    LookbackWindower : Makes the windows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skforecast_lstm import LookbackWindower, LSTMRegressor
    >>> series = np.sin(np.arange(200) / 4).reshape(-1, 1)
    >>> pipe = make_pipeline(
    ...     LookbackWindower(8, horizon=1), LSTMRegressor(units=8, random_state=0)
    ... )
    >>> pipe.fit(series, series).score(series, series) > 0.9
    True
    """

    _default_loss = "mean_squared_error"
    _scales_own_network = False

    def __init__(
        self,
        units: int | Sequence[int] = 32,
        *,
        cell: Cell | Sequence[Cell] = "lstm",
        activation: str | Callable = "tanh",
        bidirectional: bool = False,
        dropout: float | Sequence[float] = 0.0,
        recurrent_dropout: float | Sequence[float] = 0.0,
        dense_units: int | Sequence[int] = (),
        dense_activation: str | Callable = "relu",
        dense_dropout: float | Sequence[float] = 0.0,
        decoder: Literal["dense", "lstm"] = "dense",
        output_activation: str | Callable | None = None,
        l2: float = 0.0,
        normalization: Literal["last", "standard", "relative"] | None = None,
        base: Literal["last", "seasonal", "mixture"] | None = None,
        season_length: int = 1,
        segment: int | None = None,
        target_columns: Sequence[int | str] | None = None,
        categorical_features: Sequence[int | str] | None = None,
        static_features: Sequence[int | str] | None = None,
        n_known: int = 0,
        branches: Sequence[Mapping[str, Any]] | None = None,
        feature_names: Sequence[str] | None = None,
        model: Callable[..., keras.Model] | keras.Model | None = None,
        loss: Any = None,
        optimizer: str | keras.optimizers.Optimizer | type = "adam",
        learning_rate: Any = 0.005,
        schedule: Literal["cosine", "one_cycle"] | None = None,
        metrics: Any = None,
        epochs: int | None = None,
        n_batches: int | None = None,
        batch_size: int | None = None,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        n_members: int = 1,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | Literal["auto"] = 0,
        **routed: Any,
    ) -> None:
        self._set_parameters(locals())

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, starting from the present weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss, relative to the other rows.
        X_val, y_val, sample_weight_val : array-like, default=None
            Windows, targets and weights to validate on, as in `fit`.

        Returns
        -------
        self : LSTMRegressor
            The fitted regressor.
        """
        validation = given_validation_set(X_val, y_val, sample_weight_val)
        with self._restore_on_failure():
            return self._train_one_epoch(X, y, sample_weight, validation)

    def predict(self, X: ArrayLike) -> NDArray:
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
        outputs = self._compute_outputs(X).astype(self._y_dtype)
        return outputs.reshape(len(outputs), *self._y_shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _encode(self, y, classes, *, reset):
        """Return the targets as floats, and the known fraction of each row."""
        y, known = check_numbers(y)
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
        return y, known

    def _keras_build_fn(self, meta):
        loss = keras.tree.flatten(self._get_compile_kwargs()["loss"])[0]
        n_quantiles = len(loss.quantiles) if isinstance(loss, QuantileLoss) else 1
        return recurrent_network(
            **self._network_parameters(), n_quantiles=n_quantiles, meta=meta
        )

    def _call_builder(self, builder):
        """Call the function, and scale the outputs of a network of the user if needed."""
        model = super()._call_builder(builder)
        if self.model is not None and self._scales_own_network:
            return scale_outputs(model, self.X_shape_[1:])
        return model

    def _scale_own_network(self, model, part, seed):
        """Return the network of the user with outputs near the targets, or warn."""
        self._scales_own_network = False
        is_model = isinstance(self.model, keras.Model)
        if self.model is None or (not is_model and scales_outputs(model)):
            return model
        distance = distance_of_outputs(model, part)
        if distance is None:
            return model
        if is_model or not can_be_scaled(model):
            warn_of_distance(distance, is_model)
            return model
        self._scales_own_network = True
        return self._build(seed)

    def _check_targets(self, y):
        """Accept all numbers."""

    def _weigh_classes(self, y, weights, like=None):
        return weights

    def _targets(self, y, model):
        """Return the targets in the shape of the outputs; warn if they are small."""
        targets = super()._targets(y, model)
        if self._reads_unscaled_windows():
            warn_of_small_targets(targets, model)
        return targets

    def _shape_targets(self, y, model):
        """Return the targets in the shape of the network's outputs."""
        n_outputs = self._count_outputs(model)
        if n_outputs != self.n_outputs_:
            raise ValueError(
                f"y has {self.n_outputs_} columns, but the model has {n_outputs} outputs."
            )
        # Keep the precision, because a copy of a view would be many times as large.
        return y.reshape(len(y), -1)


def _activation_name(activation):
    """Return the name of an activation function."""
    if activation is None or isinstance(activation, str):
        return activation and activation.lower()
    return getattr(activation, "__name__", type(activation).__name__)


def _compares_outputs(loss):
    """Return whether a loss compares the outputs of different classes."""
    names = ("categorical", "kl_divergence", "kld", "cosine_similarity")
    return any(name in loss_name(loss) for name in names)


@share_parameters(recurrent_network, SequenceEstimator)
class LSTMClassifier(KnownAccuracyMixin, SequenceEstimator):
    """Recurrent network that predicts classes from windows of a time series.

    The input is the windows that :class:`LookbackWindower` makes. `fit` leaves out rows
    with an incomplete window or an unknown label. `predict` masks unknown steps, so
    every row gets a prediction from the steps that are known.

    Parameters
    ----------
    output_activation : str or callable, default=None
        Activation function of the output. If None, a sigmoid for two classes and a
        softmax for more.
    feature_names : sequence of str, default=None
        Names of the columns of a window. Needed if `branches`, `categorical_features` or
        `static_features` refer to columns by name.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label. "balanced" gives every class the
        same total weight. The class weights are multiplied by `sample_weight`.

    Attributes
    ----------
    model_ : keras.Model
        Trained network.
    history_ : dict of list
        Loss and metrics in each epoch.
    n_iter_ : int
        Number of epochs trained.
    n_left_out_ : int
        Number of rows that the last `fit` left out because their window was incomplete
        or their label was unknown.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks that were used in the last fit.
    categories_ : list of ndarray of int
        Categories of each of the `categorical_features`. Defined only if there are any.
    n_features_in_ : int
        Number of steps in a window: the columns of a two-dimensional `X`.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_classes_ : int
        Number of classes.

    See Also
    --------
    LSTMRegressor : Predicts numbers.
    LookbackWindower : Makes the windows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skforecast_lstm import LookbackWindower, LSTMClassifier
    >>> series = np.sin(np.arange(200) / 4).reshape(-1, 1)
    >>> rises = np.where(np.gradient(series[:, 0]) > 0, "up", "down")
    >>> pipe = make_pipeline(
    ...     LookbackWindower(8, horizon=1), LSTMClassifier(units=8, random_state=0)
    ... )
    >>> pipe.fit(series, rises).score(series, rises) > 0.9
    True
    """

    def __init__(
        self,
        units: int | Sequence[int] = 32,
        *,
        cell: Cell | Sequence[Cell] = "lstm",
        activation: str | Callable = "tanh",
        bidirectional: bool = False,
        dropout: float | Sequence[float] = 0.0,
        recurrent_dropout: float | Sequence[float] = 0.0,
        dense_units: int | Sequence[int] = (),
        dense_activation: str | Callable = "relu",
        dense_dropout: float | Sequence[float] = 0.0,
        output_activation: str | Callable | None = None,
        l2: float = 0.0,
        normalization: Literal["last", "standard", "relative"] | None = None,
        segment: int | None = None,
        categorical_features: Sequence[int | str] | None = None,
        static_features: Sequence[int | str] | None = None,
        n_known: int = 0,
        branches: Sequence[Mapping[str, Any]] | None = None,
        feature_names: Sequence[str] | None = None,
        model: Callable[..., keras.Model] | keras.Model | None = None,
        loss: Any = None,
        optimizer: str | keras.optimizers.Optimizer | type = "adam",
        learning_rate: Any = 0.005,
        schedule: Literal["cosine", "one_cycle"] | None = None,
        metrics: Any = None,
        epochs: int | None = None,
        n_batches: int | None = None,
        batch_size: int | None = None,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        class_weight: dict | Literal["balanced"] | None = None,
        n_members: int = 1,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | Literal["auto"] = 0,
        **routed: Any,
    ) -> None:
        self._set_parameters(locals())

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, starting from the present weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, as in `fit`.
        y : array-like of shape (n_samples,)
            Labels, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All class labels, for the first call. If None, the labels in `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss, relative to the other rows.
        X_val, y_val, sample_weight_val : array-like, default=None
            Windows, targets and weights to validate on, as in `fit`.

        Returns
        -------
        self : LSTMClassifier
            The fitted classifier.
        """
        validation = given_validation_set(X_val, y_val, sample_weight_val)
        with self._restore_on_failure():
            return self._train_one_epoch(X, y, sample_weight, validation, classes)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the probability of every class for every row.

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
        outputs = self._compute_outputs(X).astype(np.float64)
        one = outputs.shape[1] == 1
        if getattr(self.model_.loss, "from_logits", False):
            outputs = expit(outputs) if one else softmax(outputs, axis=1)
        elif (outputs < 0).any() or (outputs > 1.001).any():
            raise ValueError(
                "The outputs of the model are not probabilities: they lie between "
                f"{np.nanmin(outputs):.4g} and {np.nanmax(outputs):.4g}. End it with a "
                "sigmoid or a softmax, or give a loss object with from_logits=True."
            )
        if one:
            return np.column_stack([1 - outputs, outputs])
        # The outputs of a softmax add up to 1 only in the precision of the network.
        return outputs / outputs.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray:
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
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    @property
    def _default_loss(self):
        two = (
            self.n_classes_ == 2 and _activation_name(self.output_activation) != "softmax"
        )
        return "binary_crossentropy" if two else "sparse_categorical_crossentropy"

    def _encode(self, y, classes, *, reset):
        """Return the class number of each label, and a mask of the known labels."""
        y, known = check_labels(y)
        if not reset and classes is not None:
            given = np.unique(classes)
            if not np.array_equal(given, self.classes_):
                raise ValueError(
                    f"classes={given.tolist()} differ from those of the previous fit, "
                    f"{self.classes_.tolist()}. Name all classes in the first "
                    "partial_fit."
                )
        if reset:
            self.classes_ = np.unique(y[known] if classes is None else classes)
            self.n_classes_ = len(self.classes_)
            self.target_type_ = "binary" if self.n_classes_ == 2 else "multiclass"
            self.n_outputs_ = self.n_outputs_expected_ = 1
        unseen = np.setdiff1d(y[known], self.classes_)
        if len(unseen):
            raise ValueError(
                f"y has labels {unseen.tolist()} that are not among the classes "
                f"{self.classes_.tolist()}. Name all classes in the first partial_fit."
            )
        numbers = np.zeros(len(y), dtype=np.int32)
        numbers[known] = np.searchsorted(self.classes_, y[known])
        return numbers, known

    def _choose_activation(self):
        """Return a softmax if the loss compares the outputs of the classes."""
        given = self.output_activation
        two = self.n_classes_ == 2
        name = _activation_name(given)
        if two and self.loss is not None and _compares_outputs(self._make("loss")):
            if name not in (None, "softmax"):
                raise ValueError(
                    f"The loss {self.loss!r} compares the outputs of the classes, but "
                    f"output_activation={given!r} gives only one output for two classes. "
                    "Leave out output_activation, or give 'softmax'."
                )
            return given or "softmax"
        from_logits = getattr(self._make("loss"), "from_logits", False)
        expected = ("linear",) if from_logits else (None, "sigmoid", "softmax")
        is_known = name is None or hasattr(keras.activations, name)
        if is_known and name not in expected:
            raise ValueError(
                f"output_activation={given!r} does not fit the loss {self.loss!r}. A "
                "loss with from_logits=True needs output_activation='linear', and other "
                "losses need 'sigmoid' or 'softmax'."
            )
        return given

    def _check_targets(self, y):
        present = np.unique(y)
        if len(present) < 2:
            raise ValueError(
                "LSTMClassifier needs at least two classes to train on, got one class: "
                f"{self.classes_[present].tolist()[0]!r}."
            )

    def _weigh_classes(self, y, weights, like=None):
        """Multiply the weights of the rows by the weights of their classes.

        "balanced" counts the classes in `like`, or in `y` itself.
        """
        if self.class_weight is None:
            return weights
        counted = None
        every = y if like is None else np.concatenate([y, like])
        if like is not None and isinstance(self.class_weight, str):
            counted = np.arange(len(y), len(every))
        by_class = compute_sample_weight(
            self.class_weight, self.classes_[every], indices=counted
        )[: len(y)]
        return by_class if weights is None else weights * by_class

    def _shape_targets(self, y, model):
        """Return the labels in the form that the loss of the network needs."""
        n_outputs = self._count_outputs(model)
        if n_outputs == 1 and (self.n_classes_ > 2 or _compares_outputs(model.loss)):
            raise ValueError(
                f"The model has one output, which can't distinguish {self.n_classes_} "
                f"classes with the loss {model.loss!r}. Give it one output for each "
                "class and a softmax, or give another loss."
            )
        if n_outputs == 1:
            return y.reshape(-1, 1).astype(keras.config.floatx())
        if n_outputs != self.n_classes_:
            raise ValueError(
                f"y has {self.n_classes_} classes, but the model has {n_outputs} outputs."
            )
        if "sparse" in loss_name(model.loss):
            return y
        return np.eye(self.n_classes_, dtype=keras.config.floatx())[y]
