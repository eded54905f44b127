"""RandLoRA at a generic point, with factors whose columns repeat or vanish, and random factors of 0, 1 and -1."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.low_rank_adapters.families.adapters import Case, exact_rank, is_case, nonzero


@dataclass(frozen=True)
class Ternary:
    """A row length r, and q: entries are 0 with probability 1 - 1 / q, and 1 or -1 with half of the rest each."""

    rank: int
    sparsity: int


def is_randlora(case: Case) -> bool:
    """Decide whether it is an adapter of this kind, with few enough columns for all their sets."""
    return case.kind == "randlora" and is_case(case) and case.named["A"].shape[1] <= 8


def in_general_position(case: Case) -> bool:
    """Decide whether any columns of the bases, as many as these have rows at most, are linearly independent."""
    joint = np.concatenate(list(case.named["bases"]), axis=1)
    size = min(joint.shape)
    return all(exact_rank(joint[:, chosen]) == size for chosen in combinations(range(joint.shape[1]), size))


# --- families ---------------------------------------------------------------------------------------------------------


def randomly(draws: Draws, A: np.ndarray, N: int, m: int, scale: float = 1.0) -> Case:
    """Draw bases and trained numbers around a factor."""
    r, n = A.shape
    bases = np.asarray(draws.integers(-20, 20, shape=(N, m, r)), float)
    return Case("randlora", (nonzero(draws, (N, r)), nonzero(draws, (N, n))), (bases, A), scale, (m, n))


def draw_ternary(draws: Draws) -> Case:
    """Draw a factor of entries 0, 1 and -1, with bases as tall as its rows are long at least."""
    r, n, N = draws.integers(1, 2), draws.integers(1, 4), draws.integers(1, 3)
    A = draws.integers(-1, 1, shape=(r, n)).astype(float)
    return randomly(draws, A, N, draws.integers(n, 5), draws.choice((1.0, -0.5)))


def vandermonde(A: np.ndarray, N: int, m: int) -> Case:
    """Make bases of powers of different numbers, of which any m are independent, around a factor."""
    r, n = A.shape
    joint = np.arange(1.0, N * r + 1)[None, :] ** np.arange(m)[:, None]
    bases = np.ascontiguousarray(joint.reshape(m, N, r).swapaxes(0, 1))
    return Case("randlora", (np.ones((N, r)), np.ones((N, n))), (bases, A), 1.0, (m, n))


ALL_ONES = np.ones((2, 2))
SPLIT = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
DEAD = np.array([[1.0, 0.0, -1.0], [1.0, 0.0, 2.0]])
TERNARY = Family(
    "randlora-of-ternary-factors",
    always=lambda: (
        vandermonde(np.ones((1, 1)), 1, 1),
        vandermonde(ALL_ONES, 1, 2),
        vandermonde(SPLIT, 2, 4),
        vandermonde(DEAD, 2, 3),
    ),
    draw=draw_ternary,
)
EQUAL_BASES = Family(
    "randlora-of-dependent-bases",
    always=lambda: (dependent(DEAD[:, ::2]),),
    draw=lambda draws: dependent(nonzero(draws, (2, 2))),
)


def dependent(A: np.ndarray) -> Case:
    """Make two bases whose columns are all equal."""
    r, n = A.shape
    return Case("randlora", (np.ones((2, r)), np.ones((2, n))), (np.ones((2, 3, r)), A), 1.0, (3, n))


SPARSE = Family(
    "ternary-columns",
    always=(Ternary(1, 2), Ternary(3, 4)),
    draw=lambda draws: Ternary(draws.integers(1, 4), draws.integers(2, 30)),
)
