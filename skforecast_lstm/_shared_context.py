"""Context managers that all threads of a process share."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

__all__ = ["shared"]


def shared(
    make: Callable[[], AbstractContextManager[None]],
) -> Callable[[], AbstractContextManager[None]]:
    """Decorate a context manager that sets the state of the process, not of a thread.

    The first caller to enter enters it, and the last to leave leaves it, in whichever
    order they leave.
    """
    lock, entered, n_users = threading.Lock(), ExitStack(), 0

    @contextmanager
    def enter() -> Iterator[None]:
        nonlocal n_users
        with lock:
            if not n_users:
                entered.enter_context(make())
            n_users += 1
        try:
            yield
        finally:
            with lock:
                n_users -= 1
                if not n_users:
                    entered.close()

    return enter
