"""Numbers of a ranking as text: the same on the terminal and in the report."""

import math

__all__ = ["as_text", "heading"]

_HEADINGS = {
    "behind_percent": "behind",
    "p_value": "p",
    "mean_rank": "mean rank",
    "fit_seconds": "fit, s",
    "predict_seconds": "predict, s",
    "win_rate": "wins",
    "ratio_low": "ratio, low",
    "ratio_high": "ratio, high",
    "win_low": "wins, low",
    "win_high": "wins, high",
}

_FORMS = {
    "behind_percent": "{:.1f} %",
    "p_value": "{:.2g}",
    "sMAPE": "{:.1%}",
    "mean_rank": "{:.2f}",
    "fit_seconds": "{:.2f}",
    "predict_seconds": "{:.2f}",
    "win_rate": "{:.0%}",
    "win_low": "{:.0%}",
    "win_high": "{:.0%}",
}


def heading(column):
    """Return the heading of a column, such as "in 95 %"."""
    name, _, level = str(column).rpartition("_")
    if name in ("coverage", "width", "MSIS"):
        percent = f"{100 * float(level):g} %"
        return f"in {percent}" if name == "coverage" else f"{name} {percent}"
    return _HEADINGS.get(str(column), str(column).replace("_", " "))


def as_text(column, value):
    """Return a value of a column as text, with a dash for a missing value."""
    if value is None or value != value:
        return "-"
    if isinstance(value, str):
        return value
    if str(column).startswith("coverage_"):
        return f"{value:.0%}"
    if column in _FORMS:
        return _FORMS[column].format(value)
    if isinstance(value, int) or (float(value).is_integer() and column == "windows"):
        return f"{value:d}"
    if math.isfinite(value) and abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3f}"
