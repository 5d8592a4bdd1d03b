"""Members trained together are each as if alone, and answer by their mean."""

import keras
import numpy as np
import pytest

from skforecast_lstm import recurrent_network, training
from skforecast_lstm._persistence import keras_objects
from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._scikeras import pack_model, unpack_model
from skforecast_lstm.networks import (
    Members,
    MembersNetwork,
    TargetScale,
    WindowNormalization,
    forecast_network,
    join_members,
    series_network,
)
from skforecast_lstm.training import Origins, feed_back, feed_back_by_steps
from skforecast_lstm.training.recognition import fingerprint
from skforecast_lstm.training.row_independence import fills_batches

N_MEMBERS = 2
CLOSE = {"rtol": 2e-5, "atol": 2e-6}


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def task(rng):
    """21 windows, of which some have unknown steps, so that a batch of 8 is left over."""
    x = rng.normal(size=(21, 4, 1)).astype("float32").cumsum(1)
    y = x[:, -1] + rng.normal(size=(21, 1)).astype("float32")
    x[::5, :2] = np.nan
    return x, y


def network(**options):
    options = {"normalization": "last", "units": 2, **options}
    return recurrent_network((4, 1), **options)


def apart(rng, build=network, n_members=N_MEMBERS, **options):
    """Networks of one kind whose weights all differ."""
    networks = [build(**options) for _ in range(n_members)]
    for one in networks:
        for weight in one.trainable_variables:
            weight.assign_add(rng.normal(scale=0.3, size=weight.shape))
    return networks


def compiled(model, optimizer="adam", loss="mse", **options):
    model.compile(optimizer, loss, **{"metrics": ["mae"], **options})
    return model


def joined_and_apart(rng, *, optimizer="adam", loss="mse", **options):
    networks = apart(rng, **options)
    joined = join_members(networks)
    return [compiled(one, optimizer, loss) for one in (joined, *networks)]


def variables_of(model):
    return [
        np.asarray(v)
        for v in (*model.trainable_variables, *model.non_trainable_variables)
    ]


def fit(model, x, y, how=training.fit, **options):
    given = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, **options}
    return how(model, x, y, **given).history


def check_same(joined, networks):
    for number, one in enumerate(networks):
        pairs = zip(variables_of(joined), variables_of(one), strict=True)
        for stacked, alone in pairs:
            np.testing.assert_allclose(stacked[number], alone, **CLOSE)


def normal_sgd():
    return keras.optimizers.SGD(0.05, momentum=0.5)


KINDS = {
    "last": {},
    "standard, gru": {"normalization": "standard", "cell": "gru"},
    "penalty, peephole": {"normalization": None, "cell": "peephole", "l2": 0.01},
    "dropout": {"dropout": 0.3, "recurrent_dropout": 0.2, "cell": "rnn"},
    "dense dropout": {"dense_units": 4, "dense_dropout": 0.3, "bidirectional": True},
    "decoder": {"decoder": "lstm", "normalization": None},
}


def clipped_sgd():
    return keras.optimizers.SGD(0.05, momentum=0.5, global_clipnorm=0.1)


@pytest.mark.parametrize(
    ("kind", "optimizer"),
    [
        *((kind, normal_sgd) for kind in KINDS),
        ("last", keras.optimizers.Adam),
        ("last", clipped_sgd),
    ],
)
def test_together_as_alone(rng, task, kind, optimizer):
    joined, *networks = joined_and_apart(rng, **KINDS[kind])
    for one in (joined, *networks):
        compiled(one, optimizer())
    history = fit(joined, *task)
    alone = [fit(one, *task, keras.Model.fit) for one in networks]
    check_same(joined, networks)
    losses = np.mean([one["loss"] for one in alone], axis=0)
    np.testing.assert_allclose(history["loss"], losses, **CLOSE)
    assert np.ptp([one["loss"] for one in alone], axis=0).max() > 1e-3


