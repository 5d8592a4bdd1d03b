"""Pictures of a comparison, narrow enough for a phone."""

import itertools

import pandas as pd
from matplotlib.figure import Figure

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS
from skforecast_lstm.comparison.ranking import shared_scores
from skforecast_lstm.comparison.report_data import order_of_colours
from skforecast_lstm.comparison.significance import (
    critical_difference,
    fewest_pairs,
    pairs,
    rank_groups,
)

__all__ = ["draw"]

# Not as many as colours, so few pairs of a colour and a marker repeat.
_MARKERS = "osD^vPX*h"
_WIDTH = 5.6


def draw(comparison, kind, *, dataset=None):
    """Draw one kind of picture of a comparison.

    Parameters
    ----------
    comparison : Comparison
        Comparison to draw.
    kind : {"forecasts", "horizon", "time", "ranks"}
        Kind of picture.
    dataset : str, default=None
        Dataset to show. If None, "forecasts" shows the first, and the others show all.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The picture.
    """
    kinds = {
        "forecasts": _draw_forecasts,
        "horizon": _draw_error_by_step,
        "time": _draw_error_by_time,
        "ranks": _draw_ranks,
    }
    if kind not in kinds:
        raise ValueError(f"kind must be one of {tuple(kinds)}, got {kind!r}.")
    known = comparison.results["dataset"].unique()
    if dataset is not None and dataset not in known:
        raise ValueError(
            f"There is no dataset {dataset!r}. Choose from {', '.join(map(repr, known))}."
        )
    if comparison.forecasts.empty:
        raise ValueError("There is nothing to draw: every forecaster failed.")
    figure = kinds[kind](comparison, dataset)
    figure.align_ylabels()
    return figure


def _styles(comparison):
    """Return the colour and marker of each forecaster, the same in all pictures."""
    lstms = comparison.settings["lstm"]
    colours, markers = itertools.cycle(COLOURS), itertools.cycle(_MARKERS)
    return {
        name: {
            "color": next(colours),
            "lw": 2.2 if name in lstms else 1.4,
            "marker": next(markers),
        }
        for name in order_of_colours(comparison)
    }


def _select_dataset(table, dataset):
    return table if dataset is None else table[table["dataset"] == dataset]


def _data_name(comparison, dataset):
    """Return the name of the data in a picture, for its title."""
    names = comparison.results["dataset"].unique()
    if dataset is None and len(names) > 1:
        return f"mean of {len(names)} series"
    return as_label(names[0] if dataset is None else dataset)


def _draw_forecasts(comparison, dataset):
    """Draw each forecaster in separate axes, with the actual values."""
    if dataset is None:
        dataset = comparison.results["dataset"].iloc[0]
    forecasts = _select_dataset(comparison.forecasts, dataset)
    history = _select_dataset(comparison.history, dataset)
    order = comparison.ranking().index
    names = [name for name in order if name in set(forecasts["forecaster"])]
    n_shown = 2 * forecasts["time"].nunique()
    first = history["time"].iloc[-min(n_shown, len(history))]
    history = history[history["time"] >= first]
    figure = Figure(figsize=(_WIDTH, 0.9 + 1.45 * len(names)), layout="constrained")
    fields = figure.subplots(len(names), sharex=True, sharey=True, squeeze=False)[:, 0]
    styles = _styles(comparison)
    for field, name in zip(fields, names, strict=True):
        field.plot(_dates(history["time"]), history["actual"], color="0.6", lw=1)
        selected = forecasts[forecasts["forecaster"] == name]
        for _, window in selected.groupby("window"):
            _draw_forecast(field, window, styles[name])
        field.set_title(as_label(name), loc="left", fontsize="medium")
        field.margins(x=0.01)
        field.grid(alpha=0.3)
        _limit_values(field, history, selected)
    levels = comparison.settings["coverage"]
    band = f"; band: {100 * max(levels):g} % interval" if levels else ""
    legend = f"grey: actual values; colour: forecast{band}"
    figure.suptitle(f"Forecasts of {as_label(dataset)}\n{legend}", fontsize="medium")
    figure.supxlabel("Time", fontsize="medium")
    figure.supylabel("Value, in the units of the data", fontsize="medium")
    return figure


def _draw_forecast(field, window, style):
    """Draw the forecasts from one cutoff, with their widest interval."""
    times = _dates(window["time"])
    levels = [
        column.removeprefix("lower_")
        for column in window.columns
        if column.startswith("lower_") and window[column].notna().all()
    ]
    if levels:
        widest = max(levels, key=float)
        lower, upper = window[f"lower_{widest}"], window[f"upper_{widest}"]
        field.fill_between(times, lower, upper, color=style["color"], alpha=0.2, lw=0)
    style = style | {"marker": style["marker"] if len(window) == 1 else None}
    field.plot(times, window["forecast"], ms=3, **style)


