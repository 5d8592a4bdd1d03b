"""Models that differ are never taken for each other, and twins always are."""

import inspect
from collections import OrderedDict

import keras
import numpy as np
import pytest

from skforecast_lstm.networks import recurrent_network
from skforecast_lstm.training.recognition import NotRecognisedError, fingerprint


@keras.saving.register_keras_serializable(package="tests")
class Twice(keras.layers.Layer):
    """A layer of the user, registered."""

    def call(self, inputs):
        return 2 * inputs


class Unregistered(keras.layers.Layer):
    """A layer of the user that Keras does not know."""

    def call(self, inputs):
        return inputs


@pytest.fixture
def print_of(model_of, built):
    """Function that returns the fingerprint of a model with some options."""

    def print_of(**options):
        model = model_of(**options)
        return fingerprint(
            built(model) if "metrics" in str(options) else model, training=True
        )

    return print_of


def test_twins_have_one_fingerprint(print_of):
    options = {"metrics": ["mae"], "optimizer": "adam"}
    assert print_of(**options) == print_of(**options)
    assert hash(print_of(**options)) == hash(print_of(**options))


def used_by_keras(model):
    """Let Keras itself do all that it can with a model, and what it leaves in it."""
    x, y = np.zeros((5, 3, 1)), np.zeros((5, 1))
    stopper = keras.callbacks.EarlyStopping("loss")
    data = {"validation_data": (x, y), "batch_size": 2, "callbacks": [stopper]}
    model.fit(x, y, verbose=0, **data)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    for call in (model.train_on_batch, model.test_on_batch):
        call(x, y)
    model.predict_on_batch(x)
    model(x, training=True)
    model.summary(print_fn=lambda *args, **kwargs: None)
    model.get_state_tree()
    return model


@pytest.mark.parametrize("training", [True, False])
def test_a_model_that_keras_used_is_no_other(training, model_of, built):
    used, fresh = (built(model_of(metrics=["mae"])) for _ in range(2))
    used_by_keras(used)
    prints = [fingerprint(model, training=training) for model in (used, fresh)]
    assert prints[0] == prints[1]


def test_names_seeds_and_learning_rates_are_data(model_of):
    def build(seed, rate):
        layers = [
            keras.layers.LSTM(2, dropout=0.1, seed=seed, name=f"lstm_of_{seed}"),
            keras.layers.Dropout(0.1, seed=seed),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.HeNormal(seed)),
        ]
        return model_of(*layers, optimizer=keras.optimizers.Adam(rate, name=f"a{seed}"))

    prints = [fingerprint(build(*of), training=True) for of in ((1, 0.1), (2, 0.2))]
    assert prints[0] == prints[1]


@pytest.mark.parametrize(
    "change",
    [
        {"units": 3},
        {"cell": "gru"},
        {"activation": "relu"},
        {"bidirectional": True},
        {"dropout": 0.1},
        {"recurrent_dropout": 0.1},
        {"dense_units": 2},
        {"output_activation": "tanh"},
        {"l2": 0.1},
        {"n_outputs": 2},
        {"input_shape": (4, 1)},
    ],
    ids=str,
)
def test_another_network_has_another_fingerprint(change):
    usual = {"input_shape": (3, 1), "units": 2}
    prints = {
        fingerprint(recurrent_network(**{**usual, **more}), training=False)
        for more in ({}, change)
    }
    assert len(prints) == 2


def test_layers_connected_otherwise_are_another_network():
    def build(order):
        inputs = keras.Input((3,))
        parts = [
            keras.layers.Dense(3, activation=activation)(inputs)
            for activation in ("tanh", "relu")
        ]
        return keras.Model(inputs, keras.layers.Subtract()([parts[i] for i in order]))

    assert fingerprint(build((0, 1)), training=False) != fingerprint(
        build((1, 0)), training=False
    )


def test_a_frozen_layer_is_another_network(model_of):
    model, frozen = model_of(), model_of()
    frozen.layers[0].trainable = False
    assert fingerprint(model, training=True) != fingerprint(frozen, training=True)


def classes_of(module, base):
    return [
        pytest.param(member, id=name)
        for name, member in vars(module).items()
        if isinstance(member, type)
        and issubclass(member, base)
        and not _missing(member)
        and member is not base
    ]


def _missing(kind):
    """Arguments without which an object can't be made."""
    parameters = inspect.signature(kind).parameters.values()
    free = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [
        one.name
        for one in parameters
        if one.default is one.empty and one.kind not in free
    ]


def changed_arguments(kind):
    """Arguments of a constructor, each other than by default, where that is simple."""
    for name, parameter in inspect.signature(kind).parameters.items():
        usual = parameter.default
        if name in ("name", "dtype", "learning_rate", "loss_scale_factor"):
            continue
        if isinstance(usual, bool):
            yield {name: not usual}
        elif isinstance(usual, float):
            yield {name: usual / 2 + 0.001}
        elif usual is None and name in ("clipnorm", "clipvalue", "global_clipnorm"):
            yield {name: 0.5}


