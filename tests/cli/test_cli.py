"""The command as people run it: what it writes, what it says, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy
from rich.console import Console

from skforecast_lstm import __version__
from skforecast_lstm.cli import main

N_MONTHS = 48

# sktime says of most forecasters, as they are made, that a default will change.
made_here = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")


class StandIn:
    """What `compare` gives, as far as the command reads it."""

    def __init__(self, names, failing=()):
        table = pd.DataFrame(
            {
                "place": 1,
                "MASE": np.arange(1.0, len(names) + 1),
                "behind_percent": 100.0 * np.arange(len(names)),
                "p_value": [np.nan, *[0.25] * (len(names) - 1)],
                "windows": 4,
                "failed": 0,
                "reason": None,
            },
            index=pd.Index(names, name="forecaster"),
        )
        table.loc[list(failing), "MASE"] = np.nan
        table.loc[list(failing), "failed"] = 4
        table.loc[list(failing), "reason"] = "ValueError: no luck"
        self.table, self.settings = table, {}

    def ranking(self):
        return self.table

    def summary(self):
        return "One wins."

    def advice(self):
        return ["Use one.", "Or none."]

    def forecast(self, X):
        return pd.DataFrame({"dataset": ["=s"], "time": [1], "forecast": [2.0]})

    def to_html(self, path, forecast=None):
        Path(path).write_text("report")

    def to_csv(self, path):
        Path(path).write_text("results")

    def to_json(self, path):
        Path(path).write_text("{}")


@pytest.fixture
def calls(monkeypatch):
    """Put a stand-in for `compare`, and keep what it was called with."""
    calls = []

    def compare(y, **arguments):
        calls.append({"y": y, **arguments})
        return StandIn(arguments["forecasters"] or ["LSTM", "naive"])

    replace_compare(monkeypatch, compare)
    return calls


def replace_compare(monkeypatch, function):
    module = import_module("skforecast_lstm.comparison.comparing")
    monkeypatch.setattr(module, "compare", function)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of its own for what a test writes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sales(n_months=N_MONTHS, **columns):
    """A table of sales with a season."""
    months = pd.period_range("2020-01", periods=n_months, freq="M")
    steps = np.arange(n_months)
    units = 50 + steps + 10 * np.sin(2 * np.pi * steps / 12) + steps % 5
    return pd.DataFrame({"month": months.astype(str), "units": units, **columns})


@pytest.fixture
def sales_csv(folder):
    sales().to_csv("sales.csv", index=False)
    return ["sales.csv", "--target", "units", "--time", "month", "--horizon", "6"]


def write_database(path="shop.db"):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        sales().to_sql("sales", connection, index=False)
        sales().assign(units=7.0).to_sql("other", connection, index=False)
    engine.dispose()


def run(*arguments, **options):
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "skforecast_lstm", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, **options
    )


# ---------------------------------------------------------------- compare


@pytest.mark.parametrize("arguments", [[], ["compare"], ["compare", "airline"]])
def test_with_no_arguments_it_compares_the_airline_series(
    calls, folder, capsys, airline, arguments
):
    assert main(arguments) == 0
    (call,) = calls
    assert list(call["y"]) == ["airline"]
    assert call["y"]["airline"].tolist() == airline["passengers"].tolist()
    assert call["horizon"] == 12
    assert call["forecasters"] is None
    report = folder / "airline-comparison.html"
    assert report.read_text() == "report"
    assert f"Wrote {report}\n" in capsys.readouterr().out


def test_no_arguments_of_the_process_are_no_arguments(calls, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["skforecast-lstm"])
    assert main() == 0
    assert calls[0]["horizon"] == 12


def test_every_option_reaches_the_comparison(calls, folder):
    sales(promotion=1.0).to_csv("sales.csv", index=False)
    arguments = (
        "compare sales.csv --target units --time month --x promotion --horizon 3 "
        "--season 6 --windows 5 --step 2 --refit no --time-limit 90 --jobs 2 "
        "--ensembles "
        "--seed 7 --quiet --results kept --html a.html --csv b.csv --json c.json "
        "--forecasters"
    )
    status = main([*arguments.split(), "naive, seasonal naive,Theta"])
    assert status == 0
    (call,) = calls
    y, X = call.pop("y"), call.pop("X")
    assert y["sales"].name == "units"
    assert X["promotion"].eq(1).all()
    assert X.index.equals(y["sales"].index)
    assert call == {
        "horizon": 3,
        "season_length": 6,
        "forecasters": ["naive", "seasonal naive", "Theta"],
        "n_windows": 5,
        "step": 2,
        "refit": False,
        "time_limit": 90.0,
        "ensembles": True,
        "n_jobs": 2,
        "results": "kept",
        "progress": False,
        "random_state": 7,
    }
    assert sorted(os.listdir(folder)) == ["a.html", "b.csv", "c.json", "sales.csv"]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_a_file(calls, suffix):
    path = f"sales.{suffix}"
    if suffix == "parquet":
        sales().to_parquet(path)
    else:
        sales().to_csv(path, index=False)
    assert main(["compare", path, "--horizon", "6"]) == 0
    assert calls[0]["y"]["sales"].tolist() == pytest.approx(sales()["units"].tolist())
    assert calls[0]["y"]["sales"].index[0] == pd.Period("2020-01", "M")


def test_a_database(calls):
    write_database()
    assert main(["compare", "sqlite:///shop.db?table=sales", "--horizon", "6"]) == 0
    query = "SELECT month, units + 1 AS more FROM other"
    assert main(["compare", "sqlite:///shop.db", "--query", query, "--horizon", "6"]) == 0
    assert calls[0]["y"]["sales"].tolist() == pytest.approx(sales()["units"].tolist())
    assert calls[1]["y"]["query"].eq(8).all()


def test_a_panel(calls):
    rows = pd.concat([sales(shop="a"), sales(shop="b")])
    rows.to_csv("sales.csv", index=False)
    assert main(["compare", "sales.csv", "--series", "shop", "--horizon", "6"]) == 0
    assert calls[0]["y"]["sales"].index.names == ["shop", "month"]
    assert calls[0]["y"]["sales"].index.get_level_values(0).unique().tolist() == [
        "a",
        "b",
    ]


def test_what_was_guessed_is_said_unless_quiet(calls, capsys, folder):
    sales().to_csv("sales.csv", index=False)
    main(["compare", "sales.csv", "--horizon", "6"])
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "note: Read 'month' as the time.",
        "note: Read 'units' as the target.",
    ]
    main(["compare", "sales.csv", "--horizon", "6", "--quiet"])
    assert capsys.readouterr().err == ""


def test_the_ranking_is_plain_text_where_there_is_no_terminal(calls, capsys):
    main(["compare", "--forecasters", "Theta,naive"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["forecaster", "MASE", "behind", "p", "windows"]
    assert lines[1].split() == ["1=", "Theta", "1.000", "0.0", "%", "-", "4"]
    assert lines[2].split() == ["1=", "naive", "2.000", "100.0", "%", "0.25", "4"]
    assert lines[3:6] == ["One wins.", "- Use one.", "- Or none."]
    assert len({len(line) for line in lines[:3]}) == 1


@pytest.mark.parametrize(("width", "has_lines"), [(100, True), (30, False)])
def test_the_ranking_has_lines_on_a_terminal_that_is_wide_enough(
    calls, capsys, monkeypatch, width, has_lines
):
    class Terminal(Console):
        def __init__(self, **options):
            super().__init__(**options, force_terminal=True, width=width)

    monkeypatch.setattr("rich.console.Console", Terminal)
    main(["compare", "--forecasters", "Theta,naive"])
    shown = capsys.readouterr().out
    assert ("─" in shown) == has_lines
    assert "Theta" in shown


def test_what_the_best_forecasts_next_is_a_table(calls, capsys, sales_csv):
    assert main(["compare", *sales_csv, "--forecast", "next.csv"]) == 0
    assert pd.read_csv("next.csv")["dataset"].tolist() == ["'=s"]
    assert "next.csv" in capsys.readouterr().out


def test_the_best_of_a_comparison_forecasts(folder, capsys, monkeypatch, sales_csv):
    from skforecast_lstm.comparison import lineup

    monkeypatch.setattr(lineup, "DEFAULT_LINEUP", ("naive", "seasonal naive"))
    assert main(["forecast", *sales_csv, "--forecaster", "best"]) == 0
    said = capsys.readouterr().err
    assert "note: naive forecasts. Use naive for now" in said
    forecast = pd.read_csv("sales-forecast.csv")["forecast"]
    np.testing.assert_allclose(forecast, sales()["units"].iloc[-1])


def test_one_that_failed_is_said_with_the_reason(monkeypatch, capsys):
    replace_compare(monkeypatch, lambda y, **_: StandIn(["Theta", "bad"], ["bad"]))
    assert main(["compare"]) == 0
    assert "bad failed in 4 windows: ValueError: no luck" in capsys.readouterr().out


@made_here
@pytest.mark.parametrize("panel", [False, True])
def test_every_forecaster_counts_business_days(folder, panel):
    times = pd.date_range("2020-01-01", periods=48, freq="B")
    rows = sales().assign(month=times)
    arguments = ["s.csv", "--time", "month", "--target", "units", "--horizon", "3"]
    if panel:
        rows = pd.concat([rows.assign(shop=shop) for shop in "ab"])
        arguments += ["--series", "shop"]
    rows.to_csv("s.csv", index=False)
    assert main(["forecast", *arguments, "--forecaster", "Theta"]) == 0
    written = pd.read_csv("s-forecast.csv")["month"].unique()
    ahead = pd.date_range(times[-1], periods=4, freq="B")[1:]
    assert list(written) == list(ahead.astype(str))


@made_here
@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2020-01-01", periods=48, freq="SMS"),
        pd.date_range("2020-01-01 10:00", periods=48, freq="bh"),
        pd.date_range("2020-01-01", periods=48, freq="W-WED"),
        pd.date_range("2020-01-01", periods=48, freq="2W-TUE"),
        pd.RangeIndex(1980, 2460, 10),
    ],
)
def test_a_comparison_has_times_and_no_numbers_of_steps(times, folder):
    sales().assign(month=times).to_csv("s.csv", index=False)
    arguments = ["s.csv", "--time", "month", "--target", "units", "--horizon", "3"]
    arguments += ["--windows", "2", "--forecasters", "naive", "--quiet"]
    assert main(["compare", *arguments, "--csv", "a.csv", "--json", "a.json"]) == 0
    cutoffs = [str(times[41]), str(times[44])]
    dates = [cutoff.removesuffix(" 00:00:00") for cutoff in cutoffs]
    written = pd.read_csv("a.csv", dtype=str)["cutoff"].unique()
    assert list(written) in (dates, cutoffs)
    assert json.loads(Path("a.json").read_text())["settings"]["datasets"]["s"][
        "first_cutoff"
    ] == str(times[41])
    text = Path("s-comparison.html").read_text()
    assert str(times[41]) in text
    assert "could not be drawn" not in text


def test_it_is_a_failure_if_all_failed(monkeypatch, folder):
    replace_compare(
        monkeypatch, lambda y, **_: StandIn(["Theta", "bad"], ["Theta", "bad"])
    )
    assert main(["compare"]) == 1
    assert (folder / "airline-comparison.html").exists()


def test_the_real_comparison(folder, capsys):
    arguments = ["compare", "airline", "--forecasters", "naive,seasonal naive,Theta"]
    assert main([*arguments, "--csv", "all.csv", "--json", "all.json", "--quiet"]) == 0
    shown = capsys.readouterr().out
    places = [line.split()[:2] for line in shown.splitlines()[1:4]]
    # Four windows can't tell three forecasters apart.
    assert places == [["1=", "Theta"], ["1=", "seasonal"], ["1=", "naive"]]
    results = pd.read_csv("all.csv")
    mean = results[results["metric"] == "MASE"].groupby("forecaster")["value"].mean()
    for line in shown.splitlines()[1:4]:
        name = next(name for name in sorted(mean.index)[::-1] if name in line)
        assert f"{mean[name]:.3f}" in line
    assert json.loads(Path("all.json").read_text())
    assert "<html" in Path("airline-comparison.html").read_text()
    written = {"airline-comparison.html", "all.csv", "all.json"}
    assert set(os.listdir(folder)) == written


# ---------------------------------------------------------------- forecast


@made_here
def test_a_forecast_is_that_of_the_forecaster(folder, sales_csv, capsys):
    from sktime.forecasting.theta import ThetaForecaster

    arguments = ["--forecaster", "Theta", "--coverage", "50,95"]
    assert main(["forecast", *sales_csv, *arguments]) == 0
    written = pd.read_csv("sales-forecast.csv")
    y = sales()["units"].set_axis(pd.period_range("2020-01", periods=N_MONTHS, freq="M"))
    forecaster = ThetaForecaster(sp=12).fit(y, fh=range(1, 7))
    intervals = forecaster.predict_interval(coverage=[0.5, 0.95])
    assert written.columns.tolist() == [
        "month", "forecast", "lower_50", "upper_50", "lower_95", "upper_95",
    ]  # fmt: skip
    assert written["month"].tolist() == [f"2024-{month:02}" for month in range(1, 7)]
    np.testing.assert_allclose(written["forecast"], forecaster.predict())
    np.testing.assert_allclose(written.iloc[:, 2:], intervals)
    assert (folder / "sales-forecast.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.splitlines() == [
        f"Wrote {folder}/sales-forecast.csv",
        f"Wrote {folder}/sales-forecast.png",
    ]
    assert sorted(os.listdir(folder)) == [
        "sales-forecast.csv", "sales-forecast.png", "sales.csv",
    ]  # fmt: skip


@made_here
def test_the_lstm_is_what_forecasts(monkeypatch, folder):
    from sktime.forecasting.naive import NaiveForecaster

    names = []

    def line_up(forecasters, datasets, *, random_state):
        names.append((forecasters, datasets[0].season_length, random_state))
        return [{forecasters[0]: NaiveForecaster()}]

    module = import_module("skforecast_lstm.comparison.lineup")
    monkeypatch.setattr(module, "line_up", line_up)
    assert main(["forecast", "--seed", "3"]) == 0
    assert main(["forecast", "--season", "6"]) == 0
    assert names == [(["LSTM"], 12, 3), (["LSTM"], 6, 0)]


@pytest.mark.parametrize("n_series", [1, 2])
def test_rows_that_are_too_few_for_their_season_are_told(folder, capsys, n_series):
    parts = [sales(20).assign(shop=shop) for shop in "ab"[:n_series]]
    pd.concat(parts).to_csv("short.csv", index=False)
    command = "forecast short.csv --target units --time month --horizon 2"
    command += " --forecaster naive" + " --series shop" * (n_series > 1)
    assert main(command.split()) == 0
    said = capsys.readouterr().err
    assert "No season is used: 20 rows are fewer than two seasons of 12. If one" in said
    assert main([*command.split(), "--season", "12"]) == 0
    assert "season" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_is_no_forecast(monkeypatch, sales_csv, folder, capsys, number):
    from sktime.forecasting.naive import NaiveForecaster

    predict = NaiveForecaster._predict
    monkeypatch.setattr(
        NaiveForecaster,
        "_predict",
        lambda *given, **more: predict(*given, **more) * number,
    )
    assert main(["forecast", *sales_csv, "--forecaster", "naive"]) == 1
    assert "naive failed. ValueError: It gave no number" in capsys.readouterr().err
    assert os.listdir(folder) == ["sales.csv"]


def test_a_panel_is_forecast_series_by_series(folder, capsys):
    rows = pd.concat([sales(shop=name) for name in "abcdef"])
    rows["units"] += rows["shop"].map(ord)
    rows.to_csv("sales.csv", index=False)
    arguments = ["sales.csv", "--series", "shop", "--horizon", "2", "--plot", "p.svg"]
    assert main(["forecast", *arguments, "--forecaster", "naive"]) == 0
    written = pd.read_csv("sales-forecast.csv")
    assert written.columns.tolist()[:3] == ["shop", "month", "forecast"]
    assert written["shop"].tolist() == list("aabbccddeeff")
    last = rows[rows["month"] == "2023-12"]["units"].repeat(2)
    np.testing.assert_allclose(written["forecast"], last)
    assert "picture shows the first 4 of 6 series" in capsys.readouterr().err
    drawn = (folder / "p.svg").read_text()
    assert "shop: d" in drawn
    assert "shop: e" not in drawn


def test_exogenous_columns_are_used_over_the_horizon(folder, capsys):
    rows = sales(n_months=60)
    rng = np.random.default_rng(0)
    rows["price"] = rng.normal(size=60)
    # Not exactly, since ARIMA can't be fitted without errors.
    rows["units"] = 3 * rows["price"] + rng.normal(scale=1e-6, size=60)
    truth = rows["units"].iloc[-4:].to_numpy(copy=True)
    rows.loc[rows.index[-4:], "units"] = np.nan
    rows.to_csv("sales.csv", index=False)
    arguments = ["sales.csv", "--target", "units", "--time", "month", "--x", "price"]
    arguments += ["--season", "1", "--forecaster", "AutoARIMA"]
    assert main(["forecast", *arguments, "--horizon", "4"]) == 0
    written = pd.read_csv("sales-forecast.csv")
    np.testing.assert_allclose(written["forecast"], truth, atol=1e-4)
    assert main(["forecast", *arguments, "--horizon", "5"]) == 2
    assert "There are 4, and the horizon is 5" in capsys.readouterr().err


def test_no_intervals_are_said(sales_csv, capsys):
    assert main(["forecast", *sales_csv, "--forecaster", "Ridge"]) == 0
    assert "note: Ridge has no intervals." in capsys.readouterr().err
    assert pd.read_csv("sales-forecast.csv").columns.tolist() == ["month", "forecast"]


class Broken:
    """A forecaster that raises."""

    def __init__(self, error):
        self.error = error

    def fit(self, *_, **__):
        raise self.error


def replace_forecaster(monkeypatch, forecaster):
    module = import_module("skforecast_lstm._cli.next_steps")
    monkeypatch.setattr(module, "forecaster_for", lambda *_, **__: forecaster)


def test_a_forecaster_that_fails_is_said(monkeypatch, sales_csv, folder, capsys):
    replace_forecaster(monkeypatch, Broken(ZeroDivisionError("no\nluck")))
    assert main(["forecast", *sales_csv]) == 1
    said = capsys.readouterr().err
    assert said == "error: LSTM failed. ZeroDivisionError: no luck\n"
    assert os.listdir(folder) == ["sales.csv"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_nothing_half_written_is_left(monkeypatch, sales_csv, folder, error):
    def half(path, *_, **__):
        Path(path).write_text("half")
        assert len(os.listdir(folder)) == 3
        raise error

    monkeypatch.setattr(import_module("skforecast_lstm._cli.next_steps"), "draw", half)
    (folder / "sales-forecast.csv").write_text("of yesterday")
    arguments = ["forecast", *sales_csv, "--forecaster", "naive"]
    assert main(arguments) == (2 if isinstance(error, OSError) else 130)
    # The numbers are there, of which the picture is but a picture.
    assert sorted(os.listdir(folder)) == ["sales-forecast.csv", "sales.csv"]
    assert len(pd.read_csv("sales-forecast.csv")) == 6


@pytest.mark.parametrize("decides", [True, False])
def test_an_excel_file_is_forecast_in_its_own_form(folder, capsys, decides):
    days = pd.date_range("2024-03-01", periods=40 if decides else 12)
    rows = pd.DataFrame({"Tag": days.strftime("%d/%m/%Y"), "Nord": 1.0, "Sued": 2.0})
    rows.to_excel("Absatz.xlsx", index=False)
    arguments = ["Absatz.xlsx", "--horizon", "2", "--wide", "--forecaster", "naive"]
    if not decides:
        assert main(["forecast", *arguments]) == 2
        said = capsys.readouterr().err
        assert "01/03/2024 in row 2, which can be 2024-03-01 or 2024-01-03" in said
        arguments += ["--dates", "dmy"]
    assert main(["forecast", *arguments]) == 0
    written = pd.read_csv("Absatz-forecast.csv")
    assert list(written)[:3] == ["series", "Tag", "forecast"]
    assert written["series"].tolist() == ["Nord", "Nord", "Sued", "Sued"]
    ahead = (days[-1] + pd.to_timedelta([1, 2], "D")).strftime("%d/%m/%Y")
    assert written["Tag"].tolist() == [*ahead, *ahead]
    assert written["forecast"].tolist() == [1, 1, 2, 2]


def test_a_file_that_is_written_over_is_said(folder, sales_csv, capsys):
    arguments = ["forecast", *sales_csv, "--forecaster", "naive", "--quiet"]
    for word in ("Wrote", "Replaced"):
        assert main(arguments) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"{word} {folder}/sales-forecast.csv",
            f"{word} {folder}/sales-forecast.png",
        ]


def test_each_problem_is_one_line(folder, capsys):
    rows = broken_rows(month={7: "soon"}, units={3: "many", 5: "none"})
    rows.to_csv("sales.csv", index=False)
    assert main(["forecast", "sales.csv", *GOOD, "--x", "price"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error"] * 3
    assert "no column 'price' for --x" in lines[0]
    assert "'units' has many in row 3, which is not a number, and 1 more" in lines[1]
    assert "like it (row 5)" in lines[1]
    assert "'month' has soon in row 7" in lines[2]


def test_the_mark_between_thousands_is_an_option(folder, calls, capsys):
    rows = sales().assign(units=[f"{n}.000" for n in range(1, N_MONTHS + 1)])
    rows.to_csv("sales.csv", index=False, sep=";")
    assert main(["compare", "sales.csv", *GOOD]) == 2
    assert main(["compare", "sales.csv", *GOOD, "--thousands", "."]) == 0
    assert main(["compare", "sales.csv", *GOOD, "--thousands", "space"]) == 0
    assert calls[0]["y"]["sales"].tolist() == [1000.0 * n for n in range(1, 49)]
    assert calls[1]["y"]["sales"].tolist() == [1.0 * n for n in range(1, 49)]
    assert main(["compare", "sales.csv", *GOOD, "--thousands", ";"]) == 2
    assert "';' must be . or , or ' or space" in capsys.readouterr().err


def test_series_that_end_at_different_times_of_a_table_with_several_kinds(calls, capsys):
    shops = {"a": sales(), "b": sales()[:36], "c": sales()[:24]}
    rows = pd.concat(shops, names=["shop"])
    rows = rows.reset_index("shop").assign(kind="large")
    rows.loc[rows["shop"] == "c", "kind"] = "small = tiny"
    rows.to_csv("sales.csv", index=False)
    arguments = ["compare", "sales.csv", *GOOD, "--series", "shop"]
    assert main(arguments) == 2
    assert "Give --ends drop" in capsys.readouterr().err
    assert main([*arguments, "--ends", "align", "--only", "kind=large"]) == 0
    assert calls[0]["y"]["sales"].loc["a"].index[0] == 1 - N_MONTHS
    assert calls[0]["y"]["sales"].loc["b"].index[0] == -35
    assert main([*arguments, "--only", "kind = small = tiny", "--only", "shop=c"]) == 0
    assert len(calls[1]["y"]["sales"]) == 24
    assert main([*arguments, "--only", "small"]) == 2
    assert "'small' is not a column and its value" in capsys.readouterr().err


# ---------------------------------------------------------------- interrupts


def test_an_interrupt_says_what_was_kept_and_how_to_go_on(monkeypatch, folder, capsys):
    def compare(y, **_):
        raise KeyboardInterrupt("Stopped after 3 of 28 cells. They are somewhere.")

    replace_compare(monkeypatch, compare)
    assert main(["compare"]) == 130
    said = capsys.readouterr().err
    assert said.startswith("interrupted: Stopped after 3 of 28 cells. Nothing was kept.")
    assert "--results PATH" in said
    assert main(["compare", "--results", "kept"]) == 130
    said = capsys.readouterr().err
    assert f"is kept in {folder}/kept: the same command goes on from there." in said
    assert os.listdir(folder) == []


def test_an_interrupt_of_a_forecast(monkeypatch, sales_csv, folder, capsys):
    replace_forecaster(monkeypatch, Broken(KeyboardInterrupt()))
    assert main(["forecast", *sales_csv]) == 130
    assert capsys.readouterr().err.startswith("interrupted: nothing was written.")
    assert os.listdir(folder) == ["sales.csv"]


# A shell lets what runs in its background ignore Ctrl-C, and tests may run there. The
# process waits for it where nothing else can take it, after its first result.
INTERRUPTED = """
import signal, sys, time
from skforecast_lstm.cli import main
from skforecast_lstm.comparison import comparing

