"""What an estimator is left with when training does not come to its end."""

import signal
import subprocess
import sys
import warnings

import jax
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skforecast_lstm import LSTMRegressor
from skforecast_lstm.training import programs

INTERRUPTED = """
import signal
import numpy as np
from skforecast_lstm import LSTMRegressor

# A shell has what it runs in the background ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.random.default_rng(0).normal(size=(200_000, 8, 1)).astype("float32")
regressor = LSTMRegressor(4, batch_size=32, epochs=100, random_state=0, verbose=1)
try:
    regressor.fit(X, X[:, 0, 0])
except KeyboardInterrupt:
    print("stopped", int(regressor.model_.optimizer.iterations.value) > 0)
print("predicts", np.isfinite(regressor.predict(X[:5])).all())
before = regressor.n_iter_
regressor.partial_fit(X[:320], X[:320, 0, 0])
print("goes on", regressor.n_iter_ == before + 1)
"""


@pytest.fixture
def data(rng):
    X = rng.normal(size=(60, 4, 1))
    return X, X.sum(axis=(1, 2))


@pytest.mark.skipif(sys.platform == "win32", reason="Signals of POSIX.")
def test_an_interrupt_leaves_an_estimator_that_predicts_and_goes_on():
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        shown = ""
        while "loss" not in shown:
            # The bar has moved within the first of a hundred epochs.
            shown += process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        shown += process.stdout.read()
    assert process.returncode == 0
    for line in ("stopped True", "predicts True", "goes on True"):
        assert line in shown


def test_no_memory_on_the_device_leaves_what_was_reached(data, monkeypatch):
    regressor = LSTMRegressor(2, batch_size=8, epochs=2, random_state=0)
    reached = regressor.fit(*data).predict(data[0])
    call = programs.Program.__call__

    def full(self, *arguments):
        if arguments[0].optimizer is not None:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return call(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(programs.Program, "__call__", full)
        with pytest.raises(MemoryError, match="Lower batch_size"):
            regressor.partial_fit(*data)
    np.testing.assert_array_equal(regressor.predict(data[0]), reached)
    assert regressor.n_iter_ == 2
    np.testing.assert_array_equal(regressor.fit(*data).predict(data[0]), reached)


def test_a_loss_that_is_not_a_number_is_said_and_a_later_fit_works(data):
    X, y = data
    regressor = LSTMRegressor(
        2, optimizer="sgd", learning_rate=1e30, epochs=3, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="The loss became (nan|inf)"):
        regressor.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regressor.set_params(learning_rate=0.01).fit(X, y)
    assert np.isfinite(regressor.predict(X)).all()


def test_a_process_that_was_killed_leaves_nothing_that_stops_the_next(tmp_path, data):
    """A half-written program on disk is compiled anew."""
    script = """
import sys, warnings
import jax
jax.config.update("jax_compilation_cache_dir", sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
import numpy as np
from skforecast_lstm import LSTMRegressor
X = np.random.default_rng(0).normal(size=(40, 3, 1))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    fitted = LSTMRegressor(1, epochs=1, random_state=0).fit(X, X[:, 0, 0])
    print(fitted.predict(X)[:3])
"""
    shown = []
    for _ in range(2):
        result = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
        shown.append(result.stdout)
        for path in tmp_path.glob("*-cache"):
            path.write_bytes(path.read_bytes()[:100])
    assert shown[0] == shown[1]
