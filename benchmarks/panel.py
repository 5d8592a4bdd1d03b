"""Accuracy on whole series, compared with sktime's own recurrent classifiers.

    python benchmarks/panel.py
    python benchmarks/panel.py --seeds 5 --datasets GunPoint --classifiers GRUClassifier

Every classifier has the defaults of its library, unless its row has another setting. It
is fitted on the official training part and scored on the official test part of datasets
that sktime ships. Each runs in a separate process, so that libraries do not take
threads from each other. sktime's classifiers need PyTorch or TensorFlow. If a library
is missing, its classifiers are named and skipped. They do not accept series of unequal
length. For JapaneseVowels, sktime's PaddingTransformer comes before them.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from importlib import import_module
from importlib.util import find_spec
from statistics import mean, stdev

DATASETS = ("GunPoint", "BasicMotions", "JapaneseVowels", "ItalyPowerDemand", "ArrowHead")

_SKTIME = "sktime.classification.deep_learning"

# These two have no default. The values are those of sktime's tests.
_GRU_FCN = {"hidden_dim": 256, "gru_layers": 2}

# Name: module, class, parameters, required library.
CLASSIFIERS = {
    "LSTMTimeSeriesClassifier": (
        "skforecast_lstm.forecasting.panel",
        "LSTMTimeSeriesClassifier",
        {},
        None,
    ),
    "LSTMFCNClassifierTorch, 200 epochs": (
        f"{_SKTIME}.lstmfcn",
        "LSTMFCNClassifierTorch",
        {"num_epochs": 200},
        "torch",
    ),
    "LSTMFCNClassifier, 200 epochs": (
        f"{_SKTIME}.lstmfcn",
        "LSTMFCNClassifier",
        {"n_epochs": 200},
        "tensorflow",
    ),
    "GRUFCNNClassifier": (f"{_SKTIME}.gru", "GRUFCNNClassifier", _GRU_FCN, "torch"),
    "GRUFCNNClassifier, 200 epochs": (
        f"{_SKTIME}.gru",
        "GRUFCNNClassifier",
        {**_GRU_FCN, "num_epochs": 200},
        "torch",
    ),
    "GRUClassifier": (f"{_SKTIME}.gru", "GRUClassifier", {}, "torch"),
    "SimpleRNNClassifierTorch": (
        f"{_SKTIME}.rnn",
        "SimpleRNNClassifierTorch",
        {},
        "torch",
    ),
    "SimpleRNNClassifier": (f"{_SKTIME}.rnn", "SimpleRNNClassifier", {}, "tensorflow"),
}


def load(dataset, split):
    """Load the series and labels of one part of a dataset that sktime ships."""
    from sktime.datasets import load_UCR_UEA_dataset

    return load_UCR_UEA_dataset(dataset, split=split, return_type="nested_univ")


def made(name, dataset, seed):
    """Return a classifier, with padding before it if needed."""
    from sktime.transformations.panel.padder import PaddingTransformer

    module, class_name, parameters, _ = CLASSIFIERS[name]
    classifier = getattr(import_module(module), class_name)(
        **parameters, random_state=seed
    )
    lengths = {
        len(series)
        for split in ("train", "test")
        for series in load(dataset, split)[0].iloc[:, 0]
    }
    if len(lengths) == 1 or classifier.get_tag("capability:unequal_length"):
        return classifier
    return PaddingTransformer(pad_length=max(lengths)) * classifier


def child(name, datasets, seeds):
    """Fit and score one classifier in this process. Print one line of JSON per fit."""
    warnings.simplefilter("ignore")
    for dataset in datasets:
        train, test = load(dataset, "train"), load(dataset, "test")
        for seed in range(seeds):
            classifier = made(name, dataset, seed)
            start = time.perf_counter()
            accuracy = classifier.fit(*train).score(*test)
            seconds = time.perf_counter() - start
            result = {"dataset": dataset, "accuracy": accuracy, "seconds": seconds}
            print(f"result {json.dumps(result)}", flush=True)


def results_table(name, datasets, seeds):
    """Run one classifier in a child process, and return its results."""
    command = [sys.executable, __file__, "--child", "--classifiers", name]
    command += ["--datasets", *datasets, "--seeds", str(seeds)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["KERAS_BACKEND"] = (
        "tensorflow" if CLASSIFIERS[name][-1] == "tensorflow" else "jax"
    )
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        results = {}
        for line in process.stdout:
            if line.startswith("result "):
                result = json.loads(line.removeprefix("result "))
                print(f"{name}: {result}", file=sys.stderr)
                results.setdefault(result.pop("dataset"), []).append(result)
        error = process.stderr.read()
    if process.returncode:
        print(f"{name} failed: {error.strip().splitlines()[-1]}", file=sys.stderr)
    return results


def in_words(results):
    """Return the mean and spread of the accuracy, and the seconds per fit, as text."""
    if not results:
        return "-"
    accuracies = [result["accuracy"] for result in results]
    spread = stdev(accuracies) if len(accuracies) > 1 else 0.0
    seconds = mean(result["seconds"] for result in results)
    return f"{mean(accuracies):.3f} ± {spread:.3f}, {seconds:.0f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--datasets", nargs="+", default=DATASETS, choices=DATASETS)
    parser.add_argument(
        "--classifiers", nargs="+", default=list(CLASSIFIERS), choices=CLASSIFIERS
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.classifiers[0], arguments.datasets, arguments.seeds)
        return
    print(
        f"Accuracy on the test part, mean ± standard deviation over {arguments.seeds} "
        "seeds, and seconds to fit and predict\n"
    )
    print("| Classifier | " + " | ".join(arguments.datasets) + " |", flush=True)
    print("| --- |" + " --- |" * len(arguments.datasets))
    left_out = []
    for name in arguments.classifiers:
        library = CLASSIFIERS[name][-1]
        if library and find_spec(library) is None:
            left_out.append(f"{name} is left out: it needs {library}.")
            continue
        results = results_table(name, arguments.datasets, arguments.seeds)
        cells = [in_words(results.get(dataset)) for dataset in arguments.datasets]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    print("\n".join(["", *left_out]))


if __name__ == "__main__":
    main()
