"""sktime's own suites for the classifier and the regressor of whole series."""

from sktime.utils.estimator_checks import check_estimator, parametrize_with_checks

from skforecast_lstm.forecasting.panel import (
    LSTMTimeSeriesClassifier,
    LSTMTimeSeriesRegressor,
)


@parametrize_with_checks([LSTMTimeSeriesClassifier, LSTMTimeSeriesRegressor])
def test_sktime(obj, test_name):
    check_estimator(obj, tests_to_run=test_name, raise_exceptions=True, verbose=False)
