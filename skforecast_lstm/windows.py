"""Transformer that turns the rows of a series into windows of the past."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from skforecast_lstm._checks import (
    check_integer,
    check_no_infinity,
    check_no_mask,
    check_no_times,
)
from skforecast_lstm._estimator_states import HasState
from skforecast_lstm._gap_counts import warn_of_gaps
from skforecast_lstm._gaps import find_calendars
from skforecast_lstm._history import History, known_steps
from skforecast_lstm._known_ahead import (
    append_shifted,
    check_target_is_not_known,
    column_places,
    n_unknown_ahead,
    values_ahead,
    warn_of_unknown_ahead,
)
from skforecast_lstm._pieces import pieces
from skforecast_lstm._series import ranges
from skforecast_lstm._time_index import many_series
from skforecast_lstm._unknown_windows import (
    warn_of_missing_history,
    warn_of_windows_in_gaps,
    window_view,
)

__all__ = ["LookbackWindower"]


# Beginnings of the names of number types in pandas and polars.
_NUMBERS = ("int", "uint", "float", "double", "bool")


def _check_columns_are_numbers(X, error):
    """Raise, with the name of the column, if a column of a frame is not numeric."""
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
                f"Column {name!r} of X has type {X[name].dtype}, but windows need "
                "numbers. Drop it, encode it with a ColumnTransformer, or make it the "
                "index if it is the time."
            ) from error


class LookbackWindower(HasState, TransformerMixin, BaseEstimator):
    """Turn every row of a time series into a window of the rows before it.

    Row *t* of the output is the window that ends `horizon` rows before row *t*:
    rows *t-horizon-lookback+1* to *t-horizon* of `X`, oldest first. With
    ``horizon=0``, the window ends at row *t* itself. With ``horizon=1``, it has only
    rows before row *t*, so ``pipeline.fit(series, series)`` learns to forecast one step
    ahead. The output has as many rows as `X`, so `y` stays unchanged.

    The windows of one series are a read-only view of one array. They take no memory of
    their own, for any lookback. Windows are copied for many series, unequal lags, gaps
    in the index, and flat windows of many columns with a `step` over 1.

    Parameters
    ----------
    lookback : int, default=10
        Number of steps in a window.
    horizon : int, default=0
        Number of rows between the end of a window and its row *t*.
    lags : array-like of int, default=None
        Distances of the steps of a window back from row *t*, instead of `lookback` and
        `step`. With hourly rows, ``[1, 2, 24, 168]`` takes the rows one hour, two hours,
        one day and one week ago. No lag may be less than `horizon`.
    step : int, default=1
        Number of rows from one step of a window to the next.
    layout : {"sequence", "flat"}, default="sequence"
        "sequence" returns an array of shape (n_samples, lookback, n_features), the input
        of recurrent networks. It is an array even after `set_output`, because a data
        frame has only two dimensions. "flat" returns two dimensions with columns such as
        ``price_lag1``, for other regressors.
    warmup : {"nan", "edge", "error"}, default="nan"
        Values of the steps before the known history. "nan" makes them unknown. "edge"
        repeats the first known row. With "edge", windows that end before the first known
        row stay NaN, and a `horizon` over 0 makes a copy of the windows. "error" raises
        in `transform` if a window has such steps. In `fit_transform` they are NaN,
        because every series has a beginning.
    gaps : {"nan", "ignore"}, default="nan"
        Treatment of steps that are missing from the index. "nan" makes them unknown.
        With "ignore", each row follows the row before it at any distance, so windows
        have rows and not steps.
    known : list of str or int, default=None
        Columns of `X` that are known ahead, such as prices and calendars: names or
        numbers. A window has them at its own steps, and once more, as its last columns,
        at later steps: its last step has their values at the last step of the target.
        No other column is seen after the end of the window.
    n_steps : int, default=1
        Number of steps of the target, as in :func:`horizon_targets`. The columns that
        are known ahead are read up to row *t + n_steps - 1*.

    Attributes
    ----------
    lags_ : ndarray of int
        Distances of the steps of a window back from its row, oldest first.
    known_columns_ : list of int
        Positions of the columns that are known ahead.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns seen in `fit`. Defined only if the columns have names.

    See Also
    --------
    LSTMRegressor : Learns from the windows. Leaves out or masks unknown steps.

    Notes
    -----
    *History.* `fit` stores its last rows. `transform` puts them before `X` if `X`
    directly follows them by index. So a test fold has its history, and a training fold
    does not get it twice. Arrays, polars frames and an index of strings cannot show what
    follows, so they get no history.

    *Steps.* A row directly follows another if it comes one step after it. Periods and
    times with a frequency define the step. For other times, the step is the usual
    distance, in any calendar of pandas, if all other distances are multiples of it. Also,
    at least half of the distances must be one step, or at least a third of the steps must
    have a row. If times are not exact, the step is the median distance, if most distances
    are near it.

    *Gaps.* Steps that are missing from the index are unknown (NaN) in the windows. Times
    of the week that never have a row, such as nights and weekends, are closed and do not
    count as missing. If there are closed times, holidays of up to a week do not count
    either. `fit_transform` gives an `UnknownStepsWarning` if a tenth of the windows,
    and at least 100, cover a gap. With ``gaps="ignore"``, there are no gaps, and `X` gets
    its history if it begins after the last row of `fit`, at most as far from it as the
    longest distance between two rows of `fit`.

    *Irregular times.* If the times have no regular step, such as the times of events,
    each row follows the row before it. `X` gets its history if it begins within twice
    the usual distance. Gaps cannot be found then, so there is an
    `IrregularTimesWarning`, unless a column has the time since the row before.

    *Unknown windows.* `transform` gives an `UnknownStepsWarning` if a window has no known
    step although there are known rows before it, such as after a gap that is longer than
    the window. It also does so if rows have no history, so that most steps of their
    windows are unknown. The beginning of a series of `fit` causes no warning. It is
    recognized by its values.

    *Many series.* The rows of a pandas MultiIndex belong to many series. The last level
    is the time, and the levels before it name the series. No window crosses from one
    series to another.

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
        gaps: Literal["nan", "ignore"] = "nan",
        known: Sequence[str | int] | None = None,
        n_steps: int = 1,
    ) -> None:
        self.lookback = lookback
        self.horizon = horizon
        self.lags = lags
        self.step = step
        self.layout = layout
        self.warmup = warmup
        self.gaps = gaps
        self.known = known
        self.n_steps = n_steps

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Store the names of the columns and the last rows.

        Parameters
        ----------
        X : {array-like, dataframe, series} of shape (n_samples, n_features)
            Rows in time order.
        y : array-like, default=None
            Target. Only read to refuse a target that `known` names.

        Returns
        -------
        self : LookbackWindower
            The fitted windower.
        """
        # The rest of a memory-mapped file is read when windows are made.
        series, _ = self._validate(X, y, reset=True, read=not isinstance(X, np.memmap))
        self._remember(series, self._calendars(series))
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return the window of every row.

        Parameters
        ----------
        X : {array-like, dataframe, series} of shape (n_samples, n_features)
            Rows in time order.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_steps, n_features), or \
                {ndarray, dataframe} of shape (n_samples, n_steps * n_features)
            One window per row. Arrays are read-only.
        """
        check_is_fitted(self)
        windows, known, order = self._transform(X)
        if self.warmup == "nan":
            warn_of_missing_history(known, self.lags_, order)
        warn_of_windows_in_gaps(known, self.lags_, order)
        if self.known_columns_:
            warn_of_unknown_ahead(self._n_unknown_ahead(known), self.n_steps, order)
        return windows

    def fit_transform(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Fit to the rows and return their windows.

        Parameters
        ----------
        X : {array-like, dataframe, series} of shape (n_samples, n_features)
            Rows in time order.
        y : array-like, default=None
            Target. Only read to refuse a target that `known` names.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_steps, n_features), or \
                {ndarray, dataframe} of shape (n_samples, n_steps * n_features)
            One window per row. Arrays are read-only.
        """
        series, order = self._validate(X, y, reset=True)
        calendars = self._calendars(series)
        self._remember(series, calendars)
        known = self._known(series, calendars)
        warn_of_gaps(known, self.lags_)
        return self._windows(known, order, len(series.values))

    @available_if(lambda self: self.layout == "flat")
    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Return the names of the columns of the flat layout.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of `X`. Used if `fit` saw no names.

        Returns
        -------
        names : ndarray of str
            Names with their lags: ``price_lag1`` is the price one row earlier.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        lagged = [f"{name}_lag{lag}" for lag in self.lags_ for name in names]
        lagged += [
            f"{names[place]}_lag{lag}" if lag >= 0 else f"{names[place]}_lead{-lag}"
            for lag in self._lags_ahead()
            for place in self.known_columns_
        ]
        return np.array(lagged, dtype=object)

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Set the container of the output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container of the flat layout. The "sequence" layout is always an array.

        Returns
        -------
        self : LookbackWindower
            The windower itself.
        """
        # scikit-learn defines set_output only for named columns, and a pipeline refuses
        # set_output if one of its steps does not have it.
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _validate(self, X, y=None, *, reset, read=True):
        """Return the series of X, and the row of X of each of their rows."""
        index = X.index if hasattr(X, "iloc") else None
        if hasattr(X, "column_names"):  # A table of PyArrow.
            X = X.to_pandas(ignore_metadata=True)
        if hasattr(X, "to_frame") and getattr(X, "ndim", 1) == 1:
            X = X.to_frame() if X.name else X.to_numpy().reshape(-1, 1)
        if not hasattr(X, "columns"):
            check_no_mask("X", X)
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
            names = getattr(self, "feature_names_in_", None)
            self.known_columns_ = column_places(self.known, values.shape[1], names)
            check_target_is_not_known(values, self.known_columns_, y)
        if read:
            check_no_infinity("X", values, "row {}, column {}".format)
        return many_series(values, index)

    def _check_lags(self):
        """Check and return the lags of a window, oldest first."""
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
                f"step={self.step} can't be used with lags={self.lags!r}, which give "
                "every step. Leave out one of them."
            )
        if lags.min() < self.horizon:
            raise ValueError(
                f"lags must be at least horizon={self.horizon}, got {lags.min()}: that "
                f"row is not known yet {self.horizon} rows ahead. Raise the lag or "
                "lower the horizon."
            )
        return np.sort(lags.astype(np.int64))[::-1].copy()

    def _check_choices(self):
        check_integer("n_steps", self.n_steps, 1)
        newest = self.lags_[-self.n_steps :]
        are_neighbours = len(newest) == self.n_steps and (np.diff(newest) == -1).all()
        if self.known is not None and self.layout == "sequence" and not are_neighbours:
            raise ValueError(
                f"With columns known ahead, the last n_steps={self.n_steps} steps of a "
                "window must be neighbours, because they show these columns at the steps "
                f"of the target. The lags are {self.lags_.tolist()}. Give a longer "
                "lookback, or layout='flat'."
            )
        for name, choices in (
            ("layout", ("sequence", "flat")),
            ("warmup", ("nan", "edge", "error")),
            ("gaps", ("nan", "ignore")),
        ):
            value = getattr(self, name)
            if not (isinstance(value, str) and value in choices):
                raise ValueError(f"{name} must be one of {choices}, got {value!r}.")

    def _calendars(self, series):
        return find_calendars(series, ignore_gaps=self.gaps == "ignore")

    def _remember(self, series, calendars):
        """Store the last rows of every series for rows that follow them later."""
        reach = int(self.lags_[0])
        longest = int(series.lengths.max())
        if longest <= reach:
            of_series = " in its longest series" if len(series) > 1 else ""
            raise ValueError(
                f"A window reaches {reach} rows back, so one complete window needs at "
                f"least {reach + 1} rows, but X has n_samples = {longest}{of_series}. "
                "Give more rows, or lower lookback, lags or horizon."
            )
        self._history = History.of(series, reach, calendars).as_plain()

    def _transform(self, X):
        """Return the windows of X, its known steps, and the row of X of each place."""
        series, order = self._validate(X, reset=False)
        known = self._known(series)
        self._check_warmup(known.unknown, series.names)
        return self._windows(known, order, len(series.values)), known, order

    def _lags_ahead(self):
        """Return the lags after the window of the columns that are known ahead."""
        return np.arange(self.lags_[-1] - 1, -self.n_steps, -1)

    def _n_unknown_ahead(self, known):
        """Return how many of the target's steps of each row lack a known column."""
        reach = int(self.lags_[0])
        return n_unknown_ahead(known, self.known_columns_, reach, self.n_steps)

    def _windows(self, known, order, n_rows):
        """Return the window of every row."""
        reach = int(self.lags_[0])
        has_ahead = len(self.known_columns_) > 0 and len(self._lags_ahead()) > 0
        if self.warmup == "edge":
            _repeat_first(known)
        values = known.series.values
        if has_ahead and self.layout == "sequence":
            n_later = len(self._lags_ahead())
            values = append_shifted(known.series, self.known_columns_, n_later)
        windows = window_view(values, self.lags_, len(values) - reach)
        if known.places is not None:
            every = windows
            windows = np.empty((n_rows, *every.shape[1:]), dtype=every.dtype)
            for piece in pieces(windows):
                rows = piece if order is None else order[piece]
                windows[rows] = every[known.places[piece] - reach]
        if self.warmup == "edge":
            rows = self._rows_before_first(known)
            if len(rows):
                windows = windows.copy() if known.places is None else windows
                windows[rows if order is None else order[rows]] = np.nan
        if self.layout == "flat":
            windows = windows.reshape(n_rows, -1)
            if has_ahead:
                lags = self._lags_ahead()
                ahead = values_ahead(known, self.known_columns_, reach, lags)
                ahead = ahead if order is None else ahead[np.argsort(order)]
                windows = np.concatenate([windows, ahead], axis=1)
        windows.flags.writeable = False
        return windows

    def _known(self, series, calendars=None):
        """Return the steps of the series after their past."""
        history = None
        if calendars is None:
            history = History.from_plain(self._history)
        return known_steps(
            series,
            int(self.lags_[0]),
            calendars,
            history,
            ignore_gaps=self.gaps == "ignore",
        )

    def _known_steps(self, X):
        """Return the steps of X after their past, and the row of X of each place."""
        series, order = self._validate(X, reset=False)
        return self._known(series), order

    def _check_warmup(self, unknown, names):
        """Raise for ``warmup="error"`` if a series has unknown steps at the start."""
        if self.warmup != "error" or not (unknown > 0).any():
            return
        first = int((unknown > 0).argmax())
        reach = int(self.lags_[0])
        where = "" if names[first] is None else f" of series {names[first]!r}"
        raise ValueError(
            f"The first rows{where} need {reach} rows before them, but only "
            f"{reach - unknown[first]} are known (warmup='error'). Give rows that "
            "directly follow those seen in fit, with their index, or include these rows."
        )

    def _rows_before_first(self, known):
        """Return the rows whose window ends before the first known row."""
        offsets, places = known.series.offsets, known.places
        firsts = offsets[:-1] + known.unknown + self.horizon
        if places is None:
            reach = int(self.lags_[0])
            return np.arange(min(firsts[0], offsets[1]) - reach)
        number = np.searchsorted(offsets, places, side="right") - 1
        return np.flatnonzero(places < firsts[number])


def _repeat_first(known):
    """Replace the unknown steps before each series by its first known row."""
    values, starts = known.series.values, known.series.offsets[:-1]
    rows = ranges(starts, known.unknown)
    values[rows] = values[(starts + known.unknown).repeat(known.unknown)]
