"""Windows of the past as rows: the maths, the history, and the transformer."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

__all__ = ["LookbackWindower"]


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
    windows = values[np.arange(n_rows)[:, None] + (lags[0] - lags)]
    windows.flags.writeable = False
    return windows


def _check_no_infinity(values, name, first_row=0):
    """Raise where a value is infinite; NaN stands for unknown and may stay."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    for start in range(0, len(values), 2**16):
        rows, columns = np.nonzero(np.isinf(values[start : start + 2**16]))
        if len(rows):
            raise ValueError(
                f"{name} contains infinity, first at row "
                f"{first_row + start + rows[0]}, column {columns[0]}. Replace it by "
                "NaN if the value is unknown."
            )


def _positions_in_time(index):
    """Numbers that order an index in time, or None where it has no order."""
    import pandas as pd

    if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        if index.hasnans:
            row = int(np.flatnonzero(index.isna())[0])
            raise ValueError(
                f"The time index of X has no time at row {row} (NaT). Drop such rows "
                "or give them a time."
            )
        return index.as_unit("ns").asi8
    if isinstance(index, pd.PeriodIndex):
        return index.asi8
    if pd.api.types.is_integer_dtype(index) or pd.api.types.is_float_dtype(index):
        return index.to_numpy()
    return None


def _check_increasing(positions, index, rows, series):
    """Raise where the rows of a series do not follow each other in time."""
    wrong = np.flatnonzero(~(np.diff(positions) > 0))
    if not len(wrong):
        return
    before, after = rows[wrong[0]], rows[wrong[0] + 1]
    found = "duplicated" if positions[wrong[0]] == positions[wrong[0] + 1] else "unsorted"
    where = "" if series is None else f" in series {series!r}"
    raise ValueError(
        f"The index of X is {found}{where}: row {after} ({index[after]}) comes after "
        f"row {before} ({index[before]}). Windows need rows in the order of time, one "
        "row a time: sort them with sort_index() and split without shuffling; if their "
        "order is right and the index means nothing, use reset_index(drop=True)."
    )


@dataclass(frozen=True)
class _Block:
    """The rows of one series, in order, and their positions in time."""

    series: object
    rows: object
    positions: object
    next_position: object


def _next_positions(index, positions):
    """The earliest and latest position at which a row would directly follow."""
    if getattr(index, "freq", None) is not None and index.dtype.kind in "mM":
        following = _positions_in_time(index[-1:] + index.freq)[0]
        return following, following
    if len(positions) < 2:
        return None
    steps = np.diff(positions)
    return positions[-1] + steps.min(), positions[-1] + steps.max()


def _blocks(index, n_rows):
    """Split rows into series, as the index says."""
    if index is None:
        return [_Block(None, slice(None), None, None)]
    if index.nlevels > 1:
        return _blocks_of_panel(index)
    positions = _positions_in_time(index)
    if positions is None:
        return [_Block(None, slice(None), None, None)]
    _check_increasing(positions, index, range(n_rows), None)
    return [_Block(None, slice(None), positions, _next_positions(index, positions))]


def _blocks_of_panel(index):
    positions = _positions_in_time(index.get_level_values(-1))
    codes, series = index.droplevel(-1).factorize(use_na_sentinel=False)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))
    blocks = []
    for name, rows in zip(series, np.split(order, ends[:-1]), strict=True):
        if positions is None:
            blocks.append(_Block(name, rows, None, None))
            continue
        own = positions[rows]
        _check_increasing(own, index, rows, name)
        blocks.append(_Block(name, rows, own, _next_positions(None, own)))
    return blocks


@dataclass(frozen=True)
class _History:
    """The last rows of a series, and where in time the next row would be."""

    values: np.ndarray
    next_position: tuple
    kind: str

    def directly_precedes(self, block, kind):
        earliest, latest = self.next_position
        return kind == self.kind and earliest <= block.positions[0] <= latest


def _kind(index):
    """What the positions of an index count, so that unlike ones never join."""
    times = index.get_level_values(-1)
    return str(times.dtype) if times.dtype.kind == "O" else times.dtype.kind


