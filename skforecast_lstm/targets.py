"""Targets to predict: several steps ahead, and intervals between events."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.utils.validation import check_array

from skforecast_lstm._checks import check_integer, check_no_mask
from skforecast_lstm._gaps import find_calendars, insert_missing_rows
from skforecast_lstm._target_names import names_of_steps
from skforecast_lstm._time_index import many_series

__all__ = ["events_to_intervals", "horizon_targets", "intervals_to_events"]


def horizon_targets(
    y: Any, n_steps: int, *, gaps: Literal["nan", "ignore"] = "nan"
) -> NDArray | pd.DataFrame:
    """Return the targets of several steps ahead for every row.

    Row *t* holds ``y[t]``, ..., ``y[t + n_steps - 1]``. A :class:`LookbackWindower` with
    ``horizon=1`` ends the window of row *t* right before row *t*. With it, the targets
    are the `n_steps` steps that follow the window.

    The targets of one series are a read-only view of one array. They take no memory of
    their own, for any number of steps. The targets of many series are copied.

    Parameters
    ----------
    y : {array-like, series, dataframe} of shape (n_samples,) or (n_samples, n_columns)
        Rows in time order. With a pandas MultiIndex, the rows belong to many series. The
        last level is the time. No target is taken from another series.
    n_steps : int
        Number of steps ahead.
    gaps : {"nan", "ignore"}, default="nan"
        Treatment of steps that are missing from the index, as in
        :class:`LookbackWindower`. With "ignore", the targets are the next rows.

    Returns
    -------
    targets : {ndarray, dataframe} of shape (n_samples, n_steps) or \
            (n_samples, n_steps * n_columns)
        Targets, step by step: all columns of the first step come first. Steps after the
        end of a series are NaN, and have weight 0 in `fit` of :class:`LSTMRegressor`.
        Steps that are missing from the index are NaN too. They are found as in
        :class:`LookbackWindower`. With ``sklearn.set_config(transform_output="pandas")``,
        a table of pandas gives a data frame with the names ``load_t+1``, ``load_t+2``
        and so on. ``t+1`` is the first step after the window.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.targets import horizon_targets
    >>> horizon_targets(np.arange(4.0), 3)
    array([[ 0.,  1.,  2.],
           [ 1.,  2.,  3.],
           [ 2.,  3., nan],
           [ 3., nan, nan]])
    """
    check_integer("n_steps", n_steps, 1)
    if gaps not in ("nan", "ignore"):
        raise ValueError(f"gaps must be one of ('nan', 'ignore'), got {gaps!r}.")
    targets = _horizon_targets(y, n_steps, gaps == "ignore")
    if not hasattr(y, "iloc") or get_config()["transform_output"] != "pandas":
        return targets
    names = y.columns if hasattr(y, "columns") else ["y" if y.name is None else y.name]
    names = names_of_steps(names, n_steps)
    return pd.DataFrame(targets, index=y.index, columns=names, copy=False)


def _horizon_targets(y, n_steps, ignore_gaps):
    """Return the targets of several steps ahead as an array."""
    check_no_mask("y", y)
    values = check_array(
        y,
        dtype=[np.float64, np.float32],
        ensure_2d=False,
        ensure_all_finite="allow-nan",
        input_name="y",
    )
    values = values.reshape(len(values), -1)
    series, order = many_series(values, y.index if hasattr(y, "iloc") else None)
    steps, places = insert_missing_rows(
        series, n_steps, find_calendars(series, ignore_gaps=ignore_gaps)
    )
    targets = _steps_ahead(steps, n_steps)
    if places is None and len(series) == 1:
        return targets
    places = np.arange(len(values)) if places is None else places
    every = steps.numbers[places] * (n_steps - 1) + places
    if order is not None:
        every[order] = every.copy()
    targets = targets[every]
    targets.flags.writeable = False
    return targets


def _steps_ahead(series, n_steps):
    """Return the steps that begin at each row, as a view of one copy of the series.

    Unknown rows follow each series, so that no target has steps of two series.
    """
    n_rows, n_columns = series.values.shape
    n_between = n_steps - 1
    shape = (n_rows + n_between * len(series), n_columns)
    padded = np.full(shape, np.nan, dtype=series.values.dtype)
    if len(series) == 1:
        padded[:n_rows] = series.values
    else:
        padded[np.arange(n_rows) + n_between * series.numbers] = series.values
    return sliding_window_view(padded.ravel(), n_steps * n_columns)[::n_columns]


def events_to_intervals(
    events: pd.DataFrame | pd.Series | pd.DatetimeIndex,
    *,
    by: Hashable | Sequence[Hashable] | None = None,
    time: Hashable = "time",
    unit: str = "D",
    merge: str | pd.Timedelta | None = None,
    until: str | pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Return the time since the previous event, for events of one or many customers.

    The result is a table of many series for :class:`LookbackWindower`. A window has the
    last intervals of one customer, and none of another.

    Rows may be in any order. Rows without a time or a customer are left out. Events of a
    customer at the same time count as one.

    Parameters
    ----------
    events : DataFrame, Series or DatetimeIndex
        Table with one event per row, or the times of one customer's events. Text is read
        as times if it has the format ISO 8601, such as 2026-01-31 17:30.
    by : name or list of names, default=None
        Column or columns that identify the customer. None means that all events belong
        to one customer.
    time : name, default="time"
        Column with the time of the event.
    unit : str, default="D"
        Unit of the intervals: "D" for days, "h", "min", or any other length of time that
        :class:`pandas.Timedelta` reads.
    merge : str or Timedelta, default=None
        Events to count as one, at the time of the first of them. "D" merges the events
        of one calendar day, in the time zone of the times. A length of time, such as
        "2h", merges an event into a counted event that is less than this time before it.
    until : str or Timestamp, default=None
        Present time. Events from this time on are left out. Every customer gets one more
        row at this time, for the next event. Its interval is unknown (NaN), and the
        prediction of a pipeline for this row is the forecast of the interval.

    Returns
    -------
    intervals : DataFrame of shape (n_events, 1)
        Table with the column ``interval``, sorted by customer and time. The interval is
        NaN for the first event of a customer. The index is a MultiIndex of customer and
        time, or the time alone if `by` is None.

    See Also
    --------
    intervals_to_events : Converts forecast intervals to times.

    Notes
    -----
    Intervals are true durations. If the clocks change to summer time between two noons,
    the interval is 23 hours. To count every local day as one day, give local times
    without a zone: ``events["time"].dt.tz_localize(None)``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skforecast_lstm.targets import events_to_intervals
    >>> visits = pd.DataFrame(
    ...     {
    ...         "customer": ["Ada", "Bob", "Ada", "Ada"],
    ...         "time": ["2026-01-05", "2026-01-06", "2026-01-01", "2026-01-12 12:00"],
    ...     }
    ... )
    >>> events_to_intervals(visits, by="customer")
                                  interval
    customer time
    Ada      2026-01-01 00:00:00       NaN
             2026-01-05 00:00:00       4.0
             2026-01-12 12:00:00       7.5
    Bob      2026-01-06 00:00:00       NaN

    With a row for the next visit of each:

    >>> events_to_intervals(visits, by="customer", until="2026-01-10")
                         interval
    customer time
    Ada      2026-01-01       NaN
             2026-01-05       4.0
             2026-01-10       NaN
    Bob      2026-01-06       NaN
             2026-01-10       NaN
    """
    table, names, time = _check_events(events, by, time)
    if until is not None:
        until = _match_time_zone(table[time], until)
        table = table[table[time] < until]
    customers = np.zeros(len(table), dtype=int)
    if names:
        customers = table.groupby(names, observed=True).ngroup().to_numpy()
    order = np.lexsort((table[time], customers))
    order = order[_mark_counted(customers[order], table[time].iloc[order], merge)]
    table, customers = table.iloc[order].reset_index(drop=True), customers[order]
    intervals = table[time].diff() / _parse_length("unit", unit)
    intervals[np.diff(customers, prepend=-1) > 0] = np.nan
    if until is not None:
        coming = table[np.diff(customers, append=-1) != 0].copy()
        coming[time] = pd.Series(until, coming.index, dtype=table[time].dtype)
        intervals = pd.concat([intervals, pd.Series(np.nan, coming.index)])
        intervals = intervals.sort_index(kind="stable")
        table = pd.concat([table, coming]).sort_index(kind="stable")
    # Last, because a column of customers or times may also have this name.
    return table.set_index([*names, time]).assign(interval=intervals.to_numpy())


