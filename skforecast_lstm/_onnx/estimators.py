"""Fitted estimators and pipelines as graphs of ONNX."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skforecast_lstm._onnx.graph import Graph
from skforecast_lstm._onnx.network import add_network
from skforecast_lstm._onnx.refusals import refusal
from skforecast_lstm._onnx.transformers import add_inverse, add_transformer
from skforecast_lstm._onnx.verification import verify_network
from skforecast_lstm._onnx.windows import add_windows, n_rows, rows_text
from skforecast_lstm.binned_regressor import BinnedRegressor
from skforecast_lstm.estimators import LSTMClassifier, LSTMRegressor
from skforecast_lstm.windows import LookbackWindower

__all__ = ["onnx_model"]


class _Step(NamedTuple):
    """A step of a pipeline, and what an error calls it."""

    where: str
    what: Any


def onnx_model(estimator: Any) -> Any:
    """Return the model of ONNX of a fitted estimator, pipeline or forecaster."""
    if type(estimator).__module__.startswith("skforecast_lstm.forecasting."):
        return _forecaster_model(estimator)
    steps, last, inverses = _parts(estimator, type(estimator).__name__)
    network_estimator = _network_estimator(last)
    windowers = [one for one in steps if type(one.what) is LookbackWindower]
    if len(windowers) > 1:
        raise refusal(
            windowers[1].where, "it makes windows of windows", "Use one LookbackWindower"
        )
    graph = Graph()
    if windowers:
        windower = windowers[0].what
        first = steps[0].what
        shape = (n_rows(windower), first.n_features_in_)
        values = graph.input("rows", np.float64, shape, rows_text(windower))
    else:
        shape = network_estimator.X_shape_[1:]
        about = "Windows, oldest step first. Unknown values are NaN."
        values = graph.input("windows", np.float64, shape, about)
    for where, step in steps:
        if type(step) is LookbackWindower:
            values = add_windows(graph, step, values)
        else:
            values = add_transformer(graph, step, values, where)
    _add_outputs(graph, last, network_estimator, inverses, values)
    verify_network(network_estimator.model_, network_estimator.X_shape_[1:])
    names = getattr(estimator, "feature_names_in_", None)
    return graph.model({} if names is None else {"columns": [*map(str, names)]})


def _forecaster_model(estimator):
    """Return the model of ONNX of a fitted forecaster."""
    # Import sktime only if the estimator needs it.
    from skforecast_lstm._onnx.forecasters import add_forecaster
    from skforecast_lstm.forecasting import LSTMForecaster

    kind = type(estimator)
    if kind is not LSTMForecaster:
        raise refusal(
            kind.__name__,
            "the graph has no windows of whole series",
            "Use LSTMRegressor or LSTMClassifier on arrays of windows",
        )
    estimator.check_is_fitted()
    graph = Graph()
    add_forecaster(graph, estimator, kind.__name__)
    return graph.model({"columns": [*map(str, estimator.columns_)]})


def _parts(estimator, where):
    """Return all steps, the last estimator, and the inverses of transformed targets."""
    if isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    if hasattr(estimator, "best_estimator_"):
        return _parts(estimator.best_estimator_, where)
    if type(estimator) is TransformedTargetRegressor:
        steps, last, inverses = _parts(estimator.regressor_, where)
        transformer = _Step(
            f"The transformer of the target ({_kind(estimator)})", estimator.transformer_
        )
        return steps, last, [*inverses, transformer]
    if type(estimator) is not Pipeline:
        return [], _Step(where, estimator), []
    *before, (name, final) = estimator.steps
    steps = []
    for own, step in before:
        if step is not None and step != "passthrough":
            steps.append(_Step(f"The step {own!r} ({_kind(step)})", step))
    inner, last, inverses = _parts(final, f"The step {name!r} ({_kind(final)})")
    return [*steps, *inner], last, inverses


def _kind(estimator):
    return type(estimator).__name__


def _network_estimator(last):
    """Return the estimator with the network, or refuse its class."""
    where, estimator = last
    inside = estimator
    if type(estimator) is BinnedRegressor:
        inside = estimator.classifier_
    kind = type(inside)
    for known, methods in (
        (LSTMRegressor, ("predict",)),
        (LSTMClassifier, ("predict", "predict_proba")),
    ):
        if isinstance(inside, known) and all(
            getattr(kind, name) is getattr(known, name) for name in methods
        ):
            return inside
    raise refusal(
        where if inside is estimator else f"{where}, with its {kind.__name__},",
        "only LSTMRegressor, LSTMClassifier and BinnedRegressor of one can, alone or as "
        "the last step of a pipeline",
        "Export a pipeline of LookbackWindower and LSTMRegressor or LSTMClassifier",
    )


def _add_outputs(graph, last, estimator, inverses, values):
    """Add the network of an estimator, and what the last step makes of its outputs."""
    values = graph.cast(values, np.float32)
    (outputs,) = add_network(graph, estimator.model_, [values])
    if type(last.what) is BinnedRegressor:
        probabilities = _probabilities(graph, estimator, outputs)
        means = last.what.bin_means_[estimator.classes_.astype(int)]
        prediction = graph.add("MatMul", probabilities, graph.constant(means))
        _add_prediction(graph, prediction, (), np.float64, inverses)
    elif isinstance(estimator, LSTMClassifier):
        _add_classes(graph, estimator, _probabilities(graph, estimator, outputs))
    else:
        prediction = graph.reshape(outputs, [-1, *estimator._y_shape])
        dtype = np.float64 if inverses else estimator._y_dtype
        prediction = graph.cast(prediction, dtype)
        _add_prediction(graph, prediction, estimator._y_shape, dtype, inverses)


def _add_prediction(graph, prediction, shape, dtype, inverses):
    """Add the prediction of a regressor in the units of its targets."""
    for where, transformer in inverses:
        prediction = add_inverse(graph, transformer, prediction, where)
    about = "What `predict` returns."
    graph.output("prediction", prediction, dtype, shape, about)


def _probabilities(graph, classifier, outputs):
    """Return the probability of each class."""
    outputs = graph.cast(outputs, np.float64)
    n_outputs = classifier._count_outputs(classifier.model_)
    if getattr(classifier.model_.loss, "from_logits", False):
        if n_outputs == 1:
            outputs = graph.add("Sigmoid", outputs)
        else:
            outputs = graph.add("Softmax", outputs, axis=1)
    if n_outputs == 1:
        other = graph.add("Sub", graph.constant(1.0), outputs)
        return graph.add("Concat", other, outputs, axis=1)
    total = graph.add("ReduceSum", outputs, graph.constant([1]), keepdims=1)
    return graph.add("Div", outputs, total)


def _add_classes(graph, classifier, probabilities):
    """Add the probabilities and the label of the most probable class."""
    classes = classifier.classes_
    kinds = {"i": np.int64, "u": np.int64, "f": np.float64, "b": np.bool_, "U": np.str_}
    if classes.dtype.kind == "O" and all(isinstance(one, str) for one in classes):
        classes = classes.astype(str)
    if classes.dtype.kind not in kinds:
        raise refusal(
            f"Labels of type {classes.dtype}",
            "the graph has labels of numbers, truth values and strings",
            "Encode the labels before `fit`, for example with LabelEncoder",
        )
    dtype = kinds[classes.dtype.kind]
    place = graph.add("ArgMax", probabilities, axis=1, keepdims=0)
    label = graph.add("Gather", graph.constant(classes.astype(dtype)), place, axis=0)
    about = f"Probabilities of the classes {classes.tolist()}, in this order."
    graph.output("probabilities", probabilities, np.float64, (len(classes),), about)
    graph.output("label", label, dtype, (), "The most probable class.")
