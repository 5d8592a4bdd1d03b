"""A training of the smallest shape, which compiles quickly."""

import pytest

from skforecast_lstm.pretraining.tasks import Shape


@pytest.fixture
def small(monkeypatch):
    """Shape of all tasks, and a plan of six rounds."""
    from skforecast_lstm.pretraining import training

    shape = Shape(n_steps=16, horizon=4, shortest=8)
    monkeypatch.setattr(training, "SHAPES", {shape: 1.0})
    return training.Plan(n_batches=12, batch_size=8, batches_a_round=2, warm_up=3)
