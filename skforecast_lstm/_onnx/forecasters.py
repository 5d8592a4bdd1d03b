"""Forecasters of one series: the pretrained network, a trained one, or their mean."""

import numpy as np

from skforecast_lstm._onnx.graph import Graph
from skforecast_lstm._onnx.network import add_network
from skforecast_lstm._onnx.refusals import refusal
from skforecast_lstm._onnx.verification import verify_network
from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.forecasting import LSTMForecaster
from skforecast_lstm.pretraining import pretrained_regression_network
from skforecast_lstm.pretraining.forecasting import FARTHEST, MOST_STEPS, shape_for

__all__ = ["add_forecaster"]

_DOUBLE = np.float64


def add_forecaster(graph: Graph, forecaster: LSTMForecaster, where: str) -> None:
    """Add the forecasts of all steps up to the last of `fit`, from the last rows."""
    horizon = _horizon(forecaster, where)
    _check(forecaster, horizon, where)
    share, model = forecaster.share_, forecaster.model_
    n_rows, n_columns = forecaster.lookback_ or 0, len(forecaster.columns_)
    if share:
        n_rows = max(n_rows, shape_for(len(forecaster._cur_y), horizon)[0])
    about = (
        "Last rows of the series, one per step, oldest first. Unknown values are NaN, "
        "and so are rows before the beginning."
    )
    rows = graph.input("rows", _DOUBLE, (n_rows, n_columns), about)
    if model is None:
        forecast = _pretrained(graph, forecaster, rows, n_rows, horizon)
    else:
        forecast = _trained(graph, forecaster, rows, n_rows)
        forecast = graph.gather(forecast, np.arange(horizon), 1)
        if share:
            medians = _pretrained(graph, forecaster, rows, n_rows, horizon)
            forecast = _mean(graph, forecast, medians, share)
    unknown = graph.cast(graph.add("IsNaN", rows), np.int32)
    all_unknown = graph.add("ReduceMin", unknown, axes=[1], keepdims=1)
    some = graph.add("ReduceMax", all_unknown, axes=[2], keepdims=1)
    is_blank = graph.cast(some, np.bool_)
    forecast = graph.add("Where", is_blank, graph.constant(np.nan, _DOUBLE), forecast)
    if n_columns == 1:
        forecast = graph.squeeze(forecast, 2)
    shape = (horizon, n_columns)[: 1 + (n_columns > 1)]
    about = "Forecasts of the steps after the last row, without intervals."
    graph.output("prediction", forecast, _DOUBLE, shape, about)


def _horizon(forecaster, where):
    """Return the number of steps to the last time to forecast."""
    if forecaster._fh is None:
        raise refusal(where, "it has no steps to forecast", "Give fh to `fit`")
    return int(forecaster._fh.to_relative(forecaster.cutoff).to_pandas().max())


def _check(forecaster, horizon, where):
    """Refuse what the graph does not have."""
    network = "Export a pipeline of LookbackWindower and LSTMRegressor"
    exogenous = forecaster.exogenous_
    if exogenous.past or exogenous.known:
        raise refusal(where, "it reads columns besides the series", network)
    if forecaster._cur_y.index.nlevels > 1:
        raise refusal(where, "it was fitted on many series", "Fit one for each series")
    model = forecaster.model_
    if model is not None and not isinstance(model.regressor, LSTMRegressor):
        kind = type(model.regressor).__name__
        raise refusal(where, f"its regressor is a {kind}", "Use LSTMRegressor")
    if model is not None and horizon > model.horizon:
        raise refusal(
            where,
            f"it forecasts {model.horizon} steps at once and feeds them back, to reach "
            f"step {horizon}",
            'Give the whole fh to `fit`, with strategy="direct"',
        )
    if horizon < 1 or (forecaster.share_ and horizon > MOST_STEPS):
        raise refusal(
            where,
            f"the last step of fh is {horizon}, and the graph forecasts the steps 1 to "
            f"{MOST_STEPS} after the last row",
            f"Give fh up to {MOST_STEPS} to `fit`, or set pretrained=False",
        )


