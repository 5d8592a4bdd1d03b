"""A child that was forked after JAX was used says so, and does not wait for ever."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "register_at_fork"), reason="Systems that fork."
)

PARENT = """
import multiprocessing, os, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
import joblib
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_score
from skforecast_lstm import LSTMRegressor, persistence, training

X = np.random.default_rng(0).normal(size=(40, 3))
y = X[:, 0]
regressor = LSTMRegressor(1, epochs=1, random_state=0)


def in_a_child(function):
    child = os.fork()
    if not child:
        try:
            function()
            print("done")
        except Exception as error:
            print(type(error).__name__, str(error)[:250])
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
"""

# The first is for a child of a process in which nothing was computed yet.
AFTER_NOTHING = "in_a_child(lambda: regressor.fit(X, y).predict(X))"
AFTER_A_FIT = {
    "fit": "in_a_child(lambda: regressor.fit(X, y))",
    "predict": "in_a_child(lambda: regressor.predict(X))",
    "partial_fit": "in_a_child(lambda: regressor.partial_fit(X, y))",
    "copy": "in_a_child(lambda: __import__('copy').deepcopy(regressor))",
    "training.predict": "in_a_child(lambda: training.predict(regressor.model_, X))",
    "search": """
try:
    with joblib.parallel_backend("multiprocessing"):
        cross_val_score(regressor, X, y, n_jobs=2, error_score="raise")
except RuntimeError as error:
    print(type(error).__name__, error)
""",
    "fitted in a search": """
try:
    with joblib.parallel_backend("multiprocessing"):
        permutation_importance(regressor, X, y, n_jobs=2, n_repeats=1)
except RuntimeError as error:
    print(type(error).__name__, error)
""",
}


def said(*lines):
    result = subprocess.run(
        [sys.executable, "-c", "\n".join([PARENT, *lines])],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    return result.stdout


def test_a_child_forked_before_anything_was_computed_works():
    assert said(AFTER_NOTHING) == "done\n"


def test_a_child_forked_afterwards_raises_at_once():
    lines = (
        f"print({name!r}, end=': ', flush=True)\n{code}"
        for name, code in AFTER_A_FIT.items()
    )
    shown = said("regressor.fit(X, y)", *lines).splitlines()
    assert [line.partition(":")[0] for line in shown] == list(AFTER_A_FIT)
    for line in shown:
        assert "RuntimeError This process was forked" in line
        assert "loky" in line


def test_loky_and_threads_work_after_a_fit():
    shown = said(
        "regressor.fit(X, y)",
        "for backend in ('loky', 'threading'):",
        "    with joblib.parallel_backend(backend):",
        "        print(len(cross_val_score(regressor, X, y, n_jobs=2, cv=2)))",
    )
    assert shown.split() == ["2", "2"]
