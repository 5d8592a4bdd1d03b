"""What is trained on: views stay views, and every block is what it says."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import LookbackWindower, training
from skforecast_lstm.targets import horizon_targets
from skforecast_lstm.training.blocks import device_dtype
from skforecast_lstm.training.views import series_under


@pytest.fixture(params=["view", "step", "copy", "flat", "fortran", "backwards", "one"])
def windows(request, rng):
    series = rng.normal(size=(60, 2))
    view = sliding_window_view(series, 5, axis=0).swapaxes(1, 2)
    return {
        "view": view,
        "step": view[:, ::2],
        "copy": view.copy(),
        "flat": sliding_window_view(series[:, 0], 5),
        "fortran": np.asfortranarray(view),
        "backwards": view[::-1],
        "one": view[:1],
    }[request.param]


def gathered(source, rows):
    """Windows or targets as the device gathers them."""
    starts = rows * source.stride
    if source.steps is None:
        return source.series[starts]
    return source.series[starts[:, None] + source.steps]


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_a_loaded_block_has_the_windows_of_its_rows(windows, rng, batch_size):
    n_chosen = max(1, len(windows) // 2)
    rows = np.sort(rng.choice(len(windows), n_chosen, replace=False))
    y = rng.normal(size=n_chosen)
    samples = training.Samples(windows, y, rows=rows)
    for block in samples.blocks(batch_size):
        loaded = samples.load(block)
        chosen = rows[block.start : block.stop]
        expected = windows[chosen].astype("float32")
        found = gathered(loaded.x, loaded.rows)
        np.testing.assert_array_equal(found[: len(block)], expected)
        np.testing.assert_array_equal(
            gathered(loaded.y, np.arange(len(block))),
            y[block.start : block.stop].astype("float32"),
        )


@pytest.mark.parametrize("n_columns", [1, 2])
@pytest.mark.parametrize("batch_size", [4, 64])
def test_targets_of_many_steps_are_gathered_from_their_series(n_columns, batch_size):
    series = np.arange(200.0).reshape(-1, n_columns)
    y = horizon_targets(series, 30)[: len(series) - 29]
    samples = training.Samples(np.zeros((len(y), 2, 1)), y)
    blocks = samples.blocks(batch_size)
    for block in blocks:
        source = samples.load(block, room=64).y
        assert source.series.size < y[block.start : block.stop].size / 3
        np.testing.assert_array_equal(
            gathered(source, np.arange(len(block))), y[block.start : block.stop]
        )


@pytest.mark.parametrize(("lookback", "step"), [(24, 1), (6, 4)])
def test_the_series_under_windows_of_the_windower_is_no_copy(lookback, step):
    series = np.arange(1000.0, dtype="float32")[:, None]
    windower = LookbackWindower(lookback, step=step, horizon=0)
    windows = windower.fit_transform(series)
    found, stride, steps = series_under(windows)
    assert np.shares_memory(found, windows)
    assert stride == 1
    assert len(steps) == lookback
    assert found.nbytes < 2 * series.nbytes


@settings(deadline=None, max_examples=100)
@given(
    n_samples=st.integers(1, 300),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 9),
    room=st.integers(1, 300),
)
def test_an_epoch_has_every_sample_once_in_whole_batches(
    n_samples, batch_size, seed, room
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skforecast_lstm.training.samples.ROOM_TO_TRAIN", room)
        patch.setattr("skforecast_lstm.training.samples.BLOCK_BYTES", 2**10)
        samples = training.Samples(np.zeros((n_samples, 2, 1)))
        blocks = samples.blocks(batch_size)
        batches = training.SampleBatches(samples, batch_size=batch_size, seed=seed)
        orders = []
        for epoch in (0, 1, 0):
            batches.begin_epoch(epoch)
            orders.append(np.concatenate(batches._batches))
            sizes = sorted(map(len, batches._batches), reverse=True)
            n_whole, n_last = divmod(n_samples, batch_size)
            assert sizes == [batch_size] * n_whole + [n_last] * bool(n_last)
    assert all(len(block) % batch_size == 0 for block in blocks[:-1])
    np.testing.assert_array_equal(orders[0], orders[2])
    np.testing.assert_array_equal(np.sort(orders[0]), np.arange(n_samples))


def test_the_order_differs_from_epoch_to_epoch_and_seed_to_seed():
    samples = training.Samples(np.zeros((50, 2, 1)))
    orders = []
    for seed, epoch in [(0, 0), (0, 1), (1, 0)]:
        ((_, order),) = samples.epoch(samples.blocks(8), seed, epoch)
        orders.append(order.tolist())
    assert len(set(map(tuple, orders))) == 3


def test_batches_are_taken_from_the_windows_themselves():
    series = np.zeros((20, 1))
    windows = sliding_window_view(series, 5, axis=0).swapaxes(1, 2)
    batches = training.SampleBatches(training.Samples(windows), batch_size=8)
    series[...] = 7
    assert (batches[1][0] == 7).all()


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        ("float64", "float32"),
        ("float16", "float32"),
        ("int64", "int32"),
        ("uint8", "uint8"),
        ("bool", "bool"),
    ],
)
def test_the_device_gets_what_it_calculates_with(dtype, wanted):
    assert keras.config.floatx() == "float32"
    assert device_dtype(np.dtype(dtype)) == wanted


def test_chunks_to_predict_need_one_capacity_whatever_the_rows(windows):
    samples = training.Samples(np.concatenate([windows] * 300)[:9000])
    lengths = {len(samples.load(block, room=4**6).rows) for block in samples.chunks()}
    assert lengths == {4**6}
    assert sum(map(len, samples.chunks())) == len(samples)


def test_split_parts_have_the_rows_targets_and_weights(rng):
    x, y, weights = np.arange(10.0)[:, None], np.arange(10), rng.uniform(size=10)
    first, last = training.Samples(x, y, weights).split(7)
    assert (len(first), len(last)) == (7, 3)
    for part, positions in ((first, slice(7)), (last, slice(7, None))):
        taken = part.take(np.arange(len(part)))
        np.testing.assert_array_equal(taken[0], x[positions])
        np.testing.assert_array_equal(taken[1], y[positions])
        np.testing.assert_array_equal(taken[2], weights[positions].astype("float32"))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([np.zeros(3), np.zeros(4)],), "different numbers of samples"),
        ((np.zeros((0, 2)),), "no samples"),
        ((np.zeros(3), np.zeros(4)), "y has 4 entries for 3"),
        ((np.zeros(3), np.zeros(3), np.zeros(2)), "sample_weight has 2 entries for 3"),
    ],
)
def test_samples_that_do_not_fit_each_other_are_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        training.Samples(*arguments)


def test_weights_of_classes_or_of_samples():
    x, y = np.zeros((3, 1)), np.zeros(3)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="not both"):
        training.fit(model, x, y, sample_weight=y, class_weight={0: 1.0}, verbose=0)


def test_targets_come_with_the_samples_or_beside_arrays():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    samples = training.Samples(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match="Give no y"):
        training.fit(model, samples, np.zeros(3), verbose=0)


def test_a_split_that_leaves_nothing_is_refused():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="nothing to train on"):
        training.fit(model, np.zeros((9, 1)), np.zeros(9), validation_split=0.99)


def test_a_block_is_hardly_larger_than_what_it_holds():
    windows, targets = np.ones((500, 720, 1), "f"), np.ones((500, 720), "f")
    samples = training.Samples(windows, targets)
    (block,) = samples.blocks(64)
    loaded = samples.load(block)
    arrays = [loaded.x.series, loaded.y.series, loaded.rows]
    assert sum(array.nbytes for array in arrays) < 8 * (windows.nbytes + targets.nbytes)


def test_rows_too_wide_for_one_block_come_in_several():
    windows = np.broadcast_to(np.ones((1, 720, 1), "f"), (80_000, 720, 1))
    targets = np.broadcast_to(np.ones((1, 720), "f"), (80_000, 720))
    blocks = training.Samples(windows, targets).blocks(256)
    assert len(blocks) > 1
    assert 10_000 < len(blocks[0]) < 50_000
