"""Error feedback whose columns are chosen by rows."""

from __future__ import annotations

import numpy as np

from proofs_checks.low_rank_optimizers.families.basis.feedback import Found, Stream


def by_rows(case: Stream, rng: np.random.Generator | None = None) -> Found:
    """Take the places of the longest rows for columns of the basis."""
    Q, (_, m, n) = case.basis, case.S.shape
    error = np.zeros((m, n))
    indices, used, errors = [], [], []
    for G in case.gradients:
        A = error + G
        lengths = ((A @ Q) ** 2).sum(axis=1)[:n]
        indices.append(np.sort(np.argsort(-lengths, kind="stable")[: case.rank]))
        used.append(A @ Q[:, indices[-1]])
        error = A - used[-1] @ Q[:, indices[-1]].T
        errors.append(error)
    return {"indices": np.array(indices), "used": np.array(used), "errors": np.array(errors)}
