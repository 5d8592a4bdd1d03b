"""Series under windows: the rows that overlapping windows are a view of."""

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["series_under", "target_under"]


def series_under(windows: NDArray) -> tuple[NDArray, int, NDArray | None]:
    """Return the series that windows are a view of, and the layout of the windows in it.

    Returns the series, the number of its rows from one window to the next, and the
    offsets of the steps in a window. Windows that are not a view are returned as a series
    without overlap.
    """
    if windows.ndim < 2:
        return windows, 1, None
    n_windows, n_steps = windows.shape[:2]
    ahead, onward = windows.strides[:2]
    apart = onward // ahead if 0 < ahead <= onward and onward % ahead == 0 else n_windows
    length = n_windows + (n_steps - 1) * apart
    if length < n_windows * n_steps:
        series = _row_by_row(windows, length, ahead)
        return series, 1, np.arange(0, n_steps * apart, apart, dtype=np.int32)
    # Steps of several columns flattened into one axis, as targets are.
    stride = ahead // onward if 0 < onward <= ahead and ahead % onward == 0 else n_steps
    length = (n_windows - 1) * stride + n_steps
    if length < n_windows * n_steps:
        series = _row_by_row(windows, length, onward)
        return series, stride, np.arange(n_steps, dtype=np.int32)
    series = np.ascontiguousarray(windows).reshape(-1, *windows.shape[2:])
    return series, n_steps, np.arange(n_steps, dtype=np.int32)


def _row_by_row(windows, length, distance):
    """Return a view of the rows that the windows consist of."""
    shape, strides = (length, *windows.shape[2:]), (distance, *windows.strides[2:])
    return as_strided(windows, shape, strides, writeable=False)


def target_under(leaf):
    """Return the same as `series_under`, but leave targets without overlap unchanged."""
    if leaf.ndim == 2 and 0 < leaf.strides[0] < leaf.shape[1] * leaf.strides[1]:
        return series_under(leaf)
    return leaf, 1, None
