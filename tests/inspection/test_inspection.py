"""The displays: what is drawn is what was given, and what is said when it can't be."""

import itertools
import sys

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error, median_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    recursive_forecast,
)
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.inspection import (
    ForecastDisplay,
    LossCurveDisplay,
    SearchDisplay,
    WindowDisplay,
    window_attributions,
)
from skforecast_lstm.inspection._drawing import place_ticks
from skforecast_lstm.metrics import get_scorer
from skforecast_lstm.networks import QuantileLoss
from skforecast_lstm.targets import horizon_targets

mpl.use("Agg")
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    plt.close("all")
    yield
    plt.close("all")


def quick(estimator=LSTMRegressor, **parameters):
    return estimator(**{"units": 2, "epochs": 3, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def series():
    """A noisy wave, as a frame of hours."""
    hours = pd.date_range("2026-01-01", periods=120, freq="h", name="hour")
    values = np.sin(np.arange(120) / 4) + np.random.default_rng(0).normal(0, 0.1, 120)
    return pd.DataFrame({"load": values}, index=hours)


@pytest.fixture(scope="module")
def stopped(series):
    """A pipeline that held rows out for validation."""
    regressor = quick(epochs=8, early_stopping=True, metrics=["mae"])
    return make_pipeline(LookbackWindower(4, horizon=1), regressor).fit(series, series)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def xy_of(line):
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata())


# -- what all of them share ----------------------------------------------------


def all_displays(stopped, series):
    """Each display with an argument it can be made of."""
    search = GridSearchCV(Ridge(), {"alpha": [1, 2]}).fit(series, series)
    return {
        "loss": lambda **kw: LossCurveDisplay.from_estimator(stopped, **kw),
        "forecast": lambda **kw: ForecastDisplay.from_predictions(
            series, series.to_numpy(), **kw
        ),
        "window": lambda **kw: WindowDisplay.from_estimator(stopped, series, **kw),
        "search": lambda **kw: SearchDisplay.from_estimator(search, **kw),
    }


@pytest.mark.parametrize("kind", ["loss", "forecast", "window", "search"])
def test_it_draws_into_the_axes_given_or_into_a_new_figure(kind, stopped, series):
    make = all_displays(stopped, series)[kind]
    display = make()
    assert plt.get_fignums() == [display.figure_.number]
    assert display.ax_.figure is display.figure_
    for text in (display.ax_.get_title(), display.ax_.get_xlabel()):
        assert text
    assert display.ax_.get_ylabel()
    assert all(legend_of(display.ax_))
    _, axes = plt.subplots(1, 2)
    given = make(ax=axes[1])
    assert given.ax_ is axes[1]
    assert not axes[0].has_data()
    assert len(plt.get_fignums()) == 2
    assert given.plot(ax=axes[0]) is given
    assert given.ax_ is axes[0]
    given.figure_.canvas.draw()


@pytest.mark.parametrize("kind", ["loss", "forecast", "window", "search"])
def test_without_matplotlib_it_says_what_to_install(kind, stopped, series, monkeypatch):
    make = all_displays(stopped, series)[kind]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"Display needs .*skforecast-lstm\[plot\]"):
        make()


# -- loss curves ---------------------------------------------------------------


def test_loss_and_validation_loss_are_those_of_the_history(stopped):
    display = LossCurveDisplay.from_estimator(stopped)
    history = stopped[-1].history_
    assert list(display.lines_) == ["loss", "val_loss"]
    for name, line in display.lines_.items():
        epochs, values = xy_of(line)
        np.testing.assert_array_equal(epochs, np.arange(1, len(history[name]) + 1))
        np.testing.assert_array_equal(values, history[name])
    best = int(np.argmin(history["val_loss"])) + 1
    assert display.best_epoch_ == best
    assert display.best_lines_[0].get_xdata() == [best, best]
    assert display.ax_.get_ylabel().startswith("Loss (mean squared error)")
    assert legend_of(display.ax_)[:2] == ["training", "validation"]


def in_a_pipeline(network, series):
    return make_pipeline(LookbackWindower(4, horizon=1), network).fit(series, series)


def in_a_search(network, series):
    pipe = make_pipeline(LookbackWindower(4, horizon=1), network)
    grid = {"lstmregressor__learning_rate": [0.001, 0.01]}
    return GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2)).fit(series, series)


def around_targets(network, series):
    pipe = make_pipeline(LookbackWindower(4, horizon=1), network)
    outer = TransformedTargetRegressor(pipe, transformer=StandardScaler())
    return outer.fit(series, series["load"])


def in_bins(network, series):
    pipe = make_pipeline(
        LookbackWindower(4, horizon=1, warmup="edge"),
        SimpleImputer(),
        BinnedRegressor(quick(LSTMClassifier), n_bins=2),
    )
    pipe[0].set_params(layout="flat")
    return pipe.fit(series, series["load"])


def of_classes(network, series):
    pipe = make_pipeline(LookbackWindower(4, horizon=1), quick(LSTMClassifier))
    return pipe.fit(series, series["load"] > 0)


@pytest.mark.parametrize(
    ("fitted", "network_in"),
    [
        (in_a_pipeline, lambda pipe: pipe[-1]),
        (in_a_search, lambda search: search.best_estimator_[-1]),
        (around_targets, lambda outer: outer.regressor_[-1]),
        (in_bins, lambda pipe: pipe[-1].classifier_),
        (of_classes, lambda pipe: pipe[-1]),
    ],
)
def test_the_network_is_found_wherever_it_is(fitted, network_in, series):
    estimator = fitted(quick(), series)
    display = LossCurveDisplay.from_estimator(estimator)
    network = network_in(estimator)
    np.testing.assert_array_equal(
        xy_of(display.lines_["loss"])[1], network.history_["loss"]
    )
    assert list(display.lines_) == ["loss"]
    assert display.best_epoch_ is None
    assert display.best_lines_ == []


def test_each_metric_has_axes_of_its_own(stopped):
    display = LossCurveDisplay.from_estimator(stopped, metrics=["loss", "mae"])
    assert len(display.axes_) == len(display.best_lines_) == 2
    assert list(display.lines_) == ["loss", "val_loss", "mae", "val_mae"]
    assert display.lines_["val_mae"].axes is display.axes_[1]
    assert display.axes_[1].get_ylabel() == "Mae"
    only = LossCurveDisplay.from_estimator(stopped, metrics="val_mae")
    assert list(only.lines_) == ["val_mae"]
    _, axes = plt.subplots(2)
    assert list(display.plot(axes, metrics=["mae", "loss"]).axes_) == list(axes)
    with pytest.raises(ValueError, match="needs 2 Axes, but ax has 1"):
        display.plot(axes[0], metrics=["mae", "loss"])


