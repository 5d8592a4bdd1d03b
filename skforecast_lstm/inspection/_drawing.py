"""Helpers of the displays: axes, ticks, and the search inside an estimator."""

import math
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS

__all__ = [
    "add_legend_below",
    "axes_for",
    "check_matplotlib",
    "check_scikit_learn_fitted",
    "decimals_for",
    "line_style",
    "missing_part_error",
    "name_ticks",
    "nested_estimators",
    "place_ticks",
    "shorten_time",
    "write_numbers",
]

# Attributes of meta-estimators with their fitted estimator.
_FITTED_INSIDE = ("best_estimator_", "regressor_", "classifier_", "estimator_")

# Least ratio of the largest to the smallest value for a logarithmic axis.
_LOG_FROM = 8
# Up to this number, each value has its own tick.
_N_TICKS = 8
# If the names together have more letters, they are slanted.
_N_LETTERS = 40
# A heat map with more numbers can't be read.
_N_WRITTEN = 100


def check_matplotlib(display: Any) -> None:
    """Raise if matplotlib is missing, with the command to install it."""
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"{getattr(display, '__name__', type(display).__name__)} needs matplotlib. "
            'Install it with: pip install "skforecast-lstm[plot]"'
        ) from error


def check_scikit_learn_fitted(estimator: Any) -> None:
    """Raise unless an estimator is of scikit-learn, not of sktime, and fitted."""
    if hasattr(estimator, "get_fitted_params"):
        raise TypeError(
            f"{type(estimator).__name__} is an estimator of sktime, but only those of "
            "scikit-learn can be drawn or explained here. The network of an "
            "LSTMForecaster is forecaster.model_.regressor."
        )
    check_is_fitted(estimator)


def axes_for(display: Any, ax: Any, n_axes: int = 1) -> NDArray:
    """Return the given axes, or new ones, one below the other."""
    check_matplotlib(display)
    if ax is None:
        from matplotlib import pyplot as plt

        height = 4.4 if n_axes == 1 else 1 + 2.4 * n_axes
        _, ax = plt.subplots(
            n_axes, sharex=True, figsize=(6.4, height), layout="constrained"
        )
    all_axes = np.array(ax, dtype=object).ravel()
    if len(all_axes) != n_axes:
        raise ValueError(
            f"The picture needs {n_axes} Axes, but ax has {len(all_axes)}. Give {n_axes} "
            "Axes, or leave out ax."
        )
    for axes in all_axes:
        # Axes with data keep their colours.
        if not axes.has_data():
            axes.set_prop_cycle(color=COLOURS)
    return all_axes


def line_style(default: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict:
    """Return the style of a line. Given values, also by a short name, take precedence."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return {**default, **normalize_kwargs(dict(given or {}), Line2D)}


def add_legend_below(ax: Any) -> None:
    """Add a legend below the axes, or inside them if the layout makes no room."""
    if ax.figure.get_layout_engine() is None:
        ax.legend(fontsize="small")
        return
    # `borderaxespad` leaves room for ticks and the axis label, in units of the font size.
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=4.7,
        ncols=2,
        fontsize="small",
        frameon=False,
    )


def nested_estimators(estimator: Any) -> Iterator[Any]:
    """Yield an estimator, the fitted one inside it or at its end, and so on."""
    while estimator is not None:
        yield estimator
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "estimators_"):
            # `estimator_` of an ensemble is not fitted.
            return
        else:
            inside = (getattr(estimator, name, None) for name in _FITTED_INSIDE)
            estimator = next((one for one in inside if one is not None), None)


def place_ticks(ax: Any, which: str, values: Any, labels: list[str] | None) -> None:
    """Set the scale and ticks of an axis of numbers, or of categories with labels."""
    places = np.unique(values)
    if labels is not None:
        name_ticks(ax, which, places, places, labels)
        ax.set(**{f"{which}lim": (-0.5, len(labels) - 0.5)})
        return
    is_log = _is_more_even_on_log_scale(places)
    if is_log:
        ax.set(**{f"{which}scale": "log"})
    if len(places) <= _N_TICKS:
        name_ticks(ax, which, places, places, None)
    elif is_log:
        _set_few_ticks(ax, which, n_decades=np.log10(places[-1] / places[0]))


def _set_few_ticks(ax, which, n_decades):
    """Set ticks on a logarithmic axis that leave room for their numbers."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axis = {"x": ax.xaxis, "y": ax.yaxis}[which]
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if n_decades < 2 else (1,)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def name_ticks(
    ax: Any, which: str, places: Any, values: Any, labels: list[str] | None
) -> None:
    """Set a tick at each place, with the number or the label of its value."""
    from matplotlib.ticker import NullLocator

    axis = {"x": ax.xaxis, "y": ax.yaxis}[which]
    written = [
        f"{value:g}" if labels is None else as_label(labels[int(value)])
        for value in values
    ]
    aslant = which == "x" and sum(map(len, written)) > _N_LETTERS
    style = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if aslant else {}
    axis.set_ticks(list(places), written, **style)
    axis.set_minor_locator(NullLocator())


def write_numbers(ax: Any, image: Any, decimals: int, sign: str = "") -> list[Any]:
    """Write the numbers into a heat map, in black or white for contrast.

    Return the texts. There are none if they would be too many to read.
    """
    values = np.ma.filled(image.get_array(), np.nan)
    if values.size > _N_WRITTEN:
        return []
    texts = []
    for (line, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        # Zero has no sign.
        rounded = round(float(value), decimals) + 0.0
        bright = 0.3 * red + 0.59 * green + 0.11 * blue > 0.5
        text = ax.text(
            column,
            line,
            f"{rounded:{sign}.{decimals}f}" if decimals <= 6 else f"{value:{sign}.2e}",
            ha="center",
            va="center",
            color="black" if bright else "white",
            fontsize="small",
        )
        texts.append(text)
    return texts


def decimals_for(values: NDArray) -> int:
    """Return the number of decimals that shows three digits of typical differences."""
    spread = np.nanmax(values) - np.nanmin(values)
    sizes = [size for size in (spread, np.nanmedian(np.abs(values))) if size > 0]
    return max(0, 2 - math.floor(math.log10(min(sizes, default=1))))


def shorten_time(part: Any) -> str:
    """Return a time without zero seconds, and without the hours at midnight."""
    return str(part).removesuffix(" 00:00:00").removesuffix(":00")


def _is_more_even_on_log_scale(values):
    """Return True if numbers over a wide range are more even on a log scale."""
    least, greatest = values[0], values[-1]
    if least <= 0 or greatest < _LOG_FROM * least:
        return False

    def unevenness(positions):
        middle = (positions[0] + positions[-1]) / 2
        return abs(np.median(positions) - middle) / (positions[-1] - positions[0])

    return unevenness(np.log(values)) < unevenness(values)


def missing_part_error(found: list[Any], what: str, wanted: str) -> Exception:
    """Return the error for estimators, from `nested_estimators`, that lack something."""
    innermost = type(found[-1]).__name__
    if getattr(found[-1], "refit", True) is False:
        return ValueError(
            f"{innermost} was created with refit=False, so it kept no fitted estimator. "
            "Set refit=True."
        )
    names = " with ".join(type(one).__name__ for one in found)
    several = ""
    if hasattr(found[-1], "estimators_"):
        several = f" {innermost} has several estimators: give one of its estimators_."
    return TypeError(f"There is no {what} in {names}. Give {wanted}.{several}")
