"""Base class of the regressor and the classifier: validation, training, outputs."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, Self

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skforecast_lstm import training
from skforecast_lstm._checks import check_integer, check_no_times
from skforecast_lstm._copies import own_copy
from skforecast_lstm._forks import check_not_forked
from skforecast_lstm._keras_seam import forget_model
from skforecast_lstm._rows import (
    at_rows,
    complete_rows,
    hold_out,
    places_where,
    series_of,
    warn_of_gaps,
)
from skforecast_lstm._scales import (
    centre_and_spread,
    check_units,
    measures_of,
    usual_measures,
    warn_of_lost_digits,
    warn_of_small_or_large_inputs,
)
from skforecast_lstm._scikeras import KerasWrapper
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.networks import (
    Cell,
    Members,
    TargetScale,
    WindowDenormalization,
    WindowNormalization,
    recurrent_network,
    weigh_known_targets,
)

# Parameters of `keras.Model.compile`. A warm start may change these and "compile".
_COMPILED = ("loss", "optimizer", "metrics", "learning_rate")
_TRAINING = (*_COMPILED, "compile")
NETWORK_PARAMETERS = (
    "units",
    "cell",
    "activation",
    "bidirectional",
    "dropout",
    "recurrent_dropout",
    "dense_units",
    "dense_activation",
    "dense_dropout",
    "output_activation",
    "l2",
    "normalization",
    "segment",
    "branches",
    "feature_names",
)


def default_batch_size(n_rows):
    """Return a batch size that grows with the rows, for about 1,000 batches per epoch."""
    enough = 2 ** math.ceil(math.log2(max(n_rows / 1000, 1)))
    return min(max(32, enough), 1024)


def _is_same(one, other):
    """Return whether two values of a parameter have the same meaning."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            _is_same(one[key], other[key]) for key in one
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if hasattr(one, "get_config") and not isinstance(one, type):
        # Their configurations may leave out values that they compute with.
        from skforecast_lstm.training.recognition import are_equal

        return type(one) is type(other) and are_equal(one, other)
    try:
        return bool(np.all(one == other))
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True)
class _Task:
    """Rows to train on and rows held out, with their targets and weights."""

    windows: np.ndarray
    rows: np.ndarray | range
    targets: np.ndarray
    weights: np.ndarray | None
    learnt: np.ndarray | range
    held_out: np.ndarray | range | None
    seed: int

    def samples(self, places):
        """Return the windows, targets and weights at the given places."""
        targets, weights = self.at(places)
        rows = at_rows(self.rows, places)
        return training.Samples(self.windows, targets, weights, rows=rows)

    def at(self, places):
        """Return the targets and weights at the given places."""
        weights = None if self.weights is None else at_rows(self.weights, places)
        return at_rows(self.targets, places), weights


