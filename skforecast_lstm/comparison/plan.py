"""Cells of a comparison: which are done, which are left, and which are dropped."""

import threading
from collections import defaultdict
from typing import NamedTuple

from skforecast_lstm.comparison.batches import split
from skforecast_lstm.comparison.cells import Cell
from skforecast_lstm.comparison.costs import Costs
from skforecast_lstm.comparison.groups import Group
from skforecast_lstm.comparison.limits import TimeLimit
from skforecast_lstm.comparison.lineup import ignore_default_warnings
from skforecast_lstm.comparison.refits import fit_windows
from skforecast_lstm.comparison.stand_ins import stand_in

__all__ = ["Plan"]


class _Task(NamedTuple):
    """Cells that share a fit, for `run_all`, with the time that they may take."""

    group: Group
    limit: TimeLimit

    def job(self):
        """Return the arguments of `run_within`."""
        name = self.group.cells[0].name
        return {"seconds": self.limit.remaining(name), "job": self.group.job()}


class Plan:
    """Cells of a comparison, and their outcomes.

    A forecaster that takes too long is dropped with all its cells, also those that are
    done, because a row of the results must be one method in all windows.

    Parameters
    ----------
    datasets : list of Dataset
        Datasets.
    line_ups : list of dict of str to forecaster
        Forecasters of each dataset by name.
    refit : "auto", bool or int
        Windows at which a forecaster is fitted.
    coverage : tuple of float
        Nominal coverages of intervals.
    time_limit : float or None
        Limit on the seconds of each forecaster.
    store : ResultsFile
        Results of earlier runs, and file for the new ones.

    Attributes
    ----------
    line_ups : list of dict of str to forecaster
        Forecasters of each dataset that are not dropped.
    fits : list of dict of str to list of int
        For each of these, the window of the fit of each window.
    cells : dict of int to Cell
        Their cells by number.
    outcomes : dict of int to dict
        Outcomes of these cells, as far as they are known.
    stopped : dict of str to str
        Sentences on the forecasters that are dropped.
    costs : Costs
        Measured and estimated seconds.
    """

    def __init__(self, datasets, line_ups, refit, coverage, *, time_limit, store):
        self._datasets, self._refit, self._coverage = datasets, refit, coverage
        self._store = store
        self.line_ups = [{} for _ in datasets]
        self.fits = [{} for _ in datasets]
        self.cells, self.outcomes, self.stopped = {}, {}, {}
        self._kept = set()
        self.costs = Costs()
        self._limit = TimeLimit(time_limit, self.costs)
        self._keys, self._places, self._groups = {}, {}, {}
        self._stand_ins = set()
        # By forecaster, the cells of each fit by their numbers.
        self._waiting, self._lock = defaultdict(dict), threading.Lock()
        self._add(line_ups)
        for name in list(line_ups[0]):
            self._drop_if_slow(name)

    def _add(self, line_ups):
        """Add the cells of forecasters, window by window, with their earlier outcomes."""
        groups = {}
        for place, (dataset, by_name) in enumerate(
            zip(self._datasets, line_ups, strict=True)
        ):
            fits = {
                name: fit_windows(
                    self._refit, forecaster, len(dataset.windows), dataset.y.size
                )
                for name, forecaster in by_name.items()
            }
            self.line_ups[place] |= by_name
            self.fits[place] |= fits
            for window, name, part in _in_turn(split(dataset, by_name)):
                fit = fits[name][window]
                cell = Cell(part, name, by_name[name], window, self._coverage, fit)
                # Dropped cells keep their numbers.
                number = len(self._places)
                self.cells[number], self._places[number] = cell, place
                groups.setdefault((place, part.name, name, fit), []).append(number)
        numbers = [number for group in groups.values() for number in group]
        with ignore_default_warnings():
            for number in numbers if self._store.path else ():
                self._keys[number] = self.cells[number].key()
        kept = self._store.read([self._keys.get(number) for number in numbers])
        for number in numbers:
            if self._keys.get(number) in kept:
                self.outcomes[number] = kept[self._keys[number]]
                self._kept.add(number)
        for numbers in groups.values():
            self._expect(tuple(numbers))

    def _expect(self, numbers):
        """Let the cells of one fit wait, unless all have an earlier outcome."""
        group = Group([self.cells[number] for number in numbers])
        self._groups[numbers] = group
        if self.outcomes.keys() >= set(numbers):
            self.costs.measure(group.cells, [self.outcomes[one] for one in numbers])
            return
        self.costs.expect(group.cells)
        with self._lock:
            self._waiting[group.cells[0].name][numbers] = group

    def __bool__(self):
        """Return True if cells are waiting to be run."""
        return any(self._waiting.values())

    @property
    def n_kept(self):
        """Number of the cells with an outcome from an earlier run."""
        return len(self._kept)

    def by_window(self):
        """Return the outcomes by dataset and window, and then by forecaster.

        Each forecaster has a list with the outcomes of its batches of series.
        """
        found = {}
        for number, cell in self.cells.items():
            where = self._places[number], cell.window
            of_window = found.setdefault(where, {})
            of_window.setdefault(cell.name, []).append(self.outcomes[number])
        return found

    def items(self):
        """Yield the cells to run by their numbers, also those that come meanwhile.

        After one fit of each forecaster, the next is of the one that has taken the least
        time. So the time of all is known early, and an interruption leaves few gaps.
        """
        begun = set()
        while True:
            # Threads of joblib take the next cells while this one drops others.
            with self._lock:
                waiting = {
                    name: numbers for name, numbers in self._waiting.items() if numbers
                }
                if not waiting:
                    return
                name = min(
                    waiting, key=lambda name: (name in begun, self.costs.spent(name))
                )
                begun.add(name)
                numbers = next(iter(waiting[name]))
                group = waiting[name].pop(numbers)
            yield numbers, _Task(group, self._limit)

    def take(self, numbers, outcomes):
        """Store the outcomes of cells that were run, and drop a forecaster if it is slow.

        Parameters
        ----------
        numbers : tuple of int
            Numbers of cells that share a fit.
        outcomes : list of dict or None
            Their outcomes, or None if they took too long.

        Returns
        -------
        sentence : str or None
            Sentence on a forecaster that is dropped now.
        """
        cells = self._groups[numbers].cells
        name = cells[0].name
        for number, cell, outcome in zip(numbers, cells, outcomes or [], strict=False):
            if number not in self.outcomes:
                self._store.write(self._keys.get(number), cell, outcome)
                if number in self.cells:
                    self.outcomes[number] = outcome
        if name in self.stopped:
            return None
        self.costs.add(cells, outcomes or [])
        return self._drop_if_slow(name, was_stopped=outcomes is None)

    def _drop_if_slow(self, name, *, was_stopped=False):
        """Drop a forecaster that takes too long, and add the one that stands in for it.

        Return a sentence if it is dropped.
        """
        reason = self._limit.exceeded(name, was_stopped=was_stopped)
        if reason is None:
            return None
        dropped = [by_name.pop(name) for by_name in self.line_ups]
        for fits in self.fits:
            del fits[name]
        self.costs.drop(name)
        with self._lock:
            self._waiting.pop(name, None)
        for number in [
            number for number, cell in self.cells.items() if cell.name == name
        ]:
            del self.cells[number]
            self.outcomes.pop(number, None)
            self._kept.discard(number)
        sentence = f"{name} is left out: it {reason}."
        if name not in self._stand_ins:
            found = [stand_in(name, forecaster) for forecaster in dropped]
            if found[0] is not None and found[0][0] not in self.line_ups[0]:
                sentence += f" {found[0][0]} runs in its place, in all windows."
                self._stand_ins.add(found[0][0])
                self._add([dict([one]) for one in found])
        self.stopped[name] = sentence
        return sentence


def _in_turn(parts):
    """Yield each window, forecaster and part, in the order of the results."""
    (n_windows,) = {len(part.windows) for batches in parts.values() for part in batches}
    for window in range(n_windows):
        for batch in range(max(map(len, parts.values()))):
            for name, batches in parts.items():
                if batch < len(batches):
                    yield window, name, batches[batch]
