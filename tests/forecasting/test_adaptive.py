"""Intervals that adapt: how often they hold while the errors change."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from skforecast_lstm import LSTMRegressor
from skforecast_lstm.forecasting import LSTMForecaster
from skforecast_lstm.forecasting._adaptive import COVERAGES, Adaptation
from skforecast_lstm.forecasting._new_errors import new_errors
from skforecast_lstm.forecasting._origins import forecast_origins

from .naive import naive

LEVELS = [0.8, 0.95]


def tiny():
    """Return a forecaster with a tiny network."""
    return LSTMForecaster(
        season_length=1,
        lookback=4,
        regressor=LSTMRegressor(units=2, epochs=1),
        intervals="adaptive",
        random_state=0,
    )


def seasonal(spreads, seed=0):
    """Return a season of twelve rows, with noise of these sizes."""
    noise = np.random.default_rng(seed).normal(size=len(spreads)) * spreads
    return pd.Series(10 * np.sin(np.pi * np.arange(len(spreads)) / 6) + noise, name="y")


def coverage(forecaster, y, n_fit, n_steps=3):
    """Return how often intervals hold, from every third row on, updated each time."""
    forecaster.fit(rows(y, 0, n_fit), fh=range(1, n_steps + 1))
    inside = []
    last = y.index.get_level_values(-1).max() + 1
    for origin in range(n_fit, last - n_steps, 3):
        bounds = forecaster.predict_interval(coverage=LEVELS).to_numpy()
        actual = rows(y, origin, origin + n_steps).to_numpy()
        inside.append((bounds[:, ::2] <= actual) & (actual <= bounds[:, 1::2]))
        forecaster.update(rows(y, origin, origin + 3), update_params=False)
    return np.mean(inside, axis=(0, 1))


def test_intervals_hold_after_a_change_of_variance_where_others_do_not():
    spreads = np.where(np.arange(900) < 350, 1.0, 3.0)
    y = pd.concat({name: seasonal(spreads, name).to_frame() for name in range(8)})
    fixed = coverage(naive(), y, 250)
    adaptive = coverage(naive(intervals="adaptive"), y, 250)
    np.testing.assert_allclose(adaptive, LEVELS, atol=0.03)
    assert (fixed < np.array(LEVELS) - 0.2).all()


@pytest.mark.parametrize(
    "spreads",
    [
        np.ones(1000),
        np.repeat([1.0, 3.0], [200, 800]),
        np.repeat([3.0, 1.0], [200, 800]),
        np.exp(np.sin(np.arange(1000) / 80)),
    ],
    ids=["constant", "larger", "smaller", "waves"],
)
def test_factors_hold_the_coverage_of_normal_errors(rng, spreads):
    errors = np.abs(rng.normal(size=(30, len(spreads)))) * spreads
    widths = stats.norm.ppf(0.5 + np.array(COVERAGES) / 2)
    ratios = errors[..., None] / widths
    adaptation, names = Adaptation(1, 1), list(range(30))
    inside = []
    for now in np.moveaxis(ratios, 1, 0):
        inside.append(now <= adaptation.factors(names)[:, 0])
        adaptation.see(names, now[:, None, None])
    found = np.mean(inside[200:], axis=(0, 1))
    np.testing.assert_allclose(found, COVERAGES, atol=0.03)


def test_errors_three_times_as_large_are_seen_within_ten_updates(rng):
    spreads = np.where(np.arange(70) < 50, 1.0, 3.0)
    errors = np.abs(rng.normal(size=(70, 100, 4))) * spreads[:, None, None]
    widths = stats.norm.ppf(0.5 + np.array(COVERAGES) / 2)
    adaptation, names, inside = Adaptation(4, 1), list(range(100)), []
    for ratios in errors[..., None] / widths:
        inside.append((ratios <= adaptation.factors(names)).mean(axis=(0, 1)))
        adaptation.see(names, ratios[:, :, None])
    found = np.mean(inside[60:], axis=0)[[COVERAGES.index(one) for one in LEVELS]]
    np.testing.assert_allclose(found, LEVELS, atol=0.03)


def test_one_wild_error_does_not_widen_intervals_for_long(rng):
    widths = stats.norm.ppf(0.5 + np.array(COVERAGES) / 2)
    errors = np.abs(rng.normal(size=(60, 30, 4, 1, 1))) / widths
    with_wild = errors.copy()
    with_wild[50, :, 0] = 1e6
    factors = []
    for one in (errors, with_wild):
        adaptation = Adaptation(4, 1)
        for ratios in one:
            adaptation.see(list(range(30)), ratios)
        factors.append(adaptation.factors(list(range(30))).mean(axis=(0, 1)))
    np.testing.assert_allclose(factors[1], factors[0], rtol=0.1)


def test_before_an_update_intervals_are_conformal():
    y = seasonal(np.ones(200))
    levels = [0.001, 0.1, 0.3, 0.5, 0.6, 0.95, 0.999]
    fixed, adaptive = (
        naive(intervals=one).fit(y, fh=range(1, 5)).predict_quantiles(alpha=levels)
        for one in ("conformal", "adaptive")
    )
    np.testing.assert_allclose(adaptive, fixed)


def test_quantiles_stay_in_order_and_around_the_forecast():
    y = seasonal(np.where(np.arange(400) < 300, 1.0, 4.0))
    forecaster = naive(intervals="adaptive").fit(y[:300], fh=range(1, 5))
    before = forecaster.predict_interval(coverage=0.8)
    for start in range(300, 400, 4):
        forecaster.update(y[start : start + 4], update_params=False)
    levels = [0.001, 0.01, 0.1, 0.24, 0.26, 0.5, 0.7, 0.91, 0.976, 0.999]
    quantiles = forecaster.predict_quantiles(fh=range(-3, 9), alpha=levels).to_numpy()
    assert (np.diff(quantiles) > 0).all()
    np.testing.assert_allclose(quantiles[:, 5], forecaster.predict(fh=range(-3, 9)))
    after = forecaster.predict_interval(fh=range(1, 5), coverage=0.8)
    assert (
        np.ptp(after.to_numpy(), axis=1) > 2 * np.ptp(before.to_numpy(), axis=1)
    ).all()


def panel(n_rows, seed=0):
    """Return three series of two columns, and a column that is known ahead."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(n_rows)])
    y = pd.DataFrame(rng.normal(size=(len(index), 2)), index=index, columns=["u", "v"])
    return y, pd.DataFrame({"x": rng.normal(size=len(index))}, index=index)


