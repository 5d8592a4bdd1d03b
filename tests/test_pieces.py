import mmap

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from skforecast_lstm import _pieces
from skforecast_lstm._pieces import pieces, release_memory


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "series.npy"
    np.save(path, np.arange(10_000, dtype="float32"))
    return path


def resident(array):
    """Bytes of a mapped file that are in the memory of this process."""
    address = array.__array_interface__["data"][0]
    with open("/proc/self/smaps") as file:
        found = False
        for line in file:
            fields = line.split()
            if "-" in fields[0]:
                begin, end = (int(part, 16) for part in fields[0].split("-"))
                found = begin <= address < end
            elif found and fields[0] == "Rss:":
                return int(fields[1]) * 1024
    raise AssertionError("The array is not mapped.")


def test_slices_are_all_rows(monkeypatch):
    monkeypatch.setattr(_pieces, "VALUES_IN_A_PIECE", 7)
    rows = np.arange(8)
    pairs = rows.repeat(2).reshape(8, 2)
    assert [rows[piece].tolist() for piece in pieces(rows, pairs)] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
    ]


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="Not on this system.")
@pytest.mark.parametrize(
    "view",
    [
        lambda array: array,
        lambda array: np.asarray(array),
        lambda array: array[5:][::2],
        lambda array: sliding_window_view(array, 5)[:, ::2],
        lambda array: np.lib.stride_tricks.as_strided(array, (10, 3), (4, 4)),
    ],
)
def test_a_mapped_file_is_let_go_from_under_any_view(path, view):
    mapped = np.load(path, mmap_mode="r")
    seen = view(mapped)
    total = mapped.sum()
    assert resident(mapped) > 0
    release_memory(seen)
    assert resident(mapped) == 0
    assert mapped.sum() == total


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_changes_of_a_mapped_file_stay(path, mode):
    mapped = np.load(path, mmap_mode=mode)
    mapped[:100] = 7
    release_memory(mapped)
    assert (mapped[:100] == 7).all()


def test_an_array_in_memory_stays():
    array = np.ones(5)
    release_memory(array[1:])
    assert array.sum() == 5
