"""scikit-learn's own suite on what users configure, held to the table in the README.

``check_array_api_input`` needs ``SCIPY_ARRAY_API=1`` before scipy is imported.
"""

import builtins
import re
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import check_estimator

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.networks import QuantileLoss

README = Path(__file__).parents[2] / "README.md"
# Enough training for the checks of scores, in programs that are quick to compile.
SMALL = {
    "units": 8,
    "cell": "rnn",
    "learning_rate": 0.02,
    "epochs": 15,
    "batch_size": 8,
}


def regressor(**parameters):
    return LSTMRegressor(**{**SMALL, **parameters})


def classifier(**parameters):
    return LSTMClassifier(**{**SMALL, **parameters})


CONFIGURATIONS = [
    LookbackWindower(),
    LookbackWindower(3, horizon=1, layout="flat"),
    LookbackWindower(1),
    LookbackWindower(1, layout="flat"),
    regressor(cell="lstm", learning_rate=0.05),
    regressor(cell="gru", bidirectional=True, learning_rate=0.05),
    regressor(n_members=2, schedule="cosine"),
    regressor(early_stopping=True, segment=2),
    regressor(decoder="lstm", dropout=0.05, dense_units=4, l2=1e-5),
    regressor(loss=QuantileLoss([0.5]), metrics=["mae"]),
    regressor(normalization="last", target_columns=()),
    regressor(normalization="last", base="last"),
    regressor(normalization="standard", base="mixture"),
    regressor(normalization="relative", base="seasonal", season_length=2),
    classifier(cell="lstm", learning_rate=0.05),
    classifier(cell="gru", early_stopping=True, class_weight="balanced"),
    classifier(bidirectional=True, segment=2),
    classifier(n_members=2, schedule="one_cycle"),
    classifier(normalization="last"),
    BinnedRegressor(LogisticRegression(max_iter=1000)),
    BinnedRegressor(GaussianNB(), n_bins=4, strategy="uniform"),
    # scikit-learn sets no seed inside of another estimator.
    BinnedRegressor(
        classifier(early_stopping=True, n_iter_no_change=60, epochs=60, random_state=0),
        n_bins=4,
    ),
]


class Parameters(dict):
    """Parameters of an estimator by name; None for those that it does not have."""

    def __missing__(self, name):
        return None


def table():
    """Rows of the README: classes, a condition on their parameters, and checks."""
    section = README.read_text().split("## scikit-learn's own checks")[1]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    for line in lines:
        where, checks, reason = line.strip("| ").split(" | ")
        assert reason
        kinds, _, condition = where.partition(" with ")
        yield (
            re.findall(r"`(\w+)`", kinds),
            condition.strip("`") or "True",
            re.findall(r"`(check_\w+)`", checks),
        )


TABLE = list(table())


def applies(row, estimator):
    kinds, condition, _ = row
    names = {**vars(builtins), **globals(), **estimator.get_params()}
    return type(estimator).__name__ in kinds and bool(
        eval(condition, {}, Parameters(names))
    )


# Some checks transform other rows than those of fit.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
@pytest.mark.parametrize("estimator", CONFIGURATIONS, ids=lambda one: repr(one)[:60])
def test_the_checks_that_fail_are_those_of_the_table(estimator):
    expected = {name for row in TABLE if applies(row, estimator) for name in row[2]}
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(results) > 40
    by_status = {}
    for result in results:
        names = by_status.setdefault(result["status"], {})
        names[result["check_name"]] = result["exception"]
    assert "skipped" not in by_status
    failed = by_status.get("failed", {})
    assert failed.keys() == expected, failed


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[2][0])
def test_every_row_of_the_table_is_tried(row):
    assert any(applies(row, estimator) for estimator in CONFIGURATIONS)
