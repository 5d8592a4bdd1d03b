"""Training engine: Keras's loop over epochs, with many batches per call of the device."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm.training.batches import SampleBatches
from skforecast_lstm.training.programs import Programs
from skforecast_lstm.training.recognition import joins_rows
from skforecast_lstm.training.samples import ROOM_TO_PREDICT, Samples
from skforecast_lstm.training.schedules import Course

__all__ = ["fit", "predict"]

# Windows per prediction batch. Few on a CPU, so that one window is quick too.
PREDICTION_BATCH = {"cpu": 64}


class _Variables:
    """Groups of model variables that a program reads and updates."""

    def __init__(self, *groups: list) -> None:
        self.groups = groups

    def read(self) -> tuple:
        return tuple([variable.value for variable in group] for group in self.groups)

    def write(self, values: tuple) -> None:
        for group, part in zip(self.groups, values, strict=True):
            for variable, value in zip(group, part, strict=True):
                variable.assign(value)


class _Data:
    """Samples on the device: kept there if they fit, else loaded block by block."""

    def __init__(self, samples: Samples, batch_size: int, *, filled: bool) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self.filled = filled
        self.blocks = samples.blocks(batch_size)
        self.n_batches = -(-len(samples) // batch_size)
        self._kept = self._put(self.blocks[0]) if len(self.blocks) == 1 else None

    def epoch(
        self,
        seed: int | None,
        epoch: int,
        n_batches: int | None = None,
        factors: NDArray | None = None,
    ) -> Iterator[tuple[int, dict, NDArray]]:
        """Yield the number of rows to use, the data and the row order of each block."""
        left = self.n_batches if n_batches is None else n_batches
        for block, order in self.samples.epoch(self.blocks, seed, epoch):
            if not left:
                return
            loaded = self._kept or self._put(block)
            n_rows = len(block)
            filled = np.zeros(len(loaded["rows"]) + self.batch_size, np.int32)
            filled[:n_rows] = np.arange(n_rows) if order is None else order
            # Pad the last batch with its own first row: finite values stay finite.
            filled[n_rows:] = filled[(n_rows - 1) // self.batch_size * self.batch_size]
            n_here = min(-(-n_rows // self.batch_size), left)
            left -= n_here
            by_row = None
            if factors is not None:
                by_row = np.zeros(len(filled), np.float32)
                here, factors = factors[:n_here], factors[n_here:]
                by_row[: n_here * self.batch_size] = here.repeat(self.batch_size)
            n_taken = min(n_rows, n_here * self.batch_size)
            yield n_taken, {**loaded, "factors": by_row}, filled

    def _put(self, block):
        loaded = self.samples.load(block)
        loaded["shares"] = None
        if self.filled:
            n_rows = len(block)
            shares = np.zeros(len(loaded["rows"]) + self.batch_size, np.float32)
            shares[:n_rows] = 1
            n_last = n_rows % self.batch_size
            if n_last:
                shares[n_rows - n_last : n_rows] = self.batch_size / n_last
            loaded["shares"] = shares
        return jax.device_put(loaded)


@contextmanager
def _saying_what_to_do():
    """Raise a `MemoryError` if the device runs out of memory."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise MemoryError(
            "The device has no memory left. The model keeps what it had reached. Lower "
            "batch_size, the number of units or the lookback."
        ) from error


def fit(
    model: keras.Model,
    samples: Samples,
    validation: Samples | None,
    *,
    batch_size: int,
    course: Course,
    initial_epoch: int,
    seed: int | None,
    callbacks: Sequence[keras.callbacks.Callback],
    validation_freq: int | Sequence[int],
    verbose: int | str,
) -> keras.callbacks.History:
    """Train a compiled Keras model on JAX as `keras.Model.fit` does, in few calls.

    The parameters are those of `training.fit`, already checked and complete. The course
    gives the number of batches and their learning rates.
    """
    hooks = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=course.epochs,
        steps=course.epoch_length,
    )
    loop = _Loop(model, samples, validation, batch_size, course, hooks.callbacks)
    logs: dict[str, Any] = {}
    finished = False
    model.stop_training = False
    hooks.on_train_begin()
    try:
        for epoch in range(model._initial_epoch or initial_epoch, course.epochs):
            for bar in loop.bars:
                bar.target = len(course.batches(epoch))
            hooks.on_epoch_begin(epoch)
            logs = loop.train(epoch, seed)
            if validation is not None and model._should_eval(epoch, validation_freq):
                hooks.on_test_begin()
                results = loop.evaluate()
                hooks.on_test_end(results)
                logs |= {f"val_{name}": value for name, value in results.items()}
            hooks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        finished = True
    finally:
        loop.give_back()
        # Before the first batch, the moving average of the weights is zero.
        if loop.has_trained:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        if finished:
            hooks.on_train_end(logs)
    return model.history


