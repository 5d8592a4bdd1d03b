"""Compiled programs on disk: private, off by one switch, never against the user."""

import os
import subprocess
import sys

import jax
import pytest
from jax._src import compilation_cache

from skforecast_lstm.training import disk_cache

FIT = """
import numpy as np
from skforecast_lstm import LSTMRegressor
X = np.random.default_rng(0).normal(size=(40, 3, 1))
LSTMRegressor(1, epochs=1).fit(X, X[:, 0, 0]).predict(X)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Folders of Linux.")


# JAX's defaults, as in a process in which nobody set anything.
DEFAULTS = {
    "jax_compilation_cache_dir": None,
    "jax_enable_compilation_cache": True,
    "jax_persistent_cache_min_compile_time_secs": 1.0,
    "jax_persistent_cache_min_entry_size_bytes": 0,
}


def is_of_jax_or_ours(name):
    return name.startswith(("JAX_", "SKFORECAST_", "XDG_", "COV_", "PYTEST"))


@pytest.fixture
def keep(tmp_path, monkeypatch):
    """Choose the folder as a fresh process would, and return what JAX is told."""
    for name in filter(is_of_jax_or_ours, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = {name: getattr(jax.config, name) for name in DEFAULTS}
    store = compilation_cache._cache, compilation_cache._cache_initialized

    def keep(settings=None, **environment):
        for name, value in (DEFAULTS | (settings or {})).items():
            jax.config.update(name, value)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        disk_cache.keep_programs.__wrapped__()
        return [
            jax.config.jax_compilation_cache_dir,
            jax.config.jax_persistent_cache_min_compile_time_secs,
            jax.config.jax_persistent_cache_min_entry_size_bytes,
        ]

    yield keep
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache._cache, compilation_cache._cache_initialized = store


@pytest.fixture
def run(tmp_path):
    """Run a script in a fresh process with a home of its own, and no settings of JAX."""

    def run(script, **environment):
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not is_of_jax_or_ours(name)
        }
        inherited |= {"HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / "keras")}
        result = subprocess.run(
            [sys.executable, "-W", "error:Error reading:UserWarning", "-c", script],
            env=inherited | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.split()

    return run


def folder_in(home):
    return home / ".cache" / "skforecast_lstm" / "programs"


def test_programs_are_kept_where_only_the_user_can_write(keep, tmp_path):
    folder = folder_in(tmp_path)
    assert keep() == [str(folder), 0.0, -1]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_second_process_finds_whole_programs_and_replaces_damaged_ones(run, tmp_path):
    def programs():
        return list(folder_in(tmp_path).glob("*-program"))

    def times():
        return {path: path.stat().st_mtime_ns for path in programs()}

    run(FIT)
    kept = times()
    assert any("jit_run" in path.name for path in kept)
    assert any("jit_predict" in path.name for path in kept)
    run(FIT)
    assert times() == kept
    for number, path in enumerate(kept):
        path.write_bytes(path.read_bytes()[: 100 * (number % 2)])
    # A warning would end it.
    run(FIT)
    assert set(programs()) == set(kept)
    assert all(path.stat().st_size > 100 for path in programs())


def test_one_variable_switches_it_off(keep, tmp_path):
    assert keep(SKFORECAST_LSTM_DISK_CACHE="0") == [None, 1.0, 0]
    assert not folder_in(tmp_path).exists()


def test_settings_of_the_user_stay(run):
    """JAX reads its environment once, when it is imported."""
    script = """
import jax, skforecast_lstm.training as training
training.keep_programs()
print(jax.config.jax_compilation_cache_dir,
      jax.config.jax_persistent_cache_min_compile_time_secs)
"""
    mine = {"JAX_COMPILATION_CACHE_DIR": "/tmp/mine"}
    assert run(script, **mine) == ["/tmp/mine", "1.0"]


def test_a_cache_that_the_user_switched_off_stays_off(keep):
    settings = {"jax_enable_compilation_cache": False}
    assert keep(settings) == [None, 1.0, 0]


def test_single_settings_of_the_user_stay(keep, tmp_path):
    name = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
    assert keep(**{name: "1.0"}) == [str(folder_in(tmp_path)), 1.0, -1]


@pytest.mark.parametrize("what", ["writable by others", "a link", "a file"])
def test_a_folder_that_is_not_the_users_alone_is_not_used(keep, tmp_path, what):
    folder = folder_in(tmp_path)
    folder.parent.mkdir(parents=True)
    if what == "a file":
        folder.touch()
    elif what == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    assert keep()[0] is None


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_can_exchange_is_not_used(keep, tmp_path, mode):
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(mode)
    assert keep(XDG_CACHE_HOME=str(cache))[0] is None
    # In a folder as /tmp is, nobody moves what is another's.
    cache.chmod(0o1777)
    assert keep(XDG_CACHE_HOME=str(cache))[0] is not None


def test_a_full_disk_leaves_no_part_of_a_program(tmp_path):
    script = """
import resource, signal, sys
from pathlib import Path
from skforecast_lstm.training.disk_cache import WholeFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
WholeFiles(Path(sys.argv[1])).put("large", bytes(2000))
WholeFiles(Path(sys.argv[1])).put("small", bytes(500))
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    kept = disk_cache.WholeFiles(tmp_path)
    assert kept.get("large") is None
    assert kept.get("small") == bytes(500)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_user_without_a_home_still_fits(run, tmp_path):
    script = f"""
import pathlib, os
from skforecast_lstm import LSTMRegressor
def no_home(*_): raise RuntimeError("Could not determine home directory.")
pathlib.Path.home = no_home
{FIT}
import jax
print(jax.config.jax_compilation_cache_dir)
"""
    assert run(script) == ["None"]


def test_the_oldest_programs_go_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_cache, "_MAX_BYTES", 250)
    for age, name in enumerate("abcd"):
        path = tmp_path / name
        path.write_bytes(bytes(100))
        os.utime(path, (1000 - age, 1000 - age))
    disk_cache._drop_oldest(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
