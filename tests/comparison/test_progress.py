"""What is shown while a comparison runs: lines in a log, a bar on a terminal."""

import pytest
from sktime.forecasting.naive import NaiveForecaster

from skforecast_lstm import compare
from skforecast_lstm.comparison import progress
from skforecast_lstm.comparison.lineup import ignore_default_warnings

NAMES = ["naive", "seasonal naive"]


@pytest.fixture
def monthly(airline):
    return airline["passengers"]


@pytest.fixture
def clock(monkeypatch):
    """A clock that advances 11 s whenever it is read."""
    now = [0.0]

    def monotonic():
        now[0] += 11
        return now[0]

    monkeypatch.setattr(progress.time, "monotonic", monotonic)


def test_a_log_has_few_lines(monthly, capfd, clock):
    compare(monthly, horizon=12, forecasters=NAMES)
    out, errors = capfd.readouterr()
    assert out == ""
    lines = errors.splitlines()
    assert lines[0] == "Comparing: 1 of 8 cells."
    # Two readings for each cell, and 30 s between lines.
    assert 2 <= len(lines) <= 5
    assert lines[-1].endswith(" of 8 cells, about 1 s left.")


def test_the_estimate_is_said_once(monthly, capfd, monkeypatch):
    monkeypatch.setattr(progress, "_SHORT", 0)
    compare(monthly, horizon=12, forecasters=NAMES, n_windows=3)
    lines = capfd.readouterr().err.splitlines()
    said = [line for line in lines if "Estimate" in line]
    assert said == ["Comparing: Estimate: each under 5 s; all about 1 s on 1 worker."]


def test_a_short_comparison_gives_no_estimate(monthly, capfd):
    compare(monthly, horizon=12, forecasters=NAMES, n_windows=3)
    assert capfd.readouterr() == ("", "")


def test_the_estimate_of_a_slow_one(monthly, capfd, monkeypatch):
    class Slow(NaiveForecaster):
        def _fit(self, y, X, fh):
            seconds[0] += 60
            return super()._fit(y, X, fh)

    seconds = [0.0]
    monkeypatch.setattr(
        "skforecast_lstm.comparison.groups.time.perf_counter", lambda: seconds[0]
    )
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    with ignore_default_warnings():
        slow = Slow()
    given = {"forecasters": {"slow": slow, "naive": "naive"}, "n_windows": 3}
    compare(monthly, horizon=12, **given)
    lines = capfd.readouterr().err.splitlines()
    # Windows of 108, 120 and 132 rows: 60 s for 108 are 200 s for all.
    assert lines[1] == (
        "Comparing: Estimate: slow about 3 min 20 s, others under 10 s; all about "
        "3 min 20 s on 1 worker."
    )


def test_an_estimate_on_a_terminal_is_above_the_bar(monthly, capfd, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(progress, "_SHORT", 0)
    compare(monthly, horizon=12, forecasters=NAMES, n_windows=3)
    errors = capfd.readouterr().err
    assert errors.count("Estimate: ") == 1
    assert "left: about 1 s" in errors


def test_without_a_standard_error(monthly, monkeypatch):
    monkeypatch.setattr(progress, "_SHORT", 0)
    monkeypatch.setattr("sys.stderr", None)
    comparison = compare(monthly, horizon=12, forecasters=NAMES, n_windows=2)
    assert comparison.failures.empty