def _limit_values(field, history, forecasts):
    """Limit the y axis, so that values stay readable beside a very wide interval."""
    values = pd.concat([history["actual"], forecasts["forecast"]])
    spread = values.max() - values.min()
    lower, upper = field.get_ylim()
    field.set_ylim(
        max(lower, values.min() - spread / 2), min(upper, values.max() + spread / 2)
    )


def _dates(times):
    """Return the times in a form that matplotlib can draw."""
    if isinstance(times.dtype, pd.PeriodDtype):
        return times.dt.to_timestamp()
    if times.dtype == object and isinstance(times.iloc[0], pd.Period):
        return pd.PeriodIndex(times).to_timestamp()
    return pd.to_numeric(times) if times.dtype == object else times


def _draw_error_by_step(comparison, dataset):
    """Draw the mean scaled error by the number of steps ahead."""
    errors = _select_dataset(comparison.forecasts, dataset)
    by_series = errors.groupby(["forecaster", "step", "dataset"])["scaled_error"].mean()
    means = by_series.groupby(level=["forecaster", "step"]).mean()
    order = [name for name in comparison.ranking().index if name in means.index]
    figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
    axes = figure.subplots()
    for name in order:
        line = means[name]
        axes.plot(
            line.index, line, label=as_label(name), ms=4, **_styles(comparison)[name]
        )
    axes.set(xlabel="Steps ahead", ylabel="Absolute error, scaled (MASE)", ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title(f"Error by steps ahead\n{_data_name(comparison, dataset)}")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, fontsize="small", frameon=False)
    return figure


def _draw_error_by_time(comparison, dataset):
    """Draw the mean MASE against the seconds per window."""
    rows = _select_dataset(comparison.results, dataset)
    rows = rows[rows["value"].notna()]
    by_series = rows.groupby(["metric", "forecaster", "dataset"])["value"].mean()
    means = by_series.groupby(level=["metric", "forecaster"]).mean()
    seconds = means["fit_seconds"] + means["predict_seconds"]
    figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, style in _styles(comparison).items():
        if name in seconds.index:
            x, y = seconds[name], means["MASE"][name]
            axes.plot(x, y, ls="", ms=7, label=as_label(name), **style)
    axes.set_xscale("log")
    axes.set(
        xlabel="Seconds to fit and predict a window (logarithmic)",
        ylabel="Mean MASE",
        ylim=(0, None),
    )
    axes.set_title(f"Accuracy against time\n{_data_name(comparison, dataset)}")
    axes.margins(x=0.1)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, fontsize="small", frameon=False)
    return figure


def _draw_ranks(comparison, dataset):
    """Draw the mean ranks, with lines at those that can't be told apart."""
    scores = shared_scores(_select_dataset(comparison.results, dataset))
    if scores.shape[1] < 3:
        raise ValueError(
            "A critical-difference diagram needs 3 ranked forecasters, and there are "
            f"{scores.shape[1]}."
        )
    in_pairs = pairs(scores)
    ranks = in_pairs.rank(axis=1).mean().sort_values(kind="stable")
    what = "windows" if len(in_pairs) == len(scores) else "series"
    if len(in_pairs) < fewest_pairs(len(ranks)):
        groups, told = [], f"{len(in_pairs)} {what}: too few to tell them apart"
    else:
        distance = critical_difference(len(ranks), len(in_pairs))
        groups = rank_groups(ranks.to_numpy(), distance)
        told = (
            f"{len(in_pairs)} {what}; lines at the right: can't be told apart\n"
            f"(Nemenyi's critical difference, {distance:.2f})"
        )
    figure = Figure(figsize=(_WIDTH, 1.4 + 0.3 * len(ranks)), layout="constrained")
    axes = figure.subplots()
    styles = _styles(comparison)
    for row, (name, rank) in enumerate(ranks.items()):
        style = styles[name] | {"marker": "o", "ls": "", "ms": 7}
        axes.plot(rank, row, **style)
    for number, (first, last) in enumerate(groups):
        place = 1.03 + 0.03 * number
        ends = [first - 0.2, last + 0.2]
        where = axes.get_yaxis_transform()
        axes.plot([place] * 2, ends, color="0.2", lw=3, transform=where, clip_on=False)
    axes.set_yticks(range(len(ranks)), [as_label(name) for name in ranks.index])
    axes.invert_yaxis()
    axes.set_xlabel("Mean rank in MASE (1 is best)")
    axes.set_title(f"Critical difference\n{told}", fontsize="medium")
    axes.grid(axis="x", alpha=0.3)
    return figure
