"""Base class of the regressor and the classifier: validation, training, outputs."""

import math
import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import ClassVar, Self

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from skforecast_lstm import training
from skforecast_lstm._categories import (
    find_categories,
    warn_of_unknown_categories,
)
from skforecast_lstm._forks import check_not_forked
from skforecast_lstm._keras_seam import forget_model
from skforecast_lstm._rows import hold_out, select_rows, series_numbers
from skforecast_lstm._scale import Scale
from skforecast_lstm._scale_checks import (
    check_units,
    measure_columns,
    warn_of_lost_digits,
    warn_of_small_or_large_inputs,
    window_measures,
)
from skforecast_lstm._target_checks import check_rows_can_be_weighted
from skforecast_lstm._target_names import describe_targets
from skforecast_lstm._task import (
    Part,
    Task,
    check_weights,
    relative_weights,
    rows_to_train_on,
)
from skforecast_lstm._validation_set import (
    given_validation_set,
    validation_set_named,
    warn_of_other_units,
)
from skforecast_lstm._window_input import ReadsWindows
from skforecast_lstm.networks import (
    CategoryNumbers,
    Members,
    TargetScale,
    WindowDenormalization,
    WindowNormalization,
    recurrent_network,
    weigh_known_targets,
)
from skforecast_lstm.networks.arguments import ColumnPlaces
from skforecast_lstm.networks.layers import find_layer


class _Integers(Interval):
    """Interval of whole numbers, without True and False."""

    def is_satisfied_by(self, value):
        return not isinstance(value, bool) and super().is_satisfied_by(value)


_POSITIVE_INTEGER = _Integers(Integral, 1, None, closed="left")


def default_batch_size(n_rows):
    """Return a batch size that grows with the rows, for about 1,000 batches per epoch."""
    enough = 2 ** math.ceil(math.log2(max(n_rows / 1000, 1)))
    return min(max(32, enough), 1024)


