"""Windows normalized inside the network, and forecasts undone from it."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    recurrent_network,
    training,
)
from skforecast_lstm.networks import (
    NormalizedNetwork,
    WindowDenormalization,
    WindowNormalization,
)
from skforecast_lstm.targets import horizon_targets

METHODS = ["last", "standard", "relative"]
UNKNOWN = np.nan


def normalized(method, *columns, **options):
    window = np.array(columns, dtype="float32").T[None]
    values, level, spread = WindowNormalization(method, **options)(window)
    return np.asarray(values)[0].T, np.asarray(level)[0], np.asarray(spread)[0]


def layer_of(network, kind):
    return next(layer for layer in network.layers if isinstance(layer, kind))


class TestLayers:
    def test_last_subtracts_the_last_known_value_and_divides_by_the_mean_change(self):
        # The mean step is 4, and larger than the mean distance from the mean, 8 / 3.
        values, level, spread = normalized("last", [4, 0, 4, UNKNOWN], [1, 1, 1, 5])
        assert level.tolist() == [4, 5]
        assert spread.tolist() == [4, 1.5]
        np.testing.assert_allclose(values[0], [0, -1, 0, 0])
        np.testing.assert_allclose(values[1], np.array([-4, -4, -4, 0]) / 1.5)

    def test_standard_gives_mean_zero_and_deviation_one(self):
        values, level, spread = normalized("standard", [1, 2, 6, UNKNOWN])
        assert level == [3]
        np.testing.assert_allclose(spread, np.std([1, 2, 6]), rtol=1e-6)
        np.testing.assert_allclose(values[0, :3].mean(), 0, atol=1e-6)
        np.testing.assert_allclose(values[0, :3].std(), 1, rtol=1e-6)
        assert values[0, 3] == 0

    @pytest.mark.parametrize(
        ("method", "n_last"), [("last", 1), ("last", 4), ("standard", 24)]
    )
    def test_no_digits_are_lost_far_from_zero(self, method, n_last):
        noise = np.random.default_rng(0).normal(size=24)
        window = (1e4 + noise).astype("float32").astype("float64")
        season = n_last if method == "last" else 1
        values, level, spread = normalized(method, window, season_length=season)
        exact = window - window[-n_last:].mean()
        np.testing.assert_allclose(values[0] * spread, exact, atol=1e-6)
        np.testing.assert_allclose(level, 1e4 + noise[-n_last:].mean(), atol=1e-3)

    def test_relative_is_the_change_since_the_first_known_value(self):
        values, level, spread = normalized(
            "relative", [UNKNOWN, 50, 55, 40], [-2, -1, 0, 2]
        )
        np.testing.assert_allclose(values[0], [0, 0, 0.1, -0.2], atol=1e-6)
        np.testing.assert_allclose(values[1], [0, -0.5, -1, -2])
        assert level.tolist() == spread.tolist() == [50, -2]

    def test_relative_stays_finite_where_a_window_begins_at_zero(self):
        values, _, spread = normalized("relative", [0, 1, 3, 4])
        assert spread == pytest.approx(0.02)
        assert np.isfinite(values).all()

    @pytest.mark.parametrize("method", METHODS)
    def test_windows_without_spread_or_without_values(self, method):
        values, level, spread = normalized(method, [7, 7, 7], [UNKNOWN] * 3, [0, 0, 0])
        assert not values.any()
        assert level[[0, 1, 2]].tolist() == [7, 0, 0]
        assert spread[1] == 1
        assert (spread > 0).all()

    def test_the_spread_is_no_smaller_than_what_was_set(self):
        layer = WindowNormalization()
        layer.build((None, 3, 1))
        layer.set_weights([np.array([5.0]), np.zeros(1), np.ones(1)])
        window = np.array([[[1.0], [2.0], [4.0]]], dtype="float32")
        assert np.asarray(layer(window)[2]).item() == 5

    def test_an_unknown_method(self):
        with pytest.raises(ValueError, match=r"normalization must be one of.*'mean'"):
            recurrent_network((3, 1), normalization="mean")

    def test_outputs_run_step_by_step_through_their_columns(self):
        layer = WindowDenormalization((2, 0))
        forecasts = np.zeros((1, 2, 2, 1), dtype="float32")
        level = np.array([[10.0, 20, 30]], dtype="float32")
        assert np.asarray(layer([forecasts, level, level])).tolist() == [[30, 10, 30, 10]]


class TestNetwork:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("decoder", ["dense", "lstm"])
    def test_a_forecast_begins_at_the_level_of_its_column(self, method, decoder, rng):
        network = recurrent_network(
            (4, 3),
            6,
            units=2,
            normalization=method,
            target_columns=(2, 0, 1),
            decoder=decoder,
        )
        windows = rng.normal(5, 1, size=(3, 4, 3)).astype("float32")
        level = {
            "last": windows[:, -1],
            "standard": windows.mean(1),
            "relative": windows[:, 0],
        }[method]
        np.testing.assert_allclose(
            network(windows), np.tile(level[:, [2, 0, 1]], 2), rtol=1e-5
        )

    @settings(deadline=None, max_examples=25)
    @given(
        method=st.sampled_from(["last", "standard"]),
        factor=st.sampled_from([0.25, 2.0, 64.0]),
        shift=st.sampled_from([-8.0, 0.0, 16.0]),
        seed=st.integers(0, 9),
    )
    def test_a_window_in_other_units_has_the_forecast_in_other_units(
        self, method, factor, shift, seed
    ):
        windows = np.random.default_rng(seed).normal(size=(4, 5, 1)).astype("float32")
        network = self.network_that_says_something(method)
        np.testing.assert_allclose(
            network(windows * factor + shift),
            np.asarray(network(windows)) * factor + shift,
            rtol=1e-4,
            atol=1e-3,
        )

    @pytest.mark.parametrize("factor", [-3.0, 0.5, 100.0])
    def test_relative_forecasts_follow_the_factor(self, factor, rng):
        windows = rng.uniform(1, 2, size=(4, 5, 1)).astype("float32")
        network = self.network_that_says_something("relative")
        np.testing.assert_allclose(
            network(windows * factor), np.asarray(network(windows)) * factor, rtol=1e-4
        )

    def network_that_says_something(self, method, shape=(5, 1)):
        network = recurrent_network(shape, 2, units=3, normalization=method)
        rng = np.random.default_rng(0)
        for layer in network.layers:
            if isinstance(layer, keras.layers.Dense):
                layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
        return network

    def test_unknown_steps_are_passed_over(self, rng):
        network = self.network_that_says_something("last")
        windows = rng.normal(size=(2, 5, 1)).astype("float32")
        windows[0, :2] = UNKNOWN
        answers = np.asarray(network(windows))
        assert np.isfinite(answers).all()
        longer = recurrent_network((3, 1), 2, units=3, normalization="last")
        longer.set_weights(network.get_weights())
        np.testing.assert_allclose(answers[:1], longer(windows[:1, 2:]), rtol=1e-5)

    def test_which_columns_must_be_said(self):
        with pytest.raises(ValueError, match=r"have 3 columns\. In target_columns"):
            recurrent_network((5, 3), normalization="last")
        with pytest.raises(ValueError, match="3 outputs for 2 target_columns"):
            recurrent_network((5, 3), 3, normalization="last", target_columns=(0, 1))

    def test_targets_that_are_no_column_are_not_undone(self):
        network = recurrent_network((5, 3), normalization="last", target_columns=())
        assert not isinstance(network, NormalizedNetwork)
        assert network.layers[-1].name.startswith("target_scale")

    @pytest.mark.parametrize("shape", [(5, 1), (5,)])
    @pytest.mark.parametrize("method", METHODS)
    def test_the_loss_is_that_of_normalized_targets(self, method, shape, rng):
        network = self.network_that_says_something(method, shape)
        network.compile(loss="mean_squared_error", metrics=["mean_squared_error"])
        windows = rng.uniform(10, 1000, size=(8, *shape)).astype("float32")
        targets = rng.uniform(10, 1000, size=(8, 2)).astype("float32")
        layer = layer_of(network, WindowNormalization)
        _, _, spread = layer(windows.reshape(8, 5, 1))
        errors = np.asarray(network(windows)) - targets
        loss, metric = network.evaluate(windows, targets, verbose=0)
        np.testing.assert_allclose(
            loss, np.mean((errors / np.asarray(spread)) ** 2), rtol=1e-5
        )
        np.testing.assert_allclose(metric, np.mean(errors**2), rtol=1e-5)

    def test_the_engine_trains_it_as_keras_does(self, rng):
        windows = rng.uniform(1, 100, size=(50, 6, 2)).astype("float32")
        targets = windows[:, -1] + 1

        def build():
            network = recurrent_network(
                (6, 2), 2, units=3, normalization="last", target_columns=(1, 0)
            )
            network.compile("adam", "mean_absolute_error", metrics=["mse"])
            return network

        ours, keras_own = build(), build()
        keras_own.set_weights(ours.get_weights())
        options = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0}
        expected = keras_own.fit(windows, targets, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.Model, "fit", None)
            found = training.fit(ours, windows, targets, **options)
        for name, values in expected.history.items():
            np.testing.assert_allclose(found.history[name], values, rtol=2e-5)
        for mine, theirs in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)

    def test_it_is_part_of_the_saved_model(self, tmp_path, rng):
        network = recurrent_network(
            (4, 2), 2, units=2, normalization="relative", target_columns=(1,)
        )
        layer_of(network, WindowNormalization).set_weights([np.array([0.5, 0.25])] * 3)
        windows = rng.normal(size=(3, 4, 2)).astype("float32")
        network.save(tmp_path / "network.keras")
        loaded = keras.saving.load_model(tmp_path / "network.keras")
        assert type(loaded) is NormalizedNetwork
        np.testing.assert_array_equal(loaded(windows), network(windows))


class TestEstimators:
    def test_values_beyond_those_of_training_are_forecast(self):
        line = np.arange(300.0).reshape(-1, 1)
        pipe = make_pipeline(
            LookbackWindower(6, horizon=1),
            LSTMRegressor(4, normalization="last", epochs=20, random_state=0),
        )
        pipe.fit(line[:200], line[:200])
        error = np.abs(pipe.predict(line) - line)[206:]
        assert error.max() < 0.1
        plain = make_pipeline(
            LookbackWindower(6, horizon=1), LSTMRegressor(4, epochs=20, random_state=0)
        )
        plain.fit(line[:200], line[:200])
        assert np.abs(plain.predict(line) - line)[206:].mean() > 10

    def test_several_steps_of_several_columns(self, rng):
        series = np.cumsum(rng.normal(size=(300, 3)), axis=0) * [1, 100, 0.01] + [0, 0, 5]
        targets = horizon_targets(series[:, [2, 1]], 3)
        regressor = LSTMRegressor(
            3, normalization="last", target_columns=(2, 1), epochs=1, learning_rate=1e-30
        )
        windows = LookbackWindower(4, horizon=1).fit_transform(series)
        answers = regressor.fit(windows, targets).predict(windows)[4:]
        np.testing.assert_allclose(answers, np.tile(series[3:-1, [2, 1]], 3), rtol=1e-4)

    def test_the_least_spread_is_that_of_the_training_windows(self):
        series = np.tile([[0.0, 0.0], [4.0, 0.0]], (30, 1))
        windows = LookbackWindower(4, horizon=1).fit_transform(series)
        regressor = LSTMRegressor(2, normalization="last", target_columns=0, epochs=1)
        regressor.fit(windows, series[:, 0])
        least, *_ = layer_of(regressor.model_, WindowNormalization).get_weights()
        np.testing.assert_allclose(least, [0.04, 0.01])

    @pytest.mark.parametrize("n_steps", [1, 4])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_what_differs_by_its_rounding_alone_has_no_spread(self, dtype, n_steps):
        rounded = np.tile([0.3, np.nextafter(np.array(0.3, dtype), 1), 0.3], 30)
        series = np.stack([rounded, np.sin(np.arange(90))], axis=1).astype(dtype)
        windows = LookbackWindower(n_steps, horizon=1).fit_transform(series)
        regressor = LSTMRegressor(1, normalization="last", target_columns=1, epochs=1)
        regressor.fit(windows, series[:, 1])
        least, *_ = layer_of(regressor.model_, WindowNormalization).get_weights()
        assert least[0] == pytest.approx(0.01)

    def test_scaled_windows_and_targets_that_are_not(self):
        series = 300 + 100 * np.sin(np.arange(100.0)).reshape(-1, 1)
        pipe = make_pipeline(
            StandardScaler(),
            LookbackWindower(4, horizon=1),
            LSTMRegressor(2, normalization="last", epochs=1),
        )
        with pytest.raises(
            ValueError, match=r"different units.*Remove any scaler before"
        ):
            pipe.fit(series, series)
        pipe.set_params(lstmregressor__target_columns=()).fit(series, series)

    def test_a_classifier_reads_normalized_windows(self):
        walk = np.cumsum(np.random.default_rng(0).normal(size=400)).reshape(-1, 1)
        windows = LookbackWindower(3).fit_transform(walk)
        labels = np.r_[0, np.diff(walk[:, 0])] > 0
        classifier = LSTMClassifier(4, normalization="last", epochs=20, random_state=0)
        classifier.fit(windows[:300], labels[:300])
        assert classifier.score(windows[300:], labels[300:]) > 0.8
        np.testing.assert_allclose(
            classifier.predict_proba(windows[300:] + 1000),
            classifier.predict_proba(windows[300:]),
            atol=1e-3,
        )


class TestUnits:
    """Return whether the target can be the column of X that it is said to be."""

    STEPS = np.arange(120.0)

    def fit(self, series, targets, **options):
        windows = LookbackWindower(4, horizon=options.pop("horizon", 1))
        LSTMRegressor(2, normalization="last", epochs=1, **options).fit(
            windows.fit_transform(series), targets
        )

    @pytest.mark.parametrize("n_steps", [1, 12])
    @pytest.mark.parametrize("rate", [0.1, -0.08])
    def test_a_trend_that_changes_the_size_of_everything_is_no_other_unit(
        self, rate, n_steps
    ):
        series = np.exp(rate * self.STEPS).reshape(-1, 1)
        self.fit(series, horizon_targets(series, n_steps))
        self.fit(series, series[:, 0], horizon=20)

    def test_a_trend_in_one_of_two_columns(self):
        series = np.stack([np.sin(self.STEPS), np.exp(self.STEPS / 9)], axis=1)
        targets = horizon_targets(series[:, [1, 0]], 14)
        self.fit(series, targets, target_columns=(1, 0))
        with pytest.raises(
            ValueError, match="target and column 0 of X have different units"
        ):
            self.fit(series, targets, target_columns=(0, 1))

    @pytest.mark.parametrize("factor", [5.0, 0.2])
    def test_counts_that_are_zero_most_days_are_told_apart_from_scaled_ones(
        self, factor, rng
    ):
        sold = (rng.poisson(4, 120) * (rng.random(120) < 0.3)).astype(float)
        self.fit(sold[:, None], sold)
        with pytest.raises(ValueError, match="different units"):
            self.fit(sold[:, None] * factor, sold)


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize(
    "options",
    [
        *({"normalization": method} for method in METHODS),
        {"normalization": "last", "base": "seasonal", "season_length": 2},
        {"normalization": "last", "base": "mixture", "segment": 2},
        {"normalization": "standard", "decoder": "lstm"},
    ],
)
def test_of_nothing_the_forecast_is_the_usual_level(options, n_members, rng):
    series = np.array([1000.0, -400.0]) + rng.normal(size=(160, 2)) * [10, 2]
    windows = LookbackWindower(4, horizon=1).fit_transform(series)
    regressor = LSTMRegressor(
        2, target_columns=(1, 0), epochs=3, random_state=0, n_members=n_members, **options
    ).fit(windows, horizon_targets(series[:, [1, 0]], 2))
    asked = np.array(windows[10:13])
    asked[0] = UNKNOWN
    asked[1, :, 0] = UNKNOWN
    asked[2, :, 1] = UNKNOWN
    steps = 10 * np.array([2, 10])
    answers = regressor.predict(asked).reshape(3, 2, 2)
    assert (np.abs(answers - [-400, 1000]) < steps).all()


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnknownStepsWarning")
def test_of_nothing_a_fold_scores_as_if_it_knew_the_mean(rng):
    from sklearn.model_selection import TimeSeriesSplit, cross_val_score

    series = 1000 + np.cumsum(rng.normal(size=200)).reshape(-1, 1)
    pipe = make_pipeline(
        LookbackWindower(3, horizon=1), LSTMRegressor(2, normalization="last", epochs=2)
    )
    assert cross_val_score(pipe, series, series[:, 0], cv=TimeSeriesSplit(3)).min() > -5
