"""Work in forks of a process, which have all that it has imported and compiled."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

#: where a process that has become silent still says of what it dies
ERRORS = os.dup(2)


def silent() -> None:
    """Let nothing that this process writes be seen."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)


def in_processes(count: int, jobs: int, work: Callable[[int], Any]) -> None:
    """Do work for the numbers below a count, in forks that take them from one queue."""
    take, give = os.pipe()
    os.write(give, b"".join(b"%8d" % i for i in range(count)))
    os.close(give)
    workers = []
    for _ in range(jobs):
        if (worker := os.fork()) == 0:
            try:
                while number := os.read(take, 8):
                    work(int(number))
            except BaseException:
                os.write(ERRORS, f"a worker has died: {traceback.format_exc()}\n".encode())
                os._exit(1)
            os._exit(0)
        workers.append(worker)
    os.close(take)
    for worker in workers:
        os.waitpid(worker, 0)
