"""Tables, times and horizons of pandas and sktime: convert them to parts and back.

All parts are lists of arrays and short values, so pandas builds the objects from what is
in the file. Only a `RangeIndex` can be much longer than its text, so it is counted.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._persistence.values import FREQUENCY, find_zone, zone_parts
from skforecast_lstm._scale import Scale

__all__ = ["TABLES", "find_table"]

_INDEXES = (
    pd.Index,
    pd.DatetimeIndex,
    pd.PeriodIndex,
    pd.TimedeltaIndex,
    pd.CategoricalIndex,
)
_MASKED = {
    "b": pd.arrays.BooleanArray,
    "f": pd.arrays.FloatingArray,
    "i": pd.arrays.IntegerArray,
    "u": pd.arrays.IntegerArray,
}


def _array_parts(array):
    """Return a one-dimensional array of pandas as an ndarray, or a name and its parts."""
    dtype = array.dtype
    if isinstance(dtype, np.dtype) or type(array) is pd.arrays.NumpyExtensionArray:
        return array.to_numpy()
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = array.tz_convert("UTC").tz_localize(None)
        return ["times", utc.to_numpy(), *_zone_parts(dtype)]
    if isinstance(dtype, pd.PeriodDtype):
        return ["periods", array.asi8, array.freqstr]
    if isinstance(dtype, pd.CategoricalDtype):
        return ["categories", array.codes, array.categories, bool(array.ordered)]
    if isinstance(dtype, pd.StringDtype):
        text = array.to_numpy(dtype=object, na_value=None)
        return ["text", text, dtype.na_value is not pd.NA]
    numbers = getattr(dtype, "numpy_dtype", None)
    if isinstance(array, tuple(_MASKED.values())) and numbers is not None:
        values = array.to_numpy(dtype=numbers, na_value=numbers.type(0))
        return ["masked", values, np.asarray(array.isna())]
    raise TypeError(f"it has values of the dtype {dtype}")


def _array(parts):
    """Return the array of pandas or NumPy with these parts."""
    if isinstance(parts, np.ndarray):
        if parts.ndim != 1 or parts.dtype.kind in "SU":
            raise ValueError("the values of a table are not one column")
        return parts
    name, values, *others = _checked_list(parts)
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        raise TypeError("the values of a table are not an array")
    if name == "times":
        index = pd.DatetimeIndex(values).tz_localize("UTC")
        return index.tz_convert(_zone(*others)).array
    if name == "periods":
        if values.dtype != np.int64:
            raise TypeError("the numbers of periods are not integers")
        dtype = pd.PeriodDtype(_offset_text(others[0]))
        return pd.arrays.PeriodArray(values, dtype=dtype)
    if name == "categories":
        categories, ordered = others
        if not isinstance(categories, pd.Index) or type(ordered) is not bool:
            raise TypeError("the categories of a table are not an index")
        if values.dtype.kind != "i":
            raise TypeError("the numbers of categories are not integers")
        return pd.Categorical.from_codes(values, categories, ordered=ordered)
    if name == "text":
        if any(type(item) not in (str, type(None)) for item in values.tolist()):
            raise TypeError("the text of a table is not text")
        dtype = pd.StringDtype(na_value=np.nan) if others[0] else pd.StringDtype()
        return pd.array(values, dtype=dtype)
    if name == "masked":
        return _MASKED[values.dtype.kind](values, others[0])
    raise ValueError("the values of a table are of an unknown kind")


def _zone_parts(dtype):
    """Return the time zone of a dtype, and whether pandas gives it for its name."""
    zone = zone_parts(dtype.tz)
    # pandas 2 gives a zone of pytz for a name. It would not join zones of two kinds.
    is_usual = type(zone) is str and dtype == pd.DatetimeTZDtype(dtype.unit, zone)
    return zone, is_usual


def _zone(zone, is_usual):
    # pandas would open any path, so the name is looked up in any case.
    found = find_zone(zone)
    return zone if is_usual else found


def _checked_list(parts):
    if type(parts) is not list:
        raise TypeError("the parts of a table are not a list")
    return parts


def _checked_index(index):
    if not isinstance(index, pd.Index):
        raise TypeError("the index of a table is not an index")
    return index


def _offset_text(text):
    if type(text) is not str or not FREQUENCY.fullmatch(text):
        raise TypeError("a frequency is invalid")
    return text


def _offset(text):
    return to_offset(_offset_text(text))


def _offset_parts(offset):
    text = offset.freqstr
    if not FREQUENCY.fullmatch(text) or to_offset(text) != offset:
        raise TypeError(
            f"its frequency {offset!r} has no plain name. Use a frequency such as 'MS', "
            "'15min' or 'W-SUN'"
        )
    return text


def _index_parts(index):
    frequency = None
    if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) and index.freq is not None:
        frequency = _offset_parts(index.freq)
    return [_array_parts(index.array), index.name, frequency]


def _index(parts, _budget):
    values, name, frequency = _checked_list(parts)
    array = _array(values)
    index = pd.Index(array, dtype=array.dtype, name=name)
    if frequency is not None:
        index = type(index)(index, freq=_offset(frequency), name=name)
    return index


def _range(parts, budget):
    start, stop, step, name = _checked_list(parts)
    if any(type(number) is not int for number in (start, stop, step)):
        raise TypeError("a range has a limit that is not an integer")
    index = pd.RangeIndex(start, stop, step, name=name)
    budget.take("bytes that are not in it", 8 * len(range(start, stop, step)))
    return index


def _multi_index(parts, _budget):
    levels, codes, names = map(_checked_list, _checked_list(parts))
    return pd.MultiIndex([_checked_index(level) for level in levels], codes, names=names)


def _series(parts, _budget):
    values, index, name = _checked_list(parts)
    array = _array(values)
    index = _checked_index(index)
    return pd.Series(array, index, dtype=array.dtype, name=name, copy=False)


def _frame_parts(frame):
    dtypes = set(frame.dtypes)
    if len(dtypes) == 1 and isinstance(next(iter(dtypes)), np.dtype):
        values = frame.to_numpy()
    else:
        columns = range(frame.shape[1])
        values = [_array_parts(frame.iloc[:, column].array) for column in columns]
    return [values, frame.index, frame.columns]


def _frame(parts, _budget):
    values, index, columns = _checked_list(parts)
    _checked_index(index)
    _checked_index(columns)
    if isinstance(values, np.ndarray):
        if values.ndim != 2 or values.dtype.kind in "SU":
            raise ValueError("the values of a table are not a table")
        dtype = values.dtype
        return pd.DataFrame(values, index, columns, dtype=dtype, copy=False)
    series = [_series([column, index, None], _budget) for column in _checked_list(values)]
    frame = pd.DataFrame(dict(enumerate(series)), index=index)
    return frame.set_axis(columns, axis=1)


def _horizon(parts, _budget):
    from sktime.forecasting.base import ForecastingHorizon

    values, is_relative, frequency = _checked_list(parts)
    horizon = ForecastingHorizon(_checked_index(values), is_relative=is_relative)
    if frequency is not None:
        horizon.freq = _offset(frequency)
    return horizon


def _horizon_parts(horizon):
    frequency = getattr(horizon, "_freq", None)
    text = None if frequency is None else _offset_parts(to_offset(frequency))
    return [horizon.to_pandas(), horizon.is_relative, text]


def _dtype_kind(part, _budget):
    from sktime.datatypes._dtypekind import DtypeKind

    return DtypeKind(part)


def _time_dtype(parts, _budget):
    unit, *zone = _checked_list(parts)
    return pd.DatetimeTZDtype(unit, _zone(*zone))


def _scale(parts, _budget):
    scale = Scale(*_checked_list(parts))
    if not all(isinstance(part, np.ndarray | np.generic) for part in scale):
        raise TypeError("a scale is not made of numbers")
    return scale


@dataclass(frozen=True)
class _Table:
    to_parts: Callable[[Any], Any]
    from_parts: Callable[[Any, Budget], Any]


TABLES = {
    "pandas.Index": _Table(_index_parts, _index),
    "pandas.RangeIndex": _Table(
        lambda index: [index.start, index.stop, index.step, index.name], _range
    ),
    "pandas.MultiIndex": _Table(
        lambda index: [
            list(index.levels),
            [np.asarray(codes) for codes in index.codes],
            list(index.names),
        ],
        _multi_index,
    ),
    "pandas.Series": _Table(
        lambda series: [_array_parts(series.array), series.index, series.name], _series
    ),
    "pandas.DataFrame": _Table(_frame_parts, _frame),
    "pandas.DateOffset": _Table(_offset_parts, lambda text, _budget: _offset(text)),
    "pandas.DatetimeTZDtype": _Table(
        lambda dtype: [dtype.unit, *_zone_parts(dtype)], _time_dtype
    ),
    "sktime.ForecastingHorizon": _Table(_horizon_parts, _horizon),
    "sktime.DtypeKind": _Table(int, _dtype_kind),
    "skforecast_lstm.Scale": _Table(list, _scale),
}


def find_table(value: Any) -> str | None:
    """Return the kind of a table, a frequency or a horizon, None for other values."""
    cls = type(value)
    if cls in _INDEXES:
        return "pandas.Index"
    if isinstance(value, pd.offsets.BaseOffset):
        return "pandas.DateOffset"
    others = (pd.RangeIndex, pd.MultiIndex, pd.Series, pd.DataFrame, pd.DatetimeTZDtype)
    if cls in others:
        return f"pandas.{cls.__name__}"
    if cls is Scale:
        return "skforecast_lstm.Scale"
    if "sktime" in sys.modules and cls.__module__.startswith("sktime."):
        name = f"sktime.{cls.__name__}"
        return name if name in TABLES else None
    return None
