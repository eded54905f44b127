"""Mutation scores of all systems; see the package."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lrtheory
from lrtheory._array import source_digest
from tests.mutation.mutants import Mutant, again, sample
from tests.mutation.table import Fate, is_equivalent, lines, write

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "mutation"
#: draws the samples of the table
SEED = 37
#: processor seconds that a test may take in the survey; slower ones take no part
LIMIT = 10.0


class Options(NamedTuple):
    """How mutants are drawn and run."""

    size: int
    seed: int
    jobs: int
    budget: float
    fresh: bool = False


def run_tests(system: str, mutants: list[Mutant], options: Options) -> dict[int, list[Any]]:
    """Let mutants meet the tests of a system, in a process of its own; whether each was killed, and by what."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        results, orders = Path(folder) / "results", Path(folder) / "orders.json"
        told = [(str(m.region.path), m.source(), m.region.name, m.region.first, m.region.kind) for m in mutants]
        what = {
            "folder": str(ROOT / "lrtheory" / system),
            "word": system,
            "survey": str(BUILD / f"{system}.survey.json"),
            "mutants": told,
            "results": str(results),
            "jobs": options.jobs,
            "limit": LIMIT,
            "least": LIMIT,
            "budget": options.budget,
        }
        orders.write_text(json.dumps(what))
        results.touch()
        done = pytest_with(orders, [f"tests/{system}", "tests/rules"], Path(folder))
        rows = [json.loads(line) for line in results.read_text().splitlines()]
    found = {row[0]: row[1:] for row in rows}
    if len(found) < len(mutants):
        raise RuntimeError(
            f"{len(mutants) - len(found)} mutants met no test: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
    return found


def pytest_with(orders: Path, tests: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Pytest with the plugin that runs mutants."""
    unset = ("LRTHEORY_REQUIRE", "PYTEST_ADDOPTS")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"LRTHEORY_MUTATION": str(orders), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment["TMPDIR"] = str(folder)  # a fork that is ended leaves what it has written
    words = ["-p", "tests.mutation.forked", "-p", "no:cacheprovider", "-q", "-s", "--tb=short"]
    words += ["--basetemp", str(folder / "tests"), *tests]
    command = [sys.executable, "-m", "pytest", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def judge(system: str, options: Options) -> list[Fate]:
    """The fates of a sample of mutants of a system.

    A fate is kept while the code of its function stays, wherever that stands; for one that has changed another mutant
    is drawn. Those that survived run again where something of the system or of its tests has changed. Those that were
    killed or are equivalent do not, which is right while tests are added: after tests were removed it takes ``fresh``.
    """
    folder, kept = ROOT / "lrtheory" / system, BUILD / f"{system}.{options.size}-{options.seed}.json"
    by = source_digest(folder, ROOT / "tests" / system, ROOT / "tests" / "rules", ROOT / "tests" / "examples")
    old = {"by": "", "fates": []} if options.fresh or not kept.exists() else json.loads(kept.read_text())
    fates = [Fate(*row) for row in old["fates"]]
    standing = [(one, found_again(folder, one)) for one in fates]
    settled = [
        one._replace(path=relative(m)) for one, m in standing if m and (one.killed or is_equivalent(one, system))
    ]
    alive = [(one, m) for one, m in standing if m and not (one.killed or is_equivalent(one, system))]
    number = lrtheory.SYSTEMS.index(system)
    there = {one.identity for one, m in standing if m}
    new = sample(folder, options.size - len(there), np.random.default_rng([options.seed, number]), there)
    same = old["by"] == by
    to_run = new if same else [m for _, m in alive] + new
    outcomes = run_tests(system, to_run, options) if to_run else {}
    fates = settled + [one for one, _ in alive if same] + [fate(m, *outcomes[i][:2]) for i, m in enumerate(to_run)]
    kept.write_text(json.dumps({"by": by, "fates": fates}))
    return fates


def found_again(folder: Path, one: Fate) -> Mutant | None:
    """The mutant of a fate; None where its code has changed, or the rule of what may be changed."""
    mutant = again(folder, *one.identity)
    return mutant if mutant is not None and mutant.change() == (one.before, one.after) else None


def relative(mutant: Mutant) -> str:
    """The path of a mutant within the project."""
    return mutant.region.path.relative_to(ROOT).as_posix()


def fate(mutant: Mutant, killed: bool, by: str) -> Fate:
    """What became of a mutant."""
    region = mutant.region
    return Fate(
        relative(mutant),
        region.name,
        region.kind,
        region.digest,
        mutant.operator,
        mutant.nth,
        *mutant.change(),
        killed,
        by,
    )


def tests_of(system: str) -> str:
    """How many tests take part, and how many there are."""
    tests = json.loads((BUILD / f"{system}.survey.json").read_text())["tests"].values()
    return f"{sum(test['passed'] and bool(test['calls']) for test in tests)} of {len(tests)}"


def main() -> None:
    """Draw, run, and write or print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("systems", nargs="*", default=lrtheory.SYSTEMS)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--budget", type=float, default=120.0, help="processor seconds of tests for each mutant")
    parser.add_argument("--fresh", action="store_true", help="draw and run all anew, whatever is kept")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    options = Options(given.sample, given.seed, given.jobs, given.budget, given.fresh)
    for system in given.systems:
        fates = judge(system, options)
        row, names = lines(system, fates, given.seed, tests_of(system))
        print("\n".join([row, *names]), flush=True)
        if given.write:  # as it goes, so that an interruption loses nothing
            write(given.write, {system: (row, names)})


if __name__ == "__main__":
    main()
