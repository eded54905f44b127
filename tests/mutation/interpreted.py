"""A plugin of pytest: kernels without compiler, one of them perhaps mutated, and which test calls which kernel.

It stands before the first import of the library (``-p tests.mutation.interpreted``) and takes its orders from a file
of JSON named by LRTHEORY_MUTATION: ``limits``, the processor seconds of each test that shall run, in the order of
running (without it all run, each with ``limit``); ``path`` and ``source`` of the mutated file; ``calls``, where to
write which test called which kernel.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace
from typing import Any

import numba
import pytest
from scipy import special

ORDERS = json.loads(Path(os.environ["LRTHEORY_MUTATION"]).read_text())
KERNELS: dict[CodeType, dict[str, Any]] = {}
CALLS: dict[str, dict[str, Any]] = {}


def interpret(function: Callable[..., Any] | None = None, **_: Any) -> Any:
    """Numba's njit without its compiler: the function itself, which is also its own ``py_func``."""
    if function is None:
        return interpret
    if function.__globals__.get("math") is math:
        function.__globals__["math"] = COMPILED_MATH
    code = function.__code__
    lines = [line for _, _, line in code.co_lines() if line is not None]
    first = code.co_firstlineno
    KERNELS[code] = {"name": code.co_name, "path": code.co_filename, "first": first, "last": max(lines)}
    function.py_func = function  # type: ignore[attr-defined]
    return function


def compiled(plain: Callable[..., float], pole: float | None = None) -> Callable[..., float]:
    """A function of `math` that returns what compiled code does where Python raises: infinities, and else NaN."""

    def function(*args: Any) -> float:
        try:
            return plain(*args)
        except OverflowError:
            return math.inf
        except ValueError:
            return -math.inf if args[0] == pole else math.nan

    return function


COMPILED_MATH = SimpleNamespace(
    **vars(math)
    | {name: compiled(getattr(math, name)) for name in ("cos", "exp", "expm1", "sqrt")}
    | {"log": compiled(math.log, 0), "log1p": compiled(math.log1p, -1)}
)


def mutated_code(loader: SourceFileLoader, fullname: str) -> Any:
    """The code of a module, from the mutated source where it is the mutated file."""
    path = loader.get_filename(fullname)
    if path == ORDERS.get("path"):
        return compile(ORDERS["source"], path, "exec", dont_inherit=True)
    return read_code(loader, fullname)


read_code = SourceFileLoader.get_code
SourceFileLoader.get_code = mutated_code  # type: ignore[method-assign]
numba.config.DISABLE_JIT = True  # also for what Numba compiles behind our backs
numba.njit = interpret
# what kernels call by the name of a symbol is a function of SciPy under that name
numba.types.ExternalFunction.__call__ = lambda self, *args: getattr(special, self.symbol.split("_")[-1])(*args[:-1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "limits" in ORDERS:
        known = {item.nodeid: item for item in items}
        items[:] = [known[name] for name in ORDERS["limits"] if name in known]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Runs a test for as long as it may, and notes the kernels that it called."""
    limit = ORDERS.get("limits", {}).get(item.nodeid, ORDERS.get("limit"))
    seen: set[CodeType] = set()

    def see(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    def stop(*_: Any) -> None:
        raise pytest.fail.Exception(f"took longer than {limit} s")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit, limit / 4)
    if "calls" in ORDERS:
        sys.setprofile(see)
    start = time.process_time()
    try:
        return (yield)
    finally:
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        names = sorted({_key(KERNELS[code]) for code in seen & KERNELS.keys()})
        CALLS[item.nodeid] = {"seconds": time.process_time() - start, "kernels": names, "passed": False}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        PASSED[report.nodeid] = report.passed


PASSED: dict[str, bool] = {}


def pytest_sessionfinish() -> None:
    if "calls" in ORDERS:
        for name, call in CALLS.items():
            call["passed"] = PASSED.get(name, False)
        Path(ORDERS["calls"]).write_text(json.dumps({"kernels": list(KERNELS.values()), "tests": CALLS}))


def _key(kernel: dict[str, Any]) -> str:
    return f"{kernel['path']}:{kernel['name']}"