def predict(model: keras.Model, samples: Samples) -> Any:
    """Return the outputs of a Keras model on JAX for all samples.

    Parameters
    ----------
    model : keras.Model
        A built model.
    samples : Samples
        Inputs to predict from.

    Returns
    -------
    outputs : ndarray, or list or dict of ndarrays
        As `keras.Model.predict` gives them.
    """
    if joins_rows(model):
        # The outputs of a row depend on the other rows in its batch.
        return model.predict(SampleBatches(samples), verbose=0)
    batch_size = PREDICTION_BATCH.get(jax.default_backend(), 1024)
    state = _Variables(model.trainable_variables, model.non_trainable_variables).read()
    known = Programs(model, training=False)
    parts = []
    for block in samples.chunks():
        loaded = samples.load(block, ROOM_TO_PREDICT)
        program = known.prediction(state, loaded, batch_size)
        if program.changes_model:
            # The next batch needs the state that this one leaves, such as seeds.
            return model.predict(SampleBatches(samples), verbose=0)
        outputs = program(state, loaded, np.int32(len(block)))
        parts.append(jax.tree.map(partial(_first, len(block)), outputs))
    return jax.tree.map(lambda *pieces: np.concatenate(pieces), *parts)


def _first(n_rows, outputs):
    return np.asarray(outputs)[:n_rows]


class _Loop:
    """State of a fit on the device: model variables, data and compiled programs."""

    def __init__(self, model, samples, validation, batch_size, course, callbacks):
        self.model = model
        self.course = course
        self.batch_size = batch_size
        some = samples.take(np.zeros(min(batch_size, len(samples)), int))
        model._symbolic_build(data_batch=tuple(part for part in some if part is not None))
        self.programs = Programs(model, training=True)
        filled = self.programs.fills_batches
        self.samples = _Data(samples, batch_size, filled=filled)
        self.validation = None
        if validation is not None:
            self.validation = _Data(validation, batch_size, filled=filled)
        silent = (keras.callbacks.History, keras.callbacks.ProgbarLogger)
        self.watched = not all(isinstance(one, silent) for one in callbacks)
        bar = keras.callbacks.ProgbarLogger
        self.bars = [one for one in callbacks if isinstance(one, bar)]
        model.reset_metrics()
        self.variables = _Variables(
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
        )
        self.metrics = _Variables(model.metrics_variables)
        (self.no_metrics,) = self.metrics.read()
        self.values = None
        self.has_trained = False

    def train(self, epoch, seed):
        """Train for one epoch and return the results of the metrics."""
        self._take()
        metrics, done = self.no_metrics, 0
        # Keras checks `stop_training` only after a batch, so at least one batch runs.
        n_batches = 1 if self.model.stop_training else len(self.course.batches(epoch))
        factors = self.course.factors(epoch)
        for n_rows, *data in self.samples.epoch(seed, epoch, n_batches, factors):
            for stop, state, logs in self._sweep((*self.values, metrics), n_rows, *data):
                *values, metrics = state
                self.values, self.has_trained = tuple(values), True
                for bar in self.bars:
                    batch = -(-(done + stop) // self.batch_size) - 1
                    bar.on_train_batch_end(batch, jax.device_get(logs))
            done += n_rows
        if self.watched:
            self.metrics.write((metrics,))
        return self._give(logs)

    def evaluate(self):
        """Return the results of the metrics on the validation samples."""
        self._take()
        trained, fixed, optimizer = self.values
        metrics = self.no_metrics
        for n_rows, *data in self.validation.epoch(None, 0):
            for _, state, logs in self._sweep((trained, fixed, metrics), n_rows, *data):  # noqa: B007
                _, fixed, metrics = state
        self.values = trained, fixed, optimizer
        if self.watched:
            self.metrics.write((metrics,))
        return self._give(logs)

    def give_back(self):
        """Write the current values from the device back to the model."""
        if self.values is not None:
            self.variables.write(self.values)
            self.values = None

    def _take(self):
        if self.values is None:
            self.values = self.variables.read()

    def _give(self, logs):
        """Return the results; update the model first if a callback may read it."""
        if self.watched:
            self.give_back()
        return jax.device_get(logs)

    def _sweep(self, state, n_rows, block, order):
        """Run batches in groups; yield rows done, state and metrics after each group."""
        whole = (
            n_rows if self.programs.fills_batches else n_rows - n_rows % self.batch_size
        )
        for size, first, end in (
            (self.batch_size, 0, whole),
            (n_rows - whole, whole, n_rows),
        ):
            if first == end:
                continue
            program = self.programs.sweep(state, block, order, size)
            while first < end:
                stop = min(first + program.n_batches * size, end)
                began = time.perf_counter()
                with _saying_what_to_do():
                    state, logs = program(
                        state, block, order, np.int32(first), np.int32(stop)
                    )
                    jax.block_until_ready(logs)
                program.note(-(-(stop - first) // size), time.perf_counter() - began)
                yield stop, state, logs
                first = stop
