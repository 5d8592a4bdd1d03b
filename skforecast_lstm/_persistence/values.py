"""Values that are neither plain nor estimators: convert them to parts and back."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import BSpline
from sklearn.utils import Bunch

__all__ = [
    "FREQUENCY",
    "KINDS",
    "Kind",
    "array_type",
    "find_kind",
    "find_zone",
    "plain_arrays",
    "zone_parts",
]


# A multiple and a unit, as pandas writes them: "15min", "W-SUN".
FREQUENCY = re.compile(r"-?[0-9]{0,20}[A-Za-z]{1,10}(-[A-Z]{3})?")


@dataclass(frozen=True)
class Kind:
    """Type of values, with functions to take them apart and put them together."""

    of: type
    to_parts: Callable[[Any], Any]
    from_parts: Callable[[Any], Any]


def array_type(text: str) -> np.dtype:
    """Return the dtype with this name: numbers, times or strings. Raise for others."""
    dtype = np.dtype(text) if type(text) is str else None
    if (
        dtype is None
        or dtype.str != text
        or dtype.kind not in "biufcmMSU"
        or not dtype.itemsize
    ):
        raise ValueError(f"{str(text)[:50]!r} is not a type of plain arrays")
    return dtype


def plain_arrays(values: list) -> list:
    """Return the same list. Raise unless all items are arrays.

    Each array has its own numbers in the file, so values made of arrays are not larger
    than the file. Other items can be in the file once and be used many times.
    """
    if any(type(value) is not np.ndarray for value in values):
        raise TypeError("a value that must be an array is not one")
    return values


def _scalar(array):
    if plain_arrays([array])[0].ndim:
        raise ValueError("an array does not hold a single number")
    return array[()]


def _masked_array(parts):
    *arrays, fill_value = parts
    if not isinstance(fill_value, np.generic | str | int | float | complex | None):
        raise TypeError("the fill value of an array is not a number")
    data, mask = plain_arrays(arrays)
    if mask.dtype != bool or mask.shape != data.shape:
        raise ValueError("the mask of an array does not fit the array")
    return np.ma.MaskedArray(data, mask=mask, fill_value=fill_value)


def _random_state_parts(generator):
    state = generator.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise TypeError(
            f"its random numbers come from {state['bit_generator']}, which a file can't "
            "store. Give an int, or numpy.random.RandomState(int)"
        )
    key, position = state["state"]["key"], state["state"]["pos"]
    return [key, position, state["has_gauss"], state["gauss"]]


def _random_state_from_parts(parts):
    key, position, has_gauss, gauss = parts
    plain_arrays([key])
    # NumPy accepts any position, and would read outside the key.
    if key.dtype != np.uint32 or not 0 <= position <= key.size:
        raise ValueError("the state of a RandomState is invalid")
    generator = np.random.RandomState(0)
    generator.set_state(("MT19937", key, position, has_gauss, gauss))
    return generator


def zone_parts(zone: dt.tzinfo | None) -> str | float | None:
    """Return the name of a time zone, or its offset from UTC in seconds."""
    if zone is None:
        return None
    # zoneinfo's key, pytz's zone.
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if name is not None:
        return name
    offset = zone.utcoffset(None)
    if offset is None:
        raise TypeError(
            f"its time zone {zone!r} has no name. Give a zoneinfo.ZoneInfo, or UTC"
        )
    return offset.total_seconds()


def find_zone(zone: str | float) -> dt.tzinfo:
    """Return the time zone with a name, or with an offset from UTC in seconds."""
    if isinstance(zone, str):
        return zoneinfo.ZoneInfo(zone)
    return dt.timezone(dt.timedelta(seconds=zone))


def _period(parts):
    ordinal, frequency = parts
    # pandas is very slow for frequencies of several parts, such as "1D1h1min".
    if type(ordinal) is not int or not FREQUENCY.fullmatch(frequency):
        raise TypeError("a period is invalid")
    return pd.Period(ordinal=ordinal, freq=frequency)


def _timedelta(part):
    if not isinstance(part, np.timedelta64):
        raise TypeError("a duration is invalid")
    return pd.Timedelta(part)


def _timestamp(parts):
    value, zone = parts
    if not isinstance(value, np.datetime64):
        raise TypeError("a time is invalid")
    time = pd.Timestamp(value)
    if zone is None:
        return time
    return time.tz_localize("UTC").tz_convert(find_zone(zone))


KINDS = {
    "set": Kind(set, list, set),
    "slice": Kind(
        slice,
        lambda part: [part.start, part.stop, part.step],
        lambda parts: slice(*parts),
    ),
    "numpy.generic": Kind(np.generic, np.asarray, _scalar),
    "numpy.dtype": Kind(np.dtype, lambda dtype: dtype.str, array_type),
    "numpy.ma.MaskedArray": Kind(
        np.ma.MaskedArray,
        lambda array: [array.data, np.ma.getmaskarray(array), array.fill_value],
        _masked_array,
    ),
    "numpy.random.RandomState": Kind(
        np.random.RandomState, _random_state_parts, _random_state_from_parts
    ),
    "pandas.Timestamp": Kind(
        pd.Timestamp, lambda time: [time.asm8, zone_parts(time.tz)], _timestamp
    ),
    "pandas.Timedelta": Kind(pd.Timedelta, lambda time: time.asm8, _timedelta),
    "pandas.Period": Kind(
        pd.Period,
        lambda period: [period.ordinal, period.freqstr],
        _period,
    ),
    "scipy.interpolate.BSpline": Kind(
        BSpline,
        lambda spline: [spline.t, spline.c, spline.k, spline.extrapolate, spline.axis],
        lambda parts: BSpline(*plain_arrays(parts[:2]), *parts[2:]),
    ),
    "sklearn.utils.Bunch": Kind(Bunch, dict, lambda parts: Bunch(**parts)),
}


def find_kind(value: Any) -> str | None:
    """Return the kind of a value, or None. Only NumPy types may be subclasses."""
    for name, kind in KINDS.items():
        many = kind.of in (np.generic, np.dtype)
        if isinstance(value, kind.of) if many else type(value) is kind.of:
            return name
    return None
