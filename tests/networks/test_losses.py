"""Losses of forecasts, and quantiles that stay in their order."""

import copy

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from skforecast_lstm import LSTMRegressor, persistence, recurrent_network, training
from skforecast_lstm.networks import (
    MeanAbsoluteScaledError,
    NonCrossingQuantiles,
    QuantileLoss,
    SymmetricMeanAbsolutePercentageError,
    TargetScale,
)
from skforecast_lstm.training.row_independence import fills_batches

LOSSES = {
    "smape": SymmetricMeanAbsolutePercentageError,
    "mase": lambda: MeanAbsoluteScaledError((0.5, 2.0)),
    "quantiles": lambda: QuantileLoss([0.1, 0.9]),
}


# To a device, numbers too small for full precision are zeros or not, as it pleases.
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def smape(y, forecasts):
    """The formula, with the errors of zeros left at zero."""
    size = np.abs(y) + np.abs(forecasts)
    return np.mean(200 * np.abs(y - forecasts) / np.where(size, size, 1))


def slopes(loss, y, outputs):
    """Slope of a loss in each output."""
    import jax

    y, outputs = (np.asarray(part, dtype="float32") for part in (y, outputs))
    return np.asarray(jax.grad(lambda given: loss(y, given))(outputs))


def pinball(y, forecasts, quantile):
    error = y - forecasts
    return np.mean(np.where(error > 0, quantile * error, (quantile - 1) * error))


@pytest.fixture
def task(rng):
    """Windows of two columns and the values after them."""
    series = 5 + rng.normal(size=(59, 2)).astype("float32")
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], 4, axis=0)
    return windows.swapaxes(1, 2), series[4:]


class TestSymmetricPercentages:
    loss = SymmetricMeanAbsolutePercentageError()

    def test_it_is_the_formula_of_m4(self, rng):
        y, forecasts = rng.normal(size=(2, 7, 3))
        assert float(self.loss(y, forecasts)) == pytest.approx(smape(y, forecasts), 1e-5)

    def test_signs_that_differ_are_200_and_two_zeros_are_0(self):
        y = np.array([[1.0, -3.0, 0.0, 0.0]])
        assert float(self.loss(y, np.array([[-1.0, 3.0, 2.0, 0.0]]))) == pytest.approx(
            150
        )

    @settings(deadline=None, max_examples=50)
    @given(
        pair=arrays(
            "float32",
            (2, 1, 3),
            elements=FINITE,
        )
    )
    @example(np.full((2, 1, 3), [[[3e-38]], [[2e-38]]], dtype="float32"))
    @example(np.full((2, 1, 3), [[[3e38]], [[-3e38]]], dtype="float32"))
    def test_value_and_slope_are_finite_for_any_values(self, pair):
        assert 0 <= float(self.loss(*pair)) <= 200.001
        assert np.isfinite(slopes(self.loss, *pair)).all()

    def test_the_slope_is_that_of_the_formula(self, rng):
        y, forecasts = rng.uniform(1, 2, size=(2, 1, 4))
        step = np.eye(4)[:, None] * 1e-6
        expected = [
            (smape(y, forecasts + one) - smape(y, forecasts - one)) / 2e-6 for one in step
        ]
        np.testing.assert_allclose(
            slopes(self.loss, y, forecasts)[0], expected, rtol=1e-4
        )

    def test_no_slope_where_both_are_zero(self):
        assert slopes(self.loss, [[0.0, 0.0]], [[0.0, 1.0]]).tolist() == [[0.0, 0.0]]

    def test_outputs_that_are_no_numbers_are_not_passed_over(self):
        assert np.isnan(float(self.loss(np.ones((1, 2)), np.array([[1.0, np.nan]]))))

    def test_one_number_a_row_is_one_column(self):
        y = np.array([1.0, 2.0])
        assert float(self.loss(y, np.array([[1.0], [2.0]]))) == 0

    def test_targets_are_not_spread_over_outputs(self):
        with pytest.raises(ValueError, match=r"\(2, 1\) do not fit .* \(2, 3\)"):
            self.loss(np.ones((2, 1)), np.ones((2, 3)))


