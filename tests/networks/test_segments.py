"""Windows cut into segments: each is one step for the recurrent layers."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skforecast_lstm import LSTMClassifier, recurrent_network, training
from skforecast_lstm.networks import NormalizedNetwork, Segments
from skforecast_lstm.training.row_independence import fills_batches

UNKNOWN = np.nan


def cut(windows, size):
    """Segments of some windows, the last of which ends with the window."""
    n_windows, n_steps, _ = windows.shape
    starts = range(n_steps - size, -size, -size)
    before = np.zeros((n_windows, size, windows.shape[2]), windows.dtype)
    longer = np.concatenate([before, windows], axis=1)
    parts = [longer[:, start + size : start + 2 * size] for start in starts]
    return np.stack(parts[::-1], axis=1).reshape(n_windows, len(parts), -1)


def network(n_steps, n_features=1, n_outputs=2, **options):
    given = {"units": 2, "cell": "rnn", "segment": 2, **options}
    return recurrent_network((n_steps, n_features), n_outputs, **given)


def bent(model):
    """The network with weights that say something."""
    rng = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(scale=0.7, size=weight.shape))
    return model


class TestLayer:
    @settings(deadline=None, max_examples=15)
    @given(
        n_steps=st.integers(1, 6),
        size=st.integers(1, 7),
        n_features=st.integers(1, 3),
        seed=st.integers(0, 9),
    )
    def test_segments_end_with_the_window(self, n_steps, size, n_features, seed):
        rng = np.random.default_rng(seed)
        windows = rng.normal(size=(3, n_steps, n_features)).astype("float32")
        known = rng.random((3, n_steps)) < 0.4
        layer, expected = Segments(size), cut(windows, size)
        np.testing.assert_array_equal(layer(windows), expected)
        assert layer.compute_output_shape(windows.shape) == expected.shape
        expected[~cut(known[..., None], size).any(-1)] = UNKNOWN
        np.testing.assert_array_equal(layer(windows, mask=known), expected)

    def test_what_a_segment_is(self):
        window = np.arange(1.0, 11.0, dtype="float32").reshape(1, 5, 2)
        assert np.asarray(Segments(2)(window))[0].tolist() == [
            [0, 0, 1, 2],
            [3, 4, 5, 6],
            [7, 8, 9, 10],
        ]

    @pytest.mark.parametrize(
        ("size", "error", "message"),
        [
            (0, ValueError, "segment must be at least 1, got 0"),
            (1.5, TypeError, r"segment must be an integer, got 1\.5"),
            ("2", TypeError, "segment must be an integer, got '2'"),
        ],
    )
    def test_bad_sizes(self, size, error, message):
        for options in (
            {"segment": size},
            {"segment": None, "branches": [{"columns": [0], "segment": size}]},
        ):
            with pytest.raises(error, match=message):
                network(5, **options)
        with pytest.raises(error, match=message):
            LSTMClassifier(segment=size).fit(np.zeros((4, 5)), [0, 1, 0, 1])


def test_each_segment_goes_through_the_same_dense_layer(rng):
    windows = rng.normal(size=(4, 5, 3)).astype("float32")
    model = bent(network(5, 3, units=4))
    kernel, bias, *weights = model.get_weights()
    inner = network(3, 4, units=4, segment=None)
    inner.set_weights(weights)
    steps = np.maximum(cut(windows, 2) @ kernel + bias, 0)
    np.testing.assert_allclose(
        training.predict(model, windows),
        training.predict(inner, steps),
        rtol=1e-5,
        atol=1e-6,
    )


KINDS = {
    "larger than the window": {"segment": 7},
    "bidirectional": {"bidirectional": True},
    "branches": {
        "branches": [{"columns": [1, 0], "segment": 3}, {"columns": 1, "segment": None}]
    },
    "last, decoder": {
        "normalization": "last",
        "target_columns": (1,),
        "decoder": "lstm",
    },
    "relative": {"normalization": "relative", "target_columns": (1, 0)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_first_steps_are_as_none(kind, rng):
    """Wherever the first known one is in its segment, as zeros come before a window."""
    windows = rng.normal(2, 1, size=(3, 7, 2)).astype("float32")
    whole = bent(network(7, 2, **KINDS[kind]))
    shorter = network(4, 2, **KINDS[kind])
    shorter.set_weights(whole.get_weights())
    unknown = windows.copy()
    unknown[:, :3] = UNKNOWN
    answers, found = np.split(
        training.predict(whole, np.concatenate([windows, unknown])), 2
    )
    np.testing.assert_allclose(
        found, training.predict(shorter, windows[:, 3:]), rtol=1e-5, atol=1e-6
    )
    assert (np.abs(found - answers) > 1e-3).any()


def test_a_last_batch_is_filled_up():
    """No program of its own for the rows that are left over."""
    model = network(5, 2)
    model.compile("adam", "mse")
    model._symbolic_build(data_batch=(np.zeros((2, 5, 2)), np.zeros((2, 2))))
    assert fills_batches(model)


def test_what_is_known_in_a_segment_is_read():
    windows = np.array([[[1.0], [2], [3], [4]], [[1], [2], [3], [4]]], dtype="float32")
    windows[:, 1] = UNKNOWN
    windows[1, 0] = 5
    first, second = training.predict(bent(network(4)), windows)
    assert np.abs(first - second).max() > 1e-3


def test_nothing_known_is_answered():
    windows = np.full((1, 5, 1), UNKNOWN, dtype="float32")
    model = bent(network(5, normalization="last"))
    assert np.isfinite(training.predict(model, windows)).all()


def test_windows_of_one_series_in_two_dimensions(rng):
    deep = bent(network(5))
    flat = recurrent_network((5,), 2, units=2, cell="rnn", segment=2)
    flat.set_weights(deep.get_weights())
    windows = rng.normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(
        training.predict(flat, windows),
        training.predict(deep, windows[..., None]),
        rtol=1e-6,
    )


def test_a_saved_network_cuts_the_same_segments(tmp_path, rng):
    model = bent(network(5, 2, normalization="standard", target_columns=(0,)))
    model.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert type(loaded) is NormalizedNetwork
    windows = rng.normal(size=(3, 5, 2)).astype("float32")
    np.testing.assert_array_equal(
        training.predict(loaded, windows), training.predict(model, windows)
    )
