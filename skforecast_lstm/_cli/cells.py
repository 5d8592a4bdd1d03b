"""Parser of text cells: unknown values, and numbers.

A cell is read as a number only if its value is clear. For example, 1.010 can be a little
more than one, or a thousand and ten. Other cells decide. If they do not, the user names
the decimal mark.
"""

import re
from decimal import Decimal

import numpy as np
import pandas as pd

from skforecast_lstm._cli.table_sources import InputError

__all__ = ["is_text", "is_unknown", "looks_like_numbers", "read_numbers"]

_UNKNOWN = ("", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "NULL", "null", "None")
_MARKS = ".,"
# Spaces of several widths, and apostrophes.
_OTHER_GROUP_MARKS = " \u00a0\u2009\u202f'\u2019"


def _plain(decimal):
    """Return the pattern of numbers with at most one mark, the decimal mark."""
    mark = re.escape(decimal)
    return re.compile(
        rf"[+-]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    )


def _grouped(decimal):
    """Return the pattern of numbers with digits in groups of three."""
    mark = re.escape(decimal)
    between = f"[{re.escape(_MARKS.replace(decimal, '') + _OTHER_GROUP_MARKS)}]"
    return re.compile(
        rf"[+-]?[1-9][0-9]{{0,2}}({between})[0-9]{{3}}(?:\1[0-9]{{3}})*(?:{mark}[0-9]*)?"
    )


_PLAIN = {mark: _plain(mark) for mark in _MARKS}
_GROUPED = {mark: _grouped(mark) for mark in _MARKS}
# Three digits after the only mark: decimals, or a group of thousands.
_DOUBTFUL = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")


def is_text(column):
    """Return a mask of the cells that are text."""
    if column.dtype.kind != "O":
        return np.zeros(len(column), dtype=bool)
    return np.array([isinstance(cell, str) for cell in column], dtype=bool)


def is_unknown(column):
    """Return a mask of the cells that are empty or have a word such as "NA"."""
    words = column.astype(object).map(lambda cell: str(cell).strip() in _UNKNOWN)
    return column.isna().to_numpy() | (is_text(column) & words.to_numpy(dtype=bool))


def _known_text(column):
    return column[is_text(column) & ~is_unknown(column)].astype(str).str.strip()


def looks_like_numbers(column):
    """Return True if all known cells of a column are numbers in one of the forms."""
    if column.dtype.kind != "O":
        return pd.api.types.is_numeric_dtype(column.dtype)
    known = _known_text(column)
    ways = [*_PLAIN.values(), *_GROUPED.values()]
    return len(known) > 0 and all(
        any(way.fullmatch(cell) for way in ways) for cell in known
    )


def read_numbers(rows, *, decimal=None, separator=None, notes):
    """Return the columns of a table as floats, with NaN for unknown values.

    Parameters
    ----------
    rows : DataFrame
        Columns that must be numbers. The index counts from 0.
    decimal : {".", ","}, default=None
        Decimal mark. If None, it is found, and digits can't be in groups.
    separator : str, default=None
        Separator of the columns in the file, if there is one.
    notes : list of str
        List to extend with notes for the user on the reading of cells.
    """
    texts = {name: _known_text(column) for name, column in rows.items()}
    mark = decimal or _mark_before_decimals(texts, separator)
    if decimal is None:
        _check_no_doubt(texts, mark, separator, notes)
    return pd.DataFrame(
        {
            name: _numbers(column, texts[name], mark, decimal is not None, notes)
            for name, column in rows.items()
        }
    )


def _mark_before_decimals(texts, separator):
    """Return the mark for which most cells are numbers; a comma only with semicolons."""
    if separator != ";":
        return "."

    def n_numbers(mark):
        return sum(
            bool(_PLAIN[mark].fullmatch(one)) for of in texts.values() for one in of
        )

    return max(_MARKS, key=n_numbers)


def _check_no_doubt(texts, mark, separator, notes):
    """Raise or add a note if all marks in numbers can also be those of thousands."""
    marked = {
        name: cells[cells.str.contains(mark, regex=False)]
        for name, cells in texts.items()
    }
    found = [(name, cells) for name, cells in marked.items() if len(cells)]
    if not all(_DOUBTFUL.fullmatch(one) for _, cells in found for one in cells):
        return
    for name, cells in found:
        first, row = cells.iloc[0], cells.index[0] + 1
        other = _MARKS.replace(mark, "")
        small, great = f"{float(first.replace(mark, '.')):g}", re.sub("[.,]", "", first)
        # Programs write the same number of decimals in every row. People leave some out.
        if separator == "," and len(cells) == len(texts[name]):
            notes.append(
                f"Took the mark in {first} in {name!r} for that before decimals. If "
                f"it is {great}, give --decimal {other}"
            )
            continue
        raise InputError(
            f"Column {name!r} has {first} in row {row}, which can be {small} or {great}. "
            f"Say which mark stands before decimals: --decimal {mark} for {small}, "
            f"--decimal {other} for {great}."
        )


def _numbers(column, text, mark, has_groups, notes):
    """Return one column as floats. Raise at the first cell that is not a number."""
    name = column.name
    if column.dtype.kind in "mM" or isinstance(column.dtype, pd.PeriodDtype):
        raise InputError(f"Column {name!r} has times where numbers are needed.")
    unknown = is_unknown(column)
    words = {cell.strip() for cell in column[unknown & is_text(column)]} - {""}
    if words:
        notes.append(
            f"Took {', '.join(map(repr, sorted(words)))} in {name!r} for unknown."
        )
    if pd.api.types.is_bool_dtype(column.dtype) or _says_true_or_false(text):
        notes.append(f"Took true and false in {name!r} for 1 and 0.")
    numbers = pd.to_numeric(column.mask(unknown), errors="coerce").astype(float)
    if _says_true_or_false(text):
        numbers[text.index] = (text.str.lower() == "true").astype(float)
    else:
        ways = [_PLAIN[mark], _GROUPED[mark]] if has_groups else [_PLAIN[mark]]
        numbers[text.index] = [_number(cell, mark, ways) for cell in text]
    broken = ((numbers.isna() & ~unknown) | np.isinf(numbers)).to_numpy()
    if broken.any():
        raise _no_number(column, broken)
    notes.extend(_rounded(column, numbers, mark))
    grouped = (
        [cell for cell in text if not _PLAIN[mark].fullmatch(cell)] if has_groups else []
    )
    if grouped and not _says_true_or_false(text):
        notes.append(
            f"Took {grouped[0]} in {name!r} for {_number(grouped[0], mark, ways):.15g}."
        )
    return numbers


def _rounded(column, numbers, mark):
    """Return a note on the first whole number with more digits than floats, if any."""
    for row in np.flatnonzero(numbers.abs() >= 2.0**53):
        cell = column.iloc[row]
        if isinstance(cell, str):
            # With an exponent, the last digits don't matter.
            plain = re.sub(f"[^0-9{mark}+-]", "", cell).replace(mark, ".")
            exact = numbers[row] if re.search("[eE]", cell) else Decimal(plain)
        else:
            exact = cell if isinstance(cell, float | Decimal) else int(cell)
        if exact != Decimal(numbers[row]):
            said = f"Took {cell} in {column.name!r} for {numbers[row]:.0f}, as numbers"
            return [f"{said} have 16 digits here."]
    return []


def _says_true_or_false(text):
    return len(text) > 0 and set(text.str.lower()) <= {"true", "false"}


def _number(cell, mark, ways):
    """Return the number in a cell if it has one of the forms, else NaN."""
    if not any(way.fullmatch(cell) for way in ways):
        return np.nan
    return float(re.sub(f"[^0-9eE{mark}+-]", "", cell).replace(mark, "."))


def _no_number(column, broken):
    first = int(broken.argmax())
    cell = str(column.iloc[first]).strip()
    more = f", and {broken.sum() - 1} more like it" if broken.sum() > 1 else ""
    offer = "".join(
        f" If it is {_number(cell, mark, [_PLAIN[mark], _GROUPED[mark]]):.15g}, give "
        f"--decimal {mark}"
        for mark in _MARKS
        if _PLAIN[mark].fullmatch(cell) or _GROUPED[mark].fullmatch(cell)
    )
    return InputError(
        f"Column {column.name!r} has {cell:.40} in row {first + 1}, which is no "
        f"number{more}. Correct it, or leave it empty and see --gaps.{offer}"
    )
