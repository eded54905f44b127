"""Sorted groups that are merged: first their heads, then what can still be among the best."""

from __future__ import annotations

import numpy as np

from lrtheory.reranking.strategies.answers import Steps, ahead

__all__ = ["merge"]


def merge(order: np.ndarray, k: int, *, size: int) -> Steps:
    """Sort groups, then the first t of each together, then the first k heads with what may follow in their groups."""
    n = len(order)
    if n <= 1:
        return order
    groups = [order[start : start + size] for start in range(0, n, size)]
    asked = [group for group in groups if len(group) > 1]
    answers = iter((yield asked))
    groups = [next(answers) if len(group) > 1 else group for group in groups]
    if len(groups) == 1:
        return groups[0]
    t = size // len(groups)
    (heads,) = yield [np.concatenate([group[:t] for group in groups])]
    place = {int(one): p for p, one in enumerate(heads, 1)}
    more = [group[t : t + max(0, k - place[int(group[t - 1])])] for group in groups if len(group) > t]
    if any(len(part) for part in more):
        (best,) = yield [np.concatenate([heads[:k], *more])]
        return ahead(best, order)
    return ahead(heads[:k], order)
