"""Suggestions of similar names."""

import pytest

from skforecast_lstm._suggestions import did_you_mean


@pytest.mark.parametrize(
    ("name", "names", "question"),
    [
        ("unit", ["Units", "time"], " Did you mean 'Units'?"),
        ("auto arima", ["AutoARIMA", "Ridge"], " Did you mean 'AutoARIMA'?"),
        ("adm", ["Adam", "Adamw"], " Did you mean 'Adam'?"),
        ("a ", ["a", "A"], " Did you mean 'a'?"),
        ("zzz", ["Units", "time"], ""),
        ("", ["Units", "-"], ""),
    ],
)
def test_names_of_similar_spelling_are_suggested(name, names, question):
    assert did_you_mean(name, names) == question