def test_by_keras_as_by_the_engine(rng, task):
    networks = apart(rng, dropout=0.3, l2=0.01)
    by_engine, by_keras = (compiled(join_members(networks)) for _ in range(2))
    weights = rng.uniform(0.1, 2, size=21).astype("float32")
    found = fit(by_engine, *task, sample_weight=weights, validation_split=0.3)
    expected = fit(
        by_keras, *task, keras.Model.fit, sample_weight=weights, validation_split=0.3
    )
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, **CLOSE)
    for mine, other in zip(variables_of(by_engine), variables_of(by_keras), strict=True):
        np.testing.assert_allclose(mine, other, **CLOSE)


def test_weights_of_rows_and_a_sum_over_them(rng, task):
    loss = keras.losses.MeanAbsoluteError("sum")
    joined, *networks = joined_and_apart(rng, loss=loss, optimizer=normal_sgd())
    weights = rng.uniform(0.1, 2, size=21).astype("float32")
    for one in networks:
        compiled(one, normal_sgd(), loss)
    fit(joined, *task, sample_weight=weights)
    for one in networks:
        fit(one, *task, keras.Model.fit, sample_weight=weights)
    check_same(joined, networks)


BUILDERS = {
    "series": lambda: series_network((4, 1), 2, filters=2, units=2),
    "forecast": lambda: forecast_network((4, 1), 2, units=2),
    "classes": lambda: recurrent_network((4, 1), 2, output_activation="softmax"),
    "one-dimensional windows": lambda: recurrent_network(
        (4,), 2, units=2, normalization="last"
    ),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_kind_of_network(rng, task, name):
    x, y = task
    shape = (4,) if name.startswith("one") else (4, 1)
    x, y = np.nan_to_num(x).reshape(-1, *shape), np.hstack([y, y + 1])
    networks = apart(rng, BUILDERS[name])
    joined = join_members(networks)
    for one in (joined, *networks):
        fit(compiled(one), x, y)
    check_same(joined, networks)
    mean = np.mean([one.predict(x, verbose=0) for one in networks], axis=0)
    assert mean.shape == (21, 2)
    np.testing.assert_allclose(training.predict(joined, x), mean, **CLOSE)


def test_constraints_are_on_each_member(rng, task):
    def build():
        layer = keras.layers.Dense(2, kernel_constraint="unit_norm")
        return keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1)])

    joined, *networks = joined_and_apart(rng, build=build)
    x = np.nan_to_num(task[0])[..., 0]
    for one in (joined, *networks):
        fit(one, x, task[1])
    check_same(joined, networks)
    kernel = variables_of(joined)[0]
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=1), 1, rtol=1e-5)


