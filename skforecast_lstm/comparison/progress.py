"""Progress of a comparison: a bar on a terminal, and lines in a log."""

import contextlib
import sys
import time
from importlib.util import find_spec

from skforecast_lstm.comparison.costs import as_time, estimate

__all__ = ["Progress"]

# A shorter comparison says nothing in a log, and gives no estimate.
_SHORT = 10
# Seconds from one line in a log to the next.
_BETWEEN_LINES = 30


class Progress:
    """Display of the progress, with the time left, and once an estimate by forecaster.

    On a terminal or in a notebook it is a bar. Elsewhere it is one line of the standard
    error at a time, at most every 30 seconds. Use it in a `with` statement.

    Parameters
    ----------
    plan : Plan
        Cells of the comparison.
    n_workers : int
        Number of workers.
    shown : bool
        If False, show nothing.
    """

    def __init__(self, plan, n_workers, *, shown):
        self._plan, self._n_workers = plan, n_workers
        self._started = time.monotonic()
        self._next_line = self._started + _SHORT
        self._has_estimate = not shown
        self._shown, self._bar = shown, None
        self._bars = contextlib.ExitStack()

    def __enter__(self):
        if self._shown and find_spec("rich"):
            self._bar = _bar(self._bars)
            if self._bar is not None:
                self._task = self._bar.add_task("", left="...", **self._how_far())
        for sentence in self._plan.stopped.values():
            self.say(sentence)
        return self

    def __exit__(self, *_):
        self._bars.close()

    def _how_far(self):
        return {"total": len(self._plan.cells), "completed": len(self._plan.outcomes)}

    def advance(self):
        """Show the number of cells that are done."""
        if not self._shown:
            return
        costs = self._plan.costs
        is_known = not costs.unknown
        left = costs.all_left() / self._n_workers
        if is_known and not self._has_estimate:
            self._has_estimate = True
            seconds = time.monotonic() - self._started + left
            if left > _SHORT:
                told = estimate(costs.totals(), seconds, self._n_workers)
                self.say(f"Estimate: {told}")
        if self._bar is not None:
            about = f"about {as_time(left)}" if is_known else "..."
            self._bar.update(self._task, left=about, **self._how_far())
        elif time.monotonic() >= self._next_line:
            about = f", about {as_time(left)} left" if is_known and left else ""
            done, n_cells = len(self._plan.outcomes), len(self._plan.cells)
            self.say(f"{done} of {n_cells} cells{about}.")

    def say(self, sentence):
        """Show a sentence."""
        if not self._shown:
            return
        self._next_line = time.monotonic() + _BETWEEN_LINES
        if self._bar is not None:
            self._bar.console.print(f"Comparing: {sentence}", markup=False)
        # Without a standard error, as in a program without a console, it is None.
        elif sys.stderr is not None:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"Comparing: {sentence}\n")
                sys.stderr.flush()


def _bar(stack):
    """Return a started bar, or None where a bar can't be drawn."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return None
    columns = (
        TextColumn("Comparing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left: {task.fields[left]}"),
    )
    return stack.enter_context(Progress(*columns, console=console, transient=True))
