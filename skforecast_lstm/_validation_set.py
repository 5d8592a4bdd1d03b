"""Validation data that the user gives to `fit`, beside the data to train on."""

import warnings
from contextlib import contextmanager

import numpy as np

from skforecast_lstm.exceptions import UnscaledWarning

__all__ = ["given_validation_set", "validation_set_named", "warn_of_other_units"]

# Number of spreads of the training data by which validation data may differ.
FAR = 10


def given_validation_set(X_val, y_val, sample_weight_val):
    """Return the validation data as a tuple, or None. Raise if a part is missing."""
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError(
                "sample_weight_val is given, but X_val and y_val are not. Give them too."
            )
        return None
    for name, value in (("X_val", X_val), ("y_val", y_val)):
        if value is None:
            other = "y_val" if name == "X_val" else "X_val"
            raise ValueError(f"{other} is given, but {name} is not. Give both.")
    return X_val, y_val, sample_weight_val


@contextmanager
def validation_set_named():
    """Say in each error that the data to validate on are wrong."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"In the validation data (X_val, y_val): {error}") from error


def warn_of_other_units(name, values, rows, validation, validation_rows, categorical=()):
    """Warn if validation data are far from the training data in a column of numbers.

    Then one of them was scaled and the other was not, or the network has never seen such
    values.
    """
    (centre, spread), (other_centre, other_spread) = (
        _centre_and_spread(*one)
        for one in ((values, rows), (validation, validation_rows))
    )
    differs = np.abs(other_centre - centre) > FAR * spread
    differs |= other_spread > FAR * spread
    differs &= spread > 0
    differs[list(categorical)] = False
    if not differs.any():
        return
    column = int(differs.argmax())
    remedy = (
        'Transform X_val as X, for example by a Pipeline with transform_input=["X_val"].'
        if name == "X"
        else "If y was scaled, for example by TransformedTargetRegressor, scale y_val "
        "in the same way."
    )
    warnings.warn(
        f"Column {column} of {name}_val has mean {other_centre[column]:.4g} and standard "
        f"deviation {other_spread[column]:.4g}, but that of {name} has mean "
        f"{centre[column]:.4g} and standard deviation {spread[column]:.4g}, so the "
        f"validation loss may say little. {remedy}",
        UnscaledWarning,
        stacklevel=5,
    )


def _centre_and_spread(values, rows):
    """Return mean and standard deviation of each column, from a sample of the rows."""
    rows = np.asarray(rows[:: max(1, len(rows) // 10_000)])
    sample = values[rows]
    sample = sample.reshape(len(sample), -1).astype(np.float64)
    sample[:, np.isnan(sample).all(axis=0)] = 0.0
    return np.nanmean(sample, axis=0), np.nanstd(sample, axis=0)
