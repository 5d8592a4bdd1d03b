"""Fits that continue from a previous fit, and fits that fail."""

import inspect
from collections.abc import Mapping
from contextlib import contextmanager

import keras
import numpy as np

from skforecast_lstm._copies import copy_keras_objects
from skforecast_lstm._scikeras import KerasWrapper
from skforecast_lstm.networks import recurrent_network

__all__ = ["RefittableEstimator"]

# Parameters of `keras.Model.compile`. A warm start may change these and "compile".
_COMPILED = ("loss", "optimizer", "metrics", "learning_rate")
_TRAINING = (*_COMPILED, "compile")


class RefittableEstimator(KerasWrapper):
    """Base class that keeps the network of a previous fit, and restores it on failure."""

    def _network_parameters(self):
        """Return the parameters that are also parameters of `recurrent_network`."""
        names = inspect.signature(recurrent_network).parameters
        parameters = self.get_params(deep=False)
        return {name: parameters[name] for name in names if name in parameters}

    def _build_parameters(self):
        """Return the parameters that the network was built and compiled with."""
        names = (*self._network_parameters(), "model", "n_members", *_COMPILED)
        routed = tuple(f"{name}__" for name in ("model", "compile", *_COMPILED))
        return {
            name: copy_keras_objects(value)
            for name, value in self.get_params(deep=False).items()
            if name in names or name.startswith(routed)
        }

    def _update_model(self, seed):
        """Return the present network, compiled with the present parameters."""
        now = self._build_parameters()
        before = getattr(self, "_built_with", now)
        changed = [
            name
            for name in sorted({*now, *before})
            if not _are_equivalent(now.get(name), before.get(name))
        ]
        if not changed:
            return self.model_
        fixed = [name for name in changed if name.split("__")[0] not in _TRAINING]
        if fixed:
            raise ValueError(
                f"{', '.join(fixed)} changed since the network was built, but the "
                "weights belong to that network. Fit with warm_start=False for a new "
                f"network, or set {fixed[0]} back to {before.get(fixed[0])!r}."
            )
        model = self._build(seed)
        self._count_outputs(model)
        model.set_weights(self.model_.get_weights())
        if {*changed} <= {"learning_rate", "optimizer__learning_rate"}:
            self._copy_optimizer_state(model.optimizer)
        return model

    def _copy_optimizer_state(self, optimizer):
        """Copy the state of the previous optimizer, except its learning rate."""
        before = self.model_.optimizer
        if not before.built:
            return
        optimizer.build(self.model_.trainable_variables)
        rates = [id(getattr(one, "learning_rate", None)) for one in (optimizer, before)]
        pairs = (
            [one for one in each.variables if id(one) not in rates]
            for each in (optimizer, before)
        )
        for new, old in zip(*pairs, strict=True):
            new.assign(old)

    @contextmanager
    def _restore_on_failure(self):
        """Restore the state of the previous fit if this fit fails.

        If an interrupt or a lack of memory stops the training, keep its progress.
        """
        before = dict(vars(self))
        model = before.get("model_")
        values = []
        if model is not None:
            optimizer = model.optimizer
            if not optimizer.built:
                optimizer.build(model.trainable_variables)
            values = [
                (one, np.array(keras.ops.convert_to_numpy(one.value)))
                for one in (*model.weights, *optimizer.variables)
            ]
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | MemoryError)
            if not (stopped and getattr(self, "_has_trained", False)):
                vars(self).clear()
                vars(self).update(before)
                for variable, value in values:
                    variable.assign(value)
            raise
        finally:
            vars(self).pop("_has_trained", None)


def _are_equivalent(one, other):
    """Return whether two values of a parameter have the same meaning."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            _are_equivalent(one[key], other[key]) for key in one
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_are_equivalent, one, other))
    if hasattr(one, "get_config") and not isinstance(one, type):
        # Their configurations may leave out values that they compute with.
        from skforecast_lstm.training.recognition import are_equal

        return type(one) is type(other) and are_equal(one, other)
    try:
        return bool(np.all(one == other))
    except (TypeError, ValueError):
        return False
