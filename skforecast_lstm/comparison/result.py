"""Result of a comparison: tables, ranking, summary, pictures and report."""

import json
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from skforecast_lstm._files import replacing
from skforecast_lstm._labels import for_spreadsheets
from skforecast_lstm.comparison.advice import advice, recommended
from skforecast_lstm.comparison.ranking import (
    by_horizon,
    by_series,
    ranked,
    shared_scores,
)
from skforecast_lstm.comparison.skill import find_baseline, relative
from skforecast_lstm.comparison.summary import summary

__all__ = ["Comparison"]


@dataclass(frozen=True, repr=False)
class Comparison:
    """Scores and forecasts of forecasters on the same windows.

    `compare` returns it.

    Parameters
    ----------
    results : DataFrame
        One row per dataset, forecaster, window and metric, with its `value`. If the
        forecaster raised an error, the value is NaN, with a `reason`. The metrics are
        MASE and RMSSE (1 is the error of repeating the previous season, within the
        past), sMAPE (a fraction, at most 2), and the seconds to fit and to predict. If
        several series are forecast together, each has an equal share of the seconds.
        Forecasters with intervals also have SQL and WQL, the scaled and weighted
        quantile loss of the median and all bounds, an approximation of the CRPS; and
        for each level of intervals their coverage (a fraction), width (in the units of
        the data) and MSIS, the mean scaled interval score.
    forecasts : DataFrame
        One row per dataset, forecaster, window and step: the time, the actual value,
        the forecast, its error in units of MASE, and the bounds of intervals.
    failures : DataFrame
        One row per forecaster, dataset (or batch of its series) and window with an
        error, with the reason.
    history : DataFrame
        Data, with one row per dataset and time.
    settings : dict
        Horizon, windows, seasons, parameters of the forecasters, versions and time.
    tasks : tuple, default=()
        Datasets and their unfitted forecasters, for `forecast` and `fitted`.

    Examples
    --------
    >>> from sktime.datasets import load_lynx
    >>> from skforecast_lstm import compare
    >>> comparison = compare(load_lynx(), horizon=4, forecasters=["naive", "Ridge"])
    >>> comparison.results.columns.tolist()
    ['dataset', 'forecaster', 'window', 'cutoff', 'metric', 'value', 'reason']
    """

    results: pd.DataFrame
    forecasts: pd.DataFrame
    failures: pd.DataFrame
    history: pd.DataFrame
    settings: dict[str, Any]
    tasks: tuple[Any, ...] = ()

    def ranking(self) -> pd.DataFrame:
        """Rank the forecasters by their mean MASE, the best first.

        Only windows that all ranked forecasters have count. A forecaster is not ranked
        if its failures would leave fewer than half of the windows. It comes last, with
        the reason. Each dataset has the same weight.

        Returns
        -------
        table : DataFrame
            One row per forecaster. `place` is its place: forecasters that can't be told
            from the best share place 1. Of the others, those that can't be told from the
            best of them share its place, and so on. `behind_percent` is the difference
            of its MASE from the best, in percent of the best. `p_value` is that of a
            paired Wilcoxon signed-rank test against the best, with Holm's correction for
            the number of forecasters. The pairs are series, or windows if there are fewer
            than 6 series. `mean_rank` is the mean rank over the pairs. The other metrics
            are means. `windows` is the number of its windows, `failed` the number of its
            failures.
        """
        return ranked(self.results, self.failures)

    def summary(self) -> str:
        """Summarize the winner, its lead and the significance in a few sentences.

        Returns
        -------
        text : str
            Summary. It begins with the LSTM if there is one, and its distance from the
            best. It "wins" or "loses" only if that is more than chance explains.
        """
        return summary(self)

    def advice(self) -> list[str]:
        """Return what to do: which forecaster to use, or what would tell.

        If no other forecaster could be the best, this is the best. If enough windows
        can't tell some from the best, the cheapest of them is as good. If there are too
        few windows for any test, this is the best for now, with the number of windows
        that could tell. Other sentences name the forecasters that read the features.

        Returns
        -------
        sentences : list of str
            Advice, the most important first.

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skforecast_lstm import compare
        >>> names = ["seasonal naive", "Theta"]
        >>> compare(load_airline(), horizon=12, forecasters=names).advice()[-1]
        'Raise --windows (n_windows) to 6 to tell.'
        """
        return advice(self)

    def forecast(self, X: Any = None, *, forecaster: str = "best") -> pd.DataFrame:
        """Forecast what comes next: fit one forecaster on all rows.

        Parameters
        ----------
        X : DataFrame or dict, default=None
            Features of the next `horizon` times, if the comparison had features.
        forecaster : str, default="best"
            Name of a compared forecaster. "best" is the one that `advice` recommends.

        Returns
        -------
        forecast : DataFrame
            One row per dataset and step: the time, the name of the forecaster, the
            forecast, and the bounds of the intervals if the forecaster has them.

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skforecast_lstm import compare
        >>> names = ["seasonal naive", "naive"]
        >>> comparison = compare(load_airline(), horizon=12, forecasters=names)
        >>> comparison.forecast()[["time", "forecaster", "forecast"]].head(2)
              time      forecaster  forecast
        0  1961-01  seasonal naive     417.0
        1  1961-02  seasonal naive     391.0
        """
        from skforecast_lstm.comparison.ahead import forecast_ahead

        name = self._chosen(forecaster)
        table = forecast_ahead(self.tasks, name, X, self.settings["coverage"])
        table.insert(2, "forecaster", name)
        return table

    def fitted(self, forecaster: str = "best", *, dataset: str | None = None) -> Any:
        """Fit one forecaster on all rows of a dataset, and return it.

        `persistence.save` can save the forecasters of this package, "naive", "seasonal
        naive" and linear regressors. It names what it can't save.

        Parameters
        ----------
        forecaster : str, default="best"
            Name of a compared forecaster. "best" is the one that `advice` recommends.
        dataset : str, default=None
            Name of the dataset. Needed if there are several.

        Returns
        -------
        fitted : forecaster of sktime
            Fitted forecaster. Its horizon is that of the comparison. The index of its
            forecasts has periods, or numbers of steps if the times have none. Times of
            the same distance become those without a zone that begin a day, hour or
            minute. They go on by the clock of the first row.

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skforecast_lstm import compare
        >>> names = ["seasonal naive", "naive"]
        >>> comparison = compare(load_airline(), horizon=12, forecasters=names)
        >>> comparison.fitted().predict().index[0]
        Period('1961-01', 'M')
        """
        from skforecast_lstm.comparison.ahead import fit_on_all_rows

        name = self._chosen(forecaster)
        known = {data.name: (data, by_name[name]) for data, by_name in self.tasks}
        if dataset is None and len(known) == 1:
            (dataset,) = known
        if dataset not in known:
            raise ValueError(
                f"dataset must be one of {', '.join(map(repr, known))}, got {dataset!r}."
            )
        return fit_on_all_rows(*known[dataset])

    def _chosen(self, forecaster):
        """Return the name of a forecaster, also for "best"."""
        name = recommended(self) if forecaster == "best" else forecaster
        if name is None:
            raise ValueError("Nothing can be forecast: every forecaster failed.")
        known = list(self.tasks[0][1]) if self.tasks else []
        if name not in known:
            raise ValueError(
                f"There is no forecaster {name!r}. Choose from {', '.join(known)}."
            )
        return name

    def skill(
        self,
        metric: str = "MASE",
        *,
        baseline: str | None = None,
        groups: Any = None,
    ) -> pd.DataFrame:
        """Return the errors relative to those of a simple forecaster.

        A pair is a series, with the mean of its windows, or a window if there are fewer
        than 6 series. Ratios are limited to 0.01 and 100.

        Parameters
        ----------
        metric : str, default="MASE"
            Metric in `results`. Less must be better.
        baseline : str, default=None
            Name of the forecaster to compare with. If None, "seasonal naive" or, without
            it, "naive".
        groups : dict or Series, default=None
            Group of each dataset, by its name. If given, the table has the skill in each
            group.

        Returns
        -------
        table : DataFrame
            One row per forecaster, or per group and forecaster. `ratio` is the geometric
            mean of the error over that of the baseline: less than 1 is better.
            `win_rate` is the fraction of pairs with a smaller error; a tie is half a
            win. `ratio_low` and `ratio_high` are a 95 % interval by a bootstrap of the
            pairs, `win_low` and `win_high` by Wilson's score. They are NaN for fewer
            than 6 pairs.

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skforecast_lstm import compare
        >>> names = ["seasonal naive", "Theta"]
        >>> comparison = compare(load_airline(), horizon=12, forecasters=names)
        >>> comparison.skill()["ratio"].round(2).to_dict()
        {'Theta': 0.79, 'seasonal naive': 1.0}
        """
        if metric.startswith("coverage") or metric not in set(self.results["metric"]):
            losses = [
                name
                for name in self.results["metric"].unique()
                if not name.startswith("coverage")
            ]
            raise ValueError(
                f"metric must be one of {', '.join(losses)}, got {metric!r}."
            )
        scores = shared_scores(self.results, metric)
        return relative(scores, find_baseline(scores.columns, baseline), groups)

    def by_series(self, metric: str = "MASE") -> pd.DataFrame:
        """Return the mean of a metric on each series.

        Parameters
        ----------
        metric : str, default="MASE"
            Metric in `results`.

        Returns
        -------
        table : DataFrame
            One row per series, and one column per ranked forecaster, the best first.
        """
        return by_series(self.results, metric)

    def by_horizon(self) -> pd.DataFrame:
        """Return the mean scaled error at each step ahead, in units of MASE.

        Returns
        -------
        table : DataFrame
            One row per step, and one column per ranked forecaster, the best first.
        """
        return by_horizon(self.results, self.forecasts)

    def plot(self, kind: str = "forecasts", *, dataset: str | None = None) -> Any:
        """Draw the comparison.

        Parameters
        ----------
        kind : {"forecasts", "horizon", "time", "ranks"}, default="forecasts"
            "forecasts" shows actual values and forecasts with their widest interval.
            "horizon" shows the error by steps ahead. "time" shows the error against the
            seconds to fit and predict. "ranks" is a critical-difference diagram: mean
            ranks, with a line at forecasters that can't be told apart by Nemenyi's test.
            It needs three forecasters.
        dataset : str, default=None
            Dataset to show. If None, "forecasts" shows the first, and the others show
            all.

        Returns
        -------
        figure : matplotlib.figure.Figure
            Picture. A notebook displays it, and `savefig` writes it to a file.
        """
        from skforecast_lstm.comparison.plots import draw

        return draw(self, kind, dataset=dataset)

    def to_html(self, path: Any, *, forecast: pd.DataFrame | None = None) -> None:
        """Write a report: one page that needs no other file and no network.

        Parameters
        ----------
        path : path
            Path of the file. An existing file is replaced as a whole.
        forecast : DataFrame, default=None
            Result of `forecast`. If given, the report shows what comes next.
        """
        from skforecast_lstm.comparison.report import page

        _write(path, page(self, forecast))

    def to_csv(self, path: Any) -> None:
        """Write `results`, one line per dataset, forecaster, window and metric.

        Names that a spreadsheet would run as a formula, such as ``=1+1``, get a leading
        apostrophe.

        Parameters
        ----------
        path : path
            Path of the file. An existing file is replaced as a whole.
        """
        _write(path, self.results.map(for_spreadsheets).to_csv(index=False))

    def to_json(self, path: Any) -> None:
        """Write all tables, the ranking, the summary, the advice and the settings.

        Parameters
        ----------
        path : path
            Path of the file. An existing file is replaced as a whole.
        """
        tables = {
            "ranking": self.ranking().reset_index(),
            "results": self.results,
            "forecasts": self.forecasts,
            "failures": self.failures,
        }
        document = {
            "summary": self.summary(),
            "advice": self.advice(),
            "settings": self.settings,
        } | {
            name: table.astype(object)
            # JSON has no infinite numbers.
            .where(table.notna() & ~table.isin([math.inf, -math.inf]), None)
            .to_dict("records")
            for name, table in tables.items()
        }
        _write(path, json.dumps(document, indent=1, default=str))

    def __repr__(self):
        return f"<Comparison: {self.summary()}>"


def _write(path, text):
    """Write a file in full, or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", errors="replace")
