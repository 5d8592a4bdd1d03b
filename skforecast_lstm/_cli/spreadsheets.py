"""Rows of an Excel file: one sheet, its header, and the numbers of its rows."""

import numbers
import zipfile

from skforecast_lstm._cli.errors import InputError, needs
from skforecast_lstm._suggestions import did_you_mean

__all__ = ["read_spreadsheet"]


def read_spreadsheet(path, sheet=None):
    """Read one sheet of an Excel file.

    The header is the first row with two filled cells. Empty rows, and columns without a
    cell, are left out.

    Parameters
    ----------
    path : Path
        File that ends with .xlsx or .xlsm.
    sheet : str, default=None
        Name of the sheet. May be None if only one sheet has cells.

    Returns
    -------
    rows : DataFrame
        Rows after the header.
    row_numbers : list of int
        Their numbers in the sheet.
    of_sheet : str or None
        Name of the sheet, if there are others with cells.
    notes : list of str
        Notes for the user on the reading.
    """
    import pandas as pd

    sheets = _filled_sheets(path)
    name = _chosen(path, sheets, sheet)
    rows = sheets[name]
    of_sheet = name if len(sheets) > 1 else None
    filled = {number: sum(cell is not None for cell in row) for number, row in rows}
    first = next((number for number, n_filled in filled.items() if n_filled > 1), None)
    if first is None:
        raise InputError(f"Sheet {name!r} of {path} has no row with two filled cells.")
    notes = []
    above = [cell for number, row in rows if number < first for cell in row if cell]
    if above:
        notes.append(f"The header is row {first}. Above it is {str(above[0])[:40]!r}.")
    header = dict(rows)[first]
    table = [(number, row) for number, row in rows if number > first]
    if not table:
        raise InputError(f"Sheet {name!r} of {path} has no rows after the header.")
    _check_formulas(path, name, table)
    columns, names = [], []
    for place in range(max(len(row) for _, row in rows)):
        cells = [row[place] if place < len(row) else None for _, row in table]
        title = header[place] if place < len(header) else None
        if title is None and all(cell is None for cell in cells):
            continue
        names.append(f"Unnamed: {place}" if title is None else str(title).strip())
        columns.append(_as_column(cells))
    found = pd.concat(columns, axis=1).set_axis(names, axis=1)
    return found, [number for number, _ in table], of_sheet, notes


def _filled_sheets(path, *, formulas=False):
    """Return the rows of each visible sheet with cells, with their numbers."""
    try:
        import openpyxl
    except ImportError as error:
        raise needs("openpyxl", f"Reading {path}", "excel") from error
    try:
        # Without formulas, cells have the results that the last program wrote.
        book = openpyxl.load_workbook(path, read_only=True, data_only=not formulas)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} can't be read as an Excel file. If it has a password, save it "
            "without one. If it is an older format, save it as .xlsx."
        ) from error
    try:
        sheets = {}
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            # Some programs write a wrong size of the sheet.
            sheet.reset_dimensions()
            read = (
                (number, tuple(map(_without_blanks, row)))
                for number, row in enumerate(sheet.iter_rows(values_only=True), start=1)
            )
            rows = [
                (number, row)
                for number, row in read
                if any(cell is not None for cell in row)
            ]
            if rows:
                sheets[sheet.title] = rows
        return sheets
    finally:
        book.close()


def _without_blanks(cell):
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _chosen(path, sheets, sheet):
    """Return the name of the sheet to read."""
    listed = ", ".join(map(repr, sheets))
    if not sheets:
        raise InputError(f"{path} has no visible sheet with cells.")
    if sheet is None:
        if len(sheets) > 1:
            raise InputError(
                f"{path} has the sheets {listed}. Say which one to read, with --sheet."
            )
        return next(iter(sheets))
    if sheet not in sheets:
        raise InputError(
            f"{path} has no sheet {sheet!r} with cells. It has {listed}."
            f"{did_you_mean(sheet, sheets)}"
        )
    return sheet


def _check_formulas(path, name, table):
    """Raise if a formula has no stored result, because its cell would count as empty."""
    if not any(cell is None for _, row in table for cell in row):
        return
    results = dict(table)
    without = []
    for number, row in _filled_sheets(path, formulas=True)[name]:
        found = results.get(number, ())
        for place, cell in enumerate(row):
            is_formula = str(cell).startswith("=") or hasattr(cell, "ref")
            has_result = place < len(found) and found[place] is not None
            if is_formula and not has_result and number >= table[0][0]:
                without.append((number, place))
    if without:
        from openpyxl.utils import get_column_letter

        number, place = without[0]
        more = f", and so have {len(without) - 1} more" if len(without) > 1 else ""
        raise InputError(
            f"Cell {get_column_letter(place + 1)}{number} of {path} has a formula "
            f"without a result{more}. Open the file in a spreadsheet program, save it, "
            "and try again."
        )


def _as_column(cells):
    """Return cells as a column of numbers or dates if all known cells are."""
    import pandas as pd

    known = [cell for cell in cells if cell is not None]
    are_numbers = all(
        isinstance(cell, numbers.Real) and not isinstance(cell, bool) for cell in known
    )
    column = pd.Series(cells, dtype=object)
    if known and are_numbers:
        return pd.to_numeric(column)
    return column.infer_objects()
