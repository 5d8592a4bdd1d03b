"""The pretrained network as the model of a regressor."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skforecast_lstm import LookbackWindower, LSTMRegressor, persistence
from skforecast_lstm.networks.pretrained import MEDIAN
from skforecast_lstm.pretraining import pretrained_regression_network
from skforecast_lstm.pretraining.forecasting import forecast_quantiles
from skforecast_lstm.pretraining.weights import shipped_weights

SEASON, LOOKBACK, STEPS = 4, 20, 2


@pytest.fixture(scope="module")
def series():
    steps = np.arange(60)
    noise = np.random.default_rng(0).normal(size=60)
    return (50 + steps + 8 * np.sin(2 * np.pi * steps / SEASON) + noise)[:, None]


def regressor(**parameters):
    return LSTMRegressor(
        model=pretrained_regression_network,
        model__season_length=SEASON,
        loss="mae",
        **{"learning_rate": 1e-4, "n_batches": 2, "random_state": 0, **parameters},
    )


@pytest.fixture(scope="module")
def windows(series):
    return LookbackWindower(LOOKBACK, horizon=1).fit_transform(series)


@pytest.fixture(scope="module")
def targets(series):
    after = np.append(series[1:, 0], np.nan)
    return np.stack([series[:, 0], after], axis=1)


def test_without_training_it_forecasts_as_the_pretrained_network(
    series, windows, targets
):
    untrained = regressor().initialize(windows, targets)
    expected = forecast_quantiles(
        shipped_weights().weights,
        [series[row - LOOKBACK : row, 0] for row in (40, 59)],
        STEPS,
        (SEASON, 1),
    )
    found = untrained.predict(windows[[40, 59]])
    np.testing.assert_allclose(found, expected[..., MEDIAN], rtol=1e-3)


def test_training_lowers_the_loss(windows, targets):
    trained = regressor(n_batches=20, learning_rate=1e-3).fit(windows, targets)
    losses = trained.history_["loss"]
    assert losses[-1] < losses[0]


def test_a_search_over_folds_tunes_it(series):
    table = pd.DataFrame({"value": series[:, 0]})
    pipe = make_pipeline(LookbackWindower(LOOKBACK, horizon=1), regressor())
    search = GridSearchCV(
        pipe.set_output(transform="pandas"),
        {"lstmregressor__learning_rate": [1e-4, 1e-3]},
        cv=TimeSeriesSplit(2, test_size=5),
        error_score="raise",
    )
    search.fit(table, table["value"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_it_is_saved_with_its_network(windows, targets, tmp_path):
    trained = regressor().fit(windows, targets)
    persistence.save(trained, tmp_path / "regressor.skl")
    loaded = persistence.load(tmp_path / "regressor.skl")
    np.testing.assert_array_equal(loaded.predict(windows), trained.predict(windows))


def test_other_columns_are_not_read(series, windows, targets):
    two = np.concatenate([np.full_like(windows, 7.0), windows], axis=2)
    alone = regressor().initialize(windows, targets).predict(windows[-3:])
    second = regressor(model__target_column=1).initialize(two, targets)
    np.testing.assert_allclose(second.predict(two[-3:]), alone, rtol=1e-5)


@pytest.mark.parametrize(
    ("seasons", "problem"), [((2, 3, 4), "two"), (0, "season_length")]
)
def test_seasons_that_cannot_be_told_are_refused(seasons, problem):
    with pytest.raises(ValueError, match=problem):
        pretrained_regression_network((20, 1), 2, season_length=seasons)


def test_too_many_steps_are_refused():
    with pytest.raises(ValueError, match="at most 64"):
        pretrained_regression_network((20, 1), 65)


def test_a_number_of_numpy_is_a_season():
    network = pretrained_regression_network((20, 1), 2, season_length=np.int64(SEASON))
    assert network.output_shape == (None, 2)
