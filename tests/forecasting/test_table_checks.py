"""Tables as people read them from files: errors say what to do."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm import LSTMForecaster

DAYS = pd.date_range("2026-01-01", periods=20)


def fit(y):
    return LSTMForecaster(pretrained=True).fit(y)


def test_numbers_that_were_read_as_text_are_told():
    sales = pd.DataFrame({"sold": ["1.234,5"] * 20}, index=DAYS)
    with pytest.raises(TypeError, match=r"'sold' .* such as '1\.234,5'.* decimal=\",\""):
        fit(sales)
    with pytest.raises(TypeError, match="has text"):
        fit(sales["sold"].astype("string"))


@pytest.mark.parametrize("as_object", [Decimal, float])
def test_numbers_that_are_objects_are_told(as_object):
    sales = pd.Series([as_object(20)] * 20, index=DAYS, name="sold", dtype=object)
    with pytest.raises(TypeError, match=r"'sold' of y has Python objects.*astype"):
        fit(sales)


def test_half_precision_is_read():
    sales = pd.Series(np.arange(20.0), index=DAYS)
    pd.testing.assert_series_equal(
        *(fit(one).predict(fh=[1]) for one in (sales, sales.astype("float16")))
    )


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (DAYS.date, "objects, such as datetime.date"),
        (DAYS - DAYS[0], "durations"),
        (DAYS.delete(3).insert(3, pd.NaT), "no time in 1 rows"),
    ],
)
def test_other_times_are_told(times, message):
    with pytest.raises((TypeError, ValueError), match=message):
        fit(pd.Series(np.arange(20.0), index=times))


def test_times_that_were_read_as_text_are_told():
    sales = pd.Series(np.arange(20.0), index=DAYS.strftime("%d.%m.%Y"))
    with pytest.raises(TypeError, match=r"text, such as '01\.01\.2026'.* dayfirst=True"):
        fit(sales)
    shops = pd.concat({"north": sales})
    with pytest.raises(TypeError, match="dayfirst=True"):
        fit(shops)


def test_several_series_below_each_other_without_their_names_are_told():
    sales = pd.Series(np.arange(20.0), index=DAYS)
    with pytest.raises(ValueError, match=r"2026-01-01 .*rows that repeat: 20.*set_index"):
        fit(pd.concat([sales, sales]))


def test_unsorted_times_are_told_but_series_may_have_any_order():
    sales = pd.Series(np.arange(20.0), index=DAYS)
    with pytest.raises(ValueError, match=r"unsorted\. Use y\.sort_index"):
        fit(sales[::-1])
    shops = pd.concat({"north": sales, "south": sales}, names=["shop", "day"]).to_frame()
    with pytest.raises(ValueError, match="unsorted"):
        fit(shops[::-1])
    other_order = pd.concat([shops.loc[["south"]], shops.loc[["north"]]])
    assert len(fit(other_order).predict(fh=[1])) == 2
