"""Forecasts of a partitioned data set are those of one process."""

import importlib.util
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "partitions.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("partitions", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_parts_are_forecast_as_all_together(script, tmp_path):
    pytest.importorskip("fugue")
    data_set, network = tmp_path / "sales.parquet", tmp_path / "network.joblib"
    script.make_data_set(data_set, n_parts=2, n_series=2)
    script.train(data_set, network)
    script.forecast_parts(data_set, tmp_path / "next.parquet", network)
    parts = pd.read_parquet(tmp_path / "next.parquet").sort_values(["series", "time"])
    every = script.panel(pd.read_parquet(data_set))
    together = joblib.load(network).fit(every, fh=range(1, script.STEPS + 1)).predict()
    assert parts["series"].nunique() == 4
    np.testing.assert_allclose(parts["forecast"], together["value"], rtol=1e-5)
