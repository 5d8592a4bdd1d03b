"""Disk cache of compiled programs, so that the next process does not compile them again.

JAX decides what to cache. This module stores it:

- in a folder that only the user can write to, because a cached program is code;
- in files that are complete or absent. JAX's own cache never replaces a damaged file, and
  warns of it in every process.
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

_SWITCH = "SKFORECAST_LSTM_DISK_CACHE"
_MAX_BYTES = 2**29

# JAX's default and our value of each setting. By default, JAX caches only programs that
# took long to compile.
_DEFAULT_AND_OURS = {
    "jax_persistent_cache_min_compile_time_secs": (1.0, 0.0),
    "jax_persistent_cache_min_entry_size_bytes": (0, -1),
}

logger = logging.getLogger(__name__)


@cache
def keep_programs() -> None:
    """Make JAX keep compiled programs on disk.

    Nothing is changed if the user has configured or disabled JAX's cache, or has set the
    environment variable ``SKFORECAST_LSTM_DISK_CACHE=0``.
    """
    if keras.config.backend() != "jax":
        return
    import jax

    if (
        os.environ.get(_SWITCH) == "0"
        or _setting("jax_compilation_cache_dir") is not None
        or not _setting("jax_enable_compilation_cache")
    ):
        return
    try:
        folder = _user_folder() / "skforecast_lstm" / "programs"
        _make_private(folder)
        _drop_oldest(folder)
    except (OSError, RuntimeError) as error:
        # There is no home folder, it is not writable, or other users can write to it.
        logger.info("Compiled programs are not kept on disk: %s", error)
        return
    if not _use(folder):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    for name, (default, ours) in _DEFAULT_AND_OURS.items():
        if _setting(name) == default and name.upper() not in os.environ:
            jax.config.update(name, ours)


def _setting(name):
    import jax

    return getattr(jax.config, name)


def _user_folder():
    """Return the usual cache folder of the user on this operating system."""
    if sys.platform == "win32":
        given = os.environ.get("LOCALAPPDATA")
        return Path(given or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _make_private(folder):
    """Make a folder; raise if other users can write to it or replace it."""
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
        # In a sticky folder such as /tmp, users can move only their own files.
        if by_others and not found.st_mode & stat.S_ISVTX:
            raise PermissionError(f"Others can write to {parent}.")
        if found.st_uid not in (0, os.getuid()):
            raise PermissionError(f"{parent} belongs to another user.")


def _drop_oldest(folder):
    """Delete the oldest programs if the cache is larger than `_MAX_BYTES`."""
    files = []
    for path in folder.iterdir():
        # Another process may have deleted it.
        with suppress(FileNotFoundError):
            files.append((path.stat(), path))
    taken = sum(found.st_size for found, _ in files)
    for found, path in sorted(files, key=lambda file: file[0].st_mtime):
        if taken <= _MAX_BYTES:
            break
        path.unlink(missing_ok=True)
        taken -= found.st_size


class WholeFiles:
    """Cache of programs for JAX, in files that are complete or absent.

    Parameters
    ----------
    folder : Path
        Folder of the files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = self._path = folder

    def get(self, key: str) -> bytes | None:
        """Return the bytes stored under a key; delete the file if it is damaged."""
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
        """Store bytes under a key, completely or not at all."""
        path = self._file(key)
        with suppress(OSError), replacing(path) as unfinished:
            unfinished.write_bytes(hashlib.sha256(value).digest() + value)

    def clear(self) -> None:
        """Do nothing, because all state is in the files."""

    def _file(self, key):
        return self.folder / f"{key}-program"


def _use(folder):
    """Make JAX use `WholeFiles`; return False if this version of JAX can't."""
    from jax._src import compilation_cache

    if not hasattr(compilation_cache, "_cache"):
        logger.info(
            "Compiled programs are not kept on disk: this JAX takes no other cache."
        )
        return False
    compilation_cache.reset_cache()
    compilation_cache._cache = WholeFiles(folder)
    compilation_cache._cache_initialized = True
    return True
