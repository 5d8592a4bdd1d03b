"""Classical forecasters of statsforecast, for many series in one call.

sktime's adapters of the same models copy and check each series by itself, which takes
longer than the Theta model does.
"""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sktime.forecasting.base import BaseForecaster, ForecastingHorizon

from skforecast_lstm.comparison.datasets import every_series

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
        "capability:multivariate": False,
        "capability:exogenous": False,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "requires-fh-in-fit": False,
        "python_dependencies": "statsforecast",
    }

    # Series can be split into batches without a change of the forecasts.
    forecasts_each_alone = True

    def __init__(self, model="AutoETS", parameters=None):
        self.model = model
        self.parameters = parameters
        super().__init__()

    def _fit(self, y, X, fh):
        import statsforecast.models

        model = getattr(statsforecast.models, self.model)(**(self.parameters or {}))
        series = every_series(y)
        self._fitted = [
            model.new().fit(np.ascontiguousarray(series.values[series.row_slice(of), 0]))
            for of in range(len(series))
        ]
        return self

    def _predict(self, fh, X):
        return self._table(fh, self._columns(fh, ["mean"]), self._y.columns)

    def _predict_interval(self, fh, X, coverage):
        levels = [round(100 * level, 6) for level in coverage]
        sides = [f"{side}-{level}" for level in levels for side in ("lo", "hi")]
        columns = pd.MultiIndex.from_product(
            [self._get_varnames(), coverage, ["lower", "upper"]]
        )
        return self._table(fh, self._columns(fh, sides, level=levels), columns)

    def _columns(self, fh, names, **options):
        """Return one column of numbers for each name, one series after the other."""
        steps = fh.to_relative(self.cutoff).to_numpy().astype(int)
        forecasts = [model.predict(h=steps[-1], **options) for model in self._fitted]
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
