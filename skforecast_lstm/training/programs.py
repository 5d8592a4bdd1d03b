"""Compiled programs of Keras models, kept for all models of the same kind."""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from skforecast_lstm._keras_seam import compile_arguments, without_cudnn
from skforecast_lstm.training import loops, steps
from skforecast_lstm.training.blocks import DeviceBlock
from skforecast_lstm.training.compile_options import options_for_batches
from skforecast_lstm.training.disk_cache import keep_programs
from skforecast_lstm.training.lstm import look_for_quick_way, quick_lstm
from skforecast_lstm.training.recognition import NotRecognisedError, fingerprint
from skforecast_lstm.training.row_independence import fills_batches
from skforecast_lstm.training.steps import State

__all__ = ["Place", "Program", "Programs", "Sweep"]

MOST_PROGRAMS = 64
# Target time of one call. Between two calls, interrupts are handled and the progress bar
# moves.
SECONDS_OF_A_STRETCH = 0.5

# Guards the kept programs and the tracing of models. Models may have layers in common,
# and Keras writes to layers while it traces them. Compiling needs no lock.
_lock = threading.RLock()


class Program:
    """A compiled function.

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
        with _lock, quick_lstm():
            lowered = jax.jit(function).lower(*arguments)
        self._run = _with_known_options(lowered, compiler_options)
        #: True if predicting draws random numbers or changes the model in another way.
        self.changes_model = getattr(function, "changes_model", False)

    def __call__(self, *arguments: Any) -> Any:
        """Run the program on the device; the results may arrive later."""
        return self._run(*arguments)


class Sweep:
    """Loop over batches of a model. It is compiled when it first runs.

    Parameters
    ----------
    programs : Programs
        Programs of the model.
    name : tuple
        What the loop does.
    function : callable
        The loop, as `loops.sweep` returns it.
    arguments : tuple
        Example arguments of the function.
    batch_size : int
        Number of samples per batch.
    """

    def __init__(
        self,
        programs: "Programs",
        name: tuple,
        function: Callable,
        arguments: tuple,
        batch_size: int,
    ) -> None:
        self._programs = programs
        self._name = name
        self._function = function
        #: Number of samples per batch.
        self.batch_size = batch_size
        #: Place of the program, the same for all models of a kind.
        self.place = programs.place(name, arguments, batch_size)

    def __call__(self, *arguments: Any) -> tuple:
        """Run batches and return the state and the results of the metrics."""
        make = partial(_compile, self._function, arguments, self.batch_size)
        return self.place.program(make)(*arguments)

    def stacked(self, *arguments: Any) -> tuple:
        """Run batches of many models, whose arguments are stacked along a first axis."""
        name = ("stacked", *self._name)
        place = self._programs.place(name, arguments, self.batch_size)

        def run(*arguments):
            # JAX can't map cuDNN over models.
            with without_cudnn(self._programs.model):
                return jax.vmap(self._function)(*arguments)

        make = partial(_compile, run, arguments, self.batch_size)
        return place.program(make)(*arguments)


def _compile(function, arguments, batch_size):
    """Return the program of a loop over batches."""
    options = options_for_batches(arguments[0].weights, batch_size)
    return Program(function, arguments, options)


def _with_known_options(lowered, options):
    """Compile with the options that this release of JAX knows."""
    try:
        return lowered.compile(compiler_options=options)
    except jax.errors.JaxRuntimeError as error:
        unknown = [name for name in options if name in str(error)]
        if "No such compile option" not in str(error) or not unknown:
            raise
        return _with_known_options(
            lowered, {name: options[name] for name in options.keys() - unknown}
        )


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

    def sweep(self, state: State, block: DeviceBlock, batch_size: int) -> Sweep:
        """Return the loop of `loops.sweep`; without optimizer state, it evaluates."""
        step = steps.evaluate if state.optimizer is None else steps.train
        return Sweep(
            self,
            (step.__name__, self._input_names(block)),
            loops.sweep(self.model, step, batch_size),
            (state, block, np.int32(0), np.int32(0)),
            batch_size,
        )

    def prediction(self, state: State, block: DeviceBlock, batch_size: int) -> Program:
        """Return the program of `loops.prediction`."""
        return self._program(
            ("predict", self._input_names(block)),
            loops.prediction(self.model, batch_size),
            (state, block, np.int32(0)),
            batch_size,
        )

    def feeding(
        self,
        arguments: tuple,
        window_shape: tuple[int, ...],
        capacity: int,
        batch_size: int,
    ) -> Program:
        """Return the program of `loops.feeding` for these arguments."""
        return self._program(
            ("feed", window_shape, capacity),
            loops.feeding(self.model, window_shape, capacity, batch_size),
            arguments,
            batch_size,
        )

    def _program(self, name, function, arguments, batch_size):
        place = self.place(name, arguments, batch_size)
        return place.program(partial(_compile, function, arguments, batch_size))

    def place(self, name: tuple, arguments: tuple, batch_size: int) -> "Place":
        """Return the place of the program for arguments of these shapes."""
        leaves, structure = jax.tree.flatten(arguments)
        shapes = tuple((np.shape(leaf), np.dtype(leaf.dtype)) for leaf in leaves)
        call = name, batch_size, structure, shapes
        with _lock:
            kind = self._kinds.get(name)
            # Before compiling, take the fingerprint again: a callback may have changed
            # the model before the first batch.
            if kind is None or (kind, *call) not in self._entries(kind):
                kind = self._kinds[name] = _Kind.recognise(self.model, self._training)
            key, entries = (kind, *call), self._entries(kind)
            place = entries.setdefault(key, Place())
            entries.move_to_end(key)
            while len(entries) > MOST_PROGRAMS:
                entries.popitem(last=False)
        return place

    def _entries(self, kind):
        """Return the kept programs to search: shared ones, or those of this model."""
        return _shared if kind.is_shared else _unshared_entries(self.model)

    def _input_names(self, block):
        """Return the names of the model's inputs if its input is a dict."""
        if isinstance(block.x, dict):
            return tuple(one.name for one in self.model.inputs)
        return None