def test_the_learning_rate_is_drawn_where_keras_recorded_it(series):
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 10)
    pipe = in_a_pipeline(quick(callbacks=falling), series)
    display = LossCurveDisplay.from_estimator(pipe, metrics="learning_rate")
    recorded = xy_of(display.lines_["learning_rate"])[1]
    np.testing.assert_allclose(recorded, [5e-4, 5e-5, 5e-6], rtol=1e-5)
    assert display.ax_.get_yscale() == "log"
    assert legend_of(display.ax_) == ["learning rate"]


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1.0, 0.1], "linear"), ([1.0, 0.01], "log"), ([1.0, 0.0], "linear")],
)
def test_values_over_a_wide_range_are_drawn_on_a_log_scale(values, scale):
    display = LossCurveDisplay.from_history({"loss": values})
    assert display.ax_.get_yscale() == scale
    for asked in ("linear", "log"):
        assert display.plot(yscale=asked).ax_.get_yscale() == asked
    assert display.ax_.get_ylabel() == "Loss, logarithmic"


def test_trainings_in_the_same_axes_are_told_apart():
    first = LossCurveDisplay.from_history({"loss": [3, 2]}, name="small")
    second = LossCurveDisplay.from_history(
        {"loss": [2, 1], "val_loss": [2, np.nan]}, name="large", ax=first.ax_
    )
    lines = [first.lines_["loss"], second.lines_["loss"], second.lines_["val_loss"]]
    assert len({line.get_color() for line in lines}) == 3
    assert second.best_epoch_ == 1
    assert legend_of(second.ax_) == [
        "small, training",
        "large, training",
        "large, validation",
        "large, lowest validation loss (epoch 1)",
    ]


def test_one_epoch_is_a_point_and_the_style_can_be_chosen():
    style = {"c": "red", "lw": 3}
    line = LossCurveDisplay.from_history({"loss": [3.0]}, line_kw=style).lines_["loss"]
    assert (line.get_marker(), line.get_color(), line.get_linewidth()) == ("o", "red", 3)
    display = ForecastDisplay.from_predictions([1, 2], [[3], [4]], line_kw=style)
    for line in display.lines_:
        assert (line.get_color(), line.get_linewidth()) == ("red", 3)


@pytest.mark.parametrize(
    ("history", "metrics", "message"),
    [
        ({}, "loss", "history is empty"),
        ({"loss": []}, "loss", "history is empty"),
        (
            {"loss": [1]},
            "val_loss",
            "no validation data were held out. Set early_stopping=True",
        ),
        ({"loss": [1], "mae": [1]}, "val_mae", "no validation data were held out"),
        ({"loss": [1]}, "learning_rate", "records it only if a callback such as Reduce"),
        ({"loss": [1]}, "mae", "no 'mae' in the history, which has 'loss'. To record it"),
    ],
)
def test_what_was_not_recorded_is_named_with_the_reason(history, metrics, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_history(history, metrics=metrics)
    assert plt.get_fignums() == []


def test_what_has_no_history_is_refused(series):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LossCurveDisplay.from_estimator(make_pipeline(LookbackWindower(), quick()))
    with pytest.raises(TypeError, match="There is no LSTM in Pipeline with Ridge"):
        LossCurveDisplay.from_estimator(make_pipeline(Ridge()).fit(series, series))
    bag = BaggingRegressor(Ridge(), n_estimators=2).fit(series, series["load"])
    with pytest.raises(TypeError, match="BaggingRegressor has several estimators"):
        LossCurveDisplay.from_estimator(bag)
    with pytest.raises(TypeError, match="dict of lists, got History"):
        LossCurveDisplay.from_history(keras.callbacks.History())
    with pytest.raises(ValueError, match="metrics is empty"):
        LossCurveDisplay.from_history({"loss": [1]}, metrics=[])
    with pytest.raises(ValueError, match="yscale must be"):
        LossCurveDisplay.from_history({"loss": [1]}, yscale="logit")
    search = GridSearchCV(Ridge(), {"alpha": [1, 2]}, refit=False).fit(series, series)
    with pytest.raises(ValueError, match="GridSearchCV was created with refit=False"):
        LossCurveDisplay.from_estimator(search)


# -- forecasts -----------------------------------------------------------------


def drawn(line):
    """Times and values of a line; times as they were given."""
    return pd.Index(line.get_xdata(orig=True)), line.get_ydata(orig=True)


def bounds_of(band):
    """Lower and upper bounds at each place of a band."""
    points = pd.DataFrame(band.get_paths()[0].vertices).drop_duplicates()
    return points.groupby(0)[1].agg(["min", "max"]).to_numpy()


def test_actual_values_and_forecast_are_drawn_as_given(series):
    forecast = series["load"].to_numpy() + 1
    display = ForecastDisplay.from_predictions(series, forecast, name="LSTM")
    for line, values in (
        (display.actual_, series["load"]),
        (display.lines_[0], forecast),
    ):
        times, y = drawn(line)
        np.testing.assert_array_equal(times, series.index)
        np.testing.assert_array_equal(y, values)
    assert display.ax_.get_xlabel() == "hour"
    assert display.ax_.get_ylabel() == "load"
    assert legend_of(display.ax_) == ["actual", "LSTM"]
    # It begins with the first row, before which nothing is known.
    assert display.starts_ == []


def test_a_series_is_drawn_at_its_index_also_behind_the_end(airline):
    y = airline["passengers"]
    forecast = pd.Series(1.0, index=pd.period_range("1960-07", periods=12, freq="M"))
    display = ForecastDisplay.from_predictions(y, forecast)
    times, values = drawn(display.lines_[0])
    np.testing.assert_array_equal(times, forecast.index.to_timestamp())
    np.testing.assert_array_equal(values, forecast)
    mark = drawn(display.starts_[0])[0]
    assert list(mark) == [pd.Timestamp("1960-06-01")] * 2
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("index", "behind"),
    [
        (pd.RangeIndex(4), [4, 5]),
        (pd.Index([0.0, 0.5, 1.0, 1.5]), [2.0, 2.5]),
        (pd.period_range("2026-01", periods=4, freq="M"), ["2026-05-01", "2026-06-01"]),
        (pd.date_range("2026-01", periods=4, freq="MS"), ["2026-05-01", "2026-06-01"]),
        (
            pd.DatetimeIndex(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]),
            ["2026-05-01", "2026-06-01"],
        ),
        (
            pd.DatetimeIndex(["2026-01-01", "2026-01-05", "2026-01-06", "2026-01-08"]),
            ["2026-01-09", "2026-01-10"],
        ),
        (
            pd.DatetimeIndex(["2025-12-30", "2025-12-31", "2026-01-02", "2026-01-08"]),
            ["2026-01-09", "2026-01-12"],
        ),
        (pd.to_timedelta([1, 2, 3, 4], unit="s"), [5.0, 6.0]),
    ],
)
def test_times_behind_the_last_go_on_as_before(index, behind):
    y = pd.Series(np.arange(4.0), index=index)
    display = ForecastDisplay.from_predictions(y, [[7.0, 8.0]])
    times, values = drawn(display.lines_[0])
    expected = pd.DatetimeIndex(behind) if isinstance(behind[0], str) else behind
    np.testing.assert_array_equal(times, expected)
    np.testing.assert_array_equal(values, [7, 8])
    display.figure_.canvas.draw()


