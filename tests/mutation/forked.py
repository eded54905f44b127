"""A plugin of pytest that runs every mutant in a fork of one process, which has imported and compiled everything.

It takes its orders from a file of JSON named by LRTHEORY_MUTATION: ``folder``, the library of the system; ``word``, its
name; ``survey``, where to keep which test calls what; ``mutants``, each as an `Order`; ``results``, where a line of
JSON is added for each mutant that has met its tests; ``jobs``; and in seconds of the processor ``limit`` for a test in
the survey, ``least`` that each may take later, and ``budget`` for a mutant.

This process itself runs no test, so no answer that a test remembers hides a mutant. A survey in a fork says which test
calls which function. Each mutant then meets in a fork the tests that call its function, the fastest first, until one
fails. A failure counts where the same test passes in a fork without the change, and where its cause is not that a patch
does not find its line.
"""

from __future__ import annotations

import gc
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, settings

from lrtheory.bounds import StatementError
from tests.mutation.exchange import Order, Process
from tests.mutation.forks import in_processes, silent
from tests.mutation.survey import Survey, modules_below, warmed

ORDERS = json.loads(Path(os.environ["LRTHEORY_MUTATION"]).read_text())
#: what a patch says whose old text is not in the function that it wants to change
LOST = re.compile(r"occurs \d+ times in .+, not once|is no function with .+ in place of")
REPORTS: list[pytest.TestReport] = []


