"""Transformers of scikit-learn that change each column by itself."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from skforecast_lstm._onnx.graph import Graph
from skforecast_lstm._onnx.refusals import refusal
from skforecast_lstm.calendar_features import CalendarFeatures

__all__ = ["add_inverse", "add_transformer"]

_DOUBLE = np.float64


def add_transformer(graph: Graph, transformer: Any, values: str, where: str) -> str:
    """Add what a fitted transformer does to values with its columns as the last axis."""
    kind = type(transformer)
    if kind is ColumnTransformer:
        return _transform_columns(graph, transformer, values, where)
    if kind is Pipeline:
        for name, step in transformer.steps:
            if step is not None and step != "passthrough":
                inside = f"{where}, step {name!r} ({type(step).__name__})"
                values = add_transformer(graph, step, values, inside)
        return values
    if kind is CalendarFeatures:
        raise refusal(
            where,
            "dates can't be inputs of the graph",
            "Give the columns of the calendar in the rows: fit a pipeline without this "
            "step on CalendarFeatures().fit_transform(X), and export it",
        )
    if kind is SimpleImputer:
        return _impute(graph, transformer, values, where)
    if kind is FunctionTransformer:
        return _apply(graph, transformer.func, transformer.kw_args, values, where)
    centre, spread, limits = _scale(transformer, where)
    values = graph.add("Sub", values, graph.constant(centre, _DOUBLE))
    values = graph.add("Div", values, graph.constant(spread, _DOUBLE))
    return values if limits is None else _clip(graph, values, *limits)


def _transform_columns(graph, transformer, values, where):
    """Transform some of the columns, and put the results side by side."""
    if transformer.transformer_weights:
        raise refusal(
            where,
            "it has transformer_weights",
            "Leave them out: a scaler gives a column its size",
        )
    names = getattr(transformer, "feature_names_in_", None)
    n_columns = transformer.n_features_in_
    places = pd.Series(np.arange(n_columns), index=names)
    parts = []
    for name, step, columns in transformer.transformers_:
        chosen = np.atleast_1d(_chosen(places, columns))
        if step == "drop" or not len(chosen):
            continue
        part = graph.gather(values, chosen, -1)
        if step != "passthrough":
            inside = f"{where}, transformer {name!r} ({type(step).__name__})"
            part = add_transformer(graph, step, part, inside)
        parts.append(part)
    return graph.add("Concat", *parts, axis=-1)


def _chosen(places, columns):
    """Return the places of columns, given as scikit-learn takes them."""
    limits = (columns.start, columns.stop) if isinstance(columns, slice) else columns
    if any(isinstance(one, str) for one in np.atleast_1d(np.array(limits, dtype=object))):
        return places.loc[columns]
    return places.to_numpy()[columns]


def add_inverse(graph: Graph, transformer: Any, values: str, where: str) -> str:
    """Add the inverse of a transformer."""
    if type(transformer) is FunctionTransformer:
        function, options = transformer.inverse_func, transformer.inv_kw_args
        return _apply(graph, function, options, values, where)
    centre, spread, _ = _scale(transformer, where)
    values = graph.add("Mul", values, graph.constant(spread, _DOUBLE))
    return graph.add("Add", values, graph.constant(centre, _DOUBLE))


def _scale(scaler, where):
    """Return the centre and the spread of a scaler, and its limits or None."""
    kind, limits = type(scaler), None
    if kind is StandardScaler:
        centre, spread = scaler.mean_ if scaler.with_mean else None, scaler.scale_
    elif kind is RobustScaler:
        centre, spread = scaler.center_, scaler.scale_
    elif kind is MaxAbsScaler:
        centre, spread, limits = None, scaler.scale_, (-1, 1)
    elif kind is MinMaxScaler:
        # It multiplies and adds.
        spread = 1 / scaler.scale_
        centre, limits = -scaler.min_ * spread, scaler.feature_range
    else:
        raise refusal(
            where,
            "the graph has only scalers, SimpleImputer, FunctionTransformer and a "
            "ColumnTransformer of these",
            "Transform the rows before they are given to the exported model: export a "
            "pipeline without this step",
        )
    if not getattr(scaler, "clip", False):
        limits = None
    nothing = np.zeros(1)
    return (
        nothing if centre is None else centre,
        nothing + 1 if spread is None else spread,
        limits,
    )


def _clip(graph, values, low, high):
    """Clip values, and keep those that are unknown."""
    for kind, limit in (("Less", low), ("Greater", high)):
        limit = graph.constant(limit, _DOUBLE)
        values = graph.add("Where", graph.add(kind, values, limit), limit, values)
    return values


def _impute(graph, imputer, values, where):
    """Replace unknown values."""
    statistics = np.asarray(imputer.statistics_, dtype=_DOUBLE)
    is_other = not (
        isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)
    )
    if is_other or imputer.add_indicator or np.isnan(statistics).any():
        raise refusal(
            where,
            "the graph replaces only NaN, and keeps the columns as they are",
            "Set missing_values=np.nan, add_indicator=False and "
            "keep_empty_features=True, or leave the step out: unknown steps are masked",
        )
    unknown = graph.add("IsNaN", values)
    return graph.add("Where", unknown, graph.constant(statistics, _DOUBLE), values)


def _apply(graph, function, options, values, where):
    """Apply a function that is known by name."""
    if options:
        raise refusal(
            where,
            f"its function has the arguments {sorted(options)}",
            "Use a function without arguments, or apply it outside the exported model",
        )
    one = graph.constant(1, _DOUBLE)
    if function is None:
        return values
    if function is np.log1p:
        return graph.add("Log", graph.add("Add", values, one))
    if function is np.expm1:
        return graph.add("Sub", graph.add("Exp", values), one)
    known = {np.log: "Log", np.exp: "Exp", np.sqrt: "Sqrt", np.abs: "Abs"}
    if function is np.square:
        return graph.add("Mul", values, values)
    try:
        return graph.add(known[function], values)
    except (KeyError, TypeError):
        name = getattr(function, "__name__", repr(function))
        raise refusal(
            where,
            f"its function {name!r} is not among numpy.log, log1p, exp, expm1, sqrt, "
            "square and abs",
            "Use one of these, or apply the function outside the exported model",
        ) from None
