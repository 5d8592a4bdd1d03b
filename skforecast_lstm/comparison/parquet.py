"""Result of a cell in a file of Parquet, with one row for each series.

A row has the scores of the series, and its forecasts as lists of one number a step.
"""

import os

from skforecast_lstm._files import replacing

__all__ = ["read_parquet", "write_parquet"]

_WHERE = ("dataset", "forecaster", "window")


def write_parquet(path, record, result):
    """Write the result of a cell, with the columns of the record that tell the cell."""
    import pyarrow as pa
    from pyarrow import parquet

    n_series = len(result["series"])
    where = {name: pa.array([record[name]] * n_series) for name in _WHERE}
    lists = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(values), len(values) // n_series)
        for name, values in result["forecasts"].items()
    }
    columns = {"series": result["series"], **where, **result["scores"], **lists}
    with replacing(path) as unfinished:
        parquet.write_table(pa.table(columns), unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())


def read_parquet(path):
    """Return the result in a file, or None if there is none or it is damaged."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, partitioning=None)
    except (OSError, pa.ArrowInvalid):
        return None
    scores, forecasts = {}, {}
    for name in table.column_names[1 + len(_WHERE) :]:
        column = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            forecasts[name] = column.flatten().to_numpy()
        else:
            scores[name] = column.to_numpy()
    return {
        "error": None,
        "series": table["series"].to_pylist(),
        "scores": scores,
        "forecasts": forecasts,
    }
