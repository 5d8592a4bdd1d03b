"""What is cut, run, kept and reported; and what is refused."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.compose import ColumnEnsembleForecaster
from sktime.forecasting.naive import NaiveForecaster

from skforecast_lstm import compare
from skforecast_lstm.comparison.lineup import ignore_default_warnings

QUICK = ["naive", "seasonal naive", "Ridge"]


class Moody(NaiveForecaster):
    """Refuses to learn from more rows than it likes."""

    def _fit(self, y, X, fh):
        if len(y) > 110:
            raise RuntimeError("too <many> rows")
        return super()._fit(y, X, fh)


@pytest.fixture
def moody():
    with ignore_default_warnings():
        return Moody()


@pytest.fixture
def monthly(airline):
    return airline["passengers"]


def scores(comparison):
    """All results but for the seconds, which differ each time."""
    results = comparison.results
    return results[~results["metric"].str.endswith("seconds")].reset_index(drop=True)


def values(comparison, metric, forecaster):
    results = comparison.results
    chosen = results[
        (results["metric"] == metric) & (results["forecaster"] == forecaster)
    ]
    return chosen["value"].to_numpy()


def test_scores_are_those_of_the_definition(monthly):
    comparison = compare(monthly, horizon=12, forecasters=["naive"], coverage=(0.9,))
    assert comparison.failures.empty
    for window, n_train in enumerate([96, 108, 120, 132]):
        known = monthly.to_numpy()[:n_train]
        actual = monthly.to_numpy()[n_train : n_train + 12]
        errors = actual - known[-1]
        steps = known[12:] - known[:-12]
        mase = np.abs(errors).mean() / np.abs(steps).mean()
        rmsse = np.sqrt((errors**2).mean() / (steps**2).mean())
        smape = (2 * np.abs(errors) / (actual + known[-1])).mean()
        assert values(comparison, "MASE", "naive")[window] == pytest.approx(mase)
        assert values(comparison, "RMSSE", "naive")[window] == pytest.approx(rmsse)
        assert values(comparison, "sMAPE", "naive")[window] == pytest.approx(smape)
        rows = comparison.forecasts[comparison.forecasts["window"] == window + 1]
        assert rows["cutoff"].unique() == [monthly.index[n_train - 1]]
        assert rows["time"].tolist() == monthly.index[n_train : n_train + 12].tolist()
        np.testing.assert_array_equal(rows["actual"], actual)
        np.testing.assert_array_equal(rows["forecast"], known[-1])
        assert rows["scaled_error"].mean() == pytest.approx(mase)
        inside = (rows["lower_0.9"] <= actual) & (actual <= rows["upper_0.9"])
        width = (rows["upper_0.9"] - rows["lower_0.9"]).mean()
        coverage = values(comparison, "coverage_0.9", "naive")[window]
        assert coverage == pytest.approx(inside.mean())
        assert values(comparison, "width_0.9", "naive")[window] == pytest.approx(width)
    assert (values(comparison, "fit_seconds", "naive") > 0).all()


@pytest.mark.parametrize(
    ("given", "first_cutoffs"),
    [
        ({"horizon": 12}, [96, 108, 120, 132]),
        ({"horizon": 10}, [104, 114, 124, 134]),
        ({"horizon": 12, "step": 30}, [102, 132]),
        ({"horizon": 6, "n_windows": 2, "step": 1}, [137, 138]),
    ],
)
def test_windows_end_with_the_last_row(monthly, given, first_cutoffs):
    comparison = compare(monthly, forecasters=["naive"], coverage=(), **given)
    cutoffs = comparison.forecasts.drop_duplicates("window")["cutoff"].tolist()
    assert cutoffs == [monthly.index[n - 1] for n in first_cutoffs]
    assert comparison.forecasts["time"].iloc[-1] == monthly.index[-1]


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("MS", 12), ("QS", 4), ("YS", 1), ("W", 52), ("D", 7), ("B", 5), ("h", 24)],
)
def test_season_by_frequency_and_every_kind_of_time(rng, frequency, season):
    times = pd.date_range("2000-01-01", periods=170, freq=frequency)
    y = pd.Series(rng.random(170) + 1, index=pd.DatetimeIndex(times, freq=None))
    names = ["naive", "seasonal naive", "Theta", "Ridge"]
    comparison = compare(y, horizon=3, n_windows=1, forecasters=names, coverage=(0.8,))
    assert comparison.settings["datasets"]["y"]["season_length"] == season
    assert comparison.failures.empty
    assert comparison.forecasts["time"].iloc[-1] == times[-1]
    forecasts = comparison.forecasts.set_index("forecaster")["forecast"]
    known = y.to_numpy()[:-3]
    before = np.resize(known[-season:], 3)
    np.testing.assert_array_equal(forecasts["seasonal naive"], before)


@pytest.mark.parametrize("with_freq", [True, False])
@pytest.mark.parametrize("frequency", ["2MS", "SMS", "2QS", "2B", "15min"])
def test_multiples_and_half_months_lose_nobody(rng, frequency, with_freq):
    times = pd.date_range("2000-01-01", periods=60, freq=frequency)
    index = times if with_freq else pd.DatetimeIndex(times, freq=None)
    y = pd.Series(rng.random(60) + 1, index=index)
    names = ["naive", "Theta", "Ridge"]
    comparison = compare(y, horizon=3, n_windows=1, forecasters=names)
    assert comparison.failures.empty
    for _, rows in comparison.forecasts.groupby("forecaster"):
        assert rows["time"].tolist() == times[-3:].tolist()
        np.testing.assert_array_equal(rows["actual"], y[-3:])


@pytest.mark.parametrize("frequency", ["h", "30min", "D", "B", "MS"])
def test_clocks_that_change_lose_nobody_and_change_no_score(rng, frequency):
    names = ["seasonal naive", "Theta", "Holt-Winters", "Ridge"]
    given = {"horizon": 5, "n_windows": 2, "season_length": 6, "forecasters": names}
    # The clocks change on 26 October 2025, which is in the last window of hours.
    start, n_rows = pd.Timestamp("2025-10-24"), 62
    plain = pd.date_range(start, periods=n_rows, freq=frequency)
    start = start.tz_localize("Europe/Berlin")
    zoned = pd.date_range(start, periods=n_rows, freq=frequency)
    wave = 50 + 9 * np.sin(np.arange(n_rows)) + rng.normal(size=n_rows)
    comparison = compare(pd.Series(wave, index=zoned), **given)
    assert comparison.failures.empty
    expected = scores(compare(pd.Series(wave, index=plain), **given))
    found = scores(comparison)
    pd.testing.assert_series_equal(found["value"], expected["value"])
    assert comparison.forecasts["time"].isin(zoned).all()
    ahead = pd.date_range(zoned[-1], periods=6, freq=frequency)[1:]
    assert comparison.forecast(forecaster="Theta")["time"].tolist() == ahead.tolist()


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize(
    ("start", "frequency"),
    [("06:00", "D"), ("06:00", "2D"), ("00:30", "h"), ("00:05:30", "15min")],
)
def test_times_within_a_day_or_an_hour_lose_nobody(rng, start, frequency, zone):
    names = ["seasonal naive", "naive", "Theta"]
    times = pd.date_range(f"2025-10-01 {start}", periods=60, freq=frequency, tz=zone)
    y = pd.Series(rng.normal(size=60), index=times)
    comparison = compare(y, horizon=5, n_windows=2, season_length=6, forecasters=names)
    assert comparison.failures.empty
    assert comparison.forecasts["time"].isin(times).all()


def test_features_in_another_order_or_zone_are_told_and_can_be_put_right(rng):
    times = pd.date_range("2025-10-24", periods=60, freq="h", tz="Europe/Berlin")
    y = pd.Series(rng.normal(size=60), index=times)
    X = pd.DataFrame({"heat": rng.normal(size=60)}, index=times)
    given = {"horizon": 5, "n_windows": 1, "forecasters": ["naive", "Ridge"]}
    expected = compare(y, X=X, **given).forecasts
    for other in (X[::-1], X.tz_convert("UTC")):
        with pytest.raises(ValueError, match=r"order or time zone.*X\.reindex\(y\.index"):
            compare(y, X=other, **given)
        found = compare(y, X=other.reindex(y.index), **given).forecasts
        pd.testing.assert_frame_equal(found, expected)


def test_features_reach_those_that_can_use_them(rng):
    X = pd.DataFrame({"heat": rng.standard_normal(90)})
    y = 3 * X["heat"] + 10
    comparison = compare(y, X=X, horizon=5, forecasters=["naive", "Ridge"], coverage=())
    assert values(comparison, "MASE", "Ridge").max() < 0.2
    assert values(comparison, "MASE", "naive").min() > 0.2


def test_series_of_a_panel_are_datasets_with_scores_of_their_own(monthly):
    frame = monthly.to_frame("v")
    panel = pd.concat({"all": frame, "late": 2 * frame[30:]}, names=["id", "time"])
    together = compare(panel, horizon=12, n_windows=2, forecasters=QUICK)
    apart = compare(
        {"all": monthly, "late": 2 * monthly[30:]},
        horizon=12,
        n_windows=2,
        forecasters=QUICK[:2],
    )
    key = ["dataset", "forecaster", "window", "metric"]
    of_panel = scores(together).set_index(key)["value"]
    for place, value in scores(apart).set_index(key)["value"].items():
        assert of_panel[place] == pytest.approx(value), place
    assert set(together.history["dataset"]) == {"all", "late"}


@pytest.mark.parametrize(
    ("n_rows", "given", "n_windows", "step"),
    [
        (60, {}, 20, 1),
        (63, {}, 20, 1),
        (117, {}, 20, 2),
        (117, {"step": 1}, 39, 1),
        (117, {"n_windows": 30}, 30, 1),
    ],
)
def test_there_are_at_most_twenty_windows_unless_more_are_asked_for(
    rng, n_rows, given, n_windows, step
):
    y = pd.Series(rng.normal(size=n_rows), name="y")
    comparison = compare(y, horizon=1, forecasters=["naive"], **given)
    (settings,) = comparison.settings["datasets"].values()
    assert (settings["windows"], settings["step"]) == (n_windows, step)
    assert comparison.forecasts["time"].max() == n_rows - 1


@pytest.mark.parametrize(
    ("n_series", "n_windows", "step"), [(4, 20, 2), (5, 10, 4), (40, 4, 12), (150, 2, 38)]
)
def test_many_series_have_fewer_windows(rng, n_series, n_windows, step):
    y = pd.DataFrame(rng.normal(size=(117, n_series)))
    comparison = compare({"y": y, "one": y[[0]]}, horizon=1, forecasters=["naive"])
    found = [
        (of["windows"], of["step"]) for of in comparison.settings["datasets"].values()
    ]
    assert found == [(n_windows, step)] * 2


def test_columns_are_datasets_and_dicts_name_them(monthly):
    frame = pd.DataFrame({"a": monthly, "b": monthly[::-1].to_numpy()})
    comparison = compare(
        {"one": frame, "two": monthly},
        horizon=12,
        season_length={"one": 12, "two": 1},
        n_windows=1,
        forecasters=["naive"],
    )
    assert comparison.results["dataset"].unique().tolist() == [
        "one / a",
        "one / b",
        "two",
    ]
    assert comparison.settings["datasets"]["two"]["season_length"] == 1
    known, actual = monthly.to_numpy()[:-12], monthly.to_numpy()[-12:]
    errors = np.abs(actual - known[-1]).mean()
    seasonal, plain = (np.abs(known[n:] - known[:-n]).mean() for n in (12, 1))
    mase = values(comparison, "MASE", "naive")
    assert mase[[0, 2]] == pytest.approx([errors / seasonal, errors / plain])


def test_one_that_raises_is_reported_and_the_others_go_on(monthly, moody):
    comparison = compare(
        monthly, horizon=12, forecasters={"moody": moody, "naive": "naive"}
    )
    assert comparison.failures["window"].tolist() == [3, 4]
    assert set(comparison.failures["reason"]) == {"RuntimeError: too <many> rows"}
    mase = comparison.results[comparison.results["metric"] == "MASE"]
    of_moody = mase[mase["forecaster"] == "moody"]
    assert of_moody["value"].isna().tolist() == [False, False, True, True]
    assert of_moody["reason"].notna().tolist() == [False, False, True, True]
    assert mase[mase["forecaster"] == "naive"]["value"].notna().all()


def test_one_that_gives_no_number_is_reported(monthly):
    class Unsure(NaiveForecaster):
        def _predict(self, fh, X=None):
            return super()._predict(fh, X) * np.nan

    with ignore_default_warnings():
        unsure = Unsure()
    comparison = compare(
        monthly, horizon=12, n_windows=1, forecasters=[unsure], coverage=()
    )
    assert "gave no forecast for 1960-01" in comparison.failures["reason"].item()


def test_one_that_gives_an_infinite_number_is_reported(monthly):
    class Unlimited(NaiveForecaster):
        def _predict(self, fh, X=None):
            return super()._predict(fh, X) * np.inf

    with ignore_default_warnings():
        unlimited = Unlimited()
    given = {"unlimited": unlimited, "naive": "naive"}
    comparison = compare(monthly, horizon=12, n_windows=1, forecasters=given)
    assert "infinite" in comparison.failures["reason"].item()
    assert comparison.ranking()["place"].isna().tolist() == [False, True]


def test_columns_in_another_order_are_those_of_their_series(rng):
    columns = {"b": 10, "a": 1000, "c": 100}
    y = pd.DataFrame({name: mean + rng.normal(size=40) for name, mean in columns.items()})
    with ignore_default_warnings():
        parts = [(name, NaiveForecaster(), place) for place, name in enumerate(columns)]
        # It gives the columns in the order of its parts.
        reversed_ = ColumnEnsembleForecaster(parts[::-1])
    given = {"naive": "naive", "reversed": reversed_}
    found = compare(y, horizon=2, n_windows=2, forecasters=given)
    tables = [
        table[table["forecaster"] == name].drop(columns="forecaster")
        for name in given
        for table in (found.forecasts, found.forecast(forecaster=name))
    ]
    for one, other in zip(tables[:2], tables[2:], strict=True):
        pd.testing.assert_frame_equal(
            one.reset_index(drop=True), other.reset_index(drop=True)
        )


@pytest.mark.parametrize("backend", ["loky", "threading", "dask"])
def test_the_same_with_two_workers(monthly, backend):
    given = {
        "horizon": 12,
        "n_windows": 3,
        "forecasters": [*QUICK, "HistGradientBoosting", "AutoETS"],
    }
    alone = compare(monthly, **given)
    if backend == "dask":
        from dask.distributed import Client

        with Client(processes=False, dashboard_address=None):
            together = compare(monthly, **given, n_jobs=2, backend=backend)
    else:
        together = compare(monthly, **given, n_jobs=2, backend=backend)
    assert together.failures.empty
    pd.testing.assert_frame_equal(scores(alone), scores(together), check_exact=True)
    pd.testing.assert_frame_equal(alone.forecasts, together.forecasts, check_exact=True)


def test_goes_on_where_it_was(monthly, tmp_path, monkeypatch):
    given = {"horizon": 12, "forecasters": QUICK, "results": tmp_path / "kept"}
    whole = compare(monthly, **given)
    assert (whole.settings["cells"], whole.settings["cells_run_before"]) == (12, 0)
    file = tmp_path / "kept" / "cells.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    assert len(lines) == 12
    # As after a cut of the power in the middle of the eighth line.
    file.write_text("".join(lines[:7]) + lines[7][:40])
    again = compare(monthly, **given)
    assert again.settings["cells_run_before"] == 7
    pd.testing.assert_frame_equal(scores(whole), scores(again), check_exact=True)
    pd.testing.assert_frame_equal(whole.forecasts, again.forecasts, check_exact=True)
    monkeypatch.setattr("skforecast_lstm.comparison.comparing.run_group", None)
    last = compare(monthly, **given)
    pd.testing.assert_frame_equal(again.results, last.results, check_exact=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"horizon": 11},
        {"coverage": (0.5,)},
        {"season_length": 6},
        {"random_state": 1},
        {"y": 2},
    ],
)
def test_what_changed_is_run_anew(monthly, tmp_path, changed):
    given = {"horizon": 12, "n_windows": 1, "forecasters": ["HistGradientBoosting"]}
    compare(monthly, **given, results=tmp_path)
    y = monthly * changed.pop("y", 1)
    again = compare(y, **(given | changed), results=tmp_path)
    assert again.settings["cells_run_before"] == 0


def test_other_versions_are_run_anew(monthly, tmp_path, monkeypatch):
    given = {"horizon": 12, "n_windows": 1, "forecasters": ["naive"]}
    compare(monthly, **given, results=tmp_path)
    monkeypatch.setattr(
        "skforecast_lstm.comparison.cells.versions", lambda: {"keras": "99"}
    )
    again = compare(monthly, **given, results=tmp_path)
    assert again.settings["cells_run_before"] == 0


def test_failures_are_tried_again(monthly, moody, tmp_path):
    given = {"horizon": 12, "forecasters": {"moody": moody}, "results": tmp_path}
    compare(monthly, **given)
    assert compare(monthly, **given).settings["cells_run_before"] == 2


def test_a_file_of_something_else_is_left_alone(monthly, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("one\ntwo\n")
    with pytest.raises(ValueError, match="is not a file of comparison results"):
        compare(monthly, horizon=12, forecasters=["naive"], results=file)
    assert file.read_text() == "one\ntwo\n"


SLOW = """
import sys, time
from pathlib import Path
from sktime.datasets import load_airline
from sktime.forecasting.naive import NaiveForecaster
from skforecast_lstm import compare

