"""Conversion of a table of rows to a series or a panel for sktime."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from skforecast_lstm._cli.cells import read_numbers
from skforecast_lstm._cli.chosen_rows import chosen_rows
from skforecast_lstm._cli.columns import choose_columns
from skforecast_lstm._cli.errors import InputError, Problems, rows_as_text
from skforecast_lstm._cli.series_ends import aligned, check_same_end, ending_last
from skforecast_lstm._cli.table_times import FLAGS, Timeline, find_steps, parse_times
from skforecast_lstm._cli.text_dates import DateStyle
from skforecast_lstm._cli.totals import without_total

__all__ = ["Table", "table_from_rows"]

# Most notes on single series.
_MOST_NOTES = 5


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

    def check_same_end(self):
        """Raise if the series end at different times."""
        if self.series is not None:
            check_same_end(self.y, self.steps)

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
    wide=False,
    frequency=None,
    duplicates="error",
    gaps="error",
    ends="error",
    only=(),
    decimal=None,
    thousands=None,
    dates=None,
    separator=None,
    row_numbers=None,
):
    """Check columns, times and values, and convert rows to a `Table`.

    Messages name rows by `row_numbers`, which count from 1 by default. All problems of
    the table are raised at once.
    """
    if rows.empty:
        raise InputError("There are no rows.")
    numbered = range(1, len(rows) + 1) if row_numbers is None else row_numbers
    rows = rows.rename(columns=str).set_axis(numbered, axis=0)
    notes, problems = [], Problems()
    its_time = time if time in rows.columns else None
    rows = without_total(rows, its_time, notes)
    rows = chosen_rows(rows, only, notes)
    columns = choose_columns(
        rows,
        target=target,
        time=time,
        series=series,
        exogenous=list(exogenous),
        wide=wide,
        order=dates,
        notes=notes,
        problems=problems,
    )
    return _checked_table(
        rows,
        columns,
        notes,
        problems,
        frequency=frequency,
        duplicates=duplicates,
        gaps=gaps,
        ends=ends,
        dates=dates,
        numbers={"decimal": decimal, "thousands": thousands, "separator": separator},
    )


def _checked_table(
    rows, columns, notes, problems, *, frequency, duplicates, gaps, ends, dates, numbers
):
    """Check the cells of the chosen columns, and return the table."""
    time, names = columns.time, columns.exogenous
    steps = series = None
    values = pd.DataFrame(0.0, rows.index, [*columns.targets, *names])
    with problems.collected():
        values = read_numbers(rows[[*columns.targets, *names]], **numbers, notes=notes)
    with problems.collected():
        series = _series_in(rows, columns, values)
    with problems.collected():
        if time is not None:
            times = parse_times(rows[time], notes, dates)
            style = DateStyle.of(rows[time], dates)
            steps = replace(find_steps(times, frequency), style=style)
            index = steps.index(times).rename(time)
    # Without the right series, times would seem to repeat.
    if problems and (steps is None or series is None or not columns.targets):
        problems.raise_all()
    parts, notes_of_series = {}, []
    for name, part, where in series:
        its_rows = part.set_axis(index[rows.index.get_indexer(part.index)])
        with problems.collected():
            parts[name] = _complete(
                its_rows, steps, where, duplicates, gaps, notes_of_series, problems
            )
    problems.raise_all()
    notes_of_series = list(dict.fromkeys(notes_of_series))
    notes += notes_of_series[:_MOST_NOTES]
    if n_more := len(notes_of_series[_MOST_NOTES:]):
        notes.append(f"There are {n_more} more notes like these.")
    target = next(iter(parts.values())).columns[0]
    n_known = {
        name: part.index.get_loc(part[target].last_valid_index()) + 1
        for name, part in parts.items()
    }
    if ends == "drop":
        parts = ending_last(parts, n_known, steps, notes)
    elif ends == "align":
        parts, steps = aligned(parts, n_known, steps, notes)
    known = {name: part.iloc[: n_known[name]] for name, part in parts.items()}
    ahead = {name: part.iloc[n_known[name] :] for name, part in parts.items()}
    if n_ahead := sum(map(len, ahead.values())):
        use = "are not used"
        if names:
            use = "give --x for the steps to forecast"
        notes.append(f"{n_ahead} rows at the end have no {target!r}. They {use}.")
    is_panel = columns.are_series or columns.series is not None
    level = columns.series
    if columns.are_series:
        level = next(name for name in ("series", "column", "name") if name != time)

    def together(parts, columns):
        if not is_panel:
            return parts[None][columns]
        return pd.concat(parts, names=[level, time])[columns]

    return Table(
        y=together(known, [target] if is_panel else target),
        X=together(known, names) if names else None,
        X_ahead=together(ahead, names) if names else None,
        steps=steps,
        target=target,
        time=time,
        series=level,
        notes=list(dict.fromkeys(notes)),
    )


def _series_in(rows, columns, values):
    """Return the name of each series, its values, and its text for errors."""
    if columns.are_series:
        return [
            (
                name,
                values[[name, *columns.exogenous]].rename(columns={name: "value"}),
                f" in {name!r}",
            )
            for name in columns.targets
        ]
    if columns.series is None:
        return [(None, values, "")]
    column = rows[columns.series]
    is_nameless = column.isna() | (column.astype(str).str.strip() == "")
    if is_nameless.any():
        raise InputError(
            f"Column {columns.series!r} does not name the series of "
            f"{rows_as_text(column.index[is_nameless])}. Write the name in each row. A "
            "merged cell counts for its first row only."
        )
    if not pd.api.types.is_integer_dtype(column.dtype):
        column = column.astype(str)
        # Sort names as numbers, unless leading zeros or a sign would be lost.
        if column.str.fullmatch("0|-?[1-9][0-9]{0,17}").all():
            column = column.astype("int64")
    places = column.groupby(column).indices
    return [(name, values.iloc[places[name]], f" in series {name!r}") for name in places]


def _complete(part, steps, where, duplicates, gaps, notes, problems):
    """Return one sorted series, with each step once and no NaN up to its last value."""
    target = part.columns[0]
    with problems.collected():
        if duplicates == "error":
            FLAGS.check_each_time_once(part.index, where, steps.as_written)
    part = _each_time_once(part, duplicates, notes)
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
    every = part.index
    with problems.collected():
        numbers = FLAGS.check_gaps(
            part.index, counter, where, steps.as_written, allowed=gaps != "error"
        )
        every = counter.times(np.arange(numbers[-1] + 1)).rename(part.index.name)
    return _filled(part.reindex(every), steps, where, gaps, notes, problems)


def _filled(part, steps, where, gaps, notes, problems):
    """Return one series with NaN filled up to the last value of the target."""
    target = part.columns[0]
    n_known = part.index.get_loc(part[target].last_valid_index()) + 1
    numbered, checks = part.reset_index(drop=True), FLAGS
    if gaps != "error":
        ways = {"ffill": numbered.ffill, "interpolate": numbered.interpolate}
        options = {} if gaps == "ffill" else {"limit_area": "inside"}
        numbered = ways[gaps](**options)
        numbered.loc[n_known:, target] = np.nan
        nothing = f"--gaps {gaps} has no value before it to fill it with."
        if gaps == "interpolate":
            nothing = "--gaps interpolate needs values before and after it to fill it."
        checks = replace(FLAGS, empty=nothing)
    filled = numbered.set_axis(part.index)
    for name in filled:
        with problems.collected():
            known = filled[[name]].iloc[: n_known if name == target else None]
            checks.check_values(known, where, steps.as_written)
    if n_filled := int(part.isna().any(axis=1)[:n_known].sum()):
        notes.append(f"Filled {n_filled} gaps{where} by {gaps}.")
    return filled


def _each_time_once(part, duplicates, notes):
    """Merge the rows of the same time with the user's method."""
    if part.index.is_unique:
        return part
    notes.append(f"Used the {duplicates} of rows at the same time.")
    if duplicates == "mean":
        return part.groupby(level=0, sort=False).mean()
    return part[~part.index.duplicated(keep="last")]
