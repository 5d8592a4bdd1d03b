"""LSTMForecaster with the pretrained network: alone, beside a trained one, not at all."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from skforecast_lstm import LSTMRegressor
from skforecast_lstm._scale import Scale
from skforecast_lstm._series import ManySeries
from skforecast_lstm.exceptions import OtherVersionWarning, UnknownStepsWarning
from skforecast_lstm.forecasting import (
    LSTMForecaster,
    _pretrained,
    _regressor,
    _two_networks,
)
from skforecast_lstm.forecasting._defaults import find_seasons
from skforecast_lstm.forecasting._pretrained import Pretrained, best_share, mixed
from skforecast_lstm.forecasting._window_model import HeldOut
from skforecast_lstm.networks.pretrained import LEVELS
from skforecast_lstm.pretraining.forecasting import width_factors

MEDIAN = LEVELS.index(0.5)


@pytest.fixture(scope="module")
def months():
    rng = np.random.default_rng(0)
    steps = np.arange(72)
    values = 50 + steps / 4 + 10 * np.sin(2 * np.pi * steps / 12) + rng.normal(size=72)
    index = pd.period_range("2010-01", periods=72, freq="M", name="month")
    return pd.Series(values, index=index, name="load")


@pytest.fixture
def pretrained_alone():
    return LSTMForecaster(pretrained=True)


class TestAlone:
    def test_few_rows_are_forecast_without_training(self, months):
        forecaster = LSTMForecaster().fit(months[:60])
        forecast = forecaster.predict(fh=range(1, 13))
        assert forecaster.model_ is None
        assert forecaster.share_ == 1
        assert (forecast.index == months.index[60:]).all()
        assert forecast.name == "load"
        assert np.abs(forecast - months[60:]).mean() < 2.5

    def test_any_steps_ahead_and_in_sample(self, pretrained_alone, months):
        steps = [-80, -71, -60, 0, 3, 9, 70]
        forecast = pretrained_alone.fit(months).predict(fh=steps)
        assert (forecast.index == months.index[-1] + np.array(steps)).all()
        # Before the second row, nothing is known.
        assert forecast.isna().tolist() == [True, True] + [False] * 5

    def test_in_sample_is_one_step_ahead_of_the_rows_before(
        self, pretrained_alone, months
    ):
        before = pretrained_alone.fit(months).predict(fh=[-11]).iloc[0]
        assert before == pretrained_alone.fit(months[:60]).predict(fh=[1]).iloc[0]

    def test_steps_do_not_depend_on_which_are_asked_for(self, pretrained_alone, months):
        pretrained_alone.fit(months)
        alone = pretrained_alone.predict(fh=[5]).iloc[0]
        among = pretrained_alone.predict(fh=range(1, 40)).iloc[4]
        assert among == pytest.approx(alone, rel=1e-4)

    def test_each_column_of_each_series_is_forecast_separately(
        self, pretrained_alone, months
    ):
        frame = pd.DataFrame({"a": months, "b": 1000 - 3 * months})
        y = pd.concat({"one": frame, "two": 7 * frame[-30:]}, names=["series"])
        forecast = pretrained_alone.fit(y).predict(fh=[1, 2])
        b = pretrained_alone.fit(7 * frame["b"][-30:]).predict(fh=[1, 2])
        np.testing.assert_allclose(forecast.loc["two", "b"], b, rtol=1e-4)
        assert list(forecast.columns) == ["a", "b"]

    def test_unknown_values_stay_unknown(self, pretrained_alone, months):
        gaps = months.copy()
        gaps.iloc[[5, 30, 31, 71]] = np.nan
        forecast = pretrained_alone.fit(gaps).predict(fh=range(1, 13))
        expected = pretrained_alone.fit(months).predict(fh=range(1, 13))
        assert np.abs(forecast - expected).mean() < 2

    def test_a_series_without_a_value_has_no_forecast(self, pretrained_alone, months):
        frame = months.to_frame()
        y = pd.concat({"one": frame, "two": frame * np.nan}, names=["series"])
        pretrained_alone.fit(y)
        with pytest.warns(UnknownStepsWarning, match="'two', column 'load'"):
            forecast = pretrained_alone.predict(fh=[0, 1])["load"]
        assert forecast["two"].isna().all()
        assert forecast["one"].notna().all()

    def test_quantiles_are_its_own_at_any_level(self, pretrained_alone, months):
        pretrained_alone.fit(months)
        levels = [0.001, 0.02, 0.1, 0.3, 0.5, 0.9, 0.98, 0.999]
        quantiles = pretrained_alone.predict_quantiles(fh=[1, 20], alpha=levels)
        assert (np.diff(quantiles.to_numpy()) > 0).all()
        forecast = pretrained_alone.predict(fh=[1, 20])
        np.testing.assert_allclose(quantiles["load", 0.5], forecast)

    def test_too_few_values_have_a_forecast_and_no_intervals(self, months):
        forecaster = LSTMForecaster().fit(months[:2], fh=[1, 2])
        assert forecaster.predict().notna().all()
        assert forecaster.predict_interval().isna().all(axis=None)
        assert forecaster.update(months[2:4]).predict_interval().notna().all(axis=None)

    def test_update_adds_rows_and_trains_nothing(self, pretrained_alone, months):
        pretrained_alone.fit(months[:60], fh=[1, 2]).update(months[60:])
        expected = LSTMForecaster(pretrained=True).fit(months, fh=[1, 2]).predict()
        pd.testing.assert_series_equal(pretrained_alone.predict(), expected)

    def test_x_is_not_used(self, pretrained_alone, months):
        assert not pretrained_alone.get_tag("capability:exogenous")
        X = months.to_frame("x")
        forecast = pretrained_alone.fit(months, X, fh=[1]).predict(X=X)
        assert forecast.iloc[0] == LSTMForecaster().fit(months, fh=[1]).predict().iloc[0]

    def test_other_weights_than_those_of_fit_are_told(self, pretrained_alone, months):
        pretrained_alone.fit(months).weights_ = "earlier"
        with pytest.warns(
            OtherVersionWarning, match="weights earlier, and this release has"
        ):
            pretrained_alone.predict(fh=[1])

    def test_it_is_saved_without_the_weights(self, pretrained_alone, months):
        pretrained_alone.fit(months, fh=[1, 2])
        saved = pickle.dumps(pretrained_alone)
        assert len(saved) < 50_000
        loaded = pickle.loads(saved)
        pd.testing.assert_series_equal(loaded.predict(), pretrained_alone.predict())

    def test_a_forecaster_of_a_panel_forecasts_another_series(self, months):
        panel = pd.concat({"one": months[:40].to_frame()}, names=["series"])
        forecaster = LSTMForecaster().pretrain(panel)
        expected = LSTMForecaster().fit(months).predict(fh=[1, 2])
        new = months.to_frame()
        forecast = forecaster.fit(new).predict(fh=[1, 2])["load"]
        np.testing.assert_allclose(forecast, expected, rtol=1e-6)


class TestParameters:
    @pytest.mark.parametrize(
        "parameters",
        [
            {"pretrained": False, "n_members": 1},
            {"lookback": 4, "n_members": 1},
            {"strategy": "recursive", "regressor": LSTMRegressor(2, epochs=1)},
        ],
    )
    def test_parameters_of_training_mean_training(self, months, parameters):
        forecaster = LSTMForecaster(intervals=None, random_state=0, **parameters)
        forecaster.fit(months, fh=[1])
        assert forecaster.share_ == 0
        assert forecaster.weights_ is None
        assert forecaster.model_ is not None

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"pretrained": "yes"}, "pretrained must be True, False or"),
            ({"pretrained": True, "lookback": 4}, "but lookback is given"),
            ({"pretrained": True, "strategy": "seq2seq"}, "but strategy is given"),
            ({"season_length": (4, 4)}, "two different ones"),
            ({"season_length": (2, 4, 12)}, "two different ones"),
            ({"season_length": ()}, "two different ones"),
            ({"season_length": (4, 0)}, "season_length must be"),
        ],
    )
    def test_wrong_ones_are_named(self, months, parameters, message):
        with pytest.raises(ValueError, match=message):
            LSTMForecaster(**parameters).fit(months)

    def test_without_intervals_there_are_none(self, months):
        forecaster = LSTMForecaster(pretrained=True, intervals=None).fit(months, fh=[1])
        with pytest.raises(NotImplementedError, match="intervals"):
            forecaster.predict_interval()

    def test_hours_have_a_week_too(self):
        hours = pd.period_range("2020", periods=9, freq="h")
        assert find_seasons(hours, 24) == (24, 168)
        assert find_seasons(hours, 12) == (12, 1)
        assert find_seasons(pd.period_range("2020", periods=9, freq="M"), 12) == (12, 1)
        assert find_seasons(pd.RangeIndex(9), 24) == (24, 1)
        assert find_seasons(hours, None) == (24, 168)

    @pytest.mark.parametrize("given", [(5, 20), [20, 5]])
    def test_two_seasons_are_known_to_both_networks(self, given):
        rng, steps = np.random.default_rng(0), np.arange(140)
        short, long = rng.normal(size=5)[steps % 5], rng.normal(size=20)[steps % 20]
        series = pd.Series(20 + 3 * short + 3 * long)
        alone = LSTMForecaster(given, pretrained=True).fit(series[:-20])
        assert alone.seasons_ == (5, 20)
        error = np.abs(alone.predict(fh=range(1, 21)) - series[-20:]).mean()
        assert error < 0.3
        trained = LSTMForecaster(
            given, pretrained=False, n_members=1, intervals=None, random_state=0
        )
        trained.fit(series, fh=range(1, 3))
        assert (trained.season_length_, trained.second_season_) == (5, 20)
        network = trained.model_.regressor.get_params()
        assert network["model__second_season"] == 20

    def test_one_season_of_two_may_be_none(self):
        index = pd.RangeIndex(9)
        assert find_seasons(index, (12,)) == (12, 1)
        assert find_seasons(index, (1, 12)) == (12, 1)


class TestBoth:
    """A network is trained too, and the held-out origins decide on the share."""

    @pytest.fixture
    def quick(self, monkeypatch):
        """The default with a network of two units, also for few rows."""
        monkeypatch.setattr(_two_networks, "ENOUGH_ROWS", 0)
        tiny = LSTMRegressor(units=2, epochs=1, random_state=0)
        monkeypatch.setattr(_regressor, "default_regressor", lambda *_, **__: tiny)
        return LSTMForecaster(season_length=1)

    def test_the_forecast_is_between_both(self, quick, months, monkeypatch):
        forecasts = {}
        for share in (0.0, 0.25, 1.0):
            monkeypatch.setattr(_pretrained, "_SHARES", (share,))
            quick.fit(months[:60], fh=range(1, 7))
            assert quick.share_ == share
            assert (quick.model_ is None) == (share == 1)
            forecasts[share] = quick.predict()
            quick.predict_interval(coverage=0.9)
        expected = 0.75 * forecasts[0] + 0.25 * forecasts[1]
        np.testing.assert_allclose(forecasts[0.25], expected, rtol=1e-5)

    def test_intervals_have_the_errors_of_the_mean(self, quick, months, monkeypatch):
        monkeypatch.setattr(_pretrained, "_SHARES", (0.0,))
        trained = quick.fit(months, fh=[1, 2]).predict_interval(coverage=0.8)
        monkeypatch.setattr(_pretrained, "_SHARES", (0.5,))
        both = quick.fit(months, fh=[1, 2]).predict_interval(coverage=0.8)
        # One epoch of two units is worse than the pretrained network.
        widths = np.ptp(both.to_numpy(), axis=1), np.ptp(trained.to_numpy(), axis=1)
        assert (widths[0] < widths[1]).all()

    def test_columns_of_x_are_used_if_they_help(self, months):
        rng = np.random.default_rng(0)
        x = pd.DataFrame({"x": rng.normal(size=72)}, index=months.index)
        y = (3 * x["x"] + 5).rename("y")
        forecaster = LSTMForecaster(random_state=0).fit(y[:66], x[:66], fh=range(1, 7))
        assert forecaster.share_ < 1
        forecast = forecaster.predict(X=x[66:])
        assert np.corrcoef(forecast, y[66:])[0, 1] > 0.9

    def test_without_held_out_origins_the_pretrained_one_is_alone(self, quick, months):
        frame = months[:3].to_frame()
        y = pd.concat({"one": frame, "two": frame}, names=["series"])
        assert quick.fit(y, fh=[1, 2]).share_ == 1
        assert quick.predict().notna().all(axis=None)

    def test_update_trains_for_one_more_epoch(self, quick, months, monkeypatch):
        monkeypatch.setattr(_pretrained, "_SHARES", (0.5,))
        quick.fit(months[:60], fh=[1])
        quick.update(months[60:])
        assert quick.model_.regressor.n_iter_ == 2


class TestShare:
    @pytest.fixture
    def held_out(self, rng):
        """Origins of two series, from which a network forecasts zero."""
        series, n_after = np.repeat([0, 1], 10), np.tile(np.arange(10, 0, -1), 2)
        targets = rng.normal(size=(20, 1, 1))
        return HeldOut(series, n_after, targets, 0 * targets, np.ones((20, 1)))

    @pytest.fixture
    def found(self, held_out, monkeypatch):
        """Return the share if the pretrained network has these errors, in spreads.

        The trained network has the error 1 at all origins, with the same sign.
        """
        series = ManySeries(np.zeros((40, 1)), np.array([0, 20, 40]), ("a", "b"))
        # In the units of the series.
        scale = Scale(np.array([[10.0], [100]]), np.array([[2.0], [3]]))
        own = scale.take((held_out.series, None))
        trained = replace(held_out, forecast=held_out.targets + 1)

        def found(error, **options):
            medians = own.spread * (held_out.targets + error) + own.centre
            monkeypatch.setattr(Pretrained, "medians", lambda *_: medians)
            share, origins = best_share(
                trained, Pretrained((1, 1)), series, scale, **options
            )
            expected = held_out.targets + 1 + share * (error - 1)
            np.testing.assert_allclose(origins.forecast, expected, atol=1e-12)
            return share

        return found

    @pytest.mark.parametrize(
        ("error", "share"),
        # The error of the mean is |1 + share * (error - 1)|.
        [(1.0, 0.4), (1.2, 0.4), (0.95, 0.4), (1.4, 0.2), (9.0, 0.0), (0.0, 1.0)],
    )
    def test_the_usual_share_is_kept_unless_it_is_clearly_worse(
        self, found, error, share
    ):
        assert found(error) == share

    def test_a_share_between_both_can_be_best(self, found):
        assert found(-0.25) == 0.8

    def test_columns_that_only_one_reads_speak_for_that_one(self, found):
        assert found(0.95, has_columns=True) == 0
        assert found(0.0, has_columns=True) == 1

    def test_forecasts_from_origins_are_those_of_the_rows_before(self, rng):
        values = rng.normal(size=(50, 2)).cumsum(axis=0)
        series = ManySeries(values, np.array([0, 20, 50]), ("a", "b"))
        targets = np.zeros((2, 3, 2))
        origins = HeldOut(np.array([0, 1]), np.array([4, 6]), targets, targets, None)
        medians = Pretrained((1, 1)).medians(series, origins)
        for row, past in zip(medians, (values[:16], values[20:44]), strict=True):
            alone = ManySeries(past, np.array([0, len(past)]))
            expected = Pretrained((1, 1)).at(alone, np.array([[1, 2, 3]]))
            np.testing.assert_allclose(row, expected[0, ..., MEDIAN], rtol=1e-4)

    def test_what_is_unknown_has_no_share(self):
        trained, pretrained = np.array([1.0, 2.0]), np.array([3.0, np.nan])
        np.testing.assert_array_equal(mixed(trained, pretrained, 0.5), [2, 2])

    def test_some_origins_are_spread_over_all(self, held_out):
        some = held_out.some(5)
        assert len(some.targets) == 5
        assert set(some.series) == {0, 1}
        np.testing.assert_array_equal(held_out.some(20).targets, held_out.targets)


class TestCalibration:
    @pytest.mark.parametrize("factor", [0.7, 1.5])
    def test_intervals_cover_what_they_say(self, rng, monkeypatch, factor):
        """A network whose normal quantiles are too wide or too narrow by a factor."""
        values = rng.normal(size=(100 * 40, 1))
        series = ManySeries(values, 40 * np.arange(101), tuple(range(100)))
        told = factor * stats.norm.ppf(LEVELS)

        def after(self, series, stops, horizon, number=None):
            return np.tile(told, (len(stops), horizon, 1, 1))

        monkeypatch.setattr(Pretrained, "after", after)
        values = np.tile(told, (100, 3, 1, 1))
        found = Pretrained((1, 1)).calibrated(values, series, 3)
        expected = np.broadcast_to(stats.norm.ppf(LEVELS), found.shape)
        np.testing.assert_allclose(found, expected, atol=0.25)
        np.testing.assert_array_equal(found[..., MEDIAN], values[..., MEDIAN])

    def test_origins_with_shorter_windows_have_wider_quantiles(self, rng, monkeypatch):
        """The widths of the network itself fit at both lengths before their factors."""
        values = rng.normal(size=(100 * 200, 1))
        series = ManySeries(values, 200 * np.arange(101), tuple(range(100)))
        told = stats.norm.ppf(LEVELS)

        def after(self, series, stops, horizon, number):
            factors = width_factors(stops - series.offsets[number])
            assert (factors == 1.2).all()
            return factors[:, None, None, None] * np.tile(told, (1, horizon, 1, 1))

        monkeypatch.setattr(Pretrained, "after", after)
        found = Pretrained((1, 1)).calibrated(np.tile(told, (100, 12, 1, 1)), series, 12)
        np.testing.assert_allclose(found, np.broadcast_to(told, found.shape), atol=0.1)

    def test_a_few_origins_say_nothing(self, rng):
        series = ManySeries(rng.normal(size=(90, 1)), np.array([0, 90]))
        values = np.zeros((1, 3, 1, len(LEVELS)))
        assert Pretrained((1, 1)).calibrated(values, series, 3) is values
