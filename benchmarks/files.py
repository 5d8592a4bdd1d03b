"""Saved files beside joblib and skops, and thousands of changed files.

    python benchmarks/files.py
    python benchmarks/files.py --changed 10000

The first table has the size of a file, and the median time to save and to load it, in one
process that has imported everything. The ways take turns.

With ``--changed``, files of several estimators are changed at random, with a correct
checksum, and loaded. The table counts how it ended. A load is slow if it takes over 30 s
of processors, and large if it takes over three times the memory of the unchanged file,
plus 200 MB and 30 bytes for each of the file. Both bounds are those of the tests.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

import joblib
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_airline

from skforecast_lstm import LookbackWindower, LSTMForecaster, LSTMRegressor, persistence

TESTS = Path(__file__).parents[1] / "tests" / "persistence"


def estimators():
    """Return fitted estimators by name."""
    series = 50 + np.sin(np.arange(500) / 4).reshape(-1, 1)
    windower = LookbackWindower(24, horizon=1)
    pipe = make_pipeline(
        StandardScaler(), windower, LSTMRegressor(32, epochs=2, random_state=0)
    ).fit(series, series[:, 0])
    windows = windower.fit_transform(series)
    members = LSTMRegressor(32, epochs=2, n_members=5, random_state=0)
    airline = load_airline()
    trained = LSTMForecaster(
        regressor=LSTMRegressor(32, epochs=2), pretrained=False, random_state=0
    )
    return {
        "Pipeline of a scaler, windows and LSTMRegressor(32)": pipe,
        "LSTMRegressor(32) of five members": members.fit(windows, series[:, 0]),
        "LSTMForecaster, pretrained": LSTMForecaster(random_state=0).fit(
            airline, fh=range(1, 13)
        ),
        "LSTMForecaster, trained": trained.fit(airline, fh=range(1, 13)),
    }


def ways():
    """Return for each way the functions that save and load."""
    found = {
        "persistence": (persistence.save, persistence.load),
        "joblib": (joblib.dump, joblib.load),
    }
    try:
        import skops.io
    except ImportError:
        print("skops is not installed, so its rows are missing.\n")
        return found
    trusted = persistence.skops_trusted_types()
    found["skops"] = skops.io.dump, lambda path: skops.io.load(path, trusted=trusted)
    return found


def timed(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return 1000 * (time.perf_counter() - start)


def compare_ways(repeats):
    """Print the size of each file, and the times to save and load it."""
    print("| Estimator | Way | KiB | Save, ms | Load, ms |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, estimator in estimators().items():
            times = {way: ([], []) for way in ways()}
            for number in range(repeats + 1):
                for way, (save, load) in ways().items():
                    path = Path(folder) / way
                    pair = timed(save, estimator, path), timed(load, path)
                    if number:
                        times[way][0].append(pair[0])
                        times[way][1].append(pair[1])
            for way, pair in times.items():
                size = (Path(folder) / way).stat().st_size / 1024
                saved, loaded = map(median, pair)
                print(f"| {name} | {way} | {size:.0f} | {saved:.0f} | {loaded:.0f} |")


def change_files(count, n_processes=10):
    """Print how loading ended, for files that were changed at random."""
    counts = dict.fromkeys(("refused", "loaded", "slow", "large", "raised"), 0)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, estimator in enumerate(estimators().values()):
            paths.append(Path(folder) / f"{number}.lstm")
            persistence.save(estimator, paths[-1])
        for seed in range(n_processes):
            each = count // n_processes
            script = [TESTS / "mutate_saved_files.py", seed, each, *paths]
            done = subprocess.run(
                [sys.executable, *map(str, script)],
                check=True,
                capture_output=True,
                text=True,
            )
            found = json.loads(done.stdout.splitlines()[-1])
            for key, value in found.items():
                if key in counts:
                    counts[key] += len(value) if isinstance(value, list) else value
                    if isinstance(value, list) and value:
                        print(key, value, file=sys.stderr)
    print("| " + " | ".join(("changed", *counts)) + " |")
    print("| --- " * (1 + len(counts)) + "|")
    print("| " + " | ".join(map(str, (count, *counts.values()))) + " |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--changed", type=int, metavar="COUNT")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    if options.changed:
        change_files(options.changed)
    else:
        compare_ways(options.repeats)