class SequenceEstimator(ReadsWindows):
    """Base class that trains a network on windows.

    Subclasses handle the targets. They define `_encode`, `_check_targets`,
    `_weigh_classes`, `_shape_targets` and `_default_loss`, and a constructor with the
    parameters below and with parameters of `recurrent_network`.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Network to use instead of the one that the parameters above describe: a model or
        a function that returns one. If it is a model, a copy is trained, starting from
        its present weights. A function is called as in SciKeras: with ``meta``,
        ``compile_kwargs`` and ``params`` if it has arguments of these names, and with
        the parameters given as ``model__name``. A compiled model keeps its own loss and
        optimizer.
    loss : str, keras.losses.Loss, class or callable, default=None
        Loss that training minimizes. None means "mean_squared_error" in a regressor and
        the cross-entropy in a classifier.
    optimizer : str, keras.optimizers.Optimizer or class, default="adam"
        Optimizer that minimizes the loss.
    learning_rate : float or schedule, default=0.005
        Learning rate of an optimizer given by name or class. None means Keras's default.
        An optimizer object keeps its own learning rate.
    schedule : {"cosine", "one_cycle"}, default=None
        Change of the learning rate from batch to batch. "cosine" lowers it along a
        cosine. "one_cycle" raises it first and then lowers it. None keeps it constant.
        With a schedule, `partial_fit` continues at a tenth of the learning rate.
    metrics : list, default=None
        Keras metrics to record in `history_`, as names or objects.
    epochs : int, default=None
        Number of passes over the data. None means as many as give about 2,000 batches,
        at least 3 and at most 200.
    n_batches : int, default=None
        Number of batches to train on, instead of `epochs`. The last epoch may be
        incomplete.
    batch_size : int, default=None
        Number of rows in a batch. None means 32 for up to 32,000 rows. For more rows,
        the batch is larger, so that an epoch has about 1,000 batches. It has at most
        1,024 rows.
    shuffle : bool, default=True
        If True, the rows are put into batches in a new random order in each epoch. This
        leaks nothing, because a row sees only its window.
    early_stopping : bool, default=False
        If True, stop when the loss on held-out rows, or on the validation data given to
        `fit`, has not improved for `n_iter_no_change` epochs, and restore the best
        weights.
    validation_fraction : float, default=0.1
        Fraction of the rows to hold out, at the end of each series. Rows are held out
        only with `early_stopping` or with a callback that monitors a ``val_`` metric,
        and only if `fit` gets no validation data (`X_val`, `y_val`). Earlier rows are
        left out of training if their targets share steps with the targets of held-out
        rows.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends training.
    n_members : int, default=1
        Number of networks with different initial weights. The prediction is the mean of
        their outputs. They train on the same batches, one on each core.
    callbacks : callback, class, or list or dict of them, default=None
        Keras callbacks. Classes are instantiated with the parameters given as
        ``callbacks__patience`` or ``callbacks__0__patience``. Objects are copied.
    warm_start : bool, default=False
        If True, `fit` continues from the weights of the previous `fit`. Loss, optimizer,
        learning rate and metrics may change between fits. The network may not.
    random_state : int, RandomState or None, default=None
        Seed for the initial weights, dropout and the order of the rows.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar, 2 prints one line per epoch.
    **routed : dict
        Parameters of nested objects: ``optimizer__clipnorm``, ``loss__delta``,
        ``metrics__...``, ``callbacks__...``, ``compile__...`` and ``model__...``.
    """

    # `recurrent_network` and `training.fit` check the parameters that they get.
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "epochs": [_POSITIVE_INTEGER, None],
        "n_batches": [_POSITIVE_INTEGER, None],
        "batch_size": [_POSITIVE_INTEGER, None],
        "n_iter_no_change": [_POSITIVE_INTEGER],
        "n_members": [_POSITIVE_INTEGER],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), callable, None],
        "bidirectional": ["boolean"],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "warm_start": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    }

    def _set_parameters(self, given):
        """Set the arguments of a constructor, which are its `locals()`, as attributes."""
        parameters = {name: given[name] for name in given if name != "self"}
        routed = parameters.pop("routed")
        vars(self).update(parameters, **routed)

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
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
        X_val : array-like of shape (n_val, n_steps) or (n_val, n_steps, n_features), \
                default=None
            Windows to validate on after each epoch. `history_` gets their loss and
            metrics, and early stopping uses them. Rows with an incomplete window or an
            unknown target are left out. A `Pipeline` with ``transform_input=["X_val"]``
            makes the windows.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets of `X_val`.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weight of each row of `X_val`, relative to the other rows.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        validation = given_validation_set(X_val, y_val, sample_weight_val)
        with self._restore_on_failure():
            return self._train_all_epochs(X, y, sample_weight, validation)

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
        with self._restore_on_failure():
            self._prepare(X, y, None, is_new=True)
        return self

    def _rows_to_train_on(self, X, known_targets, sample_weight, series):
        """Return the rows that are complete enough to train on, and how many are not."""
        return rows_to_train_on(X, known_targets, sample_weight, series)

    def _split(self, windows, rows, series, targets, callbacks):
        """Return the places of rows to train on, and of held-out rows if used."""
        # Optuna's callback has the name in a private attribute.
        monitored = [
            str(getattr(callback, attribute, ""))
            for callback in callbacks
            for attribute in ("monitor", "_monitor")
        ]
        if not any(name.startswith("val_") for name in monitored):
            return range(len(rows)), None
        return hold_out(self.validation_fraction, windows, rows, series, targets)

    def _prepare(
        self,
        X,
        y,
        sample_weight,
        *,
        is_new,
        classes=None,
        callbacks=(),
        validation=None,
    ):
        """Check all inputs and return the task. Build the network if it is `is_new`."""
        check_not_forked()
        self._check_names()
        self._validate_params()
        series = series_numbers(X, y)
        layout = describe_targets(y)
        X, y = self._validate_windows(X, y, reset=is_new)
        y, known = self._encode(y, classes, reset=is_new)
        weights = check_weights(sample_weight, X)
        rows, self.n_left_out_ = self._rows_to_train_on(X, known > 0, weights, series)
        y, known = select_rows(y, rows), select_rows(known, rows)
        self._find_categorical(is_new)
        inputs = measure_columns(select_rows(X[:, -1], rows))
        inputs.spread[list(self._categorical)] = 0
        warn_of_lost_digits("X", inputs)
        warn_of_lost_digits("y", measure_columns(y))
        if self._reads_unscaled_windows():
            warn_of_small_or_large_inputs(inputs)
        if is_new and classes is None:
            self._check_targets(y)
        to_train, held_out = range(len(rows)), None
        if validation is None:
            to_train, held_out = self._split(X, rows, series, y, callbacks)
        if self._categorical:
            self._learn_categories(X, select_rows(rows, to_train), is_new)
        has_gaps = bool((known < 1).any())
        weights = None if weights is None else select_rows(weights, rows)
        weights = self._weigh_classes(y, weights)
        weights = self._relative_weights(weights, known, to_train, held_out)
        own = None
        if validation is not None:
            with validation_set_named():
                own, has_gaps_too = self._prepare_validation(validation, y)
            has_gaps |= has_gaps_too
            newest, newest_val = X[:, -1], own.windows[:, -1]
            warn_of_other_units(
                "X", newest, rows, newest_val, own.rows, self._categorical
            )
            if is_regressor(self):
                warn_of_other_units(
                    "y", y, to_train, own.targets, range(len(own.targets))
                )
        generator = check_random_state(self.random_state)
        seed = int(generator.randint(np.iinfo(np.int32).max))
        training.keep_programs()
        model = self._build(seed) if is_new else self._update_model(seed)
        every = Part(X, rows, self._targets(y, model), weights)
        if is_new:
            model = self._scale_own_network(model, every.at(to_train), seed)
        if weights is not None:
            check_rows_can_be_weighted(model, every.targets)
        if has_gaps:
            weigh_known_targets(model)
        to_validate = None if held_out is None else every.at(held_out)
        if own is not None:
            targets = self._shape_targets(own.targets, model)
            to_validate = replace(own, targets=targets)
        task = Task(every.at(to_train), to_validate, seed)
        if is_new:
            self._set_scales(model, task.to_train)
            self.history_, self._target_layout = {}, layout
        self.model_, self._built_with = model, self._build_parameters()
        return task

    def _find_categorical(self, is_new):
        """Find the positions of the categorical columns, as in the first fit."""
        if is_new:
            names = () if self.categorical_features is None else self.categorical_features
            n_columns = 1 if len(self.X_shape_) == 2 else self.X_shape_[2]
            places = ColumnPlaces(n_columns, self.feature_names if len(names) else None)
            self._categorical = places.positions("categorical_features", names)
            vars(self).pop("categories_", None)

    def _learn_categories(self, windows, rows, is_new):
        """Find the categories, or warn of those that were not there in the first fit."""
        windows = windows.reshape(*windows.shape[:2], -1)
        if is_new:
            self.categories_ = find_categories(windows, rows, self._categorical)
        else:
            warn_of_unknown_categories(
                windows, self._categorical, self.categories_, stacklevel=6
            )

    def _prepare_validation(self, validation, y):
        """Return the rows of the user's validation data, and if targets have gaps.

        The targets are encoded, and not yet in the shape of the outputs.
        """
        X_val, y_val, weights = validation
        series = series_numbers(X_val, y_val)
        X_val, y_val = self._validate_windows(X_val, y_val, reset=False)
        y_val, known = self._encode(y_val, None, reset=False)
        weights = check_weights(weights, X_val)
        rows, _ = self._rows_to_train_on(X_val, known > 0, weights, series)
        y_val, known = select_rows(y_val, rows), select_rows(known, rows)
        weights = None if weights is None else select_rows(weights, rows)
        weights = self._weigh_classes(y_val, weights, like=y)
        weights = self._relative_weights(weights, known, range(len(rows)), None)
        return Part(X_val, rows, y_val, weights), bool((known < 1).any())

    def _relative_weights(self, weights, known, to_train, held_out):
        """Return the weights of the rows in the loss, or None if all are equal."""
        if weights is None and (known < 1).any():
            weights = np.ones(len(known))
        if weights is None:
            return None
        class_weight = getattr(self, "class_weight", None)
        return relative_weights(weights, known, to_train, held_out, class_weight)

    def _train_all_epochs(self, X, y, sample_weight, validation):
        """Train for all epochs, from new weights unless `warm_start` applies."""
        is_new = not (self.warm_start and hasattr(self, "model_"))
        callbacks = self._make_callbacks()
        if self.early_stopping:
            stopping = keras.callbacks.EarlyStopping(
                patience=self.n_iter_no_change, restore_best_weights=True
            )
            callbacks.append(stopping)
        task = self._prepare(
            X,
            y,
            sample_weight,
            is_new=is_new,
            callbacks=callbacks,
            validation=validation,
        )
        self.history_ = {}
        return self._train(task, callbacks)

    def _train_one_epoch(self, X, y, sample_weight, validation, classes=None):
        """Train for one more epoch."""
        is_new = not hasattr(self, "model_")
        callbacks = self._make_callbacks()
        task = self._prepare(
            X,
            y,
            sample_weight,
            is_new=is_new,
            classes=classes,
            callbacks=callbacks,
            validation=validation,
        )
        if is_new or self.schedule is None:
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
        batch_size, enough_epochs = self._batch_size_and_epochs(len(task.to_train.rows))
        first_epoch = len(self.history_.get("loss", ()))
        history = keras.callbacks.History()
        held_out = task.to_validate
        self._has_trained = True
        try:
            training.fit(
                self.model_,
                task.to_train.samples(),
                validation_data=None if held_out is None else held_out.samples(),
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
            self._keep_results(history.history, callbacks)
        return self

    def _keep_results(self, history, callbacks):
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
                f"The loss became {losses[-1]} by epoch {len(losses)}, so predictions "
                "will be useless. Scale X, lower learning_rate or set "
                "optimizer__clipnorm.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _batch_size_and_epochs(self, n_rows):
        """Return the batch size and number of epochs, by default from the data."""
        batch_size = self.batch_size or default_batch_size(n_rows)
        n_batches = math.ceil(n_rows / batch_size)
        epochs = self.epochs
        if epochs is None:
            epochs = min(max(3, math.ceil(2000 / n_batches)), 200)
        return batch_size, epochs

    def _keras_build_fn(self, meta):
        parameters = self._network_parameters()
        parameters["output_activation"] = self._choose_activation()
        return recurrent_network(**parameters, meta=meta)

    def _choose_activation(self):
        return self.output_activation

    def _reads_unscaled_windows(self):
        """Return whether the network is ours and does not normalize its windows."""
        return self.model is None and self.normalization is None

    def _count_outputs(self, model):
        if not hasattr(model, "output_shape"):
            # A subclassed model is built by its first call.
            window = np.zeros((1, *self.X_shape_[1:]), keras.config.floatx())
            return model(window).shape[-1]
        return model.output_shape[-1]

    def _targets(self, y, model):
        """Return the targets of `fit` in the shape of the outputs."""
        return self._shape_targets(y, model)

    def _scale_own_network(self, model, part, seed):
        """Return the network. Only those of regressors have outputs to scale."""
        return model

    def _set_scales(self, model, part):
        """Set the scales of the inputs and targets in the layers of a network."""
        if isinstance(self.model, keras.Model):
            return
        members = find_layer(model, Members)
        network = members.hidden_network() if members else model
        put = members.set_layer_weights if members else keras.Layer.set_weights
        for layer in network.layers:
            if isinstance(layer, TargetScale):
                put(layer, [*Scale.from_targets(part.targets, part.weights)])
            elif isinstance(layer, CategoryNumbers) and self._categorical:
                place = self._categorical.index(layer.column)
                put(layer, [self.categories_[place]])
            elif isinstance(layer, WindowNormalization) and self.model is None:
                put(layer, window_measures(layer, part.windows, part.rows))
            elif isinstance(layer, WindowDenormalization) and self.model is None:
                columns = find_layer(network, WindowNormalization).columns
                if columns is not None:
                    columns = [columns[one] for one in layer.columns]
                check_units(
                    part.windows,
                    part.rows,
                    part.targets,
                    columns or layer.columns,
                    layer.n_each,
                )
