"""Mutation scores of the kernels of all systems; see the package."""

from __future__ import annotations

import argparse
import ast
import hashlib
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
from tests.mutation.mutants import Mutant, alike, sample

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
#: processor seconds that a test may take interpreted; slower ones, made for compiled kernels, take no part
LIMIT = 20.0
#: draws the samples of the table
SEED = 18
_HEAD = """# Mutation scores

Written by `make mutants`. A mutant is a kernel with one operator, number, comparison or keyword exchanged, at a place
drawn at random. The kernels run interpreted, on the tests of their own system that call them, take less than 20 seconds
so, and pass without the change; *tests* says how many take part. *Survived* counts mutants that no such test saw and
that change something; *equivalent* ones change nothing that can be seen, for the reason that `equivalent.toml` gives.
The interval is that of Clopper and Pearson at 95 %.

A sample is drawn with the *seed* from the files as they stand, and kept while the kernels stay as they are, even where
files move; after such a move the same seed would draw another one. A mutant that was killed or is equivalent stays so;
one that survived is tried again whenever the tests have changed.

{without}"""


class Fate(NamedTuple):
    """What became of a mutant: where it stands, what it changes, who saw it, and which of those alike it is."""

    path: str
    kernel: str
    before: str
    after: str
    killed: bool
    by: str
    nth: int


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
    """Where the survey of a system is kept, until its sources or its tests change."""
    digest = source_digest(ROOT / "lrtheory" / system, ROOT / "tests" / system)
    return ROOT / "build" / "mutation" / f"{system}-{digest}.json"


def fates_for(system: str, kernels: list[dict[str, Any]], size: int, seed: int) -> Path:
    """Where the fates of a sample are kept, until the code of a kernel changes."""
    digest = hashlib.sha256("\n".join(sorted(map(code_of, kernels))).encode()).hexdigest()[:12]
    return ROOT / "build" / "mutation" / f"{system}-kernels-{digest}.{size}-{seed}.json"


def code_of(kernel: dict[str, Any]) -> str:
    """A kernel without its comments and its docstring."""
    functions = [n for n in ast.walk(ast.parse(Path(kernel["path"]).read_text())) if isinstance(n, ast.FunctionDef)]
    # a compiler counts the decorators to a function, a tree does not
    begin = {min(n.lineno, *(d.lineno for d in n.decorator_list)): n for n in functions if n.decorator_list}
    function = begin[kernel["first"]]
    if ast.get_docstring(function) is not None:
        del function.body[0]
    return ast.dump(function)


