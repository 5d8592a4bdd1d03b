"""An LSTM as an sktime forecaster."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sktime.datatypes import update_data
from sktime.forecasting.base import BaseForecaster

from skforecast_lstm._checks import check_integer
from skforecast_lstm._estimator_states import HasState
from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.forecasting._columns import check_names_of_series, in_order
from skforecast_lstm.forecasting._drift import Drift
from skforecast_lstm.forecasting._even_series import (
    at_same_frequency,
    check_frames,
    even_series,
    in_earlier_order,
    scales_by_name,
)
from skforecast_lstm.forecasting._samples import levels_of_paths
from skforecast_lstm.forecasting._table_checks import check_table
from skforecast_lstm.forecasting._two_networks import TwoNetworks

__all__ = ["LSTMForecaster"]


class LSTMForecaster(HasState, TwoNetworks, BaseForecaster):
    """Forecast one or many series with LSTMs: a pretrained one, and one of your own.

    The pretrained network ships with the package. It was trained on synthetic series
    only, and forecasts each column of each series without training. The other network is
    trained on everything that `fit` gets: one series, several columns (forecast
    together), or all series of a panel or hierarchy. Each window of the past is
    normalized separately. The network learns to correct simple forecasts; see
    :func:`forecast_network`.

    Parameters
    ----------
    season_length : int or two int, default=None
        Number of rows in a season: 12 for months, 24 for hours. Two numbers are two
        seasons, such as ``(24, 168)``: the day and the week of hours. If None, it
        follows from the frequency of the index, and hours and half-hours have a week
        too. A network is trained with a season only if the series covers it at least
        three times.
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
        1,000 rows in total without X or calendar. Otherwise a network is trained too, and
        the forecast is a mean of both. The share of the pretrained one is 0.4, or 0 with
        X or calendar, unless errors at held-out origins are clearly lower with another.
        "auto" is False if a parameter is given that is for training only: `lookback`,
        `regressor`, `n_members`, another `strategy`, or ``intervals="quantiles"``.
    regressor : LSTMRegressor or other regressor of windows, default=None
        Regressor to train in place of the default network. Its inputs are windows of
        shape (n_samples, lookback, n_columns), scaled by the mean of each series and
        the mean distance from it. Its targets are the steps ahead, side by side.
    n_members : int, default=None
        Number of networks with different seeds. The forecast is their mean. If None, it
        is 3. For more than 10,000 rows, it is 4 beside the pretrained network, and 8
        without it. With a `regressor`, set its own `n_members` instead.
    intervals : {"conformal", "adaptive", "quantiles"} or None, default="conformal"
        Method for intervals and quantiles. "conformal" trains a second time without
        the last origins of each series (up to a third of them), with at most two
        members, and uses the errors at these origins. "adaptive" begins like
        "conformal". Then `update` compares the new rows with the intervals that were
        given for them, and widens or narrows later ones, so that they hold as often as
        they say even if the errors change. "quantiles" trains the network
        on quantiles directly. None gives no intervals and saves time if
        ``pretrained=False``. A pretrained network that forecasts alone has quantiles of
        its own.
    past_only : list, default=()
        Columns of X that are known only in the past. All others are known ahead.
    calendar : "auto", CalendarFeatures or None, default=None
        Columns of the calendar that the trained network reads, also at the times to
        forecast. "auto" chooses from the hour, the weekday and the time of the year; see
        :class:`CalendarFeatures`, which can also have holidays.
    random_state : int, RandomState or None, default=None
        Seed for the initial weights, dropout and the order of batches.
    verbose : int, default=0
        1 shows a progress bar for each training, 2 shows one line per epoch.

    Attributes
    ----------
    share_ : float
        Share of the pretrained network in the forecast.
    weights_ : str or None
        Name of the release of its weights: the start of the SHA-256 of their file. None
        if its share is 0.
    season_length_, second_season_ : int
        Seasons in use for training, 1 for none.
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
    adaptation_ : Adaptation or None
        How much the intervals were widened since `fit`. None unless
        ``intervals="adaptive"``.
    exogenous_ : Exogenous
        Columns of X and of the calendar.
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
    all series together. Up to 400 rows, there are 16 units, 200
    batches of 32 windows and a learning rate of 0.01. From 360,000 rows, there are 64
    units, 6,000 batches of 128 windows and a learning rate of 0.005. The rate falls
    along a cosine, and the loss is the absolute error. From 1,000 rows, the network
    reads the window in segments: one season each, or as many seasons as leave 16
    segments, or an eighth of the window if there is no season. From 10,000 rows, the
    loss is in units of the spread of each window, and there is no dropout.

    The pretrained network has no quantiles for a column with fewer than three known
    values, only a forecast.

    Columns of X with text, objects or pandas categories pass through embeddings, see
    :func:`recurrent_network`. A category that was not there in `fit` counts as an
    average of all, with an `UnknownCategoryWarning`. Other regressors do not read them.

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
        "capability:categorical_in_X": True,
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
            "second_season_",
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
        season_length: int | Sequence[int] | None = None,
        *,
        lookback: int | None = None,
        strategy: Literal["direct", "recursive", "seq2seq"] = "direct",
        pretrained: bool | Literal["auto"] = "auto",
        regressor: Any = None,
        n_members: int | None = None,
        intervals: Literal["conformal", "adaptive", "quantiles"] | None = "conformal",
        past_only: Sequence[str] = (),
        calendar: Any = None,
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
        self.calendar = calendar
        self.random_state = random_state
        self.verbose = verbose
        super().__init__()
        if intervals is None:
            self.set_tags(**{"capability:pred_int": False})
        if pretrained is True:
            self.set_tags(**{"capability:exogenous": False})

    def _check_X_y(self, X=None, y=None, **options):  # noqa: N802
        check_table(y)
        return super()._check_X_y(X=X, y=y, **options)

    def _fit(self, y, X=None, fh=None):
        self._names = self._y_metadata["feature_names"]
        if self.state == "pretrained":
            y, X = self._like_in_fit(y, X)
            self.scales_ = scales_by_name(even_series(y).series)
        else:
            self._learn(y, X, fh)
        self._cur_y, self._cur_X = y, X
        self._start_adaptation(y, fh)
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
        before = None if self.adaptation_ is None else even_series(self._cur_y)
        # sktime sorts the series.
        now = in_earlier_order(self._cur_y, update_data(self._cur_y, y))
        self._cur_y = at_same_frequency(self._cur_y, now)
        if X is not None:
            self._cur_X = update_data(self._cur_X, X)
        # The rows may be corrections of earlier ones.
        self._set_cutoff_from_y(self._cur_y)
        if before is not None:
            self._adapt(before)
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
        quantiles = forecast.quantiles(alpha, self.errors_)
        values = np.moveaxis(quantiles, 0, -1)[:, self._places()]
        columns = self._get_columns(method="predict_quantiles", alpha=alpha)
        values = values.reshape(len(forecast.index), -1)
        return pd.DataFrame(values, index=forecast.index, columns=columns)

    def check_drift(self) -> Drift:
        """Say whether the errors since `fit` are so large that a refit is due.

        The mean size of the errors at the rows of the last updates is compared with that
        at held-out origins of `fit`. It needs ``intervals="adaptive"``. Ten batches of
        rows count, each as long as the steps to forecast, and at least five rows.

        Returns
        -------
        drift : Drift
            `refit` is True, False, or None if too little is known. `ratio` is how much
            larger the errors are, and `usual` how much chance explains. `coverage` has
            the fraction of values in the intervals that were given. As text, it is a
            sentence.

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skforecast_lstm.forecasting import LSTMForecaster
        >>> y = load_airline()
        >>> forecaster = LSTMForecaster(intervals="adaptive").fit(y[:100], fh=[1, 2])
        >>> for month in range(100, 144):
        ...     forecaster = forecaster.update(y[month : month + 1], update_params=False)
        >>> print(forecaster.check_drift())
        Not known: 40 of 50 rows have come, or fit had fewer than 10 held-out origins.
        """
        self.check_is_fitted()
        if self.adaptation_ is None:
            raise ValueError(
                "Errors since fit are measured only with "
                f'intervals="adaptive", and intervals={self.intervals!r}. Set it and '
                "fit again."
            )
        return self._monitor.drift()

    def predict_samples(
        self,
        fh: Any = None,
        n_samples: int = 1000,
        random_state: Any = None,
        X: Any = None,
    ) -> pd.DataFrame:
        """Draw sample paths of the next steps, for sums and other functions of them.

        The values at each step are the quantiles of that step, each once. The steps of
        a path depend on each other as the errors at held-out origins did. Series of a
        panel are drawn independently of each other.

        Parameters
        ----------
        fh : int, list or ForecastingHorizon, default=None
            Steps to forecast. If None, they are those of `fit` or an earlier forecast.
        n_samples : int, default=1000
            Number of paths.
        random_state : int, RandomState or None, default=None
            Seed for the paths.
        X : DataFrame, default=None
            Columns known ahead, as for `predict`.

        Returns
        -------
        samples : DataFrame of n_samples rows for each time
            Its index begins with the level "sample", and then has the levels of the
            forecast. This is the `spl` of skpro's ``Empirical(spl, time_indep=False)``.

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skforecast_lstm.forecasting import LSTMForecaster
        >>> forecaster = LSTMForecaster().fit(load_airline(), fh=range(1, 13))
        >>> samples = forecaster.predict_samples(n_samples=200, random_state=0)
        >>> year = samples.groupby("sample").sum()
        >>> year.quantile([0.1, 0.9]).shape
        (2, 1)
        """
        check_integer("n_samples", n_samples, 1)
        self.check_is_fitted()
        if self.intervals not in ("conformal", "adaptive"):
            raise ValueError(
                "The dependence between steps comes from errors at held-out origins, and "
                f"intervals={self.intervals!r} measures none. Set "
                'intervals="conformal" or "adaptive" and fit again.'
            )
        fh = self._check_fh(fh, pred_int=True)
        forecast = self._forecast(fh, self._check_X(X=X), calibrated=True)
        steps = forecast.steps.reshape(-1, len(fh))
        errors = self._error_paths(steps)
        levels = (np.arange(n_samples) + 0.5) / n_samples
        quantiles = forecast.quantiles(levels, self.errors_)
        ranks = levels_of_paths(
            errors, n_samples, steps, check_random_state(random_state)
        )
        values = np.take_along_axis(quantiles, ranks, axis=0)[:, :, self._places()]
        keys = range(n_samples)
        index = pd.concat([forecast.index.to_frame()] * n_samples, keys=keys).index
        index = index.set_names("sample", level=0)
        values = values.reshape(n_samples * len(forecast.index), -1)
        return pd.DataFrame(values, index=index, columns=self._names)

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
            {**common, "strategy": "recursive", "intervals": "adaptive"},
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
