"""Losses for forecasts that Keras does not have."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from skforecast_lstm._checks import check_integer, check_no_infinity
from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm._rounding import mean_change

__all__ = [
    "MeanAbsoluteScaledError",
    "QuantileLoss",
    "SymmetricMeanAbsolutePercentageError",
    "counts_in_own_units",
]

_IN_OWN_UNITS = (
    keras.losses.mean_absolute_percentage_error,
    keras.losses.mean_squared_logarithmic_error,
    keras.losses.poisson,
)


def counts_in_own_units(loss: Any) -> bool:
    """Return True if a loss needs targets in their own units, not normalized ones.

    Parameters
    ----------
    loss : str, keras.losses.Loss, callable, or list or dict of them
        Loss, as in ``keras.Model.compile``. A custom loss needs its own units if it has
        an attribute ``in_own_units = True``.

    Returns
    -------
    counts : bool
        True if the loss must not get normalized values.
    """
    if isinstance(loss, list | tuple | dict):
        return any(map(counts_in_own_units, keras.tree.flatten(loss)))
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    return (
        getattr(loss, "in_own_units", False) or getattr(loss, "fn", loss) in _IN_OWN_UNITS
    )


def as_columns(*parts):
    """Return targets and outputs with a column axis added if they have one dimension."""
    return tuple(
        ops.expand_dims(part, -1) if len(part.shape) == 1 else part for part in parts
    )


def _as_equal_shapes(y_true, y_pred):
    """Return targets and outputs as columns; raise unless their shapes are equal."""
    y_true, y_pred = as_columns(y_true, y_pred)
    if y_true.shape[1:] != y_pred.shape[1:]:
        raise ValueError(
            f"Targets of shape {tuple(y_true.shape)} do not fit outputs of shape "
            f"{tuple(y_pred.shape)}. Give one target for each output."
        )
    return y_true, y_pred


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class SymmetricMeanAbsolutePercentageError(keras.losses.Loss):
    """Symmetric mean absolute percentage error (sMAPE), from 0 to 200.

    The loss is the mean of ``200 * |y - f| / (|y| + |f|)``, as in the M4 competition. If
    both values are 0, the error is 0. The gradient grows near zero, so use this loss for
    series that stay away from zero. Values under 1e-30 count as 0.

    Parameters
    ----------
    name : str, default="symmetric_mean_absolute_percentage_error"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        Reduction of the losses of all rows to one number.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import SymmetricMeanAbsolutePercentageError
    >>> loss = SymmetricMeanAbsolutePercentageError()
    >>> float(loss(np.array([[100.0, 0.0]]), np.array([[300.0, 0.0]])))
    50.0
    """

    in_own_units = True

    def __init__(
        self,
        name: str = "symmetric_mean_absolute_percentage_error",
        reduction: str = "sum_over_batch_size",
    ):
        super().__init__(name=name, reduction=reduction)

    def call(self, y_true, y_pred):
        """Return the mean error of each row, in percent."""
        y_true, y_pred = _as_equal_shapes(y_true, y_pred)
        # Divide both values by the larger one: this avoids overflow and underflow. The
        # divisor has no part in the gradient.
        larger = ops.stop_gradient(ops.maximum(ops.abs(y_true), ops.abs(y_pred)))
        are_zero = larger <= 1e-30
        unit = ops.where(are_zero, ops.ones_like(larger), larger)
        y_true, y_pred = y_true / unit, y_pred / unit
        size = ops.where(are_zero, unit, ops.abs(y_true) + ops.abs(y_pred))
        distance = ops.where(are_zero, ops.zeros_like(unit), ops.abs(y_true - y_pred))
        errors = 200.0 * distance / size
        return ops.mean(errors, axis=-1)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class MeanAbsoluteScaledError(keras.losses.Loss):
    """Mean absolute scaled error (MASE): absolute error relative to a naive forecast.

    All columns count equally, for values of any size. A loss under 1 means that the
    forecast is better than the seasonal naive forecast was in training.

    Parameters
    ----------
    scale : float or sequence of float
        Mean absolute error of the naive forecast, see `of`: one number, or one for each
        column of the targets. With several steps ahead, the outputs list all columns at
        each step.
    name : str, default="mean_absolute_scaled_error"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        Reduction of the losses of all rows to one number.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import MeanAbsoluteScaledError
    >>> loss = MeanAbsoluteScaledError.of([1.0, 3.0, 2.0, 5.0])
    >>> loss.scale
    2.0
    >>> float(loss(np.array([[6.0]]), np.array([[5.0]])))
    0.5
    """

    in_own_units = True

    def __init__(
        self,
        scale: float | Sequence[float],
        name: str = "mean_absolute_scaled_error",
        reduction: str = "sum_over_batch_size",
    ):
        super().__init__(name=name, reduction=reduction)
        self.scale = _checked_scale(scale)

    @classmethod
    def of(
        cls, y: ArrayLike, season_length: int = 1, **options: Any
    ) -> "MeanAbsoluteScaledError":
        """Create the loss with the error of the seasonal naive forecast as its scale.

        Parameters
        ----------
        y : array-like of shape (n_rows,) or (n_rows, n_columns)
            One training series. Unknown values (NaN) are left out.
        season_length : int, default=1
            Number of rows after which the series repeats itself. With 1, the naive
            forecast is the last value.
        **options : dict
            Other parameters of the constructor.

        Returns
        -------
        loss : MeanAbsoluteScaledError
            Loss with this scale.
        """
        check_integer("season_length", season_length, 1)
        values = np.asarray(y)
        if values.dtype.kind != "f":
            values = values.astype(np.float64)
        if values.ndim not in (1, 2) or len(values) <= season_length:
            raise ValueError(
                f"y has shape {values.shape}. It must have one dimension or two, and "
                f"more than season_length={season_length} rows."
            )
        check_no_infinity("y", values, "row {0}".format)
        return cls(mean_change(values, season_length).tolist(), **options)

    def call(self, y_true, y_pred):
        """Return the mean scaled error of each row."""
        y_true, y_pred = _as_equal_shapes(y_true, y_pred)
        n_outputs = y_pred.shape[-1]
        scale = np.ravel(self.scale)
        if n_outputs % len(scale):
            raise ValueError(
                f"There are {n_outputs} outputs for the scales of {len(scale)} columns. "
                "Give one number, or one for each column of the targets."
            )
        scale = ops.convert_to_tensor(
            np.tile(scale, n_outputs // len(scale)), dtype=y_pred.dtype
        )
        return ops.mean(ops.abs(y_true - y_pred) / scale, axis=-1)

    def get_config(self):
        """Return the parameters of the loss."""
        return {**super().get_config(), "scale": self.scale}


def _checked_scale(scale):
    """Return a scale as a float or tuple of floats; raise unless all are positive."""
    single = isinstance(scale, Real)
    scales = (float(scale),) if single else tuple(float(each) for each in scale)
    for column, each in enumerate(scales):
        if not (np.isfinite(each) and each > 0):
            where = "scale" if single else f"scale of column {column}"
            raise ValueError(
                f"The {where} is {each}, but must be over 0 and finite. It is 0 if no "
                "known value of a series differs from the one a season before. Leave out "
                "such a column, or give its scale yourself."
            )
    if not scales:
        raise ValueError("scale is empty. Give one number, or one for each column.")
    return scales[0] if single else scales


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class QuantileLoss(keras.losses.Loss):
    """Pinball loss of several quantiles at once.

    The outputs are all quantiles of the first target, then all quantiles of the second,
    and so on. Targets have one column per target. Alternatively, they repeat each target
    for each quantile and have as many columns as there are outputs.

    Parameters
    ----------
    quantiles : sequence of float
        Quantiles in increasing order, each over 0 and under 1.
    name : str, default="quantile_loss"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        Reduction of the losses of all rows to one number.

    See Also
    --------
    NonCrossingQuantiles : Layer that keeps the quantiles in order.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import QuantileLoss
    >>> loss = QuantileLoss([0.1, 0.9])
    >>> float(loss(np.array([[1.0]]), np.array([[0.0, 0.0]])))
    0.5
    """

    def __init__(
        self,
        quantiles: Sequence[float],
        name: str = "quantile_loss",
        reduction: str = "sum_over_batch_size",
    ):
        super().__init__(name=name, reduction=reduction)
        self.quantiles = tuple(float(quantile) for quantile in quantiles)
        bounds = (0.0, *self.quantiles, 1.0)
        increase = all(low < high for low, high in pairwise(bounds))
        if not (self.quantiles and increase):
            raise ValueError(
                f"quantiles must be increasing, over 0 and under 1, got {self.quantiles}."
            )

    def call(self, y_true, y_pred):
        """Return the mean loss of each row."""
        y_true, y_pred = as_columns(y_true, y_pred)
        n_quantiles = len(self.quantiles)
        n_numbers, left_over = divmod(y_pred.shape[-1], n_quantiles)
        if left_over or y_true.shape[-1] not in (n_numbers, y_pred.shape[-1]):
            raise ValueError(
                f"Targets of shape {tuple(y_true.shape)} do not fit outputs of shape "
                f"{tuple(y_pred.shape)} and {n_quantiles} quantiles. Each target needs "
                f"{n_quantiles} outputs."
            )
        if y_true.shape[-1] == n_numbers:
            y_true = ops.repeat(y_true, n_quantiles, axis=-1)
        shape = (-1, *y_pred.shape[1:-1], n_numbers, n_quantiles)
        error = ops.reshape(y_true - y_pred, shape)
        quantiles = ops.convert_to_tensor(self.quantiles, dtype=error.dtype)
        losses = ops.maximum(quantiles * error, (quantiles - 1.0) * error)
        return ops.mean(losses, axis=(-2, -1))

    def get_config(self):
        """Return the parameters of the loss."""
        return {**super().get_config(), "quantiles": self.quantiles}
