"""Maps keep their order whatever the workers, and an interruption keeps what is done."""

from __future__ import annotations

import io
import os

import pytest

from lrtheory._parallel import in_threads, n_threads, parallel_map, processors, progress


def square(task: int) -> int:
    if task < 0:
        raise KeyboardInterrupt
    return task * task


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
@pytest.mark.parametrize("n_tasks", [0, 1, 7])
def test_order(n_jobs: int | None, n_tasks: int) -> None:
    assert list(parallel_map(square, range(n_tasks), n_jobs=n_jobs)) == [task**2 for task in range(n_tasks)]


def test_an_interruption_keeps_what_is_done() -> None:
    kept = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (what came before counts)
        for value in parallel_map(square, [1, 2, -1, 3]):
            kept.append(value)
    assert kept == [1, 4]


# loky ends its workers at once, and its manager thread may then miss an answer that was on its way
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_caller_may_stop_early(n_jobs: int) -> None:
    results = parallel_map(square, range(5), n_jobs=n_jobs)
    assert [next(results), next(results)] == [0, 1]
    results.close()
    assert list(results) == []


def test_one_worker_is_lazy() -> None:
    seen = []
    results = parallel_map(seen.append, [1, 2, 3])
    assert seen == []
    next(results)
    assert seen == [1]


@pytest.mark.parametrize("n_jobs", [0, -2])
def test_a_wrong_number_of_workers_is_refused_at_the_call(n_jobs: int) -> None:
    with pytest.raises(ValueError, match="`n_jobs` must be"):
        parallel_map(square, [1], n_jobs=n_jobs)
    with pytest.raises(TypeError, match="`n_jobs` must be an integer"):
        parallel_map(square, [1], n_jobs=1.0)
    with pytest.raises(ValueError, match="`n_jobs` must be None, -1 or at least 1"):
        n_threads(n_jobs)


def test_numbers_of_threads() -> None:
    assert (n_threads(None), n_threads(3), n_threads(-1)) == (1, 3, processors())


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def outside_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def test_a_terminal_sees_the_count() -> None:
    stream = Terminal()
    assert list(progress("ab", total=2, title="letters", stream=stream)) == ["a", "b"]
    assert stream.getvalue() == "\rletters: 1/2\rletters: 2/2\n"


def test_what_is_done_soon_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, clock = Terminal(), iter([0.0, 1.0, 3.0])
    monkeypatch.setattr("lrtheory._parallel.time.monotonic", lambda: next(clock))
    assert list(progress("ab", total=2, title="letters", stream=stream, after=2.0)) == ["a", "b"]
    assert stream.getvalue() == "\rletters: 2/2\n"


def test_an_interrupted_count_ends_its_line() -> None:
    stream = Terminal()
    items = progress("ab", total=2, title="letters", stream=stream)
    next(items)
    items.close()
    assert stream.getvalue() == "\rletters: 1/2\n"


@pytest.mark.parametrize(("stream", "title"), [(io.StringIO(), "letters"), (Terminal(), None)])
def test_nobody_watches_or_no_title(stream: io.StringIO, title: str | None) -> None:
    assert list(progress("ab", total=2, title=title, stream=stream)) == ["a", "b"]
    assert stream.getvalue() == ""


def test_threads_do_every_block_and_pass_an_error_on() -> None:
    done = [0] * 4

    def work(first: int, last: int) -> None:
        for i in range(first, last):
            done[i] += 1

    in_threads(work, [(0, 1), (1, 4)])
    in_threads(work, [(0, 4)])
    assert done == [2] * 4

    def fail(first: int, last: int) -> None:
        raise ArithmeticError(first)

    with pytest.raises(ArithmeticError):
        in_threads(fail, [(0, 1), (1, 2)])


def test_processors_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert processors() == bound
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert processors() == 1
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1000")
    assert processors() == bound
