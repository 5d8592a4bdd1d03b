"""Display of forecasts and actual values."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from skforecast_lstm._labels import as_label
from skforecast_lstm.inspection._drawing import (
    add_legend_below,
    axes_for,
    check_matplotlib,
    line_style,
    nested_estimators,
)
from skforecast_lstm.inspection._forecasts import as_one_series, forecast_tables

__all__ = ["ForecastDisplay"]

# Up to this number, single values have markers.
_N_MARKED = 30


class ForecastDisplay:
    """Display of actual values, forecasts and intervals.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    y_true : Series
        Actual values, sorted by time.
    forecasts : list of DataFrame
        One table per origin, indexed by time. It has the column "forecast", and two
        columns for each interval, such as "lower_0.9" and "upper_0.9".

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the display.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    actual_ : matplotlib.lines.Line2D
        Line of the actual values.
    lines_ : list of matplotlib.lines.Line2D
        Lines of the forecasts, one per origin.
    bands_ : list of matplotlib.collections.PolyCollection
        Bands of the intervals, for each origin from the widest to the narrowest.
    starts_ : list of matplotlib.lines.Line2D
        Marks of the last actual value before each forecast, if there is one.

    See Also
    --------
    recursive_forecast : Forecasts from many origins.
    LSTMForecaster : Forecasts with intervals.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sktime.datasets import load_airline
    >>> from skforecast_lstm.inspection import ForecastDisplay
    >>> y = load_airline()
    >>> display = ForecastDisplay.from_predictions(y[-36:], y.shift(12)[-12:])
    >>> display.ax_.get_title()
    'Forecast'
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, y_true: pd.Series, forecasts: Sequence[pd.DataFrame]) -> None:
        self.y_true = y_true
        self.forecasts = forecasts

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        fh: Any = None,
        coverage: float | Sequence[float] | None = None,
        name: str = "forecast",
        ax: Any = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw what a fitted estimator predicts.

        Parameters
        ----------
        estimator : estimator
            Fitted scikit-learn regressor or pipeline, or fitted sktime forecaster.
        X : array-like or DataFrame
            Input of `predict`. For a forecaster, its exogenous columns for the times to
            forecast, or None.
        y : array-like of shape (n_samples,)
            Actual values. If X and y both have an index, y may be longer than X, and
            the past is drawn too. If the estimator predicts several steps for each row,
            y is the series itself, and the forecasts are drawn one after the other. For
            predictions of several columns, use `from_predictions` for each column.
        fh : ForecastingHorizon, Index or array-like of int, default=None
            Times to forecast, for a forecaster. If None, they are those of its last
            `fit` or `predict`, or the times of y after its training data.
        coverage : float or sequence of float, default=None
            Coverages of the intervals to draw, for a forecaster.
        name : str, default="forecast"
            Label of the forecast.
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.
        line_kw : dict, default=None
            Keyword arguments of ``Axes.plot`` for the forecasts.

        Returns
        -------
        display : ForecastDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        y_true = as_one_series(y, "y")
        if "fh" in inspect.signature(estimator.predict).parameters:
            answer = _from_forecaster(estimator, X, y_true, fh, coverage)
        elif fh is not None or coverage is not None:
            raise ValueError(
                "fh and coverage are for sktime forecasters, but "
                f"{type(estimator).__name__} is not one. Leave them out. To draw your "
                "own intervals, use from_predictions."
            )
        else:
            answer = _from_regressor(estimator, X, y, y_true)
        display = cls(y_true=y_true, forecasts=forecast_tables(y_true, **answer))
        return display.plot(ax, name=name, line_kw=line_kw)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        intervals: Any = None,
        starts: ArrayLike | None = None,
        name: str = "forecast",
        ax: Any = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw existing predictions.

        Parameters
        ----------
        y_true : Series or array-like of shape (n_samples,)
            Actual values, sorted by time.
        y_pred : Series or array-like of shape (n_samples,) or (n_starts, n_steps)
            Forecasts. A Series is drawn at its index, which may extend past the end of
            y_true. An array has one forecast for every actual value, or the steps ahead
            from each of many origins. The latter is the output of
            `recursive_forecast`, with or without a third dimension of length one.
        intervals : dict or DataFrame, default=None
            Bounds by coverage, ``{0.9: (lower, upper)}``, with the shape of y_pred, or
            the output of `predict_interval` of an sktime forecaster.
        starts : array-like of int of shape (n_starts,), default=None
            For many origins, the row of y_true for the first step of each forecast.
            ``len(y_true)`` is the row after the last. The steps after it have times in
            the step of the index, also in its gaps. `starts` is optional in two cases.
            If y_pred has one origin, that is the end of y_true. If y_pred has a
            forecast for every row, every n_steps-th is drawn, so that they do not
            overlap.
        name : str, default="forecast"
            Label of the forecast.
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.
        line_kw : dict, default=None
            Keyword arguments of ``Axes.plot`` for the forecasts.

        Returns
        -------
        display : ForecastDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        actual = as_one_series(y_true, "y_true")
        forecasts = forecast_tables(actual, y_pred, intervals, starts)
        display = cls(y_true=actual, forecasts=forecasts)
        return display.plot(ax, name=name, line_kw=line_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        name: str = "forecast",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw actual values and forecasts.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created. A second forecast in the
            same axes has another colour.
        name : str, default="forecast"
            Label of the forecast.
        line_kw : dict, default=None
            Keyword arguments of ``Axes.plot`` for the forecasts.

        Returns
        -------
        display : ForecastDisplay
            The display itself.
        """
        self.ax_ = ax = axes_for(self, ax)[0]
        self.figure_ = ax.figure
        self._labelled = set(ax.get_legend_handles_labels()[1])
        times = _as_axis_values(self.y_true.index)
        (self.actual_,) = ax.plot(
            times,
            self.y_true,
            color="0.25",
            linewidth=1.2,
            label=self._label_once("actual"),
        )
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        self.starts_: list[Any] = []
        for forecast in self.forecasts:
            self._plot_forecast(forecast, name, line_kw)
        self._describe()
        return self

    def _label_once(self, label):
        """Return a label for the first artist with this meaning, None for later ones."""
        if label in self._labelled:
            return None
        self._labelled.add(label)
        return as_label(label)

    def _plot_forecast(self, forecast, name, line_kw):
        """Draw one forecast with its intervals, and a mark at its start."""
        times = _as_axis_values(forecast.index)
        default = {
            "linewidth": 1.6,
            "marker": "." if len(forecast) <= _N_MARKED else None,
            "label": self._label_once(name),
        }
        style = line_style(default, line_kw)
        if self.lines_:
            style["color"] = self.lines_[0].get_color()
        (line,) = self.ax_.plot(times, forecast["forecast"], **style)
        self.lines_.append(line)
        levels = [
            column.removeprefix("lower_")
            for column in forecast.columns
            if column.startswith("lower_")
        ]
        alphas = np.linspace(0.15, 0.35, len(levels))
        for level, alpha in zip(
            sorted(levels, key=float, reverse=True), alphas, strict=True
        ):
            band = self.ax_.fill_between(
                times,
                forecast[f"lower_{level}"],
                forecast[f"upper_{level}"],
                color=line.get_color(),
                alpha=alpha,
                linewidth=0,
                label=self._label_once(f"{name}, {100 * float(level):g} % interval"),
            )
            self.bands_.append(band)
        before = self.y_true.index.searchsorted(forecast.index[0]) - 1
        if before >= 0:
            mark = self.ax_.axvline(
                _as_axis_values(self.y_true.index[[before]])[0],
                color="0.5",
                linestyle=":",
                linewidth=1,
                label=self._label_once("start of a forecast"),
            )
            self.starts_.append(mark)

    def _describe(self):
        """Set the title, axis labels and legend."""
        index = self.y_true.index
        are_numbers = index.dtype.kind in "iuf"
        seconds = " (s)" if isinstance(index, pd.TimedeltaIndex) else ""
        n_starts = len(self.forecasts)
        self.ax_.set(
            title="Forecast" if n_starts == 1 else f"Forecasts from {n_starts} origins",
            xlabel=as_label(index.name or ("Row" if are_numbers else "Time")) + seconds,
            ylabel="Value" if self.y_true.name is None else as_label(self.y_true.name),
        )
        if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
            from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

            zone = getattr(index, "tz", None)
            locator = AutoDateLocator(tz=zone)
            self.ax_.xaxis.set_major_locator(locator)
            self.ax_.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
        self.ax_.margins(x=0.01)
        self.ax_.grid(alpha=0.3)
        add_legend_below(self.ax_)


def _from_regressor(estimator, X, y, y_true):
    """Return the predictions of a regressor, with their rows in the actual values."""
    y_pred = np.asarray(estimator.predict(X))
    rows = np.arange(len(y_pred))
    if all(isinstance(one, pd.Series | pd.DataFrame) for one in (X, y)):
        rows = y_true.index.get_indexer(X.index)
        if (rows < 0).any():
            raise ValueError(
                f"y has no row {X.index[np.argmin(rows)]}, which is in X. Give the "
                "actual values of all rows of X, NaN where unknown."
            )
    elif len(y_pred) != len(y_true):
        raise ValueError(
            f"X has {len(y_pred)} rows, but y has {len(y_true)}. Give the same number of "
            "rows, or give both an index."
        )
    if y_pred.ndim > 1 and y_pred.shape[1] > 1:
        n_steps = y_pred.shape[1]
        _check_outputs_are_steps(estimator, n_steps)
        pipelines = nested_estimators(estimator)
        steps = [step for one in pipelines for _, step in getattr(one, "steps", ())]
        return {
            "y_pred": y_pred[::n_steps],
            "starts": rows[::n_steps],
            "ignore_gaps": any(getattr(one, "gaps", None) == "ignore" for one in steps),
        }
    return {"y_pred": pd.Series(y_pred.ravel(), index=y_true.index[rows])}


def _check_outputs_are_steps(estimator, n_outputs):
    """Raise if a network predicts several columns or quantiles of each row."""
    for one in nested_estimators(estimator):
        if not hasattr(one, "_target_layout"):
            continue
        has_quantiles = len(getattr(one.model_.loss, "quantiles", ())) > 1
        if has_quantiles or one._target_layout["n_steps"] not in (None, n_outputs):
            what = "quantiles" if has_quantiles else "columns"
            raise ValueError(
                f"The {n_outputs} numbers that {type(one).__name__} predicts for each "
                f"row belong to several {what}, but only steps ahead of one series can "
                "be drawn. Select one with from_predictions, such as "
                "from_predictions(y, y_pred[:, 0])."
            )


def _from_forecaster(forecaster, X, y_true, fh, coverage):
    """Return the forecasts of an sktime forecaster, with its intervals."""
    forecaster.check_is_fitted()
    if fh is None:
        fh = _horizon(forecaster, y_true)
    answer = {"y_pred": forecaster.predict(fh=fh, X=X)}
    if coverage is not None:
        answer["intervals"] = forecaster.predict_interval(fh=fh, X=X, coverage=coverage)
    return answer


def _horizon(forecaster, y_true):
    """Return the last horizon of a forecaster, or the times after its training data."""
    try:
        return forecaster.fh
    except ValueError:
        from sktime.forecasting.base import ForecastingHorizon
    n_seen = y_true.index.searchsorted(forecaster.cutoff[0], side="right")
    if n_seen == len(y_true):
        raise ValueError(
            f"There are no times to forecast: y ends at {y_true.index[-1]}, and "
            f"{type(forecaster).__name__} was fitted up to {forecaster.cutoff[0]}. Give "
            "fh, or a y with later rows."
        )
    return ForecastingHorizon(y_true.index[n_seen:], is_relative=False)


def _as_axis_values(index):
    """Return the times in a form that matplotlib can draw."""
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if isinstance(index, pd.TimedeltaIndex):
        return index.total_seconds()
    return index
