"""Calendar of the command: hours, weekdays, times of the year and holidays."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.next_steps import forecaster_for
from skforecast_lstm._cli.tables import table_from_rows
from skforecast_lstm.cli import main


def table_of(times, series=None):
    rows = pd.DataFrame({"t": times, "v": np.arange(len(times)) % 7.0})
    if series is not None:
        rows = pd.concat(rows.assign(s=name) for name in series)
    return table_from_rows(rows, target="v", time="t", series=series and "s")


def forecaster(table, calendar, name="LSTM"):
    return forecaster_for(
        table,
        forecaster=name,
        horizon=7,
        season_length=None,
        random_state=0,
        calendar=calendar,
    )


DAYS = pd.date_range("2024-01-01", periods=60).astype(str)


@pytest.mark.parametrize("series", [None, ["a", "b"]])
def test_the_forecaster_gets_the_calendar(series):
    table = table_of(DAYS, series)
    assert forecaster(table, "auto").calendar.holidays is None
    assert forecaster(table, "DE-BY").calendar.holidays == "DE-BY"
    assert forecaster(table, None).calendar is None


MONTHS = pd.date_range("2020-01-01", periods=60, freq="MS").strftime("%Y-%m")
BUSINESS_DAYS = pd.bdate_range("2024-01-01", periods=60).astype(str)


@pytest.mark.parametrize(
    ("times", "calendar", "name", "message"),
    [
        (DAYS, "DEE", "LSTM", "--calendar DEE can't be used. There are no holidays of"),
        (MONTHS, "US", "LSTM", "--calendar US can't be used. holidays is for steps of"),
        (DAYS, "auto", "naive", "--calendar is for --forecaster LSTM, got Naive"),
        (range(60), "auto", "LSTM", "the times of the table are whole numbers"),
        (BUSINESS_DAYS, "auto", "LSTM", "needs dates, but it counts business days"),
    ],
)
def test_what_has_no_calendar_is_an_error(times, calendar, name, message):
    with pytest.raises(InputError, match=message):
        forecaster(table_of(times), calendar, name)


def test_the_command_has_the_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"day": DAYS, "sold": np.arange(60.0)}).to_csv("sold.csv", index=False)
    options = ["sold.csv", "--horizon", "7", "--calendar", "DEE"]
    assert main(["forecast", *options]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert main(["compare", *options]) == 2
    assert "unrecognized arguments: --calendar" in capsys.readouterr().err
