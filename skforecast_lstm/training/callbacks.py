"""Check for callbacks that must run at every batch."""

import keras

from skforecast_lstm._keras_seam import traces

__all__ = ["watches_batches"]

_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


def watches_batches(callback: keras.callbacks.Callback) -> bool:
    """Return True if a callback does something before or after a batch.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Any callback.

    Returns
    -------
    watches : bool
        True if the callback uses a batch hook. Some callbacks of Keras and MLflow have
        batch hooks but use them only with certain options; without these options it is
        False.
    """
    callbacks = keras.callbacks
    if isinstance(callback, callbacks.ProgbarLogger):
        return False
    if isinstance(callback, callbacks.ModelCheckpoint | callbacks.BackupAndRestore):
        return callback.save_freq not in ("epoch", False)
    if type(callback).__module__ == "mlflow.keras.callback":
        return callback.log_every_n_steps is not None
    if isinstance(callback, callbacks.TensorBoard):
        return (
            callback.update_freq != "epoch"
            or callback.write_steps_per_second
            or traces(callback)
        )
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(callbacks.Callback, hook)
        for hook in _HOOKS
    )
