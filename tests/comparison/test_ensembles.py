"""Rows that combine the forecasts of the others."""

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.compose import EnsembleForecaster
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.theta import ThetaForecaster

from skforecast_lstm import compare
from skforecast_lstm.comparison.ensembles import ENSEMBLES, combined_bounds
from skforecast_lstm.comparison.lineup import ignore_default_warnings

NAMES = ["naive", "seasonal naive", "Theta"]
FH = np.arange(1, 13)


@pytest.fixture(scope="module")
def monthly():
    from sktime.datasets import load_airline

    return load_airline()


@pytest.fixture(scope="module")
def comparison(monthly):
    return compare(monthly, horizon=12, forecasters=NAMES, ensembles=True)


def members():
    with ignore_default_warnings():
        return [
            ("naive", NaiveForecaster()),
            ("seasonal naive", NaiveForecaster(sp=12)),
            ("Theta", ThetaForecaster(sp=12)),
        ]


def column(comparison, forecaster, window, name="forecast"):
    rows = comparison.forecasts
    rows = rows[(rows["forecaster"] == forecaster) & (rows["window"] == window)]
    return rows[name].to_numpy()


def weights_by_hand(comparison, windows):
    errors = [
        np.mean(
            [column(comparison, name, of, "scaled_error") ** 2 for of in windows],
            axis=None,
        )
        for name in NAMES
    ]
    inverse = 1 / np.array(errors)
    return inverse / inverse.sum()


def forecast_by_sktime(y, **parameters):
    with ignore_default_warnings():
        return EnsembleForecaster(members(), **parameters).fit(y, fh=FH).predict()


@pytest.mark.filterwarnings("ignore:The default of config")
@pytest.mark.parametrize("window", [1, 4])
def test_forecasts_are_those_of_sktime(monthly, comparison, window):
    y = monthly[: 84 + 12 * window]
    for aggregate in ("mean", "median"):
        expected = forecast_by_sktime(y, aggfunc=aggregate)
        found = column(comparison, f"{aggregate} ensemble", window)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    equal = [1 / 3] * 3
    weights = weights_by_hand(comparison, range(1, window)) if window > 1 else equal
    expected = forecast_by_sktime(y, weights=weights)
    found = column(comparison, "weighted ensemble", window)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(("step", "n_windows"), [(12, 2), (5, 4)])
def test_weights_know_nothing_after_the_cutoff(monthly, step, n_windows):
    given = {"horizon": 12, "step": step, "n_windows": n_windows, "ensembles": True}
    given |= {"forecasters": NAMES, "season_length": 12}
    known = compare(monthly, **given)
    differ = 0
    for window in range(1, n_windows + 1):
        cutoff = len(monthly) - 12 - step * (n_windows - window)
        changed = monthly.copy()
        changed.iloc[cutoff:] = np.linspace(5000, 100, len(monthly) - cutoff)
        other = compare(changed, **given)
        for name in ENSEMBLES:
            same = column(known, name, window), column(other, name, window)
            np.testing.assert_array_equal(*same)
        if window < n_windows:
            later = column(known, ENSEMBLES[2], n_windows)
            differ += (later != column(other, ENSEMBLES[2], n_windows)).any()
    assert differ == n_windows - 1


def test_intervals_are_the_mean_of_the_bounds(comparison):
    for window in (1, 4):
        for bound in ("lower_0.8", "upper_0.95"):
            each = [column(comparison, name, window, bound) for name in NAMES]
            found = column(comparison, "mean ensemble", window, bound)
            np.testing.assert_allclose(found, np.mean(each, axis=0))


def test_members_without_intervals_move_them():
    points = [np.array([10.0]), np.array([20.0]), np.array([60.0])]
    bounds = [np.array([[8.0, 12.0]]), np.array([[14.0, 26.0]]), None]
    # The mean is 30, 15 more than that of the members with bounds, 11 and 19.
    np.testing.assert_allclose(combined_bounds(points, bounds, "mean"), [[26, 34]])
    weights = [0.25, 0.25, 0.5]
    found = combined_bounds(points, bounds, "mean", weights)
    np.testing.assert_allclose(found, [[11 + 22.5, 19 + 22.5]])


def test_rows_are_ranked_like_others_and_cost_what_their_members_cost(comparison):
    ranking = comparison.ranking()
    assert set(ranking.index) == {*NAMES, *ENSEMBLES}
    assert (ranking["windows"] == 4).all()
    seconds = ranking["fit_seconds"]
    assert seconds["mean ensemble"] == pytest.approx(seconds[NAMES].sum())
    assert comparison.settings["datasets"]
    (settings,) = comparison.settings["datasets"].values()
    assert settings["fits"]["mean ensemble"] == 0
    assert "seasonal naive" in settings["forecasters"]["mean ensemble"]


