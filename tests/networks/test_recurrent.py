"""The recurrent network, and networks of Keras and SciKeras beside it."""

import keras
import numpy as np
import pytest
from scikeras.wrappers import KerasClassifier, KerasRegressor

from skforecast_lstm import LSTMRegressor, training
from skforecast_lstm.networks import (
    MaskUnknown,
    PeepholeLSTMCell,
    TargetScale,
    recurrent_network,
)
from skforecast_lstm.networks.arguments import ColumnPlaces


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
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "peephole"])
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
        ({"cell": ("lstm", "gru")}, r"for each of the 1 recurrent layers, got \('lstm'"),
        ({"decoder": "gru"}, r"decoder must be 'dense' or 'lstm', got 'gru'"),
        ({"dense_dropout": (0.1,)}, r"one for each of the 0 dense layers"),
        ({"target_columns": (0, 0), "n_outputs": 3}, r"3 outputs for 2 target_columns"),
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


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def peephole_steps(windows, known, kernel, recurrent_kernel, bias, peepholes):
    """Outputs and last states of a peephole LSTM, gate by gate as in the paper."""
    hidden = carry = np.zeros((len(windows), len(recurrent_kernel)))
    outputs = []
    for step in range(windows.shape[1]):
        z = windows[:, step] @ kernel + hidden @ recurrent_kernel + bias
        of_input, of_forget, candidate, of_output = np.split(z, 4, axis=1)
        taken = sigmoid(of_input + peepholes[0] * carry)
        kept = sigmoid(of_forget + peepholes[1] * carry)
        new_carry = kept * carry + taken * np.tanh(candidate)
        new_hidden = sigmoid(of_output + peepholes[2] * new_carry) * np.tanh(new_carry)
        carry = np.where(known[:, step, None], new_carry, carry)
        hidden = np.where(known[:, step, None], new_hidden, hidden)
        outputs.append(hidden)
    return np.stack(outputs, axis=1), hidden, carry


def test_the_peephole_cell_follows_its_equations(rng):
    windows = rng.normal(size=(5, 7, 2))
    known = rng.random((5, 7)) < 0.7
    layer = keras.layers.RNN(
        PeepholeLSTMCell(3), return_sequences=True, return_state=True
    )
    layer.build(windows.shape)
    weights = [rng.normal(size=weight.shape) for weight in layer.weights]
    assert [weight.shape for weight in weights] == [(2, 12), (3, 12), (12,), (3, 3)]
    layer.set_weights(weights)
    found = layer(windows.astype("float32"), mask=known)
    for values, expected in zip(
        found, peephole_steps(windows, known, *weights), strict=True
    ):
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}])
def test_the_peephole_cell_begins_as_an_lstm(options, rng):
    peephole = recurrent_network((6, 2), units=(4, 3), cell="peephole", **options)
    lstm = recurrent_network((6, 2), units=(4, 3), **options)
    of_peepholes = [w for w in peephole.weights if w.name == "peepholes"]
    assert len(of_peepholes) == (4 if options else 2)
    assert not any(np.any(weight) for weight in of_peepholes)
    others = [w for w in peephole.weights if w.name != "peepholes"]
    lstm.set_weights([np.asarray(weight) for weight in others])
    windows = rng.normal(size=(5, 6, 2)).astype("float32")
    windows[0, :2] = np.nan
    np.testing.assert_allclose(peephole(windows), lstm(windows), rtol=1e-5, atol=1e-6)


KINDS = {
    "peephole": {"units": 3, "cell": "peephole"},
    "peephole both ways": {"units": 2, "cell": "peephole", "bidirectional": True},
    "peephole with dropout": {
        "units": 3,
        "cell": "peephole",
        "dropout": 0.2,
        "recurrent_dropout": 0.3,
    },
    "a cell a layer": {"units": (3, 2), "cell": ("gru", "peephole")},
    "branches": {
        "branches": [
            {"columns": [0], "units": 2},
            {"columns": [1], "units": (3, 2), "cell": ("rnn", "gru")},
        ],
        "dense_units": 3,
    },
    "sequence to sequence": {"units": 3, "decoder": "lstm", "dense_units": 2},
}


