"""Compiled programs: many batches of a Keras model in one call of the device.

Everything that may change is an argument of a program: weights, optimizer state, metrics,
data, order, first row and last row. Therefore one program serves all models of a kind.
"""

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import keras
import numpy as np
from jax import lax
from jax import numpy as jnp
from jax.interpreters import partial_eval
from numpy.typing import NDArray

from skforecast_lstm.training.disk_cache import keep_programs
from skforecast_lstm.training.lstm import look_for_quick_way, quick_lstm
from skforecast_lstm.training.origins import windows_at
from skforecast_lstm.training.recognition import (
    NotRecognisedError,
    fills_batches,
    fingerprint,
)
from skforecast_lstm.training.samples import Source
from skforecast_lstm.training.schedules import learning_rate_variable

__all__ = ["Program", "Programs"]

MOST_PROGRAMS = 64
# Target time of one call. Between two calls, interrupts are handled and the progress bar
# moves.
SECONDS_OF_A_STRETCH = 0.5
# Smallest number of multiplications in a matrix product for which two threads pay off.
WORTH_THREADS = 10**8


class Program:
    """A compiled function, with its measured time per batch.

    Parameters
    ----------
    function : callable
        Function to compile.
    arguments : tuple
        Example arguments, which fix the shapes.
    compiler_options : dict
        Options of XLA that differ from its defaults.
    """

    def __init__(
        self, function: Callable, arguments: tuple, compiler_options: dict[str, Any]
    ) -> None:
        with quick_lstm():
            lowered = jax.jit(function).lower(*arguments)
        try:
            self._run = lowered.compile(compiler_options=compiler_options)
        except jax.errors.JaxRuntimeError as error:
            # The compiler options differ between releases of JAX.
            if "No such compile option" not in str(error):
                raise
            self._run = lowered.compile()
        #: True if predicting draws random numbers or changes the model in another way.
        self.changes_model = getattr(function, "changes_model", False)
        self._seconds_per_batch = SECONDS_OF_A_STRETCH

    def __call__(self, *arguments: Any) -> Any:
        """Run the program on the device; the results may arrive later."""
        return self._run(*arguments)

    @property
    def n_batches(self) -> int:
        """Number of batches per call; one until their time has been measured."""
        return max(1, int(SECONDS_OF_A_STRETCH / self._seconds_per_batch))

    def note(self, n_batches: int, seconds: float) -> None:
        """Record the time that a number of batches took."""
        self._seconds_per_batch = seconds / n_batches


