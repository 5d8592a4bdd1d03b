"""Categorical and static columns: embeddings, unknown categories, and refusals."""

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from skforecast_lstm import (
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
    persistence,
    recurrent_network,
    training,
)
from skforecast_lstm.exceptions import UnknownCategoryWarning
from skforecast_lstm.networks import CategoryEmbedding, CategoryNumbers, MaskUnknown
from skforecast_lstm.networks.categories import embed_columns, embedding_size


def quick(estimator=LSTMRegressor, **parameters):
    given = {"units": 2, "cell": "rnn", "epochs": 2, "random_state": 0}
    return estimator(**{**given, "categorical_features": [1], **parameters})


@pytest.fixture(name="X")
def windows(rng):
    """Windows of a number, and of a category that is 103 or 107 in each window."""
    kind = rng.choice([103.0, 107.0], size=200)
    return np.stack([rng.normal(size=(200, 4)), np.repeat(kind[:, None], 4, 1)], axis=-1)


@pytest.fixture
def y(X):
    """The last number for one kind, and its negative for the other."""
    return np.where(X[:, -1, 1] == 103, 1, -1) * X[:, -1, 0]


# ------------------------------------------------------------- embeddings and one-hot


@settings(max_examples=30, deadline=None)
@given(
    categories=st.lists(st.integers(0, 2**24), min_size=1, max_size=9, unique=True),
    data=st.data(),
)
def test_an_embedding_is_a_dense_layer_of_one_hot_columns(categories, data):
    categories = np.sort(categories)
    codes = np.array(
        data.draw(
            st.lists(
                st.sampled_from([*categories.tolist(), -1, 2**24 + 2, 0.5, np.nan]),
                min_size=6,
                max_size=6,
            )
        )
    )
    inputs = keras.Input((3, 2))
    network = keras.Model(inputs, embed_columns(inputs, [1], len(categories)))
    numbers, embedding = network.layers[-2:]
    assert isinstance(numbers, CategoryNumbers)
    assert isinstance(embedding, CategoryEmbedding)
    numbers.set_weights([categories])
    window = np.stack([np.zeros((2, 3)), codes.reshape(2, 3)], axis=-1)
    one_hot = (codes[:, None] == categories).astype(float)
    one_hot[~one_hot.any(axis=1)] = 1 / len(categories)
    expected = one_hot @ embedding.get_weights()[0]
    assert expected.shape[1] == embedding_size(len(categories))
    found = np.asarray(network(window.astype("float32"))).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_network_learns_as_with_one_hot_columns(X, y):
    codes = (X[:, :, 1] == 107).astype(int) + (X[:, :, 0] > 1)
    X = np.stack([X[:, :, 0], codes], axis=-1).astype("float32")
    ours = recurrent_network(
        (4, 2), units=3, cell="rnn", categorical_features=[1], n_categories=[3]
    )
    number, one_hot = keras.Input((4, 1)), keras.Input((4, 3))
    dense = keras.layers.Dense(2, use_bias=False)
    steps = keras.layers.Concatenate()([number, dense(one_hot)])
    outputs = keras.layers.Dense(1)(keras.layers.SimpleRNN(3)(steps))
    plain = keras.Model([number, one_hot], outputs)
    _, embeddings, *others = ours.get_weights()
    embeddings, *others = (
        one for one in ours.get_weights() if not np.array_equal(one, [0, 1, 2])
    )
    plain.set_weights([embeddings, *others[: len(plain.weights) - 1]])
    inputs = {
        "ours": (ours, X),
        "plain": (plain, [X[:, :, :1], np.eye(3, dtype="float32")[codes]]),
    }
    answers = []
    for network, x in inputs.values():
        network.compile("sgd", "mse")
        training.fit(network, x, y, epochs=3, verbose=0, shuffle=False)
        answers.append(training.predict(network, x))
    np.testing.assert_allclose(*answers, atol=1e-5)


