"""Wrong ways to choose ranks under a budget; each must be caught by a statement."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.matrix_compression import certify_ranks
from proofs_checks.matrix_compression.families.budgets import Budget, told


def _told(case: Budget, ranks: list[int]) -> dict[str, Any]:
    """Answer with ranks, and with what the library says of them."""
    return told(certify_ranks(case.doubles, ranks, max(case.budget, case.used(ranks)), cost=list(case.costs)))


def below_a_threshold(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Drop whatever is not above the largest score that has to go: with ties, less than the budget is kept."""
    scores = np.concatenate([np.array(values, float) for values in case.spectra])
    dropped = len(scores) - case.budget
    limit = np.sort(scores)[dropped - 1] if dropped > 0 else -1.0
    return _told(case, [int((np.array(values) > limit).sum()) for values in case.spectra])


def even_shares(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Give every matrix the same part of the budget."""
    share = case.budget // len(case.spectra)
    pairs = zip(case.spectra, case.costs, strict=True)
    return _told(case, [min(sum(v > 0 for v in values), share // cost) for values, cost in pairs])


def one_too_many(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Spend one more than the budget."""
    ranks = [0] * len(case.spectra)
    order = sorted(((-v * v, k) for k, values in enumerate(case.spectra) for v in values if v > 0))
    for _, k in order[: case.budget + 1]:
        ranks[k] += 1
    return _told(case, ranks)