class Programs:
    """Programs of a model, shared with all models of the same kind.

    Parameters
    ----------
    model : keras.Model
        Built model. It must also be compiled to train or evaluate.
    training : bool
        If True, the programs train or evaluate; otherwise they only predict.
    """

    def __init__(self, model: keras.Model, *, training: bool) -> None:
        keep_programs()
        look_for_quick_way(model)
        self.model = model
        # Random numbers that depend only on their position do not change with more rows.
        by_place = jax.config.jax_threefry_partitionable  # type: ignore[attr-defined]
        self.fills_batches = training and fills_batches(model, may_draw=by_place)
        self._training = training
        self._kinds: dict[Any, _Kind] = {}

    def sweep(
        self, state: tuple, block: dict, order: NDArray, batch_size: int
    ) -> Program:
        """Return the program that trains on batches or evaluates them.

        Parameters
        ----------
        state : tuple of lists of arrays
            Trainable weights, non-trainable weights, optimizer state (only to train) and
            metrics.
        block : dict of arrays
            Output of `Samples.load`, with two more entries. "shares" are row weights in
            the mean of a batch, 0 for padding, or None if batches are not padded.
            "factors" are the learning rate factors of the batches, repeated for each row,
            or None.
        order : ndarray of int
            Order of the rows, followed by the rows that pad the last batch.
        batch_size : int
            Number of samples per batch.

        Returns
        -------
        program : Program
            Function of state, block, order, first row and the row to stop before. It
            returns the new state and the results of the metrics.
        """
        model = self.model
        step = _train if len(state) == 4 else _evaluate

        def run(state, block, order, first, stop):
            def run_batch(number, state):
                begin = first + number * batch_size
                batch = _batch(block, order, begin, batch_size)
                if block["factors"] is not None:
                    batch = *batch, block["factors"][begin]
                return _like(state, step(model, state, *batch))

            n_batches = (stop - first + batch_size - 1) // batch_size
            state = lax.fori_loop(0, n_batches, run_batch, state)
            return state, _results(model, state[-1])

        rows = (np.int32(0),) * 2
        name = step.__name__, _names_of_inputs(model, block["x"])
        return self._compiled(name, run, (state, block, order, *rows), batch_size)

    def prediction(self, state: tuple, block: dict, batch_size: int) -> Program:
        """Return the program that predicts rows.

        Parameters
        ----------
        state : tuple of lists of arrays
            Trainable and non-trainable weights.
        block : dict of arrays
            Output of `Samples.load`.
        batch_size : int
            Number of samples per batch.

        Returns
        -------
        program : Program
            Function of state, block and number of rows. It returns the outputs, with
            padding after them.
        """
        model = self.model
        n_most = len(block["rows"]) + batch_size

        def predict(state, block, n_rows):
            def outputs_of(rows):
                outputs, changes = _predict(model, state, _gathered(block["x"], rows))
                predict.changes_model = changes
                return outputs

            def predict_batch(number, outputs):
                begin = number * batch_size
                rows = jnp.minimum(begin + jnp.arange(batch_size), n_rows - 1)
                these = outputs_of(_at(block["rows"], rows))
                return jax.tree.map(
                    lambda every, some: lax.dynamic_update_slice_in_dim(
                        every, some, begin, 0
                    ),
                    outputs,
                    these,
                )

            shapes = jax.eval_shape(outputs_of, jnp.zeros(batch_size, jnp.int32))
            outputs = jax.tree.map(
                lambda one: jnp.zeros((n_most, *one.shape[1:]), one.dtype), shapes
            )
            n_batches = (n_rows + batch_size - 1) // batch_size
            return lax.fori_loop(0, n_batches, predict_batch, outputs)

        arguments = (state, block, np.int32(0))
        name = "predict", _names_of_inputs(model, block["x"])
        return self._compiled(name, predict, arguments, batch_size)

    def feeding(
        self, data: tuple, window_shape: tuple[int, ...], room: int, batch_size: int
    ) -> Program:
        """Return the program that feeds outputs back from step to step.

        Parameters
        ----------
        data : tuple of arrays
            State as in `prediction`, series, origins, scale of the outputs (centre in two
            parts, and spread), number of origins and number of steps.
        window_shape : tuple of int
            Shape of a window in the model's input.
        room : int
            Largest number of steps that fits.
        batch_size : int
            Number of origins per batch.

        Returns
        -------
        program : Program
            Function of the data. It returns the outputs at each step, with padding after
            them.
        """
        model = self.model

        def feed(state, series, origins, scale, n_origins, n_steps):
            n_columns = series.shape[1]
            high, low, spread = scale

            def feed_batch(number, forecasts):
                begin = number * batch_size
                places = jnp.minimum(begin + jnp.arange(batch_size), n_origins - 1)
                some = origins.take(places)

                def feed_step(step, carried):
                    windows = windows_at(step, series, carried[0], some, jnp)
                    windows = windows.reshape(batch_size, *window_shape)
                    outputs, changes = _predict(model, state, windows)
                    feed.changes_model = changes
                    outputs = outputs.reshape(batch_size, 1, n_columns)
                    outputs = outputs.astype(series.dtype)
                    rows = ((outputs - high) - low) / spread
                    rows = jnp.where(jnp.isfinite(rows), rows, jnp.nan)
                    return tuple(
                        lax.dynamic_update_slice_in_dim(every, one, step, 1)
                        for every, one in zip(carried, (rows, outputs), strict=True)
                    )

                blank = jnp.zeros((batch_size, room, n_columns), series.dtype)
                _, these = lax.fori_loop(0, n_steps, feed_step, (blank, blank))
                return lax.dynamic_update_slice_in_dim(forecasts, these, begin, 0)

            n_batches = (n_origins + batch_size - 1) // batch_size
            shape = (len(origins.starts), room, n_columns)
            forecasts = jnp.zeros(shape, series.dtype)
            return lax.fori_loop(0, n_batches, feed_batch, forecasts)

        return self._compiled(("feed", window_shape, room), feed, data, batch_size)

    def _compiled(self, name, function, arguments, batch_size):
        """Return the program for these arguments; compile it if it is new."""
        leaves, structure = jax.tree.flatten(arguments)
        shapes = tuple((np.shape(leaf), np.dtype(leaf.dtype)) for leaf in leaves)
        of_call = name, batch_size, structure, shapes
        with _lock:
            kind = self._kinds.get(name)
            # Before compiling, take the fingerprint again: a callback may have changed
            # the model before the first batch.
            if kind is None or (kind, *of_call) not in self._of(kind):
                kind = _Kind.of(self.model, training=self._training)
                self._kinds[name] = kind
            key, programs = (kind, *of_call), self._of(kind)
            if key not in programs:
                options = _compiler_options(arguments[0][0], batch_size)
                programs[key] = Program(function, arguments, options)
                while len(programs) > MOST_PROGRAMS:
                    programs.popitem(last=False)
            programs.move_to_end(key)
            return programs[key]

    def _of(self, kind):
        """Return the programs to search for one of this kind: shared, or of the model."""
        return _shared if kind.is_shared else _own_of(self.model).programs


