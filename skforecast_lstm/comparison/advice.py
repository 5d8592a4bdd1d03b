"""Advice from a comparison: what to use, or what to do to tell."""

from skforecast_lstm.comparison.cells import SECONDS
from skforecast_lstm.comparison.ranking import average, behind, shared_scores
from skforecast_lstm.comparison.significance import (
    FEWEST_SERIES,
    LEVEL,
    fewest_pairs,
    p_values,
    pairs,
)
from skforecast_lstm.comparison.summary import count

__all__ = ["advice", "recommended"]

# A cheaper forecaster is as good if it is no more percent behind, and may be no worse.
_NEAR = 10


def recommended(comparison):
    """Return the name of the forecaster to use, or None if all failed.

    It is the one with the least mean MASE, or the cheapest of those that are near and
    that enough windows can't tell from it.
    """
    scores = shared_scores(comparison.results)
    if scores.empty:
        return None
    mase = average(scores).sort_values(kind="stable")
    best = mase.index[0]
    if _are_too_few(scores):
        return best
    seconds = _seconds(comparison)
    near = [
        name for name in _tied(scores, best) if behind(mase[name], mase[best]) <= _NEAR
    ]
    return min([best, *near], key=lambda name: seconds[name])


def advice(comparison):
    """Return sentences that say what to do, the most important first."""
    best = recommended(comparison)
    if best is None:
        return ["Nothing can be recommended: every forecaster failed."]
    scores = shared_scores(comparison.results)
    mase = average(scores).sort_values(kind="stable")
    said = []
    if len(mase) == 1:
        said.append(f"Compare {best} with another forecaster, such as seasonal naive.")
    elif _are_too_few(scores):
        said += _advise_on_few(comparison, scores, best)
    else:
        said += _advise_on_enough(comparison, scores, mase, best)
    said += _advise_on_seasons(comparison.settings["datasets"])
    said += _advise_on_features(comparison.settings)
    if len(comparison.failures):
        names = ", ".join(comparison.failures["forecaster"].unique())
        said.append(f"See why fits of {names} failed before you rely on the ranking.")
    return said


def _joined(names):
    """Return names as text, such as "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _are_too_few(scores):
    return len(pairs(scores)) < fewest_pairs(scores.shape[1])


def _tied(scores, best):
    """Return the names that can't be told from the best."""
    chances = p_values(scores, best)
    return list(chances.index[chances >= LEVEL])


def _seconds(comparison):
    """Return the seconds of each forecaster to fit and predict one window."""
    rows = comparison.results
    rows = rows[rows["metric"].isin(SECONDS)]
    keys = ["forecaster", "dataset", "window"]
    return rows.groupby(keys)["value"].sum().groupby(level="forecaster").mean()


def _advise_on_few(comparison, scores, best):
    """Return sentences for fewer windows than a test needs."""
    n_series = scores.index.get_level_values("dataset").nunique()
    n_windows = -(-fewest_pairs(scores.shape[1]) // n_series)
    few = f"{count(len(scores), 'window')} of {count(n_series, 'series')}"
    first = (
        f"Use {best} for now: it has the least mean error, but {few} can't tell the "
        f"{scores.shape[1]} forecasters apart."
    )
    if n_series >= FEWEST_SERIES:
        n_needed = fewest_pairs(scores.shape[1])
        return [first, f"Compare at least {n_needed} series to tell."]
    settings = comparison.settings
    step = settings["horizon"]
    for name, about in settings["datasets"].items():
        # A forecaster needs some rows to learn from: two seasons, or two horizons.
        least = 2 * max(about["season_length"], step)
        if (about["rows"] - least) // step < n_windows:
            then = (
                f"{name} has too few rows for the {n_windows} windows that would tell. "
                "Shorten the horizon, or take the cheapest that is good enough."
            )
            return [first, then]
    return [first, f"Raise --windows (n_windows) to {n_windows} to tell."]


def _advise_on_enough(comparison, scores, mase, best):
    """Return sentences for enough windows for a test."""
    first = mase.index[0]
    tied = [name for name in mase.index if name in _tied(scores, first)]
    near = [name for name in tied if behind(mase[name], mase[first]) <= _NEAR]
    if not tied:
        return [f"Use {best}: it is better than all others by more than chance."]
    said = []
    if near:
        said.append(
            f"Use {best}. The difference between {_joined([first, *near])} may be "
            f"chance, and {best} is the cheapest "
            f"({_seconds(comparison)[best]:.2g} s a window)."
        )
    else:
        n_more = 2 * len(pairs(scores))
        what = "series" if len(pairs(scores)) < len(scores) else "windows (--windows)"
        said.append(
            f"Use {best} for now: it has the least mean error, but it can't be told from "
            f"{_joined(tied)}. About {n_more} {what} may tell."
        )
    simple = {"naive", "seasonal naive"}
    if found := [name for name in [first, *tied] if name in simple]:
        said.append(f"None is reliably better than {found[0]}, which learns nothing.")
    return said


def _advise_on_seasons(datasets):
    """Return a sentence on the first dataset that is too short for its season."""
    for name, about in datasets.items():
        if season := about.get("unused_season"):
            said = (
                f"{name} was compared without its season of {season} rows: fewer than "
                f"two seasons come before the first window. Give more rows or fewer "
                f"windows, or --season {season} (season_length) if that many rows do."
            )
            return [said]
    return []


def _advise_on_features(settings):
    """Return a sentence that names the forecasters that read the features."""
    reads = settings.get("reads_features")
    if reads is None:
        return []
    if not reads:
        return ["Features given with --x (X) were ignored: no forecaster reads them."]
    ignores = settings["ignores_features"]
    if not ignores:
        return []
    said = (
        f"Features given with --x (X) went to {_joined(reads)} only. The others "
        f"({_joined(ignores)}) don't read them."
    )
    return [said]