class TestScaledErrors:
    def test_the_scale_is_the_error_of_seasonal_naive(self):
        y = np.array([[1, 10], [2, 20], [4, 10], [8, np.nan], [5, 50]])
        assert MeanAbsoluteScaledError.of(y[:, 0]).scale == pytest.approx(
            (1 + 2 + 4 + 3) / 4
        )
        assert MeanAbsoluteScaledError.of(y, 2).scale == ((3 + 6 + 1) / 3, 20.0)

    def test_the_naive_forecast_of_the_training_series_scores_1(self, rng):
        y = rng.normal(size=50)
        loss = MeanAbsoluteScaledError.of(y, season_length=7)
        assert float(loss(y[7:, None], y[:-7, None])) == pytest.approx(1, 1e-5)

    def test_columns_come_again_at_each_step_ahead(self):
        loss = MeanAbsoluteScaledError((1.0, 10.0))
        assert float(loss(np.zeros((1, 4)), np.array([[1.0, 10.0, 3.0, 30.0]]))) == 2

    @pytest.mark.parametrize(
        ("scale", "message"),
        [
            (0.0, r"scale is 0\.0"),
            (np.nan, "scale is nan"),
            ((1.0, np.inf), "scale of column 1 is inf"),
            ((1.0, -2.0), r"scale of column 1 is -2\.0"),
            ((), "scale is empty"),
        ],
    )
    def test_a_scale_that_can_not_divide(self, scale, message):
        with pytest.raises(ValueError, match=message):
            MeanAbsoluteScaledError(scale)

    def test_a_column_without_change_or_without_values_is_named(self):
        y = np.array([[1.0, 3.0, np.nan], [2.0, 3.0, 1.0], [1.0, 3.0, np.nan]])
        with pytest.raises(ValueError, match="scale of column 1"):
            MeanAbsoluteScaledError.of(y[:, :2])
        with pytest.raises(ValueError, match="scale of column 1"):
            MeanAbsoluteScaledError.of(y[:, [0, 2]])

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_what_changes_by_its_rounding_alone_is_without_change(self, dtype):
        times = np.arange(120)
        thirds = np.where(times % 2, 0.1 + 0.2, 0.3) * 7e5
        for y in (thirds, thirds * 1e-17, 1e8 + np.sin(np.pi / 6 * times)):
            y = y.astype(dtype)
            with pytest.raises(ValueError, match=r"scale is 0\.0"):
                MeanAbsoluteScaledError.of(y, season_length=12 if y[0] == 1e8 else 1)
        # A small change at a high level is one.
        y = (1e6 + times % 2).astype(dtype)
        assert MeanAbsoluteScaledError.of(y).scale == 1.0

    def test_series_that_are_too_short_or_infinite(self):
        with pytest.raises(ValueError, match="more than season_length=3 rows"):
            MeanAbsoluteScaledError.of([1.0, 2.0, 3.0], 3)
        with pytest.raises(ValueError, match="at least 1"):
            MeanAbsoluteScaledError.of([1.0, 2.0, 3.0], 0)
        with pytest.raises(ValueError, match="y contains infinity"):
            MeanAbsoluteScaledError.of([1.0, np.inf, 3.0])

    def test_scales_of_other_columns_than_the_outputs(self):
        with pytest.raises(ValueError, match="3 outputs for the scales of 2 columns"):
            MeanAbsoluteScaledError((1.0, 2.0))(np.ones((2, 3)), np.ones((2, 3)))


class TestQuantiles:
    def test_plain_targets_are_those_repeated(self, rng):
        loss = QuantileLoss([0.1, 0.5, 0.9])
        y, outputs = rng.normal(size=(8, 2)), rng.normal(size=(8, 6))
        expected = np.mean(
            [
                pinball(y[:, number], outputs[:, 3 * number + place], quantile)
                for number in range(2)
                for place, quantile in enumerate(loss.quantiles)
            ]
        )
        assert float(loss(y, outputs)) == pytest.approx(expected, 1e-5)
        repeated = np.repeat(y, 3, axis=1)
        assert float(loss(repeated, outputs)) == pytest.approx(expected, 1e-5)

    def test_one_number_a_row_is_one_column(self, rng):
        y, outputs = rng.normal(size=8), rng.normal(size=(8, 2))
        loss = QuantileLoss([0.1, 0.9])
        assert float(loss(y, outputs)) == float(loss(y[:, None], outputs))

    def test_steps_keep_a_loss_each(self, rng):
        y, outputs = rng.normal(size=(4, 3, 1)), rng.normal(size=(4, 3, 2))
        losses = QuantileLoss([0.1, 0.9], reduction="none")(y, outputs)
        assert losses.shape == (4, 3)

    @pytest.mark.parametrize(("y_columns", "n_outputs"), [(2, 5), (3, 4), (1, 4), (6, 4)])
    def test_shapes_that_do_not_fit(self, y_columns, n_outputs):
        with pytest.raises(ValueError, match="Each target needs 2 outputs"):
            QuantileLoss([0.1, 0.9])(np.ones((2, y_columns)), np.ones((2, n_outputs)))

    @pytest.mark.parametrize(
        "quantiles",
        [(), (0.0, 0.5), (0.5, 1.0), (0.9, 0.1), (0.5, 0.5), (np.nan,), (0.1, np.nan)],
    )
    def test_quantiles_that_are_none(self, quantiles):
        with pytest.raises(
            ValueError, match="quantiles must be increasing, over 0 and under 1"
        ):
            QuantileLoss(quantiles)


