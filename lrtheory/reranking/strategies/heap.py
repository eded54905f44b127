"""A heap whose questions name the best of a document and its children."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from lrtheory.reranking.strategies.answers import Steps, ahead

__all__ = ["heap"]


def heap(order: np.ndarray, k: int, *, size: int) -> Steps:
    """Build a heap with size - 1 children a document, level by level, and take the best k times."""
    places, children, n = order.copy(), size - 1, len(order)
    for first, end in reversed(_levels(n, children)):
        # subtrees of one level share no document, so their questions wait for none of each other
        yield from _sift(places, [at for at in range(first, end) if children * at + 1 < n], children, n)
    taken = []
    for t in range(k):
        taken.append(places[0])
        n -= 1
        places[0] = places[n]
        if t < k - 1:  # nothing is taken after the last one
            yield from _sift(places, [0], children, n)
    return ahead(np.array(taken, np.int64), order)


def _levels(n: int, children: int) -> list[tuple[int, int]]:
    """The first place of each level, and the place behind its last one."""
    found, first, width = [], 0, 1
    while first < n:
        found.append((first, min(first + width, n)))
        first, width = first + width, width * children
    return found


def _sift(
    places: np.ndarray, at: list[int], children: int, n: int
) -> Generator[list[np.ndarray], list[np.ndarray], None]:
    """Let the documents at some places of one level go down to where no child is better, all at once."""
    while at := [place for place in at if children * place + 1 < n]:
        below = [np.arange(children * place + 1, min(children * place + 1 + children, n)) for place in at]
        answers = yield [places[np.append(place, own)] for place, own in zip(at, below, strict=True)]
        moved = []
        for place, own, answer in zip(at, below, answers, strict=True):
            if answer[0] != places[place]:
                to = int(own[(places[own] == answer[0]).argmax()])
                places[[place, to]] = places[[to, place]]
                moved.append(to)
        at = moved
