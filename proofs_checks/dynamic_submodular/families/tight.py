"""Bait, decoys and blocks: the instance on which guesses get one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, theory
from proofs_checks.dynamic_submodular.families.runs import chosen, filled, is_set

EPSILON = 0.5
#: a little above 1, up to where guesses fill with decoys; those above it take the bait
TOTAL = 1.001


@dataclass(frozen=True)
class Trap:
    """k blocks of two halves, copies of all first halves together, and decoys of just half of a threshold each."""

    k: int
    n_identical: int
    n_decoys: int

    @property
    def bound(self) -> float:
        """The chance that some guess of a table escapes, at most."""
        n_guesses = theory.guesses_per_element(self.k, EPSILON)
        counts = {"n_high": n_guesses, "n_low": n_guesses}
        return float(theory.tight_failure_probability(self.k, self.n_identical, self.n_decoys, **counts))


def objective(trap: Trap) -> Coverage:
    """Items: first halves, second halves, one for each decoy; elements: blocks, copies of the bait, decoys."""
    k = trap.k
    half, decoy = TOTAL / (2 * k), (1 + 1e-9) / (2 * k)
    blocks = [[i, k + i] for i in range(k)]
    sets = [*blocks, *[list(range(k))] * trap.n_identical, *[[2 * k + i] for i in range(trap.n_decoys)]]
    return Coverage(sets, np.r_[np.full(2 * k, half), np.full(trap.n_decoys, decoy)])


def unit_of(trap: Trap, v: int) -> float:
    """The value of one element alone."""
    k = trap.k
    if v < k:
        return TOTAL / k
    return TOTAL / 2 if v < k + trap.n_identical else (1 + 1e-9) / (2 * k)


def is_between(trap: Trap) -> bool:
    """Whether a grid through the value of a block, the bait or a decoy has a guess above the decoys' and up to OPT."""
    units = (unit_of(trap, v) for v in (0, trap.k, trap.k + trap.n_identical))
    grids = [unit * (1 + EPSILON) ** np.arange(-60, 61) for unit in units]
    return any(((grid > 1 + 1e-9) & (grid <= TOTAL)).any() for grid in grids)


def trapped(trap: Trap, rng: np.random.Generator, n: int, top_up: bool = False) -> np.ndarray:
    """The answer in n runs over the elements in random order, (n, k); with a greedy end if that is wanted."""
    f, rows = objective(trap), []
    for _ in range(n):
        solver = DynamicSubmodular(f, trap.k, epsilon=EPSILON, rng=rng)
        solver.update(rng.permutation(f.n))
        rows.append(solver.top_up() if top_up else solver.solution)
    return filled(rows, trap.k)


def escaped(trap: Trap, rows: np.ndarray) -> np.ndarray:
    """Whether f of the answer is not half of the blocks, up to an eighth: the next possible one is three quarters."""
    f = objective(trap)
    everybody = np.ones(f.n, bool)
    values = [f.value(chosen(row)) if is_set(row, everybody, trap.k) else 0.0 for row in rows]
    return np.abs(np.array(values) - theory.tight_value(TOTAL)) > TOTAL / 8


def draw_trap(draws: Draws) -> Trap:
    """Two or three blocks."""
    return Trap(draws.integers(2, 3), draws.integers(50, 90), draws.integers(3000, 5000))


TIGHT = Family("tight", always=(Trap(2, 60, 3000),), draw=draw_trap)
