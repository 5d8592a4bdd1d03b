"""Train the model of the service, and export it to a file of ONNX.

python make_model.py load.onnx
"""

import sys

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.persistence import export_onnx

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def made_up_load(n_hours=2000):
    """Return hourly load and temperature."""
    hours = pd.date_range("2026-01-01", periods=n_hours, freq="h")
    noise = np.random.default_rng(0).normal(size=(2, n_hours))
    day = np.sin(2 * np.pi * np.arange(n_hours) / 24)
    temperature = 10 - 5 * day + noise[0]
    load = 50 + 9 * day - 0.5 * temperature + noise[1]
    return pd.DataFrame({"load": load, "temperature": temperature}, index=hours)


def fitted_pipeline(epochs=10):
    """Return a pipeline that forecasts the load of the next hour from two days."""
    table = made_up_load()
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(48, horizon=1),
        LSTMRegressor(32, epochs=epochs, random_state=0),
    )
    return pipe.set_output(transform="pandas").fit(table, table["load"])


if __name__ == "__main__":
    export_onnx(fitted_pipeline(), sys.argv[1])
