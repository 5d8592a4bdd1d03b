"""What LookbackWindower promises, each promise beside a slow and obvious answer."""

import copy
import pickle
import tracemalloc
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.lib.array_utils import byte_bounds
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from skforecast_lstm import LookbackWindower, LSTMRegressor, UnknownStepsWarning

law = settings(max_examples=100, deadline=None)
hard_law = settings(max_examples=400, deadline=None)


# ---------------------------------------------------------------- the obvious answer


def lags_of(windower):
    """Distances back from a row to the steps of its window, oldest first."""
    if windower.lags is not None:
        return sorted(windower.lags, reverse=True)
    steps = range(windower.lookback)
    return [windower.horizon + windower.step * k for k in reversed(steps)]


def expected(windower, X):
    """The windows of one series with nothing before it, value by value."""
    X = np.asarray(X)
    X = X if X.dtype == np.float32 else X.astype(np.float64)
    lags = lags_of(windower)
    windows = np.full((len(X), len(lags), X.shape[1]), np.nan, dtype=X.dtype)
    for t in range(len(X)):
        for k, lag in enumerate(lags):
            if t - lag >= 0:
                windows[t, k] = X[t - lag]
            elif windower.warmup == "edge" and t - windower.horizon >= 0:
                windows[t, k] = X[0]
    return windows if windower.layout == "sequence" else windows.reshape(len(X), -1)


def assert_same(windows, answer):
    """Same shape, same dtype, same values, NaN where NaN is due."""
    assert_array_equal(windows, answer, strict=True)


def values(n_rows, n_features=1, dtype=np.float64):
    """A table in which no value comes twice."""
    return np.arange(1, n_rows * n_features + 1, dtype=dtype).reshape(n_rows, -1)


@st.composite
def windowers(draw, warmups=("nan", "edge")):
    """Unfitted windowers, by lookback and step or by lags."""
    horizon = draw(st.integers(0, 4))
    shared = {
        "horizon": horizon,
        "layout": draw(st.sampled_from(["sequence", "flat"])),
        "warmup": draw(st.sampled_from(warmups)),
    }
    if draw(st.booleans()):
        lags = st.lists(
            st.integers(horizon, horizon + 8), min_size=1, max_size=5, unique=True
        )
        return LookbackWindower(lags=draw(lags), **shared)
    steps = {"lookback": draw(st.integers(1, 5)), "step": draw(st.integers(1, 3))}
    return LookbackWindower(**steps, **shared)


# ---------------------------------------------------------------- what a window holds


@law
@given(
    windower=windowers(warmups=("nan", "edge", "error")),
    more_rows=st.integers(0, 12),
    n_features=st.integers(1, 3),
    dtype=st.sampled_from([np.float32, np.float64, np.int64, np.int8, bool]),
)
def test_every_step_of_every_window_is_the_row_it_names(
    windower, more_rows, n_features, dtype
):
    X = values(lags_of(windower)[0] + 1 + more_rows, n_features, np.int64).astype(dtype)
    windows = windower.fit_transform(X)
    assert_same(windows, expected(windower, X))
    assert windows.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert len(windows) == len(X)
    if windower.warmup != "error":
        assert_same(clone(windower).fit(X).transform(X), windows)


def test_lags_are_given_in_any_order_and_read_oldest_first():
    windower = LookbackWindower(lags=np.array([1, 7, 2]), horizon=1).fit(values(9))
    assert windower.lags_.tolist() == [7, 2, 1]
    assert windower.transform(values(9))[8].ravel().tolist() == [2, 7, 8]


def test_lookback_is_not_read_where_lags_are_given():
    windows = LookbackWindower("unused", lags=[2, 1]).fit_transform(values(4))
    assert_same(windows, expected(LookbackWindower(2, horizon=1), values(4)))


@law
@given(windower=windowers(), n_features=st.integers(1, 3))
def test_flat_is_the_sequence_reshaped(windower, n_features):
    X = values(lags_of(windower)[0] + 5, n_features)
    sequences = windower.set_params(layout="sequence").fit_transform(X)
    flat = windower.set_params(layout="flat").fit_transform(X)
    assert_same(flat, sequences.reshape(len(X), -1))


# ---------------------------------------------------------------- a window costs nothing


@law
@given(
    windower=windowers(),
    n_features=st.integers(1, 2),
    series=st.sampled_from([["a"], ["a", "b"]]),
)
def test_windows_cannot_be_written(windower, n_features, series):
    reach = lags_of(windower)[0]
    X = pd.DataFrame(
        values(len(series) * (reach + 3), n_features),
        index=pd.MultiIndex.from_product([series, range(reach + 3)]),
    )
    head = X.groupby(level=0).head(reach + 2)
    tail = X.groupby(level=0).tail(1)
    for windows in (windower.fit_transform(X), windower.fit(head).transform(tail)):
        with pytest.raises(ValueError, match="read-only"):
            windows[...] = 0


@pytest.mark.parametrize(
    ("params", "n_features"),
    [
        ({"lookback": 500}, 1),
        ({"lookback": 500}, 3),
        ({"lookback": 500, "horizon": 7}, 3),
        ({"lookback": 100, "step": 5}, 3),
        ({"lags": list(range(3, 500, 7))}, 3),
        ({"lookback": 500, "layout": "flat"}, 1),
        ({"lookback": 500, "layout": "flat"}, 3),
        ({"lookback": 100, "step": 5, "layout": "flat"}, 1),
        ({"lookback": 500, "warmup": "edge"}, 3),
    ],
    ids=str,
)
def test_windows_are_a_view_of_one_series(params, n_features):
    X = values(2000, n_features, np.float32)
    # What is imported at first use is not counted.
    windower = LookbackWindower(**params).fit(X)

    tracemalloc.start()
    windows = windower.fit_transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    first, last = byte_bounds(windows)
    with_past = (len(X) + lags_of(windower)[0]) * X.itemsize * n_features
    assert last - first <= with_past
    assert windows.nbytes > 20 * with_past
    assert peak < 3 * with_past
    distance = windower.lags_[0] - windower.lags_[1]
    sequences = windows.reshape(len(X), -1, n_features)
    assert np.shares_memory(sequences[distance, 0], sequences[0, 1])


