"""Metrics by their definitions, in fractions, and all ways to break ties and to fill holes."""

from __future__ import annotations

import itertools
from fractions import Fraction

HALF = Fraction(1, 2)


def metric(name, cut, gains, judged, top):
    """Return a metric of gains by rank; judged are the gains of all judged documents, discounts are 1/r."""
    n = min(cut, len(gains)) if cut else len(gains)
    relevant, shown = sum(g > 0 for g in judged), list(gains[:n])
    hits = [r for r, g in enumerate(shown, 1) if g > 0]
    if name == "dcg":
        return dcg(shown)
    if name == "ndcg":
        best = dcg(sorted(judged, reverse=True)[: cut or None])
        return dcg(shown) / best if best else Fraction(0)
    if name == "ap":
        return sum((Fraction(i, r) for i, r in enumerate(hits, 1)), Fraction(0)) / relevant if relevant else Fraction(0)
    if name == "rr":
        return Fraction(1, hits[0]) if hits else Fraction(0)
    if name == "p":
        return Fraction(len(hits), cut)
    if name == "recall":
        return Fraction(len(hits), relevant) if relevant else Fraction(0)
    if name == "rbp":
        return sum((HALF * HALF ** (r - 1) for r in hits), Fraction(0))
    total, reads = Fraction(0), Fraction(1)
    for r, g in enumerate(shown, 1):
        stop = Fraction(2**g - 1, 2**top)
        total, reads = total + reads * stop / r, reads * (1 - stop)
    return total


def dcg(gains):
    """Return the sum of gains over ranks."""
    return sum((Fraction(g, r) for r, g in enumerate(gains, 1)), Fraction(0))


def orders(scores):
    """Yield all orders of documents by falling score."""
    groups = [list(group) for _, group in itertools.groupby(range(len(scores)), key=lambda i: scores[i])]
    for parts in itertools.product(*map(itertools.permutations, groups)):
        yield [i for part in parts for i in part]


def completions(labels, missed, unseen, top):
    """Yield gains of the found documents, and of all judged ones, for all gains that unjudged documents may have."""
    for found in itertools.product(*(range(top + 1) if label is None else (label,) for label in labels)):
        for more in itertools.product(range(top + 1), repeat=unseen):
            yield found, [*found, *missed, *more]
