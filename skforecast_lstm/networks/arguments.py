"""Arguments of networks: shapes of the data, one value per layer, columns by name."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from skforecast_lstm.networks.cells import CELLS

__all__ = [
    "ColumnPlaces",
    "data_shapes",
    "layer_cells",
    "layer_rates",
    "layer_sizes",
    "task_shapes",
]


def data_shapes(
    meta: Mapping[str, Any] | None, input_shape: tuple[int, ...] | None, n_outputs: Any
) -> tuple[tuple[int, ...], Any]:
    """Return the shape of a window and the number of outputs.

    The description of the data by SciKeras (`meta`) takes precedence.
    """
    if meta is not None:
        return tuple(meta["X_shape_"][1:]), int(meta["n_outputs_"])
    if input_shape is None:
        raise ValueError("input_shape is missing: give (n_steps, n_features).")
    return tuple(input_shape), n_outputs


def task_shapes(
    meta: Mapping[str, Any] | None,
    input_shape: tuple[int, ...] | None,
    n_outputs: int,
    output_activation: Any,
) -> tuple[tuple[int, ...], int, Any]:
    """Return the shape of a window, the number of outputs and their activation.

    With `meta` of a classifier, there is one output for each class, or only one for two
    classes. The activation follows from the number of classes if it is not given.
    """
    input_shape, n_outputs = data_shapes(meta, input_shape, n_outputs)
    n_classes = (meta or {}).get("n_classes_")
    if n_classes is not None:
        by_task = "sigmoid" if n_classes == 2 else "softmax"
        output_activation = output_activation or by_task
        # A softmax over one output is always 1.
        name = getattr(output_activation, "__name__", output_activation)
        is_one = n_classes == 2 and str(name).lower() != "softmax"
        n_outputs = 1 if is_one else int(n_classes)
    return input_shape, n_outputs, output_activation


def layer_sizes(name, value):
    """Return the sizes of layers, given as one integer or as one per layer."""
    sizes = (value,) if isinstance(value, Real) else tuple(value)
    for size in sizes:
        if not isinstance(size, Real) or int(size) != size or size < 1:
            raise ValueError(
                f"{name} must be a positive integer, or a tuple with one for each layer, "
                f"got {value!r}."
            )
    return tuple(int(size) for size in sizes)


def layer_rates(name, value, n_layers, kind):
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


def layer_cells(cell, n_layers):
    """Return the cells of layers, given as one name or as one per layer."""
    cells = (cell,) * n_layers if isinstance(cell, str) else tuple(cell)
    unknown = [one for one in cells if not (isinstance(one, str) and one in CELLS)]
    if unknown or len(cells) != n_layers:
        raise ValueError(
            f"cell must be one of {tuple(CELLS)}, or a tuple with one of them for each "
            f"of the {n_layers} recurrent layers, got {cell!r}."
        )
    return cells


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

    def positions(self, parameter: str, columns: Sequence[int | str]) -> tuple[int, ...]:
        """Return the positions of the columns that a parameter names."""
        if isinstance(columns, str | Integral):
            columns = (columns,)
        return tuple(self._position(parameter, column) for column in columns)

    def _position(self, parameter, column):
        if isinstance(column, str):
            if self.names is None:
                raise ValueError(
                    f"{parameter} names the column {column!r}, but windows have no "
                    "names. Give feature_names too, or the numbers of the columns."
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
