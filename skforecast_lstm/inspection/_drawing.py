"""What the displays share: their axes, and the way into an estimator."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS

__all__ = [
    "add_legend_below",
    "axes_for",
    "check_matplotlib",
    "line_style",
    "name_ticks",
    "nothing_in",
    "one_after_another",
    "place_ticks",
]

# Where scikit-learn's meta-estimators, and ours, keep what they have fitted.
_FITTED_INSIDE = ("best_estimator_", "regressor_", "classifier_", "estimator_")

# Ratio of the greatest to the least value from which a logarithmic axis is thought of.
_LOG_FROM = 8
# Up to this number each value gets a tick of its own.
_N_TICKS = 8
# Longer names side by side, in letters, are written aslant.
_N_LETTERS = 40


def check_matplotlib(display: Any) -> None:
    """Raise, saying what to install, where there is no matplotlib."""
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"{getattr(display, '__name__', type(display).__name__)} needs matplotlib. "
            'Install it with: pip install "skforecast-lstm[plot]"'
        ) from error


def axes_for(display: Any, ax: Any, n_axes: int = 1) -> NDArray:
    """The axes that were given, or new ones, one below the other."""
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
            f"There are {n_axes} fields to draw, and ax has {len(all_axes)} Axes. Give "
            "as many, or leave ax out."
        )
    for axes in all_axes:
        # Axes with something in them go on with the colours that they have.
        if not axes.has_data():
            axes.set_prop_cycle(color=COLOURS)
    return all_axes


def line_style(default: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict:
    """The style of a line; what is given comes first, also by a short name."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return {**default, **normalize_kwargs(dict(given or {}), Line2D)}


def add_legend_below(ax: Any) -> None:
    """A legend under the axes, which hides nothing, where the layout makes room."""
    if ax.figure.get_layout_engine() is None:
        ax.legend(fontsize="small")
        return
    # Room for ticks and the name of the axis, in heights of letters.
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=4.7,
        ncols=2,
        fontsize="small",
        frameon=False,
    )


def one_after_another(estimator: Any) -> Iterator[Any]:
    """An estimator, the fitted one in it or at its end, and so on."""
    while estimator is not None:
        yield estimator
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            inside = (getattr(estimator, name, None) for name in _FITTED_INSIDE)
            estimator = next((one for one in inside if one is not None), None)


def place_ticks(ax: Any, which: str, values: Any, labels: list[str] | None) -> None:
    """Scale and ticks of an axis with numbers, or with categories if there are labels."""
    places = np.unique(values)
    if labels is not None:
        name_ticks(ax, which, places, places, labels)
        ax.set(**{f"{which}lim": (-0.5, len(labels) - 0.5)})
        return
    is_log = _even_on_a_log_scale(places)
    if is_log:
        ax.set(**{f"{which}scale": "log"})
    if len(places) <= _N_TICKS:
        name_ticks(ax, which, places, places, None)
    elif is_log:
        _tick_few(ax, which, n_decades=np.log10(places[-1] / places[0]))


def _tick_few(ax, which, n_decades):
    """Ticks of a logarithmic axis that leave room for each other's numbers."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axis = {"x": ax.xaxis, "y": ax.yaxis}[which]
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if n_decades < 2 else (1,)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def name_ticks(
    ax: Any, which: str, places: Any, values: Any, labels: list[str] | None
) -> None:
    """A tick at each place, with the number or the label of its value."""
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


def _even_on_a_log_scale(values):
    """Whether numbers over a wide range lie more evenly by their logarithms."""
    least, greatest = values[0], values[-1]
    if least <= 0 or greatest < _LOG_FROM * least:
        return False

    def unevenness(positions):
        middle = (positions[0] + positions[-1]) / 2
        return abs(np.median(positions) - middle) / (positions[-1] - positions[0])

    return unevenness(np.log(values)) < unevenness(values)


def nothing_in(found: list[Any], what: str, wanted: str) -> Exception:
    """The error to raise where estimators, from `one_after_another`, lack something."""
    innermost = type(found[-1]).__name__
    if getattr(found[-1], "refit", True) is False:
        return ValueError(
            f"{innermost} was made with refit=False, so it kept no fitted estimator. Set "
            "refit=True."
        )
    names = " with ".join(type(one).__name__ for one in found)
    return TypeError(f"There is no {what} in {names}. Give {wanted}.")