class SequenceEstimator(KerasWrapper):
    """Base class that trains a network on windows.

    Subclasses handle the targets. They define `_encode`, `_check_targets`,
    `_weigh_classes`, `_targets` and `_default_loss`.
    """

    _network_parameters: tuple[str, ...] = NETWORK_PARAMETERS

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
        self.units = units
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.dense_units = dense_units
        self.dense_activation = dense_activation
        self.dense_dropout = dense_dropout
        self.output_activation = output_activation
        self.l2 = l2
        self.normalization = normalization
        self.segment = segment
        self.branches = branches
        self.feature_names = feature_names
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.metrics = metrics
        self.epochs = epochs
        self.n_batches = n_batches
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_members = n_members
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.__dict__.update(routed)

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train the network on rows with a complete window and a known target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps) or \
                (n_samples, n_steps, n_features)
            Windows, oldest step first. Windows of one feature may have two dimensions.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. Unknown targets (NaN) have weight 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss, relative to the other rows.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        with self._all_or_nothing():
            return self._train_to_the_end(X, y, sample_weight)

    def initialize(self, X: ArrayLike, y: ArrayLike) -> Self:
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
        with self._all_or_nothing():
            self._prepare(X, y, None, anew=True)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    def _validate_windows(self, X, y=None, *, reset):
        """Validate X and y. Keep a view of windows a view, and y unchanged."""
        check_no_times("X", X)
        if y is not None and is_regressor(self):
            check_no_times("y", y)
        X = X if reset else self._with_the_axes_of_fit(X)
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

    def _with_the_axes_of_fit(self, X):
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

    def _check_parameters(self):
        self._check_names()
        for name in ("epochs", "n_batches", "batch_size", "segment"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name), 1)
        for name in ("n_iter_no_change", "n_members"):
            check_integer(name, getattr(self, name), 1)
        fraction = self.validation_fraction
        if not (isinstance(fraction, Real) and 0 < fraction < 1):
            raise ValueError(
                f"validation_fraction must be over 0 and under 1, got {fraction!r}."
            )

    def _rows_to_train_on(self, X, known_targets, sample_weight, series):
        """Return the rows with a complete window, a known target and a weight."""
        complete = complete_rows(X)
        n_incomplete = len(X) - np.count_nonzero(complete)
        usable = complete & known_targets
        self.n_left_out_ = int(len(X) - np.count_nonzero(usable))
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
                f"{n_incomplete} have an incomplete window, "
                f"{len(X) - np.count_nonzero(known_targets)} an unknown target. Give "
                "more rows or a shorter lookback."
            )
        # Do not warn of rows to which the user gave no weight.
        wanted = True if sample_weight is None else sample_weight > 0
        known_targets = known_targets | ~np.broadcast_to(wanted, len(X))
        warn_of_gaps(X, complete, known_targets, series)
        return places_where(usable)

    def _split(self, windows, rows, series, targets, callbacks):
        """Return the places of rows to train on, and of held-out rows if used."""
        monitored = [str(getattr(callback, "monitor", "")) for callback in callbacks]
        if not any(name.startswith("val_") for name in monitored):
            return range(len(rows)), None
        return hold_out(self.validation_fraction, windows, rows, series, targets)

    def _relative(self, weights, known, learnt, held_out):
        """Scale the weights so that their mean over the training rows is 1.

        In this mean, each row is multiplied by the known fraction of its target.
        """
        if not (weights >= 0).all():
            raise ValueError(
                "Weights of classes must not be negative or unknown, got class_weight="
                f"{getattr(self, 'class_weight', None)!r}."
            )
        for what, places in (("train", learnt), ("validate", held_out)):
            if places is not None and not at_rows(weights, places).any():
                raise ValueError(
                    f"None of the {len(places)} rows to {what} on has a weight over 0. "
                    "Change sample_weight, class_weight or validation_fraction."
                )
        # Divide by the largest first, because the sum could overflow.
        weights = weights / weights.max()
        return (weights / at_rows(weights * known, learnt).mean()).astype(
            keras.config.floatx()
        )

    def _prepare(self, X, y, sample_weight, *, anew, classes=None, callbacks=()):
        """Check all inputs and return the task. Build the network if it is `anew`."""
        check_not_forked()
        self._check_parameters()
        series = series_of(X, y)
        X, y = self._validate_windows(X, y, reset=anew)
        y, known = self._encode(y, classes, reset=anew)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
            if (sample_weight < 0).any():
                row = int(np.argmax(sample_weight < 0))
                raise ValueError(
                    f"sample_weight must not be negative, got {sample_weight[row]} at "
                    f"row {row}. Give 0 to leave a row out."
                )
        rows = self._rows_to_train_on(X, known > 0, sample_weight, series)
        y = at_rows(y, rows)
        inputs = measures_of(at_rows(X[:, -1], rows))
        warn_of_lost_digits("X", inputs)
        warn_of_lost_digits("y", measures_of(y))
        if self._learns_from_plain_numbers():
            warn_of_small_or_large_inputs(inputs)
        if anew and classes is None:
            self._check_targets(y)
        weights = None if sample_weight is None else at_rows(sample_weight, rows)
        weights = self._weigh_classes(y, weights)
        known = at_rows(known, rows)
        has_gaps = bool((known < 1).any())
        if has_gaps and weights is None:
            weights = np.ones(len(rows))
        learnt, held_out = self._split(X, rows, series, y, callbacks)
        if weights is not None:
            weights = self._relative(weights, known, learnt, held_out)
        generator = check_random_state(self.random_state)
        seed = int(generator.randint(np.iinfo(np.int32).max))
        training.keep_programs()
        model = self._build(seed) if anew else self._with_new_parameters(seed)
        targets = self._targets(y, model)
        if has_gaps:
            weigh_known_targets(model)
        task = _Task(X, rows, targets, weights, learnt, held_out, seed)
        if anew:
            self._set_scales(model, X, at_rows(rows, learnt), *task.at(learnt))
            self.history_ = {}
        self.model_, self._built_with = model, self._parameters_of_the_build()
        return task

    def _parameters_of_the_build(self):
        """Return the parameters that the network was built and compiled with."""
        names = (*self._network_parameters, "model", "n_members", *_COMPILED)
        routed = tuple(f"{name}__" for name in ("model", "compile", *_COMPILED))
        return {
            name: own_copy(value)
            for name, value in self.get_params(deep=False).items()
            if name in names or name.startswith(routed)
        }

    def _with_new_parameters(self, seed):
        """Return the present network, compiled with the present parameters."""
        now = self._parameters_of_the_build()
        before = getattr(self, "_built_with", now)
        changed = [
            name
            for name in sorted({*now, *before})
            if not _is_same(now.get(name), before.get(name))
        ]
        if not changed:
            return self.model_
        fixed = [name for name in changed if name.split("__")[0] not in _TRAINING]
        if fixed:
            raise ValueError(
                f"{', '.join(fixed)} changed since the network was built, and its "
                "weights are of that network. Fit with warm_start=False for a new one, "
                "or set "
                f"{fixed[0]} back to {before.get(fixed[0])!r}."
            )
        model = self._build(seed)
        self._n_outputs_of(model)
        model.set_weights(self.model_.get_weights())
        if {*changed} <= {"learning_rate", "optimizer__learning_rate"}:
            self._keep_moments(model.optimizer)
        return model

    def _keep_moments(self, optimizer):
        """Copy the state of the previous optimizer, except its learning rate."""
        before = self.model_.optimizer
        if not before.built:
            return
        optimizer.build(self.model_.trainable_variables)
        rates = [id(getattr(one, "learning_rate", None)) for one in (optimizer, before)]
        pairs = (
            [one for one in each.variables if id(one) not in rates]
            for each in (optimizer, before)
        )
        for new, old in zip(*pairs, strict=True):
            new.assign(old)

    @contextmanager
    def _all_or_nothing(self):
        """Restore the state of the previous fit if this fit fails.

        If an interrupt or a lack of memory stops the training, keep its progress.
        """
        before = dict(vars(self))
        model = before.get("model_")
        values = []
        if model is not None:
            optimizer = model.optimizer
            if not optimizer.built:
                optimizer.build(model.trainable_variables)
            values = [
                (one, np.array(keras.ops.convert_to_numpy(one.value)))
                for one in (*model.weights, *optimizer.variables)
            ]
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | MemoryError)
            if not (stopped and getattr(self, "_has_trained", False)):
                vars(self).clear()
                vars(self).update(before)
                for variable, value in values:
                    variable.assign(value)
            raise
        finally:
            vars(self).pop("_has_trained", None)

    def _train_to_the_end(self, X, y, sample_weight):
        """Train for all epochs, from new weights unless `warm_start` applies."""
        anew = not (self.warm_start and hasattr(self, "model_"))
        callbacks = self._own_callbacks()
        if self.early_stopping:
            stopping = keras.callbacks.EarlyStopping(
                patience=self.n_iter_no_change, restore_best_weights=True
            )
            callbacks.append(stopping)
        task = self._prepare(X, y, sample_weight, anew=anew, callbacks=callbacks)
        self.history_ = {}
        return self._train(task, callbacks)

    def _train_one_epoch(self, X, y, sample_weight, classes=None):
        """Train for one more epoch."""
        anew = not hasattr(self, "model_")
        callbacks = self._own_callbacks()
        task = self._prepare(
            X, y, sample_weight, anew=anew, classes=classes, callbacks=callbacks
        )
        if anew or self.schedule is None:
            return self._train(task, callbacks, epochs=1)
        # The initial rate of the schedule would undo its result.
        optimizer = self.model_.optimizer
        rate = float(optimizer.learning_rate)
        optimizer.learning_rate = rate / 10
        try:
            return self._train(task, callbacks, epochs=1)
        finally:
            optimizer.learning_rate = rate

    def _train(self, task, callbacks, epochs=None):
        """Train, and keep the results even if training ends with an error."""
        batch_size, enough_epochs = self._amounts(len(task.learnt))
        first_epoch = len(self.history_.get("loss", ()))
        history = keras.callbacks.History()
        samples = task.samples(task.learnt)
        validation = None if task.held_out is None else task.samples(task.held_out)
        self._has_trained = True
        try:
            training.fit(
                self.model_,
                samples,
                validation_data=validation,
                batch_size=batch_size,
                epochs=first_epoch + (epochs or enough_epochs),
                initial_epoch=first_epoch,
                schedule=None if epochs else self.schedule,
                n_batches=None if epochs else self.n_batches,
                shuffle=self.shuffle,
                seed=task.seed,
                callbacks=[*callbacks, history],
                verbose=self.verbose,
            )
        finally:
            self._keep(history.history, callbacks)
        return self

    def _keep(self, history, callbacks):
        """Set the attributes that describe the training."""
        before = self.history_
        self.history_ = {
            name: [*before.get(name, ()), *history.get(name, ())]
            for name in {**before, **history}
        }
        losses = self.history_.get("loss", [])
        self.n_iter_ = len(losses)
        for callback in callbacks:
            forget_model(callback)
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
        """Return the batch size and number of epochs, by default from the data."""
        batch_size = self.batch_size or default_batch_size(n_rows)
        n_batches = math.ceil(n_rows / batch_size)
        epochs = self.epochs
        if epochs is None:
            epochs = min(max(3, math.ceil(2000 / n_batches)), 200)
        return batch_size, epochs

    def _keras_build_fn(self, meta):
        parameters = {name: getattr(self, name) for name in self._network_parameters}
        parameters["output_activation"] = self._activation_of_output()
        return recurrent_network(**parameters, meta=meta)

    def _activation_of_output(self):
        return self.output_activation

    def _learns_from_plain_numbers(self):
        """Return whether the network is ours and does not normalize its windows."""
        return self.model is None and self.normalization is None

    def _n_outputs_of(self, model):
        if not hasattr(model, "output_shape"):
            # A subclassed model is built by its first call.
            window = np.zeros((1, *self.X_shape_[1:]), keras.config.floatx())
            return model(window).shape[-1]
        return model.output_shape[-1]

    def _set_scales(self, model, windows, rows, targets, weights):
        """Set the scales of the inputs and targets in the layers of a network."""
        if isinstance(self.model, keras.Model):
            return
        members = [layer for layer in model.layers if isinstance(layer, Members)]
        network = members[0].hidden_network() if members else model
        put = members[0].set_weights_of if members else keras.Layer.set_weights
        for layer in network.layers:
            if isinstance(layer, TargetScale):
                put(layer, [*centre_and_spread(targets, weights)])
            elif isinstance(layer, WindowNormalization) and self.model is None:
                put(layer, usual_measures(layer, windows, rows))
            elif isinstance(layer, WindowDenormalization) and self.model is None:
                check_units(windows, rows, targets, layer.columns, layer.n_each)

    def _outputs(self, X):
        """Return the output of the network for every row."""
        check_is_fitted(self, "model_")
        X, _ = self._validate_windows(X, reset=False)
        complete = complete_rows(X)
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
