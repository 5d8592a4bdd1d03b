"""Display of the steps and columns of a window that forecasts came from."""

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS
from skforecast_lstm.inspection._drawing import (
    axes_for,
    check_matplotlib,
    shorten_time,
    write_numbers,
)
from skforecast_lstm.inspection._windows import columns_and_lags
from skforecast_lstm.inspection.attributions import checked_row, explain

__all__ = ["AttributionDisplay"]

# Up to this number of steps, each has a tick.
_N_TICKS = 12
# The largest number of columns with names of the usual size.
_N_NAMES = 12


class AttributionDisplay:
    """Display of the steps and columns of a window that forecasts came from.

    Create it with :meth:`from_estimator` or :meth:`from_attributions`. The picture is a
    heat map of steps and columns, or bars if there is one column. The colours of one
    forecast are centred on zero.

    Parameters
    ----------
    parts : array-like of shape (n_steps, n_columns)
        Attributions of one forecast, or the mean of their sizes over many.
    is_mean : bool, default=False
        If True, `parts` are means of sizes, so none is negative.
    columns : sequence of str, default=None
        Names of the columns. If None, they are numbered.
    lags : sequence of int, default=None
        Lag of each step, oldest first. If None, steps are counted back from the end of
        the window.
    output_name : str, default="the forecast"
        What was divided into parts, with its unit.
    description : str, default="Attributions"
        Title of the picture.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the display.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    image_ : matplotlib.image.AxesImage or None
        Heat map, if there are several columns.
    texts_ : list of matplotlib.text.Text
        Numbers in the heat map.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Legend of the colours.
    bars_ : matplotlib.container.BarContainer or None
        Bars, if there is one column.

    See Also
    --------
    window_attributions : Computes the attributions.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from skforecast_lstm import LSTMRegressor
    >>> from skforecast_lstm.inspection import AttributionDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 4, 3))
    >>> lstm = LSTMRegressor(units=8, epochs=30, random_state=0).fit(X, X[:, -2, 1])
    >>> display = AttributionDisplay.from_estimator(lstm, X)
    >>> display.ax_.get_title()
    'Mean size of the parts of 200 forecasts'
    >>> plt.close(display.figure_)
    >>> display = AttributionDisplay.from_estimator(lstm, X, row=-1)
    >>> display.parts.shape
    (4, 3)
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        parts: ArrayLike,
        is_mean: bool = False,
        columns: Sequence[str] | None = None,
        lags: Sequence[int] | None = None,
        output_name: str = "the forecast",
        description: str = "Attributions",
    ) -> None:
        self.parts = parts
        self.is_mean = is_mean
        self.columns = columns
        self.lags = lags
        self.output_name = output_name
        self.description = description

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        row: int | None = None,
        baseline: ArrayLike | None = None,
        output: int | None = None,
        n_points: int = 64,
        ax: Any = None,
    ) -> Self:
        """Draw the attributions of one forecast, or of all on average.

        Parameters
        ----------
        estimator : LSTMRegressor or LSTMClassifier
            Fitted estimator, or a pipeline or search that ends in one.
        X : array-like
            Windows of shape (n_samples, n_steps, n_columns), or the input of the
            pipeline.
        row : int, default=None
            Number of the row of X whose forecast is drawn; -1 is the last. If None, the
            mean size of the parts of all rows is drawn.
        baseline : array-like of shape (n_steps, n_columns), default=None
            Window to compare with, as in `window_attributions`.
        output : int, default=None
            Number of the target or class, as in `window_attributions`.
        n_points : int, default=64
            Number of points of the rule, as in `window_attributions`.
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : AttributionDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        explained = explain(
            estimator, X, baseline=baseline, output=output, n_points=n_points, row=row
        )
        attributions = explained.attributions
        columns, lags = columns_and_lags(estimator, *attributions.shape[1:])
        if row is None:
            what = "probabilities" if explained.is_probability else "forecasts"
            description = _mean_title(len(attributions), what)
        else:
            description = _row_title(explained, X, row)
        return cls(
            parts=_mean_size(attributions) if row is None else attributions[0],
            is_mean=row is None,
            columns=columns,
            lags=lags,
            output_name=_output_name(explained),
            description=description,
        ).plot(ax)

    @classmethod
    def from_attributions(
        cls,
        attributions: ArrayLike,
        *,
        row: int | None = None,
        columns: Sequence[str] | None = None,
        lags: Sequence[int] | None = None,
        output_name: str = "the forecast",
        ax: Any = None,
    ) -> Self:
        """Draw attributions that `window_attributions` returned.

        Parameters
        ----------
        attributions : array-like of shape (n_samples, n_steps, n_columns)
            Attributions of the forecasts of all rows.
        row : int, default=None
            Number of the row to draw. If None, the mean size over all rows is drawn.
        columns : sequence of str, default=None
            Names of the columns. If None, they are numbered.
        lags : sequence of int, default=None
            Lag of each step, oldest first. If None, steps are counted back from the end
            of the window.
        output_name : str, default="the forecast"
            What was divided into parts, with its unit.
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : AttributionDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        values = np.asarray(attributions, dtype=float)
        if values.ndim != 3 or not values.size:
            raise ValueError(
                "attributions must have the shape (n_samples, n_steps, n_columns) and at "
                f"least one row, got shape {values.shape}."
            )
        if row is None:
            parts = _mean_size(values)
            description = _mean_title(len(values), "forecasts")
        else:
            place = checked_row(row, len(values))
            parts, description = values[place], f"Parts of the forecast of row {place}"
        return cls(
            parts=parts,
            is_mean=row is None,
            columns=columns,
            lags=lags,
            output_name=output_name,
            description=description,
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the attributions.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : AttributionDisplay
            The display itself.
        """
        parts = np.asarray(self.parts, dtype=float)
        n_steps, n_columns = parts.shape
        for name, given, number in (
            ("columns", self.columns, n_columns),
            ("lags", self.lags, n_steps),
        ):
            if given is not None and len(given) != number:
                raise ValueError(
                    f"{name} has {len(given)} entries, but the parts have {number}."
                )
        self.ax_ = axes_for(self, ax)[0]
        self.figure_ = self.ax_.figure
        self.image_ = self.colorbar_ = self.bars_ = None
        self.texts_: list[Any] = []
        if n_columns == 1:
            self._plot_bars(parts[:, 0])
        else:
            self._plot_heat_map(parts)
        self._name_steps(n_steps)
        self.ax_.set_title(self.description, fontsize="medium")
        return self

    @property
    def _value_label(self):
        name = as_label(self.output_name)
        return f"Mean size of the parts of {name}" if self.is_mean else f"Part of {name}"

    def _name_of_column(self, number):
        named = self.columns is not None
        return as_label(self.columns[number]) if named else f"column {number}"

    def _plot_bars(self, parts):
        """Draw one bar per step, in the colour of its sign."""
        colours = np.where(parts < 0, COLOURS[0], COLOURS[5])
        self.bars_ = self.ax_.bar(range(len(parts)), parts, color=colours)
        self.ax_.axhline(0, color="0.3", linewidth=0.8)
        self.ax_.set_ylabel(self._value_label)
        self.ax_.grid(axis="y", alpha=0.3)
        self.ax_.set_axisbelow(True)

    def _plot_heat_map(self, parts):
        """Draw the steps from left to right, and one line per column."""
        largest = np.abs(parts).max() or 1.0
        self.image_ = self.ax_.imshow(
            parts.T,
            cmap="Oranges" if self.is_mean else "RdBu_r",
            vmin=0 if self.is_mean else -largest,
            vmax=largest,
            aspect="auto",
        )
        decimals = max(0, 2 - math.floor(math.log10(largest)))
        sign = "" if self.is_mean else "+"
        self.texts_ = write_numbers(self.ax_, self.image_, decimals, sign)
        names = [
            f"{self._name_of_column(number)}\n{total:{sign}.{decimals}f}"
            for number, total in enumerate(parts.sum(axis=0).round(decimals) + 0.0)
        ]
        small = parts.shape[1] > _N_NAMES
        if small:
            names = [name.replace("\n", "  ") for name in names]
        self.ax_.set_yticks(range(len(names)), names, fontsize=6 if small else None)
        self.ax_.set_ylabel("Column, with the sum of its steps")
        self.colorbar_ = self.figure_.colorbar(
            self.image_, ax=self.ax_, label=self._value_label
        )

    def _name_steps(self, n_steps):
        """Set ticks at the steps, from the newest back."""
        every = -(-n_steps // _N_TICKS)
        places = np.arange(n_steps - 1, -1, -every)[::-1]
        if self.lags is None:
            lags, label = n_steps - 1 - np.arange(n_steps), "Steps back in the window"
        else:
            lags, label = np.asarray(self.lags), "Lag of the step"
        self.ax_.set_xticks(places, [str(lag) for lag in lags[places]])
        self.ax_.set_xlabel(label)


def _mean_size(attributions: NDArray) -> NDArray:
    return np.abs(attributions).mean(axis=0)


def _mean_title(n_rows, what):
    return f"Mean size of the parts of {n_rows} {what}"


def _output_name(explained):
    name = explained.output_name
    if explained.is_probability:
        return f"the probability of {name}"
    return "the forecast" if name is None else f"the forecast of {name}"


def _row_title(explained, X, row):
    """Return a title with the time of a row, its forecast and that of the baseline."""
    index = X.index if hasattr(X, "iloc") else None
    if index is None or index.nlevels > 1 or index.dtype.kind in "iu":
        place = f"row {checked_row(row, len(X))}"
    else:
        place = shorten_time(index[row])
    what = "Probability" if explained.is_probability else "Forecast"
    forecast, base = explained.forecasts[0], explained.base_forecasts[0]
    return (
        f"{what} for {as_label(place)}: {forecast:.4g}\n"
        f"= {base:.4g} for the baseline {forecast - base:+.4g} from the window"
    )
