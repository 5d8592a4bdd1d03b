"""Explanations: planted steps and columns are found, and parts sum to the whole."""

import sys

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.exceptions import InexactAttributionsWarning
from skforecast_lstm.inspection import (
    AttributionDisplay,
    permutation_importance,
    window_attributions,
)
from skforecast_lstm.metrics import get_scorer

mpl.use("Agg")
from matplotlib import pyplot as plt

N_STEPS, N_COLUMNS = 5, 3


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def planted(seed, n_rows=300):
    """Return windows, a target from one step and column, and their places."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, N_STEPS, N_COLUMNS))
    step, column = rng.integers(N_STEPS), rng.integers(N_COLUMNS)
    y = 100 + 20 * X[:, step, column] + rng.normal(0, 2, n_rows)
    return X, y, step, column


def trained(X, y, estimator=LSTMRegressor, **parameters):
    settings = {"units": 8, "epochs": 40, "learning_rate": 0.02, "random_state": 0}
    return estimator(**(settings | parameters)).fit(X, y)


def check_complete(parts, forecasts, base_forecasts):
    """The parts sum to the difference of the forecasts, to a thousandth."""
    differences = forecasts - base_forecasts
    tolerance = 1e-3 * np.abs(differences).max()
    np.testing.assert_allclose(parts.sum(axis=(1, 2)), differences, atol=tolerance)


@pytest.mark.parametrize("seed", range(3))
def test_the_planted_step_and_column_are_found(seed):
    X, y, step, column = planted(seed)
    model = trained(X, y)
    parts = window_attributions(model, X)
    place = np.unravel_index(np.abs(parts).mean(axis=0).argmax(), parts.shape[1:])
    assert place == (step, column)
    check_complete(parts, model.predict(X), model.predict(X.mean(axis=0)[None]))
    result = permutation_importance(model, X, y, random_state=0)
    assert result.importances.shape == (N_COLUMNS, 5)
    assert result.importances_mean.argmax() == column
    assert result.importances_std.shape == (N_COLUMNS,)
    others = np.delete(result.importances_mean, column)
    assert result.importances_mean[column] > 1 > 0.2 > others.max()


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_members": 2},
        {"bidirectional": True, "cell": "gru"},
        # The gradient jumps, so more points are needed.
        {"segment": 5, "dense_units": 4},
    ],
)
def test_parts_sum_to_the_difference_for_any_network(parameters):
    X, y, *_ = planted(0)
    model = trained(X, y, epochs=5, **parameters)
    baseline = X[7]
    n_points = 512 if "segment" in parameters else 64
    parts = window_attributions(model, X[:9], baseline=baseline, n_points=n_points)
    check_complete(parts, model.predict(X[:9]), model.predict(baseline[None]))
    assert (parts[7] == 0).all()


@pytest.mark.parametrize("normalization", ["last", "standard"])
def test_normalized_windows(normalization):
    series = 50 + np.random.default_rng(0).normal(size=200).cumsum()
    X = np.lib.stride_tricks.sliding_window_view(series, 6)
    model = trained(X[:-1], X[1:, -1], epochs=3, normalization=normalization)
    parts = window_attributions(model, X[:20], baseline=X[50])
    assert parts.shape == (20, 6, 1)
    check_complete(parts, model.predict(X[:20]), model.predict(X[50:51]))


def test_unknown_steps_have_no_part_and_are_unknown_in_the_baseline():
    X, y, *_ = planted(1)
    model = trained(X, y, epochs=5)
    X = X[:4].copy()
    X[1, :2] = np.nan
    X[2] = np.nan
    baseline = np.ones(X.shape[1:])
    parts = window_attributions(model, X, baseline=baseline)
    assert (parts[np.isnan(X)] == 0).all()
    bases = np.where(np.isnan(X), np.nan, baseline)
    check_complete(parts, model.predict(X), model.predict(bases))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_of_a_class(n_classes):
    X, y, *_ = planted(0)
    labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    model = trained(X, labels, LSTMClassifier, epochs=5)
    for output in range(n_classes):
        parts = window_attributions(model, X, output=output)
        forecasts, base = model.predict_proba(X), model.predict_proba(X.mean(0)[None])
        check_complete(parts, forecasts[:, output], base[:, output])
    if n_classes == 2:
        np.testing.assert_array_equal(window_attributions(model, X), parts)
    else:
        with pytest.raises(ValueError, match=r"from 0 to 2, .* 3 classes \[0, 1, 2\]"):
            window_attributions(model, X)


def test_a_pipeline_explains_the_windows_that_its_network_reads():
    rng = np.random.default_rng(0)
    series = rng.normal(size=(300, 2))
    y = np.roll(series[:, 1], 2)
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(4, horizon=1),
        LSTMRegressor(units=8, epochs=40, learning_rate=0.02, random_state=0),
    ).fit(series, y)
    parts = window_attributions(pipe, series[:100])
    assert parts.shape == (100, 4, 2)
    assert np.abs(parts).mean(axis=0).argmax() == 2 * 2 + 1
    result = permutation_importance(
        pipe, series, y, scoring="neg_mean_absolute_error", n_repeats=2, random_state=0
    )
    assert result.importances_mean.argmax() == 1
    again = permutation_importance(
        pipe, series, y, scoring="neg_mean_absolute_error", n_repeats=2, random_state=0
    )
    np.testing.assert_array_equal(result.importances, again.importances)


@pytest.mark.parametrize(
    ("given", "refit"),
    [
        ("neg_mean_absolute_error", True),
        ({"error": "neg_mean_absolute_error", "r2": "r2"}, "error"),
        (get_scorer("neg_mean_absolute_error", multioutput="raw_values"), "score"),
    ],
)
def test_columns_are_judged_by_the_score_of_the_search(given, refit):
    X, y, *_ = planted(0)
    scoring = "neg_mean_absolute_error"
    search = GridSearchCV(
        LSTMRegressor(epochs=1), {"units": [2]}, scoring=given, refit=refit, cv=2
    ).fit(X, y)
    found, expected = (
        permutation_importance(search, X, y, scoring=one, random_state=0)
        for one in (None, scoring)
    )
    np.testing.assert_array_equal(found.importances, expected.importances)
    if refit == "error":
        search.refit = lambda results: 0
        with pytest.raises(ValueError, match="several scores, and chose by none"):
            permutation_importance(search, X, y)


def test_what_cannot_be_explained_is_refused(monkeypatch):
    X, y, *_ = planted(0)
    model = trained(X, np.stack([y, y], axis=1), epochs=1)
    with pytest.raises(ValueError, match="from 0 to 1, for one of the 2 targets"):
        window_attributions(model, X)
    with pytest.raises(ValueError, match=r"a window of shape \(5, 3\)"):
        window_attributions(model, X, output=0, baseline=np.zeros(5))
    with pytest.raises(ValueError, match="X has no rows"):
        window_attributions(model, X[:0], output=0)
    with pytest.raises(ValueError, match="scoring must be one score"):
        permutation_importance(model, X, y, scoring=["r2"])
    linear = LinearRegression().fit(X[:, 0], y)
    with pytest.raises(ValueError, match="LinearRegression does not read windows"):
        permutation_importance(linear, X[:, 0], y)
    binned = BinnedRegressor(LSTMClassifier(units=2, epochs=1), n_bins=3).fit(X, y)
    with pytest.raises(TypeError, match="got BinnedRegressor"):
        window_attributions(binned, X)
    X[:, :, 0] = np.arange(len(X))[:, None] % 3
    categorical = trained(X, y, epochs=1, categorical_features=[0])
    with pytest.raises(ValueError, match="no values between categories"):
        window_attributions(categorical, X)
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(RuntimeError, match="need the gradients of JAX"):
        window_attributions(model, X, output=0)


def test_sums_that_are_wrong_are_reported():
    X, y, *_ = planted(0)
    model = trained(X, y)
    with pytest.warns(InexactAttributionsWarning, match="larger n_points") as caught:
        window_attributions(model, 5 * X, n_points=1)
    assert caught[0].filename == __file__
    with pytest.warns(InexactAttributionsWarning, match="larger n_points") as caught:
        AttributionDisplay.from_estimator(model, 5 * X, n_points=1)
    assert caught[0].filename == __file__


# Displays


@pytest.fixture
def shown():
    """A pipeline of two named columns, its rows and its target."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=60)
    table = pd.DataFrame(rng.normal(size=(60, 2)), days, ["sun", "wind"])
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(horizon=1, lags=[1, 2, 7]),
        LSTMRegressor(units=3, epochs=2, random_state=0),
    )
    return pipe.fit(table, table["sun"].rename("power (W)")), table


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_a_display_has_the_parts_of_one_forecast(shown):
    pipe, table = shown
    parts = window_attributions(pipe, table)
    for row in (30, -30):
        display = AttributionDisplay.from_estimator(pipe, table, row=row)
        np.testing.assert_allclose(display.parts, parts[row], rtol=1e-4, atol=1e-6)
    drawn = display.image_.get_array()
    np.testing.assert_array_equal(drawn, display.parts.T)
    low, high = display.image_.get_clim()
    assert -low == high == np.abs(drawn).max()
    assert ticks(display.ax_.xaxis) == ["7", "2", "1"]
    names = [name.split("\n")[0] for name in ticks(display.ax_.yaxis)]
    assert names == ["sun", "wind"]
    sums = [float(name.split("\n")[1]) for name in ticks(display.ax_.yaxis)]
    np.testing.assert_allclose(sums, parts[-30].sum(axis=0), rtol=0.01)
    assert len(display.texts_) == 6
    assert display.colorbar_.ax.get_ylabel() == "Part of the forecast of power (W)"
    title = display.ax_.get_title()
    forecast = pipe.predict(table)[-30]
    assert title.startswith(f"Forecast for 2026-01-31: {forecast:.4g}\n")
    assert display.ax_.get_xlabel() == "Lag of the step"
    display.figure_.canvas.draw()
    _, ax = plt.subplots()
    assert display.plot(ax=ax).ax_ is ax


