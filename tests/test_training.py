import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import training
from skforecast_lstm.networks import recurrent_network


def compiled(windows, seed=0, **parameters):
    keras.utils.set_random_seed(seed)
    model = recurrent_network(windows.shape[1:], units=2, **parameters)
    model.compile("adam", "mse", metrics=["mae"])
    return model


@pytest.fixture
def task(rng):
    series = rng.normal(size=(60, 2)).astype("float32")
    windows = sliding_window_view(series, 5, axis=0).swapaxes(1, 2)
    return windows, rng.normal(size=(len(windows), 1)).astype("float32")


@pytest.mark.parametrize("weighted", [False, True])
def test_fit_is_keras_fit_on_the_same_batches(task, weighted, rng):
    windows, y = task
    weights = rng.uniform(size=len(y)).astype("float32") if weighted else None
    rows = np.sort(rng.choice(len(y), 45, replace=False))
    ours, reference = compiled(windows), compiled(windows)
    chosen = None if weights is None else weights[rows]
    history = training.fit(
        ours, windows, rows, y[rows], chosen, n_validation=9, batch_size=8, epochs=3
    )
    head, tail = rows[:-9], rows[-9:]
    validation = (windows[tail], y[tail], *(() if weights is None else (weights[tail],)))
    expected = reference.fit(
        windows[head],
        y[head],
        sample_weight=None if weights is None else weights[head],
        validation_data=validation,
        batch_size=8,
        epochs=3,
        shuffle=False,
        verbose=0,
    )
    assert history.history.keys() == expected.history.keys()
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol=1e-5)
    for weight, wanted in zip(ours.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=1e-5, atol=1e-6)


def test_shuffling_draws_every_row_once_an_epoch_in_a_new_order():
    windows = np.arange(10.0).reshape(10, 1, 1)
    rows = np.arange(1, 10)
    batches = training.WindowBatches(
        windows, rows, rows * 10, batch_size=4, shuffle_seed=0
    )
    orders = []
    for epoch in (0, 1, 0):
        batches.begin_epoch(epoch)
        drawn = [batches[number] for number in range(len(batches))]
        assert [len(x) for x, _ in drawn] == [4, 4, 1]
        for x, y in drawn:
            np.testing.assert_array_equal(x.ravel() * 10, y)
        orders.append(np.concatenate([x.ravel() for x, _ in drawn]).tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == rows.tolist()
    assert orders[0] != orders[1]
    assert orders[0] == orders[2]


@pytest.mark.parametrize("n_rows", [1, 7, 56])
def test_predict_is_keras_predict(task, n_rows):
    windows, _ = task
    model = compiled(windows)
    expected = model.predict(windows[:n_rows], verbose=0)
    outputs = training.predict(model, windows[:n_rows])
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_batches_are_taken_from_the_windows_themselves():
    series = np.zeros((20, 1))
    windows = sliding_window_view(series, 5, axis=0).swapaxes(1, 2)
    batches = training.WindowBatches(windows, np.arange(len(windows)), batch_size=8)
    series[...] = 7
    assert (batches[1][0] == 7).all()
