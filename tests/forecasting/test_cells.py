"""Settings of the process, before and after a cell of a comparison."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

from skforecast_lstm.forecasting._cells import quiet


def settings():
    return list(warnings.filters), warnings.showwarning


def test_threads_that_overlap_leave_warnings_as_they_were():
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second():
        with quiet():
            second_is_in.set()
            first_is_out.wait(60)
            warnings.warn("not shown", UserWarning, stacklevel=1)

    before = settings()
    with ThreadPoolExecutor() as pool:
        with quiet():
            ended = pool.submit(second)
            second_is_in.wait(60)
        first_is_out.set()
        ended.result()
    assert settings() == before
