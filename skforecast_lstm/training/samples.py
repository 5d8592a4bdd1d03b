"""Samples to train on: windows, targets and weights, in blocks that fit the device."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from skforecast_lstm._pieces import let_go

__all__ = [
    "ROOM_TO_PREDICT",
    "Block",
    "Samples",
    "Source",
    "filled_up",
    "for_device",
    "room_for",
]

BLOCK_BYTES = 2**26
# Rows that the device has room for at least, to train and to predict.
ROOM_TO_TRAIN = 4**8
ROOM_TO_PREDICT = 4**6


def series_under(windows: NDArray) -> tuple[NDArray, int, NDArray | None]:
    """The series that windows are a view of, and how they lie in it.

    Returns the series, how many of its rows lie between one window and the next, and
    where in a window its steps lie. Windows that are no view are a series in which
    nothing overlaps.
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
    # Steps of many columns laid flat, as targets are: each window some of them later.
    stride = ahead // onward if 0 < onward <= ahead and ahead % onward == 0 else n_steps
    length = (n_windows - 1) * stride + n_steps
    if length < n_windows * n_steps:
        series = _row_by_row(windows, length, onward)
        return series, stride, np.arange(n_steps, dtype=np.int32)
    series = np.ascontiguousarray(windows).reshape(-1, *windows.shape[2:])
    return series, n_steps, np.arange(n_steps, dtype=np.int32)


def _row_by_row(windows, length, distance):
    """A view of the rows that windows are made of."""
    shape, strides = (length, *windows.shape[2:]), (distance, *windows.strides[2:])
    return as_strided(windows, shape, strides, writeable=False)


def _target_under(leaf):
    """As `series_under`, but targets in which nothing overlaps stay as they are."""
    if leaf.ndim == 2 and 0 < leaf.strides[0] < leaf.shape[1] * leaf.strides[1]:
        return series_under(leaf)
    return leaf, 1, None


def device_dtype(dtype: np.dtype) -> np.dtype:
    """What the device calculates with: Keras's float for floats, 32 bits for integers."""
    if np.issubdtype(dtype, np.floating):
        return np.dtype(keras.config.floatx())
    if np.issubdtype(dtype, np.integer) and dtype.itemsize > 4:
        return np.dtype(np.uint32 if dtype.kind == "u" else np.int32)
    return dtype


class Source(NamedTuple):
    """Where windows or targets lie: in a series, so far apart, with these steps."""

    series: NDArray
    stride: NDArray
    steps: NDArray | None


