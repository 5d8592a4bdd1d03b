"""Parts that networks share: sizes per layer, columns by name, stacks of layers."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import keras
from keras import layers

from skforecast_lstm.networks.cells import CELLS, recurrent_layer
from skforecast_lstm.networks.initializers import GlorotUniform
from skforecast_lstm.networks.layers import MaskUnknown, Segments
from skforecast_lstm.networks.window_layers import first_weights, simple_rules

__all__ = [
    "ColumnPlaces",
    "as_tuple",
    "dense_stack",
    "mixture_layer",
    "one_a_layer",
    "recurrent_stack",
    "segment_stack",
    "shape_of_task",
]


def shape_of_task(
    meta: Mapping[str, Any] | None,
    input_shape: tuple[int, ...] | None,
    n_outputs: int,
    output_activation: Any,
) -> tuple[tuple[int, ...], int, Any]:
    """Return the shape of a window, the number of outputs and their activation.

    The description of the data by SciKeras (`meta`) takes precedence over the other
    arguments, except for a given activation.
    """
    if meta is not None:
        input_shape, n_outputs = tuple(meta["X_shape_"][1:]), int(meta["n_outputs_"])
        n_classes = meta.get("n_classes_")
        if n_classes is not None:
            by_task = "sigmoid" if n_classes == 2 else "softmax"
            output_activation = output_activation or by_task
            # A softmax over one output is always 1.
            is_softmax = getattr(output_activation, "__name__", output_activation)
            one = n_classes == 2 and str(is_softmax).lower() != "softmax"
            n_outputs = 1 if one else int(n_classes)
    if input_shape is None:
        raise ValueError("input_shape is missing: give (n_steps, n_features).")
    return tuple(input_shape), n_outputs, output_activation


def as_tuple(name, value):
    """Return the sizes of layers, given as one integer or as one per layer."""
    sizes = (value,) if isinstance(value, Real) else tuple(value)
    for size in sizes:
        if not isinstance(size, Real) or int(size) != size or size < 1:
            raise ValueError(
                f"{name} must be a positive integer, or a tuple of them with one a "
                f"layer, got {value!r}."
            )
    return tuple(int(size) for size in sizes)


def one_a_layer(name, value, n_layers, kind):
    """Return the fractions of layers, given as one number or as one per layer."""
    values = (value,) * n_layers if isinstance(value, Real) else tuple(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name} must be one number or one for each of the {n_layers} {kind} "
            f"layers, got {value!r}."
        )
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in values):
        raise ValueError(f"{name} must be at least 0 and under 1, got {value!r}.")
    return values


def _cells(cell, n_layers):
    """Return the cells of layers, given as one name or as one per layer."""
    cells = (cell,) * n_layers if isinstance(cell, str) else tuple(cell)
    unknown = [one for one in cells if not (isinstance(one, str) and one in CELLS)]
    if unknown or len(cells) != n_layers:
        raise ValueError(
            f"cell must be one of {tuple(CELLS)}, or a tuple with one of them for each "
            f"of the {n_layers} recurrent layers, got {cell!r}."
        )
    return cells


def recurrent_stack(
    steps: Any,
    *,
    units: int | Sequence[int],
    cell: str | Sequence[str],
    bidirectional: bool,
    dropout: float | Sequence[float] = 0.0,
    recurrent_dropout: float | Sequence[float] = 0.0,
    segment: int | None = None,
    return_sequences: bool = False,
    **options: Any,
) -> Any:
    """Stack recurrent layers; return the output of the last step, or of all steps."""
    sizes = as_tuple("units", units)
    if not sizes:
        raise ValueError("units must name at least one recurrent layer, got ().")
    if segment is not None:
        steps = segment_stack(steps, segment, sizes[0])
    rates = one_a_layer("dropout", dropout, len(sizes), "recurrent")
    of_state = one_a_layer(
        "recurrent_dropout", recurrent_dropout, len(sizes), "recurrent"
    )
    for number, kind in enumerate(_cells(cell, len(sizes))):
        layer = recurrent_layer(
            kind,
            sizes[number],
            dropout=rates[number],
            recurrent_dropout=of_state[number],
            return_sequences=return_sequences or number < len(sizes) - 1,
            **options,
        )
        steps = (layers.Bidirectional(layer) if bidirectional else layer)(steps)
    return steps


def segment_stack(steps: Any, segment: int, units: int) -> Any:
    """Cut a window into segments and pass each through the same dense layer."""
    dense = layers.Dense(units, activation="relu", kernel_initializer=GlorotUniform())
    return dense(MaskUnknown()(Segments(segment)(steps)))


def mixture_layer(
    n_steps: int, horizon: int, season_length: int, *, on_level: bool = True
) -> layers.Layer:
    """Create a layer that learns the weight of each simple forecast in a mixture."""
    rules = simple_rules(n_steps, horizon, season_length)
    begin = first_weights(rules, on_level=on_level)
    return layers.Dense(
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(begin),
        name="mixture",
    )


def dense_stack(
    outputs: Any,
    *,
    units: int | Sequence[int],
    activation: Any,
    dropout: float | Sequence[float],
    penalty: keras.regularizers.Regularizer | None,
) -> Any:
    """Stack dense layers, each followed by its dropout, if any."""
    sizes = as_tuple("dense_units", units)
    rates = one_a_layer("dense_dropout", dropout, len(sizes), "dense")
    if not sizes and dropout:
        return layers.Dropout(dropout)(outputs)
    for size, rate in zip(sizes, rates, strict=True):
        outputs = layers.Dense(
            size,
            activation=activation,
            kernel_initializer=GlorotUniform(),
            kernel_regularizer=penalty,
        )(outputs)
        if rate:
            outputs = layers.Dropout(rate)(outputs)
    return outputs


class ColumnPlaces:
    """Positions of the columns of a window, by name or by number."""

    def __init__(self, n_columns: int, names: Sequence[str] | None) -> None:
        self.n_columns = n_columns
        self.names = None if names is None else list(names)
        if self.names is not None and len(self.names) != n_columns:
            raise ValueError(
                f"feature_names has {len(self.names)} names for windows of {n_columns} "
                "columns."
            )

    def of(self, parameter: str, columns: Sequence[int | str]) -> tuple[int, ...]:
        """Return the positions of the columns that a parameter names."""
        if isinstance(columns, str | Integral):
            columns = (columns,)
        return tuple(self._place(parameter, column) for column in columns)

    def _place(self, parameter, column):
        if isinstance(column, str):
            if self.names is None:
                raise ValueError(
                    f"{parameter} names the column {column!r}, but windows carry no "
                    "names. Give feature_names too, or the places of the columns."
                )
            if column not in self.names:
                raise ValueError(
                    f"{parameter} names the column {column!r}, which is not among "
                    f"{self.names}."
                )
            return self.names.index(column)
        if not isinstance(column, Integral) or not 0 <= column < self.n_columns:
            raise ValueError(
                f"{parameter} names the column {column!r}, but windows have columns 0 to "
                f"{self.n_columns - 1}."
            )
        return int(column)
