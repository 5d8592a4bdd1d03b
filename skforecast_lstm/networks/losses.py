"""Losses that forecasts are judged by, beside those of Keras."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from skforecast_lstm._checks import check_integer
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
    """Whether a loss means nothing unless targets are in their own units.

    Parameters
    ----------
    loss : str, keras.losses.Loss, callable, or list or dict of them
        The loss, as in ``keras.Model.compile``. One of the user's own says so by an
        attribute ``in_own_units = True``.

    Returns
    -------
    counts : bool
        Whether it must not be given values that are normalized.
    """
    if isinstance(loss, list | tuple | dict):
        return any(map(counts_in_own_units, keras.tree.flatten(loss)))
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    return (
        getattr(loss, "in_own_units", False) or getattr(loss, "fn", loss) in _IN_OWN_UNITS
    )


def as_columns(*parts):
    """Targets and outputs with a column each where they are one number a row."""
    return tuple(
        ops.expand_dims(part, -1) if len(part.shape) == 1 else part for part in parts
    )


def _as_equals(y_true, y_pred):
    """Targets and outputs in columns; raise unless there is one target an output."""
    y_true, y_pred = as_columns(y_true, y_pred)
    if y_true.shape[1:] != y_pred.shape[1:]:
        raise ValueError(
            f"Targets of shape {tuple(y_true.shape)} do not fit outputs of shape "
            f"{tuple(y_pred.shape)}. Give one target for each output."
        )
    return y_true, y_pred


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class SymmetricMeanAbsolutePercentageError(keras.losses.Loss):
    """Symmetric mean absolute percentage error (sMAPE), from 0 to 200.

    It is the mean of ``200 * |y - f| / (|y| + |f|)``, as in the M4 competition, and 0
    where both are 0. The slope grows towards zero, so it is for series that stay away
    from it. Values under 1e-30 count as 0.

    Parameters
    ----------
    name : str, default="symmetric_mean_absolute_percentage_error"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        How the losses of the rows become one.

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
        """Mean of the errors of each row, in percent."""
        y_true, y_pred = _as_equals(y_true, y_pred)
        # In units of the larger of the two nothing is too large or too small to divide,
        # and what both are divided by has no part in the slope.
        larger = ops.stop_gradient(ops.maximum(ops.abs(y_true), ops.abs(y_pred)))
        are_zero = larger <= 1e-30
        unit = ops.where(are_zero, ops.ones_like(larger), larger)
        y_true, y_pred = y_true / unit, y_pred / unit
        size = ops.where(are_zero, unit, ops.abs(y_true) + ops.abs(y_pred))
        distance = ops.where(are_zero, ops.zeros_like(unit), ops.abs(y_true - y_pred))
        errors = 200.0 * distance / size
        return ops.mean(errors, axis=-1)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class MeanAbsoluteScaledError(keras.losses.Loss):
    """Mean absolute error in units of what a simple forecast errs by (MASE).

    Columns of any size count alike, and under 1 a forecast is better than the seasonal
    naive one was in training.

    Parameters
    ----------
    scale : float or sequence of float
        Mean absolute error of the simple forecast, see `of`: one number, or one for
        each column of the targets. Outputs of several steps ahead run through the
        columns at each step.
    name : str, default="mean_absolute_scaled_error"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        How the losses of the rows become one.

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
        """The loss whose scale is the error of the seasonal naive forecast.

        Parameters
        ----------
        y : array-like of shape (n_rows,) or (n_rows, n_columns)
            One series, to train on. Unknown values (NaN) are left out.
        season_length : int, default=1
            Number of rows after which the series repeats itself; 1 for the last value
            as the simple forecast.
        **options : dict
            More of the constructor.

        Returns
        -------
        loss : MeanAbsoluteScaledError
            The loss.
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
        if np.isinf(values).any():
            raise ValueError("y contains infinity. Give NaN for values that are unknown.")
        return cls(mean_change(values, season_length).tolist(), **options)

    def call(self, y_true, y_pred):
        """Mean of the scaled errors of each row."""
        y_true, y_pred = _as_equals(y_true, y_pred)
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
        """What the loss was made with."""
        return {**super().get_config(), "scale": self.scale}


def _checked_scale(scale):
    """A scale as a float or a tuple of them, all of which can be divided by."""
    single = isinstance(scale, Real)
    scales = (float(scale),) if single else tuple(float(each) for each in scale)
    for column, each in enumerate(scales):
        if not (np.isfinite(each) and each > 0):
            where = "scale" if single else f"scale of column {column}"
            raise ValueError(
                f"The {where} is {each}, and must be over 0 and finite. It is 0 where a "
                "series has no two known values a season apart that differ: leave such a "
                "column out, or give its scale yourself."
            )
    if not scales:
        raise ValueError("scale is empty. Give one number, or one for each column.")
    return scales[0] if single else scales


@keras.saving.register_keras_serializable(package="skforecast_lstm")
class QuantileLoss(keras.losses.Loss):
    """Pinball loss of several quantiles at once.

    Outputs have the quantiles of the first number side by side, then those of the
    second. Targets are these numbers; or repeat each of them for each quantile, so that
    they have as many columns as there are outputs.

    Parameters
    ----------
    quantiles : sequence of float
        The quantiles, each over 0 and under 1, from the lowest to the highest.
    name : str, default="quantile_loss"
        Name of the loss.
    reduction : str, default="sum_over_batch_size"
        How the losses of the rows become one.

    See Also
    --------
    NonCrossingQuantiles : A layer, so that no quantile is over the next.

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
                f"quantiles must be over 0 and under 1, each over the one before it, got "
                f"{self.quantiles}."
            )

    def call(self, y_true, y_pred):
        """Mean of the losses of each row."""
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
        """What the loss was made with."""
        return {**super().get_config(), "quantiles": self.quantiles}