def _check_events(events, by, time):
    """Return the events as a table without missing values, and its column names."""
    if not isinstance(events, pd.DataFrame):
        if by is not None:
            raise ValueError(
                f"by={by!r} names a column, but events is a {type(events).__name__}. "
                "Give a DataFrame with columns for customers and times."
            )
        time = getattr(events, "name", None) or time
        events = pd.Series(events, name=time).to_frame()
    names = [] if by is None else list(by) if isinstance(by, list | tuple) else [by]
    missing = [name for name in [*names, time] if name not in events]
    if missing:
        raise ValueError(
            f"events has no column {missing[0]!r}. Its columns are "
            f"{events.columns.tolist()}; name those of customers with by= and that of "
            "times with time=."
        )
    taken = [*names, time]
    for name in taken:
        if taken.count(name) > 1 or isinstance(events[name], pd.DataFrame):
            raise ValueError(
                f"{name!r} is the name of several columns, or given twice in by= and "
                "time=. Give each column a different name, and name each only once."
            )
    table = events[taken].reset_index(drop=True)
    table[time] = _parse_times(table[time], time)
    return table.dropna(), names, time


def _parse_times(column, name):
    """Convert a column to times. Raise for numbers and for ambiguous text."""
    if column.dtype.kind == "M" or column.isna().all():
        return pd.to_datetime(column)
    cause = None
    if not pd.api.types.is_numeric_dtype(column.dtype):
        try:
            times = pd.to_datetime(column, format="ISO8601")
            # pandas also reads the words "now" and "today" as times.
            written = column.dropna().astype(str).str.strip()
            if times.dtype.kind == "M" and written.str.match("[0-9]").all():
                return times
        except (TypeError, ValueError) as error:
            cause = error
    raise ValueError(
        f"{name!r} of events can't be read as times: it has type {column.dtype}, and its "
        f"first value is {column.dropna().iloc[0]!r}. Convert it with "
        "pandas.to_datetime, which takes a format, the unit of numbers, and utc=True for "
        "several time zones."
    ) from cause


