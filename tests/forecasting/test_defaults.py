"""Defaults of the forecaster: season, lookback, steps at once, size of the network."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skforecast_lstm.forecasting._defaults import (
    Plan,
    default_block,
    default_lookback,
    usable_season,
    usual_season,
)


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
        assert usual_season(index) == season

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

    @pytest.mark.parametrize(("n_rows", "share"), [(5_000, 1), (50_000, 2)])
    def test_beside_the_pretrained_network_many_rows_need_half(self, n_rows, share):
        alone, beside = (
            Plan.of(n_rows, 72, 24, shares=shares) for shares in (False, True)
        )
        assert beside.n_members * share == alone.n_members
        assert beside.n_batches == alone.n_batches // share