def rows(frame, start, stop):
    """Return rows of each series."""
    times = frame.index.get_level_values(-1)
    return frame[(times >= start) & (times < stop)]


@pytest.mark.parametrize("known_ahead", [False, True])
def test_errors_are_those_of_the_forecasts_that_were_given(known_ahead):
    """Cutoffs after 45, 46 and 49 rows, new rows up to 51, and three steps ahead."""
    y, X = panel(60)

    def columns(start, stop):
        return rows(X, start, stop) if known_ahead else None

    forecaster = tiny().fit(rows(y, 0, 45), columns(0, 45), fh=[1, 2, 3])
    cutoffs, n_before, n_now = [45, 46, 49], 48 if known_ahead else 49, 51
    expected = []
    for cutoff in cutoffs:
        here = deepcopy(forecaster)
        here.adaptation_ = None
        if cutoff > 45:
            here.update(rows(y, 45, cutoff), columns(45, cutoff), update_params=False)
        ahead = columns(cutoff, cutoff + 3)
        middle = here.predict(X=ahead).to_numpy()
        actual = rows(y, cutoff, cutoff + 3).to_numpy()
        for level in COVERAGES:
            bounds = here.predict_interval(X=ahead, coverage=level).to_numpy()
            side = np.where(actual > middle, bounds[:, 1::2], bounds[:, ::2])
            expected.append(((actual - middle) / (side - middle)).reshape(3, 3, 2))
    expected = np.reshape(expected, (3, len(COVERAGES), 3, 3, 2))
    # Series, cutoffs, steps, columns, coverages.
    expected = expected.transpose(2, 0, 3, 4, 1)
    counts = np.zeros((3, 3), dtype=bool)
    if known_ahead:
        # All steps of the cutoff 46 became known, and not those of 49.
        counts[1] = True
    else:
        counts[2, :2] = True
    forecaster._cur_y, forecaster._cur_X = rows(y, 0, n_now), columns(0, n_now)
    by_series = dict.fromkeys("abc", n_before), dict.fromkeys("abc", cutoffs)
    names, ratios = new_errors(forecaster, *by_series)
    assert names == ["a", "b", "c"]
    for found, wanted in zip(ratios, expected, strict=True):
        known = ~np.isnan(found).any(axis=(1, 2))
        np.testing.assert_allclose(found[known], wanted[counts], rtol=1e-3)


