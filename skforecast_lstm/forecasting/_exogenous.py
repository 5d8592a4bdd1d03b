"""Exogenous columns: known only in the past, or known ahead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skforecast_lstm.forecasting._columns import in_order
from skforecast_lstm.forecasting._series import Rows, Scale, Series

__all__ = ["Exogenous"]


@dataclass(frozen=True)
class Exogenous:
    """Columns of X, and their scale in training.

    Parameters
    ----------
    past, known : list
        Columns known only in the past, and columns known ahead.
    scale : Scale
        Scale of all columns, in this order.
    """

    past: list
    known: list
    scale: Scale

    @classmethod
    def of(cls, X: pd.DataFrame | None, past_only: Sequence) -> "Exogenous":
        """Create from the X of `fit`."""
        names = [] if X is None else list(X.columns)
        strange = [name for name in past_only if name not in names]
        if strange:
            raise ValueError(
                f"past_only names {strange}, but the columns of X are {names}. Give X "
                "with these columns, or leave them out of past_only."
            )
        past = [name for name in names if name in past_only]
        known = [name for name in names if name not in past_only]
        values = np.empty((0, 0)) if X is None else _values(X, past + known)
        return cls(past, known, Scale.of(values))

    def checked(self, X: pd.DataFrame | None, y: pd.DataFrame) -> pd.DataFrame | None:
        """Return X with its columns in order.

        Raise if it lacks a column of `fit` or a row of y.
        """
        names = self.past + self.known
        if X is None:
            if names:
                raise ValueError(
                    f"X is missing; fit had one with the columns {names}. Give X with "
                    "the rows of y."
                )
            return None
        self._check_expected()
        X = in_order(X, names, "X")
        absent = y.index.difference(X.index)
        if len(absent):
            raise ValueError(
                f"X has no row at {absent[0]}, which y has; {len(absent)} of {len(y)} "
                "rows are missing. Give X with the rows of y, NaN where it is unknown."
            )
        return X

    def checked_ahead(self, X: pd.DataFrame | None) -> pd.DataFrame | None:
        """Return X of the times to forecast, with its columns in order.

        Columns that are known only in the past may be missing.
        """
        if X is None:
            return None
        self._check_expected()
        return in_order(X, self.past + self.known, "X", optional=self.past)

    def _check_expected(self):
        if not self.past and not self.known:
            raise ValueError(
                "There was no X in fit, so the network can't read one. Leave X out, or "
                "give it to fit as well."
            )

    def rows(
        self,
        series: Series,
        scale: Scale,
        X: pd.DataFrame | None,
        X_ahead: pd.DataFrame | None,
        times_ahead: pd.Index,
    ) -> Rows:
        """Return a scaled series with its columns of X, including the times ahead."""
        targets = scale.apply(series.values)
        names = self.past + self.known
        if X is None or not names:
            nothing = np.empty((len(series), 0))
            return Rows(targets, nothing, nothing)
        values = self._scaled(_of_series(X, series.name).reindex(series.times))
        known = values[:, len(self.past) :]
        if self.known and len(times_ahead):
            ahead = self._ahead(series, X_ahead, times_ahead)
            known = np.concatenate([known, ahead[:, len(self.past) :]])
        return Rows(targets, values[:, : len(self.past)], known)

    def _ahead(self, series, X_ahead, times):
        """Return the scaled rows of X at every step up to the last one to forecast."""
        if X_ahead is None:
            raise ValueError(
                f"The columns {self.known} of X were known ahead in fit, so predict "
                f"needs X from {times[0]} to {times[-1]}. Name them in past_only if "
                "they are known in the past only."
            )
        frame = _of_series(X_ahead, series.name)
        missing = times.difference(frame.index)
        if len(missing):
            where = "" if series.name is None else f" of series {series.name!r}"
            raise ValueError(
                f"X has no row at {missing[0]}{where}. Each step up to {times[-1]} is "
                f"needed, and {len(missing)} of {len(times)} are missing."
            )
        frame = frame.loc[times]
        unknown = frame[self.known].isna().to_numpy()
        if unknown.any():
            row, column = np.argwhere(unknown)[0]
            where = "" if series.name is None else f" of series {series.name!r}"
            raise ValueError(
                f"Column {self.known[column]!r} of X is NaN at {times[row]}{where}, and "
                "all steps to forecast are needed of columns that are known ahead. Fill "
                "it, or name it in past_only if it is known in the past only."
            )
        return self._scaled(frame)

    def _scaled(self, frame):
        return self.scale.apply(_values(frame, self.past + self.known))


def _values(frame: pd.DataFrame, names: list) -> NDArray:
    return frame[names].to_numpy(dtype=np.float64, na_value=np.nan)


def _of_series(frame: pd.DataFrame, name) -> pd.DataFrame:
    """Return the rows of one series."""
    if name is None:
        return frame
    try:
        return frame.loc[name]
    except KeyError:
        raise ValueError(f"X has no rows of series {name!r}, which y has.") from None
