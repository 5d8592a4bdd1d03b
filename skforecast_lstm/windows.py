"""Windows of the past as rows: the maths, the history, and the transformer."""

import warnings
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Literal, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from skforecast_lstm._checks import check_integer, check_no_times
from skforecast_lstm._gaps import End, calendars_of, over_gaps
from skforecast_lstm._time_index import blocks_of
from skforecast_lstm.exceptions import UnknownStepsWarning

__all__ = ["LookbackWindower"]


# How the names of types of numbers begin, in pandas and polars.
_NUMBERS = ("int", "uint", "float", "double", "bool")


def _window_view(values, lags, n_rows):
    """Windows of the last `n_rows` rows of `values`, oldest step first.

    `values` holds ``lags[0]`` rows of the past before the first of these rows.
    Lags at equal distances give a read-only view; others have to be gathered.
    """
    distances = np.diff(-lags)
    step = int(distances[0]) if len(distances) else 1
    if (distances == step).all():
        span = int(lags[0] - lags[-1]) + 1
        views = sliding_window_view(values, span, axis=0)
        return views[:n_rows, :, ::step].swapaxes(1, 2)
    return values[np.arange(n_rows)[:, None] + (lags[0] - lags)]


def _check_no_infinity(values):
    """Raise where a value is infinite; NaN stands for unknown and may stay."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    for start in range(0, len(values), 2**16):
        rows, columns = np.nonzero(np.isinf(values[start : start + 2**16]))
        if len(rows):
            raise ValueError(
                f"X contains infinity, first at row {start + rows[0]}, column "
                f"{columns[0]}. Replace it by NaN if the value is unknown."
            )


def _check_columns_are_numbers(X, error):
    """Raise, naming the column, if one of a frame is why X could not be read."""
    for name in getattr(X, "columns", ()):
        try:
            column = np.asarray(X[name])
            check_no_times("X", column)
            np.asarray(column, dtype=np.float64)
            is_number = True
        except (TypeError, ValueError):
            is_number = False
        if not is_number:
            raise ValueError(
                f"Column {name!r} of X has type {X[name].dtype}, and windows are made of "
                "numbers. Drop it, move it into the index if it is the time, or encode "
                "it before, with a ColumnTransformer."
            ) from error


def _of_nothing(known, lags, places):
    """Return rows of whose window nothing is known, though something was before."""
    is_known = ~np.isnan(known).all(axis=1)
    newest = np.asarray(places) + int(lags[0] - lags[-1])
    began = np.logical_or.accumulate(is_known)
    rows = np.flatnonzero(began[newest] & ~is_known[newest])
    windows = _window_view(is_known[:, None], lags, len(known) - int(lags[0]))
    return rows[~windows[newest[rows] - int(lags[0] - lags[-1])].any(axis=(1, 2))]


def _warn_of_nothing(rows):
    """Warn that windows of some rows have nothing known in them."""
    warnings.warn(
        f"{len(rows)} windows hold nothing that is known, first that of row {min(rows)}: "
        "all their steps are missing in the index or NaN. What is forecast from them is "
        "the same whatever was before. Leave such rows out, or take longer windows.",
        UnknownStepsWarning,
        stacklevel=5,  # Where transform was called, through its wrapper.
    )


class LookbackWindower(TransformerMixin, BaseEstimator):
    """Turn every row of a time series into the window of the rows before it.

    Row *t* of the output is the window that ends `horizon` rows before row *t*:
    rows *t-horizon-lookback+1* to *t-horizon* of `X`, oldest first. With
    ``horizon=0`` the window ends at row *t* itself; with ``horizon=1`` it holds
    what came strictly before, so ``pipeline.fit(series, series)`` forecasts one
    step ahead. The number of rows never changes, so `y` is never touched.

    Windows of one series are a read-only view of one array: they take no memory,
    whatever the lookback. Windows of many series, at unequal lags, or flat ones of many
    columns with a `step` over 1 are copied, and so are windows over gaps of the index.

    Parameters
    ----------
    lookback : int, default=10
        Number of steps in a window.
    horizon : int, default=0
        How many rows before row *t* its window ends.
    lags : array-like of int, default=None
        Steps of the window, each as a distance back from row *t*, in place of
        `lookback` and `step`: ``[1, 2, 24, 168]`` takes the rows one hour, two
        hours, a day and a week ago. No lag may be under `horizon`.
    step : int, default=1
        Distance in rows between the steps of a window.
    layout : {"sequence", "flat"}, default="sequence"
        "sequence" gives an array of shape (n_samples, lookback, n_features), as
        recurrent networks read it; it stays an array whatever `set_output` says,
        as no data frame has three dimensions. "flat" gives two dimensions and
        columns such as ``price_lag1``, for any other regressor.
    warmup : {"nan", "edge", "error"}, default="nan"
        What stands for steps before the known history. "nan" says that they are
        unknown. "edge" repeats the first known row; rows before `horizon`, of
        which nothing is known yet, stay NaN, and with a `horizon` over 0 the
        windows are copied. "error" raises in `transform` if there are such steps;
        in `fit_transform` they are NaN, since a series always has a beginning.

    Attributes
    ----------
    lags_ : ndarray of int
        Distance of each step of a window back from its row, oldest first.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of str
        Names of these columns, where they have names.

    See Also
    --------
    LSTMRegressor : Reads the windows, and leaves out or masks what is unknown.

    Notes
    -----
    The last rows seen in `fit` are remembered. In `transform` they are put before
    rows that directly follow them by index, so that a test fold has its history
    and a train fold does not get it twice. Arrays, polars frames and an index of
    strings give nothing to join by.

    A row directly follows if it comes one step after the last. Periods and times
    with a frequency tell the step. Else it is the usual distance, in any calendar of
    pandas, if all others are several steps, and it is kept by at least half of them or
    a third of the steps have a row. Where times are not exact it is the median distance,
    if most are near it. Steps that are missing in the index are unknown (NaN) in the
    windows. Times of the week at which there never is a row, such as nights and
    weekends, are closed and not missing; where there are such times, neither are
    holidays of up to a week. Where the times tell no step, as those of events, rows
    follow each other, and history joins within twice the usual distance. As gaps can't
    be seen then, there is an `IrregularTimesWarning`, unless a column has the time since
    the row before.

    `transform` gives an `UnknownStepsWarning` for windows in which nothing is known
    though something was before them, as behind a gap that is longer than a window.

    The rows of a pandas MultiIndex belong to many series: its last level is time,
    those before it name the series. A window never crosses from one to the next.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm import LookbackWindower
    >>> series = np.arange(5.0).reshape(-1, 1)
    >>> LookbackWindower(2, horizon=1, layout="flat").fit_transform(series)
    array([[nan, nan],
           [nan,  0.],
           [ 0.,  1.],
           [ 1.,  2.],
           [ 2.,  3.]])
    """

    def __init__(
        self,
        lookback: int = 10,
        *,
        horizon: int = 0,
        lags: Sequence[int] | None = None,
        step: int = 1,
        layout: Literal["sequence", "flat"] = "sequence",
        warmup: Literal["nan", "edge", "error"] = "nan",
    ) -> None:
        self.lookback = lookback
        self.horizon = horizon
        self.lags = lags
        self.step = step
        self.layout = layout
        self.warmup = warmup

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn the names of the columns and remember the last rows.

        Parameters
        ----------
        X : {array-like, dataframe, series} of shape (n_samples, n_features)
            Rows in the order of time.
        y : None
            Ignored.

        Returns
        -------
        self : LookbackWindower
            The fitted windower.
        """
        values, blocks = self._validate(X, reset=True)
        # A file is read where its windows are made; here its last rows are enough.
        if not isinstance(X, np.memmap):
            _check_no_infinity(values)
        self._remember(values, blocks, calendars_of(blocks, values))
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Windows of every row.

        Parameters
        ----------
        X : {array-like, dataframe, series} of shape (n_samples, n_features)
            Rows in the order of time.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_steps, n_features), or \
                {ndarray, dataframe} of shape (n_samples, n_steps * n_features)
            A window a row. Arrays are read-only.
        """
        check_is_fitted(self)
        values, blocks = self._validate(X, reset=False)
        history = self._remembered()
        calendars = self._calendars(values, blocks, history)
        return self._windows(values, blocks, calendars, history)

    def fit_transform(self, X: ArrayLike, y: None = None) -> Any:
        """Fit, and give the windows of the same rows.

        Parameters
        ----------
        X : {array-like, dataframe, series} of shape (n_samples, n_features)
            Rows in the order of time.
        y : None
            Ignored.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_steps, n_features), or \
                {ndarray, dataframe} of shape (n_samples, n_steps * n_features)
            A window a row. Arrays are read-only.
        """
        values, blocks = self._validate(X, reset=True)
        calendars = calendars_of(blocks, values)
        self._remember(values, blocks, calendars)
        return self._windows(values, blocks, calendars, history=None)

    @available_if(lambda self: self.layout == "flat")
    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Names of the columns of the flat layout.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of `X`, where `fit` saw none.

        Returns
        -------
        names : ndarray of str
            Each name with its lag: ``price_lag1`` is the price one row earlier.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.array(
            [f"{name}_lag{lag}" for lag in self.lags_ for name in names], dtype=object
        )

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Set the container of the output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container of the flat layout. Sequences are always an array.

        Returns
        -------
        self : LookbackWindower
            The windower itself.
        """
        # scikit-learn offers this only where columns have names, and a pipeline
        # refuses set_output if one of its steps has none.
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _validate(self, X, *, reset):
        """X as a float array of two dimensions, and the series that its rows are of."""
        index = X.index if hasattr(X, "iloc") else None
        if hasattr(X, "to_frame") and getattr(X, "ndim", 1) == 1:
            X = X.to_frame() if X.name else X.to_numpy().reshape(-1, 1)
        if not hasattr(X, "columns"):
            check_no_times("X", X)
        elif not all(str(kind).lower().startswith(_NUMBERS) for kind in X.dtypes):
            _check_columns_are_numbers(X, None)
        # scikit-learn reads polars frames of float32 as float64.
        single = {str(dtype).lower() for dtype in getattr(X, "dtypes", ())} == {"float32"}
        try:
            values = validate_data(
                self,
                X,
                dtype=np.float32 if single else [np.float64, np.float32],
                ensure_all_finite=False,
                reset=reset,
            )
        except (TypeError, ValueError) as error:
            _check_columns_are_numbers(X, error)
            raise
        if reset:
            self.lags_ = self._check_lags()
            self._check_choices()
        return values, blocks_of(index)

    def _check_lags(self):
        """Distances back from a row to the steps of its window, oldest first."""
        check_integer("horizon", self.horizon, 0)
        if self.lags is None:
            check_integer("lookback", self.lookback, 1)
            check_integer("step", self.step, 1)
            return self.horizon + self.step * np.arange(self.lookback)[::-1]
        lags = np.asarray(self.lags)
        if lags.ndim != 1 or not len(lags) or lags.dtype.kind not in "iu":
            raise ValueError(
                "lags must be a list of one or more integers, such as [1, 2, 24], got "
                f"{self.lags!r}."
            )
        if len(np.unique(lags)) < len(lags):
            raise ValueError(f"lags must differ from each other, got {self.lags!r}.")
        if self.step != 1:
            raise ValueError(
                f"step={self.step} has no meaning with lags={self.lags!r}, which name "
                "every step; leave one of them out."
            )
        if lags.min() < self.horizon:
            raise ValueError(
                f"lags must be at least horizon={self.horizon}, got {lags.min()}: that "
                f"row is not known yet {self.horizon} rows ahead. Raise the lag or "
                "lower the horizon."
            )
        return np.sort(lags.astype(np.int64))[::-1].copy()

    def _check_choices(self):
        for name, choices in (
            ("layout", ("sequence", "flat")),
            ("warmup", ("nan", "edge", "error")),
        ):
            value = getattr(self, name)
            if not (isinstance(value, str) and value in choices):
                raise ValueError(f"{name} must be one of {choices}, got {value!r}.")

    def _remember(self, values, blocks, calendars):
        """Keep the last rows of every series for the rows that follow."""
        reach = int(self.lags_[0])
        rows_of_all = [values[block.rows] for block in blocks]
        longest = max(len(rows) for rows in rows_of_all)
        if longest <= reach:
            of_series = " in its longest series" if len(blocks) > 1 else ""
            raise ValueError(
                f"A window reaches {reach} rows back, so one complete window needs at "
                f"least {reach + 1} rows, and X has n_samples = {longest}{of_series}. "
                "Give more rows, or lower lookback, lags or horizon."
            )
        # In values that any file can hold.
        rows, ends = [], []
        for block, rows_of_one, calendar in zip(
            blocks, rows_of_all, calendars, strict=True
        ):
            last = slice(max(0, len(rows_of_one) - reach), None)
            end = times = None
            if block.times is not None:
                times = block.times[last]
                end = astuple(End.of(block.times, calendar))
            steps, _ = over_gaps(rows_of_one[last], times, reach, calendar)
            rows.append(steps[max(0, len(steps) - reach) :].copy())
            ends.append(end)
        self._history = {
            "series": [block.series for block in blocks],
            "rows": rows,
            "ends": ends,
        }

    def _remembered(self):
        """The last steps of each series of `fit`, and its end, by its name."""
        history = self._history
        ends = (end and End(*end) for end in history["ends"])
        return dict(
            zip(history["series"], zip(history["rows"], ends, strict=True), strict=True)
        )

    def _calendars(self, values, blocks, history):
        """The calendar of each series: that of `fit`, where there is one."""
        ends = {name: end for name, (_, end) in history.items() if end is not None}
        timed = [block.times for block in blocks if block.times is not None]
        fitting = {name for name, end in ends.items() if timed and end.fits(timed[0])}
        known = [ends[name].series_calendar for name in fitting]
        others = [block for block in blocks if block.series not in fitting]
        of_others = iter(calendars_of(others, values, known))
        return [
            ends[block.series].series_calendar.for_more(block.times)
            if block.series in fitting
            else next(of_others)
            for block in blocks
        ]

    def _windows(self, values, blocks, calendars, history):
        """Windows of every row; `history` is None for the rows of `fit`."""
        _check_no_infinity(values)
        of_nothing: list[int] = []
        if len(blocks) == 1:
            (block,), (calendar,) = blocks, calendars
            windows = self._windows_of(values, block, calendar, history, of_nothing)
        else:
            shape = (len(values), len(self.lags_), values.shape[1])
            windows = np.empty(shape, dtype=values.dtype)
            for block, calendar in zip(blocks, calendars, strict=True):
                windows[block.rows] = self._windows_of(
                    values, block, calendar, history, of_nothing
                )
        if of_nothing:
            _warn_of_nothing(of_nothing)
        if self.layout == "flat":
            windows = windows.reshape(len(values), -1)
        windows.flags.writeable = False
        return windows

    def _windows_of(self, values, block, calendar, history, of_nothing):
        """Windows of one series, over one copy of it behind its history.

        Rows whose window holds nothing that is known are put into `of_nothing`.
        """
        known, unknown, places = self._behind_history(values, block, calendar, history)
        if history is not None:
            self._check_warmup(unknown, block.series)
            rows = _of_nothing(known, self.lags_, places)
            of_nothing.extend(np.arange(len(values))[block.rows][rows].tolist())
        n_rows = len(known) - int(self.lags_[0])
        if unknown and self.warmup == "edge":
            windows = self._edge_windows(known, unknown, n_rows)
        else:
            windows = _window_view(known, self.lags_, n_rows)
        return windows if len(places) == n_rows else windows[places]

    def _series_behind_history(self, X):
        """Each series of X behind its history, for who makes its windows elsewhere."""
        values, blocks = self._validate(X, reset=False)
        _check_no_infinity(values)
        history = self._remembered()
        calendars = self._calendars(values, blocks, history)
        return [
            (block, *self._behind_history(values, block, calendar, history))
            for block, calendar in zip(blocks, calendars, strict=True)
        ]

    def _behind_history(self, values, block, calendar, history):
        """A copy of one series behind as many steps as a window reaches back.

        The first of these, of the number given beside, are unknown and NaN. So are steps
        that are missing between rows; the place of each row behind the past comes last.
        """
        reach = int(self.lags_[0])
        remembered, end = (history or {}).get(block.series, (None, None))
        past = values[:0]
        if block.times is not None and end is not None and end.fits(block.times):
            past = remembered if end.is_followed_by(block.times) else past
        rows, places = over_gaps(values[block.rows], block.times, reach, calendar)
        unknown = reach - len(past)
        known = np.empty((reach + len(rows), rows.shape[1]), dtype=rows.dtype)
        known[:unknown] = np.nan
        known[unknown:reach] = past
        known[reach:] = rows
        return known, unknown, places

    def _check_warmup(self, unknown, series):
        """Raise where the first rows of a series miss so many before them."""
        if unknown > 0 and self.warmup == "error":
            reach = int(self.lags_[0])
            where = "" if series is None else f" of series {series!r}"
            raise ValueError(
                f"The first rows{where} need {reach} rows before them and "
                f"{reach - unknown} are known (warmup='error'). Give rows that directly "
                "follow those seen in fit, with their index, or give these rows too."
            )

    def _edge_windows(self, values, unknown, n_rows):
        """Windows in which the first known row stands for those before it."""
        values[:unknown] = values[unknown]
        windows = _window_view(values, self.lags_, n_rows)
        # Until the first known row is `horizon` rows old nothing is known.
        n_unknown = unknown + self.horizon - int(self.lags_[0])
        if n_unknown <= 0:
            return windows
        windows = windows.copy()
        windows[:n_unknown] = np.nan
        return windows
