"""The network for whole series and its two layers."""

import keras
import numpy as np
import pytest

from skforecast_lstm.networks.series import (
    JoinNeighbours,
    SummariseKnown,
    series_network,
)


@pytest.fixture
def series(rng):
    return rng.normal(size=(4, 9, 2)).astype("float32")


@pytest.mark.parametrize("size", [1, 4, 5, 12])
def test_joined_neighbours_and_a_dense_layer_are_a_convolution(series, size):
    joined, dense = JoinNeighbours(size), keras.layers.Dense(3)
    convolution = keras.layers.Conv1D(3, size, padding="same")
    convolution.build(series.shape)
    dense.build((*series.shape[:-1], 2 * size))
    kernel, bias = convolution.get_weights()
    dense.set_weights([kernel.reshape(-1, 3), bias])
    np.testing.assert_allclose(dense(joined(series)), convolution(series), atol=1e-5)
    assert joined.compute_output_shape(series.shape) == (4, 9, 2 * size)


def test_unknown_neighbours_are_zero(series):
    mask = np.ones((4, 9), dtype=bool)
    mask[:, :3] = False
    zeroed = np.where(mask[..., None], series, 0)
    layer = JoinNeighbours(3)
    np.testing.assert_array_equal(layer(series, mask=mask), layer(zeroed))


def test_summary_of_the_known_steps(series):
    mask = np.ones((4, 9), dtype=bool)
    mask[1, :5] = False
    mask[2] = False
    summary = np.asarray(SummariseKnown()(series, mask=mask))
    np.testing.assert_allclose(summary[0, :2], series[0].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(summary[0, 2:], series[0].max(axis=0))
    np.testing.assert_allclose(summary[1, :2], series[1, 5:].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(summary[1, 2:], series[1, 5:].max(axis=0))
    assert not summary[2].any()
    np.testing.assert_allclose(SummariseKnown()(series)[0], summary[0], rtol=1e-6)


def test_steps_before_the_beginning_change_nothing(series):
    """Nor does their number: a short network with the same weights says the same."""
    long, short = (
        series_network((steps, 2), 3, filters=4, kernel_size=4, units=5)
        for steps in (14, 9)
    )
    short.set_weights(long.get_weights())
    unknown = np.full((4, 5, 2), np.nan, dtype="float32")
    np.testing.assert_allclose(
        long(np.concatenate([unknown, series], axis=1)), short(series), rtol=1e-5
    )


def test_the_network_is_saved_and_loaded(series, tmp_path):
    network = series_network((9, 2), filters=(3, 4), units=(5, 4), dropout=0.5)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(loaded(series), network(series), rtol=1e-6)


def test_one_variable_needs_no_axis_of_its_own(series):
    network = series_network((9,), 2)
    assert network(series[..., 0]).shape == (4, 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cell": "conv"}, "cell must be one of"),
        ({"units": ()}, "units must name at least one"),
        ({"units": 0}, "units must be a positive integer"),
        ({"filters": -1}, "filters must be a positive integer"),
        ({"kernel_size": 0}, "kernel_size must be at least 1"),
        ({"kernel_size": 2.5}, "kernel_size must be an integer"),
        ({"dropout": 1.0}, "at least 0 and under 1"),
        ({"input_shape": None}, "input_shape is missing"),
    ],
)
def test_what_makes_no_network_is_refused(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        series_network(**{"input_shape": (9, 2), **wrong})
