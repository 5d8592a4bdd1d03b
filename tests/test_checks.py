"""Checks of names and values that every module uses."""

import numpy as np
import pytest

from skforecast_lstm._checks import check_no_infinity, did_you_mean


@pytest.mark.parametrize(
    ("name", "names", "question"),
    [
        ("unit", ["Units", "time"], " Did you mean 'Units'?"),
        ("auto arima", ["AutoARIMA", "Ridge"], " Did you mean 'AutoARIMA'?"),
        ("adm", ["Adam", "Adamw"], " Did you mean 'Adam' or 'Adamw'?"),
        ("a ", ["a", "A"], " Did you mean 'a'?"),
        ("zzz", ["Units", "time"], ""),
        ("", ["Units", "-"], ""),
    ],
)
def test_names_of_similar_spelling_are_suggested(name, names, question):
    assert did_you_mean(name, names) == question


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
