"""Network of stacked recurrent layers and dense layers, with one output per target."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras
from keras import layers

from skforecast_lstm._checks import check_integer
from skforecast_lstm.networks.arguments import (
    ColumnPlaces,
    layer_sizes,
    task_shapes,
)
from skforecast_lstm.networks.categories import ColumnKinds
from skforecast_lstm.networks.cells import Cell, recurrent_layer
from skforecast_lstm.networks.known_ahead import known_at_targets, known_corrections
from skforecast_lstm.networks.layers import MaskUnknown, TakeColumns
from skforecast_lstm.networks.normalization import (
    NormalizedNetwork,
    WindowNormalization,
)
from skforecast_lstm.networks.simple_forecasts import SimpleForecasts, mixture_layer
from skforecast_lstm.networks.stages import (
    dense_layer,
    dense_stack,
    recurrent_stack,
    scale_to_targets,
    undo_normalization,
    window_input,
)

__all__ = ["recurrent_network"]

# Rules of the simple forecasts that a network corrects.
BASES = {"last": ("last",), "seasonal": ("season_ago",), "mixture": None}


def recurrent_network(
    input_shape: tuple[int, ...] | None = None,
    n_outputs: int = 1,
    *,
    units: int | Sequence[int] = 32,
    cell: Cell | Sequence[Cell] = "lstm",
    activation: str | Callable = "tanh",
    bidirectional: bool = False,
    dropout: float | Sequence[float] = 0.0,
    recurrent_dropout: float | Sequence[float] = 0.0,
    dense_units: int | Sequence[int] = (),
    dense_activation: str | Callable = "relu",
    dense_dropout: float | Sequence[float] = 0.0,
    decoder: Literal["dense", "lstm"] = "dense",
    output_activation: str | Callable | None = None,
    l2: float = 0.0,
    normalization: Literal["last", "standard", "relative"] | None = None,
    base: Literal["last", "seasonal", "mixture"] | None = None,
    season_length: int = 1,
    segment: int | None = None,
    target_columns: Sequence[int | str] | None = None,
    n_quantiles: int = 1,
    categorical_features: Sequence[int | str] | None = None,
    n_categories: Sequence[int] | None = None,
    static_features: Sequence[int | str] | None = None,
    n_known: int = 0,
    branches: Sequence[Mapping[str, Any]] | None = None,
    feature_names: Sequence[str] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a network of stacked recurrent layers followed by dense layers.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of a window: (n_steps, n_features), or (n_steps,) for one series.
    n_outputs : int, default=1
        Number of outputs. They are ordered by step ahead, then by target, then by
        quantile.
    units : int or tuple of int, default=32
        Number of units of each recurrent layer, first to last. ``(32, 16)`` stacks two
        layers.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Cell of all recurrent layers, or of each layer.
    activation : str or callable, default="tanh"
        Activation of the cells.
    bidirectional : bool, default=False
        If True, each recurrent layer also reads its steps from last to first.
    dropout : float or tuple of float, default=0.0
        Fraction of the inputs to drop in training, for all recurrent layers or for each.
    recurrent_dropout : float or tuple of float, default=0.0
        Fraction of the recurrent state to drop in training, for all recurrent layers or
        for each.
    dense_units : int or tuple of int, default=()
        Number of units of each dense layer between the recurrent layers and the output.
    dense_activation : str or callable, default="relu"
        Activation of the dense layers.
    dense_dropout : float or tuple of float, default=0.0
        Fraction of the outputs of each dense layer to drop in training. Without dense
        layers, it applies to the output of the last recurrent layer.
    decoder : {"dense", "lstm"}, default="dense"
        "dense" computes all outputs at once. "lstm" computes them step by step, with
        another recurrent layer (sequence to sequence). With several `target_columns`,
        each step has outputs for all of them.
    output_activation : str or callable, default=None
        Activation of the output. If None, the output is linear. Then the network ends in
        a :class:`TargetScale`, which an estimator sets from its targets, or in the
        inverse of the `normalization`.
    l2 : float, default=0.0
        L2 penalty on the kernels of all layers.
    normalization : {"last", "standard", "relative"}, default=None
        Method that gives each window a level of 0 and a spread of 1, column by column.
        "last" uses the last value and the mean distance from the mean, or the mean step
        if that is larger. "standard" uses the mean and the standard deviation, and
        "relative" the changes relative to the first value. See
        :class:`WindowNormalization`. A linear output starts at the level of its column
        and is in its units, so give windows and targets in the same units, without a
        scaler before the windows. The loss is measured in spreads, see
        :class:`NormalizedNetwork`.
    base : {"last", "seasonal", "mixture"}, default=None
        Simple forecast that the network corrects, within the `normalization`: the last
        value, the value a season ago, or a mixture of many simple forecasts with learned
        weights, see :class:`SimpleForecasts`. The first output is for the step after the
        window. If None, the network corrects the level of the window.
    season_length : int, default=1
        Number of steps after which the series repeats itself, for `base`.
    segment : int, default=None
        Number of steps to read at once. The window is cut into segments. Each segment
        passes through a dense layer and becomes one step of the recurrent layers. Fewer
        steps take less time, and the network remembers long windows better.
    target_columns : tuple of int or str, default=None
        Columns of the window that the outputs forecast, the same at each step ahead. Give
        () if they forecast none of the columns; then the normalization is not undone. If
        the window has only one column, this parameter is not needed.
    n_quantiles : int, default=1
        Number of quantiles for each step of each target, equal to that of
        :class:`QuantileLoss`.
    categorical_features : tuple of int or str, default=None
        Columns of the window with categories, as integers. Each passes through an
        embedding before the recurrent layers. Its size is half the number of categories,
        at most 50. A category that training has not seen has the mean of all embeddings.
    n_categories : tuple of int, default=None
        Number of categories of each of the `categorical_features`. Estimators find them
        in the data.
    static_features : tuple of int or str, default=None
        Columns of numbers that are constant in each series, such as the size of a shop.
        The `normalization` leaves them unchanged; otherwise it would turn them into
        zeros. Scale them before the windows.
    n_known : int, default=0
        Number of columns that are known ahead: the last columns of a window, as
        ``LookbackWindower(known=...)`` makes them. The `normalization` leaves them
        unchanged, and they do not mask a step. Besides the recurrent layers, dense
        layers read them, for each step of the target at this very step. With several
        targets, give `target_columns`, which tells targets from steps.
    branches : list of dict, default=None
        Separate recurrent layers for groups of columns, with outputs that are joined
        before the dense layers. A branch is a dict such as
        ``{"columns": ["open", "close"], "units": 16, "cell": "gru"}``. It may set
        `units`, `cell`, `activation`, `bidirectional`, `dropout`, `recurrent_dropout` and
        `segment`. Parameters that it leaves out have the values of the network.
    feature_names : sequence of str, default=None
        Names of the columns of a window. Needed to use names in `branches`,
        `target_columns`, `categorical_features` and `static_features`.
    meta : dict, default=None
        Description of the data by SciKeras, used in place of `input_shape`, `n_outputs`
        and, if not given, `output_activation`. SciKeras passes it automatically if the
        function is its ``model``.

    Returns
    -------
    network : keras.Model
        Network, not compiled.

    Examples
    --------
    >>> from skforecast_lstm import recurrent_network
    >>> recurrent_network((24, 1), units=(32, 16), cell="gru").output_shape
    (None, 1)
    """
    input_shape, n_outputs, output_activation = task_shapes(
        meta, input_shape, n_outputs, output_activation
    )
    places = ColumnPlaces(1 if len(input_shape) == 1 else input_shape[-1], feature_names)
    check_integer("n_quantiles", n_quantiles, 1)
    check_integer("n_known", n_known, 0)
    known_columns = range(places.n_columns)[places.n_columns - n_known :]
    if n_known >= places.n_columns:
        raise ValueError(
            f"n_known={n_known} of {places.n_columns} columns leaves none to forecast "
            "from. Give the number of columns that are known ahead."
        )
    kinds = ColumnKinds.of(
        places,
        categorical_features=categorical_features,
        n_categories=n_categories,
        static_features=[*(static_features or ()), *known_columns],
        meta=meta,
    )
    columns = _forecast_columns(places, kinds, target_columns, n_outputs, n_quantiles)
    is_undone = normalization is not None and output_activation is None and columns != ()
    _check_choices(places, columns, is_undone, base, decoder)
    n_columns = len(columns or (0,))
    n_each_step = n_columns * n_quantiles
    horizon = n_outputs // n_each_step
    penalty = keras.regularizers.L2(l2) if l2 else None
    penalties: dict[str, Any] = {
        "kernel_regularizer": penalty,
        "recurrent_regularizer": penalty,
    }
    stack: dict[str, Any] = {
        "units": units,
        "cell": cell,
        "activation": activation,
        "bidirectional": bidirectional,
        "dropout": dropout,
        "recurrent_dropout": recurrent_dropout,
        "segment": segment,
    }

    inputs, window = window_input(input_shape)
    chosen = None if kinds.are_all_numbers else kinds.numbers
    if normalization is None:
        numbers = MaskUnknown()(TakeColumns(chosen)(window) if chosen else window)
    else:
        normalize = WindowNormalization(normalization, columns=chosen)
        numbers, level, spread = normalize(window)
    steps = kinds.join(numbers, window)
    if branches is None:
        outputs = recurrent_stack(steps, **stack, **penalties)
    else:
        outputs = _join_branches(steps, branches, places, kinds, stack, penalties)
    if decoder == "lstm":
        size = layer_sizes("units", units)[-1]
        layer = recurrent_layer("lstm", size, return_sequences=True, **penalties)
        outputs = layer(layers.RepeatVector(horizon)(outputs))
    corrections: list = []
    if n_known:
        known_places = kinds.after_join(known_columns)
        known = known_at_targets(steps, known_places, horizon)
        if output_activation is not None:
            outputs = layers.Concatenate()([outputs, layers.Flatten()(known)])
        else:
            shape = (horizon, n_columns, n_quantiles) if is_undone else (n_outputs,)
            corrections = known_corrections(known, layer_sizes("units", units)[-1], shape)
    outputs = dense_stack(
        outputs,
        units=dense_units,
        activation=dense_activation,
        dropout=dense_dropout,
        penalty=penalty,
    )
    outputs = dense_layer(
        n_each_step if decoder == "lstm" else n_outputs,
        output_activation,
        # Then forecasts start at the level of their window.
        starts_at_zero=is_undone,
        penalty=penalty,
    )(outputs)
    if is_undone:
        parts = [layers.Reshape((horizon, n_columns, n_quantiles))(outputs)]
        if base is not None:
            targets = TakeColumns(columns)(numbers)
            parts.insert(0, _simple_forecast(targets, base, horizon, season_length))
        parts += corrections
        outputs = undo_normalization(parts, level, spread, columns)
        return NormalizedNetwork(inputs, outputs, name="recurrent_network")
    if decoder == "lstm":
        outputs = layers.Reshape((n_outputs,))(outputs)
    if corrections:
        outputs = layers.Add()([outputs, *corrections])
    outputs = scale_to_targets(outputs, output_activation)
    return keras.Model(inputs, outputs, name="recurrent_network")


