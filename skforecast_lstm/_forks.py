"""Detection of processes that were forked after JAX was used. In these, JAX hangs."""

import os
import sys

__all__ = ["check_not_forked", "forked"]

_state = {"used": False, "forked": False}


def forked() -> bool:
    """Return whether this process was forked from a process that had used JAX."""
    return _state["forked"]


def check_not_forked() -> None:
    """Raise a `RuntimeError` in a forked process, where JAX would wait forever."""
    if forked():
        raise RuntimeError(
            "This process was forked from one that had used JAX already, and in such a "
            'child JAX waits for ever. Use joblib\'s backend "loky", which is its '
            'default, or "threading"; with multiprocessing, the start method "spawn"; '
            "or fork before the first fit or predict."
        )


def _note_use_of_jax():
    bridge = sys.modules.get("jax._src.xla_bridge")
    _state["used"] = bridge is not None and bridge.backends_are_initialized()


def _note_fork():
    _state["forked"] = _state["forked"] or _state["used"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_note_use_of_jax, after_in_child=_note_fork)
