"""Feeding back on the device: the same as one step after another, in bounded pieces."""

import gc
import weakref

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skforecast_lstm import training
from skforecast_lstm.networks import recurrent_network
from skforecast_lstm.training import dispatch, feeding, prediction, programs

N_ROWS = 60


def windows_one_by_one(series, fed, start, begin, lags, required):
    """The window of the row after what is fed, value by value; unknown steps are NaN."""
    row = start + len(fed)
    window = np.full((len(lags), series.shape[1]), np.nan)
    for place, (lag, needed) in enumerate(zip(lags, required, strict=True)):
        if row - begin >= needed:
            source = max(row - lag, begin)
            known = source < start
            window[place] = series[source] if known else fed[source - start]
    return window


def one_by_one(answer, series, origins, n_steps, centre=0.0, spread=1.0):
    """Every window alone, in the order in which anyone would write it down."""
    forecasts = []
    for start, begin in zip(origins.starts, origins.begins, strict=True):
        fed, given = [], []
        for _ in range(n_steps):
            window = windows_one_by_one(
                series, fed, start, begin, origins.lags, origins.required
            )
            given.append(answer(window[None])[0])
            fed.append((given[-1] - centre) / spread)
        forecasts.append(given)
    return np.array(forecasts)


def by_prediction(model):
    return lambda windows: training.predict(model, windows)


def origins_at(starts, lags=(3, 2, 1), begins=None, required=None):
    starts, lags = np.array(starts), np.array(lags)
    begins = np.zeros_like(starts) if begins is None else np.array(begins)
    return training.Origins(starts, begins, lags, lags if required is None else required)


@pytest.fixture(scope="module")
def series():
    return np.random.default_rng(0).normal(size=(N_ROWS, 2))


@pytest.fixture(scope="module")
def model():
    """A network whose forecasts neither die out nor run away."""
    keras.utils.set_random_seed(0)
    network = recurrent_network((3, 2), 2, units=4)
    for weight in network.trainable_variables:
        weight.assign(3 * weight.value)
    return network


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_fed_back_at_once_is_fed_back_one_by_one(series, model, data):
    n_origins = data.draw(st.integers(1, 12))
    begins = data.draw(
        st.lists(st.integers(0, 20), min_size=n_origins, max_size=n_origins)
    )
    starts = [begin + data.draw(st.integers(0, 25)) for begin in begins]
    some_lags = st.lists(st.integers(1, 9), min_size=3, max_size=3, unique=True)
    lags = sorted(data.draw(some_lags), reverse=True)
    required = lags
    if data.draw(st.booleans(), label="edge"):
        required = [data.draw(st.integers(1, lags[-1]))] * 3
    centre, spread = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    with_gaps = series.copy()
    with_gaps[data.draw(st.lists(st.integers(0, N_ROWS - 1), max_size=10))] = np.nan
    origins = origins_at(starts, lags, begins, np.array(required))
    n_steps = data.draw(st.integers(1, 6))
    found = training.feed_back(
        model, with_gaps, origins, n_steps, centre=centre, spread=spread
    )
    expected = one_by_one(
        by_prediction(model), with_gaps, origins, n_steps, centre, spread
    )
    np.testing.assert_allclose(found, expected, 1e-4, 1e-5)


def test_forecasts_differ_from_step_to_step_and_start_to_start(series, model):
    # Else what is said of their equality would say little.
    forecasts = training.feed_back(model, series, origins_at([10, 20, 30]), 8)
    assert (forecasts.std(axis=0) > 1e-2).all()
    assert (forecasts.std(axis=1) > 1e-2).all()


@pytest.mark.parametrize("n_origins", [3, 600])
def test_without_the_engine_each_step_is_a_prediction(
    series, model, monkeypatch, n_origins
):
    starts = np.random.default_rng(1).integers(0, N_ROWS + 1, n_origins)
    scale = {"centre": 0.5, "spread": 2.0}
    quick = training.feed_back(model, series, origins_at(starts), 5, **scale)
    monkeypatch.setattr(feeding, "can_predict", lambda model: False)
    monkeypatch.setattr(dispatch, "can_predict", lambda model: False)
    slow = training.feed_back(model, series, origins_at(starts), 5, **scale)
    np.testing.assert_allclose(quick, slow, 1e-4, 1e-5)


def test_pieces_give_the_same_whatever_their_size(series, model, monkeypatch):
    starts = np.random.default_rng(1).permutation(np.repeat(np.arange(N_ROWS + 1), 5))
    origins = origins_at(starts)
    whole = training.feed_back(model, series, origins, 5)
    np.testing.assert_array_equal(whole[starts == 7], whole[starts == 7][:1].repeat(5, 0))
    monkeypatch.setattr(prediction, "FORECASTS_OF_A_CALL", 1)
    in_pieces = training.feed_back(model, series, origins, 5)
    np.testing.assert_allclose(in_pieces, whole, 1e-4, 1e-5)
    monkeypatch.setattr(feeding, "VALUES_OF_WINDOWS", 60)
    answer = by_prediction(model)
    by_steps = training.feed_back_by_steps(
        lambda windows: (answer(windows), answer(windows)), series, origins, 5
    )
    np.testing.assert_allclose(by_steps, whole, 1e-4, 1e-5)


