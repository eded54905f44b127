"""Map a function over tasks; the only file that knows about executors and progress bars."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from lrtheory._validation import integer, must

__all__ = ["cluster", "in_threads", "n_threads", "parallel_map", "processors", "progress"]

T = TypeVar("T")
R = TypeVar("R")


def parallel_map(
    function: Callable[[T], R], tasks: Iterable[T], *, n_jobs: int | None = None, title: str | None = None
) -> Iterator[R]:
    """Yield ``function(task)`` for every task, in the order of the tasks.

    The results come one by one, so a caller that is interrupted keeps what it has received. The answer does not
    depend on the number of workers as long as each task carries its own random stream.

    Parameters
    ----------
    function : callable
        Takes one task; must be picklable when ``n_jobs`` is not 1.
    tasks : iterable
        The tasks.
    n_jobs : int or None
        Number of processes; None means 1, -1 all processors. A surrounding ``joblib.parallel_config`` chooses the
        backend.
    title : str or None
        Name of the progress bar; None shows none.

    Yields
    ------
    object
        The result of the next task.

    Raises
    ------
    ValueError
        If ``n_jobs`` is 0 or below -1.
    """
    tasks = list(tasks)
    workers = _workers(n_jobs)
    results = map(function, tasks) if workers == 1 or len(tasks) < 2 else _in_processes(function, tasks, workers)
    return progress(results, total=len(tasks), title=title)


def _workers(n_jobs: Any) -> int:
    """The number of workers that is meant: None is 1, -1 stands for all."""
    if n_jobs is None:
        return 1
    workers = integer("n_jobs", n_jobs, low=-sys.maxsize)
    if workers == 0 or workers < -1:
        raise must("n_jobs", "None, -1 or at least 1", n_jobs)
    return workers


def n_threads(n_jobs: Any) -> int:
    """The number of threads meant by `n_jobs`.

    Parameters
    ----------
    n_jobs : int or None
        None means 1, -1 all processors.

    Returns
    -------
    int
        Number of threads, at least 1.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is 0 or below -1.
    """
    workers = _workers(n_jobs)
    return processors() if workers == -1 else workers


def _in_processes(function: Callable[[T], R], tasks: list[T], workers: int) -> Iterator[R]:
    from joblib import Parallel, delayed  # here, so that importing a system stays quick

    results = Parallel(n_jobs=workers, return_as="generator")(delayed(function)(task) for task in tasks)
    try:
        for value in results:  # noqa: UP028 (`yield from` would close the results before the warning is silenced)
            yield value
    finally:
        with warnings.catch_warnings():  # a caller who stops early knows that work is thrown away
            warnings.simplefilter("ignore", UserWarning)
            results.close()


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Send what `parallel_map` gives away, with ``n_jobs=-1``, to the workers of a Dask cluster.

    Parameters
    ----------
    address : str or None
        Address of the scheduler, such as ``"tcp://127.0.0.1:8786"``; None changes nothing.

    Yields
    ------
    None
        While tasks go there. Tasks of a worker that dies run again on another one, with the same random streams.

    Raises
    ------
    ImportError
        If Dask is not installed.
    OSError
        If no scheduler answers there.
    """
    if address is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        needs = "a cluster needs Dask: pip install '.[dask]' in the checkout of lrtheory"
        raise ImportError(needs) from error
    from joblib import parallel_config

    with Client(address) as client, parallel_config(backend="dask", client=client, n_jobs=-1):
        yield


def processors() -> int:
    """Processors that this process may use: those that it is bound to, or fewer by the variable NUMBA_NUM_THREADS.

    Returns
    -------
    int
        Number of processors, at least 1.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("NUMBA_NUM_THREADS", "")
    return min(bound, max(1, int(wanted))) if wanted.isdigit() else bound


def in_threads(work: Callable[..., Any], blocks: Iterable[tuple[Any, ...]]) -> None:
    """Call ``work(*block)`` for every block, each in a thread of its own; for kernels that release the lock.

    Parameters
    ----------
    work : callable
        Writes to places that no other block touches.
    blocks : iterable of tuple
        The arguments; a single block needs no thread.

    Raises
    ------
    Exception
        The first error of a block.
    """
    blocks = list(blocks)
    if len(blocks) == 1:
        work(*blocks[0])
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max(1, len(blocks))) as pool:
        for running in [pool.submit(work, *block) for block in blocks]:
            running.result()


def progress(
    items: Iterable[T], *, total: int, title: str | None = None, stream: Any = None, after: float = 0.0
) -> Iterator[T]:
    """Yield the items, and count them on one line of standard error where a terminal watches.

    Parameters
    ----------
    items : iterable
        Items to pass on.
    total : int
        Number of items.
    title : str or None
        Text at the start of the line; None is silent.
    stream : file or None
        Stream of the line; None means standard error.
    after : float
        Seconds before the line is shown.

    Yields
    ------
    object
        The next item.
    """
    stream = sys.stderr if stream is None else stream
    shown = title is not None and stream.isatty() and "PYTEST_XDIST_WORKER" not in os.environ
    done, began, said = 0, time.monotonic(), False
    try:
        for item in items:
            done += 1
            if shown and time.monotonic() - began >= after:
                said = True
                stream.write(f"\r{title}: {done}/{total}")
                stream.flush()
            yield item
    finally:
        if said:
            stream.write("\n")
