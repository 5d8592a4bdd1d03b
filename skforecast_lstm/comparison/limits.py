"""Limit on the time of each forecaster: how it is kept, and who goes on instead."""

import signal
import threading
from numbers import Real

from skforecast_lstm.comparison.costs import as_time

__all__ = ["TimeLimit", "check_time_limit", "run_within"]

# Cells that tell the pace: the first may contain costs of the first call.
_FEWEST_FITS = 2
# Some code ignores an exception once. Then it gets another one after so many seconds.
_AGAIN = 1.0


class _TimeUp(BaseException):
    """The time is up. It is no Exception, because forecasters catch these."""


def check_time_limit(time_limit):
    """Raise unless it is None or a positive number of seconds."""
    if time_limit is None:
        return
    if not isinstance(time_limit, Real) or isinstance(time_limit, bool):
        raise TypeError(f"time_limit must be a number of seconds, got {time_limit!r}.")
    if not time_limit > 0:
        raise ValueError(f"time_limit must be greater than 0, got {time_limit}.")


class TimeLimit:
    """Limit on the seconds of each forecaster, in all cells together.

    Parameters
    ----------
    seconds : float or None
        Limit. None is no limit.
    costs : Costs
        Measured and estimated seconds.
    """

    def __init__(self, seconds, costs):
        self._seconds, self._costs = seconds, costs

    def remaining(self, name):
        """Return the seconds that a forecaster still has, or None without a limit."""
        if self._seconds is None:
            return None
        return max(self._seconds - self._costs.spent(name), 0.001)

    def exceeded(self, name, *, was_stopped=False):
        """Return how a forecaster exceeds the limit, such as "takes longer", or None.

        One that has no cells left costs nothing more, and does not.

        Parameters
        ----------
        name : str
            Name of a forecaster.
        was_stopped : bool, default=False
            True if the time was up in one of its cells.
        """
        costs, seconds = self._costs, self._seconds
        if seconds is None or not (was_stopped or costs.n_left(name)):
            return None
        limit = f"than the time limit of {seconds:g} s"
        if was_stopped or costs.spent(name) > seconds:
            return f"takes longer {limit}"
        if costs.n_measured(name) < _FEWEST_FITS or costs.least(name) <= seconds:
            return None
        return f"would take about {as_time(costs.least(name))}, longer {limit}"


def run_within(function, seconds, job):
    """Return the result of a function, or None if it takes longer than allowed.

    Only the main thread of a process can be stopped, by the timer of the system. In
    other threads, and where there is no such timer or it is in use, the function runs to
    its end. Code in C ends before it is stopped.

    Parameters
    ----------
    function : callable
        Function.
    seconds : float or None
        Longest time.
    job : dict
        Arguments of the function.
    """
    if seconds is None or not _can_be_stopped():
        return function(**job)
    is_running = True

    def stop(*_):
        if is_running:
            raise _TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
            return function(**job)
        finally:
            is_running = False
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _TimeUp:
        return None
    finally:
        # The time may be up between the function and the line after it.
        is_running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


def _can_be_stopped():
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0
    )
