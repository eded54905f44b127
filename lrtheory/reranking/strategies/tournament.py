"""A tournament of sorted groups, of each of which the best k go on."""

from __future__ import annotations

import numpy as np

from lrtheory.reranking.strategies.answers import Steps, ahead

__all__ = ["tournament"]


def tournament(order: np.ndarray, k: int, *, size: int) -> Steps:
    """Sort groups and keep the best k of each, until one call sorts all that are left."""
    left = order
    while len(left) > size:
        groups = [left[start : start + size] for start in range(0, len(left), size)]
        # of a group of at most k documents all go on, and nothing is asked
        answers = iter((yield [group for group in groups if len(group) > k]))
        left = np.concatenate([next(answers)[:k] if len(group) > k else group for group in groups])
    if len(left) > 1:
        (left,) = yield [left]
    return ahead(left, order)
