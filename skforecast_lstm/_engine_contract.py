"""What networks tell the training engine about themselves.

The engine trains models of Keras's own parts. For other parts it uses this contract, so
that networks and training do not import each other.
"""

from typing import Any, Protocol, TypeVar, runtime_checkable

import keras

__all__ = ["HasMembers", "HidesNetwork", "is_known_to_engine", "known_to_engine"]

_Part = TypeVar("_Part")
_known: list[Any] = []


@runtime_checkable
class HidesNetwork(Protocol):
    """Layer that runs a network which Keras does not see."""

    def hidden_network(self) -> keras.Model:
        """Return the network."""


@runtime_checkable
class HasMembers(Protocol):
    """Network of members, with their variables stacked along a leading axis."""

    n_members: int

    def member_to_train(self) -> keras.Model:
        """Return a network like one member, compiled as this network is."""

    def outputs_to_measure(self, outputs: Any) -> list:
        """Return the outputs that the metrics measure, one after another."""


def known_to_engine(part: _Part) -> _Part:
    """Mark a class or a method of a network, and return it.

    A marked layer computes each row separately. A marked loss is a mean over rows, or it
    wraps a loss in its attribute `inner`, and is such a mean if that loss is. A marked
    method of a model does the same in the engine as in Keras. Subclasses and methods that
    override are not marked.
    """
    _known.append(part)
    return part


def is_known_to_engine(part: Any) -> bool:
    """Return True if this class or method, and not only its parent, is marked."""
    return any(part is one for one in _known)
