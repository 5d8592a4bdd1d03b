"""Store of results: one line of JSON per cell, appended and never rewritten."""

import json
import os
from pathlib import Path

_BEGINNING = '{"key": "'


def _record(line):
    """Return the record in a line, or None if the line is not a record."""
    try:
        record = json.loads(line)
        is_ours = isinstance(record["key"], str) and _is_result(record["result"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return record if is_ours else None


def _is_result(result):
    """Return True if this is the result of a cell, in the form that `run` returns."""
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
            and len({len(of) for name, of in forecast.items() if name != "series"}) == 1
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

    def read(self):
        """Return the results of finished cells by key."""
        if self.path is None or not self.path.exists():
            return {}
        results, foreign = {}, 0
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                record = _record(line)
                if record is not None:
                    results[record["key"]] = record["result"]
                # Only the beginning of an incomplete line exists.
                elif line.strip("\0 \r\n") and not _is_cut_off(line):
                    foreign = foreign or number
        if foreign and not results:
            raise ValueError(
                f"{self.path} is not a file of comparison results (see line {foreign}). "
                "Give another file, or a folder."
            )
        return results

    def __enter__(self):
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
            if self._file.tell() and not self._ends_with_newline():
                self._file.write(b"\n")
        return self

    def __exit__(self, *_):
        if self._file is not None:
            self._file.close()

    def write(self, key, cell, result):
        """Append the result of one cell, and flush it to disk."""
        if self._file is None:
            return
        record = {
            "key": key,
            "dataset": cell.dataset.name,
            "forecaster": cell.name,
            "window": cell.window + 1,
            "result": result,
        }
        line = json.dumps(record).encode() + b"\n"
        # A nearly full disk writes the first part, and raises at the next.
        while line:
            line = line[self._file.write(line) :]
        os.fsync(self._file.fileno())

    def _ends_with_newline(self):
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