def _trained(graph, forecaster, rows, n_rows):
    """Return the forecasts of the trained network: (batch, horizon, n_columns)."""
    model, regressor = forecaster.model_, forecaster.model_.regressor
    (scale,) = forecaster.scales_.values()
    window = graph.gather(rows, np.arange(n_rows - model.lookback, n_rows), 1)
    window = graph.add("Sub", window, graph.constant(scale.centre, _DOUBLE))
    window = graph.add("Div", window, graph.constant(scale.spread, _DOUBLE))
    window = graph.cast(window, np.float32)
    (outputs,) = add_network(graph, regressor.model_, [window])
    verify_network(regressor.model_, regressor.X_shape_[1:])
    outputs = graph.cast(outputs, _DOUBLE)
    n_quantiles = model.n_quantiles
    shape = [-1, model.horizon, model.n_targets, n_quantiles]
    outputs = graph.reshape(outputs, shape)
    if n_quantiles > 1:
        n_places = graph.constant([n_quantiles], np.int64)
        outputs, _ = graph.add("TopK", outputs, n_places, n_outputs=2, axis=-1)
    middle = graph.gather(outputs, n_quantiles // 2, 3)
    middle = graph.add("Mul", middle, graph.constant(scale.spread, _DOUBLE))
    return graph.add("Add", middle, graph.constant(scale.centre, _DOUBLE))


def _pretrained(graph, forecaster, rows, n_rows, horizon):
    """Return the medians of the pretrained network: (batch, horizon, n_columns)."""
    n_steps, _ = shape_for(len(forecaster._cur_y), horizon)
    n_columns = len(forecaster.columns_)
    network = pretrained_regression_network(
        (n_steps,), horizon, season_length=forecaster.seasons_
    )
    series = graph.add("Transpose", rows, perm=[0, 2, 1])
    series = graph.reshape(series, [-1, n_rows])
    series = graph.gather(series, np.arange(n_rows - n_steps, n_rows), 1)
    shift, scale = _shift_and_scale(graph, series)
    series = graph.add("Div", graph.add("Sub", series, shift), scale)
    (medians,) = add_network(graph, network, [graph.cast(series, np.float32)])
    verify_network(network, (n_steps,))
    medians = graph.add("Mul", graph.cast(medians, _DOUBLE), scale)
    medians = graph.add("Add", medians, shift)
    medians = graph.reshape(medians, [-1, n_columns, horizon])
    return graph.add("Transpose", medians, perm=[0, 2, 1])


def _shift_and_scale(graph, series):
    """Return what `pretraining.forecasting` subtracts from series and divides them by."""

    def number(value):
        return graph.constant(value, _DOUBLE)

    def along(kind, values):
        axis = graph.constant([1], np.int64)
        if kind == "ReduceSum":
            return graph.add(kind, values, axis, keepdims=1)
        return graph.add(kind, values, axes=[1], keepdims=1)

    def known_only(values):
        return graph.add("Where", known, values, number(0))

    def one_if_zero(values):
        is_positive = graph.add("Greater", values, number(0))
        return graph.add("Where", is_positive, values, number(1))

    known = graph.add("Not", graph.add("IsNaN", series))
    n_known = along("ReduceSum", graph.cast(known, _DOUBLE))
    n_known = graph.add("Max", n_known, number(1))
    largest = one_if_zero(along("ReduceMax", known_only(graph.add("Abs", series))))
    relative = known_only(graph.add("Div", series, largest))
    level = graph.add("Div", along("ReduceSum", relative), n_known)
    distance = known_only(graph.add("Abs", graph.add("Sub", relative, level)))
    spread = graph.add("Div", along("ReduceSum", distance), n_known)
    limit = graph.add("Mul", spread, number(FARTHEST))
    far = graph.add("Sub", graph.add("Abs", level), limit)
    is_far = graph.add(
        "And",
        graph.add("Greater", far, number(0)),
        graph.add("Greater", spread, number(1e-15)),
    )
    shift = graph.add("Mul", graph.add("Sign", level), far)
    shift = graph.add("Mul", graph.add("Where", is_far, shift, number(0)), largest)
    moved = known_only(graph.add("Abs", graph.add("Sub", series, shift)))
    return shift, one_if_zero(along("ReduceMax", moved))


def _mean(graph, trained, medians, share):
    """Return the mean of two forecasts, of which the second has this share if known."""
    step = graph.add("Sub", medians, trained)
    both = graph.add("Mul", step, graph.constant(share, _DOUBLE))
    both = graph.add("Add", trained, both)
    return graph.add("Where", graph.add("IsNaN", medians), trained, both)
