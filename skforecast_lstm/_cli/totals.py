"""Rows at the end of a table, and columns of it, that are totals of the others."""

import re

from skforecast_lstm._cli.cells import is_unknown

__all__ = ["is_total", "without_total"]

_WORDS = (
    "total|totals|grand total|subtotal|sum|sums|average|mean|summe|gesamt|gesamtsumme|"
    "insgesamt|mittelwert|durchschnitt|somme|moyenne|suma|totale|totaal|media"
)
_TOTAL = re.compile(rf"(?:{_WORDS})\b[^0-9]{{0,20}}", re.IGNORECASE)


def is_total(cell):
    """Return True if a cell says that its row or column is a total."""
    return isinstance(cell, str) and _TOTAL.fullmatch(cell.strip()) is not None


def without_total(rows, time, notes):
    """Leave out rows at the end that say that they are totals, with a note.

    A row is a total if it has a word such as "Total" in a column in which no row above
    it does, and no time, if the column of times is known.
    """
    end = len(rows)
    for place in range(len(rows) - 1, max(-1, len(rows) - 4), -1):
        row = rows.iloc[place]
        words = [column for column in range(len(row)) if is_total(row.iloc[column])]
        if time is not None and not _is_no_time(rows[time].iloc[[place]]):
            break
        above = rows.iloc[: max(0, len(rows) - 3)]
        if not words or any(is_total(cell) for cell in above.iloc[:, words[0]]):
            break
        notes.append(
            f"Left out row {rows.index[place]}, which is a total: it has "
            f"{row.iloc[words[0]]!r} in {rows.columns[words[0]]!r}."
        )
        end = place
    return rows.iloc[:end]


def _is_no_time(cell):
    return bool(is_unknown(cell).all()) or is_total(cell.iloc[0])
