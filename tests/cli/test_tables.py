"""Tables from everywhere, and what they become: checked beside the rows they hold."""

import contextlib
import datetime as dt
import decimal
import gzip
import sqlite3

import numpy as np
import pandas as pd
import pytest
import sqlalchemy
from numpy.testing import assert_allclose

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_sources import DATASETS, read_source
from skforecast_lstm._cli.table_times import find_steps, parse_times
from skforecast_lstm._cli.tables import table_from_rows

FREQUENCIES = {
    "MS": "M",
    "ME": "M",
    "2MS": "2M",
    "QS": "Q-DEC",
    "QE": "Q-DEC",
    "QS-FEB": "Q-DEC",
    "YS": "Y-DEC",
    "YE": "Y-DEC",
    "W-MON": "W-MON",
    "W-SUN": "W-SUN",
    "2D": "2D",
    "D": "D",
    "6h": "6h",
    "h": "h",
    "15min": "15min",
    "s": "s",
}


def rows_at(times, **columns):
    """Rows whose values count up."""
    return pd.DataFrame({"t": times, "v": np.arange(len(times), dtype=float), **columns})


# ---------------------------------------------------------------- times


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_steps_are_found_and_written_as_they_came(frequency, as_text):
    times = pd.date_range("2020-01-01", periods=30, freq=frequency)
    written = times.astype(str)
    table = table_from_rows(rows_at(written if as_text else times))
    assert table.y.index.dtype == f"period[{FREQUENCIES[frequency]}]"
    assert table.y.index.freq is not None
    assert list(table.steps.as_written(table.y.index)) == list(written)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_steps_are_found_where_times_are_missing(frequency):
    times = pd.date_range("2020-01-01", periods=30, freq=frequency)
    rows = rows_at(times.astype(str)).drop(index=[3, 7, 8, 20])
    with pytest.raises(InputError, match="gaps: ") as caught:
        table_from_rows(rows)
    assert f"{times.astype(str)[3]} is the first of 4 times" in str(caught.value)
    table = table_from_rows(rows, gaps="interpolate")
    assert table.y.index.dtype == f"period[{FREQUENCIES[frequency]}]"
    assert_allclose(table.y, np.arange(30.0))
    assert list(table.steps.as_written(table.y.index)) == list(times.astype(str))


EVERY_FREQUENCY = [
    "min", "h", "s", "ms", "D", "W-MON", "W-SUN", "W-WED", "MS", "ME", "QS", "QE",
    "QS-FEB", "QE-NOV", "YS", "YE", "YS-APR", "YE-JUN", "B", "SMS", "SME", "BMS",
    "BME", "BQE", "BYS", "bh", "WOM-3FRI", "LWOM-TUE",
]  # fmt: skip


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("frequency", EVERY_FREQUENCY)
def test_every_step_is_written_as_pandas_counts_it(frequency, n):
    """With and without missing times, and of the steps to come."""
    start = "1970-01-01 09:00" if frequency == "bh" else "1970-01-01"
    step = f"{n}{frequency}"
    if frequency == "LWOM-TUE":
        # Old releases of pandas don't know it by its name.
        step = pd.offsets.LastWeekOfMonth(n, weekday=1)
    every = pd.date_range(start, periods=46, freq=step)
    for missing in ([], [5, 11, 12, 30]):
        rows = rows_at(every[:40].astype(str)).drop(index=missing)
        table = table_from_rows(rows, gaps="interpolate")
        assert_allclose(table.y, np.arange(40.0))
        index, steps = table.y.index, table.steps
        days = isinstance(index, pd.DatetimeIndex)
        ahead = index[-1:] + 6 * (pd.offsets.BDay() if days else 1)
        assert list(steps.as_written(index)) == list(every[:40].astype(str))
        assert list(steps.as_written(ahead)) == [every.astype(str)[-1]]


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize(
    "frequency",
    ["s", "min", "h", "D", "W-SUN", "W-WED", "M", "Q-DEC", "Q-FEB", "Y-DEC", "Y-JUN"],
)
def test_periods_stay_what_they_are(frequency, n):
    every = pd.period_range("2020-01-01", periods=46, freq=f"{n}{frequency}")
    for missing in ([], [5, 11, 12, 30]):
        rows = rows_at(every[:40]).drop(index=missing)
        table = table_from_rows(rows, gaps="interpolate")
        assert_allclose(table.y, np.arange(40.0))
        written = [
            *table.steps.as_written(table.y.index),
            *table.steps.as_written(table.y.index[-1:] + 6),
        ]
        assert written == [*every[:40].astype(str), str(every[-1])]


@pytest.mark.parametrize(
    ("times", "frequency", "written"),
    [
        (["2024-01-01", "2024-01-15"], "W", "2024-01-08"),
        (["2024-01-03", "2024-01-17"], "W-WED", "2024-01-10"),
        (["2024-01-15", "2024-03-15"], "M", "2024-02-15"),
        (["2024-01-31", "2024-03-31", "2024-04-30"], "M", "2024-02-29"),
        (["2024-03-31", "2024-09-30", "2024-12-31"], "Q", "2024-06-30"),
        (["2024-01-01", "2024-02-01", "2024-02-15"], "SMS", "2024-01-15"),
        (["2024-01-01 06:00", "2024-01-03 06:00"], "D", "2024-01-02 06:00:00"),
        # These are at no one place of their months.
        (["2024-01-05", "2024-03-15"], "M", "2024-02"),
    ],
)
def test_times_are_written_as_they_came_at_a_given_frequency(times, frequency, written):
    rows = rows_at(times)
    table = table_from_rows(rows, frequency=frequency, gaps="ffill")
    assert table.steps.as_written(table.y.index)[1] == written


@pytest.mark.parametrize(
    "times", [["2020-02", "2020-05", "2020-08"], ["0988-01", "0989-01", "0990-01"]]
)
def test_months_are_written_as_months_however_many_make_a_step(times):
    table = table_from_rows(rows_at(times))
    assert list(table.steps.as_written(table.y.index)) == times


@pytest.mark.parametrize("gaps", ["error", "ffill"])
def test_a_wrong_year_is_told_before_all_memory_is_taken(gaps):
    times = pd.date_range("2024-01-01", periods=50, freq="s").astype(str).tolist()
    times[20] = "2224-01-01 00:00:20"
    seconds = pd.Timestamp(times[20]) - pd.Timestamp(times[0])
    n_steps = f"{seconds.total_seconds() + 1:,.0f}"
    with pytest.raises(InputError, match=f"{n_steps} steps, for 50 rows.*to 2224-01"):
        table_from_rows(rows_at(times), gaps=gaps)
    hours = pd.date_range("2024-01-01", periods=50, freq="h")
    with pytest.raises(InputError, match="176,400,001 steps"):
        table_from_rows(rows_at(hours), frequency="ms", gaps=gaps)
    numbers = [1, 2, 3, 10**7]
    with pytest.raises(InputError, match="10,000,000 steps, for 4 rows"):
        table_from_rows(rows_at(numbers), time="t", gaps=gaps)


@pytest.mark.filterwarnings("ignore:PeriodDtype|Period with BDay:FutureWarning")
def test_business_periods_are_business_days():
    times = pd.Series(pd.period_range("2024-01-01", periods=10, freq="B"))
    table = table_from_rows(rows_at(times))
    assert table.y.index.freqstr == "B"


