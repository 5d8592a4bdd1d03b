"""sktime's AutoETS, with prediction intervals for models that simulate them."""

from types import SimpleNamespace

from sktime.forecasting.ets import AutoETS


class SeededAutoETS(AutoETS):
    """AutoETS that passes its seed to statsmodels.

    Models with a multiplicative error simulate their intervals. sktime 1.2 nests the
    seed one argument too deep, and statsmodels raises.
    """

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
