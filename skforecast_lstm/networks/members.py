"""Several networks of one kind that train as one program and answer by their mean."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skforecast_lstm.networks.losses import counts_in_own_units

__all__ = ["Members", "MembersNetwork", "join_members"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class Members(keras.layers.Layer):
    """Networks of one kind, whose weights lie behind each other in one array each.

    Each weight has one axis more than those of the networks, the first, for the
    members. On JAX they are one part of the program: computed at once, or in a loop on
    a processor. Elsewhere each is a part of its own.

    Parameters
    ----------
    network : keras.Model
        One network of this kind. Its own weights are not used.
    n_members : int
        Number of members. Their weights are zero until they are set.
    **options : dict
        More of `keras.layers.Layer`.

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
        # The layers of the networks know best which precision they want.
        super().__init__(**{"autocast": False, **options})
        _check(network)
        # Keras tracks and saves the layers that it finds among the attributes.
        self.hidden_network = lambda: network
        self.n_members = n_members
        self._trained = self._stacked(network.trainable_variables, trainable=True)
        self._fixed = self._stacked(network.non_trainable_variables, trainable=False)
        self.built = True

    @classmethod
    def of(cls, networks: Sequence[keras.Model]) -> "Members":
        """The layer with the weights of these networks.

        Parameters
        ----------
        networks : sequence of keras.Model
            Networks of one architecture, which is that of the first of them.

        Returns
        -------
        members : Members
            The layer. It has copies of the weights.
        """
        if not networks:
            raise ValueError("There must be one network at least.")
        for network in networks:
            _check(network)
        shapes = [[tuple(v.shape) for v in _variables(network)] for network in networks]
        for number, found in enumerate(shapes):
            if found != shapes[0]:
                raise ValueError(
                    "The networks must be of one architecture, but networks[0] has "
                    f"weights of {shapes[0]} and networks[{number}] of {found}."
                )
        members = cls(networks[0], len(networks))
        every = zip(*map(_variables, networks), strict=True)
        for own, variables in zip(members._all(), every, strict=True):
            own.assign(np.stack([ops.convert_to_numpy(one) for one in variables]))
        return members

    def _stacked(self, variables, *, trainable):
        return [
            self.add_weight(
                name=variable.path.replace("/", "_"),
                shape=(self.n_members, *variable.shape),
                dtype=variable.dtype,
                initializer="zeros",
                trainable=trainable,
                constraint=variable.constraint and _OfEach(variable.constraint),
                autocast=False,
            )
            for variable in variables
        ]

    def _all(self):
        return [*self._trained, *self._fixed]

    def values(self) -> list:
        """Values of all weights, those that are trained before the others."""
        return [own.value for own in self._all()]

    def set_weights_of(self, layer: keras.Layer, weights: Sequence[Any]) -> None:
        """Give all members the same weights in one of their layers.

        Parameters
        ----------
        layer : keras.Layer
            A layer of `hidden_network()`.
        weights : sequence of array
            As for `set_weights` of the layer.
        """
        pairs = zip(self._hidden(), self._all(), strict=True)
        stacked = {id(variable): own for variable, own in pairs}
        for variable, value in zip(layer.weights, weights, strict=True):
            own = stacked[id(variable)]
            own.assign(np.broadcast_to(value, own.shape))

    def _hidden(self):
        return _variables(self.hidden_network())

    def call(self, inputs, training=None):
        """Outputs of shape (n_samples, n_outputs), the mean of the members.

        In training those of each member, of shape (n_samples, n_members, n_outputs).
        """
        network = self.hidden_network()

        changes = []

        def call_one(values):
            outputs, fixed, losses = network.stateless_call(
                *values, inputs, training=training, return_losses=True
            )
            pairs = zip(fixed, values[1], strict=True)
            changes.append([new is not old for new, old in pairs])
            return outputs, fixed, losses

        trained = [own.value for own in self._trained]
        # PyTorch assigns in place, and the gradient is still to come.
        fixed = [ops.copy(own.value) for own in self._fixed]
        outputs, fixed, losses = _of_each(call_one, (trained, fixed))
        for own, value, *changed in zip(self._fixed, fixed, *changes, strict=True):
            if any(changed):
                own.assign(value)
        for loss in losses:
            self.add_loss(ops.mean(loss))
        return ops.moveaxis(outputs, 0, 1) if training else ops.mean(outputs, axis=0)

    def compute_output_spec(self, inputs, training=None):
        """The shape of the mean, as before training."""
        (output,) = self.hidden_network().outputs
        return keras.KerasTensor((inputs.shape[0], *output.shape[1:]), output.dtype)

    def measured(self, values: list, x: Any, *outputs: Any) -> tuple:
        """Targets and outputs as the loss of a member with these weights takes them."""
        network = self.hidden_network()
        if not hasattr(network, "in_spreads"):
            return outputs
        with keras.StatelessScope(list(zip(self._hidden(), values, strict=True))):
            return network.in_spreads(x, *outputs)

    def get_config(self):
        """What the layer was made with."""
        network = keras.saving.serialize_keras_object(self.hidden_network())
        network.pop("compile_config", None)
        return {**super().get_config(), "network": network, "n_members": self.n_members}

    @classmethod
    def from_config(cls, config):
        """The layer, with weights that are still to be set."""
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class MembersNetwork(keras.Model):
    """Network of several members, each with a loss of its own.

    It has one :class:`Members`, and is made by :func:`join_members`. Outputs are the
    mean of the members; so are those that metrics, and the loss in evaluation, are
    measured by. The loss in training is the mean of the losses of the members.

    Each member learns as if it were alone, since the gradient is that of the sum of
    their losses. That holds for optimizers that treat each number alone, such as Adam,
    RMSprop and SGD. Those that measure whole weights (``clipnorm``,
    ``global_clipnorm``, Lamb, Adafactor, Muon) measure all members together.

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

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean of the losses of the members; that of their mean in evaluation."""
        members = self._members()
        loss_of_outputs = super().compute_loss

        def loss_of_one(part):
            values, outputs = part
            targets = y
            if not counts_in_own_units(self.loss):
                targets, outputs = members.measured(values, x, y, outputs)
            return loss_of_outputs(x, targets, outputs, sample_weight, training)

        values = members.values()
        if not self._are_of_each(y_pred):
            return loss_of_one(([value[0] for value in values], y_pred))
        losses = _of_each(loss_of_one, (values, ops.moveaxis(y_pred, 1, 0)))
        loss = ops.mean(losses)
        # The value is that of the mean, the gradient that of the sum.
        return loss + (members.n_members - 1) * (loss - ops.stop_gradient(loss))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Metrics of the mean of the members."""
        return super().compute_metrics(x, y, self.joined(y_pred), sample_weight)

    def joined(self, outputs: Any) -> Any:
        """Outputs of the network, from these or from those of each member."""
        return ops.mean(outputs, axis=1) if self._are_of_each(outputs) else outputs

    def _are_of_each(self, outputs):
        return len(outputs.shape) > len(self.outputs[0].shape)

    def _members(self):
        return next(layer for layer in self.layers if isinstance(layer, Members))


def join_members(networks: Sequence[keras.Model]) -> MembersNetwork:
    """Join networks of one kind into one that trains them all and answers by their mean.

    On JAX that compiles about as long as one of them.

    Parameters
    ----------
    networks : sequence of keras.Model
        Networks of one architecture with weights of their own, as functions in
        `skforecast_lstm.networks` return them: one input, one output. They need not be
        compiled, and stay as they are.

    Returns
    -------
    network : MembersNetwork
        The network, not compiled.

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


