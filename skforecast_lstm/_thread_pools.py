"""Threads of the libraries for linear algebra and OpenMP."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController

from skforecast_lstm._shared_context import shared

__all__ = ["one_blas_thread", "thread_pools"]

# The pools that were found, by the number of modules that were loaded then.
_pools: dict[int, ThreadpoolController] = {}


@shared
@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Use one thread for linear algebra until the last caller leaves.

    Several threads wait for each other: on cores with other work, the QR of a matrix of
    256 x 64 takes a hundred times as long. The limit is that of the process.
    """
    limiter = _in_a_thread(lambda: thread_pools().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        _in_a_thread(limiter.restore_original_limits)


def thread_pools() -> ThreadpoolController:
    """Return the thread pools of the loaded libraries, which it takes 5 ms to find."""
    n_modules = len(sys.modules)
    found = _pools.get(n_modules)
    if found is None:
        found = ThreadpoolController()
        _pools.clear()
        _pools[n_modules] = found
    return found


def _in_a_thread(function: Callable[[], Any]) -> Any:
    """Return the result of a function, called in a thread that ends.

    threadpoolctl lets only one thread change the limit of OpenBLAS as long as it lives:
    the first caller, who may not be the last.
    """
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]
