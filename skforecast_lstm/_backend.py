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


def _backend_in(configuration):
    """The backend that a ``keras.json`` names, or None."""
    try:
        return json.loads(configuration.read_text()).get("backend")
    except (OSError, ValueError, AttributeError):
        return None


def choose_backend():
    """Have Keras use JAX, unless a backend was chosen already.

    A Keras that is imported, the variable ``KERAS_BACKEND`` and ``keras.json``
    are choices, in this order. At its first import Keras writes a ``keras.json``
    of its own that names TensorFlow; where TensorFlow is not installed that is
    nobody's choice.
    """
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    configuration = _keras_home() / "keras.json"
    chosen = _backend_in(configuration)
    has_tensorflow = find_spec("tensorflow") is not None
    if chosen and (chosen != "tensorflow" or has_tensorflow):
        return
    os.environ["KERAS_BACKEND"] = "jax"
    if has_tensorflow and not configuration.exists():
        _keep_undecided(configuration)


def _keep_undecided(configuration):
    """Leave a ``keras.json`` without a backend for Keras to find.

    Else Keras writes one that names TensorFlow, which from the next process on
    would pass for a choice, and the same script would change its backend.
    """
    try:
        configuration.parent.mkdir(parents=True, exist_ok=True)
        with open(configuration, "x") as file:
            file.write("{}")
    except OSError:
        pass
