"""The theorems about judges with a hidden order, on all orders of two to four documents."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import Sides
from proofs_checks.reranking.judges import checks, heaps, tournaments, windows

N, CALLS = 4, (2, 3, 4, 5)
RNG = np.random.default_rng(0)  # which these strategies do not use


def orders(n: int = N) -> Iterator[tuple[int, ...]]:
    """All orders of two to n documents."""
    return itertools.chain.from_iterable(itertools.permutations(range(size)) for size in range(2, n + 1))


def all_windows(passes: int) -> Iterator[Any]:
    for places, w in itertools.product(orders(), CALLS):
        yield from (windows.Windows(places, w, s, passes) for s in range(1, w))


def with_k(make: Callable[..., Any], fits: Callable[[Any], bool]) -> Iterator[Any]:
    for places, w in itertools.product(orders(), CALLS):
        yield from filter(fits, (make(places, w, k) for k in range(1, len(places) + 1)))


def all_claims() -> Iterator[Any]:
    for places, w in [*itertools.product(orders(3), CALLS), *((places, 3) for places in orders(4))]:
        for k in range(1, min(w, len(places)) + 1):
            yield from (checks.Claimed(places, w, claimed) for claimed in itertools.permutations(range(len(places)), k))


def all_merges() -> Iterator[Any]:
    """Four orders for each triple of sizes up to twelve documents, besides all small ones."""
    yield from with_k(tournaments.Best, tournaments.merges)
    rng = np.random.default_rng(1)
    for n, w, k in tournaments.MERGED:
        yield from (tournaments.Best(tuple(rng.permutation(n).tolist()), w, k) for _ in range(4))


def holds(sides: Sides, equality: bool) -> bool:
    lhs, rhs = (np.array([float(x) for x in side]) for side in (sides.lhs, sides.rhs))
    return bool((lhs == rhs).all() if equality else (lhs <= rhs).all())


Entry = tuple[Callable[[], Iterator[Any]], Callable[..., Any], Callable[..., Sides]]
EXACT: dict[str, Entry] = {
    "one pass": (lambda: all_windows(1), windows.slide, windows.prefix_follows),
    "from the top down": (lambda: all_windows(1), windows.down, windows.suffix_follows),
    "tournament": (
        lambda: with_k(tournaments.Best, tournaments.wants_fewer),
        partial(tournaments.ranked, strategy="tournament"),
        tournaments.tournament_follows,
    ),
    "merge": (all_merges, partial(tournaments.ranked, strategy="merge"), tournaments.merge_follows),
    "check": (all_claims, checks.check_claim, checks.accepted_iff_right),
}
AT_MOST: dict[str, Entry] = {
    "two passes": (lambda: all_windows(2), windows.slide, windows.passes_follow),
    "heap": (lambda: with_k(heaps.Heap, heaps.takes_some), heaps.extract, heaps.heap_follows),
    "the cheapest": (lambda: with_k(checks.Wanted, checks.wants_some), checks.planned, checks.within_calls),
}


@pytest.mark.parametrize("name", [*EXACT, *AT_MOST])
def test_the_theorem_holds_on_all_orders(name: str) -> None:
    cases, solve, sides = (EXACT | AT_MOST)[name]
    wrong = [case for case in cases() if not holds(sides(case, solve(case, RNG)), name in EXACT)]
    assert wrong == []


def test_merging_a_hundred_documents_takes_seven_calls() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        case = tournaments.Best(tuple(rng.permutation(100).tolist()), 20, 10)
        found = tournaments.ranked(case, rng, strategy="merge")
        assert found.order[:10].tolist() == case.best[:10]
        assert len(found.asked) <= 7
        assert found.rounds.max() <= 2


def test_a_cheaper_bound_of_calls_is_wrong() -> None:
    """That a call drops w - k documents would ask for 7 calls, and the two best of nine take five."""
    case = checks.Wanted((0, 3, 6, 1, 4, 7, 2, 5, 8), 3, 2)
    assert checks.by_groups(case) == 7
    assert len(checks.planned(case, RNG).asked) == 5