def test_a_counter_beside_months_without_marks_is_not_taken_for_the_time():
    rows = rows_at(range(1, 4), month=[202011, 202012, 202101])
    with pytest.raises(InputError, match="--time: t, month could be"):
        table_from_rows(rows, target="v")
    with pytest.raises(InputError, match="Column 'month' has 202011, which stands for a"):
        table_from_rows(rows.astype(str), target="v", time="month")


def test_the_steps_to_come_are_written_in_the_same_way():
    times = pd.date_range("2020-01-31", periods=14, freq="ME")
    table = table_from_rows(rows_at(times[:12]))
    assert list(table.steps.as_written(table.y.index[-1:] + 2)) == ["2021-02-28"]


@pytest.mark.parametrize("missing", [[], [7, 9]])
def test_business_days_keep_dates_since_no_period_can_stand_for_them(missing):
    times = pd.date_range("2020-01-01", periods=30, freq="B")
    rows = rows_at(times).drop(index=missing)
    table = table_from_rows(rows, gaps="interpolate")
    assert table.y.index.freqstr == "B"
    assert_allclose(table.y, np.arange(30.0))
    assert table.steps.as_written(table.y.index)[0] == "2020-01-01"


@pytest.mark.parametrize(
    ("written", "periods"),
    [
        (["2020-01", "2020-02"], ["2020-01", "2020-02"]),
        (["2020-1", "2020-2"], ["2020-01", "2020-02"]),
        (["2020Q1", "2020Q2"], ["2020Q1", "2020Q2"]),
        (["2020 Q1", "2020 Q2"], ["2020Q1", "2020Q2"]),
        (["2020-Q1", "2020-Q2"], ["2020Q1", "2020Q2"]),
        (["2020-01", "2020-04"], ["2020Q1", "2020Q2"]),
        (pd.period_range("2020-01", periods=2, freq="M"), ["2020-01", "2020-02"]),
        ([dt.date(2020, 1, 31), dt.date(2020, 2, 1)], ["2020-01-31", "2020-02-01"]),
    ],
)
def test_periods_are_read(written, periods):
    table = table_from_rows(rows_at(written))
    assert isinstance(table.y.index, pd.PeriodIndex)
    assert list(table.y.index.astype(str)) == periods


def test_hours_with_a_zone_become_utc_and_days_stay_days():
    hours = pd.date_range("2020-03-28", periods=60, freq="h", tz="Europe/Berlin")
    days = pd.date_range("2020-03-28", periods=60, freq="D", tz="Europe/Berlin")
    for times in (hours, [time.isoformat() for time in hours]):
        table = table_from_rows(rows_at(times))
        assert table.y.index.freqstr == "h"
        assert table.y.index[0] == pd.Period("2020-03-27 23:00", "h")
    for times in (days, [time.isoformat() for time in days]):
        table = table_from_rows(rows_at(times))
        assert table.y.index.freqstr == "D"
        assert table.y.index[0] == pd.Period("2020-03-28", "D")


@pytest.mark.parametrize(
    ("times", "index", "written"),
    [
        ([1949, 1950, 1951], [1949, 1950, 1951], [1949, 1950, 1951]),
        ([10, 20, 30], [0, 1, 2], [10, 20, 30]),
        ([0.0, 1.0, 2.0], [0, 1, 2], [0, 1, 2]),
    ],
)
def test_whole_numbers_are_steps(times, index, written):
    table = table_from_rows(rows_at(times), time="t", target="v")
    assert list(table.y.index) == index
    assert list(table.steps.as_written(table.y.index)) == written


@pytest.mark.parametrize(
    ("times", "row", "found"),
    [
        (["2020-01-01", "2020-01-02", "yesterday"], 3, "yesterday"),
        (["1/31/2020", "2/31/2020"], 2, "2/31/2020"),
        (["2020Q1", "2020Q5"], 2, "2020Q5"),
        (["2020-01", "2020-13"], 2, "2020-13"),
        (["2020-01-01", "2020-02-30"], 2, "2020-02-30"),
        ([1.0, 2.5], 2, "2.5"),
    ],
)
def test_what_is_no_time_is_named_with_its_row(times, row, found):
    with pytest.raises(InputError, match=f"'t' has {found} in row {row}, .*not a time"):
        table_from_rows(rows_at(times), time="t", target="v")


def test_a_row_without_a_time_is_named():
    with pytest.raises(InputError, match="'t' has no time in row 2"):
        table_from_rows(rows_at(["2020-01-01", None, "2020-01-03"]), time="t")


def test_uneven_times_are_named():
    times = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-03 05:00"]
    with pytest.raises(
        InputError, match=r"not in equal steps: 2020-01-03 05:00:00 is no step.* D\."
    ):
        table_from_rows(rows_at(times))


def test_a_frequency_that_is_given_wins():
    days = pd.date_range("2020-01-01", periods=60, freq="D")
    table = table_from_rows(rows_at(days), frequency="W", duplicates="mean")
    assert table.y.index.freqstr == "W-SUN"
    # The first week has five days, the others seven.
    assert_allclose(table.y[:2], [np.mean(range(5)), np.mean(range(5, 12))])
    assert (
        table_from_rows(rows_at(days[::7]), frequency="W-WED").y.index.freqstr == "W-WED"
    )
    with pytest.raises(InputError, match="--freq fortnight is not a frequency"):
        table_from_rows(rows_at(days), frequency="fortnight")
    with pytest.raises(InputError, match="whole numbers"):
        table_from_rows(rows_at([1, 2, 3]), time="t", frequency="D")
    with pytest.raises(InputError, match=r"2020-01-04.* is no step"):
        table_from_rows(rows_at(days), frequency="B")


def test_one_time_is_no_series():
    with pytest.raises(InputError, match="only one time"):
        find_steps(parse_times(pd.Series(["2020-01-01"])))


PERIODS = [
    *("ns", "us", "ms", "s", "min", "h", "D", "W-SUN", "W-WED"),
    *("M", "Q-DEC", "Q-FEB", "Y-DEC", "Y-JUN"),
]


@pytest.mark.parametrize("frequency", PERIODS)
def test_periods_of_a_file_stay_what_they_are(tmp_path, frequency):
    for multiple in range(1, 7):
        periods = pd.period_range("2020-01-02", periods=9, freq=f"{multiple}{frequency}")
        rows_at(periods).to_parquet(tmp_path / "s.parquet", index=False)
        source = read_source(str(tmp_path / "s.parquet"))
        table = table_from_rows(source.rows)
        assert list(table.y.index) == list(periods)
        assert_allclose(table.y, np.arange(9.0))
        ahead = table.steps.as_written(table.y.index[-1:] + 3)
        assert list(ahead) == [str(periods[-1] + 3)]
        filled = table_from_rows(rows_at(periods).drop(index=[3, 6]), gaps="interpolate")
        assert list(filled.y.index) == list(periods)
        assert_allclose(filled.y, np.arange(9.0))


