r"""Retrieval from lists of postings: what a term can add at most, and the best k without a look at all documents.

A document D has tf copies of a term and \|D\| terms in all, avg being the mean of \|D\|. BM25 adds up over the terms of
a query idf (k1 + 1) tf / (tf + K) with K = k1 (1 - b + b \|D\| / avg) and idf = ln(1 + (N - df + 1/2) / (df + 1/2)),
for N documents of which df have the term.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.reranking import Bm25
from lrtheory.reranking.retrieval import kernels
from lrtheory.reranking.retrieval.postings import Postings
from lrtheory.reranking.theory import term_bound


@dataclass(frozen=True)
class Collection:
    """Numbers of copies of each term in each document (a row a document), and k1 and b in eighths."""

    counts: tuple[tuple[int, ...], ...]
    k1: int
    b: int


@dataclass(frozen=True)
class Weighted:
    """The weight of each term in each document, (documents, terms), and the bound of each term."""

    weights: np.ndarray
    bounds: np.ndarray


def weigh(case: Collection, rng: np.random.Generator) -> Weighted:
    """Take weights and bounds from the library's index."""
    counts = np.array(case.counts)
    lists = Bm25(counts, k1=case.k1 / 8, b=case.b / 8).postings
    weights = np.zeros(counts.shape)
    for term in range(counts.shape[1]):
        own = slice(int(lists.indptr[term]), int(lists.indptr[term + 1]))
        weights[lists.docs[own], term] = lists.impacts[own]
    return Weighted(weights, lists.upper_bounds)


def below_bounds(case: Collection, found: Weighted, factor: float = 1.0) -> Sides:
    """Compare weights with the bound, and both reports with their definitions from both sides."""
    k1, b, N = case.k1 / 8, case.b / 8, len(case.counts)
    lengths = [sum(map(int, row)) for row in case.counts]
    avg = sum(lengths) / N
    small: list[Any] = []
    large: list[Any] = []
    for term in range(len(case.counts[0])):
        df = sum(row[term] > 0 for row in case.counts)
        idf = math.log(1 + (N - df + 0.5) / (df + 0.5))
        bound, weights = factor * term_bound(idf, k1=k1, b=b, average=avg), found.weights[:, term]
        small += [found.bounds[term], max(weights), found.bounds[term]]
        large += [bound, found.bounds[term], max(weights)]
        for row, length, weight in zip(case.counts, lengths, weights, strict=True):
            tf = int(row[term])
            due = idf * (k1 + 1) * tf / (tf + k1 * (1 - b + b * length / avg)) if tf else 0.0
            small, large = [*small, weight, due], [*large, due, weight]
    # logarithms of numbers up to 2 N are rounded by a few units of their size
    return Sides(small, large, rounding=rounding(256, np.full(len(small), (1 + k1) * (1 + math.log(2 * N + 2)))))


def is_collection(case: Collection) -> bool:
    """Decide whether documents have terms, k1 >= 0 and 0 <= b <= 1."""
    rows = case.counts
    return bool(rows) and min(map(min, rows)) >= 0 and sum(map(sum, rows)) > 0 and case.k1 >= 0 and 0 <= case.b <= 8


def draw_collection(draws: Draws) -> Collection:
    """Draw two to six documents over one to four terms, none of them empty."""
    shape = (draws.integers(2, 6), draws.integers(1, 4))
    counts = draws.integers(0, 5, shape=shape)
    counts[:, 0] += 1
    return Collection(tuple(map(tuple, counts.tolist())), draws.integers(0, 16), draws.integers(0, 8))


RK_B1 = Statement(
    id="reranking/RK-B1",
    title="What a term adds at most",
    says=(
        "The part of a BM25 score that a term gives is at most idf (k1 + 1) / (1 + k1 b / avg), where avg is the mean "
        "length of a document, and less unless k1 (1 - b) = 0."
    ),
    source=Derived(term_bound),
    tex=r"\mathrm{idf}\, (k_1 + 1) / (1 + k_1 b / \mathrm{avg})",
    hypotheses={"documents with terms": is_collection},
    instances=Family(
        "collections",
        always=(
            Collection(((1,),), 8, 8),
            Collection(((9, 0), (1, 1)), 10, 6),
            Collection(((3, 0, 0), (0, 2, 2), (1, 1, 5)), 10, 0),
            Collection(((7, 0), (0, 1), (1, 1)), 16, 8),  # b = 1, and a document of one term: equality
        ),
        draw=draw_collection,
    ),
    solve=weigh,
    claim=Inequality(below_bounds, unbounded="a report may be any number"),
    decisions=("weights", "bounds"),
    saboteurs=(
        saboteur(
            "lengths count different terms",
            patch=(Bm25._weighed, "weights=columns.data, minlength=n", "minlength=n"),
        ),
        saboteur("bounds that are too low", patch=(Postings.upper_bounds, "self._bounds", "self._bounds / 2")),
        saboteur(
            "nine tenths of the bound",
            claim=Inequality(partial(below_bounds, factor=0.9), unbounded="a report may be any number"),
        ),
    ),
    notes="The usual bound idf (k1 + 1) forgets that a document with many copies of a term is long.",
)

# --- pruning ---------------------------------------------------------------------------------------------------------

NONE = -1


@dataclass(frozen=True)
class Query:
    """The impacts of each term of a query in 64ths (a row a term, a column a document, 0 for no posting), and k."""

    impacts: tuple[tuple[int, ...], ...]
    k: int


