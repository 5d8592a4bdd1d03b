"""Batches taken out of windows one at a time, so that no copy of all is made."""

import math

import keras
import numpy as np
from numpy.typing import NDArray

__all__ = ["WindowBatches"]


class WindowBatches(keras.utils.PyDataset):
    """Batches of chosen rows of windows, as Keras reads them.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_steps, n_features)
        Windows, as a rule a view of one series.
    rows : ndarray of int
        The rows to take, in this order.
    targets : ndarray, default=None
        Target of each of these rows.
    weights : ndarray, default=None
        Weight of each of these rows.
    batch_size : int, default=32
        Rows in a batch.
    shuffle_seed : int, default=None
        Where it is given, every epoch has an order of its own, which depends on this
        number and on that of the epoch alone.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.training import WindowBatches
    >>> windows = np.arange(6.0).reshape(3, 2, 1)
    >>> batches = WindowBatches(windows, np.array([0, 2]), batch_size=1)
    >>> batches[1][0].ravel()
    array([4., 5.], dtype=float32)
    """

    def __init__(
        self,
        windows: NDArray,
        rows: NDArray,
        targets: NDArray | None = None,
        weights: NDArray | None = None,
        *,
        batch_size: int = 32,
        shuffle_seed: int | None = None,
    ) -> None:
        super().__init__()
        self.windows = windows
        self.rows = rows
        self.given = [part for part in (targets, weights) if part is not None]
        self.batch_size = batch_size
        self.shuffle_seed = shuffle_seed
        self._order = np.arange(len(rows))

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def __getitem__(self, number: int) -> tuple[NDArray, ...]:
        start = number * self.batch_size
        chosen = self._order[start : start + self.batch_size]
        windows = self.windows[self.rows[chosen]].astype(keras.config.floatx())
        return windows, *(part[chosen] for part in self.given)

    def begin_epoch(self, epoch: int) -> None:
        """Take the order of an epoch.

        Keras has a hook for datasets too, but calls it more often than once an epoch.
        """
        if self.shuffle_seed is not None:
            generator = np.random.default_rng([self.shuffle_seed, epoch])
            self._order = generator.permutation(len(self.rows))