def test_windows_and_history_are_not_tied_to_the_array_given():
    X = values(10)
    frame = pd.DataFrame(X, copy=False)
    windower = LookbackWindower(3).fit(frame.iloc[:6])
    windows = windower.transform(frame.iloc[6:])
    before = windows.copy()
    X[:] = -1
    assert_same(windows, before)
    tail = pd.DataFrame(values(10)).iloc[6:]
    assert_same(windower.transform(tail), before)


# ---------------------------------------------------------------- names and containers


@pytest.mark.parametrize(
    ("X", "names"),
    [
        (
            pd.DataFrame(values(5, 2), columns=["price", "sold"]),
            ["price_lag3", "sold_lag3", "price_lag1", "sold_lag1"],
        ),
        (
            pl.DataFrame(values(5, 2), schema=["price", "sold"]),
            ["price_lag3", "sold_lag3", "price_lag1", "sold_lag1"],
        ),
        (pa.table({"price": range(5)}), ["price_lag3", "price_lag1"]),
        (pd.Series(range(5), name="price"), ["price_lag3", "price_lag1"]),
        (pl.Series("price", range(5)), ["price_lag3", "price_lag1"]),
        (pd.Series(range(5)), ["x0_lag3", "x0_lag1"]),
        (pl.Series(range(5)), ["x0_lag3", "x0_lag1"]),
        (values(5), ["x0_lag3", "x0_lag1"]),
    ],
    ids=[
        "pandas frame",
        "polars frame",
        "pyarrow table",
        "pandas series",
        "polars series",
        "pandas series without a name",
        "polars series without a name",
        "array",
    ],
)
def test_flat_columns_are_named_by_their_lag(X, names):
    windower = LookbackWindower(lags=[1, 3], layout="flat").fit(X)
    assert windower.get_feature_names_out().tolist() == names


def test_names_for_columns_that_had_none():
    windower = LookbackWindower(2, layout="flat").fit(values(5))
    names = windower.get_feature_names_out(["price"])
    assert names.tolist() == ["price_lag1", "price_lag0"]


def test_sequences_have_no_column_names():
    assert not hasattr(LookbackWindower(2).fit(values(5)), "get_feature_names_out")


def test_flat_windows_as_a_pandas_frame_keep_the_index():
    index = pd.date_range("2024-01-01", periods=6, freq="D", name="day")
    X = pd.DataFrame({"price": range(6)}, index=index)
    windower = LookbackWindower(2, horizon=1, layout="flat")
    windows = clone(windower).set_output(transform="pandas").fit_transform(X)
    pd.testing.assert_index_equal(windows.index, index)
    assert windows.columns.tolist() == ["price_lag2", "price_lag1"]
    assert_same(windows.to_numpy(), expected(windower, X))


def test_flat_windows_as_a_polars_frame():
    X = pl.DataFrame({"price": range(6)})
    windower = LookbackWindower(2, horizon=1, layout="flat")
    windows = clone(windower).set_output(transform="polars").fit_transform(X)
    assert isinstance(windows, pl.DataFrame)
    assert windows.columns == ["price_lag2", "price_lag1"]
    assert_same(windows.to_numpy(), expected(windower, X))


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_sequences_stay_an_array_whatever_the_output_set(container):
    X = pd.DataFrame({"price": values(6).ravel()})
    windower = LookbackWindower(2)
    pipeline = make_pipeline(StandardScaler(with_mean=False, with_std=False), windower)
    windows = pipeline.set_output(transform=container).fit_transform(X)
    assert isinstance(windows, np.ndarray)
    assert_same(windows, expected(windower, X))
    with config_context(transform_output=container):
        assert isinstance(LookbackWindower(2).fit(X).transform(X), np.ndarray)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_set_output_transform,
        estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_set_output_transform_polars,
        estimator_checks.check_global_output_transform_pandas,
        estimator_checks.check_global_set_output_transform_polars,
        estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas,
    ],
    ids=lambda check: check.__name__,
)
@pytest.mark.parametrize("warmup", ["nan", "edge"])
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
def test_scikit_learn_checks_of_output_and_names(check, warmup):
    windower = LookbackWindower(2, horizon=1, layout="flat", warmup=warmup)
    check("LookbackWindower", windower)


# ---------------------------------------------------------------- what can be given


def memory_mapped(X, folder):
    np.save(folder / "series.npy", X)
    return np.load(folder / "series.npy", mmap_mode="r")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "container",
    [
        lambda X, folder: np.asfortranarray(X),
        lambda X, folder: np.repeat(X, 2, axis=0)[::2],
        lambda X, folder: X.tolist(),
        lambda X, folder: pd.DataFrame(X, columns=["price", "sold"]),
        lambda X, folder: pd.DataFrame(X, index=list("abcdefghij")),
        lambda X, folder: pl.DataFrame(X, schema=["price", "sold"]),
        lambda X, folder: pa.table({"price": X[:, 0], "sold": X[:, 1]}),
        memory_mapped,
    ],
    ids=[
        "F order",
        "strided",
        "list",
        "pandas",
        "pandas strings",
        "polars",
        "pyarrow",
        "memmap",
    ],
)
def test_windows_are_the_same_from_any_table(container, dtype, tmp_path):
    X = values(10, 2, dtype)
    X[4, 1] = np.nan
    given_table = container(X, tmp_path)
    windower = LookbackWindower(3, horizon=1)
    windows = windower.fit_transform(given_table)
    # A list says nothing of its precision.
    answer = expected(windower, X.astype(float) if isinstance(given_table, list) else X)
    assert_same(windows, answer)
    assert_same(windower.transform(given_table), answer)


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(range(1, 9), name="price"),
        pd.Series(range(1, 9)),
        pd.Series(range(1, 9), index=pd.date_range("2024-01-01", periods=8)),
        pl.Series("price", range(1, 9)),
        pl.Series(range(1, 9)),
    ],
    ids=["pandas", "pandas without a name", "pandas dated", "polars", "polars no name"],
)
def test_a_series_is_a_table_of_one_column(series):
    windower = LookbackWindower(3, horizon=1)
    assert_same(windower.fit_transform(series), expected(windower, values(8)))
    assert_same(windower.transform(series), expected(windower, values(8)))


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"sold": pd.array([1, None, 3, 4], dtype="Int64")}),
        pl.DataFrame({"sold": [1, None, 3, 4]}),
        np.array([[1], [np.nan], [3], [4]]),
    ],
    ids=["pandas", "polars", "numpy"],
)
def test_a_missing_value_stays_unknown_in_every_window_that_holds_it(X):
    windows = LookbackWindower(2, layout="flat").fit_transform(X)
    nan = np.nan
    assert_same(windows, np.array([[nan, 1], [1, nan], [nan, 3], [3, 4]]))


