"""The example of a stock's price, and whether its words agree with its figures."""

import numpy as np
import pandas as pd
import pytest

LSTMS = (
    "LSTM on prices scaled to 0..1",
    "LSTM on normalized windows",
    "LSTM on log-returns",
)
SMALL = ["--units", "4", "--epochs", "3"]


def said_of_prices(ratio, distance):
    """What has to be printed of a forecaster with these figures."""
    if abs(distance) < 2:
        return "can't be told from yesterday's price"
    return f"{'beats' if ratio < 1 else 'loses to'} yesterday's price"


def test_nothing_beats_yesterday_on_a_random_walk(load, tmp_path, capsys):
    errors, directions = load("stock").main(["--plots", str(tmp_path), *SMALL])
    printed = capsys.readouterr().out
    scaled, normalized, returns = (errors.loc[name] for name in LSTMS)
    assert normalized["of yesterday's"] == pytest.approx(1, abs=0.03)
    assert returns["of yesterday's"] == pytest.approx(1, abs=0.03)
    assert scaled["of yesterday's"] > 10
    # A mean of five days is two days behind: 1 + (1 + 4 + 9 + 16) / 25 in theory.
    assert errors.loc["mean of the last 5 days", "of yesterday's"] == pytest.approx(
        2.2, abs=0.5
    )
    for name in LSTMS:
        said = said_of_prices(*errors.loc[name, ["of yesterday's", "standard errors"]])
        assert f"The {name} {said}" in printed
    lstm, base = directions.loc["LSTM"], directions.loc["base rate of training"]
    assert lstm["95 % from"] < 0.5 < lstm["to"]
    assert lstm["95 % from"] < base["right"] < lstm["to"]
    assert "In direction the LSTM can't be told from the base rate" in printed
    pictures = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(pictures) == {"stock_forecasts.png", "stock_losses.png"}
    assert min(pictures.values()) > 10_000


def test_a_file_of_prices(load, tmp_path, capsys):
    """Days in the order of time, each once, without those that have no price."""
    example = load("stock")
    prices = example.generate(240).reset_index()
    lines = pd.DataFrame(
        {
            "Date": prices["date"].dt.strftime("%d-%m-%y"),
            "Open": 1.0,
            "Close": prices["Close"].round(2).astype(str),
            "Volume": prices["Volume"].astype(int),
        }
    )
    lines.loc[7, "Close"] = "null"
    lines = pd.concat([lines, lines[20:21].assign(Close="123.45")])[::-1]
    path = tmp_path / "prices.csv"
    lines.to_csv(path, index=False)
    read = example.read(path, "%d-%m-%y")
    assert read.index.equals(pd.DatetimeIndex(prices["date"].drop(7)))
    assert read.columns.to_list() == ["Close", "Volume"]
    # Of a day that is there twice, the line further down counts.
    assert read["Close"].iloc[19] == round(prices["Close"][20], 2)

    errors, _ = example.main(["--data", str(path), "--plots", str(tmp_path), *SMALL])
    assert "179 days of training, 60 of test" in capsys.readouterr().out
    yesterday = (read["Close"].diff()[179:] ** 2).mean()
    assert errors.loc["yesterday's price", "MSE"] == pytest.approx(yesterday)


def test_forecasts_know_nothing_of_their_day(load):
    example = load("stock")
    close = example.generate(300)["Close"]
    changed = close.copy()
    changed.iloc[-1] *= 2
    forecasts = example.simple_forecasts(close, 200)
    assert len(forecasts) == 100
    pd.testing.assert_frame_equal(forecasts, example.simple_forecasts(changed, 200))


def test_skill_is_told_from_chance(load):
    """Forecasts that know more, or less, than yesterday's price are found out."""
    example = load("stock")
    random = np.random.default_rng(1)
    actual = pd.Series(100 + np.cumsum(random.normal(size=401)))
    yesterday = actual.shift(1)
    forecasts = pd.DataFrame({example.YESTERDAY: yesterday})
    forecasts[example.SCALED] = yesterday - 2
    forecasts[example.NORMALIZED] = yesterday + random.normal(0, 0.01, 401)
    forecasts[example.RETURNS] = (yesterday + actual) / 2
    said = example.price_verdict(example.score(actual[1:], forecasts[1:])).splitlines()
    assert ["loses to" in said[0], "can't be" in said[1], "beats" in said[2]] == [
        True
    ] * 3

    up = actual.diff() > 0
    base = pd.DataFrame({example.RATE: 0.5 + 1e-9}, index=up.index[1:])
    for share_known, found in ((0.2, "beats"), (0.0, "can't be told"), (-0.2, "loses")):
        answer = base.assign(LSTM=0.5 + share_known * np.where(up[1:], 1, -1))
        answer["LSTM"] += random.normal(0, 0.1, 400)
        table = example.score_direction(up, answer)
        assert f"the LSTM {found}" in example.direction_verdict(table)
