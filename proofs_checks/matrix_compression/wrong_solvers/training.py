"""Wrong ranks in training, and wrong layers of scaled spectra; each must be caught by a statement."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_checks.matrix_compression.families.exact import energies
from proofs_checks.matrix_compression.families.steps import Salted, Step, as_adapter, cut, kept, pruned


def last_below(case: Step, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Cut at the last value that is small enough to go, and not at the first one, since a loop does not end there."""

    def rank(matrix: np.ndarray) -> int:
        right, n = kept(matrix, case.share), len(energies(matrix))
        return n - 1 if right < n else n

    T = cut(case.W, rank(case.W))
    after = rank(T + case.D)
    return pruned(case) | {"W": cut(T + case.D, after), "rank": after, "rank_before": rank(case.W)}


def rectified(case: Salted, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Pass the whole middle matrix through relu, which cuts off negative entries of X Y."""
    k, middle = len(case.a), np.diag(case.s)
    middle[:k, :k] = np.diag(case.s[:k] + case.moved)
    middle[k:, k:] += case.X @ case.Y
    update = case.U @ (np.maximum(middle, 0.0) - np.diag(case.s)) @ case.Vt
    return as_adapter(case) | {"B": update, "A": np.eye(update.shape[1])}
