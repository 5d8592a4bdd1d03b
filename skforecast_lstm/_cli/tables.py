"""Conversion of a table of rows to a series or a panel for sktime."""

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from skforecast_lstm._cli.cells import (
    is_text,
    is_unknown,
    looks_like_numbers,
    read_numbers,
)
from skforecast_lstm._cli.table_sources import InputError
from skforecast_lstm._cli.table_times import (
    FLAGS,
    DateWithoutMarksError,
    Timeline,
    find_steps,
    parse_times,
)
from skforecast_lstm._suggestions import did_you_mean

__all__ = ["Table", "table_from_rows"]


@dataclass(frozen=True)
class Table:
    """One series or a panel, with complete and sorted rows.

    `X` has the exogenous columns at the times of `y`. `X_ahead` has them at later times
    that have rows. `notes` are messages on guesses and changes.
    """

    y: Any
    X: Any
    X_ahead: Any
    steps: Timeline
    target: str
    time: str
    series: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def lengths(self):
        """Number of rows of each series."""
        if self.series is None:
            return pd.Series([len(self.y)])
        return self.y.groupby(level=0).size()

    @property
    def shortest(self):
        """Number of rows of the shortest series, and its text for errors."""
        lengths = self.lengths
        where = "" if self.series is None else f" in series {lengths.idxmin()!r}"
        return int(lengths.min()), where

    def with_times_as_written(self, frame):
        """Return a frame with its index as columns, in the format of the source."""
        columns = frame.reset_index(drop=True)
        times = self.steps.as_written(frame.index.get_level_values(-1))
        columns.insert(0, self.time, times, allow_duplicates=True)
        if self.series is not None:
            names = frame.index.get_level_values(0)
            columns.insert(0, self.series, names, allow_duplicates=True)
        return columns

    def first_ahead(self, horizon):
        """Return the first rows of `X_ahead` of each series. Raise if too few exist."""
        if self.X_ahead is None:
            return None
        if self.series is None:
            ahead, fewest, where = self.X_ahead.iloc[:horizon], len(self.X_ahead), ""
        else:
            of_each = self.X_ahead.groupby(level=0)
            counts = of_each.size().reindex(self.lengths.index, fill_value=0)
            ahead, fewest = of_each.head(horizon), int(counts.min())
            where = f" of series {counts.idxmin()!r}"
        if fewest < horizon:
            raise InputError(
                f"With --x the values of {', '.join(self.X.columns)} must be known over "
                f"the horizon: add rows{where} in which {self.target!r} is empty. There "
                f"are {fewest}, and the horizon is {horizon}."
            )
        return ahead


def table_from_rows(
    rows,
    *,
    target=None,
    time=None,
    series=None,
    exogenous=(),
    frequency=None,
    duplicates="error",
    gaps="error",
    decimal=None,
    separator=None,
):
    """Check columns, times and values, and convert rows to a `Table`."""
    if rows.empty:
        raise InputError("There are no rows.")
    rows = rows.rename(columns=str).reset_index(drop=True)
    notes = []
    for name, option in (
        (target, "--target"),
        (time, "--time"),
        (series, "--series"),
        *((name, "--x") for name in exogenous),
    ):
        if name is not None and name not in rows.columns:
            raise InputError(
                f"There is no column {name!r} for {option}; the columns are "
                f"{', '.join(rows.columns)}.{did_you_mean(name, rows.columns)}"
            )
    taken = [name for name in (target, series, *exogenous) if name is not None]
    if time is None:
        time = _only_time(rows.drop(columns=taken))
        notes.append(f"Took {time!r} for the time.")
    if target is None:
        target = _only_number(rows.drop(columns=[time, *taken]))
        notes.append(f"Took {target!r} for the target.")
    roles = [time, target, *exogenous, *([] if series is None else [series])]
    if len(set(roles)) < len(roles):
        twice = next(name for name in roles if roles.count(name) > 1)
        raise InputError(f"Column {twice!r} is named for two things. Name it for one.")
    for name in roles:
        if isinstance(rows[name], pd.DataFrame):
            raise InputError(
                f"{rows[name].shape[1]} columns are called {name!r}. Rename all but one."
            )

    times = parse_times(rows[time], notes)
    values = read_numbers(
        rows[[target, *exogenous]], decimal=decimal, separator=separator, notes=notes
    )
    steps = find_steps(times, frequency)
    values.index = steps.index(times).rename(time)

    parts = {
        name: _complete(values.iloc[places], steps, where, duplicates, gaps, notes)
        for name, places, where in _series_in(rows, series)
    }
    known = {
        name: part.loc[: part[target].last_valid_index()] for name, part in parts.items()
    }
    ahead = {name: part.iloc[len(known[name]) :] for name, part in parts.items()}
    if n_ahead := sum(map(len, ahead.values())):
        use = "to forecast with" if exogenous else "nothing to learn from"
        notes.append(f"The last {n_ahead} rows have no {target!r}: {use}.")

    def together(parts, columns):
        if series is None:
            return parts[None][columns]
        return pd.concat(parts, names=[series, time])[columns]

    names = list(exogenous)
    return Table(
        y=together(known, target if series is None else [target]),
        X=together(known, names) if names else None,
        X_ahead=together(ahead, names) if names else None,
        steps=steps,
        target=target,
        time=time,
        series=series,
        notes=list(dict.fromkeys(notes)),
    )


