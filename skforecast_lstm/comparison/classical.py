"""Classical forecasters of statsforecast, for many series in one call.

sktime's adapters of the same models copy and check each series by itself, which takes
longer than the Theta model does.
"""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sktime.forecasting.base import BaseForecaster, ForecastingHorizon

from skforecast_lstm.comparison.datasets import every_series, number_keys

__all__ = ["ManyStatsForecast"]


class ManyStatsForecast(BaseForecaster):
    """Fit a model of statsforecast to each of many series.

    Parameters
    ----------
    model : str
        Class in ``statsforecast.models``.
    parameters : dict
        Its parameters.
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

    def __init__(self, model="AutoETS", parameters=None):
        self.model = model
        self.parameters = parameters
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
        self._fitted = [
            model.new().fit(np.ascontiguousarray(series.values[rows, 0]), X=features)
            for rows, features in zip(
                map(series.row_slice, range(len(series))), _by_series(X, y), strict=True
            )
        ]
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
        forecasts = [
            model.predict(h=steps[-1], X=features, **options)
            for model, features in zip(self._fitted, _by_series(X, self._y), strict=True)
        ]
        return np.concatenate(
            [np.stack([of[name] for name in names], 1)[steps - 1] for of in forecasts]
        )

    def _table(self, fh: ForecastingHorizon, numbers, columns):
        times = fh.to_absolute_index(self.cutoff)
        index = self._y.index
        if index.nlevels > 1:
            series = index.droplevel(-1).unique()
            labels = series if index.nlevels > 2 else [(of,) for of in series]
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


def _by_series(X, y):
    """Return the features of each series of y, or None for each."""
    keys = number_keys(y.index)[1]
    if X is None:
        return [None] * len(keys)
    numbers, keys_of_X = number_keys(X.index)
    rows = dict(zip(keys_of_X, range(len(keys_of_X)), strict=True))
    return [X.to_numpy(dtype=np.float64)[numbers == rows[key]] for key in keys]