signal.signal(signal.SIGINT, signal.default_int_handler)
run_one, n_done = comparing.run_group, 0

def run(**job):
    global n_done
    if n_done:
        print("waits", flush=True)
        while True:
            time.sleep(0.01)
    n_done += 1
    return run_one(**job)

comparing.run_group = run
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_in_a_real_process_and_going_on(folder, monkeypatch):
    from skforecast_lstm.comparison import comparing

    arguments = ["compare", "--results", "kept", "--forecasters", "naive", "--quiet"]
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("interrupted: Stopped after 1 of 4 cells")
    assert len(said.splitlines()) == 1
    assert os.listdir(folder) == ["kept"]
    kept = (folder / "kept" / "cells.jsonl").read_text()
    assert len(kept.splitlines()) == 1

    n_run, run_one = [], comparing.run_group
    monkeypatch.setattr(
        comparing, "run_group", lambda **job: n_run.append(1) or run_one(**job)
    )
    assert main(arguments) == 0
    assert len(n_run) == 3
    assert (folder / "kept" / "cells.jsonl").read_text().startswith(kept)


# ---------------------------------------------------------------- errors

GOOD = ["--target", "units", "--time", "month", "--horizon", "6"]


def broken_rows(**changes):
    """A table of sales in which some values are others, by column and row."""
    rows = sales().astype(object)
    for column, values in changes.items():
        for row, value in values.items():
            rows.loc[row - 1, column] = value
    return rows


