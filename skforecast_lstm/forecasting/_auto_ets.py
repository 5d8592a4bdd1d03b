"""sktime's AutoETS, with prediction intervals for models that simulate them."""

import threading
from types import SimpleNamespace

import joblib
from sktime.forecasting.ets import AutoETS

_one_search = threading.RLock()


class SeededAutoETS(AutoETS):
    """AutoETS that passes its seed to statsmodels, and searches in one thread at a time.

    Models with a multiplicative error simulate their intervals. sktime 1.2 nests the
    seed one argument too deep, and statsmodels raises.

    The search leaves out models whose fit warns that it did not converge. Python records
    the warnings of all threads, so another search would change which models are left. The
    models are fitted one after another: workers of Dask may all wait here for the search
    that waits for a worker.
    """

    def _fit_forecaster(self, y, X=None):
        with _one_search, joblib.parallel_config("sequential"):
            return super()._fit_forecaster(y, X)

    def _predict_interval(self, fh, X, coverage):
        fitted = self._fitted_forecaster

        def get_prediction(*, simulate_kwargs=None, **arguments):
            return fitted.get_prediction(**arguments, **(simulate_kwargs or {}))

        self._fitted_forecaster = SimpleNamespace(
            get_prediction=get_prediction, simulate=fitted.simulate
        )
        try:
            return super()._predict_interval(fh, X, coverage)
        finally:
            self._fitted_forecaster = fitted
