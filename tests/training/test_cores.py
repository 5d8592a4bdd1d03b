"""Threads for the whole process: order, limits, errors and interrupts."""

import threading
import time

import joblib
import pytest
from threadpoolctl import threadpool_limits

from skforecast_lstm.training import cores
from skforecast_lstm.training.cores import check_not_stopped, map_on_cores, n_cores


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(cores, "_threads", lambda _: pool)
    with cores.ThreadPoolExecutor(2) as pool:
        yield


def test_results_are_in_the_order_of_the_items(two_cores):
    def slow_at_first(number):
        time.sleep(0.01 / (number + 1))
        return number

    assert map_on_cores(slow_at_first, range(20), 2) == list(range(20))


def test_two_work_at_once(two_cores):
    both = threading.Barrier(2, timeout=60)
    map_on_cores(lambda _: both.wait(), range(2), 2)


def test_an_error_ends_the_others(two_cores):
    begun = []

    def work(number):
        begun.append(number)
        if number == 0:
            while len(begun) < 2:
                time.sleep(0.001)
            raise ValueError("number 0")
        while True:
            check_not_stopped()
            time.sleep(0.001)

    with pytest.raises(ValueError, match="number 0"):
        map_on_cores(work, range(10), 2)
    assert sorted(begun) == [0, 1]


def test_an_interrupt_ends_the_work(two_cores, monkeypatch):
    ended = []

    def work(number):
        try:
            while True:
                check_not_stopped()
                time.sleep(0.001)
        finally:
            ended.append(number)

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cores, "_raise_first_error", interrupt)
    with pytest.raises(KeyboardInterrupt):
        map_on_cores(work, range(2), 2)
    assert len(ended) <= 2


def test_work_within_a_thread_stays_in_it(two_cores):
    def outer(_):
        return set(map_on_cores(lambda _: threading.get_ident(), range(3), 2))

    assert [len(threads) for threads in map_on_cores(outer, range(4), 2)] == [1] * 4


def test_one_item_is_computed_by_the_caller(two_cores):
    assert map_on_cores(lambda _: threading.get_ident(), [0], 2) == [
        threading.get_ident()
    ]


class TestNumberOfCores:
    def test_is_that_of_joblib(self, monkeypatch):
        monkeypatch.setattr(cores, "threadpool_info", list)
        assert n_cores() == joblib.cpu_count()

    def test_is_limited_as_for_scikit_learn(self):
        with threadpool_limits(1):
            assert n_cores() == 1
