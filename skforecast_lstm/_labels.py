"""Names from users as safe text in pictures, on terminals and in tables."""

import re
from typing import Any

__all__ = ["as_label", "as_printed", "for_spreadsheets"]

_LONGEST = 48
# Text that a spreadsheet reads as a formula, also full-width or after blanks.
_FORMULA = re.compile(r"[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")


def as_label(name: Any) -> str:
    """Return a name as one line that matplotlib draws literally, not as a formula.

    Long names lose their middle. A blank is put before a leading underscore, because
    matplotlib hides such labels from the legend.
    """
    text = as_printed(" ".join(str(name).split()))
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]}…{text[-half + 1 :]}"
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def as_printed(text: str) -> str:
    """Return a text with control characters for terminals written as escapes."""
    return "".join(
        letter
        if letter.isprintable() or letter == "\n"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def for_spreadsheets(cell: Any) -> Any:
    """Return a cell with an apostrophe before it if a spreadsheet would run it."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if _FORMULA.match(cell) else cell