def _only_time(rows):
    """Return the only possible time column: that of dates, else that of a counter."""
    dates, counts, doubtful = [], [], []
    for name, column in rows.items():
        if pd.api.types.is_float_dtype(column.dtype) or _has_decimals(column):
            continue
        try:
            times = parse_times(column)
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
        parse_times(rows[found[0]])
    if len(found) != 1:
        several = f"{', '.join(found)} could be" if found else "no column looks like one"
        raise InputError(
            f"Say which column is the time, with --time: {several}. The columns are "
            f"{', '.join(rows.columns)}."
        )
    return found[0]


def _may_be_dates(column):
    """Return True if most text cells may be dates, even if not all can be read.

    Names with numbers count too. It is better to ask than to overlook the time.
    """
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
    """Return the only possible target: the only column of numbers."""
    numbers = [name for name, column in rows.items() if looks_like_numbers(column)]
    if len(numbers) != 1:
        several = f"{', '.join(numbers)} could be" if numbers else "no column has numbers"
        raise InputError(f"Say which column to forecast, with --target: {several}.")
    return numbers[0]


def _series_in(rows, series):
    """Return the name of each series, its row positions, and its text for errors."""
    if series is None:
        return [(None, np.arange(len(rows)), "")]
    column = rows[series]
    is_nameless = column.isna() | (column.astype(str).str.strip() == "")
    if is_nameless.any():
        row = int(is_nameless.to_numpy().argmax()) + 1
        raise InputError(f"Column {series!r} does not name the series of row {row}.")
    if not pd.api.types.is_integer_dtype(column.dtype):
        column = column.astype(str)
        # Sort names as numbers, unless leading zeros or a sign would be lost.
        if column.str.fullmatch("0|-?[1-9][0-9]{0,17}").all():
            column = column.astype("int64")
    places = column.groupby(column).indices
    return [(name, places[name], f" in series {name!r}") for name in places]


def _complete(part, steps, where, duplicates, gaps, notes):
    """Return one sorted series, with each step once and no NaN up to its last value."""
    target = part.columns[0]
    part = _each_time_once(part, steps, where, duplicates, notes)
    if not part.index.is_monotonic_increasing:
        notes.append("The rows were not in the order of time, and were sorted.")
        part = part.sort_index()
    known = part[target].notna().to_numpy()
    if not known.any():
        raise InputError(f"Column {target!r} is empty{where}.")
    if first := int(known.argmax()):
        notes.append(f"Left out {first} rows before the first {target!r}{where}.")
        part = part.iloc[first:]
    counter = steps.from_first(part.index)
    numbers = FLAGS.check_gaps(
        part.index, counter, where, steps.as_written, allowed=gaps != "error"
    )
    every = counter.times(np.arange(numbers[-1] + 1)).rename(part.index.name)
    return _filled(part.reindex(every), steps, where, gaps, notes)


def _filled(part, steps, where, gaps, notes):
    """Return one series with NaN filled up to the last value of the target."""
    target = part.columns[0]
    n_known = part.index.get_loc(part[target].last_valid_index()) + 1
    numbered, checks = part.reset_index(drop=True), FLAGS
    if gaps != "error":
        ways = {"ffill": numbered.ffill, "interpolate": numbered.interpolate}
        options = {} if gaps == "ffill" else {"limit_area": "inside"}
        numbered = ways[gaps](**options)
        numbered.loc[n_known:, target] = np.nan
        nothing = f"--gaps {gaps} has nothing to fill it from there."
        checks = replace(FLAGS, empty=nothing)
    filled = numbered.set_axis(part.index)
    for known in (filled[[target]].iloc[:n_known], filled.drop(columns=target)):
        checks.check_values(known, where, steps.as_written)
    if n_filled := int(part.isna().any(axis=1)[:n_known].sum()):
        notes.append(f"Filled {n_filled} gaps{where} by {gaps}.")
    return filled


def _each_time_once(part, steps, where, duplicates, notes):
    """Merge the rows of the same time with the user's method."""
    if part.index.is_unique:
        return part
    if duplicates == "error":
        FLAGS.check_each_time_once(part.index, where, steps.as_written)
    notes.append(f"Took the {duplicates} of rows at the same time.")
    if duplicates == "mean":
        return part.groupby(level=0, sort=False).mean()
    return part[~part.index.duplicated(keep="last")]