class _OfEach(keras.constraints.Constraint):
    """A constraint on the weights of each member."""

    def __init__(self, constraint):
        self.constraint = constraint

    def __call__(self, stacked):
        return _of_each(self.constraint, stacked)


def _check(network):
    """Raise unless this can be a member."""
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise TypeError(
            f"A member must be a keras.Model made of layers, got {network!r}."
        )
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ValueError(
            "A member must have one input and one output, but this has "
            f"{len(network.inputs)} and {len(network.outputs)}."
        )


def _of_each(function, stacked):
    """Results of a function of each entry of arrays, laid behind each other again."""
    stacked = keras.tree.map_structure(ops.convert_to_tensor, stacked)
    if keras.config.backend() == "jax":
        import jax

        # A processor has nothing to spare: there a loop is quicker.
        on_cpu = jax.default_backend() == "cpu"
        return (ops.map if on_cpu else ops.vectorized_map)(function, stacked)
    n_entries = keras.tree.flatten(stacked)[0].shape[0]
    parts = [
        function(keras.tree.map_structure(lambda leaf: leaf[number], stacked))  # noqa: B023
        for number in range(n_entries)
    ]
    return keras.tree.map_structure(lambda *leaves: ops.stack(leaves), *parts)


def _variables(network):
    return [*network.trainable_variables, *network.non_trainable_variables]
