"""The example of a weather station: its figures, and how it reads a station's file."""

import numpy as np
import pandas as pd
import pytest

HEADER = [
    "Date",
    "Time",
    "SkyCondition",
    "DryBulbCelsius",
    "WetBulbCelsius",
    "WindSpeed",
    "WindDirection",
]


def station_file(path, rows):
    """A file as a station gives it, with rows of a time and the values after it."""
    lines = [
        [time.strftime("%Y%m%d"), time.strftime("%H%M"), *values]
        for time, *values in ((pd.Timestamp(first), *rest) for first, *rest in rows)
    ]
    pd.DataFrame(lines, columns=HEADER).to_csv(path, index=False)
    return str(path)


def month(example, n_hours):
    """Rows of generated weather at 53 minutes past, with what real files have in them."""
    weather = example.generate(n_hours).shift(53, freq="min")
    rows = [
        [
            time,
            "FEW020 OVC060" if row["clouds"] > 4 else "CLR",
            f" {row[example.DRY]:.1f}",
            f"{row[example.WET]:.1f}",
            f" {row[example.SPEED]:.0f}",
            "VR " if row[example.DIRECTION] < 20 else "180",
        ]
        for time, row in weather.iterrows()
    ]
    rows[50][3] = "M"
    rows.insert(31, [rows[30][0] + pd.Timedelta(minutes=20), *rows[30][1:]])
    rows.insert(61, rows[60])
    return rows


def test_the_lstm_beats_the_last_value(load, tmp_path, capsys):
    table = load("weather").main(["--plots", str(tmp_path)])
    printed = capsys.readouterr().out
    mse = table["MSE (°C²)"]
    assert mse["LSTM"] < 0.7 * mse["last value"]
    assert mse["LSTM"] < mse["same hour yesterday"]
    # What is new in an hour of the generated weather; one who knows less than this peeks.
    news = 0.25**2 + (0.2 * 2 / 3) ** 2
    assert mse["LSTM"] > news
    assert mse.is_monotonic_increasing
    lower = 1 - mse["LSTM"] / mse["last value"]
    assert f"The LSTM beats the last value: its MSE is {lower:.0%} lower" in printed
    assert ("does better still" in printed) == (table.index[0] != "LSTM")
    assert "720 hours, 3 of them unknown; the last 72 are the test" in printed
    assert (tmp_path / "weather.png").stat().st_size > 10_000


def test_a_file_of_a_station(load, tmp_path, capsys):
    example = load("weather")
    path = station_file(tmp_path / "station.csv", month(example, 240))
    table = example.main(["--data", path, "--plots", str(tmp_path)])
    printed = capsys.readouterr().out
    # Three holes of the generated weather, and the hour of the M.
    assert "240 hours, 4 of them unknown; the last 24 are the test" in printed
    measured = example.hourly(example.read(path))[example.WET]
    errors = measured.ffill().diff()[-24:] ** 2
    assert table.loc["last value", "MSE (°C²)"] == pytest.approx(errors.mean())
    assert "a test MSE of 0.447 °C²" in printed
    assert ("reached." in printed) == (table.loc["LSTM", "MSE (°C²)"] <= example.AIM)


def test_an_hour_has_the_observation_nearest_to_it(load, tmp_path):
    example = load("weather")
    calm = ["CLR", "10.0"]
    path = station_file(
        tmp_path / "station.csv",
        [
            ["2026-09-01 00:53", *calm, "1.0", "5", "090"],
            ["2026-09-01 01:40", *calm, "9.0", "5", "090"],
            ["2026-09-01 01:53", *calm, "2.0", "M", "090"],
            ["2026-09-01 02:50", "BKN010 OVC020", "10.0", "3.0", "5", "VR "],
            ["2026-09-01 03:53", *calm, "M", "5", "090"],
            ["2026-09-01 05:53", *calm, "8.0", "5", "090"],
            ["2026-09-01 05:53", *calm, "6.0", "0", "000"],
            ["2026-09-01 06:53", " ", "10.0", "7.0", "5", "090"],
        ],
    )
    weather = example.hourly(example.read(path))
    assert weather.index.equals(pd.date_range("2026-09-01 00:53", periods=7, freq="h"))
    expected = [1, 2, 3, np.nan, np.nan, 6, 7]
    np.testing.assert_array_equal(weather[example.WET], expected)
    features = example.features_of(weather)
    expected = [np.nan, 1, 1, np.nan, np.nan, np.nan, 1]
    np.testing.assert_array_equal(features["change"], expected)
    expected = [5, np.nan, 0, np.nan, np.nan, 0, 5]
    np.testing.assert_allclose(features["wind_east"], expected, atol=1e-12)
    np.testing.assert_array_equal(features["clouds"].iloc[[0, 2]], [0, 8])


def test_nothing_is_known_before_its_time(load, tmp_path):
    """What comes later does not change what is known at an hour."""
    example = load("weather")
    rows = month(example, 120)
    whole = example.read(station_file(tmp_path / "whole.csv", rows))
    part = example.read(station_file(tmp_path / "part.csv", rows[:80]))
    later = example.features_of(example.hourly(whole))
    earlier = example.features_of(example.hourly(part))
    pd.testing.assert_frame_equal(
        later[: len(earlier)], earlier, check_freq=False, check_dtype=False
    )
