"""Sentences on a comparison: the winner, its lead and its significance."""

import numpy as np

from skforecast_lstm.comparison.ranking import (
    average,
    behind,
    places,
    shared_scores,
)
from skforecast_lstm.comparison.significance import (
    FEWEST_SERIES,
    LEVEL,
    fewest_pairs,
    p_values,
    pairs,
    pairwise_p_values,
)

__all__ = ["count", "summary"]


def summary(comparison):
    """Return the summary of a comparison as text."""
    scores = shared_scores(comparison.results)
    mase = average(scores).sort_values(kind="stable")
    sentences = []
    if mase.empty:
        sentences.append("No forecaster could be ranked: all failed.")
    else:
        sentences += _describe_winner(comparison, mase, scores)
    sentences += comparison.settings.get("stopped", {}).values()
    failures = comparison.failures
    if len(failures):
        names = ", ".join(failures["forecaster"].unique())
        sentences.append(
            f"{count(len(failures), 'fit')} failed ({names}); the reasons are with the "
            "failures."
        )
    return " ".join(sentences)


def count(number, thing):
    """Return a number and a noun, such as "1 window" or "2 windows"."""
    plural = "" if number == 1 or thing == "series" else "s"
    return f"{number} {thing}{plural}"


def _describe_winner(comparison, mase, scores):
    """Return sentences on the winner, with the LSTM as subject if there is one."""
    best = mase.index[0]
    lstms = [name for name in mase.index if name in comparison.settings["lstm"]]
    sentences = []
    for name in comparison.settings["lstm"]:
        if name not in mase.index:
            failures = comparison.failures[comparison.failures["forecaster"] == name]
            reason = failures["reason"].iloc[0]
            sentences.append(f"The {name} failed too often to be ranked ({reason}).")
    if len(mase) == 1:
        alone = f"{best} was compared with nothing: mean MASE {mase[best]:.3f}."
        return [*sentences, alone]
    other = lstms[0] if lstms and lstms[0] != best else mase.index[1]
    numbers = f"({mase[other]:.3f} against {mase[best]:.3f})"
    the = "The " if best in lstms else ""
    behind_best = f"{behind(mase[other], mase[best]):.1f} % behind"
    is_told = p_values(scores, best)[other] < LEVEL
    if np.isclose(mase[best], mase[other], rtol=1e-9, atol=0):
        sentences.append(f"{best} and {other} are equal in mean MASE ({mase[best]:.3f}).")
    elif mase[best] == 0:
        sentences.append(
            f"{the}{best} makes no error, and {other} {mase[other]:.3f} in mean MASE."
        )
    elif other in lstms and is_told:
        sentences.append(
            f"The {other} loses to {best}: it is {behind_best} in mean MASE {numbers}."
        )
    elif other in lstms:
        sentences.append(f"The {other} is {behind_best} {best} in mean MASE {numbers}.")
    else:
        leads = "wins" if is_told else "has the least error"
        sentences.append(
            f"{the}{best} {leads}: {other} is {behind_best} in mean MASE {numbers}."
        )
    sentences += _describe_significance(comparison, scores, best, other)
    return sentences + _describe_places(places(pairwise_p_values(scores), [*mase.index]))


def _describe_places(found):
    """Return a sentence on the first forecaster with a worse one above it, if any."""
    for row, (name, place) in enumerate(found.items()):
        above = found.index[:row][found.iloc[:row] > place]
        if len(above):
            first = found.index[place - 1]
            said = (
                f"{name} shares place {place} with {first}, although {above[-1]} has "
                f"less error and place {found[above[-1]]}: the distance of {name} from "
                f"{first} varies more, so it may be chance."
            )
            return [said]
    return []


def _describe_significance(comparison, scores, best, other):
    """Return sentences on the significance of a difference, and its windows."""
    n_series = scores.index.get_level_values("dataset").nunique()
    where = f"{count(len(scores), 'window')} of {n_series} series"
    sentences = []
    if len(pairs(scores)) < fewest_pairs(scores.shape[1]):
        few = "too few for a paired test to tell whether it is more than chance"
        sentences.append(f"That is over {where}, {few}.")
    else:
        chance = p_values(scores, best)[other]
        verdict = "more" if chance < LEVEL else "not more"
        tested = "series" if n_series >= FEWEST_SERIES else "windows"
        corrected = "" if scores.shape[1] == 2 else ", corrected"
        sentences.append(
            f"Over {where} that is {verdict} than chance would give (paired Wilcoxon "
            f"test of the {tested}{corrected}, p = {chance:.2g})."
        )
        steps = [about["step"] for about in comparison.settings["datasets"].values()]
        if min(steps) < comparison.settings["horizon"] and tested == "windows":
            sentences.append("The windows overlap, so this p is too small.")
    n_windows = comparison.results.groupby("dataset")["window"].nunique().sum()
    if len(scores) < n_windows:
        sentences.append(
            f"Only those of the {n_windows} windows count that all ranked forecasters "
            "have."
        )
    return sentences
