"""Sources of rows: a file, a database, or a bundled data set."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from skforecast_lstm._cli.errors import InputError, first_line, needs
from skforecast_lstm._cli.spreadsheets import read_spreadsheet
from skforecast_lstm._cli.text_files import read_text_file
from skforecast_lstm._suggestions import did_you_mean

__all__ = ["DATASETS", "Source", "read_source"]


@dataclass(frozen=True)
class Source:
    """Rows, a short name for them, and the default columns.

    The cells of a text file are unparsed text, and `separator` is its separator. `file`
    is the file of the rows, if they come from one. `row_numbers` are those of a text file
    or spreadsheet, whose empty rows are left out; other rows are counted from 1. `notes`
    are messages on the reading.
    """

    name: str
    rows: Any
    target: str | None = None
    time: str | None = None
    separator: str | None = None
    file: Path | None = None
    row_numbers: Any = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Dataset:
    """Data set of sktime, and the sktime function that loads it."""

    about: str
    loader: str
    target: str | None = None


_EXCEL = (".xlsx", ".xlsm")
_TEXT = (".csv", ".tsv", ".txt")

DATASETS = {
    "airline": _Dataset("passengers of airlines, 144 months", "load_airline"),
    "longley": _Dataset("employment and the economy, 16 years", "load_longley", "TOTEMP"),
    "lynx": _Dataset("lynx trapped in Canada, 114 years", "load_lynx"),
    "macroeconomic": _Dataset(
        "economy of the US, 203 quarters", "load_macroeconomic", "realgdp"
    ),
    "pbs": _Dataset("prescriptions in Australia, 204 months", "load_PBS_dataset"),
    "shampoo": _Dataset("sales of shampoo, 36 months", "load_shampoo_sales"),
    "solar": _Dataset("solar power in Great Britain, half-hourly", "load_solar"),
    "uschange": _Dataset(
        "changes of consumption in the US, 187 quarters", "load_uschange", "Consumption"
    ),
}


def read_source(source, *, query=None, sheet=None, encoding=None):
    """Read all rows of the source that the argument SOURCE names."""
    if encoding is not None and not source.lower().removesuffix(".gz").endswith(_TEXT):
        raise InputError(
            f"--encoding is for CSV files, and {source!r} is not one. Leave it out."
        )
    if sheet is not None and not source.lower().endswith(_EXCEL):
        raise InputError(
            f"--sheet is for Excel files, and {source!r} is not one. Leave --sheet out."
        )
    if "://" in source:
        return _read_database(source, query)
    if query is not None:
        raise InputError(
            f"--query is for databases, and {source!r} is not one. Give a URL such as "
            "sqlite:///file.sqlite."
        )
    path = Path(source)
    if source.lower() in DATASETS:
        return _load_dataset(source.lower())
    if path.exists() or path.suffix or path.name != source:
        return _read_file(path, sheet, encoding)
    raise InputError(
        f"There is no bundled data set {source!r}, and no file of this name. Data sets: "
        f"{', '.join(DATASETS)}.{did_you_mean(source, [*DATASETS, *_files_beside(path)])}"
    )


def _load_dataset(name):
    """Load a data set of sktime, with its time as a column."""
    import pandas as pd
    from sktime import datasets

    dataset = DATASETS[name]
    offline = {"api_version": None} if name == "solar" else {}
    parts = getattr(datasets, dataset.loader)(**offline)
    rows = pd.concat(parts, axis=1) if isinstance(parts, tuple) else pd.DataFrame(parts)
    if name == "uschange":
        # sktime sorts by quarter and then drops it. The start is that of its file.
        rows.index = pd.period_range(
            "1970Q1", periods=len(rows), freq="Q", name="Quarter"
        )
    target = dataset.target or rows.columns[0]
    return Source(name, rows.reset_index(), target, rows.index.name)


def _files_beside(path):
    """Return the names of the files in the folder of a path."""
    try:
        return sorted(os.listdir(path.parent))
    except OSError:
        return []


def _read_file(path, sheet, encoding):
    """Read the rows of a CSV, Excel or Parquet file."""
    if not path.exists():
        folder = path.parent
        if not folder.is_dir():
            raise InputError(f"There is no file {path}: no folder {folder}.")
        raise InputError(
            f"There is no file {path.name} in {folder.resolve()}."
            f"{did_you_mean(path.name, _files_beside(path))}"
        )
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give a CSV, Excel or Parquet file in it.")
    if path.name.lower().endswith(_EXCEL):
        rows, row_numbers, of_sheet, notes = read_spreadsheet(path, sheet)
        return Source(
            path.name.rpartition(".")[0] + (f"-{of_sheet}" if of_sheet else ""),
            rows,
            file=path,
            row_numbers=row_numbers,
            notes=tuple(notes),
        )
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    separator = row_numbers = None
    if f".{kind}" in _TEXT:
        rows, separator, row_numbers = read_text_file(path, encoding)
    elif kind in ("parquet", "pq"):
        rows = _read_parquet(path)
    elif kind in ("db", "sqlite", "sqlite3"):
        raise InputError(f"{path} is a database. Give it as sqlite:///{path}?table=NAME.")
    elif kind in ("xls", "xlsb", "ods"):
        raise InputError(
            f"{path} is a spreadsheet in a format that can't be read. Save it as .xlsx "
            "or .csv."
        )
    else:
        raise InputError(
            f"The name {path} does not end like that of a table. Give a file that ends "
            "with .csv, .xlsx or .parquet."
        )
    name = path.name.partition(".")[0] or "table"
    return Source(name, rows, separator=separator, file=path, row_numbers=row_numbers)


def _read_parquet(path):
    """Read the rows of a Parquet file, with an index of names or times as columns."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise needs("pyarrow", f"Reading {path}") from error
    import pandas as pd

    try:
        rows = pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError, pa.ArrowException) as error:
        message = f"{path} can't be read as Parquet: {first_line(error)}."
        raise InputError(message) from error
    if isinstance(rows.index, pd.DatetimeIndex | pd.PeriodIndex):
        rows.index.name = rows.index.name or "index"
    names = [name for name in rows.index.names if name is not None]
    for name in names:
        if name in rows.columns:
            raise InputError(
                f"The index of {path} is called {name!r}, as one of its columns is. "
                "Rename one."
            )
    return rows.reset_index(names) if names else rows