def test_what_comes_next(monthly, comparison):
    table = comparison.forecast(forecaster="weighted ensemble")
    weights = weights_by_hand(comparison, range(1, 5))
    each = {name: comparison.forecast(forecaster=name) for name in NAMES}
    for name in ("forecast", "lower_0.8", "upper_0.8"):
        of_each = [each[member][name] for member in NAMES]
        expected = np.average(of_each, axis=0, weights=weights)
        np.testing.assert_allclose(table[name], expected)


def test_an_ensemble_that_wins_forecasts(monthly):
    even = np.resize([1.0, -1.0], 60) + np.sin(np.arange(60.0) ** 2) / 99

    class High(NaiveForecaster):
        def _predict(self, fh, X=None):
            return 0 * super()._predict(fh, X) + 5

    class Low(NaiveForecaster):
        def _predict(self, fh, X=None):
            return 0 * super()._predict(fh, X) - 5

    with ignore_default_warnings():
        given = {"forecasters": {"high": High(), "low": Low()}, "coverage": ()}
        found = compare(pd.Series(even), horizon=4, ensembles=True, **given)
        assert "ensemble" in found.advice()[0]
        table = found.forecast()
    assert table["forecaster"].unique() == [found.ranking().index[0]]
    assert table["forecast"].abs().max() < 0.5


def test_a_forecaster_that_fails_is_no_member(monthly):
    class Moody(NaiveForecaster):
        def _fit(self, y, X, fh):
            if len(y) == 108:
                raise RuntimeError("no")
            return super()._fit(y, X, fh)

    with ignore_default_warnings():
        moody = Moody()
    given = {"naive": "naive", "moody": moody, "Theta": "Theta"}
    found = compare(monthly, horizon=12, forecasters=given, ensembles=True)
    each = [column(found, name, 3) for name in ("naive", "Theta")]
    np.testing.assert_allclose(column(found, ENSEMBLES[0], 3), np.mean(each, axis=0))
    # Nothing is combined of a single one.
    alone = compare(monthly, horizon=12, forecasters=["naive"], ensembles=True)
    assert list(alone.ranking().index) == ["naive"]


def test_a_panel_and_several_tables(monthly):
    frame = monthly.to_frame("v")
    panel = pd.concat({"all": frame, "late": 2 * frame[30:]}, names=["id", "time"])
    tables = {"panel": panel, "frame": pd.DataFrame({"a": monthly, "b": monthly[::-1]})}
    tables["frame"]["b"] = monthly.to_numpy()[::-1]
    found = compare(
        tables, horizon=12, n_windows=2, forecasters=["naive", "Ridge"], ensembles=True
    )
    assert found.failures.empty
    assert found.results["dataset"].nunique() == 4
    for name, rows in found.forecasts.groupby(["dataset", "window"]):
        by_name = rows.pivot(index="step", columns="forecaster", values="forecast")
        expected = by_name[["naive", "Ridge"]].mean(axis=1)
        np.testing.assert_allclose(by_name["mean ensemble"], expected, err_msg=str(name))
    ahead = found.forecast(forecaster="mean ensemble")
    each = [found.forecast(forecaster=name) for name in ("naive", "Ridge")]
    expected = np.mean([one["forecast"] for one in each], axis=0)
    np.testing.assert_allclose(ahead["forecast"], expected)
    assert (ahead["upper_0.8"] > ahead["lower_0.8"]).all()


def test_what_comes_next_of_columns_that_are_unsorted(monthly):
    y = pd.DataFrame({"b": monthly, "a": 100 * monthly, "c": 10 * monthly})
    found = compare(y, horizon=2, n_windows=2, forecasters=NAMES, ensembles=True)
    table = found.forecast(forecaster="mean ensemble")
    each = [found.forecast(forecaster=name) for name in NAMES]
    assert table["dataset"].tolist() == each[0]["dataset"].tolist()
    for name in ("forecast", "lower_0.8", "upper_0.8"):
        expected = np.mean([one[name] for one in each], axis=0)
        np.testing.assert_allclose(table[name], expected)


def test_a_name_that_is_taken(monthly):
    given = {"forecasters": {"mean ensemble": "naive"}, "ensembles": True}
    with pytest.raises(ValueError, match="A forecaster is called 'mean ensemble'"):
        compare(monthly, horizon=12, **given)
