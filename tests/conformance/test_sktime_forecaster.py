"""sktime's own suites for the forecaster."""

import pytest
from sktime.utils.estimator_checks import check_estimator, parametrize_with_checks

from skforecast_lstm.forecasting import LSTMForecaster

# sktime's own, where it joins the forecasts of `update_predict`.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Sorting by default when concatenating all DatetimeIndex"
)


@parametrize_with_checks([LSTMForecaster])
def test_sktime(obj, test_name):
    check_estimator(obj, tests_to_run=test_name, raise_exceptions=True, verbose=False)
