"""The loop over batches of windows: Keras's own."""

import math
from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm.training.batches import WindowBatches

__all__ = ["fit", "predict"]

PREDICTION_BATCH = 256


def fit(
    model: keras.Model,
    windows: NDArray,
    rows: NDArray,
    targets: NDArray,
    weights: NDArray | None = None,
    *,
    n_validation: int = 0,
    batch_size: int = 32,
    epochs: int = 1,
    initial_epoch: int = 0,
    shuffle_seed: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | Literal["auto"] = 0,
) -> keras.callbacks.History:
    """Train a compiled Keras model on chosen rows of windows.

    Parameters
    ----------
    model : keras.Model
        The compiled model, trained in place.
    windows : ndarray of shape (n_samples, n_steps, n_features)
        Windows, as a rule a view of one series.
    rows : ndarray of int
        The rows to train on.
    targets : ndarray
        Target of each of these rows.
    weights : ndarray, default=None
        Weight of each of these rows.
    n_validation : int, default=0
        How many rows at the end are for validation only.
    batch_size : int, default=32
        Rows in a batch.
    epochs : int, default=1
        Number of the epoch at which to stop.
    initial_epoch : int, default=0
        Number of the epoch at which to begin.
    shuffle_seed : int, default=None
        Where it is given, every epoch has an order of its own, which depends on this
        number and on that of the epoch alone.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Called as `keras.Model.fit` calls them.
    verbose : int, default=0
        As in `keras.Model.fit`.

    Returns
    -------
    history : keras.callbacks.History
        Losses and metrics of each epoch.
    """

    def batches(part, seed=None):
        chosen = None if weights is None else weights[part]
        return WindowBatches(
            windows,
            rows[part],
            targets[part],
            chosen,
            batch_size=batch_size,
            shuffle_seed=seed,
        )

    n_training = len(rows) - n_validation
    training = batches(slice(n_training), shuffle_seed)
    order = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, _: training.begin_epoch(epoch)
    )
    return model.fit(
        training,
        validation_data=batches(slice(n_training, None)) if n_validation else None,
        epochs=epochs,
        initial_epoch=initial_epoch,
        callbacks=[order, *callbacks],
        verbose=verbose,
        shuffle=False,
    )


def predict(
    model: keras.Model, windows: NDArray, *, verbose: int | Literal["auto"] = 0
) -> NDArray:
    """Outputs of a Keras model for every window.

    Batches are filled up, so that one compiled program serves every number of rows.

    Parameters
    ----------
    model : keras.Model
        The trained model.
    windows : ndarray of shape (n_samples, n_steps, n_features)
        Windows, as a rule a view of one series.
    verbose : int, default=0
        As in `keras.Model.predict`.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs)
        Output of each row.
    """
    n_rows = len(windows)
    n_filled = math.ceil(n_rows / PREDICTION_BATCH) * PREDICTION_BATCH
    rows = np.minimum(np.arange(n_filled), n_rows - 1)
    batches = WindowBatches(windows, rows, batch_size=PREDICTION_BATCH)
    return model.predict(batches, verbose=verbose)[:n_rows]