@dataclass(frozen=True)
class Block:
    """Samples from one position to another, as many as the device takes at once."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


class Samples:
    """Chosen rows of arrays, with a target and a weight each; nothing is copied.

    Parameters
    ----------
    x : ndarray, or list, tuple or dict of ndarrays
        Inputs of the model, samples along the first axis. Overlapping windows are as a
        rule a view of one series.
    y : ndarray, or list, tuple or dict of ndarrays, default=None
        Target of each chosen row.
    sample_weight : ndarray, or list, tuple or dict of ndarrays, default=None
        Weight of each chosen row.
    rows : range or ndarray of int, default=None
        Which rows of `x`; all of them by default.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.training import Samples
    >>> windows = np.arange(6.0, dtype="float32").reshape(3, 2, 1)
    >>> samples = Samples(windows, rows=np.array([0, 2]))
    >>> len(samples)
    2
    >>> samples.take(np.array([1]))[0].ravel()
    array([4., 5.], dtype=float32)
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        rows: range | NDArray | None = None,
    ) -> None:
        lengths = {len(leaf) for leaf in keras.tree.flatten(x)}
        if len(lengths) != 1:
            raise ValueError(
                f"The inputs have different numbers of samples: {sorted(lengths)}."
            )
        self.rows = range(lengths.pop()) if rows is None else rows
        if not len(self.rows):
            raise ValueError("There are no samples: the inputs have no rows.")
        for name, part in (("y", y), ("sample_weight", sample_weight)):
            for leaf in keras.tree.flatten(part):
                if leaf is not None and len(leaf) != len(self.rows):
                    raise ValueError(
                        f"{name} has {len(leaf)} entries for {len(self.rows)} samples."
                    )
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self._are_mixed = False

    def __len__(self) -> int:
        return len(self.rows)

    def split(self, n_first: int) -> tuple["Samples", "Samples"]:
        """The first samples, and the others."""

        def part(positions):
            y, weights = (
                keras.tree.map_structure(
                    lambda leaf: None if leaf is None else leaf[positions], given
                )
                for given in (self.y, self.sample_weight)
            )
            return Samples(self.x, y, weights, rows=self.rows[positions])

        return part(slice(n_first)), part(slice(n_first, None))

    def mixed(self, batch_size: int, seed: int) -> "Samples":
        """The samples in a random order, where that makes blocks more alike.

        So it is where a block holds some of them only, and windows are no view of a
        series, whose rows could be had more cheaply side by side.
        """
        is_view = any(
            steps is not None and stride < len(steps)
            for _, stride, steps in map(series_under, _leaves(self.x))
        )
        if is_view or len(self.blocks(batch_size)) == 1:
            return self
        order = np.random.default_rng(seed).permutation(len(self))
        y, weights = (
            _map(lambda leaf: leaf[order], part) for part in (self.y, self.sample_weight)
        )
        mixed = Samples(self.x, y, weights, rows=self._rows_at(order))
        mixed._are_mixed = True
        return mixed

    def take(self, positions: NDArray) -> tuple[Any, Any, Any]:
        """Copies of inputs, targets and weights at some positions."""
        rows = self._rows_at(positions)
        return (
            _map(lambda leaf: for_device(leaf[rows]), self.x),
            _map(lambda leaf: for_device(leaf[positions]), self.y),
            _map(lambda leaf: for_device(leaf[positions]), self.sample_weight),
        )

    def blocks(self, batch_size: int) -> list[Block]:
        """Blocks of whole batches, but for the last one, to train on."""
        weights = _leaves(self.sample_weight)
        bytes_of_a_row = 12 + sum(
            series[:1].nbytes * stride
            for series, stride, _ in (
                *self._under(),
                *((leaf, 1, None) for leaf in weights),
            )
        )
        capacity = ROOM_TO_TRAIN
        while 4 * capacity * bytes_of_a_row <= BLOCK_BYTES:
            capacity *= 4
        while capacity > 1 and capacity * bytes_of_a_row > 4 * BLOCK_BYTES:
            capacity //= 4
        return self._blocks_within(capacity, batch_size)

    def chunks(self) -> list[Block]:
        """Blocks to predict, which need one capacity whatever the number of samples."""
        return self._blocks_within(ROOM_TO_PREDICT, 1)

    def _blocks_within(self, capacity, multiple):
        """Blocks of a multiple of samples for which there is room in a capacity."""
        step = len(self)
        for _, stride, steps in self._under():
            reach = 1 if steps is None else int(steps[-1]) + 1
            room = room_for(reach + stride * multiple, capacity * stride)
            step = min(step, (room - reach) // stride + 1)
        if step < len(self):
            step = max(multiple, step // multiple * multiple)
        return [
            Block(start, min(start + step, len(self)))
            for start in range(0, len(self), step)
        ]

    def epoch(
        self, blocks: list[Block], seed: int | None, epoch: int
    ) -> Iterator[tuple[Block, NDArray | None]]:
        """Blocks of one epoch and the order in each; as they are without a seed.

        Seed and epoch alone say what the order is. Where there are many blocks they
        come in random order, with their samples in random order.
        """
        if seed is None:
            yield from ((block, None) for block in blocks)
            return
        generator = np.random.default_rng([seed, epoch])
        turns = [0] if len(blocks) == 1 else generator.permutation(len(blocks))
        for turn in turns:
            yield blocks[turn], generator.permutation(len(blocks[turn]))

    def load(self, block: Block, room: int = ROOM_TO_TRAIN) -> dict[str, Any]:
        """The arrays of a block for the device, filled up to one of few capacities."""
        positions = slice(block.start, block.stop)
        x, rows = self.x, self._rows_at(positions)
        if self._are_mixed:
            x, rows = _map(lambda leaf: leaf[rows], x), np.arange(len(rows))
        first, last = int(rows.min()), int(rows.max())

        def inputs(leaf):
            series, stride, steps = series_under(leaf)
            reach = 1 if steps is None else int(steps[-1]) + 1
            part = series[first * stride : last * stride + reach]
            return Source(part, np.int32(stride), steps)

        def targets(leaf):
            series, stride, steps = _target_under(leaf[positions])
            return Source(series, np.int32(stride), steps)

        lie = [
            [None if leaf is None else find(leaf) for leaf in keras.tree.flatten(part)]
            for find, part in ((inputs, x), (targets, self.y))
        ]

        def filled(leaf):
            least = room
            while least > 1 and 4 * least * leaf[:1].nbytes > BLOCK_BYTES:
                least //= 4
            return filled_up(leaf, room_for(len(leaf), least))

        x, y = (
            keras.tree.pack_sequence_as(
                part,
                [one and one._replace(series=filled(one.series)) for one in sources],
            )
            for part, sources in zip((x, self.y), lie, strict=True)
        )
        loaded = {
            "x": x,
            "y": y,
            "weights": _map(lambda leaf: filled(leaf[positions]), self.sample_weight),
            "rows": filled((rows - first).astype(np.int32)),
        }
        for leaf in keras.tree.flatten((self.x, self.y, self.sample_weight)):
            let_go(leaf)
        return loaded

    def _under(self):
        """What inputs and targets lie in."""
        yield from map(series_under, _leaves(self.x))
        yield from map(_target_under, _leaves(self.y))

    def _rows_at(self, positions):
        if isinstance(self.rows, range):
            chosen = self.rows[positions] if isinstance(positions, slice) else None
            if chosen is not None:
                return np.arange(chosen.start, chosen.stop, chosen.step)
            return self.rows.start + self.rows.step * positions
        return self.rows[positions]


def _leaves(part):
    """The arrays of a part of samples."""
    return [leaf for leaf in keras.tree.flatten(part) if leaf is not None]


def _map(function, part):
    """A part of samples, changed leaf by leaf; None stays None."""
    return keras.tree.map_structure(
        lambda leaf: None if leaf is None else function(leaf), part
    )


def for_device(leaf):
    """An array in the precision of the device."""
    return leaf.astype(device_dtype(leaf.dtype), copy=False)


def room_for(length, capacity):
    """A capacity for so many rows, some times four larger: few sizes, few programs."""
    while capacity < length:
        capacity *= 4
    return capacity


def filled_up(leaf, capacity):
    """A copy of an array with zeros after it, in the precision of the device."""
    filled = np.zeros((capacity, *leaf.shape[1:]), device_dtype(leaf.dtype))
    filled[: len(leaf)] = leaf
    return filled
