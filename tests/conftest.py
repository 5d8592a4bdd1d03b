"""What all tests share: a cache of compiled programs, and data."""

import os
from importlib import import_module

import numpy as np
import pytest

# One of scikit-learn's checks is skipped without it. It is read when SciPy is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Pictures are drawn without a screen.
os.environ.setdefault("MPLBACKEND", "Agg")
# Programs of the tests run only a few times, so they are compiled with little
# optimization. That takes a quarter of the time.
os.environ["XLA_FLAGS"] = " ".join(
    [
        "--xla_backend_optimization_level=0",
        "--xla_llvm_disable_expensive_passes=true",
        "--xla_llvm_force_inline_before_split=false",
        "--xla_cpu_use_fusion_emitters=false",
        "--xla_cpu_parallel_codegen_split_count=1",
        os.environ.get("XLA_FLAGS", ""),
    ]
)


def pytest_configure(config):
    """Choose the backend before any test imports Keras, and share its programs."""
    import_module("skforecast_lstm")
    if hasattr(config, "cache"):
        folder = config.cache.mkdir("jax")
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


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
