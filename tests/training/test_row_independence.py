"""Batches are filled up only if no row changes what is computed for another."""

import keras
import pytest

from skforecast_lstm import networks
from skforecast_lstm._engine_contract import is_known_to_engine
from skforecast_lstm.networks import recurrent_network
from skforecast_lstm.training.row_independence import fills_batches


class Twice(keras.layers.Layer):
    """A layer of the user."""

    def call(self, inputs):
        return 2 * inputs


@pytest.mark.parametrize(
    ("options", "fills"),
    [
        ({}, True),
        ({"metrics": ["mae", "RootMeanSquaredError"]}, True),
        ({"metrics": [keras.metrics.R2Score()]}, False),
        ({"loss": keras.losses.MeanSquaredError(reduction="sum")}, False),
        ({"loss": lambda y, outputs: keras.ops.mean(y - outputs)}, False),
        ({"loss": keras.losses.Dice()}, False),
        ({"loss": keras.losses.SparseCategoricalCrossentropy(ignore_class=0)}, False),
        ({"loss": keras.losses.BinaryCrossentropy(axis=0)}, False),
        ({"metrics": [lambda y, outputs: keras.ops.max(y - outputs)]}, False),
        ({"metrics": [keras.metrics.CosineSimilarity(axis=0)]}, False),
    ],
    ids=[
        "usual",
        "means",
        "no mean",
        "sum",
        "function",
        "dice",
        "masked class",
        "over rows",
        "function as a metric",
        "metric over rows",
    ],
)
def test_batches_are_filled_up_where_loss_and_metrics_are_means(
    options, fills, model_of, built
):
    assert fills_batches(built(model_of(**options))) is fills


@pytest.mark.parametrize(
    ("layer", "fills"),
    [
        (lambda: keras.layers.Dropout(0.1), True),
        (lambda: keras.layers.Masking(), True),
        (lambda: keras.layers.BatchNormalization(), False),
        (lambda: keras.layers.Softmax(axis=0), False),
        (lambda: Twice(), False),
        (lambda: keras.layers.Dense(1, activity_regularizer="l2"), False),
        (lambda: keras.layers.Dense(1, lambda x: x / keras.ops.max(x)), False),
    ],
)
def test_batches_are_filled_up_where_rows_go_alone(layer, fills, model_of, built):
    model = model_of(layer(), keras.layers.LSTM(2), keras.layers.Dense(1))
    assert fills_batches(built(model)) is fills


@pytest.mark.parametrize(
    ("layer", "fills"),
    [
        (lambda: keras.layers.LSTM(2), True),
        (lambda: keras.layers.LSTM(2, dropout=0.1), False),
        (lambda: keras.layers.GRU(2, recurrent_dropout=0.1), False),
    ],
)
def test_batches_stay_as_they_are_where_more_rows_change_what_is_drawn(
    layer, fills, model_of, built
):
    model = built(model_of(layer(), keras.layers.Dense(1)))
    assert fills_batches(model, may_draw=True)
    assert fills_batches(model, may_draw=False) is fills


def test_batches_of_our_networks_are_filled_up(built):
    model = recurrent_network((3, 1), units=(2, 2), cell="lstm", dense_units=2, l2=0.1)
    model.compile("adam", "mse")
    assert fills_batches(built(model))


def test_an_operation_over_rows_keeps_batches_as_they_are(built):
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(1)(inputs - keras.ops.mean(inputs, axis=0))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    assert not fills_batches(built(model))


def test_a_loss_of_the_user_around_one_of_keras_is_no_mean_over_rows(model_of, built):
    class Largest(keras.losses.Loss):
        inner = keras.losses.MeanSquaredError()

        def call(self, y_true, y_pred):
            return keras.ops.max(keras.ops.abs(y_true - y_pred)) + 0 * y_pred[:, 0]

    assert fills_batches(built(model_of()))
    assert not fills_batches(built(model_of(loss=Largest())))


def test_every_layer_and_loss_of_networks_is_known_to_the_engine():
    kinds = [
        kind
        for kind in vars(networks).values()
        if isinstance(kind, type)
        and issubclass(kind, keras.Layer | keras.losses.Loss)
        and not issubclass(kind, keras.Model)
    ]
    assert len(kinds) > 10
    assert [kind for kind in kinds if not is_known_to_engine(kind)] == []

    class Mine(networks.MaskUnknown):
        """A layer of the user may do anything."""

    assert not is_known_to_engine(Mine)
