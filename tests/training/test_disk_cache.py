"""Compiled programs on disk: private, off by one switch, never against the user."""

import os
import subprocess
import sys

import pytest

REPORT = """
import skforecast_lstm.training as training
import jax
training.keep_programs()
names = ["compilation_cache_dir", "persistent_cache_min_compile_time_secs",
         "persistent_cache_min_entry_size_bytes"]
print(*(getattr(jax.config, "jax_" + name) for name in names))
"""

FIT = """
import numpy as np
from skforecast_lstm import LSTMRegressor
X = np.random.default_rng(0).normal(size=(40, 3, 1))
LSTMRegressor(1, epochs=1).fit(X, X[:, 0, 0]).predict(X)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Folders of Linux.")


@pytest.fixture
def run(tmp_path):
    """Run a script in a fresh process with a home of its own, and no settings of JAX."""

    def run(script, **environment):
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JAX_", "SKFORECAST_", "XDG_", "COV_", "PYTEST"))
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


def test_programs_are_kept_where_only_the_user_can_write(run, tmp_path):
    folder = folder_in(tmp_path)
    assert run(REPORT) == [str(folder), "0.0", "-1"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_second_process_finds_what_the_first_compiled(run, tmp_path):
    def programs():
        paths = folder_in(tmp_path).glob("*-program")
        return {path.name: path.stat().st_mtime_ns for path in paths}

    run(FIT)
    kept = programs()
    assert any("jit_run" in name for name in kept)
    assert any("jit_predict" in name for name in kept)
    run(FIT)
    assert programs() == kept


def test_one_variable_switches_it_off(run, tmp_path):
    assert run(REPORT, SKFORECAST_LSTM_DISK_CACHE="0") == ["None", "1.0", "0"]
    assert not folder_in(tmp_path).exists()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"JAX_COMPILATION_CACHE_DIR": "/tmp/mine"}, ["/tmp/mine", "1.0", "0"]),
        ({"JAX_ENABLE_COMPILATION_CACHE": "0"}, ["None", "1.0", "0"]),
    ],
)
def test_settings_of_the_user_stay(run, settings, expected):
    assert run(REPORT, **settings) == expected


def test_single_settings_of_the_user_stay(run, tmp_path):
    settings = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "1.0"}
    assert run(REPORT, **settings) == [str(folder_in(tmp_path)), "1.0", "-1"]


@pytest.mark.parametrize("what", ["writable by others", "a link", "a file"])
def test_a_folder_that_is_not_the_users_alone_is_not_used(run, tmp_path, what):
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
    assert run(REPORT)[0] == "None"


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_can_exchange_is_not_used(run, tmp_path, mode):
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(mode)
    assert run(REPORT, XDG_CACHE_HOME=str(cache))[0] == "None"
    # In a folder as /tmp is, nobody moves what is another's.
    cache.chmod(0o1777)
    assert run(REPORT, XDG_CACHE_HOME=str(cache))[0] != "None"


@pytest.mark.parametrize("length", [0, 100])
def test_a_program_that_is_not_whole_is_compiled_anew_and_replaced(run, tmp_path, length):
    def programs():
        paths = folder_in(tmp_path).glob("*-program")
        return {path: path.read_bytes() for path in paths}

    run(FIT)
    whole = programs()
    for path, content in whole.items():
        path.write_bytes(content[:length])
    # A warning would end it.
    run(FIT)
    assert {path: len(content) > 100 for path, content in programs().items()} == (
        dict.fromkeys(whole, True)
    )


def test_a_full_disk_leaves_no_part_of_a_program(tmp_path):
    from skforecast_lstm.training.disk_cache import WholeFiles

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
    kept = WholeFiles(tmp_path)
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
    from skforecast_lstm.training import disk_cache

    monkeypatch.setattr(disk_cache, "MOST_BYTES", 250)
    for age, name in enumerate("abcd"):
        path = tmp_path / name
        path.write_bytes(bytes(100))
        os.utime(path, (1000 - age, 1000 - age))
    disk_cache._drop_oldest(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
