"""The limit of linear algebra, which belongs to the process, with overlapping threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_info

from skforecast_lstm._thread_pools import one_blas_thread


def blas_threads():
    pools = threadpool_info()
    return {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}


def test_one_thread_until_the_last_caller_has_left():
    second_is_in, first_is_out = threading.Event(), threading.Event()
    within = []

    def second():
        with one_blas_thread():
            second_is_in.set()
            first_is_out.wait(60)
            within.append(blas_threads())

    before = blas_threads()
    with ThreadPoolExecutor() as pool:
        with one_blas_thread():
            within.append(blas_threads())
            ended = pool.submit(second)
            second_is_in.wait(60)
        first_is_out.set()
        ended.result()
    assert within == [{1}, {1}]
    assert blas_threads() == before
