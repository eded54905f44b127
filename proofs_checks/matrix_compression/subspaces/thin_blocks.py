"""Thin blocks with the spectrum of products of factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, saboteur
from proofs_checks.guards import allowance
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, energies
from proofs_checks.matrix_compression.families.stacks import are_stacked, draw_columns


@dataclass(frozen=True)
class Products:
    """Factors B_k (m, q_k) and A_k (q_k, n_k) of products that stand side by side."""

    left: tuple[np.ndarray, ...]
    right: tuple[np.ndarray, ...]

    @property
    def whole(self) -> np.ndarray:
        """All products side by side."""
        return np.concatenate([B @ A for B, A in zip(self.left, self.right, strict=True)], axis=1)


def are_products(case: Products) -> bool:
    """Decide whether the factors fit to each other."""
    shapes = [(B.shape[1], len(A)) for B, A in zip(case.left, case.right, strict=True)]
    return are_stacked(case.left) and all(a == b for a, b in shapes)


@formula(B="m x q", A="q x n")
def isometric_block(B: np.ndarray, A: np.ndarray) -> np.ndarray:
    """A thin block with the left singular vectors and the singular values of the product B A.

    Proof
    -----
    Assumes: nothing beyond the arguments.

    Proof: (B R^T)(B R^T)^T = B R^T R B^T = B A A^T B^T, and the singular values and left vectors of matrices side by
    side depend on the sum of these products alone.
    """
    triangle = np.linalg.qr(np.asarray(A, float).T, mode="r")
    return np.asarray(np.asarray(B, float) @ triangle.T)


def isometric(case: Products, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Return the thin blocks of the library."""
    return [isometric_block(B, A) for B, A in zip(case.left, case.right, strict=True)]


def draw_products(draws: Draws) -> Products:
    """Draw up to three products, whose factors are in a gauge of a condition up to 2^40."""
    m, count = draws.integers(1, 6), draws.integers(1, 3)
    left, right = [], []
    for _ in range(count):
        q, n, kind = draws.integers(1, 4), draws.integers(1, 6), draws.choice(("gaussian", "integers", "noisy"))
        gauge = 2.0 ** (draws.choice((0, 4, 20)) * draws.integers(-1, 1, shape=(q,)))
        left.append(draw_columns(draws, m, q, kind) * gauge)
        right.append(draw_columns(draws, q, n, kind) / gauge[:, None])
    return Products(tuple(left), tuple(right))


PRODUCTS = Family(
    "products",
    always=lambda: (
        Products((np.array([[2.0]]),), (np.array([[3.0, 4.0]]),)),
        Products((np.array([[1.0, 0.0], [0.0, 2.0**-26]]),), (np.array([[1.0, 1.0], [0.0, 2.0**26]]),)),
    ),
    draw=draw_products,
)


def left_alone(case: Products, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Take the left factors for the products."""
    return list(case.left)


def isometry(case: Products, found: list[np.ndarray]) -> Sides:
    """Compare the singular values of thin blocks with those of the products, and their products with transposes."""
    M, thin = case.whole, np.concatenate(found, axis=1)
    if len(thin) != len(M):
        return NO_OUTCOME
    own, other = (np.pad(one, (0, len(M) - len(one))) for one in map(energies, (M, thin)))
    # a factorization errs column by column, so an uneven gauge does not matter
    size = sum(
        np.linalg.norm(B, axis=0) @ np.linalg.norm(A, axis=1) for B, A in zip(case.left, case.right, strict=True)
    )
    return Sides(other, own, rounding=allowance(np.array([[size]])))


CM_9 = Statement(
    id="matrix_compression/CM-9",
    title="Thin blocks have the spectrum of adapters",
    says=(
        "Products B_k A_k stand side by side, as the updates of adapters do, and A_k^T = Q_k R_k with orthonormal "
        "columns Q_k. The blocks B_k R_k^T side by side, which are as thin as the factors, have the same singular "
        "values sigma, whatever the gauge of the factors."
    ),
    source=Derived(isometric_block),
    tex=r"\sigma([B_1 A_1 \ldots B_K A_K]) = \sigma([B_1 R_1^T \ldots B_K R_K^T]),\quad A_k^T = Q_k R_k",
    hypotheses={"factors that fit": are_products},
    instances=PRODUCTS,
    solve=isometric,
    claim=Identity(isometry),
    free={"*": "singular values do not see the sign of a block"},
    saboteurs=(
        saboteur("R in the place of its transpose", patch=(isometric_block, "triangle.T", "triangle[: B.shape[1]]")),
        saboteur("the left factors alone, which depend on the gauge", solve=left_alone),
    ),
)
