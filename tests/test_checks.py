"""Checks of values that every module uses."""

import numpy as np
import pytest

from skforecast_lstm._checks import check_no_infinity


@pytest.mark.parametrize("shape", [(9,), (9, 2), (9, 2, 3), (200_000, 1)])
def test_the_first_infinity_is_named(shape):
    values = np.full(shape, np.nan)
    check_no_infinity("X", values, str)
    check_no_infinity("X", np.full(shape, 1e308), str)
    place = tuple(size - 1 for size in shape)
    values[place] = -np.inf
    with pytest.raises(ValueError, match=r"^X contains infinity, first at ") as caught:
        check_no_infinity("X", values, lambda *indices: repr(indices))
    assert f"at {place}." in str(caught.value)
