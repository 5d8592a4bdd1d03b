"""Forecasts of the pretrained network, and their mean with those of a trained one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skforecast_lstm._scale import Scale
from skforecast_lstm._series import ManySeries
from skforecast_lstm.forecasting._conformal import evenly
from skforecast_lstm.forecasting._window_model import HeldOut
from skforecast_lstm.networks.pretrained import LEVELS, MEDIAN
from skforecast_lstm.pretraining.forecasting import forecast_quantiles, width_factors
from skforecast_lstm.pretraining.weights import shipped_weights

__all__ = ["ENOUGH_ROWS", "Pretrained", "best_share", "mixed"]

# Up to this number of rows, the pretrained network forecasts alone.
ENOUGH_ROWS = 1_000
# Shares of the pretrained network that are tried at the held-out origins, and the number
# of origins, which takes the network seconds.
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_MOST_ORIGINS = 1024
# Errors at a few origins hardly tell which of two forecasts is better. So the usual
# share is kept if its error is at most this many times the smallest one.
_USUAL_SHARE = 0.4
_TOLERATED = 1.1
# Fewest origins whose errors say more of the quantiles than the network does, how many to
# take of each series, and the fewest rows before one.
_FEWEST_ORIGINS = 100
_ORIGINS_A_SERIES = 4
_FEWEST_ROWS = 12
_FEWEST_KNOWN = 3


@dataclass(frozen=True)
class Pretrained:
    """The network that ships with the package, told the seasons of the series.

    Parameters
    ----------
    season_lengths : tuple of two int
        Number of steps in the seasons, 1 for none.
    """

    season_lengths: tuple[int, int]

    def at(self, series: ManySeries, steps: NDArray) -> NDArray:
        """Return quantiles of each series at its steps, counted as in `WindowModel.at`.

        They have the shape (n_series, n_steps, n_columns, n_levels). Steps before the
        first known value of a column are NaN.
        """
        n_columns = series.values.shape[1]
        values = np.full((*steps.shape, n_columns, len(LEVELS)), np.nan)
        number, place = np.nonzero(steps >= 1)
        if len(number):
            ahead = self.after(series, series.offsets[1:], int(steps.max()))
            values[number, place] = ahead[number, steps[number, place] - 1]
        rows = series.offsets[1:, None] + steps - 1
        number, place = np.nonzero((steps < 1) & (rows >= series.offsets[:-1, None]))
        if len(number):
            before = self.after(series, rows[number, place], 1, number)
            values[number, place] = before[:, 0]
        return values

    def medians(self, series: ManySeries, held_out: HeldOut) -> NDArray:
        """Return the forecasts from the origins, of the shape of their targets."""
        stops = series.offsets[held_out.series + 1] - held_out.n_after
        horizon = held_out.targets.shape[1]
        return self.after(series, stops, horizon, held_out.series)[..., MEDIAN]

    def calibrated(self, values: NDArray, series: ManySeries, horizon: int) -> NDArray:
        """Return quantiles, made wider or narrower by errors at origins of the series.

        Each pair of quantiles gets the width that would have covered as much as it says,
        between half and twice its own. With too few origins, they stay as they are.
        """
        number, stops = _origins(series, horizon)
        if len(stops) < _FEWEST_ORIGINS:
            return values
        chosen = evenly(len(stops), _MOST_ORIGINS)
        number, stops = number[chosen], stops[chosen]
        tried = self.after(series, stops, horizon, number)
        actual = series.values[stops[:, None] + np.arange(horizon)]
        distances = np.abs(tried - tried[..., MEDIAN, None])
        # Quantiles are wider at origins with a shorter window than the last one.
        factors = width_factors(series.lengths[number])
        factors /= width_factors(stops - series.offsets[number])
        distances *= factors[:, None, None, None]
        errors = actual - tried[..., MEDIAN]
        if np.isnan(errors).all():
            return values
        middle = values[..., MEDIAN, None]
        result = values - middle
        for low in range(MEDIAN):
            high = len(LEVELS) - 1 - low
            side = np.where(errors > 0, distances[..., high], distances[..., low])
            share = np.abs(errors) / np.maximum(side, np.finfo(float).tiny)
            width = np.nanquantile(share, LEVELS[high] - LEVELS[low])
            result[..., [low, high]] *= np.clip(width, 0.5, 2.0)
        return middle + np.sort(result, axis=-1)

    def after(
        self,
        series: ManySeries,
        stops: NDArray,
        horizon: int,
        number: NDArray | None = None,
    ) -> NDArray:
        """Return quantiles of the steps after some rows of some series, or of all."""
        number = np.arange(len(series)) if number is None else number
        pasts = [
            series.values[start:stop].T
            for start, stop in zip(series.offsets[number], stops, strict=True)
        ]
        columns = [column for past in pasts for column in past]
        quantiles = forecast_quantiles(
            shipped_weights().weights, columns, horizon, self.season_lengths
        )
        for place, column in enumerate(columns):
            n_known = np.count_nonzero(~np.isnan(column))
            # Fewer values do not show how much a series moves, and none shows no level.
            if n_known < _FEWEST_KNOWN:
                quantiles[place, :, np.arange(len(LEVELS)) != MEDIAN] = np.nan
            if not n_known:
                quantiles[place] = np.nan
        quantiles = quantiles.reshape(len(stops), -1, *quantiles.shape[1:])
        return quantiles.swapaxes(1, 2)


def _origins(series, horizon):
    """Return series and rows of a few origins of each, with the horizon after them."""
    lengths, step = series.lengths, max(1, horizon // _ORIGINS_A_SERIES)
    after = horizon + step * np.arange(_ORIGINS_A_SERIES)
    places = lengths[:, None] - after
    number, _ = valid = np.nonzero(
        places >= np.maximum(_FEWEST_ROWS, lengths // 3)[:, None]
    )
    return number, series.offsets[number] + places[valid]


def best_share(
    held_out: HeldOut,
    pretrained: Pretrained,
    series: ManySeries,
    scale: Scale,
    *,
    has_columns: bool = False,
) -> tuple[float, HeldOut]:
    """Return the share of the pretrained network, from errors at held-out origins.

    The errors are those of the mean, in units of the spread of each window. The usual
    share is 0.4, or 0 if the trained network reads columns that the pretrained one does
    not. The share is the one closest to it whose error is at most 10 % above the
    smallest. The origins come back with the forecasts of this share. `scale` is that of
    the targets.
    """
    some = held_out.some(_MOST_ORIGINS)
    medians = scale.take((some.series, None)).apply(pretrained.medians(series, some))
    forecasts = {share: mixed(some.forecast, medians, share) for share in _SHARES}
    errors = {
        share: np.nanmean(np.abs(some.targets - forecast) / some.spread[:, None])
        for share, forecast in forecasts.items()
    }
    usual = 0.0 if has_columns else _USUAL_SHARE
    allowed = _TOLERATED * min(errors.values())
    good = [share for share in _SHARES if errors[share] <= allowed]
    share = min(good, key=lambda share: abs(share - usual))
    return share, replace(some, forecast=forecasts[share])


def mixed(trained: NDArray, pretrained: NDArray, share: float) -> NDArray:
    """Return the mean of two forecasts, of which the second has this share if known."""
    known = ~np.isnan(pretrained)
    return np.where(known, trained + share * (pretrained - trained), trained)
