"""What a window takes of a series: a picture of lookback, lags and horizon."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS
from skforecast_lstm.inspection._drawing import (
    add_legend_below,
    axes_for,
    check_matplotlib,
    nothing_in,
    one_after_another,
)
from skforecast_lstm.windows import LookbackWindower

__all__ = ["WindowDisplay"]

_TAKEN = "in the window"
_REMEMBERED = "remembered from fit"
_REPEATED = "first row repeated"
_UNKNOWN = "unknown"
_AHEAD = "not known yet (horizon)"
_LOOKS = {
    _TAKEN: {"facecolor": COLOURS[0]},
    _REMEMBERED: {"facecolor": COLOURS[2]},
    _REPEATED: {"facecolor": COLOURS[4]},
    _UNKNOWN: {"facecolor": "white", "edgecolor": "0.5", "hatch": "xxx"},
    _AHEAD: {"facecolor": "0.9", "edgecolor": "0.6", "hatch": "////"},
}
_HEIGHT = 0.6
_FEW_STEPS = 60


class WindowDisplay:
    """Which rows of a series the windows of some rows take.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    steps : DataFrame
        A line for each step of each window, and for each row that is not yet known
        because of the horizon: "row" is the number of the row that the window is of,
        "label" its time, "position" where the row is in its series, "step" where the
        step is, and "what" what is there.
    description : str, default="Windows"
        Title of the picture.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure with the axes.
    boxes_ : dict of matplotlib.collections.PolyCollection
        The steps, by what is there.
    rows_ : matplotlib.lines.Line2D
        The rows that the windows are of.

    See Also
    --------
    LookbackWindower : Makes the windows.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from skforecast_lstm import LookbackWindower
    >>> from skforecast_lstm.inspection import WindowDisplay
    >>> series = np.arange(10.0).reshape(-1, 1)
    >>> windower = LookbackWindower(3, horizon=2).fit(series)
    >>> display = WindowDisplay.from_estimator(windower, series, rows=[6])
    >>> display.steps[["step", "what"]]
       step                     what
    0     2            in the window
    1     3            in the window
    2     4            in the window
    3     5  not known yet (horizon)
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, steps: pd.DataFrame, description: str = "Windows") -> None:
        self.steps = steps
        self.description = description

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        rows: Sequence[int] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the windows that a fitted windower makes of some rows.

        Parameters
        ----------
        estimator : LookbackWindower or estimator
            A fitted windower, or a pipeline, search or other estimator with one in it.
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows, as for `transform` or `predict`.
        rows : sequence of int, default=None
            Numbers of the rows to show the windows of. None shows the first row, one
            with a part of its window, the first with all of it, and the one after.
        ax : Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : WindowDisplay
            What was drawn.
        """
        check_matplotlib(cls)
        check_is_fitted(estimator)
        windower, reached = _find_windower(estimator, X)
        rows = _rows_to_show(rows, len(reached), int(windower.lags_[0]))
        return cls(
            steps=_steps(
                windower, reached, rows, X.index if hasattr(X, "iloc") else None
            ),
            description=_description(windower),
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the windows.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : WindowDisplay
            The display itself.
        """
        self.ax_ = ax = axes_for(self, ax)[0]
        self.figure_ = ax.figure
        of_row = self.steps.groupby("row", sort=False)[["label", "position"]].first()
        lanes = {row: lane for lane, row in enumerate(of_row.index)}
        self.boxes_ = {}
        for what, look in _LOOKS.items():
            found = self.steps[self.steps["what"] == what]
            if not found.empty:
                self.boxes_[what] = self._boxes(found, lanes, {"label": what} | look)
        (self.rows_,) = ax.plot(
            of_row["position"],
            list(lanes.values()),
            linestyle="",
            marker="D",
            markersize=7,
            color=COLOURS[5],
            markeredgecolor="white",
            label="row of the window",
        )
        self._describe(of_row)
        return self

    def _span(self):
        """How many rows wide the picture is."""
        return self.steps["position"].max() - self.steps["step"].min()

    def _boxes(self, steps, lanes, look):
        """One box a step, in the lane of its row."""
        from matplotlib.collections import PolyCollection

        # Where there are many, gaps between them would be all that is seen.
        few = self._span() <= _FEW_STEPS
        width = 0.9 if few else 1.0
        left = steps["step"].to_numpy() - width / 2
        top = steps["row"].map(lanes).to_numpy() - _HEIGHT / 2
        x = np.stack([left, left + width, left + width, left], axis=1)
        y = np.stack([top, top, top + _HEIGHT, top + _HEIGHT], axis=1)
        boxes = PolyCollection(
            np.stack([x, y], axis=2), linewidth=0.6 if few else 0, **look
        )
        self.ax_.add_collection(boxes)
        return boxes

    def _describe(self, of_row):
        """Title, names of the axes, limits and legend."""
        from matplotlib.ticker import MaxNLocator

        ax = self.ax_
        first, last = self.steps["step"].min(), of_row["position"].max()
        if first < 0:
            ax.axvline(-0.5, color="0.3", linewidth=1, label="start of X")
        space = max(1, 0.03 * self._span())
        ax.set_xlim(first - space, last + space)
        ax.set_ylim(len(of_row) - 0.4, -0.6)
        ax.set_yticks(range(len(of_row)), of_row["label"])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(title=self.description, xlabel="Row of the series", ylabel="Window of")
        ax.grid(axis="x", alpha=0.3)
        ax.set_axisbelow(True)
        add_legend_below(ax)