def test_unknown_steps_stay_masked(X):
    long, short = (
        recurrent_network(
            (n_steps, 2), units=3, categorical_features=[1], n_categories=[2]
        )
        for n_steps in (4, 2)
    )
    short.set_weights(long.get_weights())
    X = X.astype("float32")
    X[:, :, 1] = X[:, :, 1] == 107
    unknown = X.copy()
    unknown[:, :2] = np.nan
    found = training.predict(long, unknown)
    np.testing.assert_allclose(found, training.predict(short, X[:, 2:]), atol=1e-6)


# --------------------------------------------------------------------- what is learnt


def test_only_the_category_tells_two_kinds_of_series_apart(rng):
    steps = np.arange(60)
    parts = {
        (store, region): np.sin(steps + rng.uniform(0, 6)) * (1 if region == "n" else 3)
        for store, region in (("a", "n"), ("b", "s"), ("c", "n"), ("d", "s"))
    }
    table = pd.concat(
        {
            store: pd.DataFrame({"sales": rng.normal(size=60), "region": region})
            for store, region in parts
        }
    )
    before = table.groupby(level=0)["sales"].shift(1)
    # In the south, sales turn from day to day; in the north, they stay as they were.
    y = np.where(table["region"] == "s", -1, 1) * before
    scores = []
    for categorical in ([1], None):
        pipe = make_pipeline(
            make_column_transformer(
                (StandardScaler(), ["sales"]),
                (OrdinalEncoder(), ["region"]) if categorical else ("drop", ["region"]),
            ).set_output(transform="pandas"),
            LookbackWindower(3, horizon=1),
            LSTMRegressor(8, categorical_features=categorical, epochs=30, random_state=0),
        )
        pipe.fit(table, y)
        known = y.notna().to_numpy()
        found = pipe.predict(table)[known]
        scores.append(1 - np.mean((found - y[known]) ** 2) / np.var(y[known]))
    assert scores[0] > 0.8
    assert scores[1] < 0.3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_members": 2},
        {"normalization": "standard", "target_columns": ()},
        {"branches": [{"columns": [0, 1], "units": 8}]},
        {"segment": 2},
        {"categorical_features": ["kind"], "feature_names": ["number", "kind"]},
    ],
)
def test_what_it_goes_together_with(X, y, options, tmp_path):
    if "normalization" in options:
        # What this normalization leaves of a window: if it rises at the end.
        rises = X[:, -1, 0] > X[:, :, 0].mean(axis=1)
        y = np.where(X[:, -1, 1] == 103, 1.0, -1.0) * rises
    parameters = {"units": 8, "epochs": 40, "learning_rate": 0.02, **options}
    fitted = quick(**parameters).fit(X, y)
    assert fitted.score(X, y) > 0.6
    assert fitted.categories_[0].tolist() == [103, 107]
    persistence.save(fitted, tmp_path / "kinds.zip")
    loaded = persistence.load(tmp_path / "kinds.zip")
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    unknown = X[:5].copy()
    unknown[2, :, 1] = 5
    with pytest.warns(UnknownCategoryWarning, match=r"1 of 5 windows .* column 1 .*5\.0"):
        loaded.predict(unknown)


def test_classes(X, y):
    rises = np.where(y > 0, "up", "down")
    options = {"units": 8, "epochs": 40, "learning_rate": 0.02}
    assert quick(LSTMClassifier, **options).fit(X, rises).score(X, rises) > 0.9
    without = quick(LSTMClassifier, **options, categorical_features=None)
    assert without.fit(X[:, :, :1], rises).score(X[:, :, :1], rises) < 0.85


def test_static_numbers_that_a_normalization_would_remove(rng):
    size = np.repeat(rng.normal(size=(200, 1, 1)), 6, axis=1)
    X = np.concatenate([100 + rng.normal(size=(200, 6, 1)).cumsum(1), size], axis=2)
    y = X[:, -1, 0] + 3 * size[:, -1, 0]
    scores = [
        LSTMRegressor(
            8,
            normalization="last",
            target_columns=(0,),
            static_features=static,
            epochs=40,
            random_state=0,
        )
        .fit(X, y)
        .predict(X)
        for static in ([1], None)
    ]
    errors = [np.abs(one - y).mean() for one in scores]
    assert errors[0] < errors[1] / 2