class _Kind:
    """Hashable fingerprint of a model. Without a fingerprint, it equals only itself."""

    def __init__(self, fingerprint: tuple | None) -> None:
        self._fingerprint = fingerprint
        self._hash = hash(fingerprint)
        self.is_shared = fingerprint is not None

    @classmethod
    def of(cls, model, *, training):
        try:
            return cls(fingerprint(model, training=training))
        except NotRecognisedError:
            return cls(None)

    def __hash__(self):
        return self._hash

    def __eq__(self, other):
        return self is other or self._fingerprint == other._fingerprint


class _Own:
    """Programs of one model that are not shared, since it was last compiled."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.programs: OrderedDict[tuple, Program] = OrderedDict()


_shared: OrderedDict[tuple, Program] = OrderedDict()
_own: weakref.WeakKeyDictionary[keras.Model, _Own] = weakref.WeakKeyDictionary()
_lock = threading.RLock()


def _own_of(model):
    compiled = getattr(model, "_compile_config", None)
    if model not in _own or _own[model].compiled is not compiled:
        _own[model] = _Own(compiled)
    return _own[model]


def _names_of_inputs(model, x):
    """Return the names of the inputs of a model if its input is a dict."""
    return tuple(one.name for one in model.inputs) if isinstance(x, dict) else None


def _at(leaf, places):
    """Return the entries of an array at places that are within its bounds."""
    return leaf.at[places].get(mode="promise_in_bounds")


def _gathered(sources, rows):
    """Gather windows or targets from the series that contain them."""

    def gather(source):
        starts = rows * source.stride
        if source.steps is not None:
            starts = starts[:, None] + source.steps
        return _at(source.series, starts)

    is_source = lambda node: isinstance(node, Source)  # noqa: E731
    return jax.tree.map(gather, sources, is_leaf=is_source)


def _batch(block, order, begin, batch_size):
    """Return the inputs, targets, weights and shares of a batch."""
    batch = partial(lax.dynamic_slice_in_dim, start_index=begin, slice_size=batch_size)
    positions = batch(order)
    x = _gathered(block["x"], _at(block["rows"], positions))
    y = _gathered(block["y"], positions)
    weights = jax.tree.map(lambda leaf: _at(leaf, positions), block["weights"])
    return x, y, weights, jax.tree.map(batch, block["shares"])


def _train(model, state, x, y, weights, shares, factor=None):
    """Run Keras's training step, with a factor for its learning rate."""
    trained, fixed, optimizer, metrics = state
    (_, (loss, outputs, fixed, metrics)), gradients = jax.value_and_grad(
        model.compute_loss_and_updates, has_aux=True
    )(
        trained,
        fixed,
        metrics,
        x,
        y,
        _mean_weights(weights, shares),
        training=True,
        optimizer_variables=optimizer,
    )
    trained, optimizer = _apply(model.optimizer, optimizer, gradients, trained, factor)
    metrics = _updated_metrics(model, metrics, loss, x, y, outputs, weights, shares)
    return trained, fixed, optimizer, metrics


def _apply(optimizer, values, gradients, trained, factor):
    """Run Keras's optimizer step with a factor, then restore the learning rate."""
    if factor is None:
        return optimizer.stateless_apply(values, gradients, trained)
    variable = learning_rate_variable(optimizer)
    (place,) = (at for at, one in enumerate(optimizer.variables) if one is variable)

    def with_rate(values, rate):
        return [*values[:place], rate, *values[place + 1 :]]

    rate = values[place]
    values = with_rate(values, (rate * factor).astype(rate.dtype))
    trained, values = optimizer.stateless_apply(values, gradients, trained)
    return trained, with_rate(values, rate)


