"""Inner products of updates, from their factors alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._kernels import low_rank
from lrtheory._kernels.low_rank import difference
from lrtheory._numbers import in_range, plain, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must, sequence
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from proofs_checks.matrix_compression.families.exact import norm
from proofs_checks.matrix_compression.families.updates import allowance, are_factors, draw_factors, regauged


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


@formula()
def factor_inner_product(first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike]) -> Number:
    r"""The inner product of two products of factors, from small matrices alone.

    `first` is the pair (B, A), and `second` the pair (B', A'); with both the same it is \|B A\|^2.

    Proof
    -----
    Assumes: nothing.

    Proof: <B A, B' A'> = tr A^T B^T B' A' = tr (B^T B') (A' A^T), since a trace is cyclic; that is the sum of products
    of the entries of B^T B' and A A'^T.
    """
    for name, two in (("first", first), ("second", second)):
        if len(sequence(name, two)) != 2:
            raise must(name, "a pair of factors (B, A)", two)
    (B, A), (C, D) = (
        tuple(table(f"{name}[{i}]", factor, shape=("m", "n")) for i, factor in enumerate(two))
        for name, two in (("first", first), ("second", second))
    )
    if B.shape[1] != A.shape[0] or C.shape[1] != D.shape[0] or B.shape[0] != C.shape[0] or A.shape[1] != D.shape[1]:
        raise must("first, second", "factors of matrices of one shape", (B.shape, A.shape, C.shape, D.shape))
    return plain(in_range(lambda B, C, A, D: ((B.T @ C) * (A @ D.T)).sum(), B, C, A, D))


def compared(pair: Pair, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return inner product and distance, from the factors alone."""
    inner = factor_inner_product((pair.B, pair.A), (pair.C, pair.D))
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


def cyclic(pair: Pair, found: dict[str, float]) -> Sides:
    """Compare inner product and distance with those of the products themselves."""
    P, R = (np.asarray(left) @ np.asarray(right) for left, right in ((pair.B, pair.A), (pair.C, pair.D)))
    allowed = allowance(np.c_[pair.B, -pair.C], np.r_[pair.A, pair.D])
    exact = float(rounding(16 * (len(P) + P.shape[1] + 8), norm(pair.B) * norm(pair.A) * norm(pair.C) * norm(pair.D)))
    lhs = np.array([found["inner"], found["distance"]], float)
    return Sides(lhs, np.array([(P * R).sum(), norm(P - R)]), rounding=np.array([exact, allowed]))


def product_of_norms(pair: Pair, found: dict[str, float]) -> Sides:
    """Compare the inner product of B A with itself with the product of the norms of its factors."""
    return Sides((np.asarray(pair.B @ pair.A) ** 2).sum(), (pair.B**2).sum() * (pair.A**2).sum(), rounding=1e-9)


SQ_8 = Statement(
    id="matrix_compression/SQ-8",
    title="Two adapters are compared without their products",
    says=(
        "The inner product of B A and B' A' is the sum of the products of the entries of B^T B' and A A'^T, which are "
        "as small as the ranks. So the distance of two adapters is known from the factors side by side."
    ),
    source=Derived(factor_inner_product),
    tex=r"\langle BA, B'A' \rangle = \langle B^\top B', A A'^\top \rangle",
    hypotheses={"factors of two matrices of one shape": are_comparable},
    instances=PAIRS,
    solve=compared,
    claim=Identity(cyclic),
    saboteurs=(
        saboteur("norms of factors multiply", claim=Identity(product_of_norms)),
        saboteur("inner indices in another order", patch=(factor_inner_product, "(A @ D.T)", "(A @ D.T)[::-1]")),
        saboteur("both are added", patch=(low_rank.difference, "[s, -t]", "[s, t]")),
    ),
)
