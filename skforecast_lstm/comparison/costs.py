"""Seconds that forecasters take: measured so far, and estimated for the rest."""

import bisect
from collections import defaultdict
from dataclasses import dataclass, field

from skforecast_lstm.comparison.cells import SECONDS

__all__ = ["Costs", "as_time", "estimate"]

# Forecasters with a smaller share of the time are told together in an estimate.
_SMALL_SHARE = 0.05
# Seconds of a first fit that do more than import and compile.
_LONG_FIRST_FIT = 10


@dataclass
class _Cost:
    """Fits of one forecaster that are left, and seconds of those that are measured."""

    n_left: int = 0
    work_left: float = 0.0
    seconds: float = 0.0
    # Seconds by work of each measured fit, in rising order.
    paces: list[float] = field(default_factory=list)

    @property
    def seconds_left(self):
        """Seconds of the fits that are left, at the median pace so far.

        The first fit of a process may import packages and compile programs. The lower
        median is without it once there are two.
        """
        if not self.paces:
            return 0.0
        return self.paces[(len(self.paces) - 1) // 2] * max(self.work_left, 0)

    @property
    def is_known(self):
        """True if the pace is known: by two fits, or by one that took long."""
        return len(self.paces) > 1 or self.seconds > _LONG_FIRST_FIT


class Costs:
    """Measured seconds by forecaster, and an estimate of those left.

    The work of cells that share a fit is the number of values of the fit. The estimate
    is the work that is left, at the pace of the forecaster so far.
    """

    def __init__(self):
        self._by_name = defaultdict(_Cost)

    def expect(self, cells):
        """Add the cells of one fit to those that are left."""
        cost = self._by_name[cells[0].name]
        cost.n_left += 1
        cost.work_left += _work(cells)

    def add(self, cells, outcomes):
        """Take the outcomes of the cells of one fit, which are no longer left."""
        cost = self._by_name[cells[0].name]
        cost.n_left -= 1
        cost.work_left -= _work(cells)
        self.measure(cells, outcomes)

    def measure(self, cells, outcomes):
        """Learn the pace of a forecaster from the cells that did not fail."""
        measured = [
            sum(outcome["scores"][metric].sum() for metric in SECONDS)
            for outcome in outcomes
            if outcome["error"] is None
        ]
        if measured:
            cost = self._by_name[cells[0].name]
            cost.seconds += sum(measured)
            bisect.insort(cost.paces, sum(measured) / _work(cells))

    def drop(self, name):
        """Leave a forecaster out."""
        cost = self._by_name[name]
        cost.n_left, cost.work_left = 0, 0.0

    @property
    def unknown(self):
        """Names of the forecasters that are left and whose pace is not known yet."""
        costs = self._by_name.items()
        return [name for name, cost in costs if cost.n_left and not cost.is_known]

    def left(self, name):
        """Return the seconds that are left of a forecaster; 0 if nothing is measured."""
        return self._by_name[name].seconds_left

    def least(self, name):
        """Return the seconds of a forecaster at its best pace, measured and left."""
        cost = self._by_name[name]
        return cost.seconds + (cost.paces[0] * cost.work_left if cost.paces else 0.0)

    def spent(self, name):
        """Return the measured seconds of a forecaster."""
        return self._by_name[name].seconds

    def n_left(self, name):
        """Return the number of fits of a forecaster that are left."""
        return self._by_name[name].n_left

    def n_measured(self, name):
        """Return the number of fits of a forecaster that are measured."""
        return len(self._by_name[name].paces)

    def all_left(self):
        """Return the seconds that are left of all forecasters, as of one worker."""
        return sum(cost.seconds_left for cost in self._by_name.values())

    def totals(self):
        """Return all seconds of each forecaster that is left, the most first."""
        totals = {
            name: cost.seconds + cost.seconds_left
            for name, cost in self._by_name.items()
            if cost.n_left
        }
        return dict(sorted(totals.items(), key=lambda pair: -pair[1]))


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