@pytest.mark.parametrize("kind", ["peephole with dropout", "branches"])
def test_the_engine_trains_it_as_keras_does(kind, rng, monkeypatch):
    windows = rng.normal(size=(30, 4, 2)).astype("float32")
    y = np.stack([windows.sum(axis=(1, 2)), windows[:, -1, 0]], axis=1)
    twins = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        twins.append(recurrent_network((4, 2), 2, **KINDS[kind]))
        twins[-1].compile("adam", "mse")
    ours, theirs = twins
    theirs.set_weights(ours.get_weights())
    options = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0}
    expected = theirs.fit(windows, y, **options)
    monkeypatch.setattr(keras.Model, "fit", None)
    history = training.fit(ours, windows, y, **options)
    np.testing.assert_allclose(
        history.history["loss"], expected.history["loss"], rtol=2e-5
    )
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_architecture_and_weights_are_saved_and_loaded(kind, tmp_path, rng):
    network = recurrent_network((4, 2), 2, **KINDS[kind])
    weights = [rng.normal(size=weight.shape) for weight in network.get_weights()]
    network.set_weights(weights)
    windows = rng.normal(size=(3, 4, 2)).astype("float32")
    network.save(tmp_path / "network.keras")
    network.save_weights(tmp_path / "network.weights.h5")
    from_json = keras.models.model_from_json(network.to_json())
    from_json.load_weights(tmp_path / "network.weights.h5")
    whole = keras.saving.load_model(tmp_path / "network.keras")
    for loaded in (from_json, whole):
        np.testing.assert_array_equal(loaded(windows), network(windows))


def test_cells_one_a_layer():
    network = recurrent_network((5, 2), units=(4, 3, 2), cell=("gru", "lstm", "peephole"))
    gru, lstm, peephole = network.layers[2:5]
    assert isinstance(gru, keras.layers.GRU)
    assert isinstance(lstm, keras.layers.LSTM)
    assert isinstance(peephole.cell, PeepholeLSTMCell)
    assert [gru.units, lstm.units, peephole.cell.units] == [4, 3, 2]


def test_dropout_of_dense_layers_is_behind_each():
    network = recurrent_network(
        (5, 1), units=2, dense_units=(6, 4, 3), dense_dropout=(0.1, 0.0, 0.2)
    )
    behind = [
        (layer.units, following.rate)
        for layer, following in zip(network.layers, network.layers[1:], strict=False)
        if isinstance(following, keras.layers.Dropout)
    ]
    assert behind == [(6, 0.1), (3, 0.2)]


