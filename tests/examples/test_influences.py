"""Several series that influence one: what the example finds, and that it reads a file."""

import numpy as np
import pytest
from scipy.signal import lfilter

NETWORKS = ["one LSTM", "one branch per column", "sequence to sequence"]


@pytest.mark.slow
def test_influences(load, tmp_path, capsys, monkeypatch):
    influences = load("influences")
    result = influences.main(["--plots", str(tmp_path)])
    mean = result["errors"]["mean"]
    # B and C say more than half of what A alone leaves open; straight lines say less.
    assert (mean[NETWORKS] < mean["A alone"] / 2).all()
    assert (mean[NETWORKS] < 0.8 * mean["Ridge on the same windows"]).all()
    assert 0.8 < mean["one branch per column"] / mean["one LSTM"] < 1.25
    networks = [*NETWORKS, *influences.CELLS]
    assert (mean[networks] < 1.4 * mean["floor"]).all()
    steps = result["errors"].drop(columns=["mean", "weights"])
    assert (steps.drop("floor") > steps.loc["floor"]).all(axis=None)
    check_searches(result)
    # A answers to C after nine steps, which a window of six does not reach.
    assert result["chosen"].get_params()["lookbackwindower__lookback"] > 6

    folds, learned = result["folds"], result["learned"]
    np.testing.assert_allclose(*folds[folds.index.str.contains("Scaler")], rtol=0.01)
    np.testing.assert_allclose(learned["learned"], learned["rows for training"])
    assert (abs(learned["learned"] / learned["test rows"] - 1) > 1e-3).all()

    printed = capsys.readouterr().out
    best = mean.drop("floor").idxmin()
    assert f"The lowest error is that of {best}." in printed
    gain = 100 * (1 - mean["one LSTM"] / mean["A alone"])
    assert f"{gain:.1f} % lower than that of A alone." in printed
    for picture in ("errors", "forecasts", "search"):
        assert (tmp_path / f"influences-{picture}.png").stat().st_size > 10_000

    # Here, where most of the programs for it are compiled by now.
    monkeypatch.setattr(influences, "CELLS", {})
    table, _ = influences.generate(n_rows=1000, seed=1)
    table = table.set_axis(["sold", "visits", "sun"], axis=1)[["sun", "visits", "sold"]]
    table.insert(0, "day", "a word")
    table.loc[500, "sun"] = np.nan
    table.to_csv(tmp_path / "shop.csv", index=False)
    columns = ["--target", "sold", "--columns", "visits,sun"]
    source = ["--data", str(tmp_path / "shop.csv"), "--plots", str(tmp_path)]
    result = influences.main([*source, *columns])
    printed = capsys.readouterr().out
    assert "999 rows of sold, visits, sun" in printed
    mean = result["errors"]["mean"]
    assert "floor" not in mean
    assert mean["one LSTM"] < 0.8 * mean["sold alone"]
    check_searches(result)


def check_searches(result):
    """What was chosen is the best that was tried; what was saved says the same."""
    grid, random, chosen = result["grid"], result["random"], result["chosen"]
    best = max(grid, random, key=lambda one: one.best_score_)
    assert best.best_params_ in best.cv_results_["params"]
    assert best.best_params_.items() <= chosen.get_params().items()
    assert len(grid.cv_results_["params"]) == 6
    assert len(random.cv_results_["params"]) == 4
    assert len(result["saved"]) == 2
    assert max(result["saved"].values()) == 0


def test_the_floor_is_what_the_rule_leaves_open(load):
    """Noise to come goes through the memory of A, from where a forecast begins."""
    influences = load("influences")
    noise = np.random.default_rng(0).normal(size=20)
    shocks = [
        lfilter([1], [1, -influences.MEMORY], noise[row : row + influences.N_STEPS])
        for row in range(20 - influences.N_STEPS + 1)
    ]
    np.testing.assert_allclose(
        influences.floor(noise), np.linalg.norm(shocks, axis=0) / np.sqrt(15)
    )


def test_targets_for_training_end_with_its_rows(load):
    influences = load("influences")
    table, _ = influences.generate(n_rows=300)
    task = influences.Task(table)
    changed = table.copy()
    changed[240:] = 1e6
    np.testing.assert_array_equal(task.y_train, influences.Task(changed).y_train)
    rows = task.in_folds()
    assert len(rows["X"]) == len(rows["y"]) == 240 - influences.N_STEPS + 1
    assert np.isfinite(rows["y"]).all()
    for past, to_come in task.folds.split(**rows):
        assert past.max() + influences.N_STEPS <= to_come.min()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("A", "must name a column beside the target A"),
        ("A,B", "has 3 rows without a gap"),
    ],
)
def test_says_what_a_file_lacks(load, tmp_path, columns, message):
    influences = load("influences")
    path = tmp_path / "short.csv"
    influences.generate(n_rows=20)[0][:3].to_csv(path)
    with pytest.raises(SystemExit, match=message):
        influences.main(["--data", str(path), "--columns", columns])
