"""Cells of a comparison: one forecaster on one dataset at one cutoff."""

import contextlib
import hashlib
import warnings
from dataclasses import dataclass
from typing import Any

import joblib
import pandas as pd

from skforecast_lstm._shared_context import shared
from skforecast_lstm._thread_pools import one_blas_thread, thread_pools
from skforecast_lstm.comparison.settings import versions

# Metrics of a cell that are times.
SECONDS = ("fit_seconds", "predict_seconds")


@dataclass(frozen=True)
class Cell:
    """Description of one cell, without its data. `job` adds the data for a worker."""

    dataset: Any
    name: str
    forecaster: Any
    window: int
    coverage: tuple[float, ...]
    # Window of the fit. At a later window, the forecaster only takes the new rows.
    fit_window: int

    @property
    def n_train(self):
        """Number of times before the cutoff."""
        return self.dataset.windows[self.window]

    def job(self):
        """Return the arguments of `run_group`, without the cutoff."""
        y, X = self.dataset.window(self.n_train)
        return {
            "prefix": self.dataset.prefix,
            "y": y,
            "X": X,
            "forecaster": self.forecaster,
            "horizon": self.dataset.horizon,
            "season_length": self.dataset.season_length,
            "coverage": self.coverage,
        }

    def key(self):
        """Return a hash of everything that can change the result."""
        job = self.job()
        forecaster = job.pop("forecaster")
        parameters = {
            name: _class_path(value) if hasattr(value, "get_params") else value
            for name, value in forecaster.get_params().items()
        }
        try:
            metrics = metric_names(self.coverage)
            made = [self.name, _class_path(forecaster), parameters]
            fitted_before = self.fit_window != self.window
            fit = [self.dataset.windows[self.fit_window]] if fitted_before else []
            parts = joblib.hash([job, *made, metrics, *fit])
        except Exception as error:
            raise ValueError(
                f"The parameters of {self.name!r} can't be hashed, so its results can't "
                f"be stored ({error}). Use named functions instead of lambdas, or leave "
                "out results."
            ) from error
        return hashlib.sha256(f"{parts} {versions()}".encode()).hexdigest()[:32]


def _class_path(estimator):
    """Return the class of an estimator as text."""
    return f"{type(estimator).__module__}.{type(estimator).__qualname__}"


def metric_names(coverage):
    """Return the names of all metrics, in display order."""
    levels = [
        f"{metric}_{level:g}"
        for level in coverage
        for metric in ("coverage", "width", "MSIS")
    ]
    quantiles = ["SQL", "WQL"] if coverage else []
    return ["MASE", "RMSSE", "sMAPE", *quantiles, *levels, *SECONDS]


@contextlib.contextmanager
def quiet():
    """Suppress warnings and use one thread for linear algebra.

    Hundreds of models raise hundreds of warnings. Small matrices are slower on many
    threads, 10 times slower on shared cores. With one thread, sums do not depend on the
    number of workers.
    """
    with (
        _no_warnings(),
        one_blas_thread(),
        # This limit belongs to the thread, and the others to the process.
        thread_pools().limit(limits=1, user_api="openmp"),
    ):
        yield


@shared
@contextlib.contextmanager
def _no_warnings():
    # Record warnings as well: sktime puts its own filters before this one.
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("ignore")
        yield


def align_to(forecast, index, columns):
    """Return the forecasts in the order of an index and of columns.

    Some forecasters return the columns in another order. Columns with other names are
    taken in their order.
    """
    forecast = pd.DataFrame(forecast)
    if set(forecast.columns) != set(columns):
        forecast = forecast.set_axis(columns, axis=1)
    forecast = forecast.reindex(index=index, columns=columns)
    if forecast.isna().to_numpy().any():
        row = forecast.index[forecast.isna().any(axis=1)][0]
        raise ValueError(f"The forecaster gave no forecast for {row}.")
    return forecast


def bound_of(intervals, level, side, index, columns):
    """Return the lower or upper bounds of one level, in the order of `align_to`."""
    bound = intervals.xs((level, side), axis=1, level=(-2, -1))
    return align_to(bound, index, columns)
