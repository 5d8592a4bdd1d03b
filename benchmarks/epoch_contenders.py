"""Training loops of `epochs.py`: the engine, Keras, a loop on JAX, and PyTorch.

Each function here trains a new network for a number of epochs, and returns the seconds of
each. Packages are imported where they are used, because no interpreter needs all.
"""

import time
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

LEARNING_RATE = 1e-3


def make_windows(n_windows, n_steps):
    """Return windows as a view of one series, and the value after each window."""
    series = np.random.default_rng(0).standard_normal(n_windows + n_steps)
    series = series.astype(np.float32)
    windows = sliding_window_view(series[:-1], n_steps)[..., np.newaxis]
    return windows, series[n_steps:, np.newaxis]


def seconds_of_each(n_epochs, run_epoch):
    taken = []
    for _ in range(n_epochs):
        start = time.perf_counter()
        run_epoch()
        taken.append(time.perf_counter() - start)
    return taken


def batches(n_rows, batch_size):
    """Yield the rows of each batch of an epoch, in random order."""
    order = np.random.permutation(n_rows)  # noqa: NPY002
    for start in range(0, n_rows, batch_size):
        yield order[start : start + batch_size]


def train_keras_model(fit, units, windows, targets, batch_size, n_epochs):
    """Train by a function that takes the arguments of ``keras.Model.fit``."""
    import keras

    network = keras.Sequential(
        [
            keras.Input(windows.shape[1:]),
            keras.layers.LSTM(units),
            keras.layers.Dense(1),
        ]
    )
    network.compile(keras.optimizers.Adam(LEARNING_RATE), "mse")
    times = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: times.append(-time.perf_counter()),
        on_epoch_end=lambda *_: times.append(times.pop() + time.perf_counter()),
    )
    fit(
        network,
        windows,
        targets,
        batch_size=batch_size,
        epochs=n_epochs,
        callbacks=[clock],
        verbose=0,
    )
    return times


def by_engine(*arguments):
    from skforecast_lstm import training

    return train_keras_model(training.fit, *arguments)


def by_keras(*arguments):
    import keras

    return train_keras_model(keras.Model.fit, *arguments)


def by_jax(units, windows, targets, batch_size, n_epochs):
    """Call a compiled step of JAX for each batch, with windows that are on the device."""
    from functools import partial

    import jax
    from jax import numpy as jnp

    def outputs(weights, windows):
        def step(states, at_step):
            hidden, carry = states
            gates = at_step @ weights["kernel"] + hidden @ weights["recurrent"]
            i, f, g, o = jnp.split(gates + weights["bias"], 4, axis=-1)
            carry = jax.nn.sigmoid(f) * carry + jax.nn.sigmoid(i) * jnp.tanh(g)
            hidden = jax.nn.sigmoid(o) * jnp.tanh(carry)
            return (hidden, carry), None

        zeros = jnp.zeros((len(windows), units))
        (hidden, _), _ = jax.lax.scan(step, (zeros, zeros), windows.swapaxes(0, 1))
        return hidden @ weights["output"] + weights["output_bias"]

    def loss(weights, windows, targets):
        return jnp.mean((outputs(weights, windows) - targets) ** 2)

    @partial(jax.jit, donate_argnums=0)
    def train(state, windows, targets, rows):
        weights, means, squares, n_steps = state
        gradients = jax.grad(loss)(weights, windows[rows], targets[rows])
        n_steps = n_steps + 1
        means = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, means, gradients)
        squares = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g**2, squares, gradients)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**n_steps) / (1 - 0.9**n_steps)
        weights = jax.tree.map(
            lambda w, m, s: w - rate * m / (jnp.sqrt(s) + 1e-7), weights, means, squares
        )
        return weights, means, squares, n_steps

    shapes = {
        "kernel": (windows.shape[-1], 4 * units),
        "recurrent": (units, 4 * units),
        "bias": (4 * units,),
        "output": (units, 1),
        "output_bias": (1,),
    }
    generator = np.random.default_rng(0)
    weights = {
        name: jnp.asarray(generator.normal(scale=0.1, size=shape), jnp.float32)
        for name, shape in shapes.items()
    }
    zeros = jax.tree.map(np.zeros_like, weights)
    state = jax.device_put((weights, zeros, zeros, np.float32(0)))
    windows, targets = jnp.asarray(windows), jnp.asarray(targets)

    def run_epoch():
        nonlocal state
        for rows in batches(len(windows), batch_size):
            state = train(state, windows, targets, rows)
        jax.block_until_ready(state)

    return seconds_of_each(n_epochs, run_epoch)


def by_torch(units, windows, targets, batch_size, n_epochs):
    """Train by PyTorch, whose LSTM on a processor is that of oneDNN."""
    import torch

    recurrent = torch.nn.LSTM(windows.shape[-1], units, batch_first=True)
    output = torch.nn.Linear(units, 1)
    optimizer = torch.optim.Adam(
        [*recurrent.parameters(), *output.parameters()], LEARNING_RATE
    )
    mean_squared_error = torch.nn.MSELoss()
    windows, targets = torch.tensor(windows.copy()), torch.tensor(targets)

    def run_epoch():
        for chosen in batches(len(windows), batch_size):
            rows = torch.from_numpy(chosen)
            optimizer.zero_grad()
            states, _ = recurrent(windows[rows])
            mean_squared_error(output(states[:, -1]), targets[rows]).backward()
            optimizer.step()

    return seconds_of_each(n_epochs, run_epoch)


def by_torch_on_one_core(*arguments):
    import torch

    torch.set_num_threads(1)
    return by_torch(*arguments)


class Contender(NamedTuple):
    """A training loop, the packages that it needs, and its environment variables.

    The last package is the framework.
    """

    train: Callable
    packages: tuple[str, ...]
    environment: dict[str, str]


ON_JAX = {"KERAS_BACKEND": "jax"}
ON_TENSORFLOW = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

# The others are compared with the first.
CONTENDERS = {
    "engine": Contender(by_engine, ("skforecast_lstm", "jax"), ON_JAX),
    "Keras": Contender(by_keras, ("keras", "jax"), ON_JAX),
    "plain JAX": Contender(by_jax, ("jax",), {}),
    "PyTorch": Contender(by_torch, ("torch",), {}),
    "PyTorch, one thread": Contender(by_torch_on_one_core, ("torch",), {}),
    "TensorFlow": Contender(by_keras, ("keras", "tensorflow"), ON_TENSORFLOW),
}


def seconds_of_epochs(name, arguments):
    """Return the versions of a contender, and its seconds of the epochs of each size."""
    train, packages, _ = CONTENDERS[name]
    seconds = []
    for units, n_steps, batch_size in arguments.settings:
        data = make_windows(arguments.rows, n_steps)
        taken = train(units, *data, batch_size, 1 + arguments.epochs)
        seconds.append(taken[1:])
    versions = [f"{name} {import_module(name).__version__}" for name in packages]
    return ", ".join(versions), seconds
