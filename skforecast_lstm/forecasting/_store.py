"""Results kept as they come: one line of JSON a cell, appended and never rewritten."""

import json
import os
from pathlib import Path


class ResultsFile:
    """Results by key, in a file to which lines are only ever added.

    A line that was cut off, as when the power goes, is passed over: its cell is run
    again. Without a path nothing is kept.
    """

    def __init__(self, path):
        self.path = None if path is None else Path(path)
        if self.path is not None and (self.path.is_dir() or not self.path.suffix):
            self.path = self.path / "cells.jsonl"
        self._file = None

    def read(self):
        """Results of cells that were finished before, by key."""
        if self.path is None or not self.path.exists():
            return {}
        results, n_lines, n_foreign = {}, 0, 0
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                n_lines += 1
                try:
                    record = json.loads(line)
                    results[record["key"]] = record["result"]
                except (ValueError, TypeError, KeyError):
                    n_foreign += 1
        if n_foreign and not results and n_lines > 1:
            raise ValueError(
                f"{self.path} holds no results of a comparison. Name another file, or "
                "a folder."
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
        """Add the result of one cell, in one write, and see that it is on disk."""
        if self._file is None:
            return
        record = {
            "key": key,
            "dataset": cell.dataset.name,
            "forecaster": cell.name,
            "window": cell.window + 1,
            "result": result,
        }
        self._file.write(json.dumps(record).encode() + b"\n")
        os.fsync(self._file.fileno())

    def _ends_with_newline(self):
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
