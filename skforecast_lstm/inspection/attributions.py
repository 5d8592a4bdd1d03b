"""Steps and columns of a window that its forecast came from: integrated gradients."""

import warnings
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skforecast_lstm._checks import check_integer
from skforecast_lstm.estimators import LSTMClassifier, LSTMRegressor
from skforecast_lstm.inspection._windows import windows_at_end

__all__ = ["window_attributions"]

# Rows of one call on the device.
_BATCH = 256
# Largest gap between the sum of the attributions and the difference of the forecasts,
# relative to the largest difference, and to the largest forecast for rounding.
_GAP, _ROUNDING = 0.01, 1e-5


def window_attributions(
    estimator: Any,
    X: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    output: int | None = None,
    n_points: int = 64,
) -> NDArray[np.float64]:
    """Attribute forecasts to the steps and columns of their windows.

    Integrated gradients: the gradient of the forecast, averaged over the straight line
    from a baseline window to the window, times the distance. The attributions of a
    window sum to its forecast minus the forecast of the baseline, in units of the target.

    Parameters
    ----------
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator, or a pipeline or search that ends in one.
    X : array-like
        Windows of shape (n_samples, n_steps, n_columns), or the input of the pipeline.
    baseline : array-like of shape (n_steps, n_columns), default=None
        Window to compare with, as the network reads it. If None, the mean of the
        windows of `X`.
    output : int, default=None
        Number of the target, or of the class in `classes_`, to explain. If None, the
        only target, or the second of two classes.
    n_points : int, default=64
        Number of points on the line, of a Gauss-Legendre rule. Networks whose gradient
        jumps, as with "relu" in dense layers or with `segment`, may need hundreds.

    Returns
    -------
    attributions : ndarray of shape (n_samples, n_steps, n_columns)
        Parts of the forecast, or of the probability of the class. Unknown values have 0:
        they are unknown in the baseline too.

    Warns
    -----
    UserWarning
        If the sums differ from the differences of the forecasts by more than a
        hundredth of the largest difference.

    See Also
    --------
    permutation_importance : Columns that matter for the score.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm import LSTMRegressor
    >>> from skforecast_lstm.inspection import window_attributions
    >>> X = np.random.default_rng(0).normal(size=(200, 4, 3))
    >>> lstm = LSTMRegressor(units=8, epochs=30, random_state=0).fit(X, X[:, -2, 1])
    >>> parts = window_attributions(lstm, X)
    >>> parts.shape
    (200, 4, 3)
    >>> [int(place) for place in np.argwhere(np.abs(parts).mean(axis=0) > 0.5)[0]]
    [2, 1]
    """
    check_integer("n_points", n_points, 1)
    if keras.config.backend() != "jax":
        raise RuntimeError(
            "window_attributions needs the gradients of JAX, but the backend of Keras is "
            f"{keras.config.backend()}. Set KERAS_BACKEND=jax before Keras is imported."
        )
    network, windows = windows_at_end(estimator, X)
    _check_network(network)
    shape = windows.shape
    inputs, _ = network._validate_windows(windows, reset=False)
    inputs = inputs.reshape(shape).astype(keras.config.floatx())
    unknown = np.isnan(inputs)
    base = _baseline(baseline, inputs, unknown)
    place = _output(network, output)
    sums, differences, largest = np.empty(len(inputs)), np.empty(len(inputs)), 0.0
    attributions = np.empty(shape)
    compute = _integrated_gradients(network, place, n_points)
    for first in range(0, len(inputs), _BATCH):
        some = slice(first, first + _BATCH)
        parts, forecasts, base_forecasts = compute(inputs[some], unknown[some], base)
        attributions[some] = parts
        sums[some] = attributions[some].sum(axis=(1, 2))
        differences[some] = forecasts - base_forecasts
        largest = max(largest, np.abs(forecasts).max(), np.abs(base_forecasts).max())
    _check_sums(sums, differences, largest)
    return attributions


def _check_network(network):
    """Raise unless the network computes what the estimator predicts, and smoothly."""
    kind = type(network)
    predicts = (
        getattr(kind, "predict", None) is LSTMRegressor.predict
        or getattr(kind, "predict_proba", None) is LSTMClassifier.predict_proba
    )
    if not predicts:
        raise TypeError(
            f"window_attributions explains LSTMRegressor and LSTMClassifier, alone or at "
            f"the end of a pipeline or search, got {kind.__name__}."
        )
    if network._categorical:
        raise ValueError(
            "The network has categorical_features. There are no values between "
            "categories, so gradients don't explain them. Use permutation_importance."
        )


