"""skops holds our estimators, as checked files, and its list names nothing else."""

import copy
import io
import json
import pickle
import zipfile
from importlib import import_module

import keras
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skforecast_lstm
from skforecast_lstm import LookbackWindower, LSTMClassifier, LSTMRegressor
from skforecast_lstm.exceptions import SavedFileError
from skforecast_lstm.metrics import get_scorer
from skforecast_lstm.persistence import skops_trusted_types

skops_io = pytest.importorskip("skops.io")

SERIES = np.sin(np.arange(60.0) / 4).reshape(-1, 1)
WINDOWS = np.lib.stride_tricks.sliding_window_view(SERIES[:-1, 0], 4)


def small(**parameters):
    return LSTMRegressor(**{"units": 2, "epochs": 1, "random_state": 0, **parameters})


def travelled(estimator, *others):
    """What comes back from skops."""
    trusted = [*skops_trusted_types(), *others]
    return skops_io.loads(skops_io.dumps(estimator), trusted=trusted)


def test_the_list_names_every_estimator_and_each_name_is_found():
    names = skops_trusted_types()
    found = [
        getattr(import_module(module), attribute)
        for module, _, attribute in (name.rpartition(".") for name in names)
    ]
    public = {getattr(skforecast_lstm, name) for name in skforecast_lstm.__all__}
    estimators = {one for one in public if isinstance(one, type) and hasattr(one, "fit")}
    assert estimators <= set(found)
    assert [f"{one.__module__}.{one.__name__}" for one in found] == names


def test_a_pipeline_comes_back_and_goes_on():
    pipe = make_pipeline(
        StandardScaler(), LookbackWindower(4, horizon=1), small(dropout=0.2)
    ).fit(SERIES, SERIES)
    again = travelled(pipe)
    np.testing.assert_array_equal(again.predict(SERIES), pipe.predict(SERIES))
    assert repr(again.get_params()) == repr(pipe.get_params())
    windows = pipe[:-1].transform(SERIES)
    for one in (pipe, again):
        one[-1].partial_fit(windows, SERIES)
    np.testing.assert_array_equal(again.predict(SERIES), pipe.predict(SERIES))


def test_a_search_comes_back():
    scoring = get_scorer(make_scorer(mean_absolute_error, greater_is_better=False))
    parameters = {"units": [1, (2, 2)], "optimizer": ["adam"]}
    search = GridSearchCV(small(), parameters, cv=TimeSeriesSplit(2), scoring=scoring)
    search.fit(WINDOWS, SERIES[4:, 0])
    # By itself, skops does not trust splitters.
    again = travelled(search, "sklearn.model_selection._split.TimeSeriesSplit")
    np.testing.assert_array_equal(again.predict(WINDOWS), search.predict(WINDOWS))
    assert again.score(WINDOWS, SERIES[4:, 0]) == search.score(WINDOWS, SERIES[4:, 0])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_and_pickles_have_plain_attributes(copied):
    regressor = small(callbacks=[keras.callbacks.TerminateOnNaN()])
    regressor.fit(WINDOWS, SERIES[4:, 0])
    expected = regressor.predict(WINDOWS)
    for again in (copied(regressor), pickle.loads(pickle.dumps(regressor))):
        assert vars(again).keys() == vars(regressor).keys()
        assert isinstance(again.model_, keras.Model)
        assert again.model_ is not regressor.model_
        np.testing.assert_array_equal(again.predict(WINDOWS), expected)


# What skops does not hold


def a_network(meta):
    return keras.Sequential([keras.Input(meta["X_shape_"][1:]), keras.layers.Dense(1)])


def test_what_a_file_can_not_hold_is_refused_with_the_advice_of_save():
    regressor = small(model=a_network)
    with pytest.raises(TypeError, match=r"model: it is the function 'a_network'.*model_"):
        skops_io.dumps(regressor)


def changed(content, change):
    """A file of skops with a changed schema or state."""
    changed_content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(changed_content, "w") as after,
    ):
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
    return changed_content.getvalue()


def test_a_state_that_save_did_not_write_is_refused():
    content = skops_io.dumps(small())

    def flip(name, data):
        return data if name == "schema.json" else data[:-1] + bytes([data[-1] ^ 1])

    with pytest.raises(SavedFileError, match="The state is damaged"):
        skops_io.loads(changed(content, flip), trusted=skops_trusted_types())

    def other(name, data):
        return data.replace(b'"LSTMRegressor"', b'"LSTMClassifier"')

    with pytest.raises(SavedFileError, match="of a LSTMClassifier is that of another"):
        skops_io.loads(changed(content, other), trusted=skops_trusted_types())


@pytest.mark.parametrize("kind", [LSTMRegressor, LSTMClassifier])
def test_a_file_of_attributes_makes_no_network(kind):
    """Networks of pickles may have code, so skops must not restore them."""
    packed = small().initialize(WINDOWS, SERIES[4:, 0])._pickled_attributes()["model_"]
    ridge = Ridge()
    packed = packed._replace(seeds=[])
    ridge.model_ = tuple(packed)
    schema = skops_io.dumps(ridge)

    def forged(name, data):
        if name != "schema.json":
            return data
        found = json.loads(data)
        found |= {"__class__": kind.__name__, "__module__": kind.__module__}
        return json.dumps(found).encode()

    again = skops_io.loads(changed(schema, forged), trusted=skops_trusted_types())
    assert type(again) is kind
    assert again.model_ == tuple(packed)
    ridge.model_ = packed
    with pytest.raises(Exception, match=r"_scikeras\._PackedModel"):
        skops_io.loads(skops_io.dumps(ridge), trusted=skops_trusted_types())
