"""A short training of the network at its full size, which checks that training works."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from skforecast_lstm.pretraining.evaluation import Panel, evaluate
from skforecast_lstm.pretraining.generator import synthetic_series
from skforecast_lstm.pretraining.tasks import Shape, Tasks, synthetic_tasks
from skforecast_lstm.pretraining.training import (
    Plan,
    State,
    first_state,
    load,
    save,
    train,
)

__all__ = ["check"]

logger = logging.getLogger(__name__)

_SHAPE = Shape(n_steps=64, horizon=24, shortest=8)
_PLAN = Plan(n_batches=400, batch_size=64, batches_a_round=4, warm_up=20)
# Each round is seen again after so many, so that its losses can be compared.
_ROUNDS = 5


def check(minutes: float) -> None:
    """Train for some minutes; raise unless the loss falls and training resumes exactly.

    Then forecast synthetic series from a file, and raise if an error is unknown.
    """
    losses: list[float] = []
    state = train(
        first_state(_PLAN),
        _PLAN,
        minutes=minutes,
        source=_tasks,
        after_round=lambda _, report: losses.append(report["loss"]),
    )
    n_rounds = len(losses) // _ROUNDS * _ROUNDS
    passes = np.reshape(losses[:n_rounds], (-1, _ROUNDS)).mean(axis=1)
    if len(passes) < 2 or not passes[-1] < passes[0]:
        raise SystemExit(f"The loss did not fall: {passes.round(3).tolist()}.")
    with TemporaryDirectory() as folder:
        _check_resuming(state, Path(folder) / "checkpoint.npz")
        scores = _evaluated(state, Path(folder) / "series.csv")
    logger.info(
        "Loss from %.3f to %.3f in %d rounds. Training resumes exactly.",
        passes[0],
        passes[-1],
        len(losses),
    )
    logger.info("Scores on synthetic series: %s.", scores.round(3).to_dict())


def _tasks(plan: Plan, number: int) -> tuple[Shape, Tasks]:
    n_tasks = plan.batches_a_round * plan.batch_size
    return _SHAPE, synthetic_tasks(n_tasks, _SHAPE, seed=[plan.seed, number % _ROUNDS])


def _check_resuming(state: State, path: Path) -> None:
    """Raise unless the next round is the same with and without a file in between."""
    state = state._replace(round=min(state.round, _PLAN.n_rounds - 1))
    save(path, state, _PLAN)
    restored, plan = load(path)
    pair = (train(one, plan, minutes=0, source=_tasks) for one in (state, restored))
    for one, other in zip(*(next_state.weights for next_state in pair), strict=True):
        if not np.array_equal(np.asarray(one), np.asarray(other)):
            raise SystemExit("Training from a checkpoint differs from training on.")


def _evaluated(state: State, path: Path) -> pd.Series:
    """Return the mean scores of forecasts of series in a file."""
    series = synthetic_series(20, 60, seed=1).values
    names = [f"series {number}" for number in range(len(series))]
    pd.DataFrame(series, index=names).to_csv(path)
    scores = evaluate([np.asarray(one) for one in state.averaged], Panel(str(path), 12))
    if not np.isfinite(scores.mean()).all():
        raise SystemExit(f"A score is unknown: {scores.mean().to_dict()}.")
    return scores.mean()
