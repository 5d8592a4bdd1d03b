"""Trainings at once end as each alone."""

import threading

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skforecast_lstm import recurrent_network, training
from skforecast_lstm.networks import QuantileLoss, join_members
from skforecast_lstm.training import cores, engine, many, meeting, programs

CLOSE = {"rtol": 1e-6, "atol": 1e-7}
ROUNDED = {"rtol": 2e-4, "atol": 2e-6}


@pytest.fixture(autouse=True, scope="module")
def two_threads():
    with pytest.MonkeyPatch.context() as patch, cores.ThreadPoolExecutor(2) as pool:
        patch.setattr(many, "n_cores", lambda: 2)
        patch.setattr(engine, "n_cores", lambda: 2)
        patch.setattr(cores, "_threads", lambda _: pool)
        yield


def lstm(**options):
    return recurrent_network((4, 1), units=2, cell="rnn", **options)


BUILDERS = {
    "window units": lambda: lstm(normalization="last"),
    "dropout": lambda: lstm(dropout=0.3),
    "quantiles": lambda: recurrent_network((4, 1), 3, units=2, cell="rnn"),
    "batch normalization": lambda: keras.Sequential(
        [
            keras.Input((4, 1)),
            keras.layers.Flatten(),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    ),
    "members": lambda: join_members([lstm() for _ in range(2)]),
}
LOSSES = {"quantiles": QuantileLoss([0.1, 0.5, 0.9])}
OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.02),
    "norm": lambda: keras.optimizers.SGD(0.05, momentum=0.9, global_clipnorm=0.1),
    "average": lambda: keras.optimizers.RMSprop(0.01, use_ema=True),
}


def make(build, optimizer, loss="mse", seed=0):
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer(), loss, metrics=["mae"])
    return model


def arguments(rng, n_rows=20, **options):
    x = rng.normal(size=(n_rows, 4, 1)).astype("float32")
    return {"x": x, "y": x[:, -1] * 2, "batch_size": 8, "seed": 0, **options}


def state(model):
    every = [*model.variables, *model.optimizer.variables]
    return [np.asarray(one) for one in every]


def check_as_alone(trainings, make_models, *, stacked=False, close=CLOSE):
    together, alone = make_models(), make_models()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meeting, "is_useful", lambda: stacked)
        found = training.fit_many(
            [{"model": m, **one} for m, one in zip(together, trainings, strict=True)],
            verbose=0,
        )
    for number, one in enumerate(trainings):
        expected = training.fit(alone[number], **{"verbose": 0, **one})
        assert found[number] is together[number].history
        assert found[number].history.keys() == expected.history.keys()
        for name, values in expected.history.items():
            np.testing.assert_allclose(found[number].history[name], values, **close)
        pairs = zip(state(together[number]), state(alone[number]), strict=True)
        for mine, other in pairs:
            np.testing.assert_allclose(mine, other, **close)


@pytest.mark.parametrize(
    ("kind", "optimizer", "stacked"),
    [
        *((kind, "adam", False) for kind in BUILDERS),
        ("dropout", "norm", False),
        ("dropout", "average", False),
        ("window units", "norm", True),
        ("dropout", "adam", True),
        ("quantiles", "average", True),
        ("batch normalization", "adam", True),
    ],
)
def test_different_data_seeds_rates_weights_and_lengths(rng, kind, optimizer, stacked):
    weights = rng.uniform(size=20).astype("float32")
    trainings = [
        arguments(rng, epochs=3),
        arguments(rng, epochs=2, seed=5),
        arguments(rng, n_rows=31, epochs=1, schedule="cosine"),
        arguments(rng, n_batches=4, sample_weight=weights),
        arguments(rng, epochs=2, validation_split=0.3, shuffle=False),
    ]

    def make_models():
        loss = LOSSES.get(kind, "mse")
        models = [make(BUILDERS[kind], OPTIMIZERS[optimizer], loss, n) for n in range(5)]
        models[1].optimizer.learning_rate = 0.001
        return models

    close = ROUNDED if stacked else CLOSE
    check_as_alone(trainings, make_models, stacked=stacked, close=close)


@pytest.mark.parametrize("stacked", [False, True])
def test_early_stopping_of_each(rng, stacked):
    stops = [
        [keras.callbacks.EarlyStopping("loss", patience=p, restore_best_weights=True)]
        for p in (1, 2, 3, 4)
    ]
    trainings = [arguments(rng, epochs=9) for _ in stops]

    def make_models():
        optimizer = lambda: keras.optimizers.SGD(0.9)  # noqa: E731
        return [make(lstm, optimizer, seed=seed) for seed in range(4)]

    for one, callbacks in zip(trainings, stops, strict=True):
        one["callbacks"] = callbacks
    check_as_alone(trainings, make_models, stacked=stacked, close=ROUNDED)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"n_rows": st.sampled_from([3, 8, 20]), "epochs": st.integers(1, 3)}
        ),
        max_size=6,
    )
)
def test_any_group(group):
    rng = np.random.default_rng(0)
    trainings = [arguments(rng, **one) for one in group]
    check_as_alone(
        trainings,
        lambda: [make(lstm, OPTIMIZERS["adam"], seed=n) for n in range(len(group))],
    )


