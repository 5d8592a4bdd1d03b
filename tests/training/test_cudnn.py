"""Which LSTM layers Keras runs by cuDNN on a GPU, seen on a processor.

JAX has a slow form of cuDNN's LSTM for its own tests, which stands in for it here.
"""

import jax
import keras
import numpy as np
import pytest
from jax.experimental import rnn

from skforecast_lstm import recurrent_network, training
from skforecast_lstm.networks import join_members
from skforecast_lstm.training import lstm, meeting, programs

rnn_of_keras = pytest.importorskip("keras.src.backend.jax.rnn")
if not hasattr(rnn_of_keras, "_is_gpu_available"):
    pytest.skip("This Keras has no cuDNN on JAX.", allow_module_level=True)


@pytest.fixture
def calls(monkeypatch):
    """Pretend that there is a GPU; the list grows when cuDNN runs."""
    calls = []

    def slow_lstm(x, h_0, c_0, weights, seq_lengths, **options):
        sizes = (options["input_size"], options["hidden_size"], options["num_layers"])
        parts = rnn.unpack_lstm_weights(weights, *sizes, options["bidirectional"])
        states = rnn.lstm_ref(x, h_0, c_0, *parts, seq_lengths, **options)
        jax.debug.callback(lambda: calls.append(1))
        return states

    monkeypatch.setattr(rnn, "lstm", slow_lstm)
    monkeypatch.setattr(rnn_of_keras, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(lstm, "_is_common", lambda layer: False)
    monkeypatch.setattr(programs, "_shared", type(programs._shared)())
    return calls


def make_windows(rng, *, unknown):
    series = rng.normal(size=60).astype("float32")
    if unknown:
        series[::9] = np.nan
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], 5)[..., None]
    return windows, rng.normal(size=(len(windows), 1)).astype("float32")


def make_model(seed=0, **options):
    keras.utils.set_random_seed(seed)
    model = recurrent_network((5, 1), **{"units": 3, **options})
    model.compile("adam", "mse")
    return model


def trained(data, model):
    training.fit(model, *data, batch_size=8, epochs=2, verbose=0)
    return [*model.get_weights(), training.predict(model, data[0])]


@pytest.mark.parametrize(
    ("options", "unknown"),
    [
        ({"units": (3, 2)}, False),
        ({"normalization": "last", "dropout": 0.3}, False),
        ({"segment": 2, "bidirectional": True}, True),
    ],
    ids=str,
)
def test_cudnn_runs_where_nothing_is_masked(rng, calls, monkeypatch, options, unknown):
    data = make_windows(rng, unknown=unknown)
    found = trained(data, make_model(**options))
    jax.effects_barrier()
    n_calls = len(calls)
    assert n_calls or unknown
    monkeypatch.setattr(rnn_of_keras, "_is_gpu_available", lambda: False)
    programs._shared.clear()
    expected = trained(data, make_model(**options))
    jax.effects_barrier()
    assert len(calls) == n_calls
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, 1e-4, 1e-5)


def test_cudnn_does_not_run_where_jax_cannot_map_it(rng, calls, monkeypatch):
    x, y = make_windows(rng, unknown=False)
    monkeypatch.setattr(meeting, "is_useful", lambda: True)
    monkeypatch.setattr(meeting, "PATIENCE", 60)

    def make_plain_model(seed):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((5, 1)), keras.layers.LSTM(1)])
        model.compile("adam", "mse")
        return model

    for make in (make_plain_model, make_model):
        models = [make(seed) for seed in range(2)]
        training.fit_many(
            [{"model": one, "x": x, "y": y, "epochs": 1} for one in models], verbose=0
        )
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    training.predict(join_members(models), x)
    jax.effects_barrier()
    assert not calls
