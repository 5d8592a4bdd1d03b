"""Prediction on the device, with one program for any number of samples or origins."""

from functools import partial
from typing import Any

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm.training.batches import SampleBatches
from skforecast_lstm.training.blocks import (
    ROOM_TO_PREDICT,
    capacity_for,
    for_device,
    padded,
)
from skforecast_lstm.training.origins import Origins
from skforecast_lstm.training.programs import Programs
from skforecast_lstm.training.row_independence import joins_rows
from skforecast_lstm.training.samples import Samples
from skforecast_lstm.training.steps import Scale, model_variables, read

__all__ = ["feed_back", "predict"]

# Windows per prediction batch. Few on a CPU, so that one window is quick too.
PREDICTION_BATCH = {"cpu": 64}
# Smallest capacity in steps, and largest number of forecast steps per call.
ROOM_TO_FEED = 4**3
FORECASTS_OF_A_CALL = 4**8
# Up to this number of origins, a full batch would waste time.
FEW_ORIGINS = 16


def predict(model: keras.Model, samples: Samples) -> Any:
    """Return the outputs of a Keras model on JAX for all samples.

    Parameters
    ----------
    model : keras.Model
        A built model.
    samples : Samples
        Inputs to predict from.

    Returns
    -------
    outputs : ndarray, or list or dict of ndarrays
        As `keras.Model.predict` gives them.
    """
    if joins_rows(model):
        # The outputs of a row depend on the other rows in its batch.
        return model.predict(SampleBatches(samples), verbose=0)
    batch_size = _batch_size()
    state = read(model_variables(model, training=False))
    programs = Programs(model, training=False)
    parts = []
    for block in samples.chunks():
        loaded = samples.load(block, ROOM_TO_PREDICT)
        program = programs.prediction(state, loaded, batch_size)
        if program.changes_model:
            # The next batch needs the state that this one leaves, such as seeds.
            return model.predict(SampleBatches(samples), verbose=0)
        outputs = program(state, loaded, np.int32(len(block)))
        cut = partial(_first_rows, len(block))
        parts.append(jax.tree.map(cut, outputs))
    return jax.tree.map(lambda *pieces: np.concatenate(pieces), *parts)


def feed_back(
    model: keras.Model,
    series: NDArray,
    origins: Origins,
    n_steps: int,
    window_shape: tuple[int, ...],
    centre: NDArray,
    spread: NDArray,
) -> NDArray | None:
    """Return forecasts for all origins, or None if predicting changes the model.

    The parameters are those of `training.feed_back`, with one centre and one spread per
    column.
    """
    high = centre.astype(keras.config.floatx())
    scale = Scale(*for_device(np.stack([high, centre - high, spread])))
    n_origins = len(origins.starts)
    batch_size = _batch_size()
    capacity = capacity_for(n_steps, ROOM_TO_FEED)
    n_at_once = max(FORECASTS_OF_A_CALL // capacity, batch_size)
    if n_origins <= FEW_ORIGINS:
        batch_size = n_at_once = FEW_ORIGINS
    programs = Programs(model, training=False)
    state = read(model_variables(model, training=False))
    forecasts = np.empty((n_origins, n_steps, series.shape[1]), keras.config.floatx())
    # Sort the origins: neighbouring origins need the same rows.
    order = np.argsort(origins.starts, kind="stable")
    for begin in range(0, n_origins, n_at_once):
        places = order[begin : begin + n_at_once]
        some, rows = _needed(origins.take(places))
        part = series[rows]
        part = padded(part, capacity_for(len(part), ROOM_TO_PREDICT))
        some = some._replace(
            starts=padded(some.starts, n_at_once), begins=padded(some.begins, n_at_once)
        )
        some = Origins(*map(for_device, some))
        counts = np.int32(len(places)), np.int32(n_steps)
        arguments = (state, part, some, scale, *counts)
        program = programs.feeding(arguments, window_shape, capacity, batch_size)
        if program.changes_model:
            return None
        forecasts[places] = np.asarray(program(*arguments))[: len(places), :n_steps]
    return forecasts


def _batch_size():
    return PREDICTION_BATCH.get(jax.default_backend(), 1024)


def _first_rows(n_rows, outputs):
    return np.asarray(outputs)[:n_rows]


def _needed(origins):
    """Return the origins relative to the first row needed, and the slice of rows."""
    begins = np.maximum(origins.begins, origins.starts - origins.lags[0])
    first, stop = int(begins.min()), int(origins.starts.max())
    counted = origins._replace(starts=origins.starts - first, begins=begins - first)
    return counted, slice(first, stop)
