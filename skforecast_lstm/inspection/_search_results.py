"""Results of a scikit-learn search as a table to draw."""

import contextlib
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, RegressorMixin

from skforecast_lstm._known_scores import KnownAccuracyMixin, KnownR2Mixin
from skforecast_lstm.inspection._drawing import nested_estimators

__all__ = [
    "Score",
    "axis_positions",
    "find_score",
    "params_to_draw",
    "results_table",
    "searched_parameters",
]

_LONGEST_LABEL = 24


class _NotSet:
    """Placeholder for a parameter that a candidate does not have."""


@dataclass(frozen=True)
class Score:
    """Score of a search: its key in `cv_results_`, its name and its direction.

    scikit-learn negates errors so that higher is better. Here they are positive again.
    """

    key: str
    name: str
    greater_is_better: bool


def find_score(search, metric):
    """Return the score to draw. Raise if the search lacks the metric."""
    prefix = "mean_test_"
    metrics = [
        key.removeprefix(prefix) for key in search.cv_results_ if key.startswith(prefix)
    ]
    names = ", ".join(map(repr, metrics))
    if metric is None:
        # A search may refit by one of its scores, by a function, or not at all.
        metric = search.refit if search.refit in metrics else metrics[0]
        if len(metrics) > 1 and search.refit not in metrics:
            raise ValueError(
                f"The search has {len(metrics)} scores. Choose one with metric: {names}."
            )
    elif metric not in metrics:
        raise ValueError(f"The search has no score {metric!r}. It has {names}.")
    scorer = (
        search.scorer_[metric] if isinstance(search.scorer_, dict) else search.scorer_
    )
    # A scorer of skforecast_lstm.metrics has that of scikit-learn inside.
    scorer = getattr(scorer, "scorer", scorer)
    name = _default_score_name(search, scorer) if metric == "score" else metric
    is_negated = name.startswith("neg_") or getattr(scorer, "_sign", 1) < 0
    name = name.removeprefix("neg_").replace("_", " ")
    return Score(metric, name[:1].upper() + name[1:], not is_negated)


def _default_score_name(search, scorer):
    """Return the name of the only score of a search."""
    if isinstance(search.scoring, str):
        return search.scoring
    if search.scoring is not None:
        function = getattr(scorer, "_score_func", scorer)
        return getattr(function, "__name__", "score")
    *_, last = nested_estimators(search.estimator)
    for mixins, name in (
        ((RegressorMixin, KnownR2Mixin), "R²"),
        ((ClassifierMixin, KnownAccuracyMixin), "accuracy"),
    ):
        if getattr(type(last), "score", None) in [mixin.score for mixin in mixins]:
            return name
    return "score"


def searched_parameters(search):
    """Return the parameters of the candidates; True for those with several values."""
    candidates = search.cv_results_["params"]
    names = dict.fromkeys(name for candidate in candidates for name in candidate)
    # A halving search sets its resource on its own, even if it is a parameter.
    names.pop(getattr(search, "resource", None), None)
    return {
        name: len({repr(candidate.get(name, _NotSet)) for candidate in candidates}) > 1
        for name in names
    }


def params_to_draw(params, searched):
    """Return one or two names of parameters. Raise if they are not in the search."""
    names = ", ".join(map(repr, searched))
    if params is None:
        varied = [name for name in searched if searched[name]]
        if not varied:
            raise ValueError("There is nothing to draw: the search tried one candidate.")
        if len(varied) > 2:
            raise ValueError(
                f"The search has {len(varied)} parameters, but at most two can be drawn. "
                f"Choose with params: {', '.join(map(repr, varied))}."
            )
        return varied
    params = [params] if isinstance(params, str) else list(params)
    for name in params:
        if name not in searched:
            raise ValueError(f"The search has no parameter {name!r}. It has {names}.")
    if len(set(params)) != len(params) or len(params) not in (1, 2):
        raise ValueError(f"params must be one or two of {names}, got {params!r}.")
    return params


def results_table(search, params, score):
    """Return one row per candidate: parameters, "score", "std", maybe "n_resources"."""
    found = search.cv_results_
    columns = {}
    for name in params:
        if name in ("score", "std", "n_resources"):
            raise ValueError(
                f"A parameter of the search is called {name!r}, but a column of the "
                "results has that name. Search over a pipeline, which adds a prefix to "
                "it."
            )
        values = [candidate.get(name, _NotSet) for candidate in found["params"]]
        columns[name] = pd.Series(values, dtype=object)
    sign = 1 if score.greater_is_better else -1
    columns["score"] = sign * found[f"mean_test_{score.key}"]
    columns["std"] = found[f"std_test_{score.key}"]
    if "n_resources" in found:
        columns["n_resources"] = found["n_resources"]
    return pd.DataFrame(columns)


def axis_positions(values):
    """Return the places of the values of a parameter on an axis, and their labels.

    The place of a number is its value, and the labels are None. Other values are
    categories with one place each, in order of appearance. Numbers that include NaN or
    infinity are categories too. Values are distinguished by `repr`, because some can't
    be hashed.
    """
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        with contextlib.suppress(OverflowError):
            places = np.array(values, dtype=float)
            if np.isfinite(places).all():
                return places, None
    codes, _ = pd.factorize(np.array([repr(value) for value in values], dtype=object))
    labels = {code: _label(value) for code, value in zip(codes, values, strict=True)}
    return codes.astype(float), [labels[code] for code in sorted(labels)]


def _label(value):
    if value is _NotSet:
        return "not set"
    label = getattr(value, "__name__", str(value))
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