def _find_windower(estimator, X):
    """The windower in an estimator, and the rows as they reach it."""
    found = list(one_after_another(estimator))
    for one in found:
        if isinstance(one, LookbackWindower):
            return one, X
        for place, (_, step) in enumerate(getattr(one, "steps", ())):
            if isinstance(step, LookbackWindower):
                return step, one[:place].transform(X) if place else X
        if len(getattr(one, "steps", ())) > 1:
            X = one[:-1].transform(X)
    raise nothing_in(
        found,
        "LookbackWindower",
        "a fitted LookbackWindower, or a pipeline or search with one in it",
    )


def _rows_to_show(rows, n_rows, reach):
    """Numbers of rows, in order, each once."""
    if rows is None:
        return [row for row in (0, reach // 2, reach, reach + 1) if row < n_rows]
    rows = np.atleast_1d(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise ValueError(f"rows must be row numbers such as [0, 24], got {rows!r}.")
    if rows.min() < -n_rows or rows.max() >= n_rows:
        raise ValueError(
            f"rows must be from {-n_rows} to {n_rows - 1}, as X has {n_rows} rows, got "
            f"{rows.tolist()}."
        )
    return np.unique(np.arange(n_rows)[rows]).tolist()


def _steps(windower, X, rows, times):
    """What each step of each window takes, by asking the windower itself.

    It is given row numbers in the place of values, twice, from 0 and from 1: what goes
    up by one comes from X, and what stays is what it remembers.
    """
    X = X.iloc[: rows[-1] + 1] if hasattr(X, "iloc") else X[: rows[-1] + 1]
    unknown = np.isnan(_windows(windower, X)).any(axis=2)
    from_zero, from_one = (
        _windows(windower, _numbered(X, windower.n_features_in_, first))[:, :, 0]
        for first in (0.0, 1.0)
    )
    positions = _positions(X)
    tables = []
    for row in rows:
        steps = positions[row] - windower.lags_
        remembered = from_one[row] == from_zero[row]
        what = np.select(
            [unknown[row], remembered, steps < 0],
            [_UNKNOWN, _REMEMBERED, _REPEATED],
            _TAKEN,
        )
        ahead = np.arange(positions[row] - windower.horizon + 1, positions[row])
        table = pd.DataFrame(
            {
                "row": row,
                "label": f"row {row}{_in_words(times, row)}",
                "position": positions[row],
                "step": np.concatenate([steps, ahead]),
                "what": np.concatenate([what, np.repeat(_AHEAD, len(ahead))]),
            }
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _windows(windower, X):
    """Windows of all rows in three dimensions, whatever the layout."""
    with warnings.catch_warnings():
        # Row numbers have no names, and need none.
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        windows = windower.transform(X)
    return np.asarray(windows).reshape(len(X), len(windower.lags_), -1)


def _numbered(X, n_features, first):
    """Row numbers in all columns, with the index of the rows if they have one."""
    numbers = np.repeat(first + np.arange(len(X))[:, None], n_features, axis=1)
    return pd.DataFrame(numbers, index=X.index) if hasattr(X, "iloc") else numbers


def _positions(X):
    """The place of each row in its series."""
    if not hasattr(X, "iloc") or X.index.nlevels == 1:
        return np.arange(len(X))
    names = X.index.droplevel(-1)
    return pd.Series(names).groupby(names.factorize()[0]).cumcount().to_numpy()


def _in_words(times, row):
    """The time of a row and the name of its series, on a line of their own."""
    if times is None or isinstance(times, pd.RangeIndex):
        return ""
    parts = times[row] if times.nlevels > 1 else [times[row]]
    return "\n" + ", ".join(as_label(_short(part)) for part in parts)


def _short(part):
    """A time without what is zero: no seconds, and no hours at midnight."""
    return str(part).removesuffix(" 00:00:00").removesuffix(":00")


def _description(windower):
    lags = windower.lags_
    shown = ", ".join(map(str, lags))
    if len(lags) > 8:
        shown = f"{lags[0]} to {lags[-1]} ({len(lags)} steps)"
    return f"Windows: lags {shown}; horizon {windower.horizon}"
