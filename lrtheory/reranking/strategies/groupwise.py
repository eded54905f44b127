"""Random partitions into groups, in which documents get places."""

from __future__ import annotations

import numpy as np

from lrtheory.reranking.strategies.answers import Scored, Steps

__all__ = ["groupwise"]


def groupwise(order: np.ndarray, *, size: int, partitions: int, rng: np.random.Generator) -> Steps:
    """Order by the mean place within random groups, as a share of the places behind the first: 0 is the best.

    Groups are as equal as they can be. The mean place in a random group of any size of at least 2 is the same affine
    function of the true place (statement GK-3). In a group of one a document gets no place; whoever never has one is
    given the mean, 1/2.
    """
    n = len(order)
    rounds = [np.array_split(order[rng.permutation(n)], -(-n // size)) if n else [] for _ in range(partitions)]
    asked = [group for groups in rounds for group in groups if len(group) > 1]
    total, times = np.zeros(n), np.zeros(n)
    if asked:
        for answer in (yield asked):
            total[answer] += np.arange(len(answer)) / (len(answer) - 1)
            times[answer] += 1
    means = np.where(times > 0, total / np.maximum(times, 1), 0.5)
    return Scored(order[np.argsort(means[order], kind="stable")], means)
