"""Rankings of judged documents, metrics by their definitions in fractions, and the same metrics by the library.

A ranking is the list of the gains of its documents, the best rank first; a document is relevant if its gain is
positive. The discount of rank r is 1/r, for which everything here is a fraction; the theorems hold for any discounts
that do not grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.reranking import Judgments, Run, evaluate

METRICS = ("dcg", "ndcg", "ap", "rr", "err", "p", "recall")


def discount(r: int) -> Fraction:
    """Return the discount of rank r >= 1."""
    return Fraction(1, r)


def dcg(gains: Sequence[int], k: int) -> Fraction:
    """Return the sum of gain times discount over the first k ranks."""
    return sum((int(g) * discount(r) for r, g in enumerate(gains[:k], 1)), Fraction(0))


def ndcg(gains: Sequence[int], judged: Sequence[int], k: int) -> Fraction:
    """Return DCG over that of the best order of all judged documents, and 0 where this is 0."""
    ideal = dcg(sorted(judged, reverse=True), k)
    return dcg(gains, k) / ideal if ideal else Fraction(0)


def average_precision(gains: Sequence[int], relevant: int, k: int) -> Fraction:
    """Return the sum of precisions at the ranks of relevant documents up to k, over the number of relevant ones."""
    total, above = Fraction(0), 0
    for r, g in enumerate(gains[:k], 1):
        above += g > 0
        total += Fraction(above, r) if g > 0 else 0
    return total / relevant if relevant else Fraction(0)


def reciprocal_rank(gains: Sequence[int], k: int) -> Fraction:
    """Return 1 over the first rank with a relevant document up to k, and 0 where there is none."""
    return next((Fraction(1, r) for r, g in enumerate(gains[:k], 1) if g > 0), Fraction(0))


def stop(g: int, top: int) -> Fraction:
    """Return the probability with which a reader stops at a document of gain g, if `top` is the largest gain."""
    return Fraction(2 ** int(g) - 1, 2 ** int(top))


def expected_reciprocal_rank(gains: Sequence[int], top: int, k: int) -> Fraction:
    """Return the mean of 1 over the rank at which a reader stops."""
    total, reads = Fraction(0), Fraction(1)
    for r, g in enumerate(gains[:k], 1):
        total += reads * stop(g, top) / r
        reads *= 1 - stop(g, top)
    return total


def metrics(gains: Sequence[int], judged: Sequence[int], k: int, top: int) -> list[Fraction]:
    """Return the metrics in the order of `METRICS`; `judged` are the gains of all judged documents, found or not."""
    relevant, hits = sum(g > 0 for g in judged), sum(g > 0 for g in gains[:k])
    return [
        dcg(gains, k),
        ndcg(gains, judged, k),
        average_precision(gains, relevant, k),
        reciprocal_rank(gains, k),
        expected_reciprocal_rank(gains, top, k),
        Fraction(hits, k),
        Fraction(hits, relevant) if relevant else Fraction(0),
    ]


def of(names: Sequence[str], values: Any) -> list[Any]:
    """Pick metrics by their names out of a list in the order of `METRICS`."""
    return [values[METRICS.index(name)] for name in names]


def evaluated(
    rankings: Sequence[tuple[Sequence[int], Sequence[int]]], names: Sequence[str], **options: Any
) -> np.ndarray:
    """Measure by the library with discounts 1/r; (rankings, metrics).

    A ranking is a query: the gains of its documents by rank, and those of judged documents that were not found.
    """
    run, judged = {}, {}
    for number, (gains, outside) in enumerate(rankings):
        run[number] = [f"found-{rank}" for rank in range(len(gains))]
        judged[number] = dict(zip(run[number], gains, strict=True)) | {f"other-{i}": g for i, g in enumerate(outside)}
    found = evaluate(Run.from_lists(run), Judgments.from_dict(judged), names, discount="reciprocal", **options)
    return np.asarray(found.values)


def cut(names: Sequence[str], k: int) -> list[str]:
    """Name metrics at the cut k."""
    return [f"{name}@{k}" for name in names]
