"""Blocks to be clustered: any, and families that are planted so that the answer is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_compression import cluster_blocks, theory
from proofs_checks.matrix_compression.families.stacks import Blocks, are_stacked, climb_stack, draw_columns, split


@dataclass(frozen=True)
class Clustering(Blocks):
    """Blocks, the rank r of a common basis, and the relative error epsilon that it may have."""

    rank: int
    epsilon: float


@dataclass(frozen=True)
class Clustered:
    """The cluster of each block, the relative error of each cluster, and whether it is exempt as a single block."""

    labels: np.ndarray
    errors: np.ndarray
    exempt: np.ndarray


def is_clustering(case: Clustering) -> bool:
    """Decide whether the numbers of an instance are in range."""
    return are_stacked(case.blocks) and case.rank >= 1 and 0 <= case.epsilon <= 1


def clustered(case: Clustering, rng: np.random.Generator | None = None) -> Clustered:
    """Cluster the blocks."""
    found = cluster_blocks(list(case.blocks), case.rank, case.epsilon)
    return Clustered(found.labels, found.errors, found.exempt)


def labels(case: Clustering, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the cluster of each block."""
    return clustered(case).labels


def overlaps(case: Clustering) -> np.ndarray:
    """Return |A_i^T A_j|^2 / r for all pairs: 1 within a planted family, and 0 between two."""
    return np.array([[((A.T @ B) ** 2).sum() / case.rank for A in case.blocks] for B in case.blocks])


def are_planted(case: Clustering) -> bool:
    """Decide whether blocks have r orthonormal columns each, and any two span the same space or orthogonal ones."""
    r, pairs = case.rank, overlaps(case)
    columns = all(A.shape[1] == r and np.allclose(A.T @ A, np.eye(r), atol=1e-12) for A in case.blocks)
    return columns and bool(
        np.isclose(pairs, np.round(pairs), atol=1e-12).all() and np.isin(np.round(pairs), (0, 1)).all()
    )


def is_narrow(case: Clustering) -> bool:
    """Decide whether (n + 1) epsilon^2 < 1 for the n blocks of the largest family."""
    largest = int(np.round(overlaps(case)).sum(0).max())
    return bool(case.epsilon**2 < float(theory.family_limit(largest)) * (1 - 1e-9))


# --- families ---------------------------------------------------------------------------------------------------------


def draw_clustering(draws: Draws) -> Clustering:
    """Draw blocks near one or two planes, of different sizes."""
    m, K, r = draws.integers(4, 8), draws.integers(3, 6), draws.integers(1, 3)
    sizes = [draws.integers(1, 3) for _ in range(K)]
    kinds = [draws.choice(("noisy", "noisy", "integers")) for _ in range(2)]
    pools = [draw_columns(draws, m, sum(sizes), kind) for kind in kinds]
    pieces = [split(pool, sizes) for pool in pools]
    blocks = tuple(pieces[draws.integers(0, 1)][k] * 2.0 ** draws.integers(-1, 1) for k in range(K))
    return Clustering(blocks, r, draws.choice((0.125, 0.25, 0.5, 0.75)))


def lost_seed() -> Clustering:
    """Make three axes of length 3, 2 and 1 with r = 2: the first two are a seed that attracts nobody."""
    return Clustering(tuple(length * np.eye(3)[:, [i]] for i, length in enumerate((3.0, 2.0, 1.0))), 2, 0.1)


def planted(
    sizes: tuple[int, ...], r: int, epsilon: float, rotations: tuple[np.ndarray, ...], order: np.ndarray
) -> Clustering:
    """Make families of blocks: r axes of their own, turned within their space."""
    m = r * len(sizes)
    bases = np.split(np.eye(m), len(sizes), axis=1)
    blocks = [bases[f] for f, n in enumerate(sizes) for _ in range(n)]
    turned = [B @ Q for B, Q in zip(blocks, rotations, strict=True)]
    return Clustering(tuple(turned[i] for i in order), r, epsilon)


def draw_planted(draws: Draws) -> Clustering:
    """Draw up to three families of up to four blocks of up to three columns, in any order."""
    sizes = tuple(draws.integers(1, 4) for _ in range(draws.integers(1, 3)))
    r, count = draws.integers(1, 3), sum(sizes)
    rotations = tuple(np.linalg.qr(draws.integers(-3, 3, shape=(r, r)) + 4.0 * np.eye(r))[0] for _ in range(count))
    share = draws.integers(1, 9) / 10
    return planted(sizes, r, share * float(theory.family_limit(max(sizes))) ** 0.5, rotations, draws.permutation(count))


def same_array_twice(epsilon: float = 0.5) -> Clustering:
    """Make two families, one of which holds one array twice."""
    A, B = np.eye(4)[:, :2], np.eye(4)[:, 2:]
    return Clustering((A, B, A), 2, epsilon)


CLUSTERINGS = Family(
    "clusterings",
    always=lambda: (
        lost_seed(),
        Clustering((np.array([[1.0]]), np.array([[2.0]])), 1, 0.0),
        Clustering((np.eye(3)[:, [0]], np.eye(3)[:, [1]], 10 * np.eye(3)[:, [0]]), 1, 0.25),
        Clustering((np.array([[1.0], [0.0]]), np.array([[1.0], [0.25]])), 1, 0.15),  # together they err by 0.12
        Clustering((np.eye(2),), 1, 0.25),  # a single block that is exempt
    ),
    draw=draw_clustering,
    climb=climb_stack,
)

PLANTED = Family(
    "planted-families",
    always=lambda: (same_array_twice(), Clustering((np.eye(1),), 1, 0.5)),
    draw=draw_planted,
)

TOO_LENIENT = Family(
    "planted-families-that-merge",
    always=lambda: (same_array_twice(0.75),),
    draw=lambda draws: lenient(draw_planted(draws)),
)


def lenient(case: Clustering) -> Clustering:
    """Allow more than keeps a block of another family apart."""
    return Clustering(case.blocks, case.rank, 0.999)


def known_pairs(found: np.ndarray) -> np.ndarray:
    """Return 1 for each pair of blocks with the same label, and else 0."""
    return (np.asarray(found)[:, None] == np.asarray(found)[None]).astype(int)


def truth_of(case: Clustering) -> np.ndarray:
    """Return 1 for each pair of blocks of one family, and else 0."""
    return np.round(overlaps(case)).astype(int)