def _match_time_zone(times, moment):
    """Return `moment` as a timestamp that can be compared with times."""
    moment = pd.Timestamp(moment)
    if (moment.tz is None) != (times.dt.tz is None):
        raise ValueError(
            f"until={moment} has {'no' if moment.tz is None else 'a'} time zone, unlike "
            f"the times of events ({times.dtype}). Give a time zone to both, or to "
            "neither."
        )
    return moment.as_unit(times.dt.unit)


def _parse_length(parameter, value):
    """Return a length of time, given as text such as "h" or "2h" or as a Timedelta."""
    try:
        is_unit = isinstance(value, str) and value[:1].isalpha()
        length = pd.Timedelta(1, value) if is_unit else pd.Timedelta(value)
    except (TypeError, ValueError):
        length = pd.NaT
    if not length > pd.Timedelta(0):
        raise ValueError(
            f"{parameter} must be a length of time over 0, such as 'D', 'h' or '30min', "
            f"got {value!r}."
        )
    return length


def _mark_counted(customers, times, merge):
    """Return a mask of the events that count. They are sorted by customer and time."""
    if merge in (None, "D", "1D"):
        moments = times if merge is None else times.dt.normalize()
        return (
            ~pd.DataFrame({"customer": customers, "moment": moments})
            .duplicated()
            .to_numpy()
        )
    length = _parse_length("merge", merge) / pd.Timedelta(1, times.dt.unit)
    counted, last_customer, last_moment = [], None, 0
    for customer, moment in zip(
        customers.tolist(), times.astype("int64").tolist(), strict=True
    ):
        counted.append(customer != last_customer or moment - last_moment >= length)
        if counted[-1]:
            last_customer, last_moment = customer, moment
    return np.array(counted, dtype=bool)


