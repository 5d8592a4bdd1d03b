"""LSTMForecaster: columns, series and rows that are not those of fit."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm.forecasting import LSTMForecaster

TIMES = pd.period_range("2010-01", periods=44, freq="M", name="month")
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(44, 2)), index=TIMES, columns=["price", "rain"])
Y = pd.DataFrame(RNG.normal(size=(44, 2)), index=TIMES, columns=["b", "a"])
Y["a"] += 100
LOAD = (X["price"] + 5).rename("load")
KNOWN, AHEAD = slice(40), slice(40, 44)


class Linear:
    """A quick regressor of windows: least squares on all that they hold."""

    def get_params(self, deep=True):
        return {}

    def set_params(self, **parameters):
        return self

    def fit(self, windows, targets):
        rows = ~(np.isnan(windows).any((1, 2)) | np.isnan(targets).any(1))
        self.weights_ = np.linalg.lstsq(
            self._flat(windows[rows]), targets[rows], rcond=None
        )[0]
        return self

    def predict(self, windows):
        return self._flat(np.nan_to_num(windows)) @ self.weights_

    def _flat(self, windows):
        flat = windows.reshape(len(windows), -1)
        return np.c_[flat, np.ones(len(flat))]


def forecaster(**parameters):
    return LSTMForecaster(lookback=2, regressor=Linear(), intervals=None, **parameters)


@pytest.fixture
def fitted():
    return forecaster().fit(LOAD[KNOWN], X[KNOWN], fh=[1, 2])


def panel(frame, names=("s", "t")):
    return pd.concat(dict.fromkeys(names, frame), names=["name"])


class TestColumnsOfX:
    def test_are_told_apart_by_name(self, fitted):
        expected = fitted.predict(X=X[AHEAD])
        swapped = X[["rain", "price"]]
        pd.testing.assert_series_equal(fitted.predict(X=swapped[AHEAD]), expected)
        fitted.update(LOAD[AHEAD], swapped[AHEAD], update_params=False)
        seen = pd.concat([X[KNOWN], swapped[AHEAD]])
        pd.testing.assert_frame_equal(fitted._cur_X, seen, check_freq=False)

    def test_without_one_are_no_x(self):
        one, other = (
            forecaster().fit(LOAD[KNOWN], with_x, fh=[1])
            for with_x in (X[KNOWN][[]], None)
        )
        one.update(LOAD[AHEAD], X[AHEAD][[]], update_params=False)
        other.update(LOAD[AHEAD], update_params=False)
        ahead = pd.DataFrame(index=TIMES[-1:] + 1)
        pd.testing.assert_series_equal(one.predict(X=ahead), other.predict())
        with pytest.raises(ValueError, match=r"X had no columns in fit, or was"):
            one.predict(X=ahead.assign(price=1.0))

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            (X[["price"]], r"X lacks the columns \['rain'\]\. In fit"),
            (
                X.rename(columns={"rain": "Rain "}),
                r"lacks the columns \['rain'\].*Did you mean 'rain' instead of 'Rain '",
            ),
            (X.assign(snow=1.0), r"has the columns \['snow'\], which were not there"),
            (X.set_axis([0, 1], axis=1), r"lacks the columns \['price', 'rain'\]"),
        ],
    )
    def test_others_are_named(self, fitted, other, message):
        with pytest.raises(ValueError, match=message):
            fitted.predict(X=other[AHEAD])
        with pytest.raises(ValueError, match=message):
            fitted.update(LOAD[AHEAD], other[AHEAD])

    def test_two_of_one_name_are_refused(self):
        twice = X[["rain", "rain"]]
        for y, features in ((LOAD, twice), (panel(LOAD.to_frame()), panel(twice))):
            with pytest.raises(TypeError, match="unique column indices"):
                forecaster().fit(y, features, fh=[1])

    def test_those_known_in_the_past_only_may_be_missing_ahead(self):
        fitted = forecaster(past_only=["rain"]).fit(LOAD[KNOWN], X[KNOWN], fh=[1, 2])
        expected = fitted.predict(X=X[AHEAD])
        pd.testing.assert_series_equal(fitted.predict(X=X[["price"]][AHEAD]), expected)
        with pytest.raises(ValueError, match=r"lacks the columns \['price'\]"):
            fitted.predict(X=X[["rain"]][AHEAD])
        with pytest.raises(ValueError, match=r"lacks the columns \['rain'\]"):
            fitted.update(LOAD[AHEAD], X[["price"]][AHEAD])

    def test_without_x_in_fit_there_is_none_later(self):
        fitted = forecaster().fit(LOAD[KNOWN], fh=[1, 2])
        with pytest.raises(ValueError, match="X had no columns in fit, or was"):
            fitted.predict(X=X[AHEAD])
        with pytest.raises(ValueError, match="X had no columns in fit, or was"):
            fitted.update(LOAD[AHEAD], X[AHEAD])

    def test_with_x_in_fit_update_needs_one(self, fitted):
        for update_params in (True, False):
            with pytest.raises(ValueError, match=r"X is missing.*\['price', 'rain'\]"):
                fitted.update(LOAD[AHEAD], update_params=update_params)

    def test_unknown_values_of_what_is_known_ahead_are_named(self, fitted):
        gaps = X[AHEAD].copy()
        gaps.iloc[1, 1] = np.nan
        with pytest.raises(ValueError, match="'rain' of X is NaN at 2013-06, and all"):
            fitted.predict(X=gaps)
        # The step behind those that are asked for is no matter.
        assert fitted.predict(fh=[1], X=gaps).notna().all()

    def test_other_numbers_are_the_same(self):
        numbers = pd.DataFrame({"n": np.arange(44) % 3, "b": np.arange(44) % 2 == 0})
        numbers.index = TIMES
        forecasts = [
            forecaster().fit(LOAD[KNOWN], frame[KNOWN], fh=[1]).predict(X=frame[AHEAD])
            for frame in (numbers.astype(float), numbers, numbers.astype("Int64"))
        ]
        for other in forecasts[1:]:
            pd.testing.assert_series_equal(other, forecasts[0])

    def test_a_series_of_a_panel_has_all_its_rows(self):
        y, features = panel(LOAD.to_frame()), panel(X)
        late = features.drop(index=("t", TIMES[20]))
        with pytest.raises(ValueError, match=r"no row at \('t', Period\('2011-09'"):
            forecaster().fit(y, late, fh=[1])


class TestColumnsOfY:
    @pytest.mark.parametrize("update_params", [True, False])
    def test_are_told_apart_by_name_in_update(self, update_params):
        intervals = {"lookback": 2, "regressor": Linear(), "n_members": None}
        one, other = (LSTMForecaster(**intervals).fit(Y[KNOWN], fh=[1]) for _ in range(2))
        one.update(Y[AHEAD], update_params=update_params)
        other.update(Y[["a", "b"]][AHEAD], update_params=update_params)
        pd.testing.assert_frame_equal(other.predict(), one.predict())
        pd.testing.assert_frame_equal(other.predict_interval(), one.predict_interval())

    def test_others_are_named(self):
        fitted = forecaster().fit(Y[KNOWN], fh=[1])
        message = (
            r"y lacks the columns \['a'\] and has the columns \['A'\].*mean 'a' instead"
        )
        with pytest.raises(ValueError, match=message):
            fitted.update(Y.rename(columns={"a": "A"})[AHEAD])
        with pytest.raises(ValueError, match=r"y lacks the columns \['b'\]"):
            fitted.update(Y[["a"]][AHEAD])

    def test_one_column_needs_no_name(self):
        named, fitted, neither = (forecaster().fit(LOAD[KNOWN], fh=[1]) for _ in range(3))
        named.update(LOAD[AHEAD], update_params=False)
        fitted.update(LOAD[AHEAD].rename(None), update_params=False)
        assert fitted.predict().item() == named.predict().item()
        neither = neither.fit(LOAD[KNOWN].rename(None), fh=[1])
        neither.update(LOAD[AHEAD], update_params=False)
        assert neither.predict().item() == named.predict().item()

    def test_one_column_of_another_name_is_another(self):
        fitted = forecaster().fit(LOAD[KNOWN], fh=[1])
        with pytest.raises(ValueError, match=r"y lacks the columns \['load'\]"):
            fitted.update(LOAD[AHEAD].rename("price"))

    def test_are_told_apart_by_name_after_pretraining(self):
        other = Y[["a", "b"]]
        pretrained = forecaster().pretrain(panel(Y[KNOWN]), fh=[1])
        forecast = pretrained.clone().fit(Y[KNOWN], fh=[1]).predict()
        swapped = pretrained.clone().fit(other[KNOWN], fh=[1]).predict()
        pd.testing.assert_frame_equal(swapped, forecast[["a", "b"]])
        # Those of which none is called as before are others, in the same places.
        named = Y[KNOWN].set_axis([0, 1], axis=1)
        others = pretrained.clone().fit(named, fh=[1]).predict()
        pd.testing.assert_frame_equal(others, forecast.set_axis([0, 1], axis=1))
        with pytest.raises(ValueError, match=r"y lacks the columns \['a'\]"):
            pretrained.clone().fit(named.rename(columns={0: "b"}))
        with pytest.raises(ValueError, match=r"y lacks the columns \['b'\]"):
            pretrained.fit(other[["a"]][KNOWN], fh=[1])


class TestSeriesOfAPanel:
    def test_a_name_of_another_type_is_no_new_series(self):
        y = LOAD.to_frame()
        fitted = forecaster().fit(panel(y[KNOWN], (1, 2)), fh=[1])
        with pytest.raises(ValueError, match=r"series '2' \(str\).*but 2 \(int\) was"):
            fitted.update(panel(y[AHEAD], ("2",)))

    def test_update_has_the_levels_of_fit(self):
        one, many = Y[["a"]], panel(Y[["a"]])
        for first, later in ((one, many), (many, one)):
            fitted = forecaster().fit(first, fh=[1])
            with pytest.raises(ValueError, match=r"index levels, and \d in fit"):
                fitted.update(later)

    @pytest.mark.parametrize("kind", ["category", "string", object])
    def test_forecasts_keep_their_order_and_the_types_of_their_names(self, kind):
        y = panel(Y[["a"]], ("t", "s")).reset_index().astype({"name": kind})
        y = y.set_index(["name", y.columns[1]])
        months = y.index.get_level_values(-1)
        fitted = LSTMForecaster(pretrained=True).fit(y[months <= TIMES[39]], fh=[1])
        expected = fitted.predict()
        new = y[months > TIMES[39]].rename(index={"t": "r"}, level="name")
        for later in (y[months > TIMES[39]], new):
            fitted.update(later, update_params=False)
            found = fitted.predict().index.get_level_values("name")
            assert found[:2].tolist() == ["t", "s"]
        assert found.tolist() == ["t", "s", "r"]
        assert expected.index.dtypes["name"] == y.index.dtypes["name"]


class TestScales:
    """A network is taken over to other series, the scales of these are their own."""

    @pytest.fixture
    def pretrained(self):
        return forecaster().pretrain(panel(Y[["a"]][KNOWN]), fh=[1, 2])

    @pytest.mark.parametrize(("level", "size"), [(1e6, 1e4), (-3.0, 1e-3)])
    def test_of_a_panel_with_the_names_of_pretraining(self, pretrained, level, size):
        y = panel(level + size * Y[["b"]][KNOWN])
        other = y.rename(index={"s": "u", "t": "v"})
        expected = pretrained.clone().fit(other).predict(fh=[1, 2])
        forecast = pretrained.clone().fit(y).predict(fh=[1, 2])
        np.testing.assert_array_equal(forecast, expected)

    def test_of_one_series_after_another(self, pretrained):
        first = 1e4 * Y["b"][KNOWN]
        second = pretrained.clone().fit(Y["a"][KNOWN]).predict(fh=[1])
        again = pretrained.clone().fit(first).fit(Y["a"][KNOWN]).predict(fh=[1])
        np.testing.assert_array_equal(again, second)

    def test_of_a_second_pretraining(self, pretrained):
        y = panel(1e6 + Y[["b"]][KNOWN])
        pretrained.pretrain(y)
        expected = np.abs(y - y.groupby("name").mean()).groupby("name").mean()
        for name in ("s", "t"):
            spread = pretrained.scales_[name].spread
            np.testing.assert_allclose(spread, expected.loc[name])

    def test_of_a_saved_forecaster(self, pretrained, tmp_path):
        pretrained.save(tmp_path / "pretrained")
        loaded = type(pretrained).load_from_path(tmp_path / "pretrained.zip")
        y = panel(1e6 + Y[["b"]][KNOWN])
        np.testing.assert_array_equal(
            loaded.fit(y).predict(fh=[1]), pretrained.fit(y).predict(fh=[1])
        )

    def test_of_other_data_in_a_second_fit(self):
        y = panel(Y[["a"]][KNOWN])
        fitted = forecaster().fit(panel(1e5 * Y[["b"]][KNOWN]), fh=[1])
        expected = forecaster().fit(y, fh=[1]).predict()
        pd.testing.assert_frame_equal(fitted.fit(y, fh=[1]).predict(), expected)
