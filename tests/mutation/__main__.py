"""Mutation scores of the kernels of all systems; see the package."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.stats import binomtest

import lrtheory
from lrtheory._array import source_digest
from tests.mutation.mutants import Mutant, sample

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
#: processor seconds that a test may take interpreted; slower ones, made for compiled kernels, take no part
LIMIT = 20.0
_HEAD = """# Mutation scores

Written by `make mutants`. A mutant is a kernel with one operator, number, comparison or keyword exchanged, at a place
drawn at random. The kernels run interpreted, on the tests of their own system that call them, take less than 20 seconds
so, and pass without the change. *Survived* counts mutants that no such test saw and that change something; *equivalent*
ones change nothing that can be seen, for the reason that `equivalent.toml` gives. The interval is that of Clopper and
Pearson at 95 %.

"""


class Fate(NamedTuple):
    """What became of a mutant: where it stands, what it changes, and who saw it."""

    path: str
    kernel: str
    before: str
    after: str
    killed: bool
    by: str

    @classmethod
    def of(cls, mutant: Mutant, killed: bool, by: str) -> Fate:
        """As the table says it."""
        return cls(mutant.path.relative_to(ROOT).as_posix(), mutant.kernel, *mutant.change(), killed, by)


def run_tests(orders: dict[str, Any], tests: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    """Pytest on interpreted kernels, in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(orders))
        file.flush()
        unset = ("LRTHEORY_REQUIRE", "PYTEST_ADDOPTS")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"LRTHEORY_MUTATION": file.name, "NUMBA_DISABLE_JIT": "1", "OPENBLAS_NUM_THREADS": "1"}
        words = [
            "-p",
            "tests.mutation.interpreted",
            "-W",
            "ignore::RuntimeWarning",
            "-p",
            "no:cacheprovider",
            "-q",
            "--tb=line",
            *options,
            *tests,
        ]
        command = [sys.executable, "-m", "pytest", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def kept_for(system: str) -> Path:
    """Where the survey of a system is kept, and in files of the same name its fates, until its sources change."""
    digest = source_digest(ROOT / "lrtheory" / system, ROOT / "tests" / system)
    return ROOT / "build" / "mutation" / f"{system}-{digest}.json"


def survey(system: str) -> dict[str, Any]:
    """The kernels of a system, and for each test its time, whether it passes, and the kernels that it calls."""
    kept = kept_for(system)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        done = run_tests({"limit": LIMIT, "calls": str(kept)}, [f"tests/{system}"])
        if not kept.exists():
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    found = json.loads(kept.read_text())
    own = str(ROOT / "lrtheory" / system) + os.sep
    found["kernels"] = [kernel for kernel in found["kernels"] if kernel["path"].startswith(own)]
    return found


def fate(mutant: Mutant, found: dict[str, Any]) -> Fate:
    """Run the tests that call the mutated kernel, the fastest first, until one fails."""
    key = f"{mutant.path}:{mutant.kernel}"
    tests = {name: t for name, t in found["tests"].items() if t["passed"] and key in t["kernels"]}
    order = sorted(tests, key=lambda name: tests[name]["seconds"])
    # ten times its own time, since a mutant may loop for ever
    limits = {name: 2 + 10 * tests[name]["seconds"] for name in order}
    orders = {"limits": limits, "path": str(mutant.path), "source": mutant.source()}
    files = sorted({name.split("::")[0] for name in order})
    if not files:
        return Fate.of(mutant, False, "no test calls it")
    done = run_tests(orders, files, "-x")
    if done.returncode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):  # which kills nothing
        raise RuntimeError(f"no test ran on {mutant}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    last = next((line for line in reversed(done.stdout.splitlines()) if line.startswith(("FAILED", "ERROR"))), "")
    return Fate.of(mutant, done.returncode != 0, last or f"exit {done.returncode}")


def is_equivalent(one: Fate, system: str) -> bool:
    """Whether a mutant changes nothing that can be seen, as `equivalent.toml` explains."""
    rows = tomllib.loads((HERE / "equivalent.toml").read_text()).get(system, [])
    return any((row["kernel"], row["before"], row["after"]) == (one.kernel, one.before, one.after) for row in rows)


def judge(system: str, size: int, jobs: int, seed: int) -> list[Fate]:
    """The fates of a sample of mutants of a system; they are kept until its sources change."""
    done = kept_for(system).with_suffix(f".{size}-{seed}.json")
    if not done.exists():
        found = survey(system)
        mutants = sample(found["kernels"], size, np.random.default_rng([seed, lrtheory.SYSTEMS.index(system)]))
        with ThreadPoolExecutor(jobs) as pool:
            done.write_text(json.dumps(list(pool.map(lambda mutant: fate(mutant, found), mutants))))
    return [Fate(*row) for row in json.loads(done.read_text())]


def lines(system: str, fates: list[Fate]) -> tuple[str, list[str]]:
    """The row of a system, and a line for each mutant that survived."""
    left = [one for one in fates if not one.killed]
    survived = [one for one in left if not is_equivalent(one, system)]
    counted = len(fates) - len(left) + len(survived)
    interval = binomtest(counted - len(survived), counted).proportion_ci(method="exact")
    score = f"{(counted - len(survived)) / counted:.3f} | {interval.low:.3f} to {interval.high:.3f}"
    row = f"| `{system}` | {len(fates)} | {len(left) - len(survived)} | {len(survived)} | {score} |"
    return row, [f"- `{one.path}`, `{one.kernel}`: `{one.before}` became `{one.after}`: {one.by}" for one in survived]


def write(path: Path, found: dict[str, tuple[str, list[str]]]) -> None:
    """Put the lines of systems into the table; those of other systems stay."""
    old = path.read_text().splitlines() if path.exists() else []
    rows, survivors = [], []
    for system in lrtheory.SYSTEMS:
        if system in found:
            row, names = found[system]
            rows.append(row)
            survivors += names
        else:
            rows += [line for line in old if line.startswith(f"| `{system}` |")]
            survivors += [line for line in old if line.startswith(f"- `lrtheory/{system}/")]
    head = "| system | mutants | equivalent | survived | score | interval |\n|" + " --- |" * 6
    path.write_text("\n".join([_HEAD + head, *rows, "", "## Survivors", "", *(survivors or ["None."]), ""]))


def main() -> None:
    """Draw, run, and write or print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("systems", nargs="*", default=lrtheory.SYSTEMS)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    for system in options.systems:
        row, names = lines(system, judge(system, options.sample, options.jobs, options.seed))
        print("\n".join([row, *names]), flush=True)
        if options.write:  # as it goes, so that an interruption loses nothing
            write(options.write, {system: (row, names)})


if __name__ == "__main__":
    main()
