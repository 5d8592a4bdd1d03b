"""Names of targets, and the number of steps ahead that the columns of a target have."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["describe_targets", "names_of_steps", "split_step_names"]

_STEP_NAME = re.compile(r"(.+)_t\+([1-9][0-9]*)")


def names_of_steps(names: Sequence, n_steps: int) -> list[str]:
    """Return a name for each target at each step ahead, such as ``load_t+1``."""
    return [f"{name}_t+{step}" for step in range(1, n_steps + 1) for name in names]


def split_step_names(names: Sequence) -> tuple[list, int]:
    """Return the names of the targets and their number of steps ahead.

    Names that are not those of `names_of_steps` have one step.
    """
    found = [_STEP_NAME.fullmatch(str(name)) for name in names]
    if names and all(found):
        last = max(int(match[2]) for match in found if match)
        targets = [match[1] for match in found[: len(names) // last] if match]
        if names_of_steps(targets, last) == [str(name) for name in names]:
            return targets, last
    return list(names), 1


def describe_targets(y: Any) -> dict[str, Any]:
    """Return the names of targets and their number of steps ahead, None if unknown.

    Without names, the columns are steps ahead if each row repeats the row before it,
    moved on by one step.
    """
    values = np.asarray(y)
    # Targets of more dimensions are refused later.
    n_columns = values.shape[1] if values.ndim == 2 else 1
    # Tables of PyArrow have the names apart from the columns.
    given = getattr(y, "column_names", getattr(y, "columns", None))
    given = [getattr(y, "name", None)] if given is None else list(given)
    if None in given or given == list(range(n_columns)):
        names, n_steps = None, 1
    else:
        names, n_steps = split_step_names([str(name) for name in given])
    if n_steps == 1 and n_columns > 1:
        found = _count_steps(values)
        names = names if found == 1 or (found is None and names) else None
        n_steps = 1 if names else found
    return {"names": names, "n_steps": n_steps}


def _count_steps(values):
    """Return the steps ahead in the columns of targets, None if it is not clear."""
    if values.dtype.kind not in "fiu":
        return 1
    before, after = values[-1001:-1], values[-1000:]
    before, after = before[-len(after) :], after[-len(before) :]
    # Rows of equal values match each other for any number of steps.
    differ = (before != before[:, :1]).any(axis=1) | (after != after[:, :1]).any(axis=1)
    differ &= ~np.isnan(before).any(axis=1)
    before, after = before[differ], after[differ]
    n_outputs = values.shape[1]
    for n_columns in range(1, n_outputs) if len(before) else ():
        if n_outputs % n_columns:
            continue
        moved, kept = after[:, :-n_columns], before[:, n_columns:]
        share = ((moved == kept) | (np.isnan(moved) & np.isnan(kept))).all(axis=1).mean()
        if share > 0.1:
            return n_outputs // n_columns if share >= 0.9 else None
    return 1 if len(before) else None
