"""Small models, to ask what they are."""

import numpy as np
import pytest


@pytest.fixture
def model_of():
    """Function that returns a compiled model of layers, by default a small LSTM."""
    # Not at the top, because the backend is chosen after this file is read.
    import keras

    def model_of(*layers, optimizer="sgd", loss="mse", metrics=None, **options):
        layers = layers or (keras.layers.LSTM(2), keras.layers.Dense(1))
        model = keras.Sequential([keras.Input((3, 1)), *layers])
        model.compile(optimizer, loss, metrics=metrics, **options)
        return model

    return model_of


@pytest.fixture
def built():
    """Function that builds loss and metrics of a model for batches of one target."""
    from skforecast_lstm._keras_seam import build_to_train

    def built(model):
        shape = (2, *model.input_shape[1:])
        build_to_train(model, (np.zeros(shape), np.zeros((2, 1))))
        return model

    return built
