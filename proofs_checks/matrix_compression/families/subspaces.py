"""Stacks beside a subspace, beside a copy by anybody, and as products of two factors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.matrix_compression import certify, theory
from lrtheory.matrix_compression.stacks.measuring import second_pass
from proofs_checks.matrix_compression.families.stacks import (
    Blocks,
    are_stacked,
    climb_stack,
    draw_blocks,
    draw_columns,
    split,
)


@dataclass(frozen=True)
class Projection(Blocks):
    """Blocks, a rank r, and a matrix Q with r columns at least."""

    rank: int
    Q: np.ndarray

    @property
    def defect(self) -> float:
        """The spectral norm of Q^T Q - I."""
        return float(np.abs(np.linalg.eigvalsh(self.Q.T @ self.Q) - 1).max(initial=0.0))


@dataclass(frozen=True)
class Copied(Blocks):
    """Blocks, copies of the same shapes by anybody, and a rank r."""

    copies: tuple[np.ndarray, ...]
    rank: int

    @property
    def other(self) -> np.ndarray:
        """M', all copies side by side."""
        return np.concatenate(self.copies, axis=1)


@dataclass(frozen=True)
class Products:
    """Factors B_k (m, q_k) and A_k (q_k, n_k) of products that stand side by side."""

    left: tuple[np.ndarray, ...]
    right: tuple[np.ndarray, ...]

    @property
    def whole(self) -> np.ndarray:
        """All products side by side."""
        return np.concatenate([B @ A for B, A in zip(self.left, self.right, strict=True)], axis=1)


@dataclass(frozen=True)
class Measured:
    """Squared errors of the blocks beside r columns of Q, and the bracket of E_r^2 by all of Q."""

    errors: np.ndarray
    bracket: np.ndarray


@dataclass(frozen=True)
class Compared:
    """The distance of a copy, the bracket of E_r by its own error, and the one that the certificate gives."""

    distance: float
    bracket: np.ndarray
    optimum: np.ndarray


def is_projection(case: Projection) -> bool:
    """Decide whether blocks and Q fit, with r from 1 to the columns of Q."""
    fits = are_stacked(case.blocks) and case.Q.ndim == 2 and len(case.Q) == len(case.blocks[0])
    return bool(fits and 1 <= case.rank <= case.Q.shape[1] and np.isfinite(case.Q).all())


def is_orthonormal(case: Projection) -> bool:
    """Decide whether the columns of Q are orthonormal, up to rounding."""
    return case.defect <= rounding(64 * sum(case.Q.shape), 1.0)


def is_copied(case: Copied) -> bool:
    """Decide whether there is a copy of each block, not all blocks are 0, and r is 0 at least."""
    same = [np.shape(A) for A in case.blocks] == [np.shape(A) for A in case.copies]
    return (
        same and case.rank >= 0 and all(map(are_stacked, (case.blocks, case.copies))) and any(map(np.any, case.blocks))
    )


def are_products(case: Products) -> bool:
    """Decide whether the factors fit to each other."""
    shapes = [(B.shape[1], len(A)) for B, A in zip(case.left, case.right, strict=True)]
    return are_stacked(case.left) and all(a == b for a, b in shapes)


def measured(case: Projection, rng: np.random.Generator | None = None) -> Measured:
    """Read the blocks beside the columns of Q, in a unit near their size, as a second pass does."""
    unit = int(np.frexp(np.abs(case.whole).max(initial=0.0))[1])
    found = second_pass(case.blocks, case.Q[:, : case.rank], case.Q, unit=unit, dtype=np.dtype(float))
    return Measured(np.ldexp(found.errors, 2 * unit), np.ldexp(np.array(found.bracket), 2 * unit))


def compared(case: Copied, rng: np.random.Generator | None = None) -> Compared:
    """Certify a copy, and bracket E_r of the blocks by that of the copies."""
    found, norm = certify(list(case.blocks), list(case.copies), case.rank), float(np.linalg.norm(case.whole))
    values = np.linalg.svd(case.other, compute_uv=False)
    bracket = theory.distance_bracket(float(np.linalg.norm(values[case.rank :])), found.achieved * norm)
    optimum = norm * np.array([found.bound, found.attainable])
    return Compared(found.achieved * norm, np.array(bracket, float), optimum)


