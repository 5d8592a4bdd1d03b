"""What a forecaster chooses where its user does not: rules that read the data."""

import math
from dataclasses import dataclass

import pandas as pd

from skforecast_lstm._time_steps import usual_offset

__all__ = ["Plan", "default_block", "default_lookback", "season_of"]

SOME_ROWS = 1_000
MANY_ROWS = 10_000

_DAY = pd.Timedelta(1, "D")
_SEASON_OF = {"D": 7, "B": 5, "W": 52, "M": 12, "Q": 4}


def season_of(times: pd.Index) -> int:
    """Season that the frequency of an index suggests: 12 for months, 24 for hours."""
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        return 1
    offset = times.freq
    if offset is None and isinstance(times, pd.DatetimeIndex) and len(times) > 2:
        offset = usual_offset(times)
    if offset is None:
        return 1
    if isinstance(offset, pd.offsets.Tick):
        steps_a_day = _DAY / pd.Timedelta(offset)
        if steps_a_day > 1:
            return round(steps_a_day)
        return 7 if steps_a_day == 1 else 1
    if type(offset) is pd.DateOffset:
        # One day of every so many months, which has no name.
        n_months = offset.n * offset.kwds.get("months", 0)
        return 12 // n_months if n_months and 12 % n_months == 0 else 1
    name = offset.name.split("-")[0].removesuffix("E").removesuffix("S")
    season = _SEASON_OF.get(name, 1)
    return season // offset.n if season % offset.n == 0 else 1


def usable_season(n_rows: int, season_length: int) -> int:
    """The season, where there are three of it to learn from; else none."""
    return season_length if n_rows >= 3 * season_length else 1


def default_lookback(n_rows: int, horizon: int, season_length: int, *, n_all: int) -> int:
    """Steps of a window: three seasons, or twice the horizon where there is no season.

    Where there are many rows in all, eight times the horizon if that is more. Never
    more than half of the rows of a series, or a third of all: fewer seasons then, and
    fewer steps.

    Parameters
    ----------
    n_rows : int
        Rows of a series, by their median.
    horizon : int
        Steps ahead.
    season_length : int
        Steps of a season; 1 for none.
    n_all : int
        Rows of all series together.

    Returns
    -------
    lookback : int
        Number of steps.
    """
    longest = max(min(n_rows // 2, n_all // 3), 2)
    wanted = 3 * season_length if season_length > 1 else max(2 * horizon, 12)
    if n_all > MANY_ROWS:
        wanted = max(wanted, 8 * horizon)
    n_seasons = min(wanted, longest) // season_length
    return max(n_seasons, 1) * season_length


def default_block(n_rows: int, horizon: int, lookback: int) -> int:
    """Steps that are forecast at once; what is beyond follows by feeding them back.

    All of the horizon, where that leaves enough windows to learn from.
    """
    return max(1, min(horizon, math.ceil((n_rows - lookback) / 3)))


@dataclass(frozen=True)
class Plan:
    """How large a network is, and how long it is trained.

    Parameters
    ----------
    units : int
        Units of its LSTM.
    segment : int or None
        Steps that it reads at once.
    dropout : float
        Fraction of its state that is dropped in training.
    batch_size, n_batches : int
        Windows in a batch, and batches.
    learning_rate : float
        Learning rate of the first batch.
    n_members : int
        Networks whose mean is the forecast.
    loss_in_spreads : bool
        Whether the loss is measured in the spread of each window.
    """

    units: int
    segment: int | None
    dropout: float
    batch_size: int
    n_batches: int
    learning_rate: float
    n_members: int
    loss_in_spreads: bool

    @classmethod
    def of(cls, n_rows: int, lookback: int, season_length: int) -> "Plan":
        """For so many rows in all, windows of so many steps, and a season.

        Units, from 16 to 64, and windows in a batch, from 32 to 128, grow with the root
        of the rows. Batches are a quarter of the rows, up to 2,000, or ten times their
        root if that is more: from 200 to 6,000.

        From 1,000 rows on a segment is a season, or as many seasons as leave 16
        segments, or an eighth of the window where there is no season. From 10,000 rows
        on, most of which are seen only a few times, there is no dropout; there are eight
        members, and the loss is measured in spreads.
        """
        root = math.sqrt(n_rows)
        width = 2 ** round(math.log2(max(root / 4, 1)))
        units, batch_size = min(max(width, 16), 64), min(max(width, 32), 128)
        n_batches = round(max(10 * root, min(n_rows / 4, 2000)))
        many = n_rows > MANY_ROWS
        segment = None
        if n_rows > SOME_ROWS and season_length == 1:
            segment = math.ceil(lookback / 8)
        elif n_rows > SOME_ROWS:
            segment = math.ceil(lookback / (16 * season_length)) * season_length
        return cls(
            units=units,
            segment=segment,
            dropout=0.0 if many else 0.3,
            batch_size=batch_size,
            n_batches=min(max(n_batches, 200), 6000),
            learning_rate=0.01 * math.sqrt(16 / units),
            n_members=8 if many else 3,
            loss_in_spreads=many,
        )