@pytest.mark.parametrize("missing", [[], [3, 7, 8, 20]])
@pytest.mark.parametrize("hour", [0, 17])
@pytest.mark.parametrize("multiple", range(1, 4))
@pytest.mark.parametrize("frequency", ["SMS", "SME", "B"])
def test_dates_that_no_period_stands_for(frequency, multiple, hour, missing):
    name = f"{multiple}{frequency}"
    times = pd.date_range(f"2020-01-01 {hour}:00", periods=33, freq=name)
    table = table_from_rows(rows_at(times[:30]).drop(index=missing), gaps="interpolate")
    assert_allclose(table.y, np.arange(30.0))
    written = table.steps.as_written(table.y.index)
    assert list(written) == list(times[:30].astype(str))
    is_day = isinstance(table.y.index, pd.DatetimeIndex)
    ahead = table.y.index[-1:] + 3 * (pd.offsets.BDay() if is_day else 1)
    assert list(table.steps.as_written(ahead)) == [str(times[-1])[: 19 if hour else 10]]


@pytest.mark.filterwarnings("ignore:Period with BDay:FutureWarning")
@pytest.mark.filterwarnings("ignore:PeriodDtype:FutureWarning")
@pytest.mark.parametrize("multiple", [1, 2])
def test_periods_of_business_days_become_days(multiple):
    days = pd.date_range("2020-01-01", periods=20, freq=f"{multiple}B")
    table = table_from_rows(rows_at(days.to_period(f"{multiple}B")))
    assert list(table.steps.as_written(table.y.index)) == list(days.astype(str))


@pytest.mark.parametrize("months", [2, 3, 4, 6, 12])
def test_some_months_apart_are_written_as_months(months):
    written = pd.period_range("2020-02", periods=4 * months, freq="M")[::months]
    table = table_from_rows(rows_at(written[:3].astype(str)))
    ahead = table.steps.as_written(table.y.index[-1:] + 1)
    assert list(ahead) == [str(written[3])]


@pytest.mark.parametrize(
    ("of_times", "given"),
    [
        ("W-TUE", "W"),
        ("W-TUE", "W-WED"),
        ("2W-TUE", "2W"),
        ("ME", "M"),
        ("BME", "M"),
        ("QS", "Q"),
        ("YS", "Y"),
        ("D", "D"),
        ("15min", "15min"),
        ("h", "h"),
    ],
)
@pytest.mark.parametrize("hour", [0, 5])
def test_a_frequency_that_is_given_rewrites_no_times(of_times, given, hour):
    times = pd.date_range(f"2020-01-01 {hour}:00", periods=23, freq=of_times)
    table = table_from_rows(rows_at(times[:20]), frequency=given)
    assert list(table.steps.as_written(table.y.index)) == list(times[:20].astype(str))
    ahead = pd.period_range(table.y.index[-1], periods=4)[1:]
    assert list(table.steps.as_written(ahead)) == list(times[20:].astype(str))


def test_weeks_of_days_are_written_by_their_first_day():
    days = pd.date_range("2020-01-06", periods=70)
    table = table_from_rows(rows_at(days), frequency="W", duplicates="mean")
    assert list(table.steps.as_written(table.y.index)) == list(days[::7].astype(str))


@pytest.mark.parametrize("frequency", ["0D", "-1h", "-1B", "0SMS", "", "often"])
def test_what_is_no_frequency(frequency):
    with pytest.raises(InputError, match=f"--freq {frequency} is not a frequency"):
        table_from_rows(
            rows_at(pd.date_range("2020-01-01", periods=5)), frequency=frequency
        )


@pytest.mark.parametrize(
    "written",
    [
        ["0800-01", "0800-02", "0800-03"],
        ["0800Q1", "0800Q2", "0800Q3"],
        # Old releases of pandas read no such days, and have periods of them.
        pd.period_range("0800-01-01", periods=3, freq="D"),
        pd.period_range("0099-01-01", periods=3, freq="h"),
        pd.period_range("0800-01-01", periods=3, freq="W"),
        pd.period_range("0998", periods=4, freq="Y"),
    ],
)
def test_years_have_four_digits(written):
    table = table_from_rows(rows_at(written))
    found = list(table.steps.as_written(table.y.index))
    years = [int(str(time).partition("-")[0].partition("Q")[0]) for time in written]
    assert [time[:4] for time in found] == [f"{year:04}" for year in years]
    assert [time.lstrip("0") for time in found] == [
        str(time).lstrip("0").replace("/800", "/0800") for time in written
    ]


@pytest.mark.parametrize(
    ("times", "frequency"),
    [
        (pd.date_range("2020-01-01", periods=200, freq="s").astype(str), None),
        (pd.date_range("2020-01-01", periods=200, freq="15min").astype(str), "ms"),
        (pd.date_range("2020-01-01", periods=200, freq="D").astype(str), None),
        (pd.date_range("2020-01-01", periods=200, freq="B").astype(str), None),
        (pd.date_range("2020-01-01", periods=200, freq="bh").astype(str), None),
        (np.arange(200), None),
    ],
)
@pytest.mark.parametrize("gaps", ["error", "ffill", "interpolate"])
def test_a_time_far_away_is_named_before_anything_is_built(times, frequency, gaps):
    times = list(times)
    is_date = isinstance(times[0], str)
    times[-1] = times[-1].replace("2020", "2220") if is_date else 10**7
    message = (
        f"for 200 rows.* longest gap is from {times[-2]}.* to {times[-1]}.*: correct"
    )
    with pytest.raises(InputError, match=message):
        table_from_rows(
            rows_at(times), time="t", target="v", frequency=frequency, gaps=gaps
        )


def test_series_that_are_far_from_each_other_are_written():
    old, new = (
        rows_at(pd.date_range(f"{year}-01-01", periods=5, freq="s"), of=name)
        for year, name in ((1970, "a"), (2200, "b"))
    )
    rows = pd.concat([old, new])
    table = table_from_rows(rows.astype({"t": str}), series="of", target="v", time="t")
    written = table.with_times_as_written(table.y)["t"]
    assert list(written) == list(rows["t"].astype(str))


def test_numbers_that_are_dates_are_named_by_their_column():
    with pytest.raises(InputError, match="Column 't' has 202001"):
        table_from_rows(rows_at(["202001", "202002"]), time="t", target="v")


@pytest.mark.parametrize(
    "dates",
    [
        [202001, 202002, 202003],
        [20200131, 20200229, 20200331],
        [1577836800, 1577923200, 1578009600],
        ["03/01/2020", "04/01/2020", "05/01/2020"],
        ["Jan 2020", "Feb 2020", "Mar 2020"],
        ["2020-W01", "2020-W02", "2020-W03"],
        ["2020/21", "2021/22", "2022/23"],
        ["2020-01-01 24:00", "2020-01-02 24:00", "2020-01-03 24:00"],
        ["2020-01", "2020-02", "soon"],
        ["2020-01-01", "2020-02-01", "2020-02-30"],
        ["2020-01-01", "2020-02-01", "#REF!"],
    ],
)
@pytest.mark.parametrize("counter", [[0, 1, 2], ["1", "2", "3"]])
def test_a_counter_beside_dates_is_not_taken_for_the_time(dates, counter):
    rows = pd.DataFrame({"n": counter, "date": dates, "v": [1.5, 2.5, 4.5]})
    with pytest.raises(InputError, match="with --time: n, date could be"):
        table_from_rows(rows, target="v")
    assert table_from_rows(rows, target="v", time="n").time == "n"
    with pytest.raises(
        InputError, match=r"Column 'date' has .*(Write times as dates|Give --dates)"
    ):
        table_from_rows(rows.drop(columns="n"), target="v")


# ---------------------------------------------------------------- columns and values


