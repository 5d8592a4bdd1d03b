"""The command: trains, goes on from its checkpoint, and evaluates on files."""

import json

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm.pretraining import __main__ as command
from skforecast_lstm.pretraining import check, training
from skforecast_lstm.pretraining.own_series import OwnSeries
from skforecast_lstm.pretraining.training import tasks_of_round
from skforecast_lstm.pretraining.weights import read_plan


@pytest.fixture
def series_file(tmp_path, rng):
    path = tmp_path / "series.csv"
    values = 10 + rng.normal(size=(4, 40)).cumsum(axis=1)
    pd.DataFrame(values, index=list("abcd")).to_csv(path)
    return path


def test_the_command_trains_goes_on_and_evaluates(
    small, tmp_path, series_file, monkeypatch, capsys
):
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--batches", "48", "--batch-size", "8"]
    command.main([*arguments, "--minutes", "0"])
    command.main([*arguments, "--minutes", "0", "--series", str(series_file)])
    log = (folder / "log.jsonl").read_text()
    rounds = [json.loads(line) for line in log.splitlines()]
    assert [one["round"] for one in rounds] == [1, 2]
    assert (folder / "weights.npz").stat().st_size < 1e6
    weights = folder / "weights.npz"
    command.main(["weights", str(folder / "checkpoint.npz"), str(weights)])
    assert read_plan(weights)["round"] == 2
    command.main(
        ["evaluate", str(series_file), "--horizon", "4", "--weights", str(weights)]
    )
    said = capsys.readouterr().out
    assert said.startswith("4 forecasts\nMASE")
    assert "nan" not in said


def test_without_a_command_it_checks_a_short_training(small, monkeypatch, caplog):
    (shape,) = training.SHAPES
    monkeypatch.setattr(check, "_SHAPE", shape)
    monkeypatch.setattr(check, "_PLAN", small._replace(n_batches=60))
    monkeypatch.setattr(check, "evaluate", lambda *_: pd.DataFrame({"MASE": [1.0]}))
    with caplog.at_level("INFO"):
        command.main([])
    assert "Training resumes exactly" in caplog.text
    assert "{'MASE': 1.0}" in caplog.text


def test_a_loss_that_does_not_fall_is_told(small, monkeypatch):
    def constant(state, plan, *, after_round, **_):
        for _ in range(10):
            after_round(state, {"loss": 1.0})
        return state

    monkeypatch.setattr(check, "train", constant)
    with pytest.raises(SystemExit, match=r"did not fall: \[1.0, 1.0\]"):
        command.main(["--minutes", "1"])


def test_more_than_two_seasons_are_an_error(series_file):
    seasons = ["--season", "4", "5", "6"]
    with pytest.raises(SystemExit, match="one or two"):
        command.main(["evaluate", str(series_file), "--horizon", "4", *seasons])


def test_half_of_the_tasks_are_on_own_series(small, tmp_path):
    path = tmp_path / "series.csv"
    pd.DataFrame(1e6 * (1 + np.arange(40.0)[None])).to_csv(path)
    plan = small._replace(batch_size=100)
    shape, tasks = OwnSeries(path, (7, 1))(plan, 0)
    _, synthetic = tasks_of_round(plan, 0)
    assert tasks.windows.shape == synthetic.windows.shape
    assert tasks.targets.shape[1] == shape.horizon
    is_own = np.abs(np.nanmean(tasks.targets, axis=1)) > 5e5
    assert 0.3 < is_own.mean() < 0.7


def test_own_series_that_are_all_too_short_are_refused(small, tmp_path):
    path = tmp_path / "series.csv"
    pd.DataFrame(np.arange(22.0).reshape(2, 11)).to_csv(path)
    with pytest.raises(
        ValueError, match=r"The 2 series in .* at most 11 rows.* have 12,"
    ):
        OwnSeries(path, (1, 1))
