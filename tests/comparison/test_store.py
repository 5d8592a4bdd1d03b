"""Results on disk: two drivers at once, a killed one, a full disk, files of others."""

import errno
import json
import resource
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm import compare
from skforecast_lstm.comparison.store import ResultsFile

CELL = SimpleNamespace(dataset=SimpleNamespace(name="y"), name="naive", window=0)
# The results of one series are lines of JSON, those of many are files of Parquet.
SIZES = pytest.mark.parametrize("n_series", [1, 30])


def key(number):
    return f"{number:032x}"


def result(value, n_series=1):
    scores = np.arange(n_series) + value
    return {
        "error": None,
        "series": [f"series {number}" for number in range(n_series)],
        "scores": {"MASE": scores, "WQL": np.full(n_series, np.nan)},
        "forecasts": {"actual": np.ones(n_series * 50), "forecast": scores.repeat(50)},
    }


def assert_kept(path, expected):
    kept = ResultsFile(path).read([key(number) for number in range(100)])
    np.testing.assert_equal(kept, {key(of): one for of, one in expected.items()})


@SIZES
def test_two_drivers_share_a_folder(tmp_path, n_series):
    with ResultsFile(tmp_path) as first, ResultsFile(tmp_path) as second:
        for number in range(20):
            driver = (first, second)[number % 2]
            driver.write(key(number), CELL, result(float(number), n_series))
        # Both may run the same cell.
        second.write(key(0), CELL, result(0.0, n_series))
    assert_kept(tmp_path, {of: result(float(of), n_series) for of in range(20)})


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
        store.write(key(1), CELL, result(1.0))
        store._file = FullDisk(store._file)
        with pytest.raises(OSError, match="No space"):
            store.write(key(2), CELL, result(2.0))
    with ResultsFile(tmp_path) as store:
        store.write(key(3), CELL, result(3.0))
    assert_kept(tmp_path, {1: result(1.0), 3: result(3.0)})


@SIZES
def test_a_file_that_may_not_grow_loses_only_the_result_that_did_not_fit(
    tmp_path, n_series
):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ResultsFile(tmp_path) as store:
        store.write(key(1), CELL, result(1.0, n_series))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                store.write(key(2), CELL, result(2.0, n_series))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with ResultsFile(tmp_path) as store:
        store.write(key(3), CELL, result(3.0, n_series))
    assert_kept(tmp_path, {1: result(1.0, n_series), 3: result(3.0, n_series)})
    n_files = 2 if n_series > 1 else 0
    assert len(list(tmp_path.glob("cells.parquet/*"))) == n_files
    assert not list(tmp_path.rglob("*unfinished*"))


def test_a_damaged_or_lost_file_of_parquet_is_as_if_never_written(tmp_path):
    with ResultsFile(tmp_path) as store:
        for number in range(3):
            store.write(key(number), CELL, result(1.0, 30))
    (tmp_path / "cells.parquet" / f"{key(0)}.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "cells.parquet" / f"{key(1)}.parquet").unlink()
    assert_kept(tmp_path, {2: result(1.0, 30)})


def test_without_pyarrow_many_series_are_a_line_too(tmp_path, monkeypatch):
    monkeypatch.setattr("skforecast_lstm.comparison.store.find_spec", lambda _: None)
    with ResultsFile(tmp_path) as store:
        store.write(key(1), CELL, result(1.0, 30))
    assert [file.name for file in tmp_path.iterdir()] == ["cells.jsonl"]
    assert_kept(tmp_path, {1: result(1.0, 30)})


def test_files_of_others_are_never_touched(tmp_path):
    folder = tmp_path / "cells.parquet"
    folder.mkdir()
    others = [folder / "notes.txt", folder / f"{key(1)}.csv", tmp_path / "cells.csv"]
    for file in others:
        file.write_text("mine")
    with ResultsFile(tmp_path) as store:
        store.write(key(1), CELL, result(1.0, 30))
    assert_kept(tmp_path, {1: result(1.0, 30)})
    assert [file.read_text() for file in others] == ["mine"] * 3


@pytest.mark.parametrize("name", ["../other", "0", ""])
def test_a_line_can_only_name_a_file_of_its_own_folder(tmp_path, name):
    record = {"key": name, "parquet": True}
    (tmp_path / "cells.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(ValueError, match="is not a file of comparison results"):
        ResultsFile(tmp_path).read([name])


KILLED = """
import os, signal, sys
import numpy as np, pandas as pd
from sktime.forecasting.naive import NaiveForecaster
from skforecast_lstm import compare

class Killer(NaiveForecaster):
    def _fit(self, y, X, fh):
        os.kill(os.getpid(), signal.SIGKILL)

compare(
    pd.read_pickle(sys.argv[1]), horizon=3, n_windows=1, results=sys.argv[2],
    forecasters={"naive": NaiveForecaster(), "killer": Killer()}
)
"""


@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_a_killed_driver_loses_nothing_that_was_finished(tmp_path, rng):
    from sktime.forecasting.naive import NaiveForecaster

    index = pd.MultiIndex.from_product([range(25), range(20)], names=["series", "time"])
    y = pd.DataFrame({"y": rng.normal(size=500)}, index=index)
    y.to_pickle(tmp_path / "y")
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    folder = tmp_path / "kept"
    command = [sys.executable, "-W", "ignore", script, tmp_path / "y", folder]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (file,) = folder.glob("cells.parquet/*.parquet")
    assert len(pd.read_parquet(file)) == 12
    written = file.stat().st_mtime_ns

    given = {"horizon": 3, "n_windows": 1, "forecasters": {"naive": NaiveForecaster()}}
    again = compare(y, **given, results=folder)
    assert (again.settings["cells"], again.settings["cells_run_before"]) == (2, 1)
    assert file.stat().st_mtime_ns == written
    assert len(pd.read_parquet(folder / "cells.parquet")) == 25
    alone = compare(y, **given)
    pd.testing.assert_frame_equal(again.forecasts, alone.forecasts, check_exact=True)
