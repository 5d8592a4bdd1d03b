"""Load saved files whose text is changed at random, and say what each took.

A script, so that what one file does to a process is seen: `python mutate_saved_files.py
SEED COUNT FILE...` prints one line of JSON with the worst of each.
"""

import copy
import hashlib
import json
import random
import re
import sys
import time
import warnings
from pathlib import Path

import keras

import skforecast_lstm.networks  # noqa: F401
from skforecast_lstm import persistence
from skforecast_lstm.exceptions import SavedFileError

FIRST_LINE = b"skforecast_lstm\n"

NUMBERS = (
    *(0, 1, -1, 2, 100, 1000, 10_000, 10**5, 10**6, 10**7, 10**9, 2**31, 2**63),
    *(10**30, -(10**9), 0.5, -0.5, 1e300, float("nan"), float("inf"), True, False, None),
)
TYPES = ("|S1000000000", "<U100000000", "<f8", "<i8", "|b1", "<M8[ns]", "|O", "<c16")
NAMES = (
    *("Dense", "Embedding", "MeanIoU", "AUC", "Adam", "Lambda", "RepeatVector", "LSTM"),
    *("SimpleForecasts", "Members", "TimeDistributed", "Orthogonal", "__numpy__"),
    *("keras.layers", "keras.metrics", "keras.src.ops.numpy", "array", "again", "tuple"),
    *("set", "slice", "numpy.generic", "pandas.Timestamp", "America", "keras.Object"),
    *("pandas.Index", "pandas.RangeIndex", "pandas.MultiIndex", "pandas.Series"),
    *("pandas.DataFrame", "pandas.DateOffset", "sktime.ForecastingHorizon", "periods"),
    *("times", "text", "masked", "categories", "MS", "999999999h", "sktime.Imputer"),
)


def split(content):
    """Text and numbers of a file."""
    rest = content[len(FIRST_LINE) + 32 :]
    end = 8 + int.from_bytes(rest[:8], "little")
    return json.loads(rest[8:end]), rest[end:]


def signed(text, numbers=b""):
    """A file with this text whose checksum is right."""
    text = json.dumps(text).encode()
    rest = len(text).to_bytes(8, "little") + text + numbers
    return FIRST_LINE + hashlib.sha256(rest).digest() + rest


def places_of(node, found):
    """All parts of a text, each by what it lies in and where."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        found.append((node, key))
        if isinstance(node[key], dict | list):
            places_of(node[key], found)
    return found


def change(text, numbers, rng):
    """Change a text at one place; the numbers that come with it."""
    places = places_of(text, [])
    node, key = rng.choice(places)
    other, other_key = rng.choice(places)
    kind = rng.randrange(10)
    arrays = [n[k] for n, k in places if isinstance(n[k], dict) and "shape" in n[k]]
    if kind == 0:
        node[key], other[other_key] = other[other_key], node[key]
    elif kind == 1:
        node[key] = copy.deepcopy(other[other_key])
    elif kind == 2 and isinstance(node, list):
        node.extend([node[key]] * rng.choice([1, 10, 300]))
    elif kind == 3:
        node.pop(key)
    elif kind == 4:
        for _ in range(rng.choice([1, 20, 400])):
            node[key] = rng.choice(
                [[node[key]], {"is": "tuple", "of": [node[key], node[key]][:1]}]
            )
    elif kind == 5:
        node[key] = {"is": "again", "of": rng.randrange(20)}
    elif kind == 6 and arrays:
        array = rng.choice(arrays)
        array[rng.choice(["of", "shape", "order"])] = rng.choice(
            [*TYPES, [0], [10**9], [-1, 2], [10**6, 0], [True], [], "C", "F", None]
        )
    elif kind == 7:
        # References that double in each level.
        part = {"is": "set", "number": 10**6, "of": []}
        levels = [part]
        for level in range(1, rng.choice([5, 30, 60])):
            last = {"is": "again", "of": 10**6 + level - 1}
            parts = [last, last, None]
            levels.append({"is": "slice", "number": 10**6 + level, "of": parts})
        node[key] = levels
    else:
        leaves = [(n, k) for n, k in places if not isinstance(n[k], dict | list)]
        node, key = rng.choice(leaves)
        texts = isinstance(node[key], str) and rng.random() < 0.7
        node[key] = rng.choice(NAMES if texts else NUMBERS)
    if rng.random() < 0.05:
        numbers = numbers[: rng.randrange(len(numbers) + 1)]
    return numbers


def peak():
    """The most memory of this process since `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def resident():
    """The memory of this process now, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def forget_peak():
    """Let the peak begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def load(path):
    """Load a file; return the seconds of processors, the bytes, and how it ended."""
    forget_peak()
    before, began = resident(), time.process_time()
    try:
        persistence.load(path)
        end = "loaded"
    except SavedFileError as error:
        end = str(error)
    except Exception as error:  # noqa: BLE001
        end = f"RAISED {type(error).__name__}: {error}"
    return time.process_time() - began, peak() - before, end


def main(seed, count, *paths):
    """Change and load `count` files."""
    warnings.simplefilter("ignore")
    rng = random.Random(int(seed))
    contents = [Path(path).read_bytes() for path in paths]
    honest = [max(load(path)[1] for _ in range(2)) for path in paths]
    connect = keras.src.models.functional.deserialize_node
    changed_path = Path(paths[0]).with_suffix(f".{seed}.changed")
    result = {"raised": [], "loaded": 0, "slow": [], "large": [], "refused": 0}
    for number in range(int(count)):
        which = number % len(paths)
        text, numbers = split(contents[which])
        try:
            for _ in range(rng.randint(1, 3)):
                numbers = change(text, numbers, rng)
            changed_path.write_bytes(signed(text, numbers))
        except (RecursionError, IndexError, ValueError):
            # What can't be written is no file.
            continue
        size = changed_path.stat().st_size
        if size > 10e6:
            # Much may be read of it, which takes its time.
            continue
        seconds, n_bytes, end = load(changed_path)
        result["loaded"] += end == "loaded"
        result["refused"] += end != "loaded"
        if end.startswith("RAISED"):
            result["raised"].append([number, end[:300]])
        if seconds > 30:
            result["slow"].append([number, seconds, end[:200]])
        # Python has up to 30 bytes for each of a text of many empty lists.
        if n_bytes > 3 * honest[which] + 200e6 + 30 * size:
            result["large"].append([number, n_bytes, end[:200]])
    result["keras"] = keras.src.models.functional.deserialize_node is connect
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
