"""Errors relative to a simple forecaster, with intervals over the series."""

import numpy as np
import pandas as pd

from skforecast_lstm._suggestions import did_you_mean
from skforecast_lstm.comparison.significance import FEWEST_SERIES, pairs

__all__ = ["bootstrap_interval", "find_baseline", "relative", "wilson_interval"]

_N_DRAWS = 2000
# A single series with an error near 0 must not decide the mean.
_RATIOS = (0.01, 100)


def find_baseline(names, baseline=None):
    """Return the name of the forecaster that the others are measured against."""
    if baseline is not None:
        if baseline not in names:
            raise ValueError(
                f"There is no forecaster {baseline!r} with scores in all windows."
                f"{did_you_mean(str(baseline), map(str, names))} Choose from "
                f"{', '.join(map(str, names))}."
            )
        return baseline
    for name in ("seasonal naive", "naive"):
        if name in names:
            return name
    raise ValueError(
        "Neither 'seasonal naive' nor 'naive' has scores in all windows. Name the "
        "forecaster to compare with: baseline=..."
    )


def relative(scores, baseline, groups=None, *, coverage=0.95):
    """Return the error of each forecaster in units of that of the baseline.

    Parameters
    ----------
    scores : DataFrame
        Scores by dataset and window, with a column for each forecaster.
    baseline : str
        Name of the forecaster to compare with.
    groups : mapping of str to group, default=None
        Group of each dataset. If given, the rows are for each group.
    coverage : float, default=0.95
        Nominal coverage of the intervals.

    Returns
    -------
    table : DataFrame
        One row per forecaster, or per group and forecaster. `ratio` is the geometric
        mean of the ratios, and `win_rate` the fraction of wins, with half a win for
        a tie. Both have a lower and upper bound. `pairs` is their number.
    """
    if groups is None:
        return _relative(scores, baseline, coverage)
    names = scores.index.get_level_values("dataset")
    if missing := [name for name in names.unique() if name not in groups]:
        raise ValueError(f"groups has no entry for the series {missing[0]!r}.")
    of_rows = pd.Index([groups[name] for name in names], name="group")
    parts = {
        group: _relative(scores[of_rows == group], baseline, coverage)
        for group in of_rows.unique()
    }
    return pd.concat(parts, names=["group"])


def _relative(scores, baseline, coverage):
    in_pairs = pairs(scores)
    tiny = np.finfo(float).tiny
    ratios = (in_pairs + tiny).div(in_pairs[baseline] + tiny, axis=0).clip(*_RATIOS)
    logs = np.log(ratios)
    is_tie = np.isclose(logs, 0, atol=1e-12)
    wins = pd.DataFrame(np.where(is_tie, 0.5, logs < 0), columns=logs.columns)
    intervals = np.exp(bootstrap_interval(logs.to_numpy(), coverage))
    rates = wins.mean()
    low, high = wilson_interval(rates.to_numpy(), len(logs), coverage)
    table = pd.DataFrame(
        {
            "ratio": np.exp(logs.mean()),
            "ratio_low": intervals[0],
            "ratio_high": intervals[1],
            "win_rate": rates,
            "win_low": low,
            "win_high": high,
            "pairs": len(logs),
        },
    ).rename_axis("forecaster")
    # The baseline is what the others are measured by, and can't win against itself.
    table.loc[baseline, ["win_rate", "win_low", "win_high"]] = np.nan
    if len(logs) < FEWEST_SERIES:
        bounds = ["ratio_low", "ratio_high", "win_low", "win_high"]
        table[bounds] = np.nan
    return table.sort_values("ratio", kind="stable")


def bootstrap_interval(values, coverage=0.95):
    """Return the bounds of the mean of each column, by a bootstrap of the rows.

    Quantiles of bootstrapped means are too narrow for few rows. They are taken further
    out, so that for normal values the interval has the width of Student's (Hesterberg,
    "What teachers should know about the bootstrap", 2015).

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Values.
    coverage : float, default=0.95
        Nominal coverage.

    Returns
    -------
    bounds : ndarray of shape (2, n_columns)
        Lower and upper bounds.
    """
    from scipy.stats import norm, t

    n_rows = len(values)
    if n_rows < 2:
        return np.full((2, values.shape[1]), np.nan)
    draws = np.random.default_rng(0).integers(n_rows, size=(_N_DRAWS, n_rows))
    counts = np.zeros((_N_DRAWS, n_rows))
    np.add.at(counts, (np.arange(_N_DRAWS)[:, None], draws), 1 / n_rows)
    distance = np.sqrt(n_rows / (n_rows - 1)) * t.ppf((1 + coverage) / 2, n_rows - 1)
    outside = norm.cdf(-distance)
    return np.quantile(counts @ values, [outside, 1 - outside], axis=0)


def wilson_interval(rates, n_trials, coverage=0.95):
    """Return the bounds of rates of success by Wilson's score.

    A bootstrap of nothing but wins would have no width.
    """
    from scipy.stats import norm

    z = norm.ppf((1 + coverage) / 2)
    scale = 1 + z**2 / n_trials
    middle = (rates + z**2 / (2 * n_trials)) / scale
    spread = rates * (1 - rates) / n_trials + z**2 / (4 * n_trials**2)
    half = z * np.sqrt(spread) / scale
    return middle - half, middle + half
