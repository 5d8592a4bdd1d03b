"""Layers around the recurrent layers: masks, columns, segments and target scale."""

from typing import Any

import keras
from keras import ops

from skforecast_lstm._checks import check_integer
from skforecast_lstm._engine_contract import known_to_engine

__all__ = [
    "Columns",
    "MaskUnknown",
    "Segments",
    "TakeColumns",
    "TargetScale",
    "find_layer",
]


def find_layer(network: keras.Model, kind: type[keras.Layer]) -> Any:
    """Return the first layer of a kind, or None if the network has none."""
    return next((layer for layer in network.layers if isinstance(layer, kind)), None)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class MaskUnknown(keras.layers.Layer):
    """Mask the unknown steps of a window.

    A step is masked if any of its features is NaN. Recurrent layers skip masked steps.
    Each NaN becomes zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import MaskUnknown
    >>> window = np.array([[[np.nan], [2.0]]], dtype="float32")
    >>> np.asarray(MaskUnknown().compute_mask(window))
    array([[False,  True]])
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """Return a mask of shape (n_samples, n_steps), True at known steps."""
        return ops.logical_not(ops.any(ops.isnan(inputs), axis=-1))

    def compute_output_shape(self, input_shape):
        """Return the shape of the input, which saves Keras a trace of `call`."""
        return input_shape

    def call(self, inputs):
        """Return the windows with zeros instead of NaN."""
        return ops.where(ops.isnan(inputs), ops.zeros_like(inputs), inputs)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class TakeColumns(keras.layers.Layer):
    """Select columns of a window, at all steps.

    Parameters
    ----------
    columns : tuple of int
        Columns to select, in this order.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import TakeColumns
    >>> window = np.arange(6.0).reshape(1, 2, 3)
    >>> np.asarray(TakeColumns((2, 0))(window)).tolist()
    [[[2.0, 0.0], [5.0, 3.0]]]
    """

    def __init__(self, columns: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        self.columns = tuple(columns)
        self.supports_masking = True

    def call(self, inputs):
        """Return the selected columns."""
        return ops.take(inputs, self.columns, axis=-1)

    def get_config(self):
        """Return the parameters of the layer."""
        return {**super().get_config(), "columns": self.columns}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class Columns(keras.layers.Layer):
    """Select columns of a window, at all steps or at the last ones.

    Parameters
    ----------
    start, stop : int
        First column, and the column after the last one.
    n_steps : int, default=None
        Number of last steps to keep. If None, all steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import Columns
    >>> window = np.arange(6.0).reshape(1, 2, 3)
    >>> np.asarray(Columns(1, 3, n_steps=1)(window)).tolist()
    [[[4.0, 5.0]]]
    """

    def __init__(self, start: int, stop: int, n_steps: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.start, self.stop, self.n_steps = start, stop, n_steps
        self.supports_masking = True

    def call(self, inputs):
        """Return the selected part of the window."""
        first = 0 if self.n_steps is None else -self.n_steps
        return inputs[:, first:, self.start : self.stop]

    def compute_mask(self, inputs, previous_mask=None):
        """Return no mask, because unknown values are zero."""

    def get_config(self):
        """Return the parameters of the layer."""
        chosen = {"start": self.start, "stop": self.stop, "n_steps": self.n_steps}
        return {**super().get_config(), **chosen}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class Segments(keras.layers.Layer):
    """Cut a window into segments; each segment becomes one step with more features.

    The last segment ends at the end of the window. If the number of steps is not a
    multiple of `size`, the first segment is padded with zeros at its start. If all steps
    of a segment are masked, the segment is NaN, for a :class:`MaskUnknown` after this
    layer.

    Parameters
    ----------
    size : int
        Number of steps in a segment.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import Segments
    >>> window = np.array([[[1.0], [2.0], [3.0]]], dtype="float32")
    >>> np.asarray(Segments(2)(window)).tolist()
    [[[0.0, 1.0], [2.0, 3.0]]]
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        check_integer("segment", size, 1)
        self.size = size
        self.supports_masking = True

    def call(self, inputs, mask=None):
        """Return segments of shape (n_samples, n_segments, size * n_features)."""
        n_missing, n_segments, size_of_step = self._segment_counts(inputs.shape)
        if n_missing:
            inputs = ops.pad(inputs, ((0, 0), (n_missing, 0), (0, 0)))
        segments = ops.reshape(inputs, (-1, n_segments, size_of_step))
        if mask is None:
            return segments
        known = ops.pad(mask, ((0, 0), (n_missing, 0)), constant_values=False)
        known = ops.any(ops.reshape(known, (-1, n_segments, self.size)), axis=-1)
        # Use NaN, because a mask of this layer would add operations to the graph.
        return ops.where(known[:, :, None], segments, float("nan"))

    def compute_mask(self, inputs, previous_mask=None):
        """Return no mask, because unknown segments are NaN."""

    def compute_output_shape(self, input_shape):
        """Return the shape with fewer steps and more features."""
        return (input_shape[0], *self._segment_counts(input_shape)[1:])

    def _segment_counts(self, shape):
        """Return the numbers of padded steps, segments and features per segment."""
        n_segments = -(-shape[1] // self.size)
        return n_segments * self.size - shape[1], n_segments, self.size * shape[2]

    def get_config(self):
        """Return the parameters of the layer."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class TargetScale(keras.layers.Layer):
    """Scale outputs of order one by the spread and the centre of the target.

    Centre and spread are non-trainable weights, 0 and 1 until they are set. Losses,
    metrics and predictions are in the units of the target.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import TargetScale
    >>> layer = TargetScale()
    >>> layer.build((None, 1))
    >>> layer.set_weights([np.array([100.0]), np.array([20.0])])
    >>> np.asarray(layer(np.array([[0.5]], dtype="float32")))
    array([[110.]], dtype=float32)
    """

    def build(self, input_shape):
        """Create the two weights, each with one value per output."""
        for name, initializer in (("centre", "zeros"), ("spread", "ones")):
            weight = self.add_weight(
                name=name,
                shape=input_shape[-1:],
                initializer=initializer,
                trainable=False,
            )
            setattr(self, name, weight)

    def compute_output_shape(self, input_shape):
        """Return the shape of the input, which saves Keras a trace of `call`."""
        return input_shape

    def call(self, inputs):
        """Return the outputs in the units of the target."""
        return inputs * self.spread + self.centre
