"""A function as the model: a file can't hold it, but the network that it made."""

import copy
import pickle
import re

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skforecast_lstm import LookbackWindower, LSTMRegressor
from skforecast_lstm.networks import MaskUnknown
from skforecast_lstm.persistence import load, save

X = np.sin(np.arange(60.0) / 4).reshape(-1, 1)
TABLE = pd.DataFrame(X)


def a_network(meta, width=2):
    layers = [keras.layers.LSTM(width), keras.layers.Dense(meta["n_outputs_"])]
    return keras.Sequential([keras.Input(meta["X_shape_"][1:]), MaskUnknown(), *layers])


def fitted(**parameters):
    regressor = LSTMRegressor(model=a_network, model__width=3, epochs=2, random_state=0)
    return make_pipeline(LookbackWindower(4, horizon=1), regressor).fit(X, X)


def test_the_advice_of_save_leads_to_a_file(tmp_path):
    pipe = fitted()
    with pytest.raises(TypeError) as caught:
        save(pipe, tmp_path / "pipe.lstm")
    advice = re.search(r"in its place: (set_params\(.*?\))\.", str(caught.value))
    assert re.search(r"steps\['lstmregressor'\]\.model", str(caught.value))
    expected = pipe.predict(X)
    eval(f"estimator.{advice[1]}", {"estimator": pipe[-1]})
    np.testing.assert_array_equal(pipe.predict(X), expected)
    save(pipe, tmp_path / "pipe.lstm")
    again = load(tmp_path / "pipe.lstm")
    np.testing.assert_array_equal(again.predict(X), expected)


@pytest.mark.parametrize("travels", [copy.deepcopy, "save", "pickle", "stays"])
def test_training_goes_on_as_before(travels, tmp_path):
    one, other = fitted(), fitted()
    other.set_params(lstmregressor__model=other[-1].model_)
    if travels == "save":
        save(other, tmp_path / "pipe.lstm")
        other = load(tmp_path / "pipe.lstm")
    elif travels == "pickle":
        other = pickle.loads(pickle.dumps(other))
    elif travels == copy.deepcopy:
        other = copy.deepcopy(other)
    parameter = other[-1].model.get_weights()
    windows = one[0].transform(X)
    for pipe in (one, other):
        pipe[-1].partial_fit(windows, X)
        pipe[-1].set_params(warm_start=True).fit(windows, X)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    # Training changes no parameter.
    for before, after in zip(parameter, other[-1].model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_another_network_is_still_refused_by_a_fit_that_continues():
    pipe = fitted()
    pipe[-1].set_params(model=a_network({"X_shape_": (1, 4, 1), "n_outputs_": 1}))
    with pytest.raises(ValueError, match="model changed since the network was built"):
        pipe[-1].partial_fit(pipe[0].transform(X), X)


def test_the_best_pipeline_of_a_search_is_saved(tmp_path):
    pipe = fitted().set_output(transform="pandas")
    grid = {"lstmregressor__model__width": [2, 3]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2)).fit(TABLE, X)
    with pytest.raises(TypeError, match="Of a search, save best_estimator_"):
        save(search, tmp_path / "search.lstm")
    best = search.best_estimator_
    best[-1].set_params(model=best[-1].model_)
    save(best, tmp_path / "search.lstm")
    again = load(tmp_path / "search.lstm")
    np.testing.assert_array_equal(again.predict(TABLE), search.predict(TABLE))