@pytest.mark.parametrize("kind", classes_of(keras.losses, keras.losses.Loss))
def test_every_argument_of_a_loss_counts(kind, print_of):
    usual = print_of(loss=kind())
    for arguments in ({"reduction": "sum"}, *changed_arguments(kind)):
        assert print_of(loss=kind(**arguments)) != usual, arguments


@pytest.mark.parametrize("kind", classes_of(keras.optimizers, keras.optimizers.Optimizer))
def test_every_argument_of_an_optimizer_counts(kind, print_of):
    usual = print_of(optimizer=kind())
    for arguments in changed_arguments(kind):
        assert print_of(optimizer=kind(**arguments)) != usual, arguments


def test_schedules_losses_metrics_and_weights_of_losses_count(print_of):
    schedule = keras.optimizers.schedules.ExponentialDecay
    prints = [
        print_of(),
        print_of(optimizer=keras.optimizers.SGD(schedule(0.1, 10, 0.5))),
        print_of(optimizer=keras.optimizers.SGD(schedule(0.1, 10, 0.6))),
        print_of(loss="mae"),
        print_of(loss_weights=0.5),
        print_of(metrics=["mae"]),
        print_of(metrics=[keras.metrics.MeanAbsoluteError(name="other")]),
        print_of(weighted_metrics=["mae"]),
    ]
    assert len(set(prints)) == len(prints)


def test_precision_counts(print_of):
    usual = print_of()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert print_of() != usual
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_registered_layer_is_recognised_by_its_class(model_of, print_of):
    layers = lambda: (Twice(), keras.layers.LSTM(2), keras.layers.Dense(1))  # noqa: E731
    prints = [fingerprint(model_of(*layers()), training=True) for _ in range(2)]
    assert prints[0] == prints[1]
    assert prints[0] != print_of()


def test_a_class_or_function_that_takes_the_name_of_another_is_another(model_of):
    def models(factor):
        @keras.saving.register_keras_serializable(package="tests", name="Renamed")
        class Times(keras.layers.Layer):
            def call(self, inputs):
                return factor * inputs

        @keras.saving.register_keras_serializable(package="tests", name="renamed")
        def times(inputs):
            return factor * inputs

        dense = keras.layers.Dense(1, activation=times)
        return [model_of(Times(), keras.layers.Dense(1)), model_of(dense)]

    before, after = models(2), models(3)
    for old, new in zip(before, after, strict=True):
        assert fingerprint(old, training=True) != fingerprint(new, training=True)


def reading(values):
    """A function that keeps where it is from call to call."""
    return lambda x: x * next(values)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: keras.layers.Lambda(reading(iter([1.0])), output_shape=(3, 1)),
        lambda: keras.layers.Dense(1, activation=reading(iter([1.0]))),
        lambda: keras.layers.Lambda(lambda x: x * np.random.rand(), output_shape=(3, 1)),  # noqa: NPY002
        lambda: keras.layers.Lambda(lambda x: x + keras.random.normal((3, 1))),
    ],
)
def test_what_can_not_be_compared_by_value_is_not_recognised(layer):
    function = layer()
    inputs = keras.Input((3, 1))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.layers[-1].activation = getattr(function, "function", None) or (
        function.activation
    )
    with pytest.raises(NotRecognisedError):
        fingerprint(model, training=False)


FACTOR = 1.0


def in_units_of_a_global(y, outputs):
    return keras.ops.abs(y - outputs) * FACTOR


def test_functions_are_compared_by_all_that_they_read(monkeypatch, print_of):
    def of(factor):
        return lambda y, outputs: keras.ops.abs(y - outputs) * factor

    assert print_of(loss=of(2.0)) == print_of(loss=of(2.0))
    assert print_of(loss=of(2.0)) != print_of(loss=of(3.0))
    before = print_of(loss=in_units_of_a_global)
    assert print_of(loss=in_units_of_a_global) == before
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert print_of(loss=in_units_of_a_global) != before


def test_the_order_of_a_dict_counts(model_of, built):
    def loss_of(*last):
        parts = OrderedDict(one=keras.ops.mean, two=keras.ops.square)
        for name in last:
            parts.move_to_end(name)

        def loss(y_true, y_pred):
            difference = y_true - y_pred
            for part in parts.values():
                difference = part(difference)
            return difference

        return loss

    def print_with(*last):
        return fingerprint(built(model_of(loss=loss_of(*last))), training=True)

    assert print_with() == print_with()
    assert print_with("one") == print_with("one")
    assert print_with("one") != print_with()


def test_weights_excluded_from_decay_are_not_recognised(print_of):
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(NotRecognisedError):
        print_of(optimizer=optimizer)