class TestAnswers:
    def test_the_mean_of_the_members_whose_steps_may_be_unknown(self, rng, task):
        joined, *networks = joined_and_apart(rng)
        mean = np.mean([one.predict(task[0], verbose=0) for one in networks], axis=0)
        for found in (training.predict(joined, task[0]), joined.predict(task[0])):
            np.testing.assert_allclose(found, mean, **CLOSE)
        assert np.isfinite(mean).all()

    def test_in_training_those_of_each(self, rng, task):
        joined, *networks = joined_and_apart(rng)
        found = np.asarray(joined(task[0], training=True))
        expected = [np.asarray(one(task[0], training=True)) for one in networks]
        np.testing.assert_allclose(found, np.stack(expected, axis=1), **CLOSE)

    @pytest.mark.parametrize("how", [training.fit, keras.Model.fit])
    def test_metrics_are_means_over_members_in_training(self, rng, task, how):
        joined, *networks = joined_and_apart(rng)
        options = {"metrics": ["mae"], "weighted_metrics": ["mse"]}
        compiled(joined, keras.optimizers.SGD(0.0), **options)
        weights = rng.uniform(0.1, 2, size=21).astype("float32")
        validation = *task, weights
        history = fit(
            joined,
            *task,
            how,
            epochs=1,
            sample_weight=weights,
            validation_data=validation,
        )
        errors = np.stack([training.predict(one, task[0]) - task[1] for one in networks])
        np.testing.assert_allclose(history["mae"], [np.abs(errors).mean()], rtol=1e-5)
        expected = np.average(errors[..., 0] ** 2, weights=weights, axis=1).mean()
        np.testing.assert_allclose(history["mse"], [expected], rtol=1e-5)
        of_mean = np.abs(errors.mean(axis=0)).mean()
        np.testing.assert_allclose(history["val_mae"], [of_mean], rtol=1e-5)

    def test_loss_in_evaluation_is_that_of_the_mean(self, rng, task):
        joined, *_ = joined_and_apart(rng, normalization=None)
        errors = training.predict(joined, task[0]) - task[1]
        history = fit(joined, *task, epochs=1, validation_data=task)
        after = training.predict(joined, task[0]) - task[1]
        np.testing.assert_allclose(history["val_loss"], [(after**2).mean()], rtol=1e-5)
        assert (after**2).mean() < (errors**2).mean()

    def test_each_window_in_its_own_spread_in_evaluation_too(self, rng, task):
        joined, *networks = joined_and_apart(rng)
        mean = training.predict(joined, task[0])
        targets, outputs = networks[0].in_window_units(task[0], task[1], mean)
        expected = np.mean((np.asarray(targets) - np.asarray(outputs)) ** 2)
        found, _ = joined.evaluate(*task, verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-5)

    def test_fed_back_on_the_device(self, rng):
        joined, *_ = joined_and_apart(rng)
        series = rng.normal(size=(20, 1)).astype("float32").cumsum(0)
        lags = np.array([4, 3, 2, 1])
        origins = Origins(np.array([10, 20]), np.array([0, 0]), lags, lags)
        found = feed_back(joined, series, origins, 5)

        def answer(windows):
            outputs = joined.predict(windows, verbose=0)
            return outputs, outputs

        expected = feed_back_by_steps(answer, series, origins, 5)
        np.testing.assert_allclose(found, expected, 1e-4, 1e-5)


def test_early_stopping_gives_back_the_best_weights(rng, task):
    joined, *_ = joined_and_apart(rng, optimizer=keras.optimizers.SGD(0.7))
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = fit(joined, *task, epochs=20, callbacks=[stop], validation_data=task)
    assert min(history["val_loss"]) < history["val_loss"][-1]
    loss, _ = joined.evaluate(*task, verbose=0)
    np.testing.assert_allclose(loss, min(history["val_loss"]), rtol=1e-5)


def test_seeds_of_dropout_make_it_reproducible(rng, task):
    outcomes = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        joined = compiled(join_members([network(dropout=0.5) for _ in range(2)]))
        fit(joined, *task)
        outcomes.append(np.concatenate([np.ravel(v) for v in variables_of(joined)]))
    assert np.isfinite(outcomes).all()
    np.testing.assert_array_equal(outcomes[0], outcomes[1])
    assert (outcomes[0] != outcomes[2]).any()


