"""Files of ONNX beside the Python pipeline: differences, start-up, latency, size.

    python benchmarks/onnx_files.py

The first table has, for each configuration, the largest difference between `predict` and
ONNX Runtime, relative to the spread of the targets, over 500 windows of 24 steps, all
known and with a quarter of the steps unknown. Networks have 32 units and are trained for
3 epochs. Normalized windows have a level of about 14 spreads, and of 140 where they are
far from zero.

The second table compares one forecast of a pipeline of scaler, windower and network: the
first of a new process, and the median of those after the hundredth.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

LOOKBACK, UNITS = 24, 32

CONFIGURATIONS = {
    "LSTM": {},
    "GRU": {"cell": "gru"},
    "Simple recurrent": {"cell": "rnn"},
    "LSTM with peepholes": {"cell": "peephole"},
    "Two stacked layers": {"units": (UNITS, UNITS)},
    "Bidirectional": {"bidirectional": True},
    "Dense layers, dropout": {"dense_units": (16, 16), "dropout": 0.2},
    "Segments": {"segment": 6},
    "Normalized by the last value": {"normalization": "last"},
    "Standardized windows": {"normalization": "standard"},
    "Relative windows": {"normalization": "relative"},
    "Standardized, far from zero": {"normalization": "standard", "level": 100},
    "Mixture of simple forecasts": {
        "normalization": "last",
        "base": "mixture",
        "season_length": 12,
    },
    "Five members": {"n_members": 5},
    "Three quantiles": {"loss": "quantiles"},
    "Decoder, a column known ahead": {"decoder": "lstm", "n_known": 1},
    "Branches": {"branches": [{"columns": [0]}, {"columns": [1], "cell": "gru"}]},
    "Categories": {"categorical_features": [1]},
    "Classifier, probabilities": {"classes": True},
    "Binned regressor": {"bins": True},
    "Pretrained network": {"pretrained": True, "level": 10},
}

# Child processes: prints the seconds of the first forecast, and the median of later ones.
CHILD = """
import json, sys, time
start = time.perf_counter()
import numpy as np
{load}
values = np.load("values.npy")
{first}
first = time.perf_counter() - start
later = []
for number in range(300):
    start = time.perf_counter()
    {again}
    later.append(time.perf_counter() - start)