def test_each_forecast_counts_once_for_each_step(monkeypatch):
    seen = []
    monkeypatch.setattr(
        Adaptation, "see", lambda self, names, ratios: seen.append(ratios)
    )
    y = seasonal(np.ones(330))
    forecaster = naive(intervals="adaptive").fit(y[:300], fh=range(1, 5))
    for start, stop in ((300, 301), (301, 303), (303, 310), (310, 330)):
        forecaster.update(y[start:stop], update_params=False)
    known = [np.count_nonzero(~np.isnan(one[..., 0])) for one in seen]
    # Of the cutoffs 300, 301, 303 and 310.
    assert known == [1, 2 + 2, 1 + 2 + 4, 4]


def test_each_series_adapts_and_a_new_one_begins_without():
    y, _ = panel(120)
    forecaster = tiny().fit(rows(y, 0, 80).drop("c"), fh=[1, 2])
    loud = rows(y.loc[["a"]], 80, 120) * 10
    forecaster.update(pd.concat([loud, rows(y.loc[["c"]], 0, 80)]), update_params=False)
    factors = forecaster.adaptation_.factors(["a", "b", "c"])
    assert (factors[0] != 1).all()
    assert (factors[1:] == 1).all()
    assert forecaster.predict_interval().notna().all(axis=None)


def test_rows_before_those_of_fit_are_no_new_errors():
    y, _ = panel(120)
    forecaster = tiny().fit(rows(y, 20, 80), fh=[1, 2])
    forecaster.update(rows(y.loc[["b"]], 0, 20), update_params=False)
    assert (forecaster.adaptation_.factors(["a", "b", "c"]) == 1).all()
    expected = tiny().fit(rows(y, 20, 80), fh=[1, 2])
    for one in (forecaster, expected):
        one.update(rows(y, 80, 90), update_params=False)
    assert (expected.adaptation_.factors(["b"]) != 1).all()
    np.testing.assert_allclose(
        *(one.adaptation_.factors(["a", "b", "c"]) for one in (forecaster, expected))
    )


def test_the_pretrained_network_alone_adapts():
    y = seasonal(np.where(np.arange(160) < 120, 1.0, 6.0))
    forecaster = LSTMForecaster(season_length=12, intervals="adaptive")
    forecaster.fit(y[:120], fh=[1, 2])
    assert forecaster.share_ == 1
    for start in range(120, 160, 2):
        forecaster.update(y[start : start + 2], update_params=False)
    factors = forecaster.adaptation_.factors([None])
    assert (factors[..., 1:] > 1.2).all()


@pytest.mark.parametrize("n_rows", [1, 12])
def test_a_short_series_adapts_too(n_rows):
    y = seasonal(np.ones(40))
    forecaster = LSTMForecaster(pretrained=True, intervals="adaptive")
    forecaster.fit(y[:n_rows], fh=[1, 2])
    with pytest.raises(ValueError, match="errors at 0 origins"):
        forecaster.predict_samples()
    forecaster.update(y[n_rows:20], update_params=False)
    before = forecaster.adaptation_.factors([None])
    forecaster.update(y[20:], update_params=False)
    assert (forecaster.adaptation_.factors([None]) != before).all()
    assert forecaster.check_drift().refit is None


def test_origins_are_not_forecast_at_once():
    y = seasonal(np.ones(200)).to_frame()
    forecaster = naive(intervals="adaptive").fit(y[:150], fh=[1])
    assert forecast_origins(forecaster, y, None, np.array([10, 5]), 1) is None
