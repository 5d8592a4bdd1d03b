"""Blocks of samples on the device, and the form that arrays have there."""

from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ROOM_TO_PREDICT",
    "ROOM_TO_TRAIN",
    "DeviceBlock",
    "Source",
    "capacity_for",
    "device_dtype",
    "for_device",
    "padded",
]

# Smallest capacity in rows on the device, to train and to predict.
ROOM_TO_TRAIN = 4**8
ROOM_TO_PREDICT = 4**6


class Source(NamedTuple):
    """Layout of windows or targets: series, stride between windows, offsets of steps."""

    series: NDArray
    stride: NDArray
    steps: NDArray | None


class DeviceBlock(NamedTuple):
    """A block of samples on the device, padded at the end of each array.

    Parameters
    ----------
    x, y : Source, or nested structures of Source
        Layout of the windows and of the targets.
    weights : array, or nested structure of arrays, or None
        Weight of each sample.
    rows : array of int
        Number of each sample's window.
    shares : array or None, default=None
        Weight of each sample in the mean of its batch, in the order of the batches, 0 for
        padding. None if batches are not padded.
    order : array of int or None, default=None
        Order of the samples in an epoch, followed by those that pad the last batch. None
        to predict.
    factors : array or None, default=None
        Learning rate factor of the batch of each sample in order. None without a
        schedule.
    """

    x: Any
    y: Any
    weights: Any
    rows: Any
    shares: Any = None
    order: Any = None
    factors: Any = None


def device_dtype(dtype: np.dtype) -> np.dtype:
    """Return the dtype on the device: Keras's float type for floats, 32-bit integers."""
    if np.issubdtype(dtype, np.floating):
        return np.dtype(keras.config.floatx())
    if np.issubdtype(dtype, np.integer) and dtype.itemsize > 4:
        return np.dtype(np.uint32 if dtype.kind == "u" else np.int32)
    return dtype


def for_device(leaf: NDArray) -> NDArray:
    """Return an array in the precision of the device."""
    return leaf.astype(device_dtype(leaf.dtype), copy=False)


def capacity_for(length: int, capacity: int) -> int:
    """Return a capacity of at least `length`: `capacity` times a power of four."""
    while capacity < length:
        capacity *= 4
    return capacity


def padded(leaf: NDArray, capacity: int) -> NDArray:
    """Return a copy padded with zeros at the end, in the precision of the device."""
    result = np.zeros((capacity, *leaf.shape[1:]), device_dtype(leaf.dtype))
    result[: len(leaf)] = leaf
    return result