class TestOneProgram:
    def test_trains_whatever_the_seeds_and_scales(self, rng, task, compilations):
        spreads = []
        for seed, scale in ((0, 1e-3), (1, 100.0)):
            keras.utils.set_random_seed(seed)
            joined = compiled(join_members([network(dropout=0.1) for _ in range(2)]))
            (members,) = (one for one in joined.layers if isinstance(one, Members))
            for layer in members.hidden_network().layers:
                if isinstance(layer, WindowNormalization):
                    others = layer.get_weights()[1:]
                    members.set_layer_weights(layer, [np.array([scale]), *others])
            spreads.append(fit(joined, *task, epochs=1)["loss"][0])
            training.predict(joined, task[0])
        assert compilations == ["run", "predict"]
        # What is 100 000 times as large as the windows leaves hardly any loss.
        assert spreads[1] < spreads[0] / 100

    def test_differs_by_kind_and_number(self):
        def print_of(n_members=2, **options):
            joined = join_members([network(**options) for _ in range(n_members)])
            return fingerprint(compiled(joined, metrics=None), training=True)

        assert print_of() == print_of()
        prints = [
            print_of(),
            print_of(3),
            print_of(units=3),
            print_of(activation="relu"),
            print_of(normalization="standard"),
            print_of(l2=0.1),
            fingerprint(compiled(network(), metrics=None), training=True),
        ]
        assert len(set(prints)) == len(prints)

    def test_differs_where_a_name_means_another_function(self, monkeypatch):
        def joined(activation):
            known = keras.saving.get_custom_objects()
            monkeypatch.setitem(known, "tests>bent", activation)
            names = keras.src.saving.object_registration.GLOBAL_CUSTOM_NAMES
            monkeypatch.setitem(names, activation, "tests>bent")
            return join_members([network(dense_units=2, dense_activation=activation)])

        def bent(x):
            return keras.ops.abs(x)

        def other(x):
            return -keras.ops.abs(x)

        models = [joined(bent), joined(bent), joined(other)]
        prints = [fingerprint(model, training=False) for model in models]
        assert prints[0] == prints[1]
        assert prints[0] != prints[2]

    def test_fills_batches_where_the_members_do(self):
        def joined(*layers):
            build = [keras.Input((4,)), *layers, keras.layers.Dense(1)]
            model = compiled(join_members([keras.Sequential(build)]))
            model._symbolic_build(data_batch=(np.zeros((2, 4)), np.zeros((2, 1))))
            return model

        assert fills_batches(joined())
        assert not fills_batches(joined(keras.layers.BatchNormalization()))
        dropping = joined(keras.layers.Dropout(0.5))
        assert fills_batches(dropping)
        assert not fills_batches(dropping, may_draw=False)


def test_weights_that_do_not_decay(rng, task):
    joined, *networks = joined_and_apart(rng)
    for one in (joined, *networks):
        compiled(one, keras.optimizers.AdamW(weight_decay=0.5))
        one.optimizer.exclude_from_weight_decay([one.trainable_variables[0]])
        fit(one, *task)
    check_same(joined, networks)


@pytest.mark.parametrize("optimizer", ["adafactor", "muon"])
def test_an_optimizer_of_whole_weights_trains_all_as_one(task, optimizer):
    losses = []
    for how in (training.fit, keras.Model.fit):
        keras.utils.set_random_seed(0)
        joined = join_members(apart(np.random.default_rng(0)))
        losses.append(fit(compiled(joined, optimizer), *task, how)["loss"])
    np.testing.assert_allclose(*losses, **CLOSE)


def test_an_interrupt_leaves_the_members_whole(rng, task):
    joined, *_ = joined_and_apart(rng)
    before = variables_of(joined)

    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    stop = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(joined, *task, callbacks=[stop])
    after = variables_of(joined)
    assert any((one != other).any() for one, other in zip(before, after, strict=True))
    assert all(np.isfinite(one).all() for one in after)


def test_batch_normalization_is_of_each_member(rng, task):
    def build():
        layers = [keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((4,)), *layers])

    joined, *networks = joined_and_apart(rng, build=build)
    x = np.nan_to_num(task[0])[..., 0]
    for one in (joined, *networks):
        fit(one, x, task[1])
    check_same(joined, networks)


