"""Real series from files: the rows to forecast, cut off at earlier or at last origins."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Origin", "origins", "read_series"]


class Origin(NamedTuple):
    """A series up to an origin, and what came after it.

    Parameters
    ----------
    name : str
        Name of the series and the number of rows before the origin.
    past, future : ndarray of float
        Values before and after the origin, NaN where unknown.
    """

    name: str
    past: NDArray
    future: NDArray


def read_series(path: str | Path, only: str | None = None) -> dict[str, NDArray]:
    """Return the series of a file, or of all CSV files in a folder.

    A table with a column ``value`` is in long form: ``series`` names the series, and the
    rows of each are in order of time. A table without it has one series a row: first
    its name, then its values.

    Parameters
    ----------
    path : str or path
        File or folder.
    only : str, default=None
        Condition for the rows to read, as for `pandas.DataFrame.query`.

    Returns
    -------
    series : dict of str to ndarray
        Values by name of the series.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted([*path.glob("*.csv"), *path.glob("*.csv.gz")])
        if not files:
            raise FileNotFoundError(f"The folder {str(path)!r} has no CSV file.")
        found: dict[str, NDArray] = {}
        for file in files:
            stem = file.name.split(".")[0]
            read = read_series(file, only)
            found |= {f"{stem}/{name}": values for name, values in read.items()}
        return found
    table = pd.read_csv(path)
    if only is not None:
        table = table.query(only)
    if "value" in table:
        names = table["series"] if "series" in table else pd.Series("", table.index)
        groups = table.groupby(names, sort=False)["value"]
        return {str(name): rows.to_numpy(float) for name, rows in groups}
    rows = table.set_index(table.columns[0]).apply(pd.to_numeric, errors="coerce")
    return {
        str(name): values[: len(values) - _unknown_at_end(values)]
        for name, values in zip(rows.index, rows.to_numpy(float), strict=True)
    }


def _unknown_at_end(values):
    known = np.flatnonzero(np.isfinite(values))
    return len(values) - 1 - known[-1] if len(known) else len(values)


def origins(
    series: dict[str, NDArray],
    horizon: int,
    *,
    held_out: Sequence[int] = (0,),
    shortest: int = 8,
) -> Iterator[Origin]:
    """Yield each series at each origin.

    Parameters
    ----------
    series : dict of str to ndarray
        Values by name of the series.
    horizon : int
        Number of steps to forecast.
    held_out : sequence of int, default=(0,)
        For each origin, how many steps at the end of a series come after the steps to
        forecast: 0 for the last origin.
    shortest : int, default=8
        Fewest steps before an origin.
    """
    for name, values in series.items():
        for rest in held_out:
            values_here = values[: len(values) - rest]
            origin = len(values_here) - horizon
            if origin >= shortest:
                past, future = values_here[:origin], values_here[origin:]
                yield Origin(f"{name}@{origin}", past, future)