def test_a_display_of_all_rows_has_mean_sizes(shown):
    pipe, table = shown
    display = AttributionDisplay.from_estimator(pipe, table)
    parts = window_attributions(pipe, table)
    np.testing.assert_allclose(display.parts, np.abs(parts).mean(axis=0), rtol=1e-5)
    assert display.image_.get_clim()[0] == 0
    assert display.ax_.get_title() == "Mean size of the parts of 60 forecasts"
    again = AttributionDisplay.from_attributions(parts, columns=["sun", "wind"])
    np.testing.assert_allclose(again.parts, display.parts, rtol=1e-5)
    assert ticks(again.ax_.xaxis) == ["2", "1", "0"]


def test_windows_of_one_column_have_bars():
    X = np.random.default_rng(0).normal(size=(50, 30))
    labels = np.where(X[:, -1] > 0, "up", "down")
    model = trained(X, labels, LSTMClassifier, epochs=1)
    display = AttributionDisplay.from_estimator(model, X, row=3)
    assert display.image_ is None
    heights = [bar.get_height() for bar in display.bars_]
    np.testing.assert_allclose(heights, display.parts[:, 0])
    colours = {bar.get_facecolor() for bar in display.bars_ if bar.get_height() < 0}
    assert len(colours) == 1
    assert not colours & {b.get_facecolor() for b in display.bars_ if b.get_height() > 0}
    assert display.ax_.get_ylabel() == "Part of the probability of up"
    assert ticks(display.ax_.xaxis)[-1] == "0"
    assert len(ticks(display.ax_.xaxis)) <= 12


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.UnknownStepsWarning")
def test_names_of_steps_and_columns_are_those_of_the_windows():
    table = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"]
    )
    pipe = make_pipeline(
        LookbackWindower(4, horizon=2, known=["b"], n_steps=2),
        LSTMRegressor(units=2, epochs=1, n_known=1, target_columns=[0]),
    )
    targets = pd.concat([table["a"], table["a"].shift(-1)], axis=1)
    pipe.fit(table[:-1], targets[:-1].set_axis(["a_t+1", "a_t+2"], axis=1))
    display = AttributionDisplay.from_estimator(pipe, table[:50], row=9, output=1)
    names = [name.split("\n")[0] for name in ticks(display.ax_.yaxis)]
    assert names == ["a", "b", "b (known ahead)"]
    assert "a_t+2" in display.colorbar_.ax.get_ylabel()
    assert display.ax_.get_title().startswith("Forecast for row 9: ")


