"""The table of scores, and what in it is equivalent."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from scipy.stats import binomtest

import lrtheory

HERE = Path(__file__).resolve().parent
_HEAD = """# Mutation scores

Written by `make mutants`. A mutant is the code of a system with one operator, number, comparison or keyword exchanged,
at a place drawn at random from its kernels, its plain functions and methods, and the constants of its modules;
`places.py` says what is left out because no answer depends on it. A mutant meets the tests of its own system that call
the changed function, pass without the change and take at most 10 seconds, and those of `tests/rules` that name the
system, the fastest first, until one fails or 120 seconds of the processor are spent. A mutated kernel runs interpreted.
A failure counts where the same test passes without the change; it does not where its cause is that a patch of a test no
longer finds its line.

*Tests* says how many tests take part, *kernels* and *plain* how many of the mutants are in kernels and in all other
code. *Survived* counts mutants that no such test saw and that change something; *equivalent* ones change nothing that
can be seen, for the reason that `equivalent.toml` gives. The score is that of the mutants which are not equivalent, and
the interval is that of Clopper and Pearson at 95 %.

A sample is drawn with the *seed* from the files as they stand. A mutant that was killed or is equivalent stays so while
the code of its function stays; where that changes another one is drawn. One that survived is tried again whenever the
tests have changed.

"""


#: of the table
COLUMNS = "system tests seed mutants kernels plain equivalent survived score interval".split()


class Fate(NamedTuple):
    """What became of a mutant: where it stands, what it changes, and who saw it."""

    path: str
    function: str
    kind: str
    digest: str
    operator: str
    nth: int
    before: str
    after: str
    killed: bool
    by: str

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What finds the mutant again where its function has moved."""
        return self.function, self.digest, self.operator, self.nth


def is_equivalent(one: Fate, system: str) -> bool:
    """Whether a mutant changes nothing that can be seen, as `equivalent.toml` explains."""
    rows = tomllib.loads((HERE / "equivalent.toml").read_text()).get(system, [])
    return any((row["function"], row["before"], row["after"]) == (one.function, one.before, one.after) for row in rows)


def lines(system: str, fates: list[Fate], seed: int, tests: str) -> tuple[str, list[str]]:
    """The row of a system, and a line for each mutant that survived."""
    left = [one for one in fates if not one.killed]
    survived = [one for one in left if not is_equivalent(one, system)]
    counted = len(fates) - len(left) + len(survived)
    interval = binomtest(counted - len(survived), counted).proportion_ci(method="exact")
    kernels = sum(one.kind == "kernel" for one in fates)
    numbers = (tests, seed, len(fates), kernels, len(fates) - kernels, len(left) - len(survived), len(survived))
    score = f"{(counted - len(survived)) / counted:.3f} | {interval.low:.3f} to {interval.high:.3f}"
    row = f"| `{system}` | {' | '.join(map(str, numbers))} | {score} |"
    return row, [f"- `{one.path}`, `{one.function}`: `{one.before}` became `{one.after}`: {one.by}" for one in survived]


def _without(rows: list[str]) -> str:
    """A sentence on the systems that have no row."""
    missing = [f"`{one}`" for one in lrtheory.SYSTEMS if not any(row.startswith(f"| `{one}` |") for row in rows)]
    return f"No sample has been run of {', '.join(missing)}.\n\n" if missing else ""


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
    head = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"
    path.write_text(
        "\n".join([_HEAD + _without(rows) + head, *rows, "", "## Survivors", "", *(survivors or ["None."]), ""])
    )