class TestBranches:
    def test_each_has_its_own_parameters_or_those_of_the_network(self):
        network = recurrent_network(
            (5, 3),
            units=(4, 3),
            activation="relu",
            dropout=0.1,
            branches=[
                {"columns": [0]},
                {"columns": [1, 2], "units": 6, "cell": "gru", "dropout": 0.5},
            ],
        )
        lstms = layers_of(network, keras.layers.LSTM)
        (gru,) = layers_of(network, keras.layers.GRU)
        assert [layer.units for layer in lstms] == [4, 3]
        assert [layer.dropout for layer in (*lstms, gru)] == [0.1, 0.1, 0.5]
        assert gru.units == 6
        assert gru.activation is keras.activations.relu
        assert network.layers[-2].kernel.shape == (3 + 6, 1)

    def test_columns_by_name_are_those_by_place(self, rng):
        by_name, by_place = (
            recurrent_network(
                (4, 3),
                units=2,
                branches=[{"columns": first}, {"columns": second, "cell": "gru"}],
                feature_names=["open", "close", "volume"],
            )
            for first, second in (("volume", ["close", 0]), (2, [1, "open"]))
        )
        by_place.set_weights(by_name.get_weights())
        windows = rng.normal(size=(3, 4, 3)).astype("float32")
        np.testing.assert_array_equal(by_name(windows), by_place(windows))

    @pytest.mark.parametrize("column", [0, 1, 2])
    def test_a_branch_sees_its_columns_alone(self, column, rng):
        network = recurrent_network(
            (4, 3), units=2, branches=[{"columns": [2]}, {"columns": [0], "cell": "gru"}]
        )
        lstm, gru = (
            keras.Model(network.input, layers_of(network, kind)[0].output)
            for kind in (keras.layers.LSTM, keras.layers.GRU)
        )
        windows = rng.normal(size=(3, 4, 3)).astype("float32")
        changed = windows.copy()
        changed[..., column] += 1
        for branch, seen in ((lstm, 2), (gru, 0)):
            same = np.array_equal(branch(windows), branch(changed))
            assert same == (column != seen)

    def test_one_branch_of_all_columns_is_the_network_without(self, rng):
        plain = recurrent_network((4, 2), units=(3, 2), dense_units=2)
        branched = recurrent_network(
            (4, 2), units=(3, 2), dense_units=2, branches=[{"columns": [0, 1]}]
        )
        branched.set_weights(plain.get_weights())
        windows = rng.normal(size=(3, 4, 2)).astype("float32")
        windows[0, 0] = np.nan
        np.testing.assert_array_equal(plain(windows), branched(windows))

    def test_are_parameters_of_an_estimator(self, rng):
        series = rng.normal(size=(40, 4, 2))
        regressor = LSTMRegressor(
            units=2,
            epochs=1,
            branches=[{"columns": ["price"]}, {"columns": ["volume"], "units": 3}],
            feature_names=("price", "volume"),
        )
        regressor.fit(series, series[:, -1, 0])
        assert regressor.model_.layers[-2].kernel.shape == (2 + 3, 1)

    @pytest.mark.parametrize(
        ("branches", "message"),
        [
            ([], "at least one branch"),
            ([{"units": 4}], r"branches\[0\] must be a dict that names its columns"),
            (["open"], r"branches\[0\] must be a dict.*got 'open'"),
            ([{"columns": [0]}, {"columns": []}], r"branches\[1\] has no columns"),
            ([{"columns": [0], "unit": 4}], r"branches\[0\] has \['unit'\], but.*units"),
            ([{"columns": ["low"]}], r"branches\[0\] names the column 'low'.*\['open"),
            ([{"columns": [2]}], r"names the column 2, but windows have columns 0 to 1"),
            ([{"columns": [0], "units": 0}], "units must be a positive integer"),
            ([{"columns": [0], "cell": "lsmt"}], "cell must be one of .*got 'lsmt'"),
        ],
    )
    def test_say_what_is_wrong(self, branches, message):
        with pytest.raises(ValueError, match=message):
            recurrent_network((4, 2), branches=branches, feature_names=["open", "close"])


class TestSequenceToSequence:
    def test_a_step_does_not_wait_for_those_after_it(self, rng):
        """Nearer steps are the same however far the network looks ahead."""
        options = {
            "units": 3,
            "decoder": "lstm",
            "output_activation": "linear",
            "target_columns": (2, 0),
        }
        far = recurrent_network((5, 3), 8, **options)
        near = recurrent_network((5, 3), 6, **options)
        near.set_weights(far.get_weights())
        windows = rng.normal(size=(4, 5, 3)).astype("float32")
        steps = np.asarray(far(windows)).reshape(4, 4, 2)
        np.testing.assert_allclose(near(windows), steps[:, :3].reshape(4, 6), rtol=1e-5)
        assert (np.diff(steps, axis=1) != 0).all()

    def test_columns_run_within_a_step(self, rng):
        """The first output of each step is of the first target column."""
        network = recurrent_network(
            (5, 3),
            6,
            units=3,
            decoder="lstm",
            output_activation="linear",
            target_columns=(2, 0),
        )
        dense = network.layers[-2]
        assert dense.kernel.shape == (3, 2)
        kernel, _ = dense.get_weights()
        dense.set_weights([kernel * [0, 1], np.array([7.0, 0.0])])
        outputs = np.asarray(network(rng.normal(size=(4, 5, 3)).astype("float32")))
        assert (outputs[:, ::2] == 7).all()
        assert (outputs[:, 1::2] != 7).all()


@pytest.mark.parametrize(
    ("columns", "names", "message"),
    [
        ((0,), ["open"], "feature_names has 1 names for windows of 2 columns"),
        (("open",), None, "names the column 'open', but windows have no names"),
        (("low",), ["open", "close"], r"'low', which is not among \['open', 'close'\]"),
        ((2,), None, "names the column 2, but windows have columns 0 to 1"),
        ((-1,), None, "names the column -1, but windows have columns 0 to 1"),
        ((0.5,), None, "names the column 0.5, but"),
    ],
)
def test_columns_that_are_not_there(columns, names, message):
    with pytest.raises(ValueError, match=message):
        ColumnPlaces(2, names).positions("target_columns", columns)
