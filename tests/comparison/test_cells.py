"""Settings of the process, before and after a cell of a comparison."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skforecast_lstm.comparison.cells import quiet
from skforecast_lstm.comparison.groups import run_group


def settings():
    return list(warnings.filters), warnings.showwarning


def test_threads_that_overlap_leave_warnings_as_they_were():
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second():
        with quiet():
            second_is_in.set()
            first_is_out.wait(60)
            warnings.warn("not shown", UserWarning, stacklevel=1)

    before = settings()
    with ThreadPoolExecutor() as pool:
        with quiet():
            ended = pool.submit(second)
            second_is_in.wait(60)
        first_is_out.set()
        ended.result()
    assert settings() == before


@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_arima_reads_the_columns_that_are_known_over_the_horizon(rng):
    from sktime.forecasting.arima import ARIMA

    months = pd.period_range("2020-01", periods=40, freq="M")
    X = pd.DataFrame({"x": rng.normal(size=40)}, index=months)
    y = (3 * X + 10).rename(columns={"x": "v"}) + 0.1 * rng.normal(size=(40, 1))
    forecaster = ARIMA(order=(1, 0, 0))
    (done,) = run_group(
        (), y, X, forecaster, horizon=3, season_length=1, coverage=(0.8,), n_after=[3]
    )
    assert done["error"] is None
    by_hand = forecaster.clone().fit(y[:-3], X=X[:-3], fh=[1, 2, 3])
    forecast = done["forecasts"]
    assert_allclose(forecast["forecast"], by_hand.predict(X=X[-3:])["v"])
    assert_allclose(forecast["forecast"], y["v"][-3:], atol=0.5)
    assert np.ptp(forecast["forecast"]) > 0
