"""Networks that the user gives: outputs that begin near the targets, or a warning."""

import warnings

import keras
import numpy as np

from skforecast_lstm import training
from skforecast_lstm._keras_seam import TRAINING_METHODS, compile_arguments
from skforecast_lstm.exceptions import UnscaledWarning
from skforecast_lstm.networks import Members, TargetScale, WindowDenormalization
from skforecast_lstm.networks.layers import find_layer

__all__ = [
    "can_be_scaled",
    "distance_of_outputs",
    "scale_outputs",
    "scales_outputs",
    "warn_of_distance",
]

# Multiple of the size of the outputs by which targets may be far from them.
FAR = 10


def distance_of_outputs(model, part):
    """Return the outputs of a new network, and centre and spread of targets far from it.

    Return None if no target is far from the outputs: if the outputs reach it, because
    the network scales them or was trained before, or if it is of order one.
    """
    sampling = slice(None, None, max(1, len(part.rows) // 64))
    outputs = training.predict(model, part.windows[np.asarray(part.rows[sampling])])
    targets = part.targets[:: max(1, len(part.targets) // 10_000)].astype(np.float64)
    outputs, targets = (one.reshape(len(one), -1) for one in (outputs, targets))
    (output, varies), (centre, spread) = (
        (np.nanmean(one, axis=0), np.nanstd(one, axis=0)) for one in (outputs, targets)
    )
    size = np.maximum(np.abs(output), np.maximum(varies, 1.0))
    far = np.maximum(np.abs(output - centre), spread) > FAR * size
    if not far.any():
        return None
    column = int(far.argmax())
    return output[column], centre[column], spread[column]


def _network_of_one(model):
    """Return the network of one member, or the network itself without members."""
    members = find_layer(model, Members)
    return members.hidden_network() if members else model


def scales_outputs(model):
    """Return whether a network has a layer of ours that scales its outputs."""
    network = _network_of_one(model)
    kinds = (TargetScale, WindowDenormalization)
    return any(isinstance(layer, kinds) for layer in network.layers)


def can_be_scaled(model):
    """Return whether a new network ends in a linear dense layer, so begins near zero.

    Networks that the user has trained, or with training steps of their own, are left as
    they are.
    """
    network = _network_of_one(model)
    if model.compiled and (
        model.optimizer.built or isinstance(model.loss, dict | list | tuple)
    ):
        return False
    is_plain = type(network).__module__.startswith("keras.") and not any(
        name in vars(network) for name in TRAINING_METHODS
    )
    if not is_plain or len(getattr(network, "outputs", None) or ()) != 1:
        return False
    if len(network.inputs) != 1:
        return False
    last = network.layers[-1]
    return (
        isinstance(last, keras.layers.Dense)
        and last.activation is keras.activations.linear
        and last.bias is not None
        and not np.any(keras.ops.convert_to_numpy(last.bias))
    )


def scale_outputs(model, window_shape):
    """Return the network with a `TargetScale` after its last layer."""
    if not model.built:
        model.build((None, *window_shape))
    outputs = TargetScale()(model.outputs[0])
    scaled = keras.Model(model.inputs[0], outputs, name=model.name)
    if model.compiled:
        scaled.compile(**compile_arguments(model))
    return scaled


def warn_of_distance(distance, is_model):
    """Warn that a network has to learn the scale of the targets too."""
    output, centre, spread = distance
    remedy = (
        "Give model= a function that returns the network: then outputs of a linear dense "
        "layer are scaled to y"
        if is_model
        else "End the network in skforecast_lstm.networks.TargetScale()"
    )
    warnings.warn(
        f"The outputs of the network are near {output:.2g} before training, but y has "
        f"mean {centre:.4g} and standard deviation {spread:.4g}, so training may not "
        f"reach it. {remedy}, or scale y, for example with "
        "sklearn.compose.TransformedTargetRegressor and StandardScaler.",
        UnscaledWarning,
        stacklevel=5,
    )
