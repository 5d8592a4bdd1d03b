"""An LSTM as an sktime forecaster."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sktime.datatypes import update_data
from sktime.forecasting.base import BaseForecaster

from skforecast_lstm._checks import check_integer
from skforecast_lstm._time_steps import Steps
from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.forecasting._columns import (
    check_names_of_series,
    in_order,
)
from skforecast_lstm.forecasting._conformal import Errors
from skforecast_lstm.forecasting._defaults import (
    Plan,
    default_block,
    default_lookback,
    season_of,
    usable_season,
)
from skforecast_lstm.forecasting._exogenous import Exogenous
from skforecast_lstm.forecasting._horizon import steps_of, times_ahead
from skforecast_lstm.forecasting._series import Scale, check_no_infinity, series_of
from skforecast_lstm.forecasting._window_model import WindowModel
from skforecast_lstm.networks import QuantileLoss, forecast_network

__all__ = ["LSTMForecaster"]

STRATEGIES = ("direct", "recursive", "seq2seq")
INTERVALS = ("conformal", "quantiles", None)
QUANTILES = (0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995)


class LSTMForecaster(BaseForecaster):
    """Forecast one or many series with one LSTM.

    All that is given to `fit` trains one network: one series, several columns (which
    are forecast together), or all series of a panel or hierarchy. Windows of the past
    are normalized each by itself, and the network learns to correct simple forecasts;
    see :func:`forecast_network`.

    Parameters
    ----------
    season_length : int, default=None
        Rows after which the series repeats itself: 12 for months, 24 for hours. None
        takes it from the frequency of the index. A season of which there are not three
        in the series does not count.
    lookback : int, default=None
        Rows of the past that a forecast is made from. None is three seasons, or without
        a season twice the steps to forecast and at least 12; for more than 10,000 rows
        in all, eight times the steps to forecast if that is more. It is at most half of
        the series and a third of all rows, in whole seasons.
    strategy : {"direct", "recursive", "seq2seq"}, default="direct"
        "direct" has an output for each step ahead, "seq2seq" a second LSTM that goes
        from step to step; both feed what they forecast back to go on from there where
        more steps are asked for than in `fit`, or where the series is so short that
        learning all of them at once would leave fewer than three windows for each.
        "recursive" learns one step and feeds it back.
    regressor : LSTMRegressor or other regressor of windows, default=None
        What learns, in place of the network that is made for the data. It is given
        windows of shape (n_samples, lookback, n_columns) in units of the mean distance
        from the mean of each series, and the steps ahead side by side.
    n_members : int, default=None
        How many networks with different seeds the forecast is the mean of. None is 3, and
        8 for more than 10,000 rows. A `regressor` that is given has its own.
    intervals : {"conformal", "quantiles"} or None, default="conformal"
        How intervals and quantiles are made. "conformal" trains a second time without
        the last origins of each series, up to a third of them, with two members at
        most, and takes the errors there. "quantiles" trains the network on quantiles
        themselves. None makes none and saves the time.
    past_only : list, default=()
        Columns of X that are not known ahead. All others are.
    random_state : int, RandomState or None, default=None
        Seeds first weights, dropout and the order of batches.
    verbose : int, default=0
        1 shows the progress of each training, 2 a line an epoch.

    Attributes
    ----------
    season_length_, lookback_ : int
        What was chosen.
    horizon_ : int
        Steps that are forecast at once.
    model_ : WindowModel
        The trained `regressors`, and how they are used.
    errors_ : Errors or None
        Errors at the held-out origins.
    exogenous_ : Exogenous
        The columns of X.
    columns_ : list
        The columns of y, in the order in which they are forecast.
    scales_ : dict
        Centre and spread of each series in `fit`, or in `pretrain` before it.

    See Also
    --------
    LSTMRegressor : What learns.
    LookbackWindower : Makes the windows.
    compare : Puts it beside other forecasters.

    Notes
    -----
    Size of the network and length of the training follow from the number of rows of all
    series together, see :class:`Plan`: from 16 units, 200 batches of 32 windows and a
    learning rate of 0.01 for up to 400 rows to 64 units, 6,000 batches of 128 and 0.005
    for 360,000 and more. The rate falls along a cosine, and the loss is absolute. From
    1,000 rows on the window is read in segments: of a season, or of as many seasons as
    leave 16, or of an eighth of the window where there is no season. From 10,000 rows
    on the loss is in spreads of each window, and nothing is dropped in training.

    A series too short for a window and the steps to forecast has its first value before
    it, for half a window.

    Unknown values (NaN) are no targets; in windows they stay what they were last. A
    step that the index leaves out is unknown, too. The first step to forecast is that
    behind the last row, also where its values are unknown. A series with a column, of y
    or X, that has no known value at all has NaN as its forecast, and an
    `UnknownStepsWarning` says so.

    `fit` after `pretrain` trains no more: the series is forecast by what was learned
    from the others. `update` adds rows, or series that were not there in `fit`, and
    trains for one epoch more unless ``update_params=False``.

    In sample, the forecast of a row is one step ahead of the rows before it.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skforecast_lstm.forecasting import LSTMForecaster
    >>> y = load_airline()
    >>> forecaster = LSTMForecaster(random_state=0).fit(y[:-12], fh=range(1, 13))
    >>> forecaster.season_length_, forecaster.lookback_
    (12, 36)
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
            "horizon_",
        ],
    }
    # It keeps by itself what it needs of the past.
    _config: ClassVar[dict[str, Any]] = {"remember_data": False}
    _y = _X = None

    def __init__(
        self,
        season_length: int | None = None,
        *,
        lookback: int | None = None,
        strategy: Literal["direct", "recursive", "seq2seq"] = "direct",
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
        self.regressor = regressor
        self.n_members = n_members
        self.intervals = intervals
        self.past_only = past_only
        self.random_state = random_state
        self.verbose = verbose
        super().__init__()
        if intervals is None:
            self.set_tags(**{"capability:pred_int": False})

    def _fit(self, y, X=None, fh=None):
        self._names = self._y_metadata["feature_names"]
        if self.state == "pretrained":
            y, X = self._like_in_fit(y, X)
            self.scales_ = _scales(series_of(y))
        else:
            self._learn(y, X, fh)
        self._cur_y, self._cur_X = y, X
        return self

    def _pretrain(self, y, X=None, fh=None):
        self._learn(y, X, fh)
        return self

    def _pretrain_update(self, y, X=None, fh=None):
        y, X = self._like_in_fit(y, X)
        series = series_of(y)
        self.scales_ = {**self.scales_, **_scales(series)}
        self._go_on(y, X)
        return self

    def _update(self, y, X=None, update_params=True):
        if y.shape[1] == len(self._names) == 1 and 0 in (*y.columns, *self._names):
            # A Series without a name.
            y = y.set_axis(self._names, axis=1)
        y, X = self._like_in_fit(in_order(y, self._names, "y"), X)
        check_names_of_series(self._cur_y.index, y.index)
        self._cur_y = _with_frequency_of(self._cur_y, update_data(self._cur_y, y))
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
        forecast = self._forecast(fh, X)
        quantiles = [forecast.quantile(level, self.errors_) for level in alpha]
        values = np.stack(quantiles, axis=-1)[:, self._places()]
        columns = self._get_columns(method="predict_quantiles", alpha=alpha)
        values = values.reshape(len(forecast.index), -1)
        return pd.DataFrame(values, index=forecast.index, columns=columns)

    def _get_varnames(self):
        """Names of the forecasts: those of y in fit, in whatever order others come."""
        return self._names

    def _like_in_fit(self, y, X):
        """Return what came later, with the columns of fit in their order."""
        check_no_infinity(y=y, X=X)
        if y.shape[1] == len(self.columns_) and self._are_others(y.columns):
            y = y.set_axis(self.columns_, axis=1)
        return in_order(y, self.columns_, "y"), self.exogenous_.checked(X, y)

    @classmethod
    def get_test_params(cls, parameter_set="default"):
        """Parameters for quick tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            There is one set only.

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
        ]

    def _are_others(self, names):
        """Return whether no column has the name of one of pretraining."""
        return not set(names) & set(self.columns_)

    def _places(self):
        """Return the places that the columns of y in fit have in the network."""
        if self._are_others(self._names):
            return list(range(len(self._names)))
        return [self.columns_.index(name) for name in self._names]

    def _learn(self, y, X, fh):
        """Choose what was left to the data, train, and see how wrong that is."""
        self._check_parameters()
        check_no_infinity(y=y, X=X)
        self.columns_ = list(y.columns)
        self.exogenous_ = Exogenous.of(X, self.past_only)
        X = self.exogenous_.checked(X, y)
        series = series_of(y)
        self._choose(series, self._last_step(series, fh))
        n_quantiles = len(QUANTILES) if self.intervals == "quantiles" else 1
        self.model_ = WindowModel(
            self._regressor(y.shape[1], n_quantiles, len(y)),
            lookback=self.lookback_,
            horizon=self.horizon_,
            n_targets=y.shape[1],
            n_quantiles=n_quantiles,
        )
        windows = self.model_.windows(self._rows(series, X))
        self.model_.fit(windows)
        self.errors_ = None
        if self.intervals == "conformal":
            self.errors_ = self.model_.errors(windows)

    def _go_on(self, y, X):
        """Train for an epoch more."""
        self.model_.go_on(self.model_.windows(self._rows(series_of(y), X)))

    def _choose(self, series, last_step):
        """Season, steps of a window, and steps at once, where the data decide."""
        self.scales_ = _scales(series)
        lengths = [len(one) for one in series]
        n_rows = int(np.median(lengths))
        season = self.season_length
        season = season_of(series[0].times) if season is None else season
        self.season_length_ = usable_season(n_rows, season)
        horizon = 1 if self.strategy == "recursive" else last_step or self.season_length_
        self.lookback_ = self.lookback
        if self.lookback is None:
            self.lookback_ = default_lookback(
                n_rows,
                horizon,
                self.season_length_,
                n_all=sum(lengths),
            )
        self.horizon_ = default_block(n_rows, horizon, self.lookback_)
        if self.exogenous_.known:
            self.lookback_ = max(self.lookback_, self.horizon_)
        least = self.lookback_ + self.horizon_
        if max(lengths) < least:
            raise ValueError(
                f"y has {max(lengths)} rows, but windows of lookback={self.lookback_} "
                f"and the {self.horizon_} steps after them need at least {least}. Give "
                "more rows, or a shorter lookback."
            )

    def _check_parameters(self):
        for name, choices in (("strategy", STRATEGIES), ("intervals", INTERVALS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {choices}, got {getattr(self, name)!r}."
                )
        for name in ("season_length", "lookback", "n_members"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name), 1)
        if self.regressor is not None and self.n_members is not None:
            raise ValueError(
                f"n_members={self.n_members} is for the network that is made for the "
                "data, but regressor is given. Set n_members of an LSTMRegressor."
            )

    def _last_step(self, series, fh):
        """How many steps ahead the last time to forecast is, if that is known."""
        if fh is None:
            return None
        return max(1, *(int(steps_of(fh, one)[0].max()) for one in series))

    def _regressor(self, n_targets, n_quantiles, n_rows):
        """What learns: a copy of what was given, or the network for the data."""
        if self.regressor is None:
            regressor = self._default_regressor(n_targets, n_rows)
        else:
            regressor = clone(self.regressor)
        if n_quantiles > 1:
            regressor.set_params(loss=QuantileLoss(QUANTILES))
        if getattr(regressor, "random_state", 0) is None:
            generator = check_random_state(self.random_state)
            regressor.set_params(random_state=int(generator.randint(2**31 - 1)))
        return regressor

    def _default_regressor(self, n_targets, n_rows):
        """LSTMs that correct simple forecasts, trained for long enough."""
        plan = Plan.of(n_rows, self.lookback_, self.season_length_)
        return LSTMRegressor(
            model=forecast_network,
            model__horizon=self.horizon_,
            model__n_targets=n_targets,
            model__n_known=len(self.exogenous_.known),
            model__season_length=self.season_length_,
            model__segment=plan.segment,
            model__units=plan.units,
            model__dropout=plan.dropout,
            model__loss_in_spreads=plan.loss_in_spreads,
            model__decoder="lstm" if self.strategy == "seq2seq" else "dense",
            loss="mae",
            learning_rate=plan.learning_rate,
            schedule="cosine",
            n_batches=plan.n_batches,
            batch_size=plan.batch_size,
            n_members=self.n_members or plan.n_members,
            verbose=self.verbose,
        )

    def _rows(self, series, X, X_ahead=None, n_steps=0):
        """Each series with scaled columns, and what is known of the steps to come.

        One too short for a window and its targets gets half a window before it.
        """
        rows = [
            self.exogenous_.rows(
                one, self._scale(one), X, X_ahead, times_ahead(one, n_steps)
            )
            for one in series
        ]
        least = self.lookback_ + self.horizon_
        return [
            one if len(one) >= least else one.led_in(self.lookback_ // 2) for one in rows
        ]

    def _scale(self, series):
        """Scale of a series in training, or of what is known of it if it is new."""
        return self.scales_.get(series.name) or Scale.of(series.values)

    def _forecast(self, fh, X):
        """Forecasts of all series at all times of the horizon."""
        X = self.exogenous_.checked_ahead(X)
        series = series_of(self._cur_y)
        steps, times = zip(*(steps_of(fh, one) for one in series), strict=True)
        n_ahead = max(0, *(int(wanted.max()) for wanted in steps))
        n_known = n_ahead if self.exogenous_.known else 0
        rows = self._rows(series, self._cur_X, X, n_known)
        least = 0.0 if self.errors_ is None else self.errors_.least_spread
        values, spread = [], []
        blank = self._blank(series, rows)
        for one, answer in zip(series, self.model_.at(rows, steps), strict=True):
            scale = self._scale(one)
            told = np.nan if one.name in blank else answer[0]
            values.append(scale.undo(np.broadcast_to(told, answer[0].shape)))
            spread.append(scale.spread * np.maximum(answer[1], least))
        return _Forecast(
            self._index(series, times),
            np.concatenate(values),
            np.concatenate(spread),
            np.concatenate(steps),
        )

    def _blank(self, series, rows):
        """Names of series with a column of which nothing is known; warn of them.

        Every step of their windows is unknown, so that a network could only guess.
        """
        columns = [*self._names, *self.exogenous_.past, *self.exogenous_.known]
        blank = {}
        for one, its in zip(series, rows, strict=True):
            parts = (its.targets, its.past, its.known[: len(its)])
            unknown = np.isnan(np.concatenate(parts, axis=1)).all(axis=0)
            if unknown.any():
                blank[one.name] = columns[int(unknown.argmax())]
        if blank:
            name, column = next(iter(blank.items()))
            of_series = "" if name is None else f"series {name!r}, "
            warnings.warn(
                f"{len(blank)} of {len(series)} series have a column without one known "
                f"value, so that their forecasts are NaN: {of_series}column {column!r}. "
                "Give values, or leave the series out.",
                UnknownStepsWarning,
                stacklevel=2,
            )
        return blank

    def _index(self, series, times):
        """Index of the forecasts, with the names of the series if y has them."""
        if self._cur_y.index.nlevels == 1:
            return times[0]
        frames = [pd.DataFrame(index=of_series) for of_series in times]
        names = [one.name for one in series]
        index = pd.concat(frames, keys=names).index
        return index.set_names(self._cur_y.index.names)


def _with_frequency_of(before, after):
    """Rows with the frequency that they had before others came, unknown in a gap."""
    frequency = getattr(before.index, "freq", None)
    if not isinstance(after.index, pd.DatetimeIndex) or frequency is None:
        return after
    steps = Steps(after.index[0], frequency)
    n_steps = int(steps.numbers(after.index)[-1]) + 1
    return after.reindex(steps.times(np.arange(n_steps)).rename(after.index.name))


@dataclass(frozen=True)
class _Forecast:
    """What was forecast, in units of the series.

    `values` has the shape (n_times, n_targets, n_quantiles), `spread`, which tells how
    much the window of each varies, (n_times, n_targets). `steps` counts from the last
    row that was known.
    """

    index: pd.Index
    values: NDArray
    spread: NDArray
    steps: NDArray

    @property
    def middle(self) -> NDArray:
        return self.values[..., self.values.shape[-1] // 2]

    def quantile(self, level: float, errors: Errors | None) -> NDArray:
        """A quantile for each time and target."""
        if errors is None:
            _check_is_between(QUANTILES, level)
            return _between(QUANTILES, self.values, level)
        steps = np.maximum(self.steps, 1)
        distance = errors.distance(level, int(steps.max()))[steps - 1]
        return self.middle + distance * self.spread


def _scales(series):
    """Scale of each series by its name, if its columns have one yet."""
    return {
        one.name: Scale.of(one.values)
        for one in series
        if not np.isnan(one.values).all(axis=0).any()
    }


def _check_is_between(levels, level):
    """Raise where a quantile lies outside of those that were learned."""
    if not levels[0] <= level <= levels[-1]:
        raise ValueError(
            f'intervals="quantiles" learns the quantiles from {levels[0]} to '
            f"{levels[-1]}, got alpha={level}. Ask for a coverage up to "
            f'{levels[-1] - levels[0]:.2f}, or set intervals="conformal".'
        )


def _between(levels, values, level):
    """A quantile between those that there are."""
    upper = max(int(np.searchsorted(levels, level)), 1)
    part = (level - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
    return (1 - part) * values[..., upper - 1] + part * values[..., upper]
