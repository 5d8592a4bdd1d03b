"""Ends of the series of a table, which `compare` cuts at the same times."""

import numpy as np
import pandas as pd

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_times import Timeline

__all__ = ["aligned", "check_same_end", "ending_last"]

_MOST_SHOWN = 3


def check_same_end(y, steps):
    """Raise if the series of a panel end at different times."""
    times = y.index.get_level_values(-1).to_series(index=y.index.get_level_values(0))
    ends = times.groupby(level=0).max()
    early, late = ends.idxmin(), ends.idxmax()
    if ends[early] == ends[late]:
        return
    written = steps.as_written(pd.Index([ends[early], ends[late]]))
    raise InputError(
        f"The series end at different times, and a comparison cuts all of them at the "
        f"same times: series {early!r} ends at {written[0]}, series {late!r} at "
        f"{written[1]}. Give --ends drop to leave out those that end early, or --ends "
        "align to count the steps of each back from its own end."
    )


def ending_last(parts, n_known, steps, notes):
    """Return the series whose last target is at the last time of all targets.

    Parameters
    ----------
    parts : dict of str to DataFrame
        Series by name, and their rows after the last target.
    n_known : dict of str to int
        Number of rows of each series up to the last target.
    steps : Timeline
        Steps of the times.
    notes : list of str
        Notes for the user, to extend.
    """
    ends = {name: part.index[n_known[name] - 1] for name, part in parts.items()}
    last = max(ends.values())
    early = [name for name, end in ends.items() if end != last]
    if early:
        listed = ", ".join(map(repr, early[:_MOST_SHOWN]))
        more = ", ..." if len(early) > _MOST_SHOWN else ""
        (written,) = steps.as_written(pd.Index([last]))
        notes.append(
            f"Left out {len(early)} of {len(parts)} series, which end before {written}: "
            f"{listed}{more}."
        )
    return {name: part for name, part in parts.items() if name not in early}


def aligned(parts, n_known, steps, notes):
    """Return the series with steps that count back from the end of each, and the steps.

    Step 0 is the last row with a target. If all end together, nothing changes. The
    parameters are those of `ending_last`.
    """
    ends = {part.index[n_known[name] - 1] for name, part in parts.items()}
    if len(ends) == 1:
        return parts, steps
    notes.append(
        "The series end at different times. The steps of each are counted back from its "
        "own end: 0 is its last row. Give --season, which no longer follows from the "
        "times."
    )
    counted = {
        name: part.set_axis(
            pd.Index(np.arange(len(part)) + 1 - n_known[name], name=part.index.name)
        )
        for name, part in parts.items()
    }
    return counted, Timeline()