class TestNonCrossingQuantiles:
    @settings(deadline=None, max_examples=50)
    @given(
        st.integers(1, 5).flatmap(
            lambda n: arrays(
                "float32",
                (2, 3 * n),
                elements=FINITE,
            )
        )
    )
    def test_quantiles_never_decrease(self, inputs):
        n_quantiles = inputs.shape[1] // 3
        outputs = np.asarray(NonCrossingQuantiles(n_quantiles)(inputs))
        numbers = outputs.reshape(2, 3, n_quantiles)
        assert (numbers[..., 1:] >= numbers[..., :-1]).all()
        middle = n_quantiles // 2
        np.testing.assert_array_equal(
            numbers[..., middle], inputs.reshape(numbers.shape)[..., middle]
        )

    @pytest.mark.parametrize("n_quantiles", [3, 5, 11])
    def test_zeros_are_spread_alike_however_many_there_are(self, n_quantiles):
        (outputs,) = np.asarray(
            NonCrossingQuantiles(n_quantiles)(np.zeros((1, n_quantiles)))
        )
        assert np.ptp(outputs) == pytest.approx(2 * np.log(2), 1e-5)
        assert outputs[n_quantiles // 2] == 0

    def test_every_input_has_a_slope(self, rng):
        layer = NonCrossingQuantiles(5)
        inputs = rng.normal(size=(1, 10))
        weights = rng.normal(size=10).astype("float32")
        slope = slopes(lambda _, x: keras.ops.sum(layer(x) * weights), 0, inputs)
        assert (np.abs(slope) > 1e-3).all()

    @pytest.mark.parametrize("shape", [(None, 4), (None, 2, 3)])
    def test_numbers_that_lack_a_quantile(self, shape):
        with pytest.raises(ValueError, match="a multiple of n_quantiles=3 columns"):
            NonCrossingQuantiles(3).build(shape)

    def test_number_of_quantiles_is_checked(self):
        with pytest.raises(ValueError, match="n_quantiles must be at least 1"):
            NonCrossingQuantiles(0)

    def test_it_is_part_of_the_saved_model(self, tmp_path, rng):
        inputs = keras.Input((6,))
        model = keras.Model(inputs, NonCrossingQuantiles(3)(inputs))
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        values = rng.normal(size=(4, 6))
        np.testing.assert_array_equal(loaded(values), model(values))


class TestOwnUnits:
    """Losses in a network whose windows are normalized."""

    def task(self, rng, n_columns=2):
        """A network, windows for it, targets, and outputs as it could give them."""
        columns = tuple(range(n_columns))
        network = recurrent_network(
            (4, n_columns),
            n_columns,
            units=2,
            normalization="last",
            target_columns=columns,
        )
        windows = 5 + rng.normal(size=(9, 4, n_columns)).astype("float32")
        y, outputs = 5 + rng.normal(size=(2, 9, n_columns)).astype("float32")
        return network, windows, y, outputs

    def both(self, loss, rng):
        """The loss in the network, and that of the same values alone."""
        network, windows, y, outputs = self.task(rng)
        network.compile(loss=loss)
        found = float(network.compute_loss(windows, y, outputs))
        (alone,) = loss if isinstance(loss, list) else (loss,)
        return found, float(np.mean(keras.losses.get(alone)(y, outputs)))

    def test_symmetric_percentages_are_the_plain_formula(self, rng):
        network, windows, y, outputs = self.task(rng)
        network.compile(loss=SymmetricMeanAbsolutePercentageError())
        found = float(network.compute_loss(windows, y, outputs))
        assert found == pytest.approx(smape(y, outputs), 1e-5)

    @pytest.mark.parametrize(
        "loss",
        [
            MeanAbsoluteScaledError((0.5, 2.0)),
            "mape",
            "MeanAbsolutePercentageError",
            keras.losses.MeanSquaredLogarithmicError(),
            keras.losses.poisson,
            [keras.losses.mean_squared_logarithmic_error],
        ],
    )
    def test_other_relative_losses_are_those_of_the_values(self, loss, rng):
        found, alone = self.both(loss, rng)
        assert found == pytest.approx(alone, 1e-5)

    @pytest.mark.parametrize("loss", ["mae", keras.losses.Huber(0.1)])
    def test_losses_of_differences_are_in_spreads(self, loss, rng):
        found, alone = self.both(loss, rng)
        assert found != pytest.approx(alone, 1e-2)

    def test_one_number_a_row_is_one_column(self, rng):
        network, windows, y, outputs = self.task(rng, 1)
        network.compile(loss="mae")
        flat = float(network.compute_loss(windows, y[:, 0], outputs))
        assert flat == float(network.compute_loss(windows, y, outputs))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_the_engine_trains_as_keras_does(name, weighted, task, rng, monkeypatch):
    windows, y = task
    weights = rng.uniform(0.1, 2, len(y)).astype("float32") if weighted else None
    n_outputs = 4 if name == "quantiles" else 2
    ours, theirs = (
        keras.Sequential(
            [
                keras.Input((4, 2)),
                keras.layers.LSTM(3),
                keras.layers.Dense(n_outputs),
                *([NonCrossingQuantiles(2)] if name == "quantiles" else []),
                TargetScale(),
            ]
        )
        for _ in range(2)
    )
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.compile("sgd", LOSSES[name]())
    # The last batch is filled up by the engine.
    options = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}
    options["sample_weight"] = weights
    expected = theirs.fit(windows, y, **options)
    monkeypatch.setattr(keras.Model, "fit", None)
    found = training.fit(ours, windows, y, **options)
    assert fills_batches(ours)
    np.testing.assert_allclose(found.history["loss"], expected.history["loss"], 2e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)


