"""Windows of given rows, as `LookbackWindower` makes them."""

from skforecast_lstm._onnx.graph import Graph
from skforecast_lstm.windows import LookbackWindower

__all__ = ["add_windows", "n_rows", "rows_text"]


def n_rows(windower: LookbackWindower) -> int:
    """Return the number of rows that one window needs."""
    lags, n_later = windower.lags_, 0
    if windower.known_columns_:
        # Up to the last step of the target.
        n_later = int(lags[-1]) + windower.n_steps - 1
    return int(lags[0] - lags[-1]) + 1 + n_later


def rows_text(windower: LookbackWindower) -> str:
    """Return what the rows are."""
    newest = int(windower.lags_[-1])
    text = "Rows of a series, one per step, oldest first. Unknown values are NaN. "
    if windower.known_columns_:
        return text + (
            "The rows go up to the last step of the target. Of the columns at the "
            f"LookbackWindower, only {windower.known_columns_} are read after the first "
            f"{int(windower.lags_[0]) - newest + 1} rows."
        )
    return text + f"The prediction is that for the row {newest} steps after the last."


def add_windows(graph: Graph, windower: LookbackWindower, rows: str) -> str:
    """Add the window of each batch of rows."""
    lags = windower.lags_
    windows = graph.gather(rows, lags[0] - lags, 1)
    later = windower._lags_ahead()
    known = windower.known_columns_
    if windower.layout == "flat":
        windows = graph.reshape(windows, [0, len(lags) * windower.n_features_in_])
        if known and len(later):
            ahead = graph.gather(graph.gather(rows, lags[0] - later, 1), known, 2)
            ahead = graph.reshape(ahead, [0, len(later) * len(known)])
            windows = graph.add("Concat", windows, ahead, axis=1)
    elif known and len(later):
        places = lags[0] - lags + len(later)
        ahead = graph.gather(graph.gather(rows, places, 1), known, 2)
        windows = graph.add("Concat", windows, ahead, axis=2)
    return windows
