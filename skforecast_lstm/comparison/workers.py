"""Workers that run the cells of a comparison: this process, joblib, Dask or Ray."""

import contextlib
import itertools
import os

import joblib

from skforecast_lstm.comparison.cells import quiet

__all__ = ["BACKENDS", "n_workers", "run_all"]

BACKENDS = ("loky", "threading", "dask", "ray")


def n_workers(n_jobs, backend):
    """Return the number of workers, also of a cluster that this process has joined."""
    if backend == "dask":
        from dask.distributed import get_client

        with contextlib.suppress(ValueError):
            return max(1, sum(get_client().nthreads().values()))
    if backend == "ray":
        import ray

        if ray.is_initialized():
            return max(1, int(ray.cluster_resources().get("CPU", 1)))
    return joblib.effective_n_jobs(n_jobs)


def run_all(function, cells, n_jobs, backend):
    """Yield the number and result of each cell, in the order in which they finish.

    Parameters
    ----------
    function : callable
        Function to call with the arguments that `Cell.job` returns.
    cells : dict of int to Cell
        Cells by number. The data of a cell are cut only when a worker is about to be
        free, so they are never all in memory.
    n_jobs : int
        Number of workers; -1 means one per core. A cluster that is there already runs
        as many as it has.
    backend : {"loky", "threading", "dask", "ray"}
        Kind of the workers.

    Yields
    ------
    number : int
        Number of the cell.
    result : object
        Return value of the function.
    """
    # `quiet` is around all cells, because cells in threads undo each other's filters.
    with quiet():
        if backend == "ray":
            yield from _run_on_ray(function, cells, n_jobs)
        elif n_jobs == 1 and backend != "dask":
            for number, cell in cells.items():
                yield number, function(**cell.job())
        else:
            yield from _run_on_joblib(function, cells, n_jobs, backend)


def _run_on_joblib(function, cells, n_jobs, backend):
    with (
        _dask_client(n_jobs) if backend == "dask" else contextlib.nullcontext(),
        joblib.parallel_config(backend, n_jobs=n_jobs),
    ):
        parallel = joblib.Parallel(return_as="generator_unordered")
        finished = parallel(
            joblib.delayed(_run_numbered)(function, number, cell.job())
            for number, cell in cells.items()
        )
        try:
            yield from finished
        finally:
            finished.close()


def _run_numbered(function, number, job):
    return number, function(**job)


@contextlib.contextmanager
def _dask_client(n_jobs):
    """Open a Dask client with a process per worker, unless a client is open."""
    from dask.distributed import Client, get_client

    try:
        get_client()
    except ValueError:
        n_workers = joblib.effective_n_jobs(n_jobs)
        with Client(n_workers=n_workers, threads_per_worker=1, dashboard_address=None):
            yield
    else:
        yield


def _run_on_ray(function, cells, n_jobs):
    """Run each cell as a task of Ray, which runs it again if its worker dies.

    Ray's backend of joblib gives all results at the end, and ends with an error if a
    worker dies.
    """
    import ray

    with _ray_cluster(n_jobs):
        task = ray.remote(_run_numbered)
        left = iter(cells.items())
        running: list = []
        try:
            while True:
                # A worker that finishes a task finds the next one ready.
                n_tasks = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
                for number, cell in itertools.islice(
                    left, max(0, n_tasks - len(running))
                ):
                    running.append(task.remote(function, number, cell.job()))
                if not running:
                    return
                finished, running = ray.wait(running)
                yield from ray.get(finished)
        finally:
            for one in running:
                ray.cancel(one, force=True)


@contextlib.contextmanager
def _ray_cluster(n_jobs):
    """Start Ray with a process per worker, or join the cluster in `RAY_ADDRESS`.

    If this process already uses a cluster, use that one.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    if "RAY_ADDRESS" in os.environ:
        ray.init()
    else:
        n_workers = joblib.effective_n_jobs(n_jobs)
        ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()
