"""Large arrays a piece at a time, so that what is on disk never fills the memory."""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["let_go", "pieces"]

VALUES_IN_A_PIECE = 2**20


def pieces(*arrays: NDArray) -> Iterator[slice]:
    """Slices of a bounded size that together are all rows of some arrays.

    What a slice brought into memory from a file is let go after it.
    """
    widest = max(array[:1].size for array in arrays)
    n_rows = max(1, VALUES_IN_A_PIECE // max(1, widest))
    for start in range(0, len(arrays[0]), n_rows):
        yield slice(start, start + n_rows)
        for array in arrays:
            let_go(array)


def let_go(array: NDArray) -> None:
    """Let the system have back the memory of a file that an array is mapped from."""
    memory: Any = array
    mode = None
    while isinstance(memory, np.ndarray) or hasattr(memory, "base"):
        mode = getattr(memory, "mode", mode)
        memory = memory.base
    # In mode "c" changes are in memory only.
    if isinstance(memory, mmap.mmap) and mode in ("r", "r+"):
        with suppress(AttributeError):
            # Not every system can do it.
            memory.madvise(mmap.MADV_DONTNEED)