def test_forecasts_from_many_origins_begin_where_they_are_said_to():
    y = np.arange(20.0)
    forecasts = np.arange(9.0).reshape(3, 3)
    intervals = {0.5: (forecasts - 1, forecasts + 1), 0.9: (forecasts - 2, forecasts + 2)}
    display = ForecastDisplay.from_predictions(
        y, forecasts, starts=[0, 4, 20], intervals=intervals
    )
    assert [list(line.get_xdata()) for line in display.lines_] == [
        [0, 1, 2],
        [4, 5, 6],
        [20, 21, 22],
    ]
    np.testing.assert_array_equal(
        [line.get_ydata() for line in display.lines_], forecasts
    )
    assert [mark.get_xdata()[0] for mark in display.starts_] == [3, 19]
    assert len({line.get_color() for line in display.lines_}) == 1
    wide, narrow = display.bands_[2:4]
    np.testing.assert_array_equal(bounds_of(wide), [[1, 5], [2, 6], [3, 7]])
    np.testing.assert_array_equal(bounds_of(narrow), [[2, 4], [3, 5], [4, 6]])
    assert display.ax_.get_title() == "Forecasts from 3 origins"
    assert legend_of(display.ax_) == [
        "actual",
        "forecast",
        "forecast, 90 % interval",
        "forecast, 50 % interval",
        "start of a forecast",
    ]


def test_of_a_forecast_from_every_row_those_are_drawn_that_do_not_overlap():
    y = np.arange(7.0)
    display = ForecastDisplay.from_predictions(y, y[:, None] + np.arange(3))
    assert [list(line.get_xdata()) for line in display.lines_] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
    ]
    assert [list(line.get_ydata()) for line in display.lines_] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
    ]


def test_recursive_forecasts_fit_in_as_they_come(stopped, series):
    forecasts = recursive_forecast(stopped, series, 6, starts=[60, 120])
    display = ForecastDisplay.from_predictions(series, forecasts, starts=[60, 120])
    np.testing.assert_array_equal(
        [line.get_ydata() for line in display.lines_], forecasts.reshape(2, 6)
    )
    assert drawn(display.lines_[1])[0][0] == pd.Timestamp("2026-01-06")
    one = ForecastDisplay.from_predictions(series, recursive_forecast(stopped, series, 6))
    assert drawn(one.lines_[0])[0][0] == pd.Timestamp("2026-01-06")


def test_a_second_forecast_in_the_same_axes_has_another_colour(series):
    first = ForecastDisplay.from_predictions(series, series.to_numpy(), name="a")
    second = ForecastDisplay.from_predictions(
        series, series.to_numpy() + 1, name="b", ax=first.ax_
    )
    assert first.lines_[0].get_color() != second.lines_[0].get_color()
    assert legend_of(second.ax_) == ["actual", "a", "b"]


def test_a_pipeline_is_drawn_by_what_it_predicts(stopped, series):
    display = ForecastDisplay.from_estimator(stopped, series, series)
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), stopped.predict(series).ravel()
    )
    test = series[100:]
    with pytest.warns(UnknownStepsWarning, match="first at row 0"):
        with_past = ForecastDisplay.from_estimator(stopped, test, series["load"])
    with pytest.warns(UnknownStepsWarning, match="first at row 0"):
        predicted = stopped.predict(test)
    times, values = drawn(with_past.lines_[0])
    np.testing.assert_array_equal(times, test.index)
    np.testing.assert_array_equal(values, predicted.ravel())
    assert drawn(with_past.starts_[0])[0][0] == series.index[99]
    X = series.to_numpy()
    arrays = ForecastDisplay.from_estimator(Ridge().fit(X, X), X, X)
    assert list(arrays.lines_[0].get_xdata()) == list(range(120))


def test_a_pipeline_of_several_steps_is_drawn_one_forecast_after_the_other(series):
    pipe = make_pipeline(
        LookbackWindower(4, horizon=1, layout="flat"), SimpleImputer(), Ridge()
    )
    pipe.fit(series[:90], horizon_targets(series, 5)[:90])
    test = series[90:]
    display = ForecastDisplay.from_estimator(pipe, test, series)
    assert [drawn(line)[0][0] for line in display.lines_] == list(test.index[::5])
    np.testing.assert_array_equal(
        [line.get_ydata() for line in display.lines_], pipe.predict(test)[::5]
    )


@pytest.mark.parametrize("kind", ["times", "periods", "numbers", "elapsed"])
def test_steps_in_a_gap_have_their_own_times(kind):
    every = pd.date_range("2026-01-01", periods=60, freq="h")
    index = {
        "times": every.tz_localize("Europe/Berlin"),
        "periods": every.to_period("h"),
        "numbers": pd.RangeIndex(0, 300, 5),
        "elapsed": every - every[0],
    }[kind]
    y = pd.Series(np.sin(np.arange(60) / 4), index).drop(index[[20, 21, 22, 40]])
    display = ForecastDisplay.from_predictions(
        y, np.zeros((4, 5)), starts=[1, 18, 20, 56]
    )
    for forecast, begin in zip(display.forecasts[:-1], [1, 18, 23], strict=True):
        assert forecast.index.tolist() == index[begin : begin + 5].tolist()
    last = display.forecasts[-1].index
    assert len(last) == 5
    assert last[0] - index[-1] == index[1] - index[0]
    far = y.rename(index={y.index[-1]: y.index[-1] + 10**6 * (index[1] - index[0])})
    display = ForecastDisplay.from_predictions(far, np.zeros((1, 5)), starts=[54])
    assert display.forecasts[0].index.tolist()[:1] == index[[58]].tolist()