def _read_database(address, query):
    """Read the rows of a table or a query. Nothing is ever committed."""
    try:
        import sqlalchemy
    except ImportError as error:
        raise needs("SQLAlchemy", f"Reading {address.partition('://')[0]}") from error

    try:
        url = sqlalchemy.make_url(address)
        table = (url.normalized_query.get("table") or [None])[-1]
        url = url.difference_update_query(["table"])
        _check_database_exists(url)
        engine = sqlalchemy.create_engine(_only_to_read(url))
    except sqlalchemy.exc.NoSuchModuleError as error:
        raise InputError(
            f"SQLAlchemy does not know the database {address.partition('://')[0]!r}. "
            "Give a URL such as sqlite:///file.sqlite?table=NAME, or a file."
        ) from error
    except (sqlalchemy.exc.SQLAlchemyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"The database URL can't be read: {first_line(error)}."
        ) from error
    except ModuleNotFoundError as error:
        raise InputError(
            f"This database needs the driver {error.name}, which is not installed. "
            f"Install it with: pip install {error.name}"
        ) from error

    if table is not None and query is not None:
        raise InputError("Give ?table= in the URL or --query, not both.")
    try:
        with engine.connect() as connection:
            is_file = url.get_backend_name() == "sqlite"
            if is_file:
                connection.exec_driver_sql("PRAGMA query_only = ON")
            if query is not None:
                source = Source("query", _read_query(connection, query))
            else:
                source = _read_table(connection, table)
            return replace(source, file=_database_file(url) if is_file else None)
    # Cells of SQLite can have another type than their column.
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        where = url.render_as_string(hide_password=True)
        raise InputError(
            f"{where} has a cell that can't be read: {first_line(error)}. Correct it, "
            "or read its column as text, with --query and CAST(... AS TEXT)."
        ) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        where = url.render_as_string(hide_password=True)
        raise InputError(f"{where} can't be read: {first_line(error)}.") from error
    finally:
        engine.dispose()