class Slow(NaiveForecaster):
    def _fit(self, y, X, fh):
        if len(y) == 120:
            Path(sys.argv[1], "asleep").touch()
            time.sleep(60)
        return super()._fit(y, X, fh)

compare(load_airline(), horizon=12, forecasters=[Slow()], results=sys.argv[1])
"""


def test_interrupt_keeps_what_was_done_and_says_how_to_go_on(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    file = tmp_path / "cells.jsonl"
    process = subprocess.Popen(
        [sys.executable, script, tmp_path], stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 60
        while not (tmp_path / "asleep").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert f"Stopped after 2 of 4 cells. They are kept in {file}" in errors
    kept = [json.loads(line)["window"] for line in file.read_text().splitlines()]
    assert kept == [1, 2]


def test_nothing_is_shown_where_there_is_no_terminal(monthly, capfd):
    compare(monthly, horizon=12, forecasters=["naive"], n_windows=1)
    assert capfd.readouterr() == ("", "")


def test_progress_on_a_terminal(monthly, capfd, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    compare(monthly, horizon=12, forecasters=QUICK, n_windows=1)
    out, errors = capfd.readouterr()
    assert out == ""
    assert "Comparing" in errors
    assert "3/3" in errors
    compare(monthly, horizon=12, forecasters=QUICK, n_windows=1, progress=False)
    assert capfd.readouterr() == ("", "")


# Nothing but rounding: of sums, and of what a sine is computed from.
ROUNDED = np.tile([0.0, 1e-16], 72)
ANGLES = np.pi / 6 * np.arange(144)


def stamps(y):
    return y.set_axis(y.index.to_timestamp())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda y: y.where(y.index != y.index[5]),
            "is empty at 1949-06 of y of .*interpolate",
        ),
        (lambda y: y.drop(y.index[7]), "gaps in y of .*: 1949-08 is missing.*asfreq"),
        (
            lambda y: stamps(y).drop(stamps(y).index[7]),
            "gaps in y of .*: 1949-08-01 .*is missing",
        ),
        (lambda y: pd.concat([y[:9], y]), "1949-01 comes 2 times in y of .*groupby"),
        (
            lambda y: y.where(y != 148, np.inf),
            "has inf at 1949-07 of y of .*the first of 2 times",
        ),
        (lambda y: stamps(y).rename({stamps(y).index[9]: pd.NaT}), "no time at row 9"),
        (lambda y: y[:1], "1 rows of .* are too few"),
        (lambda y: y[::-1], "1960-11 comes after 1960-12.*sort_index"),
        (lambda y: y[:30], "30 rows of .* last third.* Give 36 rows, horizon=10 or less"),
        (lambda y: y * 0 + 1, "repeats itself exactly in its first 96 rows"),
        (lambda y: y * 0 + 0.1 * 3 + ROUNDED, "repeats itself exactly in its first 96"),
        (lambda y: y * 0 + np.sin(ANGLES), "repeats itself exactly in its first 96"),
        (lambda y: {}, "empty dict"),
        (lambda y: pd.concat([y, y], axis=1), "two columns called 'passengers'"),
        (
            lambda y: pd.concat({"a": y.to_frame(), "b": y[:-1].to_frame()}),
            "must end together.*series b ends at 1960-11",
        ),
        (
            lambda y: y.set_axis(pd.to_datetime(10 * np.arange(144) ** 2, unit="s")),
            "20,450 steps in y of .*, for 144 rows.*, or .*resample",
        ),
        (
            lambda y: stamps(y).rename({stamps(y).index[9]: pd.Timestamp("1949-10-03")}),
            "1949-10-03 .* is no step of the frequency MS.*resample",
        ),
        (
            lambda y: (
                stamps(y[::9]).tz_localize("Europe/Berlin").iloc[[0, 1, 2, 4, 7, 13]]
            ),
            "gaps in y of .*1951-04-01 .* is the first of 8 times",
        ),
    ],
)
def test_series_that_are_refused(monthly, change, message):
    with pytest.raises(ValueError, match=message):
        compare(change(monthly), horizon=12, forecasters=["naive"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: {1: y}, "must be strings, got 1"),
        (lambda y: y.to_numpy(), "must be a pandas Series or DataFrame"),
        (lambda y: y.astype(str), "Column 'passengers' of y .* must be numbers"),
        (lambda y: y.set_axis(y.index.astype(str)), "must be times or whole numbers"),
    ],
)
def test_types_that_are_refused(monthly, change, message):
    with pytest.raises(TypeError, match=message):
        compare(change(monthly), horizon=12, forecasters=["naive"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"horizon": 0}, "horizon must be at least 1"),
        ({"horizon": 50}, "must hold a horizon of 50. Give 150 rows"),
        ({"n_windows": 12}, "12 windows of 12 steps, 12 apart, need 146"),
        ({"season_length": 100}, "needs more than 100 rows"),
        ({"coverage": (95.0,)}, "got 95.0; for 95 % give 0.95"),
        ({"coverage": (0.8, 0.8)}, "more than once"),
        ({"backend": "spark"}, "backend must be one of"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"X": pd.DataFrame({"x": range(144)})}, "no row for 1949-01.*X.reindex"),
        ({"season_length": {"other": 12}}, "no such dataset"),
    ],
)
def test_parameters_that_are_refused(monthly, given, message):
    with pytest.raises(ValueError, match=message):
        compare(monthly, **({"horizon": 12, "forecasters": ["naive"]} | given))


def test_what_is_given_is_not_changed(monthly):
    y, X = stamps(monthly), stamps(monthly).to_frame("x")
    before = y.copy(), X.copy()
    compare(y, X=X, horizon=12, n_windows=1, forecasters=["Ridge"])
    pd.testing.assert_series_equal(y, before[0])
    pd.testing.assert_frame_equal(X, before[1])


@pytest.mark.slow
def test_the_default_line_up_with_the_lstm(monthly):
    comparison = compare(monthly, horizon=12, n_windows=1)
    assert comparison.failures.empty
    assert len(comparison.ranking()) == 7
    assert comparison.settings["lstm"] == ["LSTM"]
    mase = comparison.ranking()["MASE"]
    assert mase["LSTM"] < mase["naive"]
    assert "LSTM" in comparison.summary().split(".")[0]


def test_a_row_without_the_name_of_its_series_is_an_error(monthly):
    panel = pd.concat({"a": monthly.to_frame(), None: monthly.to_frame()})
    with pytest.raises(ValueError, match=r"y of .* does not name the series of row 144"):
        compare(panel, horizon=12, forecasters=["naive"])