@pytest.mark.parametrize("gaps", ["nan", "ignore"])
def test_steps_of_a_pipeline_are_rows_only_if_it_ignores_gaps(gaps, series):
    X = series.drop(series.index[[90, 91]])
    windower = LookbackWindower(4, horizon=1, gaps=gaps)
    pipe = make_pipeline(windower, quick(epochs=1))
    folds = TimeSeriesSplit(2)
    search = GridSearchCV(pipe, {"lstmregressor__units": [2]}, cv=folds)
    search.fit(X, horizon_targets(X, 4, gaps=gaps))
    display = ForecastDisplay.from_estimator(search, X, X)
    expected = series.index[88:92] if gaps == "nan" else X.index[88:92]
    assert display.forecasts[22].index.tolist() == expected.tolist()


def test_columns_and_quantiles_are_not_drawn_as_steps(series):
    both = series.assign(noise=np.arange(120.0) % 7)
    windower = LookbackWindower(4, horizon=1)
    network = quick(epochs=1)
    for y in (both, both.to_numpy(), horizon_targets(both, 2)):
        pipe = make_pipeline(windower, network).fit(both, y)
        with pytest.raises(ValueError, match=r"belong to several columns.* y_pred\[:, 0"):
            ForecastDisplay.from_estimator(pipe, both, series)
    pipe = make_pipeline(windower, network.set_params(loss=QuantileLoss([0.1, 0.9])))
    pipe.fit(both, np.column_stack([series, series]))
    with pytest.raises(ValueError, match="belong to several quantiles"):
        ForecastDisplay.from_estimator(pipe, both, series)
    pipe.set_params(lstmregressor__loss=None).fit(both, horizon_targets(series, 2))
    assert len(ForecastDisplay.from_estimator(pipe, both, series).lines_) == 60


@pytest.fixture(scope="module")
def forecaster(airline):
    regressor = LSTMRegressor(units=2, epochs=1)
    made = LSTMForecaster(lookback=6, regressor=regressor, random_state=0)
    return made.fit(airline["passengers"][:-12])


def test_a_forecaster_is_drawn_with_its_intervals(forecaster, airline):
    y = airline["passengers"]
    display = ForecastDisplay.from_estimator(forecaster, None, y, coverage=[0.5, 0.9])
    times, values = drawn(display.lines_[0])
    fh = np.arange(1, 13)
    np.testing.assert_array_equal(times, y.index[-12:].to_timestamp())
    np.testing.assert_array_equal(values, forecaster.predict(fh=fh))
    expected = forecaster.predict_interval(fh=fh, coverage=0.9)
    np.testing.assert_array_equal(bounds_of(display.bands_[0]), expected)
    ahead = ForecastDisplay.from_estimator(forecaster, None, y[-36:], fh=[1, 2, 20])
    assert len(ahead.lines_[0].get_xdata()) == 3
    assert ahead.bands_ == []


@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")
def test_a_forecaster_keeps_to_its_own_horizon(airline):
    from sktime.forecasting.naive import NaiveForecaster

    y = airline["passengers"].reset_index(drop=True)
    bounded, naive, fresh, unfitted = (NaiveForecaster(sp=12) for _ in range(4))
    bounded.fit(y[:-12], fh=[1, 3])
    naive.fit(y[:-12])
    fresh.fit(y[:-12])
    display = ForecastDisplay.from_estimator(bounded, None, y)
    assert list(display.lines_[0].get_xdata()) == [132, 134]
    # Whole numbers are times here, and not steps ahead.
    display = ForecastDisplay.from_estimator(naive, None, y[-20:])
    assert list(display.lines_[0].get_xdata()) == list(range(132, 144))
    with pytest.raises(ValueError, match=r"y ends at 131, .*fitted up to 131\. Give fh"):
        ForecastDisplay.from_estimator(fresh, None, y[:-12])
    with pytest.raises(ValueError, match="not been fitted yet"):
        ForecastDisplay.from_estimator(unfitted, None, y)


def of_two_columns(y):
    return pd.DataFrame({"a": y, "b": y})


HOURS = pd.Series(np.arange(4.0), index=pd.date_range("2026-01-01", periods=4, freq="h"))
PANEL = pd.Series(0.0, index=pd.MultiIndex.from_product([["a"], range(4)]))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (np.zeros((4, 2)), np.zeros(4)),
            ValueError,
            r"y_true must be one .* has shape \(4, 2\)",
        ),
        (
            (of_two_columns(HOURS), HOURS),
            ValueError,
            r"y_true must have one column, but has 'a', 'b'.",
        ),
        (
            (HOURS, of_two_columns(HOURS)),
            ValueError,
            r"y_pred must have one column, but has 'a', 'b'.",
        ),
        ((PANEL, np.zeros(4)), ValueError, "y_true has many series"),
        ((HOURS, PANEL), ValueError, "y_pred has many series"),
        (
            (HOURS[::-1], HOURS),
            ValueError,
            r"y_true is not sorted.* sort_index\(\)",
        ),
        ((HOURS, HOURS.to_period()), TypeError, "has a DatetimeIndex and .* PeriodIndex"),
        ((HOURS, HOURS.reset_index(drop=True)), TypeError, "DatetimeIndex and .* Index"),
        (
            (HOURS.set_axis(list("abcd")), HOURS),
            TypeError,
            "which can't be drawn on a time axis",
        ),
        ((["a", "b"], [1, 2]), TypeError, "y_true must contain numbers, but has type"),
        ((HOURS, list("abcd")), TypeError, "y_pred must contain numbers, but has type"),
        ((HOURS, np.zeros(3)), ValueError, r"y_pred has shape \(3,\), but .* 4 rows"),
        (
            (HOURS, np.zeros((2, 3))),
            ValueError,
            "forecasts from 2 origins.* Give starts",
        ),
        ((HOURS, np.zeros((2, 3, 2))), ValueError, r"such as y_pred\[:, :, 0\]"),
        (
            (HOURS[:1], np.zeros((1, 3))),
            ValueError,
            "y_true has 1 rows, but the next time",
        ),
    ],
)
def test_what_can_not_be_drawn_as_a_forecast_is_told(arguments, error, message):
    with pytest.raises(error, match=message):
        ForecastDisplay.from_predictions(*arguments)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"starts": [0, 1]}, ValueError, "Leave out starts"),
        ({"intervals": (HOURS, HOURS)}, TypeError, "dict from coverage .* got tuple"),
        ({"intervals": {90: (HOURS, HOURS)}}, ValueError, "over 0 and under 1, got 90"),
        ({"intervals": {0.9: (HOURS, [1])}}, ValueError, "upper bound for 0.9 has .*1,"),
        (
            {"intervals": {0.9: (HOURS.shift(freq="h"), HOURS)}},
            ValueError,
            "index of the lower bound for 0.9 differs",
        ),
        ({"intervals": of_two_columns(HOURS)}, ValueError, "columns of 1 level"),
    ],
)
def test_bounds_that_do_not_fit_are_told(keywords, error, message):
    with pytest.raises(error, match=message):
        ForecastDisplay.from_predictions(HOURS, HOURS, **keywords)


