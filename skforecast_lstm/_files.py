"""Files that are written completely or not at all."""

import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path that replaces the real path when writing is complete.

    Until then the old file stays, even after an error. A symbolic link stays, and the
    file that it points to is replaced. Permissions stay too. Several processes can write
    to one path, and the last one to finish wins. Files that a killed process left are
    deleted.
    """
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder {str(path.parent)!r} for {path.name!r} does not exist. Create "
            "it, or give another path."
        )
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Give the path of a file.")
    if path.exists() and not path.is_file():
        raise FileExistsError(
            f"{str(path)!r} is a pipe or a device, and writing would replace it by a "
            "file. Give another path."
        )
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(
            f"{str(path)!r} is not writable. Change its permissions, or give another "
            "path."
        )
    _delete_abandoned(path)
    unfinished, held = _create_temporary_file(path)
    with ExitStack() as leaving:
        leaving.callback(unfinished.unlink, missing_ok=True)
        # Locked until it is renamed, so that others do not delete it as abandoned.
        lock = leaving.enter_context(ExitStack())
        lock.callback(os.close, held)
        yield unfinished
        with suppress(FileNotFoundError):
            os.chmod(unfinished, stat.S_IMODE(path.stat().st_mode))
        if sys.platform == "win32":
            # Windows cannot move an open file, and there are no locks.
            lock.close()
        os.replace(unfinished, path)


def _create_temporary_file(path):
    """Create a file beside another. Its lock ends with this process at the latest."""
    while True:
        token = secrets.token_hex(8)
        start, end = _shorten_name(path)
        unfinished = path.with_name(f".{start}.unfinished-{token}{end}")
        held = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if sys.platform == "win32":
            return unfinished, held
        with suppress(OSError):
            # Some network folders have no locks.
            fcntl.flock(held, fcntl.LOCK_EX)
        if unfinished.exists():
            return unfinished, held
        # Another process deleted it before it was locked.
        os.close(held)


def _shorten_name(path):
    """Return the start and end of a file name, short enough to insert more text."""
    return path.stem[:40], path.suffix[:10]


def _delete_abandoned(path):
    """Delete unfinished files for this path that no process has locked."""
    if sys.platform == "win32":
        return
    start, end = map(re.escape, _shorten_name(path))
    name = re.compile(rf"\.{start}\.unfinished-[0-9a-f]{{16}}{end}")
    for found in path.parent.iterdir():
        if name.fullmatch(found.name):
            # A process that still writes the file holds the lock.
            with suppress(OSError):
                file = os.open(found, os.O_RDWR)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    found.unlink()
                finally:
                    os.close(file)
