"""Parser of text cells: unknown values, and numbers.

A cell is read as a number only if its value is clear. For example, 1.010 can be a little
more than one, or a thousand and ten. Other cells decide. If they do not, the user names
the decimal mark, or the mark between thousands.
"""

import numbers as number_types
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pandas as pd

from skforecast_lstm._cli.errors import InputError, Problems, and_others

__all__ = [
    "is_text",
    "is_unknown",
    "looks_like_numbers",
    "mostly_numbers",
    "read_numbers",
]

_UNKNOWN = ("", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "NULL", "null", "None")
_YES_AND_NO = (("true", "false"), ("yes", "no"))
_MARKS = ".,"
# Spaces of several widths, and apostrophes.
_SPACES = " \u00a0\u2009\u202f"
_APOSTROPHES = "'\u2019"


@dataclass(frozen=True)
class _Reading:
    """Form of numbers: the decimal mark, and the marks allowed between thousands."""

    decimal: str
    groups: str = ""

    @cached_property
    def plain(self):
        """Pattern of numbers with at most one mark, the decimal mark."""
        mark = re.escape(self.decimal)
        return re.compile(
            rf"[+-]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        )

    @cached_property
    def grouped(self):
        """Pattern of numbers with digits in groups of three."""
        if not self.groups:
            return re.compile(r"(?!)")
        mark, between = re.escape(self.decimal), f"[{re.escape(self.groups)}]"
        return re.compile(
            rf"[+-]?[1-9][0-9]{{0,2}}({between})[0-9]{{3}}(?:\1[0-9]{{3}})*"
            rf"(?:{mark}[0-9]*)?"
        )

    def number(self, cell):
        """Return the number in a cell if it has this form, else NaN."""
        if not (self.plain.fullmatch(cell) or self.grouped.fullmatch(cell)):
            return np.nan
        digits = re.sub(f"[^0-9eE{self.decimal}+-]", "", cell)
        return float(digits.replace(self.decimal, "."))

    def numbers(self, cells):
        """Return the numbers in an array of cells, NaN for other forms."""
        return np.array([self.number(cell) for cell in cells], dtype=float)


def _with_groups(decimal):
    """Return the form with a decimal mark and any mark between thousands."""
    return _Reading(decimal, _MARKS.replace(decimal, "") + _SPACES + _APOSTROPHES)


_PLAIN = [_Reading(mark) for mark in _MARKS]
_GROUPED = [_with_groups(mark) for mark in _MARKS]


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
    return _share_of_numbers(column) == 1


def mostly_numbers(column):
    """Return True if most known cells of a column are numbers.

    The others may be typing errors, or a word for an unknown value.
    """
    return _share_of_numbers(column) > 0.5


def _share_of_numbers(column):
    """Return the fraction of the known cells that are numbers, 0 without any."""
    if column.dtype.kind != "O":
        return float(pd.api.types.is_numeric_dtype(column.dtype))
    known = column[~is_unknown(column)]
    forms = [form for one in _GROUPED for form in (one.plain, one.grouped)]
    are_numbers = [
        any(form.fullmatch(cell.strip()) for form in forms)
        if isinstance(cell, str)
        else isinstance(cell, number_types.Number) and not isinstance(cell, bool)
        for cell in known
    ]
    return float(np.mean(are_numbers)) if are_numbers else 0.0


def read_numbers(rows, *, decimal=None, thousands=None, separator=None, notes):
    """Return the columns of a table as floats, with NaN for unknown values.

    Parameters
    ----------
    rows : DataFrame
        Columns that must be numbers. The index has the numbers of the rows.
    decimal : {".", ","}, default=None
        Decimal mark. If None, it is found.
    thousands : {".", ",", "'", " "}, default=None
        Mark between thousands. If None, it is any mark if `decimal` is given. Otherwise
        it is found.
    separator : str, default=None
        Separator of the columns in the file, if there is one.
    notes : list of str
        List to extend with notes for the user on the reading of cells.

    Raises
    ------
    InputError
        With all cells that are not numbers, or that can be two numbers.
    """
    problems = Problems()
    texts = {name: _known_text(column) for name, column in rows.items()}
    are_numbers = {
        name: text for name, text in texts.items() if not _says_yes_or_no(text)
    }
    cells = (text.to_numpy(dtype=object) for text in are_numbers.values())
    distinct = pd.unique(np.concatenate([np.empty(0, dtype=object), *cells]))
    if decimal is None and thousands is None:
        reading, rivals = _likely_reading(distinct, separator)
        for name, text in are_numbers.items():
            with problems.collected():
                _check_one_value(name, text, reading, rivals, separator, notes)
    else:
        reading = _given_reading(distinct, decimal, thousands)
    columns = {}
    for name, column in rows.items():
        with problems.collected():
            columns[name] = _numbers(column, texts[name], reading, notes)
    problems.raise_all()
    return pd.DataFrame(columns)


def _given_reading(cells, decimal, thousands):
    """Return the form that the user gives, with a decimal mark that fits best."""
    if thousands is None:
        return _with_groups(decimal)
    if decimal == thousands:
        raise InputError(
            f"--decimal {decimal} and --thousands {thousands} are the same mark. Give "
            "two different marks."
        )
    groups = {" ": _SPACES, "'": _APOSTROPHES}.get(thousands, thousands)
    marks = _MARKS.replace(thousands, "") if decimal is None else decimal
    readings = [_Reading(mark, groups) for mark in marks]
    return max(readings, key=lambda one: np.isfinite(one.numbers(cells)).sum())


def _likely_reading(cells, separator):
    """Return the form of most cells, and the other forms that fit as many cells.

    A comma before decimals needs semicolons between the columns, and groups need a cell
    that has no other form, such as 1.234,5.
    """
    plain = _PLAIN if separator == ";" else _PLAIN[:1]
    values = {one: one.numbers(cells) for one in (*plain, *_GROUPED)}
    is_sure = {
        one: any(
            one.grouped.fullmatch(cell)
            and not any(p.plain.fullmatch(cell) for p in _PLAIN)
            for cell in cells
        )
        for one in _GROUPED
    }
    n_read = {one: int(np.isfinite(found).sum()) for one, found in values.items()}
    possible = [*plain, *(one for one in _GROUPED if is_sure[one])]
    best = max(possible, key=n_read.get)
    rivals = [one for one in values if one != best and n_read[one] == n_read[best]]
    return best, rivals


def _check_one_value(name, text, reading, rivals, separator, notes):
    """Raise or add a note if cells of a column have another value in another form."""
    for rival in rivals:
        first = next(
            (
                row
                for row, cell in text.items()
                if np.isfinite(rival.number(cell))
                and reading.number(cell) != rival.number(cell)
            ),
            None,
        )
        if first is None:
            continue
        cell, mark = text[first], reading.decimal
        value, other = (f"{one.number(cell):.15g}" for one in (reading, rival))
        # Programs write the same number of decimals in every row. People leave some out.
        is_marked = text.str.contains(mark, regex=False)
        if separator == "," and is_marked.all():
            notes.append(
                f"Read {cell} in {name!r} as {value}. If it is {other}, give --decimal "
                f"{rival.decimal}"
            )
            return
        raise InputError(
            f"Column {name!r} has {cell} in row {first}, which can be {value} or "
            f"{other}. Give --decimal {mark} for {value}, or --decimal {rival.decimal} "
            f"for {other}."
        )


def _numbers(column, text, reading, notes):
    """Return one column as floats. Raise if a cell is not a number."""
    name = column.name
    if column.dtype.kind in "mM" or isinstance(column.dtype, pd.PeriodDtype):
        raise InputError(f"Column {name!r} has times where numbers are needed.")
    unknown = is_unknown(column)
    words = {cell.strip() for cell in column[unknown & is_text(column)]} - {""}
    if words:
        notes.append(
            f"Read {', '.join(map(repr, sorted(words)))} in {name!r} as unknown."
        )
    yes, no = _says_yes_or_no(text) or ("true", "false")
    if pd.api.types.is_bool_dtype(column.dtype) or _says_yes_or_no(text):
        notes.append(f"Read {yes} and {no} in {name!r} as 1 and 0.")
    numbers = pd.to_numeric(column.mask(unknown), errors="coerce").astype(float)
    if _says_yes_or_no(text):
        numbers[text.index] = (text.str.lower() == yes).astype(float)
    else:
        numbers[text.index] = [reading.number(cell) for cell in text]
    broken = ((numbers.isna() & ~unknown) | np.isinf(numbers)).to_numpy()
    if broken.any():
        raise _no_number(column, broken)
    notes.extend(_rounded(column, numbers, reading.decimal))
    grouped = [cell for cell in text if reading.grouped.fullmatch(cell)]
    if grouped:
        notes.append(
            f"Read {grouped[0]} in {name!r} as {reading.number(grouped[0]):.15g}."
        )
    return numbers


def _rounded(column, numbers, mark):
    """Return a note on the first whole number with more digits than floats, if any."""
    for place in np.flatnonzero(numbers.abs() >= 2.0**53):
        cell, number = column.iloc[place], numbers.iloc[place]
        if isinstance(cell, str):
            # With an exponent, the last digits don't matter.
            plain = re.sub(f"[^0-9{mark}+-]", "", cell).replace(mark, ".")
            exact = number if re.search("[eE]", cell) else Decimal(plain)
        else:
            exact = cell if isinstance(cell, float | Decimal) else int(cell)
        if exact != Decimal(number):
            said = f"Read {cell} in {column.name!r} as {number:.0f}: numbers"
            return [f"{said} have 16 digits here."]
    return []


def _says_yes_or_no(text):
    """Return the words for 1 and 0 if all cells are such words, else None."""
    words = set(text.str.lower())
    return next((pair for pair in _YES_AND_NO if words and words <= {*pair}), None)


def _no_number(column, broken):
    """Return the error for cells that are not numbers."""
    rows = column.index[broken]
    cell = str(column[rows[0]]).strip()
    offer = "".join(
        f" If it is {one.number(cell):.15g}, give --decimal {one.decimal}"
        for one in _GROUPED
        if np.isfinite(one.number(cell))
    )
    return InputError(
        f"Column {column.name!r} has {cell:.40} in row {rows[0]}, which is not a number"
        f"{and_others(rows)}. Correct it, or leave it empty and see --gaps."
        f"{offer}"
    )
