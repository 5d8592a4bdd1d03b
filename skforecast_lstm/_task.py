"""Rows to train on and rows to validate on, with their targets and weights."""

from dataclasses import dataclass

import keras
import numpy as np
from sklearn.utils.validation import _check_sample_weight

from skforecast_lstm import training
from skforecast_lstm._rows import complete_rows, select_rows, true_positions, warn_of_gaps

__all__ = [
    "Part",
    "Task",
    "check_weights",
    "relative_weights",
    "rows_to_train_on",
]


@dataclass(frozen=True)
class Part:
    """Rows of windows with their targets and weights."""

    windows: np.ndarray
    rows: np.ndarray | range
    targets: np.ndarray
    weights: np.ndarray | None

    def at(self, places):
        """Return the rows at the given places."""
        weights = None if self.weights is None else select_rows(self.weights, places)
        rows, targets = (select_rows(one, places) for one in (self.rows, self.targets))
        return Part(self.windows, rows, targets, weights)

    def samples(self):
        """Return the rows as samples to train or to validate on."""
        return training.Samples(self.windows, self.targets, self.weights, rows=self.rows)


@dataclass(frozen=True)
class Task:
    """Rows to train on, and rows to validate on if there are any."""

    to_train: Part
    to_validate: Part | None
    seed: int


def check_weights(sample_weight, X):
    """Return the weights of the rows as floats. Raise if one is negative."""
    if sample_weight is None:
        return None
    sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if (sample_weight < 0).any():
        row = int(np.argmax(sample_weight < 0))
        raise ValueError(
            f"sample_weight must not be negative, got {sample_weight[row]} at row {row}. "
            "Give 0 to leave a row out."
        )
    return sample_weight


def rows_to_train_on(X, known_targets, sample_weight, series):
    """Return the rows with a complete window, a known target and a weight.

    Return also the number of rows without a complete window or a known target.
    """
    complete = complete_rows(X)
    usable = complete & known_targets
    n_left_out = int(len(X) - np.count_nonzero(usable))
    if sample_weight is not None:
        if not (sample_weight > 0).any():
            raise ValueError(
                "No row has a positive sample_weight, so there is nothing to train on."
            )
        usable &= sample_weight != 0
    if not usable.any():
        raise ValueError(
            f"None of the n_samples = {len(X)} rows can be trained on: "
            f"{len(X) - np.count_nonzero(complete)} have an incomplete window, "
            f"{len(X) - np.count_nonzero(known_targets)} an unknown target. Give more "
            "rows or a shorter lookback."
        )
    # Do not warn of rows to which the user gave no weight.
    wanted = True if sample_weight is None else sample_weight > 0
    known_targets = known_targets | ~np.broadcast_to(wanted, len(X))
    warn_of_gaps(X, complete, known_targets, series)
    return true_positions(usable), n_left_out


def relative_weights(weights, known, to_train, held_out, class_weight=None):
    """Scale the weights so that their mean over the training rows is 1.

    In this mean, each row is multiplied by the known fraction of its target.
    """
    if not (weights >= 0).all():
        raise ValueError(
            "Weights of classes must not be negative or unknown, got "
            f"class_weight={class_weight!r}."
        )
    for what, places in (("train", to_train), ("validate", held_out)):
        if places is not None and not select_rows(weights, places).any():
            raise ValueError(
                f"None of the {len(places)} rows to {what} on has a weight over 0. "
                "Change sample_weight, class_weight or validation_fraction."
            )
    # Divide by the largest first, because the sum could overflow.
    weights = weights / weights.max()
    mean = select_rows(weights * known, to_train).mean()
    return (weights / mean).astype(keras.config.floatx())
