"""Defaults of the forecaster, chosen from the data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from skforecast_lstm._checks import check_seasons
from skforecast_lstm._time_steps import usual_offset

__all__ = ["Plan", "default_block", "default_lookback", "find_seasons", "usual_season"]

SOME_ROWS = 1_000
MANY_ROWS = 10_000

_DAY = pd.Timedelta(1, "D")
_SEASON_OF = {"D": 7, "B": 5, "W": 52, "M": 12, "Q": 4}


def usual_season(times: pd.Index) -> int:
    """Return the season for the frequency of an index: 12 for months, 24 for hours."""
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
        # The offset is a number of months. Such offsets have no name.
        n_months = offset.n * offset.kwds.get("months", 0)
        return 12 // n_months if n_months and 12 % n_months == 0 else 1
    name = offset.rule_code.split("-")[0].removesuffix("E").removesuffix("S")
    season = _SEASON_OF.get(name, 1)
    return season // offset.n if season % offset.n == 0 else 1


def find_seasons(
    times: pd.Index, season_length: int | Sequence[int] | None
) -> tuple[int, int]:
    """Return two seasons, 1 for none: those given, or those of the frequency.

    Hours and half-hours have a day and a week. A day of hours that is given has a week
    too, unless two seasons are given.
    """
    if isinstance(season_length, Sequence):
        return check_seasons(season_length)
    if season_length is None:
        season_length = usual_season(times)
    is_day = season_length in (24, 48) and season_length == usual_season(times)
    return season_length, 7 * season_length if is_day else 1


def usable_season(n_rows: int, season_length: int) -> int:
    """Return the season if the rows cover it at least three times, else 1."""
    return season_length if n_rows >= 3 * season_length else 1


def default_lookback(
    n_rows: int, horizon: int, season_length: int, second_season: int = 1, *, n_all: int
) -> int:
    """Return the steps of a window: three seasons, or twice the horizon without one.

    Without a season, it is at least 12. For many rows in total, it is at least eight
    times the horizon, and two second seasons. It is at most half of the rows of a series
    and a third of all rows, in whole seasons.

    Parameters
    ----------
    n_rows : int
        Median number of rows of a series.
    horizon : int
        Number of steps ahead.
    season_length : int
        Number of steps in a season; 1 for no season.
    second_season : int, default=1
        Number of steps in a second, longer season; 1 for none.
    n_all : int
        Number of rows of all series together.

    Returns
    -------
    lookback : int
        Number of steps of a window.
    """
    longest = max(min(n_rows // 2, n_all // 3), 2)
    wanted = 3 * season_length if season_length > 1 else max(2 * horizon, 12)
    if n_all > MANY_ROWS:
        wanted = max(wanted, 8 * horizon, 2 * second_season)
    n_seasons = min(wanted, longest) // season_length
    return max(n_seasons, 1) * season_length


def default_block(n_rows: int, horizon: int, lookback: int) -> int:
    """Return the steps to forecast at once; feeding them back gives the later ones.

    It is the whole horizon if that leaves enough windows to learn from.
    """
    return max(1, min(horizon, math.ceil((n_rows - lookback) / 3)))


@dataclass(frozen=True)
class Plan:
    """Size of the network and length of its training.

    Parameters
    ----------
    units : int
        Number of units of the LSTM.
    segment : int or None
        Number of steps that the LSTM reads at once.
    dropout : float
        Fraction of the state of the LSTM to drop in training.
    batch_size, n_batches : int
        Number of windows in a batch, and number of batches.
    learning_rate : float
        Learning rate of the first batch.
    n_members : int
        Number of networks. The forecast is their mean.
    loss_in_spreads : bool
        If True, the loss is in units of the spread of each window.
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
    def of(
        cls, n_rows: int, lookback: int, season_length: int, *, shares: bool = False
    ) -> "Plan":
        """Return the plan for a total of `n_rows`, a lookback and a season.

        If the network `shares` the forecast with the pretrained one, from 10,000 rows
        half of the members and of the batches are enough.

        Units (16 to 64) and windows in a batch (32 to 128) grow with the square root of
        the rows. The number of batches is a quarter of the rows, up to 2,000, or ten
        times the square root of the rows if that is more. It is from 200 to 6,000.

        From 1,000 rows, a segment is one season, or as many seasons as leave 16
        segments, or an eighth of the window if there is no season. From 10,000 rows,
        training sees most rows only a few times. Then there is no dropout, there are
        eight members, and the loss is in spreads.
        """
        root = math.sqrt(n_rows)
        width = 2 ** round(math.log2(max(root / 4, 1)))
        units, batch_size = min(max(width, 16), 64), min(max(width, 32), 128)
        n_batches = round(max(10 * root, min(n_rows / 4, 2000)))
        many = n_rows > MANY_ROWS
        n_batches = min(max(n_batches, 200), 6000)
        n_members = 8 if many else 3
        if many and shares:
            n_batches, n_members = n_batches // 2, n_members // 2
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
            n_batches=n_batches,
            learning_rate=0.01 * math.sqrt(16 / units),
            n_members=n_members,
            loss_in_spreads=many,
        )
