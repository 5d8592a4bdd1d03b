"""Course of a training: number of batches and the learning rate of each batch."""

from dataclasses import dataclass
from typing import Literal, get_args

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Course",
    "Schedule",
    "check_schedule",
    "learning_rate_factors",
    "learning_rate_variable",
]

Schedule = Literal["cosine", "one_cycle"]

RISE_OF_A_CYCLE = 0.3


def learning_rate_factors(
    schedule: Schedule, batches: ArrayLike, n_batches: int
) -> NDArray:
    """Return the factors of the learning rate at given batches of a training.

    The factor depends on the progress of the training: the number of the batch divided by
    the number of all batches. "cosine" falls along half a cosine from 1 to 0.01.
    "one_cycle" rises along half a cosine from 0.04 to 1 in the first 30 % of the batches,
    then falls along another half cosine to 0.0001.

    Parameters
    ----------
    schedule : {"cosine", "one_cycle"}
        Schedule of the learning rate.
    batches : array-like of int
        Numbers of the batches, 0 for the first one.
    n_batches : int
        Number of batches in the training. The schedule reaches its end at the batch with
        this number, one after the last.

    Returns
    -------
    factors : ndarray of float
        Factor of each batch.

    Examples
    --------
    >>> from skforecast_lstm.training.schedules import learning_rate_factors
    >>> learning_rate_factors("cosine", [0, 5, 10], 10)
    array([1.   , 0.505, 0.01 ])
    >>> learning_rate_factors("one_cycle", [0, 3, 10], 10)
    array([4.e-02, 1.e+00, 1.e-04])
    """
    check_schedule(schedule)
    progress = np.asarray(batches) / n_batches
    if schedule == "cosine":
        return _half_cosine(1, 0.01, progress)
    return np.where(
        progress < RISE_OF_A_CYCLE,
        _half_cosine(0.04, 1, progress / RISE_OF_A_CYCLE),
        _half_cosine(1, 1e-4, (progress - RISE_OF_A_CYCLE) / (1 - RISE_OF_A_CYCLE)),
    )


def _half_cosine(start, end, progress):
    return end + (start - end) * (1 + np.cos(np.pi * progress)) / 2


def check_schedule(schedule: str) -> None:
    """Raise a `ValueError` if the schedule is unknown."""
    if schedule not in get_args(Schedule):
        raise ValueError(
            f"schedule={schedule!r} is not known. Choose one of "
            f"{', '.join(map(repr, get_args(Schedule)))}, or None."
        )


def learning_rate_variable(optimizer: keras.optimizers.Optimizer) -> keras.Variable:
    """Return the variable that holds the learning rate of an optimizer.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        An optimizer of Keras.

    Returns
    -------
    variable : keras.Variable
        Variable of the optimizer.

    Raises
    ------
    ValueError
        If the learning rate is not a single number: a Keras schedule, a function, or
        several rates.
    """
    # An optimizer with several learning rates raises an AttributeError.
    variable = getattr(optimizer, "learning_rate", None)
    if not isinstance(variable, keras.Variable):
        raise ValueError(
            f"A schedule multiplies the learning rate of the optimizer, but that of this "
            f"{type(optimizer).__name__} is no single number. Give the optimizer a float "
            "as its learning_rate, or leave out the schedule."
        )
    return variable


@dataclass(frozen=True)
class Course:
    """Batches of a training by epoch, numbered from the first batch of the first epoch.

    Parameters
    ----------
    schedule : {"cosine", "one_cycle"} or None
        Schedule of the learning rate, if any.
    n_batches : int
        Number of batches in the training.
    epoch_length : int
        Number of batches in a full epoch.

    Examples
    --------
    >>> from skforecast_lstm.training.schedules import Course
    >>> course = Course("cosine", n_batches=6, epoch_length=4)
    >>> course.epochs
    2
    >>> course.batches(1)
    range(4, 6)
    >>> course.factors(1)
    array([0.2575 , 0.07631], dtype=float32)
    """

    schedule: Schedule | None
    n_batches: int
    epoch_length: int

    @property
    def epochs(self) -> int:
        """Number of epochs; the last one may be shorter."""
        return -(-self.n_batches // self.epoch_length)

    def batches(self, epoch: int) -> range:
        """Return the numbers of the batches in an epoch."""
        start = epoch * self.epoch_length
        return range(start, min(start + self.epoch_length, self.n_batches))

    def factors(self, epoch: int) -> NDArray | None:
        """Return the learning rate factors of an epoch, or None without a schedule."""
        if self.schedule is None:
            return None
        factors = learning_rate_factors(
            self.schedule, self.batches(epoch), self.n_batches
        )
        return factors.astype(np.float32)
