"""Wrong sketches and clusterings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from proofs_checks.matrix_compression.families.exact import tail, top
from proofs_checks.matrix_compression.families.passes import Node, Pass, Trace, pieces_of

#: takes a factor, columns and `keep`; gives a factor, the energies that it takes itself to have, and what it dropped
Update = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


def run(case: Pass, update: Update) -> Trace:
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

    return run(case, update)


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

    return run(case, update)
