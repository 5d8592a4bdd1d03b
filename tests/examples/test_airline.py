"""Every example runs, and its figures hold."""

import importlib.util
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_airline(tmp_path, capsys):
    plot = tmp_path / "airline.png"
    table = load("airline").main(["--plot", str(plot)])
    printed = capsys.readouterr().out
    assert len(table) == 4
    assert table.loc["LSTM", "MASE"] < table.loc["same month last year", "MASE"]
    assert ("The LSTM has the lowest error" in printed) == (table.index[0] == "LSTM")
    assert plot.stat().st_size > 10_000