@pytest.mark.parametrize("starts", [[0], [0, 5], [-1, 0], [0.5, 1], ["a", "b"]])
def test_starts_that_are_no_rows_are_told(starts):
    with pytest.raises(ValueError, match="starts must be"):
        ForecastDisplay.from_predictions(HOURS, np.zeros((2, 3)), starts=starts)


def test_what_an_estimator_can_not_give_is_told(stopped, series):
    with pytest.raises(
        ValueError, match="for sktime forecasters, but Pipeline is not one"
    ):
        ForecastDisplay.from_estimator(stopped, series, series, coverage=0.9)
    with pytest.raises(ValueError, match="y has no row 2026-01-05 23:00:00"):
        ForecastDisplay.from_estimator(stopped, series, series[:-1])
    with pytest.raises(ValueError, match="X has 120 rows, but y has 119"):
        ForecastDisplay.from_estimator(stopped, series, series[:-1].to_numpy())
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(quick(), series.to_numpy(), series)


def test_for_a_forecaster_its_network_is_asked_for(forecaster, airline):
    wanted = r"LSTMForecaster is forecaster\.model_\.regressor"
    for explain in (LossCurveDisplay.from_estimator, SearchDisplay.from_estimator):
        with pytest.raises(TypeError, match=wanted):
            explain(forecaster)
    for explain in (WindowDisplay.from_estimator, window_attributions):
        with pytest.raises(TypeError, match=wanted):
            explain(forecaster, airline)
    LossCurveDisplay.from_estimator(forecaster.model_.regressor)


# -- windows -------------------------------------------------------------------

TAKEN, AHEAD = "in the window", "not known yet (horizon)"
REMEMBERED, REPEATED, UNKNOWN = "remembered from fit", "first row repeated", "unknown"


def told(display, row):
    """What the picture says of the window of a row, by step."""
    steps = display.steps[display.steps["row"] == row]
    return dict(zip(steps["step"], steps["what"], strict=True))


@settings(max_examples=25, deadline=None)
@given(
    lookback=st.integers(1, 6),
    horizon=st.integers(0, 4),
    step=st.integers(1, 3),
    layout=st.sampled_from(["sequence", "flat"]),
    row=st.integers(0, 39),
)
def test_a_window_takes_what_the_definition_says(lookback, horizon, step, layout, row):
    X = np.random.default_rng(0).normal(size=(40, 2))
    windower = LookbackWindower(lookback, horizon=horizon, step=step, layout=layout)
    display = WindowDisplay.from_estimator(windower.fit(X), X, rows=row)
    plt.close(display.figure_)
    window = {row - horizon - step * k for k in range(lookback)}
    expected = {t: TAKEN if t >= 0 else UNKNOWN for t in window}
    expected |= dict.fromkeys(range(row - horizon + 1, row), AHEAD)
    assert told(display, row) == expected


def test_history_that_directly_follows_is_shown_as_remembered(series):
    windower = LookbackWindower(3, horizon=1).fit(series[:100])
    follows = WindowDisplay.from_estimator(windower, series[100:], rows=[1])
    assert told(follows, 1) == {-2: REMEMBERED, -1: REMEMBERED, 0: TAKEN}
    apart = WindowDisplay.from_estimator(windower, series[101:], rows=[1])
    assert told(apart, 1) == {-2: UNKNOWN, -1: UNKNOWN, 0: TAKEN}
    without_index = WindowDisplay.from_estimator(
        LookbackWindower(3, horizon=1).fit(series[:100].to_numpy()),
        series[100:].to_numpy(),
        rows=[1],
    )
    assert told(without_index, 1) == {-2: UNKNOWN, -1: UNKNOWN, 0: TAKEN}


def test_a_pipeline_shows_what_reaches_its_windower(series):
    for container, what in (("default", UNKNOWN), ("pandas", REMEMBERED)):
        pipe = make_pipeline(
            StandardScaler(), LookbackWindower(2, horizon=1, layout="flat"), Ridge()
        )
        pipe[:2].set_output(transform=container)
        pipe.steps.insert(2, ("simpleimputer", SimpleImputer()))
        pipe.fit(series[:100], series[:100])
        display = WindowDisplay.from_estimator(pipe, series[100:], rows=[0])
        assert told(display, 0) == {-2: what, -1: what}
        assert display.ax_.get_yticklabels()[0].get_text() == "row 0\n2026-01-05 04:00"


def test_the_first_row_repeated_and_values_that_are_unknown_are_shown():
    X = np.arange(6.0).reshape(-1, 1)
    edge = LookbackWindower(3, horizon=1, warmup="edge").fit(X)
    display = WindowDisplay.from_estimator(edge, X, rows=[0, 1])
    assert told(display, 0) == {-3: UNKNOWN, -2: UNKNOWN, -1: UNKNOWN}
    assert told(display, 1) == {-2: REPEATED, -1: REPEATED, 0: TAKEN}
    X[2] = np.nan
    display = WindowDisplay.from_estimator(LookbackWindower(3).fit(X), X, rows=[3])
    assert told(display, 3) == {1: TAKEN, 2: UNKNOWN, 3: TAKEN}


@pytest.mark.parametrize("layout", ["sequence", "flat"])
def test_columns_that_are_known_ahead_do_not_make_steps_unknown(layout):
    X = np.arange(20.0).reshape(-1, 2)
    windower = LookbackWindower(3, horizon=1, layout=layout, known=[1], n_steps=2)
    display = WindowDisplay.from_estimator(windower.fit(X), X, rows=[5])
    assert told(display, 5) == {2: TAKEN, 3: TAKEN, 4: TAKEN}


