"""One model after another: a program is shared only where both are the same."""

import inspect

import keras
import numpy as np
import pytest

from skforecast_lstm import training
from skforecast_lstm.training.recognition import NotRecognisedError, fingerprint
from skforecast_lstm.training.values import Values

ops = keras.ops
register = keras.saving.register_keras_serializable(package="tests_shared")


@register
class Pinball(keras.losses.Loss):
    """A loss whose configuration lacks its quantile."""

    def __init__(self, quantile=0.5, **options):
        super().__init__(**options)
        self.quantile = quantile

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(self.quantile * error, error * (self.quantile - 1)))


@register
class Cap(keras.constraints.Constraint):
    """A constraint whose configuration lacks its limit."""

    def __init__(self, limit=1.0):
        self.limit = limit

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)


@register
class Pull(keras.regularizers.Regularizer):
    """A regularizer whose configuration lacks its strength."""

    def __init__(self, strength=0.1):
        self.strength = strength

    def __call__(self, x):
        return self.strength * ops.sum(ops.square(x))

    def get_config(self):
        return {}


@register
class Times(keras.layers.Layer):
    """A layer whose configuration lacks its factor."""

    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


@register
class Exceeds(keras.metrics.Mean):
    """A metric whose configuration lacks its limit."""

    def __init__(self, limit=0.1, name="exceeds", **options):
        super().__init__(name=name, **options)
        self.limit = limit

    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(
            ops.cast(ops.abs(y_true - y_pred) > self.limit, "float32")
        )


OUTSIDE = {"factor": 1.0}


class Configured(keras.layers.Layer):
    """A layer that calculates with its configuration."""

    def get_config(self):
        return {"factor": OUTSIDE["factor"]}

    def call(self, inputs):
        return inputs * self.get_config()["factor"]


def configured(factor):
    OUTSIDE["factor"] = factor
    return model_of(Configured())


@register
class Falling(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule whose configuration calls its first rate `learning_rate`."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def __call__(self, step):
        return self.learning_rate / (1.0 + ops.cast(step, "float32"))

    def get_config(self):
        return {"learning_rate": self.learning_rate}


def closing_over(factor):
    @register
    def scaled(y_true, y_pred):
        return factor * ops.mean(ops.square(y_true - y_pred), axis=-1)

    return scaled


def model_of(*layers, optimizer=None, loss="mse", **options):
    model = keras.Sequential(
        [keras.Input((2,)), *layers, keras.layers.Dense(1, kernel_initializer="ones")]
    )
    model.compile(optimizer or keras.optimizers.SGD(0.1), loss, **options)
    return model


def adapted(scale):
    layer = keras.layers.Normalization()
    layer.adapt(scale * DATA[0] + scale)
    return layer


def weighted(**options):
    return keras.layers.Dense(2, kernel_initializer="ones", **options)


DATA = np.random.default_rng(0).normal(size=(11, 2)), np.arange(11.0)[:, None]
PAIRS = {
    "adapted": lambda x: model_of(adapted(x)),
    "loss": lambda x: model_of(loss=Pinball(x / 10)),
    "constraint": lambda x: model_of(weighted(kernel_constraint=Cap(x / 10))),
    "regularizer": lambda x: model_of(weighted(kernel_regularizer=Pull(x / 10))),
    "layer": lambda x: model_of(Times(x)),
    "metric": lambda x: model_of(metrics=[Exceeds(x)]),
    "schedule": lambda x: model_of(optimizer=keras.optimizers.SGD(Falling(x / 100))),
    "closure": lambda x: model_of(loss=closing_over(x)),
    "configuration": configured,
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_second_model_is_trained_as_keras_trains_it(name):
    for number in (1.0, 9.0):
        ours, reference = (PAIRS[name](number) for _ in range(2))
        options = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
        history = training.fit(ours, *DATA, **options)
        expected = reference.fit(*DATA, **options)
        for key, values in expected.history.items():
            np.testing.assert_allclose(history.history[key], values, rtol=1e-4)
        np.testing.assert_allclose(
            training.predict(ours, DATA[0]),
            reference.predict(DATA[0], verbose=0),
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("name", PAIRS)
def test_models_that_are_alike_share(name, compilations):
    for _ in range(2):
        training.fit(PAIRS[name](3.0), *DATA, batch_size=11, verbose=0)
    assert compilations == ["run"]


@pytest.mark.parametrize("setting", [np.geterr, np.getbufsize, np.get_printoptions])
def test_settings_of_numpy_are_no_constants(setting):
    layer = keras.layers.Lambda(lambda x: x * len(str(setting())))
    with pytest.raises(NotRecognisedError):
        fingerprint(model_of(layer), training=False)


def test_a_layer_that_is_adapted_again_predicts_anew():
    layer = adapted(1.0)
    model = model_of(layer)
    training.predict(model, DATA[0])
    layer.adapt(1000 * DATA[0])
    np.testing.assert_allclose(
        training.predict(model, DATA[0]), np.asarray(model(DATA[0])), rtol=1e-4
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m.layers[0], "rate", 0.9),
        lambda m: setattr(m.layers[1], "activation", keras.activations.relu),
        lambda m: setattr(m.layers[1], "call", m.layers[0].call),
        lambda m: setattr(m.layers[1], "trainable", False),
        lambda m: setattr(m.optimizer, "clipnorm", 0.1),
        lambda m: setattr(m.optimizer, "ema_momentum", 0.1),
        lambda m: setattr(m.optimizer, "gradient_accumulation_steps", 3),
        lambda m: setattr(m._compile_loss._flat_losses[0].loss, "reduction", "sum"),
    ],
    ids=["rate", "activation", "call", "trainable", "clip", "ema", "steps", "loss"],
)
def test_what_is_changed_afterwards_counts(change):
    def build():
        model = model_of(keras.layers.Dropout(0.5))
        model._symbolic_build(data_batch=DATA)
        return model

    usual, changed = build(), build()
    assert fingerprint(usual, training=True) == fingerprint(changed, training=True)
    change(changed)
    assert fingerprint(usual, training=True) != fingerprint(changed, training=True)


def test_a_method_of_keras_that_is_replaced_counts(monkeypatch):
    usual = fingerprint(model_of(), training=False)
    monkeypatch.setattr(keras.layers.Dense, "call", lambda self, inputs: inputs)
    assert fingerprint(model_of(), training=False) != usual


@pytest.mark.parametrize(
    "weights", [np.zeros(11), -np.arange(11.0), np.tile([1.0, -1.0], 6)[:11]], ids=str
)
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_weights_that_sum_to_nothing_or_less(weights, shape):
    weights = weights.reshape(shape)
    ours, reference = (model_of(weighted_metrics=["mae"]) for _ in range(2))
    options = {"batch_size": 4, "shuffle": False, "verbose": 0, "sample_weight": weights}
    history = training.fit(ours, *DATA, **options).history
    for name, values in reference.fit(*DATA, **options).history.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, atol=1e-5)