def test_columns_are_taken_where_only_one_fits():
    rows = rows_at(pd.date_range("2020-01-01", periods=5).astype(str), shop="a")
    table = table_from_rows(rows)
    assert (table.time, table.target) == ("t", "v")
    assert table.notes == ["Read 't' as the time.", "Read 'v' as the target."]


def test_columns_are_asked_for_where_several_fit():
    days = pd.date_range("2020-01-01", periods=5)
    with pytest.raises(InputError, match="--target: v, w could be"):
        table_from_rows(rows_at(days, w=1.0))
    with pytest.raises(InputError, match="--target: no column has numbers"):
        table_from_rows(pd.DataFrame({"t": days, "v": ["a"] * 5}), time="t")
    with pytest.raises(InputError, match="--time: t, u could be"):
        table_from_rows(rows_at(days, u=days))
    with pytest.raises(InputError, match="--time: no column looks like one"):
        table_from_rows(rows_at([5, 3, 4, 1, 2]).astype(float))


@pytest.mark.parametrize("option", ["target", "time", "series", "exogenous"])
def test_a_column_that_is_not_there_is_answered_with_the_nearest(option):
    rows = rows_at([1, 2, 3]).rename(columns={"v": "Units"})
    name = ["unit"] if option == "exogenous" else "unit"
    with pytest.raises(
        InputError, match=r"no column 'unit' for .*Did you mean 'Units'\?"
    ):
        table_from_rows(rows, **{option: name})


def test_a_column_has_one_role():
    with pytest.raises(InputError, match="'v' is named for two things"):
        table_from_rows(rows_at([1, 2]), time="t", target="v", exogenous=["v"])


def test_no_rows_are_no_table():
    with pytest.raises(InputError, match="no rows"):
        table_from_rows(rows_at([]))


@pytest.mark.parametrize("bad", ["12,5", "many", np.inf])
def test_what_is_no_number_is_named_with_its_row(bad):
    rows = rows_at([1, 2, 3, 4]).astype({"v": object})
    rows.loc[[1, 3], "v"] = bad
    with pytest.raises(InputError, match=f"'v' has {bad} in row 2, .*and 1 more"):
        table_from_rows(rows, time="t", target="v")


def test_times_are_no_target():
    rows = rows_at([1, 2]).assign(v=pd.to_datetime(["2020-01-01", "2020-01-02"]))
    with pytest.raises(InputError, match="'v' has times where numbers"):
        table_from_rows(rows, time="t", target="v")


def test_decimals_are_numbers():
    rows = rows_at([1, 2]).assign(v=[decimal.Decimal("1.5"), decimal.Decimal(2)])
    table = table_from_rows(rows, time="t", target="v")
    assert table.y.tolist() == [1.5, 2.0]
    assert table.y.dtype == float


def test_unsorted_rows_are_sorted():
    rows = rows_at(pd.date_range("2020-01-01", periods=9)).sample(frac=1, random_state=0)
    table = table_from_rows(rows)
    assert_allclose(table.y, np.arange(9.0))
    assert "The rows were not in the order of time, and were sorted." in table.notes


# ---------------------------------------------------------------- repeats and gaps


def test_repeated_times():
    rows = rows_at(["2020-01", "2020-02", "2020-02", "2020-03", "2020-03", "2020-02"])
    with pytest.raises(InputError) as caught:
        table_from_rows(rows)
    assert "2020-02 comes 3 times, the first of 2 repeated times" in str(caught.value)
    assert "--series" in str(caught.value)
    assert "--duplicates mean" in str(caught.value)
    mean = table_from_rows(rows, duplicates="mean")
    assert mean.y.tolist() == [0.0, np.mean([1, 2, 5]), 3.5]
    last = table_from_rows(rows, duplicates="last")
    assert last.y.tolist() == [0.0, 5.0, 4.0]
    assert any("last" in note for note in last.notes)


def test_the_last_of_repeated_times_counts_though_it_is_empty():
    rows = rows_at([1, 2, 2, 3]).assign(v=[1.0, 9.0, np.nan, 3.0])
    table = table_from_rows(
        rows, time="t", target="v", duplicates="last", gaps="interpolate"
    )
    assert table.y.tolist() == [1.0, 2.0, 3.0]


def test_gaps_in_values():
    rows = rows_at(["2020-01", "2020-02", "2020-03", "2020-04"])
    rows.loc[[1, 2], "v"] = np.nan
    with pytest.raises(InputError, match="'v' is empty at 2020-02, the first of 2 times"):
        table_from_rows(rows)
    assert table_from_rows(rows, gaps="interpolate").y.tolist() == [0, 1, 2, 3]
    filled = table_from_rows(rows, gaps="ffill")
    assert filled.y.tolist() == [0, 0, 0, 3]
    assert "Filled 2 gaps by ffill." in filled.notes


def test_gaps_in_whole_numbers():
    with pytest.raises(InputError, match="3 is the first of 2 times that are missing"):
        table_from_rows(rows_at([1, 2, 5]), time="t")


def test_what_is_empty_at_the_ends_is_no_gap():
    rows = rows_at([1, 2, 3, 4, 5]).assign(v=[np.nan, 1, 2, np.nan, np.nan])
    table = table_from_rows(rows, time="t", target="v")
    assert table.y.to_dict() == {2: 1, 3: 2}
    assert len(table.notes) == 2
    with pytest.raises(InputError, match="'v' is empty"):
        table_from_rows(rows.assign(v=np.nan), time="t", target="v")


@pytest.mark.parametrize("gaps", ["error", "ffill", "interpolate"])
def test_exogenous_columns_go_on_after_the_target(gaps):
    rows = rows_at([1, 2, 3, 4, 5], x=[5.0, 4, 3, 2, 1])
    rows.loc[[3, 4], "v"] = np.nan
    table = table_from_rows(rows, time="t", target="v", exogenous=["x"], gaps=gaps)
    assert table.y.to_dict() == {1: 0, 2: 1, 3: 2}
    assert table.X["x"].to_dict() == {1: 5, 2: 4, 3: 3}
    assert table.X_ahead["x"].to_dict() == {4: 2, 5: 1}
    assert len(table.first_ahead(1)) == 1
    with pytest.raises(InputError, match="There are 2, and the horizon is 3"):
        table.first_ahead(3)


def test_gaps_in_exogenous_columns():
    rows = rows_at([1, 2, 3, 4], x=[np.nan, 4, np.nan, 2])
    arguments = {"time": "t", "target": "v", "exogenous": ["x"]}
    with pytest.raises(InputError, match="'x' is empty at 1, the first of 2"):
        table_from_rows(rows, **arguments)
    with pytest.raises(InputError, match="interpolate needs values before and after it"):
        table_from_rows(rows, **arguments, gaps="interpolate")
    table = table_from_rows(rows[1:], **arguments, gaps="interpolate")
    assert table.X["x"].tolist() == [4, 3, 2]


# ---------------------------------------------------------------- numbers and dates


def table_of(tmp_path, text, *, encoding="utf-8", **options):
    """The table of a CSV file, as the command reads it."""
    path = tmp_path / "sales.csv"
    path.write_bytes(text.encode(encoding))
    source = read_source(str(path))
    arguments = {"target": "v", "time": "t", "separator": source.separator} | options
    return table_from_rows(source.rows, **arguments)


