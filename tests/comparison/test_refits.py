"""Comparisons that fit once, and take the new rows at later windows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, Ridge
from sktime.forecasting.compose import make_reduction
from sktime.forecasting.exp_smoothing import ExponentialSmoothing
from sktime.forecasting.naive import NaiveForecaster

from skforecast_lstm import LSTMRegressor, compare
from skforecast_lstm.comparison import refits
from skforecast_lstm.comparison.refits import fit_windows, takes_new_rows
from skforecast_lstm.forecasting import LSTMForecaster

pytestmark = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")

LEVELS = (0.8,)


def months(n):
    return pd.period_range("2000-01", periods=n, freq="M")


def wave(n, noise=0.0, seed=0):
    random = np.random.default_rng(seed).normal(size=n)
    values = 20 + 5 * np.sin(np.arange(n) / 3) + noise * random
    return pd.Series(values, months(n), name="v")


def tiny(**given):
    regressor = LSTMRegressor(units=2, epochs=1)
    return LSTMForecaster(
        lookback=4, regressor=regressor, random_state=0, season_length=1, **given
    )


def by_hand(forecaster, y, X, cutoffs, horizon):
    """Fit at the first cutoff, then update with the rows up to each other one."""
    steps = np.arange(1, horizon + 1)
    names = y.index.get_level_values(-1)
    times = names.unique()

    def rows(frame, first, last):
        chosen = (names >= times[first]) & (names <= times[last - 1])
        return None if frame is None else frame[chosen]

    fitted, before, found = forecaster.clone(), 0, []
    for cutoff in cutoffs:
        new, features = rows(y, before, cutoff), rows(X, before, cutoff)
        if before:
            fitted.update(new, X=features, update_params=False)
        else:
            fitted.fit(new, X=features, fh=steps)
        ahead = rows(X, cutoff, cutoff + horizon)
        before = cutoff
        # sktime sorts the series of a panel in `update`.
        order = rows(y, cutoff, cutoff + horizon).index
        middle = fitted.predict(fh=steps, X=ahead).loc[order]
        interval = fitted.predict_interval(fh=steps, X=ahead, coverage=list(LEVELS))
        interval = interval.loc[order]
        found.append((middle, interval))
    return found


def assert_equals_by_hand(forecaster, y, X=None, horizon=3):
    compared = compare(
        y, X=X, horizon=horizon, n_windows=3, step=2, refit=False,
        forecasters={"it": forecaster}, coverage=LEVELS, season_length=1,
    )  # fmt: skip
    assert compared.failures.empty
    n = len(y.index.get_level_values(-1).unique())
    cutoffs = [n - horizon - 4, n - horizon - 2, n - horizon]
    y = y.to_frame() if isinstance(y, pd.Series) else y
    frames = compared.forecasts.groupby("window")
    for (middle, interval), (_, rows) in zip(
        by_hand(forecaster, y, X, cutoffs, horizon), frames, strict=True
    ):
        n_each = len(middle) // horizon

        def flat(values, n_each=n_each):
            values = values.to_numpy().reshape(n_each, horizon, -1)
            return values.swapaxes(1, 2).ravel()

        close = {"rtol": 1e-4, "atol": 1e-4}
        assert_allclose(rows["forecast"], flat(middle), **close)
        for side in ("lower", "upper"):
            bound = interval.xs(side, axis=1, level=-1)
            assert_allclose(rows[f"{side}_0.8"], flat(bound), **close)


@pytest.mark.parametrize(
    "given",
    [{}, {"strategy": "recursive"}, {"intervals": "quantiles"}, {"calendar": "auto"}],
    ids=str,
)
def test_an_lstm_fitted_once_forecasts_as_after_updates_by_hand(given):
    assert_equals_by_hand(tiny(**given), wave(60, noise=1))


def test_an_lstm_that_shares_with_the_pretrained_one_forecasts_as_by_hand():
    forecaster = tiny(pretrained="auto").set_params(lookback=None)
    forecaster.set_params(regressor=None, n_members=None)
    assert_equals_by_hand(forecaster, wave(60, noise=1))


@pytest.mark.parametrize("past_only", [(), ("a",)])
def test_an_lstm_fitted_once_reads_features_as_by_hand(past_only, rng):
    y = wave(60, noise=1)
    X = pd.DataFrame(rng.normal(size=(60, 2)), y.index, columns=["a", "b"])
    assert_equals_by_hand(tiny(past_only=past_only), y, X)


def test_an_lstm_fitted_once_forecasts_many_columns_and_series_as_by_hand(rng):
    table = pd.DataFrame(rng.normal(size=(50, 2)), months(50), columns=["b", "a"])
    assert_equals_by_hand(tiny(), table)
    panel = pd.concat({"z": table, "c": table.iloc[10:] * 3}, names=["name"])
    assert_equals_by_hand(tiny(), panel)


def test_series_too_short_for_a_window_are_forecast_as_by_hand(rng):
    table = pd.DataFrame({"a": rng.normal(size=50)}, months(50))
    panel = pd.concat({"long": table, "short": table.iloc[38:]}, names=["name"])
    assert_equals_by_hand(tiny(), panel)


@pytest.mark.parametrize("n_series", [1, 30])
def test_the_pretrained_network_forecasts_as_by_hand(n_series):
    """From 25 series on, the intervals of each origin fit errors before it."""
    frames = {f"s{n:02d}": wave(40, 1, n).to_frame() for n in range(n_series)}
    panel = pd.concat(frames, names=["name"])
    assert_equals_by_hand(LSTMForecaster(pretrained=True, season_length=1), panel)


@pytest.mark.parametrize("strategy", ["direct", "recursive", "multioutput"])
def test_a_regressor_fitted_once_forecasts_from_the_new_rows(strategy):
    """Its rule is exact for a sine, so the forecasts are, if it reads the last rows."""
    forecaster = make_reduction(LinearRegression(), strategy=strategy, window_length=6)
    assert takes_new_rows(forecaster)
    two = pd.concat({"a": wave(60).to_frame(), "b": 2 * wave(60).to_frame()})
    compared = compare(
        two, horizon=3, n_windows=4, step=5, refit=False, forecasters=[forecaster]
    )
    assert compared.failures.empty
    (settings,) = compared.settings["datasets"].values()
    assert settings["fits"] == {type(forecaster).__name__: 1}
    forecasts = compared.forecasts
    assert_allclose(forecasts["forecast"], forecasts["actual"], rtol=1e-6)


@pytest.mark.parametrize("sp", [1, 12])
def test_a_naive_forecaster_needs_no_fit(sp):
    together = [
        compare(
            wave(80, noise=1), horizon=3, n_windows=4, refit=refit,
            forecasters=[NaiveForecaster(sp=sp)],
        )
        for refit in (True, False)
    ]  # fmt: skip
    first, second = (one.forecasts for one in together)
    pd.testing.assert_frame_equal(first, second)
    metrics = ["dataset", "window", "metric", "value"]
    first, second = (one.results.query("~metric.str.contains('seconds')")[metrics]
                     for one in together)  # fmt: skip
    pd.testing.assert_frame_equal(first, second)


def test_a_forecaster_that_would_ignore_new_rows_is_fitted_at_each_window():
    kept = [
        compare(
            wave(60, noise=1), horizon=3, n_windows=4, refit=refit,
            forecasters=[ExponentialSmoothing()],
        )
        for refit in (True, False)
    ]  # fmt: skip
    pd.testing.assert_frame_equal(kept[0].forecasts, kept[1].forecasts)
    assert kept[1].settings["datasets"]["v"]["fits"] == {"ExponentialSmoothing": 4}


@given(
    refit=st.one_of(st.just("auto"), st.booleans(), st.integers(1, 50)),
    n_windows=st.integers(1, 500),
)
@example(refit="auto", n_windows=20)
@example(refit="auto", n_windows=21)
def test_a_window_never_uses_a_later_fit(refit, n_windows):
    fits = fit_windows(refit, NaiveForecaster(), n_windows, 100)
    assert len(fits) == n_windows
    assert all(fit <= window for window, fit in enumerate(fits))
    assert fits == sorted(fits)
    if refit == "auto":
        assert len(set(fits)) <= 20
        assert n_windows > 20 or len(set(fits)) == n_windows
    elif refit is True:
        assert fits == list(range(n_windows))
    elif refit is False:
        assert set(fits) == {0}
    else:
        assert len(set(fits)) == -(-n_windows // refit)


@pytest.mark.parametrize(
    ("n_values", "n_fits"), [(1_000, 20), (100_000, 5), (131_040, 3), (10**7, 1)]
)
def test_of_many_values_there_are_fewer_fits(n_values, n_fits):
    fits = fit_windows("auto", NaiveForecaster(), 20, n_values)
    assert len(set(fits)) == n_fits
    assert len(set(fit_windows(True, NaiveForecaster(), 20, n_values))) == 20


def test_results_with_and_without_refits_are_kept_apart(tmp_path):
    def run(refit):
        return compare(
            wave(60, noise=1), horizon=3, n_windows=4, refit=refit,
            forecasters=["Ridge"], results=tmp_path, season_length=1,
        )  # fmt: skip

    once, always, again, every_second = run(False), run(True), run(False), run(2)
    # The first window is fitted in the same way.
    before = [one.settings["cells_run_before"] for one in (once, always, again)]
    assert before == [0, 1, 4]
    # The second has the fit of the first, and the third has its own.
    assert every_second.settings["cells_run_before"] == 3
    pd.testing.assert_frame_equal(once.forecasts, again.forecasts)
    differs = once.forecasts["forecast"] != always.forecasts["forecast"]
    assert differs.groupby(once.forecasts["window"]).any().tolist() == [False] + 3 * [
        True
    ]
    third = every_second.forecasts.query("window == 3")
    assert_allclose(third["forecast"], always.forecasts.query("window == 3")["forecast"])


def test_an_error_of_a_shared_fit_is_that_of_all_its_windows():
    bad = make_reduction(Ridge(alpha=-1), strategy="direct", window_length=3)
    compared = compare(
        wave(60), horizon=3, n_windows=4, refit=2, forecasters=[bad, "naive"]
    )
    assert compared.failures["window"].tolist() == [1, 2, 3, 4]
    assert compared.failures["reason"].str.contains("alpha").all()
    assert set(compared.forecasts["forecaster"]) == {"naive"}


class Stops(NaiveForecaster):
    """A forecaster that takes new rows once, and not again."""

    def _update(self, y, X=None, update_params=True):
        if len(self._y) > 55:
            raise RuntimeError("No more rows.")
        return super()._update(y, X, update_params)


def test_windows_before_an_error_are_kept(monkeypatch):
    monkeypatch.setattr(refits, "takes_new_rows", lambda _: True)
    compared = compare(
        wave(60), horizon=3, n_windows=4, step=2, refit=False, forecasters=[Stops()]
    )
    assert compared.failures["window"].tolist() == [4]
    assert set(compared.forecasts["window"]) == {1, 2, 3}


@pytest.mark.parametrize("refit", ["never", 0, -1, 1.5])
def test_an_unknown_refit_is_refused(refit):
    with pytest.raises((TypeError, ValueError), match="refit"):
        compare(wave(60), horizon=3, refit=refit)
