"""JAX where nobody chose a Keras backend."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def _keras_home():
    """The folder where Keras looks for its configuration."""
    if "KERAS_HOME" in os.environ:
        return Path(os.environ["KERAS_HOME"])
    # Where there is no home, Keras looks in the same place.
    home = Path(os.path.expanduser("~"))
    return (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"


# What Keras itself writes where it finds no file. Nobody chose that.
_WRITTEN_BY_KERAS = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}


def _configured_backend(configuration):
    """The backend that somebody chose in a ``keras.json``, or None."""
    try:
        content = json.loads(configuration.read_text())
        return None if content == _WRITTEN_BY_KERAS else content.get("backend")
    except (OSError, ValueError, AttributeError):
        return None


def choose_backend():
    """Have Keras use JAX, unless a backend was chosen already.

    A Keras that is imported, the variable ``KERAS_BACKEND`` and ``keras.json``
    are choices, in this order. A file as Keras writes it at its first import is none,
    and neither is a TensorFlow that is not installed.
    """
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    chosen = _configured_backend(_keras_home() / "keras.json")
    if not chosen or (chosen == "tensorflow" and find_spec("tensorflow") is None):
        os.environ["KERAS_BACKEND"] = "jax"
