"""One side of a benchmark, in its own process and its own environment.

Started by `run.py` as ``python worker.py ROW SIDE NAME INPUT OUTPUT``. It solves the task once, writes the answer, and
then times another solution for every line that it reads, inside this process: the mean of as many calls as a turn of
`TURN` seconds holds, at least one. It answers with seconds, and with the gigabytes that the process has held at most.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks import rows

#: seconds of a turn; a call of microseconds after the other side's turn would time cold caches
TURN = 0.1


def main(key: str, side: str, name: str, given: str, answer: str) -> None:
    """Solve, write the answer, then time on demand."""
    with np.load(given) as saved:
        inputs = {field: saved[field] for field in saved.files}
    solve = getattr(rows(key.partition("/")[0])[key], side)[name]
    np.savez(answer, value=np.asarray(solve(inputs)))  # the first call also compiles and imports
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        calls, start = 0, time.perf_counter()
        while calls == 0 or time.perf_counter() - start < TURN:
            solve(inputs)
            calls += 1
        print(json.dumps([(time.perf_counter() - start) / calls, peak_memory()]), flush=True)


def peak_memory() -> float:
    """Gigabytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


if __name__ == "__main__":
    main(*sys.argv[1:])
