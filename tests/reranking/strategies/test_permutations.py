"""Every strategy on all orders of up to five documents: right, certain, and within the calls that theory counts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from lrtheory.reranking import Reranking, make_oracle, rerank, theory
from lrtheory.reranking.strategies.certain import certain_prefix, checking_calls

SORTING = ("auto", "window", "merge", "tournament", "heap", "knockout")


def is_able(strategy: str, n: int, w: int, k: int) -> bool:
    if strategy == "knockout":
        return k == 1
    if n <= w:
        return True
    if strategy == "merge":
        return k <= w and theory.merge_candidates(n, w, k) <= w
    return strategy != "tournament" or k < w


def runs(
    strategy: str, n: int, sizes: Iterable[int] = (2, 3, 4), least: int = 1
) -> Iterator[tuple[tuple[int, ...], int, int, Reranking]]:
    for order, w, k in itertools.product(itertools.permutations(range(n)), sizes, range(least, n + 1)):
        if is_able(strategy, n, w, k):
            yield order, w, k, rerank(make_oracle(order), n, k, strategy=strategy, size=w)


@pytest.mark.parametrize("strategy", SORTING)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_first_k_are_right_and_certain(strategy: str, n: int) -> None:
    for order, w, k, found in runs(strategy, n):
        assert found.order[:k].tolist() == list(order[:k]), (order, w, k)
        assert k <= found.certified
        assert found.order[: found.certified].tolist() == list(order[: found.certified])
        assert found.certificate is not None
        assert (found.certificate.achieved, found.certificate.bound) == (k, k)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_worst_cases_are_those_of_theory(n: int) -> None:
    most: Counter[tuple[str, int, int]] = Counter()
    for strategy in ("merge", "tournament", "heap", "knockout"):
        for _, w, k, found in runs(strategy, n, *(((3,), 4) if n == 5 and strategy == "heap" else ())):
            most[strategy, w, k] = max(most[strategy, w, k], found.calls)
    for (strategy, w, k), calls in most.items():
        if strategy == "merge":
            assert calls <= theory.merge_calls(n, w, k)[0]
        elif strategy == "tournament" and k < w:
            assert calls == theory.tournament_calls(n, w, k)[0]
        elif strategy == "heap":
            assert calls == theory.heap_calls(n, w, k)
        elif strategy == "knockout":
            assert calls == theory.calls_needed(n, w)


def follows(order: tuple[int, ...], answers: list[np.ndarray], best_alone: bool) -> int:
    """The certain prefix by definition: documents that precede all later ones in every order that fits the answers."""
    n = len(order)

    def fits(one: tuple[int, ...]) -> bool:
        at = {d: i for i, d in enumerate(one)}
        if best_alone:
            pairs = [(answer[0], other) for answer in answers for other in answer[1:]]
        else:
            pairs = [pair for answer in answers for pair in itertools.pairwise(answer)]
        return all(at[int(a)] < at[int(b)] for a, b in pairs)

    able = [one for one in itertools.permutations(range(n)) if fits(one)]
    if not able:
        return -1
    certain = [all(one[place] == order[place] for one in able) for place in range(n)]
    return certain.index(False) if False in certain else n


def test_the_certain_prefix_is_that_of_all_orders_that_fit() -> None:
    rng = np.random.default_rng(0)
    for _ in range(400):
        n = int(rng.integers(1, 6))
        order = tuple(rng.permutation(n).tolist())
        hidden = order if rng.random() < 0.7 else rng.permutation(n)
        place = {int(d): i for i, d in enumerate(hidden)}
        answers = []
        for _ in range(rng.integers(0, 6)):
            call = rng.permutation(n)[: rng.integers(1, n + 1)]
            answers.append(np.array(sorted(call.tolist(), key=place.__getitem__) if rng.random() < 0.9 else call))
        for best_alone in (False, True):
            got = certain_prefix(np.array(order), answers, best_alone=best_alone)
            assert got == follows(order, answers, best_alone)


@pytest.mark.parametrize("best_alone", [False, True])
def test_checking_calls_accept_what_is_right_and_nothing_else(best_alone: bool) -> None:
    for n, w in itertools.product(range(1, 6), (2, 3, 4)):
        for k in range(n + 1):
            calls = checking_calls(np.arange(n), k, size=w, best_alone=best_alone)
            assert all(2 <= len(call) <= w for call, _ in calls)
            if k and not best_alone:
                assert len(calls) == theory.calls_needed(n, w)
            for order in itertools.permutations(range(n)):
                place = {d: i for i, d in enumerate(order)}
                answers = [(call, sorted(call.tolist(), key=place.__getitem__), due) for call, due in calls]
                accepted = all(answer[:due] == call[:due].tolist() for call, answer, due in answers)
                assert accepted == (order[:k] == tuple(range(k)))


def test_a_hundred_documents() -> None:
    rng = np.random.default_rng(1)
    judge = make_oracle(rng.permutation(100))
    due = {"window": (9, 9), "tournament": (9, 4)}
    for strategy in ("window", "merge", "tournament", "heap"):
        found = rerank(judge, 100, 10, strategy=strategy)
        assert (found.calls, found.rounds) == due.get(strategy, (found.calls, found.rounds))
        assert found.certified >= 10
    assert rerank(judge, 100, 10, strategy="merge").calls in (6, 7)


def test_the_start_order_is_where_documents_stand() -> None:
    order = np.random.default_rng(2).permutation(12)
    found = rerank(make_oracle(range(12)), 12, 2, size=4, strategy="window", order=order, record=True)
    assert sorted(found.transcript[0][0].tolist()) == sorted(order[-4:].tolist())
    assert found.order[:2].tolist() == [0, 1]
    stays = rerank(make_oracle(range(12)), 12, 0, order=order)
    assert (stays.calls, stays.rounds, stays.order.tolist()) == (0, 0, order.tolist())
