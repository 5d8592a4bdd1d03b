"""Files that the command writes: their names, and checks before the long work."""

import os
import re
import tempfile
from pathlib import Path

from skforecast_lstm._cli.errors import InputError

__all__ = ["check_apart", "check_folder", "default_path", "writable"]


def writable(path):
    """Return the path if a file can be written there, otherwise raise."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give the name of a file in it.")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a regular file. Give the name of one.")
    if not path.parent.is_dir():
        raise InputError(
            f"There is no folder {path.parent} for {path.name}. Make it, or give another."
        )
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError(f"{path} can't be written: you have no permission to change it.")
    check_folder(path.parent, path)
    return path


def check_apart(source, outputs):
    """Raise if an output file is the source or another output, even by another name."""
    files = [("SOURCE", source.file), *outputs.items()]
    files = [(what, path) for what, path in files if path is not None]
    for place, (what, path) in enumerate(files):
        for before, other in files[:place]:
            if not _is_one_file(path, other):
                continue
            if before == "SOURCE":
                raise InputError(
                    f"{path} is the file that the rows come from, and {what} would "
                    "write over it. Name another."
                )
            raise InputError(f"{before} and {what} name one file, {path}. Name two.")


def _is_one_file(path, other):
    """Return True if two paths lead to the same file, even if it does not exist yet."""
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    return (
        os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)
    )


def check_folder(folder, path):
    """Raise if no file can be created in a folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}.") from error


def default_path(source, what):
    return re.sub(r"[^\w.-]+", "-", source.name) + what