def survey(system: str) -> dict[str, Any]:
    """The kernels of a system, and for each test its time, whether it passes, and the kernels that it calls."""
    kept = kept_for(system)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        done = run_tests({"limit": LIMIT, "calls": str(kept)}, [f"tests/{system}"])
        if not kept.exists():
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    found = json.loads(kept.read_text()) | {"key": kept.stem}
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
    kernel = next(k for k in found["kernels"] if (k["path"], k["name"]) == (str(mutant.path), mutant.kernel))
    nth = alike(mutant.path, kernel, mutant.change()).index(mutant)
    what = (mutant.path.relative_to(ROOT).as_posix(), mutant.kernel, *mutant.change())
    if not files:
        return Fate(*what, False, "no test calls it", nth)
    done = run_tests(orders, files, "-x")
    if done.returncode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):  # which kills nothing
        raise RuntimeError(f"no test ran on {mutant}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    last = next((line for line in reversed(done.stdout.splitlines()) if line.startswith(("FAILED", "ERROR"))), "")
    return Fate(*what, done.returncode != 0, last or f"exit {done.returncode}", nth)


def is_equivalent(one: Fate, system: str) -> bool:
    """Whether a mutant changes nothing that can be seen, as `equivalent.toml` explains."""
    rows = tomllib.loads((HERE / "equivalent.toml").read_text()).get(system, [])
    return any((row["kernel"], row["before"], row["after"]) == (one.kernel, one.before, one.after) for row in rows)


def mutant_of(one: Fate, kernels: list[dict[str, Any]]) -> Mutant:
    """The mutant that had this fate, in whatever file its kernel stands now."""
    for kernel in kernels:
        if kernel["name"] == one.kernel:
            mutants = alike(Path(kernel["path"]), kernel, (one.before, one.after))
            if len(mutants) > one.nth:
                return mutants[one.nth]
    raise RuntimeError(f"no kernel holds {one}")


def judge(system: str, found: dict[str, Any], size: int, jobs: int, seed: int, *, fresh: bool = False) -> list[Fate]:
    """The fates of a sample of mutants of a system.

    They are kept while the kernels stay. Where something else has changed since, those that survived run again. Those
    that were killed or are equivalent do not, which is right while tests are added: after tests were removed it takes
    ``fresh``.
    """
    done = fates_for(system, found["kernels"], size, seed)
    kept = {"by": "", "fates": []} if fresh or not done.exists() else json.loads(done.read_text())
    fates = [Fate(*row) for row in kept["fates"]]
    if kept["by"] != found["key"]:
        settled = [one for one in fates if one.killed or is_equivalent(one, system)]
        if fates:
            again = [mutant_of(one, found["kernels"]) for one in fates if one not in settled]
        else:
            again = sample(found["kernels"], size, np.random.default_rng([seed, lrtheory.SYSTEMS.index(system)]))
        with ThreadPoolExecutor(jobs) as pool:
            fates = settled + list(pool.map(lambda mutant: fate(mutant, found), again))
        done.write_text(json.dumps({"by": found["key"], "fates": fates}))
    return fates


def lines(system: str, fates: list[Fate], seed: int, tests: str) -> tuple[str, list[str]]:
    """The row of a system, and a line for each mutant that survived."""
    left = [one for one in fates if not one.killed]
    survived = [one for one in left if not is_equivalent(one, system)]
    counted = len(fates) - len(left) + len(survived)
    interval = binomtest(counted - len(survived), counted).proportion_ci(method="exact")
    score = f"{(counted - len(survived)) / counted:.3f} | {interval.low:.3f} to {interval.high:.3f}"
    row = f"| `{system}` | {tests} | {seed} | {len(fates)} | {len(left) - len(survived)} | {len(survived)} | {score} |"
    return row, [f"- `{one.path}`, `{one.kernel}`: `{one.before}` became `{one.after}`: {one.by}" for one in survived]


def _without(rows: list[str]) -> str:
    """A sentence for each system that has neither a row nor a kernel of its own."""
    named = {row.split("`")[1] for row in rows}
    bare = [one for one in lrtheory.SYSTEMS if one not in named and not has_kernels(ROOT / "lrtheory" / one)]
    return "".join(f"`{one}` has no kernels of its own.\n" for one in bare) + "\n" * bool(bare)


def has_kernels(folder: Path) -> bool:
    """Whether a function in a folder is compiled by a decorator `kernel`."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))
    functions = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return any(ast.unparse(one).partition("(")[0] == "kernel" for node in functions for one in node.decorator_list)


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
    head = "| system | tests | seed | mutants | equivalent | survived | score | interval |\n|" + " --- |" * 8
    told = _HEAD.format(without=_without(rows)) + head
    path.write_text("\n".join([told, *rows, "", "## Survivors", "", *(survivors or ["None."]), ""]))


def main() -> None:
    """Draw, run, and write or print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("systems", nargs="*", default=lrtheory.SYSTEMS)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--fresh", action="store_true", help="draw and run all anew, whatever is kept")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    for system in options.systems:
        found = survey(system)
        if not found["kernels"]:
            print(f"`{system}` has no kernels", flush=True)
            continue
        fates = judge(system, found, options.sample, options.jobs, options.seed, fresh=options.fresh)
        passed = [test["passed"] for test in found["tests"].values()]
        row, names = lines(system, fates, options.seed, f"{sum(passed)} of {len(passed)}")
        print("\n".join([row, *names]), flush=True)
        if options.write:  # as it goes, so that an interruption loses nothing
            write(options.write, {system: (row, names)})


if __name__ == "__main__":
    main()