ERRORS = {
    "no file": (
        ["sale.csv", *GOOD],
        "no file sale.csv in {folder}. Did you mean 'sales.csv'?",
    ),
    "no folder": (["gone/sales.csv", *GOOD], "no file gone/sales.csv: no folder gone"),
    "a folder": (["shops", *GOOD], "shops is a folder"),
    "another kind": (
        ["notes.docx", *GOOD],
        "The name notes.docx does not end like that of a table",
    ),
    "a database": (["shop.db", *GOOD], "Give it as sqlite:///shop.db?table=NAME"),
    "an empty CSV": (["empty.csv", *GOOD], "empty.csv can't be read as CSV: No columns"),
    "no CSV": (["binary.csv", *GOOD], "binary.csv can't be read as CSV"),
    "no Parquet": (["notes.parquet", *GOOD], "notes.parquet can't be read as Parquet"),
    "only a header": (["header.csv", *GOOD], "There are no rows"),
    "no data set": (["airlin"], "no bundled data set 'airlin'"),
    "the nearest data set": (["airlin"], "Did you mean 'airline'?"),
    "no target": (
        ["sales.csv", "--target", "unit", "--time", "month", "--horizon", "6"],
        "no column 'unit' for --target; the columns are month, units. Did you mean 'un",
    ),
    "no time": (
        ["sales.csv", "--target", "units", "--time", "mont", "--horizon", "6"],
        "no column 'mont' for --time; the columns are month, units. Did you mean 'mo",
    ),
    "no series": ([*["sales.csv", *GOOD], "--series", "shop"], "'shop' for --series"),
    "no exogenous": ([*["sales.csv", *GOOD], "--x", "price"], "'price' for --x"),
    "two targets": (["wide.csv", "--horizon", "6"], "--target: units, price could be"),
    "no horizon": (["sales.csv"], "with --horizon N"),
    "bad time": (["time.csv", *GOOD], "'month' has soon in row 7, which is not a time"),
    "repeats": (
        ["repeat.csv", *GOOD],
        "2020-07 comes 2 times. If the rows belong to many s",
    ),
    "gaps": (
        ["gap.csv", *GOOD],
        "gaps: 2020-07 is the first of 2 times that are missing. Fill them with --gaps",
    ),
    "empty": (["hole.csv", *GOOD], "'units' is empty at 2020-05. Fill it with --gaps"),
    "text": (["text.csv", *GOOD], "'units' has many in row 3, which is not a number"),
    "too few": (
        ["sales.csv", "--horizon", "17"],
        "hold a horizon of 17. Give 51 rows, --horizon 16 or less, or --windows 1",
    ),
    "too many windows": (
        ["sales.csv", *GOOD, "--windows", "8"],
        "48 rows are too few: 8 windows of 6 steps, 6 apart, need 50",
    ),
    "no table": (
        ["sqlite:///shop.db?table=sale", *GOOD],
        "no table 'sale'. It has other, sales. Did you mean 'sales'?",
    ),
    "which table": (["sqlite:///shop.db", *GOOD], "?table=NAME"),
    "no query": (
        ["sqlite:///shop.db", "--query", "SELECT * FROM nowhere", *GOOD],
        "--query failed: no such table: nowhere",
    ),
    "no SELECT": (["sqlite:///shop.db", "--query", "sales", *GOOD], "must be a SELECT"),
    "both": (
        ["sqlite:///shop.db?table=sales", "--query", "SELECT 1", *GOOD],
        "?table= in the URL or --query, not both",
    ),
    "query of a file": (["sales.csv", "--query", "SELECT 1"], "--query is for databases"),
    "no database": (
        ["sqlite:///shopp.db?table=sales", *GOOD],
        "no database shopp.db in {folder}. Did you mean 'shop.db'?",
    ),
    "no name of a database": (["sqlite://?table=sales"], "names no database file"),
    "folder as a database": (["sqlite:///shops?table=sales"], "shops is a folder"),
    "no such database": (
        ["sqlit:///shop.db?table=a"],
        "does not know the database 'sqlit'",
    ),
    "no URL": (["://a?table=a"], "can't be read"),
    "no database at all": (
        ["sqlite:///notes.docx?table=a"],
        "can't be read: file is not",
    ),
    "driver": (["oracle://host/x?table=a"], "needs the driver"),
    "no forecaster": (["--forecasters", "naiv"], "Did you mean 'naive'"),
    "empty name": (["--forecasters", "naive,,Theta"], "has an empty name"),
    "report in a folder": (["--html", "shops"], "shops is a folder"),
    "report nowhere": (["--html", "gone/a.html"], "no folder gone for a.html"),
    "table nowhere": (["--csv", "gone/a.csv"], "no folder gone for a.csv"),
    "JSON nowhere": (["--json", "gone/a.json"], "no folder gone for a.json"),
    "results nowhere": (["--results", "gone/kept"], "no folder gone for kept"),
    "bad refit": ([*GOOD, "--refit", "0"], "'0' is not auto, yes, no or a number of"),
    "bad limit": ([*GOOD, "--time-limit", "x"], "'x' is not a number of seconds"),
    "bad horizon": (["--horizon", "0"], "'0' is not a whole number of at least 1"),
    "bad option": (["--horizons", "3"], "unrecognized arguments: --horizons"),
    "a seed that is too large": (
        ["--seed", str(10**20)],
        "'100000000000000000000' is not a whole number from 0 to 4294967295",
    ),
    "no path of a table": (["--csv", ""], "argument --csv: '' is not a path"),
    "no path of a report": (["--html", ""], "argument --html: '' is not a path"),
    "no path of results": (["--results", " "], "argument --results: ' ' is not a path"),
    "an empty target": (["--target", ""], "no column '' for --target"),
    "an empty time": (["--time", ""], "no column '' for --time"),
    "an empty frequency": (["--freq", ""], "--freq is not a frequency"),
    "bad frequency": (["--freq", "often"], "--freq often is not a frequency"),
}