def test_two_at_once_from_the_longest(rng):
    begun, both = [], threading.Barrier(2, timeout=60)

    class Begin(keras.callbacks.Callback):
        def __init__(self, epochs):
            super().__init__()
            self.epochs = epochs

        def on_train_begin(self, logs=None):
            begun.append(self.epochs)
            both.wait()

    training.fit_many(
        [
            {
                "model": make(lstm, OPTIMIZERS["adam"]),
                **arguments(rng, epochs=epochs, callbacks=[Begin(epochs)]),
            }
            for epochs in (1, 3, 2, 4)
        ],
        verbose=0,
    )
    assert [set(begun[:2]), set(begun[2:])] == [{4, 3}, {1, 2}]


def test_one_program_for_all(rng, compilations):
    models = [make(lstm, OPTIMIZERS["adam"], seed=seed) for seed in range(4)]
    training.fit_many(
        [{"model": one, **arguments(rng, epochs=2)} for one in models], verbose=0
    )
    assert compilations == ["run"]


class TestStacked:
    """Trainings stacked as on a GPU, on a processor."""

    @pytest.fixture(autouse=True)
    def useful(self, monkeypatch):
        monkeypatch.setattr(meeting, "is_useful", lambda: True)
        monkeypatch.setattr(meeting, "PATIENCE", 60)

    def fit(self, rng, n_models, **options):
        models = [make(lstm, OPTIMIZERS["adam"], seed=seed) for seed in range(n_models)]
        return training.fit_many(
            [{"model": one, **arguments(rng, **options)} for one in models], verbose=0
        )

    def test_one_program_for_all(self, rng, compilations, monkeypatch):
        monkeypatch.setattr(programs, "SECONDS_OF_A_STRETCH", 1e-9)
        monkeypatch.setattr(many, "MOST_AT_ONCE", 5)
        with cores.ThreadPoolExecutor(5) as pool:
            monkeypatch.setattr(cores, "_threads", lambda _: pool)
            self.fit(rng, 5, epochs=3)
        assert compilations == ["run"]

    def test_in_groups_that_fit_the_memory(self, rng, monkeypatch):
        sizes = []
        answer = meeting._answer
        monkeypatch.setattr(
            meeting, "_answer", lambda some: sizes.append(len(some)) or answer(some)
        )
        monkeypatch.setattr(meeting, "_most_at_once", lambda _: 2)
        monkeypatch.setattr(many, "MOST_AT_ONCE", 3)
        with cores.ThreadPoolExecutor(3) as pool:
            monkeypatch.setattr(cores, "_threads", lambda _: pool)
            self.fit(rng, 3)
        # More follow if a new program first measures how long a batch takes.
        assert sizes[:2] == [2, 1]
        assert max(sizes) == 2

    def test_an_error_reaches_every_training(self, rng, monkeypatch):
        def fail(requests):
            raise MemoryError("no room")

        monkeypatch.setattr(meeting, "_answer", fail)
        with pytest.raises(MemoryError, match="no room"):
            self.fit(rng, 2)


def test_a_loss_that_is_nan_stays_with_its_training(rng):
    models = [make(lstm, OPTIMIZERS["adam"], seed=seed) for seed in range(3)]
    models[1].optimizer.learning_rate = np.inf
    histories = training.fit_many(
        [{"model": one, **arguments(rng, epochs=2)} for one in models], verbose=0
    )
    finite = [np.isfinite(one.history["loss"][-1]) for one in histories]
    assert finite == [True, False, True]


def test_an_error_ends_all_and_leaves_whole_models(rng):
    def fail(epoch, logs):
        raise ValueError("in the first epoch")

    failing = keras.callbacks.LambdaCallback(on_epoch_end=fail)
    models = [make(lstm, OPTIMIZERS["adam"], seed=seed) for seed in range(2)]
    with pytest.raises(ValueError, match="in the first epoch"):
        training.fit_many(
            [
                {"model": models[0], **arguments(rng, callbacks=[failing])},
                {"model": models[1], **arguments(rng, epochs=10**6)},
            ],
            verbose=0,
        )
    assert all(np.isfinite(value).all() for one in models for value in state(one))


def test_seeds_are_drawn_in_order(rng):
    def losses():
        models = [make(lstm, OPTIMIZERS["adam"], seed=seed) for seed in range(3)]
        keras.utils.set_random_seed(1)
        return [
            one.history["loss"]
            for one in training.fit_many(
                [
                    {"model": one, **arguments(np.random.default_rng(0), seed=None)}
                    for one in models
                ],
                verbose=0,
            )
        ]

    assert losses() == losses()


def test_shows_how_many_are_done(rng, capsys):
    models = [make(lstm, OPTIMIZERS["adam"], seed=seed) for seed in range(3)]
    given = [{"model": one, **arguments(rng)} for one in models]
    training.fit_many(given, verbose=0)
    assert capsys.readouterr().out == ""
    training.fit_many(given)
    assert "3/3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"modl": 1},
            TypeError,
            r"trainings\[1\] has an argument 'modl', which.* 'model'",
        ),
        ({"x": None}, TypeError, r"trainings\[1\] has no x"),
        (
            {"model": "first"},
            ValueError,
            r"trainings\[0\] and trainings\[1\] have the same",
        ),
    ],
)
def test_says_what_is_wrong(rng, change, error, message):
    models = [make(lstm, OPTIMIZERS["adam"]) for _ in range(2)]
    first, second = ({"model": one, **arguments(rng)} for one in models)
    second |= {"model": models[0]} if change == {"model": "first"} else change
    if second["x"] is None:
        del second["x"]
    with pytest.raises(error, match=message):
        training.fit_many([first, second], verbose=0)
    with pytest.raises(TypeError, match=r"trainings\[0\] must be a dict"):
        training.fit_many([models[0]])