def test_only_the_rows_in_windows_go_to_the_device(model, monkeypatch):
    long = np.zeros((100_000, 2))
    loaded = []
    original = prediction.padded
    monkeypatch.setattr(
        prediction,
        "padded",
        lambda leaf, room: loaded.append(room) or original(leaf, room),
    )
    training.feed_back(model, long, origins_at([50_000, 50_010]), 3)
    assert max(loaded) == prediction.ROOM_TO_PREDICT


def test_two_programs_serve_every_number_of_origins_and_steps(
    series, model, compilations
):
    other = keras.models.clone_model(model)
    for network in (model, other):
        for n_origins in (1, 16, 17, 100, 3000):
            for n_steps in (1, 5, 64):
                lags = (9, 5, n_steps)
                starts = np.arange(n_origins) % N_ROWS
                origins = origins_at(starts, sorted(lags, reverse=True))
                training.feed_back(network, series, origins, n_steps, centre=n_steps)
    assert compilations == ["feed", "feed"]


def test_a_program_keeps_no_model(series):
    network = recurrent_network((3, 2), 2, units=2)
    training.feed_back(network, series, origins_at([5]), 2)
    kept = weakref.ref(network)
    del network
    gc.collect()
    assert kept() is None


def test_an_interrupt_between_pieces_stops(series, model, monkeypatch):
    origins = origins_at(np.arange(9, 59))
    expected = training.feed_back(model, series, origins, 4)
    monkeypatch.setattr(prediction, "FORECASTS_OF_A_CALL", 1)
    monkeypatch.setattr(prediction, "FEW_ORIGINS", 1)
    monkeypatch.setattr(
        "skforecast_lstm.training.prediction.PREDICTION_BATCH", {"cpu": 16}
    )
    calls = []
    run = programs.Program.__call__

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(programs.Program, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            training.feed_back(model, series, origins, 4)
    assert len(calls) == 2
    again = training.feed_back(model, series, origins, 4)
    np.testing.assert_allclose(again, expected, 1e-4, 1e-5)


@pytest.mark.parametrize("by_engine", [True, False])
def test_what_grows_beyond_bounds_is_unknown_from_there(monkeypatch, by_engine):
    monkeypatch.setattr(feeding, "can_predict", lambda model: by_engine)
    inputs = keras.Input((3, 1))
    total = keras.ops.sum(keras.ops.nan_to_num(inputs), axis=1)
    model = keras.Model(inputs, 1e20 * total)
    forecasts = training.feed_back(model, np.ones((5, 1)), origins_at([5]), 5)
    # The last one is made of three that were too large.
    expected = [3e20, np.inf, np.inf, np.inf, 0]
    np.testing.assert_allclose(forecasts[0, :, 0], expected, 1e-6)


def test_a_large_centre_costs_no_digits():
    level = 2.0**22
    inputs = keras.Input((1, 1))
    outputs = keras.layers.Rescaling(100.0, level)(keras.layers.Flatten()(inputs))
    forecasts = training.feed_back(
        keras.Model(inputs, outputs),
        np.zeros((1, 1)),
        origins_at([1], lags=[1]),
        3,
        # On the device the nearest number to it is the level itself.
        centre=level - 0.1,
    )
    np.testing.assert_array_equal(forecasts[0, :, 0] - level, [0, 10, 1010])


class Noise(keras.layers.Layer):
    """Noise in predictions too."""

    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, inputs):
        noise = keras.random.normal((1,), seed=self.seed_generator)
        return inputs + noise


def test_draws_anew_at_each_step(series):
    layers = [keras.layers.Flatten(), keras.layers.Dense(2, kernel_initializer="zeros")]
    model = keras.Sequential([keras.Input((3, 2)), *layers, Noise()])
    forecasts = training.feed_back(model, series, origins_at([10, 20]), 5)
    assert len(np.unique(forecasts)) == 5


def test_feeding_back_is_no_training(series):
    inputs = keras.Input((3, 2))
    outputs = keras.layers.Cropping1D((2, 0))(inputs)
    outputs = keras.layers.Dropout(0.5)(outputs, training=True)
    forecasts = training.feed_back(
        keras.Model(inputs, outputs), series, origins_at([10, 20]), 5
    )
    expected = np.repeat(series[[9, 19], None], 5, axis=1)
    np.testing.assert_allclose(forecasts, expected, 1e-6)
