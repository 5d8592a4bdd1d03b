import keras
import numpy as np
import pytest
from scikeras.wrappers import KerasClassifier, KerasRegressor

from skforecast_lstm.networks import MaskUnknown, TargetScale, recurrent_network


def layers_of(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("lstm", keras.layers.LSTM),
        ("gru", keras.layers.GRU),
        ("rnn", keras.layers.SimpleRNN),
    ],
)
def test_stacks_a_layer_of_the_cell_for_each_of_units(cell, kind):
    network = recurrent_network((5, 2), 3, units=(4, 3), cell=cell, activation="relu")
    stacked = layers_of(network, kind)
    assert [layer.units for layer in stacked] == [4, 3]
    assert [layer.return_sequences for layer in stacked] == [True, False]
    assert all(layer.activation is keras.activations.relu for layer in stacked)
    assert network.output_shape == (None, 3)


def test_dropout_dense_and_penalty_go_where_they_are_named():
    network = recurrent_network(
        (5, 1),
        units=(4, 3),
        dropout=(0.1, 0.2),
        recurrent_dropout=0.3,
        dense_units=(6, 2),
        dense_activation="elu",
        output_activation="softplus",
        l2=0.5,
    )
    recurrent = layers_of(network, keras.layers.LSTM)
    assert [layer.dropout for layer in recurrent] == [0.1, 0.2]
    assert [layer.recurrent_dropout for layer in recurrent] == [0.3, 0.3]
    dense = layers_of(network, keras.layers.Dense)
    assert [layer.units for layer in dense] == [6, 2, 1]
    assert [layer.activation.__name__ for layer in dense] == ["elu", "elu", "softplus"]
    for layer in recurrent + dense:
        assert np.isclose(layer.kernel_regularizer.l2, 0.5)
    assert not layers_of(network, TargetScale)


def test_bidirectional_reads_both_ways():
    network = recurrent_network((5, 1), units=4, bidirectional=True)
    assert len(layers_of(network, keras.layers.Bidirectional)) == 1
    assert network.layers[-2].kernel.shape == (8, 1)


def test_two_dimensions_are_windows_of_one_series(rng):
    windows = rng.normal(size=(3, 5)).astype("float32")
    flat = recurrent_network((5,), units=2)
    deep = recurrent_network((5, 1), units=2)
    deep.set_weights(flat.get_weights())
    np.testing.assert_array_equal(flat(windows), deep(windows[..., None]))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_unknown_steps_are_passed_over(cell, bidirectional, rng):
    network = recurrent_network(
        (5, 2), units=(3, 2), cell=cell, bidirectional=bidirectional
    )
    shorter = recurrent_network(
        (3, 2), units=(3, 2), cell=cell, bidirectional=bidirectional
    )
    shorter.set_weights(network.get_weights())
    known = rng.normal(size=(4, 3, 2)).astype("float32")
    unknown = np.full((4, 2, 2), np.nan, dtype="float32")
    unknown[:, :, 0] = 7
    answers = network(np.concatenate([unknown, known], axis=1))
    np.testing.assert_allclose(answers, shorter(known), rtol=1e-5, atol=1e-6)


def test_a_window_of_nothing_gets_an_answer():
    network = recurrent_network((4, 1), units=2)
    assert np.isfinite(network(np.full((1, 4, 1), np.nan, "float32"))).all()


def test_mask_unknown_leaves_known_values_alone(rng):
    windows = rng.normal(size=(3, 4, 2)).astype("float32")
    np.testing.assert_array_equal(MaskUnknown()(windows), windows)


def test_target_scale_is_left_alone_by_training(rng):
    network = recurrent_network((4, 1), units=2)
    scale = network.layers[-1]
    scale.set_weights([np.array([50.0]), np.array([3.0])])
    network.compile("adam", "mse")
    X = rng.normal(size=(16, 4, 1)).astype("float32")
    before = network.predict(X, verbose=0)
    network.fit(X, X[:, 0] + 50, epochs=2, verbose=0)
    assert not np.allclose(network.predict(X, verbose=0), before)
    np.testing.assert_array_equal(np.ravel(scale.get_weights()), [50, 3])


def test_saves_and_loads(tmp_path, rng):
    network = recurrent_network((4, 2), 2, units=3)
    network.layers[-1].set_weights([np.ones(2), np.full(2, 5.0)])
    network.save(tmp_path / "network.keras")
    X = rng.normal(size=(3, 4, 2)).astype("float32")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(X), network(X))


@pytest.mark.parametrize(
    ("wrapper", "y", "n_outputs", "activation"),
    [
        (KerasRegressor(loss="mse"), [[0.5, 1.5]] * 6, 2, "linear"),
        (KerasRegressor(loss="mse"), [0.0, 1.0, 2.0] * 2, 1, "linear"),
        (KerasClassifier(loss="binary_crossentropy"), ["a", "b"] * 3, 1, "sigmoid"),
        (
            KerasClassifier(loss="sparse_categorical_crossentropy"),
            ["a", "b", "c"] * 2,
            3,
            "softmax",
        ),
    ],
)
def test_is_a_model_of_scikeras(wrapper, y, n_outputs, activation, rng):
    wrapper.set_params(model=recurrent_network, model__units=2, verbose=0)
    X = rng.normal(size=(6, 4, 1)).astype("float32")
    wrapper.fit(X, np.array(y))
    (dense,) = layers_of(wrapper.model_, keras.layers.Dense)
    assert layers_of(wrapper.model_, keras.layers.LSTM)[0].units == 2
    assert (dense.units, dense.activation.__name__) == (n_outputs, activation)
    assert wrapper.predict(X).shape == np.shape(y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cell": "lsmt"}, r"cell must be one of .*'lstm'.*got 'lsmt'"),
        ({"units": 0}, r"units must be a positive integer.*got 0"),
        ({"units": ()}, r"at least one recurrent layer"),
        ({"units": (4, 1.5)}, r"units must be a positive integer.*got \(4, 1.5\)"),
        ({"dense_units": -1}, r"dense_units must be a positive integer.*got -1"),
        ({"dropout": 1.0}, r"dropout must be at least 0 and under 1, got 1.0"),
        ({"dropout": (0.1, 0.2)}, r"one for each of the 1 recurrent layers"),
        ({"recurrent_dropout": -0.1}, r"recurrent_dropout must be at least 0"),
        ({"input_shape": None}, r"input_shape is missing"),
    ],
)
def test_says_what_is_wrong(parameters, message):
    with pytest.raises(ValueError, match=message):
        recurrent_network(**{"input_shape": (4, 1), **parameters})
