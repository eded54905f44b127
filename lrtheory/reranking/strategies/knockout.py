"""A knockout: of each group the best goes on."""

from __future__ import annotations

import numpy as np

from lrtheory.reranking.strategies.answers import Steps, ahead

__all__ = ["knockout"]


def knockout(order: np.ndarray, *, size: int) -> Steps:
    """Ask for the best of `size` documents of a queue, which joins its end, until one is left."""
    queue = order
    while len(queue) > 1:
        full = max(len(queue) // size, 1) * size
        groups = [queue[start : min(start + size, len(queue))] for start in range(0, full, size)]
        answers = yield groups
        queue = np.concatenate([queue[full:], [answer[0] for answer in answers]]).astype(np.int64)
    return ahead(queue, order)
