"""Series laid end to end: windows that never cross, targets that are never seen."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from skforecast_lstm._series import ManySeries
from skforecast_lstm.forecasting._even_series import even_series
from skforecast_lstm.forecasting._windows import ScaledSeries, Windows, window_spread

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=4)


def counted(lengths, n_known=0, n_ahead=0):
    """Series whose values tell the series and the row."""
    values, ahead = [], []
    for number, length in enumerate(lengths):
        rows = 1000.0 * number + np.arange(length + n_ahead)
        known = np.repeat(rows[:, None] + 0.5, n_known, axis=1)
        values.append(np.column_stack([rows[:length], known[:length]]))
        ahead.append(known[length:])
    offsets = np.append(0, np.cumsum(lengths))
    series = ManySeries(np.concatenate(values), offsets, range(len(lengths)))
    return ScaledSeries(series, np.array(ahead))


def targets_of(scaled):
    """Return the targets of each series."""
    return np.split(scaled.series.values[:, 0], scaled.series.offsets[1:-1])


class TestWindows:
    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 6))
    def test_a_window_holds_what_came_before_its_row_in_its_series(
        self, lengths, lookback, horizon
    ):
        if max(lengths) <= lookback:
            return
        series = counted(lengths)
        windows = Windows.of(series, 1, lookback, horizon)
        for start, rows in zip(windows.starts, targets_of(series), strict=True):
            for row in range(len(rows)):
                before = rows[max(row - lookback, 0) : row]
                expected = np.r_[np.full(lookback - len(before), np.nan), before]
                window = windows.inputs[start + row, :, 0]
                np.testing.assert_array_equal(window, expected)
                after = rows[row : row + horizon]
                expected = np.r_[after, np.full(horizon - len(after), np.nan)]
                np.testing.assert_array_equal(windows.targets[start + row], expected)

    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 6))
    def test_rows_between_series_can_not_be_learned_from(
        self, lengths, lookback, horizon
    ):
        if max(lengths) <= lookback:
            return
        windows = Windows.of(counted(lengths), 1, lookback, horizon)
        own = np.zeros(len(windows.targets), dtype=bool)
        for start, length in zip(windows.starts, lengths, strict=True):
            own[start : start + length] = True
        complete = ~np.isnan(windows.inputs).any(axis=(1, 2))
        known = ~np.isnan(windows.targets).any(axis=1)
        assert not (complete & known & ~own).any()

    def test_windows_and_targets_are_views(self):
        windows = Windows.of(counted([1000, 500]), 1, 100, 50)
        assert windows.inputs.strides[0] == windows.inputs.strides[1] == 4
        assert windows.targets.strides == (4, 4)

    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 6))
    def test_no_target_of_training_lies_at_or_behind_a_held_out_origin(
        self, lengths, lookback, horizon
    ):
        if max(lengths) <= lookback:
            return
        windows = Windows.of(counted(lengths), 1, lookback, horizon)
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
        columns = counted([length], n_known=1, n_ahead=ahead).columns(horizon)
        known = 0.5 + np.arange(length + ahead)
        np.testing.assert_array_equal(columns[:, 1], known[:length])
        later = np.minimum(np.arange(length) + horizon, length + ahead - 1)
        np.testing.assert_array_equal(columns[:, 2], known[later])

    @given(lengths=lengths, lookback=st.integers(1, 6), horizon=st.integers(1, 4))
    def test_the_last_window_is_that_of_a_row_behind(self, lengths, lookback, horizon):
        if max(lengths) < lookback:
            return
        series = counted(lengths, n_known=1, n_ahead=2)
        longer = counted([length + 1 for length in lengths], n_known=1, n_ahead=1)
        windows = Windows.of(longer, 1, lookback, horizon)
        expected = windows.inputs[windows.starts + lengths]
        last = series.last_windows(lookback, horizon)
        np.testing.assert_array_equal(last.inputs(), expected)

    @given(lengths=lengths, lookback=st.integers(1, 6), n_steps=st.integers(1, 4))
    def test_the_last_windows_move_on_by_forecasts(self, lengths, lookback, n_steps):
        last = counted(lengths, n_known=1, n_ahead=4).last_windows(lookback, 1)
        n_all = np.array(lengths) + n_steps
        longer = counted(n_all.tolist(), n_known=1, n_ahead=4 - n_steps)
        ahead = [rows[-n_steps:] for rows in targets_of(longer)]
        last.move_on(np.array(ahead)[..., None])
        expected = longer.last_windows(lookback, 1).inputs()
        np.testing.assert_array_equal(last.inputs(), expected)

    def test_what_is_unknown_stays_what_it_was_last_in_windows_only(self):
        series = ManySeries(np.array([[1.0], [np.nan], [3.0]]), np.array([0, 3]))
        windows = Windows.of(ScaledSeries(series, np.empty((1, 0, 0))), 1, 2, 1)
        assert windows.inputs[2].ravel().tolist() == [1, 1]
        np.testing.assert_array_equal(windows.targets.ravel(), [1, np.nan, 3])


def test_spread_of_windows_leaves_out_what_is_unknown():
    windows = np.array([[[np.nan], [1.0], [3.0]], [[2.0], [2.0], [2.0]]])
    assert window_spread(windows).ravel().tolist() == [1, 1]
    assert window_spread(windows * 4).ravel().tolist() == [4, 1]


def test_series_of_a_frame_keep_their_own_times():
    index = pd.MultiIndex.from_tuples([("b", 1), ("b", 2), ("a", 5)])
    even = even_series(pd.DataFrame({"y": [1, 2, 3]}, index=index))
    assert even.series.names == ["b", "a"]
    assert even.series.offsets.tolist() == [0, 2, 3]
    assert even.series.values.tolist() == [[1], [2], [3]]
    times = [even.timelines[number].times.tolist() for number in even.timeline]
    assert times == [[1, 2], [5]]
