"""Checks that the columns and series of a frame are those of `fit`."""

from collections.abc import Collection, Sequence

import pandas as pd

from skforecast_lstm._suggestions import most_similar

__all__ = ["check_names_of_series", "in_order"]


def in_order(
    frame: pd.DataFrame, names: Sequence, what: str, *, optional: Collection = ()
) -> pd.DataFrame:
    """Return the frame with its columns in the order of `names`.

    Raise if a required column is missing, or if a column is not in `names`. A missing
    optional column becomes NaN.
    """
    columns = frame.columns
    if list(columns) == list(names):
        return frame
    absent = [one for one in names if one not in columns and one not in optional]
    unknown = [one for one in columns if one not in names]
    if not absent and not unknown:
        return frame.reindex(columns=list(names))
    found = []
    if absent:
        found.append(f"lacks the columns {absent}")
    if unknown:
        found.append(f"has the columns {unknown}, which were not there in fit")
    missing = absent or [one for one in names if one not in columns] or list(names)
    hints = [
        f" Did you mean {near!r} instead of {one!r}?"
        for one in unknown
        if (near := most_similar(one, missing)) is not None
    ]
    raise ValueError(
        f"{what} {' and '.join(found)}.{''.join(hints)} In fit the columns were "
        f"{list(names)}; give these, in any order."
    )


def check_names_of_series(before: pd.Index, now: pd.Index) -> None:
    """Raise if a series has the name of an earlier one, but of another type.

    Raise too if only one of both has series with names, or names of more levels.
    """
    if before.nlevels != now.nlevels:
        raise ValueError(
            f"y has {now.nlevels} index levels, and {before.nlevels} in fit. Give the "
            "names of the series, then the time, as in fit."
        )
    for level in range(before.nlevels - 1):
        known = before.unique(level)
        by_text = {str(name): name for name in known}
        for name in now.unique(level).difference(known, sort=False):
            if str(name) in by_text:
                other = by_text[str(name)]
                raise ValueError(
                    f"The series {name!r} ({type(name).__name__}) was not there in fit, "
                    f"but {other!r} ({type(other).__name__}) was. Give names of one type."
                )