def isometric(case: Products, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Return the thin blocks of the library."""
    return [theory.isometric_block(B, A) for B, A in zip(case.left, case.right, strict=True)]


# --- families ---------------------------------------------------------------------------------------------------------


def leading(M: np.ndarray, q: int) -> np.ndarray:
    """Return the leading left singular vectors."""
    return np.linalg.svd(M)[0][:, :q]


def draw_projection(draws: Draws, noise: float = 0.0) -> Projection:
    """Draw blocks, and a Q that is random, or optimal with columns of noise of some size added."""
    blocks = draw_blocks(draws, (3, 7), (1, 4), (1, 3))
    m, M = len(blocks[0]), np.concatenate(blocks, axis=1)
    q = draws.integers(1, m - 1)
    Q = leading(M, q) if draws.integers(0, 1) else np.linalg.qr(draws.integers(-4, 4, shape=(m, q)))[0]
    Q = Q + noise * draws.choice((0.001, 0.1, 1.0)) * draws.integers(-4, 4, shape=(m, q)) / 4
    return Projection(tuple(blocks), draws.integers(1, min(q, 3)), Q)


def climb_projection(case: Projection, draws: Draws, *, exact: bool) -> Projection:
    """Change an entry of a block, or turn Q a little."""
    if draws.integers(0, 1):
        return climb_stack(case, draws)
    Q = case.Q + draws.integers(-4, 4, shape=case.Q.shape) / 64
    return replace(case, Q=np.linalg.qr(Q)[0] if exact else Q)


def axes_of_diagonal(*, factor: float) -> Projection:
    """Make diag(3, 2, 1) with r = 1, and its two leading axes times a factor."""
    return Projection((np.diag([3.0, 2.0, 1.0]),), 1, factor * np.eye(3)[:, :2])


PROJECTIONS = Family(
    "projections",
    always=lambda: (
        Projection((np.eye(2), np.ones((2, 1))), 1, np.eye(2)[:, 1:]),
        Projection((np.diag([3.0, 1.0]),), 1, np.eye(2)[:, 1:]),  # Q misses the best direction
    ),
    tight=(Tight(axes_of_diagonal(factor=1.0), 1 - 1e-12, 1),),
    draw=draw_projection,
    climb=partial(climb_projection, exact=True),
)

LONGER = Family(
    "projections-by-longer-columns",
    always=(axes_of_diagonal(factor=1.01),),
    draw=lambda draws: longer(draw_projection(draws)),
)


def longer(case: Projection) -> Projection:
    """Return the optimal columns, a hundredth too long."""
    return replace(case, Q=1.01 * leading(case.whole, case.Q.shape[1]))


#: half of an axis: 1 + d = 7/4 of T_1(Q^T M) = 1/4 and T_1(R) = 9/16 make exactly T_1(M) = 1
HALF_AXIS = Projection((np.diag([1.0, 0.5]),), 1, np.array([[0.5], [0.0]]))

ANY_COLUMNS = Family(
    "projections-by-any-columns",
    always=lambda: (axes_of_diagonal(factor=1.01), axes_of_diagonal(factor=0.5)),
    tight=(Tight(HALF_AXIS, 1 - 1e-12, 1),),
    draw=partial(draw_projection, noise=1.0),
    climb=partial(climb_projection, exact=False),
)


def draw_copied(draws: Draws) -> Copied:
    """Draw blocks and copies that are truncated, scaled, or changed."""
    blocks = draw_blocks(draws, (3, 7), (1, 4), (1, 3))
    M, r = np.concatenate(blocks, axis=1), draws.integers(0, 3)
    unit = 2.0 ** np.frexp(np.abs(M).max(initial=1.0))[1]
    U = leading(M, r + draws.integers(0, 1))
    made: Any = {
        "truncated": lambda: U @ (U.T @ M),
        "scaled": lambda: draws.choice((0.5, 1.5)) * M,
        "changed": lambda: M + unit * draws.integers(-4, 4, shape=M.shape) / 16,
    }
    copy = made[draws.choice(tuple(made))]()
    return Copied(tuple(blocks), split(copy, [block.shape[1] for block in blocks]), r)


def tall() -> Copied:
    """Make a stack of more rows than have a Gram matrix, and more columns than a sketch gathers, which brackets it."""
    M = np.random.default_rng(0).integers(-3, 4, size=(2049, 130)).astype(float)
    return Copied((M,), (np.floor(M / 2) * 2,), 2)


COPIED = Family(
    "copied-stacks",
    always=lambda: (Copied((1.5 * np.eye(4),), (np.eye(4),), 1), tall()),
    tight=(Tight(Copied((np.diag([2.0, 1.0]),), (np.diag([2.0, 0.0]),), 1), 1 - 1e-12, 1),),
    draw=draw_copied,
)


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