def _baseline(baseline, inputs, unknown):
    """Return the baseline window, by default the mean of known values."""
    if baseline is None:
        n_known = np.maximum((~unknown).sum(axis=0), 1)
        total = np.where(unknown, 0, inputs).sum(axis=0, dtype=np.float64)
        return (total / n_known).astype(inputs.dtype)
    base = np.asarray(baseline, dtype=inputs.dtype)
    if base.ndim == 1 and inputs.shape[2] == 1:
        base = base[:, None]
    if base.shape != inputs.shape[1:] or not np.isfinite(base).all():
        raise ValueError(
            f"baseline must be a window of shape {inputs.shape[1:]} (steps, columns) "
            f"with finite numbers, got shape {base.shape}."
        )
    return base


def _output(network, output):
    """Return the number of the target or class to explain."""
    is_classifier = isinstance(network, LSTMClassifier)
    n_outputs = len(network.classes_) if is_classifier else network.n_outputs_
    if output is None and n_outputs == (2 if is_classifier else 1):
        return n_outputs - 1
    if output is None or output not in range(n_outputs):
        what = f"classes {network.classes_.tolist()}" if is_classifier else "targets"
        raise ValueError(
            f"output must be from 0 to {n_outputs - 1}, for one of the {n_outputs} "
            f"{what}, got {output!r}."
        )
    return int(output)


def _integrated_gradients(network, place, n_points):
    """Return a function of windows, on the device: attributions and both forecasts."""
    import jax
    from jax import numpy as jnp

    model, window_shape = network.model_, network.X_shape_[1:]
    is_classifier = isinstance(network, LSTMClassifier)
    is_logit = getattr(model.loss, "from_logits", False)
    nodes, weights = np.polynomial.legendre.leggauss(n_points)
    nodes, weights = ((nodes + 1) / 2, weights / 2)
    rule = np.stack([nodes, weights], axis=1).astype(keras.config.floatx())

    def forecast(values, unknown, state):
        values = jnp.where(unknown, jnp.nan, values)
        values = values.reshape(len(values), *window_shape)
        outputs, *_ = model.stateless_call(*state, values, training=False)
        outputs = outputs.reshape(len(values), -1)
        if not is_classifier:
            return outputs[:, place]
        if outputs.shape[1] == 1:
            second = jax.nn.sigmoid(outputs[:, 0]) if is_logit else outputs[:, 0]
            return second if place else 1 - second
        if is_logit:
            return jax.nn.softmax(outputs)[:, place]
        return outputs[:, place] / outputs.sum(axis=1)

    gradient = jax.grad(lambda *arguments: forecast(*arguments).sum())

    @jax.jit
    def compute(windows, unknown, base, state):
        base = jnp.where(unknown, 0, base)
        distance = jnp.where(unknown, 0, windows) - base

        def add(total, point):
            values = base + point[0] * distance
            return total + point[1] * gradient(values, unknown, state), None

        total, _ = jax.lax.scan(add, jnp.zeros_like(distance), rule)
        both = (forecast(values, unknown, state) for values in (base + distance, base))
        return distance * total, *both

    state = (
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
    )
    return lambda *arguments: map(np.asarray, compute(*arguments, state))


def _check_sums(sums, differences, largest):
    """Raise if attributions are not numbers, warn if their sums are wrong."""
    if not np.isfinite(sums).all() or not np.isfinite(differences).all():
        raise ValueError(
            f"The attributions of {(~np.isfinite(sums + differences)).sum()} of "
            f"{len(sums)} windows are not finite. If they have unknown steps, the model "
            "may not mask them: make skforecast_lstm.networks.MaskUnknown() its first "
            "layer."
        )
    gap = np.abs(sums - differences).max()
    if gap > _GAP * np.abs(differences).max() + _ROUNDING * largest:
        warnings.warn(
            f"The attributions of a window differ in sum by up to {gap:.3g} from the "
            "difference of its forecast and that of the baseline. Set a larger n_points.",
            UserWarning,
            stacklevel=3,
        )
