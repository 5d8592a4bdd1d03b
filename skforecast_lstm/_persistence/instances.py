"""Checks of the attributes of loaded objects, for compiled code that trusts them.

Compiled code of scikit-learn assumes that arrays have the sizes from `fit`. With other
sizes, it reads and writes outside them. Also, an attribute could replace a method that
checks the input.
"""

import functools
import inspect
from typing import Any

import numpy as np

__all__ = ["check_attributes", "check_compiled"]


def check_attributes(cls: type, names: Any) -> None:
    """Raise if an attribute would replace a method of the class."""
    for name in names:
        found = inspect.getattr_static(cls, name, None)
        if hasattr(found, "__get__") and not isinstance(found, functools.cached_property):
            raise ValueError(
                f"it would replace {cls.__name__}.{name}, which is not a plain attribute"
            )


def check_compiled(estimator: Any) -> None:
    """Raise unless the arrays of an estimator fit compiled code of scikit-learn."""
    for base in type(estimator).__mro__:
        check = _CHECKS.get(f"{base.__module__}.{base.__name__}")
        if check is not None and not check(estimator, vars(estimator)):
            raise ValueError(
                f"its {type(estimator).__name__} has arrays that do not fit together"
            )


def _fits_svm(estimator, state):
    """Return whether the arrays of a support vector machine have consistent sizes."""
    if "_n_support" not in state:
        return "support_vectors_" not in state
    vectors, counts, dual, intercept, a, b, support, shape = (
        state[name]
        for name in (
            *("support_vectors_", "_n_support", "_dual_coef_", "_intercept_"),
            *("_probA", "_probB", "support_", "shape_fit_"),
        )
    )
    is_classifier = estimator._impl in ("c_svc", "nu_svc")
    n_classes = len(counts) if is_classifier else 2
    n_pairs = n_classes * (n_classes - 1) // 2
    n_vectors = sum(counts.tolist()) if is_classifier else int(counts[0])
    n_samples, n_features = shape
    expected = (n_vectors, n_features)
    if state["kernel"] == "precomputed":
        expected = (0, 0)
    elif callable(state["kernel"]):
        expected, n_samples = vectors.shape, len(state["_BaseLibSVM__Xfit"])
    given = [vectors.shape, counts.shape, dual.shape, intercept.shape, support.shape]
    return (
        "_impl" not in state
        and state["_sparse"] is False
        and n_classes >= 2
        and counts.min() >= 0
        and (n_features == state.get("n_features_in_") or callable(state["kernel"]))
        and given
        == [
            expected,
            (n_classes,),
            (n_classes - 1, n_vectors),
            (n_pairs,),
            (n_vectors,),
        ]
        and a.shape == b.shape
        and a.size in (0, n_pairs if is_classifier else 1)
        and (not n_vectors or (support.min() >= 0 and support.max() < n_samples))
    )


def _fits_neighbors(_estimator, state):
    """Return whether the samples of a neighbours estimator have consistent sizes."""
    if "_fit_X" not in state:
        return True
    samples = state["_fit_X"]
    answers, classes = state.get("_y"), state.get("classes_")
    if answers is not None and len(answers) != len(samples):
        return False
    if answers is not None and classes is not None:
        many = [classes] if isinstance(classes, np.ndarray) else classes
        places = answers.reshape(len(samples), -1)
        if places.shape[1] != len(many) or not all(
            column.min() >= 0 and column.max() < len(one)
            for column, one in zip(places.T, many, strict=True)
        ):
            return False
    return samples.ndim == 2 and samples.shape == (
        state["n_samples_fit_"],
        state["n_features_in_"],
    )


def _fits_clusters(estimator, state):
    """Return whether the cluster centres and the number of threads are consistent."""
    if "cluster_centers_" not in state:
        return True
    centres, n_threads = state["cluster_centers_"], state["_n_threads"]
    return (
        centres.shape == (estimator.n_clusters, state["n_features_in_"])
        and type(n_threads) is int
        and 0 < n_threads <= 4096
    )


_CHECKS = {
    "sklearn.cluster._kmeans._BaseKMeans": _fits_clusters,
    "sklearn.neighbors._base.NeighborsBase": _fits_neighbors,
    "sklearn.svm._base.BaseLibSVM": _fits_svm,
}
