"""Bait, decoys and blocks: the instance on which guesses get one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Family
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, theory

EPSILON = 0.5
#: a little above a guess, (1 + epsilon)^0, so that this one fills with decoys and the next takes the bait
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


def trapped(trap: Trap, rng: np.random.Generator, n: int, top_up: bool = False) -> np.ndarray:
    """The value of the answer, in n runs over the elements in random order; with a greedy end if that is wanted."""
    f, values = objective(trap), np.empty(n)
    for i in range(n):
        solver = DynamicSubmodular(f, trap.k, epsilon=EPSILON, rng=rng)
        solver.update(rng.permutation(f.n))
        values[i] = f.value(solver.top_up()) if top_up else solver.value
    return values


def escaped(trap: Trap, values: np.ndarray) -> np.ndarray:
    """Whether the value is not half of the blocks, up to an eighth: the next possible one is three quarters."""
    return np.abs(values - theory.tight_value(TOTAL)) > TOTAL / 8


TIGHT = Family("tight", always=(Trap(2, 60, 3000),))
