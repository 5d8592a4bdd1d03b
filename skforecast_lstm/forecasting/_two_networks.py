"""Learning and forecasting of the forecaster, with two networks."""

import warnings
from dataclasses import replace

import numpy as np

from skforecast_lstm._scale import Scale
from skforecast_lstm.exceptions import OtherVersionWarning, UnknownStepsWarning
from skforecast_lstm.forecasting._adaptive import Adaptation, in_widths, limited
from skforecast_lstm.forecasting._defaults import (
    default_block,
    default_lookback,
    find_seasons,
    usable_season,
)
from skforecast_lstm.forecasting._drift import Monitor, sizes_and_coverage
from skforecast_lstm.forecasting._even_series import (
    check_frames,
    even_series,
    n_rows_before,
    n_rows_by_name,
    scales_by_name,
)
from skforecast_lstm.forecasting._exogenous import Exogenous
from skforecast_lstm.forecasting._forecast import QUANTILES, Forecast, forecast_index
from skforecast_lstm.forecasting._new_errors import new_errors, recent_errors
from skforecast_lstm.forecasting._parameters import check_parameters, errors_decide
from skforecast_lstm.forecasting._pretrained import (
    ENOUGH_ROWS,
    Pretrained,
    best_share,
    mixed,
)
from skforecast_lstm.forecasting._regressor import regressor_for
from skforecast_lstm.forecasting._samples import FEWEST_PATHS
from skforecast_lstm.forecasting._window_model import WindowModel
from skforecast_lstm.forecasting._windows import ScaledSeries
from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN
from skforecast_lstm.pretraining.weights import shipped_weights

__all__ = ["TwoNetworks"]


