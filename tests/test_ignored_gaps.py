"""Windows of rows and not of steps, and the count of windows that cover a gap."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import CalendarFeatures, LookbackWindower, LSTMRegressor
from skforecast_lstm._gap_counts import n_windows_with_gaps
from skforecast_lstm.exceptions import IrregularTimesWarning, UnknownStepsWarning
from skforecast_lstm.targets import horizon_targets

KINDS = {
    "days": pd.date_range("2024-01-01", periods=60, freq="D").delete([1]),
    "months": pd.period_range("2020-01", periods=60, freq="M").delete([1]),
    "numbers": pd.RangeIndex(0, 180, 3).delete([1]),
}
LAGS = [
    {"lookback": 3},
    {"lookback": 2, "step": 3},
    {"lags": [1, 2, 7]},
]


def some_rows(seed, n_rows=40, kind="days"):
    """Rows at random times, with values that name the row."""
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(59, n_rows, replace=False))
    return pd.DataFrame({"v": 1.0 + np.arange(n_rows)}, index=KINDS[kind][places])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(list(KINDS)),
    st.sampled_from(LAGS),
    st.integers(20, 39),
)
def test_rows_follow_each_other_as_without_times(seed, kind, lags, n_fit):
    X = some_rows(seed, kind=kind)
    options = {"horizon": 1, "gaps": "ignore", **lags}
    windower = LookbackWindower(**options).fit(X[:n_fit])
    plain = LookbackWindower(**options).fit(X[:n_fit].reset_index(drop=True))
    every = plain.fit_transform(X.reset_index(drop=True))
    assert_array_equal(windower.fit_transform(X[:n_fit]), every[:n_fit])
    assert_array_equal(windower.transform(X[:n_fit]), every[:n_fit])
    distances = np.diff(X.index.asi8 if hasattr(X.index, "asi8") else X.index)
    follows = distances[n_fit - 1] <= distances[: n_fit - 1].max()
    with warnings.catch_warnings():
        # Without a history, the first windows have no known step.
        warnings.simplefilter("ignore", UnknownStepsWarning)
        later = windower.transform(X[n_fit:])
        alone = plain.transform(X[n_fit:].reset_index(drop=True))
    assert_array_equal(later, every[n_fit:] if follows else alone)


def test_rows_of_many_series_follow_each_other():
    parts = {name: some_rows(seed) * (1 + seed) for seed, name in enumerate("abc")}
    X = pd.concat(parts)
    windower = LookbackWindower(3, horizon=1, gaps="ignore")
    found = windower.fit_transform(X)
    of_each = [
        windower.fit_transform(part.reset_index(drop=True)) for part in parts.values()
    ]
    assert_array_equal(found, np.concatenate(of_each))
    # A series that was not in fit has no gaps either.
    windower.fit(X)
    new = pd.concat({"d": parts["a"], "a": parts["a"]})
    with pytest.warns(UnknownStepsWarning, match="^2 of 80 rows"):
        found = windower.transform(new)
    assert_array_equal(found, np.concatenate([of_each[0]] * 2))


def test_irregular_times_are_no_matter_then():
    times = pd.DatetimeIndex(["2024-01-01", "2024-01-02 03:00", "2024-02-05 11:11",
                              "2024-02-05 12:00", "2024-05-09 01:02"])  # fmt: skip
    X = pd.DataFrame({"v": np.arange(5.0)}, index=times)
    with pytest.warns(IrregularTimesWarning, match=r'use gaps="ignore"'):
        expected = LookbackWindower(2, horizon=1).fit_transform(X)
    found = LookbackWindower(2, horizon=1, gaps="ignore").fit_transform(X)
    assert_array_equal(found, expected)


def test_the_time_since_the_row_before_is_another_way():
    rng = np.random.default_rng(0)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        rng.gamma(1, 9, 80).cumsum(), "h"
    )
    X = pd.DataFrame({"v": rng.normal(size=80)}, index=times)
    pipe = make_pipeline(
        CalendarFeatures(["elapsed"]),
        StandardScaler(),
        LookbackWindower(3, horizon=1),
        LSTMRegressor(units=2, epochs=1, random_state=0),
    ).set_output(transform="pandas")
    # In the tests, an IrregularTimesWarning would be an error.
    pipe.fit(X[:70], X[:70])
    assert np.isfinite(pipe.predict(X[70:])).all()


def test_targets_ahead_are_rows_too():
    X = some_rows(0)
    found = horizon_targets(X, 3, gaps="ignore")
    assert_array_equal(found, horizon_targets(X.reset_index(drop=True), 3))
    assert np.isnan(horizon_targets(X, 3)[:-3]).any()
    with pytest.raises(ValueError, match="gaps must be one of"):
        horizon_targets(X, 3, gaps="no")


# ---------------------------------------------------------------- the count


@pytest.mark.filterwarnings("ignore:The times of series:UserWarning")
@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sets(st.integers(0, 49), min_size=40, max_size=48), min_size=1, max_size=3
    ),
    st.sampled_from(LAGS),
    st.integers(0, 1),
)
def test_the_count_is_that_of_a_slow_loop(series, lags, horizon):
    days = pd.date_range("2024-01-01", periods=50, freq="D")
    X = pd.concat(
        {
            name: pd.DataFrame({"v": 1.0}, index=days[sorted(places)])
            for name, places in enumerate(series)
        }
    )
    windower = LookbackWindower(**{"horizon": horizon, **lags})
    checked, _ = windower.fit(X)._validate(X, reset=True)
    calendars = windower._calendars(checked)
    # On other calendars, the steps that are missing are not all days.
    day = 86_400 * 10**9
    assume(all((one.step, one.closed) == (day, ()) for one in calendars.calendars))
    known = windower._known(checked, calendars)
    n_touched = n_gaps = 0
    for places in series:
        for place in places:
            steps = [place - lag for lag in windower.lags_]
            n_touched += any(min(places) < s and s not in places for s in steps)
        n_gaps += sum(min(places) < place and place - 1 not in places for place in places)
    assert n_windows_with_gaps(known, windower.lags_) == (n_touched, n_gaps)


def test_many_windows_with_gaps_are_said_once_in_fit():
    days = pd.date_range("2024-01-01", periods=600, freq="D")
    kept = np.arange(600) % 10 != 7
    kept[:7] = True
    X = pd.DataFrame({"v": np.arange(600.0)}, index=days)[kept]
    windower = LookbackWindower(3, horizon=1)
    message = "179 of 540 windows cover one of the 60 gaps in the index"
    with pytest.warns(UnknownStepsWarning, match=message) as caught:
        windower.fit_transform(X)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    # In the tests, a second warning would be an error.
    windower.transform(X)
    LookbackWindower(3, horizon=1, gaps="ignore").fit_transform(X)
    # Few windows do not matter.
    LookbackWindower(3, horizon=1).fit_transform(X[:150])


def test_what_is_no_way_with_gaps():
    with pytest.raises(ValueError, match=r"gaps must be one of \('nan', 'ignore'\)"):
        LookbackWindower(gaps="rows").fit(np.ones((20, 1)))
