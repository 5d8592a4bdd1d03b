"""Forecasters that take too long: stopped, left out, and replaced."""

import signal
import threading
import time

import pytest
from sktime.forecasting.arima import AutoARIMA
from sktime.forecasting.naive import NaiveForecaster

from skforecast_lstm import compare
from skforecast_lstm.comparison import stand_ins
from skforecast_lstm.comparison.limits import run_within
from skforecast_lstm.comparison.lineup import ignore_default_warnings


class Slow(NaiveForecaster):
    """Sleeps in each fit, or only in that of more than so many rows."""

    def __init__(self, seconds=0.3, n_rows=0):
        self.seconds = seconds
        self.n_rows = n_rows
        super().__init__()

    def _fit(self, y, X, fh):
        if len(y) > self.n_rows:
            time.sleep(self.seconds)
        return super()._fit(y, X, fh)


@pytest.fixture
def monthly(airline):
    return airline["passengers"]


def slow(**parameters):
    with ignore_default_warnings():
        return Slow(**parameters)


def names(comparison):
    return list(comparison.results["forecaster"].unique())


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_cell_is_stopped_in_the_middle(monthly, n_jobs):
    given = {"forecasters": {"slow": slow(seconds=60), "naive": "naive"}, "horizon": 12}
    compare(monthly, horizon=12, forecasters=["naive"], n_jobs=n_jobs)
    started = time.monotonic()
    comparison = compare(monthly, **given, time_limit=1, n_jobs=n_jobs)
    assert time.monotonic() - started < 20
    assert names(comparison) == ["naive"]
    sentence = "slow is left out: it takes longer than the time limit of 1 s."
    assert sentence in comparison.summary()
    assert comparison.failures.empty
    assert signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, None)


def test_two_fits_tell_that_the_others_take_too_long(monthly):
    forecasters = {"slow": slow(seconds=0.8), "naive": "naive"}
    given = {"forecasters": forecasters, "horizon": 12}
    comparison = compare(monthly, **given, time_limit=2.5)
    # Four windows take 3.2 s, and two of them 1.6 s.
    assert names(comparison) == ["naive"]
    assert "slow is left out: it would take about " in repr(comparison)
    assert "slow" not in comparison.tasks[0][1]
    whole = compare(monthly, **given, time_limit=30.0)
    assert names(whole) == ["slow", "naive"]
    assert whole.settings["stopped"] == {}


def test_a_slow_first_fit_does_not_tell(monthly):
    class Compiled(Slow):
        def _fit(self, y, X, fh):
            self.seconds = 0.8 if len(y) == 96 else 0
            return super()._fit(y, X, fh)

    with ignore_default_warnings():
        compiled = Compiled()
    given = {"forecasters": {"compiled": compiled, "naive": "naive"}, "horizon": 12}
    assert "compiled" in names(compare(monthly, **given, time_limit=2.0))


def test_a_thread_is_stopped_between_cells(monthly):
    given = {"forecasters": {"slow": slow(seconds=2.5), "naive": "naive"}, "horizon": 12}
    found = []
    thread = threading.Thread(
        target=lambda: found.append(compare(monthly, **given, time_limit=2))
    )
    thread.start()
    thread.join()
    assert names(found[0]) == ["naive"]


def test_nothing_is_left(monthly):
    with pytest.raises(ValueError, match=r"No forecaster is left\. Slow is left out"):
        compare(monthly, horizon=12, forecasters=[slow(seconds=9)], time_limit=0.1)


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_that_is_refused(monthly, limit):
    with pytest.raises(ValueError, match="time_limit must be greater than 0"):
        compare(monthly, horizon=12, time_limit=limit)
    with pytest.raises(TypeError, match="time_limit must be a number of seconds"):
        compare(monthly, horizon=12, time_limit="9")


def test_the_time_of_an_earlier_run_counts(monthly, tmp_path):
    given = {"horizon": 12, "results": tmp_path, "n_windows": 3}
    forecasters = {"slow": slow(n_rows=125, seconds=60), "naive": "naive"}
    first = compare(monthly, **given, forecasters=forecasters, time_limit=2)
    assert names(first) == ["naive"]
    # Its two quick windows are kept for a call with more time.
    again = compare(
        monthly, **given, forecasters=forecasters | {"other": "naive"}, time_limit=2
    )
    assert names(again) == ["naive", "other"]
    lines = (tmp_path / "cells.jsonl").read_text().splitlines()
    assert sum('"forecaster": "slow"' in line for line in lines) == 2