def column_of(values, separator=";"):
    """A file in which the values follow each other."""
    lines = [f'{row}{separator}"{value}"' for row, value in enumerate(values, start=1)]
    return "\n".join([f"t{separator}v", *lines])


@pytest.mark.parametrize("separator", [";", "\t", ","])
@pytest.mark.parametrize(
    "values",
    [
        ["990", "1.000", "1.010"],
        ["-1.500", "12.250", "7"],
        ["1,234", "56,789", "5"],
    ],
)
def test_what_may_be_thousands_is_asked_for(tmp_path, values, separator):
    text = column_of(values, separator)
    with pytest.raises(InputError, match=r"'v' has .*--decimal"):
        table_of(tmp_path, text)
    mark = "." if "." in text else ","
    other = {".": ",", ",": "."}[mark]
    decimals = [float(value.replace(mark, ".")) for value in values]
    whole = [float(value.replace(mark, "")) for value in values]
    table = table_of(tmp_path, text, decimal=mark)
    assert table.y.tolist() == decimals
    table = table_of(tmp_path, text, decimal=other)
    assert table.y.tolist() == whole
    (grouped,) = [note for note in table.notes if " as " in note]
    first = next(place for place, value in enumerate(values) if mark in value)
    assert grouped == f"Read {values[first]} in 'v' as {whole[first]:g}."


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["990", "1.000", "1.010", "3.5"], [990, 1, 1.01, 3.5]),
        (["0.125", "1.000"], [0.125, 1]),
        (["1234.125", "1.000"], [1234.125, 1]),
        (["1,25", "1,000", "7"], [1.25, 1, 7]),
        ([" 5 ", "+6", "-7e2", ".5", "8."], [5, 6, -700, 0.5, 8]),
        (["1.5e-3", "1.000"], [0.0015, 1]),
    ],
)
def test_one_cell_that_is_sure_tells_of_the_others(tmp_path, values, numbers):
    table = table_of(tmp_path, column_of(values))
    assert table.y.tolist() == numbers
    assert table.notes == []


def test_another_column_tells_too(tmp_path):
    text = "t;v;x\n1;1.000;2,5\n2;990;3,5"
    # A dot is then not before decimals, and groups must be asked for: no cell is sure.
    with pytest.raises(InputError, match=r"'v' has 1.000 in row 1, .*--decimal ,"):
        table_of(tmp_path, text, exogenous=["x"])
    table = table_of(tmp_path, text, exogenous=["x"], decimal=",")
    assert table.y.tolist() == [1000, 990]
    assert table.X["x"].tolist() == [2.5, 3.5]


def test_three_decimals_everywhere_beside_commas_are_said(tmp_path):
    table = table_of(tmp_path, "t,v\n1,21.125\n2,20.500\n3,19.875")
    assert table.y.tolist() == [21.125, 20.5, 19.875]
    (note,) = table.notes
    assert note == "Read 21.125 in 'v' as 21.125. If it is 21125, give --decimal ,"


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f", "'", "\u2019", "."])
def test_groups_of_digits_are_read_if_only_one_form_fits_and_said(tmp_path, blank):
    values = [f"1{blank}234{blank}567,5", f"-12{blank}345", "678,25"]
    text = column_of(values)
    for options in ({}, {"decimal": ","}):
        table = table_of(tmp_path, text, **options)
        assert table.y.tolist() == [1234567.5, -12345, 678.25]
        assert f"Read {values[0]} in 'v' as 1234567.5." in table.notes


@pytest.mark.parametrize(
    ("mark", "cells", "numbers"),
    [
        (".", ["990", "1.000", "1.010"], [990, 1000, 1010]),
        (".", ["1.000,5", "2,5", "1.010"], [1000.5, 2.5, 1010]),
        (",", ["1,000", "2.125", "7"], [1000, 2.125, 7]),
        ("'", ["1'000", "2\u2019000.5", "7"], [1000, 2000.5, 7]),
        ("'", ["1'000", "2'000,5", "7"], [1000, 2000.5, 7]),
        (" ", ["1 000", "2\u202f000,5", "7"], [1000, 2000.5, 7]),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_the_mark_between_thousands_is_given(tmp_path, mark, cells, numbers, separator):
    text = column_of(cells, separator)
    assert table_of(tmp_path, text, thousands=mark).y.tolist() == numbers


def test_no_other_mark_is_then_between_thousands(tmp_path):
    text = column_of(["1.000", "2 000", "3"])
    with pytest.raises(
        InputError, match=r"'v' has 2 000 in row 2, which is not a number"
    ):
        table_of(tmp_path, text, thousands=".")
    with pytest.raises(InputError, match=r"--thousands \. are the same mark"):
        table_of(tmp_path, text, thousands=".", decimal=".")


@pytest.mark.parametrize("decimal_mark", [None, ".", ","])
@pytest.mark.parametrize(
    "cell",
    ["12%", "12 %", "$5", "5 EUR", "(5)", "5-", "\u22125", "1_000", "0x1F", "1/2", "yes",
     "5,5,5", "1 00", "1.00.000", "12.34.567", "--", "-", "?", "1e", "inf", "\uff15"],
)  # fmt: skip
def test_what_is_no_number_is_refused_whatever_the_mark(tmp_path, cell, decimal_mark):
    with pytest.raises(InputError, match=r"'v' has .* in row 2, which is not a number"):
        table_of(tmp_path, column_of(["7", cell, "8"]), decimal=decimal_mark)


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_nul_byte_is_refused_with_its_place(tmp_path, ending):
    rows = sales = 't,v\n"2020\n-01",1\n\n2020-02,2\n2020-03,3\x004\n'
    opened = gzip.open if ending.endswith("gz") else open
    path = tmp_path / f"s.{ending}"
    for text, where in [
        (rows, " in row 3, column 'v',"),
        (sales.replace("\0", "").replace("t,v", "t,v\0w"), " in the header, column 'v"),
    ]:
        with opened(path, "wt") as file:
            file.write(text)
        with pytest.raises(InputError) as caught:
            read_source(str(path))
        assert f"has a NUL byte{where}" in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "is_said"),
    [
        ([2**53 + 1, 5], True),
        ([-(2**60) - 1, 5], True),
        ([2**53 + 2, 2**60], False),
        ([str(2**53 + 1), "5"], True),
        (["9,007,199,254,740,993", "5"], True),
        ([str(2**53), "1e300"], False),
        ([decimal.Decimal(2**53 + 1), decimal.Decimal(5)], True),
        ([1e300, 5.0], False),
        (pd.array([2**53 + 1, 5], dtype="Int64"), True),
        (np.array([2**64 - 1, 5], dtype="uint64"), True),
    ],
)
def test_digits_that_are_lost_are_said(cells, is_said):
    rows = rows_at([1, 2]).assign(v=cells)
    table = table_from_rows(rows, time="t", target="v", decimal=".")
    said = [note for note in table.notes if "have 16 digits" in note]
    assert len(said) == is_said
    if is_said:
        kept = f"{float(str(cells[0]).replace(',', '')):.0f}"
        assert said[0].startswith(f"Read {cells[0]} in 'v' as {kept}:")


@pytest.mark.parametrize("cell", ["1e400", "-1e400", "9" * 400])
def test_numbers_that_are_too_large_are_refused(tmp_path, cell):
    with pytest.raises(InputError, match="in row 2, which is not a number"):
        table_of(tmp_path, f"t,v\n1,2\n2,{cell}\n", time="t", target="v")