def test_a_class_that_is_ignored_weighs_nothing_in_the_last_batch():
    def build():
        model = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(3, "softmax", kernel_initializer="ones"),
            ]
        )
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(ignore_class=0))
        return model

    y = np.array([1, 2, 0, 0, 1, 1, 2, 0, 0, 1, 2])
    options = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
    history, expected = (
        fit(build(), DATA[0], y, **options).history["loss"]
        for fit in (training.fit, keras.Model.fit)
    )
    np.testing.assert_allclose(history, expected, rtol=1e-5)


def test_rows_that_are_masked_weigh_nothing_in_the_last_batch():
    x = np.where(np.arange(11)[:, None] % 3, DATA[0], 0.0)
    options = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
    history, expected = (
        fit(model_of(keras.layers.Masking()), x, DATA[1], **options).history["loss"]
        for fit in (training.fit, keras.Model.fit)
    )
    np.testing.assert_allclose(history, expected, rtol=1e-5)


class Noted(np.ndarray):
    """An array with a note of its own."""


def noted(note):
    array = np.ones(2).view(Noted)
    array.note = note
    return array


class Kinds(type):
    """A kind of classes whose attribute is computed."""

    number = 1.0

    @property
    def doubled(cls):
        return 2 * cls.number


class OfAKind(metaclass=Kinds):
    def __call__(self, x):
        return x * OfAKind.doubled


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (noted(1.0), noted(2.0)),
        (np.ma.array([1.0, 2.0], mask=[0, 0]), np.ma.array([1.0, 2.0], mask=[0, 1])),
        (
            np.zeros(2, [("a", "f4"), ("b", "i4")]),
            np.zeros(2, [("b", "f4"), ("a", "i4")]),
        ),
    ],
    ids=["attribute", "mask", "fields"],
)
def test_arrays_of_the_same_bytes_that_differ(one, other):
    assert value_of(one) != value_of(other)


def test_what_a_metaclass_computes_counts(monkeypatch):
    before = value_of(OfAKind())
    assert value_of(OfAKind()) == before
    monkeypatch.setattr(Kinds, "number", 9.0)
    assert value_of(OfAKind()) != before


# --- Every class of Keras, each argument changed.

