"""Tasks on series of the user's own, to train for a domain."""

from pathlib import Path

import numpy as np

from skforecast_lstm.pretraining import training
from skforecast_lstm.pretraining.draws import log_uniform
from skforecast_lstm.pretraining.generator import SyntheticSeries
from skforecast_lstm.pretraining.series_files import read_series
from skforecast_lstm.pretraining.tasks import FEWEST_KNOWN, Tasks, cut_tasks

__all__ = ["OwnSeries"]


class OwnSeries:
    """Source of tasks of which half are on series from files, at random origins.

    A round with a horizon too long for all series has tasks on synthetic series only.

    Parameters
    ----------
    path : path
        File or folder, as for `read_series`.
    season_lengths : tuple of two int
        Number of steps in the seasons of the series, 1 for none.
    """

    def __init__(self, path: Path, season_lengths: tuple[int, int]):
        self.series = list(read_series(path).values())
        self.season_lengths = season_lengths
        needed = FEWEST_KNOWN + min(shape.horizon for shape in training.SHAPES)
        longest = max(map(len, self.series), default=0)
        if longest < needed:
            raise ValueError(
                f"The {len(self.series)} series in {str(path)!r} have at most {longest} "
                f"rows, too few to train on: at least one must have {needed}, "
                f"{FEWEST_KNOWN} to learn from and the others to forecast. Give longer "
                "series, or train without them."
            )

    def __call__(self, plan: training.Plan, number: int):
        """Return the shape and the tasks of a round."""
        shape, tasks = training.tasks_of_round(plan, number)
        rng = np.random.default_rng([plan.seed, number, 1])
        length = int(log_uniform(rng, 1, shape.shortest, shape.n_steps)[0, 0].round())
        n_rows = length + shape.horizon
        long_enough = [
            one for one in self.series if len(one) >= FEWEST_KNOWN + shape.horizon
        ]
        if not long_enough:
            return shape, tasks
        half = np.flatnonzero(rng.random(len(tasks.windows)) < 0.5)
        values = np.full((len(half), n_rows), np.nan, np.float32)
        places = rng.integers(len(long_enough), size=len(half))
        for row, place in zip(values, places, strict=True):
            one = long_enough[place]
            end = rng.integers(FEWEST_KNOWN + shape.horizon, len(one) + 1)
            shown = one[max(end - n_rows, 0) : end]
            row[n_rows - len(shown) :] = shown
        seasons = np.tile(np.asarray(self.season_lengths, np.int32), (len(half), 1))
        own = cut_tasks(SyntheticSeries(values, seasons), shape, length, rng=rng)
        for part, new in zip(tasks, own, strict=True):
            part[half] = new
        return shape, Tasks(*tasks)
