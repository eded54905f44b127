"""Ranked lists of documents, and their fusion in doubles, with the slips of known tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import OutcomeError

Ranks = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Fused:
    """The score of each document, and the order by scores, the best first."""

    scores: np.ndarray
    order: np.ndarray


def by_score(scores: np.ndarray) -> Fused:
    """Order documents by falling scores; ties stay in the order of the documents."""
    return Fused(scores, np.argsort(-scores, kind="stable"))


def reciprocal(lists: Ranks, n: int, kappa: Any, *, first: int = 1, absent: str = "0", mean: bool = False) -> Any:
    """Return the RRF score of each of n documents, the sum over lists of 1 / (kappa + rank), in the type of kappa.

    Slips: ranks that start at `first`; a document that is absent of a list is ranked behind its end; a mean over the
    lists that know a document.
    """
    scores, known = [kappa * 0] * n, [0] * n
    for one in lists:
        for rank, document in enumerate(one, first):
            scores[document] += 1 / (kappa + rank)
            known[document] += 1
        for document in set(range(n)) - set(one) if absent == "behind" else ():
            scores[document] += 1 / (kappa + len(one) + first)
    return [score / max(1, count) for score, count in zip(scores, known, strict=True)] if mean else scores


def rrf(lists: Ranks, n: int, kappa: float, **slips: Any) -> Fused:
    """Fuse by RRF in doubles."""
    return by_score(np.array(reciprocal(lists, n, float(kappa), **slips)))


def exact_rrf(lists: Ranks, n: int, kappa: Any) -> list[Fraction]:
    """Return the RRF scores as fractions."""
    return reciprocal(lists, n, Fraction(int(kappa)))


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
