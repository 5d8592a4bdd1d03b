"""Content of a file with one estimator.

It has a first line that identifies it, the SHA-256 of the rest, the length of a JSON
text, the text, and the numbers of all arrays.
"""

import hashlib
import json
import warnings
from typing import Any, BinaryIO

from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._persistence.text import Reader, Writer
from skforecast_lstm._version import __version__
from skforecast_lstm.exceptions import OtherVersionWarning, SavedFileError

__all__ = ["from_file", "to_pieces"]

_FIRST_LINE = b"skforecast_lstm\n"
_FORMAT = 2
# For a text of mostly brackets, Python may need 30 bytes per byte of text.
_MOST_TEXT = 2**26


def to_pieces(estimator: Any) -> list[bytes]:
    """Return the content of a file, in pieces. Raise if a file can't hold a part."""
    writer, name = Writer(), type(estimator).__name__
    try:
        encoded = writer.encode(estimator, name)
    except RecursionError:
        raise TypeError(
            f"A file can't hold this {name}: a list in it contains itself, or is nested "
            "too deeply."
        ) from None
    header = {"format": _FORMAT, "version": __version__, "estimator": encoded}
    text = json.dumps(header).encode()
    if len(text) > _MOST_TEXT:
        raise TypeError(
            f"A file can't hold this {name}: besides its arrays of numbers it has "
            f"{len(text):,} bytes of text, more than {_MOST_TEXT:,}. Long lists and "
            "arrays of objects, such as strings, are stored as text. Use arrays of "
            "numbers instead."
        )
    pieces = [len(text).to_bytes(8, "little"), text, *writer.arrays]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return [_FIRST_LINE, digest.digest(), *pieces]


def from_file(file: BinaryIO, name: str) -> Any:
    """Return the estimator in an open file. `name` is that of the file, for errors."""
    if file.read(len(_FIRST_LINE)) != _FIRST_LINE:
        raise SavedFileError(
            f"{name} was not written by skforecast_lstm.persistence.save."
        )
    rest = memoryview(file.read())
    digest, rest = rest[:32], rest[32:]
    if digest != hashlib.sha256(rest).digest():
        raise SavedFileError(
            f"{name} is damaged: a part of it is missing or was changed since it was "
            "saved. Take another copy, or save the estimator again."
        )
    end = 8 + int.from_bytes(rest[:8], "little")
    try:
        if end - 8 > _MOST_TEXT:
            raise ValueError(f"it has more than {_MOST_TEXT:,} bytes of text")
        version, encoded = _read_header(json.loads(bytes(rest[8:end])))
        reader = Reader(rest[end:], Budget(len(rest)))
        estimator = reader.decode(encoded)
        reader.check_end()
    # For a text that `save` did not write, Python, NumPy, pandas, scikit-learn and Keras
    # may raise any error.
    except Exception as error:
        what = str(error).partition("\n")[0][:300]
        raise SavedFileError(f"{name} can't be read: {what}.") from error
    if version != __version__:
        warnings.warn(
            f"{name} was saved by skforecast_lstm {version} and is read by "
            f"{__version__}, so its predictions may differ. Check them, then save it "
            "again.",
            OtherVersionWarning,
            stacklevel=3,
        )
    return estimator


def _read_header(header):
    """Return the version that wrote a file, and the encoded estimator."""
    form, version = header["format"], header["version"]
    if type(form) is not int or form < 1 or type(version) is not str:
        raise ValueError("its format is unknown")
    changed = _changed_since_first_format(header["estimator"]) if form == 1 else None
    if changed is not None:
        raise ValueError(
            f"skforecast_lstm {version} wrote it with {changed}, which is stored in "
            "another way now. Fit and save it again"
        )
    if form > _FORMAT:
        raise ValueError(
            f"skforecast_lstm {version} wrote it in a newer format than "
            f"skforecast_lstm {__version__} reads; install that version"
        )
    return version, header["estimator"]


def _changed_since_first_format(node):
    """Return the part of a first-format text that later formats store differently."""
    if isinstance(node, dict):
        is_windower = node.get("is") == "skforecast_lstm.LookbackWindower"
        if is_windower and "_history" in node["of"]:
            return "the history of a LookbackWindower"
        node = list(node.values())
    elif node == ["class_name", "WindowNormalization"]:
        return "a network that normalizes its windows"
    parts = map(_changed_since_first_format, node if isinstance(node, list) else ())
    return next((part for part in parts if part is not None), None)
