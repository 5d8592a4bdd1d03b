"""Weights in files, and those that ship with the package."""

import numpy as np
import pytest

from skforecast_lstm.networks.pretrained import LEVELS, pretrained_network
from skforecast_lstm.pretraining.forecasting import forecast_quantiles
from skforecast_lstm.pretraining.training import Plan, State, save
from skforecast_lstm.pretraining.weights import (
    SHIPPED,
    read_plan,
    read_weights,
    shipped_weights,
    write_weights,
)


def test_weights_are_read_in_single_precision(tmp_path, rng):
    path = tmp_path / "weights.npz"
    weights = [rng.normal(size=(3, 2)).astype("float32"), np.ones(2, "float32")]
    write_weights(path, weights, {"seed": 3})
    assert read_plan(path) == {"seed": 3}
    for one, other in zip(read_weights(path), weights, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-3)


def test_of_a_checkpoint_the_averaged_ones_are_read(tmp_path):
    path = tmp_path / "checkpoint.npz"
    save(path, State([np.zeros(2)], [np.ones(2)], [np.zeros(1)], 5), Plan())
    np.testing.assert_array_equal(read_weights(path), [np.ones(2)])
    assert read_plan(path)["round"] == 5


def test_pickles_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, weights_0=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_weights(path)


def test_the_shipped_file_is_small_and_fits_the_network():
    assert SHIPPED.stat().st_size < 4 * 2**20
    shapes = [one.shape for one in pretrained_network(64, 24).weights]
    assert [one.shape for one in shipped_weights().weights] == shapes
    assert read_plan(SHIPPED)["n_batches"] > 0


def test_the_shipped_network_forecasts_a_season(rng):
    steps = np.arange(72)
    series = 10 + 5 * np.sin(2 * np.pi * steps / 12) + steps / 10
    series += 0.1 * rng.normal(size=72)
    forecast = forecast_quantiles(shipped_weights().weights, [series[:60]], 12, (12, 1))
    assert np.abs(forecast[0, :, LEVELS.index(0.5)] - series[60:]).mean() < 0.5
    assert (np.diff(forecast) >= 0).all()


@pytest.mark.parametrize("offset", [1e9, -1e12])
def test_a_level_far_from_zero_changes_little(rng, offset):
    series = rng.normal(size=60).cumsum()
    weights = shipped_weights().weights
    near, far, farther = (
        forecast_quantiles(weights, [np.round(series, 3) + level], 12)[0] - level
        for level in (20 * series.std(), offset, 2 * offset)
    )
    np.testing.assert_allclose(far, farther, atol=0.01)
    np.testing.assert_allclose(far, near, atol=0.5 * np.ptp(near))


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1e30, 1e200])
def test_values_of_any_size_have_forecasts_of_that_size(rng, size):
    series = 50 + rng.normal(size=60).cumsum()
    weights = shipped_weights().weights
    expected, forecast = (
        forecast_quantiles(weights, [factor * series], 12) / factor
        for factor in (1.0, size)
    )
    np.testing.assert_allclose(forecast, expected, rtol=1e-4)
