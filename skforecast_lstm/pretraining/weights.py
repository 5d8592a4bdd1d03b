"""Weights of the pretrained network in files: those that ship with the package too.

A file is an archive of NumPy arrays and one text, and nothing in it is run. The format
of `persistence` saves estimators and Keras models with their classes; here there is only
a list of arrays, which NumPy reads without Keras.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._files import replacing

__all__ = ["SHIPPED", "Shipped", "read_weights", "shipped_weights", "write_weights"]

SHIPPED = Path(__file__).with_name("weights.npz")


class Shipped(NamedTuple):
    """Weights that ship with the package.

    Parameters
    ----------
    weights : list of arrays
        Weights of `pretrained_network`.
    name : str
        Start of a hash of the file, by which one release of the weights is told from
        another.
    """

    weights: list[NDArray]
    name: str


@cache
def shipped_weights() -> Shipped:
    """Return the weights that ship with the package; they are read once."""
    content = SHIPPED.read_bytes()
    name = hashlib.sha256(content).hexdigest()[:12]
    return Shipped(read_weights(BytesIO(content)), name)


def write_weights(
    path: Path, weights: Sequence[NDArray], plan: Mapping[str, Any] | None = None
) -> None:
    """Write weights in half precision, and how they were trained."""
    arrays = {
        f"weights_{number}": np.asarray(one, np.float16)
        for number, one in enumerate(weights)
    }
    arrays["plan"] = np.array(json.dumps(plan or {}))
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_weights(file: Path | BytesIO) -> list[NDArray]:
    """Read weights from a file of weights, or the averaged ones from a checkpoint."""
    with np.load(file, allow_pickle=False) as arrays:
        name = "averaged" if "averaged_0" in arrays.files else "weights"
        n_arrays = sum(key.startswith(f"{name}_") for key in arrays.files)
        return [arrays[f"{name}_{place}"].astype(np.float32) for place in range(n_arrays)]


def read_plan(path: Path) -> dict[str, Any]:
    """Read how the weights of a file, or of a checkpoint, were trained."""
    with np.load(path, allow_pickle=False) as arrays:
        return json.loads(str(arrays["plan"]))
