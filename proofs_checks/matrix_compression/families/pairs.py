"""Two adapters of one weight, given by their factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._kernels.low_rank import difference
from lrtheory.bounds import Draws, Family
from lrtheory.matrix_compression import theory
from proofs_checks.matrix_compression.families.updates import are_factors, draw_factors, regauged


@dataclass(frozen=True)
class Pair:
    """B A and C D."""

    B: np.ndarray
    A: np.ndarray
    C: np.ndarray
    D: np.ndarray


def are_comparable(pair: Pair) -> bool:
    """Decide whether both are updates of one shape."""
    both = are_factors(pair.B, pair.A) and are_factors(pair.C, pair.D)
    return bool(both and pair.B.shape[0] == pair.C.shape[0] and pair.A.shape[1] == pair.D.shape[1])


def compared(pair: Pair, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return inner product and distance, from the factors alone."""
    inner = theory.factor_inner_product((pair.B, pair.A), (pair.C, pair.D))
    return {"inner": float(inner), "distance": difference((pair.B, pair.A, 1.0), (pair.C, pair.D, 1.0))[0]}


def draw_pair(draws: Draws) -> Pair:
    """Draw two updates of small integers, or one update in two gauges."""
    m, n, q, p = (draws.integers(1, 5) for _ in range(4))
    B, A = draw_factors(draws, m, q, n)
    if q >= 2 and draws.choice((False, True)):
        return Pair(B, A, *regauged(B, A, draws.choice((1, 3))))
    return Pair(B, A, *draw_factors(draws, m, p, n))


def pairs() -> tuple[Pair, ...]:
    """Return the smallest pair, pairs of different ranks, and one update in two gauges."""
    B, A = np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[1.0, -1.0, 2.0], [0.0, 1.0, 1.0]])
    one = np.array([[2.0]]), np.array([[3.0]])
    return (
        Pair(*one, *(2 * x for x in one)),
        Pair(B, A, B[:, :1].copy(), A[1:].copy()),
        Pair(B, A, B[::-1].copy(), 2 * A),
        Pair(B, A, *regauged(B, A, 3)),
    )


PAIRS = Family("pairs-of-updates", always=pairs, draw=draw_pair)
