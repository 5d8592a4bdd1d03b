"""Result of a comparison: tables, ranking, summary, pictures and report."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skforecast_lstm._files import replacing
from skforecast_lstm._labels import for_spreadsheets
from skforecast_lstm.comparison.ranking import (
    FEWEST_WINDOWS,
    average,
    p_value,
    ranked,
    shared_scores,
)

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
        One row per forecaster, dataset and window with an error, with the reason.
    history : DataFrame
        Data, with one row per dataset and time.
    settings : dict
        Horizon, windows, seasons, parameters of the forecasters, versions and time.

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

    def ranking(self) -> pd.DataFrame:
        """Rank the forecasters by their mean MASE, the best first.

        Only windows that all ranked forecasters have count. A forecaster is not ranked
        if its failures would leave fewer than half of the windows. It comes last, with
        the reason. Each dataset has the same weight.

        Returns
        -------
        table : DataFrame
            One row per forecaster. `behind_percent` is the difference of its MASE from
            the best, in percent. `p_value` is that of a paired Wilcoxon signed-rank
            test against the best over the windows, not corrected for the number of
            forecasters. `mean_rank` is the mean rank over the windows. The other
            metrics are means. `windows` is the number of its windows, `failed` the
            number of its failures.
        """
        return ranked(self.results, self.failures)

    def summary(self) -> str:
        """Summarize the winner, its lead and the significance in a few sentences.

        Returns
        -------
        text : str
            Summary. It begins with the LSTM if there is one. If the LSTM loses, it
            names the winner and the difference.
        """
        scores = shared_scores(self.results)
        mase = average(scores).sort_values(kind="stable")
        sentences = []
        if mase.empty:
            sentences.append("No forecaster could be ranked: all failed.")
        else:
            sentences += self._describe_winner(mase, scores)
        if len(self.failures):
            names = ", ".join(self.failures["forecaster"].unique())
            sentences.append(
                f"{_count(len(self.failures), 'fit')} failed ({names}); the reasons are "
                "with the failures."
            )
        return " ".join(sentences)

    def _describe_winner(self, mase, scores):
        """Return sentences on the winner, with the LSTM as subject if there is one."""
        best = mase.index[0]
        lstms = [name for name in mase.index if name in self.settings["lstm"]]
        unranked = [name for name in self.settings["lstm"] if name not in mase.index]
        sentences = []
        for name in unranked:
            failures = self.failures[self.failures["forecaster"] == name]
            reason = failures["reason"].iloc[0]
            sentences.append(f"The {name} failed too often to be ranked ({reason}).")
        if len(mase) == 1:
            alone = f"{best} was compared with nothing: mean MASE {mase[best]:.3f}."
            return [*sentences, alone]
        if lstms and lstms[0] != best:
            name, other = lstms[0], best
        else:
            name, other = best, mase.index[1]
        if np.isclose(mase[name], mase[other], rtol=1e-9, atol=0):
            sentences.append(
                f"{name} and {other} are equal in mean MASE ({mase[best]:.3f})."
            )
            return sentences + self._describe_significance(scores, name, other)
        if name != best and mase[best] == 0:
            sentences.append(
                f"The {name} loses to {best} in mean MASE ({mase[name]:.3f} against 0), "
                f"and is number {mase.index.get_loc(name) + 1} of {len(mase)}."
            )
        elif name != best:
            percent = 100 * (mase[name] / mase[best] - 1)
            sentences.append(
                f"The {name} loses to {best} by {percent:.1f} % in mean MASE "
                f"({mase[name]:.3f} against {mase[best]:.3f}), and is number "
                f"{mase.index.get_loc(name) + 1} of {len(mase)}."
            )
        else:
            percent = 100 * (1 - mase[best] / mase[other])
            sentences.append(
                f"{'The ' if lstms else ''}{best} wins by {percent:.1f} % in mean MASE "
                f"over {other} ({mase[best]:.3f} against {mase[other]:.3f})."
            )
        return sentences + self._describe_significance(scores, name, other)

    def _describe_significance(self, scores, name, other):
        """Return sentences on the significance of a difference, and its windows."""
        n_series = scores.index.get_level_values("dataset").nunique()
        where = f"{_count(len(scores), 'window')} of {n_series} series"
        sentences = []
        if len(scores) < FEWEST_WINDOWS:
            few = "too few for a paired test to tell whether it is more than chance"
            sentences.append(f"That is over {where}, {few}.")
        else:
            chance = p_value(scores, name, other)
            verdict = "more" if chance < 0.05 else "not more"
            sentences.append(
                f"Over {where} that is {verdict} than chance would give (paired "
                f"Wilcoxon test, p = {chance:.2g})."
            )
            steps = [of["step"] for of in self.settings["datasets"].values()]
            if min(steps) < self.settings["horizon"]:
                sentences.append("The windows overlap, so this p is too small.")
        n_windows = self.results.groupby("dataset")["window"].nunique().sum()
        if len(scores) < n_windows:
            sentences.append(
                f"Only those of the {n_windows} windows count that all ranked "
                "forecasters have."
            )
        return sentences

    def plot(self, kind: str = "forecasts", *, dataset: str | None = None) -> Any:
        """Draw the comparison.

        Parameters
        ----------
        kind : {"forecasts", "horizon", "time"}, default="forecasts"
            "forecasts" shows actual values and forecasts with their widest interval.
            "horizon" shows the error by steps ahead. "time" shows the error against the
            seconds to fit and predict.
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

    def to_html(self, path: Any) -> None:
        """Write a report: one page that needs no other file and no network.

        Parameters
        ----------
        path : path
            Path of the file. An existing file is replaced as a whole.
        """
        from skforecast_lstm.comparison.report import page

        _write(path, page(self))

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
        """Write all tables, the ranking, the summary and the settings.

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
        document = {"summary": self.summary(), "settings": self.settings} | {
            name: table.astype(object).where(table.notna(), None).to_dict("records")
            for name, table in tables.items()
        }
        _write(path, json.dumps(document, indent=1, default=str))

    def __repr__(self):
        return f"<Comparison: {self.summary()}>"


def _count(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _write(path, text):
    """Write a file in full, or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", errors="replace")
