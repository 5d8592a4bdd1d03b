"""Transformer that adds the place of each row in the calendar."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skforecast_lstm._estimator_states import HasState
from skforecast_lstm._suggestions import did_you_mean
from skforecast_lstm._time_index import elapsed

__all__ = ["CalendarFeatures"]

_DAY = 86_400 * 10**9
_YEAR = 365 * _DAY
# More days than this to the next holiday make no difference.
_MOST_DAYS = 30


class _Cycle(NamedTuple):
    """Cycle of the calendar: values from `first`, and their number `n_values`.

    `length` is in nanoseconds. `position` returns the fraction of the cycle at times.
    """

    length: int
    first: int
    n_values: int
    position: Callable


_CYCLES = {
    "minute": _Cycle(_DAY // 24, 0, 60, lambda times: times.minute / 60),
    "hour": _Cycle(_DAY, 0, 24, lambda times: (times.hour + times.minute / 60) / 24),
    "weekday": _Cycle(7 * _DAY, 0, 7, lambda times: times.day_of_week / 7),
    "day": _Cycle(28 * _DAY, 1, 31, lambda times: (times.day - 1) / times.days_in_month),
    "month": _Cycle(_YEAR, 1, 12, lambda times: (times.month - 1) / 12),
    "day_of_year": _Cycle(
        _YEAR, 1, 366, lambda times: (times.day_of_year - 1) / (365 + times.is_leap_year)
    ),
}


class CalendarFeatures(HasState, TransformerMixin, BaseEstimator):
    """Add the hour, weekday, month and holidays of each row as columns.

    The times are the index of X, or one of its columns. All these columns are known for
    future rows too.

    Parameters
    ----------
    features : "auto" or list of str, default="auto"
        Columns to add: "minute", "hour", "weekday", "day" (of the month), "month",
        "day_of_year" and "elapsed", the days since the row before. "auto" chooses from
        "hour", "weekday" and "day_of_year" (or "month", for steps of a month or more).
        A cycle is chosen if the steps are shorter than it, and the times in `fit` cover
        it at least twice.
    encoding : {"circular", "categories"}, default="circular"
        "circular" gives a sine and a cosine for each feature, so that 23:00 is near
        0:00. "categories" gives whole numbers such as 0 to 23. In a data frame, they
        are of a categorical dtype with all categories.
    holidays : str, list of dates or dict, default=None
        Country ("US") or country and subdivision ("DE-BY"), by their ISO 3166 codes;
        this needs the package `holidays`. Or the dates themselves; as text, such as
        "2026-12-24", `persistence.save` can store them. Adds the columns
        "holiday" (0 or 1) and "days_to_holiday", which is 0 on a holiday and at most 30.
    column : str, default=None
        Column of X with the times, which is left out of the output. If None, the times
        are the index, or its last level.
    keep_original_columns : bool, default=True
        If True, the columns of X come first in the output.

    Attributes
    ----------
    features_ : list of str
        Features in use.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns seen in `fit`.

    See Also
    --------
    LookbackWindower : Windows of the rows, with columns that are known ahead.
    LSTMForecaster : Has the parameter `calendar` for these columns.

    Notes
    -----
    Times with a zone count by their local clock. The start of a period counts.

    Examples
    --------
    >>> import pandas as pd
    >>> from skforecast_lstm import CalendarFeatures
    >>> hours = pd.date_range("2026-01-01", periods=24 * 14, freq="h")
    >>> load = pd.DataFrame({"load": 1.0}, index=hours)
    >>> with_calendar = CalendarFeatures().fit_transform(load)
    >>> list(with_calendar)
    ['load', 'hour_sin', 'hour_cos', 'weekday_sin', 'weekday_cos']
    >>> float(with_calendar.loc["2026-01-01 06:00", "hour_sin"])
    1.0
    """

    def __init__(
        self,
        features: Literal["auto"] | list[str] = "auto",
        *,
        encoding: Literal["circular", "categories"] = "circular",
        holidays: Any = None,
        column: str | None = None,
        keep_original_columns: bool = True,
    ) -> None:
        self.features = features
        self.encoding = encoding
        self.holidays = holidays
        self.column = column
        self.keep_original_columns = keep_original_columns

    def fit(self, X: Any, y: None = None) -> Self:
        """Choose the features.

        Parameters
        ----------
        X : DataFrame or Series
            Rows in time order, with their times.
        y : None
            Ignored.

        Returns
        -------
        self : CalendarFeatures
            The fitted transformer.
        """
        if self.encoding not in ("circular", "categories"):
            raise ValueError(
                f'encoding must be "circular" or "categories", got {self.encoding!r}.'
            )
        frame = self._frame(X, reset=True)
        times, groups = self._times(frame)
        steps = elapsed(times)
        self._check_holidays(times, steps)
        self.features_ = self._chosen(times, steps)
        self._last_times = {}
        if "elapsed" in self.features_:
            self._last_times = {
                name: str(times[rows[-1]]) for name, rows in groups.items()
            }
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """Return X with the columns of the calendar.

        Parameters
        ----------
        X : DataFrame or Series
            Rows in time order, with their times.

        Returns
        -------
        X_out : DataFrame of shape (n_samples, n_columns)
            Its columns, and those of the calendar.
        """
        check_is_fitted(self)
        frame = self._frame(X, reset=False)
        times, groups = self._times(frame)
        columns = {}
        for name in self.features_:
            if name == "elapsed":
                columns[name] = self._elapsed(times, groups)
            else:
                columns.update(_encoded(name, times, self.encoding))
        if self.holidays is not None:
            columns.update(_holiday_columns(self.holidays, times))
        added = pd.DataFrame(columns, index=frame.index)
        if not self.keep_original_columns:
            return added
        kept = frame.drop(columns=[] if self.column is None else [self.column])
        twice = kept.columns.intersection(added.columns)
        if len(twice):
            raise ValueError(
                f"X already has the columns {list(twice)}, which the calendar adds. "
                "Rename them, or leave those features out."
            )
        return pd.concat([kept, added], axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns of the output.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X. If None, those of `fit`.

        Returns
        -------
        names : ndarray of str
            Names, such as "hour_sin".
        """
        check_is_fitted(self)
        if input_features is None:
            input_features = getattr(self, "feature_names_in_", [])
        kept = [name for name in input_features if name != self.column]
        return np.array(
            [*(kept if self.keep_original_columns else []), *self._names_added()],
            dtype=object,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def _names_added(self):
        names = []
        for name in self.features_:
            is_cycle = name in _CYCLES and self.encoding == "circular"
            names += [f"{name}_sin", f"{name}_cos"] if is_cycle else [name]
        return names + ["holiday", "days_to_holiday"] * (self.holidays is not None)

    def _frame(self, X, *, reset):
        """Return X as a data frame, with checked columns."""
        if isinstance(X, pd.Series):
            X = X.to_frame("0" if X.name is None else X.name)
        if not isinstance(X, pd.DataFrame):
            raise TypeError(
                f"CalendarFeatures needs a DataFrame or Series of pandas with times, got "
                f"{type(X).__name__}. Put it before steps that return arrays, or use "
                'set_output(transform="pandas") on the pipeline.'
            )
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def _times(self, frame):
        """Return the times of the rows, and the rows of each series."""
        if self.column is None:
            times, where = frame.index.get_level_values(-1), "The index of X"
        elif self.column in frame.columns:
            times, where = pd.Index(frame[self.column]), f"Column {self.column!r} of X"
        else:
            raise ValueError(
                f"X has no column {self.column!r}; its columns are "
                f"{', '.join(map(str, frame.columns))}."
                f"{did_you_mean(self.column, frame.columns)}"
            )
        if isinstance(times, pd.PeriodIndex):
            times = times.to_timestamp()
        if not isinstance(times, pd.DatetimeIndex):
            raise ValueError(
                f"{where} has no times, but {times.dtype}. Give it dates, for example "
                "with pd.to_datetime(...), or name the column of the times with column."
            )
        if times.hasnans:
            row = int(times.isna().argmax())
            raise ValueError(f"{where} has no time at row {row}. Give it one.")
        groups = {None: np.arange(len(times))}
        if frame.index.nlevels > 1:
            names = frame.index.droplevel(-1)
            groups = frame.groupby(names, sort=False).indices
        return times, groups

    def _chosen(self, times, steps):
        """Return the features in use."""
        if isinstance(self.features, str) and self.features != "auto":
            raise ValueError(
                f'features must be "auto" or a list, got {self.features!r}. For one '
                f"feature, give [{self.features!r}]."
            )
        if self.features != "auto":
            known = [*_CYCLES, "elapsed"]
            for name in self.features:
                if name not in known:
                    raise ValueError(
                        f"There is no feature {name!r}. The features are "
                        f"{', '.join(known)}.{did_you_mean(name, known)}"
                    )
            return list(self.features)
        forward = steps[steps > 0]
        if not len(forward):
            raise ValueError(
                'features="auto" needs at least two rows at different times to find the '
                "step. Give more rows, or a list of features."
            )
        step = float(np.median(forward))
        covered = float((times.max() - times.min()) / pd.Timedelta(1, "ns")) + step
        in_year = "day_of_year" if step < 28 * _DAY else "month"
        found = [
            name
            for name in ("hour", "weekday", in_year)
            if step < _CYCLES[name].length and 2 * _CYCLES[name].length <= covered
        ]
        if not found and self.holidays is None and not self.keep_original_columns:
            raise ValueError(
                "No cycle of the calendar fits the times from "
                f"{times.min()} to {times.max()}: "
                "none is longer than a step and covered twice. Give a list of features."
            )
        return found

    def _check_holidays(self, times, steps):
        """Raise if the steps are longer than a day, or the holidays are not known."""
        if self.holidays is None:
            return
        _find_holidays(self.holidays, times)
        forward = steps[steps > 0]
        if len(forward) and np.median(forward) > _DAY:
            days = np.median(forward) / _DAY
            raise ValueError(
                f"holidays is for steps of at most a day, and the usual step of X is "
                f"{days:g} days. Leave holidays out."
            )

    def _elapsed(self, times, groups):
        """Return the days since the row before, also if that was the last of `fit`."""
        days = np.full(len(times), np.nan)
        for name, rows in groups.items():
            own = times[rows]
            if not own.is_monotonic_increasing:
                first = int((own[1:] < own[:-1]).argmax()) + 1
                raise ValueError(
                    f"The times of X are not in order: row {rows[first]} ({own[first]}) "
                    f"comes after row {rows[first - 1]} ({own[first - 1]}). The feature "
                    "'elapsed' needs rows in time order. Sort them by time."
                )
            days[rows[1:]] = elapsed(own) / _DAY
            before = self._last_times.get(name)
            if before is not None and own[0] > pd.Timestamp(before):
                days[rows[0]] = (own[0] - pd.Timestamp(before)) / pd.Timedelta(days=1)
        return days


def _encoded(name, times, encoding):
    """Return the columns of a cycle."""
    cycle = _CYCLES[name]
    if encoding == "circular":
        angle = 2 * np.pi * np.asarray(cycle.position(times), dtype=np.float64)
        return {f"{name}_sin": np.sin(angle), f"{name}_cos": np.cos(angle)}
    every = np.arange(cycle.first, cycle.first + cycle.n_values)
    values = getattr(times, "day_of_week" if name == "weekday" else name)
    return {name: pd.Categorical(np.asarray(values), categories=every)}


def _holiday_columns(holidays, times):
    """Return the holidays, and the days to the next one."""
    days = _days(times)
    dates = _find_holidays(holidays, times)
    later = np.searchsorted(dates, days)
    ahead = np.full(len(days), _MOST_DAYS)
    has_next = later < len(dates)
    ahead[has_next] = (dates[later[has_next]] - days[has_next]).astype(np.int64)
    return {
        "holiday": np.isin(days, dates).astype(np.float64),
        "days_to_holiday": np.minimum(ahead, _MOST_DAYS).astype(np.float64),
    }


def _days(times):
    """Return the days of times by their local clock."""
    return times.tz_localize(None).to_numpy().astype("datetime64[D]")


def _find_holidays(holidays, times):
    """Return the sorted dates of the holidays around the times."""
    if not isinstance(holidays, str):
        if not isinstance(holidays, Iterable):
            raise TypeError(
                f"holidays must be a country such as 'US' or dates, got {holidays!r}."
            )
        return np.unique(_days(pd.DatetimeIndex(pd.to_datetime(list(holidays)))))
    try:
        from holidays import country_holidays, list_supported_countries
    except ImportError as error:
        raise ImportError(
            f"holidays={holidays!r} needs the package holidays, which is not installed. "
            'Install it with: pip install "skforecast-lstm[holidays]"'
        ) from error
    country, _, subdivision = holidays.partition("-")
    countries = list_supported_countries()
    if country not in countries:
        raise ValueError(
            f"There are no holidays of {country!r}. Give the two letters of a country, "
            f"such as 'US' or 'DE'.{did_you_mean(country, countries)}"
        )
    if subdivision and subdivision not in countries[country]:
        raise ValueError(
            f"{country} has no subdivision {subdivision!r}. It has "
            f"{', '.join(countries[country]) or 'none'}."
        )
    years = times.year
    wanted = range(years.min() - 1, years.max() + 2)
    found = country_holidays(country, subdiv=subdivision or None, years=wanted)
    first, last = (getattr(found, name, None) for name in ("start_year", "end_year"))
    if (first and years.min() < first) or (last and years.max() > last):
        raise ValueError(
            f"The holidays of {holidays} are known from {first} to {last}, and X goes "
            f"from {times.min()} to {times.max()}. Leave out other years, or give dates."
        )
    return np.unique(np.array(list(found), dtype="datetime64[D]"))