def forecaster(**parameters):
    return LSTMRegressor(2, cell="rnn", epochs=2, random_state=0, **parameters)


def same_forecasts(one, other, windows):
    np.testing.assert_array_equal(one.predict(windows), other.predict(windows))


@pytest.mark.parametrize("name", LOSSES)
def test_estimators_carry_them_to_copies_and_files(name, task, tmp_path):
    windows, y = task
    loss = LOSSES[name]()
    fitted = forecaster(loss=loss).fit(windows, y)
    for copied in (clone(fitted), copy.deepcopy(fitted)):
        assert copied.get_params()["loss"].get_config() == loss.get_config()
    same_forecasts(clone(fitted).fit(windows, y), fitted, windows)
    persistence.save(fitted, tmp_path / "fitted.lstm")
    loaded = persistence.load(tmp_path / "fitted.lstm")
    assert type(loaded.loss) is type(loss)
    assert type(loaded.model_.loss) is type(loss)
    for estimator in (fitted, loaded):
        estimator.partial_fit(windows, y)
    same_forecasts(loaded, fitted, windows)


@pytest.mark.parametrize(
    ("cls", "argument", "value"),
    [
        (MeanAbsoluteScaledError, "scale", (0.5, 2.0)),
        (QuantileLoss, "quantiles", (0.1, 0.9)),
    ],
)
def test_arguments_are_routed(cls, argument, value, task):
    windows, y = task
    routed = forecaster(loss=cls, **{f"loss__{argument}": value}).fit(windows, y)
    assert getattr(routed.model_.loss, argument) == value
    same_forecasts(routed, forecaster(loss=cls(value)).fit(windows, y), windows)
    changed = clone(routed).set_params(**{f"loss__{argument}": value[:1]})
    assert getattr(changed.fit(windows, y).model_.loss, argument) == value[:1]


def test_quantiles_in_order_come_back_from_a_file(task, tmp_path):
    windows, y = task
    layers = [keras.layers.Flatten(), keras.layers.Dense(4), NonCrossingQuantiles(2)]
    network = keras.Sequential([keras.Input((4, 2)), *layers])
    repeated = np.repeat(y, 2, axis=1)
    fitted = LSTMRegressor(model=network, loss=QuantileLoss([0.1, 0.9]), epochs=2)
    fitted.fit(windows, repeated)
    low, high = fitted.predict(windows).reshape(-1, 2).T
    assert (low <= high).all()
    persistence.save(fitted, tmp_path / "fitted.lstm")
    same_forecasts(persistence.load(tmp_path / "fitted.lstm"), fitted, windows)


