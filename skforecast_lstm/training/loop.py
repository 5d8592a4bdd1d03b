"""The loop over batches of windows: Keras's own."""

import math

import numpy as np

from skforecast_lstm.training.batches import WindowBatches

__all__ = ["fit", "predict"]

PREDICTION_BATCH = 256


def fit(
    model,
    windows,
    rows,
    targets,
    weights=None,
    *,
    n_validation=0,
    batch_size=32,
    epochs=1,
    initial_epoch=0,
    shuffle=None,
    callbacks=(),
    verbose=0,
):
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
    shuffle : numpy.random.Generator, default=None
        Draws the order of the rows of every epoch; without it the order stays.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Called as `keras.Model.fit` calls them.
    verbose : int, default=0
        As in `keras.Model.fit`.

    Returns
    -------
    history : keras.callbacks.History
        Losses and metrics of each epoch.
    """

    def batches(part, order):
        chosen = None if weights is None else weights[part]
        return WindowBatches(
            windows,
            rows[part],
            targets[part],
            chosen,
            batch_size=batch_size,
            shuffle=order,
        )

    n_training = len(rows) - n_validation
    validation = batches(slice(n_training, None), None) if n_validation else None
    return model.fit(
        batches(slice(n_training), shuffle),
        validation_data=validation,
        epochs=epochs,
        initial_epoch=initial_epoch,
        callbacks=list(callbacks),
        verbose=verbose,
        shuffle=False,
    )


def predict(model, windows, *, verbose=0):
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
