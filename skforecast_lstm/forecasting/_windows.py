"""Windows of many scaled series, to train on and to forecast from."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skforecast_lstm._scale import Scale
from skforecast_lstm._series import ManySeries
from skforecast_lstm.windows import LookbackWindower

__all__ = ["LastWindows", "ScaledSeries", "Windows", "window_spread"]


@dataclass(frozen=True)
class ScaledSeries:
    """Scaled columns of many series: targets, past and known columns, side by side.

    `ahead` of shape (n_series, n_steps, n_known) has the known columns of the steps
    after the last row.
    """

    series: ManySeries
    ahead: NDArray

    def led_in(self, n_rows: int, shorter_than: int) -> "ScaledSeries":
        """Return the series, with the first row repeated before those that are short."""
        offsets = self.series.offsets
        n_each = np.ones(len(self.series.values), dtype=np.int64)
        n_each[offsets[:-1][self.series.lengths < shorter_than]] += n_rows
        values = self.series.values.repeat(n_each, axis=0)
        offsets = np.append(0, n_each.cumsum())[offsets]
        return ScaledSeries(ManySeries(values, offsets, self.series.names), self.ahead)

    def columns(self, n_steps: int) -> NDArray:
        """Return the columns of a window: all of a row, and those known `n_steps` ahead.

        The last known value replaces an unknown one, also after the last known row.
        """
        columns = self.series.filled_forward()
        n_known = self.ahead.shape[2]
        if not n_known:
            return columns
        known = self._known()
        here = np.arange(len(columns)) + self.ahead.shape[1] * self.series.numbers
        last = (known.offsets[1:] - 1).repeat(self.series.lengths)
        later = known.values[np.minimum(here + n_steps, last)]
        later = ManySeries(later, self.series.offsets).filled_forward()
        return np.concatenate([columns, later], axis=1)

    def _known(self):
        """Return the known columns, with their rows ahead after those of each series."""
        n_series, n_ahead, n_known = self.ahead.shape
        offsets = self.series.offsets + n_ahead * np.arange(n_series + 1)
        values = np.empty((offsets[-1], n_known))
        ahead = offsets[1:, None] + np.arange(-n_ahead, 0)
        values[ahead] = self.ahead
        is_row = np.ones(len(values), dtype=bool)
        is_row[ahead] = False
        values[is_row] = self.series.values[:, self.series.values.shape[1] - n_known :]
        return ManySeries(values, offsets)

    def last_windows(self, lookback: int, n_steps: int) -> "LastWindows":
        """Return the windows after the last row of each series."""
        n_known = self.ahead.shape[2]
        filled = ManySeries(self.series.filled_forward(), self.series.offsets)
        rows = filled.last(lookback)
        n_columns = rows.shape[2] - n_known
        known = self._known()
        known = ManySeries(known.filled_forward(), known.offsets)
        return LastWindows(
            rows[..., :n_columns],
            known.last(lookback + self.ahead.shape[1]),
            np.maximum(lookback - self.series.lengths, 0),
            n_steps,
        )

    def windows_at(
        self, stops: NDArray, lookback: int, n_steps: int, n_ahead: int
    ) -> "LastWindows":
        """Return the windows before some rows of some series.

        Each window is inside its series, and so are the `n_ahead` rows after it.
        """
        filled = self.series.filled_forward()
        n_known = self.ahead.shape[2]
        n_columns = filled.shape[1] - n_known
        here = stops[:, None] + np.arange(-lookback, 0)
        known = stops[:, None] + np.arange(-lookback, n_ahead if n_known else 0)
        return LastWindows(
            filled[here, :n_columns],
            filled[known, n_columns:],
            np.zeros(len(stops), dtype=np.int64),
            n_steps,
        )


@dataclass
class LastWindows:
    """Windows after the last row of each series, which move on by forecasts.

    Parameters
    ----------
    rows : ndarray of shape (n_series, lookback, n_columns)
        Targets and past columns, NaN before a series begins.
    known : ndarray of shape (n_series, lookback + n_ahead, n_known)
        Known columns of the same rows and of the rows ahead.
    n_before : ndarray of shape (n_series,)
        Number of steps before a series begins.
    n_steps : int
        Distance of the columns that are known ahead.
    """

    rows: NDArray
    known: NDArray
    n_before: NDArray
    n_steps: int
    n_moved: int = 0

    def inputs(self) -> NDArray:
        """Return the windows, with the columns of `ScaledSeries.columns`."""
        n_series, lookback, _ = self.rows.shape
        here, last = self.n_moved + np.arange(lookback), self.known.shape[1] - 1
        now, later = (
            self.known[:, np.minimum(places, last)]
            for places in (here, here + self.n_steps)
        )
        later[here < self.n_before[:, None]] = np.nan
        windows = np.concatenate([self.rows, now, later], axis=2)
        flat = windows.reshape(n_series * lookback, -1)
        offsets = lookback * np.arange(n_series + 1)
        filled = ManySeries(flat, offsets).filled_forward()
        return filled.reshape(windows.shape).astype(np.float32)

    def move_on(self, targets: NDArray) -> None:
        """Append forecasts of targets. The past columns repeat their last row."""
        n_steps, n_targets = targets.shape[1:]
        past = self.rows[:, -1:, n_targets:].repeat(n_steps, axis=1)
        rows = np.concatenate([targets, past], axis=2)
        lookback = self.rows.shape[1]
        self.rows = np.concatenate([self.rows, rows], axis=1)[:, -lookback:]
        self.n_moved += n_steps


@dataclass(frozen=True)
class Windows:
    """Window before each row of many series, and the targets from that row on.

    The series are concatenated with unknown rows between them, so `inputs` of shape
    (n_places, lookback, n_columns) is a view of one array. `targets` has the steps from
    a row on, side by side. `places` are those of the rows of the series, from `offsets`
    of one series to those of the next.
    """

    inputs: NDArray
    targets: NDArray
    places: NDArray
    offsets: NDArray

    @classmethod
    def of(
        cls, scaled: ScaledSeries, n_targets: int, lookback: int, horizon: int
    ) -> "Windows":
        """Create the windows of all rows of the series."""
        series, columns = scaled.series, scaled.columns(horizon)
        places = np.arange(len(columns)) + max(lookback, horizon) * series.numbers
        n_places = int(places[-1]) + 1
        inputs = np.full((n_places, columns.shape[1]), np.nan, dtype=np.float32)
        inputs[places] = columns
        targets = np.full((n_places + horizon - 1, n_targets), np.nan, dtype=np.float32)
        targets[places] = series.values[:, :n_targets]
        ahead = sliding_window_view(targets, horizon, axis=0).swapaxes(1, 2)
        return cls(
            LookbackWindower(lookback, horizon=1).fit_transform(inputs),
            ahead.reshape(n_places, horizon * n_targets),
            places,
            series.offsets,
        )

    @property
    def starts(self) -> NDArray:
        """Place of the first row of each series."""
        return self.places[self.offsets[:-1]]

    def held_out(self, lookback: int, horizon: int) -> tuple[NDArray, NDArray]:
        """Return the rows to train on, and the last origins of each series to test on.

        All targets of the training rows come before the first test origin. At each test
        origin, every target column has at least one known step.
        """
        by_step = self.targets.reshape(len(self.targets), horizon, -1)
        usable = ~np.isnan(by_step).all(axis=1).any(axis=1)
        # Known values are carried forward, so a window is known if its first step is.
        usable &= ~np.isnan(self.inputs[:, 0]).any(axis=1)
        lengths = np.diff(self.offsets)
        numbers = np.arange(len(lengths)).repeat(lengths)
        steps = np.arange(len(self.places)) - self.offsets[numbers]
        stops = lengths - horizon + 1
        can_learn = (steps >= lookback) & (steps < stops[numbers])
        (origins,) = np.nonzero(can_learn & usable[self.places])
        series = numbers[origins]
        n_origins = np.bincount(series, minlength=len(lengths))
        n_held_out = np.clip((n_origins - horizon + 1) // 3, 0, 100)
        from_end = n_origins.cumsum()[series] - np.arange(len(origins))
        held_out = origins[from_end <= n_held_out[series]]
        firsts = stops.copy()
        np.minimum.at(firsts, numbers[held_out], steps[held_out])
        learn = can_learn & (steps < (firsts - horizon + 1)[numbers])
        return self.places[learn], self.places[held_out]


def window_spread(windows: NDArray) -> NDArray:
    """Return the spread of each column in each window; 1 if no value is known."""
    return Scale.from_values(windows, axis=1).spread
