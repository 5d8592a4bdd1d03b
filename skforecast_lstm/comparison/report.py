"""HTML report of a comparison: one page that needs no other file and no network."""

import base64
import io
import re
import warnings
from html import escape

import pandas as pd

__all__ = ["page"]

# Pictures of more series than this would make the page too heavy for a phone.
_MOST_PICTURES = 6

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto;
  padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.summary { font-size: 1.1rem; border-left: 4px solid #0072b2; padding-left: .8rem; }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; min-width: 12rem; overflow-wrap: anywhere; }
thead th { background: var(--soft); vertical-align: bottom; white-space: normal; }
tbody tr:last-child > * { border-bottom: 0; }
tr.lstm > * { font-weight: bold; }
figure { margin: 1rem 0; background: #fff; border-radius: 6px; padding: .3rem; }
img { display: block; width: 100%; max-width: 40rem; height: auto; margin: 0 auto; }
.note { font-size: .9rem; opacity: .85; }
"""

_HEADINGS = {
    "behind_percent": "behind the best (%)",
    "p_value": "p against the best",
    "mean_rank": "mean rank",
    "fit_seconds": "seconds to fit",
    "predict_seconds": "seconds to predict",
}

_ALTERNATIVES = {
    "forecasts": "Forecasts of each forecaster drawn over the actual values of {}.",
    "horizon": "Lines of the scaled error of each forecaster by the steps ahead.",
    "time": "Mean MASE of each forecaster against its seconds a window.",
}


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
    of = names[0] if len(names) == 1 else f"{len(names)} series"
    title = escape(f"Comparison of forecasters: {of}")
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="summary">{escape(comparison.summary())}</p>',
        "<h2>Advice</h2>",
        _items(comparison.advice()),
        "<h2>Ranking</h2>",
        _ranking(comparison),
        *([_by_dataset(comparison)] if len(names) > 1 else []),
        _failures(comparison.failures),
        _notes(comparison.settings.get("notes", [])),
        "" if forecast is None else _next_steps(forecast),
        *(["<h2>Pictures</h2>"] if len(comparison.forecasts) else []),
        *(_pictures(comparison, names) if len(comparison.forecasts) else []),
        _settings(comparison.settings),
    ]
    # Control characters and lone surrogates are not valid on a page.
    body = re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", "\n".join(parts)
    )
    title = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _ranking(comparison):
    table = comparison.ranking()
    if not table["failed"].any():
        table = table.drop(columns=["failed", "reason"])
    notes = (
        "MASE and RMSSE are errors in units of the mean error that repeating the season "
        "before makes within the past: 1 is as good as that, less is better. sMAPE is a "
        "fraction. p is from a paired Wilcoxon signed-rank test over the windows, and "
        "not corrected for the number of forecasters. Coverage should be near its "
        "nominal level, and a smaller width is better. Seconds are for one window."
    )
    if comparison.settings.get("pretrained"):
        names = " and ".join(comparison.settings["pretrained"])
        notes += f" {names} was trained before on many series, which are synthetic only."
    return (
        _table(table, dict.fromkeys(comparison.settings["lstm"], "lstm"))
        + f'\n<p class="note">{escape(notes)}</p>'
    )


def _by_dataset(comparison):
    """Return the mean MASE of each forecaster on each series."""
    scores = comparison.results[comparison.results["metric"] == "MASE"]
    table = scores.pivot_table(
        index="dataset", columns="forecaster", values="value", sort=False
    )
    return "<h2>Mean MASE by series</h2>\n" + _table(table, {}, heading=str)


def _failures(failures):
    if failures.empty:
        return ""
    table = failures.assign(cutoff=failures["cutoff"].astype(str)).set_index("forecaster")
    return "<h2>Failures</h2>\n" + _table(table, {})


def _notes(notes):
    """Return the notes on guesses and changes made before the comparison."""
    return f"<h2>Notes</h2>\n{_items(notes)}" if notes else ""


def _items(sentences):
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>"


def _next_steps(forecast):
    """Return the forecast of what comes next as a table."""
    table = forecast.assign(time=forecast["time"].astype(str)).set_index("dataset")
    return "<h2>What comes next</h2>\n" + _table(table, {})


def _pictures(comparison, names):
    if len(names) > _MOST_PICTURES:
        yield (
            f'<p class="note">Forecasts are drawn for the first {_MOST_PICTURES} of '
            f"{len(names)} series.</p>"
        )
    drawn = set(comparison.forecasts["dataset"])
    for name in names[:_MOST_PICTURES]:
        if name in drawn:
            yield _picture(comparison, "forecasts", name)
    yield _picture(comparison, "horizon", None)
    yield _picture(comparison, "time", None)


def _picture(comparison, kind, dataset):
    """Return a picture as part of the page, with alternative text."""
    file = io.BytesIO()
    try:
        with warnings.catch_warnings():
            # Matplotlib draws letters that the font lacks as boxes.
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            comparison.plot(kind, dataset=dataset).savefig(file, format="png", dpi=180)
    # After any error in a picture, the report still has the numbers.
    except Exception as error:  # noqa: BLE001
        said = f"A picture ({kind}) could not be drawn. {type(error).__name__}: {error}"
        return f'<p class="note">{escape(said)}</p>'
    data = base64.b64encode(file.getvalue()).decode()
    words = escape(_ALTERNATIVES[kind].format(dataset))
    return f'<figure><img src="data:image/png;base64,{data}" alt="{words}"></figure>'


def _settings(settings):
    """Return the settings that are needed to repeat the comparison."""
    datasets = pd.DataFrame(
        [
            {"dataset": name} | {key: of[key] for key in of if key != "forecasters"}
            for name, of in settings["datasets"].items()
        ]
    ).set_index("dataset")
    parameters = pd.DataFrame(
        [
            {"forecaster": name, "parameters": made, "dataset": dataset}
            for dataset, of in settings["datasets"].items()
            for name, made in of["forecasters"].items()
        ]
    )
    forecasters = parameters.groupby(["forecaster", "parameters"], sort=False).agg(
        ", ".join
    )
    forecasters = forecasters.reset_index("parameters")
    if len(settings["datasets"]) == 1:
        forecasters = forecasters.drop(columns="dataset")
    versions = ", ".join(f"{name} {of}" for name, of in settings["versions"].items())
    before = settings["cells_run_before"]
    run_before = f", {before} of them in an earlier run" if before else ""
    coverage = ", ".join(f"{100 * level:g} %" for level in settings["coverage"])
    how = (
        f"Horizon: {settings['horizon']} steps. Intervals: {coverage or 'none'}. "
        f"{settings['cells']} fits{run_before}; this run took "
        f"{settings['seconds']:.1f} s. Versions: {versions}."
    )
    return "\n".join(
        [
            "<h2>Settings</h2>",
            f"<p>{escape(how)}</p>",
            _table(datasets, {}),
            "<h2>Forecasters</h2>",
            _table(forecasters, {}),
        ]
    )


def _table(table, classes, heading=None):
    """Return a table that scrolls separately on a narrow screen."""
    heading = heading or _heading
    texts = {name for name in table if not pd.api.types.is_numeric_dtype(table[name])}

    def cell(name, value):
        kind = ' class="text"' if name in texts else ""
        return f"<td{kind}>{escape(_text(value))}</td>"

    head = "".join(
        f'<th scope="col"{" class=text" if name in texts else ""}>'
        f"{escape(heading(name))}</th>"
        for name in table
    )
    rows = "\n".join(
        f"<tr{f' class={classes[label]}' if label in classes else ''}>"
        f'<th scope="row">{escape(str(label))}</th>'
        + "".join(cell(name, value) for name, value in zip(table, row, strict=True))
        + "</tr>"
        for label, row in zip(table.index, table.itertuples(index=False), strict=True)
    )
    first = escape(str(table.index.name or ""))
    return (
        '<div class="table" tabindex="0"><table>\n'
        f'<thead><tr><th scope="col">{first}</th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _heading(name):
    """Return the heading of a column."""
    name = str(name)
    for metric in ("coverage", "width"):
        level = name.removeprefix(f"{metric}_")
        if level != name:
            return f"{metric}, {100 * float(level):g}\N{NO-BREAK SPACE}%"
    return _HEADINGS.get(name, name.replace("_", " "))


def _text(value):
    """Return a value as text, with a dash for a missing value."""
    if pd.isna(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
    return str(value)
