"""States of estimators that pickle, copies and skops can hold.

Pickle and copies store the attributes. skops can't hold networks and tables of pandas. So
it gets the content of a file of `persistence.save`, which is checked when it is loaded.
"""

from importlib import import_module
from io import BytesIO
from typing import Any

from skforecast_lstm.exceptions import SavedFileError

__all__ = ["EstimatorState", "HasState"]


class EstimatorState:
    """State of an estimator.

    skops calls `__reduce__` of any object, and stores the arguments of its class. Pickle
    and `copy` call `__reduce_ex__`.

    Parameters
    ----------
    content : bytes
        Content of a file with the estimator.
    """

    def __init__(self, content: bytes) -> None:
        self._estimator = _content_module().from_file(BytesIO(content), "The state")
        self._is_loaded = True

    @classmethod
    def of(cls, estimator: Any) -> "EstimatorState":
        """Return the state of an estimator, which is read when it is stored."""
        state = cls.__new__(cls)
        state._estimator, state._is_loaded = estimator, False
        return state

    def attributes(self, kind: type) -> dict[str, Any]:
        """Return the attributes of an estimator of this class."""
        found = type(self._estimator)
        if found is not kind:
            raise SavedFileError(
                f"The state of a {kind.__name__} is that of another class, "
                f"{found.__name__}."
            )
        if self._is_loaded:
            return vars(self._estimator)
        return self._estimator._pickled_attributes()

    def __reduce__(self) -> tuple:
        content = b"".join(_content_module().to_pieces(self._estimator))
        return type(self), (content,)

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return dict, (self._estimator._pickled_attributes(),)


class HasState:
    """Mixin for estimators that pickle, `copy` and skops store in different ways."""

    def __getstate__(self) -> Any:
        return EstimatorState.of(self)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, EstimatorState):
            state = state.attributes(type(self))
        vars(self).update(state)

    def _pickled_attributes(self) -> dict[str, Any]:
        """Return the attributes in a form that pickle and `copy` can hold."""
        return dict(vars(self))


def _content_module():
    # Every estimator has a state, so this module is below those that know estimators.
    return import_module("skforecast_lstm._persistence.content")
