"""The example of a sine on a coarse grid, and what it prints."""

import numpy as np
import pandas as pd
import pytest


@pytest.mark.slow
def test_coarse_sine(load, tmp_path, capsys):
    table = load("coarse_sine").main(["--plots", str(tmp_path)])
    printed = capsys.readouterr().out
    assert table.shape == (6, 3)
    plain, divided = table.loc["LSTM, not normalized"], table.loc["LSTM, relative"]
    # A thousandth of the variance of a sine.
    assert (plain < 5e-4).all()
    assert (plain < table.loc["Holt-Winters"] / 100).all()
    assert (table.loc["Holt-Winters"] < table.loc["last value"]).all()
    # What is said of windows divided by values near zero.
    assert (divided > 10 * plain).all()
    for way in table:
        assert f"Lowest, {way}: {table[way].idxmin()}" in printed
    for picture in ("coarse-sine.png", "coarse-sine-relative.png"):
        assert (tmp_path / picture).stat().st_size > 10_000


@pytest.fixture
def whole_periods(tmp_path):
    """A file with a sine of 25 rows a period."""
    path = tmp_path / "sine.csv"
    sine = np.sin(2 * np.pi * np.arange(500) / 25)
    pd.DataFrame({"sinewave": sine}).to_csv(path, index=False)
    return path


def test_coarse_sine_of_a_file(load, whole_periods, tmp_path, capsys, monkeypatch):
    example = load("coarse_sine")
    monkeypatch.setattr(example, "N_BATCHES", 50)
    monkeypatch.setattr(example, "NORMALIZATIONS", (None,))
    table = example.main(["--data", str(whole_periods), "--plots", str(tmp_path)])
    assert "a season of 25 rows" in capsys.readouterr().out
    assert (table.loc["Holt-Winters"] < 1e-20).all()
    assert (table.idxmin() == "Holt-Winters").all()
