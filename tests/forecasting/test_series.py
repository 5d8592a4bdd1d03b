"""Series laid end to end: windows that never cross, targets that are never seen."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skforecast_lstm.forecasting._defaults import (
    Plan,
    default_block,
    default_lookback,
    season_of,
    usable_season,
)
from skforecast_lstm.forecasting._series import (
    Rows,
    Scale,
    Windows,
    last_windows,
    series_of,
    spread_of,
)

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=4)


def counted(lengths, n_known=0, n_ahead=0):
    """Series whose values tell the series and the row."""
    series = []
    for number, length in enumerate(lengths):
        rows = 1000.0 * number + np.arange(length)
        known = rows[0] + 0.5 + np.arange(length + n_ahead)
        series.append(
            Rows(
                rows[:, None],
                np.empty((length, 0)),
                np.repeat(known[:, None], n_known, axis=1),
            )
        )
    return series


class TestWindows:
    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 6))
    def test_a_window_holds_what_came_before_its_row_in_its_series(
        self, lengths, lookback, horizon
    ):
        if max(lengths) <= lookback:
            return
        series = counted(lengths)
        windows = Windows.of(series, lookback, horizon)
        for start, rows in zip(windows.starts, series, strict=True):
            for row in range(len(rows)):
                before = rows.targets[max(row - lookback, 0) : row, 0]
                expected = np.r_[np.full(lookback - len(before), np.nan), before]
                window = windows.inputs[start + row, :, 0]
                np.testing.assert_array_equal(window, expected)
                after = rows.targets[row : row + horizon, 0]
                expected = np.r_[after, np.full(horizon - len(after), np.nan)]
                np.testing.assert_array_equal(windows.targets[start + row], expected)

    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 6))
    def test_rows_between_series_can_not_be_learned_from(
        self, lengths, lookback, horizon
    ):
        if max(lengths) <= lookback:
            return
        windows = Windows.of(counted(lengths), lookback, horizon)
        own = np.zeros(len(windows.targets), dtype=bool)
        for start, length in zip(windows.starts, lengths, strict=True):
            own[start : start + length] = True
        complete = ~np.isnan(windows.inputs).any(axis=(1, 2))
        known = ~np.isnan(windows.targets).any(axis=1)
        assert not (complete & known & ~own).any()

    def test_windows_and_targets_are_views(self):
        windows = Windows.of(counted([1000, 500]), 100, 50)
        assert windows.inputs.strides[0] == windows.inputs.strides[1] == 4
        assert windows.targets.strides == (4, 4)

    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 6))
    def test_no_target_of_training_lies_at_or_behind_a_held_out_origin(
        self, lengths, lookback, horizon
    ):
        if max(lengths) <= lookback:
            return
        windows = Windows.of(counted(lengths), lookback, horizon)
        learn, try_on = windows.held_out(lookback, horizon)
        series = np.searchsorted(windows.starts, np.r_[learn, try_on], side="right")
        for number in np.unique(series):
            learned = learn[series[: len(learn)] == number]
            tried = try_on[series[len(learn) :] == number]
            if len(learned) and len(tried):
                assert learned.max() + horizon - 1 < tried.min()
        complete = ~np.isnan(windows.inputs).any(axis=(1, 2))
        known = ~np.isnan(windows.targets).any(axis=1)
        assert (complete & known)[np.r_[learn, try_on]].all()

    @given(length=st.integers(2, 12), ahead=st.integers(0, 5), horizon=st.integers(1, 5))
    def test_what_is_known_comes_at_its_row_and_ahead(self, length, ahead, horizon):
        (rows,) = counted([length], n_known=1, n_ahead=ahead)
        columns = rows.columns(horizon)
        np.testing.assert_array_equal(columns[:, 1], rows.known[:length, 0])
        later = np.minimum(np.arange(length) + horizon, length + ahead - 1)
        np.testing.assert_array_equal(columns[:, 2], rows.known[later, 0])

    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 4))
    def test_the_last_window_is_that_of_a_row_behind(self, lengths, lookback, horizon):
        if max(lengths) < lookback:
            return
        series = counted(lengths, n_known=1, n_ahead=2)
        longer = [rows.extended(np.zeros((1, 1))) for rows in series]
        windows = Windows.of(longer, lookback, horizon)
        expected = windows.inputs[windows.starts + windows.lengths - 1]
        np.testing.assert_array_equal(last_windows(series, lookback, horizon), expected)

    def test_what_is_unknown_stays_what_it_was_last_in_windows_only(self):
        rows = Rows(np.array([[1.0], [np.nan], [3.0]]), *np.empty((2, 3, 0)))
        windows = Windows.of([rows], lookback=2, horizon=1)
        assert windows.inputs[2].ravel().tolist() == [1, 1]
        np.testing.assert_array_equal(windows.targets.ravel(), [1, np.nan, 3])


class TestScale:
    def test_is_undone(self):
        values = np.array([[1.0, 5.0], [3.0, np.nan], [8.0, 5.0]])
        scale = Scale.of(values)
        scaled = scale.apply(values)
        np.testing.assert_allclose(np.nanmean(scaled, axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(np.abs(scaled[:, 0]).mean(), 1)
        np.testing.assert_allclose(scale.undo(scaled[..., None])[..., 0], values)

    def test_of_nothing_changes_nothing(self):
        scale = Scale.of(np.full((3, 1), np.nan))
        assert (scale.centre, scale.spread) == (0, 1)

    def test_spread_of_windows_leaves_out_what_is_unknown(self):
        windows = np.array([[[np.nan], [1.0], [3.0]], [[2.0], [2.0], [2.0]]])
        assert spread_of(windows).ravel().tolist() == [1, 1]
        assert spread_of(windows * 4).ravel().tolist() == [4, 1]


def test_series_of_a_frame_keep_their_own_times():
    index = pd.MultiIndex.from_tuples([("b", 1), ("b", 2), ("a", 5)])
    first, second = series_of(pd.DataFrame({"y": [1, 2, 3]}, index=index))
    assert (first.name, first.times.tolist()) == ("b", [1, 2])
    assert (second.name, second.values.tolist()) == ("a", [[3]])


class TestDefaults:
    @pytest.mark.parametrize(
        ("index", "season"),
        [
            (pd.period_range("2020", periods=9, freq="M"), 12),
            (pd.date_range("2020", periods=9, freq="MS"), 12),
            (pd.date_range("2020", periods=9, freq="ME"), 12),
            (pd.period_range("2020", periods=9, freq="Q"), 4),
            (pd.date_range("2020", periods=9, freq="QS"), 4),
            (pd.date_range("2020", periods=9, freq="W"), 52),
            (pd.date_range("2020", periods=9, freq="D"), 7),
            (pd.date_range("2020", periods=9, freq="B"), 5),
            (pd.date_range("2020", periods=9, freq="h"), 24),
            (pd.date_range("2020", periods=9, freq="30min"), 48),
            (pd.date_range("2020", periods=9, freq="6h"), 4),
            (pd.date_range("2020", periods=9, freq="2MS"), 6),
            (pd.date_range("2020", periods=9, freq="YS"), 1),
            (pd.DatetimeIndex(list(pd.date_range("2020", periods=9, freq="h"))), 24),
            (pd.bdate_range("2020", periods=40).delete([8, 30]), 5),
            (pd.date_range("2020", periods=40, freq="h").delete([8, 30]), 24),
            (pd.date_range("2020-01-15", periods=9, freq=pd.DateOffset(months=1)), 12),
            (pd.to_datetime([f"2020-{month:02}-15" for month in range(1, 12, 2)]), 6),
            (pd.date_range("2020", periods=40, freq="QE-NOV").delete([8]), 4),
            (pd.RangeIndex(9), 1),
            (pd.date_range("2020", periods=9, freq="ms"), 86_400_000),
            (pd.date_range("2020", periods=9, freq="ns"), 86_400 * 10**9),
            (pd.period_range("2020", periods=9, freq="100ns"), 864 * 10**9),
            (pd.date_range("2020", periods=9, freq="25h"), 1),
        ],
    )
    def test_season_of_a_frequency(self, index, season):
        assert season_of(index) == season

    def test_a_season_needs_three_of_it(self):
        assert usable_season(36, 12) == 12
        assert usable_season(35, 12) == 1

    @given(
        n_rows=st.integers(3, 10_000),
        horizon=st.integers(1, 100),
        season=st.sampled_from([1, 4, 12, 24, 52]),
        n_series=st.sampled_from([1, 1000]),
    )
    def test_there_are_always_windows_to_learn_from(
        self, n_rows, horizon, season, n_series
    ):
        season = usable_season(n_rows, season)
        n_all = n_rows * n_series
        lookback = default_lookback(n_rows, horizon, season, n_all=n_all)
        block = default_block(n_rows, horizon, lookback)
        assert lookback >= 1
        assert 1 <= block <= horizon
        assert n_rows - lookback - block + 1 >= 1
        assert lookback >= season

    @pytest.mark.parametrize(
        ("n_rows", "horizon", "season", "n_all", "lookback"),
        [
            (144, 12, 12, 144, 36),
            (80, 18, 12, 80, 24),
            (80, 18, 12, 800, 36),
            (144, 12, 12, 10_001, 72),
            (900, 13, 1, 300_000, 104),
            (900, 48, 24, 300_000, 384),
            (900, 48, 24, 900, 72),
        ],
    )
    def test_many_rows_are_looked_back_on_further(
        self, n_rows, horizon, season, n_all, lookback
    ):
        assert default_lookback(n_rows, horizon, season, n_all=n_all) == lookback

    @given(n_rows=st.integers(10, 10**7), season=st.sampled_from([1, 4, 12, 24, 168]))
    def test_a_plan_grows_with_the_rows(self, n_rows, season):
        lookback = 8 * season
        plan, larger = (Plan.of(n, lookback, season) for n in (n_rows, 4 * n_rows))
        assert 16 <= plan.units <= larger.units <= 64
        assert 32 <= plan.batch_size <= larger.batch_size <= 128
        assert 200 <= plan.n_batches <= larger.n_batches <= 6000
        assert plan.learning_rate >= larger.learning_rate
        if plan.segment:
            assert plan.segment % season == 0
            assert plan.segment <= lookback


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.0, 1e8, -12345.678, 0.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_steps", [3, 36, 1000])
def test_what_is_constant_does_not_vary(value, dtype, n_steps):
    windows = np.full((4, n_steps, 2), value, dtype)
    windows[1, 0] = np.nan
    scale = Scale.of(windows, axis=1)
    np.testing.assert_array_equal(scale.spread, 1.0)
    np.testing.assert_allclose(scale.centre, dtype(value), rtol=1e-12)
    windows[2, 1] += 1 + abs(dtype(value)) / 100
    assert (Scale.of(windows, axis=1).spread[2] != 1.0).all()
