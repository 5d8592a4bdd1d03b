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
    assert shipped_weights().plan["seed"] == 0


def test_the_shipped_network_forecasts_a_season(rng):
    steps = np.arange(72)
    series = 10 + 5 * np.sin(2 * np.pi * steps / 12) + steps / 10
    series += 0.1 * rng.normal(size=72)
    forecast = forecast_quantiles(shipped_weights().weights, [series[:60]], 12, (12, 1))
    assert np.abs(forecast[0, :, LEVELS.index(0.5)] - series[60:]).mean() < 0.5
    assert (np.diff(forecast) >= 0).all()
