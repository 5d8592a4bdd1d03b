"""Datasets of a comparison: series with regular times, a season and windows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sktime.split import ExpandingWindowSplitter

from skforecast_lstm._checks import check_integer
from skforecast_lstm._rounding import mean_change
from skforecast_lstm._series import ManySeries, ranges
from skforecast_lstm._time_steps import Steps, likely_offset
from skforecast_lstm.comparison.checks import TableChecks
from skforecast_lstm.forecasting._defaults import usual_season

# Most windows of a comparison that gives neither their number nor their distance: of few
# series, whose windows are what the tests of significance compare, and of others, whose
# pairs are the series. Many series need only two, since each window costs a fit of each.
_FEW_SERIES, _MOST_WINDOWS_OF_FEW, _MOST_WINDOWS, _FEWEST_WINDOWS = 5, 20, 10, 2
_MOST_WINDOWS_OF_ALL_SERIES = 200

_ARGUMENTS = TableChecks(
    error=ValueError,
    repeated="Keep one row per time, for instance y.groupby(level=0).mean(), or put the "
    "name of the series into the index before the time.",
    gaps="Add them, for times with y.asfreq(...), and fill them with interpolate()",
    empty="Fill it, for instance with interpolate(), or leave that part out.",
    uneven="make the steps equal with y.resample(...)",
    horizon="horizon=",
    windows="n_windows=",
    season="season_length=",
)


@dataclass(frozen=True)
class Dataset:
    """One table of series over the same times, and its cutoffs.

    `y` has one row per time, or one row per series and time. Its index has `steps`,
    which are `times` in a form that forecasters can count. `windows` are the numbers of
    times before each cutoff. Series of a panel may start before `times`; the longest
    has the times `longest`. The names of all series begin with `prefix`.
    """

    name: str
    prefix: tuple[str, ...]
    y: pd.DataFrame
    X: pd.DataFrame | None
    times: pd.Index
    steps: pd.Index
    longest: pd.Index
    season_length: int
    horizon: int
    windows: tuple[int, ...]
    unused_season: int | None = None

    def series(self):
        """Return each column of each series as a series of its own."""
        return every_series(self.y, self.prefix)

    def window(self, n_train):
        """Return the rows of y and X up to the last step of one window."""
        last = self.steps[n_train + self.horizon - 1]

        def until_last(frame):
            if frame is None:
                return None
            return frame[frame.index.get_level_values(-1) <= last]

        return until_last(self.y), until_last(self.X)


def every_series(frame, prefix=()):
    """Return each column of each series of a frame as a series of its own.

    The name of a series has the prefix, its name in the index if the frame is a panel,
    and the name of its column if there are several.
    """
    index, n_columns = frame.index, frame.shape[1]
    numbers, keys = number_keys(index)
    order = np.argsort(numbers, kind="stable")
    lengths = np.bincount(numbers)
    starts = (lengths.cumsum() - lengths).repeat(n_columns)
    lengths = lengths.repeat(n_columns)
    rows = order[ranges(starts, lengths)]
    columns = np.tile(np.arange(n_columns), len(keys)).repeat(lengths)
    ends = [[str(one)] for one in frame.columns] if n_columns > 1 else [[]]
    return ManySeries(
        frame.to_numpy(dtype=np.float64)[rows, columns, None],
        np.append(0, lengths.cumsum()),
        [" / ".join([*prefix, *map(str, key), *end]) for key in keys for end in ends],
        index.get_level_values(-1)[rows],
    )


def number_keys(index):
    """Return the number of the series of each row, and the name of each in the index."""
    if index.nlevels == 1:
        return np.zeros(len(index), dtype=np.int64), [()]
    numbers = np.zeros(len(index), dtype=np.int64)
    # Codes are whole numbers, which are compared far quicker than names.
    for level, codes in zip(index.levels[:-1], index.codes[:-1], strict=True):
        numbers, _ = pd.factorize(numbers * (len(level) + 1) + codes)
    _, first = np.unique(numbers, return_index=True)
    return numbers, [label[:-1] for label in index[first]]


def read_datasets(y, X, *, horizon, season_length, n_windows, step):
    """Check the arguments of `compare`, and cut the data into windows."""
    check_integer("horizon", horizon, 1)
    for name, value in (("n_windows", n_windows), ("step", step)):
        if value is not None:
            check_integer(name, value, 1)
    tables = _by_name(y)
    frames = {name: _frame(table, name, "y") for name, table in tables.items()}
    most = _most_windows(frames.values())
    datasets = []
    for name, frame in frames.items():
        features = _features(_entry(X, name, "X", tables), frame, name)
        times, longest = _times(frame, name)
        windows = _windows(times, name, horizon, n_windows, step, most)
        given = _entry(season_length, name, "season_length", tables)
        where = f" before the first window of {name!r}"
        usual = usual_season(times)
        season = _ARGUMENTS.season_length(given, times, windows[0], where)
        frame.index = _relabelled(frame.index, longest)
        if features is not None:
            features = features.set_axis(frame.index)
        is_one = frame.index.nlevels == 1 and frame.shape[1] == 1
        dataset = Dataset(
            name=name,
            prefix=(name,) if is_one or isinstance(y, Mapping) else (),
            y=frame,
            X=features,
            times=times,
            steps=_countable(longest)[-len(times) :],
            longest=longest,
            season_length=season,
            horizon=horizon,
            windows=windows,
            unused_season=usual if given is None and season < usual else None,
        )
        _check_scale(dataset)
        datasets.append(dataset)
    names = pd.Index([name for one in datasets for name in one.series().names])
    if not names.is_unique:
        twice = names[names.duplicated(keep=False)][0]
        raise ValueError(f"Two series are called {twice!r}. Rename one.")
    return datasets


def _most_windows(frames):
    """Return the most windows of each series if neither number nor distance is given."""
    n_series = sum(len(number_keys(frame.index)[1]) * frame.shape[1] for frame in frames)
    if n_series <= _FEW_SERIES:
        return _MOST_WINDOWS_OF_FEW
    of_each = _MOST_WINDOWS_OF_ALL_SERIES // n_series
    return min(max(of_each, _FEWEST_WINDOWS), _MOST_WINDOWS)


def _countable(times):
    """Return the times in a form that forecasters can continue.

    Some sktime forecasters cannot continue time stamps that are not equally far apart
    in seconds, such as the first of each month. They can continue periods. They count
    by periods without a zone, so even times become those that begin a period.
    """
    if not isinstance(times, pd.DatetimeIndex) or times.freq is None:
        return times
    frequency, is_day = times.freq, isinstance(times.freq, pd.offsets.Day)
    clock = times.tz_localize(None)
    if is_day or isinstance(frequency, pd.offsets.Tick):
        if times.tz is not None and not is_day:
            # By the clock at the first time, which is never changed.
            clock = times.tz_convert("UTC").tz_localize(None) + times[0].utcoffset()
        late = clock[0] - clock[0].to_period(frequency).start_time
        return pd.DatetimeIndex(clock - late, freq=frequency)
    # They cannot continue periods of several months, half months or business days.
    if frequency.n > 1 or frequency.rule_code.startswith(("B", "C", "SM", "b", "c")):
        return pd.RangeIndex(len(times))
    try:
        return clock.to_period()
    except ValueError:
        return pd.RangeIndex(len(times))


def _relabelled(index, longest):
    """Return the index with countable times in place of those of the longest series."""
    countable = _countable(longest)
    if index.nlevels == 1:
        return countable
    *others, times = (index.get_level_values(level) for level in range(index.nlevels))
    times = countable[longest.get_indexer(times)]
    return pd.MultiIndex.from_arrays([*others, times], names=index.names)


def _by_name(y):
    """Return the tables of y by name."""
    if not isinstance(y, Mapping):
        name = getattr(y, "name", None)
        if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
            name = y.columns[0]
        return {"y" if name is None else str(name): y}
    if not y:
        raise ValueError("y is an empty dict. Give at least one series.")
    for name in y:
        if not isinstance(name, str):
            raise TypeError(
                f"The names of datasets must be strings, got {name!r} "
                f"({type(name).__name__}). Use {str(name)!r}."
            )
    return dict(y)


def _entry(given, name, what, tables):
    """Return the entry of one dataset, if given by name, or the value for all."""
    if not isinstance(given, Mapping):
        if what == "X" and given is not None and len(tables) > 1:
            raise TypeError(
                f"y has {len(tables)} datasets, so X must be a dict with an entry for "
                f"each that has features, got {type(given).__name__}."
            )
        return given
    if unknown := [key for key in given if key not in tables]:
        raise ValueError(
            f"{what} has an entry {unknown[0]!r} and y has no such dataset: it has "
            f"{', '.join(map(repr, tables))}. Name them alike."
        )
    return given.get(name)


def _frame(table, name, what):
    """Return one table as a frame of numbers without missing values."""
    if isinstance(table, pd.Series):
        table = table.to_frame(name=name if table.name is None else table.name)
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"{what} of {name!r} must be a pandas Series or DataFrame with its times as "
            f"the index, got {type(table).__name__}. Wrap it: pd.Series(values, "
            "index=pd.period_range('2020-01', periods=len(values), freq='M'))."
        )
    if table.empty:
        raise ValueError(f"{what} of {name!r} has no rows or no columns.")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(
            f"{what} of {name!r} has two columns called {twice!r}. Rename one."
        )
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column]):
            raise TypeError(
                f"Column {column!r} of {what} of {name!r} has type "
                f"{table[column].dtype}, and must be numbers. Convert it, with "
                "pd.to_numeric or an encoder, or drop it."
            )
    _ARGUMENTS.check_values(table, f" of {what} of {name!r}")
    return table.astype(float) if what == "y" else table


def _text(label):
    """Return a time, or a series and its time, as text."""
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _features(X, frame, name):
    """Return the features of one dataset. Raise if their rows are not those of y."""
    if X is None:
        return None
    X = _frame(X, name, "X")
    if X.index.equals(frame.index):
        return X
    absent = frame.index.difference(X.index)
    if len(absent):
        where = f"it has no row for {_text(absent[0])}"
    elif len(X) > len(frame):
        where = "it has others too"
    else:
        where = "its order or time zone is another"
    raise ValueError(
        f"X of {name!r} must have the rows of y, in the same order, and {where}. Use "
        "X.reindex(y.index)."
    )


def _times(frame, name):
    """Return the times of the shortest and longest series, which must end together."""
    if frame.index.nlevels == 1:
        times = _regular(frame.index, f"y of {name!r}")
        return times, times
    index = frame.index
    parts = [index.get_level_values(level) for level in range(index.nlevels - 1)]
    is_unnamed = np.logical_or.reduce([part.isna() for part in parts])
    if is_unnamed.any():
        raise ValueError(
            f"The index of y of {name!r} does not name the series of row "
            f"{is_unnamed.argmax()}. Give it a name, or drop such rows."
        )
    series = every_series(frame[frame.columns[:1]])
    times_by_name = {}
    for number in series.equal_times()[0]:
        times = series.times[series.row_slice(number)]
        where = f"series {series.names[number]} of {name!r}"
        times_by_name[series.names[number]] = _regular(times, where)
    longest = max(times_by_name.values(), key=len)
    for one, times in times_by_name.items():
        if times[-1] != longest[-1] or not times.isin(longest).all():
            raise ValueError(
                f"The series of {name!r} must end together, as all are cut at the same "
                f"times: series {one} ends at {times[-1]}, the longest at {longest[-1]}. "
                "Cut them alike, or give them as a dict of datasets."
            )
    return min(times_by_name.values(), key=len), longest


def _regular(times, where):
    """Return the times if they are sorted and evenly spaced, otherwise raise."""
    kinds = pd.DatetimeIndex | pd.PeriodIndex
    if not isinstance(times, kinds) and not pd.api.types.is_integer_dtype(times):
        raise TypeError(
            f"The index of {where} has type {times.dtype}, and must be times or whole "
            "numbers. Convert it: y.index = pd.to_datetime(y.index)."
        )
    if times.hasnans:
        raise ValueError(
            f"The index of {where} has no time at row {times.isna().argmax()}."
        )
    _ARGUMENTS.check_each_time_once(times, f" in {where}")
    if not times.is_monotonic_increasing:
        row = int(np.argmin(times[1:] > times[:-1]))
        raise ValueError(
            f"The index of {where} is unsorted: {times[row + 1]} comes after "
            f"{times[row]}. Use y.sort_index()."
        )
    if not isinstance(times, pd.DatetimeIndex):
        steps = Steps(times[0], getattr(times, "freq", 1))
    elif len(times) < 2 or times.freq is not None:
        return times
    else:
        steps = Steps(times[0], likely_offset(times))
    _ARGUMENTS.check_gaps(times, steps, f" in {where}")
    is_stamps = isinstance(times, pd.DatetimeIndex)
    return pd.DatetimeIndex(times, freq=steps.step) if is_stamps else times


def _windows(times, name, horizon, n_windows, step, most):
    """Return the number of times before each cutoff.

    The last window ends with the last row.
    """
    n_times = len(times)
    where = f" of {name!r}"
    given, step = (n_windows, step), step or horizon
    n_windows = _ARGUMENTS.number_of_windows(n_times, horizon, n_windows, step, where)
    if given == (None, None) and n_windows > most:
        # Horizons apart, so that windows begin at the same hour or day as without a gap.
        step *= (n_windows - 1) // (most - 1)
        n_windows = most
    first = n_times - horizon - (n_windows - 1) * step
    splitter = ExpandingWindowSplitter(
        fh=np.arange(1, horizon + 1), initial_window=first, step_length=step
    )
    return tuple(len(train) for train, _ in splitter.split(times))


def _check_scale(dataset):
    """Raise if the past of a series never changes, so scaled errors have no meaning."""
    series, season = dataset.series(), dataset.season_length
    is_known = series.times < dataset.steps[dataset.windows[0]]
    lengths = np.add.reduceat(is_known, series.offsets[:-1], dtype=np.int64)
    is_constant = lengths <= season
    for length in np.unique(lengths[~is_constant]):
        (equal,) = np.nonzero(lengths == length)
        rows = series.offsets[equal] + np.arange(length)[:, None]
        is_constant[equal] = mean_change(series.values[rows, 0], season) == 0
    if is_constant.any():
        first = int(is_constant.argmax())
        raise ValueError(
            f"{series.names[first]!r} repeats itself exactly in its first "
            f"{lengths[first]} rows with season_length={season}, so MASE and RMSSE, "
            "which divide by the error of repeating it, mean nothing. Leave it out, or "
            "start where it changes."
        )
