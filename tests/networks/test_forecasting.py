"""The network of the forecaster: its layers, its loss, and what it says of a window."""

import keras
import numpy as np
import pytest

from skforecast_lstm.networks import QuantileLoss, SimpleForecasts, forecast_network


class TestForecastNetwork:
    def window(self, rng, n_columns=1, n_steps=24):
        return rng.normal(size=(5, n_steps, n_columns)).astype("float32")

    @pytest.mark.parametrize("decoder", ["dense", "lstm"])
    @pytest.mark.parametrize("n_seasons", [1, 2, 3])
    def test_repeats_the_season_until_it_has_learned(self, rng, decoder, n_seasons):
        season = rng.normal(size=(5, 12, 1)).astype("float32")
        network = forecast_network(
            (12 * n_seasons, 1), horizon=15, season_length=12, decoder=decoder
        )
        expected = np.tile(season, (1, 2, 1))[:, :15, 0]
        forecast = network(np.tile(season, (1, n_seasons, 1)))
        np.testing.assert_allclose(forecast, expected, atol=1e-5)

    def test_without_a_season_says_the_last_value_until_it_has_learned(self, rng):
        window = self.window(rng)
        forecast = forecast_network((24, 1), horizon=3)(window)
        np.testing.assert_allclose(forecast, np.repeat(window[:, -1], 3, 1), atol=1e-5)

    def test_follows_level_and_spread_of_the_window(self, rng):
        network = forecast_network((24, 2), horizon=3, n_targets=2, season_length=12)
        for weight in network.trainable_variables:
            weight.assign(rng.normal(size=weight.shape))
        window = self.window(rng, 2)
        scale = np.array([5, -3, 5, -3, 5, -3]), np.array([10, 2, 10, 2, 10, 2])
        moved = window * scale[1][:2] + scale[0][:2]
        expected = np.asarray(network(window)) * scale[1] + scale[0]
        np.testing.assert_allclose(network(moved), expected, rtol=1e-3, atol=1e-3)

    def test_a_window_with_unknown_steps_gets_an_answer_too(self, rng):
        network = forecast_network((8, 1), horizon=2)
        for weight in network.trainable_variables:
            weight.assign(rng.normal(size=weight.shape))
        late = self.window(rng, n_steps=8)
        late[:, :3] = np.nan
        unknown = np.full_like(late, np.nan)
        assert np.isfinite(network(late)).all()
        assert np.isfinite(network(unknown)).all()
        assert not np.allclose(network(late), network(unknown))

    def test_columns_known_ahead_count_at_their_own_step(self, rng):
        network = forecast_network((6, 3), horizon=3, n_known=1)
        for weight in network.trainable_variables:
            weight.assign(rng.normal(size=weight.shape))
        kernel = network.get_layer("mixture")
        kernel.set_weights([np.zeros_like(kernel.get_weights()[0])])
        for layer in network.layers:
            if type(layer).__name__ == "LSTM":
                layer.set_weights([np.zeros_like(part) for part in layer.get_weights()])
        window = self.window(rng, 3, 6)
        changed = window.copy()
        changed[:, -2, 2] += 1  # the second of the three steps ahead
        difference = np.asarray(network(changed)) - np.asarray(network(window))
        assert (np.abs(difference[:, [0, 2]]) < 1e-5).all()
        assert (np.abs(difference[:, 1]) > 1e-3).all()

    def test_windows_shorter_than_the_horizon_know_nothing_ahead(self):
        with pytest.raises(ValueError, match=r"too few for columns .* 12 steps ahead"):
            forecast_network((6, 3), horizon=12, n_known=1)

    def test_decoders_are_named(self):
        with pytest.raises(ValueError, match="decoder must be 'dense' or 'lstm'"):
            forecast_network((6, 1), decoder="gru")

    def test_saved_and_loaded_it_says_the_same(self, rng, tmp_path):
        network = forecast_network((24, 3), horizon=3, season_length=12, n_known=1)
        for weight in network.trainable_variables:
            weight.assign(rng.normal(size=weight.shape))
        network.save(tmp_path / "network.keras")
        window = self.window(rng, 3)
        loaded = keras.saving.load_model(tmp_path / "network.keras")
        np.testing.assert_allclose(loaded(window), network(window), rtol=1e-5)


class TestSimpleForecasts:
    def rules(self, series, horizon, season_length):
        window = np.asarray(series, dtype="float32")[None, :, None]
        forecasts = SimpleForecasts(horizon, season_length)(window)
        return np.asarray(forecasts)[0, :, 0].T

    def test_of_a_season_that_repeats_itself_the_season_ago_is_exact(self):
        season = np.array([5.0, 1.0, 3.0, 9.0])
        rules = self.rules(np.tile(season, 3), 6, 4)
        ahead = np.tile(season, 2)[:6]
        np.testing.assert_allclose(rules[2], ahead)
        np.testing.assert_allclose(rules[3] + season.mean(), ahead, rtol=1e-6)

    def test_of_a_straight_line_level_and_slope_are_exact(self):
        line, ahead = 2 + 3 * np.arange(12.0), 2 + 3 * np.arange(12.0, 18)
        last, _, _, slope = self.rules(line, 6, 1)
        np.testing.assert_allclose(last + slope, ahead, rtol=1e-5)

    def test_of_a_season_on_a_line_season_ago_and_drift_are_exact(self):
        times = np.arange(18.0)
        series = 3 * times + np.tile([5.0, 1.0, 3.0, 9.0], 5)[:18]
        rules = self.rules(series[:12], 6, 4)
        season_ago, by_season = rules[2], rules[7]
        np.testing.assert_allclose(season_ago + by_season, series[12:], rtol=1e-5)


def test_quantile_loss_is_least_at_the_quantile(rng):
    values = rng.normal(size=(2000, 1)).astype("float32")
    loss = QuantileLoss([0.1, 0.5])
    best = [np.quantile(values, 0.1), np.quantile(values, 0.5)]

    def at(guess):
        guesses = np.tile(np.float32(guess), (2000, 1))
        return float(loss(np.repeat(values, 2, axis=1), guesses))

    assert at(best) < min(at([best[0] + 0.2, best[1]]), at([best[0], best[1] - 0.2]))
