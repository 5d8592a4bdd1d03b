"""Store of results: one line of JSON per cell, appended and never rewritten.

A cell of many series has its numbers in a file of Parquet, which is complete before its
line is written.
"""

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from skforecast_lstm.comparison.parquet import read_parquet, write_parquet

_BEGINNING = '{"key": "'

# Cells of at least so many series have a file of Parquet, if pyarrow is installed.
_MANY_SERIES = 2


def _record(line):
    """Return the record in a line, or None if there is none.

    The line may begin with the first part of another record, if the disk was full.
    """
    try:
        record = json.loads(line[max(0, line.rfind(_BEGINNING)) :])
        is_ours = isinstance(record["key"], str) and _is_result(record)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return record if is_ours else None


def _is_result(record):
    """Return True if the record has the result of a cell, or names the file of it."""
    if "result" not in record:
        return record["parquet"] is True and bool(
            re.fullmatch("[0-9a-f]{32}", record["key"])
        )
    result = record["result"]
    return (
        (result["error"] is None or isinstance(result["error"], str))
        and isinstance(result["scores"], list)
        and all(
            isinstance(series, str)
            and isinstance(metric, str)
            and isinstance(value, int | float)
            for series, metric, value in result["scores"]
        )
        and isinstance(result["forecasts"], list)
        and all(
            isinstance(forecast["series"], str)
            and len(
                {len(values) for name, values in forecast.items() if name != "series"}
            )
            == 1
            for forecast in result["forecasts"]
        )
    )


def _is_cut_off(line):
    """Return True if a line begins like a record but is incomplete."""
    if not line.startswith(_BEGINNING[: len(line.rstrip())]):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


class ResultsFile:
    """Results by key, in an append-only file.

    An incomplete line, for example after a power failure, is skipped, and its cell is
    run again. Without a path, nothing is stored.
    """

    def __init__(self, path):
        self.path = None if path is None else Path(path)
        if self.path is not None and (self.path.is_dir() or not self.path.suffix):
            self.path = self.path / "cells.jsonl"
        self._file = None

    @property
    def _folder(self):
        """Folder for the files of Parquet, beside the file of results."""
        return self.path.with_name(f"{self.path.stem}.parquet")

    def read(self, keys):
        """Return the results of the cells that are finished, of those with these keys."""
        if self.path is None or not self.path.exists():
            return {}
        keys, results, n_ours, foreign = set(keys), {}, 0, 0
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                record = _record(line)
                if record is not None:
                    n_ours += 1
                    if record["key"] in keys:
                        results[record["key"]] = record.get("result")
                # Only the beginning of an incomplete line exists.
                elif line.strip("\0 \r\n") and not _is_cut_off(line):
                    foreign = foreign or number
        if foreign and not n_ours:
            raise ValueError(
                f"{self.path} is not a file of comparison results (see line {foreign}). "
                "Give another file, or a folder."
            )
        read = {
            key: read_parquet(self._folder / f"{key}.parquet")
            if result is None
            else _from_json(result)
            for key, result in results.items()
        }
        return {
            key: result
            for key, result in read.items()
            if result is not None and result["error"] is None
        }

    def __enter__(self):
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
        return self

    def __exit__(self, *_):
        if self._file is not None:
            self._file.close()

    def write(self, key, cell, result):
        """Append the result of one cell, and flush it to disk."""
        if self._file is None:
            return
        try:
            self._write(key, cell, result)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{error.strerror or error}. The results before are kept, and the same "
                "call goes on from there",
                str(error.filename or self.path),
            ) from error

    def _write(self, key, cell, result):
        record = {
            "key": key,
            "dataset": cell.dataset.name,
            "forecaster": cell.name,
            "window": cell.window + 1,
        }
        if len(result["series"]) >= _MANY_SERIES and self._has_folder():
            write_parquet(self._folder / f"{key}.parquet", record, result)
            record["parquet"] = True
        else:
            record["result"] = _as_json(result)
        line = json.dumps(record).encode() + b"\n"
        # A nearly full disk writes the first part, and raises at the next.
        while line:
            line = line[self._file.write(line) :]
        os.fsync(self._file.fileno())

    def _has_folder(self):
        """Return True if files of Parquet can be written, and make their folder."""
        if not find_spec("pyarrow") or self._folder.is_file():
            return False
        self._folder.mkdir(exist_ok=True)
        return True


def _as_json(result):
    """Return a result as lists: one of each score, and one of each series' forecasts."""
    n_series = len(result["series"])
    scores = {metric: values.tolist() for metric, values in result["scores"].items()}
    forecasts = {
        name: values.reshape(n_series, -1).tolist()
        for name, values in result["forecasts"].items()
    }
    return {
        "error": result["error"],
        "scores": [
            [name, metric, values[number]]
            for number, name in enumerate(result["series"])
            for metric, values in scores.items()
        ],
        "forecasts": [
            {
                "series": name,
                **{column: values[number] for column, values in forecasts.items()},
            }
            for number, name in enumerate(result["series"])
        ],
    }


def _from_json(result):
    """Return a result of `_as_json` with arrays."""
    scores: dict = {}
    for _, metric, value in result["scores"]:
        scores.setdefault(metric, []).append(value)
    by_series = result["forecasts"]
    columns = [name for name in by_series[0] if name != "series"] if by_series else []
    return {
        "error": result["error"],
        "series": [row["series"] for row in by_series],
        "scores": {
            metric: np.array(values, dtype=float) for metric, values in scores.items()
        },
        "forecasts": {
            name: np.array([row[name] for row in by_series], dtype=float).ravel()
            for name in columns
        },
    }
