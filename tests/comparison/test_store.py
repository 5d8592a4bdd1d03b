"""Results on disk: two drivers at once, a killed one, a full disk, files of others."""

import errno
import json
import resource
import signal
import subprocess
import sys
from shutil import which
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

    with ResultsFile(tmp_path) as store, ResultsFile(tmp_path) as other:
        store.write(key(1), CELL, result(1.0))
        store._file = FullDisk(store._file)
        with pytest.raises(OSError, match=r"No space.* goes on from there.*jsonl"):
            store.write(key(2), CELL, result(2.0))
        # Another driver goes on in the middle of the line.
        other.write(key(4), CELL, result(4.0))
    with ResultsFile(tmp_path) as store:
        store.write(key(3), CELL, result(3.0))
    assert_kept(tmp_path, {of: result(float(of)) for of in (1, 3, 4)})


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


def test_a_file_in_place_of_the_folder_is_left_alone(tmp_path):
    (tmp_path / "cells.parquet").write_text("mine")
    with ResultsFile(tmp_path) as store:
        store.write(key(1), CELL, result(1.0, 30))
    assert_kept(tmp_path, {1: result(1.0, 30)})
    assert (tmp_path / "cells.parquet").read_text() == "mine"


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


def panel(n_series, seed=0):
    """Return random series."""
    index = pd.MultiIndex.from_product([range(n_series), range(20)], names=["s", "time"])
    values = np.random.default_rng(seed).normal(size=len(index))
    return pd.DataFrame({"y": values}, index=index)


def run(script, folder, *arguments, before=()):
    """Start a script in a process."""
    file = folder / "script.py"
    file.write_text(script)
    command = [*before, sys.executable, "-W", "ignore", file, folder, *arguments]
    return subprocess.Popen(command)


KILLED = """
import os, pathlib, signal, sys, time
import pandas as pd
from sktime.forecasting.naive import NaiveForecaster
from skforecast_lstm import compare

folder, n_jobs = pathlib.Path(sys.argv[1]), int(sys.argv[2])
DRIVER = os.getpid()

class Killer(NaiveForecaster):
    def _fit(self, y, X, fh):
        while not (folder / "kept" / "cells.jsonl").read_bytes():
            time.sleep(0.01)
        os.kill(DRIVER, signal.SIGKILL)
        time.sleep(60)

compare(
    pd.read_pickle(folder / "y"), horizon=3, n_windows=1, results=folder / "kept",
    forecasters={"naive": NaiveForecaster(), "killer": Killer()}, n_jobs=n_jobs
)
"""


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_a_killed_driver_loses_nothing_that_was_finished(tmp_path, n_jobs):
    from sktime.forecasting.naive import NaiveForecaster

    y = panel(25)
    y.to_pickle(tmp_path / "y")
    folder = tmp_path / "kept"
    assert run(KILLED, tmp_path, str(n_jobs)).wait() == -signal.SIGKILL
    files = list(folder.glob("cells.parquet/[!.]*"))
    assert files
    written = [file.stat().st_mtime_ns for file in files]

    given = {"horizon": 3, "n_windows": 1, "forecasters": {"naive": NaiveForecaster()}}
    again = compare(y, **given, results=folder)
    assert again.settings["cells"] == 3
    assert again.settings["cells_run_before"] == len(files)
    assert [file.stat().st_mtime_ns for file in files] == written
    assert len(pd.read_parquet(folder / "cells.parquet")) == 25
    alone = compare(y, **given)
    pd.testing.assert_frame_equal(again.forecasts, alone.forecasts, check_exact=True)


DRIVER = """
import pathlib, sys, time
import pandas as pd
from skforecast_lstm import compare

folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
given = pd.read_pickle(folder / name)
(folder / f"{name}-ready").touch()
while len(list(folder.glob("*-ready"))) < 2:
    time.sleep(0.001)
compare(**given, results=folder / "kept").forecasts.to_pickle(folder / f"{name}-done")
"""


def test_two_drivers_at_once_mix_nothing(tmp_path):
    """One has series that the other has too, and others of the same name."""
    few, many = panel(1), panel(21)
    given = {"horizon": 3, "n_windows": 1, "forecasters": ["naive", "seasonal naive"]}
    tasks = {
        "first": given | {"y": {"few": few, "many": many}},
        "second": given | {"y": {"few": panel(1, seed=1), "many": many}},
    }
    for name, task in tasks.items():
        pd.to_pickle(task, tmp_path / name)
    drivers = [run(DRIVER, tmp_path, name) for name in tasks]
    assert [driver.wait() for driver in drivers] == [0, 0]
    for name, task in tasks.items():
        expected = compare(**task).forecasts
        done = pd.read_pickle(tmp_path / f"{name}-done")
        pd.testing.assert_frame_equal(done, expected, check_exact=True)
        again = compare(**task, results=tmp_path / "kept")
        assert again.settings["cells_run_before"] == again.settings["cells"]
        pd.testing.assert_frame_equal(again.forecasts, expected, check_exact=True)


FULL = """
import json, pathlib, subprocess, sys
import pandas as pd
from skforecast_lstm import compare

folder = pathlib.Path(sys.argv[1])
y = pd.read_pickle(folder / "y")
disk = folder / "disk"
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk], check=True)
(disk / "filler").write_bytes(bytes(500_000))
given = {"horizon": 3, "n_windows": 4, "forecasters": ["naive", "seasonal naive"]}
try:
    compare(y, **given, results=disk / "kept")
except OSError as error:
    said = error.errno, str(error)
(disk / "filler").unlink()
again = compare(y, **given, results=disk / "kept")
again.forecasts.to_pickle(folder / "forecasts")
kept = again.settings["cells"], again.settings["cells_run_before"]
(folder / "said").write_text(json.dumps([*said, *kept]))
"""
# A file system of its own, for a user who may not mount one.
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")


def test_a_full_disk_ends_a_comparison_that_goes_on_with_more_room(tmp_path):
    mounts = [*UNSHARE, "mount", "-t", "tmpfs", "none", tmp_path]
    if not which("unshare") or subprocess.run(mounts, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    y = panel(8)
    y.to_pickle(tmp_path / "y")
    assert run(FULL, tmp_path, before=UNSHARE).wait() == 0
    number, reason, n_cells, n_kept = json.loads((tmp_path / "said").read_text())
    assert number == errno.ENOSPC
    assert "goes on from there" in reason
    assert 0 < n_kept < n_cells
    expected = compare(
        y, horizon=3, n_windows=4, forecasters=["naive", "seasonal naive"]
    ).forecasts
    done = pd.read_pickle(tmp_path / "forecasts")
    pd.testing.assert_frame_equal(done, expected, check_exact=True)
