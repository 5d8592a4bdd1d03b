"""Keras's default initial weights, drawn by NumPy.

NumPy compiles nothing, while JAX needs a third of a second for each shape of a weight.
One seed gives the same weights on every backend.
"""

import math

import keras
import numpy as np

from skforecast_lstm._keras_seam import in_stateless_scope
from skforecast_lstm._thread_pools import one_blas_thread

__all__ = ["GlorotUniform", "Orthogonal"]


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class GlorotUniform(keras.initializers.GlorotUniform):
    """`keras.initializers.GlorotUniform`, drawn by NumPy.

    Examples
    --------
    >>> from skforecast_lstm.networks import GlorotUniform
    >>> bool(abs(GlorotUniform(seed=0)((2, 4))).max() < 1)
    True
    """

    def __call__(self, shape, dtype=None):
        """Return uniform weights within ``sqrt(6 / (n_inputs + n_outputs))`` of zero."""
        if _is_shape_inference():
            return keras.ops.zeros(shape, dtype)
        limit = math.sqrt(6 / (shape[-2] + shape[-1]))
        weights = np.random.default_rng(self.seed).uniform(-limit, limit, shape)
        return weights.astype(dtype or keras.config.floatx())


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class Orthogonal(keras.initializers.Orthogonal):
    """`keras.initializers.Orthogonal`, drawn by NumPy.

    Examples
    --------
    >>> from skforecast_lstm.networks import Orthogonal
    >>> rows = Orthogonal(seed=0)((2, 8))
    >>> (rows @ rows.T).round(5)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

    def __call__(self, shape, dtype=None):
        """Return a matrix with orthonormal rows or columns, whichever are fewer."""
        if _is_shape_inference():
            return keras.ops.zeros(shape, dtype)
        n_rows, n_columns = shape
        longest_first = max(shape), min(shape)
        normal = np.random.default_rng(self.seed).normal(size=longest_first)
        with one_blas_thread():
            q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))
        q = q.T if n_rows < n_columns else q
        return (self.gain * q).astype(dtype or keras.config.floatx())


def _is_shape_inference():
    """Return True if Keras only infers shapes now and draws the weights later."""
    return in_stateless_scope()