def test_rows_that_are_missing_have_a_place():
    hours = pd.date_range("2026-01-01", periods=12, freq="h").delete([5, 6])
    X = pd.DataFrame({"load": np.arange(10.0)}, index=hours)
    windower = LookbackWindower(lags=[1, 2, 5], horizon=1)
    display = WindowDisplay.from_estimator(windower.fit(X), X, rows=[6])
    # Lag 5 of the row at 08:00 is the row at 03:00.
    assert told(display, 6) == {3: TAKEN, 6: UNKNOWN, 7: TAKEN}
    assert display.rows_.get_xdata() == [8]
    panel = pd.concat({"a": X, "b": X[2:]}).swaplevel().sort_index(level=0).swaplevel()
    display = WindowDisplay.from_estimator(windower.fit(panel), panel, rows=[-1])
    assert told(display, 17) == {4: UNKNOWN, 7: TAKEN, 8: TAKEN}


def test_a_window_of_many_series_stays_in_its_own():
    index = pd.MultiIndex.from_product([range(5), ["a", "b"]], names=["day", "shop"])
    X = pd.DataFrame({"sold": np.arange(10.0)}, index=index.swaplevel())
    windower = LookbackWindower(2, horizon=1).fit(X)
    display = WindowDisplay.from_estimator(windower, X, rows=[7])
    assert told(display, 7) == {1: TAKEN, 2: TAKEN}
    assert display.rows_.get_xdata() == [3]
    assert display.ax_.get_yticklabels()[0].get_text() == "row 7\nb, 3"


def test_boxes_lie_at_their_steps_and_the_rows_in_their_lanes():
    X = np.arange(10.0).reshape(-1, 1)
    windower = LookbackWindower(3, horizon=2).fit(X)
    display = WindowDisplay.from_estimator(windower, X)
    # The first row, one with a part of its window, the first with all of it, the next.
    assert list(display.rows_.get_xdata()) == [0, 2, 4, 5]
    assert list(display.rows_.get_ydata()) == [0, 1, 2, 3]
    middles = sorted(
        path.vertices[:4].mean(axis=0)[::-1].round(6).tolist()
        for path in display.boxes_[TAKEN].get_paths()
    )
    lanes = [[1, 0], [2, 0], [2, 1], [2, 2], [3, 1], [3, 2], [3, 3]]
    assert middles == lanes
    assert display.ax_.get_title() == "Windows: lags 4, 3, 2; horizon 2"
    assert legend_of(display.ax_) == [
        TAKEN,
        UNKNOWN,
        AHEAD,
        "row of the window",
        "start of X",
    ]
    last = WindowDisplay.from_estimator(windower, X, rows=[-1, 9, 8])
    assert list(last.rows_.get_xdata()) == [8, 9]


def test_what_has_no_windows_to_show_is_told(series, stopped):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        WindowDisplay.from_estimator(LookbackWindower(), series)
    with pytest.raises(
        TypeError, match="There is no LookbackWindower in Pipeline with R"
    ):
        WindowDisplay.from_estimator(make_pipeline(Ridge()).fit(series, series), series)
    for rows in ([200], [-121]):
        with pytest.raises(
            ValueError, match=r"rows must be from -120 to 119, .* 120 rows"
        ):
            WindowDisplay.from_estimator(stopped, series, rows=rows)
    for rows in ([0.5], [], [[1, 2]], ["a"]):
        with pytest.raises(ValueError, match="rows must be row numbers"):
            WindowDisplay.from_estimator(stopped, series, rows=rows)
    assert plt.get_fignums() == []


# -- searches ------------------------------------------------------------------


def searched(series, grid, *, search=GridSearchCV, **keywords):
    pipe = make_pipeline(
        LookbackWindower(2, horizon=1, layout="flat"), SimpleImputer(), Ridge()
    )
    keywords = {"scoring": "neg_mean_absolute_error", **keywords}
    found = search(pipe, grid, cv=TimeSeriesSplit(3), **keywords)
    return found.fit(series, series)


LOOKBACK, ALPHA, SOLVER = "lookbackwindower__lookback", "ridge__alpha", "ridge__solver"


def test_one_parameter_is_drawn_with_its_errors_over_folds(series):
    search = searched(series, {LOOKBACK: [1, 2, 4, 8, 16]})
    display = SearchDisplay.from_estimator(search)
    ((line, _, (bars,)),) = display.errorbars_
    results = search.cv_results_
    folds = np.array([results[f"split{fold}_test_score"] for fold in range(3)])
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 4, 8, 16])
    np.testing.assert_allclose(line.get_ydata(), -folds.mean(axis=0))
    spread = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
    np.testing.assert_allclose(spread, folds.std(axis=0))
    assert line.get_linestyle() == "-"
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel() == LOOKBACK
    assert display.ax_.get_ylabel() == "Mean absolute error (lower is better)"
    assert display.chosen_.get_xdata() == [search.best_params_[LOOKBACK]]
    np.testing.assert_allclose(display.chosen_.get_ydata(), [-search.best_score_])
    ticks = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert ticks == ["1", "2", "4", "8", "16"]


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_what_the_search_chose_is_marked_though_it_is_not_the_best(chosen, series):
    search = searched(series, {ALPHA: [1, 10, 1000]}, refit=lambda results: chosen)
    display = SearchDisplay.from_estimator(search)
    assert display.chosen_.get_xdata() == [[1, 10, 1000][chosen]]


class OfSize(RegressorMixin, BaseEstimator):
    """A regressor with a parameter as networks have it."""

    def __init__(self, units=2, *, cell=None, epochs=1):
        self.units = units
        self.cell = cell
        self.epochs = epochs

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(X) / np.sum(self.units)


def test_values_that_are_no_numbers_are_drawn_side_by_side(series):
    grid = {"units": [2, (2, 1)], "cell": ["lstm"]}
    search = GridSearchCV(OfSize(), grid, cv=TimeSeriesSplit(2)).fit(series, series)
    display = SearchDisplay.from_estimator(search)
    assert [one.get_text() for one in display.ax_.get_xticklabels()] == ["2", "(2, 1)"]
    line = display.errorbars_[0][0]
    np.testing.assert_allclose(line.get_ydata(), search.cv_results_["mean_test_score"])
    assert line.get_linestyle() == "None"
    assert display.ax_.get_ylabel() == "R² (higher is better)"


