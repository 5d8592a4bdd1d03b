"""Large arrays in pieces, so that files on disk do not fill the memory."""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["pieces", "release_memory"]

VALUES_IN_A_PIECE = 2**20


def pieces(*arrays: NDArray) -> Iterator[slice]:
    """Yield slices of bounded size that cover all rows of the arrays.

    After each slice, the memory of an array that is mapped from a file is released.
    """
    widest = max(array[:1].size for array in arrays)
    n_rows = max(1, VALUES_IN_A_PIECE // max(1, widest))
    for start in range(0, len(arrays[0]), n_rows):
        yield slice(start, start + n_rows)
        for array in arrays:
            release_memory(array)


def release_memory(array: NDArray) -> None:
    """Release the memory of the file from which an array is mapped."""
    memory: Any = array
    mode = None
    while isinstance(memory, np.ndarray) or hasattr(memory, "base"):
        mode = getattr(memory, "mode", mode)
        memory = memory.base
    # In mode "c", changes are only in memory.
    if isinstance(memory, mmap.mmap) and mode in ("r", "r+"):
        with suppress(AttributeError):
            # Not every system supports this.
            memory.madvise(mmap.MADV_DONTNEED)
