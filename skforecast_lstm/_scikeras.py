"""Keras model inside a scikit-learn estimator, with the interface of SciKeras.

As in SciKeras, parameters are routed by name (``optimizer__clipnorm``,
``callbacks__patience``), and functions that build a model receive ``meta``,
``compile_kwargs``, ``params`` and ``model__...``. The checks are those of scikit-learn.
The user's objects stay unchanged.
"""

import inspect
import random
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import NamedTuple

import keras
from sklearn.base import BaseEstimator

from skforecast_lstm._complete_configs import make_complete, prepare_for_copy
from skforecast_lstm._copies import (
    check_configs_are_complete,
    copy_callbacks,
    copy_keras_objects,
)
from skforecast_lstm._estimator_states import HasState
from skforecast_lstm._forks import check_not_forked, forked
from skforecast_lstm._keras_seam import (
    compile_arguments,
    decays,
    exclude_from_decay,
    excludes_from_decay,
    seeds_of_this_thread,
)
from skforecast_lstm._scikeras_routing import (
    accepts_kwargs,
    has_param,
    route_params,
    try_to_convert_strings_to_classes,
    unflatten_params,
)
from skforecast_lstm._suggestions import did_you_mean
from skforecast_lstm.networks import join_members

_ROUTES = ("callbacks", "compile", "loss", "metrics", "model", "optimizer")
_ROUTE_PREFIXES = tuple(f"{route}__" for route in _ROUTES)

_KNOWN_BY_NAME = {
    "loss": (keras.losses.get, keras.losses),
    "optimizer": (keras.optimizers.get, keras.optimizers),
    "metrics": (keras.metrics.get, keras.metrics),
}
_CHOSEN_BY_KERAS = ("acc", "accuracy", "ce", "crossentropy")

_building = RLock()


@contextmanager
def seeded(seed):
    """Seed Keras's layer seeds and Python's generator. Restore both afterwards.

    All threads share Python's generator, so only one thread builds at a time. Functions
    of the user may draw from it. The seeds of layers don't: other libraries draw from it
    in threads of theirs.
    """
    with _building:
        state = random.getstate()
        random.seed(seed)
        try:
            with seeds_of_this_thread(seed):
                yield
        finally:
            random.setstate(state)


