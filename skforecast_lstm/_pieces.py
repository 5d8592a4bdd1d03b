"""Large arrays a piece at a time, so that what is on disk never fills the memory."""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["let_go", "pieces"]

ROWS_IN_A_PIECE = 2**19


def pieces(*arrays: NDArray) -> Iterator[slice]:
    """Slices that together are all rows of some arrays.

    What a slice brought into memory from a file is let go after it.
    """
    for start in range(0, len(arrays[0]), ROWS_IN_A_PIECE):
        yield slice(start, start + ROWS_IN_A_PIECE)
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