@pytest.mark.parametrize("word", ["NA", "n/a", "NaN", "null", "#N/A"])
def test_words_for_what_is_unknown_are_said(tmp_path, word):
    text = column_of(["1", word, "3"])
    with pytest.raises(InputError, match="'v' is empty at 2"):
        table_of(tmp_path, text)
    table = table_of(tmp_path, text, gaps="interpolate")
    assert table.y.tolist() == [1, 2, 3]
    assert f"Read '{word}' in 'v' as unknown." in table.notes


def test_true_and_false_are_said(tmp_path):
    table = table_of(tmp_path, "t,v,x\n1,5,True\n2,6,false", exogenous=["x"])
    assert table.X["x"].tolist() == [1, 0]
    assert "Read true and false in 'x' as 1 and 0." in table.notes


def test_columns_of_one_name_are_told_apart_by_none(tmp_path):
    text = "t,v,v,w\n1,5,50,0\n2,6,60,0"
    with pytest.raises(InputError, match=r"2 columns are called 'v'. Rename"):
        table_of(tmp_path, text)
    assert table_of(tmp_path, text, target="w").y.tolist() == [0, 0]


@pytest.mark.parametrize("zone", ["+01", "+01:00", "+0100", " +01", "-05", "Z", "-03:30"])
@pytest.mark.parametrize("between", [" ", "T"])
def test_days_stay_days_however_the_zone_is_written(zone, between):
    days = pd.date_range("2024-01-01", periods=40).astype(str)
    for clock in ("00", "00:00", "00:00:00", "00:00:00.000"):
        table = table_from_rows(rows_at(days + f"{between}{clock}{zone}"))
        assert table.y.index.freqstr == "D"
        assert list(table.y.index.astype(str)) == list(days)


def test_hours_that_move_to_utc_are_said():
    hours = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
    for times in (hours, [time.strftime("%Y-%m-%d %H:%M%z")[:-2] for time in hours]):
        table = table_from_rows(rows_at(times))
        assert table.y.index[0] == pd.Period("2024-03-29 23:00", "h")
        assert any("counted in UTC: 2024-03-30 00:00" in note for note in table.notes)


def test_a_zone_in_some_rows_only_is_refused():
    times = ["2024-01-01 00:00+01:00", "2024-01-01 01:00", "2024-01-01 02:00+01:00"]
    with pytest.raises(InputError, match="01:00 in row 2 without a time zone"):
        table_from_rows(rows_at(times), time="t")


@pytest.mark.parametrize(
    "times",
    [
        ["24-01-02", "24-01-03", "24-01-04"],
        ["01/02/24", "02/02/24", "03/02/24"],
        ["2 Jan 2024", "3 Jan 2024", "4 Jan 2024"],
        ["today", "2024-01-02", "2024-01-03"],
        ["2024-01-02 01:00 PM", "2024-01-02 02:00 PM", "2024-01-02 03:00 PM"],
        ["2024-01-02 01:00 CET", "2024-01-02 02:00 CET", "2024-01-02 03:00 CET"],
    ],
)
def test_dates_in_other_forms_are_refused(times):
    with pytest.raises(InputError, match="in row 1, which is not a time"):
        table_from_rows(rows_at(times), time="t")


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([20240130, 20240131, 20240201], "stands for a date"),
        ([202311, 202312, 202401], "stands for a date"),
        ([1704067200, 1704070800, 1704074400], "counts seconds"),
        ([1704067200000, 1704070800000, 1704074400000], "counts seconds"),
        ([202401310000, 202401310100, 202401310200], "date without its marks"),
    ],
)
def test_numbers_that_are_dates_are_refused(times, message, as_text):
    times = list(map(str, times)) if as_text else times
    with pytest.raises(InputError, match=message):
        table_from_rows(rows_at(times), time="t", target="v", gaps="ffill")


def test_days_of_a_spreadsheet_are_said():
    table = table_from_rows(rows_at([45292, 45293, 45294]), time="t", target="v")
    assert list(table.y.index) == [45292, 45293, 45294]
    assert any("days of a spreadsheet" in note for note in table.notes)


@pytest.mark.parametrize(
    "names",
    [["001", "01", "1"], ["1.10", "1.1"], ["NA", "nan"], ["TRUE", "True"],
     ["1e3", "0"],
     ["123456789012345678901", "123456789012345678902"]],
)  # fmt: skip
def test_names_of_series_stay_as_they_are_written(tmp_path, names):
    lines = [f"{name},{row},{row}.5" for name in names for row in range(3)]
    table = table_of(tmp_path, "\n".join(["s,t,v", *lines]), series="s")
    assert set(table.y.index.get_level_values(0)) == set(names)
    written = table.with_times_as_written(table.y)
    assert set(written["s"]) == set(names)


def test_series_with_numbers_come_in_the_order_of_numbers(tmp_path):
    lines = [f"{name},{row},{row}.5" for name in (10, 9, 2) for row in range(3)]
    table = table_of(tmp_path, "\n".join(["s,t,v", *lines]), series="s")
    assert table.y.index.get_level_values(0).unique().tolist() == [2, 9, 10]


# ---------------------------------------------------------------- panels


def panel():
    months = pd.period_range("2020-01", periods=4, freq="M").astype(str)
    parts = [
        pd.DataFrame({"t": months[-n:], "shop": shop, "v": 10.0 * k + np.arange(n)})
        for k, (shop, n) in enumerate([("north", 4), ("south", 3)])
    ]
    return pd.concat(parts).sample(frac=1, random_state=0)


def test_a_panel_has_its_series_before_the_time():
    table = table_from_rows(panel(), series="shop")
    assert table.y.index.names == ["shop", "t"]
    assert table.y.loc["north", "v"].tolist() == [0, 1, 2, 3]
    assert table.y.loc["south", "v"].tolist() == [10, 11, 12]
    assert table.y.loc["south"].index[0] == pd.Period("2020-02", "M")
    assert table.lengths.to_dict() == {"north": 4, "south": 3}
    written = table.with_times_as_written(table.y)
    assert written.columns.tolist() == ["shop", "t", "v"]
    assert written.iloc[0].tolist() == ["north", "2020-01", 0.0]


def test_errors_in_a_panel_name_the_series():
    rows = panel()
    is_gap = (rows["shop"] == "south") & (rows["t"] == "2020-03")
    with pytest.raises(InputError, match="in series 'south': 2020-03 is missing"):
        table_from_rows(rows[~is_gap], series="shop")
    with pytest.raises(InputError, match="2 times in series 'south'"):
        table_from_rows(pd.concat([rows, rows[is_gap]]), series="shop")
    nameless = rows.assign(shop=["north", None, *["south"] * 5])
    with pytest.raises(InputError, match="does not name the series of row 2"):
        table_from_rows(nameless, series="shop")


def test_rows_ahead_are_asked_for_in_each_series():
    rows = panel().assign(x=1.0)
    rows.loc[(rows["shop"] == "north") & (rows["t"] == "2020-04"), "v"] = np.nan
    table = table_from_rows(rows, target="v", series="shop", exogenous=["x"])
    with pytest.raises(InputError, match="of series 'south' in which 'v' is empty"):
        table.first_ahead(1)


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize("name", DATASETS)
def test_every_bundled_data_set_is_complete(name):
    source = read_source(name)
    table = table_from_rows(source.rows, target=source.target, time=source.time)
    assert table.notes == []
    assert len(table.y) >= 16
    assert isinstance(table.y.index, pd.PeriodIndex)