class WithoutJax:
    """Refuses to import JAX, whose threads do not outlive a fork: its tests are skipped."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "jax":
            raise ModuleNotFoundError("JAX is not imported where processes fork", name=name)


sys.meta_path.insert(0, WithoutJax())  # type: ignore[arg-type]


class Outcome(NamedTuple):
    """What became of a mutant: whether it was killed, by which test or why not, and how many tests it met."""

    killed: bool
    by: str
    met: int


def pytest_sessionstart() -> None:
    # what fails need not be made smaller
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", settings.get_profile("ci"), phases=phases, database=None)
    settings.load_profile("mutants")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if ORDERS["word"] in item.nodeid]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    REPORTS.append(report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    report.lost = call.excinfo is not None and lost(call.excinfo.value)
    return report


def lost(error: BaseException | None) -> bool:
    """Whether an error, or what led to it, is that a patch does not find its line."""
    while error is not None:
        if isinstance(error, StatementError) and LOST.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # or every fork begins by emptying it
    items = {item.nodeid: item for item in session.items}
    found = Survey(Path(ORDERS["survey"]), Path(ORDERS["folder"]), items)
    found.complete(lambda item: run(item, ORDERS["limit"])[0] == "passed", ORDERS["jobs"])
    warmed([*modules_below(Path(ORDERS["folder"])), *found.modules], found.signatures)
    place = Runner(Process(Path(ORDERS["folder"])), found, items)
    found.remembering()
    gc.collect()
    gc.freeze()  # else every fork copies what its search for garbage touches; nothing is found by `gc` any more
    orders, results = [Order(*one) for one in ORDERS["mutants"]], Path(ORDERS["results"])
    in_processes(len(orders), ORDERS["jobs"], lambda i: write(results, i, place.outcome(orders[i])))
    return True


def write(results: Path, number: int, outcome: Outcome) -> None:
    with results.open("a") as file:  # a short line is written at once, whoever else writes
        file.write(json.dumps([number, *outcome]) + "\n")


def run(item: pytest.Item, limit: float) -> tuple[str, str]:
    """Run a test for as long as it may: what became of it (passed, failed, lost), and its last line."""

    def stop(*_: Any) -> None:
        raise pytest.fail.Exception(f"took longer than {limit:.1f} s")

    REPORTS.clear()
    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit, max(limit / 4, 0.1))
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    except BaseException as error:  # a test that ends its process has not passed
        return "failed", repr(error)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    bad = [report for report in REPORTS if report.failed]
    if not bad:
        return ("passed" if any(r.when == "call" and r.passed for r in REPORTS) else "skipped"), ""
    text = bad[0].longreprtext
    if any(report.lost or LOST.search(report.longreprtext) for report in bad):  # type: ignore[attr-defined]
        return "lost", ""
    said = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return "failed", (said or text.splitlines() or [""])[0][:200]


class Runner:
    """Runs mutants of a process on its tests."""

    def __init__(self, process: Process, survey: Survey, items: dict[str, pytest.Item]) -> None:
        self.process, self.survey, self.items = process, survey, items
        self.controls: dict[tuple[str, str], bool] = {}

    def outcome(self, order: Order) -> Outcome:
        """What becomes of a mutant."""
        tests = self.survey.callers(order)
        left, spent, met, others = list(tests), 0.0, 0, 0
        while left:
            name, state, said, seconds = self._forked(order, left, ORDERS["budget"] - spent)
            done = left.index(name) + 1 if name else len(left)
            met, spent, left = met + done, spent + seconds, left[done:]
            if state == "over":
                return Outcome(False, f"the budget ended after {met} of {len(tests)} tests", met)
            if state == "failed" and self._passes_unchanged(order, name):
                return Outcome(True, f"{name}: {said}", met)
            others += state == "failed"
        said = f"{len(tests) - others} tests pass" + f", {others} fail without the change too" * bool(others)
        return Outcome(False, said if tests else "no test calls it", met)

    def _passes_unchanged(self, order: Order, name: str) -> bool:
        """Whether a test passes in a fork without the change, where the same kernels are interpreted."""
        where = (name, order.key)
        if where not in self.controls:
            self.controls[where] = self._forked(order, [name], 60.0, really=False)[1] == "passed"
        return self.controls[where]

    def _forked(
        self, order: Order, tests: list[str], budget: float, *, really: bool = True
    ) -> tuple[str, str, str, float]:
        """Run tests on a mutant in a fork until one fails: its name, what became of it, what it says, and the time."""
        receive, send = os.pipe()
        if (child := os.fork()) == 0:
            os.close(receive)
            self._child(order, tests, budget, really, send)
        os.close(send)
        name, seconds, text = "", 0.0, b""
        try:
            while select.select([receive], [], [], self._patience(name))[0]:
                if not (more := os.read(receive, 65536)):
                    return name, "failed", "the process has died", seconds
                text += more
                *lines, text = text.split(b"\n")
                for line in lines:
                    state, name, said, seconds = json.loads(line)
                    if state in ("failed", "over", "passed"):
                        return name, state, said, seconds
            return name, "failed", "the test does not end", seconds
        finally:
            os.close(receive)
            try:
                os.kill(child, signal.SIGKILL)
            finally:
                os.waitpid(child, 0)

    def _patience(self, name: str) -> float:
        """How long a fork may say nothing: on a busy machine a second of the processor takes several."""
        return 60 + 10 * self._limit(name)

    def _limit(self, name: str) -> float:
        # ten times its own time, since a mutant may loop for ever, and time to compile or to load a kernel
        return ORDERS["least"] + 10 * self.survey.seconds(name)

    def _child(self, order: Order, tests: list[str], budget: float, really: bool, send: int) -> None:
        def tell(*what: Any) -> None:
            os.write(send, json.dumps(what).encode() + b"\n")

        try:
            silent()
            self.survey.forget()
            if self.process.exchange(order, really=really):
                options = next(iter(self.items.values())).config.known_args_namespace
                options.pythonwarnings = ["ignore::RuntimeWarning"]  # which compiled code does not give
            start = time.process_time()
            for name in tests:
                tell("starts", name, "", time.process_time() - start)
                state, said = run(self.items[name], self._limit(name))
                seconds = time.process_time() - start
                if state == "failed":
                    tell("failed", name, said, seconds)
                    break
                if seconds > budget:
                    tell("over", name, "", seconds)
                    break
            else:
                tell("passed", tests[-1], "", time.process_time() - start)
        except BaseException as error:
            tell("failed", tests[-1], f"the change cannot be made: {error!r}", 0.0)
        finally:
            os._exit(0)
