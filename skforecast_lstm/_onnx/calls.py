"""Calls of operations and layers, with the names that their inputs have in the graph."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._onnx.graph import Graph

__all__ = ["Call", "values"]


def values(array: Any) -> NDArray:
    """Return the values of a weight or of another array that is not symbolic."""
    if isinstance(array, bool | int | float | list | tuple | np.ndarray):
        return np.asarray(array)
    return keras.ops.convert_to_numpy(array)


@dataclass(frozen=True)
class Call:
    """One call of an operation or a layer.

    `names` has the name in the graph of each symbolic tensor, by its identity.
    """

    graph: Graph
    operation: keras.Operation
    arguments: tuple
    options: dict[str, Any]
    outputs: list[keras.KerasTensor]
    names: dict[int, str]

    def tensor(self, given: Any, dtype: str | None = None) -> str:
        """Return the name of a symbolic tensor or of a constant, in this type."""
        if not isinstance(given, keras.KerasTensor):
            return self.graph.constant(values(given), dtype)
        name = self.names[id(given)]
        if dtype is None or dtype == given.dtype:
            return name
        return self.graph.cast(name, dtype)

    def input(self, place: int = 0, dtype: str | None = None) -> str:
        """Return the name of an argument."""
        return self.tensor(self.arguments[place], dtype)

    def shape(self, place: int = 0) -> tuple:
        """Return the shape of an argument; the size of a batch is None."""
        return tuple(self.arguments[place].shape)

    @property
    def dtype(self) -> str:
        """Type of the numbers of the first output."""
        return self.outputs[0].dtype
