"""Centre and spread of values: of all, of each window, and of each series."""

from itertools import pairwise

import numpy as np
import pytest

from skforecast_lstm._scale import Scale
from skforecast_lstm._series import ManySeries


class TestScale:
    def test_is_undone(self):
        values = np.array([[1.0, 5.0], [3.0, np.nan], [8.0, 5.0]])
        scale = Scale.from_values(values)
        scaled = scale.apply(values)
        np.testing.assert_allclose(np.nanmean(scaled, axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(np.abs(scaled[:, 0]).mean(), 1)
        np.testing.assert_allclose(scale.undo(scaled[..., None])[..., 0], values)

    def test_of_nothing_changes_nothing(self):
        scale = Scale.from_values(np.full((3, 1), np.nan))
        assert (scale.centre, scale.spread) == (0, 1)

    @pytest.mark.parametrize("n_columns", [1, 2])
    def test_by_series_is_that_of_each_series_alone(self, rng, n_columns):
        values = 1e3 * rng.normal(size=(200, n_columns))
        values[rng.random(values.shape) < 0.1] = np.nan
        offsets = np.array([0, 90, 91, 110, 200])
        scale = Scale.by_series(ManySeries(values, offsets, range(4)))
        for number, (first, last) in enumerate(pairwise(offsets)):
            alone = Scale.from_values(values[first:last])
            np.testing.assert_array_equal(scale.centre[number], alone.centre)
            np.testing.assert_array_equal(scale.spread[number], alone.spread)

    def test_with_a_power_of_two_is_the_standard_deviation(self, rng):
        values = rng.normal(size=(30, 4, 2))
        scale = Scale.from_values(values, axis=(0, 1), power=2)
        np.testing.assert_allclose(scale.centre, values.mean(axis=(0, 1)))
        np.testing.assert_allclose(scale.spread, values.std(axis=(0, 1)))


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.0, 1e8, -12345.678, 0.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_steps", [3, 36, 1000])
def test_what_is_constant_does_not_vary(value, dtype, n_steps):
    windows = np.full((4, n_steps, 2), value, dtype)
    windows[1, 0] = np.nan
    scale = Scale.from_values(windows, axis=1)
    np.testing.assert_array_equal(scale.spread, 1.0)
    np.testing.assert_allclose(scale.centre, dtype(value), rtol=1e-12)
    windows[2, 1] += 1 + abs(dtype(value)) / 100
    assert (Scale.from_values(windows, axis=1).spread[2] != 1.0).all()