def _check_database_exists(url):
    """Raise if the file of a database does not exist, so none is created."""
    if url.get_backend_name() not in ("sqlite", "duckdb"):
        return
    path = _database_file(url)
    if path is None:
        raise InputError("The URL names no database file: sqlite:///FILE?table=NAME.")
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give a database file in it.")
    if not path.exists():
        raise InputError(
            f"There is no database {path.name} in {path.parent.resolve()}."
            f"{did_you_mean(path.name, _files_beside(path))}"
        )


def _database_file(url):
    """Return the file of a database, also for a file: URI; None if it is in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        name = unquote(urlsplit(name).path)
    is_in_memory = not name or name == ":memory:" or url.query.get("mode") == "memory"
    return None if is_in_memory else Path(name)


def _only_to_read(url):
    """Return the URL in read-only mode, so SQLite neither writes nor creates a file."""
    if url.get_backend_name() != "sqlite":
        return url
    query = {**url.query, "uri": "true", "mode": "ro"}
    return url.set(database=_database_file(url).absolute().as_uri(), query=query)


_COMMENT = r"--[^\n]*|#[^\n]*|/\*(?!!).*?\*/"
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]"
_CHANGES = (
    "insert|update|delete|merge|into|drop|alter|create|truncate|pragma|attach|detach|"
    "vacuum|grant|revoke|call|exec|execute|copy"
)


def _check_only_reads(query):
    """Raise unless a query is one SELECT. It may have comments."""
    # The pattern matches quotes first, so text in quotes is not taken for a comment.
    bare = re.sub(
        f"({_QUOTED})|{_COMMENT}",
        lambda found: " quoted " if found[1] else " ",
        query,
        flags=re.DOTALL,
    )
    bare = bare.strip().rstrip(";").lower()
    found = re.search(rf"\b({_CHANGES})\b|;", bare)
    if not re.match(r"[\s(]*(select|with|values|table)\b", bare) or found:
        why = f", and not one with {found[0]!r}" if found else ""
        raise InputError(f"--query must be a SELECT{why}, got {query!r}.")


def _read_query(connection, query):
    """Read the rows of a SELECT."""
    import pandas as pd
    import sqlalchemy

    _check_only_reads(query)
    # Escape colons, as in '%H:%M', which would begin a parameter.
    statement = sqlalchemy.text(query.replace(":", r"\:"))
    try:
        return pd.read_sql_query(statement, connection)
    # Only later pandas give the errors of SQLAlchemy a type of their own.
    except (pd.errors.DatabaseError, sqlalchemy.exc.SQLAlchemyError) as error:
        reason = first_line(error.__cause__ or error)
        raise InputError(f"--query failed: {reason}.") from error


def _read_table(connection, table):
    """Read the rows of a table or view. Without a name, read the only one."""
    import pandas as pd
    import sqlalchemy

    inspector = sqlalchemy.inspect(connection)
    names = [*inspector.get_table_names(), *inspector.get_view_names()]
    listed = f"It has {', '.join(sorted(names))}." if names else "It has none."
    if table is None:
        if len(names) != 1:
            raise InputError(
                "Say which table of the database to read, with ?table=NAME at the end of "
                f"the URL, or with --query. {listed}"
            )
        table = names[0]
    schema, _, name = table.rpartition(".") if table not in names else (None, "", table)
    known = names if not schema else inspector.get_table_names(schema=schema)
    if name not in known:
        raise InputError(
            f"The database has no table {table!r}. {listed}{did_you_mean(table, names)}"
        )
    rows = pd.read_sql_table(name, connection, schema=schema or None)
    return Source(name, rows)