@dataclass(frozen=True)
class Top:
    """The best documents and their scores, filled up with -1 and 0."""

    ids: np.ndarray
    scores: np.ndarray


def maxscore(case: Query, rng: np.random.Generator) -> Top:
    """Search by the library with pruning."""
    rows = [np.flatnonzero(row) for row in case.impacts]
    values = [value / 64 for row in case.impacts for value in row if value]
    lists = Postings(np.cumsum([0, *map(len, rows)]), np.concatenate(rows), values, n_documents=len(case.impacts[0]))
    found = lists.search([range(len(rows))], int(case.k), method="maxscore")
    return Top(found.ids[0], np.where(found.ids[0] < 0, 0.0, found.scores[0]))


def exhaustive(case: Query) -> list[tuple[int, int]]:
    """Return score (in 64ths) and document of the best k with a posting, of equal scores the smaller document first."""
    columns = list(zip(*case.impacts, strict=True))
    scored = [(sum(map(int, column)), d) for d, column in enumerate(columns) if any(column)]
    return sorted(scored, key=lambda one: (-one[0], one[1]))[: case.k]


@formula(s="(-inf, inf)", U="[0, inf)", theta="(-inf, inf)")
def cannot_enter(s: Number, U: Number, theta: Number) -> bool:
    """Whether a document of the part score s, to which other terms add at most U, stays out for the k-th score theta.

    Proof
    -----
    Assumes: impacts are not negative, so that the bound of a list is one for documents without it too; documents come
    in the order of their numbers, and of equal scores the smaller number wins (the claim of B2).

    Proof: the final score is at most s + U <= theta. All documents seen before have smaller numbers, so at a tie the
    k-th of them stays; and theta never falls. A document that is only in lists whose bounds add up to at most theta has
    s = 0 for the others, and is not visited for the same reason. All others are scored in full.
    """
    return s + U <= theta


def same_top(case: Query, found: Top) -> Sides:
    """Compare documents and scores with the exhaustive ones, and the rule with what was left out."""
    ids, scores = np.asarray(found.ids).tolist(), list(np.asarray(found.scores))
    if len(ids) != case.k or len(scores) != case.k:
        raise OutcomeError(f"{case.k} documents and scores are due")
    due = exhaustive(case)
    rest = case.k - len(due)
    theta = due[-1][0] if len(due) == case.k else None
    # by the rule each document that is left out cannot enter behind the k-th: the full score is its own bound
    columns = enumerate(zip(*case.impacts, strict=True))
    left = [sum(map(int, column)) for d, column in columns if d not in ids and any(column)]
    free = [int(not cannot_enter(s, 0, theta)) for s in left] if theta is not None else []
    return Sides(
        [*ids, *(64 * score for score in scores), sum(free)],
        [*(d for _, d in due), *[NONE] * rest, *(s for s, _ in due), *[0] * rest, 0],
    )


def has_terms(case: Query) -> bool:
    """Decide whether there are terms, and documents are wanted."""
    return case.k >= 1 and bool(case.impacts)


def draw_query(draws: Draws) -> Query:
    """Draw one to four terms over two to ten documents, with many equal impacts, a few below 0, and k."""
    shape = (draws.integers(1, 4), draws.integers(2, 10))
    table = draws.integers(draws.choice((0, 0, 0, -2)), 4, shape=shape) * draws.integers(0, 1, shape=shape)
    return Query(tuple(map(tuple, table.tolist())), draws.integers(1, 4))


RK_B2 = Statement(
    id="reranking/RK-B2",
    title="Pruning by bounds returns the exhaustive list",
    says=(
        "Where no impact is negative, a document of the part score s, to which other terms add at most U, is left once "
        "s + U <= theta, the k-th score so far; where one is negative, none is left. Of equal scores the smaller "
        "document wins. The k documents, their scores and their order are those of scoring every document."
    ),
    source=Derived(cannot_enter),
    tex=r"s + U \le \theta \Rightarrow \text{not among the first } k",
    hypotheses={"terms, and documents that are wanted": has_terms},
    instances=Family(
        "queries",
        always=(
            Query(((1,),), 1),
            Query(((1, 1, 1),), 1),  # a tie
            Query(((1, 1, 2),), 2),  # a tie at the end of the list
            Query(((0, 3, 0, 2), (1, 0, 4, 2)), 2),
            Query(((2, 0, 3, 1, 0, 3), (0, 2, 0, 2, 4, 1), (1, 1, 1, 1, 1, 1)), 3),
            Query(((0, 0), (2, 0)), 3),  # fewer documents than are wanted
            Query(((2, 0, 1, 4), (2, 0, 3, 0)), 1),
            Query(((-4, -4, 0), (3, 3, 3)), 1),  # bounds of what is negative are none
            Query(((-5, -1), (2, 2)), 1),
        ),
        draw=draw_query,
    ),
    solve=maxscore,
    claim=Identity(same_top),
    decisions=("ids", "scores"),
    saboteurs=(
        saboteur(
            "bounds are halved",
            patch=(kernels.maxscore, "reach += largest[order[j]]", "reach += largest[order[j]] / 2"),
        ),
        saboteur(
            "of equal scores the larger document stays",
            patch=(kernels.push, "== score and ids[above] > document", "== score and ids[above] < document"),
        ),
        saboteur("with impacts below 0 too", patch=(Postings._search, "self._least < 0", "False")),
    ),
    notes="In doubles the sums of bounds and scores are rounded in other orders, and the test needs a margin for that.",
)