class LookbackWindower(TransformerMixin, BaseEstimator):
    """Turn every row of a time series into the window of the rows before it.

    Row *t* of the output is the window that ends `horizon` rows before row *t*:
    rows *t-horizon-lookback+1* to *t-horizon* of `X`, oldest first. With
    ``horizon=0`` the window ends at row *t* itself; with ``horizon=1`` it holds
    what came strictly before, so ``pipeline.fit(series, series)`` forecasts one
    step ahead. The number of rows never changes, so `y` is never touched.

    Windows of one series are a read-only view of one array: they take no memory,
    whatever the lookback. Windows of many series, or at unequal lags, are copied.

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
    and a train fold does not get it twice. A row directly follows if it comes one
    step of the index's frequency after the last, or, where the index has none, a
    step no shorter and no longer than those between the rows seen in `fit`.
    Arrays, polars frames and an index of strings give nothing to join by.

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
        lookback=10,
        *,
        horizon=0,
        lags=None,
        step=1,
        layout="sequence",
        warmup="nan",
    ):
        self.lookback = lookback
        self.horizon = horizon
        self.lags = lags
        self.step = step
        self.layout = layout
        self.warmup = warmup

    def fit(self, X, y=None):
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
        X, index = self._validate(X, reset=True)
        _check_no_infinity(X, "X")
        self._remember(X, index, _blocks(index, len(X)))
        return self

    def transform(self, X):
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
        X, index = self._validate(X, reset=False)
        return self._windows(X, index, _blocks(index, len(X)), self._history)

    def fit_transform(self, X, y=None):
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
        X, index = self._validate(X, reset=True)
        blocks = _blocks(index, len(X))
        windows = self._windows(X, index, blocks, history=None)
        self._remember(X, index, blocks)
        return windows

    @available_if(lambda self: self.layout == "flat")
    def get_feature_names_out(self, input_features=None):
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

    def set_output(self, *, transform=None):
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
        """X as a float array of two dimensions, and its pandas index or None."""
        if hasattr(X, "to_frame") and getattr(X, "ndim", 1) == 1:
            X = X.to_frame()
        index = X.index if hasattr(X, "iloc") else None
        X = validate_data(
            self,
            X,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            reset=reset,
        )
        if reset:
            self.lags_ = self._check_lags()
            self._check_choices()
        return X, index

    def _check_lags(self):
        """Distances back from a row to the steps of its window, oldest first."""
        for name, least in (("horizon", 0), ("lookback", 1), ("step", 1)):
            value = getattr(self, name)
            if name != "horizon" and self.lags is not None:
                continue
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, got {value!r}.")
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}.")
        if self.lags is None:
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

    def _remember(self, X, index, blocks):
        """Keep the last rows of every series for the rows that follow."""
        reach = int(self.lags_[0])
        longest = max(len(X[block.rows]) for block in blocks)
        if longest <= reach:
            of_series = " in its longest series" if len(blocks) > 1 else ""
            raise ValueError(
                f"A window reaches {reach} rows back, so one complete window needs at "
                f"least {reach + 1} rows, and X has n_samples = {longest}{of_series}. "
                "Give more rows, or lower lookback, lags or horizon."
            )
        self._history = {
            block.series: _History(
                X[block.rows][max(0, len(X[block.rows]) - reach) :].copy(),
                block.next_position,
                _kind(index),
            )
            for block in blocks
            if block.next_position is not None
        }

    def _windows(self, X, index, blocks, history):
        """Windows of every row; `history` is None for the rows of `fit`."""
        if len(blocks) == 1:
            windows = self._windows_of(X, index, blocks[0], history)
        else:
            shape = (len(X), len(self.lags_), X.shape[1])
            windows = np.empty(shape, dtype=X.dtype)
            for block in blocks:
                windows[block.rows] = self._windows_of(X, index, block, history)
            windows.flags.writeable = False
        return windows if self.layout == "sequence" else windows.reshape(len(X), -1)

    def _windows_of(self, X, index, block, history):
        """Windows of one series, over one copy of it behind its history."""
        reach = int(self.lags_[0])
        rows = X[block.rows]
        values = np.empty((reach + len(rows), X.shape[1]), dtype=X.dtype)
        values[reach:] = rows
        _check_no_infinity(values[reach:], "X")
        past = self._past_of(block, index, history)
        unknown = reach - len(past)
        values[unknown:reach] = past
        values[:unknown] = np.nan
        if unknown and self.warmup == "error" and history is not None:
            where = "" if block.series is None else f" of series {block.series!r}"
            raise ValueError(
                f"The first rows{where} need {reach} rows before them and "
                f"{len(past)} are known (warmup='error'). Give rows that directly "
                "follow those seen in fit, with their index, or give these rows too."
            )
        if self.warmup != "edge" or not unknown:
            return _window_view(values, self.lags_, len(rows))
        return self._edge_windows(values, unknown, len(rows))

    def _past_of(self, block, index, history):
        """The remembered rows that directly precede a series."""
        known = None if block.positions is None else (history or {}).get(block.series)
        if known is None or not known.directly_precedes(block, _kind(index)):
            return np.empty((0, self.n_features_in_))
        return known.values

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
        windows.flags.writeable = False
        return windows
