"""Next steps of a table: forecasts with intervals, and a picture with the history."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_times import FLAGS
from skforecast_lstm._labels import as_label
from skforecast_lstm.forecasting._defaults import usual_season

__all__ = [
    "N_SERIES_DRAWN",
    "best_forecaster",
    "draw",
    "forecaster_for",
    "next_steps",
    "notes_on_season",
]

N_SERIES_DRAWN = 4


def forecaster_for(
    table, *, forecaster, horizon, season_length, random_state, calendar=None
):
    """Return a forecaster by its name in `compare`, set up for all rows of a table."""
    from skforecast_lstm.comparison.lineup import line_up

    y = pd.DataFrame(table.y)
    n_rows = int(table.lengths.min())
    season_length = FLAGS.season_length(season_length, _times(table), n_rows, "")
    dataset = SimpleNamespace(
        y=y,
        X=table.X,
        season_length=season_length,
        horizon=horizon,
        windows=(n_rows,),
    )
    if forecaster == "default":
        raise InputError("--forecaster takes the name of one, such as LSTM or AutoETS.")
    try:
        lined_up = line_up([forecaster], [dataset], random_state=random_state)[0]
    except ValueError as error:
        raise InputError(str(error)) from error
    found = lined_up[forecaster]
    return found if calendar is None else _with_calendar(found, calendar, table, y)


def notes_on_season(table, season_length):
    """Return a note if the rows are too few for the season of their frequency."""
    n_rows, times = int(table.lengths.min()), _times(table)
    usual = usual_season(times)
    is_given = season_length is not None
    if is_given or FLAGS.season_length(None, times, n_rows, "") == usual:
        return []
    note = f"No season is used: {n_rows} rows are fewer than two seasons of {usual}."
    return [note + (f" If one is enough, give --season {usual}." * (n_rows > usual))]


def _times(table):
    """Return the times of the table, or those of its first series."""
    index = table.y.index
    return index if table.series is None else table.y.loc[index[0][0]].index


def _with_calendar(forecaster, calendar, table, y):
    """Return the forecaster with features of the calendar. Check that they are known."""
    from skforecast_lstm import CalendarFeatures, LSTMForecaster

    if not isinstance(forecaster, LSTMForecaster):
        raise InputError(
            f"--calendar is for --forecaster LSTM, got {type(forecaster).__name__}. "
            "Leave --calendar out."
        )
    times = _with_times(y, table.steps.countable).index.get_level_values(-1)
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        what = (
            "it counts business days"
            if isinstance(y.index.get_level_values(-1), pd.DatetimeIndex)
            else "the times of the table are whole numbers"
        )
        raise InputError(f"--calendar needs dates, but {what}. Leave --calendar out.")
    holidays = None if calendar == "auto" else calendar
    features = CalendarFeatures(holidays=holidays)
    try:
        features.fit(y)
    except (ImportError, ValueError) as error:
        raise InputError(f"--calendar {calendar} can't be used. {error}") from error
    return forecaster.set_params(calendar=features)


def best_forecaster(table, *, horizon, season_length, random_state, progress):
    """Compare the default line-up, and return the recommended name and the reasons."""
    from skforecast_lstm.comparison.advice import recommended
    from skforecast_lstm.comparison.comparing import compare

    try:
        comparison = compare(
            {table.target: table.y},
            X=table.X,
            horizon=horizon,
            season_length=season_length,
            progress=progress,
            random_state=random_state,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    name = recommended(comparison)
    if name is None:
        raise InputError("Every forecaster failed in the comparison. Name one.")
    return name, [f"{name} forecasts. {sentence}" for sentence in comparison.advice()[:1]]


def next_steps(forecaster, table, *, X_ahead, horizon, coverage):
    """Fit on all rows and forecast.

    Returns
    -------
    forecast : DataFrame
        One row per step, or per series and step, with the column "forecast". If the
        forecaster has intervals, there are also columns such as "lower_80" and
        "upper_80" for each coverage in percent.
    said : list of str
        Messages of the warnings, each once.
    """
    levels = [percent / 100 for percent in coverage]
    y, X, X_ahead = (
        _with_times(frame, table.steps.countable) for frame in (table.y, table.X, X_ahead)
    )
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("default")
        forecaster.fit(y, X=X, fh=np.arange(1, horizon + 1))
        points = pd.DataFrame(forecaster.predict(X=X_ahead))
        forecast = pd.DataFrame({"forecast": points.iloc[:, 0]})
        if forecaster.get_tag("capability:pred_int"):
            intervals = forecaster.predict_interval(X=X_ahead, coverage=levels)
            for percent, level in zip(coverage, levels, strict=True):
                for side in ("lower", "upper"):
                    bound = intervals.xs((level, side), axis=1, level=(-2, -1))
                    forecast[f"{side}_{percent:g}"] = bound.iloc[:, 0]
    if not np.isfinite(forecast["forecast"]).all():
        raise ValueError("It gave no number, or an infinite one, for a step.")
    # Users of the command do not need warnings on later releases of sktime.
    said = [
        str(warning.message).strip().partition("\n")[0]
        for warning in caught
        if not issubclass(warning.category, FutureWarning | DeprecationWarning)
    ]
    forecast = _with_times(forecast, table.steps.from_countable)
    return forecast, list(dict.fromkeys(said))


def _with_times(frame, changed):
    """Return a frame with changed times in the last level of its index."""
    if frame is None:
        return None
    index = frame.index
    if index.nlevels == 1:
        return frame.set_axis(changed(index).rename(index.name))
    *names, times = (index.get_level_values(level) for level in range(index.nlevels))
    changed_index = [*names, changed(times)]
    return frame.set_axis(pd.MultiIndex.from_arrays(changed_index, names=index.names))


def draw(path, table, forecast, *, title, coverage):
    """Draw the end of each history with its forecast, for the first few series."""
    from matplotlib.figure import Figure

    if table.series is None:
        parts = [(None, table.y, forecast)]
    else:
        names = forecast.index.get_level_values(0).unique()[:N_SERIES_DRAWN]
        parts = [
            (name, table.y.loc[name, table.target], forecast.loc[name]) for name in names
        ]
    figure = Figure(figsize=(9, 1.6 + 2.8 * len(parts)), layout="constrained")
    figure.suptitle(title)
    all_axes = figure.subplots(len(parts), squeeze=False)[:, 0]
    for (name, history, ahead), axes in zip(parts, all_axes, strict=True):
        _draw_series(axes, history, ahead, table.steps, coverage)
        axes.set_ylabel(as_label(table.target))
        if name is not None:
            axes.set_title(
                f"{as_label(table.series)}: {as_label(name)}",
                loc="left",
                fontsize="medium",
            )
    all_axes[-1].set_xlabel(as_label(table.time))
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    with warnings.catch_warnings():
        # Matplotlib draws letters that the font lacks as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(path, dpi=120)


def _draw_series(axes, history, ahead, steps, coverage):
    """Draw one history with its forecast."""
    from matplotlib import colormaps

    history = history.iloc[-max(4 * len(ahead), 48) :]
    colormap = colormaps["Blues"]
    times, times_ahead = (_on_an_axis(part.index, steps) for part in (history, ahead))
    axes.plot(times, history, color="black", linewidth=1.2, label="known")
    shades = np.linspace(0.25, 0.45, len(coverage))
    for percent, shade in zip(sorted(coverage, reverse=True), shades, strict=True):
        if f"lower_{percent:g}" in ahead:
            axes.fill_between(
                times_ahead,
                ahead[f"lower_{percent:g}"],
                ahead[f"upper_{percent:g}"],
                color=colormap(shade),
                linewidth=0,
                label=f"{percent:g} % interval",
            )
    axes.plot(
        times_ahead,
        ahead["forecast"],
        color="tab:blue",
        marker="." if len(ahead) < 60 else None,
        label="forecast",
    )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _on_an_axis(index, steps):
    """Return the times in a form that matplotlib can draw."""
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return index
    return steps.as_written(index)
