"""An LSTM as an sktime forecaster."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state
from sktime.datatypes import update_data
from sktime.forecasting.base import BaseForecaster

from skforecast_lstm._scale import Scale
from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.exceptions import OtherVersionWarning, UnknownStepsWarning
from skforecast_lstm.forecasting._columns import (
    check_names_of_series,
    in_order,
)
from skforecast_lstm.forecasting._default_regressor import default_regressor
from skforecast_lstm.forecasting._defaults import (
    Plan,
    default_block,
    default_lookback,
    season_of,
    seasons_of,
    usable_season,
)
from skforecast_lstm.forecasting._even_series import (
    check_frames,
    even_series,
    scales_by_name,
    with_frequency_of,
)
from skforecast_lstm.forecasting._exogenous import Exogenous
from skforecast_lstm.forecasting._forecast import QUANTILES, Forecast, forecast_index
from skforecast_lstm.forecasting._parameters import check_parameters, given_for_training
from skforecast_lstm.forecasting._pretrained import (
    ENOUGH_ROWS,
    Pretrained,
    best_share,
    mixed,
)
from skforecast_lstm.forecasting._window_model import WindowModel
from skforecast_lstm.forecasting._windows import ScaledSeries
from skforecast_lstm.networks import QuantileLoss
from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN
from skforecast_lstm.pretraining.weights import shipped_weights

__all__ = ["LSTMForecaster"]


class LSTMForecaster(BaseForecaster):
    """Forecast one or many series with LSTMs: a pretrained one, and one of your own.

    The pretrained network ships with the package. It was trained on synthetic series
    only, and forecasts each column of each series without training. The other network is
    trained on everything that `fit` gets: one series, several columns (forecast
    together), or all series of a panel or hierarchy. Each window of the past is
    normalized separately. The network learns to correct simple forecasts; see
    :func:`forecast_network`.

    Parameters
    ----------
    season_length : int, default=None
        Number of rows in a season: 12 for months, 24 for hours. If None, it follows
        from the frequency of the index. A network is trained with a season only if the
        series covers it at least three times.
    lookback : int, default=None
        Number of past rows in a window. If None, it is three seasons. Without a season
        it is twice the steps to forecast, and at least 12. For more than 10,000 rows in
        total it is at least eight times the steps to forecast. It is at most half of
        the series and a third of all rows, in whole seasons.
    strategy : {"direct", "recursive", "seq2seq"}, default="direct"
        "direct" has one output for each step ahead. "seq2seq" has a second LSTM that
        goes from step to step. Both feed their forecasts back in two cases: if more
        steps are requested than in `fit`, or if the series is so short that learning
        all steps at once would leave fewer than three windows for each. "recursive"
        learns one step and feeds it back.
    pretrained : bool or "auto", default="auto"
        Use of the pretrained network. If True, it forecasts alone: nothing is trained
        and X is not used. If False, it is not used. If "auto", it forecasts alone up to
        1,000 rows in total without X. Otherwise a network is trained too, and the errors
        at held-out origins decide the share of the pretrained one in the forecast.
        "auto" is False if a parameter is given that is for training only: `lookback`,
        `regressor`, `n_members`, another `strategy`, or ``intervals="quantiles"``.
    regressor : LSTMRegressor or other regressor of windows, default=None
        Regressor to train in place of the default network. Its inputs are windows of
        shape (n_samples, lookback, n_columns), scaled by the mean of each series and
        the mean distance from it. Its targets are the steps ahead, side by side.
    n_members : int, default=None
        Number of networks with different seeds. The forecast is their mean. If None, it
        is 3, or 8 for more than 10,000 rows. With a `regressor`, set its own
        `n_members` instead.
    intervals : {"conformal", "quantiles"} or None, default="conformal"
        Method for intervals and quantiles. "conformal" trains a second time without
        the last origins of each series (up to a third of them), with at most two
        members, and uses the errors at these origins. "quantiles" trains the network
        on quantiles directly. None gives no intervals and saves time if
        ``pretrained=False``. A pretrained network that forecasts alone has quantiles of
        its own.
    past_only : list, default=()
        Columns of X that are known only in the past. All others are known ahead.
    random_state : int, RandomState or None, default=None
        Seed for the initial weights, dropout and the order of batches.
    verbose : int, default=0
        1 shows a progress bar for each training, 2 shows one line per epoch.

    Attributes
    ----------
    share_ : float
        Share of the pretrained network in the forecast.
    weights_ : str
        Name of the release of its weights: the start of the SHA-256 of their file.
    season_length_ : int
        Season in use.
    seasons_ : tuple of two int
        Seasons that the pretrained network is told of, 1 for none.
    lookback_ : int or None
        Lookback in use. None if nothing was trained.
    horizon_ : int or None
        Number of steps that are forecast at once. None if nothing was trained.
    model_ : WindowModel or None
        The trained `regressor`, and its use on windows. None if nothing was trained.
    errors_ : Errors or None
        Errors at the held-out origins.
    exogenous_ : Exogenous
        Columns of X.
    columns_ : list
        Columns of y, in the order of the network's outputs.
    scales_ : dict
        Centre and spread of each series in `fit`, or in an earlier `pretrain`.

    See Also
    --------
    LSTMRegressor : Regressor that is trained on the windows.
    LookbackWindower : Transformer that cuts the windows.
    compare : Compare it with other forecasters.

    Notes
    -----
    The size of the network and the length of training depend on the number of rows of
    all series together; see :class:`Plan`. Up to 400 rows, there are 16 units, 200
    batches of 32 windows and a learning rate of 0.01. From 360,000 rows, there are 64
    units, 6,000 batches of 128 windows and a learning rate of 0.005. The rate falls
    along a cosine, and the loss is the absolute error. From 1,000 rows, the network
    reads the window in segments: one season each, or as many seasons as leave 16
    segments, or an eighth of the window if there is no season. From 10,000 rows, the
    loss is in units of the spread of each window, and there is no dropout.

    The pretrained network has no quantiles for a column with fewer than three known
    values, only a forecast.

    If a series is too short for one window and the steps to forecast, its first value
    is repeated before it, for half a window.

    Unknown values (NaN) are never targets. In windows, the last known value replaces
    them. A step that the index leaves out is unknown too. The first step to forecast
    comes right after the last row, even if the values of that row are unknown. If a
    column of a series, in y or X, has no known value, the forecast of that series is
    NaN, with an `UnknownStepsWarning`.

    `fit` after `pretrain` does not train: the network forecasts the series with what it
    learned from the others. `update` adds rows, or series that were not in `fit`. It
    trains for one more epoch unless ``update_params=False``.

    In sample, each row is forecast one step ahead, from the rows before it.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skforecast_lstm.forecasting import LSTMForecaster
    >>> y = load_airline()
    >>> forecaster = LSTMForecaster(random_state=0).fit(y[:-12], fh=range(1, 13))
    >>> forecaster.season_length_, forecaster.share_
    (12, 1.0)
    >>> forecaster.predict().index[-1]
    Period('1960-12', 'M')
    >>> forecaster.predict_interval(coverage=0.8).shape
    (12, 2)
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": ["the skforecast_lstm developers"],
        "maintainers": ["the skforecast_lstm developers"],
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:insample": True,
        "capability:pred_int": True,
        "capability:pred_int:insample": True,
        "capability:missing_values": True,
        "capability:non_contiguous_X": False,
        "capability:update": True,
        "capability:pretrain": True,
        "capability:random_state": True,
        "capability:categorical_in_X": False,
        "capability:unequal_length": True,
        "property:randomness": "derandomized",
        "requires-fh-in-fit": False,
        "X-y-must-have-same-index": True,
        "pretrain:fitted_params": [
            "model_",
            "errors_",
            "exogenous_",
            "columns_",
            "scales_",
            "lookback_",
            "season_length_",
            "seasons_",
            "share_",
            "weights_",
            "horizon_",
        ],
    }
    # The forecaster stores the past that it needs on its own.
    _config: ClassVar[dict[str, Any]] = {"remember_data": False}
    _y = _X = None

    def __init__(
        self,
        season_length: int | None = None,
        *,
        lookback: int | None = None,
        strategy: Literal["direct", "recursive", "seq2seq"] = "direct",
        pretrained: bool | Literal["auto"] = "auto",
        regressor: Any = None,
        n_members: int | None = None,
        intervals: Literal["conformal", "quantiles"] | None = "conformal",
        past_only: Sequence[str] = (),
        random_state: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.season_length = season_length
        self.lookback = lookback
        self.strategy = strategy
        self.pretrained = pretrained
        self.regressor = regressor
        self.n_members = n_members
        self.intervals = intervals
        self.past_only = past_only
        self.random_state = random_state
        self.verbose = verbose
        super().__init__()
        if intervals is None:
            self.set_tags(**{"capability:pred_int": False})
        if pretrained is True:
            self.set_tags(**{"capability:exogenous": False})

    def _fit(self, y, X=None, fh=None):
        self._names = self._y_metadata["feature_names"]
        if self.state == "pretrained":
            y, X = self._like_in_fit(y, X)
            self.scales_ = scales_by_name(even_series(y).series)
        else:
            self._learn(y, X, fh)
        self._cur_y, self._cur_X = y, X
        return self

    def _pretrain(self, y, X=None, fh=None):
        self._learn(y, X, fh)
        return self

    def _pretrain_update(self, y, X=None, fh=None):
        y, X = self._like_in_fit(y, X)
        self.scales_ = {**self.scales_, **scales_by_name(even_series(y).series)}
        self._go_on(y, X)
        return self

    def _update(self, y, X=None, update_params=True):
        if y.shape[1] == len(self._names) == 1 and 0 in (*y.columns, *self._names):
            # y is a Series without a name.
            y = y.set_axis(self._names, axis=1)
        y, X = self._like_in_fit(in_order(y, self._names, "y"), X)
        check_names_of_series(self._cur_y.index, y.index)
        self._cur_y = with_frequency_of(self._cur_y, update_data(self._cur_y, y))
        if X is not None:
            self._cur_X = update_data(self._cur_X, X)
        if update_params:
            self._go_on(self._cur_y, self._cur_X)
        return self

    def _predict(self, fh, X=None):
        forecast = self._forecast(fh, X)
        return pd.DataFrame(
            forecast.middle[:, self._places()],
            index=forecast.index,
            columns=self._names,
        )

    def _predict_quantiles(self, fh, X, alpha):
        forecast = self._forecast(fh, X, calibrated=True)
        quantiles = [forecast.quantile(level, self.errors_) for level in alpha]
        values = np.stack(quantiles, axis=-1)[:, self._places()]
        columns = self._get_columns(method="predict_quantiles", alpha=alpha)
        values = values.reshape(len(forecast.index), -1)
        return pd.DataFrame(values, index=forecast.index, columns=columns)

    def _get_varnames(self):
        """Return the names of the forecasts: the columns of y in fit, in that order."""
        return self._names

    def _like_in_fit(self, y, X):
        """Return y and X with the columns of fit, in the order of fit."""
        check_frames(y=y, X=X)
        if y.shape[1] == len(self.columns_) and self._are_others(y.columns):
            y = y.set_axis(self.columns_, axis=1)
        return in_order(y, self.columns_, "y"), self.exogenous_.checked(X, y)

    @classmethod
    def get_test_params(cls, parameter_set="default"):
        """Return parameters for quick tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Not used: there is only one set.

        Returns
        -------
        params : list of dict
            Arguments of the constructor.
        """
        tiny = LSTMRegressor(units=2, epochs=1)
        common = {"lookback": 3, "regressor": tiny, "random_state": 0}
        return [
            common,
            {**common, "strategy": "recursive"},
            {**common, "strategy": "recursive", "intervals": "quantiles"},
            {"pretrained": True},
        ]

    def _are_others(self, names):
        """Return True if no name is that of a column in pretraining."""
        return not set(names) & set(self.columns_)

    def _places(self):
        """Return the positions of the columns of y in the network's outputs."""
        if self._are_others(self._names):
            return list(range(len(self._names)))
        return [self.columns_.index(name) for name in self._names]

    def _learn(self, y, X, fh):
        """Choose the defaults for the data, train, and measure the errors."""
        check_parameters(self)
        check_frames(y=y, X=X)
        self.columns_ = list(y.columns)
        self.exogenous_ = Exogenous.of(X, self.past_only)
        X = self.exogenous_.checked(X, y)
        even = even_series(y)
        self._choose_season(even)
        self.share_, self.model_, self.errors_ = 1.0, None, None
        self.weights_ = shipped_weights().name
        if self._needs_training(even):
            self._choose_steps(even, self._last_step(even, fh))
            self._train(even, X)
        if self.model_ is None:
            self.lookback_ = self.horizon_ = None

    def _needs_training(self, even):
        """Return False if the pretrained network forecasts alone."""
        if self._is_automatic():
            return self._has_columns() or len(even.series.values) > ENOUGH_ROWS
        return self.pretrained is not True

    def _is_automatic(self):
        """Return True if the errors decide between two networks."""
        return self.pretrained == "auto" and not given_for_training(self)

    def _has_columns(self):
        return bool(self.exogenous_.past or self.exogenous_.known)

    def _train(self, even, X):
        """Train a network, and find the share of the pretrained one and the errors."""
        n_targets = len(self.columns_)
        n_quantiles = len(QUANTILES) if self.intervals == "quantiles" else 1
        model = WindowModel(
            self._regressor(n_targets, n_quantiles, len(even.series.values)),
            lookback=self.lookback_,
            horizon=self.horizon_,
            n_targets=n_targets,
            n_quantiles=n_quantiles,
        )
        scale = self._scale(even.series)
        windows = model.windows(self._scaled(even, scale, X))
        held_out = model.held_out(windows) if self._is_automatic() else None
        if held_out is not None:
            network = Pretrained(self.seasons_)
            self.share_, held_out = best_share(held_out, network, even.series, scale)
        elif not self._is_automatic() or self._has_columns():
            self.share_ = 0.0
        if self.share_ == 1:
            return
        model.fit(windows)
        self.model_ = model
        if self.intervals == "conformal":
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
        times, season = even.timelines[0].times, self.season_length
        season = season_of(times) if season is None else season
        self.seasons_ = seasons_of(times, season)
        self.season_length_ = usable_season(int(np.median(even.series.lengths)), season)

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
        return max(1, *(int(one.steps_of(fh)[0].max()) for one in even.timelines))

    def _regressor(self, n_targets, n_quantiles, n_rows):
        """Return a copy of the regressor of the user, or the default one."""
        if self.regressor is None:
            regressor = default_regressor(
                Plan.of(n_rows, self.lookback_, self.season_length_),
                horizon=self.horizon_,
                n_targets=n_targets,
                n_known=len(self.exogenous_.known),
                season_length=self.season_length_,
                decoder="lstm" if self.strategy == "seq2seq" else "dense",
                n_members=self.n_members,
                verbose=self.verbose,
            )
        else:
            regressor = clone(self.regressor)
        if n_quantiles > 1:
            regressor.set_params(loss=QuantileLoss(QUANTILES))
        if getattr(regressor, "random_state", 0) is None:
            generator = check_random_state(self.random_state)
            regressor.set_params(random_state=int(generator.randint(2**31 - 1)))
        return regressor

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
        ahead, times = zip(*(one.steps_of(fh) for one in even.timelines), strict=True)
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
            if calibrated:
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
        )

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
            of_series = "" if name is None else f"series {name!r}, "
            warnings.warn(
                f"{np.count_nonzero(blank)} of {len(series)} series have a column "
                "without one known value, so that their forecasts are NaN: "
                f"{of_series}column {column!r}. Give values, or leave the series out.",
                UnknownStepsWarning,
                stacklevel=2,
            )
        return blank
