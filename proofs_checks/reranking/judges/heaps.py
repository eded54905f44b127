"""A heap whose questions name the best of a few documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, Tight, saboteur
from lrtheory.reranking.strategies import heap
from lrtheory.reranking.theory import heap_calls
from proofs_checks.reranking.families.judges import (
    Asked,
    Hidden,
    calls_of,
    draw_places,
    is_order,
    is_right,
    known,
    missing,
    reranked,
)


@dataclass(frozen=True)
class Heap(Hidden):
    """A hidden order, and the number k of best documents that are wanted; a call is about a parent and c children."""

    k: int


def extract(case: Heap, rng: np.random.Generator, withheld: int = 0) -> Asked:
    """Take the best k by the library's heap."""
    return reranked(case, case.k, strategy="heap", withheld=withheld)


def takes_some(case: Heap) -> bool:
    """Decide whether 1 <= k <= n."""
    return is_order(case) and 1 <= case.k <= case.n


def draw_heap(draws: Draws) -> Heap:
    """Draw two to ten documents, one to three children, and the number that is wanted."""
    n = draws.integers(2, 10)
    return Heap(draw_places(draws, n), draws.integers(2, 4), draws.integers(1, n))


HEAPS = Family(
    "heaps",
    always=(
        Heap((0,), 3, 1),
        Heap((3, 2, 1, 0), 3, 2),
        Heap((0, 2, 1, 3), 3, 2),  # the best of two children is the second
        Heap((6, 5, 4, 3, 2, 1, 0), 3, 4),
        Heap((4, 9, 0, 3, 8, 1, 7, 2, 6, 5), 4, 5),
        Heap((2, 0, 1), 2, 2),
    ),
    tight=(Tight(Heap((2, 1, 0), 3, 1), 1.0, 1.0),),
    draw=draw_heap,
)


def heap_follows(case: Heap, found: Asked, factor: int = 1) -> Sides:
    """Compare the number of calls with the largest one, and what is open about the first k, and wrong, with nothing."""
    calls = calls_of(case, found)
    better = known(case, calls, best_alone=True)
    # the first k are in order if each is known to be better than all behind it
    open_ = missing(case, found.order, min(case.k, case.n - 1), better)
    wrong = case.k - min(is_right(case, found.order), case.k)
    most = heap_calls(case.n, case.w, case.k)
    return Sides(
        [len(calls), factor * open_, wrong], [most, 0, 0], trivial=[np.inf, case.n**2 * factor + case.n, case.n]
    )


def fewer_claimed(case: Heap, found: Asked) -> Sides:
    """Claim one call less."""
    sides = heap_follows(case, found)
    return Sides(sides.lhs, [sides.rhs[0] - 1, 0, 0], trivial=sides.trivial)


RK_H1 = Statement(
    id="reranking/RK-H1",
    title="A heap whose questions name the best of a parent and its children",
    says=(
        "In a heap of n documents with c children each, whose questions name the best of a document and its children, "
        "the first k that are taken are the k best, in order, after at most as many calls as the heights of all places "
        "add up to, and the depths of the heaps of n - 1, ..., n - k + 1 documents."
    ),
    source=Derived(heap_calls),
    tex=r"\sum_{v} h(v) + \sum_{t=1}^{k-1} \mathrm{depth}(n - t)",
    hypotheses={"1 <= k <= n": takes_some},
    instances=HEAPS,
    solve=extract,
    claim=Inequality(heap_follows, unbounded="another strategy may ask any number of questions"),
    decisions=("order", "asked"),
    unread={"rounds": "a question of a heap waits for the one before, and the claim counts calls"},
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur(
            "the first child alone is looked at",
            patch=(heap._sift, "children * place + 1 + children", "children * place + 2"),
        ),
        saboteur("a call is not told", solve=partial(extract, withheld=1)),
        saboteur("one call less is claimed", claim=Inequality(fewer_claimed, unbounded="as for the statement")),
    ),
    notes="Of 100 documents the first ten take at most 40 calls about ten documents, and at most 25 about twenty.",
)
