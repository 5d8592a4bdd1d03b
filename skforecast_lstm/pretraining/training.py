"""Training of the pretrained network, with checkpoints and exact resuming.

The engine of this package trains one compiled network on one set of samples. Here,
networks for short and for long windows share their weights, the series are generated
while the network trains, none is seen twice, and the weights are averaged over batches.
So the loop is its own: a compiled step for each shape of the windows.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import jax
import keras
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray

from skforecast_lstm._files import replacing
from skforecast_lstm.networks.pretrained import pretrained_network
from skforecast_lstm.pretraining.loss import quantile_loss
from skforecast_lstm.pretraining.tasks import Shape, Tasks, synthetic_tasks
from skforecast_lstm.training.lstm import look_for_quick_way, quick_lstm
from skforecast_lstm.training.schedules import learning_rate_variable

__all__ = ["SHAPES", "Plan", "State", "first_state", "load", "save", "train"]

logger = logging.getLogger(__name__)

# Shapes of the tasks, and how often to draw each.
SHAPES = {
    Shape(64, 24, 8): 0.35,
    Shape(192, 48, 48): 0.3,
    Shape(512, 64, 160): 0.35,
}


class Plan(NamedTuple):
    """Settings of a training, which decide all its results.

    Parameters
    ----------
    n_batches : int
        Number of batches, over which the learning rate rises and falls.
    batch_size : int
        Number of series in a batch.
    batches_a_round : int
        Number of batches that are generated together. Checkpoints are between rounds.
    learning_rate : float
        Highest learning rate.
    warm_up : int
        Number of batches in which the learning rate rises.
    averaging : float
        Weight of the earlier average in the average of the weights.
    seed : int
        Seed of the series and of the first weights.
    """

    n_batches: int = 20_000
    batch_size: int = 128
    batches_a_round: int = 16
    learning_rate: float = 2e-3
    warm_up: int = 300
    averaging: float = 0.998
    seed: int = 0

    @property
    def n_rounds(self) -> int:
        """Number of rounds."""
        return -(-self.n_batches // self.batches_a_round)

    def rate(self, batch: int) -> float:
        """Return the learning rate of a batch: a rise, then half a cosine to 1 %."""
        progress = min(batch / self.n_batches, 1)
        cosine = 0.01 + 0.99 * (1 + np.cos(np.pi * progress)) / 2
        return self.learning_rate * min((batch + 1) / self.warm_up, 1) * float(cosine)


class State(NamedTuple):
    """State of a training between two rounds.

    Parameters
    ----------
    weights, averaged : list of arrays
        Weights of the network, and their running average.
    optimizer : list of arrays
        Variables of the optimizer.
    round : int
        Number of rounds that are done.
    """

    weights: list
    averaged: list
    optimizer: list
    round: int


def network_for(shape: Shape) -> keras.Model:
    """Return the network for windows of a shape, with the fast loop of its LSTMs."""
    network = pretrained_network(shape.n_steps, shape.horizon)
    look_for_quick_way(network)
    return network


def _optimizer(variables):
    optimizer = keras.optimizers.Adam(1e-3, beta_2=0.99, global_clipnorm=1.0)
    optimizer.build(variables)
    return optimizer


def first_state(plan: Plan, weights: Sequence[NDArray] | None = None) -> State:
    """Return the state before the first round.

    Parameters
    ----------
    plan : Plan
        Plan of the training.
    weights : sequence of arrays, default=None
        Weights to start from. If None, they are drawn from the seed.
    """
    keras.utils.set_random_seed(plan.seed)
    network = network_for(next(iter(SHAPES)))
    if weights is not None:
        network.set_weights(weights)
    variables = network.trainable_variables
    first = [np.asarray(variable) for variable in variables]
    optimizer = [np.asarray(one) for one in _optimizer(variables).variables]
    return State(first, [one.copy() for one in first], optimizer, 0)


@lru_cache
def _step(shape):
    """Return a compiled function that takes one step of the optimizer."""
    network = network_for(shape)
    optimizer = _optimizer(network.trainable_variables)
    rate_variable = learning_rate_variable(optimizer)
    place = [one is rate_variable for one in optimizer.variables].index(True)
    # Seeds of dropout, which the network does not use.
    others = [np.asarray(variable) for variable in network.non_trainable_variables]

    def loss(weights, tasks):
        quantiles, _ = network.stateless_call(
            weights, others, [tasks.windows, tasks.seasons], training=True
        )
        return quantile_loss(tasks.windows, tasks.seasons, tasks.targets, quantiles)

    @jax.jit
    def step(weights, averaged, variables, tasks, rate, kept):
        with quick_lstm():
            value, gradients = jax.value_and_grad(loss)(weights, tasks)
        is_finite = jnp.all(jnp.array([jnp.all(jnp.isfinite(one)) for one in gradients]))
        gradients = [jnp.where(is_finite, one, 0) for one in gradients]
        variables = [*variables[:place], rate, *variables[place + 1 :]]
        weights, variables = optimizer.stateless_apply(variables, gradients, weights)
        averaged = [
            kept * one + (1 - kept) * new
            for one, new in zip(averaged, weights, strict=True)
        ]
        return weights, averaged, variables, value

    return step


def tasks_of_round(plan: Plan, number: int) -> tuple[Shape, Tasks]:
    """Return the tasks of a round, which depend only on the seed and its number."""
    rng = np.random.default_rng([plan.seed, number])
    shapes, weights = list(SHAPES), np.array(list(SHAPES.values()))
    shape = shapes[rng.choice(len(shapes), p=weights / weights.sum())]
    n_tasks = plan.batches_a_round * plan.batch_size
    return shape, synthetic_tasks(n_tasks, shape, seed=rng)


def _rounds(plan: Plan, start: int, source) -> Iterator[tuple[Shape, Tasks]]:
    """Yield the tasks of each round; the next ones are generated meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(source, plan, start)
        for number in range(start, plan.n_rounds):
            ready = waiting.result()
            if number + 1 < plan.n_rounds:
                waiting = pool.submit(source, plan, number + 1)
            yield ready


