"""The first law, through the whole pipeline: a prediction sees nothing too new."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skforecast_lstm import LookbackWindower, LSTMRegressor

N_ROWS = 14


@st.composite
def windowers(draw):
    horizon = draw(st.integers(0, 2))
    layout = draw(st.sampled_from(["sequence", "flat"]))
    if draw(st.booleans()):
        lags = draw(st.sets(st.integers(horizon, 5), min_size=1, max_size=3))
        return LookbackWindower(lags=sorted(lags), horizon=horizon, layout=layout)
    lookback, step = draw(st.sampled_from([(1, 1), (2, 1), (2, 2), (3, 1)]))
    return LookbackWindower(lookback, step=step, horizon=horizon, layout=layout)


def panel(n_series, rng):
    times = pd.date_range("2024-01-01", periods=N_ROWS, freq="D")
    if n_series == 1:
        index = times
    else:
        index = pd.MultiIndex.from_product([range(n_series), times])
    return pd.DataFrame({"x": rng.normal(size=len(index))}, index=index)


def head_and_tail(X, split):
    """Rows before and from a time on, of every series."""
    place = np.arange(len(X)) % N_ROWS
    return X[place < split], X[place >= split]


@given(
    windower=windowers(),
    n_series=st.integers(1, 3),
    split=st.integers(9, N_ROWS - 2),
    data=st.data(),
)
@settings(max_examples=25, deadline=None)
def test_what_came_too_late_changes_no_prediction(windower, n_series, split, data):
    X = panel(n_series, np.random.default_rng(0))
    pipe = make_pipeline(windower, LSTMRegressor(1, epochs=1, random_state=0))
    head, tail = head_and_tail(X, split)
    pipe.fit(head, head["x"])
    series = data.draw(st.integers(0, n_series - 1), label="series")
    t = data.draw(st.integers(split, N_ROWS - 1), label="t")

    changed = tail.copy()
    place = np.arange(len(tail)) % (N_ROWS - split) + split
    of_series = np.repeat(np.arange(n_series), N_ROWS - split)
    too_late = (of_series != series) | (place > t - windower.horizon)
    changed.loc[too_late, "x"] += 1000.0

    row = (of_series == series) & (place == t)
    before, after = pipe.predict(tail)[row], pipe.predict(changed)[row]
    np.testing.assert_array_equal(before, after)

    # The newest row that is in the window does change it.
    newest = windower.horizon if windower.lags is None else min(windower.lags)
    if t - newest >= split:
        seen = tail.copy()
        seen.loc[(of_series == series) & (place == t - newest), "x"] += 1000.0
        assert (pipe.predict(seen)[row] != before).all()


@given(windower=windowers(), n_splits=st.integers(2, 3))
@settings(max_examples=10, deadline=None)
def test_a_test_fold_is_predicted_from_the_history_it_has(windower, n_splits):
    X = panel(1, np.random.default_rng(1))
    regressor = LSTMRegressor(1, epochs=1, random_state=0)
    for train, test in TimeSeriesSplit(n_splits, test_size=2).split(X):
        pipe = make_pipeline(windower, regressor).fit(X.iloc[train], X.iloc[train, 0])
        whole = pipe[0].transform(X)
        np.testing.assert_array_equal(
            pipe.predict(X.iloc[test]), pipe[-1].predict(whole[test])
        )