def test_of_the_other_parameters_the_best_values_count(series):
    grid = {LOOKBACK: [1, 4], ALPHA: [0.1, 10, 1000]}
    search = searched(series, grid)
    display = SearchDisplay.from_estimator(search, params=ALPHA)
    errors = -search.cv_results_["mean_test_score"].reshape(2, 3)
    np.testing.assert_allclose(display.errorbars_[0][0].get_ydata(), errors.min(axis=0))
    assert "the best candidate at each value" in display.ax_.get_title()


def test_two_parameters_of_a_grid_are_a_heat_map(series):
    grid = {ALPHA: [10, 0.1], LOOKBACK: [1, 4, 16], SOLVER: ["svd", "cholesky"]}
    search = searched(series, grid)
    display = SearchDisplay.from_estimator(search, params=[LOOKBACK, ALPHA])
    table = pd.DataFrame(search.cv_results_["params"])
    table["error"] = -search.cv_results_["mean_test_score"]
    expected = table.groupby([ALPHA, LOOKBACK])["error"].min().unstack().to_numpy()
    np.testing.assert_array_equal(display.image_.get_array(), expected)
    written = [float(text.get_text()) for text in display.texts_]
    np.testing.assert_allclose(written, expected.ravel(), atol=5e-3)
    line, column = np.unravel_index(expected.argmin(), expected.shape)
    assert display.chosen_.get_xy() == (column - 0.5, line - 0.5)
    assert [one.get_text() for one in display.ax_.get_xticklabels()] == ["1", "4", "16"]
    assert [one.get_text() for one in display.ax_.get_yticklabels()] == ["0.1", "10"]
    assert display.colorbar_.ax.get_ylabel() == "Mean absolute error (lower is better)"
    # The best is the brightest, whichever way the score goes.
    bright = display.image_.to_rgba(np.array([expected.min(), expected.max()]))
    assert bright[0, :3].sum() > bright[1, :3].sum()


def test_random_numbers_are_points_coloured_by_their_score(series):
    from scipy.stats import loguniform, randint

    distributions = {ALPHA: loguniform(1e-3, 1e3), LOOKBACK: randint(1, 20)}
    search = searched(
        series, distributions, search=RandomizedSearchCV, n_iter=12, random_state=0
    )
    display = SearchDisplay.from_estimator(search, params=[ALPHA, LOOKBACK])
    tried = pd.DataFrame(search.cv_results_["params"])[[ALPHA, LOOKBACK]]
    tried["error"] = -search.cv_results_["mean_test_score"]
    points = np.column_stack(
        [display.scatter_.get_offsets(), display.scatter_.get_array()]
    )
    expected = tried.sort_values([ALPHA, LOOKBACK]).to_numpy()
    np.testing.assert_allclose(points, expected)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_yscale() == "linear"
    assert display.chosen_.get_xdata() == [search.best_params_[ALPHA]]
    assert display.image_ is None
    one = SearchDisplay.from_estimator(search, params=ALPHA)
    assert one.errorbars_[0][0].get_linestyle() == "None"


def test_halving_has_a_curve_for_each_amount_of_resources(series):
    search = HalvingGridSearchCV(
        Ridge(),
        {"alpha": [0.1, 1, 10, 100], "solver": ["svd", "cholesky"]},
        cv=TimeSeriesSplit(2),
        scoring="neg_mean_absolute_error",
        min_resources=20,
        random_state=0,
    ).fit(series, series["load"])
    display = SearchDisplay.from_estimator(search, params="alpha")
    results = search.cv_results_
    assert len(display.errorbars_) == search.n_iterations_ > 1
    for i, (line, *_) in enumerate(display.errorbars_):
        of_iteration = -results["mean_test_score"][results["iter"] == i]
        assert line.get_ydata().min() == of_iteration.min()
    assert legend_of(display.ax_)[-1] == f"n_resources = {search.n_resources_[-1]}"
    plane = SearchDisplay.from_estimator(search)
    assert plane.ax_.get_title().startswith(
        "Search over 8 candidates\neach with the most"
    )
    last = pd.DataFrame(results["params"]).assign(error=-results["mean_test_score"])
    last = last.groupby(["solver", "alpha"])["error"].last().unstack()
    np.testing.assert_array_equal(plane.image_.get_array(), last.loc[["svd", "cholesky"]])


def test_of_one_candidate_the_score_with_the_most_resources_counts():
    results = pd.DataFrame(
        {
            "a": [1, 2, 1, 1],
            "b": ["x", "x", "x", "y"],
            "score": [0.9, 0.8, 0.5, 0.7],
            "std": 0.0,
            "n_resources": [10, 10, 20, 10],
        }
    )
    display = SearchDisplay(results=results, params=["a", "b"], chosen=2).plot()
    shown = display.image_.get_array().filled(np.nan)
    np.testing.assert_array_equal(shown, [[0.5, 0.8], [0.7, np.nan]])
    assert display.chosen_.get_xy() == (-0.5, -0.5)
    assert [text.get_text() for text in display.texts_] == ["0.500", "0.800", "0.700"]


def test_a_resource_that_is_a_parameter_is_not_searched(series):
    search = HalvingGridSearchCV(
        OfSize(), {"units": [1, 2, 4]}, resource="epochs", max_resources=9, cv=2
    ).fit(series, series)
    display = SearchDisplay.from_estimator(search)
    assert display.params == ["units"]
    assert len(display.errorbars_) == search.n_iterations_ > 1


def opposite_of_error(y, y_pred):
    return -mean_absolute_error(y, y_pred)


@pytest.mark.parametrize(
    ("scoring", "label", "sign"),
    [
        (None, "R² (higher is better)", 1),
        ("r2", "R2 (higher is better)", 1),
        ("neg_median_absolute_error", "Median absolute error (lower is better)", -1),
        (
            make_scorer(median_absolute_error, greater_is_better=False),
            "Median absolute error (lower is better)",
            -1,
        ),
        (
            get_scorer("neg_median_absolute_error"),
            "Median absolute error (lower is better)",
            -1,
        ),
        (
            make_scorer(opposite_of_error),
            "Opposite of error (higher is better)",
            1,
        ),
    ],
)
def test_a_score_has_its_own_name_and_sign(scoring, label, sign, series):
    search = searched(series, {ALPHA: [1, 1000]}, scoring=scoring)
    display = SearchDisplay.from_estimator(search)
    assert display.ax_.get_ylabel() == label
    np.testing.assert_allclose(
        display.errorbars_[0][0].get_ydata(), sign * search.cv_results_["mean_test_score"]
    )