def write_inputs():
    """All the files that the errors are about."""
    sales().to_csv("sales.csv", index=False)
    sales(price=1.0).to_csv("wide.csv", index=False)
    sales(0).to_csv("header.csv", index=False)
    broken_rows(month={7: "soon"}).to_csv("time.csv", index=False)
    broken_rows(month={8: "2020-07"}).to_csv("repeat.csv", index=False)
    broken_rows().drop(index=[6, 8]).to_csv("gap.csv", index=False)
    broken_rows(units={5: None}).to_csv("hole.csv", index=False)
    broken_rows(units={3: "many"}).to_csv("text.csv", index=False)
    write_database()
    Path("shops").mkdir()
    Path("empty.csv").touch()
    Path("binary.csv").write_bytes(bytes(range(256)) * 4)
    Path("notes.parquet").write_text("no parquet")
    Path("notes.docx").write_text("no table" * 100)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_line_for_each_problem_and_leaves_nothing(
    name, folder, capsys, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("It began the long work.")

    arguments, message = ERRORS[name]
    if name != "no forecaster":
        replace_compare(monkeypatch, never)
    write_inputs()
    before = contents(folder)
    assert main(["compare", *arguments]) == 2
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == (2 if name == "repeats" else 1)
    assert message.format(folder=folder) in errors[0]
    assert all(line.startswith("note: ") for line in lines[: -len(errors)])
    assert printed.out == ""
    assert contents(folder) == before


FORECAST_ERRORS = {
    "no forecaster": (["--forecaster", "Thet"], "Did you mean 'Theta'"),
    "all of them": (["--forecaster", "default"], "takes the name of one"),
    "CSV nowhere": (["--csv", "gone/a.csv"], "no folder gone for a.csv"),
    "picture nowhere": (["--plot", "gone/a.png"], "no folder gone for a.png"),
    "no path of a picture": (["--plot", ""], "argument --plot: '' is not a path"),
    "no picture": (["--plot", "a.doc"], "a.doc does not end like the name of a picture"),
    "many digits": (["--coverage", "80,99.9999999"], "99.9999999 has more than six"),
    "a fraction": (["--coverage", "0.8"], "'0.8' must be percents"),
    "no number": (["--coverage", "most"], "'most' must be percents"),
    "too few": (
        ["--horizon", "144"],
        "144 rows are too few: for 144 steps ahead give 145",
    ),
    "long season": (["--season", "200"], "--season 200 needs more than 200 rows"),
}


@pytest.mark.parametrize("name", FORECAST_ERRORS)
def test_an_error_of_a_forecast(name, folder, capsys):
    arguments, message = FORECAST_ERRORS[name]
    assert main(["forecast", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ")
    assert len(printed.err.splitlines()) == 1
    assert message in printed.err
    assert os.listdir(folder) == []


def test_the_ways_out_that_an_error_offers_are_ways_out(calls, folder):
    write_inputs()
    assert main(["compare", "repeat.csv", *GOOD]) == 2
    repeats = ["compare", "repeat.csv", *GOOD, "--duplicates", "mean"]
    # The time that was written over is missing now.
    assert main(repeats) == 2
    assert main([*repeats, "--gaps", "ffill"]) == 0
    assert main(["compare", "gap.csv", *GOOD, "--gaps", "interpolate"]) == 0
    assert main(["compare", "hole.csv", *GOOD, "--gaps", "ffill"]) == 0
    assert main(["compare", "sales.csv", "--horizon", "17", "--windows", "1"]) == 0
    assert len(calls) == 4


def test_a_command_that_is_not_there(capsys):
    assert main(["compar"]) == 2
    assert "invalid choice: 'compar'" in capsys.readouterr().err


def test_a_place_that_may_not_be_written_is_found_before_the_work(
    monkeypatch, calls, folder, capsys
):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert main(["compare"]) == 2
    said = capsys.readouterr().err
    assert "airline-comparison.html can't be written: Permission denied." in said
    (folder / "kept").mkdir()
    assert main(["compare", "--results", "kept"]) == 2
    assert calls == []


@pytest.mark.parametrize(
    ("module", "source", "message"),
    [
        (
            "sqlalchemy",
            "sqlite:///shop.db?table=sales",
            "Reading sqlite needs SQLAlchemy",
        ),
        ("pyarrow", "notes.parquet", "Reading notes.parquet needs pyarrow"),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_how_to_install_it(
    monkeypatch, capsys, module, source, message
):
    write_inputs()
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["compare", source, *GOOD]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert 'pip install "skforecast-lstm[compare]"' in said


def test_without_rich_the_ranking_is_plain(monkeypatch, calls, capsys):
    monkeypatch.setitem(sys.modules, "rich", None)
    assert main(["compare"]) == 0
    assert "LSTM" in capsys.readouterr().out


# ---------------------------------------------------------------- the process


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["compare", "--help"], ["forecast", "--help"]],
)
def test_help_and_version_load_nothing_heavy(arguments):
    script = (
        "import sys\n"
        "from skforecast_lstm.cli import main\n"
        "try:\n"
        f"    main({arguments})\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "heavy = {'keras', 'jax', 'sktime', 'pandas', 'numpy', 'matplotlib', 'rich'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    if arguments == ["--version"]:
        assert done.stdout.strip() == __version__
    else:
        assert "airline" in done.stdout


def test_the_help_lists_data_sets_and_examples(capsys):
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    shown = capsys.readouterr().out
    assert "uschange      changes of consumption" in shown
    assert shown.count("\n  skforecast-lstm compare") == 2


def test_an_error_of_a_process(folder):
    done = run("compare", "sales.csv", "--horizon", "6")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"error: There is no file sales.csv in {folder}.\n"


def test_a_forecast_of_a_process(folder):
    done = run("forecast", "lynx", "--horizon", "3", "--forecaster", "naive")
    assert done.returncode == 0
    assert done.stderr == ""
    assert sorted(os.listdir(folder)) == ["lynx-forecast.csv", "lynx-forecast.png"]
    assert pd.read_csv("lynx-forecast.csv")["Period"].tolist() == [1935, 1936, 1937]


# ---------------------------------------------------------------- names of all kinds

ODD_NAMES = [
    "cost $ in US$",
    r"$\frac$",
    "$$",
    "_hidden",
    "a\\b_c^d{e}",
    "x" * 500,
    "\N{GRINNING FACE}",
    "\u05d0\u05d1\u05d2",
    "[red]name[/red]",
    "\x1b[31mred\x1b[0m",
    "<b>bold</b>",
]


def test_any_name_goes_through_pictures_reports_and_terminals(capsys):
    rows = pd.concat([sales(24, shop=name) for name in ODD_NAMES])
    rows.rename(columns={"units": "US$ or $"}).to_csv("s.csv", index=False)
    arguments = ["s.csv", "--series", "shop", "--time", "month", "--horizon", "3"]
    names = ["--forecasters", "naive", "--quiet", "--windows", "1"]
    assert main(["compare", *arguments, *names]) == 0
    text = Path("s-comparison.html").read_text()
    assert text.count("<option value=") == len(ODD_NAMES)
    assert "could not be drawn" not in text
    assert "\x1b" not in text
    assert "\x1b" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("name", ["=1+1", "+cmd|x", "-2+3", "@SUM(A1)"])
def test_names_that_a_spreadsheet_would_run_are_texts(name):
    sales(shop=name).rename(columns={"month": "=now()"}).to_csv("s.csv", index=False)
    arguments = ["s.csv", "--series", "shop", "--time", "=now()", "--horizon", "3"]
    assert main(["forecast", *arguments, "--forecaster", "naive"]) == 0
    written = pd.read_csv("s-forecast.csv")
    assert written.columns.tolist()[:2] == ["shop", "'=now()"]
    assert written["shop"].eq(f"'{name}").all()


def test_names_that_are_numbers_stay_numbers():
    sales(shop="-5").to_csv("s.csv", index=False)
    arguments = ["s.csv", "--series", "shop", "--horizon", "3", "--forecaster", "naive"]
    assert main(["forecast", *arguments]) == 0
    assert pd.read_csv("s-forecast.csv")["shop"].eq(-5).all()


def test_what_steers_a_terminal_is_written_out_in_errors(capsys):
    sales().rename(columns={"units": "\x1b]0;evil\x07"}).to_csv("s.csv", index=False)
    assert main(["compare", "s.csv", "--target", "units", "--horizon", "3"]) == 2
    said = capsys.readouterr().err
    assert r"\x1b]0;evil\x07" in said
    assert said[:-1].isprintable()


# ---------------------------------------------------------------- pictures and disks


def test_a_picture_that_fails_is_an_error_and_the_rest_is_there(
    monkeypatch, folder, capsys
):
    from matplotlib.figure import Figure

    def fail(*_, **__):
        raise RuntimeError("no <ink>")

    monkeypatch.setattr(Figure, "savefig", fail)
    arguments = [
        "airline",
        "--forecasters",
        "naive",
        "--csv",
        "a.csv",
        "--json",
        "a.json",
    ]
    assert main(["compare", *arguments]) == 0
    text = (folder / "airline-comparison.html").read_text()
    # The report draws without matplotlib.
    assert text.count('class="chart"') == 4
    assert len(pd.read_csv("a.csv"))
    assert json.loads(Path("a.json").read_text())
    capsys.readouterr()
    assert main(["forecast", "airline", "--forecaster", "naive"]) == 1
    assert len(pd.read_csv("airline-forecast.csv")) == 12
    said = capsys.readouterr()
    assert said.err == "error: no picture was drawn. RuntimeError: no <ink>\n"
    assert said.out == f"Wrote {folder}/airline-forecast.csv\n"


def test_the_report_has_the_notes(folder):
    sales().to_csv("s.csv", index=False)
    arguments = ["s.csv", "--horizon", "3", "--forecasters", "naive", "--quiet"]
    assert main(["compare", *arguments]) == 0
    assert "<li>Read &#x27;units&#x27;" in Path("s-comparison.html").read_text()


@pytest.fixture
def small_files():
    """No file may be longer than some bytes, as if the disk were full."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_line_and_leaves_nothing(calls, folder, capsys, small_files):
    def big(self, path):
        with open(path, "w") as file:
            file.write("x" * 20_000)

    StandIn.to_csv, kept = big, StandIn.to_csv
    try:
        small_files(5_000)
        assert main(["compare", "--csv", "a.csv"]) == 2
    finally:
        StandIn.to_csv = kept
    said = capsys.readouterr()
    assert said.err == "error: a.csv can't be written: File too large.\n"
    # Another file has its place, and the ranking was printed.
    assert (folder / "airline-comparison.html").exists()
    assert "One wins." in said.out


def test_a_full_disk_for_results_is_one_line(folder, capsys, small_files):
    small_files(1_000)
    arguments = ["airline", "--forecasters", "naive", "--results", "kept", "--quiet"]
    assert main(["compare", *arguments]) == 2
    said = capsys.readouterr().err
    (line,) = said.splitlines()
    assert line.startswith("error: ")
    assert "cells.jsonl: File too large. The" in line
    assert line.endswith("are kept, and the same call goes on from there.")


def test_a_standard_output_that_is_full_is_one_line(folder, small_files):
    size = 10_000_000
    with open("out", "w") as full:
        # All other files have room, and this one has none left.
        full.truncate(size)
        full.seek(size)
        small_files(size)
        done = subprocess.run(
            [sys.executable, "-m", "skforecast_lstm", "compare", "--forecasters=naive"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: File too large.\n"
    assert (folder / "airline-comparison.html").exists()
    assert (folder / "out").stat().st_size == size


FOREIGN = {
    "one line": '{"a": 1}\n',
    "one line of text": "month,units",
    "another key": '{"key": "x", "result": 3}\n',
    "a list": "[1, 2]",
    "a text": '"key"',
    "nested": "[" * 100_000,
    "wrong result": '{"key": "x", "result": {"error": null, "scores": 3}}',
    "wrong scores": (
        '{"key": "x", "result": {"error": null, "scores": [[1]], "forecasts": []}}'
    ),
    "numbers": "1\n2\n",
    "not UTF-8": "\udcff\udcfe",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_someone_else_is_left_as_it_is(name, folder, capsys):
    text = FOREIGN[name].encode(errors="surrogateescape")
    (folder / "notes.jsonl").write_bytes(text)
    arguments = ["--forecasters", "naive", "--results", "notes.jsonl", "--quiet"]
    assert main(["compare", *arguments]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "notes.jsonl is not a file of comparison results (see line 1)" in said
    assert (folder / "notes.jsonl").read_bytes() == text


@pytest.mark.parametrize("start", ["", "\n", "\0\0\0", '{"key": "abc', '{"k'])
def test_a_file_of_ours_that_was_cut_off_goes_on(start, folder):
    (folder / "cells.jsonl").write_text(start)
    arguments = ["--forecasters", "naive", "--results", "cells.jsonl", "--quiet"]
    assert main(["compare", *arguments]) == 0
    assert main(["compare", *arguments]) == 0
    # The second call found all four results of the first.
    assert (folder / "cells.jsonl").read_text().count('"result": ') == 4


def test_a_reader_who_goes_away_is_one_line(folder):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "skforecast_lstm", "forecast", "lynx", "--horizon=3",
         "--forecaster=naive"],
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 2
    assert done.stderr == "error: Broken pipe.\n"
    assert sorted(os.listdir(folder)) == ["lynx-forecast.csv", "lynx-forecast.png"]


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_an_output_that_is_closed(folder, closed):
    command = [sys.executable, "-m", "skforecast_lstm", "forecast", "lynx"]
    command += ["--horizon=3", "--forecaster=naive", "--coverage=80", "--csv=a.csv"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {closed}', *command],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if ">&-" in closed.split():
        assert done.returncode == 2
        assert os.listdir(folder) == []
        said = "error: The standard output is closed. Send it somewhere, as to /dev/null."
        assert done.stderr == ("" if "2>&-" in closed else f"{said}\n")
    else:
        assert done.returncode == 0
        assert len(pd.read_csv("a.csv")) == 3


# ---------------------------------------------------------------- one file, two names


def ways_to(path):
    """Other names by which a file is reached."""
    path = Path(path)
    os.symlink(path.resolve(), "link" + path.suffix)
    os.symlink(path.resolve().parent, "folder")
    os.link(path, "hard" + path.suffix)
    Path("sub").mkdir()
    names = [path, f"./{path}", f"sub/../{path}", f"folder/{path}", path.resolve()]
    return [*map(str, names), "link" + path.suffix, "hard" + path.suffix]


@pytest.mark.parametrize("kind", ["csv", "parquet", "db"])
def test_the_source_is_never_written_over(monkeypatch, folder, capsys, kind):
    def never(*_, **__):
        raise AssertionError("It began the long work.")

    replace_compare(monkeypatch, never)
    monkeypatch.setattr(
        import_module("skforecast_lstm._cli.next_steps"), "next_steps", never
    )
    source = file = f"shop.{kind}"
    if kind == "db":
        write_database()
        source = f"sqlite:///{file}?table=sales"
    elif kind == "csv":
        sales().to_csv(file, index=False)
    else:
        sales().to_parquet(file)
    names = ways_to(file)
    before = contents(folder)
    for name in names:
        for option in ("--csv", "--html", "--json", "--results"):
            assert main(["compare", source, *GOOD, option, name]) == 2
            said = capsys.readouterr().err
            assert "is the file that the rows come from" in said
            assert f"and {option} would write over it. Name another.\n" in said
        assert main(["forecast", source, *GOOD, "--csv", name]) == 2
        assert "is the file that the rows come from" in capsys.readouterr().err
    assert contents(folder) == before


def test_the_picture_is_not_the_source(folder, capsys):
    sales().to_csv("sales.csv", index=False)
    os.symlink("sales.csv", "next.png")
    assert main(["forecast", "sales.csv", *GOOD, "--plot", "next.png"]) == 2
    assert "--plot would write over it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--csv", "a.txt", "--json", "./a.txt"],
        ["--html", "a.txt", "--csv", "sub/../a.txt"],
        ["--csv", "airline-comparison.html"],
        ["--results", "kept.jsonl", "--json", "kept.jsonl"],
        ["--results", "kept", "--json", "kept"],
        ["--results", "sub", "--json", "sub/cells.jsonl"],
        ["--html", "link", "--csv", "a.txt"],
    ],
)
def test_each_file_has_a_path_of_its_own(calls, folder, capsys, arguments):
    (folder / "sub").mkdir()
    os.symlink("a.txt", "link")
    assert main(["compare", *arguments]) == 2
    assert "name one file, " in capsys.readouterr().err
    assert calls == []
    assert sorted(os.listdir(folder)) == ["link", "sub"]


def test_a_forecast_and_its_picture_are_two_files(folder, capsys):
    arguments = ["lynx", "--csv", "a.png", "--plot", "a.png"]
    assert main(["forecast", *arguments]) == 2
    assert "--csv and --plot name one file, a.png. Name two." in capsys.readouterr().err


def test_a_pipe_is_no_file_and_is_found_before_the_work(monkeypatch, folder, capsys):
    def never(*_, **__):
        raise AssertionError("It began the long work.")

    replace_compare(monkeypatch, never)
    os.mkfifo("pipe")
    for option in ("--html", "--csv", "--json", "--results"):
        assert main(["compare", option, "pipe"]) == 2
        assert "pipe is not a regular file" in capsys.readouterr().err
    assert os.listdir(folder) == ["pipe"]
