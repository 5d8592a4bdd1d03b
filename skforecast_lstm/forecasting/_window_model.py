"""Regressor of windows that forecasts series, and feeds its forecasts back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.forecasting._conformal import Errors
from skforecast_lstm.forecasting._series import Rows, Windows, last_windows, spread_of

__all__ = ["WindowModel"]


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

    def windows(self, series: Sequence[Rows]) -> Windows:
        """Return the windows of the series."""
        return Windows.of(series, self.lookback, self.horizon)

    def fit(self, windows: Windows) -> None:
        """Train on all complete windows."""
        targets = self._labelled(windows, windows.targets)
        self.regressor.fit(windows.inputs, targets)

    def go_on(self, windows: Windows) -> None:
        """Train for one more epoch on the current windows."""
        learn = getattr(self.regressor, "partial_fit", self.regressor.fit)
        learn(windows.inputs, self._labelled(windows, windows.targets))

    def errors(self, windows: Windows) -> Errors:
        """Return the errors of a copy of the regressor at held-out origins.

        The copy has at most two members, which are enough to measure the errors.
        """
        learn, try_on = windows.held_out(self.lookback, self.horizon)
        regressor = clone(self.regressor)
        if getattr(regressor, "n_members", 1) > 2:
            regressor.set_params(n_members=2)
        if len(learn) and len(try_on):
            targets = np.full_like(windows.targets, np.nan)
            targets[learn] = windows.targets[learn]
            regressor.fit(windows.inputs, self._labelled(windows, targets))
        else:
            # Too short to hold out origins, so measure the errors on the training rows.
            regressor = self.regressor
            try_on = np.arange(len(windows.targets))
        targets = windows.targets[try_on]
        known = ~np.isnan(targets).all(axis=1)
        inputs, targets = windows.inputs[try_on[known]], targets[known]
        forecast = self._middle(self._outputs(regressor, inputs))
        errors = targets.reshape(forecast.shape) - forecast
        return Errors.of(errors, spread_of(inputs[:, :, : self.n_targets]))

    def at(
        self, series: Sequence[Rows], steps: Sequence[NDArray]
    ) -> list[tuple[NDArray, NDArray]]:
        """Return the forecasts of each series at its steps, and the window spreads.

        Step 1 is the first after the last row. Step 0 is the last row, forecast from
        the rows before it. Steps before the series are NaN. The shapes are
        (n_steps, n_targets, n_quantiles) and (n_steps, n_targets).
        """
        n_ahead = max(0, *(int(wanted.max()) for wanted in steps))
        ahead = self._ahead(series, n_ahead)
        before = self._before(series) if any((s < 1).any() for s in steps) else None
        answers = []
        for number, wanted in enumerate(steps):
            parts = [ahead[number]] if before is None else [before[number], ahead[number]]
            n_before = 0 if before is None else len(series[number])
            places = np.maximum(wanted + n_before, 0)
            values, spread = (
                np.concatenate([np.full((1, *part[0].shape[1:]), np.nan), *part])
                for part in zip(*parts, strict=True)
            )
            answers.append((values[places], spread[places]))
        return answers

    def _ahead(self, series, n_steps):
        """Return forecasts after the last row of each series, fed back in blocks."""
        shape = (len(series), 0, self.n_targets, self.n_quantiles)
        values = np.empty(shape)
        # Carry values forward first: the last known one may be before the window.
        series = [rows.carried_forward() for rows in series]
        windows = last_windows(series, self.lookback, self.horizon)
        spread = spread_of(windows[:, :, : self.n_targets])[:, None]
        while values.shape[1] < n_steps:
            outputs = self._outputs(self.regressor, windows)
            values = np.concatenate([values, outputs], axis=1)
            series = [
                rows.extended(steps)
                for rows, steps in zip(series, self._middle(outputs), strict=True)
            ]
            windows = last_windows(series, self.lookback, self.horizon)
        values = values[:, :n_steps]
        return list(zip(values, np.repeat(spread, n_steps, axis=1), strict=True))

    def _before(self, series):
        """Return a one-step forecast of each row of each series from the rows before."""
        windows = self.windows(series)
        values = self._outputs(self.regressor, windows.inputs)[:, 0]
        spread = spread_of(windows.inputs[:, :, : self.n_targets])
        return [
            (values[start : start + length], spread[start : start + length])
            for start, length in zip(windows.starts, windows.lengths, strict=True)
        ]

    def _labelled(self, windows, targets):
        """Return the targets once for each quantile, indexed by series.

        With this index, early stopping holds out the end of every series.
        """
        if self.n_quantiles > 1:
            targets = np.repeat(targets, self.n_quantiles, axis=1)
        n_rows, n_series = len(targets), len(windows.starts)
        # Other regressors get plain arrays.
        if n_series == 1 or not isinstance(self.regressor, LSTMRegressor):
            return targets
        # The unknown rows between two series count for the first.
        series = np.repeat(np.arange(n_series), np.diff([*windows.starts, n_rows]))
        index: Any = pd.MultiIndex(
            levels=[range(n_series), range(n_rows)], codes=[series, np.arange(n_rows)]
        )
        return pd.DataFrame(targets, index=index)

    def _outputs(self, regressor, inputs):
        """Return the outputs of the regressor, with sorted quantiles."""
        said = regressor.predict(inputs)
        shape = (len(inputs), self.horizon, self.n_targets, self.n_quantiles)
        return np.sort(said.reshape(shape).astype(np.float64), axis=-1)

    def _middle(self, outputs):
        return outputs[..., self.n_quantiles // 2]
