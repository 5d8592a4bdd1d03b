"""Growth of the seconds of a fit and of a search with their size.

Rows, lookback and units are doubled several times, one at a time. Every setting is first
fitted for one epoch, so the times do not include compilation. Searches have more and more
candidates. The time of a search includes everything except the imports: each search is
the first work of a separate process without compiled programs on disk.

    python benchmarks/growth.py --doublings 5 --plot growth.png
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.model_selection import GridSearchCV

from skforecast_lstm import LSTMRegressor

BATCH_SIZE = 32
# Name of each varied size, and its label in the figure.
LABELS = {
    "rows": "rows",
    "lookback": "lookback in steps",
    "units": "units of the layer",
    "candidates": "candidates of the search",
}


def make_windows(n_windows, lookback):
    """Return windows as a view of one series, and the value after each window."""
    series = np.random.default_rng(0).standard_normal(n_windows + lookback)
    series = series.astype(np.float32)
    return sliding_window_view(series[:-1], lookback), series[lookback:]


def seconds_of(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def seconds_of_fit(rows, lookback, units, epochs, repeats):
    """Return the median seconds of a fit with compiled programs."""
    data = make_windows(rows, lookback)
    estimator = LSTMRegressor(units, epochs=epochs, batch_size=BATCH_SIZE, random_state=0)
    estimator.set_params(epochs=1).fit(*data)
    estimator.set_params(epochs=epochs)
    return median(seconds_of(estimator.fit, *data) for _ in range(repeats))


def search(candidates, rows, lookback, units, epochs):
    """Return the seconds of a search over a number of learning rates."""
    data = make_windows(rows, lookback)
    estimator = LSTMRegressor(units, epochs=epochs, batch_size=BATCH_SIZE, random_state=0)
    rates = np.geomspace(1e-3, 1e-2, candidates).tolist()
    return seconds_of(GridSearchCV(estimator, {"learning_rate": rates}, cv=3).fit, *data)


def seconds_of_search(candidates, repeats, **setting):
    """Return the median seconds of a search in a separate process."""
    taken = []
    for _ in range(repeats):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            taken.append(pool.submit(search, candidates, **setting).result())
    return median(taken)


def measure(name, first, doublings, setting, repeats):
    """Return sizes and their seconds, and print them."""
    sizes = [first * 2**doubling for doubling in range(doublings + 1)]
    others = ", ".join(f"{other} {value:,}" for other, value in setting.items())
    print(f"{name:>12}{'seconds':>12}{'ratio':>10}   with {others}")
    function = seconds_of_search if name == "candidates" else seconds_of_fit
    taken = []
    for size in sizes:
        taken.append(function(**{**setting, name: size}, repeats=repeats))
        ratio = f"{taken[-1] / taken[-2]:.2f}x" if len(taken) > 1 else ""
        print(f"{size:12,}{taken[-1]:12.3f}{ratio:>10}", flush=True)
    print()
    return sizes, taken


def draw(grown, path):
    """Draw the seconds by size in panels, with a dotted line for linear growth."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for panel, (name, (sizes, taken)) in zip(axes.flat, grown.items(), strict=True):
        linear = [taken[0] * size / sizes[0] for size in sizes]
        panel.loglog(sizes, taken, base=2, marker="o", label="measured")
        panel.loglog(sizes, linear, ":", base=2, color="grey", label="linear growth")
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.yaxis.set_major_formatter("{x:.3g}")
        what = "a search" if name == "candidates" else "a fit"
        panel.set(
            title=f"Seconds of {what} by {name}",
            xlabel=LABELS[name],
            ylabel="time in seconds",
        )
        panel.legend()
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000, help="fewest rows")
    parser.add_argument("--lookback", type=int, default=12, help="shortest lookback")
    parser.add_argument("--units", type=int, default=8, help="fewest units")
    parser.add_argument("--candidates", type=int, default=1, help="fewest candidates")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--doublings", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--plot", metavar="PNG", help="where to draw the figure")
    arguments = parser.parse_args()
    # JAX reads these variables in the processes of the searches.
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
    os.environ["SKFORECAST_LSTM_DISK_CACHE"] = "0"

    setting = {
        name: getattr(arguments, name) for name in ("rows", "lookback", "units", "epochs")
    }
    grown = {
        name: measure(
            name,
            getattr(arguments, name),
            arguments.doublings,
            {other: value for other, value in setting.items() if other != name},
            arguments.repeats,
        )
        for name in LABELS
    }
    if arguments.plot:
        draw(grown, arguments.plot)
        print(f"figure: {arguments.plot}")


if __name__ == "__main__":
    main()
