"""Comparisons and searches on Dask and Ray: real local clusters of two processes."""

import gc
import os
import signal
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sktime.forecasting.naive import NaiveForecaster

from skforecast_lstm import LookbackWindower, LSTMRegressor, compare
from skforecast_lstm.comparison.lineup import ignore_default_warnings


@pytest.fixture(scope="module")
def dask_cluster():
    from dask.distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        yield client


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    with warnings.catch_warnings():
        # Ray forks, and JAX warns that the fork must not use it.
        warnings.simplefilter("ignore", RuntimeWarning)
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield ray
    ray.shutdown()
    # Ray does not wait for the processes that it ends.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(params=["dask", "ray"])
def cluster(request):
    """Name of an engine that has two processes."""
    request.getfixturevalue(f"{request.param}_cluster")
    return request.param


@pytest.fixture
def monthly(airline):
    return airline["passengers"]


class WhoForecasts(NaiveForecaster):
    """Forecasts the number of its process."""

    def _predict(self, fh, X=None):
        time.sleep(0.2)
        return super()._predict(fh, X) * 0 + os.getpid()


class DiesOnce(NaiveForecaster):
    """Ends its process the first time that it learns from 120 rows."""

    def __init__(self, marker=None):
        self.marker = marker
        super().__init__()

    def _fit(self, y, X, fh):
        if len(y) == 120 and not os.path.exists(self.marker):
            open(self.marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._fit(y, X, fh)


def scores(comparison):
    results = comparison.results
    return results[~results["metric"].str.endswith("seconds")].reset_index(drop=True)


def test_a_comparison_is_the_same_in_two_processes(cluster, monthly):
    with ignore_default_warnings():
        who = WhoForecasts()
    given = {"horizon": 12, "forecasters": {"Ridge": "Ridge", "who": who}, "coverage": ()}
    alone = compare(monthly, **given)
    together = compare(monthly, **given, n_jobs=2, backend=cluster)
    assert together.failures.empty

    def split(table):
        is_who = table["forecaster"] == "who"
        return table[~is_who], table[is_who]

    same, _ = split(scores(together))
    pd.testing.assert_frame_equal(split(scores(alone))[0], same, check_exact=True)
    same, others = split(together.forecasts)
    pd.testing.assert_frame_equal(split(alone.forecasts)[0], same, check_exact=True)
    processes = set(others["forecast"])
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_a_worker_that_dies_loses_only_its_task(cluster, monthly, tmp_path):
    with ignore_default_warnings():
        dies = DiesOnce(str(tmp_path / "died"))
    given = {"horizon": 12, "forecasters": {"dies": dies}, "results": tmp_path / "kept"}
    comparison = compare(monthly, **given, n_jobs=2, backend=cluster)
    assert (tmp_path / "died").exists()
    assert comparison.failures.empty
    plain = compare(monthly, horizon=12, forecasters={"dies": "naive"})
    pd.testing.assert_frame_equal(scores(comparison), scores(plain), check_exact=True)


class DiesLater(DiesOnce):
    """Ends its process once two results are in a file."""

    def _fit(self, y, X, fh):
        file = Path(self.marker).with_name("kept") / "cells.jsonl"
        while len(y) == 120 and file.read_bytes().count(b"\n") < 2:
            time.sleep(0.01)
        return super()._fit(y, X, fh)


def test_a_worker_of_joblib_that_dies_ends_a_comparison_that_goes_on(monthly, tmp_path):
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with ignore_default_warnings():
        dies = DiesLater(str(tmp_path / "died"))
    given = {"horizon": 12, "forecasters": {"dies": dies}, "results": tmp_path / "kept"}
    with pytest.raises(TerminatedWorkerError):
        compare(monthly, **given, n_jobs=2)
    comparison = compare(monthly, **given, n_jobs=2)
    assert comparison.settings["cells_run_before"] >= 2
    assert comparison.failures.empty
    plain = compare(monthly, horizon=12, forecasters={"dies": "naive"})
    pd.testing.assert_frame_equal(scores(comparison), scores(plain), check_exact=True)


def test_a_search_is_the_same_in_two_processes(cluster, rng):
    series = pd.DataFrame({"y": rng.standard_normal(60).cumsum()})
    X, y = series[:-1], series["y"][1:].to_numpy()
    network = LSTMRegressor(units=2, epochs=2, random_state=0)
    search = GridSearchCV(
        make_pipeline(LookbackWindower(4), network),
        {"lstmregressor__units": [2, 3]},
        cv=TimeSeriesSplit(2),
    )
    alone = clone(search).fit(X, y)
    with joblib.parallel_config(cluster, n_jobs=2):
        together = clone(search).fit(X, y)
    for key in ("split0_test_score", "split1_test_score", "rank_test_score"):
        np.testing.assert_array_equal(alone.cv_results_[key], together.cv_results_[key])
    np.testing.assert_array_equal(alone.predict(X), together.predict(X))
