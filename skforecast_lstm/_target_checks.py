"""Checks of the targets of `fit`: numbers or labels, of which some may be unknown."""

from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

from skforecast_lstm._checks import check_no_infinity
from skforecast_lstm._keras_seam import loss_from, wrapped_function
from skforecast_lstm._pieces import pieces
from skforecast_lstm._rows import is_too_large

__all__ = ["check_labels", "check_numbers", "check_rows_can_be_weighted"]


def check_numbers(y):
    """Return the targets as floats, and the known fraction of each row.

    Raise if a column has no known value, or a value is too large for the network.
    """
    y = check_array(
        y,
        dtype=[np.float64, np.float32],
        ensure_2d=False,
        ensure_all_finite="allow-nan",
        input_name="y",
    )
    known = np.empty(len(y))
    ever_known: Any = False
    for piece in pieces(y):
        too_large = np.argwhere(is_too_large(y[piece]))
        if len(too_large):
            raise ValueError(
                f"y contains a value too large for {keras.config.floatx()}, first at "
                f"row {piece.start + too_large[0][0]}. Give the target in larger "
                "units."
            )
        values = y[piece].reshape(len(known[piece]), -1)
        are_known = ~np.isnan(values)
        known[piece] = are_known.mean(axis=1)
        ever_known = ever_known | are_known.any(axis=0)
    if np.any(ever_known) and not np.all(ever_known):
        raise ValueError(
            f"Column {np.argmin(ever_known)} of y has no known value, so nothing can "
            "be learned about it. Leave it out."
        )
    return y, known


def check_labels(y):
    """Return the labels as one column, and a mask of the known labels."""
    y = column_or_1d(y, warn=True)
    known = ~np.asarray(pd.isna(y))
    if not known.any():
        raise ValueError("y has no known label: all labels are missing.")
    if y.dtype.kind == "f":
        check_no_infinity("y", y, "row {}".format)
    check_classification_targets(y[known])
    return y, known


def check_rows_can_be_weighted(model, targets):
    """Raise if the loss is a function of the user with one number for a whole batch.

    Keras multiplies this number by the mean of the weights, so no row counts more than
    another.
    """
    if isinstance(model.loss, dict | list | tuple):
        return
    loss = loss_from(model.loss)
    source = wrapped_function(loss)[0] or type(loss)
    if getattr(source, "__module__", "").startswith(("keras.", "skforecast_lstm.")):
        return
    targets, outputs = (
        keras.ops.zeros((2, *shape[1:])) for shape in (targets.shape, model.output_shape)
    )
    if not keras.ops.shape(loss.call(targets, outputs)):
        raise ValueError(
            f"The loss {loss.name!r} returns one number for a whole batch, so weights of "
            "rows, and targets that are known in part, would have no effect. Return one "
            "number for each row: take the mean over axis=-1."
        )