def test_quarters_of_a_bundled_data_set_are_those_of_its_file():
    import sktime

    path = f"{sktime.__path__[0]}/datasets/data/Uschange/Uschange.csv"
    truth = pd.read_csv(path).set_index("Quarter")["Consumption"]
    source = read_source("uschange")
    ours = source.rows.set_index("Quarter")[source.target]
    truth.index = pd.PeriodIndex(truth.index.str.replace(" ", ""), freq="Q")
    assert_allclose(ours, truth.sort_index().reindex(ours.index))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("t,v\n1,1.5\n2,2.5\n", [1.5, 2.5]),
        ("t;v\n1;1,5\n2;2,5\n", [1.5, 2.5]),
        ("t;v\n1;1.5\n2;2.5\n", [1.5, 2.5]),
        ("t\tv\n1\t1.5\n2\t2.5\n", [1.5, 2.5]),
        ("\ufefft,v\n1,1.5\n2,2.5\n", [1.5, 2.5]),
    ],
)
def test_a_csv_file_says_itself_what_separates_its_columns(tmp_path, text, values):
    path = tmp_path / "sales.csv"
    path.write_text(text, encoding="utf-8")
    source = read_source(str(path))
    assert source.name == "sales"
    table = table_from_rows(source.rows, time="t", separator=source.separator)
    assert table.y.to_dict() == dict(zip([1, 2], values, strict=True))


def test_parquet_gives_its_index_as_a_column(tmp_path):
    path = tmp_path / "sales.parquet"
    rows = rows_at(pd.date_range("2020-01-01", periods=3))
    rows.set_index("t").to_parquet(path)
    pd.testing.assert_frame_equal(read_source(str(path)).rows, rows, check_freq=False)
    rows.to_parquet(path)
    pd.testing.assert_frame_equal(read_source(str(path)).rows, rows, check_freq=False)


def test_an_index_that_is_called_as_a_column(tmp_path):
    rows = rows_at([1, 2, 3])
    path = tmp_path / "s.parquet"
    for index in (
        pd.Index([5, 6, 7], name="t"),
        pd.MultiIndex.from_arrays([[1, 2, 3], [5, 6, 7]], names=["a", "t"]),
    ):
        rows.set_axis(index).to_parquet(path)
        with pytest.raises(InputError, match="is called 't', as one of its columns is"):
            read_source(str(path))
    some_names = pd.MultiIndex.from_arrays([[1, 2, 3], [5, 6, 7]], names=[None, "a"])
    rows.rename(columns={"t": "level_0"}).set_axis(some_names).to_parquet(path)
    assert list(read_source(str(path)).rows) == ["a", "level_0", "v"]


@pytest.mark.parametrize("kind", ["DATE", "DATETIME", "TIME"])
@pytest.mark.parametrize("cell", ["'soon'", "20200101", "1.5", "x'00'", "'2020-13-01'"])
def test_a_cell_of_another_kind_in_a_database(tmp_path, kind, cell):
    with contextlib.closing(sqlite3.connect(tmp_path / "odd.db")) as connection:
        connection.execute(f"CREATE TABLE s (t {kind}, v REAL)")
        connection.execute(f"INSERT INTO s VALUES ({cell}, 1)")
        connection.commit()
    address = f"sqlite:///{tmp_path}/odd.db"
    with pytest.raises(InputError, match=r"a cell that can't be read: .*CAST"):
        read_source(address)
    query = "SELECT CAST(t AS TEXT) AS t, v FROM s"
    assert len(read_source(address, query=query).rows) == 1


@pytest.fixture
def database(tmp_path):
    """A database of two tables, one of them with a name that must be quoted."""
    path = tmp_path / "shop.db"
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    rows = rows_at(pd.date_range("2020-01-01", periods=3))
    with engine.begin() as connection:
        rows.to_sql("sales", connection, index=False)
        rows.assign(v=7.0).to_sql('odd "name"; drop', connection, index=False)
    engine.dispose()
    return path


def test_a_table_of_a_database(database):
    source = read_source(f"sqlite:///{database}?table=sales")
    assert source.name == "sales"
    assert source.rows["v"].tolist() == [0, 1, 2]
    odd = read_source(f"sqlite:///{database}?table=odd %22name%22%3B drop")
    assert odd.rows["v"].tolist() == [7, 7, 7]


def test_a_query_to_a_database(database):
    query = "SELECT t, v * 2 AS twice FROM sales WHERE v > 0 AND t > '2020-01-01 00:00'"
    source = read_source(f"sqlite:///{database}", query=query)
    assert source.rows["twice"].tolist() == [2, 4]


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE sales",
        "sales",
        "WITH gone AS (SELECT 1) DELETE FROM sales",
        "SELECT 1; DROP TABLE sales",
    ],
)
def test_a_query_only_reads(database, query):
    before = database.read_bytes()
    with pytest.raises(InputError):
        read_source(f"sqlite:///{database}", query=query)
    assert database.read_bytes() == before


