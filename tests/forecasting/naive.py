"""A forecaster without training, so that tests of its errors are fast."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from skforecast_lstm.forecasting import LSTMForecaster


class Naive(RegressorMixin, BaseEstimator):
    """Repeat the last values: those of a season, or one."""

    def __init__(self, season_length=12):
        self.season_length = season_length

    def fit(self, X, y):
        self.n_steps_ = y.shape[1]
        return self

    def predict(self, X):
        season = X[:, -self.season_length :, 0]
        return np.tile(season, self.n_steps_)[:, : self.n_steps_]


def naive(season_length=12, **parameters):
    """Return a forecaster whose network is replaced by the seasonal naive forecast."""
    return LSTMForecaster(
        season_length=season_length,
        lookback=24,
        regressor=Naive(season_length),
        **parameters,
    )