def test_stored_results_of_all_windows_are_kept_with_any_limit(monthly, tmp_path):
    given = {"horizon": 12, "results": tmp_path, "n_windows": 3}
    given |= {"forecasters": {"slow": slow(), "naive": "naive"}}
    compare(monthly, **given)
    again = compare(monthly, **given, time_limit=0.01)
    assert names(again) == ["slow", "naive"]
    assert again.settings["cells_run_before"] == 6


# ------------------------------------------------------------ who goes on instead


@pytest.fixture
def quick_arima(monkeypatch):
    """Make the whole search take a minute, and the bounded one as little as it can."""
    fit = AutoARIMA._fit

    def slow_without_bounds(self, y, X, fh):
        if self.max_p > 0:
            time.sleep(60)
        return fit(self, y, X, fh)

    monkeypatch.setattr(AutoARIMA, "_fit", slow_without_bounds)
    bounds = {"start_p": 0, "max_p": 0, "start_q": 0, "max_q": 0, "seasonal": False}
    monkeypatch.setattr(stand_ins, "_BOUNDS", bounds)
    monkeypatch.setattr(stand_ins, "find_spec", lambda name: None)


def test_a_bounded_search_replaces_auto_arima_in_all_windows(monthly, quick_arima):
    given = {"horizon": 12, "n_windows": 2, "forecasters": ["naive", "AutoARIMA"]}
    comparison = compare(monthly, **given, time_limit=6)
    name = "AutoARIMA (bounded search)"
    assert names(comparison) == ["naive", name]
    windows = comparison.forecasts[comparison.forecasts["forecaster"] == name]["window"]
    assert sorted(windows.unique()) == [1, 2]
    said = comparison.summary()
    assert "AutoARIMA is left out: it takes longer than the time limit of 6 s." in said
    assert f"{name} runs in its place, in all windows." in said
    assert name in comparison.ranking().index
    assert comparison.forecast(forecaster=name)["forecast"].notna().all()
    assert list(comparison.settings["datasets"]["passengers"]["fits"]) == ["naive", name]


def test_one_that_stands_in_may_be_too_slow_as_well(monthly, monkeypatch):
    monkeypatch.setattr(
        "skforecast_lstm.comparison.plan.stand_in",
        lambda name, _: (f"{name}, quick", slow(seconds=60)),
    )
    given = {"horizon": 12, "n_windows": 1}
    with pytest.raises(ValueError, match=r"slow is left out.*slow, quick is left out"):
        compare(monthly, **given, forecasters={"slow": slow(seconds=60)}, time_limit=0.2)


def test_the_settings_of_auto_arima_are_kept(monkeypatch):
    monkeypatch.setattr(stand_ins, "find_spec", lambda name: None)
    with ignore_default_warnings():
        name, found = stand_ins.stand_in("mine", AutoARIMA(sp=7, trend="t"))
    assert name == "mine (bounded search)"
    assert found.get_params()["sp"] == 7
    assert found.get_params()["trend"] == "t"
    assert found.get_params()["max_p"] == 3
    assert stand_ins.stand_in("naive", NaiveForecaster) is None


def test_statsforecast_replaces_auto_arima_by_the_forecaster_of_that_name(monthly):
    pytest.importorskip("statsforecast")
    with ignore_default_warnings():
        name, found = stand_ins.stand_in("AutoARIMA", AutoARIMA(sp=12))
    assert name == "AutoARIMA (statsforecast)"
    comparison = compare(monthly, horizon=12, n_windows=1, forecasters=[name])
    (_, by_name), *_ = comparison.tasks
    assert type(found) is type(by_name[name])
    assert found.get_params() == by_name[name].get_params()


# ------------------------------------------------------------ the timer


def test_the_timer_stops_one_that_catches_every_exception():
    def stubborn():
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                time.sleep(0.01)
            except Exception:  # noqa: BLE001
                continue

    started = time.monotonic()
    assert run_within(stubborn, 0.2, {}) is None
    assert time.monotonic() - started < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timer_of_the_user_is_left_alone():
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 100)
        assert run_within(lambda: 5, 0.001, {}) == 5
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 90
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
