"""The quick way through the steps of an LSTM gives what Keras's way gives."""

import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skforecast_lstm.training import lstm
from skforecast_lstm.training.lstm import look_for_quick_way, quick_lstm


def looking(layer, shape):
    """An LSTM in a model, which looks for the quick way."""
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    look_for_quick_way(model)
    return layer


def outputs_and_gradients(layer, x, mask):
    """Everything that a layer gives, and the gradients of weights and inputs."""

    def total(weights, x):
        outputs, _ = layer.stateless_call(
            weights, [v.value for v in layer.non_trainable_variables], x, mask=mask
        )
        leaves = jax.tree.leaves(outputs)
        weighted = [(leaf * (number + 1.5)).sum() for number, leaf in enumerate(leaves)]
        return sum(weighted), outputs

    weights = [v.value for v in layer.trainable_variables]
    return jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(weights, x)


@settings(deadline=None, max_examples=25)
@given(
    n_steps=st.sampled_from([1, 4]),
    masked=st.sampled_from(["no", "nothing", "some", "all"]),
    options=st.fixed_dictionaries(
        {
            name: st.booleans()
            for name in ("return_sequences", "return_state", "go_backwards")
        }
    ),
    zero_output_for_mask=st.booleans(),
    seed=st.integers(0, 99),
)
def test_outputs_states_and_gradients_are_those_of_keras(
    n_steps, masked, options, zero_output_for_mask, seed
):
    n_samples, n_units = 3, 2
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_samples, n_steps, 2)).astype("float32")
    layer = keras.layers.LSTM(
        n_units, zero_output_for_mask=zero_output_for_mask, **options
    )
    looking(layer, x.shape)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    known = {
        "no": None,
        "nothing": np.ones((n_samples, n_steps), bool),
        "some": rng.random((n_samples, n_steps)) < 0.6,
        "all": np.zeros((n_samples, n_steps), bool),
    }[masked]
    calls = []
    steps = lstm.lstm_steps
    # Step by step, since nearly every example would be a program to compile.
    with pytest.MonkeyPatch.context() as patch, jax.disable_jit():
        expected = outputs_and_gradients(layer, x, known)
        patch.setattr(lstm, "lstm_steps", lambda *a: calls.append(1) or steps(*a))
        with quick_lstm():
            found = outputs_and_gradients(layer, x, known)
    assert calls
    for one, other in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(one, other, 1e-4, 1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"recurrent_dropout": 0.5},
        {"unroll": True},
    ],
    ids=str,
)
def test_what_is_uncommon_goes_keras_way(options, monkeypatch):
    monkeypatch.setattr(lstm, "lstm_steps", None)
    x = np.zeros((2, 3, 1), dtype="float32")
    with quick_lstm():
        assert looking(keras.layers.LSTM(2, **options), x.shape)(x).shape == (2, 2)


def test_a_loop_of_the_users_own_stays():
    class Own(keras.layers.LSTM):
        def inner_loop(self, sequences, initial_state, mask, training=False):
            return super().inner_loop(sequences * 0, initial_state, mask, training)

    x = np.ones((2, 3, 1), dtype="float32")
    layer = looking(Own(2), x.shape)
    with quick_lstm():
        np.testing.assert_array_equal(layer(x), layer(x * 5))


def test_the_class_of_keras_stays_as_it_is():
    before = dict(vars(keras.layers.LSTM))
    looking(keras.layers.LSTM(2), (2, 3, 1))
    assert dict(vars(keras.layers.LSTM)) == before
    assert keras.layers.LSTM.inner_loop.__module__.startswith("keras.")


def quick_calls(x):
    """Count how often an LSTM takes the quick way, without a context."""
    calls, steps = [], lstm.lstm_steps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lstm, "lstm_steps", lambda *a: calls.append(1) or steps(*a))
        looking(keras.layers.LSTM(2), x.shape)(x)
    return len(calls)


def test_keras_has_its_own_way_again_afterwards():
    x = np.zeros((2, 3, 1), dtype="float32")

    def fail():
        with quick_lstm():
            assert quick_calls(x) == 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert quick_calls(x) == 0


def test_threads_that_overlap_leave_keras_its_own_way():
    x = np.zeros((2, 3, 1), dtype="float32")
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second():
        with quick_lstm():
            second_is_in.set()
            first_is_out.wait(60)

    with ThreadPoolExecutor() as pool:
        with quick_lstm():
            ended = pool.submit(second)
            second_is_in.wait(60)
        # The second thread is still in it.
        assert quick_calls(x) == 0
        first_is_out.set()
        ended.result()
    assert quick_calls(x) == 0