# ---------------------------------------------------------------- before the first row


@law
@given(windower=windowers(warmups=["edge"]), n_features=st.integers(1, 3))
def test_edge_shows_nothing_before_it_is_known_and_something_after(windower, n_features):
    windows = windower.fit_transform(values(lags_of(windower)[0] + 5, n_features))
    windows = windows.reshape(len(windows), -1)
    assert np.isnan(windows[: windower.horizon]).all()
    assert not np.isnan(windows[windower.horizon :]).any()


def test_edge_repeats_the_oldest_row_of_a_history_that_is_too_short():
    index = pd.MultiIndex.from_tuples(
        [("long", t) for t in range(6)] + [("short", t) for t in range(4)]
    )
    X = pd.DataFrame({"price": range(10)}, index=index, dtype=float)
    is_head = [True] * 6 + [True, True, False, False]
    windower = LookbackWindower(4, horizon=1, warmup="edge").fit(X[is_head])
    windows = windower.transform(X[np.logical_not(is_head)])
    assert windows[:, :, 0].tolist() == [[6, 6, 6, 7], [6, 6, 7, 8]]


def test_error_raises_in_transform_where_the_past_is_not_known():
    X = pd.DataFrame(values(10))
    windower = LookbackWindower(3, warmup="error")
    whole = windower.fit_transform(X)
    assert_same(whole, expected(windower, X))
    with pytest.raises(
        ValueError, match=r"need 2 rows before them, but only 0 are known"
    ):
        windower.transform(X)
    windower.fit(X.iloc[:6])
    assert_same(windower.transform(X.iloc[6:]), whole[6:])
    with pytest.raises(ValueError, match=r"warmup='error'"):
        windower.transform(X.iloc[7:])


def test_error_names_the_series_whose_past_is_not_known():
    index = pd.MultiIndex.from_product([["a", "b"], range(5)])
    X = pd.DataFrame(values(10), index=index)
    windower = LookbackWindower(3, warmup="error").fit(X.loc[["a"]])
    with pytest.raises(ValueError, match=r"series 'b' need 2 rows .* 0 are known"):
        windower.transform(X.loc[["b"]])


def test_error_asks_nothing_of_windows_without_a_past():
    windower = LookbackWindower(1, warmup="error").fit(values(3))
    assert windower.transform(values(3)).ravel().tolist() == [1, 2, 3]


# ---------------------------------------------------------------- history by index


def every_second(index):
    """What a boolean mask leaves of an index: as regular, and without its freq."""
    masked = index[np.arange(len(index)) % 2 == 0]
    assert masked.freq is None
    return masked


INDEXES = {
    "counter": lambda n: pd.RangeIndex(n),
    "counter by twos": lambda n: pd.RangeIndex(5, 5 + 2 * n, 2),
    "unsigned": lambda n: pd.Index(np.arange(n, dtype=np.uint64)),
    "floats": lambda n: pd.Index(np.arange(n) * 0.1),
    "hours": lambda n: pd.date_range("2024-02-28", periods=n, freq="h"),
    "days no freq": lambda n: every_second(
        pd.date_range("2024", periods=2 * n, freq="12h")
    ),
    "business days": lambda n: pd.date_range("2024", periods=n, freq="B"),
    "shop days": lambda n: pd.date_range(
        "2024", periods=n, freq=pd.offsets.CustomBusinessDay(weekmask="Tue Thu Fri Sat")
    ),
    "months": lambda n: pd.date_range("2024", periods=n, freq="MS"),
    "hours in Berlin": lambda n: pd.date_range(
        "2024-03-30", periods=n, freq="h", tz="Europe/Berlin"
    ),
    "days in Berlin": lambda n: pd.date_range(
        "2024-03-25", periods=n, freq="D", tz="Europe/Berlin"
    ),
    "years": lambda n: pd.date_range("1500", periods=n, freq="YS", unit="s"),
    "periods": lambda n: pd.period_range("2024-01", periods=n, freq="M"),
    "timedeltas": lambda n: pd.timedelta_range("3h", periods=n, freq="15min"),
    "timedeltas no freq": lambda n: every_second(
        pd.timedelta_range("3h", periods=2 * n, freq="min")
    ),
}


def held_by(holder, times):
    """The same index in another container."""
    return lambda n: holder(times(n))


def arrow(name):
    return lambda times: pd.Index(times).astype(f"{name}[pyarrow]")