def pack_model(model):
    """Return a Keras model as the bytes of a ``.keras`` file."""
    check_not_forked()
    prepare_for_copy(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        keras.saving.save_model(model, path)
        return path.read_bytes()


def unpack_model(content):
    """Load a Keras model from the bytes of a ``.keras`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        try:
            model = keras.saving.load_model(path, safe_mode=False)
        except (TypeError, ValueError) as error:
            raise TypeError(
                "Keras can't rebuild this model from its configuration, which a copy or "
                "a pickle needs. Put @keras.saving.register_keras_serializable() before "
                "your own classes and functions in the model, or give a function that "
                "builds the model."
            ) from error
    make_complete(model)
    return model


def _seeds(model):
    """Return the random states for dropout, which a ``.keras`` file leaves out."""
    weights = set(map(id, model.weights))
    return [variable for variable in model.variables if id(variable) not in weights]


def _decay_exclusions(model):
    """Return for each trainable weight whether it is excluded from weight decay."""
    optimizer = getattr(model, "optimizer", None)
    if not excludes_from_decay(optimizer):
        return None
    return [not decays(optimizer, one) for one in model.trainable_variables]


def _exclude_from_decay(model, excluded):
    """Exclude weights of a copy from decay. A ``.keras`` file does not store this."""
    if excluded is not None:
        pairs = zip(model.trainable_variables, excluded, strict=True)
        variables = [variable for variable, is_excluded in pairs if is_excluded]
        exclude_from_decay(model.optimizer, variables)


class _PackedModel(NamedTuple):
    """A fitted model as bytes. Pickle and `copy.deepcopy` make the model of it again.

    Only they do, because a model may have code: what `skops` restores never gets here.
    """

    content: bytes
    seeds: list
    excluded: list | None

    @classmethod
    def of(cls, model):
        """Pack a model."""
        seeds = [keras.ops.convert_to_numpy(variable) for variable in _seeds(model)]
        return cls(pack_model(model), seeds, _decay_exclusions(model))

    def unpacked(self):
        """Return the model, or the packed one in a forked process.

        There the model can't be made. The error comes on use of the model, because a
        pool of processes hangs if unpickling fails.
        """
        if forked():
            return self
        model = unpack_model(self.content)
        for variable, seed in zip(_seeds(model), self.seeds, strict=True):
            variable.assign(seed)
        _exclude_from_decay(model, self.excluded)
        return model

    def __reduce__(self):
        return _unpacked, tuple(self)


def _unpacked(*parts):
    return _PackedModel(*parts).unpacked()


def check_name_is_known(parameter, value):
    """Raise if Keras does not know a name, and suggest similar names."""
    get, module = _KNOWN_BY_NAME[parameter]
    if isinstance(value, Mapping):
        value = list(value.values())
    for name in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(name, str) or name in _CHOSEN_BY_KERAS:
            continue
        try:
            get(name)
        except (ValueError, TypeError, AttributeError):
            known = [known for known in dir(module) if not known.startswith("_")]
            raise ValueError(
                f"Unknown {parameter} {name!r}.{did_you_mean(name, known)} Give a name "
                f"from keras.{module.__name__.rpartition('.')[-1]}, or an object."
            ) from None


def _flatten(callbacks):
    """Return a flat list of all callbacks in nested lists and dicts."""
    if callbacks is None:
        return []
    if isinstance(callbacks, Mapping):
        callbacks = list(callbacks.values())
    if isinstance(callbacks, list | tuple):
        return [callback for item in callbacks for callback in _flatten(item)]
    return [callbacks]


def _find_class(name, module):
    """Return the class for a name, because Keras's functions take no parameters."""
    plain = name.replace("_", "").lower()
    for known, member in vars(module).items():
        if inspect.isclass(member) and known.lower() == plain:
            return member
    return name


def _join_compiled(models):
    """Join several members into one network, compiled like the first member."""
    network = join_members(models)
    if models[0].compiled:
        # A serialized configuration would lose functions that are not registered.
        network.compile(**copy_keras_objects(compile_arguments(models[0])))
    return network


class KerasWrapper(HasState, BaseEstimator):
    """Base class for the parameters, copies and models of estimators, as in SciKeras."""

    def _get_param_names(self):
        """Return the names of all parameters, including routed ones."""
        return sorted(
            name for name in vars(self) if not name.startswith("_") and name[-1] != "_"
        )

    def _get_metadata(self):
        """Return the fitted attributes, passed to functions as ``meta``."""
        return {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") and not name.startswith("_") and name[-2:] != "__"
        }

    def _check_names(self):
        """Raise if the constructor got an unknown parameter."""
        signature = inspect.signature(type(self)).parameters
        for name in self._get_param_names():
            if name in signature or name.startswith(_ROUTE_PREFIXES):
                continue
            hint = did_you_mean(name, signature)
            raise TypeError(
                f"{type(self).__name__} has no parameter {name!r}.{hint} Parameters of "
                f"nested objects begin with one of {', '.join(_ROUTES)} and two "
                "underscores, such as optimizer__clipnorm."
            )

    def set_params(self, **params):
        """Set parameters, including those of nested objects such as ``loss__delta``.

        After ``set_params(model=estimator.model_)``, `model` is a copy of the trained
        network, and a fit that continues goes on as before.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self : estimator
            The estimator itself.
        """
        network = getattr(self, "model_", None)
        if network is not None and params.get("model") is network:
            # A copy, because a fit that continues must not change a parameter.
            params["model"] = self._copy_model(network)
            if hasattr(self, "_built_with"):
                self._built_with = {**self._built_with, "model": params["model"]}
        routed = {name for name in params if name.startswith(_ROUTE_PREFIXES)}
        super().set_params(
            **{name: params[name] for name in params if name not in routed}
        )
        for name in routed:
            setattr(self, name, params[name])
        return self

    def __sklearn_clone__(self):
        for name in _KNOWN_BY_NAME:
            check_configs_are_complete(getattr(self, name))
        if isinstance(self.model, keras.Model):
            prepare_for_copy(self.model)
        # A copy of a callback would report to a copy of its study or run. Every fit
        # copies callbacks anyway, so that a clone may have the same ones.
        without = object.__new__(type(self))
        vars(without).update(vars(self), callbacks=None)
        again = super(KerasWrapper, without).__sklearn_clone__()
        again.callbacks = self.callbacks
        return again

    def __setstate__(self, state):
        super().__setstate__(state)
        # `copy.copy` does not restore what is inside of the state.
        packed = vars(self).get("model_")
        if isinstance(packed, _PackedModel):
            self.model_ = packed.unpacked()

    def _pickled_attributes(self):
        if isinstance(self.model, keras.Model):
            prepare_for_copy(self.model)
        state = super()._pickled_attributes()
        if isinstance(state.get("model_"), keras.Model):
            state["model_"] = _PackedModel.of(state["model_"])
        return state

    def _build(self, seed):
        """Build and compile the network, from the user's model or our own."""
        for parameter in _KNOWN_BY_NAME:
            check_name_is_known(parameter, getattr(self, parameter))
        with seeded(seed):
            if isinstance(self.model, keras.Model):
                if self.n_members > 1:
                    raise ValueError(
                        f"All n_members={self.n_members} networks would start with the "
                        "weights of this one model. Give a function that builds the "
                        "model, so that each has its own first weights."
                    )
                model = self._copy_model(self.model)
            else:
                builder = self.model or self._keras_build_fn
                models = [self._call_builder(builder) for _ in range(self.n_members)]
                model = models[0] if len(models) == 1 else _join_compiled(models)
            if not model.compiled:
                model.compile(**self._get_compile_kwargs())
        make_complete(model)
        return model

    def _copy_model(self, model):
        """Return a copy of a model, with its weights."""
        prepare_for_copy(model)
        again = unpack_model(pack_model(model))
        _exclude_from_decay(again, _decay_exclusions(model))
        return again

    def _call_builder(self, builder):
        """Call the function that builds a model, with the arguments that it has."""
        if not callable(builder):
            raise TypeError(
                "model must be None, a keras.Model or a function that returns one, got "
                f"{builder!r}."
            )
        given = route_params(
            self.get_params(), destination="model", pass_filter=(), strict=True
        )
        for name, value in (
            ("meta", self._get_metadata),
            ("compile_kwargs", self._get_compile_kwargs),
            ("params", self.get_params),
        ):
            if has_param(builder, name) or accepts_kwargs(builder):
                given[name] = value()
        try:
            inspect.signature(builder).bind(**given)
        except TypeError as error:
            raise TypeError(
                f"model={builder!r} can't be called with {sorted(given)}: {error}."
            ) from None
        model = builder(**given)
        if not isinstance(model, keras.Model):
            raise TypeError(
                "model must be a keras.Model or a function that returns one; "
                f"it returned {type(model).__name__}."
            )
        return model

    def _get_compile_kwargs(self):
        """Return the arguments of `keras.Model.compile`."""
        optimizer = keras.optimizers.get(self._make("optimizer"))
        keeps_its_own_rate = (
            isinstance(self.optimizer, keras.optimizers.Optimizer)
            or "learning_rate" in self._routed_parameters("optimizer")
            or self.learning_rate is None
        )
        if not keeps_its_own_rate:
            optimizer.learning_rate = self.learning_rate
        metrics = self._make("metrics")
        return {
            "optimizer": optimizer,
            "loss": self._default_loss if self.loss is None else self._make("loss"),
            "metrics": metrics if isinstance(metrics, list | dict | None) else [metrics],
            **self._routed_parameters("compile"),
        }

    def _make(self, parameter):
        """Return the object for a parameter, made with its routed parameters."""
        given, routed = getattr(self, parameter), self._routed_parameters(parameter)
        if routed:
            module = _KNOWN_BY_NAME[parameter][1]
            given = try_to_convert_strings_to_classes(
                given, lambda name: _find_class(name, module)
            )
        return unflatten_params(items=copy_keras_objects(given), params=routed)

    def _routed_parameters(self, destination):
        """Return the parameters routed to a nested object, without the prefix."""
        return route_params(self.get_params(), destination=destination, pass_filter=())

    def _make_callbacks(self):
        """Return the callbacks of one fit, made from classes or copied from objects."""
        callbacks = unflatten_params(
            items=copy_callbacks(self.callbacks),
            params=self._routed_parameters("callbacks"),
        )
        callbacks = _flatten(callbacks)
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                raise TypeError(
                    "callbacks must be Keras callbacks, callback classes, or a list or "
                    f"dict of these, got {callback!r}."
                )
        return callbacks
