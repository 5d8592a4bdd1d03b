"""Save one file for each kind of estimator, with what the estimator answers.

    python tests/persistence/releases/make.py 0.1.0

Run it with the lowest versions (constraints-lowest.txt): Keras reads files of its older
releases, but may refuse those of newer ones.

Run it at each release that can save another kind of estimator, or in another way. Files
of earlier releases stay as they are, because they must load forever, or say why not. So
don't change the data and the names here, only add.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.forecasting.compose import TransformedTargetForecaster
from sktime.transformations.boxcox import LogTransformer
from sktime.transformations.detrend import Deseasonalizer

from skforecast_lstm import (
    BinnedRegressor,
    CalendarFeatures,
    LookbackWindower,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    LSTMTimeSeriesClassifier,
    LSTMTimeSeriesRegressor,
)
from skforecast_lstm.networks import QuantileLoss
from skforecast_lstm.persistence import save

STEPS = np.arange(96.0)
HOURS = pd.DataFrame(
    {"load": 50 + 9 * np.sin(STEPS / 4), "price": np.cos(STEPS / 7)},
    index=pd.date_range("2026-03-27", periods=96, freq="h", tz="Europe/Berlin"),
)
MONTHS = pd.Series(
    100 + STEPS + 20 * np.sin(STEPS * np.pi / 6),
    index=pd.period_range("2018-01", periods=96, freq="M"),
    name="passengers",
)
WINDOWS = np.sin(np.arange(40.0)[:, None, None] / 3 + np.arange(4)[:, None] + [0.0, 1.0])
TARGET = WINDOWS[:, -1, 0] + WINDOWS[:, 0, 1]
SERIES = np.sin(np.arange(12) * np.linspace(0.2, 1.5, 20).reshape(-1, 1, 1))

TINY = {"units": 2, "epochs": 2, "batch_size": 16, "random_state": 0}


def forecaster(**parameters):
    return LSTMForecaster(
        lookback=6, regressor=LSTMRegressor(**TINY), random_state=0, **parameters
    )


def pipeline():
    windower = LookbackWindower(6, horizon=1)
    pipe = make_pipeline(StandardScaler(), windower, LSTMRegressor(**TINY))
    return pipe.set_output(transform="pandas").fit(HOURS[:80], HOURS["load"][:80])


def search():
    grid = {"units": [2, (2, 2)], "learning_rate": [0.01]}
    found = GridSearchCV(LSTMRegressor(**TINY), grid, cv=TimeSeriesSplit(2))
    return found.fit(WINDOWS, TARGET)


def regressor(**parameters):
    return LSTMRegressor(**{**TINY, **parameters}).fit(WINDOWS, TARGET)


def on_hours():
    fitted = forecaster(calendar=CalendarFeatures(["hour", "weekday"]))
    return fitted.fit(HOURS[:80], fh=[1, 2, 3])


def target_pipeline():
    steps = [
        ("log", LogTransformer()),
        ("season", Deseasonalizer(sp=12)),
        ("forecast", forecaster()),
    ]
    return TransformedTargetForecaster(steps).fit(MONTHS[:90], fh=[1, 2])


# Name of a file: the function that makes the estimator, and what to ask it.
CASES = {
    "binned": (
        lambda: BinnedRegressor(LSTMClassifier(**TINY), n_bins=3).fit(WINDOWS, TARGET),
        lambda fitted: fitted.predict(WINDOWS),
    ),
    "calendar": (
        lambda: CalendarFeatures(["hour", "weekday"]).fit(HOURS),
        lambda fitted: fitted.transform(HOURS[:30]),
    ),
    "classifier": (
        lambda: LSTMClassifier(**TINY).fit(WINDOWS, np.where(TARGET > 0, "up", "down")),
        lambda fitted: fitted.predict_proba(WINDOWS),
    ),
    "forecaster": (
        lambda: LSTMForecaster(random_state=0).fit(MONTHS[:90], fh=[1, 2, 3]),
        lambda fitted: fitted.predict(),
    ),
    "forecaster_adaptive": (
        lambda: forecaster(intervals="adaptive").fit(MONTHS[:90], fh=[1, 2]),
        lambda fitted: fitted.update(MONTHS[90:]).predict_interval(coverage=0.8),
    ),
    "forecaster_hours": (on_hours, lambda fitted: fitted.predict()),
    "pipeline": (pipeline, lambda fitted: fitted.predict(HOURS)[-14:]),
    "regressor": (regressor, lambda fitted: fitted.predict(WINDOWS)),
    "regressor_members": (
        lambda: regressor(n_members=2, cell="gru", bidirectional=True),
        lambda fitted: fitted.predict(WINDOWS),
    ),
    "regressor_mixture": (
        lambda: regressor(
            normalization="last", base="mixture", season_length=2, target_columns=[0]
        ),
        lambda fitted: fitted.predict(WINDOWS),
    ),
    "regressor_quantiles": (
        lambda: LSTMRegressor(**TINY, loss=QuantileLoss([0.1, 0.9])).fit(
            WINDOWS, np.stack([TARGET, TARGET], axis=1)
        ),
        lambda fitted: fitted.predict(WINDOWS),
    ),
    "search": (search, lambda fitted: fitted.predict(WINDOWS)),
    "target_pipeline": (target_pipeline, lambda fitted: fitted.predict()),
    "whole_series_classifier": (
        lambda: LSTMTimeSeriesClassifier(filters=2, **TINY).fit(
            SERIES, np.repeat(["a", "b"], 10)
        ),
        lambda fitted: fitted.predict_proba(SERIES),
    ),
    "whole_series_regressor": (
        lambda: LSTMTimeSeriesRegressor(filters=2, **TINY).fit(SERIES, np.arange(20.0)),
        lambda fitted: fitted.predict(SERIES),
    ),
    "windower": (
        lambda: LookbackWindower(3, horizon=1).fit(HOURS[:60]),
        lambda fitted: fitted.transform(HOURS[60:70]),
    ),
}


def answer(name, estimator):
    """Return what an estimator of this name answers, as a list of numbers."""
    return np.asarray(CASES[name][1](estimator), dtype=float).ravel().tolist()


def main(release):
    folder = Path(__file__).with_name(release)
    folder.mkdir()
    answers = {}
    for name, (make, _) in CASES.items():
        estimator = make()
        save(estimator, folder / f"{name}.lstm")
        answers[name] = answer(name, estimator)
    text = json.dumps(answers, indent=0)
    (folder / "answers.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
