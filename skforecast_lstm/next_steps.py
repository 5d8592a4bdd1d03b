"""Forecasts of the steps after the last row, with their times and names."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils._set_output import _wrap_data_with_container

from skforecast_lstm._checks import check_integer
from skforecast_lstm._future_rows import Table
from skforecast_lstm._history import History
from skforecast_lstm._pipeline_parts import (
    check_series_are_distinguished,
    find_scale,
    fitted_pipeline,
    is_network,
    split_pipeline,
)
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.recursive import recursive_forecast
from skforecast_lstm.windows import LookbackWindower

__all__ = ["forecast"]


def forecast(
    pipeline: Pipeline,
    X: Any,
    steps: int,
    known: Any = None,
    *,
    targets: Sequence | None = None,
) -> pd.DataFrame:
    """Forecast the next steps after the last row of each series.

    A pipeline predicts rows that are in `X`. This function appends the rows that come
    next, and predicts them. It continues the index, and takes any pipeline with a
    :class:`LookbackWindower`:

    - If the targets are several steps ahead, as of :func:`horizon_targets`, the steps
      come from one prediction.
    - With ``horizon=24``, the windows of the next 24 rows end at the last row or before.
    - Further steps are forecast by feeding forecasts back as if they were actual rows.
      For this, the pipeline must forecast all columns of `X` that are not `known`.

    Parameters
    ----------
    pipeline : Pipeline or search
        Fitted pipeline, or a fitted search for one such as `GridSearchCV`.
    X : {array-like, dataframe, series} of shape (n_samples, n_features)
        All rows so far, or at least as many as a window needs. With a pandas MultiIndex,
        the rows belong to many series.
    steps : int
        Number of steps to forecast.
    known : DataFrame, default=None
        Columns of `X` that are known at the next steps, with the index of these steps.
        More rows do no harm. Without an index in `X`, the rows are the next steps in
        order.
    targets : list, default=None
        Names of the targets in `y` of `fit`. If None, the names that `y` had. They must
        be given only if the last step of the pipeline is not an estimator of this
        package and predicts several columns.

    Returns
    -------
    forecasts : DataFrame of shape (n_series * steps, n_targets)
        Forecasts, with the next times as index and the targets as columns. With a
        MultiIndex, series after series, in the order of their first rows.

    Warns
    -----
    UnknownStepsWarning
        If most steps of a window are unknown, because `X` has too few rows.

    See Also
    --------
    recursive_forecast : Feeds forecasts back from many past rows at once.
    LSTMForecaster : Forecasts as in sktime.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from skforecast_lstm import LookbackWindower, LSTMRegressor, forecast
    >>> hours = pd.date_range("2026-01-01", periods=300, freq="h")
    >>> load = pd.DataFrame({"load": np.sin(np.arange(300) / 4)}, index=hours)
    >>> pipe = make_pipeline(
    ...     LookbackWindower(8, horizon=1), LSTMRegressor(units=8, random_state=0)
    ... )
    >>> tomorrow = forecast(pipe.fit(load, load), load, steps=24)
    >>> tomorrow.shape, list(tomorrow.columns), tomorrow.index[0]
    ((24, 1), ['load'], Timestamp('2026-01-13 12:00:00'))
    """
    check_integer("steps", steps, 1)
    pipeline = fitted_pipeline(pipeline)
    table, parts = Table.of(X), _Parts(*split_pipeline(pipeline))
    n_series, reach = len(table.series), int(parts.windower.lags_[-1])
    # Columns that are known ahead may be read after the last step.
    n_rows = steps + parts.n_steps_known - 1
    index = table.index_after(n_rows, parts.calendar_of_fit())
    rows = table.rows_after(index)
    pieces: list = []
    given = [] if known is None else table.put_known(rows, known)
    parts.check_known_are_given(table, rows, given)
    done, fed_back = 0, None
    layout: Any = None
    while done < steps:
        n_rows = min(reach, steps - done)
        outputs = parts.predict(table, rows, done * n_series, n_rows * n_series)
        if layout is None:
            columns = [name for name in table.frame.columns if name not in given]
            layout = _Layout.of(parts.after[-1], outputs, columns, targets)
        outputs = outputs.reshape(n_rows, n_series, -1, len(layout.columns))
        pieces.append(outputs[:, :, 0])
        if n_rows == reach:
            # The newest window also gives the steps that are too far for the others.
            pieces.append(outputs[-1, :, 1:].swapaxes(0, 1))
        n_new = sum(map(len, pieces)) - done
        if done + n_new < steps:
            if fed_back is None:
                fed_back = _places_to_feed_back(
                    pipeline, table, layout, given, done + n_new
                )
                if parts.recurs_on_the_device(layout, fed_back, table):
                    forecasts = recursive_forecast(
                        pipeline, table.as_given(table.frame), steps
                    )
                    pieces = [forecasts.reshape(n_series, steps, -1).swapaxes(0, 1)]
                    break
            values = np.concatenate(pieces)[done:].reshape(n_new * n_series, -1)
            begin = done * n_series
            rows.iloc[begin : begin + len(values), fed_back] = values
        done += n_new
    values = np.concatenate(pieces)[:steps].swapaxes(0, 1).reshape(steps * n_series, -1)
    index = index[: steps * n_series]
    if n_series > 1:
        index = index[np.arange(len(index)).reshape(steps, n_series).T.ravel()]
    return pd.DataFrame(values, index=index, columns=layout.columns)


class _Parts(NamedTuple):
    """Parts of a pipeline."""

    before: Pipeline
    windower: LookbackWindower
    after: Pipeline

    def calendar_of_fit(self):
        """Return the calendar of the first series in `fit`, None without times."""
        ends = History.from_plain(self.windower._history).ends
        return ends[0].series_calendar if ends else None

    @property
    def n_steps_known(self):
        """Number of steps at which the windows have columns that are known ahead."""
        return self.windower.n_steps if self.windower.known_columns_ else 1

    def transform(self, table, rows):
        """Return the rows of the table, and those after them, before the windower."""
        given = table.as_given(pd.concat([table.frame, rows]))
        if not len(self.before):
            return given
        try:
            return self.before.transform(given)
        except ValueError as error:
            if table.frame.isna().any(axis=None) or "NaN" not in str(error):
                raise
            raise ValueError(
                "The next rows are not known (NaN), but a step before the "
                f"LookbackWindower refuses NaN: {str(error).splitlines()[0]} Put "
                "SimpleImputer() before this step. No forecast depends on its values "
                "for the next rows."
            ) from error

    def check_known_are_given(self, table, rows, given):
        """Raise if columns that are known ahead depend on columns that are not given."""
        places = self.windower.known_columns_
        if not places:
            return
        other = table.rows_with_others(rows, given)
        found, changed = (
            np.asarray(self.transform(table, some), dtype=float)[-len(rows) :, places]
            for some in (rows, other)
        )
        differs = ~((found == changed) | (np.isnan(found) & np.isnan(changed)))
        if differs.any():
            place = places[int(np.argmax(differs.any(axis=0)))]
            names = getattr(self.windower, "feature_names_in_", range(place + 1))
            columns = [name for name in table.frame.columns if name not in given]
            raise ValueError(
                f"The column {names[place]!r} is known ahead in the LookbackWindower. It "
                f"depends on columns of X that known does not have: one of {columns}. "
                "Give known with their values at the next steps."
            )

    def predict(self, table, rows, begin, n_rows):
        """Return the predictions for some of the rows after the table."""
        n_series = len(table.series)
        stop = begin + n_rows + (self.n_steps_known - 1) * n_series
        series = self.transform(table, rows.iloc[:stop])
        check_series_are_distinguished(table.frame, series)
        windows, known, order = self.windower._transform(series)
        places = slice(len(table.frame) + begin, len(table.frame) + begin + n_rows)
        windows = windows[places]
        if begin == 0:
            _warn_if_mostly_unknown(windows, self.windower, len(table.frame))
        if self.windower.known_columns_:
            n_unknown = self.windower._n_unknown_ahead(known)
            n_unknown = n_unknown if order is None else n_unknown[np.argsort(order)]
            if n_unknown[places].any():
                raise ValueError(
                    f"The LookbackWindower reads {self.windower.known!r} up to "
                    f"{rows.index[stop - 1]}, but some of their values are unknown from "
                    f"{rows.index[begin]} on. Give known with all of them."
                )
        windows = _wrap_data_with_container("transform", windows, windows, self.windower)
        outputs = np.asarray(self.after.predict(windows))
        return outputs.reshape(n_rows, -1)

    def recurs_on_the_device(self, layout, places, table):
        """Return whether `recursive_forecast` forecasts all steps in one call."""
        n_columns = table.frame.shape[1]
        return (
            layout.n_steps == 1
            and not self.windower.known_columns_
            and places == list(range(n_columns))
            and is_network(self.after)
            and find_scale(self.before, n_columns) is not None
        )


class _Layout(NamedTuple):
    """Names of the targets and of the columns, and the steps in one prediction."""

    targets: list | None
    columns: list
    n_steps: int

    @classmethod
    def of(cls, estimator, outputs, columns, targets):
        """Find the layout of the outputs of an estimator."""
        quantiles = getattr(getattr(estimator, "model_", None), "loss", None)
        quantiles = getattr(quantiles, "quantiles", ())
        n_each = max(len(quantiles), 1)
        n_outputs = outputs.shape[1] // n_each
        described = getattr(estimator, "_target_layout", {"names": None, "n_steps": None})
        names, n_steps = described["names"], described["n_steps"]
        if targets is not None:
            names, n_steps = list(targets), n_outputs // max(len(targets), 1)
            if not names or n_steps * len(names) != n_outputs:
                raise ValueError(
                    f"targets has {len(names)} names, but the pipeline predicts "
                    f"{n_outputs} columns. Name each target once."
                )
        elif names is not None:
            names = names[::n_each]
        elif n_steps is None and (n_outputs == 1 or len(columns) == 1):
            n_steps = n_outputs
        elif n_steps is None:
            raise ValueError(
                f"The pipeline predicts {n_outputs} columns, and they may be targets or "
                "steps ahead. Name the targets with targets=[...]."
            )
        n_targets = n_outputs // n_steps
        if names is None and n_targets == len(columns):
            names = list(columns)
        labels = names or (
            ["y"] if n_targets == 1 else [f"y{n}" for n in range(n_targets)]
        )
        if n_each > 1:
            labels = [f"{name}_q{level:g}" for name in labels for level in quantiles]
        return cls(names, labels, n_steps)


def _places_to_feed_back(pipeline, table, layout, known, n_direct):
    """Return the columns of X that the forecasts are. Raise unless these are all."""
    columns = list(table.frame.columns)
    names = [str(name) for name in columns]
    if is_classifier(pipeline) or len(layout.columns) != len(layout.targets or ()):
        raise ValueError(
            f"The pipeline forecasts up to {n_direct} steps at once. Further steps need "
            "one number for each column of X, to be fed back."
        )
    wanted = [str(name) for name in layout.targets]
    are_known = [str(name) for name in known]
    lacking = [name for name in names if name not in wanted + are_known]
    strange = [name for name in wanted if name not in names]
    if lacking or strange:
        raise ValueError(
            f"The pipeline forecasts up to {n_direct} steps at once. For further steps, "
            f"forecasts are fed back, but it forecasts {wanted}, and X has the columns "
            f"{names}. Give columns that are known ahead as known. Fit it with all "
            "other columns of X as y, with horizon_targets for more steps, or with a "
            "larger horizon of the LookbackWindower."
        )
    return [names.index(name) for name in wanted]


def _warn_if_mostly_unknown(windows, windower, n_rows):
    """Warn if most steps of a window are unknown."""
    n_columns = windower.n_features_in_
    if windows.ndim == 2:
        n_lagged = len(windower.lags_) * n_columns
        windows = windows[:, :n_lagged].reshape(len(windows), -1, n_columns)
    steps = np.isnan(windows[..., :n_columns]).any(axis=2)
    n_unknown = int((2 * steps.sum(axis=1) > steps.shape[1]).sum())
    if n_unknown:
        warnings.warn(
            f"{n_unknown} of {len(windows)} windows to forecast from are mostly unknown. "
            f"X has {n_rows} rows, and a window reaches {windower.lags_[0]} rows back. "
            "Give at least as many rows before the forecast, without gaps.",
            UnknownStepsWarning,
            stacklevel=4,
        )
