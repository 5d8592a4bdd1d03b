"""Forecast a Parquet data set of many series in parts, with one trained network.

A network learns from the series of one part. Fugue then gives each part to a worker. It
reads the part, forecasts its series with this network, and writes them. The engine may
be this process, Dask, Ray or Spark. docs/clusters.md says what each needs:

    pip install fugue
    python benchmarks/partitions.py --engine dask
"""

import argparse
import tempfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from skforecast_lstm import LSTMForecaster, LSTMRegressor

STEPS = 3


def make_data_set(folder, n_parts=3, n_series=4, n_months=60):
    """Write one file for each part. All rows of a series are in the same part."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    months = pd.date_range("2020-01-01", periods=n_months, freq="MS").as_unit("us")
    for part in range(n_parts):
        season = 10 * np.sin(2 * np.pi * np.arange(n_months) / 12 + part)
        tables = [
            pd.DataFrame(
                {
                    "part": part,
                    "series": f"shop {part}.{number}",
                    "time": months,
                    "value": 100 + season + rng.standard_normal(n_months),
                }
            )
            for number in range(n_series)
        ]
        pd.concat(tables).to_parquet(folder / f"part-{part}.parquet", index=False)


def panel(rows):
    """Return the rows as sktime wants them: series and times are the index."""
    times = pd.PeriodIndex(rows["time"], freq="M")
    return rows.assign(time=times).set_index(["series", "time"])[["value"]].sort_index()


def forecast_part(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """Forecast the series of one part. After `pretrain`, `fit` trains nothing."""
    forecaster = joblib.load(network).fit(panel(rows), fh=range(1, STEPS + 1))
    forecast = forecaster.predict().rename(columns={"value": "forecast"}).reset_index()
    return forecast.assign(time=forecast["time"].dt.to_timestamp())


def forecast_parts(data_set, forecasts, network, engine=None):
    """Forecast all parts. Workers read and write the files; this process does not."""
    import fugue.api

    fugue.api.transform(
        str(data_set),
        forecast_part,
        schema="series:str,time:datetime,forecast:double",
        params={"network": str(network)},
        partition={"by": "part"},
        engine=engine,
        save_path=str(forecasts),
    )


def train(data_set, network):
    """Save a forecaster that has learned from one part, for all workers to load."""
    regressor = LSTMRegressor(units=8, epochs=5, random_state=0)
    forecaster = LSTMForecaster(12, lookback=12, regressor=regressor, intervals=None)
    rows = pd.read_parquet(data_set / "part-0.parquet")
    joblib.dump(forecaster.pretrain(panel(rows)), network)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=["dask", "ray", "spark"])
    engine = parser.parse_args(arguments).engine
    with tempfile.TemporaryDirectory() as folder:
        data_set, forecasts = Path(folder, "sales.parquet"), Path(folder, "next.parquet")
        network = Path(folder, "network.joblib")
        make_data_set(data_set)
        train(data_set, network)
        forecast_parts(data_set, forecasts, network, engine)
        table = pd.read_parquet(forecasts).sort_values(["series", "time"])
    n_series = table["series"].nunique()
    print(f"{len(table)} forecasts of {n_series} series. The first:")
    print(table.head(STEPS).round(1).to_string(index=False))
    return table


if __name__ == "__main__":
    main()
