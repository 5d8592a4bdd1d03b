"""Train the pretrained network, or evaluate it on real series: a command.

    python -m skforecast_lstm.pretraining --minutes 2
    python -m skforecast_lstm.pretraining train run --batches 20000
    python -m skforecast_lstm.pretraining train run --minutes 30
    python -m skforecast_lstm.pretraining train own --series folder --start weights.npz
    python -m skforecast_lstm.pretraining weights run/checkpoint.npz weights.npz
    python -m skforecast_lstm.pretraining evaluate series.csv --horizon 12 --season 12

Without a command, it checks on a short training that everything works: the loss falls,
a checkpoint goes on exactly, and forecasts can be evaluated. ``train`` writes to a
folder: a checkpoint every few minutes, from which the same command goes on exactly; a
log; and the averaged weights in half precision. ``evaluate`` uses the weights that ship
with the package, unless others are given.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path

import numpy as np

from skforecast_lstm.pretraining.check import check
from skforecast_lstm.pretraining.evaluation import Panel, evaluate
from skforecast_lstm.pretraining.own_series import OwnSeries
from skforecast_lstm.pretraining.training import (
    Plan,
    first_state,
    load,
    save,
    tasks_of_round,
    train,
)
from skforecast_lstm.pretraining.weights import (
    SHIPPED,
    read_plan,
    read_weights,
    write_weights,
)

logger = logging.getLogger("skforecast_lstm.pretraining")


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parsed.run(parsed)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m skforecast_lstm.pretraining", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--minutes", type=float, default=2, help="minutes of a check, without a command"
    )
    parser.set_defaults(run=lambda parsed: check(parsed.minutes))
    commands = parser.add_subparsers()
    plan = Plan()

    trained = commands.add_parser("train", help="train, or go on from a checkpoint")
    trained.add_argument("folder", type=Path, help="folder to write to")
    trained.add_argument("--minutes", type=float, default=np.inf, help="stop after these")
    trained.add_argument("--batches", type=int, default=plan.n_batches)
    trained.add_argument("--batch-size", type=int, default=plan.batch_size)
    trained.add_argument("--learning-rate", type=float, default=plan.learning_rate)
    trained.add_argument("--seed", type=int, default=plan.seed)
    trained.add_argument("--start", type=Path, help="weights to start from")
    trained.add_argument(
        "--series", type=Path, help="file or folder of own series, for half of the tasks"
    )
    trained.add_argument("--season", type=int, nargs="+", default=[1], metavar="N")
    trained.add_argument(
        "--checkpoint-minutes", type=float, default=5, help="minutes between checkpoints"
    )
    trained.set_defaults(run=_train)

    written = commands.add_parser("weights", help="write the weights of a checkpoint")
    written.add_argument("checkpoint", type=Path)
    written.add_argument("path", type=Path, help="file to write")
    written.set_defaults(run=lambda parsed: _write(parsed.checkpoint, parsed.path))

    judged = commands.add_parser("evaluate", help="forecast real series, and measure")
    judged.add_argument("series", help="file or folder")
    judged.add_argument(
        "--weights", type=Path, default=SHIPPED, help="weights or checkpoint"
    )
    judged.add_argument("--horizon", type=int, required=True)
    judged.add_argument("--season", type=int, nargs="+", default=[1], metavar="N")
    judged.add_argument("--only", help="condition for the rows, as pandas' query")
    judged.add_argument(
        "--held-out", type=int, nargs="+", default=[0], help="rows after each horizon"
    )
    judged.set_defaults(run=_evaluate)
    return parser


def _train(parsed):
    parsed.folder.mkdir(parents=True, exist_ok=True)
    checkpoint = parsed.folder / "checkpoint.npz"
    if checkpoint.exists():
        state, plan = load(checkpoint)
        logger.info("Going on from round %d of %d.", state.round, plan.n_rounds)
    else:
        plan = Plan(
            n_batches=parsed.batches,
            batch_size=parsed.batch_size,
            learning_rate=parsed.learning_rate,
            seed=parsed.seed,
        )
        start = None if parsed.start is None else read_weights(parsed.start)
        state = first_state(plan, start)
    source = tasks_of_round
    if parsed.series is not None:
        source = OwnSeries(parsed.series, _two_seasons(parsed.season))
    saved = time.monotonic()

    def after_round(state, report):
        nonlocal saved
        with (parsed.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(report) + "\n")
        if time.monotonic() - saved > 60 * parsed.checkpoint_minutes:
            save(checkpoint, state, plan)
            saved = time.monotonic()

    state = train(
        state, plan, minutes=parsed.minutes, after_round=after_round, source=source
    )
    save(checkpoint, state, plan)
    _write(checkpoint, parsed.folder / "weights.npz")


def _write(checkpoint, path):
    """Write the averaged weights of a checkpoint in half precision, with its plan."""
    write_weights(path, read_weights(checkpoint), read_plan(checkpoint))


def _evaluate(parsed):
    panel = Panel(
        parsed.series,
        parsed.horizon,
        _two_seasons(parsed.season),
        parsed.only,
        tuple(parsed.held_out),
    )
    scores = evaluate(read_weights(parsed.weights), panel)
    sys.stdout.write(f"{len(scores)} forecasts\n{scores.mean().round(3).to_string()}\n")


def _two_seasons(lengths):
    if len(lengths) > 2:
        raise SystemExit(f"--season takes one or two lengths, got {len(lengths)}.")
    first, second = [*lengths, 1][:2]
    return first, second


if __name__ == "__main__":
    main()
