"""Regressor of windows that forecasts series, and feeds its forecasts back."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.forecasting._conformal import Errors, evenly
from skforecast_lstm.forecasting._windows import ScaledSeries, Windows, window_spread

__all__ = ["HeldOut", "WindowModel"]


@dataclass(frozen=True)
class HeldOut:
    """Origins, and forecasts from them by a regressor.

    Parameters
    ----------
    series, n_after : ndarray of int of shape (n_origins,)
        Series of each origin, and number of its rows from the origin on.
    targets, forecast : ndarray of shape (n_origins, horizon, n_targets)
        Actual values and forecasts.
    spread : ndarray of shape (n_origins, n_targets)
        Spread of the window before each origin.
    """

    series: NDArray
    n_after: NDArray
    targets: NDArray
    forecast: NDArray
    spread: NDArray

    def some(self, most: int) -> "HeldOut":
        """Return at most so many of the origins, evenly chosen."""
        chosen = evenly(len(self.series), most)
        return HeldOut(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def errors(self) -> Errors:
        """Return the errors of the forecasts."""
        return Errors.of(self.targets - self.forecast, self.spread)


@dataclass(frozen=True)
class WindowModel:
    """Regressor that forecasts `horizon` steps at once from a window.

    Parameters
    ----------
    regressor : regressor
        Regressor to train on windows.
    lookback, horizon, n_targets : int
        Number of steps of a window, steps ahead, and columns to forecast.
    n_quantiles : int
        Number of outputs for each step of each target. The middle one is the forecast.
    """

    regressor: Any
    lookback: int
    horizon: int
    n_targets: int
    n_quantiles: int = 1

    def windows(self, series: ScaledSeries) -> Windows:
        """Return the windows of the series."""
        return Windows.of(series, self.n_targets, self.lookback, self.horizon)

    def fit(self, windows: Windows) -> None:
        """Train on all complete windows."""
        targets = self._labelled(windows, windows.targets)
        self.regressor.fit(windows.inputs, targets)

    def go_on(self, windows: Windows) -> None:
        """Train for one more epoch on the current windows."""
        learn = getattr(self.regressor, "partial_fit", self.regressor.fit)
        learn(windows.inputs, self._labelled(windows, windows.targets))

    def errors(self, windows: Windows) -> Errors:
        """Return the errors at held-out origins, or on the training rows without any."""
        held_out = self.held_out(windows)
        if held_out is None:
            every_row = np.arange(len(windows.targets))
            held_out = self._tried(self.regressor, windows, every_row)
        return held_out.errors()

    def held_out(self, windows: Windows) -> HeldOut | None:
        """Return the forecasts of a copy of the regressor at held-out origins.

        The copy has at most two members, which are enough to measure the errors. If the
        series are too short to hold out origins, return None.
        """
        learn, try_on = windows.held_out(self.lookback, self.horizon)
        if not len(learn) or not len(try_on):
            return None
        regressor = clone(self.regressor)
        if getattr(regressor, "n_members", 1) > 2:
            regressor.set_params(n_members=2)
        targets = np.full_like(windows.targets, np.nan)
        targets[learn] = windows.targets[learn]
        regressor.fit(windows.inputs, self._labelled(windows, targets))
        return self._tried(regressor, windows, try_on)

    def _tried(self, regressor, windows, places):
        """Return the forecasts of a regressor from places with a known target."""
        places = places[~np.isnan(windows.targets[places]).all(axis=1)]
        inputs = windows.inputs[places]
        forecast = self._middle(self._outputs(regressor, inputs))
        rows = np.searchsorted(windows.places, places)
        series = np.searchsorted(windows.offsets, rows, side="right") - 1
        return HeldOut(
            series,
            windows.offsets[series + 1] - rows,
            windows.targets[places].reshape(forecast.shape),
            forecast,
            window_spread(inputs[:, :, : self.n_targets]),
        )

    def at(self, scaled: ScaledSeries, steps: NDArray) -> tuple[NDArray, NDArray]:
        """Return the forecasts of each series at its steps, and the window spreads.

        Step 1 is the first after the last row. Step 0 is the last row, forecast from
        the rows before it. Steps before the series are NaN. The shapes are
        (n_series, n_steps, n_targets, n_quantiles) and (n_series, n_steps, n_targets).
        """
        number = np.indices(steps.shape)[0]
        is_ahead = steps >= 1
        values = np.full((*steps.shape, self.n_targets, self.n_quantiles), np.nan)
        spread = np.full(values.shape[:-1], np.nan)
        ahead, spread_ahead = self._ahead(scaled, max(0, int(steps.max())))
        values[is_ahead] = ahead[number[is_ahead], steps[is_ahead] - 1]
        spread[is_ahead] = spread_ahead[number[is_ahead]]
        if not is_ahead.all():
            offsets = scaled.series.offsets
            rows = offsets[1:, None] + steps - 1
            is_row = ~is_ahead & (rows >= offsets[:-1, None])
            before, spread_before = self._before(scaled)
            values[is_row] = before[rows[is_row]]
            spread[is_row] = spread_before[rows[is_row]]
        return values, spread

    def _ahead(self, scaled, n_steps):
        """Return forecasts after the last row of each series, fed back in blocks."""
        return self._fed_back(scaled.last_windows(self.lookback, self.horizon), n_steps)

    def ahead_of(
        self, scaled: ScaledSeries, stops: NDArray, n_steps: int
    ) -> tuple[NDArray, NDArray]:
        """Return the forecasts after some rows of some series, and the window spreads.

        The rows from each stop on are not read, except those of columns known ahead.
        The shapes are (n_stops, n_steps, n_targets, n_quantiles) and
        (n_stops, n_targets).
        """
        last = scaled.windows_at(stops, self.lookback, self.horizon, n_steps)
        return self._fed_back(last, n_steps)

    def _fed_back(self, last, n_steps):
        """Return forecasts after windows, in blocks, and the spreads of the windows."""
        windows = last.inputs()
        spread = window_spread(windows[:, :, : self.n_targets])
        values = np.empty((len(windows), 0, self.n_targets, self.n_quantiles))
        while values.shape[1] < n_steps:
            if values.shape[1]:
                last.move_on(self._middle(values[:, -self.horizon :]))
                windows = last.inputs()
            outputs = self._outputs(self.regressor, windows)
            values = np.concatenate([values, outputs], axis=1)
        return values[:, :n_steps], spread

    def _before(self, scaled):
        """Return a one-step forecast of each row of each series from the rows before."""
        windows = self.windows(scaled)
        values = self._outputs(self.regressor, windows.inputs)[:, 0]
        spread = window_spread(windows.inputs[:, :, : self.n_targets])
        return values[windows.places], spread[windows.places]

    def _labelled(self, windows, targets):
        """Return the targets once for each quantile, indexed by series.

        With this index, early stopping holds out the end of every series.
        """
        if self.n_quantiles > 1:
            targets = np.repeat(targets, self.n_quantiles, axis=1)
        starts, n_rows = windows.starts, len(targets)
        n_series = len(starts)
        # Other regressors get plain arrays.
        if n_series == 1 or not isinstance(self.regressor, LSTMRegressor):
            return targets
        # The unknown rows between two series count for the first.
        series = np.repeat(np.arange(n_series), np.diff(starts, append=n_rows))
        index: Any = pd.MultiIndex(
            levels=[range(n_series), range(n_rows)], codes=[series, np.arange(n_rows)]
        )
        return pd.DataFrame(targets, index=index, copy=False)

    def _outputs(self, regressor, inputs):
        """Return the outputs of the regressor, with sorted quantiles."""
        said = regressor.predict(inputs)
        shape = (len(inputs), self.horizon, self.n_targets, self.n_quantiles)
        return np.sort(said.reshape(shape).astype(np.float64), axis=-1)

    def _middle(self, outputs):
        return outputs[..., self.n_quantiles // 2]
