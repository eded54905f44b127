"""Bait, decoys and blocks: an instance on which guesses get no more than one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, theory
from proofs_checks.dynamic_submodular.families.runs import chosen, filled, is_set

#: a grid so coarse that few units of it put a guess between 1 and `TOTAL`
EPSILON = 0.5
#: OPT, a little above 1: guesses up to 1 fill with decoys, and guesses above OPT take the bait
TOTAL = 1.001


@dataclass(frozen=True)
class Trap:
    """k blocks of two halves, copies of all first halves together (the bait), and decoys just above 1 / (2k).

    The elements are 0 to k - 1, the blocks; then the copies of the bait; then the decoys. `objective(trap)`, beside
    this class, is their value as a set function. A run's answer of fewer than k elements is filled up with -1.
    """

    k: int
    n_identical: int
    n_decoys: int

    @property
    def bound(self) -> float:
        """The bound on the chance that some guess escapes, all guesses of a table counted as high and as low ones."""
        n_guesses = theory.guesses_per_element(self.k, EPSILON)
        counts = {"n_high": n_guesses, "n_low": n_guesses}
        return float(theory.tight_failure_probability(self.k, self.n_identical, self.n_decoys, **counts))


def objective(trap: Trap) -> Coverage:
    """Make the coverage: items are first halves, second halves and decoys; elements are blocks, bait copies, decoys."""
    k = trap.k
    half, decoy = TOTAL / (2 * k), (1 + 1e-9) / (2 * k)
    blocks = [[i, k + i] for i in range(k)]
    sets = [*blocks, *[list(range(k))] * trap.n_identical, *[[2 * k + i] for i in range(trap.n_decoys)]]
    return Coverage(sets, np.r_[np.full(2 * k, half), np.full(trap.n_decoys, decoy)])


def unit_of(trap: Trap, v: int) -> float:
    """Return the value of one element alone."""
    k = trap.k
    if v < k:
        return TOTAL / k
    return TOTAL / 2 if v < k + trap.n_identical else (1 + 1e-9) / (2 * k)


def is_between(trap: Trap) -> bool:
    """Return whether some grid has a guess between the decoys and OPT, which would escape the trap.

    A grid runs through the value of the first element, which is a block, the bait or a decoy.
    """
    units = (unit_of(trap, v) for v in (0, trap.k, trap.k + trap.n_identical))
    grids = [unit * (1 + EPSILON) ** np.arange(-60, 61) for unit in units]
    return any(((grid > 1 + 1e-9) & (grid <= TOTAL)).any() for grid in grids)


def trapped(trap: Trap, rng: np.random.Generator, n: int, top_up: bool = False) -> np.ndarray:
    """Return the answers of n runs over the elements in random order, (n, k), filled up greedily with `top_up`."""
    f, rows = objective(trap), []
    for _ in range(n):
        solver = DynamicSubmodular(f, trap.k, epsilon=EPSILON, rng=rng)
        solver.update(rng.permutation(f.n))
        rows.append(solver.top_up() if top_up else solver.solution)
    return filled(rows, trap.k)


def escaped(trap: Trap, rows: np.ndarray) -> np.ndarray:
    """Return whether f of each answer is not OPT / 2, up to OPT / 8; for k = 2 the next possible value is 3 OPT / 4."""
    f = objective(trap)
    everybody = np.ones(f.n, bool)
    values = [f.value(chosen(row)) if is_set(row, everybody, trap.k) else 0.0 for row in rows]
    return np.abs(np.array(values) - theory.tight_value(TOTAL)) > TOTAL / 8


def draw_trap(draws: Draws) -> Trap:
    """Draw two or three blocks, tens of baits and thousands of decoys."""
    # so many decoys per copy, and copies per block, that the bound is below 1
    return Trap(draws.integers(2, 3), draws.integers(50, 90), draws.integers(3000, 5000))


TIGHT = Family("tight", always=(Trap(2, 60, 3000),), draw=draw_trap)
