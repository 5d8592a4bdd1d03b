"""Samples to train on: windows, targets and weights, in blocks that fit the device."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._pieces import release_memory
from skforecast_lstm.training.blocks import (
    ROOM_TO_PREDICT,
    ROOM_TO_TRAIN,
    DeviceBlock,
    Source,
    capacity_for,
    for_device,
    padded,
)
from skforecast_lstm.training.views import series_under, target_under

__all__ = ["Block", "Samples"]

BLOCK_BYTES = 2**26


@dataclass(frozen=True)
class Block:
    """Range of samples that the device loads at once, from `start` to before `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


class Samples:
    """Selected rows of arrays, each with a target and a weight, without copies.

    Parameters
    ----------
    x : ndarray, or list, tuple or dict of ndarrays
        Inputs of the model, with samples along the first axis. Overlapping windows are
        usually a view of one series.
    y : ndarray, or list, tuple or dict of ndarrays, default=None
        Target of each selected row.
    sample_weight : ndarray, or list, tuple or dict of ndarrays, default=None
        Weight of each selected row.
    rows : range or ndarray of int, default=None
        Rows of `x` to select. If None, all rows.

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
                f"The inputs have different numbers of samples: {sorted(lengths)}. Give "
                "all inputs with the same rows."
            )
        self.rows = range(lengths.pop()) if rows is None else rows
        if not len(self.rows):
            raise ValueError(
                "There are no samples: the inputs have no rows. Give at least one."
            )
        for name, part in (("y", y), ("sample_weight", sample_weight)):
            for leaf in keras.tree.flatten(part):
                if leaf is not None and len(leaf) != len(self.rows):
                    raise ValueError(
                        f"{name} has {len(leaf)} entries for {len(self.rows)} samples. "
                        "Give one for each sample."
                    )
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self._are_mixed = False

    def __len__(self) -> int:
        return len(self.rows)

    def split(self, n_first: int) -> tuple["Samples", "Samples"]:
        """Return the first samples and the remaining samples."""

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
        """Return the samples in random order if that makes the blocks more alike.

        They are shuffled if there are several blocks and the windows are not a view of a
        series. The rows of such a view are cheaper to read side by side.
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
        """Return copies of inputs, targets and weights at given positions."""
        rows = self._rows_at(positions)
        return (
            _map(lambda leaf: for_device(leaf[rows]), self.x),
            _map(lambda leaf: for_device(leaf[positions]), self.y),
            _map(lambda leaf: for_device(leaf[positions]), self.sample_weight),
        )

    def blocks(self, batch_size: int) -> list[Block]:
        """Return blocks to train on; all but the last consist of full batches."""
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
        """Return blocks to predict, with one capacity for any number of samples."""
        return self._blocks_within(ROOM_TO_PREDICT, 1)

    def _blocks_within(self, capacity, multiple):
        """Return blocks that fit a capacity, each a multiple of `multiple` samples."""
        step = len(self)
        for _, stride, steps in self._under():
            reach = _reach(steps)
            room = capacity_for(reach + stride * multiple, capacity * stride)
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
        """Yield the blocks of an epoch, each with the order of its samples.

        The order depends only on the seed and the epoch. If there are several blocks, the
        blocks come in random order, and so do the samples in each. Without a seed,
        nothing is shuffled and the order is None.
        """
        if seed is None:
            yield from ((block, None) for block in blocks)
            return
        generator = np.random.default_rng([seed, epoch])
        turns = [0] if len(blocks) == 1 else generator.permutation(len(blocks))
        for turn in turns:
            yield blocks[turn], generator.permutation(len(blocks[turn]))

    def load(self, block: Block, room: int = ROOM_TO_TRAIN) -> DeviceBlock:
        """Return the arrays of a block for the device, padded to one of few sizes."""
        positions = slice(block.start, block.stop)
        x, rows = self.x, self._rows_at(positions)
        if self._are_mixed:
            x, rows = _map(lambda leaf: leaf[rows], x), np.arange(len(rows))
        first, last = int(rows.min()), int(rows.max())

        def fill(leaf):
            least = room
            while least > 1 and 4 * least * leaf[:1].nbytes > BLOCK_BYTES:
                least //= 4
            return padded(leaf, capacity_for(len(leaf), least))

        def load_windows(leaf):
            series, stride, steps = series_under(leaf)
            part = series[first * stride : last * stride + _reach(steps)]
            return Source(fill(part), np.int32(stride), steps)

        def load_target(leaf):
            series, stride, steps = target_under(leaf[positions])
            return Source(fill(series), np.int32(stride), steps)

        loaded = DeviceBlock(
            x=_map(load_windows, x),
            y=_map(load_target, self.y),
            weights=_map(lambda leaf: fill(leaf[positions]), self.sample_weight),
            rows=fill((rows - first).astype(np.int32)),
        )
        for leaf in keras.tree.flatten((self.x, self.y, self.sample_weight)):
            release_memory(leaf)
        return loaded

    def _under(self):
        """Yield series, stride and step offsets of each input and target."""
        yield from map(series_under, _leaves(self.x))
        yield from map(target_under, _leaves(self.y))

    def _rows_at(self, positions):
        if isinstance(self.rows, range):
            chosen = self.rows[positions] if isinstance(positions, slice) else None
            if chosen is not None:
                return np.arange(chosen.start, chosen.stop, chosen.step)
            return self.rows.start + self.rows.step * positions
        return self.rows[positions]


def _reach(steps):
    """Return the number of rows from the first step of a window to its last."""
    return 1 if steps is None else int(steps[-1]) + 1


def _leaves(part):
    """Return the arrays in a nested structure."""
    return [leaf for leaf in keras.tree.flatten(part) if leaf is not None]


def _map(function, part):
    """Apply a function to each array in a nested structure; None stays None."""
    return keras.tree.map_structure(
        lambda leaf: None if leaf is None else function(leaf), part
    )
