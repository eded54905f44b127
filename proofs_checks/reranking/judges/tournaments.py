"""Tournaments of sorted groups, and merging of sorted groups: the best k with few calls in few rounds.

A judge sorts w documents a call by one hidden order, and the best k of n documents are wanted, in order. A tournament
sorts groups of w, keeps the best k of each, and repeats. Merging sorts G = ceil(n / w) groups, then the first
t = floor(w / G) of each together, and last the documents that can still be among the best k.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, saboteur
from lrtheory.reranking.strategies import merge, tournament
from lrtheory.reranking.theory import merge_calls, merge_candidates, tournament_calls
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
    rounds_of,
)


@dataclass(frozen=True)
class Best(Hidden):
    """A hidden order, and the number k of best documents that are wanted."""

    k: int


def ranked(case: Best, rng: np.random.Generator, **options: Any) -> Asked:
    """Call the library for the best k."""
    return reranked(case, case.k, **options)


def prefix_of(case: Best, found: Asked) -> tuple[list[list[int]], list[int], list[int]]:
    """Return the calls, and both sides of the claim that the first k follow from the answers and are right."""
    calls = calls_of(case, found)
    open_ = missing(case, found.order, case.k, known(case, calls))
    return calls, [open_, min(is_right(case, found.order), case.k)], [0, case.k]


# --- tournaments -----------------------------------------------------------------------------------------------------


def wants_fewer(case: Best) -> bool:
    """Decide whether k is at least 1, below w, and at most n."""
    return is_order(case) and 1 <= case.k < case.w and case.k <= case.n


def draw_best(draws: Draws) -> Best:
    """Draw three to twelve documents, calls of two to five, and one to four that are wanted."""
    n, w = draws.integers(3, 12), draws.integers(2, 5)
    return Best(draw_places(draws, n), w, min(n, draws.integers(1, w - 1)))


TOURNAMENTS = Family(
    "tournaments",
    always=(
        Best((0,), 2, 1),
        Best((1, 0), 3, 2),
        Best((3, 2, 1, 0), 2, 1),
        Best((7, 6, 0, 1, 2, 5, 4, 3, 8), 3, 2),  # the best two in one group
        Best((2, 3, 4, 0, 1, 5, 6), 4, 3),  # the best three in two groups, of which the last needs no call
        Best(tuple(reversed(range(12))), 5, 4),
        Best((5, 2, 8, 1, 9, 0, 3, 7, 4, 6, 10, 11), 4, 2),
    ),
    draw=draw_best,
)


def tournament_follows(case: Best, found: Asked, fewer: int = 0) -> Sides:
    """Compare the first k with what follows, and calls and rounds with the recursion."""
    calls, lhs, rhs = prefix_of(case, found)
    due, rounds = tournament_calls(case.n, case.w, case.k)
    return Sides([*lhs, len(calls), rounds_of(found)], [*rhs, due - fewer, rounds])


RK_T1 = Statement(
    id="reranking/RK-T1",
    title="A tournament of sorted groups finds the best in few rounds",
    says=(
        "Groups of w documents are sorted and the best k < w of each are kept, until one call sorts what is left of n "
        "documents: the first k are the k best, in order, and calls and rounds are those of the recursion "
        "n -> floor(n / w) k + min(n mod w, k)."
    ),
    source=Derived(tournament_calls),
    tex=r"n \mapsto \lfloor n / w \rfloor k + \min(n - w \lfloor n / w \rfloor, k)",
    hypotheses={"1 <= k < w, and k <= n": wants_fewer},
    instances=TOURNAMENTS,
    solve=partial(ranked, strategy="tournament"),
    claim=Identity(tournament_follows),
    decisions=("order", "asked", "rounds"),
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur(
            "one document less is kept of each group",
            patch=(tournament.tournament, "next(answers)[:k]", "next(answers)[: k - 1]"),
        ),
        saboteur(
            "a group of k documents or fewer is dropped",
            patch=(tournament.tournament, "if len(group) > k else group for", "if len(group) > k else group[:0] for"),
        ),
        saboteur("the last round is not told", solve=partial(ranked, strategy="tournament", withheld=1)),
        saboteur("one call less is claimed", claim=Identity(partial(tournament_follows, fewer=1))),
    ),
    notes=(
        "Of 100 documents in calls of 20 the first ten take nine calls in four rounds, where windows take nine rounds. "
        "For some k a tournament takes more calls than windows do: 17 against 16 for k = 15."
    ),
)

# --- merging ---------------------------------------------------------------------------------------------------------


def merges(case: Best) -> bool:
    """Decide whether there are at most w groups, and one call can sort all candidates."""
    if not (is_order(case) and 1 <= case.k <= min(case.w, case.n)):
        return False
    return case.n <= case.w or (case.n <= case.w**2 and merge_candidates(case.n, case.w, case.k) <= case.w)


SIZES = [(n, w, k) for w in (2, 3, 4, 5, 6) for n in range(w + 1, 13) for k in range(1, w + 1)]
MERGED = [(n, w, k) for n, w, k in SIZES if n <= w * w and merge_candidates(n, w, k) <= w]


def draw_merge(draws: Draws) -> Best:
    """Draw sizes for which merging is possible, and an order."""
    n, w, k = draws.choice(MERGED)
    return Best(draw_places(draws, n), w, k)


MERGES = Family(
    "merged-groups",
    always=(
        Best((0,), 2, 1),
        Best((1, 0, 2), 4, 2),
        Best((3, 2, 1, 0), 2, 1),
        *(Best(tuple(range(n)), w, k) for n, w, k in MERGED if n == 12),  # the best in one group
        *(Best(tuple(reversed(range(n))), w, k) for n, w, k in MERGED if n == 9),
        # all groups but the first begin with a good document, and the best that are left follow in the first
        Best((0, 1, 8, 9, 10, 11, 2, 3, 4, 5, 6, 7), 6, 3),
        Best((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), 6, 4),
    ),
    draw=draw_merge,
)


def waiting(calls: list[list[int]]) -> list[int]:
    """Return the first round in which each call can be asked, if it waits for all earlier calls about its documents."""
    rounds: list[int] = []
    for place, call in enumerate(calls):
        before = (rounds[i] for i in range(place) if set(calls[i]) & set(call))
        rounds.append(max(before, default=-1) + 1)
    return rounds


def merge_follows(case: Best, found: Asked, fewer: int = 0) -> Sides:
    """Compare the first k with what follows, rounds with waiting, and both counts with their largest numbers."""
    calls, lhs, rhs = prefix_of(case, found)
    most, rounds = merge_calls(case.n, case.w, case.k)
    used, early = rounds_of(found), sum(a != b for a, b in zip(found.rounds.tolist(), waiting(calls), strict=True))
    return Sides([*lhs, early, max(len(calls), most - fewer), max(used, rounds)], [*rhs, 0, most - fewer, rounds])


RK_T3 = Statement(
    id="reranking/RK-T3",
    title="Merging sorted groups finds the best in three rounds",
    says=(
        "Let G = ceil(n / w) groups of at most w of n documents be sorted, then the first t = floor(w / G) of each "
        "together, and last the candidates, k and at most the sum of k - i t over i t <= k. If these are at most w, "
        "the first k are the k best, in order, after at most G + 2 calls in at most 3 rounds; where t >= k it is one "
        "call and one round less."
    ),
    source=Derived(merge_candidates),
    tex=r"k + \sum_{i t \le k} (k - i t) \le w, \quad G + 2 \text{ calls}",
    hypotheses={"one call can sort all candidates": merges},
    instances=MERGES,
    solve=partial(ranked, strategy="merge"),
    claim=Identity(merge_follows),
    decisions=("order", "asked"),
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("one candidate less of each group", patch=(merge.merge, "k - place", "k - 1 - place")),
        saboteur("the heads alone", patch=(merge.merge, "if any(len(part) for part in more):", "if False:")),
        saboteur("the last round is not told", solve=partial(ranked, strategy="merge", withheld=1)),
        saboteur("two calls less are claimed", claim=Identity(partial(merge_follows, fewer=2))),
    ),
    notes=(
        "Of 100 documents in calls of 20 the first ten take at most seven calls in three rounds, where windows and a "
        "tournament take nine calls, and no strategy takes fewer than six."
    ),
)
