"""HTML report of a comparison: one page that needs no other file and no network.

The charts are SVG that a short script of the page draws from its numbers. A chart library
would be ten times as large as the script, and its charts no clearer.
"""

import json
import re
from html import escape
from importlib.resources import files

import pandas as pd

from skforecast_lstm.comparison.formats import heading
from skforecast_lstm.comparison.ranking import place_labels
from skforecast_lstm.comparison.report_data import (
    critical_distance,
    drawn,
    order_of_colours,
)
from skforecast_lstm.comparison.report_tables import items, key, table_of
from skforecast_lstm.comparison.significance import FEWEST_SERIES
from skforecast_lstm.comparison.summary import count

__all__ = ["page"]

# The page may load nothing, whatever a name in the data contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

# Rows of one table, so that the page of thousands of series opens at once.
_MOST_ROWS = 300
_MOST_NAMES = 10

# Control characters and lone surrogates are not valid on a page.
_INVALID = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def page(comparison, forecast=None):
    """Return the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
        Comparison to report.
    forecast : DataFrame, default=None
        What comes next.

    Returns
    -------
    html : str
        Complete page.
    """
    names = list(comparison.results["dataset"].unique())
    subject = names[0] if len(names) == 1 else f"{len(names)} series"
    title = escape(_INVALID.sub("\ufffd", f"Comparison of forecasters: {subject}"))
    colours = order_of_colours(comparison)
    ranking = comparison.ranking()
    skill = _skill(comparison)
    data = drawn(comparison, ranking, skill, forecast)
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="summary">{escape(comparison.summary())}</p>',
        "<h2>Advice</h2>",
        items(comparison.advice()),
        "<h2>Ranking</h2>",
        _ranking(comparison, ranking, colours),
        _forecast_charts(data, colours, forecast),
        _other_charts(data, comparison, colours),
        "" if skill is None else _skill_table(skill, colours),
        *([_by_series(comparison)] if len(names) > 1 else []),
        "" if forecast is None else _next_steps(forecast),
        _failures(comparison.failures),
        _notes(comparison.settings.get("notes", [])),
        _settings(comparison.settings, colours),
    ]
    body = _INVALID.sub("\ufffd", "\n".join(parts))
    own = files("skforecast_lstm.comparison")
    style = own.joinpath("page.css").read_text(encoding="utf-8")
    script = own.joinpath("page.js").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n"
        f'<script type="application/json" id="data">{_as_json(data)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _as_json(data):
    """Return data as JSON that can't end the script that contains it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _ranking(comparison, ranking, colours):
    table = ranking.copy()
    table["place"] = place_labels(ranking)
    # The reasons are with the failures.
    table = table.drop(columns="reason")
    if not table["failed"].any():
        table = table.drop(columns="failed")
    notes = (
        "Less is better. MASE, RMSSE and SQL are in units of the mean error of repeating "
        "the season before, within the past: 1 is as good as that. SQL and WQL judge "
        "the point forecast and the intervals together, MSIS the intervals. Behind is "
        "the distance in MASE from the best. p is from a paired Wilcoxon test against "
        "the best, with Holm's correction; those that can't be told apart share a place. "
        "The values in an interval (in 95 %) should be near its percent. Seconds are for "
        "one window."
    )
    if comparison.settings.get("pretrained"):
        names = " and ".join(comparison.settings["pretrained"])
        notes += f" {names} was trained before on many series, which are synthetic only."
    return (
        table_of(
            table, label="Ranking", colours=colours, bold=comparison.settings["lstm"]
        )
        + f'\n<p class="note">{escape(notes)}</p>'
    )


def _skill(comparison):
    """Return the errors relative to the seasonal naive, or None without one."""
    try:
        return comparison.skill()
    except ValueError:
        return None


def _skill_table(skill, colours):
    table = skill.dropna(axis=1, how="all")
    note = (
        "The ratio is the geometric mean of the MASE over that of the seasonal naive (or "
        "naive): less than 1 is better. Wins are the pairs with a smaller error. The "
        f"pairs are series, or windows with fewer than {FEWEST_SERIES} series. Low and "
        "high are 95 % intervals."
    )
    name = "Relative to the seasonal naive"
    shown = table_of(table, label=name, colours=colours)
    return f'<h2>{name}</h2>\n{shown}\n<p class="note">{note}</p>'


def _first_rows(table, all_of_them, **options):
    """Return the first rows of a table, with a sentence on where all of them are."""
    shown = table_of(table.head(_MOST_ROWS), **options)
    if len(table) <= _MOST_ROWS:
        return shown
    said = f"The first {_MOST_ROWS} of {len(table):,} rows. {all_of_them} has all."
    return f'{shown}\n<p class="note">{escape(said)}</p>'


def _by_series(comparison):
    """Return the mean MASE of each forecaster on each series."""
    name = "Mean MASE by series"
    shown = _first_rows(comparison.by_series(), "by_series()", label=name, headings=str)
    return f"<h2>{name}</h2>\n{shown}"


def _next_steps(forecast):
    """Return the forecast of what comes next as a table."""
    is_one = forecast["dataset"].nunique() == 1
    table = forecast.assign(time=forecast["time"].astype(str))
    table = table.set_index("time" if is_one else "dataset")
    table = table.drop(columns=["step", "forecaster", *(["dataset"] if is_one else [])])
    table = table.rename(
        columns=lambda name: re.sub(
            r"^(lower|upper)_(.*)", lambda found: _bound(*found.groups()), str(name)
        )
    )
    name = f"What comes next, by {forecast['forecaster'].iloc[0]}"
    shown = _first_rows(table, "forecast()", label=name)
    return f"<h2>{escape(name)}</h2>\n{shown}"


def _bound(side, level):
    return f"{side}, {100 * float(level):g} %"


def _failures(failures):
    if failures.empty:
        return ""
    table = failures.assign(cutoff=failures["cutoff"].astype(str)).set_index("forecaster")
    options = {"label": "Failures", "headings": str, "text": _plain}
    shown = _first_rows(table, "failures", **options)
    return f"<h2>Failures</h2>\n{shown}"


def _notes(notes):
    """Return the notes on guesses and changes made before the comparison."""
    return f"<h2>Notes</h2>\n{items(notes)}" if notes else ""


def _chart(name, title, words, rest="", legend=""):
    """Return an empty chart, which the script fills, with a description."""
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{legend}"
        f'<div class="chart" id="{name}" tabindex="0" role="application" '
        f'aria-label="{escape(words)}" aria-describedby="{name}-said"></div>'
        f'<p class="said" id="{name}-said" aria-live="polite" '
        f'data-rest="{escape(rest)}">{escape(rest)}</p></figure>'
    )


def _forecast_charts(data, colours, forecast):
    if not data["series"]:
        return ""
    options = "".join(
        f'<option value="{number}">{escape(one["name"])}</option>'
        for number, one in enumerate(data["series"])
    )
    buttons = "".join(
        f'<button type="button" data-name="{number}" '
        f'aria-pressed="{str(name in data["shown"]).lower()}">'
        f"{key(name, colours)}{escape(name)}</button>"
        for number, name in enumerate(colours)
    )
    hidden = "" if len(data["series"]) > 1 else " hidden"
    move = "Point at the chart, or use the arrow keys, for the values."
    next_steps = "" if forecast is None else " The dashed line is what comes next."
    without = "The charts need JavaScript; the tables do not."
    windows = "window" if data["n_windows"] == 1 else f"{data['n_windows']} windows"
    note = (
        f"The charts show the last {windows} of {count(len(data['series']), 'series')}."
    )
    return "\n".join(
        [
            "<h2>Forecasts</h2>",
            f'<noscript><p class="note">{without}</p></noscript>',
            f'<div class="controls"{hidden}><label for="series">Series</label>',
            f'<select id="series">{options}</select></div>',
            '<div class="controls" role="group" aria-label="Forecasters">',
            f"{buttons}</div>",
            '<div class="charts">',
            _chart(
                "forecasts",
                "Actual values and forecasts",
                "Line chart of the actual values and forecasts of the chosen series. "
                "The arrow keys read its values.",
                f"Bands are the widest intervals.{next_steps} {move}",
            ),
            _chart(
                "residuals",
                "Residuals: forecast minus actual value",
                "Line chart of the residuals of the chosen series. The arrow keys read "
                "its values.",
                "Above 0 the forecast was too high.",
            ),
            "</div>",
            f'<p class="note">{escape(note)}</p>',
        ]
    )


def _other_charts(data, comparison, colours):
    charts = []
    if "horizon" in data:
        charts.append(
            _chart(
                "horizon",
                "Error by steps ahead (MASE)",
                "Line chart of the mean scaled error of each forecaster by the steps "
                "ahead. The arrow keys read its values.",
                legend=_legend(data["horizon"]["errors"], colours),
            )
        )
    if "skill" in data and len(data["skill"]) > 1:
        charts.append(
            _chart(
                "skill",
                "Error relative to the seasonal naive (1 is as good)",
                "Dot chart of the error of each forecaster over that of the seasonal "
                "naive. The arrow keys read its rows.",
                "Less is better. Bars are 95 % intervals, from 6 pairs on.",
            )
        )
    else:
        data.pop("skill", None)
    if "ranks" in data:
        distance = critical_distance(comparison)
        rest = "Less is better. There are too few pairs to tell ranks apart."
        if distance is not None:
            rest = (
                "Less is better. Ranks within the bar can't be told from the best "
                f"(Nemenyi's critical difference, {distance:.2f})."
            )
        charts.append(
            _chart(
                "ranks",
                "Mean rank and critical difference",
                "Dot chart of the mean rank of each forecaster. The arrow keys read its "
                "rows.",
                rest,
            )
        )
    if "seconds" in data:
        charts.append(
            _chart(
                "seconds",
                "Seconds to fit and predict a window",
                "Dot chart of the seconds of each forecaster. The arrow keys read its "
                "rows.",
            )
        )
    if not charts:
        return ""
    return (
        '<h2>Errors, ranks and time</h2>\n<div class="charts two">'
        + "\n".join(charts)
        + "</div>"
    )


def _legend(names, colours):
    keys = "".join(f"<span>{key(name, colours)}{escape(name)}</span>" for name in names)
    return f'<p class="legend">{keys}</p>'


# Settings of a dataset that differ between forecasters.
_BY_FORECASTER = ("forecasters", "fits")


def _plain(_, value):
    """Return a number of the settings as text."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _some(names):
    """Return the names as text, or how many they are."""
    n_names = len(names)
    return ", ".join(names) if n_names <= _MOST_NAMES else f"{n_names:,} datasets"