def train(
    state: State,
    plan: Plan,
    *,
    minutes: float = np.inf,
    after_round: Callable[[State, dict], None] | None = None,
    source: Callable[[Plan, int], tuple[Shape, Tasks]] = tasks_of_round,
) -> State:
    """Train until all rounds are done or the time is over, and return the state.

    Parameters
    ----------
    state : State
        State to go on from.
    plan : Plan
        Plan of the training, the same as before.
    minutes : float, default=inf
        Time after which no further round begins.
    after_round : callable, default=None
        Called after each round with the state and a dict that describes the round.
    source : callable, default=tasks_of_round
        Gives the shape and the tasks of a round by the plan and its number.

    Returns
    -------
    state : State
    """
    began = time.monotonic()
    for shape, tasks in _rounds(plan, state.round, source):
        started = time.monotonic()
        weights, averaged, optimizer = state.weights, state.averaged, state.optimizer
        losses = []
        for number in range(plan.batches_a_round):
            batch = state.round * plan.batches_a_round + number
            rows = slice(number * plan.batch_size, (number + 1) * plan.batch_size)
            weights, averaged, optimizer, loss = _step(shape)(
                weights,
                averaged,
                optimizer,
                tasks.part(rows),
                np.float32(plan.rate(batch)),
                np.float32(min(plan.averaging, (1 + batch) / (10 + batch))),
            )
            losses.append(loss)
        state = State(weights, averaged, optimizer, state.round + 1)
        report = {
            "round": state.round,
            "n_steps": shape.n_steps,
            "loss": float(np.mean([float(one) for one in losses])),
            "seconds": round(time.monotonic() - started, 3),
        }
        logger.info("%s", json.dumps(report))
        if after_round is not None:
            after_round(state, report)
        if time.monotonic() - began > 60 * minutes:
            break
    return state


def save(path: Path, state: State, plan: Plan) -> None:
    """Write a state and its plan to a file, completely or not at all."""
    arrays = {
        f"{name}_{number}": np.asarray(one)
        for name in ("weights", "averaged", "optimizer")
        for number, one in enumerate(getattr(state, name))
    }
    plan_text = json.dumps({**plan._asdict(), "round": state.round})
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, plan=np.array(plan_text), **arrays)


def load(path: Path) -> tuple[State, Plan]:
    """Read a state and its plan from a file that `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        plan = json.loads(str(arrays["plan"]))
        number = plan.pop("round")
        weights, averaged, optimizer = (
            [
                arrays[f"{name}_{place}"]
                for place in range(
                    sum(key.startswith(f"{name}_") for key in arrays.files)
                )
            ]
            for name in ("weights", "averaged", "optimizer")
        )
    return State(weights, averaged, optimizer, number), Plan(**plan)
