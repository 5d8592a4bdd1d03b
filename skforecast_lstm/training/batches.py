"""Samples in batches, in the form that `keras.Model.fit` takes."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm.training.samples import Samples
from skforecast_lstm.training.schedules import Course, learning_rate_variable

__all__ = ["FollowsCourse", "SampleBatches"]


class SampleBatches(keras.utils.PyDataset):
    """Batches of samples for Keras, in the same order as in the engine.

    Parameters
    ----------
    samples : Samples
        Samples to split into batches.
    batch_size : int, default=32
        Number of samples per batch.
    seed : int, default=None
        Seed of the order. If given, each epoch has a different order, which depends only
        on this seed and the number of the epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.training import SampleBatches, Samples
    >>> windows = np.arange(6.0, dtype="float32").reshape(3, 2, 1)
    >>> batches = SampleBatches(Samples(windows), batch_size=2)
    >>> len(batches)
    2
    >>> batches[1][0].ravel()
    array([4., 5.], dtype=float32)
    """

    def __init__(
        self, samples: Samples, *, batch_size: int = 32, seed: int | None = None
    ) -> None:
        super().__init__()
        self.samples = samples
        self.batch_size = batch_size
        self.seed = seed
        self._blocks = samples.blocks(batch_size)
        self._batches: list[NDArray] = []
        self._take_order(None, 0)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> tuple:
        x, y, weights = self.samples.take(self._batches[number])
        if weights is not None:
            return x, y, weights
        return (x,) if y is None else (x, y)

    def begin_epoch(self, epoch: int) -> None:
        """Set the order of batches for an epoch.

        Keras has a hook for this in datasets, but calls it more than once per epoch.
        """
        if self.seed is not None:
            self._take_order(self.seed, epoch)

    def _take_order(self, seed, epoch):
        self._batches = []
        for block, order in self.samples.epoch(self._blocks, seed, epoch):
            positions = np.arange(block.start, block.stop)
            if order is not None:
                positions = positions[order]
            cuts = np.arange(self.batch_size, len(block), self.batch_size)
            self._batches += np.split(positions, cuts)


class FollowsCourse(keras.callbacks.Callback):
    """Make `keras.Model.fit` follow the learning rates of a course and stop at its end.

    Put this callback before all others. Between two batches, the other callbacks see the
    learning rate without its factor, and may set it.

    Parameters
    ----------
    course : Course
        Number of batches and their learning rates.
    others : sequence of keras.callbacks.Callback
        Other callbacks of the training. The progress bars among them get the number of
        batches of each epoch.
    """

    def __init__(
        self, course: Course, others: Sequence[keras.callbacks.Callback]
    ) -> None:
        super().__init__()
        self.course = course
        bar = keras.callbacks.ProgbarLogger
        self.bars = [one for one in others if isinstance(one, bar)]
        self._rate: NDArray | None = None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Look up the batches and the learning rate factors of the epoch."""
        self._n_batches = len(self.course.batches(epoch))
        self._factors = self.course.factors(epoch)
        for bar in self.bars:
            bar.target = self._n_batches

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Multiply the learning rate by the factor of this batch."""
        if self._factors is not None:
            variable = learning_rate_variable(self.model.optimizer)
            self._rate = np.array(keras.ops.convert_to_numpy(variable))
            variable.assign(self._rate * self._factors[batch])

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Restore the learning rate; stop early if the last epoch is a partial one."""
        self.restore()
        if batch + 1 == self._n_batches < self.course.epoch_length:
            self.model.stop_training = True

    def restore(self) -> None:
        """Restore the learning rate, also after an interrupted batch."""
        if self._rate is not None:
            learning_rate_variable(self.model.optimizer).assign(self._rate)
            self._rate = None
