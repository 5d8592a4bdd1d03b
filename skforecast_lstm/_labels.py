"""Names that users give, as text in pictures, on terminals and in tables."""

import re
from typing import Any

__all__ = ["as_label", "as_printed", "for_spreadsheets"]

_LONGEST = 48
# What a spreadsheet takes for a formula, also in full width, and behind blanks.
_FORMULA = re.compile(r"[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")


def as_label(name: Any) -> str:
    """A name as matplotlib draws it letter by letter: no formula, and one line.

    Long names lose their middle. A blank goes before an underscore, with which
    matplotlib hides a label from the legend.
    """
    text = as_printed(" ".join(str(name).split()))
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]}…{text[-half + 1 :]}"
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def as_printed(text: str) -> str:
    """A text in which letters that steer a terminal are written out."""
    return "".join(
        letter
        if letter.isprintable() or letter == "\n"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def for_spreadsheets(cell: Any) -> Any:
    """A cell behind an apostrophe if a spreadsheet would run it, and as it is if not."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if _FORMULA.match(cell) else cell
