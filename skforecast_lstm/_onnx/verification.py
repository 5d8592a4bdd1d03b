"""Check that ONNX Runtime computes from an exported network what Keras computes."""

import keras
import numpy as np
import onnxruntime

from skforecast_lstm import training
from skforecast_lstm._onnx.graph import Graph
from skforecast_lstm._onnx.network import add_network
from skforecast_lstm._onnx.refusals import refusal

__all__ = ["verify_network"]

# Rounding in float32 is far below this, and a wrong node far above.
_LARGEST = 1e-3
_N_WINDOWS = 16


def verify_network(model: keras.Model, window_shape: tuple[int, ...]) -> None:
    """Raise unless both compute the same outputs from windows, some with unknown steps.

    A layer of the user, or another release of Keras, may mean something by an operation
    that its translation does not know. A wrong forecast would be worse than none.
    """
    graph = Graph()
    windows = graph.input("windows", np.float32, window_shape, "")
    (outputs,) = add_network(graph, model, [windows])
    graph.output("outputs", outputs, np.float32, model.output_shape[1:], "")
    session = onnxruntime.InferenceSession(
        graph.model({}).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    generator = np.random.default_rng(0)
    given = generator.normal(size=(_N_WINDOWS, *window_shape)).astype(np.float32)
    given[::4, generator.random(window_shape[0]) < 0.3] = np.nan
    # Small whole numbers are likely to be categories.
    given[1::2] = np.round(given[1::2])
    (found,) = session.run(None, {"windows": given})
    expected = training.predict(model, given)
    size = np.nanmax(np.abs(expected), initial=1e-30)
    if not np.allclose(found, expected, rtol=0, atol=_LARGEST * size, equal_nan=True):
        difference = np.nanmax(np.abs(found - expected))
        raise refusal(
            f"The network {model.name!r} ({type(model).__name__})",
            "ONNX Runtime does not compute from it what Keras does: the outputs differ "
            f"by up to {difference:.2g}",
            "Build the network of other layers, or save it with persistence.save",
        )
