"""Rows of a table that have the values that the user wants."""

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._suggestions import did_you_mean

__all__ = ["chosen_rows"]

_MOST_SHOWN = 6


def chosen_rows(rows, values, notes):
    """Return the rows whose columns have the given values, as text.

    Parameters
    ----------
    rows : DataFrame
        Rows of the table.
    values : sequence of (str, str)
        Columns and their values. A row must have all of them.
    notes : list of str
        Notes for the user, to extend.
    """
    for name, value in values:
        if name not in rows.columns:
            raise InputError(
                f"There is no column {name!r} for --only; the columns are "
                f"{', '.join(rows.columns)}.{did_you_mean(name, rows.columns)}"
            )
        cells = rows[name].astype(str).str.strip()
        is_chosen = (cells == value).to_numpy()
        if not is_chosen.any():
            known = cells.unique()
            more = ", ..." if len(known) > _MOST_SHOWN else ""
            raise InputError(
                f"No row has {value!r} in {name!r}, for --only; it has "
                f"{', '.join(map(repr, known[:_MOST_SHOWN]))}{more}."
                f"{did_you_mean(value, known)}"
            )
        rows = rows[is_chosen]
    if values:
        notes.append(f"--only chose {len(rows):,} rows.")
    return rows
