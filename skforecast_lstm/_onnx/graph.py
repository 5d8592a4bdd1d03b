"""Graph of ONNX to which nodes are added one by one."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

from skforecast_lstm._version import __version__

__all__ = ["Graph"]

# The oldest versions with all nodes that are used, so that old runtimes read the file.
_OPSET, _IR_VERSION = 17, 8


class Graph:
    """Nodes and constants of a graph. Tensors are known by their names."""

    def __init__(self) -> None:
        self._nodes: list = []
        self._constants: dict[tuple, Any] = {}
        self._inputs: list = []
        self._outputs: list = []
        self._n_names = 0

    def input(self, name: str, dtype: Any, shape: Sequence[int], about: str) -> str:
        """Add an input with a batch of any size, and return its name."""
        info = _tensor_info(name, dtype, ("batch", *shape))
        info.doc_string = about
        self._inputs.append(info)
        return name

    def output(
        self, name: str, tensor: str, dtype: Any, shape: Sequence[int], about: str
    ) -> None:
        """Give a tensor out under a name."""
        info = _tensor_info(name, dtype, ("batch", *shape))
        info.doc_string = about
        self._outputs.append(info)
        self._nodes.append(helper.make_node("Identity", [tensor], [name]))

    def constant(self, values: ArrayLike, dtype: Any = None) -> str:
        """Return the name of a constant. Equal constants are stored once."""
        array = np.array(values, dtype=dtype, order="C")
        is_text = array.dtype.kind in "UO"
        content = tuple(array.ravel().tolist()) if is_text else array.tobytes()
        key = (str(array.dtype), array.shape, content)
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            stored = array.astype(object) if is_text else array
            self._constants[key] = numpy_helper.from_array(stored, name)
        return self._constants[key].name

    def add(self, kind: str, *inputs: str, n_outputs: int = 1, **attributes: Any) -> Any:
        """Add a node, and return the name of its output, or of all its outputs.

        An input that is left out has the name "".
        """
        names = [f"{kind.lower()}_{self._n_names + one}" for one in range(n_outputs)]
        self._n_names += n_outputs
        # Older releases of ONNX Runtime name fused nodes after them, each once.
        node = helper.make_node(kind, list(inputs), names, name=names[0], **attributes)
        self._nodes.append(node)
        return names[0] if n_outputs == 1 else names

    def cast(self, tensor: str, dtype: Any) -> str:
        """Return a tensor as another type of numbers."""
        return self.add("Cast", tensor, to=_element_type(dtype))

    def reshape(self, tensor: str, shape: Sequence[int]) -> str:
        """Return a tensor in another shape; 0 keeps the size of an axis, -1 fits."""
        return self.add("Reshape", tensor, self.constant(shape, np.int64))

    def gather(self, tensor: str, places: ArrayLike, axis: int) -> str:
        """Return the entries of an axis at constant places."""
        return self.add("Gather", tensor, self.constant(places, np.int64), axis=axis)

    def unsqueeze(self, tensor: str, *axes: int) -> str:
        """Return a tensor with new axes of size one."""
        return self.add("Unsqueeze", tensor, self.constant(axes, np.int64))

    def squeeze(self, tensor: str, *axes: int) -> str:
        """Return a tensor without axes of size one."""
        return self.add("Squeeze", tensor, self.constant(axes, np.int64))

    def model(self, metadata: dict[str, Any]) -> onnx.ModelProto:
        """Return the checked model. The metadata are stored as JSON texts."""
        used = {name for node in self._nodes for name in node.input}
        constants = [one for one in self._constants.values() if one.name in used]
        graph = helper.make_graph(
            self._nodes,
            "skforecast_lstm",
            self._inputs,
            self._outputs,
            initializer=constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="skforecast_lstm",
            producer_version=__version__,
        )
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=json.dumps(value))
        onnx.checker.check_model(model, full_check=True)
        return model


def _element_type(dtype):
    """Return the number that ONNX has for a type of NumPy."""
    dtype = np.dtype(dtype)
    if dtype.kind in "UO":
        return onnx.TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(dtype)


def _tensor_info(name, dtype, shape):
    return helper.make_tensor_value_info(name, _element_type(dtype), shape)