def test_a_password_is_not_shown(monkeypatch):
    class Unreachable:
        def connect(self):
            raise sqlalchemy.exc.OperationalError("connect", {}, Exception("refused"))

        def dispose(self):
            pass

    monkeypatch.setattr(sqlalchemy, "create_engine", lambda url: Unreachable())
    with pytest.raises(InputError, match="can't be read: refused") as caught:
        read_source("postgresql://user:secret@host/shop?table=sales")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "/* all */ SELECT * FROM sales",
        "-- all of them; even those\nSELECT * FROM sales",
        "SELECT * FROM sales;",
        "WITH s AS (SELECT * FROM sales) SELECT * FROM s",
        "SELECT t, v, 'DELETE; --' AS \"drop\" FROM sales",
        "SELECT t, v, strftime('%H:%M', t) AS hour FROM sales",
    ],
)
def test_a_select_is_one_whatever_comments_it_has(database, query):
    source = read_source(f"sqlite:///{database}", query=query)
    assert source.rows["v"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "query",
    [
        "/* SELECT */ DELETE FROM sales",
        "-- SELECT\nDELETE FROM sales",
        "WITH x AS (SELECT 1) DELETE FROM sales",
        "WITH x AS (DELETE FROM sales RETURNING *) SELECT * FROM x",
        "SELECT * INTO other FROM sales",
        "PRAGMA user_version = 3",
        "ATTACH 'new.db' AS new",
        "SELECT 1; SELECT 2",
        "SELECT 1; -- no more\nDROP TABLE sales",
        "EXPLAIN SELECT 1",
    ],
)
def test_what_is_no_single_select_is_refused_before_the_database_sees_it(database, query):
    with pytest.raises(InputError, match="--query must be a SELECT"):
        read_source(f"sqlite:///{database}", query=query)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///typo.db?table=sales",
        "sqlite:///file:typo.db?uri=true&table=sales",
        "sqlite:///file:typo.db?uri=true&mode=rwc&table=sales",
        "sqlite+pysqlite:///file:typo%20too.db?uri=true",
        "sqlite:///file:typo.db",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "duckdb:///typo.duckdb?table=sales",
    ],
)
def test_a_typo_begins_no_database(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no database"):
        read_source(address)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_named_as_a_file_is_read(database, monkeypatch):
    monkeypatch.chdir(database.parent)
    for address in (f"sqlite:///file:{database}?uri=true", "sqlite:///file:shop.db"):
        assert len(
            read_source(f"{address}{'&' if '?' in address else '?'}table=sales").rows
        )


def ragged_rows(times):
    """Return series "b" and "a" of 5 and 3 rows from the same time on."""
    rows = pd.DataFrame({"series": [*"bbbbb", *"aaa"], "t": [*times[:5], *times[:3]]})
    return rows.assign(v=np.arange(8.0), region=[*"nnnnn", *"sss"])


RAGGED = {"target": "v", "time": "t", "series": "series"}
COUNTER = range(5)
MONTHS = [f"2024-0{month}" for month in range(1, 6)]


@pytest.mark.parametrize("times", [COUNTER, MONTHS])
def test_series_that_end_at_different_times_are_refused_in_a_comparison(times):
    table = table_from_rows(ragged_rows(times), **RAGGED)
    with pytest.raises(
        InputError, match=f"'a' ends at {times[2]}, series 'b' at {times[4]}.*--ends drop"
    ):
        table.check_same_end()


@pytest.mark.parametrize("times", [COUNTER, MONTHS])
def test_steps_count_back_from_the_end_of_each_series(times):
    rows = ragged_rows(times)
    rows["plan"] = rows["v"] + 10
    # The last row of "b" is one to forecast.
    rows.loc[4, "v"] = np.nan
    table = table_from_rows(rows, **RAGGED, exogenous=["plan"], ends="align")
    table.check_same_end()
    assert table.y["v"].to_dict() == {
        ("a", -2): 5, ("a", -1): 6, ("a", 0): 7,
        ("b", -3): 0, ("b", -2): 1, ("b", -1): 2, ("b", 0): 3,
    }  # fmt: skip
    assert table.X["plan"].tolist() == [15, 16, 17, 10, 11, 12, 13]
    assert table.X_ahead["plan"].to_dict() == {("b", 1): 14}
    assert list(table.with_times_as_written(table.X_ahead)["t"]) == [1]
    assert any("counted back" in note for note in table.notes)


def test_series_that_end_early_are_dropped():
    table = table_from_rows(ragged_rows(MONTHS), **RAGGED, ends="drop")
    assert list(table.lengths.index) == ["b"]
    assert "Left out 1 of 2 series, which end before 2024-05: 'a'." in table.notes


@pytest.mark.parametrize("ends", ["drop", "align"])
def test_series_that_end_together_keep_their_times(ends):
    rows = ragged_rows(MONTHS)
    rows.loc[rows["series"] == "a", "t"] = MONTHS[2:]
    table = table_from_rows(rows, **RAGGED, ends=ends)
    pd.testing.assert_frame_equal(table.y, table_from_rows(rows, **RAGGED).y)
    assert not any("end" in note.split() for note in table.notes)


def test_only_the_rows_with_a_value_are_read():
    rows = ragged_rows(MONTHS).assign(year=[2024] * 5 + [2025] * 3)
    chosen = [("region", "s"), ("year", "2025")]
    table = table_from_rows(rows, target="v", time="t", only=chosen)
    assert table.y.tolist() == [5, 6, 7]
    assert "--only chose 3 rows." in table.notes
    with pytest.raises(InputError, match=r"no column 'regoin'.*mean 'region'"):
        table_from_rows(rows, **RAGGED, only=[("regoin", "s")])
    with pytest.raises(InputError, match=r"No row has 'x' in 'region'.*'n', 's'"):
        table_from_rows(rows, **RAGGED, only=[("region", "x")])
    with pytest.raises(InputError, match=r"No row has 'n' in 'region'.*it has 's'"):
        table_from_rows(rows, **RAGGED, only=[("region", "s"), ("region", "n")])


def test_a_few_notes_on_single_series_are_enough():
    rows = pd.DataFrame(
        {"series": np.repeat(range(20), 3), "t": [0, 2, 3] * 20, "v": 1.0}
    )
    table = table_from_rows(rows, **RAGGED, gaps="ffill")
    assert sum("Filled 1 gaps in series" in note for note in table.notes) == 5
    assert table.notes[-1] == "There are 15 more notes like these."


# ---------------------------------------------------------------- what seems to be other


def test_a_column_with_a_cell_that_is_no_number_is_not_overlooked(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(
        "day,sales,price\n2020-01-01,5,2.5\n2020-01-02,-,2.5\n2020-01-03,7,3\n"
    )
    rows = read_source(str(path)).rows
    with pytest.raises(InputError, match="--target: sales, price could be"):
        table_from_rows(rows)
    with pytest.raises(InputError, match="'sales' has - in row 2, which is not a number"):
        table_from_rows(rows, wide=True)
    with pytest.raises(InputError, match="'sales' has - in row 2, which is not a number"):
        table_from_rows(rows.drop(columns="price"))


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01,a,5\n2020-01-02,a,6\n2020-01-03,a,4\n",
        "31.01.2020;5\n29.02.2020;6\n31.03.2020;4\n",
        "2020Q1,5\n2020Q2,6\n2020Q3,4\n",
        "2001,5\n2002,6\n2003,4\n",
    ],
)
def test_a_first_row_without_names_is_not_lost(tmp_path, text):
    path = tmp_path / "sales.csv"
    path.write_text(text)
    source = read_source(str(path))
    with pytest.raises(InputError, match="look like a row of the table"):
        table_from_rows(source.rows, separator=source.separator)
    path.write_text(
        f"{'a,b,c' if ',a' in text else 'a;b' if ';' in text else 'a,b'}\n{text}"
    )
    source = read_source(str(path))
    assert len(table_from_rows(source.rows, separator=source.separator).y) == 3


def test_the_names_of_a_table_without_names_are_no_times():
    rows = pd.DataFrame({"0": [1, 2, 3], "1": [5.0, 6, 4]})
    assert table_from_rows(rows).y.tolist() == [5, 6, 4]


def test_rows_of_empty_cells_are_left_out_of_csv_files(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("t,v\n1,5\n , \n2,6\n3,x\n,\n,\n")
    source = read_source(str(path))
    with pytest.raises(InputError, match="has x in row 4"):
        table_from_rows(source.rows, target="v", row_numbers=source.row_numbers)
    path.write_text("t,v\n1,5\n , \n2,9\n3,7\n,\n,\n")
    assert table_from_rows(read_source(str(path)).rows).y.tolist() == [5, 9, 7]


def test_parquet_gives_times_without_a_name_as_a_column(tmp_path):
    path = tmp_path / "sales.parquet"
    times = pd.date_range("2020-01-01", periods=3)
    pd.DataFrame({"v": [5.0, 6, 4], "n": [1, 2, 3]}, times).to_parquet(path)
    table = table_from_rows(read_source(str(path)).rows, target="v")
    assert table.time == "index"
    assert table.y.index[0] == pd.Period("2020-01-01")


def test_a_row_without_a_date_does_not_hide_the_column_of_dates():
    days = [*pd.date_range("2020-01-01", periods=3), pd.NaT]
    with pytest.raises(InputError, match="'t' has no time in row 4"):
        table_from_rows(pd.DataFrame({"t": days, "v": [5.0, 6, 4, 15]}))
