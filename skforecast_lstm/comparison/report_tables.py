"""Tables of a report: sorted by a click, with the formats of the terminal."""

import re
from html import escape

import pandas as pd

from skforecast_lstm.comparison.formats import as_text, heading

__all__ = ["items", "key", "table_of"]

# Longer tables scroll under their headings.
_MANY_ROWS = 20


def items(sentences):
    """Return sentences as a list."""
    return (
        "<ul>"
        + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        + "</ul>"
    )


def key(name, colours):
    """Return a field with the colour of a forecaster, or nothing for other names."""
    if colours is None or name not in colours:
        return ""
    times, number = divmod(colours.index(name), 8)
    return f'<span class="key k{times % 3}" style="color:var(--c{number})"></span>'


def table_of(table, *, label, colours=None, bold=(), headings=heading, text=as_text):
    """Return a table that scrolls separately on a narrow screen.

    Parameters
    ----------
    table : DataFrame
        Table. Its index is the first column.
    label : str
        Name of the table for screen readers.
    colours : list of str, default=None
        Names of forecasters in the order of their colours. If given, the first column
        shows their colours.
    bold : list of str, default=()
        Rows to write in bold.
    headings : callable, default=heading
        Function of a column that returns its heading.
    text : callable, default=as_text
        Function of a column and a value that returns the text.

    Returns
    -------
    html : str
        Table.
    """
    texts = {name for name in table if not pd.api.types.is_numeric_dtype(table[name])}

    long = {name for name in texts if table[name].astype(str).str.len().max() > 24}

    def cell(name, value):
        missing = value is None or value is pd.NA or value != value
        if name in texts:
            kind = "text long" if name in long else "text"
            return f'<td class="{kind}">{"-" if missing else escape(str(value))}</td>'
        raw = "" if missing else f"{value:.10g}"
        said = "-" if missing else text(name, value)
        return f'<td data-v="{raw}">{escape(said)}</td>'

    names = [str(table.index.name or ""), *(str(headings(name)) for name in table)]
    names = [re.sub(" (%|s$)", "\u00a0\\1", name) for name in names]
    kinds = ["", *(" class=text" if name in texts else "" for name in table)]
    head = "".join(
        f'<th scope="col"{kind}><button type="button">{escape(name)}</button></th>'
        for name, kind in zip(names, kinds, strict=True)
    )
    rows = "\n".join(
        f"<tr{' class=lstm' if label_ in bold else ''}>"
        f'<th scope="row">{key(label_, colours)}{escape(str(label_))}</th>'
        + "".join(cell(name, value) for name, value in zip(table, row, strict=True))
        + "</tr>"
        for label_, row in zip(table.index, table.itertuples(index=False), strict=True)
    )
    tall = " tall" if len(table) > _MANY_ROWS else ""
    return (
        f'<div class="table{tall}" tabindex="0" role="region" '
        f'aria-label="{escape(label)}">'
        f'<table class="sorts">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )
