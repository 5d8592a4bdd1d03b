"""Parts of a model that are trained separately: its members, or the whole."""

from collections.abc import Sequence
from typing import Any

import jax
import keras
import numpy as np

from skforecast_lstm._engine_contract import HasMembers
from skforecast_lstm._keras_seam import build_to_train
from skforecast_lstm.training.engine_support import can_train
from skforecast_lstm.training.steps import State, model_variables

__all__ = ["Parts"]


class Parts:
    """Parts of a model that do not affect each other in training.

    A network of members has a part for each of them. Its variables hold those of the
    members, stacked along a leading axis. Any other model is one part.

    Parameters
    ----------
    model : keras.Model
        Compiled model that is built to train.
    batch : tuple of arrays
        Some samples, for their shapes.
    """

    def __init__(self, model: keras.Model, batch: tuple) -> None:
        #: Model of one part.
        self.model = model
        self._is_stacked: State | None = None
        # A GPU computes all members of the model at once.
        if isinstance(model, HasMembers) and jax.default_backend() == "cpu":
            member = model.member_to_train()
            if can_train(member):
                build_to_train(member, batch)
                self._is_stacked = _find_stacked(model, member, model.n_members)
        if self._is_stacked is not None:
            self.model = member
            self._n_parts = model.n_members

    @property
    def are_members(self) -> bool:
        """True if the parts are the members of the model."""
        return self._is_stacked is not None

    def split(self, state: State) -> list[State]:
        """Return the state of each part; shared values are in all of them."""
        if self._is_stacked is None:
            return [state]
        state = state._replace(metrics=None)
        whole = jax.device_get(state)
        return [
            jax.tree.map(
                lambda stacked, value: value[number] if stacked else value,  # noqa: B023
                self._is_stacked,
                whole,
            )
            for number in range(self._n_parts)
        ]

    def join(self, states: Sequence[State]) -> State:
        """Return the state of the model, without that of the metrics of members."""
        first, *_ = states
        if self._is_stacked is None:
            return first
        values = [jax.device_get(one._replace(metrics=None)) for one in states]
        return jax.tree.map(
            lambda stacked, *parts: np.stack(parts) if stacked else parts[0],
            self._is_stacked,
            *values,
        )

    def mean(self, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the mean over the parts of each result."""
        first, *others = jax.device_get(list(results))
        if not others:
            return first
        return {
            name: np.mean([one[name] for one in (first, *others)], axis=0)
            for name in first
        }


def _find_stacked(model, member, n_members):
    """Return for each variable of a model if it is stacked; None if they do not match."""

    def is_stacked(whole, part):
        if whole.dtype != part.dtype:
            raise _DoNotMatchError
        if tuple(whole.shape) == (n_members, *part.shape):
            return True
        if tuple(whole.shape) == tuple(part.shape):
            return False
        raise _DoNotMatchError

    wholes, parts = (
        model_variables(one, training=True)._replace(metrics=None)
        for one in (model, member)
    )
    try:
        return State(
            *(
                None
                if group is None
                else [is_stacked(*pair) for pair in zip(group, part, strict=True)]
                for group, part in zip(wholes, parts, strict=True)
            )
        )
    except (_DoNotMatchError, ValueError):
        return None


class _DoNotMatchError(Exception):
    """Raised if a variable of a network is not that of its members, stacked."""