class TestFiles:
    @pytest.fixture
    def trained(self, rng, task):
        joined, *_ = joined_and_apart(rng, dropout=0.1, n_members=3)
        fit(joined, *task)
        return joined

    def check(self, found, expected, x):
        assert type(found) is MembersNetwork
        pairs = zip(variables_of(found), variables_of(expected), strict=True)
        for mine, other in pairs:
            assert mine.dtype == other.dtype
            np.testing.assert_array_equal(mine, other)
        outputs = [training.predict(one, x) for one in (found, expected)]
        np.testing.assert_array_equal(*outputs)

    def test_as_keras_does(self, trained, task, tmp_path):
        trained.save(tmp_path / "network.keras")
        found = keras.saving.load_model(tmp_path / "network.keras")
        self.check(found, trained, task[0])
        for one in (found, trained):
            fit(one, *task)
        self.check(found, trained, task[0])

    def test_as_text_and_weights(self, trained, task):
        found = keras.models.model_from_json(trained.to_json())
        found.set_weights(trained.get_weights())
        self.check(found, trained, task[0])

    def test_in_a_pickle(self, trained, task):
        self.check(unpack_model(pack_model(trained)), trained, task[0])

    def test_without_pickle(self, trained, task):
        kind, parts = keras_objects.to_parts(trained)
        found = keras_objects.from_parts(kind, parts, Budget(10**6))
        self.check(found, trained, task[0])
        for one in (found, trained):
            fit(one, *task)
        self.check(found, trained, task[0])

    def test_the_weights_of_the_first_member_are_not_kept_twice(self, trained):
        n_weights = sum(v.size for v in variables_of(trained))
        kept = sum(v.size for v in keras_objects.to_parts(trained)[1]["weights"])
        assert kept == n_weights
        assert len(pack_model(network(units=40))) * 1.5 > len(
            pack_model(join_members([network(units=40)]))
        )

    @pytest.mark.parametrize("change", ["class", "lambda", "number", "no network"])
    def test_hostile_members_are_refused(self, trained, change):
        kind, parts = keras_objects.to_parts(trained)
        layers = parts["config"]["config"]["layers"]
        config = next(one for one in layers if one["class_name"] == "Members")["config"]
        if change == "class":
            config["network"] |= {
                "class_name": "Popen",
                "module": "subprocess",
                "registered_name": "Popen",
            }
        elif change == "lambda":
            config["network"]["config"]["layers"][1] |= {
                "class_name": "Lambda",
                "module": "keras.layers",
                "registered_name": None,
            }
        elif change == "number":
            config["n_members"] = 10**9
        else:
            config["network"] = {
                "class_name": "Dense",
                "module": "keras.layers",
                "registered_name": None,
                "config": {"units": 1},
            }
        with pytest.raises((TypeError, ValueError)):
            keras_objects.from_parts(kind, parts, Budget())


class TestJoining:
    def test_leaves_the_networks_as_they_are(self, rng, task):
        networks = apart(rng)
        before = [variables_of(one) for one in networks]
        fit(compiled(join_members(networks)), *task)
        for one, values in zip(networks, before, strict=True):
            for mine, other in zip(variables_of(one), values, strict=True):
                np.testing.assert_array_equal(mine, other)

    def test_weights_of_one_layer_for_all(self, rng):
        joined = join_members(apart(rng, normalization=None))
        (members,) = (one for one in joined.layers if isinstance(one, Members))
        (scale,) = (
            layer
            for layer in members.hidden_network().layers
            if isinstance(layer, TargetScale)
        )
        before = joined.predict(np.ones((1, 4, 1)), verbose=0)
        members.set_layer_weights(scale, [np.array([100.0]), np.array([20.0])])
        after = joined.predict(np.ones((1, 4, 1)), verbose=0)
        np.testing.assert_allclose(after, 100 + 20 * before, rtol=1e-5)

    @pytest.mark.parametrize(
        ("networks", "message"),
        [
            ([], "at least one network"),
            ([{}, {"units": 3}], r"networks\[1\] of .*\(1, 12\)"),
        ],
    )
    def test_says_what_is_wrong(self, networks, message):
        with pytest.raises(ValueError, match=message):
            join_members([network(**options) for options in networks])

    def test_takes_only_networks_made_of_layers_with_one_input(self):
        with pytest.raises(TypeError, match=r"must be a keras\.Model made of layers"):
            join_members([network(), "lstm"])
        inputs = [keras.Input((1,)) for _ in range(2)]
        added = keras.Model(inputs, keras.layers.Add()(inputs))
        with pytest.raises(ValueError, match="this network has 2 and 1"):
            join_members([added])
