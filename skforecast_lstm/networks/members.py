"""Several networks of one kind in one network; the output is their mean."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np
from keras import ops

from skforecast_lstm._copies import copy_keras_objects
from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm._keras_seam import (
    compile_arguments,
    decays,
    exclude_from_decay,
    excludes_from_decay,
    without_cudnn,
)
from skforecast_lstm.networks.layers import find_layer
from skforecast_lstm.networks.losses import counts_in_own_units

__all__ = ["Members", "MembersNetwork", "join_members"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class Members(keras.layers.Layer):
    """Networks of one kind, with their weights stacked along a leading axis.

    Each weight has one more axis than in a single network. This first axis is that of the
    members. On JAX, the program contains the network once and computes all members at
    once, or in a loop on a CPU. On other backends, the graph contains each member
    separately.

    Parameters
    ----------
    network : keras.Model
        Network that defines the architecture. Its weights are not used.
    n_members : int
        Number of members. Their weights are zero until they are set.
    **options : dict
        Other parameters of `keras.layers.Layer`.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skforecast_lstm.networks import Members
    >>> networks = [
    ...     keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "relu", False)])
    ...     for _ in range(2)
    ... ]
    >>> for weight, network in enumerate(networks):
    ...     network.set_weights([np.array([[weight]])])
    >>> members = Members.of(networks)
    >>> float(members(np.array([[3.0]]))[0, 0])
    1.5
    >>> np.asarray(members(np.array([[3.0]]), training=True)).tolist()
    [[[0.0], [3.0]]]
    """

    def __init__(self, network: keras.Model, n_members: int, **options: Any) -> None:
        # The layers of the networks choose their precision.
        super().__init__(**{"autocast": False, **options})
        _check_member(network)
        # A function hides the network from Keras, which tracks and saves layers that are
        # attributes.
        self.hidden_network = lambda: network
        self.n_members = n_members
        self._trained = self._stack_weights(network.trainable_variables, trainable=True)
        self._fixed = self._stack_weights(
            network.non_trainable_variables, trainable=False
        )
        self.built = True

    @classmethod
    def of(cls, networks: Sequence[keras.Model]) -> "Members":
        """Create the layer with the weights of these networks.

        Parameters
        ----------
        networks : sequence of keras.Model
            Networks of the same architecture.

        Returns
        -------
        members : Members
            Layer with copies of the weights.
        """
        if not networks:
            raise ValueError("networks is empty. Give at least one network.")
        for network in networks:
            _check_member(network)
        shapes = [[tuple(v.shape) for v in _variables(network)] for network in networks]
        for number, found in enumerate(shapes):
            if found != shapes[0]:
                raise ValueError(
                    "The networks must have the same architecture, but networks[0] has "
                    f"weights of {shapes[0]} and networks[{number}] of {found}."
                )
        members = cls(networks[0], len(networks))
        every = zip(*map(_variables, networks), strict=True)
        for own, variables in zip(members._stacked_variables(), every, strict=True):
            own.assign(np.stack([ops.convert_to_numpy(one) for one in variables]))
        return members

    def _stack_weights(self, variables, *, trainable):
        return [
            self.add_weight(
                name=variable.path.replace("/", "_"),
                shape=(self.n_members, *variable.shape),
                dtype=variable.dtype,
                initializer="zeros",
                trainable=trainable,
                constraint=variable.constraint and _MemberConstraint(variable.constraint),
                autocast=False,
            )
            for variable in variables
        ]

    def _stacked_variables(self):
        return [*self._trained, *self._fixed]

    def values(self) -> list:
        """Return the values of all weights, trainable ones first."""
        return [own.value for own in self._stacked_variables()]

    def set_layer_weights(self, layer: keras.Layer, weights: Sequence[Any]) -> None:
        """Give all members the same weights in one of their layers.

        Parameters
        ----------
        layer : keras.Layer
            A layer of `hidden_network()`.
        weights : sequence of array
            Weights, as in `set_weights` of the layer.
        """
        pairs = zip(self._template_variables(), self._stacked_variables(), strict=True)
        stacked = {id(variable): own for variable, own in pairs}
        for variable, value in zip(layer.weights, weights, strict=True):
            own = stacked[id(variable)]
            own.assign(np.broadcast_to(value, own.shape))

    def exclude_from_decay(self, whole: Any, of_member: Any) -> None:
        """Exclude in the optimizer of a member what that of all members excludes."""
        if not excludes_from_decay(whole):
            return
        pairs = zip(self.hidden_network().trainable_variables, self._trained, strict=True)
        excluded = [
            own
            for own, stacked in pairs
            if not decays(whole, own) or not decays(whole, stacked)
        ]
        exclude_from_decay(of_member, excluded)

    def _template_variables(self):
        return _variables(self.hidden_network())

    def call(self, inputs, training=None):
        """Return the mean of the members, of shape (n_samples, n_outputs).

        In training, return the outputs of each member, of shape (n_samples, n_members,
        n_outputs).
        """
        network = self.hidden_network()

        changes = []

        def call_member(values):
            outputs, fixed, losses = network.stateless_call(
                *values, inputs, training=training, return_losses=True
            )
            pairs = zip(fixed, values[1], strict=True)
            changes.append([new is not old for new, old in pairs])
            return outputs, fixed, losses

        trained = [own.value for own in self._trained]
        # Copy, because PyTorch assigns in place and the gradient needs the old values.
        fixed = [ops.copy(own.value) for own in self._fixed]
        # JAX can't map cuDNN over members.
        is_mapped = keras.config.backend() == "jax"
        with without_cudnn(network) if is_mapped else nullcontext():
            outputs, fixed, losses = _map_members(call_member, (trained, fixed))
        for own, value, *changed in zip(self._fixed, fixed, *changes, strict=True):
            if any(changed):
                own.assign(value)
        for loss in losses:
            self.add_loss(ops.mean(loss))
        return ops.moveaxis(outputs, 0, 1) if training else ops.mean(outputs, axis=0)

    def compute_output_spec(self, inputs, training=None):
        """Return the shape of the mean, as outside training."""
        (output,) = self.hidden_network().outputs
        return keras.KerasTensor((inputs.shape[0], *output.shape[1:]), output.dtype)

    def in_loss_units(self, values: list, x: Any, *outputs: Any) -> tuple:
        """Return targets and outputs in the units of the loss of a member."""
        network = self.hidden_network()
        if not hasattr(network, "in_window_units"):
            return outputs
        with keras.StatelessScope(
            list(zip(self._template_variables(), values, strict=True))
        ):
            return network.in_window_units(x, *outputs)

    def get_config(self):
        """Return the parameters of the layer."""
        network = keras.saving.serialize_keras_object(self.hidden_network())
        network.pop("compile_config", None)
        return {**super().get_config(), "network": network, "n_members": self.n_members}

    @classmethod
    def from_config(cls, config):
        """Create the layer from its configuration, with weights still to be set."""
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class MembersNetwork(keras.Model):
    """Network of several members, each with a separate loss.

    It contains one :class:`Members`. Create it with :func:`join_members`. The output is
    the mean of the members. In evaluation, the loss and the metrics are those of this
    mean. In training, they are means over the members.

    Each member learns as if it were alone, on the same batches as the others. On JAX,
    `training.fit` trains one member on each core. `keras.Model.fit` and other backends
    train all members as one model, whose gradient is that of the sum of their losses.
    Optimizers and options that use the norm of whole weights (``clipnorm``,
    ``global_clipnorm``, Lamb) then use all members together. Adafactor and Muon do so on
    JAX too.

    Parameters
    ----------
    inputs, outputs : KerasTensor
        As in ``keras.Model``.
    **options : dict
        As in ``keras.Model``.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm import recurrent_network, training
    >>> from skforecast_lstm.networks import join_members
    >>> network = join_members([recurrent_network((2, 1), units=2) for _ in range(3)])
    >>> network.compile("adam", "mse")
    >>> windows, targets = np.zeros((8, 2, 1)), np.ones((8, 1))
    >>> history = training.fit(network, windows, targets, epochs=2, verbose=0)
    >>> training.predict(network, windows).shape
    (8, 1)
    """

    @known_to_engine
    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Return the mean loss of the members; in evaluation, the loss of their mean."""
        members = find_layer(self, Members)
        loss_of_outputs = super().compute_loss

        def member_loss(part):
            values, outputs = part
            targets = y
            if not counts_in_own_units(self.loss):
                targets, outputs = members.in_loss_units(values, x, y, outputs)
            return loss_of_outputs(x, targets, outputs, sample_weight, training)

        values = members.values()
        if not self._has_member_axis(y_pred):
            return member_loss(([value[0] for value in values], y_pred))
        losses = _map_members(member_loss, (values, ops.moveaxis(y_pred, 1, 0)))
        loss = ops.mean(losses)
        # Value of the mean, gradient of the sum.
        return loss + (members.n_members - 1) * (loss - ops.stop_gradient(loss))

    @known_to_engine
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Return the metrics over all members in training, or else of their mean."""
        for outputs in self.outputs_to_measure(y_pred):
            results = super().compute_metrics(x, y, outputs, sample_weight)
        return results

    def outputs_to_measure(self, outputs: Any) -> list:
        """Return the outputs of each member in training, or else their mean."""
        if not self._has_member_axis(outputs):
            return [outputs]
        return [outputs[:, number] for number in range(self.n_members)]

    @property
    def n_members(self) -> int:
        """Number of members."""
        return find_layer(self, Members).n_members

    def member_to_train(self) -> keras.Model:
        """Return a network like one member, compiled as this network is."""
        members = find_layer(self, Members)
        network = members.hidden_network()
        given = {**compile_arguments(self), "optimizer": self.optimizer}
        network.compile(**copy_keras_objects(given, are_built=True))
        members.exclude_from_decay(self.optimizer, network.optimizer)
        return network

    def _has_member_axis(self, outputs):
        return len(outputs.shape) > len(self.outputs[0].shape)


def join_members(networks: Sequence[keras.Model]) -> MembersNetwork:
    """Join networks of one kind into one network that trains all and returns their mean.

    On JAX, this network takes about as long to compile as a single one.

    Parameters
    ----------
    networks : sequence of keras.Model
        Networks of the same architecture with different weights, each with one input and
        one output, such as those of the functions in `skforecast_lstm.networks`. They
        need not be compiled and are not changed.

    Returns
    -------
    network : MembersNetwork
        Network, not compiled.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm import recurrent_network
    >>> from skforecast_lstm.networks import join_members
    >>> networks = [recurrent_network((3, 1), units=2) for _ in range(4)]
    >>> network = join_members(networks)
    >>> windows = np.array([[[1.0], [2.0], [3.0]]])
    >>> network(windows).shape, network(windows, training=True).shape
    ((1, 1), (1, 4, 1))
    """
    members = Members.of(networks)
    (given,) = networks[0].inputs
    inputs = keras.Input(batch_shape=given.shape, dtype=given.dtype)
    return MembersNetwork(inputs, members(inputs), name="members_network")


class _MemberConstraint(keras.constraints.Constraint):
    """Constraint that is applied to the weights of each member separately."""

    def __init__(self, constraint):
        self.constraint = constraint

    def __call__(self, stacked):
        return _map_members(self.constraint, stacked)


def _check_member(network):
    """Raise unless the network can be a member."""
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise TypeError(
            f"A member must be a keras.Model made of layers, got {network!r}."
        )
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ValueError(
            "A member must have one input and one output, but this network has "
            f"{len(network.inputs)} and {len(network.outputs)}."
        )


def _map_members(function, stacked):
    """Apply a function to each entry of stacked arrays, and stack the results."""
    stacked = keras.tree.map_structure(ops.convert_to_tensor, stacked)
    if keras.config.backend() == "jax":
        import jax

        # A CPU has no spare capacity, so a loop is faster there.
        if jax.default_backend() == "cpu":
            return ops.map(function, stacked)
        return ops.vectorized_map(function, stacked)
    n_entries = keras.tree.flatten(stacked)[0].shape[0]
    parts = [
        function(keras.tree.map_structure(lambda leaf: leaf[number], stacked))  # noqa: B023
        for number in range(n_entries)
    ]
    return keras.tree.map_structure(lambda *leaves: ops.stack(leaves), *parts)


def _variables(network):
    return [*network.trainable_variables, *network.non_trainable_variables]
