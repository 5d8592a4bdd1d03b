"""Work on all cores: threads for the whole process, as many as there are cores."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from typing import Any

import joblib
from threadpoolctl import threadpool_info

__all__ = ["check_not_stopped", "map_on_cores", "n_cores"]


class _Worker(threading.local):
    """Event that stops the work of this thread, or None."""

    stop: threading.Event | None = None


_worker = _Worker()


class _StoppedError(Exception):
    """Raised in a thread whose result nobody waits for any longer."""


def n_cores() -> int:
    """Return how many threads may work at once.

    This is the number of cores that joblib counts, or the limit of OpenMP if that is
    lower. joblib sets this limit in its worker processes, and users set it by
    ``OMP_NUM_THREADS`` or `threadpoolctl.threadpool_limits`, as for scikit-learn.
    """
    limits = [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "openmp"
    ]
    return max(1, min([joblib.cpu_count(), *limits]))


def map_on_cores(
    function: Callable[[Any], Any], items: Iterable[Any], n_threads: int
) -> list[Any]:
    """Return the result of a function for each item, computed in several threads.

    All callers in a process share its threads. So no more of them work than there are
    cores, unless a caller asks for more. A call within one of these threads computes in
    that thread. After an error or an interrupt, no new item begins, and the function ends
    at `check_not_stopped`.

    Parameters
    ----------
    function : callable
        Function of an item. It must release the interpreter lock to gain anything.
    items : iterable
        Items, those that take longest first.
    n_threads : int
        Largest number of threads, usually `n_cores()`, which takes some milliseconds.

    Returns
    -------
    results : list
        Results, in the order of the items.
    """
    items = list(items)
    n_threads = min(n_threads, len(items))
    if n_threads < 2 or _worker.stop is not None:
        return [function(item) for item in items]
    stop = threading.Event()
    waiting = iter(enumerate(items))
    results: list[Any] = [None] * len(items)
    lock = threading.Lock()

    def work():
        _worker.stop = stop
        try:
            # One thread at a time advances the iterator.
            while not stop.is_set():
                with lock:
                    number, item = next(waiting, (None, None))
                if number is None:
                    return
                results[number] = function(item)
        except BaseException:
            stop.set()
            raise
        finally:
            _worker.stop = None

    threads = _threads(max(n_threads, joblib.cpu_count()))
    futures = [threads.submit(copy_context().run, work) for _ in range(n_threads)]
    try:
        _raise_first_error(futures)
    finally:
        stop.set()
        wait(futures)
    return results


def check_not_stopped() -> None:
    """End the work of this thread if nobody waits for its result any longer."""
    if _worker.stop is not None and _worker.stop.is_set():
        raise _StoppedError


@cache
def _threads(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="skforecast_lstm")


def _raise_first_error(futures: list[Future]) -> None:
    """Wait for all threads, and raise the error of one that failed by itself."""
    wait(futures)
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, _StoppedError):
            raise error
