"""Training and prediction: by the engine, or by Keras as a fallback."""

import random
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._forks import check_not_forked
from skforecast_lstm.training.batches import FollowsCourse, SampleBatches
from skforecast_lstm.training.callbacks import watches_batches
from skforecast_lstm.training.engine_support import (
    are_arrays,
    can_predict,
    can_train,
    can_validate_on,
)
from skforecast_lstm.training.samples import Samples
from skforecast_lstm.training.schedules import (
    Course,
    Schedule,
    check_schedule,
    learning_rate_variable,
)

__all__ = ["fit", "predict"]


def fit(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int | Literal["auto"] = "auto",
    callbacks: Sequence[keras.callbacks.Callback] | None = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    validation_freq: int | Sequence[int] = 1,
    seed: int | None = None,
    schedule: Schedule | None = None,
    n_batches: int | None = None,
    **others: Any,
) -> keras.callbacks.History:
    """Train a compiled Keras model as `keras.Model.fit` does, but faster.

    On JAX, many batches run in one call of the device. All models of the same kind share
    one compiled program. The following cases use `keras.Model.fit` instead: other
    backends, callbacks that run at every batch, models with a custom `train_step`, eager
    execution and data other than NumPy arrays.

    Parameters
    ----------
    model : keras.Model
        Compiled model. It is trained in place.
    x : ndarray, list, tuple or dict of ndarrays, or Samples
        Inputs. Windows may be a view of a series; they are not copied. `Samples` include
        targets and weights.
    y : ndarray, or list, tuple or dict of ndarrays, default=None
        Targets.
    batch_size : int, default=None
        Number of samples per batch. If None, 32.
    epochs : int, default=1
        Number of the epoch at which training stops.
    verbose : int or "auto", default="auto"
        As in `keras.Model.fit`.
    callbacks : sequence of keras.callbacks.Callback, default=None
        Callbacks, called as `keras.Model.fit` calls them.
    validation_split : float, default=0.0
        Fraction of the samples, taken from the end, to hold out for validation.
    validation_data : tuple of arrays or Samples, default=None
        Inputs, targets and optional weights for validation.
    shuffle : bool, default=True
        If True, each epoch has a different random order.
    class_weight : dict, default=None
        Weight of each class.
    sample_weight : ndarray, or list, tuple or dict of ndarrays, default=None
        Weight of each sample.
    initial_epoch : int, default=0
        Number of the epoch at which training starts.
    validation_freq : int or list of int, default=1
        Number of epochs between validations, or a list of the epochs to validate after.
    seed : int, default=None
        Seed of the order of samples. The order of an epoch depends only on this seed and
        the number of the epoch. If None, the seed is drawn from Python's random
        generator, as Keras draws the seeds of layers.
    schedule : {"cosine", "one_cycle"}, default=None
        Schedule of the learning rate. Each batch multiplies the learning rate of the
        optimizer, which must be a float, by a factor that depends on the progress of the
        training. "cosine" falls from 1 to 0.01. "one_cycle" rises from 0.04 to 1 in the
        first 30 % of the batches, then falls to 0.0001. See
        `schedules.learning_rate_factors`. Callbacks see the learning rate without the
        factor, and may set it.
    n_batches : int, default=None
        Number of batches to train on; it replaces `epochs`. Training runs for as many
        epochs as needed, and the last one may be partial. The batches of epochs before
        `initial_epoch` count as done.
    **others : dict
        Other arguments of `keras.Model.fit`. If any is given, Keras's `fit` runs instead
        of the engine.

    Returns
    -------
    history : keras.callbacks.History
        Losses and metrics of each epoch.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skforecast_lstm import training
    >>> series = np.sin(np.arange(100.0))
    >>> windows = np.lib.stride_tricks.sliding_window_view(series[:-1], 5)[..., None]
    >>> model = keras.Sequential([keras.layers.LSTM(2), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> history = training.fit(model, windows, series[5:], epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    """
    check_not_forked()
    is_known = (
        isinstance(x, Samples) or are_arrays((x, y, sample_weight))
    ) and can_validate_on(validation_data)
    has_course = schedule is not None or n_batches is not None
    if has_course:
        _check_course(model, schedule, n_batches)
    if others or not is_known:
        if has_course or isinstance(x, Samples):
            raise ValueError(
                "Samples, schedule and n_batches need NumPy arrays or Samples, to train "
                "and to validate, and no arguments that only Keras has; found x in a "
                f"{type(x).__name__}, validation_data in a "
                f"{type(validation_data).__name__}, and the arguments {sorted(others)}."
            )
        return model.fit(
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            validation_freq=validation_freq,
            **others,
        )
    samples = _samples(x, y, sample_weight, class_weight)
    validation = None
    if validation_data is not None:
        given = validation_data
        validation = given if isinstance(given, Samples) else _samples(*given)
    elif validation_split:
        samples, validation = samples.split(_n_before(len(samples), validation_split))
    if class_weight is not None:
        # Class weights apply only to training samples, not to those held out.
        weights = _weights_of_classes(samples.y, class_weight)
        samples = Samples(samples.x, samples.y, weights, rows=samples.rows)
    callbacks = list(keras.tree.flatten(callbacks)) if callbacks else []
    if not shuffle:
        seed = None
    elif seed is None:
        seed = random.randrange(2**31)
    batch_size = batch_size or 32
    if seed is not None:
        samples = samples.mixed(batch_size, seed)
    epoch_length = -(-len(samples) // batch_size)
    n_batches = epochs * epoch_length if n_batches is None else n_batches
    course = Course(schedule, n_batches, epoch_length)
    arguments: dict[str, Any] = {
        "batch_size": batch_size,
        "seed": seed,
        "course": course,
        "callbacks": callbacks,
        "initial_epoch": initial_epoch,
        "validation_freq": validation_freq,
        "verbose": verbose,
    }
    if can_train(model) and not any(map(watches_batches, callbacks)):
        # Not at the top: other backends need no JAX.
        from skforecast_lstm.training import engine

        return engine.fit(model, samples, validation, **arguments)
    return _fit_by_keras(
        model, samples, validation, follows_course=has_course, **arguments
    )


def predict(model: keras.Model, x: Any, **others: Any) -> Any:
    """Return the outputs of a Keras model, as `keras.Model.predict` does.

    On JAX, one compiled program serves any number of samples.

    Parameters
    ----------
    model : keras.Model
        Trained model.
    x : ndarray, list, tuple or dict of ndarrays, or Samples
        Inputs. Windows may be a view of a series; they are not copied.
    **others : dict
        Other arguments of `keras.Model.predict`. If any is given, Keras's `predict` runs
        instead of the engine.

    Returns
    -------
    outputs : ndarray, or list or dict of ndarrays
        Outputs of each sample.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skforecast_lstm import training
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> training.predict(model, np.zeros((3, 2))).shape
    (3, 1)
    """
    check_not_forked()
    is_known = isinstance(x, Samples) or are_arrays(x)
    if others or not is_known:
        return model.predict(x, **others)
    samples = _samples(x)
    if can_predict(model):
        from skforecast_lstm.training import prediction

        return prediction.predict(model, samples)
    batches = SampleBatches(samples, batch_size=256)
    return model.predict(batches, verbose=0)


def _fit_by_keras(
    model,
    samples,
    validation,
    *,
    batch_size,
    seed,
    course,
    callbacks,
    follows_course,
    **options,
):
    """Train by `keras.Model.fit` on the same batches as the engine."""
    batches = SampleBatches(samples, batch_size=batch_size, seed=seed)
    order = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, _: batches.begin_epoch(epoch)
    )
    if validation is not None:
        validation = SampleBatches(validation, batch_size=batch_size)
    options |= {
        "validation_data": validation,
        "epochs": course.epochs,
        "shuffle": False,
    }
    if not follows_course:
        return model.fit(batches, callbacks=[order, *callbacks], **options)
    if model.steps_per_execution != 1:
        raise ValueError(
            "schedule and n_batches need to see every batch, but the model was compiled "
            f"with steps_per_execution={model.steps_per_execution}. Compile it without."
        )
    is_bar = [isinstance(one, keras.callbacks.ProgbarLogger) for one in callbacks]
    if options["verbose"] and not any(is_bar):
        callbacks.append(keras.callbacks.ProgbarLogger())
    follower = FollowsCourse(course, callbacks)
    try:
        return model.fit(batches, callbacks=[follower, order, *callbacks], **options)
    finally:
        follower.restore()


