"""A score for each document alone."""

from __future__ import annotations

import numpy as np

from lrtheory.reranking.strategies.answers import Scored, Steps

__all__ = ["pointwise"]


def pointwise(order: np.ndarray) -> Steps:
    """Ask for each document, and order by falling scores; of equal ones the earlier stays first."""
    scores = np.zeros(len(order))
    if len(order):
        answers = yield [order[place : place + 1] for place in range(len(order))]
        scores[order] = [answer[0] for answer in answers]
    return Scored(order[np.argsort(-scores[order], kind="stable")], scores)
