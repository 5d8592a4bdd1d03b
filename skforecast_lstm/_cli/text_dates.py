"""Dates as offices write them: 31.01.2024, 1/31/2024, with or without an hour.

The order of day and month is read from the rows. If no row decides, dots stand for the
day first, with a note. For other marks, the user gives the order.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skforecast_lstm._cli.cells import is_text, is_unknown
from skforecast_lstm._cli.errors import InputError

__all__ = ["DateStyle"]

_DATE = (
    r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4})"
    r"(?:,? +(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])\.?[Mm]\.?)?)?$"
)
_PARTS = ["first", "mark", "second", "year", "hour", "minute", "second_of", "half"]


@dataclass(frozen=True)
class DateStyle:
    """Order and marks of dates in text.

    `order` is "dmy" or "mdy". `width` is the number of digits of days and months. `clock`
    is the number of parts of the time of day: 0, 2 or 3. If `halves`, hours have AM or
    PM.
    """

    order: str
    mark: str
    width: int
    clock: int
    halves: bool

    @classmethod
    def of(cls, column, order=None, notes=None):
        """Find the style of a column of text. Return None if most cells have another."""
        text = column[~is_unknown(column)]
        if not is_text(text).all():
            return None
        text = text.astype(str).str.strip()
        parts = _parts(text)
        found = parts.dropna(subset="mark")
        if not len(text) or 2 * len(found) < len(text):
            return None
        mark = found["mark"].mode()[0]
        if order is None:
            order = _order(text, found, mark, [] if notes is None else notes)
        digits = found[["first", "second"]].stack().str.len()
        clock = 2 + found["second_of"].notna().any() if found["hour"].notna().any() else 0
        return cls(
            order, mark, int(digits.min()), int(clock), bool(found["half"].notna().any())
        )

    def read(self, text):
        """Return the dates of text cells, NaT for cells in another style."""
        parts = _parts(text)
        day, month = ("first", "second") if self.order == "dmy" else ("second", "first")
        numbers = parts.drop(columns=["mark", "half"]).astype(float)
        hour = numbers["hour"].fillna(0)
        has_half = parts["half"].notna()
        hour = hour.mask(has_half & ~hour.between(1, 12))
        is_later = parts["half"].str.lower() == "p"
        hour = hour.mask(has_half, hour % 12 + 12 * is_later.to_numpy(dtype=float))
        times = pd.to_datetime(
            {
                "year": numbers["year"],
                "month": numbers[month],
                "day": numbers[day],
                "hour": hour,
                "minute": numbers["minute"].fillna(0),
                "second": numbers["second_of"].fillna(0),
            },
            errors="coerce",
        )
        is_valid = (
            (parts["mark"] == self.mark)
            & hour.between(0, 23)
            & ~(numbers["minute"] > 59)
            & ~(numbers["second_of"] > 59)
        )
        return times.where(is_valid)

    def write(self, times):
        """Return dates as text in this style."""
        return pd.Index([self._text(time) for time in times], dtype=object)

    def _text(self, time):
        day, month = (f"{part:0{self.width}}" for part in (time.day, time.month))
        date = [day, month] if self.order == "dmy" else [month, day]
        text = self.mark.join([*date, f"{time.year:04}"])
        if not self.clock:
            return text
        hour = (time.hour - 1) % 12 + 1 if self.halves else time.hour
        parts = [str(hour) if self.halves else f"{hour:02}", f"{time.minute:02}"]
        parts += [f"{time.second:02}"] * (self.clock == 3)
        half = f" {'AP'[time.hour >= 12]}M" if self.halves else ""
        return f"{text} {':'.join(parts)}{half}"


def _parts(text):
    return text.str.extract(_DATE).set_axis(_PARTS, axis=1)


def _order(text, found, mark, notes):
    """Return the order of day and month that the rows show."""
    name = text.name
    first, second = (found[part].astype(int).to_numpy() for part in ("first", "second"))
    rows = {"dmy": np.flatnonzero(first > 12), "mdy": np.flatnonzero(second > 12)}
    orders = [order for order, places in rows.items() if len(places)]
    if len(orders) == 1:
        return orders[0]
    if orders:
        day, month = (found.index[rows[order][0]] for order in orders)
        raise InputError(
            f"Column {name!r} has {text[day]} in row {day} with the day first, and "
            f"{text[month]} in row {month} with the month first. Write all dates in one "
            "order."
        )
    differs = np.flatnonzero(first != second)
    if not len(differs):
        return "dmy"
    row = found.index[differs[0]]
    year, one, other = found["year"][row], first[differs[0]], second[differs[0]]
    day_first, month_first = f"{year}-{other:02}-{one:02}", f"{year}-{one:02}-{other:02}"
    if mark != ".":
        raise InputError(
            f"Column {name!r} has {text[row]} in row {row}, which can be {day_first} or "
            f"{month_first}, and no other row decides. Give --dates dmy for {day_first}, "
            f"or --dates mdy for {month_first}."
        )
    notes.append(
        f"Read {text[row]} in {name!r} as {day_first}. If it is {month_first}, give "
        "--dates mdy."
    )
    return "dmy"
