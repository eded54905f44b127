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
CASES = {
    case.name: case
    for case in (
        Case("alpha_rank", "alpha_rank", "game = rng.random((2, 4, 4))", "system.alpha_rank(game, perturbation=0.1)"),
        Case(
            "alpha_rank",
            "leaderboard",
            "log = {'winner': ['ann', 'bob', 'cat'], 'loser': ['bob', 'cat', 'ann']}",
            "system.leaderboard(log)",
        ),
        Case(
            "continual_learning",
            "update_many",
            "keys, values, state = rng.random((9, 4)), rng.random((9, 2)), system.RecursiveRidge(rng.random((4, 2)))",
            "state.update_many(keys, values)",
        ),
        Case(
            "dual_mirror_descent",
            "allocate",
            "rewards, costs = rng.random((50, 3)), rng.random((50, 3, 2))",
            "system.allocate(rewards, costs, [10.0, 10.0], step_size=0.1)",
        ),
        Case(
            "dynamic_submodular",
            "DynamicSubmodular",
            "sets = system.Coverage([[0, 1], [1, 2], [3]])",
            "system.DynamicSubmodular(sets, 2).insert(0)",
            goal=6.0,
        ),
        Case("dynamic_submodular", "maximize", "sets = system.Coverage([[0, 1], [1, 2]])", "system.maximize(sets, 1)"),
        Case(
            "fair_subset_selection",
            "select",
            "votes = [[0, 1, 2], [2, 1, 0], [1, 0, 2]]",
            "system.select(system.Rankings(votes), 'borda', 2)",
        ),
        Case(
            "fair_subset_selection",
            "select-cc",
            "votes = [[0, 1, 2], [2, 1, 0], [1, 0, 2]]",
            "system.select(system.Rankings(votes), 'borda-cc', 2)",
        ),
        Case(
            "lora_limits",
            "lora_gradients",
            "head = system.make_uniform(64, 4, bound=0.5, rng=0)",
            "system.lora_gradients(head, method='tiled')",
        ),
        Case(
            "low_rank_adapters",
            "distance",
            "adapter, update = system.make_adapter('lora', (24, 16), rank=2, rng=0), rng.random((24, 16))",
            "system.distance(adapter, update)",
        ),
        Case(
            "low_rank_optimizers",
            "es_gradient",
            "W = rng.random((24, 16))",
            "system.es_gradient(lambda M: (M * M).sum(), W, sigma=0.1, rank=2, population_size=64, rng=0)",
        ),
        Case(
            "low_rank_optimizers",
            "integer-training",
            "text = system.make_markov_text(400, rng=0)",
            "system.IntegerES(system.IntegerRNN(text.n_symbols, 16, rng=0), population_size=16, rng=0).train(text, 2)",
        ),
        Case(
            "matrix_completion",
            "complete",
            "table = rng.random((30, 2)) @ rng.random((2, 20)); table[rng.random((30, 20)) < 0.5] = float('nan')",
            "system.complete(table, 2)",
            goal=2.5,
        ),
        Case(
            "matrix_compression",
            "squeeze",
            "B, A = rng.random((40, 6)), rng.random((6, 30))",
            "system.squeeze(B, A, 2)",
        ),
        Case("transductive_clustering", "cluster", "X = rng.random((60, 2))", "system.cluster(X, 3, lam=0.5, rng=0)"),
        Case(
            "transductive_clustering",
            "few_shot",
            "support, query = rng.random((3, 8)), rng.random((12, 8))",
            "system.few_shot(support, [0, 1, 2], query)",
            goal=8.0,
        ),
    )
}


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
