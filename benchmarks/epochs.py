"""Seconds per epoch of the training engine, beside Keras and other frameworks.

All train a network of one LSTM layer and a linear output, by Adam and the mean squared
error, on the same windows in random order. `epoch_contenders.py` has their loops. Each
runs in a separate process, and the processes take turns. The first epoch of each size
does not count, because it compiles programs. A framework that is not installed is left
out.

    python benchmarks/epochs.py --rows 10_000 --epochs 5 --rounds 3 \
        --python torch=path/to/python --python tensorflow=path/to/python
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections import defaultdict
from statistics import median

from epoch_contenders import CONTENDERS, seconds_of_epochs

SETTINGS = ((4, 3, 8), (8, 12, 32), (32, 24, 32), (64, 48, 64))


def three_integers(text):
    units, steps, batch_size = map(int, text.split(","))
    return units, steps, batch_size


def package_and_path(text):
    package, path = text.split("=")
    packages = sorted({one.packages[-1] for one in CONTENDERS.values()})
    if package not in packages:
        raise argparse.ArgumentTypeError(f"{package} is none of {', '.join(packages)}")
    return package, path


def seconds_in_child(name, python):
    """Return the seconds of each epoch of each size, and the versions of a contender."""
    child = subprocess.run(
        [python, __file__, *sys.argv[1:], "--child", name],
        env=os.environ | CONTENDERS[name].environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


def is_installed(name, python):
    found = subprocess.run(
        [python, "-c", f"import {', '.join(CONTENDERS[name].packages)}"],
        env=os.environ | CONTENDERS[name].environment,
        capture_output=True,
        check=False,
    )
    return found.returncode == 0


def show(title, settings, names, cells):
    row = "{:>5}{:>6}{:>6}".format
    print(f"\n{title}\n")
    print(row("units", "steps", "batch") + "".join(f"{name:>22}" for name in names))
    for setting in settings:
        print(row(*setting) + "".join(f"{cells(name, setting):>22}" for name in names))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000, help="windows")
    parser.add_argument("--epochs", type=int, default=5, help="counted in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--settings",
        type=three_integers,
        nargs="+",
        default=SETTINGS,
        metavar="UNITS,STEPS,BATCH",
    )
    parser.add_argument(
        "--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS)
    )
    parser.add_argument(
        "--python",
        type=package_and_path,
        action="append",
        default=[],
        metavar="PACKAGE=PATH",
        help="the interpreter for jax, torch or tensorflow",
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(seconds_of_epochs(arguments.child, arguments)))
        return

    paths = dict(arguments.python)
    pythons = {
        name: paths.get(CONTENDERS[name].packages[-1], sys.executable)
        for name in arguments.contenders
    }
    for name, python in list(pythons.items()):
        if not is_installed(name, python):
            packages = " and ".join(CONTENDERS[name].packages)
            print(f"{name} is left out: {python} can't import {packages}")
            del pythons[name]
    taken = defaultdict(list)
    for number in range(arguments.rounds):
        for name, python in pythons.items():
            versions, seconds = seconds_in_child(name, python)
            if number == 0:
                print(f"{name}: {versions}", flush=True)
            for setting, seconds_of_setting in zip(
                arguments.settings, seconds, strict=True
            ):
                taken[name, setting] += seconds_of_setting

    print(
        f"\n{arguments.rows:,} windows, medians of "
        f"{arguments.rounds * arguments.epochs} epochs"
    )

    def microseconds(name, setting):
        n_batches = math.ceil(arguments.rows / setting[-1])
        return f"{1e6 * median(taken[name, setting]) / n_batches:.1f}"

    show("Microseconds per batch", arguments.settings, pythons, microseconds)
    first, *others = pythons

    def ratio(name, setting):
        return f"{median(taken[name, setting]) / median(taken[first, setting]):.2f}x"

    show(f"Seconds / {first}", arguments.settings, others, ratio)


if __name__ == "__main__":
    main()
