"""Wrong ways to fit an adapter to data, and to convert one."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_checks.low_rank_adapters.families.conversions import Converted, Data, converted


def solution_first(case: Data, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Truncate the solution of the regression, and not its fitted values: inputs of large size do not count."""
    U, s, Vt = np.linalg.svd(case.missing @ np.linalg.pinv(case.X.T), full_matrices=False)
    r, kept = case.B.shape[1], min(case.B.shape[1], len(s))
    B, A = np.zeros(case.B.shape), np.zeros((r, case.A.shape[1]))
    B[:, :kept], A[:kept] = U[:, :kept] * s[:kept], Vt[:kept]
    return {"B": B, "A": A, "loss": case.error(B, A), "lower": case.error(B, A)}


def one_sided(case: Converted, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Put all singular values into the left factor."""
    found = converted(case)
    sizes = np.linalg.norm(found["A"], axis=1)
    return found | {"B": found["B"] * sizes, "A": found["A"] / np.where(sizes > 0, sizes, 1.0)[:, None]}
