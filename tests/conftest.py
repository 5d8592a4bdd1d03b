"""What all tests share: a cache of compiled programs, and data."""

import os
from importlib import import_module

import numpy as np
import pytest

# One of scikit-learn's checks is skipped without it. It is read when SciPy is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Pictures are drawn without a screen.
os.environ.setdefault("MPLBACKEND", "Agg")
# ONNX Runtime sends no data on its use. It is read when ONNX Runtime is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Flags that JAX has no longer from release 0.11.1 on.
_GONE = ("xla_llvm_force_inline_before_split", "xla_cpu_use_fusion_emitters")


def pytest_configure(config):
    """Choose the backend before any test imports Keras, and share its programs."""
    import_module("skforecast_lstm")
    if hasattr(config, "cache"):
        # JAX's own cache in a folder that all tests share is no choice: it reads files
        # that another process is still writing.
        os.environ.setdefault("XDG_CACHE_HOME", str(config.cache.mkdir("programs")))
    # Programs of the tests run only a few times. With these options, compiling them
    # takes a quarter of the time. JAX reads the flags when it first compiles.
    options = import_module("skforecast_lstm.training.compile_options").QUICK_TO_COMPILE
    # XLA ends the process at a flag that it does not know.
    gone = _GONE if import_module("jax").__version_info__ >= (0, 11, 1) else ()
    flags = [
        f"--{name}={str(value).lower()}"
        for name, value in options.items()
        if name not in gone
    ]
    os.environ["XLA_FLAGS"] = " ".join([*flags, os.environ.get("XLA_FLAGS", "")])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def compilations(monkeypatch):
    """Names of the functions that were compiled since."""
    from skforecast_lstm.training import programs

    names = []
    original = programs.Program.__init__

    def counted(self, function, *args):
        names.append(function.__name__)
        original(self, function, *args)

    monkeypatch.setattr(programs.Program, "__init__", counted)
    monkeypatch.setattr(programs, "_shared", type(programs._shared)())
    return names


@pytest.fixture(scope="session")
def airline():
    """Passengers of airlines, monthly, as a frame of one column."""
    from sktime.datasets import load_airline

    return load_airline().to_frame("passengers")
