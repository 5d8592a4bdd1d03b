"""The example of an engineer: own network, loss and validation set, search, new data."""

import numpy as np
import optuna
import pandas as pd
import pytest


@pytest.mark.slow
def test_from_the_search_to_new_data(load, tmp_path):
    study, regressor, (before, after) = load("engineer").main(tmp_path)
    states = [trial.state for trial in study.trials]
    assert states.count(optuna.trial.TrialState.PRUNED) > 0
    assert states.count(optuna.trial.TrialState.COMPLETE) > 0
    # The best candidate went on to its best epoch, and stopped after it.
    losses = regressor.history_["val_loss"]
    assert min(losses) < study.best_value
    # The level rose by a fifth, to 360.
    assert after < before / 2
    assert after < 30
    log = pd.read_csv(tmp_path / "training.csv")
    assert len(log) == regressor.n_iter_
    np.testing.assert_allclose(log["val_loss"].dropna(), losses, rtol=1e-5)
    assert (tmp_path / "engineer.png").exists()