status = open("/proc/self/status").read()
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([first, sorted(later[100:])[100], peak]))
"""
WAYS = {
    "Python, `pipe.predict`": {
        "load": (
            "import warnings\n"
            "warnings.simplefilter('ignore')\n"
            "from skforecast_lstm.persistence import load\n"
            "pipe = load('pipe.lstm')"
        ),
        "first": "pipe.predict(values)[-1]",
        "again": "pipe.predict(values)[-1]",
    },
    "ONNX Runtime": {
        "load": "import onnxruntime\nsession = onnxruntime.InferenceSession('pipe.onnx')",
        "first": "session.run(None, {'rows': values[None, :-1]})",
        "again": "session.run(None, {'rows': values[None, :-1]})",
    },
}


def made(parameters):
    """Return the estimator of a configuration."""
    from skforecast_lstm import BinnedRegressor, LSTMClassifier, LSTMRegressor
    from skforecast_lstm.networks import QuantileLoss
    from skforecast_lstm.pretraining import pretrained_regression_network

    options = {"units": UNITS, "epochs": 3, "random_state": 0, **parameters}
    if options.pop("pretrained", False):
        network = pretrained_regression_network
        options = {"n_batches": 1, "learning_rate": 1e-5, "random_state": 0}
        return LSTMRegressor(
            model=network, model__season_length=12, loss="mae", **options
        )
    if options.pop("bins", False):
        return BinnedRegressor(LSTMClassifier(**options))
    if options.pop("classes", False):
        return LSTMClassifier(**options)
    if options.get("loss") == "quantiles":
        options["loss"] = QuantileLoss([0.1, 0.5, 0.9])
    if "normalization" in options or "n_known" in options:
        options["target_columns"] = [0]
    return LSTMRegressor(**options)


def difference(parameters, folder):
    """Return the largest difference in spreads of the targets, and the size in KiB."""
    import onnxruntime

    from skforecast_lstm.persistence import export_onnx

    rng = np.random.default_rng(0)
    steps = np.arange(LOOKBACK + 2) + rng.integers(0, 12, size=(500, 1))
    series = np.sin(steps / 2) + 0.3 * rng.normal(size=steps.shape)
    given = dict(parameters)
    series = series + given.pop("level", 10 if "normalization" in given else 0)
    estimator = made(given)
    categories = rng.integers(0, 5, size=(500, LOOKBACK))
    windows = np.stack([series[:, :LOOKBACK], categories], axis=-1)
    targets = series[:, LOOKBACK:]
    if hasattr(estimator, "predict_proba") or getattr(estimator, "n_bins", None):
        targets = targets[:, 0]
    if not hasattr(estimator, "predict_quantiles") and targets.ndim == 1:
        targets = np.digitize(targets, [-0.5, 0.5])
    if "Quantile" in type(getattr(estimator, "loss", None)).__name__:
        targets = targets[:, [0, 0, 0]]
    estimator.fit(windows, targets)
    path = Path(folder) / "estimator.onnx"
    export_onnx(estimator, path)
    session = onnxruntime.InferenceSession(path)
    is_classifier = hasattr(estimator, "class_weight")
    predict = estimator.predict_proba if is_classifier else estimator.predict
    spread = 1.0 if is_classifier else np.std(targets, axis=0).min()
    unknown = windows.copy()
    unknown[rng.random(windows.shape[:2]) < 0.25] = np.nan
    found = max(
        np.abs(session.run(None, {"windows": given})[0] - predict(given)).max()
        for given in (windows, unknown)
    )
    return found / spread, path.stat().st_size / 1024


def timed_child(way, folder):
    """Return the seconds of the first and of a later forecast, and the memory."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(**WAYS[way])],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare_ways(folder, repeats=7):
    """Print start-up and latency of both ways, and their ratio."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from skforecast_lstm import LookbackWindower, LSTMRegressor
    from skforecast_lstm.persistence import export_onnx, save

    series = 50 + np.sin(np.arange(1000) / 4).reshape(-1, 1)
    pipe = make_pipeline(
        StandardScaler(), LookbackWindower(LOOKBACK, horizon=1), LSTMRegressor(UNITS)
    )
    pipe.set_params(lstmregressor__epochs=2).fit(series, series[:, 0])
    save(pipe, Path(folder) / "pipe.lstm")
    export_onnx(pipe, Path(folder) / "pipe.onnx")
    np.save(Path(folder) / "values.npy", series[-LOOKBACK - 1 :])
    results = {way: [] for way in WAYS}
    for way in WAYS:
        # Compiled programs are on disk after the first time.
        timed_child(way, folder)
    for _ in range(repeats):
        for way in WAYS:
            results[way].append(timed_child(way, folder))
    rows = {
        way: [median(column) for column in zip(*results[way], strict=True)]
        for way in WAYS
    }
    python, onnx = rows.values()
    rows["Ratio"] = [one / other for one, other in zip(python, onnx, strict=True)]
    print("\n| | First forecast, s | Later forecast, ms | Memory, MiB | File, KiB |")
    print("| --- | --- | --- | --- | --- |")
    sizes = [(Path(folder) / name).stat().st_size for name in ("pipe.lstm", "pipe.onnx")]
    sizes = [one / 1024 for one in sizes]
    for (way, (first, later, memory)), size in zip(
        rows.items(), [*sizes, sizes[0] / sizes[1]], strict=True
    ):
        later = later if way == "Ratio" else later * 1000
        print(f"| {way} | {first:.3g} | {later:.3g} | {memory:.3g} | {size:.3g} |")


def main():
    with tempfile.TemporaryDirectory() as folder:
        print("| Configuration | Largest difference | File, KiB |")
        print("| --- | --- | --- |")
        for name, parameters in CONFIGURATIONS.items():
            found, size = difference(parameters, folder)
            print(f"| {name} | {found:.1e} | {size:.0f} |", flush=True)
        compare_ways(folder)


if __name__ == "__main__":
    main()
