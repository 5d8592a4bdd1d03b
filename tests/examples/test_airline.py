"""The example of one month ahead, and what it prints."""


def test_airline(load, tmp_path, capsys):
    plot = tmp_path / "airline.png"
    table = load("airline").main(["--plot", str(plot)])
    printed = capsys.readouterr().out
    assert len(table) == 4
    assert table.loc["LSTM", "MASE"] < table.loc["same month last year", "MASE"]
    assert ("The LSTM has the lowest error" in printed) == (table.index[0] == "LSTM")
    assert plot.stat().st_size > 10_000
