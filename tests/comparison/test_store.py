"""Results on disk: from two drivers at once, and on a full disk."""

import errno
from types import SimpleNamespace

import pytest

from skforecast_lstm.comparison.store import ResultsFile

CELL = SimpleNamespace(dataset=SimpleNamespace(name="y"), name="naive", window=0)


def result(value):
    forecasts = [{"series": "y", "actual": [1.0] * 500, "forecast": [value] * 500}]
    return {"error": None, "scores": [["y", "MASE", value]], "forecasts": forecasts}


def test_two_drivers_share_a_folder(tmp_path):
    with ResultsFile(tmp_path) as first, ResultsFile(tmp_path) as second:
        for number in range(20):
            driver = (first, second)[number % 2]
            driver.write(str(number), CELL, result(float(number)))
    kept = ResultsFile(tmp_path).read()
    assert kept == {str(number): result(float(number)) for number in range(20)}


def test_a_full_disk_loses_only_the_result_that_did_not_fit(tmp_path):
    class FullDisk:
        """Takes the first part of a line, and then nothing."""

        def __init__(self, file):
            self.file, self.is_full = file, False

        def write(self, line):
            if self.is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.is_full = True
            return self.file.write(line[:100])

        def close(self):
            self.file.close()

    with ResultsFile(tmp_path) as store:
        store.write("before", CELL, result(1.0))
        store._file = FullDisk(store._file)
        with pytest.raises(OSError, match="No space"):
            store.write("lost", CELL, result(2.0))
    with ResultsFile(tmp_path) as store:
        store.write("after", CELL, result(3.0))
    kept = ResultsFile(tmp_path).read()
    assert kept == {"before": result(1.0), "after": result(3.0)}