class TestQuantilesOfSeveralNumbers:
    """Outputs go step by step, target by target, and quantile by quantile."""

    QUANTILES = (0.1, 0.5, 0.8)

    def task(self, rng, n_steps, size=(1.0, 1000.0)):
        from skforecast_lstm import LookbackWindower
        from skforecast_lstm.targets import horizon_targets

        series = np.cumsum(rng.normal(size=(240, 2)), axis=0) * size
        windows = LookbackWindower(6, horizon=1).fit_transform(series)
        return series, windows, horizon_targets(series, n_steps)

    @pytest.mark.parametrize("decoder", ["dense", "lstm"])
    @pytest.mark.parametrize("base", [None, "last", "seasonal", "mixture"])
    def test_before_training_all_are_the_simple_forecast(self, base, decoder, rng):
        series, windows, targets = self.task(rng, 2)
        targets = np.repeat(targets, 3, axis=1)
        regressor = forecaster(
            loss=QuantileLoss(self.QUANTILES),
            normalization="last",
            base=base,
            season_length=2,
            target_columns=(0, 1),
            decoder=decoder,
        ).initialize(windows, targets)
        found = regressor.predict(windows)[6:].reshape(-1, 2, 2, 3)
        assert (found == found[..., :1]).all()
        if base == "mixture":
            return
        expected = np.stack([series[5:-1], series[5:-1]], axis=1)
        if base == "seasonal":
            expected = np.stack([series[4:-2], series[5:-1]], axis=1)
        np.testing.assert_allclose(found[..., 0], expected, rtol=1e-3, atol=1e-2)

    @pytest.mark.parametrize("n_steps", [1, 3])
    def test_the_loss_is_that_of_each_number_alone(self, n_steps, rng):
        network = recurrent_network(
            (6, 2), 6 * n_steps, units=2, normalization="standard",
            target_columns=(1, 0), n_quantiles=3,
        )  # fmt: skip
        network.compile(loss=QuantileLoss(self.QUANTILES))
        windows = rng.normal(size=(5, 6, 2)) * [1, 50] + [0, 300]
        y, outputs = rng.normal(size=(5, n_steps, 2)), rng.normal(size=(5, n_steps, 2, 3))
        spread = windows.std(axis=1)[:, [1, 0]]
        expected = np.mean(
            [
                pinball(
                    y[:, step, number] / spread[:, number],
                    outputs[:, step, number, place] / spread[:, number],
                    quantile,
                )
                for step in range(n_steps)
                for number in range(2)
                for place, quantile in enumerate(self.QUANTILES)
            ]
        )
        windows, y, outputs = (
            part.astype("float32")
            for part in (windows, y.reshape(5, -1), outputs.reshape(5, -1))
        )
        for targets in (y, np.repeat(y, 3, axis=1)):
            found = float(network.compute_loss(windows, targets, outputs))
            assert found == pytest.approx(expected, 1e-3)

    @pytest.mark.parametrize("n_members", [1, 2])
    def test_two_targets_are_learnt_as_well_as_by_two_models(self, n_members, rng):
        series, windows, targets = self.task(rng, 1)
        options = {
            "loss": QuantileLoss(self.QUANTILES),
            "normalization": "last",
            "epochs": 15,
            "random_state": 0,
            "n_members": n_members,
        }
        both = LSTMRegressor(4, target_columns=(0, 1), **options)
        both.fit(windows, np.repeat(targets, 3, axis=1))
        together = both.predict(windows).reshape(-1, 2, 3)
        for column in (0, 1):
            alone = LSTMRegressor(4, **options)
            alone.fit(windows[..., column], np.repeat(targets[:, [column]], 3, axis=1))
            losses = [
                np.mean(
                    [
                        pinball(series[6:, column], said[6:, place], quantile)
                        for place, quantile in enumerate(self.QUANTILES)
                    ]
                )
                for said in (together[:, column], alone.predict(windows[..., column]))
            ]
            assert losses[0] < 1.3 * losses[1]

    def test_a_network_for_other_quantiles_than_those_of_the_loss_is_refused(self):
        network = recurrent_network((6, 1), 3, normalization="last")
        network.compile(loss=QuantileLoss(self.QUANTILES))
        with pytest.raises(ValueError, match=r"loss has 3 quantiles.*n_quantiles=1"):
            network.compute_loss(np.ones((2, 6, 1)), np.ones((2, 3)), np.ones((2, 3)))
        with pytest.raises(ValueError, match="4 outputs for 3 quantiles"):
            recurrent_network((6, 1), 4, n_quantiles=3)
