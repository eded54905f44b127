"""What the first call of each system takes with nothing compiled: ``python -m benchmarks.first_calls [name ...]``.

Each case runs in a process of its own with an empty cache of Numba. Counted are seconds of the processor: those of
``import lrtheory.<system>``, NumPy and Numba included, those of the call, and how many functions are compiled in it,
functions of Numba itself included. A goal that is missed is said; it is no error, since seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facts import of_all

__all__ = ["CASES", "IMPORT_GOAL", "Case", "Taken", "line", "main", "taken"]

ROOT = Path(__file__).resolve().parent.parent
IMPORT_GOAL = 0.35  # seconds of the processor for the import of a system


@dataclass(frozen=True)
class Case:
    """A call as one makes it first: a system, what is ready before, the call, and the seconds that it may take."""

    system: str
    name: str
    ready: str
    call: str
    goal: float | None = None


#: in `ready` and `call`, ``system`` is the system's module and ``rng`` a generator of NumPy
CASES = {one["name"]: Case(system, **one) for system, told in of_all().items() for one in told.get("first_call", [])}


@dataclass(frozen=True)
class Taken:
    """Seconds of the processor for the import and for the call, and the number of compilations in the call."""

    imported: float
    called: float
    compilations: int


def measured(name: str) -> None:
    """Run a case in this process, and print what it took."""
    case = CASES[name]
    start = time.process_time()
    system = __import__(f"lrtheory.{case.system}", fromlist=["a submodule"])
    imported = time.process_time() - start
    import numpy as np
    from numba.core import event

    names: dict[str, Any] = {"system": system, "rng": np.random.default_rng(0)}
    exec(case.ready, names)
    with event.install_recorder("numba:compile") as recorded:
        start = time.process_time()
        exec(case.call, names)
        called = time.process_time() - start
    print(json.dumps([imported, called, sum(found.is_start for _, found in recorded.buffer)]))


def taken(name: str, command: tuple[str, ...] = ("-m", "benchmarks.first_calls", "--measure")) -> Taken:
    """What a case takes in a process of its own that finds nothing compiled.

    Parameters
    ----------
    name : str
        One of `CASES`.
    command : tuple of str
        The words that Python is started with, before the name.

    Returns
    -------
    Taken
        Of one run.

    Raises
    ------
    RuntimeError
        If the process ends with an error, with its last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        words = [sys.executable, *command, name]
        done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} did not run: {done.stderr.strip().splitlines()[-1]}")
    return Taken(*json.loads(done.stdout))


def line(case: Case, runs: list[Taken]) -> str:
    """A line of the table: the medians of several runs, beside the goals that are missed."""
    imported, called = (statistics.median(getattr(run, part) for run in runs) for part in ("imported", "called"))
    missed = f" of {IMPORT_GOAL:g} MISSED" if imported > IMPORT_GOAL else ""
    goal = "" if case.goal is None else f" of {case.goal:g}" + (" MISSED" if called > case.goal else "")
    compilations = statistics.median_high(run.compilations for run in runs)
    text = f"{called:.2f} s{goal}, {compilations} compilations; import {imported:.2f} s{missed}"
    return f"{case.system + '.' + case.name:<46}{text}"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 3 for an unknown name.

    Parameters
    ----------
    arguments : list of str, optional
        The words of the command line.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="first_calls", description="Time first calls, with nothing compiled.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(CASES)}; without a name all")
    parser.add_argument("--repeats", type=int, default=3, help="processes a case (default 3)")
    parser.add_argument("--measure", metavar="name", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        measured(options.measure)
        return 0
    unknown = [name for name in options.names if name not in CASES]
    if unknown:
        print(f"No first call is named {', '.join(unknown)}; there are {', '.join(CASES)}.", file=sys.stderr)
        return 3
    for name in options.names or CASES:
        print(line(CASES[name], [taken(name) for _ in range(options.repeats)]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
