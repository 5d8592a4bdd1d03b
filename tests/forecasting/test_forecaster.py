"""LSTMForecaster: what it learns from, what it forecasts, and its place in sktime."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sktime.datasets import load_airline
from sktime.forecasting.compose import (
    EnsembleForecaster,
    ForecastingPipeline,
    MultiplexForecaster,
    TransformedTargetForecaster,
    make_reduction,
)
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.forecasting.naive import NaiveForecaster
from sktime.split import ExpandingWindowSplitter
from sktime.transformations.series.difference import Differencer
from sktime.transformations.series.exponent import ExponentTransformer
from sktime.utils._testing.hierarchical import _make_hierarchical

from skforecast_lstm import LSTMRegressor, training
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.forecasting import LSTMForecaster, LSTMTimeSeriesRegressor
from skforecast_lstm.forecasting._even_series import even_series
from skforecast_lstm.networks import MembersNetwork

MONTHS = pd.period_range("2010-01", periods=60, freq="M", name="month")


@pytest.fixture(autouse=True)
def _other_forecasters_warn_of_a_default():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*remember_data", FutureWarning)
        yield


def tiny(**parameters):
    """A forecaster that trains in a moment."""
    given = {"lookback": 4, "intervals": None, "random_state": 0}
    if "regressor" not in parameters:
        given["n_members"] = 1
    return LSTMForecaster(**{**given, **parameters})


def tiny_regressor(**parameters):
    return LSTMRegressor(**{"units": 2, "epochs": 1, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def months():
    rng = np.random.default_rng(0)
    season = 10 * np.sin(2 * np.pi * np.arange(60) / 12)
    return pd.Series(50 + season + rng.normal(size=60), index=MONTHS, name="load")


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(0)
    index = pd.period_range("2000-01", periods=220, freq="M")
    return pd.DataFrame({"x": rng.normal(size=220)}, index=index)


def panel(n_series=3, n_rows=40, seed=0):
    """Series of different levels and of a common season."""
    rng = np.random.default_rng(seed)
    times = pd.period_range("2010-01", periods=n_rows, freq="M", name="month")
    season = np.sin(2 * np.pi * np.arange(n_rows) / 12)
    frames = {
        f"series {number}": pd.DataFrame(
            {"load": 10.0**number * (5 + season + 0.1 * rng.normal(size=n_rows))},
            index=times,
        )
        for number in range(n_series)
    }
    return pd.concat(frames, names=["name"])


class TestHorizon:
    @pytest.mark.parametrize("strategy", ["direct", "recursive", "seq2seq"])
    def test_any_steps_with_gaps_before_and_behind_the_cutoff(self, months, strategy):
        steps = [-70, -3, 0, 2, 5, 9]
        forecaster = tiny(strategy=strategy).fit(months, fh=[1, 2, 3])
        forecast = forecaster.predict(fh=steps)
        assert (forecast.index == months.index[-1] + np.array(steps)).all()
        assert forecast.isna().tolist() == [True] + [False] * 5

    def test_absolute_times_are_relative_ones(self, months):
        forecaster = tiny().fit(months, fh=[1, 2, 3])
        absolute = pd.PeriodIndex(["2015-02", "2015-03"], freq="M")
        pd.testing.assert_series_equal(
            forecaster.predict(fh=absolute), forecaster.predict(fh=[2, 3])
        )

    def test_steps_at_once_do_not_depend_on_which_are_asked_for(self, months):
        forecaster = tiny().fit(months, fh=[1, 2, 3])
        alone = forecaster.predict(fh=[5])
        assert alone.iloc[0] == forecaster.predict(fh=range(1, 8)).iloc[4]

    def test_beyond_the_horizon_forecasts_are_fed_back(self, months):
        forecaster = tiny().fit(months, fh=[1, 2, 3])
        ahead = forecaster.predict(fh=range(1, 7))
        forecaster.update(ahead[:3].rename("load"), update_params=False)
        np.testing.assert_allclose(forecaster.predict(fh=[1, 2, 3]), ahead[3:], rtol=1e-6)

    def test_in_sample_is_one_step_ahead_of_the_rows_before(self, months):
        forecaster = tiny().fit(months[:40], fh=[1])
        forecaster.update(months[40:41], update_params=False)
        expected = forecaster.predict(fh=[1]).iloc[0]
        forecaster.update(months[41:], update_params=False)
        before = forecaster.predict(fh=[-18]).iloc[0]
        assert before == pytest.approx(expected, rel=1e-6)

    def test_in_sample_does_not_see_the_row_itself(self, months):
        forecaster = tiny().fit(months, fh=[1])
        changed = months.copy()
        changed.iloc[30:] += 1000
        rows = list(range(-59, -29))
        expected = forecaster.predict(fh=rows)
        forecaster.update(changed, update_params=False)
        np.testing.assert_array_equal(forecaster.predict(fh=rows), expected)


class TestSeries:
    def test_a_panel_of_one_series_is_that_series(self, months):
        alone = tiny().fit(months.to_frame(), fh=[1, 2]).predict()
        many = pd.concat({"a": months.to_frame()}, names=["name"])
        forecast = tiny().fit(many, fh=[1, 2]).predict()
        np.testing.assert_array_equal(forecast, alone)

    def test_one_network_learns_all_series(self):
        y = panel()
        forecaster = tiny().fit(y, fh=[1, 2])
        forecast = forecaster.predict()
        assert forecaster.model_.regressor.n_left_out_ < len(y) / 2
        assert forecast.index.names == ["name", "month"]
        levels = forecast["load"].groupby("name").mean().to_numpy()
        np.testing.assert_allclose(levels, [5, 50, 500], rtol=0.3)

    def test_each_series_is_forecast_from_its_own_end(self):
        y = _make_hierarchical(
            (2, 2),
            min_timepoints=20,
            max_timepoints=40,
            n_columns=2,
            same_cutoff=False,
            random_state=0,
        )
        forecast = tiny().fit(y, fh=[1, 3]).predict()
        ends = y.index.to_frame().groupby(level=[0, 1])["time"].max()
        first = forecast.index.to_frame().groupby(level=[0, 1])["time"].min()
        assert (first == ends + pd.Timedelta(days=1)).all()

    def test_a_series_not_seen_in_training_is_forecast_without_training(self):
        forecaster = tiny().pretrain(panel(), fh=[1, 2])
        trained = forecaster.model_
        new = panel(seed=1).loc["series 2"] * 100
        forecast = forecaster.fit(new).predict(fh=[1, 2])
        assert forecaster.model_ is trained
        np.testing.assert_allclose(forecast, 50_000, rtol=0.3)

    def test_a_series_may_come_later(self):
        y = panel(2)
        forecaster = tiny().fit(y, fh=[1, 2])
        new = pd.concat({"series 9": y.loc["series 1"] * 10}, names=["name"])
        forecaster.update(new, update_params=False)
        assert forecaster.predict().loc["series 9"].shape == (2, 1)

    def test_columns_are_forecast_together(self, months):
        """One column is the other one month earlier, and nothing else tells it."""
        rng = np.random.default_rng(0)
        leads = rng.normal(size=301)
        y = pd.DataFrame({"leads": leads[1:], "follows": leads[:-1]})
        forecaster = LSTMForecaster(
            n_members=1, intervals=None, lookback=4, random_state=0
        )
        forecast = forecaster.fit(y[:250], fh=[1]).predict(fh=np.arange(-100, 1))
        wrong = (forecast - y).dropna().abs().mean()
        assert wrong["follows"] < 0.5 * wrong["leads"]

    def test_series_too_short_for_a_window_have_their_first_value_before_them(self):
        y = panel()
        short = pd.concat({"short": y.loc["series 1"][:7] * 9}, names=["name"])
        forecaster = tiny(lookback=10).fit(pd.concat([y, short]), fh=[1, 2])
        without = tiny(lookback=10).fit(y, fh=[1, 2])
        n_rows = forecaster.model_.regressor.n_left_out_
        assert forecaster.predict().loc["short"].notna().all(axis=None)
        # Of its 12 rows all but the first ten have a window and some target.
        gap = 10
        assert n_rows == without.model_.regressor.n_left_out_ + gap + 10

    def test_unknown_values_are_no_targets(self, months):
        gaps = months.copy()
        gaps.iloc[[20, 21, 59]] = np.nan
        forecaster = tiny().fit(gaps, fh=[1, 2])
        assert forecaster.predict().notna().all()
        # Of rows 20 and 59 no target is known.
        n_left_out = forecaster.model_.regressor.n_left_out_
        assert n_left_out == forecaster.lookback_ + 2


class TestExogenous:
    @pytest.mark.parametrize("strategy", ["direct", "recursive", "seq2seq"])
    def test_what_is_known_ahead_is_used_at_its_own_step(self, known, strategy):
        """The series is nothing but X at the same step."""
        y = 3 * known["x"] + 5
        forecaster = LSTMForecaster(
            strategy=strategy, n_members=1, intervals=None, random_state=0
        )
        forecaster.fit(y[:200], known[:200], fh=range(1, 7))
        forecast = forecaster.predict(fh=range(1, 15), X=known[200:])
        np.testing.assert_allclose(forecast, y[200:214], atol=1.2)
        assert np.corrcoef(forecast, y[200:214])[0, 1] > 0.97

    def test_what_is_known_in_the_past_only_is_used_there(self, known):
        y = 2 * known["x"].shift(1).fillna(0)
        forecaster = LSTMForecaster(
            past_only=["x"], n_members=1, intervals=None, random_state=0, lookback=6
        )
        forecaster.fit(y, known, fh=[1])
        forecast = forecaster.predict(fh=np.arange(-100, 1))
        assert np.corrcoef(forecast, y[-101:])[0, 1] > 0.9

    def test_a_panel_has_its_own_rows_of_x(self):
        y = panel(2)
        X = y.rename(columns={"load": "x"}) * 2
        forecaster = tiny().fit(
            y.drop(index=y.index[-1]), X.drop(index=X.index[-1]), fh=[1]
        )
        with pytest.raises(ValueError, match="X has no rows of series 'series 0'"):
            forecaster.predict(X=X.loc[["series 1"]])

    def test_rows_missing_between_are_named(self, known):
        forecaster = tiny().fit(known["x"][:200], known[:200], fh=range(1, 4))
        with pytest.raises(ValueError, match=r"no row at 2016-09.*1 of 3 are missing"):
            forecaster.predict(X=known[201:])
        wild = known[200:].copy()
        wild.iloc[1] = np.inf
        with pytest.raises(ValueError, match="X contains infinity, first at 2016-10"):
            forecaster.predict(X=wild)
        with pytest.raises(ValueError, match="known ahead in fit, so predict needs X"):
            forecaster.predict()


class TestIntervals:
    def test_conformal_intervals_cover_what_they_say(self):
        """Noise alone, so that the coverage of many origins can be counted."""
        noise = pd.Series(np.random.default_rng(0).normal(size=700))
        forecaster = tiny(intervals="conformal", lookback=8)
        forecaster.fit(noise[:300], fh=range(1, 5))
        inside = {0.8: [], 0.95: []}
        for origin in range(300, 700, 4):
            forecaster.update(noise[origin - 4 : origin], update_params=False)
            intervals = forecaster.predict_interval(coverage=[0.8, 0.95])
            actual = noise[origin : origin + 4]
            for coverage, hits in inside.items():
                lower, upper = intervals.xs(coverage, axis=1, level=1).to_numpy().T
                hits += list((lower <= actual) & (actual <= upper))
        assert np.mean(inside[0.8]) == pytest.approx(0.8, abs=0.07)
        assert np.mean(inside[0.95]) == pytest.approx(0.95, abs=0.04)

    def test_a_network_of_quantiles_covers_what_it_says(self):
        noise = pd.Series(np.random.default_rng(0).normal(size=800))
        forecaster = tiny(intervals="quantiles", lookback=8, n_members=3)
        forecaster.fit(noise[:600], fh=[1])
        intervals = forecaster.predict_interval(fh=np.arange(-400, 1), coverage=0.8)
        lower, upper = intervals.to_numpy().T
        inside = (lower <= noise[199:600]) & (noise[199:600] <= upper)
        assert inside.mean() == pytest.approx(0.8, abs=0.1)

    @pytest.mark.parametrize("intervals", ["conformal", "quantiles"])
    def test_quantiles_are_in_order_and_around_the_forecast(self, months, intervals):
        forecaster = tiny(intervals=intervals).fit(months, fh=[1, 2, 30])
        levels = [0.01, 0.1, 0.3, 0.5, 0.9, 0.995]
        quantiles = forecaster.predict_quantiles(alpha=levels).to_numpy()
        assert (np.diff(quantiles) >= 0).all()
        np.testing.assert_allclose(quantiles[:, 3], forecaster.predict())

    def test_errors_beyond_the_tried_steps_grow(self, months):
        forecaster = tiny(intervals="conformal").fit(months, fh=[1, 2])
        widths = np.ptp(forecaster.predict_interval(fh=[2, 8]).to_numpy(), axis=1)
        assert widths[1] == pytest.approx(2 * widths[0])

    def test_without_intervals_there_are_none(self, months):
        forecaster = tiny().fit(months, fh=[1])
        with pytest.raises(NotImplementedError, match="intervals"):
            forecaster.predict_interval()

    def test_residuals_are_of_the_rows_given(self, months):
        forecaster = tiny(intervals="conformal").fit(months[:50], fh=range(1, 11))
        residuals = forecaster.predict_residuals(months[50:])
        np.testing.assert_allclose(residuals, months[50:] - forecaster.predict())


class TestUpdate:
    def test_moves_the_cutoff_only(self, months):
        forecaster = tiny().fit(months[:50], fh=[1])
        weights = forecaster.model_.regressor.model_.get_weights()
        forecaster.update(months[50:], update_params=False)
        assert forecaster.predict().index[0] == months.index[-1] + 1
        for before, after in zip(
            weights, forecaster.model_.regressor.model_.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(before, after)

    def test_corrected_rows_do_not_move_the_cutoff(self, months):
        forecaster = tiny(pretrained=True, lookback=None, regressor=None)
        forecaster.fit(months, fh=[1, 2])
        expected = forecaster.predict_residuals(months[-10:])
        forecaster.update(months[-6:-3], update_params=False)
        assert forecaster.cutoff == months.index[-1:]
        pd.testing.assert_series_equal(
            forecaster.predict_residuals(months[-10:]), expected
        )

    def test_goes_on_training(self, months):
        forecaster = tiny().fit(months[:50], fh=[1])
        n_epochs = forecaster.model_.regressor.n_iter_
        forecaster.update(months[50:])
        assert forecaster.model_.regressor.n_iter_ == n_epochs + 1


class TestParameters:
    def test_the_same_seed_gives_the_same_forecast(self, months):
        first, second = (
            LSTMForecaster(n_members=2, random_state=3).fit(months, fh=[1]).predict()
            for _ in range(2)
        )
        pd.testing.assert_series_equal(first, second)

    def test_members_are_those_of_the_network(self, months):
        forecaster = tiny(n_members=3).fit(months, fh=[1])
        assert forecaster.model_.regressor.n_members == 3
        assert isinstance(forecaster.model_.regressor.model_, MembersNetwork)

    def test_two_members_tell_how_wrong_many_are(self, months):
        fitted = []

        class Told(LSTMRegressor):
            def fit(self, X, y):
                fitted.append(self.n_members)
                return super().fit(X, y)

        for n_members in (1, 3):
            mine = Told(2, n_members=n_members, epochs=1, random_state=0)
            tiny(regressor=mine, intervals="conformal").fit(months, fh=[1])
        assert fitted == [1, 1, 3, 2]

    def test_members_of_a_regressor_of_ones_own_are_its_own(self, months):
        forecaster = tiny(regressor=tiny_regressor(n_members=2), n_members=2)
        with pytest.raises(ValueError, match="Set n_members of an LSTMRegressor"):
            forecaster.fit(months, fh=[1])

    def test_a_regressor_of_ones_own_is_cloned_and_used(self, months):
        mine = tiny_regressor(cell="gru")
        forecaster = tiny(regressor=mine).fit(months, fh=[1, 2])
        used = forecaster.model_.regressor
        assert used.get_params()["cell"] == "gru"
        assert used.n_iter_ == 1
        assert not hasattr(mine, "model_")
        assert forecaster.predict().notna().all()

    def test_windows_are_not_copied_for_the_regressor(self, months):
        seen = []

        class Watching(LSTMRegressor):
            def fit(self, X, y, sample_weight=None):
                seen.append(X.base is not None and X.strides[0] == X.strides[1])
                return super().fit(X, y, sample_weight)

        tiny(regressor=Watching(units=2, epochs=1)).fit(panel(), fh=[1])
        assert seen == [True]

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"strategy": "iterated"}, "strategy must be one of .*got 'iterated'"),
            ({"intervals": "normal"}, "intervals must be one of"),
            ({"lookback": 0}, "lookback must be"),
            ({"season_length": 1.5}, "season_length must be"),
            ({"n_members": -1}, "n_members must be"),
            ({"past_only": ["rain"]}, "past_only names .'rain'.*columns of X are .."),
        ],
    )
    def test_wrong_ones_are_named(self, months, parameters, message):
        with pytest.raises((TypeError, ValueError), match=message):
            tiny(**parameters).fit(months, fh=[1])

    def test_infinity_is_named_before_anything_is_trained(self, months):
        months = months.copy()
        months.iloc[7] = np.inf
        with pytest.raises(ValueError, match=r"y contains infinity, first at 2010-08"):
            tiny().fit(months, fh=[1])
        X = months.to_frame("rain")
        with pytest.raises(ValueError, match=r"X contains infinity.*column 'rain'"):
            tiny().fit(months.fillna(0).clip(0, 99), X, fh=[1])

    def test_too_few_rows_say_how_many_are_needed(self, months):
        with pytest.raises(ValueError, match="at least"):
            tiny(lookback=30).fit(months[:20], fh=[1])

    def test_uneven_times_say_what_to_do(self, months):
        times = pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-05", "2020-01-11"])
        y = pd.Series(
            np.arange(40.0),
            index=times.append(
                times[-1:].repeat(36) + pd.to_timedelta(np.arange(1, 37) ** 2, unit="D")
            ),
        )
        with pytest.raises(ValueError, match=r"not evenly spaced|frequency"):
            tiny().fit(y, fh=[1]).predict()


class TestNothingKnown:
    """A series without one value has no level that a forecast could be at."""

    @pytest.mark.parametrize("intervals", [None, "conformal", "quantiles"])
    def test_in_a_panel_it_is_told_and_has_no_forecast(self, intervals):
        y = panel()
        y.loc["series 1"] = np.nan
        forecaster = tiny(regressor=tiny_regressor(), intervals=intervals)
        forecaster.fit(y, fh=[1, 2])
        with pytest.warns(UnknownStepsWarning, match="'series 1', column 'load'"):
            forecast = forecaster.predict(fh=[0, 1, 5])["load"]
        assert forecast["series 1"].isna().all()
        assert forecast[["series 0", "series 2"]].notna().all()
        if intervals:
            with pytest.warns(UnknownStepsWarning):
                limits = forecaster.predict_interval()
            assert limits.loc["series 1"].isna().all(axis=None)

    def test_after_pretraining_too(self, months):
        forecaster = tiny(regressor=tiny_regressor()).pretrain(panel(), fh=[1, 2])
        forecaster.fit(months * np.nan)
        with pytest.warns(UnknownStepsWarning, match="column 'load'"):
            assert forecaster.predict(fh=[1]).isna().all()

    @pytest.mark.parametrize("past_only", [[], ["x"]])
    def test_of_a_column_of_x(self, past_only):
        y = panel()
        X = y.rename(columns={"load": "x"}) * 2
        X.loc["series 2"] = np.nan
        first, last = (
            frame.groupby(level=0, group_keys=False) for frame in (y, X.fillna(1.0))
        )
        y, ahead = first.head(-1), last.tail(1)
        forecaster = tiny(regressor=tiny_regressor(), past_only=past_only)
        forecaster.fit(y, X.loc[y.index], fh=[1])
        with pytest.warns(UnknownStepsWarning, match="'series 2', column 'x'"):
            forecast = forecaster.predict(X=ahead)["load"]
        assert forecast["series 2"].isna().all()
        assert forecast[["series 0", "series 1"]].notna().all()

    @pytest.mark.parametrize("level", [5e4, -3e-3])
    def test_its_scale_is_that_of_what_comes_later(self, months, level):
        y = panel()
        blank, later = y.copy(), y.loc[["series 1"]] / 50 * level
        blank.loc["series 1"] = np.nan
        without = blank.drop("series 1")
        found = []
        for before in (blank, without):
            forecaster = tiny(regressor=tiny_regressor()).fit(before, fh=[1, 2])
            forecaster.update(later, update_params=False)
            found.append(forecaster.predict().loc["series 1", "load"])
        assert (np.abs(found[1] / level - 1) < 0.5).all()
        assert (np.abs(found[0] / level - 1) < 0.5).all()


class TestFlatSeries:
    def test_intervals_are_of_the_size_of_the_data(self):
        """Rare demand, with a stretch of none that windows lie in as a whole."""
        rng = np.random.default_rng(1)
        demand = np.where(rng.random(200) < 0.12, rng.integers(1, 12, 200), 0.0)
        demand[100:150] = 0
        for level in (0.0, 0.1, 1e4):
            y = pd.Series(demand + level)
            forecast = tiny(intervals="conformal", lookback=12).fit(y, fh=range(1, 5))
            found = forecast.predict_interval(coverage=0.8).to_numpy()
            assert (np.abs(found - level) < 30).all()
            assert (found[:, 1] >= found[:, 0]).all()

    def test_quantiles_that_were_not_learned_are_refused(self, months):
        forecast = tiny(intervals="quantiles").fit(months, fh=[1, 2])
        assert forecast.predict_interval(coverage=0.99).shape == (2, 2)
        with pytest.raises(ValueError, match=r"from 0.005 to 0.995, got alpha=0.0005"):
            forecast.predict_interval(coverage=0.999)


class TestInSktime:
    def test_behind_transformations(self, months):
        forecaster = TransformedTargetForecaster(
            [
                ("log", ExponentTransformer(0.5)),
                ("difference", Differencer()),
                ("lstm", tiny(intervals="conformal")),
            ]
        )
        forecast = forecaster.fit(months, fh=[1, 2]).predict()
        np.testing.assert_allclose(forecast, months.iloc[-12:-10], rtol=0.3)

    def test_in_a_pipeline_with_x(self, months):
        X = months.to_frame("x")
        forecaster = ForecastingPipeline(
            [("root", ExponentTransformer(0.5)), ("lstm", tiny())]
        )
        forecaster.fit(months[:50], X[:50], fh=[1, 2])
        assert forecaster.predict(X=X[50:52]).notna().all()

    def test_in_a_search(self, months):
        search = ForecastingGridSearchCV(
            tiny(),
            cv=ExpandingWindowSplitter(fh=[1, 2], initial_window=40, step_length=10),
            param_grid={"lookback": [3, 6]},
            backend="loky",
            backend_params={"n_jobs": 1},
        )
        search.fit(months, fh=[1, 2])
        assert search.best_params_["lookback"] in (3, 6)

    def test_in_an_ensemble_and_a_multiplexer(self, months):
        members = [("naive", NaiveForecaster()), ("lstm", tiny())]
        ensemble = EnsembleForecaster(members).fit(months, fh=[1])
        chosen = MultiplexForecaster(members, selected_forecaster="lstm")
        chosen = chosen.fit(months, fh=[1]).predict()
        expected = (chosen + months.iloc[-1]) / 2
        np.testing.assert_allclose(ensemble.predict(), expected)

    @pytest.mark.parametrize(
        ("regressor", "scitype"),
        [
            (tiny_regressor(), "tabular-regressor"),
            (LSTMTimeSeriesRegressor(units=2, epochs=1), "time-series-regressor"),
        ],
    )
    def test_regressors_behind_make_reduction(self, months, regressor, scitype):
        forecaster = make_reduction(
            regressor, window_length=6, strategy="recursive", scitype=scitype
        )
        assert forecaster.fit(months, fh=[1, 2]).predict().notna().all()

    def test_evaluate_in_parallel_gives_the_same(self, months):
        cv = ExpandingWindowSplitter(fh=[1, 2], initial_window=40, step_length=10)
        alone, together = (
            evaluate(
                tiny(),
                cv,
                months,
                backend=backend,
                backend_params=parameters,
            )
            for backend, parameters in ((None, None), ("loky", {"n_jobs": 2}))
        )
        score = "test_MeanAbsolutePercentageError"
        np.testing.assert_array_equal(alone[score], together[score])

    def test_saved_and_loaded_it_forecasts_the_same(self, months, tmp_path):
        forecaster = tiny(intervals="conformal").fit(months, fh=[1, 2])
        forecaster.save(tmp_path / "forecaster")
        loaded = type(forecaster).load_from_path(tmp_path / "forecaster.zip")
        pd.testing.assert_frame_equal(
            loaded.predict_interval(), forecaster.predict_interval()
        )

    def test_fitted_parameters(self, months):
        fitted = tiny().fit(months, fh=[1, 2]).get_fitted_params()
        assert fitted["lookback"] == 4
        assert fitted["horizon"] == 2
        assert fitted["season_length"] == 12


def test_it_beats_the_seasonal_naive_forecast_on_airline():
    y = load_airline()
    forecaster = LSTMForecaster(intervals=None, random_state=0)
    lstm = forecaster.fit(y[:96], fh=range(1, 13)).predict()
    naive = y[84:96].to_numpy()
    actual = y[96:108].to_numpy()
    assert np.abs(lstm - actual).mean() < 0.5 * np.abs(naive - actual).mean()


def test_a_regressor_that_stops_early_holds_out_the_end_of_every_series(monkeypatch):
    lengths = {"a": 40, "b": 25, "c": 60}
    y = pd.DataFrame(
        {"v": np.sin(np.arange(sum(lengths.values())))},
        index=pd.MultiIndex.from_tuples(
            [(name, t) for name, n in lengths.items() for t in range(n)]
        ),
    )
    reached = []
    fit = training.fit

    def noted(model, samples, *, validation_data=None, **others):
        reached.append((samples.rows, validation_data.rows))
        return fit(model, samples, validation_data=validation_data, **others)

    monkeypatch.setattr(training, "fit", noted)
    regressor = LSTMRegressor(1, cell="rnn", epochs=1, early_stopping=True)
    forecaster = LSTMForecaster(lookback=3, regressor=regressor, intervals=None)
    forecaster.fit(y, fh=[1, 2])
    (learnt, held_out), *_ = reached
    even = even_series(y)
    scaled = forecaster._scaled(even, forecaster._scale(even.series), None)
    starts = forecaster.model_.windows(scaled).starts.tolist()
    for start, n_rows in zip(starts, lengths.values(), strict=True):
        rows = range(start, start + n_rows)
        ours = [row for row in held_out if row in rows]
        assert ours
        # What is learnt has no step in common with them: two steps are forecast.
        assert all(row + 1 < min(ours) for row in learnt if row in rows)


def test_a_series_that_is_closed_once_a_week_has_intervals(rng):
    """No origin has seven steps ahead that are all known."""
    times = pd.date_range("2024-01-01", periods=200, freq="D")
    y = pd.Series(10 + rng.normal(size=200), times)[times.day_of_week < 6]
    y = y.asfreq("D")
    regressor = LSTMRegressor(2, epochs=2, random_state=0)
    forecaster = LSTMForecaster(lookback=7, regressor=regressor)
    intervals = forecaster.fit(y, fh=range(1, 8)).predict_interval(coverage=[0.5, 0.9])
    widths = np.diff(intervals.to_numpy().reshape(7, 2, 2)).squeeze(-1)
    assert (widths[:, 1] > widths[:, 0]).all()
    assert ((widths > 0.5) & (widths < 12)).all()
