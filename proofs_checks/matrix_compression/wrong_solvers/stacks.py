"""Wrong sketches and clusterings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory.matrix_compression.baselines.stacks import PREDICTORS, Published
from lrtheory.matrix_compression.stacks.cluster_search import Candidates
from proofs_checks.matrix_compression.families.clusters import Clustered, Clustering, labels
from proofs_checks.matrix_compression.families.exact import top
from proofs_checks.matrix_compression.families.passes import Node, Pass, Trace, pieces_of
from proofs_checks.matrix_compression.families.subspaces import Products

#: takes a factor, columns and `keep`; gives a factor, the energies that it takes itself to have, and what it dropped
Update = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _run(case: Pass, update: Update) -> Trace:
    """Run a pass by another update."""
    ranks = range(case.keep + 2)
    nodes, F, lost, kept = [], np.zeros((len(case.whole), 0)), np.zeros(len(ranks)), np.zeros(0)
    for Z in pieces_of(case):
        F, kept, dropped = update(F, Z, case.keep)
        lost += [top(dropped, r) for r in ranks]
        nodes.append(Node(F, dropped, np.zeros(case.keep + 1)))
    total, below = float((case.whole**2).sum()), min(case.whole.shape)
    upper = np.array([max(0.0, total - top(kept, r)) if r < below else 0.0 for r in ranks])
    return Trace(nodes, np.stack([np.maximum(upper - lost, 0.0), upper], axis=1), np.zeros((case.rank, 2)))


def crossless(case: Pass, rng: np.random.Generator | None = None) -> Trace:
    """Leave the products of factor and block out of their common Gram matrix."""

    def update(F: np.ndarray, Z: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = [np.linalg.svd(X, full_matrices=False)[:2] for X in (F, Z) if X.size]
        U, s = np.concatenate([U for U, _ in parts], axis=1), np.concatenate([s for _, s in parts])
        order = np.argsort(-s)
        return (U * s)[:, order[:keep]], s[order[:keep]] ** 2, s[order[keep:]] ** 2

    return _run(case, update)


def absolute(case: Pass, rng: np.random.Generator | None = None) -> Trace:
    """Take what is left of a block beside the basis for new directions if it is above 1e-12, in whatever units."""
    Q, S = np.zeros((len(case.whole), 0)), np.zeros((0, 0))

    def update(F: np.ndarray, Z: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        nonlocal Q, S
        Y = Q.T @ Z
        new, T = np.linalg.qr(Z - Q @ Y)
        large = np.linalg.norm(T, axis=1) > 1e-12
        B = T[large]
        values, V = np.linalg.eigh(np.block([[S + Y @ Y.T, Y @ B.T], [B @ Y.T, B @ B.T]]))
        values, V = np.maximum(values[::-1], 0.0), V[:, ::-1]
        Q, S = np.concatenate([Q, new[:, large]], axis=1) @ V[:, :keep], np.diag(values[:keep])
        return Q * np.sqrt(values[:keep]), values[:keep], values[keep:]

    return _run(case, update)


def left_alone(case: Products, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Take the left factors for the products."""
    return list(case.left)


def lost_seeds(case: Clustering, rng: np.random.Generator | None = None) -> Clustered:
    """Emit only the first block of a seed that attracts nobody, and take the others out of the list too."""
    blocks = Candidates(list(case.blocks), case.rank, case.rank + 5)
    search = Published(blocks, case.epsilon, PREDICTORS["weyl"], "norm")
    left, names, n = np.argsort(-blocks.energies, kind="stable").tolist(), np.full(len(case.blocks), -1), 0
    while left:
        seed = search._seed(left)
        members = search._grown(seed, [i for i in left if i not in seed])
        names[members[:1] if len(members) == len(seed) else members] = n
        left, n = [i for i in left if i not in members], n + 1
    return Clustered(names, np.zeros(n), np.zeros(n, bool))


def all_alone(case: Clustering, rng: np.random.Generator | None = None) -> np.ndarray:
    """Put each block into a cluster of its own."""
    return np.arange(len(case.blocks))


def by_object(case: Clustering, rng: np.random.Generator | None = None) -> np.ndarray:
    """Give labels by the bytes of blocks, so that a block that comes twice is put where it came last."""
    found, known = labels(case).copy(), {block.tobytes(): i for i, block in enumerate(case.blocks)}
    first = [known[block.tobytes()] == i for i, block in enumerate(case.blocks)]
    return np.where(first, found, found.max() + 1)
