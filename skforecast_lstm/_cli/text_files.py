"""Cells of CSV files, in any encoding that is certain or given."""

import codecs
import csv
import gzip
import zlib

from skforecast_lstm._cli.errors import InputError, first_line

__all__ = ["read_text_file"]

# The mark of UTF-32 begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_text_file(path, encoding=None):
    """Return the cells of a text file, their separator, and the numbers of the rows.

    The separator is found in the header. Rows without a filled cell are left out.
    """
    import pandas as pd

    try:
        found = _find_encoding(path, encoding)

        def read(separator, **options):
            return pd.read_csv(
                path,
                sep=separator,
                header=None,
                dtype=str,
                na_filter=False,
                encoding=found,
                **options,
            )

        header = read("\0", nrows=1).iloc[0, 0]
        separator = max(",;\t", key=header.count)
        rows = read(separator)
    except UnicodeError as error:
        raise _not_decoded(path, found, encoding) from error
    except (OSError, ValueError, EOFError, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} can't be read as CSV: {first_line(error)}.") from error
    _check_no_nul(path, separator, found)
    names = [name or f"Unnamed: {place}" for place, name in enumerate(rows.iloc[0])]
    rows = rows.iloc[1:].set_axis(names, axis=1)
    # Only few rows begin with an empty cell.
    may_be_empty = rows[(rows.iloc[:, 0].str.strip() == "").to_numpy()].fillna("")
    is_empty = may_be_empty.apply(lambda column: column.str.strip() == "").all(axis=1)
    rows = rows.drop(index=is_empty.index[is_empty])
    return rows.reset_index(drop=True), separator, list(rows.index)


def _opened(path, mode, **options):
    is_packed = path.name.lower().endswith(".gz")
    return (gzip.open if is_packed else open)(path, mode, **options)


def _find_encoding(path, given):
    """Return the given encoding, or the one of the mark at the start, or UTF-8."""
    with _opened(path, "rb") as file:
        start = file.read(1000)
    marked = next((_MARKS[mark] for mark in _MARKS if start.startswith(mark)), None)
    if given is None and marked is None:
        for first, name in enumerate(["utf-16-be", "utf-16-le"]):
            if start[first::2].count(0) > len(start) / 4:
                raise InputError(
                    f"{path} can't be read as CSV: every second byte is zero, as in "
                    f"UTF-16. Give --encoding {name}, or save it as UTF-8."
                )
    if given is None:
        return marked or "utf-8-sig"
    name = codecs.lookup(given).name
    if marked is None:
        return "utf-8-sig" if name == "utf-8" else given
    if name.startswith(marked.removesuffix("-sig")):
        return marked
    raise InputError(
        f"{path} begins with the mark of {marked.removesuffix('-sig').upper()}, but "
        f"--encoding is {given}. Leave --encoding out."
    )


def _not_decoded(path, encoding, given):
    """Return the error for a file that is in another encoding."""
    advice = "Give its encoding with --encoding, or save it as UTF-8."
    named = "UTF-8" if given is None and encoding == "utf-8-sig" else given or encoding
    where = ""
    # The lines of other encodings can't be told apart by bytes.
    if not encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        with _opened(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode(encoding)
                except UnicodeError as error:
                    where, advice = f" in line {number}", _advice(line, error, advice)
                    break
    return InputError(f"{path} can't be read as CSV: it is not {named}{where}. {advice}")


def _advice(line, error, advice):
    """Return advice that shows a line as it would be in the encoding of Windows."""
    place = getattr(error, "start", 0)
    try:
        before, after = (
            part.decode("cp1252")
            for part in (line[max(place - 20, 0) : place], line[place : place + 20])
        )
    except UnicodeDecodeError:
        return advice
    shown = (before + after.partition("\n")[0]).strip()
    return (
        f"In cp1252, which Windows writes in Western Europe, it would be {shown!r}. If "
        "that is right, give --encoding cp1252. Otherwise give its encoding with "
        "--encoding, or save it as UTF-8."
    )


def _check_no_nul(path, separator, encoding):
    """Raise if a cell has a NUL character, because pandas reads nothing after it."""
    as_text = {"mode": "rt", "encoding": encoding, "newline": ""}
    # Bytes are faster, but numbers in UTF-16 and UTF-32 are zero in part.
    has_wide_units = b"\0" in "a".encode(encoding)
    wanted: str | bytes = "\0" if has_wide_units else b"\0"
    with _opened(path, **as_text if has_wide_units else {"mode": "rb"}) as file:
        if not any(wanted in part for part in iter(lambda: file.read(2**20), wanted[:0])):
            return
    with _opened(path, **as_text) as file:
        rows = filter(None, csv.reader(file, delimiter=separator))
        try:
            header = next(rows)
            number, place = next(
                (number, place)
                for number, row in enumerate([header, *rows])
                for place, cell in enumerate(row)
                if "\0" in cell
            )
        except (csv.Error, StopIteration):
            where = ""
        else:
            row = f"row {number}" if number else "the header"
            named = repr(header[place]) if place < len(header) else place + 1
            where = f" in {row}, column {named}"
    raise InputError(
        f"{path} has a NUL byte{where}, and nothing after it can be read. Write the "
        "file again, or delete the byte."
    )
