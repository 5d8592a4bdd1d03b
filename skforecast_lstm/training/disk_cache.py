"""Compiled programs on disk, so that the next process starts with them.

JAX keeps them. What is done here is to give it a place that only the user can write,
since whoever can write there can run code as the user; and files that are whole or not
there, since JAX warns of one that it can't read in every process, and never replaces it.
"""

import hashlib
import logging
import os
import stat
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import keras

from skforecast_lstm._files import replacing

__all__ = ["keep_programs"]

SWITCH = "SKFORECAST_LSTM_DISK_CACHE"
MOST_BYTES = 2**29

# JAX keeps only what took long to compile, unless it is told otherwise.
_USUAL_AND_OURS = {
    "jax_persistent_cache_min_compile_time_secs": (1.0, 0.0),
    "jax_persistent_cache_min_entry_size_bytes": (0, -1),
}

logger = logging.getLogger(__name__)


@cache
def keep_programs() -> None:
    """Let JAX keep compiled programs on disk, unless the user decided about that.

    Where a user's own settings of JAX name a folder or switch its cache off, they
    stay. The environment variable ``SKFORECAST_LSTM_DISK_CACHE=0`` keeps nothing.
    """
    if keras.config.backend() != "jax":
        return
    import jax

    if (
        os.environ.get(SWITCH) == "0"
        or _setting("jax_compilation_cache_dir") is not None
        or not _setting("jax_enable_compilation_cache")
    ):
        return
    try:
        folder = _user_folder() / "skforecast_lstm" / "programs"
        _make_private(folder)
        _drop_oldest(folder)
    except (OSError, RuntimeError) as error:
        # There is no home, or it can't be written, or not by the user alone.
        logger.info("Compiled programs are not kept on disk: %s", error)
        return
    if not _use(folder):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    for name, (usual, ours) in _USUAL_AND_OURS.items():
        if _setting(name) == usual and name.upper() not in os.environ:
            jax.config.update(name, ours)


def _setting(name):
    import jax

    return getattr(jax.config, name)


def _user_folder():
    """Where programs of this user keep what they can make again."""
    if sys.platform == "win32":
        given = os.environ.get("LOCALAPPDATA")
        return Path(given or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _make_private(folder):
    """Make a folder; raise if anyone but the user can write there, or exchange it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder of this user.")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"Others can write to {folder}.")
    for parent in folder.resolve().parents:
        found = parent.stat()
        by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        # In a folder such as /tmp only its owner can move what is in it.
        if by_others and not found.st_mode & stat.S_ISVTX:
            raise PermissionError(f"Others can write to {parent}.")
        if found.st_uid not in (0, os.getuid()):
            raise PermissionError(f"{parent} belongs to another user.")


def _drop_oldest(folder):
    """Delete the oldest programs where all together take too much room."""
    files = [(path.stat(), path) for path in folder.iterdir()]
    taken = sum(found.st_size for found, _ in files)
    for found, path in sorted(files, key=lambda file: file[0].st_mtime):
        if taken <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        taken -= found.st_size


class WholeFiles:
    """Keep and find programs for JAX, in files that are whole or not there.

    Parameters
    ----------
    folder : Path
        Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = self._path = folder

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key; delete what was damaged since."""
        path = self._file(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, value = content[:32], content[32:]
        if hashlib.sha256(value).digest() == digest:
            return value
        with suppress(OSError):
            path.unlink()
        return None

    def put(self, key: str, value: bytes) -> None:
        """Keep bytes under a key, all of them or none."""
        path = self._file(key)
        with suppress(OSError), replacing(path) as unfinished:
            unfinished.write_bytes(hashlib.sha256(value).digest() + value)

    def clear(self) -> None:
        """Forget nothing: there is nothing but the files."""

    def _file(self, key):
        return self.folder / f"{key}-program"


def _use(folder):
    """Have JAX keep its programs in whole files; whether it can be had to."""
    from jax._src import compilation_cache

    if not hasattr(compilation_cache, "_cache"):
        logger.info("This JAX has no place for files of programs that are whole.")
        return False
    compilation_cache.reset_cache()
    compilation_cache._cache = WholeFiles(folder)
    compilation_cache._cache_initialized = True
    return True
