"""Seconds that forecasters take: measured so far, and estimated for the rest."""

from collections import Counter

from skforecast_lstm.comparison.cells import SECONDS

__all__ = ["Costs", "as_time", "estimate"]

# Forecasters with a smaller share of the time are told together in an estimate.
_SMALL_SHARE = 0.05


class Costs:
    """Measured seconds by forecaster, and an estimate of those left.

    The work of cells that share a fit is the number of values of the fit. The estimate
    is the work that is left, at the mean pace of the forecaster so far.
    """

    def __init__(self):
        self._left = Counter()
        self._measured_work = Counter()
        self._measured_seconds = Counter()
        self._n_left = Counter()
        self._least_pace = {}
        self._n_measured = Counter()

    def expect(self, cells):
        """Add the cells of one fit to those that are left."""
        self._left[cells[0].name] += _work(cells)
        self._n_left[cells[0].name] += 1

    def add(self, cells, outcomes):
        """Take the outcomes of the cells of one fit, which are no longer left."""
        name = cells[0].name
        self._left[name] -= _work(cells)
        self._n_left[name] -= 1
        self.measure(cells, outcomes)

    def measure(self, cells, outcomes):
        """Learn the pace of a forecaster from the cells that did not fail."""
        measured = [
            sum(outcome["scores"][metric].sum() for metric in SECONDS)
            for outcome in outcomes
            if outcome["error"] is None
        ]
        if measured:
            name = cells[0].name
            self._n_measured[name] += 1
            self._measured_work[name] += _work(cells)
            self._measured_seconds[name] += sum(measured)
            pace = sum(measured) / _work(cells)
            self._least_pace[name] = min(pace, self._least_pace.get(name, pace))

    def drop(self, name):
        """Leave a forecaster out."""
        for numbers in (self._left, self._n_left):
            del numbers[name]

    @property
    def unknown(self):
        """Names of the forecasters that are left and not measured yet."""
        return [
            name
            for name, number in self._n_left.items()
            if number and not self._measured_work[name]
        ]

    def left(self, name):
        """Return the seconds that are left of a forecaster; 0 if nothing is measured."""
        if not self._measured_work[name]:
            return 0.0
        pace = self._measured_seconds[name] / self._measured_work[name]
        return pace * max(self._left[name], 0)

    def least(self, name):
        """Return the seconds of a forecaster at its best pace, measured and left.

        The first fit may be slow, because it compiles a program.
        """
        return self.spent(name) + self._least_pace.get(name, 0.0) * self._left[name]

    def spent(self, name):
        """Return the measured seconds of a forecaster."""
        return self._measured_seconds[name]

    def n_left(self, name):
        """Return the number of fits of a forecaster that are left."""
        return self._n_left[name]

    def n_measured(self, name):
        """Return the number of fits of a forecaster that are measured."""
        return self._n_measured[name]

    def all_left(self):
        """Return the seconds that are left of all forecasters, as of one worker."""
        return sum(self.left(name) for name in self._n_left)

    def totals(self):
        """Return the seconds of each forecaster, measured and left, the most first."""
        totals = Counter(
            {name: self.spent(name) + self.left(name) for name in self._left}
        )
        return dict(totals.most_common())


def _work(cells):
    dataset = cells[0].dataset
    return dataset.y.size * cells[0].n_train / len(dataset.times)


def estimate(totals, seconds, n_workers):
    """Return a sentence with the time by forecaster and of all.

    Parameters
    ----------
    totals : dict of str to float
        Seconds of each forecaster on one worker, the most first.
    seconds : float
        Seconds of the whole comparison.
    n_workers : int
        Number of workers.
    """
    limit = max(5, _SMALL_SHARE * sum(totals.values()))
    large = {name: number for name, number in totals.items() if number >= limit}
    parts = [f"{name} about {as_time(number)}" for name, number in large.items()]
    small = [number for name, number in totals.items() if name not in large]
    if small:
        parts.append(f"{'others' if large else 'each'} under {as_time(max(5, limit))}")
    workers = "1 worker" if n_workers == 1 else f"{n_workers} workers"
    return f"{', '.join(parts)}; all about {as_time(seconds)} on {workers}."


def as_time(seconds):
    """Return a duration as text, no more exact than an estimate can be."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 57.5:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 595:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds < 3570:
        return f"{round(seconds / 60)} min"
    hours, rest = divmod(10 * round(seconds / 600), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