def _settings(settings, colours):
    """Return the settings that are needed to repeat the comparison."""
    datasets = pd.DataFrame(
        [
            {"dataset": name}
            | {key: about[key] for key in about if key not in _BY_FORECASTER}
            for name, about in settings["datasets"].items()
        ]
    ).set_index("dataset")
    datasets = datasets.dropna(axis=1, how="all")
    parameters = pd.DataFrame(
        [
            {
                "forecaster": name,
                "parameters": made,
                "fits": about["fits"][name],
                "dataset": dataset,
            }
            for dataset, about in settings["datasets"].items()
            for name, made in about["forecasters"].items()
        ]
    )
    keys = ["forecaster", "parameters", "fits"]
    forecasters = parameters.groupby(keys, sort=False).agg(_some)
    forecasters = forecasters.reset_index(keys[1:])
    if len(settings["datasets"]) == 1:
        forecasters = forecasters.drop(columns="dataset")
    versions = ", ".join(
        f"{name} {version}" for name, version in settings["versions"].items()
    )
    before = settings["cells_run_before"]
    run_before = f", {before} of them in an earlier run" if before else ""
    coverage = ", ".join(f"{100 * level:g} %" for level in settings["coverage"])
    how = (
        f"Horizon: {settings['horizon']} steps. Intervals: {coverage or 'none'}. "
        f"{settings['cells']} forecasts{run_before}; this run took "
        f"{settings['seconds']:.1f} s. Versions: {versions}."
    )
    return "\n".join(
        [
            "<h2>Settings</h2>",
            f"<p>{escape(how)}</p>",
            _first_rows(datasets, "settings", label="Datasets", text=_plain),
            "<h2>Forecasters</h2>",
            table_of(forecasters, label="Forecasters", headings=heading, colours=colours),
        ]
    )