class _Kind:
    """Fingerprint of a model, hashed once. None if it can't be compared by value."""

    def __init__(self, fingerprint: tuple | None) -> None:
        self._fingerprint = fingerprint
        self._hash = hash(fingerprint)
        self.is_shared = fingerprint is not None

    @classmethod
    def recognise(cls, model, training):
        try:
            return cls(fingerprint(model, training=training))
        except NotRecognisedError:
            return cls(None)

    def __hash__(self):
        return self._hash

    def __eq__(self, other):
        return self is other or self._fingerprint == other._fingerprint


class Place:
    """Place of one program, with the measured time per batch."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._program: Any = None
        self._seconds_per_batch = SECONDS_OF_A_STRETCH
        #: Largest number of models for which it ran as one program.
        self.n_stacked = 1

    def program(self, make: Callable[[], Any]) -> Any:
        """Return the program; make it if it is new.

        Threads that need the same program wait for it; others go on.
        """
        with self._lock:
            if self._program is None:
                self._program = make()
            return self._program

    @property
    def n_batches(self) -> int:
        """Number of batches per call; one until their time has been measured."""
        return max(1, int(SECONDS_OF_A_STRETCH / self._seconds_per_batch))

    def note(self, n_batches: int, seconds: float) -> None:
        """Record the time that a number of batches took."""
        self._seconds_per_batch = seconds / n_batches


class _Unshared(NamedTuple):
    """Programs that only one model uses, and the arguments it was compiled with."""

    compile_config: Any
    entries: OrderedDict[tuple, Place]


_shared: OrderedDict[tuple, Place] = OrderedDict()
_unshared: weakref.WeakKeyDictionary[keras.Model, _Unshared] = weakref.WeakKeyDictionary()


def _unshared_entries(model):
    """Return the programs of one model; there are none after it is compiled again."""
    config = compile_arguments(model)
    if model not in _unshared or _unshared[model].compile_config is not config:
        _unshared[model] = _Unshared(config, OrderedDict())
    return _unshared[model].entries