def test_other_categories_share_the_program(X, y, compilations):
    quick().fit(X, y)
    n_compiled = len(compilations)
    X[:, :, 1] += 50
    fitted = quick().fit(X, y)
    assert fitted.categories_[0].tolist() == [153, 157]
    assert len(compilations) == n_compiled


def test_a_search_over_folds(X, y):
    search = GridSearchCV(
        quick(epochs=1), {"categorical_features": [[1], None]}, cv=TimeSeriesSplit(2)
    )
    X[:, :, 1] = X[:, :, 1] == 107
    assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()


# ----------------------------------------------------------------- unknown categories


def test_unknown_categories_are_the_mean_of_all_and_told(X, y):
    fitted = quick().fit(X, y)
    for code in (-1, 105, np.nan):
        unknown = X.copy()
        unknown[:, :, 1] = code
        with pytest.warns(UnknownCategoryWarning, match="200 of 200"):
            found = fitted.predict(unknown)
        (embedding,) = (
            one for one in fitted.model_.layers if isinstance(one, CategoryEmbedding)
        )
        before = embedding.get_weights()
        embedding.set_weights([np.repeat(before[0].mean(0, keepdims=True), 2, axis=0)])
        np.testing.assert_allclose(found, fitted.predict(X), rtol=1e-5)
        embedding.set_weights(before)


def test_steps_before_the_first_have_no_category_to_tell_of(X, y):
    fitted = quick().fit(X, y)
    X[:, :2] = np.nan
    assert np.isfinite(fitted.predict(X)).all()


def test_only_rows_that_are_trained_on_give_categories(X, y):
    X[-10:, :, 1] = 200
    fitted = quick(early_stopping=True).fit(X, y)
    assert fitted.categories_[0].tolist() == [103, 107]
    windows = LookbackWindower(3, horizon=1).fit_transform(X[:, -1])
    fitted = quick(early_stopping=True).fit(windows, y)
    assert fitted.categories_[0].tolist() == [103, 107]


def test_more_training_keeps_the_categories_and_tells_of_others(X, y):
    fitted = quick(warm_start=True).fit(X, y)
    X[:9, :, 1] = 300
    for train in (fitted.fit, fitted.partial_fit):
        with pytest.warns(UnknownCategoryWarning, match="9 of 200"):
            train(X, y)
    assert fitted.categories_[0].tolist() == [103, 107]
    assert clone(fitted).fit(X, y).categories_[0].tolist() == [103, 107, 300]
    assert not hasattr(quick(categorical_features=None).fit(X / 100, y), "categories_")


def test_values_of_categories_are_not_called_unscaled(X, y):
    X[:, :, 1] *= 1000
    quick().fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categorical_features": [0]}, "Column 0 of X .* must be integers"),
        ({"categorical_features": [2]}, "windows have columns 0 to 1"),
        ({"categorical_features": ["kind"]}, "Give feature_names too"),
        ({"categorical_features": [1], "static_features": [0]}, "All columns"),
        (
            {"normalization": "last", "target_columns": [1]},
            "Column 1 is in target_columns, and also in categorical_features",
        ),
    ],
)
def test_refusals(X, y, change, message):
    with pytest.raises(ValueError, match=message):
        quick(**change).fit(X, y)


def test_a_column_without_any_known_category(X, y):
    X[:, :, 1] = -1
    with pytest.raises(ValueError, match="has no known category"):
        quick().fit(X, y)


def test_a_network_alone_needs_the_number_of_categories():
    with pytest.raises(ValueError, match="There are 1 categorical_features, but n_cat"):
        recurrent_network((3, 2), categorical_features=[1])
    network = recurrent_network((3, 2))
    assert any(isinstance(layer, MaskUnknown) for layer in network.layers)
