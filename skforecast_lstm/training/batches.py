"""Samples one batch at a time, as `keras.Model.fit` takes them."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm.training.samples import Samples
from skforecast_lstm.training.schedules import Course, learning_rate_variable

__all__ = ["FollowsCourse", "SampleBatches"]


class SampleBatches(keras.utils.PyDataset):
    """Batches of samples for Keras, in the order that the engine takes them in.

    Parameters
    ----------
    samples : Samples
        What to take batches of.
    batch_size : int, default=32
        Samples in a batch.
    seed : int, default=None
        Where it is given, every epoch has an order of its own, which depends on this
        number and on that of the epoch alone.

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
        """Take the order of an epoch.

        Keras has a hook for datasets too, but calls it more often than once an epoch.
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
    """Has `keras.Model.fit` learn at the rates of a course, and stop where it ends.

    It comes before all other callbacks. Between two batches these see the learning rate
    without its factor, and may set it.

    Parameters
    ----------
    course : Course
        Which batches there are, and at which learning rates.
    others : sequence of keras.callbacks.Callback
        Of these the progress bars are told how many batches each epoch has.
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
        """Look up what the epoch has."""
        self._n_batches = len(self.course.batches(epoch))
        self._factors = self.course.factors(epoch)
        for bar in self.bars:
            bar.target = self._n_batches

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Set the learning rate."""
        if self._factors is not None:
            variable = learning_rate_variable(self.model.optimizer)
            self._rate = np.array(keras.ops.convert_to_numpy(variable))
            variable.assign(self._rate * self._factors[batch])

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Set it back, and stop in the middle of the last epoch."""
        self.restore()
        if batch + 1 == self._n_batches < self.course.epoch_length:
            self.model.stop_training = True

    def restore(self) -> None:
        """Set the learning rate back, also after a batch that did not end."""
        if self._rate is not None:
            learning_rate_variable(self.model.optimizer).assign(self._rate)
            self._rate = None
