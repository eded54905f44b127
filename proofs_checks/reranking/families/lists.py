"""Ranked lists of documents, and their fusion by the library, with the slips of known tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import OutcomeError
from lrtheory.reranking import Run, fuse

Ranks = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Fused:
    """The score of each document, and the order by scores, the best first."""

    scores: np.ndarray
    order: np.ndarray


def reciprocal(lists: Ranks, n: int, kappa: Any) -> list[Any]:
    """Return the RRF score of each of n documents, the sum over lists of 1 / (kappa + rank), in the type of kappa."""
    scores = [kappa * 0] * n
    for one in lists:
        for rank, document in enumerate(one, 1):
            scores[document] += 1 / (kappa + rank)
    return scores


def fused_lists(lists: Ranks, n: int, method: str = "rrf", **options: Any) -> Fused:
    """Fuse ranked lists by the library; what no list has comes last, with the score 0."""
    found = fuse([Run.from_lists({0: one}) for one in lists], method=method, **options)
    scores = np.zeros(n)
    order = [int(document) for document in found.ranking("0")]
    scores[order] = list(found.as_dict()["0"].values())
    return Fused(scores, np.array([*order, *(d for d in range(n) if d not in set(order))]))


def behind(lists: Ranks, n: int, kappa: float) -> Fused:
    """Fuse with a slip: what a list has not got is ranked behind its end."""
    scores = fused_lists(lists, n, kappa=kappa).scores.copy()
    for one in lists:
        scores[[document for document in range(n) if document not in one]] += 1 / (kappa + len(one) + 1)
    return Fused(scores, np.argsort(-scores, kind="stable"))


#: lines of the library with slips of known tools: ranks that start at 0, and a mean over the lists that know a document
FROM_0 = (fuse, "(constant + rows.rank)", "(constant + rows.rank - 1)")
MEAN = (fuse, "parts[rising], minlength=len(first))", "parts[rising], minlength=len(first)) / np.bincount(pair)")


def points(lists: Ranks, n: int) -> list[int]:
    """Return the Borda points of each document: the length of a list less the rank, and 0 where it is absent."""
    scores = [0] * n
    for one in lists:
        for rank, document in enumerate(one, 1):
            scores[document] += len(one) - rank
    return scores


def demand_order(order: Any, n: int) -> list[int]:
    """Return an order as a list; refuse what is no order of n documents."""
    given = np.asarray(order).tolist()
    if sorted(given) != list(range(n)):
        raise OutcomeError(f"an order must be of {n} documents")
    return given