def test_a_classifier_is_scored_by_its_accuracy(series):
    rises = series["load"].diff().fillna(0) > 0
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(series, rises)
    display = SearchDisplay.from_estimator(search)
    assert display.ax_.get_ylabel() == "Accuracy (higher is better)"


@pytest.mark.parametrize("name", ["R²", "Accuracy"])
def test_networks_have_the_scores_of_scikit_learn(name, series):
    y = series["load"] if name == "R²" else series["load"] > 0
    network = quick(LSTMRegressor if name == "R²" else LSTMClassifier, epochs=1)
    pipe = make_pipeline(LookbackWindower(2), network)
    search = GridSearchCV(pipe, {f"{pipe.steps[1][0]}__units": [1, 2]}, cv=2)
    assert SearchDisplay.from_estimator(search.fit(series, y)).score_name == name


def test_of_several_scores_one_is_chosen(series):
    scoring = {"mae": "neg_mean_absolute_error", "r2": "r2"}
    search = searched(series, {ALPHA: [1, 1000]}, scoring=scoring, refit="mae")
    assert SearchDisplay.from_estimator(search).score_name == "Mae"
    display = SearchDisplay.from_estimator(search, metric="r2")
    np.testing.assert_allclose(
        display.errorbars_[0][0].get_ydata(), search.cv_results_["mean_test_r2"]
    )
    with pytest.raises(ValueError, match=r"no score 'mape'\. It has 'mae', 'r2'"):
        SearchDisplay.from_estimator(search, metric="mape")
    search = searched(series, {ALPHA: [1, 1000]}, scoring=scoring, refit=False)
    with pytest.raises(ValueError, match="has 2 scores"):
        SearchDisplay.from_estimator(search)
    display = SearchDisplay.from_estimator(search, metric="mae")
    best = search.cv_results_["rank_test_mae"].argmin()
    assert display.chosen_.get_xdata() == [[1, 1000][best]]


def test_candidates_without_a_parameter_are_drawn_as_not_set(series):
    search = searched(series, [{ALPHA: [1.0, 2.0]}, {SOLVER: ["svd"]}])
    display = SearchDisplay.from_estimator(search, params=ALPHA)
    labels = [one.get_text() for one in display.ax_.get_xticklabels()]
    assert labels == ["1.0", "2.0", "not set"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_candidates_that_failed_are_counted(series):
    search = searched(series, {ALPHA: [1, -1, 2]})
    display = SearchDisplay.from_estimator(search)
    assert display.ax_.get_title() == "Search over 3 candidates, of which 1 failed"
    assert list(display.errorbars_[0][0].get_xdata()) == [1, 2]


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_where_all_candidates_failed_there_is_nothing_to_draw(series):
    search = searched(series, {ALPHA: [1, 2]}, scoring=lambda *_: np.nan)
    with pytest.raises(ValueError, match="all candidates failed"):
        SearchDisplay.from_estimator(search)


def test_what_is_no_search_to_draw_is_told(series):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SearchDisplay.from_estimator(GridSearchCV(Ridge(), {"alpha": [1, 2]}))
    with pytest.raises(TypeError, match="There is no search in Ridge"):
        SearchDisplay.from_estimator(Ridge().fit(series, series))
    grid = {ALPHA: [1, 2], LOOKBACK: [1, 2], SOLVER: ["svd", "cholesky"]}
    search = searched(series, grid)
    with pytest.raises(ValueError, match=r"has 3 parameters.* params: 'lookbackw"):
        SearchDisplay.from_estimator(search)
    with pytest.raises(ValueError, match=r"search has no parameter 'alpha'.*'ridge__alp"):
        SearchDisplay.from_estimator(search, params="alpha")
    for params in ([], [ALPHA, ALPHA], [ALPHA, LOOKBACK, SOLVER]):
        with pytest.raises(ValueError, match="params must be one or two of"):
            SearchDisplay.from_estimator(search, params=params)
    with pytest.raises(ValueError, match="the search tried one candidate"):
        SearchDisplay.from_estimator(searched(series, {ALPHA: [1]}))
    assert plt.get_fignums() == []


@pytest.mark.parametrize("greatest", [0.02, 10.0, 1e6])
def test_numbers_on_a_log_axis_leave_room_for_each_other(greatest):
    figure = Figure(figsize=(4, 3), layout="constrained")
    ax = figure.subplots()
    values = np.geomspace(1e-3, greatest, 12)
    ax.scatter(values, values)
    place_ticks(ax, "x", values, None)
    figure.canvas.draw()
    left, right = ax.get_xlim()
    ticks = [*zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)]
    shown = [label for place, label in ticks if left <= place <= right]
    assert len(shown) >= 2
    assert ax.get_xticks(minor=True).size == 0
    boxes = [label.get_window_extent() for label in shown]
    ends = [(box.x0, box.x1) for box in boxes]
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ends))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, np.float64("nan"), 10**400])
@pytest.mark.parametrize("n_params", [1, 2])
def test_a_value_without_a_place_among_numbers_is_drawn_too(odd, n_params):
    values = [0.1, odd, 0.2]
    results = pd.DataFrame(
        {
            "a": pd.Series([value for value in values for _ in range(2)], dtype=object),
            "b": [1, 2] * 3,
            "score": [1.0, 2, 9, 8, 3, 4],
            "std": 0.1,
        }
    )
    params = ["a", "b"][:n_params]
    display = SearchDisplay(results=results, params=params).plot()
    assert len(display.ax_.get_xticklabels()) == 3
    assert display.ax_.get_xticklabels()[1].get_text()[:9] == str(odd)[:9]
    if n_params == 1:
        np.testing.assert_array_equal(
            display.errorbars_[0].lines[0].get_ydata(), [2, 9, 4]
        )
    else:
        expected = [[1, 9, 3], [2, 8, 4]]
        np.testing.assert_array_equal(display.image_.get_array(), expected)
    display.figure_.clear()


@pytest.mark.parametrize("name", ["std", "n_resources"])
def test_a_parameter_is_not_taken_for_a_score(name):
    class Odd(RegressorMixin, BaseEstimator):
        def __init__(self, std=1, n_resources=1):
            self.std, self.n_resources = std, n_resources

        def fit(self, X, y):
            self.fitted_ = True
            return self

        def predict(self, X):
            return np.zeros(len(X))

    X = np.arange(10.0)[:, None]
    search = GridSearchCV(Odd(), {name: [1, 2]}, cv=2).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=f"is called '{name}'"):
        SearchDisplay.from_estimator(search)
