"""One side of a benchmark, in its own process and its own environment.

Started by `run.py` as ``python worker.py ROW SIDE NAME INPUT OUTPUT THREADS``. It solves the task once, writes the
answer, and then times another solution for every line that it reads, inside this process: the mean of as many calls as
a turn of `TURN` seconds holds, at least one. It answers with seconds, and with the gigabytes that the process has held
at most. Seconds are the processor's where one thread is meant, and those of the clock on the wall where more are.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks import rows

#: seconds of a turn; a call of microseconds after the other side's turn would time cold caches
TURN = 0.1


def main(key: str, side: str, name: str, given: str, answer: str, threads: str) -> None:
    """Solve, write the answer, then time on demand."""
    clock = clock_of(int(threads))
    with np.load(given) as saved:
        inputs = {field: saved[field] for field in saved.files}
    solve = getattr(rows(key.partition("/")[0])[key], side)[name]
    np.savez(answer, value=np.asarray(solve(inputs)))  # the first call also compiles and imports
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        calls, start, wall = 0, clock(), time.perf_counter()
        while calls == 0 or time.perf_counter() - wall < TURN:
            solve(inputs)
            calls += 1
        print(json.dumps([(clock() - start) / calls, peak_memory()]), flush=True)


def clock_of(threads: int) -> Callable[[], float]:
    """The clock for work on so many threads.

    The time of the processor does not grow while others have it, so that it repeats on a machine that is shared. Of
    several threads it is the sum, which says nothing of how well they share the work.
    """
    return processor_seconds if threads == 1 else time.perf_counter


def processor_seconds() -> float:
    """Seconds that processors have worked for this process and for the processes that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_memory() -> float:
    """Gigabytes that this process has held at most.

    On Linux `getrusage` also counts what the process held that started this one; the status of a process does not.
    """
    status = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE) if status.exists() else None
    if found:
        return int(found[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


if __name__ == "__main__":
    main(*sys.argv[1:])