@pytest.mark.parametrize(
    ("step", "label"),
    [
        (StandardScaler(), "Lag of the step"),
        (SelectKBest(f_regression, k=4), "Steps back in the window"),
    ],
)
def test_lags_are_told_only_if_the_windows_are_kept(step, label):
    table = np.random.default_rng(0).normal(size=(60, 2))
    lags = LookbackWindower(4, horizon=1, layout="flat", warmup="edge")
    # The scaler gets four columns, and the selection four of eight.
    columns = table[:, :1] if isinstance(step, StandardScaler) else table
    pipe = make_pipeline(lags, SimpleImputer(), step, LSTMRegressor(units=2, epochs=1))
    pipe.fit(columns, table[:, 0])
    display = AttributionDisplay.from_estimator(pipe, columns.tolist(), row=5)
    assert display.ax_.get_xlabel() == label
    assert display.ax_.get_title().startswith("Forecast for row 5: ")


def test_what_cannot_be_drawn_is_refused(shown, monkeypatch):
    pipe, table = shown
    with pytest.raises(ValueError, match="row must be from -60 to 59"):
        AttributionDisplay.from_estimator(pipe, table, row=60)
    parts = np.ones((4, 3, 2))
    with pytest.raises(ValueError, match="row must be from -4 to 3"):
        AttributionDisplay.from_attributions(parts, row=4)
    with pytest.raises(ValueError, match=r"got shape \(4, 3\)"):
        AttributionDisplay.from_attributions(parts[:, :, 0])
    with pytest.raises(ValueError, match="columns has 1 entries, but the parts have 2"):
        AttributionDisplay.from_attributions(parts, columns=["a"])
    with pytest.raises(ValueError, match="lags has 2 entries, but the parts have 3"):
        AttributionDisplay.from_attributions(parts, lags=[2, 1])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"Display needs .*skforecast-lstm\[plot\]"):
        AttributionDisplay.from_estimator(pipe, table)
