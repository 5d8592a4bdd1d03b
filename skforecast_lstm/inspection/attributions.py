"""Steps and columns of a window that its forecast came from: integrated gradients."""

import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skforecast_lstm._checks import check_integer
from skforecast_lstm._target_names import names_of_steps
from skforecast_lstm.estimators import LSTMClassifier, LSTMRegressor
from skforecast_lstm.exceptions import InexactAttributionsWarning
from skforecast_lstm.inspection._windows import windows_at_end

__all__ = ["Explained", "checked_row", "explain", "window_attributions"]

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
    InexactAttributionsWarning
        If the sums differ from the differences of the forecasts by more than a
        hundredth of the largest difference.

    See Also
    --------
    AttributionDisplay : Draws the attributions.
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
    return explain(
        estimator, X, baseline=baseline, output=output, n_points=n_points
    ).attributions


class Explained(NamedTuple):
    """Attributions of shape (rows, steps, columns), and what they explain.

    `output_name` is the name of the target or class, None if it has no name.
    """

    attributions: NDArray[np.float64]
    forecasts: NDArray[np.float64]
    base_forecasts: NDArray[np.float64]
    is_probability: bool
    output_name: Any


def explain(
    estimator: Any,
    X: ArrayLike,
    *,
    baseline: ArrayLike | None,
    output: int | None,
    n_points: int,
    row: int | None = None,
) -> Explained:
    """Return the attributions of all windows, or of one, as in `window_attributions`."""
    check_integer("n_points", n_points, 1)
    if keras.config.backend() != "jax":
        raise RuntimeError(
            "Attributions need the gradients of JAX, but the backend of Keras is "
            f"{keras.config.backend()}. Set KERAS_BACKEND=jax before Keras is imported."
        )
    network, windows = windows_at_end(estimator, X)
    _check_network(network)
    inputs, _ = network._validate_windows(windows, reset=False)
    inputs = inputs.reshape(windows.shape).astype(keras.config.floatx())
    base = _baseline(baseline, inputs)
    if row is not None:
        inputs = inputs[checked_row(row, len(inputs))][None]
    unknown = np.isnan(inputs)
    place = _output(network, output)
    attributions = np.empty(inputs.shape)
    forecasts, base_forecasts = np.empty(len(inputs)), np.empty(len(inputs))
    compute = _integrated_gradients(network, place, n_points)
    for first in range(0, len(inputs), _BATCH):
        some = slice(first, first + _BATCH)
        attributions[some], forecasts[some], base_forecasts[some] = compute(
            inputs[some], unknown[some], base
        )
    _check_sums(attributions, forecasts, base_forecasts)
    return Explained(
        attributions,
        forecasts,
        base_forecasts,
        isinstance(network, LSTMClassifier),
        _output_name(network, place),
    )


def checked_row(row: int, n_rows: int) -> int:
    """Return the number of a row; a negative one counts from the end."""
    if not isinstance(row, int | np.integer) or not -n_rows <= row < n_rows:
        raise ValueError(
            f"row must be from {-n_rows} to {n_rows - 1}, as X has {n_rows} rows, got "
            f"{row!r}."
        )
    return int(row)


def _check_network(network):
    """Raise unless the network computes what the estimator predicts, and smoothly."""
    kind = type(network)
    predicts = (
        getattr(kind, "predict", None) is LSTMRegressor.predict
        or getattr(kind, "predict_proba", None) is LSTMClassifier.predict_proba
    )
    if not predicts:
        raise TypeError(
            "Attributions explain LSTMRegressor and LSTMClassifier, alone or at the end "
            f"of a pipeline or search, got {kind.__name__}."
        )
    if network._categorical:
        raise ValueError(
            "The network has categorical_features. There are no values between "
            "categories, so gradients don't explain them. Use permutation_importance."
        )


def _baseline(baseline, inputs):
    """Return the baseline window, by default the mean of known values."""
    if baseline is None:
        unknown = np.isnan(inputs)
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


def _output_name(network, place):
    """Return the class, or the name of the target if it has one."""
    if isinstance(network, LSTMClassifier):
        return network.classes_[place]
    names = network._target_layout["names"]
    n_steps = network._target_layout["n_steps"] or 1
    if names is None:
        return None
    return (names if n_steps == 1 else names_of_steps(names, n_steps))[place]


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


def _check_sums(attributions, forecasts, base_forecasts):
    """Raise if attributions are not numbers, warn if their sums are wrong."""
    sums = attributions.sum(axis=(1, 2))
    differences = forecasts - base_forecasts
    is_number = np.isfinite(sums) & np.isfinite(differences)
    if not is_number.all():
        raise ValueError(
            f"The attributions of {(~is_number).sum()} of {len(sums)} windows are not "
            "finite. If they have unknown steps, the model may not mask them: make "
            "skforecast_lstm.networks.MaskUnknown() its first layer."
        )
    gap = np.abs(sums - differences).max()
    largest = max(np.abs(forecasts).max(), np.abs(base_forecasts).max())
    if gap > _GAP * np.abs(differences).max() + _ROUNDING * largest:
        warnings.warn(
            f"The attributions of a window differ in sum by up to {gap:.3g} from the "
            "difference of its forecast and that of the baseline. Set a larger n_points.",
            InexactAttributionsWarning,
            stacklevel=4,  # The caller of the public function.
        )
