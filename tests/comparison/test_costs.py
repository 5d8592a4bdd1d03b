"""Times by forecaster: measured, estimated for what is left, and as text."""

from types import SimpleNamespace

import numpy as np
import pytest

from skforecast_lstm.comparison.costs import Costs, as_time, estimate


def cells(name, n_train):
    y = np.zeros((100, 1))
    dataset = SimpleNamespace(y=y, times=range(100))
    return [SimpleNamespace(name=name, dataset=dataset, n_train=n_train)]


def costs_of(groups):
    costs = Costs()
    for group in groups:
        costs.expect(group)
    return costs


def outcomes(seconds):
    """The outcome of a window of two series, which share the seconds equally."""
    each = np.full(2, seconds / 4)
    scores = {"fit_seconds": each, "predict_seconds": each, "MASE": each + 9}
    return [{"error": None, "scores": scores}]


def test_what_is_left_has_the_pace_of_what_was_measured():
    groups = [cells(name, n) for name in ("slow", "quick") for n in (50, 60, 90)]
    costs = costs_of(groups)
    assert costs.unknown == ["slow", "quick"]
    costs.add(groups[0], outcomes(15))
    assert costs.unknown == ["quick"]
    assert costs.left("slow") == pytest.approx(15 / 50 * (60 + 90))
    assert costs.left("quick") == 0
    costs.add(groups[3], outcomes(1))
    costs.add(groups[4], outcomes(1.2))
    costs.add(groups[1], outcomes(24))
    assert costs.unknown == []
    assert costs.left("slow") == pytest.approx(15 / 50 * 90)
    assert costs.spent("slow") == pytest.approx(39)
    assert list(costs.totals()) == ["slow", "quick"]
    assert costs.all_left() == pytest.approx(27 + 1.8)
    costs.add(groups[2], outcomes(30))
    assert costs.left("slow") == 0


def test_one_fit_that_compiles_does_not_tell_the_pace():
    groups = [cells("network", 50) for _ in range(6)]
    costs = costs_of(groups)
    costs.add(groups[0], outcomes(9))
    assert costs.unknown == ["network"]
    costs.add(groups[1], outcomes(0.01))
    assert costs.unknown == []
    assert costs.left("network") == pytest.approx(4 * 0.01)
    # Two workers compile, each in its first fit.
    costs.add(groups[2], outcomes(9))
    costs.add(groups[3], outcomes(0.01))
    assert costs.left("network") == pytest.approx(2 * 0.01)
    assert costs.least("network") == pytest.approx(18.04)


def test_failures_tell_no_time():
    groups = [cells("moody", n) for n in (50, 50, 50)]
    costs = costs_of(groups)
    costs.add(groups[0], [{"error": "no", "scores": {}}])
    assert costs.unknown == ["moody"]
    costs.add(groups[1], outcomes(4))
    assert costs.left("moody") == pytest.approx(4)
    assert costs.unknown == ["moody"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.1, "1 s"),
        (7.4, "7 s"),
        (22, "20 s"),
        (57, "55 s"),
        (58, "1 min"),
        (147, "2 min 30 s"),
        (594, "9 min 50 s"),
        (596, "10 min"),
        (3569, "59 min"),
        (3571, "1 h"),
        (9_100, "2 h 30 min"),
    ],
)
def test_times_as_text(seconds, text):
    assert as_time(seconds) == text


def test_estimate_names_the_long_and_sums_up_the_short():
    totals = {"AutoARIMA": 240.0, "LSTM": 21.0, "naive": 0.1, "Theta": 4.0}
    assert estimate(totals, 150, 2) == (
        "AutoARIMA about 4 min, LSTM about 20 s, others under 15 s; all about 2 min 30 s "
        "on 2 workers."
    )
    assert estimate({"a": 3.0, "b": 4.0}, 15, 1) == (
        "each under 5 s; all about 15 s on 1 worker."
    )
