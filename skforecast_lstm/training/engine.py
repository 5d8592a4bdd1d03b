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

from skforecast_lstm._keras_seam import build_to_train, first_epoch, is_validated
from skforecast_lstm.training import meeting
from skforecast_lstm.training.blocks import DeviceBlock
from skforecast_lstm.training.cores import check_not_stopped, map_on_cores, n_cores
from skforecast_lstm.training.members import Parts
from skforecast_lstm.training.programs import Programs
from skforecast_lstm.training.samples import Samples
from skforecast_lstm.training.schedules import Course
from skforecast_lstm.training.steps import State, assign, model_variables, read

__all__ = ["Training", "fit"]


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
    run = Training(
        model,
        samples,
        validation,
        batch_size=batch_size,
        course=course,
        seed=seed,
        callbacks=hooks.callbacks,
    )
    with meeting.taking_part():
        return _train(run, hooks, initial_epoch, validation, validation_freq)


def _train(run, hooks, initial_epoch, validation, validation_freq):
    """Run the epochs and the callbacks, and write the values back to the model."""
    model, course = run.model, run.course
    logs: dict[str, Any] = {}
    finished = False
    model.stop_training = False
    hooks.on_train_begin()
    try:
        for epoch in range(first_epoch(model, initial_epoch), course.epochs):
            for bar in run.bars:
                bar.target = len(course.batches(epoch))
            hooks.on_epoch_begin(epoch)
            logs = run.train_epoch(epoch)
            if validation is not None and is_validated(model, epoch, validation_freq):
                hooks.on_test_begin()
                results = run.evaluate()
                hooks.on_test_end(results)
                logs |= {f"val_{name}": value for name, value in results.items()}
            hooks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        finished = True
    finally:
        run.write_back()
        # Before the first batch, the moving average of the weights is zero.
        if run.has_trained:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        if finished:
            hooks.on_train_end(logs)
    return model.history


