"""Display of the rows in a window: lookback, lags and horizon."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS
from skforecast_lstm.inspection._drawing import (
    add_legend_below,
    axes_for,
    check_matplotlib,
    check_scikit_learn_fitted,
    missing_part_error,
    nested_estimators,
    shorten_time,
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
    """Display of the rows of a series in the windows of chosen rows.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    steps : DataFrame
        One row per step of each window, and per row that is not known yet because of
        the horizon. "row" is the number of the row that the window belongs to, "label"
        its time, and "position" its position in its series. Rows that are missing in a
        gap count, up to the length of a window. "step" is the position of the step, and
        "what" its content.
    description : str, default="Windows"
        Title of the picture.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the display.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    boxes_ : dict of matplotlib.collections.PolyCollection
        Boxes of the steps, by content.
    rows_ : matplotlib.lines.Line2D
        Marks of the rows that the windows belong to.

    See Also
    --------
    LookbackWindower : Transformer that cuts the windows.

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
        """Draw the windows that a fitted windower cuts for chosen rows.

        Parameters
        ----------
        estimator : LookbackWindower or estimator
            Fitted windower, or a pipeline, search or other estimator with one in it.
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows, as for `transform` or `predict`.
        rows : sequence of int, default=None
            Numbers of the rows to show windows for. If None, these are the first row, a
            row with a partial window, the first row with a full window, and the next.
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : WindowDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        check_scikit_learn_fitted(estimator)
        windower, reached = _find_windower(estimator, X)
        rows = _rows_to_show(rows, len(reached), int(windower.lags_[0]))
        return cls(
            steps=_describe_steps(
                windower, reached, rows, X.index if hasattr(X, "iloc") else None
            ),
            description=_description(windower),
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the windows.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : WindowDisplay
            The display itself.
        """
        self.ax_ = ax = axes_for(self, ax)[0]
        self.figure_ = ax.figure
        steps_by_row = self.steps.groupby("row", sort=False)[
            ["label", "position"]
        ].first()
        lanes = {row: lane for lane, row in enumerate(steps_by_row.index)}
        self.boxes_ = {}
        for what, look in _LOOKS.items():
            found = self.steps[self.steps["what"] == what]
            if not found.empty:
                self.boxes_[what] = self._draw_boxes(found, lanes, {"label": what} | look)
        (self.rows_,) = ax.plot(
            steps_by_row["position"],
            list(lanes.values()),
            linestyle="",
            marker="D",
            markersize=7,
            color=COLOURS[5],
            markeredgecolor="white",
            label="row of the window",
        )
        self._describe(steps_by_row)
        return self

    def _width(self):
        """Return the width of the picture in rows."""
        return self.steps["position"].max() - self.steps["step"].min()

    def _draw_boxes(self, steps, lanes, look):
        """Draw one box per step, in the lane of its row."""
        from matplotlib.collections import PolyCollection

        # With many steps, gaps between the boxes would hide them.
        few = self._width() <= _FEW_STEPS
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

    def _describe(self, steps_by_row):
        """Set the title, axis labels, limits and legend."""
        from matplotlib.ticker import MaxNLocator

        ax = self.ax_
        first, last = self.steps["step"].min(), steps_by_row["position"].max()
        if first < 0:
            ax.axvline(-0.5, color="0.3", linewidth=1, label="start of X")
        space = max(1, 0.03 * self._width())
        ax.set_xlim(first - space, last + space)
        ax.set_ylim(len(steps_by_row) - 0.4, -0.6)
        ax.set_yticks(range(len(steps_by_row)), steps_by_row["label"])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(title=self.description, xlabel="Row of the series", ylabel="Window of")
        ax.grid(axis="x", alpha=0.3)
        ax.set_axisbelow(True)
        add_legend_below(ax)


def _find_windower(estimator, X):
    """Return the windower in an estimator, and its input for the rows of X."""
    found = list(nested_estimators(estimator))
    for one in found:
        if isinstance(one, LookbackWindower):
            return one, X
        for place, (_, step) in enumerate(getattr(one, "steps", ())):
            if isinstance(step, LookbackWindower):
                return step, one[:place].transform(X) if place else X
        if len(getattr(one, "steps", ())) > 1:
            X = one[:-1].transform(X)
    raise missing_part_error(
        found,
        "LookbackWindower",
        "a fitted LookbackWindower, or a pipeline or search with one in it",
    )


def _rows_to_show(rows, n_rows, reach):
    """Return the sorted row numbers, each once."""
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


def _describe_steps(windower, X, rows, times):
    """Return the content of each step of each window, from the windower itself.

    The windower transforms row numbers instead of values, twice: from 0 and from 1. A
    step that goes up by one comes from X. A step that stays is remembered from `fit`.
    """
    X = X.iloc[: rows[-1] + 1] if hasattr(X, "iloc") else X[: rows[-1] + 1]
    unknown = np.isnan(_windows(windower, X)).any(axis=2)
    from_zero, from_one = (
        _windows(windower, _number_rows(X, windower.n_features_in_, first))[:, :, 0]
        for first in (0.0, 1.0)
    )
    positions = _positions(windower, X)
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
                "label": f"row {row}{_describe_time(times, row)}",
                "position": positions[row],
                "step": np.concatenate([steps, ahead]),
                "what": np.concatenate([what, np.repeat(_AHEAD, len(ahead))]),
            }
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _windows(windower, X):
    """Return the windows of all rows in three dimensions, for any layout."""
    with warnings.catch_warnings():
        # Row numbers have no feature names.
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        windows, *_ = windower._transform(X)
    # Without the columns that are known ahead.
    n_steps, n_columns = len(windower.lags_), windower.n_features_in_
    if windows.ndim == 2:
        return windows[:, : n_steps * n_columns].reshape(len(X), n_steps, n_columns)
    return windows[:, :, :n_columns]


def _number_rows(X, n_features, first):
    """Return row numbers in all columns, with the index of the rows if there is one."""
    numbers = np.repeat(first + np.arange(len(X))[:, None], n_features, axis=1)
    return pd.DataFrame(numbers, index=X.index) if hasattr(X, "iloc") else numbers


def _positions(windower, X):
    """Return the position of each row in its series, with the rows that are missing."""
    known, order = windower._known_steps(X)
    reach, offsets = int(windower.lags_[0]), known.series.offsets
    places = known.row_places(reach)
    series = np.searchsorted(offsets, places, side="right") - 1
    positions = places - offsets[series] - reach
    return positions if order is None else positions[np.argsort(order)]


def _describe_time(times, row):
    """Return the time of a row and the name of its series, on a separate line."""
    if times is None or isinstance(times, pd.RangeIndex):
        return ""
    parts = times[row] if times.nlevels > 1 else [times[row]]
    return "\n" + ", ".join(as_label(shorten_time(part)) for part in parts)


def _description(windower):
    lags = windower.lags_
    shown = ", ".join(map(str, lags))
    if len(lags) > 8:
        shown = f"{lags[0]} to {lags[-1]} ({len(lags)} steps)"
    return f"Windows: lags {shown}; horizon {windower.horizon}"
