"""Classical forecasters of statsforecast, for many series in one call.

sktime's adapters of the same models copy and check each series by itself, which takes
longer than the Theta model does.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sktime.forecasting.base import BaseForecaster, ForecastingHorizon

from skforecast_lstm.comparison.datasets import every_series, number_keys

__all__ = ["ManyStatsForecast", "most_rows", "of_last_rows"]


def most_rows(season_length):
    """Return the most rows to learn from: the last 1,000, or ten seasons.

    Forecasts of hourly series from so many rows were about as accurate as from 6,500.
    """
    return max(1000, 10 * season_length)


def of_last_rows(model, season_length, parameters=None, **options):
    """Return a forecaster that learns from the last 1,000 rows, or ten seasons."""
    season = max(season_length, options.get("adjusted_season", 1))
    return ManyStatsForecast(
        model,
        {"season_length": season_length, **(parameters or {})},
        n_rows=most_rows(season),
        **options,
    )


class ManyStatsForecast(BaseForecaster):
    """Fit a model of statsforecast to each of many series.

    Parameters
    ----------
    model : str, default="AutoETS"
        Class in ``statsforecast.models``.
    parameters : dict, default=None
        Its parameters.
    adjusted_season : int, default=1
        Number of rows in a season to remove before the fit and to put back after it, as
        sktime's `Deseasonalizer` does. 1 removes nothing.
    adjustment : {"additive", "multiplicative"}, default="additive"
        How to remove the season.
    n_rows : int, default=None
        Most rows of each series to learn from, the last ones. If None, all.
    """

    _tags: ClassVar[dict[str, Any]] = {
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": False,
        # That of AutoARIMA, the only one of the models that reads features, is True.
        "capability:exogenous": False,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "requires-fh-in-fit": False,
        "python_dependencies": "statsforecast",
    }

    def __init__(
        self,
        model="AutoETS",
        parameters=None,
        *,
        adjusted_season=1,
        adjustment="additive",
        n_rows=None,
    ):
        self.model = model
        self.parameters = parameters
        self.adjusted_season = adjusted_season
        self.adjustment = adjustment
        self.n_rows = n_rows
        super().__init__()
        self.set_tags(**{"capability:exogenous": model == "AutoARIMA"})

    @property
    def most_series_in_a_batch(self):
        """Number of series to forecast by one call. The forecasts do not depend on it.

        A call costs 15 ms besides the models. Theta takes 5 ms for a series of 100 rows.
        """
        return 100 if "Theta" in self.model else 20

    def _fit(self, y, X, fh):
        import statsforecast.models

        model = getattr(statsforecast.models, self.model)(**(self.parameters or {}))
        series = every_series(y)
        if self.n_rows is not None:
            series = series.tail(self.n_rows)
        self._fitted, self._seasons = [], []
        for number, features in enumerate(_by_series(X, y)):
            values = series.values[series.row_slice(number), 0]
            season = _Season.find(values, self.adjusted_season, self.adjustment)
            if features is not None:
                features = features[-len(values) :]
            self._fitted.append(model.new().fit(season.remove(values), X=features))
            self._seasons.append(season)
        return self

    def _predict(self, fh, X):
        return self._table(fh, self._columns(fh, X, ["mean"]), self._y.columns)

    def _predict_interval(self, fh, X, coverage):
        levels = [round(100 * level, 6) for level in coverage]
        sides = [f"{side}-{level}" for level in levels for side in ("lo", "hi")]
        columns = pd.MultiIndex.from_product(
            [self._get_varnames(), coverage, ["lower", "upper"]]
        )
        return self._table(fh, self._columns(fh, X, sides, level=levels), columns)

    def _columns(self, fh, X, names, **options):
        """Return one column of numbers for each name, one series after the other."""
        steps = fh.to_relative(self.cutoff).to_numpy().astype(int)
        parts = []
        for model, season, features in zip(
            self._fitted, self._seasons, _by_series(X, self._y), strict=True
        ):
            forecast = model.predict(h=steps[-1], X=features, **options)
            numbers = np.stack([forecast[name] for name in names], axis=1)
            parts.append(season.put_back(numbers)[steps - 1])
        return np.concatenate(parts)

    def _table(self, fh: ForecastingHorizon, numbers, columns):
        times = fh.to_absolute_index(self.cutoff)
        index = self._y.index
        if index.nlevels > 1:
            series = index.droplevel(-1).unique()
            labels = series if index.nlevels > 2 else [(name,) for name in series]
            index = pd.MultiIndex.from_tuples(
                [(*label, time) for label in labels for time in times], names=index.names
            )
        else:
            index = times
        return pd.DataFrame(numbers, index=index, columns=columns)

    @classmethod
    def get_test_params(cls, parameter_set="default"):
        """Return parameters for sktime's suite."""
        return {"model": "DynamicOptimizedTheta"}


class _Season(NamedTuple):
    """Season of a series of so many rows, to remove from it and to put back after it."""

    season: NDArray
    n_rows: int
    is_factor: bool

    @classmethod
    def find(cls, values, length, kind):
        """Estimate the season of a series."""
        from statsmodels.tsa.seasonal import seasonal_decompose

        is_factor = kind == "multiplicative"
        season = np.array([float(is_factor)])
        if length > 1:
            found = seasonal_decompose(values, model=kind, period=length)
            season = found.seasonal[:length]
        return cls(season, len(values), is_factor)

    def remove(self, values):
        season = np.resize(self.season, len(values))
        return values / season if self.is_factor else values - season

    def put_back(self, numbers):
        """Put the season back into rows that follow the series."""
        rows = np.arange(self.n_rows, self.n_rows + len(numbers))
        season = self.season[rows % len(self.season), None]
        return numbers * season if self.is_factor else numbers + season


def _by_series(X, y):
    """Return the features of each series of y, or None for each."""
    keys = number_keys(y.index)[1]
    if X is None:
        return [None] * len(keys)
    numbers, keys_of_X = number_keys(X.index)
    rows = dict(zip(keys_of_X, range(len(keys_of_X)), strict=True))
    return [X.to_numpy(dtype=np.float64)[numbers == rows[key]] for key in keys]
