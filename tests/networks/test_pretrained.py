"""The pretrained network before any training."""

import jax
import numpy as np
import pytest

from skforecast_lstm.networks.pretrained import LEVELS, pretrained_network


@pytest.fixture(scope="module")
def network():
    return pretrained_network(32, 6, units=8, decoder_units=8)


@pytest.fixture(scope="module")
def forecast(network):
    """The outputs of the network as a function: it is compiled once, as in use."""
    return jax.jit(network)


@pytest.fixture
def inputs(rng):
    windows = 50 + rng.normal(size=(5, 32)).astype("float32").cumsum(axis=1)
    windows[0, :10] = np.nan
    windows[1] = np.nan
    windows[2] = 7
    return [windows, np.array([[1, 1], [1, 1], [4, 1], [4, 12], [40, 1]], np.int32)]


def test_quantiles_are_finite_and_do_not_cross(forecast, inputs):
    quantiles = np.asarray(forecast(inputs))
    assert quantiles.shape == (5, 6, len(LEVELS))
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()


def test_a_constant_series_stays_constant(forecast, inputs):
    median = np.asarray(forecast(inputs))[2, :, len(LEVELS) // 2]
    np.testing.assert_allclose(median, 7, rtol=1e-4)


def test_forecasts_are_in_the_units_of_the_series(forecast, inputs):
    windows, seasons = inputs
    moving = [0, 3, 4]
    quantiles = np.asarray(forecast(inputs))[moving]
    in_others = np.asarray(forecast([1000 * windows, seasons]))[moving]
    np.testing.assert_allclose(in_others, 1000 * quantiles, rtol=1e-3)


def test_a_clear_season_is_forecast(forecast):
    steps = np.arange(38)
    series = 10 + 5 * np.sin(2 * np.pi * steps / 4) + steps
    windows = np.tile(series[:32].astype("float32"), (5, 1))
    seasons = np.tile(np.array([[4, 1]], np.int32), (5, 1))
    median = np.asarray(forecast([windows, seasons]))[0, :, len(LEVELS) // 2]
    assert np.abs(median - series[32:]).mean() < 0.5


def test_networks_of_any_length_have_the_same_weights(network):
    longer = pretrained_network(64, 12, units=8, decoder_units=8)
    assert [one.shape for one in longer.weights] == [one.shape for one in network.weights]


def test_a_length_that_is_no_multiple_of_the_segment_is_an_error():
    with pytest.raises(ValueError, match="multiple of segment=16"):
        pretrained_network(40)