HOURS = INDEXES["hours"]
INDEXES |= {
    "hours in objects": held_by(lambda times: times.astype(object), HOURS),
    "hours of the library": held_by(
        lambda times: pd.Index([*times.to_pydatetime()], dtype=object), HOURS
    ),
    "hours of several zones": held_by(
        lambda times: pd.Index(
            [
                moment.tz_convert(f"Etc/GMT-{1 + row // 9}")
                for row, moment in enumerate(times.tz_localize("UTC"))
            ],
            dtype=object,
        ),
        HOURS,
    ),
    "dates": lambda n: pd.Index(
        [day.date() for day in pd.date_range("2024-02-20", periods=n)], dtype=object
    ),
    "periods in objects": held_by(lambda times: times.astype(object), INDEXES["periods"]),
    "durations in objects": held_by(
        lambda times: times.astype(object), INDEXES["timedeltas"]
    ),
    "halves in objects": lambda n: pd.Index(
        [row // 2 if row % 2 == 0 else row / 2 for row in range(n)], dtype=object
    ),
    "decimals": lambda n: pd.Index([Decimal(row) / 4 for row in range(n)], dtype=object),
    "numbers in objects": lambda n: pd.Index([*range(n)], dtype=object),
    "categories of hours": held_by(pd.CategoricalIndex, HOURS),
    "categories of numbers": lambda n: pd.CategoricalIndex(range(n)),
    "hours of arrow": held_by(arrow("timestamp[us]"), HOURS),
    "hours of arrow in Berlin": held_by(
        arrow("timestamp[ns, tz=Europe/Berlin]"), INDEXES["hours in Berlin"]
    ),
    "dates of arrow": held_by(
        arrow("date32[day]"), lambda n: pd.date_range("2024-02-20", periods=n)
    ),
    "durations of arrow": held_by(arrow("duration[ns]"), INDEXES["timedeltas"]),
    "numbers of arrow": held_by(arrow("int64"), pd.RangeIndex),
    "nullable numbers": lambda n: pd.Index(pd.array(range(n), dtype="Int64")),
}
any_index = pytest.mark.parametrize("make_index", INDEXES.values(), ids=INDEXES)


@any_index
def test_rows_that_directly_follow_have_their_history_wherever_the_split(make_index):
    X = pd.DataFrame(values(60), index=make_index(60))
    windower = LookbackWindower(3, horizon=1)
    whole = expected(windower, X)
    without_history = [
        split
        for split in range(5, 60)
        if np.isnan(windower.fit(X.iloc[:split]).transform(X.iloc[split:])).any()
    ]
    assert without_history == []
    assert_same(windower.fit(X.iloc[:30]).transform(X.iloc[30:]), whole[30:])


@law
@given(
    windower=windowers(),
    index=st.sampled_from(sorted(INDEXES)),
    n_features=st.integers(1, 2),
    n_after_complete=st.integers(1, 8),
    n_tail=st.integers(1, 8),
)
def test_a_tail_behind_its_head_is_a_slice_of_the_whole(
    windower, index, n_features, n_after_complete, n_tail
):
    split = lags_of(windower)[0] + n_after_complete + 1
    n_rows = split + n_tail
    X = pd.DataFrame(values(n_rows, n_features), index=INDEXES[index](n_rows))
    whole = expected(windower, X)
    windower.fit(X.iloc[:split])
    assert_same(windower.transform(X.iloc[split:]), whole[split:])
    # The fold it was fitted on does not get its own end put before its beginning.
    assert_same(windower.transform(X.iloc[:split]), whole[:split])


def test_without_a_frequency_a_row_follows_at_any_step_seen_in_fit():
    days = pd.DataFrame(values(30), index=pd.date_range("2024", periods=30))
    X = days[days.index.day_of_week < 5]
    windower = LookbackWindower(3)
    whole = expected(windower, X)
    # Steps over a weekend are known once a weekend has been seen.
    for split in range(6, len(X)):
        windower.fit(X.iloc[:split])
        assert_same(windower.transform(X.iloc[split:]), whole[split:])


NOT_FOLLOWING = {
    "gap": (pd.RangeIndex(10), pd.RangeIndex(11, 15)),
    "overlap": (pd.RangeIndex(10), pd.RangeIndex(9, 13)),
    "the same again": (pd.RangeIndex(10), pd.RangeIndex(4)),
    "earlier": (pd.RangeIndex(4, 14), pd.RangeIndex(4)),
    "nearer": (pd.RangeIndex(0, 20, 2), pd.RangeIndex(19, 23)),
    "day missing": (
        pd.date_range("2024-01-01", "2024-01-10"),
        pd.date_range("2024-01-12", "2024-01-15"),
    ),
    "day missing, no freq": (
        every_second(pd.date_range("2024-01-01", periods=20, freq="12h")),
        pd.date_range("2024-01-12", "2024-01-15"),
    ),
    "nearer than any day, no freq": (
        every_second(pd.date_range("2024-01-01", periods=20, freq="12h")),
        pd.date_range("2024-01-10 12:00", periods=4),
    ),
    "day twice": (
        pd.date_range("2024-01-01", "2024-01-10"),
        pd.date_range("2024-01-10", "2024-01-13"),
    ),
    "business day missing": (
        pd.date_range("2024-01-01", "2024-01-12", freq="B"),
        pd.date_range("2024-01-16", periods=4, freq="B"),
    ),
    "weekend is no business day": (
        pd.date_range("2024-01-01", "2024-01-12", freq="B"),
        pd.date_range("2024-01-13", periods=4),
    ),
    "month missing": (
        pd.date_range("2024-01-01", periods=10, freq="MS"),
        pd.date_range("2024-12-01", periods=4, freq="MS"),
    ),
    "period missing": (
        pd.period_range("2024-01", periods=10, freq="M"),
        pd.period_range("2024-12", periods=4, freq="M"),
    ),
    "period of another length": (
        pd.period_range("1970-01-01", periods=10, freq="D"),
        pd.period_range("1970-11", periods=4, freq="M"),
    ),
    "strings": (pd.Index(list("abcdefghij")), pd.Index(list("klmn"))),
    "dates behind integers": (
        pd.RangeIndex(10),
        pd.DatetimeIndex(np.arange(10, 14), dtype="datetime64[ns]"),
    ),
    "durations behind dates": (
        pd.date_range("1970-01-01", periods=10),
        pd.timedelta_range("10D", periods=4),
    ),
    "local time behind world time": (
        pd.date_range("2024-01-01", periods=10, tz="UTC"),
        pd.date_range("2024-01-11", periods=4),
    ),
    "series behind one series": (
        pd.RangeIndex(10),
        pd.MultiIndex.from_product([["a"], range(10, 14)]),
    ),
}


@pytest.mark.parametrize(("head", "tail"), NOT_FOLLOWING.values(), ids=NOT_FOLLOWING)
def test_rows_that_do_not_directly_follow_have_no_history(head, tail):
    X = pd.DataFrame(values(10), index=head)
    after = pd.DataFrame(values(14)[10:], index=tail)
    windower = LookbackWindower(3, horizon=1).fit(X)
    with pytest.warns(UnknownStepsWarning, match="^2 of 4 rows .* the first at row 0"):
        windows = windower.transform(after)
    assert_same(windows, expected(windower, after))


@pytest.mark.parametrize(
    "as_table",
    [lambda X: X.to_numpy(), lambda X: pl.DataFrame(X.to_numpy())],
    ids=["numpy", "polars"],
)
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
def test_tables_without_an_index_have_no_history(as_table):
    X = pd.DataFrame(values(14))
    head, tail = X.iloc[:10], X.iloc[10:]
    windower = LookbackWindower(3, horizon=1)
    alone = expected(windower, tail)
    for table in (head, as_table(head)):
        windower.fit(table)
        with pytest.warns(UnknownStepsWarning, match="^2 of 4 rows .* wholly or mostly"):
            assert_same(windower.transform(as_table(tail)), alone)


def test_the_beginning_of_a_series_of_fit_is_no_missing_history():
    X = panel(["a", "b"] * 12)
    windower = LookbackWindower(4, horizon=1).fit(X)
    windower.transform(X)
    windower.transform(X.iloc[:3])
    array = X.to_numpy()
    windower.fit(array).transform(array[:5])
    # Another series, or the same one from a later row on.
    for other in (array[1:], array[-1:], array + 1):
        with pytest.warns(UnknownStepsWarning, match=r" rows have a window that is whol"):
            windower.transform(other)


@pytest.mark.parametrize(
    ("windower", "n_rows"),
    [
        (LookbackWindower(4), 1),
        (LookbackWindower(5, horizon=2), 4),
        (LookbackWindower(lags=[1, 2, 24]), 2),
        (LookbackWindower(1), 0),
        (LookbackWindower(4, horizon=1, warmup="edge"), 0),
    ],
)
def test_rows_are_told_if_over_half_of_their_steps_are_unknown(windower, n_rows):
    X = values(60)
    windower.fit(X)
    # By hand: a step is unknown if it is before the first row.
    unknown = [np.mean(windower.lags_ > row) for row in range(30)]
    assert n_rows in (0, np.sum(np.array(unknown) > 0.5))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        windower.transform(X[30:])
    assert len(said) == (n_rows > 0)
    if n_rows:
        assert str(said[0].message).startswith(f"{n_rows} of 30 rows have a window")
        assert said[0].filename == __file__


def test_the_newest_row_alone_is_told_through_a_pipeline():
    X = values(40)
    pipe = make_pipeline(LookbackWindower(4, horizon=1), LSTMRegressor(2, epochs=1))
    pipe.fit(X, X)
    with pytest.warns(UnknownStepsWarning, match=r"^1 of 1 rows .*Give the 4 rows bef"):
        pipe.predict(X[-1:])
    with pytest.warns(UnknownStepsWarning, match=r"^2 of 20 rows"):
        pipe.score(X[20:], X[20:])


@any_index
def test_folds_of_a_time_series_split(make_index):
    X = pd.DataFrame(values(40, 2), index=make_index(40))
    windower = LookbackWindower(4, horizon=1)
    whole = expected(windower, X)
    for train, test in TimeSeriesSplit(4).split(X):
        assert_same(windower.fit_transform(X.iloc[train]), whole[train])
        assert_same(windower.transform(X.iloc[train]), whole[train])
        assert_same(windower.transform(X.iloc[test]), whole[test])
    for train, test in TimeSeriesSplit(4, gap=1).split(X):
        windower.fit(X.iloc[train])
        alone = expected(windower, X.iloc[test])
        with pytest.warns(UnknownStepsWarning, match="Give the 4 rows before them too"):
            assert_same(windower.transform(X.iloc[test]), alone)


# ---------------------------------------------------------------- many series


def panel(order, n_features=1, time_level=pd.RangeIndex, starts=None):
    """A frame with one row for every name in `order`, series by series in time."""
    starts = starts or {}
    times = [
        starts.get(name, 0) + order[:row].count(name) for row, name in enumerate(order)
    ]
    index = pd.MultiIndex.from_arrays(
        [order, time_level(max(times) + 1)[times]], names=["shop", "time"]
    )
    return pd.DataFrame(values(len(order), n_features), index=index)


def rows_of(X):
    """The positions of the rows of every series."""
    names = X.index.droplevel(-1)
    return {name: np.flatnonzero(names == name) for name in names.unique()}


def expected_of_panel(windower, X):
    """The windows of every series as if there were no other."""
    windows = expected(windower, X)
    for rows in rows_of(X).values():
        windows[rows] = expected(windower, X.iloc[rows])
    return windows


@st.composite
def orders(draw, rows_of_longest):
    """Names of three series in any order, the first with at least so many rows."""
    others = draw(st.lists(st.sampled_from("abc"), max_size=12))
    names = ["a"] * rows_of_longest + others
    arrange = draw(
        st.sampled_from(["blocks", "blocks in another order", "time by time", "any"])
    )
    if arrange == "any":
        return draw(st.permutations(names))
    if arrange == "time by time":
        time = {row: names[:row].count(name) for row, name in enumerate(names)}
        return [
            names[row] for row in sorted(time, key=lambda row: (time[row], names[row]))
        ]
    return sorted(names, reverse=arrange != "blocks")


starts = st.fixed_dictionaries({name: st.integers(0, 3) for name in "abc"})
time_levels = st.sampled_from(
    [
        pd.RangeIndex,
        lambda n: pd.date_range("2024", periods=n),
        lambda n: pd.period_range("2024", periods=n, freq="Q"),
    ]
)
label_levels = st.just(lambda n: pd.Index([f"step {i:03}" for i in range(n)]))


@law
@given(data=st.data(), windower=windowers(warmups=("nan", "edge", "error")))
def test_windows_of_a_series_are_what_they_are_alone(data, windower):
    order = data.draw(orders(lags_of(windower)[0] + 1))
    n_features = data.draw(st.integers(1, 2))
    X = panel(order, n_features, data.draw(time_levels | label_levels), data.draw(starts))
    assert_same(windower.fit_transform(X), expected_of_panel(windower, X))


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
@law
@given(data=st.data(), windower=windowers())
def test_every_series_has_its_own_history_and_a_new_one_has_none(data, windower):
    complete = max(lags_of(windower)[0] + 1, 2)
    X = panel(
        data.draw(orders(complete)),
        time_level=data.draw(time_levels),
        starts=data.draw(starts),
    )
    is_head = np.zeros(len(X), dtype=bool)
    for name, rows in rows_of(X).items():
        # From a single row there is no telling when the next is due.
        shortest = [complete] if name == "a" else [0, *range(2, len(rows) + 1)]
        is_head[rows[: data.draw(st.sampled_from(shortest))]] = True
    assume(not is_head.all())
    windower.fit(X[is_head])
    whole = expected_of_panel(windower, X)
    assert_same(windower.transform(X[~is_head]), whole[~is_head])
    # The fold it was fitted on does not get its own end put before its beginning.
    assert_same(windower.transform(X[is_head]), whole[is_head])


def test_a_series_that_skips_a_time_has_no_history_and_the_others_have_theirs():
    X = panel(["a", "b"] * 6)
    times = X.index.get_level_values("time")
    is_b = X.index.get_level_values("shop") == "b"
    tail = X[(times == 5) | ((times == 4) & ~is_b)]
    windows = LookbackWindower(2, layout="flat").fit(X[times < 4]).transform(tail)
    assert_same(windows, np.array([[7.0, 9.0], [9.0, 11.0], [np.nan, 12.0]]))


@pytest.mark.parametrize(
    "names",
    [
        [[3, 1, 2]],
        [[1.5, 2.5, -1.0]],
        [pd.Categorical(["north", "west", "south"])],
        [["x", "x", "y"], [1, 2, 1]],
    ],
    ids=["integers", "floats", "categories", "two levels"],
)
def test_a_series_may_have_any_name(names):
    times = np.repeat(np.arange(6), 3)
    levels = [pd.Index(level).take(np.tile(range(3), 6)) for level in names]
    index = pd.MultiIndex.from_arrays([*levels, times])
    X = pd.DataFrame(values(18), index=index)
    windower = LookbackWindower(3, horizon=1)
    whole = expected(windower, X)
    for series in range(3):
        whole[series::3] = expected(windower, X.iloc[series::3])
    assert_same(windower.fit_transform(X), whole)
    windower.fit(X[times < 4])
    assert_same(windower.transform(X[times >= 4]), whole[times >= 4])


# ---------------------------------------------------------------- no leakage


@st.composite
def known_and_not(draw, windower):
    """A frame of one or more series, a row of it, and which rows it may not see."""
    n_complete = lags_of(windower)[0] + 1
    order = draw(orders(n_complete + draw(st.integers(1, 6))))
    if draw(st.booleans()):
        X = pd.DataFrame(values(len(order), draw(st.integers(1, 2))))
        series, times = np.repeat("a", len(X)), np.arange(len(X))
    else:
        X = panel(order, draw(st.integers(1, 2)))
        series, times = (X.index.get_level_values(level).to_numpy() for level in (0, 1))
    row = draw(st.integers(0, len(X) - 1))
    is_known = (series == series[row]) & (times <= times[row] - windower.horizon)
    return X, times, row, ~is_known


def with_others(X, rows, value):
    """The frame with this value in place of all those of the given rows."""
    changed = X.copy()
    changed.loc[rows] = value
    return changed


other_values = st.sampled_from([-1.0, 1e9, np.nan])


@hard_law
@given(data=st.data(), windower=windowers(), value=other_values)
def test_no_leakage_within_the_rows_given(data, windower, value):
    X, _, row, unknown = data.draw(known_and_not(windower))
    windows = windower.fit_transform(X)
    changed = windower.fit_transform(with_others(X, unknown, value))
    assert_same(changed[row], windows[row])


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
@pytest.mark.filterwarnings("ignore:.* windows have no known step")
@hard_law
@given(data=st.data(), windower=windowers(), value=other_values)
def test_no_leakage_through_what_was_fitted(data, windower, value):
    X, times, row, unknown = data.draw(known_and_not(windower))
    end = data.draw(st.integers(lags_of(windower)[0] + 1, times.max() + 1))
    # The rows given follow those of fit, leave a gap, or lie among them.
    start = data.draw(st.just(min(end, times[row])) | st.integers(0, times[row]))
    is_head, is_given = times < end, times >= start

    def window(X):
        return windower.fit(X[is_head]).transform(X[is_given])[is_given[:row].sum()]

    assert_same(window(with_others(X, unknown, value)), window(X))


# ---------------------------------------------------------------- what cannot be given


def indexed(index):
    return pd.DataFrame(values(len(index)), index=index)


def with_infinity(X, row, column):
    X = X.astype(float)
    if isinstance(X, pd.DataFrame):
        X.iloc[row, column] = np.inf
    else:
        X[row, column] = -np.inf
    return X


PARAMETERS = [
    ({"lookback": 0}, ValueError, "lookback must be at least 1, got 0"),
    ({"lookback": -1}, ValueError, "lookback must be at least 1, got -1"),
    ({"lookback": 1.5}, TypeError, "lookback must be an integer, got 1.5"),
    ({"lookback": True}, TypeError, "lookback must be an integer, got True"),
    ({"lookback": "3"}, TypeError, "lookback must be an integer, got '3'"),
    ({"lookback": None}, TypeError, "lookback must be an integer, got None"),
    ({"horizon": -1}, ValueError, "horizon must be at least 0, got -1"),
    ({"horizon": 0.5}, TypeError, "horizon must be an integer, got 0.5"),
    ({"horizon": 1.0, "lags": [2]}, TypeError, "horizon must be an integer, got 1.0"),
    ({"step": 0}, ValueError, "step must be at least 1, got 0"),
    ({"step": 2.0}, TypeError, "step must be an integer, got 2.0"),
    ({"lags": []}, ValueError, r"one or more integers.* got \[\]"),
    ({"lags": 3}, ValueError, "lags must be a list .* got 3"),
    ({"lags": "12"}, ValueError, "lags must be a list .* got '12'"),
    ({"lags": [1.0, 2.0]}, ValueError, r"integers.* got \[1.0, 2.0\]"),
    ({"lags": [True, False]}, ValueError, r"integers.* got \[True, False\]"),
    ({"lags": [[1, 2]]}, ValueError, r"integers.* got \[\[1, 2\]\]"),
    ({"lags": [1, 2, 1]}, ValueError, r"differ from each other, got \[1, 2, 1\]"),
    ({"lags": [-1, 2]}, ValueError, "at least horizon=0, got -1"),
    ({"lags": [1, 4], "horizon": 2}, ValueError, "at least horizon=2, got 1"),
    ({"lags": [1, 2], "step": 2}, ValueError, r"step=2 can't be used with lags="),
    ({"layout": "wide"}, ValueError, r"layout must be one of .*'flat'.* got 'wide'"),
    ({"layout": None}, ValueError, "layout must be one of .* got None"),
    ({"warmup": "zero"}, ValueError, r"warmup must be one of .*'edge'.* got 'zero'"),
    ({"warmup": ["nan"]}, ValueError, r"warmup must be one of .* got \['nan'\]"),
]


@pytest.mark.parametrize("fit", ["fit", "fit_transform"])
@pytest.mark.parametrize(("params", "error", "message"), PARAMETERS, ids=str)
def test_parameters_that_mean_nothing_are_refused(fit, params, error, message):
    with pytest.raises(error, match=message):
        getattr(LookbackWindower(**params), fit)(values(30))


SHAPES = {
    "no rows": (np.empty((0, 1)), "0 sample"),
    "no columns": (np.empty((4, 0)), "0 feature"),
    "one dimension": (np.arange(9.0), "Expected 2D array, got 1D"),
    "three dimensions": (np.zeros((5, 2, 2)), "(?i)dim 3|3D|at most|<= 2"),
    "strings": (np.array([["a"]] * 5), "could not convert string"),
    "column of strings": (
        pd.DataFrame({"price": range(5), "name": list("abcde")}),
        "Column 'name' of X has type (str|object).*encode it with a ColumnTransformer",
    ),
    "column of times": (
        pd.DataFrame({"price": range(5), "day": pd.date_range("2024", periods=5)}),
        "Column 'day' of X has type datetime.*make it the index",
    ),
    "a series without a name": (
        pd.DataFrame(
            {"price": range(6)},
            index=pd.MultiIndex.from_arrays([["a"] * 4 + [None] * 2, range(6)]),
        ),
        "does not name the series of row 4",
    ),
    "too few rows": (values(3), r"at least 4 rows, but X has n_samples = 3\."),
    "too few rows in every series": (
        panel(["a"] * 2 + ["b"] * 3),
        "at least 4 rows, but X has n_samples = 3 in its longest series",
    ),
}
ROWS = {
    "infinity": (
        with_infinity(values(9, 2), 5, 1),
        "contains infinity, first at row 5, column 1",
    ),
    "infinity beside NaN": (
        with_infinity(np.full((9, 2), np.nan), 5, 1),
        "contains infinity, first at row 5, column 1",
    ),
    "infinity far down": (
        with_infinity(np.zeros((200_000, 1), dtype=np.float32), 150_000, 0),
        "contains infinity, first at row 150000, column 0",
    ),
    "infinity in a panel": (
        with_infinity(panel(["a"] * 5 + ["b"] * 5), 7, 0),
        "contains infinity, first at row 7, column 0",
    ),
    "number twice": (
        indexed(pd.Index([0, 1, 1, 2, 3])),
        r"X is duplicated: row 2 \(1\) comes after row 1 \(1\).*X\.groupby\(level=0\)",
    ),
    "numbers unsorted": (
        indexed(pd.Index([0, 1, 3, 2, 4])),
        r"index of X is unsorted: row 3 \(2\) comes after row 2 \(3\)",
    ),
    "numbers without a sign unsorted": (
        indexed(pd.Index([0, 1, 3, 2, 4], dtype="uint64")),
        r"index of X is unsorted: row 3 \(2\) comes after row 2 \(3\)",
    ),
    "day twice": (
        indexed(pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-02"])),
        r"duplicated: row 2 \(2024-01-02 00:00:00\) comes after row 1",
    ),
    "latest first": (
        indexed(pd.date_range("2024", periods=5)[::-1]),
        r"unsorted: row 1 \(2024-01-04 00:00:00\) .*sort_index\(\)",
    ),
    "periods unsorted": (
        indexed(pd.PeriodIndex(["2024-02", "2024-01"], freq="M")),
        r"unsorted: row 1 \(2024-01\)",
    ),
    "durations unsorted": (
        indexed(pd.to_timedelta([2, 1], unit="h")),
        "unsorted: row 1",
    ),
    "day missing": (
        indexed(pd.DatetimeIndex(["2024-01-01", "2024-01-02", None, "2024-01-04"])),
        r"no time at row 2 \(NaT\)",
    ),
    "period missing": (
        indexed(pd.PeriodIndex(["2024-01", "2024-02", None, "2024-04"], freq="M")),
        r"no time at row 2 \(NaT\)",
    ),
    "time twice in one series": (
        indexed(pd.MultiIndex.from_arrays([list("abbaba"), [0, 0, 1, 1, 1, 2]])),
        r"duplicated in series 'b': row 4 \(.*1.*\) comes after row 2",
    ),
    "one series unsorted": (
        indexed(pd.MultiIndex.from_arrays([list("aaabbb"), [0, 1, 2, 0, 2, 1]])),
        r"unsorted in series 'b': row 5 \(.*1.*\) comes after row 4",
    ),
    "number missing": (
        indexed(pd.Index([0, 1, np.nan, 3, 4])),
        r"no time at row 2 \(nan\)",
    ),
    "number without an end": (
        indexed(pd.Index([0, 1, 2, 3, np.inf])),
        r"no time at row 4 \(inf\)",
    ),
    "time missing in objects": (
        indexed(pd.Index([*pd.date_range("2024", periods=3), None], dtype=object)),
        r"no time at row 3 \(NaT\)",
    ),
    "category missing": (
        indexed(pd.CategoricalIndex([0, 1, None, 3, 4])),
        r"no time at row 2 \(nan\)",
    ),
    "some with a zone": (
        indexed(pd.Index([pd.Timestamp("2024"), pd.Timestamp("2025", tz="UTC")] * 2)),
        "Some times in the index of X have a time zone",
    ),
    "objects unsorted": (
        indexed(pd.Index([*pd.date_range("2024", periods=3)][::-1], dtype=object)),
        "unsorted: row 1",
    ),
    "time missing in one series": (
        indexed(
            pd.MultiIndex.from_arrays(
                [list("aab"), pd.DatetimeIndex(["2024-01-01", None, "2024-01-01"])]
            )
        ),
        r"no time at row 1 \(NaT\)",
    ),
}


@pytest.mark.parametrize("fit", ["fit", "fit_transform"])
@pytest.mark.parametrize(("X", "message"), (SHAPES | ROWS).values(), ids=[*SHAPES, *ROWS])
def test_fit_refuses_tables_without_windows(fit, X, message):
    with pytest.raises(ValueError, match=message):
        getattr(LookbackWindower(3, horizon=1), fit)(X)


@pytest.mark.parametrize(
    "X",
    [
        np.arange(9).astype("datetime64[D]").reshape(-1, 1),
        np.array([*range(8), "NaT"], dtype="timedelta64[s]").reshape(-1, 1),
        pd.Series(pd.date_range("2024", periods=9)),
        pd.Series(pd.timedelta_range("1h", periods=9), name="passed"),
        pd.DataFrame({"x": np.zeros(9), "when": pd.date_range("2024", periods=9)}),
        pd.DataFrame({"passed": pd.timedelta_range("1h", periods=9)}),
        np.array([[np.datetime64("2024", "s")]] * 9, dtype=object),
        np.array([[np.timedelta64(3, "h")]] * 9, dtype=object),
        np.array([[pd.Timestamp("2024")]] * 9, dtype=object),
        pd.DataFrame({"x": np.array([np.datetime64("2024", "s")] * 9, dtype=object)}),
        pd.DataFrame({"x": pd.Categorical(pd.date_range("2024", periods=9))}),
        pd.DataFrame({"x": pd.Categorical(pd.timedelta_range("1h", periods=9))}),
        pd.Series(pd.period_range("2024", periods=9, freq="D")),
        pd.Series(pd.date_range("2024", periods=9)).astype("timestamp[s][pyarrow]"),
        pd.DataFrame({"x": pd.date_range("2024", periods=9)}).astype(
            "date32[day][pyarrow]"
        ),
        pl.DataFrame({"x": pd.date_range("2024", periods=9)}),
        pl.DataFrame({"x": pd.date_range("2024", periods=9).date, "y": range(9)}),
        pl.DataFrame({"x": pd.timedelta_range("1h", periods=9)}),
        pl.Series(pd.timedelta_range("1h", periods=9)),
    ],
    ids=lambda X: f"{type(X).__module__}-{getattr(X, 'dtypes', getattr(X, 'dtype', ''))}",
)
def test_times_are_no_numbers(X):
    """They would be whole numbers, and a missing one of them -9e18."""
    with pytest.raises((TypeError, ValueError), match="numbers"):
        LookbackWindower(2).fit(X)
    numbers = X.shape[1] if len(X.shape) > 1 else 1
    with pytest.raises((TypeError, ValueError), match=r"numbers|names"):
        LookbackWindower(2).fit(np.zeros((9, numbers))).transform(X)


@pytest.mark.parametrize("warmup", ["nan", "edge"])
@pytest.mark.parametrize(("X", "message"), ROWS.values(), ids=ROWS)
def test_transform_refuses_the_same_rows(X, message, warmup):
    windower = LookbackWindower(3, horizon=1, warmup=warmup)
    windower.fit(values(9, X.shape[1]))
    with pytest.raises(ValueError, match=message):
        windower.transform(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (values(5, 3), "X has 3 features, but LookbackWindower is expecting 2"),
        (values(5, 1), "X has 1 features, but LookbackWindower is expecting 2"),
        (pd.DataFrame(values(5, 2), columns=["price", "cost"]), "feature names.*cost"),
        (pd.DataFrame(values(5, 2), columns=["sold", "price"]), "same order"),
        (pl.DataFrame(values(5, 2), schema=["price", "cost"]), "feature names.*cost"),
        (pd.Series(range(5), name="price"), "feature names.*sold"),
    ],
    ids=["more", "fewer", "other name", "other order", "polars", "series"],
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_transform_asks_for_the_columns_of_fit(X, message):
    fitted = LookbackWindower(2).fit(
        pd.DataFrame(values(5, 2), columns=["price", "sold"])
    )
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fitted.transform(X)


@pytest.mark.parametrize(
    "ask",
    [
        lambda windower: windower.transform(values(5)),
        lambda windower: windower.get_feature_names_out(["price"]),
    ],
    ids=["transform", "names"],
)
def test_what_is_not_fitted_says_so(ask):
    with pytest.raises(NotFittedError, match="not fitted"):
        ask(LookbackWindower(2, layout="flat"))


# These rows have no history, which is told elsewhere.
@pytest.mark.filterwarnings("ignore:[0-9]+ of [0-9]+ rows have a window that is wholly")
def test_fitting_again_forgets_the_first_fit():
    X = panel(["a", "b"] * 9)
    times = X.index.get_level_values("time")
    head, tail = X[times < 6], X[times >= 6]
    windower = LookbackWindower(3)
    alone = expected_of_panel(windower, tail)
    # What is fitted begins a history, whatever it follows.
    assert_same(windower.fit(head).fit_transform(tail), alone)
    windower.fit(head).fit(head[::2])
    assert_same(windower.transform(tail)[1::2], alone[1::2])
    assert windower.fit(values(5, 2)).transform(values(5, 2)).shape == (5, 3, 2)


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize(
    "copy_of",
    [copy.deepcopy, lambda windower: pickle.loads(pickle.dumps(windower))],
    ids=["deepcopy", "pickle"],
)
@pytest.mark.parametrize("order", [["a"] * 9, ["a", "b"] * 9], ids=["one", "many"])
def test_a_copy_keeps_the_history(copy_of, order):
    X = panel(order)
    is_head = X.index.get_level_values("time") < 6
    windower = LookbackWindower(3, horizon=1, layout="flat").fit(X[is_head])
    windows = expected_of_panel(windower, X)[~is_head]
    copied = copy_of(windower)
    assert_same(copied.transform(X[~is_head]), windows)
    # Neither reads what the other is fitted on later.
    copied.fit(-X[is_head])
    assert_same(windower.transform(X[~is_head]), windows)


def test_a_clone_keeps_the_parameters_and_nothing_learned():
    params = {"lookback": 4, "horizon": 2, "layout": "flat", "warmup": "edge"}
    windower = LookbackWindower(**params).fit(values(9))
    cloned = clone(windower)
    others = {"lags": None, "step": 1, "gaps": "nan", "known": None, "n_steps": 1}
    assert cloned.get_params() == params | others
    with pytest.raises(NotFittedError):
        cloned.transform(values(9))


def test_fitting_leaves_the_parameters_alone():
    lags = [1, 3, 2]
    windower = LookbackWindower(lags=lags).fit(values(9))
    assert windower.get_params()["lags"] is lags
    assert lags == [1, 3, 2]
