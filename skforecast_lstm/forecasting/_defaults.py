"""What a forecaster chooses where its user does not: rules that read the data."""

import math

import pandas as pd

__all__ = ["default_block", "default_lookback", "season_of"]

_SECONDS_A_DAY = 86_400
_SEASON_OF = {"D": 7, "B": 5, "W": 52, "M": 12, "Q": 4}


def season_of(times: pd.Index) -> int:
    """Season that the frequency of an index suggests: 12 for months, 24 for hours."""
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        return 1
    offset = times.freq
    if offset is None and isinstance(times, pd.DatetimeIndex) and len(times) > 2:
        offset = pd.tseries.frequencies.to_offset(pd.infer_freq(times))
    if offset is None:
        return 1
    if isinstance(offset, pd.offsets.Tick):
        seconds = pd.Timedelta(offset).total_seconds()
        if seconds < _SECONDS_A_DAY:
            return max(round(_SECONDS_A_DAY / seconds), 1)
        return 7 if seconds == _SECONDS_A_DAY else 1
    name = offset.name.split("-")[0].removesuffix("E").removesuffix("S")
    season = _SEASON_OF.get(name, 1)
    return season // offset.n if season % offset.n == 0 else 1


def usable_season(n_rows: int, season_length: int) -> int:
    """The season, where there are three of it to learn from; else none."""
    return season_length if n_rows >= 3 * season_length else 1


def default_lookback(n_rows: int, horizon: int, season_length: int) -> int:
    """Steps of a window: three seasons, or twice the horizon where there is no season.

    Never more than a third of the rows: fewer seasons then, and fewer steps.

    Parameters
    ----------
    n_rows : int
        Rows of a series.
    horizon : int
        Steps ahead.
    season_length : int
        Steps of a season; 1 for none.

    Returns
    -------
    lookback : int
        Number of steps.
    """
    if season_length > 1:
        n_seasons = n_rows // (3 * season_length)
        return min(max(n_seasons, 1), 3) * season_length
    return max(2, min(max(2 * horizon, 12), n_rows // 3))


def default_block(n_rows: int, horizon: int, lookback: int) -> int:
    """Steps that are forecast at once; what is beyond follows by feeding them back.

    All of the horizon, where that leaves enough windows to learn from.
    """
    return max(1, min(horizon, math.ceil((n_rows - lookback) / 3)))