# Kinds of which an argument needs a value of its own to be made or to differ.
NEEDED = {
    "pool_size": 2, "max_number": 3, "height_factor": 0.2, "width_factor": 0.2, "axes": 1,
    "units": 2, "filters": 2, "kernel_size": 2, "rate": 0.3, "n": 2, "target_shape": (2,),
    "dims": (1,), "input_dim": 5, "output_dim": 2, "num_heads": 2, "key_dim": 2,
    "head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1, "stddev": 0.3,
    "epsilon": 0.1, "scale": 0.4, "height": 3, "width": 3, "factor": 0.2, "groups": 1,
    "max_value": 2.0, "num_tokens": 4, "num_bins": 4, "bin_boundaries": [0.0, 1.0],
    "initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5,
    "boundaries": [1, 2], "values": [0.1, 0.2, 0.3], "first_decay_steps": 3,
    "end_learning_rate": 0.01, "num_classes": 3, "recall": 0.5, "precision": 0.5,
    "specificity": 0.5, "sensitivity": 0.5, "target_class_ids": [1], "kernel_sizes": 2,
    "axis": -1, "size": 2, "y": 2, "fn": keras.losses.mean_absolute_error,
    "power": 2.0, "activation": "tanh", "cropping": 1, "output_size": 2,
    "layers": [], "mask_value": 0.5, "cell": keras.layers.LSTMCell(2),
    "layer": keras.layers.Dense(2), "inner_optimizer": keras.optimizers.SGD(),
    "cells": [keras.layers.LSTMCell(2)], "upper": 0.4, "transforms": [], "optimizer_map":
    keras.optimizers.SGD, "function": keras.activations.relu,
}  # fmt: skip
OF_ONE_KIND = {
    keras.layers.Bidirectional: {"layer": keras.layers.LSTM(2)},
    keras.layers.CategoryEncoding: {"num_tokens": 4},
    keras.layers.Discretization: {"bin_boundaries": [0.0, 1.0]},
    keras.layers.EinsumDense: {"equation": "ab,bc->ac", "output_shape": 2},
    keras.layers.InputLayer: {"shape": (2,)},
    keras.layers.RandomPosterization: {"factor": 4},
}
# Of no matter to a program, or data to it.
OF_NO_MATTER = {"name", "seed", "learning_rate", "self", "trainable"}


NOT_WALKED = {
    # They need TensorFlow, which has tables and files for them.
    *("Hashing", "HashedCrossing", "IntegerLookup", "StringLookup", "TFSMLayer"),
    "TextVectorization",
    # They need Flax or PyTorch, or hold a function of JAX that the user writes.
    *("FlaxLayer", "JaxLayer", "TorchModuleWrapper"),
}

# Keras takes it and forgets it: the layer has no such penalty.
IGNORED_BY_KERAS = {("SimpleRNN", "activity_regularizer")}


def required(kind):
    if kind in OF_ONE_KIND:
        return OF_ONE_KIND[kind]
    arguments = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.default is parameter.empty:
            if name not in NEEDED:
                return None
            arguments[name] = NEEDED[name]
    return arguments


def others_of(kind, usual):
    """Arguments, one of which is changed."""
    for name, parameter in inspect.signature(kind).parameters.items():
        old = usual.get(name, parameter.default)
        if name in OF_NO_MATTER or name.endswith("_initializer"):
            continue
        if isinstance(old, bool):
            new = not old
        elif isinstance(old, int):
            new = old + 1
        elif isinstance(old, float):
            new = old / 2 + 0.001
        elif name.endswith("_regularizer"):
            new = "l2"
        elif name.endswith("_constraint"):
            new = "non_neg"
        elif name in ("activation", "recurrent_activation"):
            new = "relu" if old != "relu" else "tanh"
        elif name == "dtype":
            new = "float16"
        elif name in ("clipnorm", "weight_decay", "clipvalue", "global_clipnorm"):
            new = 0.5
        else:
            continue
        yield name, {**usual, name: new}


def exported(module, base):
    kinds = {
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, base) and member is not base
    }
    return [pytest.param(kind, id=kind.__name__) for kind in sorted(kinds, key=str)]


def value_of(part):
    """Return a key that is equal for two parts which one program may serve."""
    values = Values(getattr(part, "variables", []))
    try:
        values.add(part)
    except NotRecognisedError:
        # A model with it has programs of its own.
        return object()
    return values.key


@pytest.mark.parametrize(
    ("module", "base"),
    [
        (keras.layers, keras.layers.Layer),
        (keras.losses, keras.losses.Loss),
        (keras.metrics, keras.metrics.Metric),
        (keras.optimizers, keras.optimizers.Optimizer),
        (
            keras.optimizers.schedules,
            keras.optimizers.schedules.LearningRateSchedule,
        ),
        (keras.constraints, keras.constraints.Constraint),
        (keras.regularizers, keras.regularizers.Regularizer),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_argument_of_every_class_of_keras_counts(module, base):
    walked, missed = set(), []
    for parameter in exported(module, base):
        (kind,) = parameter.values
        usual = required(kind)
        if usual is None:
            continue
        try:
            before = value_of(kind(**usual))
        except (ImportError, TypeError, ValueError):
            continue
        walked.add(kind.__name__)
        for name, changed in others_of(kind, usual):
            try:
                part = kind(**changed)
            except (ImportError, TypeError, ValueError, NotImplementedError):
                # Keras takes no such value.
                continue
            if value_of(part) == before:
                missed.append((kind.__name__, name))
    assert set(missed) <= IGNORED_BY_KERAS
    left_out = {one.id for one in exported(module, base)} - walked
    assert left_out <= NOT_WALKED, left_out - NOT_WALKED
