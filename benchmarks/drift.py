"""Which measure of errors tells best that they have grown.

`LSTMForecaster.check_drift` compares the mean size of the errors since `fit` with that
at held-out origins. This script gives its monitor other measures too: the CRPS of a
normal distribution, and its approximation by the quantile loss of the median and five
intervals. The errors are normal, have heavy tails (Student, 3 degrees of freedom), or
have a size that wanders slowly. Then their size grows, or they get a bias.

The table has the share of series in which the change is found within `--rows` rows: at
the threshold of the monitor, and at the one at which 5 % of series without a change have
an alarm, so that the measures compare.

    python benchmarks/drift.py --steps 1
    python benchmarks/drift.py --steps 12
"""

import argparse

import numpy as np
import pandas as pd
from scipy.stats import norm

from skforecast_lstm.forecasting._adaptive import COVERAGES
from skforecast_lstm.forecasting._drift import Monitor

N_HELD_OUT = 100
CHANGES = {
    "none": lambda noise: noise,
    "1.5 times": lambda noise: 1.5 * noise,
    "2 times": lambda noise: 2 * noise,
    "bias of 1": lambda noise: noise + 1,
}


def crps(errors):
    """Return the CRPS of the standard normal distribution."""
    density = 2 * norm.pdf(errors) - 1 / np.sqrt(np.pi)
    return errors * (2 * norm.cdf(errors) - 1) + density


def quantile_loss(errors):
    """Return the quantile loss of its median and intervals."""
    losses = [np.abs(errors) / 2]
    for coverage in COVERAGES:
        width = norm.ppf((1 + coverage) / 2)
        losses.append((1 - coverage) * width + np.maximum(np.abs(errors) - width, 0))
    return np.sum(losses, axis=0) / (len(COVERAGES) + 0.5)


MEASURES = {"size": np.abs, "CRPS": crps, "quantile loss": quantile_loss}


def noise_of(kind, rng, n_rows):
    """Return the new part of each error, of variance 1."""
    if kind == "heavy tails":
        return rng.standard_t(3, size=n_rows) / np.sqrt(3)
    noise = rng.normal(size=n_rows)
    if kind == "wandering":
        log_size = np.zeros(n_rows)
        for row in range(1, n_rows):
            log_size[row] = 0.95 * log_size[row - 1] + 0.15 * rng.normal()
        noise *= np.exp(log_size)
    return noise


def errors_of(noise, n_steps):
    """Return the errors from each origin by step, as of a random walk, of variance 1."""
    walk = np.append(0, noise.cumsum())
    steps = np.arange(1, n_steps + 1)
    starts = np.arange(len(walk) - n_steps)
    ahead = walk[starts[:, None] + steps] - walk[starts, None]
    return ahead / np.sqrt(steps)


def highest_sign(errors, measure):
    """Return the highest sign of drift after the held-out origins: over 1 is an alarm."""
    sizes = measure(errors)
    n_steps = errors.shape[1]
    monitor = Monitor(sizes[:N_HELD_OUT].mean(axis=1), 1, n_steps)
    steps = np.arange(n_steps)
    signs = []
    for row in range(N_HELD_OUT + n_steps, len(errors)):
        monitor.see(1, sizes[row - steps, steps].mean(), {0.8: 1.0})
        # A full batch ends here.
        if (row - N_HELD_OUT - n_steps) % max(n_steps, 5) == max(n_steps, 5) - 1:
            drift = monitor.drift()
            if drift.refit is not None:
                signs.append((drift.ratio - 1) / (drift.usual - 1))
    return max(signs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--rows", type=int, default=300, help="after the change")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    before = N_HELD_OUT + options.steps
    rows = []
    for kind in ("normal", "heavy tails", "wandering"):
        noise = [
            noise_of(kind, rng, before + options.rows + options.steps)
            for _ in range(options.series)
        ]
        thresholds = {}
        for change, changed in CHANGES.items():
            errors = [
                errors_of(np.append(of[:before], changed(of[before:])), options.steps)
                for of in noise
            ]
            for name, measure in MEASURES.items():
                signs = np.array([highest_sign(of, measure) for of in errors])
                # The first errors are those without a change.
                thresholds.setdefault(name, np.quantile(signs, 0.95))
                found = {"as it is": signs > 1, "5 %": signs > thresholds[name]}
                rows += [
                    {"errors": kind, "change": change, "threshold": at, name: of.mean()}
                    for at, of in found.items()
                ]
    keys = ["threshold", "errors", "change"]
    table = pd.DataFrame(rows).groupby(keys, sort=False).first()
    print(f"{options.series} series, {options.steps} steps ahead")
    print(table.sort_index(level=0, sort_remaining=False).to_string(float_format="%.2f"))


if __name__ == "__main__":
    main()