def _check_choices(places, columns, is_undone, base, decoder):
    """Raise unless normalization, base and decoder go together."""
    if is_undone and columns is None:
        raise ValueError(
            f"The windows have {places.n_columns} columns. In target_columns, list those "
            "that the outputs forecast, so that the normalization can be undone. Give () "
            "if they forecast none."
        )
    if base not in (None, *BASES):
        raise ValueError(f"base must be one of {tuple(BASES)} or None, got {base!r}.")
    if base is not None and not is_undone:
        raise ValueError(
            f"base={base!r} needs a normalization that is undone in the outputs. Set "
            "normalization='last', and leave out output_activation and target_columns=()."
        )
    if decoder not in ("dense", "lstm"):
        raise ValueError(f"decoder must be 'dense' or 'lstm', got {decoder!r}.")


def _simple_forecast(steps, base, horizon, season_length):
    """Return a simple forecast for each step ahead and each column."""
    simple = SimpleForecasts(horizon, season_length, BASES[base])(steps)
    if base == "mixture":
        n_steps = steps.shape[1]
        return mixture_layer(n_steps, horizon, season_length, on_level=False)(simple)
    return simple


def _forecast_columns(places, kinds, target_columns, n_outputs, n_quantiles):
    """Return the columns that the outputs forecast, among the numbers, if known."""
    if n_outputs % n_quantiles:
        raise ValueError(
            f"There are {n_outputs} outputs for {n_quantiles} quantiles. Each step of "
            "each target needs one output for each quantile."
        )
    if target_columns is None:
        return (0,) if len(kinds.numbers) == 1 else None
    columns = places.positions("target_columns", target_columns)
    columns = kinds.among_numbers(columns)
    if columns and n_outputs % (len(columns) * n_quantiles):
        each = f" of {n_quantiles} quantiles each" if n_quantiles > 1 else ""
        raise ValueError(
            f"There are {n_outputs} outputs for {len(columns)} target_columns{each}, "
            f"{tuple(target_columns)!r}. Every step ahead needs an output for each."
        )
    return columns


def _join_branches(steps, branches, places, kinds, stack, penalties):
    """Return the joined outputs of all branches."""
    parts = []
    for number, branch in enumerate(branches):
        where = f"branches[{number}]"
        if not isinstance(branch, Mapping) or "columns" not in branch:
            raise ValueError(
                f"{where} must be a dict that names its columns, such as "
                f'{{"columns": [0], "units": 16}}, got {branch!r}.'
            )
        own = {name: value for name, value in branch.items() if name != "columns"}
        unknown = own.keys() - stack.keys()
        if unknown:
            raise ValueError(
                f"{where} has {sorted(unknown)}, but a branch has only columns, "
                f"{', '.join(stack)}."
            )
        columns = places.positions(where, branch["columns"])
        if not columns:
            raise ValueError(f"{where} has no columns.")
        chosen = TakeColumns(kinds.after_join(columns))(steps)
        parts.append(recurrent_stack(chosen, **{**stack, **own}, **penalties))
    if not parts:
        raise ValueError("branches must name at least one branch, or be None.")
    return layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
