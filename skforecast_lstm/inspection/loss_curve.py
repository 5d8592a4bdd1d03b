"""Display of the loss and metrics of every epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np

from skforecast_lstm._labels import as_label
from skforecast_lstm.inspection._drawing import (
    axes_for,
    check_matplotlib,
    check_scikit_learn_fitted,
    line_style,
    missing_part_error,
    nested_estimators,
)

__all__ = ["LossCurveDisplay"]

# From this ratio on, a linear axis shows only the first epochs.
_LOG_FROM = 30


class LossCurveDisplay:
    """Display of the loss and metrics of every epoch of a training.

    Create it with :meth:`from_estimator` or :meth:`from_history`.

    Parameters
    ----------
    history : dict of list
        Values of each epoch by name, as in ``history_`` of an estimator.
    loss_name : str, default=None
        Name of the loss, for the label of its axis.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        First of the axes.
    axes_ : ndarray of matplotlib.axes.Axes
        Axes of each metric.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    lines_ : dict of matplotlib.lines.Line2D
        Curves by their names in the history.
    best_epoch_ : int or None
        Epoch with the lowest validation loss, counted from 1. None if no validation
        data were held out.
    best_lines_ : list of matplotlib.lines.Line2D
        Marks of that epoch, one in each of the axes.

    See Also
    --------
    LSTMRegressor : Estimator that records the history.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from skforecast_lstm import LSTMRegressor
    >>> from skforecast_lstm.inspection import LossCurveDisplay
    >>> windows = np.sin(np.arange(120) / 4 + np.arange(8)[:, None]).T
    >>> regressor = LSTMRegressor(
    ...     units=4, epochs=20, early_stopping=True, random_state=0
    ... ).fit(windows[:, :-1], windows[:, -1])
    >>> display = LossCurveDisplay.from_estimator(regressor)
    >>> list(display.lines_)
    ['loss', 'val_loss']
    >>> plt.close(display.figure_)
    """

    def __init__(
        self, *, history: Mapping[str, Sequence[float]], loss_name: str | None = None
    ) -> None:
        self.history = history
        self.loss_name = loss_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metrics: str | Sequence[str] = ("loss",),
        yscale: Literal["linear", "log"] | None = None,
        name: str | None = None,
        ax: Any = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted LSTMRegressor or LSTMClassifier, or a pipeline, search or other
            estimator that ends in one.
        metrics : str or sequence of str, default=("loss",)
            Names in ``history_`` to draw, each in separate axes, with the values on
            held-out rows if there are any. A name is "loss", a metric of the estimator
            such as "mean_absolute_error", or "learning_rate", which Keras records if a
            callback changes it.
        yscale : {"linear", "log"}, default=None
            Scale of the values. If None, it is "log" if all values are positive and the
            largest is at least 30 times the smallest.
        name : str, default=None
            Prefix of the labels, to distinguish trainings in the same axes.
        ax : Axes or sequence of Axes, default=None
            Axes to draw in, one for each metric. If None, a new figure is created.
        line_kw : dict, default=None
            Keyword arguments of ``Axes.plot`` for the curves.

        Returns
        -------
        display : LossCurveDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        network = _trained_network(estimator)
        display = cls(history=network.history_, loss_name=_loss_name(network))
        return display.plot(
            ax, metrics=metrics, yscale=yscale, name=name, line_kw=line_kw
        )

    @classmethod
    def from_history(
        cls,
        history: Mapping[str, Sequence[float]],
        *,
        metrics: str | Sequence[str] = ("loss",),
        yscale: Literal["linear", "log"] | None = None,
        name: str | None = None,
        ax: Any = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the history that Keras recorded in a training.

        Parameters
        ----------
        history : dict of list
            Values of each epoch by name: ``history_`` of an estimator, or ``history`` of
            the object that ``keras.Model.fit`` or ``skforecast_lstm.training.fit``
            returns.
        metrics : str or sequence of str, default=("loss",)
            Names to draw, as in `from_estimator`.
        yscale : {"linear", "log"}, default=None
            Scale of the values, as in `from_estimator`.
        name : str, default=None
            Prefix of the labels, to distinguish trainings in the same axes.
        ax : Axes or sequence of Axes, default=None
            Axes to draw in, one for each metric. If None, a new figure is created.
        line_kw : dict, default=None
            Keyword arguments of ``Axes.plot`` for the curves.

        Returns
        -------
        display : LossCurveDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        if not isinstance(history, Mapping):
            raise TypeError(
                f"history must be a dict of lists, got {type(history).__name__}. For the "
                "object that Keras returns, give its attribute history."
            )
        return cls(history=history).plot(
            ax, metrics=metrics, yscale=yscale, name=name, line_kw=line_kw
        )

    def plot(
        self,
        ax: Any = None,
        *,
        metrics: str | Sequence[str] = ("loss",),
        yscale: Literal["linear", "log"] | None = None,
        name: str | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the history.

        Parameters
        ----------
        ax : Axes or sequence of Axes, default=None
            Axes to draw in, one for each metric. If None, a new figure is created.
        metrics : str or sequence of str, default=("loss",)
            Names to draw, as in `from_estimator`.
        yscale : {"linear", "log"}, default=None
            Scale of the values, as in `from_estimator`.
        name : str, default=None
            Prefix of the labels, to distinguish trainings in the same axes.
        line_kw : dict, default=None
            Keyword arguments of ``Axes.plot`` for the curves.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.
        """
        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        if yscale not in (None, "linear", "log"):
            raise ValueError(f"yscale must be 'linear', 'log' or None, got {yscale!r}.")
        if not metrics:
            raise ValueError("metrics is empty. Give at least one name, such as 'loss'.")
        for metric in metrics:
            self._check_metric(metric)
        self.axes_ = axes_for(self, ax, len(metrics))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.best_epoch_ = self._best_epoch()
        self.lines_: dict[str, Any] = {}
        self.best_lines_: list[Any] = []
        before = "" if name is None else f"{as_label(name)}, "
        for axes, metric in zip(self.axes_, metrics, strict=True):
            values = self._plot_curves(axes, metric, before, line_kw)
            self._mark_best_epoch(axes, before)
            if yscale or _spans_a_wide_range(values):
                axes.set_yscale(yscale or "log")
            self._describe(axes, metric)
        self.ax_.set_title("Training, epoch by epoch")
        self.axes_[-1].set_xlabel("Epoch")
        return self

    def _check_metric(self, metric):
        """Raise if a metric was not recorded, with the reason."""
        if len(self.history.get(metric, ())):
            return
        recorded = [
            name
            for name, values in self.history.items()
            if len(values) and not name.startswith("val_")
        ]
        if not recorded:
            raise ValueError(
                "The history is empty, because there was no training. Call fit first."
            )
        if metric == "val_loss" or metric.removeprefix("val_") in recorded:
            raise ValueError(
                f"There is no {metric!r}, because no validation data were held out. Set "
                "early_stopping=True, or give a callback that monitors a val_ metric."
            )
        if metric == "learning_rate":
            raise ValueError(
                "There is no 'learning_rate' in the history. Keras records it only if a "
                "callback such as ReduceLROnPlateau or LearningRateScheduler changes it."
            )
        raise ValueError(
            f"There is no {metric!r} in the history, which has "
            f"{', '.join(map(repr, recorded))}. To record it, add it to metrics of the "
            "estimator."
        )

    def _best_epoch(self):
        losses = np.asarray(self.history.get("val_loss", ()), dtype=float)
        return int(np.nanargmin(losses)) + 1 if np.isfinite(losses).any() else None

    def _plot_curves(self, axes, metric, before, line_kw):
        """Draw a metric, with that on any held-out rows, and return the values."""
        drawn = []
        for key in (metric, f"val_{metric}"):
            values = self.history.get(key, ())
            if not len(values):
                continue
            what = "validation" if key.startswith("val_") else "training"
            style = {
                "label": before + ("learning rate" if key == "learning_rate" else what),
                "marker": "o" if len(values) == 1 else None,
                "linewidth": 1.6,
            }
            epochs = np.arange(1, len(values) + 1)
            (self.lines_[key],) = axes.plot(epochs, values, **line_style(style, line_kw))
            drawn.extend(values)
        return np.asarray(drawn, dtype=float)

    def _mark_best_epoch(self, axes, before):
        if self.best_epoch_ is None:
            return
        mark = axes.axvline(
            self.best_epoch_,
            color=axes.lines[-1].get_color(),
            linestyle=":",
            linewidth=1.2,
            label=f"{before}lowest validation loss (epoch {self.best_epoch_})",
        )
        self.best_lines_.append(mark)

    def _describe(self, axes, metric):
        """Set the axis labels and legend of one metric."""
        from matplotlib.ticker import LogFormatter, MaxNLocator

        label = as_label(metric.replace("_", " ").capitalize())
        if metric == "loss" and self.loss_name:
            label += f" ({as_label(self.loss_name)})"
        if axes.get_yscale() == "log":
            label += ", logarithmic"
            axes.yaxis.set_major_formatter(LogFormatter())
            axes.yaxis.set_minor_formatter(LogFormatter())
        axes.set_ylabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")


def _trained_network(estimator):
    """Return the estimator with the history, at the end of pipelines and searches."""
    check_scikit_learn_fitted(estimator)
    found = list(nested_estimators(estimator))
    for one in found:
        if hasattr(one, "history_"):
            return one
    raise missing_part_error(
        found,
        "LSTM",
        "a fitted LSTMRegressor or LSTMClassifier, or a pipeline or search that ends in "
        "one",
    )


def _loss_name(network):
    """Return the name of the loss of a network, or None if its outputs differ in it."""
    from skforecast_lstm._scikeras_routing import loss_name

    loss = network.model_.loss
    one = isinstance(loss, str) or callable(loss)
    return loss_name(loss).replace("_", " ") if one else None


def _spans_a_wide_range(values):
    values = values[np.isfinite(values)]
    return bool(values.size) and 0 < _LOG_FROM * values.min() <= values.max()
