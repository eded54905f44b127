"""A line on standard error while kernels are compiled, and the seconds that compiling has taken."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

__all__ = ["compile_seconds", "no_notice"]


class _CompileNotice(event.Listener):
    """Says on standard error that a compilation runs, once it has taken a second."""

    def __init__(self) -> None:
        self.depth = 0
        self.seconds = 0.0
        self.started = 0.0
        self.timer: threading.Timer | None = None
        self.said = False

    def on_start(self, event: Any) -> None:
        if not self.ours(event):
            return
        self.depth += 1
        if self.depth == 1:
            self.started = time.process_time()
            self.timer = threading.Timer(1.0, self.say)
            self.timer.daemon = True
            self.timer.start()

    def on_end(self, event: Any) -> None:
        if not self.ours(event):  # a foreign function compiled inside one of ours ends nothing
            return
        self.depth -= 1
        if self.depth == 0 and self.timer is not None:
            self.timer.cancel()
            self.seconds += time.process_time() - self.started

    @staticmethod
    def ours(event: Any) -> bool:
        module = event.data["dispatcher"].py_func.__module__ or ""  # None where `exec` was given no __name__
        return module.partition(".")[0] in ("lrtheory", "proofs_checks")

    def say(self) -> None:
        if not self.said:
            sys.stderr.write("lrtheory: compiling, first run only (`lrtheory warmup` compiles ahead)\n")
        self.said = True  # once a process


_notice = _CompileNotice()
event.register("numba:compile", _notice)


@contextmanager
def no_notice() -> Iterator[None]:
    """While kernels are compiled on purpose, nobody is told that they are."""
    before, _notice.said = _notice.said, True
    try:
        yield
    finally:
        _notice.said = before


def compile_seconds() -> float:
    """Processor seconds that this process has spent compiling kernels of the package."""
    return _notice.seconds
