"""Display of the score of a search over one or two parameters."""

from collections.abc import Sequence
from typing import Any, Self

import pandas as pd

from skforecast_lstm._labels import as_label
from skforecast_lstm._palette import COLOURS
from skforecast_lstm.inspection._drawing import (
    axes_for,
    check_matplotlib,
    check_scikit_learn_fitted,
    decimals_for,
    missing_part_error,
    name_ticks,
    nested_estimators,
    place_ticks,
    write_numbers,
)
from skforecast_lstm.inspection._search_results import (
    axis_positions,
    find_score,
    params_to_draw,
    results_table,
    searched_parameters,
)

__all__ = ["SearchDisplay"]


class SearchDisplay:
    """Display of the score of a search over one or two of its parameters.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    results : DataFrame
        One row per candidate, with a column for each searched parameter. "score" and
        "std" are the mean and standard deviation over the folds. A halving search also
        has "n_resources".
    params : sequence of str
        One or two parameters to draw, the first on the horizontal axis.
    score_name : str, default="Score"
        Name of the score.
    greater_is_better : bool, default=True
        If True, the greatest score is the best.
    chosen : int, default=None
        Index in `results` of the candidate that the search chose. If None, it is the
        one with the best score.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the display.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    errorbars_ : list of matplotlib.container.ErrorbarContainer
        For one parameter, scores with their standard deviation, one for each number of
        resources.
    image_ : matplotlib.image.AxesImage or None
        For two parameters, heat map if the search tried at least half of the
        combinations.
    texts_ : list of matplotlib.text.Text
        Scores in the heat map.
    scatter_ : matplotlib.collections.PathCollection or None
        For two parameters, points of the candidates if the search tried fewer
        combinations.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Legend of the colours.
    chosen_ : matplotlib.artist.Artist
        Mark of the candidate that the search chose.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    >>> from sklearn.pipeline import make_pipeline
    >>> from skforecast_lstm import LookbackWindower
    >>> from skforecast_lstm.inspection import SearchDisplay
    >>> series = pd.DataFrame({"load": np.sin(np.arange(200) / 4)})
    >>> pipe = make_pipeline(
    ...     LookbackWindower(horizon=1, layout="flat"), SimpleImputer(), Ridge()
    ... )
    >>> search = GridSearchCV(
    ...     pipe,
    ...     {"lookbackwindower__lookback": [1, 2, 4], "ridge__alpha": [0.1, 10]},
    ...     scoring="neg_mean_absolute_error",
    ...     cv=TimeSeriesSplit(3),
    ... ).fit(series, series)
    >>> display = SearchDisplay.from_estimator(search)
    >>> display.score_name, display.greater_is_better
    ('Mean absolute error', False)
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        results: pd.DataFrame,
        params: Sequence[str],
        score_name: str = "Score",
        greater_is_better: bool = True,
        chosen: int | None = None,
    ) -> None:
        self.results = results
        self.params = params
        self.score_name = score_name
        self.greater_is_better = greater_is_better
        self.chosen = chosen

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        params: str | Sequence[str] | None = None,
        metric: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted search.

        If the search has more parameters than are drawn, each value shows the best
        score over the other parameters. scikit-learn negates errors
        ("neg_mean_absolute_error"); they are drawn as positive errors.

        Parameters
        ----------
        search : GridSearchCV or other search of scikit-learn
            Fitted search over a grid, over random candidates, or by halving.
        params : str or sequence of str, default=None
            One or two parameters, the first on the horizontal axis. If None, they are
            the parameters with several values, if there are at most two.
        metric : str, default=None
            Score to draw, if the search has several. If None, it is the one for refit.
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : SearchDisplay
            Display with the drawn artists.
        """
        check_matplotlib(cls)
        check_scikit_learn_fitted(search)
        found = list(nested_estimators(search))
        search = next((one for one in found if hasattr(one, "cv_results_")), None)
        if search is None:
            raise missing_part_error(found, "search", "a fitted GridSearchCV or the like")
        score = find_score(search, metric)
        searched = searched_parameters(search)
        params = params_to_draw(params, searched)
        varied = [name for name in searched if searched[name] or name in params]
        results = results_table(search, varied, score)
        if results["score"].isna().all():
            raise ValueError(
                "There is nothing to draw: all candidates failed. Set "
                "error_score='raise' in the search to see why."
            )
        return cls(
            results=results,
            params=params,
            score_name=score.name,
            greater_is_better=score.greater_is_better,
            chosen=getattr(search, "best_index_", None),
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw in. If None, a new figure is created.

        Returns
        -------
        display : SearchDisplay
            The display itself.
        """
        self.ax_ = axes_for(self, ax)[0]
        self.figure_ = self.ax_.figure
        self.errorbars_: list[Any] = []
        self.texts_: list[Any] = []
        self.image_ = self.scatter_ = self.colorbar_ = None
        table = self.results.filter(["score", "std", "n_resources"])
        labels = []
        for axis, name in zip("xy", self.params, strict=False):
            table[axis], written = axis_positions(self.results[name])
            labels.append(written)
        table = table[table["score"].notna()]
        if len(self.params) == 1:
            self._plot_curves(table, *labels)
        else:
            self._plot_plane(table, *labels)
        self.ax_.set_xlabel(as_label(self.params[0]))
        return self

    @property
    def _score_label(self):
        better = "higher" if self.greater_is_better else "lower"
        return f"{as_label(self.score_name)} ({better} is better)"

    @property
    def _searched(self):
        """All searched parameters, including those that are not drawn."""
        return self.results.columns.difference(["score", "std", "n_resources"])

    def _title(self, *more):
        """Return a title with the number of candidates and the content of the picture."""
        n_failed = int(self.results["score"].isna().sum())
        failed = f", of which {n_failed} failed" if n_failed else ""
        n_candidates = len(self.results[self._searched].map(repr).drop_duplicates())
        lines = [f"Search over {n_candidates} candidates{failed}"]
        if len(self._searched) > len(self.params):
            lines.append("the best candidate at each value")
        return "\n".join([*lines, *more])

    def _best_candidates(self, table, by):
        """Return the best candidate with the most resources at each place."""
        best_last = table.sort_values("score", ascending=self.greater_is_better)
        if "n_resources" in table:
            best_last = best_last.sort_values("n_resources", kind="stable")
        return best_last.groupby(by).tail(1).sort_values(by)

    def _chosen_candidate(self, table):
        """Return the chosen candidate."""
        if self.chosen in table.index:
            return table.loc[self.chosen]
        scores = table["score"]
        return table.loc[scores.idxmax() if self.greater_is_better else scores.idxmin()]

    def _plot_curves(self, table, labels):
        """Draw the scores over one parameter, with error bars."""
        ax = self.ax_
        if "n_resources" in table:
            groups = {
                f"n_resources = {n:g}": rows for n, rows in table.groupby("n_resources")
            }
        else:
            groups = {"mean and standard deviation over folds": table}
        for label, group in groups.items():
            best = self._best_candidates(group, ["x"])
            # A line between candidates has no meaning if other parameters differ too.
            comparable = len(self._searched) == 1 or group["x"].value_counts().min() > 1
            bars = ax.errorbar(
                best["x"].to_numpy(),
                best["score"].to_numpy(),
                yerr=best["std"].to_numpy(),
                marker="o",
                linestyle="-" if labels is None and comparable else "",
                capsize=3,
                label=label,
            )
            self.errorbars_.append(bars)
        chosen = self._chosen_candidate(table)
        self.chosen_ = self._mark_with_star(chosen["x"], chosen["score"])
        place_ticks(ax, "x", table["x"], labels)
        ax.set_ylabel(self._score_label)
        ax.set_title(self._title(), fontsize="medium")
        ax.grid(alpha=0.3)
        ax.legend(fontsize="small")

    def _plot_plane(self, table, x_labels, y_labels):
        """Draw the scores over two parameters, as colours."""
        best = self._best_candidates(table, ["x", "y"])
        chosen = self._chosen_candidate(table)
        ax = self.ax_
        # Better scores are brighter.
        colours = "viridis" if self.greater_is_better else "viridis_r"
        cells = best.pivot(index="y", columns="x", values="score")
        if 2 * len(best) >= cells.size:
            self.image_ = coloured = ax.imshow(
                cells, cmap=colours, aspect="auto", origin="lower"
            )
            self.texts_ = write_numbers(ax, coloured, decimals_for(cells.to_numpy()))
            self.chosen_ = self._mark_with_frame(
                cells.columns.get_loc(chosen["x"]), cells.index.get_loc(chosen["y"])
            )
            name_ticks(ax, "x", range(cells.shape[1]), cells.columns, x_labels)
            name_ticks(ax, "y", range(cells.shape[0]), cells.index, y_labels)
        else:
            self.scatter_ = coloured = ax.scatter(
                best["x"], best["y"], c=best["score"], cmap=colours, s=60, edgecolor="0.4"
            )
            self.chosen_ = self._mark_with_star(chosen["x"], chosen["y"])
            place_ticks(ax, "x", best["x"], x_labels)
            place_ticks(ax, "y", best["y"], y_labels)
            ax.grid(alpha=0.3)
            ax.legend(fontsize="small")
        ax.set_ylabel(as_label(self.params[1]))
        more = []
        if "n_resources" in table:
            more.append("each with the most resources it was given")
        if self.image_ is not None:
            more.append("framed: chosen by the search")
        ax.set_title(self._title(*more), fontsize="medium")
        self.colorbar_ = self.figure_.colorbar(coloured, ax=ax, label=self._score_label)

    def _mark_with_star(self, x, y):
        """Mark the choice of the search with a star."""
        (star,) = self.ax_.plot(
            x,
            y,
            marker="*",
            markersize=16,
            linestyle="",
            color=COLOURS[5],
            markeredgecolor="white",
            zorder=5,
            label="chosen by the search",
        )
        return star

    def _mark_with_frame(self, column, line):
        """Mark the choice of the search with a frame in the heat map."""
        from matplotlib.patches import Rectangle

        corner = (column - 0.5, line - 0.5)
        frame = Rectangle(corner, 1, 1, fill=False, edgecolor=COLOURS[5], linewidth=4)
        # Do not clip the frames of cells at the edge.
        frame.set_clip_on(False)
        return self.ax_.add_patch(frame)
