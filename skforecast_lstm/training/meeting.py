"""Meeting of trainings in several threads, whose batches then run as one program.

A GPU computes many small networks in the time of one. Therefore trainings that are under
way at the same moment meet before each group of batches. Those of one kind are stacked
along a new axis and run together. Each has its own number of batches.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
from jax import numpy as jnp

from skforecast_lstm.training.programs import Sweep

__all__ = ["announced", "is_useful", "run", "taking_part"]

# Longest time to wait for the other trainings, which may be in a callback.
PATIENCE = 0.05
# Part of the free memory of the device for the arguments of one program.
PART_OF_MEMORY = 0.25


class _Request:
    """Batches that one thread asks for."""

    def __init__(self, sweep: Sweep, arguments: tuple) -> None:
        self.sweep = sweep
        self.arguments = arguments
        self.results: Any = None
        self.error: BaseException | None = None
        self.is_done = False


_changed = threading.Condition()
_waiting: list[_Request] = []
_trainings: set[object] = set()


def is_useful() -> bool:
    """Return True if the device computes several trainings at once faster."""
    return jax.default_backend() != "cpu"


@contextmanager
def announced(n_trainings: int) -> Iterator[list[object]]:
    """Count trainings that are about to begin; give the list to `taking_part`."""
    waited_for = [object() for _ in range(n_trainings)]
    with _changed:
        _trainings.update(waited_for)
    try:
        yield waited_for
    finally:
        with _changed:
            _trainings.difference_update(waited_for)


@contextmanager
def taking_part(waited_for: list[object] | None = None) -> Iterator[None]:
    """Count the training of this thread, so that the others wait for its batches."""
    training = threading.get_ident()
    with _changed:
        if waited_for:
            _trainings.remove(waited_for.pop())
        is_first = training not in _trainings
        _trainings.add(training)
    try:
        yield
    finally:
        if is_first:
            with _changed:
                _trainings.remove(training)
                _changed.notify_all()


def run(sweep: Sweep, *arguments: Any) -> tuple:
    """Run batches of one training, together with those that others ask for.

    Parameters
    ----------
    sweep : Sweep
        Loop over batches.
    *arguments : Any
        State, block, first row and the row to stop before.

    Returns
    -------
    state, results : tuple
        As the loop returns them.
    """
    request = _Request(sweep, arguments)
    deadline = time.monotonic() + PATIENCE
    with _changed:
        _waiting.append(request)
        _changed.notify_all()
        while request in _waiting and len(_waiting) < len(_trainings):
            if not _changed.wait(max(0, deadline - time.monotonic())):
                break
        together = []
        if request in _waiting:
            together, _waiting[:] = list(_waiting), []
    if together:
        _answer_all(together)
    with _changed:
        _changed.wait_for(lambda: request.is_done)
    if request.error is not None:
        raise request.error
    return request.results


def _answer_all(requests):
    """Run the requests of each kind together."""
    kinds: dict[Any, list[_Request]] = {}
    for request in requests:
        kinds.setdefault(request.sweep.place, []).append(request)
    for same in kinds.values():
        most = _most_at_once(same[0].arguments)
        for start in range(0, len(same), most):
            some = same[start : start + most]
            try:
                _answer(some)
            except BaseException as error:  # noqa: BLE001
                for request in some:
                    request.error = error
            with _changed:
                for request in some:
                    request.is_done = True
                _changed.notify_all()


def _answer(requests):
    """Run requests of one kind as one program, and note the time it takes."""
    sweep, arguments = requests[0].sweep, requests[0].arguments
    began = time.perf_counter()
    # As many as ever before, so that one program serves as the trainings end one by one.
    # What fills up has no batches.
    n_stacked = max(sweep.place.n_stacked, len(requests))
    sweep.place.n_stacked = n_stacked
    if n_stacked == 1:
        requests[0].results = jax.block_until_ready(sweep(*arguments))
    else:
        state, block, first, _ = arguments
        filled = [
            *(request.arguments for request in requests),
            *[(state, block, first, first)] * (n_stacked - len(requests)),
        ]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *filled)
        results = jax.block_until_ready(sweep.stacked(*stacked))
        for number, request in enumerate(requests):
            request.results = jax.tree.map(
                lambda leaf: leaf[number],  # noqa: B023
                results,
            )
    n_rows = max(int(stop - first) for *_, first, stop in (r.arguments for r in requests))
    n_batches = max(1, -(-n_rows // sweep.batch_size))
    sweep.place.note(n_batches, time.perf_counter() - began)


def _most_at_once(arguments):
    """Return how many arguments of this size fit the memory of the device."""
    statistics = jax.local_devices()[0].memory_stats() or {}
    free = statistics.get("bytes_limit", 2**32) - statistics.get("bytes_in_use", 0)
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(arguments))
    return max(1, int(PART_OF_MEMORY * free / size))
