"""A file is the old one or the new one, whoever writes it and however that ends."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from skforecast_lstm._files import replacing


def write(path, text):
    with replacing(path) as unfinished:
        unfinished.write_text(text)


def test_two_threads_write_to_one_path(tmp_path):
    path = tmp_path / "report.csv"
    both_are_in = threading.Barrier(2)

    def slowly(text):
        with replacing(path) as unfinished:
            unfinished.write_text(text)
            both_are_in.wait(60)
            assert unfinished.read_text() == text

    texts = ["one" * 1000, "two" * 2000]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(slowly, texts))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def killed_while_writing(path, number):
    """Kill a process that writes to a path, when it has begun."""
    code = f"""
        import time
        from skforecast_lstm._files import replacing
        with replacing({str(path)!r}) as unfinished:
            unfinished.write_text("half")
            print("begun", flush=True)
            time.sleep(600)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(number)
    process.wait(60)
    process.stdout.close()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_what_a_kill_leaves_is_gone_after_the_next_writing(name, tmp_path):
    path = tmp_path / "report.csv"
    write(path, "old")
    other = tmp_path / ".report.unfinished-notes.csv"
    other.write_text("of the user")
    killed_while_writing(path, getattr(signal, name))
    assert path.read_text() == "old"
    with replacing(path) as unfinished:
        unfinished.write_text("new")
        # One that is still written is left alone.
        write(path, "between")
        assert unfinished.read_text() == "new"
    assert path.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == sorted([path, other])


def test_a_link_stays_and_its_file_is_written(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    path, link = folder / "real.csv", tmp_path / "link.csv"
    link.symlink_to(path)
    for text in ("into what is not there yet", "and over it"):
        write(link, text)
        assert link.is_symlink()
        assert path.read_text() == text
    assert list(folder.iterdir()) == [path]


def test_permissions_stay(tmp_path):
    path = tmp_path / "report.csv"
    write(path, "old")
    fresh = tmp_path / "fresh"
    fresh.write_text("")
    assert path.stat().st_mode == fresh.stat().st_mode
    os.chmod(path, 0o640)
    write(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.csv"
    write(path, "old")

    def interrupted():
        with replacing(path) as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_about_to_get_its_name_is_not_taken_for_abandoned(
    tmp_path, monkeypatch
):
    replace = os.replace

    def while_another_begins(unfinished, path):
        with pytest.raises(InterruptedError), replacing(path):
            raise InterruptedError
        replace(unfinished, path)

    path = tmp_path / "file.txt"
    monkeypatch.setattr(os, "replace", while_another_begins)
    with replacing(path) as unfinished:
        unfinished.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    [
        "a" * 250 + ".csv",
        "é" * 120 + ".csv",
        "a." + "b" * 250,
        "a" * 200 + "." + "b" * 54,
    ],
    ids=len,
)
def test_a_name_as_long_as_names_may_be(name, tmp_path):
    path = tmp_path / name
    for text in ("old", "new"):
        write(path, text)
        assert path.read_text() == text
    killed_while_writing(path, signal.SIGKILL)
    write(path, "at last")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write(tmp_path, "text")
    assert not [one for one in tmp_path.parent.iterdir() if "unfinished" in one.name]


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    path = tmp_path / "report.csv"
    os.mkfifo(path)
    with pytest.raises(FileExistsError, match=r"report\.csv' is a pipe or a device"):
        write(path, "new")
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_may_not_be_written_stays(tmp_path, monkeypatch):
    path = tmp_path / "report.csv"
    write(path, "old")
    # Whoever may do all on this machine may write to any file.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError, match="is not writable"):
        write(path, "new")
    assert path.read_text() == "old"
