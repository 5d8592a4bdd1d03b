"""Choice of the columns of a table: the time, the targets, and the others."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skforecast_lstm._cli.cells import (
    is_text,
    is_unknown,
    looks_like_numbers,
    mostly_numbers,
)
from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_times import DateWithoutMarksError, parse_times
from skforecast_lstm._cli.totals import is_total
from skforecast_lstm._suggestions import did_you_mean

__all__ = ["Columns", "choose_columns"]


@dataclass(frozen=True)
class Columns:
    """Names of the columns in use.

    `time` is None if there is no such column. `are_series` is True if each target is a
    series of its own.
    """

    time: str | None
    targets: list[str]
    exogenous: list[str]
    series: str | None
    are_series: bool


def choose_columns(
    rows, *, target, time, series, exogenous, wide, order, notes, problems
):
    """Choose the columns from the names of the user, or the only ones that fit.

    Columns that do not exist or can't be found are added to the `problems`, and left out.
    """

    def known(names, option):
        for name in names:
            if name not in rows.columns:
                with problems.collected():
                    raise InputError(
                        f"There is no column {name!r} for {option}; the columns are "
                        f"{', '.join(rows.columns)}.{did_you_mean(name, rows.columns)}"
                    )
        return [name for name in names if name in rows.columns]

    asked = [] if target is None else [target]
    if target is not None and target not in rows.columns and "," in target:
        asked = [name.strip() for name in target.split(",")]
    targets = known(asked, "--target")
    its_time = known([] if time is None else [time], "--time")
    its_series = known([] if series is None else [series], "--series")
    exogenous = known(exogenous, "--x")
    are_series = wide or len(asked) > 1
    if are_series and series is not None:
        raise InputError(
            "--series is for a table with one target, and here each target is a series. "
            "Give one --target, or leave --series out."
        )
    if wide and target is not None:
        raise InputError(
            "--wide takes all columns of numbers, and --target names some. Give only one "
            "of them."
        )
    taken = [*targets, *its_series, *exogenous]
    # Without a column that the user names, another one could seem to be the only one.
    if time is None and not problems:
        with problems.collected():
            its_time = [_only_time(rows.drop(columns=taken), order)]
            notes.append(f"Read {its_time[0]!r} as the time.")
    for name in its_time:
        _check_is_header(rows, name, order)
    if target is None and not problems:
        others = rows.drop(columns=[*its_time, *taken])
        targets = _all_numbers(others, notes) if wide else [_only_number(others)]
        listed = ", ".join(map(repr, targets))
        notes.append(f"Read {listed} as the target{'s' if wide else ''}.")
    roles = [*its_time, *targets, *exogenous, *its_series]
    for name in dict.fromkeys(roles):
        _check_one_role(rows, name, roles)
    return Columns(
        its_time[0] if its_time else None,
        targets,
        exogenous,
        its_series[0] if its_series else None,
        are_series,
    )


def _check_is_header(rows, time, order):
    """Raise if the name of the column of times is a time before those below it."""
    if isinstance(rows[time], pd.DataFrame):
        return
    column = pd.Series([time, *rows[time].iloc[:2].astype(str)], dtype=object)
    try:
        times = parse_times(column, order=order or "dmy")
    except InputError:
        return
    are_numbers = pd.api.types.is_integer_dtype(times.dtype)
    # A column of a table without names may be called 0.
    if are_numbers and (len(times) < 3 or np.ptp(np.diff(times)) or times[0] == 0):
        return
    raise InputError(
        f"The names of the columns would be {', '.join(rows.columns)}, which look like "
        "a row of the table. Write a row with their names above it."
    )


def _check_one_role(rows, name, roles):
    """Raise if a column has two roles, or two columns have one name."""
    if roles.count(name) > 1:
        raise InputError(f"Column {name!r} is named for two things. Name it for one.")
    if isinstance(rows[name], pd.DataFrame):
        raise InputError(
            f"{rows[name].shape[1]} columns are called {name!r}. Rename all but one."
        )


def _all_numbers(rows, notes):
    """Return all columns of numbers, except totals of the others.

    A column with a few other cells is one of them: its cells are named later.
    """
    numbers = [name for name, column in rows.items() if mostly_numbers(column)]
    if not numbers:
        raise InputError("--wide needs columns of numbers, and no column has numbers.")
    totals = [name for name in numbers if is_total(name)]
    if totals:
        listed = ", ".join(map(repr, totals))
        notes.append(
            f"Left out {listed}, by the name a total of the others. To forecast it, name "
            "it with --target."
        )
    return [name for name in numbers if name not in totals]


def _only_time(rows, order):
    """Return the only possible time column: that of dates, else that of a counter."""
    dates, counts, doubtful = [], [], []
    for name, column in rows.items():
        if pd.api.types.is_float_dtype(column.dtype) or _has_decimals(column):
            continue
        try:
            times = parse_times(column, order=order)
        except DateWithoutMarksError:
            doubtful.append(name)
            continue
        except InputError:
            if _may_be_dates(column):
                doubtful.append(name)
            continue
        if not pd.api.types.is_integer_dtype(times.dtype):
            dates.append(name)
        elif (np.diff(times) == 1).all() and len(times) > 1:
            counts.append(name)
    # The time may be a counter. It may also be a column of dates that can't be read,
    # such as 202001, or a date with a typing error.
    found = dates or counts + doubtful
    if len(found) == 1 and found == doubtful:
        # This raises an error that names the accepted forms.
        parse_times(rows[found[0]], order=order)
    if len(found) != 1:
        several = f"{', '.join(found)} could be" if found else "no column looks like one"
        raise InputError(
            f"Say which column is the time, with --time: {several}. The columns are "
            f"{', '.join(rows.columns)}."
        )
    return found[0]


def _may_be_dates(column):
    """Return True if a column has dates, or most text cells may be dates.

    Names with numbers count too. It is better to ask than to overlook the time.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return True
    if looks_like_numbers(column):
        return False
    texts = column[is_text(column) & ~is_unknown(column)].astype(str).iloc[:1000]
    has_numbers = texts.str.contains(r"[0-9][^0-9]*[0-9]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dates = pd.to_datetime(texts, format="mixed", errors="coerce")
    return len(texts) > 0 and bool((has_numbers | dates.notna()).mean() > 0.5)


def _has_decimals(column):
    """Return True if numbers in a text column have decimals."""
    return looks_like_numbers(column) and any("." in str(cell) for cell in column)


def _only_number(rows):
    """Return the only possible target: the only column of numbers.

    A column with a few other cells could be meant too.
    """
    numbers = [name for name, column in rows.items() if mostly_numbers(column)]
    if len(numbers) != 1:
        several = f"{', '.join(numbers)} could be" if numbers else "no column has numbers"
        every = " To forecast all of them, give --wide." if numbers else ""
        raise InputError(
            f"Say which column to forecast, with --target: {several}.{every}"
        )
    return numbers[0]
