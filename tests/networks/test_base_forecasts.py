"""Simple forecasts that a recurrent network begins with and corrects."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    recurrent_network,
    training,
)
from skforecast_lstm.networks import SimpleForecasts
from skforecast_lstm.networks.simple_forecasts import first_weights, simple_rules
from skforecast_lstm.targets import horizon_targets

METHODS = ["last", "standard", "relative"]
UNKNOWN = np.nan
ROUNDING = {"rtol": 1e-5, "atol": 1e-5}


def network(n_steps, n_outputs, n_columns=1, **options):
    given = {"units": 2, "cell": "rnn", "normalization": "last", **options}
    return recurrent_network((n_steps, n_columns), n_outputs, **given)


def of_one(values, n_outputs, **options):
    """Forecasts of one window, by a network that has learned nothing yet."""
    window = np.array(values, dtype="float32").reshape(1, -1, 1)
    return training.predict(network(len(values), n_outputs, **options), window)[0]


@pytest.fixture
def windows(rng):
    """Windows of three columns in units of their own."""
    values = rng.normal(size=(3, 5, 3)) * [1, 30, 0.1] + [4, 1000, -2]
    return values.astype("float32")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("base", "steps"), [("last", [4] * 5), ("seasonal", [2, 3, 4, 2, 3])]
)
def test_before_training_it_is_the_forecast(method, base, steps, windows):
    """Step by step through the target columns, in the units of each."""
    model = network(
        5,
        10,
        3,
        normalization=method,
        target_columns=(2, 0),
        base=base,
        season_length=3,
        decoder="lstm" if (method, base) == ("last", "seasonal") else "dense",
    )
    expected = windows[:, steps][:, :, [2, 0]].reshape(3, 10)
    np.testing.assert_allclose(training.predict(model, windows), expected, **ROUNDING)


def test_columns_by_name_branches_and_segments(windows):
    model = network(
        5,
        2,
        3,
        base="last",
        feature_names=["open", "volume", "change"],
        target_columns=["change", "open"],
        branches=[{"columns": ["volume"], "segment": 2}, {"columns": ["open"]}],
    )
    np.testing.assert_allclose(
        training.predict(model, windows), windows[:, -1, [2, 0]], **ROUNDING
    )


def test_windows_in_two_dimensions(windows):
    model = recurrent_network(
        (5,), 2, units=2, normalization="standard", base="seasonal", season_length=2
    )
    given = windows[:, :, 0]
    np.testing.assert_allclose(training.predict(model, given), given[:, 3:], **ROUNDING)


class TestMixture:
    @pytest.mark.parametrize("method", METHODS)
    def test_two_seasons_go_on_at_the_level_of_late(self, method):
        # The mean of the two seasons is (-2, 0, 2) about its level.
        found = of_one(
            [1, 2, 3, 11, 14, 17],
            4,
            base="mixture",
            season_length=3,
            normalization=method,
        )
        np.testing.assert_allclose(found, [13, 15, 17, 13], **ROUNDING)

    @pytest.mark.parametrize(
        ("season_length", "expected"),
        [(4, [4, 2, 9, 3, 4]), (1, [3] * 5), (6, [4.2] * 5)],
        ids=["one season", "no season", "less than a season"],
    )
    def test_less_than_two_seasons(self, season_length, expected):
        found = of_one(
            [3, 4, 2, 9, 3],
            5,
            base="mixture",
            season_length=season_length,
            normalization="standard",
        )
        np.testing.assert_allclose(found, expected, **ROUNDING)

    def test_its_weights_are_there_to_be_learned(self, windows):
        model = network(5, 1, 3, base="mixture", target_columns=(1,))
        (mixture,) = (one for one in model.layers if one.name == "mixture")
        rules = simple_rules(5, 1, 1)
        assert list(rules) == ["last", "mean", "last_two", "line"]
        (kernel,) = mixture.trainable_variables
        np.testing.assert_array_equal(kernel, first_weights(rules, on_level=False))
        kernel.assign([[0.25], [0.75], [0], [0]])
        expected = 0.25 * windows[:, -1, 1] + 0.75 * windows[:, :, 1].mean(1)
        np.testing.assert_allclose(
            training.predict(model, windows)[:, 0], expected, **ROUNDING
        )

    @settings(deadline=None, max_examples=30)
    @given(
        n_steps=st.integers(2, 12),
        season_length=st.integers(1, 7),
        level=st.floats(-9, 9),
    )
    def test_first_weights_keep_a_level(self, n_steps, season_length, level):
        """A window that stays at its level is forecast to stay there."""
        rules = simple_rules(n_steps, 3, season_length)
        weights = np.array(first_weights(rules, on_level=False))[:, 0]
        forecast = sum(
            weight * rule @ np.full(n_steps, level)
            for weight, rule in zip(weights, rules.values(), strict=True)
        )
        np.testing.assert_allclose(forecast, level, atol=1e-9)


class TestUnknownSteps:
    def test_the_last_known_value(self):
        found = of_one([7, 5, 3, UNKNOWN, UNKNOWN], 2, base="last")
        np.testing.assert_allclose(found, [3, 3])

    def test_an_unknown_season_ago_is_at_the_level(self):
        found = of_one([7, UNKNOWN, 3, 4], 3, base="seasonal", season_length=3)
        np.testing.assert_allclose(found, [4, 3, 4])

    def test_a_step_that_is_unknown_in_another_column(self, windows):
        windows[:, -1, 1] = UNKNOWN
        model = network(5, 1, 3, base="last", target_columns=(0,))
        np.testing.assert_allclose(
            training.predict(model, windows)[:, 0], windows[:, -1, 0], **ROUNDING
        )

    def test_nothing_is_known(self):
        assert of_one([UNKNOWN] * 3, 2, base="mixture").tolist() == [0, 0]


BAD = {
    "no normalization": ({"normalization": None}, ValueError, "needs a normalization"),
    "not undone": ({"target_columns": ()}, ValueError, "needs a normalization"),
    "activation": ({"output_activation": "relu"}, ValueError, "and target_columns="),
    "unknown": ({"base": "drift"}, ValueError, r"base must be one of .*got 'drift'"),
    "no season": (
        {"base": "seasonal"},
        ValueError,
        "seasonal rule needs a season_length over 1",
    ),
    "short lookback": (
        {"base": "seasonal", "season_length": 6},
        ValueError,
        r"Windows of 5 steps with season_length=6 .*lookback of at least that length",
    ),
    "zero": ({"season_length": 0}, ValueError, "season_length must be at least 1, got 0"),
    "half": ({"season_length": 2.5}, TypeError, "season_length must be an integer"),
}


@pytest.mark.parametrize("case", BAD)
def test_says_what_is_wrong(case, rng):
    options, error, message = BAD[case]
    options = {"base": "last", "normalization": "last", **options}
    with pytest.raises(error, match=message):
        LSTMRegressor(**options).initialize(rng.normal(size=(9, 5)), np.zeros(9))


def test_labels_have_no_base():
    with pytest.raises(TypeError, match="LSTMClassifier has no parameter 'base'"):
        LSTMClassifier(base="last").fit(np.zeros((4, 5)), [0, 1, 0, 1])


def test_an_estimator_begins_with_the_season_ago(rng):
    series = rng.normal(100, 10, size=(60, 2))
    windows = LookbackWindower(7, horizon=1).fit_transform(series)
    regressor = LSTMRegressor(
        2, normalization="standard", base="seasonal", season_length=4, target_columns=(1,)
    )
    regressor.initialize(windows, horizon_targets(series[:, 1], 6))
    found = regressor.predict(windows[20:30])
    steps = np.arange(20, 30)[:, None] + [-4, -3, -2, -1, -4, -3]
    np.testing.assert_allclose(found, series[steps, 1], rtol=1e-5)


def test_the_rest_is_learned():
    """Seasons that grow by a half each leave that half to learn."""
    times = np.arange(120)
    series = np.tile([0.0, 5, -3, 8], 30)[:, None] + 0.5 * (times // 4)[:, None]
    windows = LookbackWindower(8, horizon=1).fit_transform(series)
    regressor = LSTMRegressor(
        2,
        cell="rnn",
        normalization="last",
        base="seasonal",
        season_length=4,
        n_batches=40,
        batch_size=72,
        learning_rate=0.02,
        random_state=0,
    )
    regressor.fit(windows[:80], series[:80, 0])
    errors = regressor.predict(windows[80:]) - series[80:, 0]
    assert np.abs(errors).max() < 0.25


def test_saved_with_its_rules(tmp_path, windows):
    for base in ("last", "mixture"):
        model = network(5, 1, 3, base=base, target_columns=(1,))
        model.save(tmp_path / "network.keras")
        loaded = keras.saving.load_model(tmp_path / "network.keras")
        np.testing.assert_array_equal(
            training.predict(loaded, windows), training.predict(model, windows)
        )
        (layer,) = (one for one in loaded.layers if isinstance(one, SimpleForecasts))
        assert (layer.rules is None) == (base == "mixture")


class TestSecondSeason:
    def rules(self, series, horizon, second):
        given = SimpleForecasts(horizon, 3, second_season=second)
        window = np.array(series, dtype="float32").reshape(1, -1, 1)
        forecasts = np.asarray(given(window))[0, :, 0]
        return dict(zip(given.names, forecasts.T, strict=True))

    def test_its_rules_look_one_and_two_of_it_back(self, rng):
        series = rng.normal(size=15).astype("float32")
        found = self.rules(series, 8, 6)
        ago = np.resize(series[-6:], 8)
        np.testing.assert_allclose(found["second_season_ago"], ago, **ROUNDING)
        change = series[-3:].mean() - series[6:9].mean()
        np.testing.assert_allclose(
            found["change_since_second_season"], change, **ROUNDING
        )
        mean = (ago + np.resize(series[-12:-6], 8)) / 2
        np.testing.assert_allclose(found["mean_of_second_seasons"], mean, **ROUNDING)

    @pytest.mark.parametrize(("second", "n_more"), [(1, 0), (3, 0), (16, 0), (15, 1)])
    def test_a_window_has_only_the_rules_that_it_covers(self, second, n_more, rng):
        series = rng.normal(size=15)
        usual = self.rules(series, 2, 1)
        found = self.rules(series, 2, second)
        assert len(found) == len(usual) + n_more

    def test_a_long_window_takes_no_memory_until_it_is_used(self):
        layer = SimpleForecasts(3, 7, second_season=28)
        layer.build((None, 10**9, 1))
        assert layer.names[-1] == "mean_of_second_seasons"