class TwoNetworks:
    """Base of `LSTMForecaster`: learning and forecasting with its two networks.

    One is pretrained, and the other is trained on the series. The parameters and
    attributes are those of the forecaster, which adds the interface of sktime.
    """

    def _learn(self, y, X, fh):
        """Choose the defaults for the data, train, and measure the errors."""
        check_parameters(self)
        check_frames(y=y, X=X)
        self.columns_ = list(y.columns)
        even = even_series(y)
        self.exogenous_ = Exogenous.of(X, self.past_only, self.calendar, even)
        X = self.exogenous_.checked(X, y)
        self._choose_season(even)
        self.share_, self.model_, self.errors_ = 1.0, None, None
        if self._needs_training(even):
            self._choose_steps(even, self._last_step(even, fh))
            self._train(even, X)
        if self.model_ is None:
            self.lookback_ = self.horizon_ = None
        self.weights_ = shipped_weights().name if self.share_ else None

    def _needs_training(self, even):
        """Return False if the pretrained network forecasts alone."""
        if errors_decide(self):
            return self._has_columns() or len(even.series.values) > ENOUGH_ROWS
        return self.pretrained is not True

    def _has_columns(self):
        return bool(self.exogenous_.past or self.exogenous_.known)

    def _train(self, even, X):
        """Train a network, and find the share of the pretrained one and the errors."""
        n_targets = len(self.columns_)
        n_quantiles = len(QUANTILES) if self.intervals == "quantiles" else 1
        model = WindowModel(
            regressor_for(self, len(even.series.values), n_quantiles),
            lookback=self.lookback_,
            horizon=self.horizon_,
            n_targets=n_targets,
            n_quantiles=n_quantiles,
        )
        scale = self._scale(even.series)
        windows = model.windows(self._scaled(even, scale, X))
        held_out = model.held_out(windows) if errors_decide(self) else None
        if held_out is not None:
            network = Pretrained(self.seasons_)
            self.share_, held_out = best_share(
                held_out, network, even.series, scale, has_columns=self._has_columns()
            )
        elif not errors_decide(self) or self._has_columns():
            self.share_ = 0.0
        if self.share_ == 1:
            return
        model.fit(windows)
        self.model_ = model
        if self.intervals in ("conformal", "adaptive"):
            errors = model.errors(windows) if held_out is None else held_out.errors()
            self.errors_ = errors

    def _go_on(self, y, X):
        """Train for one more epoch, if anything was trained."""
        if self.model_ is not None:
            even = even_series(y)
            scaled = self._scaled(even, self._scale(even.series), X)
            self.model_.go_on(self.model_.windows(scaled))

    def _choose_season(self, even):
        """Set the scales and the season from the data."""
        self.scales_ = scales_by_name(even.series)
        self.seasons_ = find_seasons(even.timelines[0].times, self.season_length)
        n_rows = int(np.median(even.series.lengths))
        self.season_length_, self.second_season_ = (
            usable_season(n_rows, season) for season in self.seasons_
        )

    def _choose_steps(self, even, last_step):
        """Set the lookback and horizon from the data."""
        lengths = even.series.lengths
        n_rows = int(np.median(lengths))
        horizon = 1 if self.strategy == "recursive" else last_step or self.season_length_
        self.lookback_ = self.lookback
        if self.lookback is None:
            self.lookback_ = default_lookback(
                n_rows,
                horizon,
                self.season_length_,
                self.second_season_,
                n_all=int(lengths.sum()),
            )
        self.horizon_ = default_block(n_rows, horizon, self.lookback_)
        if self.exogenous_.known:
            self.lookback_ = max(self.lookback_, self.horizon_)
        least = self.lookback_ + self.horizon_
        if lengths.max() < least:
            raise ValueError(
                f"y has {lengths.max()} rows, but windows of lookback={self.lookback_} "
                f"and the {self.horizon_} steps after them need at least {least}. Give "
                "more rows, or a shorter lookback."
            )

    def _last_step(self, even, fh):
        """Return the number of steps to the last time to forecast, or None if unknown."""
        if fh is None:
            return None
        return max(1, *(int(one.steps_ahead(fh)[0].max()) for one in even.timelines))

    def _scaled(self, even, scale, X, X_ahead=None, n_steps=0):
        """Return the scaled columns of the series, with the known steps ahead.

        A series too short for a window and its targets gets half a window before it.
        """
        series, exogenous = even.series, self.exogenous_
        targets = scale.take(series.numbers).apply(series.values)
        columns = [targets, exogenous.scaled_columns(even, X)]
        values = np.concatenate(columns, axis=1)
        return ScaledSeries(
            replace(series, values=values), exogenous.scaled_ahead(even, X_ahead, n_steps)
        ).led_in(self.lookback_ // 2, self.lookback_ + self.horizon_)

    def _scale(self, series):
        """Return the scales of the series in training, or the current ones if new."""
        scales = [self.scales_.get(name) for name in series.names]
        if any(scale is None for scale in scales):
            current = Scale.by_series(series)
            scales = [scale or current.take(n) for n, scale in enumerate(scales)]
        return Scale(*map(np.array, zip(*scales, strict=True)))

    def _forecast(self, fh, X, *, calibrated=False):
        """Return the forecasts of all series at all times of the horizon.

        If calibrated, the intervals of the pretrained network fit errors on these series.
        """
        X = self.exogenous_.checked_ahead(X)
        even = even_series(self._cur_y)
        ahead, times = zip(*(one.steps_ahead(fh) for one in even.timelines), strict=True)
        steps = np.stack(ahead)[even.timeline]
        if self.share_ and self.weights_ != shipped_weights().name:
            warnings.warn(
                f"The forecaster was fitted with the pretrained weights {self.weights_}, "
                f"and this release has {shipped_weights().name}, so that it forecasts "
                "something else than before. Fit it again.",
                OtherVersionWarning,
                stacklevel=2,
            )
        if self.model_ is None:
            network = Pretrained(self.seasons_)
            values = network.at(even.series, steps)
            if calibrated and self.adaptation_ is None:
                horizon = max(1, int(steps.max()))
                values = network.calibrated(values, even.series, horizon)
            values[self._blank(even.series)] = np.nan
            spread = np.zeros(values.shape[:-1])
        else:
            values, spread = self._trained(even, steps, X)
        return Forecast(
            forecast_index(self._cur_y.index, even, times),
            np.concatenate(values),
            np.concatenate(spread),
            steps.ravel(),
            LEVELS if self.model_ is None else QUANTILES,
            self._factors(even.series.names, steps.shape[1]),
        )

    def _factors(self, names, n_steps):
        """Return the factors of the widths at all times, or None without adaptation."""
        if self.adaptation_ is None:
            return None
        return self.adaptation_.factors(names).repeat(n_steps, axis=0)

    def _start_adaptation(self, y, fh):
        """Set the factors of the widths to 1, and store the cutoffs of the series."""
        self.adaptation_ = None
        if self.intervals != "adaptive":
            return
        even = even_series(y)
        n_steps = self._last_step(even, fh) or self.horizon_ or self.seasons_[0]
        self.adaptation_ = Adaptation(n_steps, y.shape[1])
        self._monitor = Monitor(self._held_out_sizes(even), len(even.series), n_steps)
        self._cutoffs = {
            name: [n_rows] for name, n_rows in n_rows_by_name(even.series).items()
        }

    def _adapt(self, before):
        """Move the widths on by the errors at the rows that are new."""
        even = even_series(self._cur_y)
        n_now, n_before = n_rows_by_name(even.series), n_rows_by_name(before.series)
        # Rows may also come before those of fit.
        for name, n_rows in n_rows_before(even, before).items():
            n_before[name] += n_rows
            self._cutoffs[name] = [one + n_rows for one in self._cutoffs[name]]
        new = new_errors(self, n_before, self._cutoffs)
        # Of unknown values nothing is said.
        if new is not None and not np.isnan(new[1]).all():
            names, ratios = new
            n_rows = max(n_now[name] - n_before[name] for name in names)
            factors = self.adaptation_.factors(names)[:, None]
            self._monitor.see(n_rows, *sizes_and_coverage(ratios, factors))
            self.adaptation_.see(names, ratios)
        n_steps = self.adaptation_.n_steps
        for name, n_rows in n_now.items():
            if n_rows != n_before.get(name):
                before = self._cutoffs.get(name, [])
                pending = [one for one in before if one + n_steps > n_rows]
                self._cutoffs[name] = [*pending, n_rows]

    def _held_out_sizes(self, even):
        """Return the mean size of the errors from each held-out origin, in widths."""
        if self.errors_ is None:
            paths = recent_errors(self, even.series, self.adaptation_.n_steps)
        else:
            width = self.errors_.distance(0.9, 1)[0] / self.errors_.by_step[0]
            paths = in_widths(np.abs(self.errors_.paths), width)
        return np.nanmean(limited(np.abs(paths)), axis=(1, 2))

    def _error_paths(self, steps):
        """Return errors of forecasts from origins: (n_paths, n_steps, n_targets)."""
        last = int(steps.max())
        if steps.min() < 1:
            raise ValueError(
                "Sample paths are of steps after the last row, but fh has a time in it: "
                f"step {int(steps.min())}. Leave such times out."
            )
        if self.errors_ is not None:
            paths, n_steps = self.errors_.paths, self.errors_.by_step.shape[0]
        else:
            paths = recent_errors(self, even_series(self._cur_y).series, last)
            n_steps = last
        if last > n_steps:
            raise ValueError(
                f"fh reaches step {last}, and errors were measured for {n_steps} steps. "
                'Give fit the whole fh, with strategy="direct" and a longer series if '
                "it has fewer steps then."
            )
        if len(paths) < FEWEST_PATHS:
            raise ValueError(
                f"The dependence between steps comes from errors at {len(paths)} "
                f"origins, and at least {FEWEST_PATHS} are needed. Give fit a longer "
                "series, or a shorter fh."
            )
        return paths

    def _trained(self, even, steps, X):
        """Return the forecasts and the spreads of the windows, with a trained network."""
        scale = self._scale(even.series)
        n_known = max(0, int(steps.max())) if self.exogenous_.known else 0
        scaled = self._scaled(even, scale, self._cur_X, X, n_known)
        values, spread = self.model_.at(scaled, steps)
        values[self._blank(scaled.series)] = np.nan
        scale = scale.take(np.s_[:, None])
        values = scale.undo(values)
        if self.share_:
            medians = Pretrained(self.seasons_).at(even.series, steps)
            medians = medians[..., MEDIAN, None]
            values = mixed(values, medians, self.share_)
        least = 0.0 if self.errors_ is None else self.errors_.least_spread
        return values, scale.spread * np.maximum(spread, least)

    def _blank(self, series):
        """Return a mask of the series with a column without a known value, and warn.

        Every step of their windows is unknown, so a network could only guess.
        """
        unknown = series.are_unknown()
        blank = unknown.any(axis=1)
        if blank.any():
            columns = [*self._names, *self.exogenous_.past, *self.exogenous_.known]
            first = int(blank.argmax())
            name, column = series.names[first], columns[int(unknown[first].argmax())]
            place = "" if name is None else f"series {name!r}, "
            warnings.warn(
                f"{np.count_nonzero(blank)} of {len(series)} series have a column "
                "without one known value, so that their forecasts are NaN: "
                f"{place}column {column!r}. Give values, or leave the series out.",
                UnknownStepsWarning,
                stacklevel=2,
            )
        return blank