def intervals_to_events(
    intervals: pd.DataFrame | pd.Series | ArrayLike,
    last_times: pd.Series | pd.DatetimeIndex,
    *,
    unit: str = "D",
) -> pd.DataFrame | pd.Series:
    """Return the times of future events, from the last times and forecast intervals.

    Parameters
    ----------
    intervals : {dataframe, series, array-like} of shape (n_customers,) or \
            (n_customers, n_steps)
        Intervals of each customer, one column per step: from the last event to the next,
        then from each event to the one after it.
    last_times : Series or DatetimeIndex of shape (n_customers,)
        Time of the last event of each customer. If the intervals have an index, the last
        times are matched by index.
    unit : str, default="D"
        Unit of the intervals.

    Returns
    -------
    times : DataFrame or Series of the shape of `intervals`
        Times, to the microsecond. They are NaT from the first unknown interval on.

    See Also
    --------
    events_to_intervals : Converts times to intervals.

    Examples
    --------
    >>> import pandas as pd
    >>> from skforecast_lstm.targets import intervals_to_events
    >>> last = pd.Series(pd.to_datetime(["2026-01-12", "2026-01-06"]), ["Ada", "Bob"])
    >>> intervals_to_events([[7.5, 2.0], [14.0, 7.0]], last)
                          0          1
    Ada 2026-01-19 12:00:00 2026-01-21 12:00:00
    Bob 2026-01-20 00:00:00 2026-01-27 00:00:00
    """
    last_times = pd.Series(last_times)
    if isinstance(intervals, pd.DataFrame | pd.Series):
        unknown = intervals.index.difference(last_times.index, sort=False)
        if len(unknown):
            raise ValueError(
                f"last_times has no time for {len(unknown)} of {len(intervals)} "
                f"customers, such as {unknown[0]!r}. Give it the index of the intervals."
            )
        last_times = last_times.reindex(intervals.index)
    values = np.asarray(intervals, dtype=np.float64)
    if len(values) != len(last_times) or values.ndim > 2:
        raise ValueError(
            f"intervals has shape {values.shape}, but there are {len(last_times)} last "
            "times. Give one row for each customer and one column for each step."
        )
    microseconds = _parse_length("unit", unit) / pd.Timedelta(1, "us")
    elapsed = np.rint(values.reshape(len(values), -1) * microseconds).cumsum(axis=1)
    if (np.abs(elapsed) > 2.0**62).any():
        raise ValueError(
            f"intervals go up to {np.nanmax(np.abs(values))} ({unit}), which is beyond "
            "the range of time stamps."
        )
    unknown = np.isnan(elapsed)
    elapsed = np.where(unknown, 0, elapsed).astype("timedelta64[us]")
    elapsed[unknown] = np.timedelta64("NaT")
    since = last_times.dt.as_unit("us")
    columns = {step: since + column for step, column in enumerate(elapsed.T)}
    times = pd.DataFrame(columns, index=since.index)
    if values.ndim == 1:
        return times[0].rename(getattr(intervals, "name", None))
    return times.set_axis(getattr(intervals, "columns", times.columns), axis=1)