def _check_course(model, schedule, n_batches):
    """Raise a `ValueError` if the schedule or the number of batches is invalid."""
    if schedule is not None:
        check_schedule(schedule)
        if model.compiled:
            learning_rate_variable(model.optimizer)
    if n_batches is not None and n_batches < 1:
        raise ValueError(f"n_batches must be at least 1, got {n_batches}.")


def _samples(x, y=None, sample_weight=None, class_weight=None):
    """Return the data as `Samples`, still without class weights."""
    if isinstance(x, Samples):
        if any(part is not None for part in (y, sample_weight, class_weight)):
            raise ValueError(
                "x are Samples, which include targets and weights. Give no y, "
                "sample_weight or class_weight beside them."
            )
        return x
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError(
                "sample_weight and class_weight were given. Give sample_weight or "
                "class_weight, not both."
            )
        if not isinstance(y, np.ndarray):
            raise ValueError(
                "class_weight needs a single output, so y must be one array, got a "
                f"{type(y).__name__}. Give sample_weight instead."
            )
    return Samples(x, y, sample_weight)


def _weights_of_classes(y: NDArray, class_weight: dict[int, float]) -> NDArray:
    """Return a weight for each sample, 1 for classes without a weight."""
    if y.ndim > 1:
        y = y.argmax(axis=-1) if y.shape[-1] > 1 else y[..., 0]
    classes, places = np.unique(np.round(y).astype(int), return_inverse=True)
    weights = [class_weight.get(int(one), 1.0) for one in classes]
    return np.array(weights, dtype=keras.config.floatx())[places]


def _n_before(n_samples, validation_split):
    """Return the number of samples left to train on."""
    n_training = int(np.floor(n_samples * (1 - validation_split)))
    if n_training < 1:
        raise ValueError(
            f"validation_split={validation_split} of {n_samples} samples leaves nothing "
            "to train on. Give more samples, or a smaller validation_split."
        )
    return n_training