class Training:
    """One training on the device, driven epoch by epoch.

    The values of the model's variables stay on the device. They are written back to the
    model if a callback may read them, or by `write_back`.

    Parameters
    ----------
    model : keras.Model
        Compiled model.
    samples : Samples
        Samples to train on.
    validation : Samples or None
        Samples to evaluate on.
    batch_size : int
        Number of samples per batch.
    course : Course
        Number of batches and their learning rates.
    seed : int or None
        Seed of the order of the samples. If None, the order stays as it is.
    callbacks : list of keras.callbacks.Callback
        All callbacks of the training.
    """

    def __init__(
        self,
        model: keras.Model,
        samples: Samples,
        validation: Samples | None,
        *,
        batch_size: int,
        course: Course,
        seed: int | None,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> None:
        self.model = model
        self.course = course
        self.batch_size = batch_size
        self.seed = seed
        some = samples.take(np.zeros(min(batch_size, len(samples)), int))
        batch = tuple(part for part in some if part is not None)
        build_to_train(model, batch)
        self._parts = Parts(model, batch)
        self._n_threads = n_cores() if self._parts.are_members else 1
        self._programs = Programs(self._parts.model, training=True)
        pads = self._programs.fills_batches
        self._samples = _DeviceSamples(samples, batch_size, pads=pads)
        if validation is not None:
            self._evaluation = Programs(model, training=True)
            pads = self._evaluation.fills_batches
            self._validation = _DeviceSamples(validation, batch_size, pads=pads)
        silent = (keras.callbacks.History, keras.callbacks.ProgbarLogger)
        self._is_watched = not all(isinstance(one, silent) for one in callbacks)
        #: Progress bars among the callbacks.
        self.bars = [
            one for one in callbacks if isinstance(one, keras.callbacks.ProgbarLogger)
        ]
        self._variables = model_variables(model, training=True)
        self._new_metrics = _new_metrics(model)
        self._new_metrics_of_part = _new_metrics(self._parts.model)
        # States of the parts. None while the variables of the model hold the values.
        self._states: list[State] | None = None
        #: True after the first batches.
        self.has_trained = False

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """Train for one epoch and return the results of the metrics."""
        # Keras checks `stop_training` only after a batch, so at least one batch runs.
        n_batches = 1 if self.model.stop_training else len(self.course.batches(epoch))
        factors = self.course.factors(epoch)
        states = [one._replace(metrics=self._new_metrics_of_part) for one in self._read()]
        n_done = 0
        for n_rows, block in self._samples.epoch(epoch, self.seed, n_batches, factors):
            for stop, reached, results in self._sweep(
                self._programs, states, n_rows, block
            ):
                self._states = states = reached
                self.has_trained = True
                for bar in self.bars:
                    batch = -(-(n_done + stop) // self.batch_size) - 1
                    bar.on_train_batch_end(batch, self._parts.mean(results))
            n_done += n_rows
        metrics = None if self._parts.are_members else states[0].metrics
        self._show(metrics)
        return self._parts.mean(results)

    def evaluate(self) -> dict[str, Any]:
        """Return the results of the metrics on the validation samples."""
        states = self._read()
        trained = self._parts.join(states)
        state = trained._replace(optimizer=None, metrics=self._new_metrics)
        for n_rows, block in self._validation.epoch():
            for _, reached, results in self._sweep(  # noqa: B007
                self._evaluation, [state], n_rows, block
            ):
                (state,) = reached
        # A layer may draw random numbers in evaluation too.
        self._states = self._parts.split(state._replace(optimizer=trained.optimizer))
        self._show(state.metrics)
        return jax.device_get(results[0])

    def write_back(self) -> None:
        """Write the current values of all but the metrics back to the model."""
        if self._states is not None:
            state = self._parts.join(self._states)
            assign(self._variables, state._replace(metrics=None))
            self._states = None

    def _read(self):
        if self._states is None:
            self._states = self._parts.split(read(self._variables))
        return self._states

    def _show(self, metrics):
        """Write the values back to the model if a callback may read them."""
        if self._is_watched:
            self.write_back()
            assign(self._variables, State(None, None, None, metrics))

    def _sweep(self, programs, states, n_rows, block):
        """Run batches in groups; yield rows done, states and results after each group."""
        n_rest = 0 if programs.fills_batches else n_rows % self.batch_size
        n_full = n_rows - n_rest
        for size, first, end in (
            (self.batch_size, 0, n_full),
            (n_rest, n_full, n_rows),
        ):
            if first == end:
                continue
            sweep = programs.sweep(states[0], block, size)
            while first < end:
                check_not_stopped()
                stop = min(first + sweep.place.n_batches * size, end)
                run = partial(_run, sweep, block, first, stop, size)
                states, results = zip(
                    *map_on_cores(run, states, self._n_threads), strict=True
                )
                yield stop, states, results
                first = stop


def _run(sweep, block, first, stop, batch_size, state):
    """Run a group of batches, and note the time it takes."""
    with _out_of_memory_explained():
        if meeting.is_useful():
            return meeting.run(sweep, state, block, np.int32(first), np.int32(stop))
        began = time.perf_counter()
        state, results = sweep(state, block, np.int32(first), np.int32(stop))
        jax.block_until_ready(results)
    n_batches = -(-(stop - first) // batch_size)
    sweep.place.note(n_batches, time.perf_counter() - began)
    return state, results


def _new_metrics(model):
    """Reset the metrics of a model and return the values of their variables."""
    model.reset_metrics()
    return [variable.value for variable in model.metrics_variables]


class _DeviceSamples:
    """Samples on the device: kept there if they fit, else loaded block by block."""

    def __init__(self, samples: Samples, batch_size: int, *, pads: bool) -> None:
        self._samples = samples
        self._batch_size = batch_size
        self._pads = pads
        self._blocks = samples.blocks(batch_size)
        self._n_batches = -(-len(samples) // batch_size)
        self._kept = self._load(self._blocks[0]) if len(self._blocks) == 1 else None

    def epoch(
        self,
        epoch: int = 0,
        seed: int | None = None,
        n_batches: int | None = None,
        factors: NDArray | None = None,
    ) -> Iterator[tuple[int, DeviceBlock]]:
        """Yield the number of samples to use of each block, and the block in order."""
        size = self._batch_size
        n_left = self._n_batches if n_batches is None else n_batches
        for block, order in self._samples.epoch(self._blocks, seed, epoch):
            if not n_left:
                return
            loaded = self._kept or self._load(block)
            n_rows = len(block)
            padded_order = np.zeros(len(loaded.rows) + size, np.int32)
            padded_order[:n_rows] = np.arange(n_rows) if order is None else order
            # Pad the last batch with its own first row: finite values stay finite.
            padded_order[n_rows:] = padded_order[(n_rows - 1) // size * size]
            n_here = min(-(-n_rows // size), n_left)
            n_left -= n_here
            factors_of_rows = None
            if factors is not None:
                factors_of_rows = np.zeros(len(padded_order), np.float32)
                here, factors = factors[:n_here], factors[n_here:]
                factors_of_rows[: n_here * size] = here.repeat(size)
            yield (
                min(n_rows, n_here * size),
                loaded._replace(order=padded_order, factors=factors_of_rows),
            )

    def _load(self, block):
        loaded = self._samples.load(block)
        if self._pads:
            n_rows = len(block)
            shares = np.zeros(len(loaded.rows) + self._batch_size, np.float32)
            shares[:n_rows] = 1
            n_last = n_rows % self._batch_size
            if n_last:
                shares[n_rows - n_last : n_rows] = self._batch_size / n_last
            loaded = loaded._replace(shares=shares)
        return jax.device_put(loaded)


@contextmanager
def _out_of_memory_explained():
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