def _evaluate(model, state, x, y, weights, shares):
    """Run Keras's evaluation step."""
    trained, fixed, metrics = state
    loss, (_, outputs, fixed, metrics) = model.compute_loss_and_updates(
        trained, fixed, metrics, x, y, _mean_weights(weights, shares), training=False
    )
    metrics = _updated_metrics(model, metrics, loss, x, y, outputs, weights, shares)
    return trained, fixed, metrics


def _predict(model, state, x):
    """Run Keras's prediction step.

    Return the outputs, and True if they depend on variables that the step changes. This
    is found while the step is traced. A changed variable alone is not enough, because
    Keras's recurrent layers draw random numbers even if they drop nothing.
    """
    trained, fixed = state
    options = {"training": False} if model._call_has_training_arg else {}

    def outputs_and_state(fixed):
        return model.stateless_call(trained, fixed, x, **options)

    outputs, after = outputs_and_state(fixed)
    changed = [new is not old for new, old in zip(after, fixed, strict=True)]
    if not any(changed):
        return outputs, False
    jaxpr = jax.make_jaxpr(lambda fixed: outputs_and_state(fixed)[0])(fixed).jaxpr
    _, read = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    return outputs, any(one and other for one, other in zip(changed, read, strict=True))


def _mean_weights(weights, shares):
    """Return weights for which the mean over the batch ignores padding."""
    if shares is None or weights is None:
        return weights if shares is None else shares
    return _times_rows(weights, shares)


def _times_rows(weights, factors):
    """Multiply weights of any shape by a factor for each row."""
    return jax.tree.map(
        lambda leaf: leaf * factors.reshape(-1, *[1] * (leaf.ndim - 1)), weights
    )


def _updated_metrics(model, values, loss, x, y, outputs, weights, shares):
    """Return the variables of the metrics after a batch."""
    with keras.StatelessScope(zip(model.metrics_variables, values, strict=True)) as scope:
        if shares is None:
            n_rows = len(jax.tree.leaves(x)[0])
            model._loss_tracker.update_state(loss, sample_weight=n_rows)
            model.compute_metrics(x, y, outputs, weights)
        else:
            counts = jnp.sign(shares)
            model._loss_tracker.update_state(loss, sample_weight=jnp.sum(counts))
            _update_compiled_metrics(model, y, outputs, weights, counts)
    return [scope.get_current_value(variable) for variable in model.metrics_variables]


def _update_compiled_metrics(model, y, outputs, weights, counts):
    """Update the compiled metrics as Keras does, but ignore padding."""
    compiled = model._compile_metrics
    if compiled is None:
        return
    (y,) = jax.tree.leaves(y)
    if hasattr(model, "joined"):
        outputs = model.joined(outputs)
    for metric in filter(None, compiled._flat_metrics):
        metric.update_state(y, outputs, counts)
    weights = counts if weights is None else _times_rows(weights, counts)
    for metric in filter(None, compiled._flat_weighted_metrics):
        metric.update_state(y, outputs, weights)


def _results(model, values):
    """Return the results of the metrics by name."""
    with keras.StatelessScope(zip(model.metrics_variables, values, strict=True)):
        return model.get_metrics_result()


def _like(before, after):
    """Return a state with the structure and dtypes of another, as a loop requires."""
    return jax.tree.map(
        lambda old, new: lax.convert_element_type(new, old.dtype),
        before,
        tuple(list(part) for part in after),
    )


def _compiler_options(weights, batch_size):
    """Return the options of XLA for a CPU; none on other devices.

    Each program uses one thread unless the work is large. Small work is slower with two
    threads, and with one thread the programs of several workers share the cores without
    waiting for each other. The machine code is optimized less, because unrolled loops
    over so few units are slower and take longer to compile. A closer analysis finds the
    copies that a loop needs. What the user sets in ``XLA_FLAGS`` stays.
    """
    if jax.default_backend() != "cpu":
        return {}
    largest = max((weight.size for weight in weights), default=0)
    options = {
        "xla_backend_optimization_level": 1,
        "xla_cpu_copy_insertion_use_region_analysis": True,
        "xla_cpu_multi_thread_eigen": largest * batch_size >= WORTH_THREADS,
    }
    flags = os.environ.get("XLA_FLAGS", "")
    return {name: value for name, value in options.items() if f"--{name}=" not in flags}
